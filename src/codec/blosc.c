/* SPDX-License-Identifier: MIT */
/* blosc: the Blosc 1 frame. A frame says how it is decoded; the configuration is only for encoding. */
#include "codec/blosc_library.h"
#include "codec/blosc_ranges.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/numcodecs_names.h"
#include "codec/one_piece.h"

#include <inttypes.h>

typedef zarrc_blosc_config blosc;

static const char *cname_at(int i) {
  return zarrc_blosc_cname_name((zarrc_blosc_cname)i);
}

static const char *shuffle_at(int i) {
  return zarrc_blosc_shuffle_name((zarrc_blosc_shuffle)i);
}

/* -------------------------------------------------------------------------------------------------- metadata */

static zarrc_status blosc_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"typesize", "cname", "clevel", "shuffle", "blocksize", NULL};
  blosc *b = zarrc_codec_instance(codec);
  zarrc_config config;
  *b = (blosc)ZARRC_BLOSC_CONFIG_INIT;
  int cname = b->cname, shuffle = b->shuffle;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  b->tunable_typesize = !zarrc_config_has(&config, "typesize");
  b->tunable_shuffle = !zarrc_config_has(&config, "shuffle");
  if (!status && !b->tunable_typesize)
    status = zarrc_config_int(&config, "typesize", 1, INT64_MAX, &b->typesize, error);
  if (!status) status = zarrc_config_choice(&config, "cname", cname_at, &cname, error);
  if (!status) status = zarrc_config_int(&config, "clevel", INT64_MIN, INT64_MAX, &b->clevel, error);
  if (!status && !b->tunable_shuffle) status = zarrc_config_choice(&config, "shuffle", shuffle_at, &shuffle, error);
  if (!status) status = zarrc_config_int(&config, "blocksize", INT64_MIN, INT64_MAX, &b->blocksize, error);
  b->cname = (zarrc_blosc_cname)cname;
  b->shuffle = (zarrc_blosc_shuffle)shuffle;
  return status;
}

static zarrc_status set_blosc(zarrc_codec *codec, const void *config, zarrc_error *error) {
  const blosc *b = config;
  zarrc_status status = zarrc_config_check_int("typesize", b->typesize, 1, INT64_MAX, error);
  if (!status) status = zarrc_config_check_choice("cname", (int)b->cname, cname_at, error);
  if (!status) status = zarrc_config_check_choice("shuffle", (int)b->shuffle, shuffle_at, error);
  if (!status && b->tunable_typesize && b->typesize != 1)
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "typesize is %" PRId64 ", and tunable too", b->typesize);
  if (!status && b->tunable_shuffle && b->shuffle != ZARRC_BLOSC_BITSHUFFLE)
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "shuffle is %s, and tunable too", shuffle_at((int)b->shuffle));
  if (!status) *(blosc *)zarrc_codec_instance(codec) = *b;
  return status;
}

zarrc_status zarrc_blosc_codec_open(zarrc_ctx *ctx, const zarrc_blosc_config *given, zarrc_codec **out,
                                    zarrc_error *error) {
  blosc config = ZARRC_BLOSC_CONFIG_INIT;
  return zarrc_codec_open_config(ctx, &zarrc_blosc_class, given, &config, sizeof config, set_blosc, out, error);
}

zarrc_status zarrc_blosc_codec_get(const zarrc_codec *codec, zarrc_blosc_config *config, zarrc_error *error) {
  return zarrc_codec_get_config(codec, &zarrc_blosc_class, zarrc_codec_instance(codec), sizeof *config, config, error);
}

static bool blosc_equal(const zarrc_codec *one, const zarrc_codec *other) {
  const blosc *a = zarrc_codec_instance(one), *b = zarrc_codec_instance(other);
  return a->typesize == b->typesize && a->cname == b->cname && a->clevel == b->clevel && a->shuffle == b->shuffle &&
         a->blocksize == b->blocksize && a->tunable_typesize == b->tunable_typesize &&
         a->tunable_shuffle == b->tunable_shuffle;
}

/* The settings of numcodecs differ from each other as they are written, too. */
static bool numcodecs_blosc_equal(const zarrc_codec *one, const zarrc_codec *other) {
  const zarrc_numcodecs_blosc *a = zarrc_codec_instance(one), *b = zarrc_codec_instance(other);
  return blosc_equal(one, other) && a->shuffle == b->shuffle && a->has_typesize == b->has_typesize;
}

static zarrc_status blosc_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const blosc *b = zarrc_codec_instance(codec);
  return zarrc_buf_printf(out, error,
                          "{\"name\": \"blosc\", \"configuration\": {\"typesize\": %" PRId64 ", \"cname\": \"%s\", "
                          "\"clevel\": %" PRId64 ", \"shuffle\": \"%s\", \"blocksize\": %" PRId64 "}}",
                          b->typesize, zarrc_blosc_cname_name(b->cname), b->clevel,
                          zarrc_blosc_shuffle_name(b->shuffle), b->blocksize);
}

