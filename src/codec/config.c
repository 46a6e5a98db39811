/* SPDX-License-Identifier: MIT */
#include "codec/config.h"
#include "base/text.h"
#include "codec/codec.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Tells about the members that the codec does not know. */
static zarrc_status tell_unknown(const zarrc_codec *codec, const char *const *keys, zarrc_error *error) {
  char seen[ZARRC_EXCERPT], text[2 * ZARRC_EXCERPT + 80];
  const char *key;
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; !status && (key = zarrc_json_unknown_key(codec->node, keys, &i));) {
    (void)snprintf(text, sizeof text, "%.64s: configuration: unknown member \"%s\"", codec->codec_class->name,
                   zarrc_excerpt(seen, key, strlen(key)));
    status = codec->lenient->tell(codec->lenient->arg, text, error);
  }
  return status;
}

zarrc_status zarrc_config_of(const zarrc_codec *codec, const char *const *keys, zarrc_config *out, zarrc_error *error) {
  *out = (zarrc_config){.root = codec->node};
  if (!out->root) return ZARRC_OK;
  if (codec->lenient) return tell_unknown(codec, keys, error);
  zarrc_status status = zarrc_json_check_keys(out->root, keys, error);
  if (status) zarrc_error_prefix(error, "configuration: ");
  return status;
}

bool zarrc_config_has(const zarrc_config *config, const char *name) {
  const zarrc_json *value = zarrc_json_get(config->root, name);
  return value && !zarrc_json_is(value, ZARRC_JSON_NULL);
}

static zarrc_status wrong_kind(const char *name, const char *wanted, const zarrc_json *value, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s must be %s, not %s", name, wanted,
                    zarrc_json_kind_name(zarrc_json_get_kind(value)));
}

zarrc_status zarrc_config_bool(const zarrc_config *config, const char *name, bool *out, zarrc_error *error) {
  const zarrc_json *value = zarrc_json_get(config->root, name);
  if (!value || zarrc_json_get_bool(value, out)) return ZARRC_OK;
  return wrong_kind(name, "true or false", value, error);
}

zarrc_status zarrc_config_check_int(const char *name, int64_t value, int64_t min, int64_t max, zarrc_error *error) {
  if (value >= min && value <= max) return ZARRC_OK;
  if (min == INT64_MIN)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s is %" PRId64 ", above %" PRId64, name, value,
                      max);
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s is %" PRId64 ", outside %" PRId64 " to %" PRId64,
                    name, value, min, max);
}

zarrc_status zarrc_config_check_choice(const char *name, int value, const char *(*name_of)(int i), zarrc_error *error) {
  if (name_of(value)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s: there is no %d", name, value);
}

zarrc_status zarrc_config_int(const zarrc_config *config, const char *name, int64_t min, int64_t max, int64_t *out,
                              zarrc_error *error) {
  const zarrc_json *value = zarrc_json_get(config->root, name);
  int64_t x;
  if (!value) return ZARRC_OK;
  if (!zarrc_json_is(value, ZARRC_JSON_INTEGER)) return wrong_kind(name, "an integer", value, error);
  if (zarrc_json_get_int64(value, &x)) {
    zarrc_status status = zarrc_config_check_int(name, x, min, max, error);
    if (!status) *out = x;
    return status;
  }
  size_t n;
  const char *text = zarrc_json_text(value, &n);
  int shown = n < 40 ? (int)n : 40;
  if (min == INT64_MIN && max < INT64_MAX && text[0] != '-')
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s is %.*s, above %" PRId64, name, shown, text,
                      max);
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s is %.*s, outside %" PRId64 " to %" PRId64, name,
                    shown, text, min, max);
}

zarrc_status zarrc_config_choice(const zarrc_config *config, const char *name, const char *(*name_of)(int i), int *out,
                                 zarrc_error *error) {
  const zarrc_json *value = zarrc_json_get(config->root, name);
  if (!value) return ZARRC_OK;
  if (!zarrc_json_is(value, ZARRC_JSON_STRING)) return wrong_kind(name, "a string", value, error);
  for (int i = 0; name_of(i); i++) {
    if (!zarrc_json_string_is(value, name_of(i))) continue;
    *out = i;
    return ZARRC_OK;
  }
  size_t n;
  const char *text = zarrc_json_text(value, &n);
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s: there is no %.*s", name, n < 80 ? (int)n : 80,
                    text);
}
