/* SPDX-License-Identifier: MIT */
/*
 * numcodecs.gzip, numcodecs.zstd and numcodecs.blosc: gzip, zstd and blosc with the settings and defaults of numcodecs.
 * Their instances begin with that of the codec that does the work.
 */
#include "codec/blosc_frame.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/deflate.h"

#include <inttypes.h>

/* Defines functions that call those of another class. */
#define FORWARD(X)                                                                                                     \
  static zarrc_status X##_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {                   \
    return zarrc_##X##_class.u.bb.encode(codec, parts, error);                                                         \
  }                                                                                                                    \
  static zarrc_status X##_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,         \
                                 zarrc_error *error) {                                                                 \
    return zarrc_##X##_class.u.bb.decode(codec, in, need, out, error);                                                 \
  }                                                                                                                    \
  static zarrc_size X##_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {              \
    zarrc_size unknown = {ZARRC_SIZE_UNKNOWN, 0};                                                                      \
    return zarrc_##X##_class.encoded_size ? zarrc_##X##_class.encoded_size(codec, spec, nbytes) : unknown;             \
  }                                                                                                                    \
  static uint64_t X##_least_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {          \
    return zarrc_##X##_class.least_encoded_size(codec, spec, nbytes);                                                  \
  }
#define FORWARD_READ(X)                                                                                                \
  static zarrc_status X##_read(const zarrc_codec *codec, const zarrc_chunk_options *options, zarrc_blob *encoded,      \
                               zarrc_range *ranges, size_t n, bool *served, zarrc_error *error) {                      \
    return zarrc_##X##_class.u.bb.read(codec, options, encoded, ranges, n, served, error);                             \
  }
#define FORWARD_STATES_SIZE(X)                                                                                         \
  static bool X##_states_size(const zarrc_codec *codec, const zarrc_bytes *in, uint64_t nbytes) {                      \
    return zarrc_##X##_class.u.bb.states_size(codec, in, nbytes);                                                      \
  }

/* ------------------------------------------------------------------------------------------------------ gzip */

FORWARD(gzip)
FORWARD_STATES_SIZE(gzip)

static zarrc_status gzip_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"level", NULL};
  zarrc_gzip_config *g = zarrc_codec_instance(codec);
  zarrc_config config;
  *g = (zarrc_gzip_config){sizeof *g, 1};
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = zarrc_config_int(&config, "level", -1, 9, &g->level, error);
  return status;
}

static bool gzip_equal(const zarrc_codec *a, const zarrc_codec *b) {
  return zarrc_gzip_class.equal(a, b);
}

static zarrc_status gzip_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const zarrc_gzip_config *g = zarrc_codec_instance(codec);
  return zarrc_buf_printf(out, error, "{\"name\": \"numcodecs.gzip\", \"configuration\": {\"level\": %d}}",
                          (int)g->level);
}

const zarrc_codec_class zarrc_numcodecs_gzip_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "numcodecs.gzip",
    .kind = ZARRC_BYTES_TO_BYTES,
    .instance_size = sizeof(zarrc_gzip_config),
#if !ZARRC_HAVE_DEFLATE
    .missing_library = "libdeflate and zlib",
#endif
    .open = gzip_open,
    .to_json = gzip_to_json,
    .equal = gzip_equal,
    .encoded_size = gzip_encoded_size,
    .least_encoded_size = gzip_least_encoded_size,
    .u.bb = {.encode = gzip_encode, .decode = gzip_decode, .states_size = gzip_states_size},
};

/* ------------------------------------------------------------------------------------------------------ zstd */

FORWARD(zstd)
FORWARD_READ(zstd)
FORWARD_STATES_SIZE(zstd)

/* Levels above the highest mean the highest, as in numcodecs. */
static zarrc_status zstd_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"level", "checksum", NULL};
  zarrc_zstd_config *z = zarrc_codec_instance(codec);
  zarrc_config config;
  *z = (zarrc_zstd_config)ZARRC_ZSTD_CONFIG_INIT;
  z->level = 0;
  z->checksum = false;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = zarrc_config_int(&config, "level", INT32_MIN, INT32_MAX, &z->level, error);
  if (!status) status = zarrc_config_bool(&config, "checksum", &z->checksum, error);
  return status;
}

static bool zstd_equal(const zarrc_codec *a, const zarrc_codec *b) {
  return zarrc_zstd_class.equal(a, b);
}

static zarrc_status zstd_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const zarrc_zstd_config *z = zarrc_codec_instance(codec);
  return zarrc_buf_printf(
      out, error, "{\"name\": \"numcodecs.zstd\", \"configuration\": {\"level\": %" PRId64 ", \"checksum\": %s}}",
      z->level, z->checksum ? "true" : "false");
}

