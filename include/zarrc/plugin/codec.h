/* SPDX-License-Identifier: MIT */
/*
 * Writing a codec: the table of functions, and its registration. See docs/write-a-codec.md.
 */
#ifndef ZARRC_PLUGIN_CODEC_H
#define ZARRC_PLUGIN_CODEC_H

#include <zarrc/codec.h>
#include <zarrc/plugin/blob.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For array→array codecs whose encoded chunk has a single axis, along which it holds the elements of the decoded chunk
 * in C order, each run of them apart from the others. */
typedef struct zarrc_runs {
  size_t struct_size;
  int64_t header; /* so many encoded elements at the beginning are needed for each run */
  /* Turns [*start, *end) of decoded elements into that of the encoded elements which they are in. */
  void (*place)(const zarrc_codec *, const zarrc_spec *, int64_t *start, int64_t *end);
  /* Decodes a run that begins with decoded element `first`. Both views have a single axis: encoded is the header, and
   * then what place gives; decoded is in C order without gaps. */
  zarrc_status (*decode)(const zarrc_codec *, const zarrc_spec *, int64_t first, const zarrc_view *encoded,
                         const zarrc_view *decoded, zarrc_error *);
} zarrc_runs;

/* A kind of codec. Functions marked "optional" may be NULL. The table may come from an older or newer version of this
 * header: new members are appended to the table of a kind, or take the place of `room`. */
