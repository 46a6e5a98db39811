/* SPDX-License-Identifier: MIT */
/*
 * What the filters of numcodecs have in common: settings that are printed as they were written, data types that say how
 * the bytes of the elements are read, and loops over the elements of two views.
 *
 * Such a filter reads the bytes of the elements that it is given as numbers of a type of its own (numcodecs:
 * `view(dtype)`), whatever they were before. The bytes of an element are little-endian if spec.dtype.endian is the
 * machine's order, else big-endian, however a view has them in memory: so a document means the same on every machine.
 */
#ifndef ZARRC_CODEC_FILTER_H
#define ZARRC_CODEC_FILTER_H

#include "base/json.h"
#include "codec/convert.h"

#include <zarrc/codec.h>
#include <zarrc/plugin/codec.h>

#define ZARRC_FILTER_SETTINGS 4
#define ZARRC_FILTER_TEXT     24

typedef enum zarrc_setting_kind {
  ZARRC_SETTING_ABSENT,
  ZARRC_SETTING_NULL,
  ZARRC_SETTING_INTEGER,
  ZARRC_SETTING_REAL,
  ZARRC_SETTING_DTYPE
} zarrc_setting_kind;

/* A member of a configuration. */
typedef struct zarrc_setting {
  zarrc_setting_kind kind;
  char text[ZARRC_FILTER_TEXT]; /* of an integer or a data type, as it was written */
  double real;                  /* of an integer or real */
  zarrc_type type;              /* of a data type */
  zarrc_endian endian;
} zarrc_setting;

typedef struct zarrc_filter_schema {
  const char *id;           /* "delta": what the member `id` may say */
  const char *const *names; /* of the settings, ending with NULL */
  const char *kinds;        /* of each: 'i' an integer, 'n' a number, 'd' a data type; upper case: required */
  unsigned encoding_only;   /* bit i: setting i, which is a number, is for encoding only */
  int decoded, encoded;     /* the settings that are the types of the elements; without `encoded` both are `decoded` */
} zarrc_filter_schema;

/* The instance of a filter. */
typedef struct zarrc_filter {
  const zarrc_filter_schema *schema;
  zarrc_setting setting[ZARRC_FILTER_SETTINGS];
  uint8_t order[ZARRC_FILTER_SETTINGS]; /* in which the settings are printed */
  uint8_t nprinted;
  bool evolved;
  bool has_fill;
  uint8_t fill[16]; /* of the encoded chunk, once it is evolved; not a setting */
} zarrc_filter;

/* Reads the configuration of a codec that is being opened. */
zarrc_status zarrc_filter_open(zarrc_codec *codec, const zarrc_filter_schema *schema, zarrc_error *error);
/* Implement the functions of a class. */
zarrc_status zarrc_filter_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error);
bool zarrc_filter_equal(const zarrc_codec *a, const zarrc_codec *b);
zarrc_status zarrc_filter_resolve(const zarrc_codec *codec, const zarrc_spec *in, zarrc_spec *out, zarrc_error *error);
zarrc_size zarrc_filter_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes);

/* Sets setting i to the data type of the spec if it is absent or null. */
zarrc_status zarrc_filter_set_dtype(zarrc_filter *filter, int i, const zarrc_spec *spec, zarrc_error *error);
/* Sets the fill value of the encoded chunk: that of the spec, converted to a type. */
void zarrc_filter_set_fill(zarrc_filter *filter, const zarrc_spec *spec, zarrc_type type);
/* Returns the setting that is the type of encoded elements. */
const zarrc_setting *zarrc_filter_encoded(const zarrc_filter *filter);
/* Sets the type of the elements of an encoded chunk to that of a setting. */
void zarrc_filter_set_encoded(const zarrc_setting *encoded, zarrc_spec *out);
/* Returns the size of nbytes bytes of elements as elements of another type. */
zarrc_size zarrc_filter_size(const zarrc_spec *in, zarrc_type encoded, uint64_t nbytes);

/* Returns the name of a type of numbers. */
const char *zarrc_filter_type_name(zarrc_type type);
/* Returns whether a setting is a data type. */
bool zarrc_setting_is_dtype(const zarrc_setting *setting);
/* Reads a setting that is a data type of numbers. value: the member `name` of a configuration, or NULL: `missing` is
 * taken for it. */
zarrc_status zarrc_setting_read_dtype(const char *name, const char *missing, const zarrc_json *value,
                                      zarrc_setting *out, zarrc_error *error);
/* Gets an integer setting as such; false: it is beyond 64 bits. The bits are those of an int64 or, if positive, uint64.
 */
bool zarrc_setting_integer(const zarrc_setting *setting, bool *negative, uint64_t *bits);

/* Returns ZARRC_INVALID_METADATA unless elements of a spec can be read as elements of a setting's data type. */
zarrc_status zarrc_filter_check(const zarrc_spec *spec, const zarrc_setting *dtype, const char *name,
                                zarrc_error *error);

/* The most bytes, on either side, that a loop gets at once. One that computes in another type, for which it has memory
 * on the stack, does so in pieces of so many elements. */
#define ZARRC_FILTER_NBYTES ((size_t)16 << 10)
#define ZARRC_FILTER_PIECE  1024

/* One side of a loop: a view, and how its bytes become numbers in native byte order. */
typedef struct zarrc_filter_side {
  const zarrc_view *view;
  size_t item;           /* bytes of an element */
  unsigned swap, swap_2; /* size of the units that are byte-swapped one after the other; 1: none */
} zarrc_filter_side;

/* Returns a side whose bytes are read as a setting says. nominal: the byte order in the spec. */
zarrc_filter_side zarrc_filter_side_of(const zarrc_view *view, zarrc_endian nominal, const zarrc_setting *dtype);
/* The same, read as numbers of the view's own type. */
zarrc_filter_side zarrc_filter_side_native(const zarrc_view *view);

/* Computes n elements of the other side. The memories are aligned and do not overlap. */
typedef void (*zarrc_filter_fn)(void *arg, const void *in, void *out, size_t n);
/* Calls fn for all elements in C order. Both views have the same shape; they may be the same memory if they also have
 * the same strides. */
zarrc_status zarrc_filter_run(zarrc_ctx *ctx, const zarrc_filter_side *from, const zarrc_filter_side *to,
                              zarrc_filter_fn fn, void *arg, zarrc_error *error);

#endif
