/* SPDX-License-Identifier: MIT */
/*
 * Writing a codec: the table of functions that a codec is, and how it is made known. See docs/write-a-codec.md.
 */
#ifndef ZARRC_PLUGIN_CODEC_H
#define ZARRC_PLUGIN_CODEC_H

#include <zarrc/codec.h>
#include <zarrc/plugin/blob.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Everything a codec is. Members may be NULL where "optional" is said. Instances are `instance_size` zeroed bytes. A
 * table may be shorter or longer than this one: new members come last in the table of their kind, or take `room`. */
typedef struct zarrc_codec_class {
  size_t struct_size;
  const char *name;
  zarrc_codec_kind kind;
  bool fixed_size; /* encoded_size is EXACT, whatever the data */
  size_t instance_size;
  const char *missing_library; /* optional: what the codec needs and the build lacks; it is known, but ZARRC_UNSUPPORTED
                                  for every chunk, and its kind's functions may be NULL */

  /* configuration: JSON text of the configuration object, or NULL where there is none. */
  zarrc_status (*open)(zarrc_codec *, const char *configuration, size_t n, zarrc_error *);
  /* optional: frees what open took, not the instance itself. Called also after a failed open or evolve. */
  void (*close)(zarrc_codec *);
  /* optional (default: {"name": name}): appends the whole object. */
  zarrc_status (*to_json)(const zarrc_codec *, zarrc_buf *, zarrc_error *);
  /* optional, used with evolve: gives a codec whose instance is zeroed the settings of another one. Without it the copy
   * that evolve changes is opened from the same configuration. */
  zarrc_status (*copy)(zarrc_codec *to, const zarrc_codec *from, zarrc_error *);
  /* optional: whether two codecs of this class have the same settings. Without it they are equal if they have no
   * instance, or were opened with the same text. */
  bool (*equal)(const zarrc_codec *, const zarrc_codec *);
  /* optional: changes a copy of the codec, which nobody else has yet, to fit the spec. Without it the codec is shared.
   */
  zarrc_status (*evolve)(zarrc_codec *, const zarrc_spec *, zarrc_error *);
  zarrc_status (*validate)(const zarrc_codec *, const zarrc_spec *, const zarrc_grid *, zarrc_error *); /* optional */
  zarrc_status (*resolve)(const zarrc_codec *, const zarrc_spec *in, zarrc_spec *out,
                          zarrc_error *);                                               /* optional: same */
  zarrc_size (*encoded_size)(const zarrc_codec *, const zarrc_spec *, uint64_t nbytes); /* optional: unknown, or same */
  void (*room[4])(void);

  /* spec, below, is always the chunk in front of the codec (decoded side), and the codec has been evolved for it. */
  union {
    struct {
      /* optional: the codec only renumbers elements: rewrites a decoded view or region into the encoded one. A codec
       * with `map` needs no encode and decode. map_region is needed with map. */
      void (*map)(const zarrc_codec *, const zarrc_view *decoded, zarrc_view *encoded);
      void (*map_region)(const zarrc_codec *, int ndim, const zarrc_region *decoded, zarrc_region *encoded);
      zarrc_status (*encode)(const zarrc_codec *, const zarrc_spec *, const zarrc_view *decoded,
                             const zarrc_view *encoded, zarrc_error *);
      zarrc_status (*decode)(const zarrc_codec *, const zarrc_spec *, const zarrc_view *encoded,
                             const zarrc_view *decoded, zarrc_error *);
    } aa;
    struct {
      /* the whole chunk. Pieces may point into the view's memory. */
      zarrc_status (*encode)(const zarrc_codec *, const zarrc_spec *, const zarrc_view *decoded, zarrc_parts *,
                             zarrc_error *);
      /* the part of the chunk that region selects, from a blob, into a view of region.count elements. */
      zarrc_status (*read)(const zarrc_codec *, const zarrc_spec *, zarrc_blob *, const zarrc_region *,
                           const zarrc_view *, zarrc_error *);
      /* optional: the chunk's new value after `view` went into the region: reads of `old` what it needs (old NULL, or
       * without value: all else is fill value). Pieces may point into the view's memory or be loans from old. */
      zarrc_status (*update)(const zarrc_codec *, const zarrc_spec *, zarrc_blob *old, const zarrc_region *,
                             const zarrc_view *, zarrc_parts *, zarrc_error *);
      bool partial_decode; /* read fetches and decodes no more than the region needs, from any blob */
      /* optional, needs update: the same for a change of elements inside region, of which what it does not touch is
       * not decoded. */
      zarrc_status (*modify)(const zarrc_codec *, const zarrc_spec *, zarrc_blob *old, const zarrc_region *,
                             const zarrc_change *, zarrc_parts *, zarrc_error *);
    } ab;
    struct {
      /* makes of the pieces that are there the pieces that are stored. */
      zarrc_status (*encode)(const zarrc_codec *, zarrc_parts *, zarrc_error *);
      /* decodes `in` into out. When `need` bytes are there the codec may stop (SIZE_MAX: it must decode and verify
       * all, and refuse what follows). out->max is the most that valid data can decode to: more is
       * ZARRC_SIZE_MISMATCH. */
      zarrc_status (*decode)(const zarrc_codec *, const zarrc_bytes *in, size_t need, zarrc_buf *out, zarrc_error *);
      /* optional: serves ranges of the decoded value while reading only parts of the encoded one. *served = false
       * with ZARRC_OK: this value does not allow it, decode the whole. */
      zarrc_status (*read)(const zarrc_codec *, const zarrc_chunk_options *, zarrc_blob *encoded, zarrc_range *,
                           size_t n, bool *served, zarrc_error *);
      /* optional, where the decoded value is the first bytes of the encoded one: verifies all of these and says how
       * many they are, so that nothing is copied. */
      zarrc_status (*check)(const zarrc_codec *, const zarrc_bytes *encoded, size_t *nbytes, zarrc_error *);
      /* optional: whether the encoded bytes say, without being decoded, that they decode to nbytes bytes in all. Where
       * they do not, or without this function, decode is never told that it may stop in a chunk whose length is known.
       */
      bool (*states_size)(const zarrc_codec *, const zarrc_bytes *encoded, uint64_t nbytes);
      uint64_t max_nbytes; /* encode takes no more bytes than these; 0: any number. Arrays whose chunks have more are
                              not created */
    } bb;
  } u;
} zarrc_codec_class;

/* Makes a codec known to a context under its name, which must outlive the context. A name that is known already is
 * ZARRC_CONFLICT. Not to be called while codecs are being opened. */
ZARRC_API zarrc_status zarrc_register_codec(zarrc_ctx *ctx, const zarrc_codec_class *codec_class, zarrc_error *error);

/* The class registered under a name, an alias included; NULL: none. */
ZARRC_API const zarrc_codec_class *zarrc_find_codec(zarrc_ctx *ctx, const char *name);

ZARRC_API void *zarrc_codec_instance(const zarrc_codec *codec);
ZARRC_API zarrc_ctx *zarrc_codec_ctx(const zarrc_codec *codec);
ZARRC_API const zarrc_codec_class *zarrc_codec_get_class(const zarrc_codec *codec);

#ifdef __cplusplus
}
#endif
#endif