static zarrc_status blosc_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  (void)error;
  blosc *b = zarrc_codec_instance(codec);
  bool variable = spec->dtype.type == ZARRC_STRING || spec->dtype.type == ZARRC_BYTES;
  int64_t item_nbytes = variable || !spec->dtype.item_size ? 1 : spec->dtype.item_size;
  if (b->tunable_typesize) b->typesize = item_nbytes;
  if (b->tunable_shuffle) b->shuffle = item_nbytes == 1 ? ZARRC_BLOSC_BITSHUFFLE : ZARRC_BLOSC_SHUFFLE;
  b->tunable_typesize = b->tunable_shuffle = false;
  return ZARRC_OK;
}

static zarrc_size blosc_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  return zarrc_size_at_most(nbytes, ZARRC_BLOSC_HEADER_NBYTES);
}

/* Of anything but nothing: the header. */
static uint64_t blosc_least_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  return nbytes > 0 ? ZARRC_BLOSC_HEADER_NBYTES : 0;
}

#if ZARRC_HAVE_BLOSC

static zarrc_status blosc_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                   zarrc_error *error) {
  (void)spec, (void)grid;
  const char *cname = zarrc_blosc_cname_name(((const blosc *)zarrc_codec_instance(codec))->cname);
  if (zarrc_blosc_library_has(cname)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "libblosc was built without %s", cname);
}

static zarrc_status blosc_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                 zarrc_error *error) {
  (void)need;
  zarrc_blosc_frame frame;
  zarrc_status status = zarrc_blosc_frame_check(in->ptr, in->len, &frame, error);
  if (!status && frame.nbytes > out->max)
    status = zarrc_fail(error, ZARRC_SIZE_MISMATCH, "decodes to %u bytes, not %zu or less", frame.nbytes, out->max);
  if (!status) status = zarrc_buf_reserve(out, frame.nbytes, error);
  if (!status) status = zarrc_blosc_frame_decode(zarrc_codec_ctx(codec), in->ptr, &frame, out->ptr, error);
  if (!status) out->len = frame.nbytes;
  return status;
}

static zarrc_status blosc_read(const zarrc_codec *codec, const zarrc_chunk_options *options, zarrc_blob *encoded,
                               zarrc_range *ranges, size_t n, bool *served, zarrc_error *error) {
  (void)options;
  return zarrc_blosc_ranges_read(zarrc_codec_ctx(codec), encoded, ranges, n, served, error);
}

static zarrc_status blosc_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  const blosc *b = zarrc_codec_instance(codec);
  zarrc_one_piece p;
  size_t made = 0;
  zarrc_status status = blosc_validate(codec, NULL, NULL, error);
  if (status) return status;
  if (b->clevel < 0 || b->clevel > 9)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.clevel is %" PRId64 ", outside 0 to 9", b->clevel);
  if (b->blocksize < INT32_MIN || b->blocksize > INT32_MAX)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.blocksize is %" PRId64 ", outside %d to %d",
                      b->blocksize, INT32_MIN, INT32_MAX);
  if (parts->nbytes > ZARRC_BLOSC_MAX_NBYTES)
    return zarrc_fail(error, ZARRC_LIMIT, "%" PRIu64 " bytes, a frame holds %u at most", parts->nbytes,
                      ZARRC_BLOSC_MAX_NBYTES);
  status = zarrc_one_piece_join(&p, parts, error);
  if (!status) status = zarrc_one_piece_add(&p, parts, p.in.len + ZARRC_BLOSC_HEADER_NBYTES, error);
  if (!status) status = zarrc_blosc_frame_make(zarrc_codec_ctx(codec), b, &p, &made, error);
  if (!status) return zarrc_one_piece_end(&p, parts, made, error);
  zarrc_parts_clear(&p.made);
  return status;
}

#define MISSING_LIBRARY NULL

#else

#define MISSING_LIBRARY "libblosc"
#define blosc_validate  NULL
#define blosc_encode    NULL
#define blosc_decode    NULL
#define blosc_read      NULL

#endif

/* Of this name, and of numcodecs: these have other settings and defaults. */
#define BLOSC_CLASS(class_name, instance, open_fn, to_json_fn, equal_fn)                                               \
  {                                                                                                                    \
    .struct_size = sizeof(zarrc_codec_class), .name = class_name, .kind = ZARRC_BYTES_TO_BYTES,                        \
    .self_describing = true, .instance_size = sizeof(instance), .missing_library = MISSING_LIBRARY, .open = open_fn,   \
    .to_json = to_json_fn, .copy = zarrc_codec_copy_instance, .equal = equal_fn, .evolve = blosc_evolve,               \
    .validate = blosc_validate, .encoded_size = blosc_encoded_size, .least_encoded_size = blosc_least_encoded_size,    \
    .u.bb = {                                                                                                          \
        .encode = blosc_encode, .decode = blosc_decode, .read = blosc_read, .max_nbytes = ZARRC_BLOSC_MAX_NBYTES},     \
  }
const zarrc_codec_class zarrc_blosc_class = BLOSC_CLASS("blosc", blosc, blosc_open, blosc_to_json, blosc_equal);
const zarrc_codec_class zarrc_numcodecs_blosc_class =
    BLOSC_CLASS("numcodecs.blosc", zarrc_numcodecs_blosc, zarrc_numcodecs_blosc_open, zarrc_numcodecs_blosc_to_json,
                numcodecs_blosc_equal);
