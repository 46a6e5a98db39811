/* SPDX-License-Identifier: MIT */
#include "codec/lzma_config.h"
#include "codec/codec.h"
#include "codec/config.h"

#include <inttypes.h>
#include <stddef.h>

#define PRESET_EXTREME (INT64_C(1) << 31)

/* The members of a filter that are numbers, in the order in which they are written. */
static const struct {
  const char *name;
  size_t offset;
  int64_t max;
} members[] = {
    {"preset", offsetof(zarrc_lzma_filter, preset), PRESET_EXTREME | 9},
    {"dict_size", offsetof(zarrc_lzma_filter, dict_size), UINT32_MAX},
    {"lc", offsetof(zarrc_lzma_filter, lc), 4},
    {"lp", offsetof(zarrc_lzma_filter, lp), 4},
    {"pb", offsetof(zarrc_lzma_filter, pb), 4},
    {"mode", offsetof(zarrc_lzma_filter, mode), 2},
    {"nice_len", offsetof(zarrc_lzma_filter, nice_len), 273},
    {"mf", offsetof(zarrc_lzma_filter, mf), 20},
    {"depth", offsetof(zarrc_lzma_filter, depth), UINT32_MAX},
    {"dist", offsetof(zarrc_lzma_filter, dist), 256},
    {"start_offset", offsetof(zarrc_lzma_filter, start_offset), UINT32_MAX},
};
enum { NMEMBERS = sizeof members / sizeof *members };

static int64_t *member_of(zarrc_lzma_filter *filter, size_t i) {
  return (int64_t *)(void *)((char *)filter + members[i].offset);
}

static zarrc_status parse_filter(const zarrc_json *value, zarrc_lzma_filter *out, zarrc_error *error) {
  static const char *const lzma[] = {"id",   "preset",   "dict_size", "lc",    "lp", "pb",
                                     "mode", "nice_len", "mf",        "depth", NULL};
  static const char *const delta[] = {"id", "dist", NULL}, *const code[] = {"id", "start_offset", NULL};
  zarrc_config config = {.root = value};
  int64_t id = -1;
  if (!zarrc_json_is(value, ZARRC_JSON_OBJECT))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "must be an object, not %s",
                      zarrc_json_kind_name(zarrc_json_get_kind(value)));
  for (size_t i = 0; i < NMEMBERS; i++) *member_of(out, i) = -1;
  zarrc_status status = zarrc_config_int(&config, "id", 0, INT64_MAX, &id, error);
  bool is_lzma = id == ZARRC_LZMA_FILTER_LZMA1 || id == ZARRC_LZMA_FILTER_LZMA2;
  if (!status && !is_lzma && (id < ZARRC_LZMA_FILTER_DELTA || id > 11))
    status = zarrc_fail(error, ZARRC_INVALID_METADATA, "there is no filter with id %" PRId64, id);
  out->id = id;
  if (!status)
    status = zarrc_json_check_keys(value, is_lzma ? lzma : id == ZARRC_LZMA_FILTER_DELTA ? delta : code, error);
  for (size_t i = 0; !status && i < NMEMBERS; i++)
    status = zarrc_config_int(&config, members[i].name, 0, members[i].max, member_of(out, i), error);
  return status;
}

static zarrc_status parse_filters(const zarrc_json *filters, zarrc_lzma_config *out, zarrc_error *error) {
  size_t n = zarrc_json_length(filters);
  if (!zarrc_json_is(filters, ZARRC_JSON_ARRAY) || n < 1 || n > ZARRC_LZMA_MAX_FILTERS)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.filters must be null or a list of 1 to %d filters",
                      ZARRC_LZMA_MAX_FILTERS);
  for (size_t i = 0; i < n; i++) {
    zarrc_status status = parse_filter(zarrc_json_at(filters, i), &out->filters[i], error);
    if (status) {
      zarrc_error_prefix(error, "configuration.filters[%zu]: ", i);
      return status;
    }
  }
  out->nfilters = n;
  return ZARRC_OK;
}

/* Reads the settings that encoding alone needs. */
static zarrc_status parse_encoder(const zarrc_config *config, zarrc_lzma_config *out, zarrc_error *error) {
  zarrc_status status = zarrc_config_int(config, "check", -1, 15, &out->check, error);
  if (!status && zarrc_config_has(config, "preset"))
    status = zarrc_config_int(config, "preset", 0, PRESET_EXTREME | 9, &out->preset, error);
  if (status || out->preset < 0 || (out->preset & ~PRESET_EXTREME) <= 9) return status;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration: there is no preset %" PRId64, out->preset);
}

zarrc_status zarrc_lzma_config_parse(zarrc_codec *codec, zarrc_lzma_config *out, zarrc_error *error) {
  static const char *const keys[] = {"format", "check", "preset", "filters", NULL};
  zarrc_config config;
  zarrc_error why = {0};
  *out = (zarrc_lzma_config){.format = ZARRC_LZMA_XZ, .check = -1, .preset = -1};
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = zarrc_config_int(&config, "format", ZARRC_LZMA_AUTO, ZARRC_LZMA_RAW, &out->format, error);
  if (!status) status = zarrc_codec_forgive(codec, parse_encoder(&config, out, &why), &why, error);
  if (codec->decodes_only) out->check = out->preset = -1;
  if (!status && zarrc_config_has(&config, "filters"))
    status = parse_filters(zarrc_json_get(config.root, "filters"), out, error);
  if (!status && out->format == ZARRC_LZMA_RAW && !out->nfilters)
    status =
        zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.filters must be there for format %d", ZARRC_LZMA_RAW);
  return status;
}

zarrc_status zarrc_lzma_config_check(const zarrc_lzma_config *config, zarrc_error *error) {
  if (config->format == ZARRC_LZMA_AUTO)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.format 0 is for reading only");
  if (config->nfilters && config->preset >= 0)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration has a preset and filters");
  if (config->format != ZARRC_LZMA_XZ && config->check > 0)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.check is for format %d only", ZARRC_LZMA_XZ);
  return ZARRC_OK;
}

/* Appends a number, or null for -1. */
static zarrc_status put_number(zarrc_buf *out, int64_t value, zarrc_error *error) {
  return value < 0 ? zarrc_buf_append(out, "null", 4, error) : zarrc_buf_printf(out, error, "%" PRId64, value);
}

zarrc_status zarrc_lzma_config_to_json(const zarrc_lzma_config *config, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status = zarrc_buf_printf(out, error,
                                         "{\"name\": \"numcodecs.lzma\", \"configuration\": {\"format\": %" PRId64
                                         ", \"check\": %" PRId64 ", \"preset\": ",
                                         config->format, config->check);
  if (!status) status = put_number(out, config->preset, error);
  if (!status) status = zarrc_buf_printf(out, error, ", \"filters\": %s", config->nfilters ? "[" : "null");
  for (size_t k = 0; !status && k < config->nfilters; k++) {
    zarrc_lzma_filter filter = config->filters[k];
    status = zarrc_buf_printf(out, error, "%s{\"id\": %" PRId64, k ? ", " : "", filter.id);
    for (size_t i = 0; !status && i < NMEMBERS; i++)
      if (*member_of(&filter, i) >= 0)
        status = zarrc_buf_printf(out, error, ", \"%s\": %" PRId64, members[i].name, *member_of(&filter, i));
    if (!status) status = zarrc_buf_append(out, "}", 1, error);
  }
  return status ? status : zarrc_buf_printf(out, error, config->nfilters ? "]}}" : "}}");
}
