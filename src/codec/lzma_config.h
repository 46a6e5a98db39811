/* SPDX-License-Identifier: MIT */
/* The configuration of numcodecs.lzma, which is that of Python's lzma module. */
#ifndef ZARRC_CODEC_LZMA_CONFIG_H
#define ZARRC_CODEC_LZMA_CONFIG_H

#include <zarrc/plugin/codec.h>

/* Formats. ZARRC_LZMA_AUTO is for decoding only: XZ or ALONE. */
enum { ZARRC_LZMA_AUTO, ZARRC_LZMA_XZ, ZARRC_LZMA_ALONE, ZARRC_LZMA_RAW };

#define ZARRC_LZMA_MAX_FILTERS 4

/* Ids of filters. Those from X86 on are for machine code, and have a start_offset. */
#define ZARRC_LZMA_FILTER_LZMA1 INT64_C(0x4000000000000001)
enum { ZARRC_LZMA_FILTER_DELTA = 3, ZARRC_LZMA_FILTER_X86 = 4, ZARRC_LZMA_FILTER_LZMA2 = 0x21 };

/* -1: the member is absent. */
typedef struct zarrc_lzma_filter {
  int64_t id;
  int64_t preset, dict_size, lc, lp, pb, mode, nice_len, mf, depth; /* of LZMA1 and LZMA2 */
  int64_t dist;                                                     /* of delta */
  int64_t start_offset;
} zarrc_lzma_filter;

typedef struct zarrc_lzma_config {
  int64_t format, check; /* check -1: that of the format */
  int64_t preset;        /* -1: the default */
  uint64_t nfilters;     /* 0: none are configured */
  zarrc_lzma_filter filters[ZARRC_LZMA_MAX_FILTERS];
} zarrc_lzma_config;

zarrc_status zarrc_lzma_config_parse(zarrc_codec *codec, zarrc_lzma_config *out, zarrc_error *error);
zarrc_status zarrc_lzma_config_to_json(const zarrc_lzma_config *config, zarrc_buf *out, zarrc_error *error);

/* Refuses what can be decoded, but not encoded. */
zarrc_status zarrc_lzma_config_check(const zarrc_lzma_config *config, zarrc_error *error);

#endif
