/* SPDX-License-Identifier: MIT */
/*
 * The settings of numcodecs.gzip, numcodecs.zstd and numcodecs.blosc, which are gzip, zstd and blosc with the settings
 * and defaults of numcodecs. Their classes stand beside those of the codecs that do the work.
 */
#ifndef ZARRC_CODEC_NUMCODECS_NAMES_H
#define ZARRC_CODEC_NUMCODECS_NAMES_H

#include <zarrc/codecs.h>

zarrc_status zarrc_numcodecs_gzip_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error);
zarrc_status zarrc_numcodecs_gzip_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error);

zarrc_status zarrc_numcodecs_zstd_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error);
zarrc_status zarrc_numcodecs_zstd_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error);

typedef struct zarrc_numcodecs_blosc {
  zarrc_blosc_config config; /* what evolve has decided */
  int64_t shuffle;           /* as configured: -1 is decided by evolve */
  bool has_typesize;         /* it is configured, otherwise decided by evolve */
} zarrc_numcodecs_blosc;

zarrc_status zarrc_numcodecs_blosc_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error);
zarrc_status zarrc_numcodecs_blosc_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error);

#endif
