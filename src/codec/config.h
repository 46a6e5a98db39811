/* SPDX-License-Identifier: MIT */
/*
 * Members of a codec's configuration. If a member is absent, *out keeps its value. Failures are ZARRC_INVALID_METADATA
 * and name the member ("configuration.level").
 */
#ifndef ZARRC_CODEC_CONFIG_H
#define ZARRC_CODEC_CONFIG_H

#include "base/json.h"

#include <zarrc/codec.h>

typedef struct zarrc_config {
  const zarrc_json *root; /* borrowed; NULL: there is no configuration, and all members are absent */
} zarrc_config;

/* Gets the configuration of a codec that is being opened. keys: the names of all members, ending with NULL. */
zarrc_status zarrc_config_of(const zarrc_codec *codec, const char *const *keys, zarrc_config *out, zarrc_error *error);

/* Returns whether a member is present and not null. */
bool zarrc_config_has(const zarrc_config *config, const char *name);
zarrc_status zarrc_config_bool(const zarrc_config *config, const char *name, bool *out, zarrc_error *error);
/* Gets an integer from min to max. */
zarrc_status zarrc_config_int(const zarrc_config *config, const char *name, int64_t min, int64_t max, int64_t *out,
                              zarrc_error *error);
/* Gets the index of a string in a list. name_of(i) returns the i-th string; NULL past the last. */
zarrc_status zarrc_config_choice(const zarrc_config *config, const char *name, const char *(*name_of)(int i), int *out,
                                 zarrc_error *error);

/* The same checks for settings from a struct. */
zarrc_status zarrc_config_check_int(const char *name, int64_t value, int64_t min, int64_t max, zarrc_error *error);
zarrc_status zarrc_config_check_choice(const char *name, int value, const char *(*name_of)(int i), zarrc_error *error);

#endif
