/* SPDX-License-Identifier: MIT */
/* The settings of zfp and numcodecs.zfpy. */
#ifndef ZARRC_CODEC_ZFP_CONFIG_H
#define ZARRC_CODEC_ZFP_CONFIG_H

#include <zarrc/codec.h>

typedef enum zarrc_zfp_mode {
  ZARRC_ZFP_REVERSIBLE,
  ZARRC_ZFP_EXPERT,
  ZARRC_ZFP_FIXED_RATE,
  ZARRC_ZFP_FIXED_PRECISION,
  ZARRC_ZFP_FIXED_ACCURACY
} zarrc_zfp_mode;

/* Bits of a block that libzfp may be told to write, and the exponents that the header of a stream has room for. */
#define ZARRC_ZFP_MAX_BITS ((int64_t)1 << 15)
#define ZARRC_ZFP_MIN_EXP  (-16495)
#define ZARRC_ZFP_MAX_EXP  16272

typedef struct zarrc_zfp_config {
  bool is_zfpy; /* of numcodecs: streams have a header */
  zarrc_zfp_mode mode;
  double rate;                               /* FIXED_RATE: bits of an element */
  double tolerance;                          /* FIXED_ACCURACY */
  int64_t precision;                         /* FIXED_PRECISION */
  int64_t minbits, maxbits, maxprec, minexp; /* EXPERT */
} zarrc_zfp_config;

/* Read the configuration of a codec that is being opened. */
zarrc_status zarrc_zfp_config_parse(const zarrc_codec *codec, zarrc_zfp_config *out, zarrc_error *error);
zarrc_status zarrc_zfpy_config_parse(const zarrc_codec *codec, zarrc_zfp_config *out, zarrc_error *error);

#endif
