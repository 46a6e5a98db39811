/* SPDX-License-Identifier: MIT */
#include "codec/zfp_config.h"
#include "codec/config.h"

#include <math.h>
#include <string.h>

/* Bits of an element: a block has at most 256 elements. */
#define MAX_RATE (ZARRC_ZFP_MAX_BITS / 256)

static const char *const keys[] = {"mode",    "rate",    "tolerance", "precision", "minbits",
                                   "maxbits", "maxprec", "minexp",    NULL};

/* The modes by their numbers here, and their members. */
static const struct {
  const char *name, *members[4];
} modes[] = {{"reversible", {NULL}},
             {"expert", {"minbits", "maxbits", "maxprec", "minexp"}},
             {"fixed_rate", {"rate"}},
             {"fixed_precision", {"precision"}},
             {"fixed_accuracy", {"tolerance"}}};

static const char *mode_name(int i) {
  return i >= 0 && i < (int)(sizeof modes / sizeof *modes) ? modes[i].name : NULL;
}

/* Returns whether a mode has this member. */
static bool has_member(zarrc_zfp_mode mode, const char *key) {
  for (size_t i = 0; i < 4 && modes[mode].members[i]; i++)
    if (!strcmp(modes[mode].members[i], key)) return true;
  return !strcmp(key, "mode");
}

/* Gets a number, if it is there. */
static zarrc_status get_real(const zarrc_config *config, const char *name, double *out, zarrc_error *error) {
  const zarrc_json *value = zarrc_json_get(config->root, name);
  if (!value || (zarrc_json_get_double(value, out) && isfinite(*out))) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s must be a number", name);
}

static zarrc_status check_rate(double rate, zarrc_error *error) {
  if (rate > 0 && rate <= MAX_RATE) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.rate must be a number above 0, up to %d",
                    (int)MAX_RATE);
}

static zarrc_status check_tolerance(double tolerance, zarrc_error *error) {
  if (tolerance >= 0) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.tolerance must not be negative");
}

/* Checks that the members are there that the mode has, and no others. */
static zarrc_status check_members(const zarrc_config *config, zarrc_zfp_mode mode, zarrc_error *error) {
  for (size_t i = 0; keys[i]; i++) {
    bool there = zarrc_json_get(config->root, keys[i]), wanted = has_member(mode, keys[i]);
    if (wanted && !there)
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s is missing, which the mode %s needs", keys[i],
                        modes[mode].name);
    if (there && !wanted)
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s is not for the mode %s", keys[i],
                        modes[mode].name);
  }
  return ZARRC_OK;
}

zarrc_status zarrc_zfp_config_parse(const zarrc_codec *codec, zarrc_zfp_config *out, zarrc_error *error) {
  zarrc_config config;
  int mode = -1;
  *out = (zarrc_zfp_config){0};
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = zarrc_config_choice(&config, "mode", mode_name, &mode, error);
  if (!status && mode < 0) status = zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.mode is missing");
  if (status) return status;
  out->mode = (zarrc_zfp_mode)mode;
  status = check_members(&config, out->mode, error);
  if (!status) status = get_real(&config, "rate", &out->rate, error);
  if (!status) status = get_real(&config, "tolerance", &out->tolerance, error);
  if (!status) status = zarrc_config_int(&config, "precision", 0, UINT32_MAX, &out->precision, error);
  if (!status) status = zarrc_config_int(&config, "minbits", 0, ZARRC_ZFP_MAX_BITS, &out->minbits, error);
  if (!status) status = zarrc_config_int(&config, "maxbits", 1, UINT32_MAX, &out->maxbits, error);
  if (!status) status = zarrc_config_int(&config, "maxprec", 1, 64, &out->maxprec, error);
  if (!status) status = zarrc_config_int(&config, "minexp", ZARRC_ZFP_MIN_EXP, ZARRC_ZFP_MAX_EXP, &out->minexp, error);
  if (!status && out->mode == ZARRC_ZFP_FIXED_RATE) status = check_rate(out->rate, error);
  if (!status && out->mode == ZARRC_ZFP_FIXED_ACCURACY) status = check_tolerance(out->tolerance, error);
  if (!status && out->minbits > out->maxbits)
    status = zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.minbits must not be above maxbits");
  return status;
}

/* numcodecs hands the number that its mode is about to zfpy, which is reversible if that is negative. */
zarrc_status zarrc_zfpy_config_parse(const zarrc_codec *codec, zarrc_zfp_config *out, zarrc_error *error) {
  static const char *const names[] = {"mode", "tolerance", "rate", "precision", "compression_kwargs", NULL};
  enum { RATE = 2, PRECISION, ACCURACY, REVERSIBLE };
  zarrc_config config;
  int64_t mode = ACCURACY;
  *out = (zarrc_zfp_config){.is_zfpy = true, .rate = -1, .tolerance = -1, .precision = -1};
  zarrc_status status = zarrc_config_of(codec, names, &config, error);
  if (!status) status = zarrc_config_int(&config, "mode", RATE, REVERSIBLE, &mode, error);
  if (!status) status = get_real(&config, "rate", &out->rate, error);
  if (!status) status = get_real(&config, "tolerance", &out->tolerance, error);
  if (!status) status = zarrc_config_int(&config, "precision", INT32_MIN, UINT32_MAX, &out->precision, error);
  if (status) return status;
  out->mode = ZARRC_ZFP_REVERSIBLE;
  if (mode == RATE && out->rate >= 0) out->mode = ZARRC_ZFP_FIXED_RATE;
  if (mode == PRECISION && out->precision >= 0) out->mode = ZARRC_ZFP_FIXED_PRECISION;
  if (mode == ACCURACY && out->tolerance >= 0) out->mode = ZARRC_ZFP_FIXED_ACCURACY;
  return out->mode == ZARRC_ZFP_FIXED_RATE ? check_rate(out->rate, error) : ZARRC_OK;
}
