/* SPDX-License-Identifier: MIT */
/*
 * The configuration object of a codec, read member by member from the parsed document. A member that is absent leaves
 * *out as it is; every failure is ZARRC_INVALID_METADATA and names the member ("configuration.level").
 */
#ifndef ZARRC_CODEC_CONFIG_H
#define ZARRC_CODEC_CONFIG_H

#include "base/json.h"

#include <zarrc/codec.h>

typedef struct zarrc_config {
  const zarrc_json *root; /* borrowed; NULL: no configuration, so every member is absent */
} zarrc_config;

/* Takes the configuration of a codec that is being opened. keys: all members that there may be, NULL-ended. */
zarrc_status zarrc_config_of(const zarrc_codec *codec, const char *const *keys, zarrc_config *out, zarrc_error *error);

/* Whether the member is there and not null. */
bool zarrc_config_has(const zarrc_config *config, const char *name);
zarrc_status zarrc_config_bool(const zarrc_config *config, const char *name, bool *out, zarrc_error *error);
/* An integer from min to max, spelt as one. */
zarrc_status zarrc_config_int(const zarrc_config *config, const char *name, int64_t min, int64_t max, int64_t *out,
                              zarrc_error *error);
/* A string out of a list: out is its index. name_of(i) is the i-th string, NULL past the last. */
zarrc_status zarrc_config_choice(const zarrc_config *config, const char *name, const char *(*name_of)(int i), int *out,
                                 zarrc_error *error);

/* The same checks for settings that come from a struct. */
zarrc_status zarrc_config_check_int(const char *name, int64_t value, int64_t min, int64_t max, zarrc_error *error);
zarrc_status zarrc_config_check_choice(const char *name, int value, const char *(*name_of)(int i), zarrc_error *error);

#endif
