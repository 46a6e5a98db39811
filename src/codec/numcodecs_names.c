/* SPDX-License-Identifier: MIT */
#include "codec/numcodecs_names.h"

#include "codec/codec.h"
#include "codec/config.h"

#include <inttypes.h>

/* ------------------------------------------------------------------------------------------------------ gzip */

zarrc_status zarrc_numcodecs_gzip_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"level", NULL};
  zarrc_gzip_config *g = zarrc_codec_instance(codec);
  zarrc_config config;
  *g = (zarrc_gzip_config){sizeof *g, 1};
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = zarrc_config_int(&config, "level", -1, 9, &g->level, error);
  return status;
}

zarrc_status zarrc_numcodecs_gzip_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const zarrc_gzip_config *g = zarrc_codec_instance(codec);
  return zarrc_buf_printf(out, error, "{\"name\": \"numcodecs.gzip\", \"configuration\": {\"level\": %d}}",
                          (int)g->level);
}

/* ------------------------------------------------------------------------------------------------------ zstd */

/* Levels above the highest mean the highest, as in numcodecs. */
zarrc_status zarrc_numcodecs_zstd_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
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

zarrc_status zarrc_numcodecs_zstd_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const zarrc_zstd_config *z = zarrc_codec_instance(codec);
  return zarrc_buf_printf(
      out, error, "{\"name\": \"numcodecs.zstd\", \"configuration\": {\"level\": %" PRId64 ", \"checksum\": %s}}",
      z->level, z->checksum ? "true" : "false");
}

/* ------------------------------------------------------------------------------------------------------ blosc */

static const char *cname_at(int i) {
  return zarrc_blosc_cname_name((zarrc_blosc_cname)i);
}

zarrc_status zarrc_numcodecs_blosc_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"cname", "clevel", "shuffle", "blocksize", "typesize", NULL};
  zarrc_numcodecs_blosc *b = zarrc_codec_instance(codec);
  zarrc_config config;
  int cname = ZARRC_BLOSC_LZ4;
  *b = (zarrc_numcodecs_blosc){.config = ZARRC_BLOSC_CONFIG_INIT, .shuffle = ZARRC_BLOSC_SHUFFLE};
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

zarrc_status zarrc_numcodecs_blosc_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const zarrc_numcodecs_blosc *b = zarrc_codec_instance(codec);
  zarrc_status status =
      zarrc_buf_printf(out, error,
                       "{\"name\": \"numcodecs.blosc\", \"configuration\": {\"cname\": \"%s\", \"clevel\": %" PRId64
                       ", \"shuffle\": %" PRId64 ", \"blocksize\": %" PRId64,
                       zarrc_blosc_cname_name(b->config.cname), b->config.clevel, b->shuffle, b->config.blocksize);
  if (!status && b->has_typesize) status = zarrc_buf_printf(out, error, ", \"typesize\": %" PRId64, b->config.typesize);
  return status ? status : zarrc_buf_append(out, "}}", 2, error);
}