typedef struct zarrc_codec_class {
  size_t struct_size;
  const char *name;
  zarrc_codec_kind kind;
  bool fixed_size;      /* encoded_size is always EXACT */
  bool lossy;           /* decoding may not give the same elements again: tools keep encoded chunks if they can */
  bool self_describing; /* decoding needs none of the settings: if those of a stored document are refused by `open`, it
                           is called again without, and the codec decodes only */
  size_t instance_size; /* bytes of zarrc_codec_instance, zeroed before `open` */
  const char *missing_library; /* optional: what the codec needs and the build lacks. The codec can be opened, but is
                                  ZARRC_UNSUPPORTED for every chunk; functions of its kind may be NULL */

  /* Reads the configuration: the n bytes of its JSON object, or NULL if there is none. */
  zarrc_status (*open)(zarrc_codec *, const char *configuration, size_t n, zarrc_error *);
  /* optional: frees what `open` allocated, but not the instance. Also called after a failed `open` or `evolve`. */
  void (*close)(zarrc_codec *);
  /* optional: appends the complete JSON object. Default: {"name": name}. */
  zarrc_status (*to_json)(const zarrc_codec *, zarrc_buf *, zarrc_error *);
  /* optional: copies the settings to a codec with a zeroed instance. Default: it is opened with the same JSON. */
  zarrc_status (*copy)(zarrc_codec *to, const zarrc_codec *from, zarrc_error *);
  /* optional: returns whether two codecs have the same settings. Default: no instance, or the same JSON. */
  bool (*equal)(const zarrc_codec *, const zarrc_codec *);
  /* optional: adapts a copy of the codec to a spec. Default: nothing to adapt, and codecs are shared. */
  zarrc_status (*evolve)(zarrc_codec *, const zarrc_spec *, zarrc_error *);
  zarrc_status (*validate)(const zarrc_codec *, const zarrc_spec *, const zarrc_grid *, zarrc_error *); /* optional */
  zarrc_status (*resolve)(const zarrc_codec *, const zarrc_spec *in, zarrc_spec *out,
                          zarrc_error *);                                               /* optional: same */
  zarrc_size (*encoded_size)(const zarrc_codec *, const zarrc_spec *, uint64_t nbytes); /* optional: unknown, or same */
  /* optional: returns the fewest bytes that any encoder can make of nbytes bytes or more, as from headers and
   * checksums. Default: encoded_size if that is EXACT; otherwise 1, and 0 of nothing. */
  uint64_t (*least_encoded_size)(const zarrc_codec *, const zarrc_spec *, uint64_t nbytes);
  void (*room[3])(void);

  /* In what follows, spec is that of the decoded chunk, for which the codec has been evolved. */
  union {
    struct {
      /* optional: for codecs that only rearrange elements. Change a view or region of the decoded chunk into one of
       * the encoded chunk. A codec has both, or encode and decode. */
      void (*map)(const zarrc_codec *, const zarrc_view *decoded, zarrc_view *encoded);
      void (*map_region)(const zarrc_codec *, int ndim, const zarrc_region *decoded, zarrc_region *encoded);
      zarrc_status (*encode)(const zarrc_codec *, const zarrc_spec *, const zarrc_view *decoded,
                             const zarrc_view *encoded, zarrc_error *);
      zarrc_status (*decode)(const zarrc_codec *, const zarrc_spec *, const zarrc_view *encoded,
                             const zarrc_view *decoded, zarrc_error *);
      /* Every element is encoded by itself, to the same place of a chunk of the same shape. decode may then be given
       * any part of a chunk, of which both views have the shape, and which may be the same memory if the elements have
       * the same size. */
      bool pointwise;
      const struct zarrc_runs *runs; /* optional: how parts are decoded if the elements come one after another */
    } aa;
    struct {
      /* Encodes a whole chunk. Pieces may point to the view's memory. */
      zarrc_status (*encode)(const zarrc_codec *, const zarrc_spec *, const zarrc_view *decoded, zarrc_parts *,
                             zarrc_error *);
      /* Reads the part of a chunk that a region selects from a blob into a view of the shape region.count. */
      zarrc_status (*read)(const zarrc_codec *, const zarrc_spec *, zarrc_blob *, const zarrc_region *,
                           const zarrc_view *, zarrc_error *);
      /* optional: makes the new value of a chunk from values, of any kind, for a region. Reads what it needs of `old`
       * (NULL, or without value: the rest is fill value). Pieces may point to the view of `values` or be lent by `old`.
       * Elements of variable length are never fetched. */
      zarrc_status (*update)(const zarrc_codec *, const zarrc_spec *, zarrc_blob *old, const zarrc_region *,
                             const zarrc_values *, zarrc_parts *, zarrc_error *);
      bool partial_decode; /* read fetches and decodes no more than the region needs, from any blob */
    } ab;
    struct {
      /* Replaces the pieces by encoded pieces. */
      zarrc_status (*encode)(const zarrc_codec *, zarrc_parts *, zarrc_error *);
      /* Appends the decoded bytes of `in` to out. The codec may stop after `need` bytes; with SIZE_MAX it must decode
       * and verify everything, and refuse excess bytes. More than out->max bytes are ZARRC_SIZE_MISMATCH. */
      zarrc_status (*decode)(const zarrc_codec *, const zarrc_bytes *in, size_t need, zarrc_buf *out, zarrc_error *);
      /* optional: reads ranges of the decoded value by reading only parts of the encoded value. *served = false (and
       * ZARRC_OK): impossible with this value, which must be decoded as a whole. */
      zarrc_status (*read)(const zarrc_codec *, const zarrc_chunk_options *, zarrc_blob *encoded, zarrc_range *,
                           size_t n, bool *served, zarrc_error *);
      /* optional, if the decoded value is the beginning of the encoded value: verifies the encoded value and gets the
       * length of the decoded one, which is then not copied. */
      zarrc_status (*check)(const zarrc_codec *, const zarrc_bytes *encoded, size_t *nbytes, zarrc_error *);
      /* optional: returns whether the encoded bytes state that they decode to nbytes bytes in total. If they do not,
       * or without this function, `decode` must not stop early in a chunk of known length. */
      bool (*states_size)(const zarrc_codec *, const zarrc_bytes *encoded, uint64_t nbytes);
      uint64_t max_nbytes; /* most bytes that can be encoded; 0: no limit. Arrays with larger chunks are not created */
    } bb;
  } u;
} zarrc_codec_class;

/* Registers a codec under its name. Copies the table, but not the name. Must not be called while another thread opens
 * codecs. ZARRC_CONFLICT: the name is taken. */
ZARRC_API zarrc_status zarrc_register_codec(zarrc_ctx *ctx, const zarrc_codec_class *codec_class, zarrc_error *error);

/* Returns the codec class with a name or alias; NULL: there is none. */
ZARRC_API const zarrc_codec_class *zarrc_find_codec(zarrc_ctx *ctx, const char *name);

ZARRC_API void *zarrc_codec_instance(const zarrc_codec *codec);
ZARRC_API zarrc_ctx *zarrc_codec_ctx(const zarrc_codec *codec);
ZARRC_API const zarrc_codec_class *zarrc_codec_get_class(const zarrc_codec *codec);
/* Returns whether this is an array→array codec with which a part of a chunk can be decoded without the rest. */
ZARRC_API bool zarrc_codec_keeps_parts(const zarrc_codec *codec);

#ifdef __cplusplus
}
#endif
#endif