const zarrc_codec_class zarrc_numcodecs_zstd_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "numcodecs.zstd",
    .kind = ZARRC_BYTES_TO_BYTES,
    .instance_size = sizeof(zarrc_zstd_config),
#if !ZARRC_HAVE_ZSTD
    .missing_library = "libzstd",
#endif
    .open = zstd_open,
    .to_json = zstd_to_json,
    .equal = zstd_equal,
    .encoded_size = zstd_encoded_size,
    .least_encoded_size = zstd_least_encoded_size,
    .u.bb = {.encode = zstd_encode, .decode = zstd_decode, .read = zstd_read, .states_size = zstd_states_size},
};

/* ------------------------------------------------------------------------------------------------------ blosc */

FORWARD(blosc)
FORWARD_READ(blosc)

typedef struct blosc {
  zarrc_blosc_config config; /* what evolve has decided */
  int64_t shuffle;           /* as configured: -1 is decided by evolve */
  bool has_typesize;         /* it is configured, otherwise decided by evolve */
} blosc;

static const char *cname_at(int i) {
  return zarrc_blosc_cname_name((zarrc_blosc_cname)i);
}

static zarrc_status blosc_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"cname", "clevel", "shuffle", "blocksize", "typesize", NULL};
  blosc *b = zarrc_codec_instance(codec);
  zarrc_config config;
  int cname = ZARRC_BLOSC_LZ4;
  *b = (blosc){.config = ZARRC_BLOSC_CONFIG_INIT, .shuffle = ZARRC_BLOSC_SHUFFLE};
  b->config.clevel = 5;
  b->config.blocksize = 0;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = zarrc_config_choice(&config, "cname", cname_at, &cname, error);
  if (!status) status = zarrc_config_int(&config, "clevel", 0, 9, &b->config.clevel, error);
  if (!status) status = zarrc_config_int(&config, "shuffle", -1, ZARRC_BLOSC_BITSHUFFLE, &b->shuffle, error);
  if (!status) status = zarrc_config_int(&config, "blocksize", 0, INT32_MAX, &b->config.blocksize, error);
  b->has_typesize = !status && zarrc_config_has(&config, "typesize");
  if (b->has_typesize) status = zarrc_config_int(&config, "typesize", 1, INT32_MAX, &b->config.typesize, error);
  b->config.cname = (zarrc_blosc_cname)cname;
  b->config.tunable_typesize = !b->has_typesize;
  b->config.tunable_shuffle = b->shuffle < 0;
  if (b->shuffle >= 0) b->config.shuffle = (zarrc_blosc_shuffle)b->shuffle;
  return status;
}

static bool blosc_equal(const zarrc_codec *one, const zarrc_codec *other) {
  const blosc *a = zarrc_codec_instance(one), *b = zarrc_codec_instance(other);
  return zarrc_blosc_class.equal(one, other) && a->shuffle == b->shuffle && a->has_typesize == b->has_typesize;
}

static zarrc_status blosc_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const blosc *b = zarrc_codec_instance(codec);
  zarrc_status status =
      zarrc_buf_printf(out, error,
                       "{\"name\": \"numcodecs.blosc\", \"configuration\": {\"cname\": \"%s\", \"clevel\": %" PRId64
                       ", \"shuffle\": %" PRId64 ", \"blocksize\": %" PRId64,
                       zarrc_blosc_cname_name(b->config.cname), b->config.clevel, b->shuffle, b->config.blocksize);
  if (!status && b->has_typesize) status = zarrc_buf_printf(out, error, ", \"typesize\": %" PRId64, b->config.typesize);
  return status ? status : zarrc_buf_append(out, "}}", 2, error);
}

static zarrc_status blosc_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  return zarrc_blosc_class.evolve(codec, spec, error);
}

static zarrc_status blosc_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                   zarrc_error *error) {
  return zarrc_blosc_class.validate(codec, spec, grid, error);
}

const zarrc_codec_class zarrc_numcodecs_blosc_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "numcodecs.blosc",
    .kind = ZARRC_BYTES_TO_BYTES,
    .instance_size = sizeof(blosc),
#if !ZARRC_HAVE_BLOSC
    .missing_library = "libblosc",
#endif
    .open = blosc_open,
    .to_json = blosc_to_json,
    .copy = zarrc_codec_copy_instance,
    .equal = blosc_equal,
    .evolve = blosc_evolve,
    .validate = blosc_validate,
    .encoded_size = blosc_encoded_size,
    .least_encoded_size = blosc_least_encoded_size,
    .u.bb = {.encode = blosc_encode, .decode = blosc_decode, .read = blosc_read, .max_nbytes = ZARRC_BLOSC_MAX_NBYTES},
};
