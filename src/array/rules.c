/* SPDX-License-Identifier: MIT */
#include "array/rules.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Most bytes of notices. */
#define MAX_NOTICES_NBYTES ((size_t)1 << 16)

zarrc_rules zarrc_rules_open(zarrc_ctx *ctx, bool strict) {
  return (zarrc_rules){.strict = strict, .notices = zarrc_buf_new(ctx, 2 * MAX_NOTICES_NBYTES)};
}

void zarrc_rules_close(zarrc_rules *rules) {
  zarrc_buf_clear(&rules->notices);
}

static zarrc_status notice_add(zarrc_rules *rules, const char *text, zarrc_error *error) {
  if (rules->notices.len > MAX_NOTICES_NBYTES) return ZARRC_OK;
  return zarrc_buf_append(&rules->notices, text, strlen(text) + 1, error);
}

void zarrc_rules_say_where(const zarrc_rules *rules, const char *member, zarrc_error *error) {
  if (!rules->strict) return;
  if (rules->format == 2)
    zarrc_error_append(error, " (Zarr specification 2, \"Arrays\", \"Metadata\")");
  else
    zarrc_error_append(error, " (Zarr specification 3, \"Array metadata\", %.*s)", (int)strcspn(member, ":/"), member);
}

/* Fails with a sentence, and says where the rule is. */
static zarrc_status refuse(const zarrc_rules *rules, const char *text, zarrc_error *error) {
  if (*text != '/') return zarrc_fail(error, ZARRC_INVALID_METADATA, "%s (RFC 8259, section 8.1)", text);
  zarrc_fail(error, ZARRC_INVALID_METADATA, "%s", text);
  zarrc_rules_say_where(rules, text + 1, error);
  return ZARRC_INVALID_METADATA;
}

zarrc_status zarrc_rules_bend(zarrc_rules *rules, zarrc_error *error, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return rules->strict ? refuse(rules, text, error) : notice_add(rules, text, error);
}

zarrc_status zarrc_rules_bend_because(zarrc_rules *rules, const char *member, const zarrc_error *why,
                                      zarrc_error *error) {
  char text[ZARRC_ERROR_TEXT];
  return zarrc_rules_bend(rules, error, "%s: %s", member, zarrc_error_text(why, text, sizeof text));
}

zarrc_status zarrc_rules_note(zarrc_rules *rules, zarrc_error *error, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return notice_add(rules, text, error);
}

const char *zarrc_rules_notice(const zarrc_rules *rules, size_t i) {
  const char *at = (const char *)rules->notices.ptr, *end = at ? at + rules->notices.len : at;
  for (; at < end && i > 0; i--) at += strlen(at) + 1;
  return at < end ? at : NULL;
}

/* ------------------------------------------------------------------------------------------------------- codecs */

/* A codec in a document. */
typedef struct place {
  zarrc_rules *rules;
  const char *name;
  const zarrc_codec *codec; /* NULL: it encodes the index of shards */
  const zarrc_dtype *dtype; /* of the elements that it encodes */
  zarrc_error *error;
} place;

static zarrc_status want_member(const place *p, const zarrc_json *configuration, const char *member) {
  if (zarrc_json_get(configuration, member)) return ZARRC_OK;
  return zarrc_rules_bend(p->rules, p->error, "/codecs: %s: configuration.%s is missing", p->name, member);
}

static zarrc_status want_range(const place *p, const zarrc_json *configuration, const char *member, int64_t min,
                               int64_t max) {
  const zarrc_json *value = zarrc_json_get(configuration, member);
  int64_t x;
  if (!zarrc_json_is(value, ZARRC_JSON_INTEGER)) return ZARRC_OK; /* then the codec decodes only, and that is told */
  if (zarrc_json_get_int64(value, &x) && x >= min && x <= max) return ZARRC_OK;
  size_t n;
  char seen[ZARRC_EXCERPT];
  const char *text = zarrc_json_text(value, &n);
  return zarrc_rules_bend(p->rules, p->error, "/codecs: %s: configuration.%s is %s, outside %" PRId64 " to %" PRId64,
                          p->name, member, zarrc_excerpt(seen, text, n), min, max);
}

static zarrc_status check_blosc(const place *p, const zarrc_json *configuration) {
  static const char *const members[] = {"cname", "clevel", "shuffle", "blocksize"};
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < sizeof members / sizeof *members && !status; i++)
    status = want_member(p, configuration, members[i]);
  if (!status && !zarrc_json_string_is(zarrc_json_get(configuration, "shuffle"), "noshuffle"))
    status = want_member(p, configuration, "typesize");
  int64_t typesize;
  if (!status && zarrc_json_get_int64(zarrc_json_get(configuration, "typesize"), &typesize) && typesize > 255)
    status = zarrc_rules_note(p->rules, p->error,
                              "/codecs: blosc: configuration.typesize is %" PRId64
                              ", more than a frame can say: bytes are not shuffled",
                              typesize);
  if (!status) status = want_range(p, configuration, "clevel", 0, 9);
  return status ? status : want_range(p, configuration, "blocksize", 0, INT32_MAX);
}

/* zarr-python omits the byte order of structs and uses that of the machine, which violates no rule. */
static zarrc_status check_bytes(const place *p, const zarrc_json *configuration) {
  if (!zarrc_dtype_has_endian(p->dtype) || zarrc_json_get(configuration, "endian")) return ZARRC_OK;
  if (p->dtype->type != ZARRC_STRUCT)
    return zarrc_rules_bend(
        p->rules, p->error,
        "/codecs: bytes: configuration.endian is missing: the elements are taken to be little-endian");
  return zarrc_rules_note(p->rules, p->error,
                          "/codecs: bytes: configuration.endian is missing: the fields are taken to be little-endian");
}

static zarrc_status check_sharding(const place *p, const zarrc_json *configuration) {
  static const char *const members[] = {"codecs", "index_codecs"};
  zarrc_status status = ZARRC_OK;
  if (!zarrc_json_is(zarrc_json_get(configuration, "chunk_shape"), ZARRC_JSON_ARRAY))
    status = zarrc_rules_bend(p->rules, p->error, "/codecs: %s: configuration.chunk_shape is not a list", p->name);
  for (size_t i = 0; i < 2 && !status; i++) {
    status = want_member(p, configuration, members[i]);
    if (!status)
      status = zarrc_rules_check_codecs(p->rules, zarrc_json_get(configuration, members[i]),
                                        i == 0 && p->codec ? zarrc_shard_inner(p->codec) : NULL, p->error);
  }
  return status;
}

static zarrc_status check_transpose(const place *p, const zarrc_json *configuration) {
  if (!zarrc_json_is(zarrc_json_get(configuration, "order"), ZARRC_JSON_STRING)) return ZARRC_OK;
  return zarrc_rules_bend(p->rules, p->error, "/codecs: %s: configuration.order is not a list of axes", p->name);
}

static zarrc_status check_endian(const place *p, const zarrc_json *configuration) {
  (void)configuration;
  return zarrc_rules_bend(p->rules, p->error, "/codecs: the codec bytes goes by its old name, endian");
}

static zarrc_status check_gzip(const place *p, const zarrc_json *configuration) {
  return want_member(p, configuration, "level");
}

/* Of a level above 22 it has been told that the codec decodes only. */
static zarrc_status check_zstd(const place *p, const zarrc_json *configuration) {
  int64_t level;
  bool is_above = zarrc_json_get_int64(zarrc_json_get(configuration, "level"), &level) && level > 22;
  zarrc_status status = want_member(p, configuration, "level");
  return status || is_above ? status : want_range(p, configuration, "level", -131072, 22);
}

static zarrc_status check_codec(place p, const zarrc_json *codec) {
  static const struct {
    const char *name;
    zarrc_status (*check)(const place *, const zarrc_json *);
  } checks[] = {{"blosc", check_blosc},
                {"bytes", check_bytes},
                {"endian", check_endian},
                {"gzip", check_gzip},
                {"zstd", check_zstd},
                {"transpose", check_transpose},
                {"sharding_indexed", check_sharding}};
  static const char *const members[] = {"name", "configuration", "must_understand", NULL};
  const zarrc_json *name = zarrc_json_is(codec, ZARRC_JSON_STRING) ? codec : zarrc_json_get(codec, "name");
  zarrc_status status = ZARRC_OK;
  zarrc_error why;
  if (zarrc_json_is(codec, ZARRC_JSON_OBJECT) && zarrc_json_check_keys(codec, members, &why))
    status = zarrc_rules_bend_because(p.rules, "/codecs", &why, p.error);
  for (size_t i = 0; i < sizeof checks / sizeof *checks && !status; i++) {
    p.name = checks[i].name;
    if (zarrc_json_string_is(name, p.name)) status = checks[i].check(&p, zarrc_json_get(codec, "configuration"));
  }
  return status;
}

zarrc_status zarrc_rules_check_codecs(zarrc_rules *rules, const zarrc_json *codecs, const zarrc_pipeline *pipeline,
                                      zarrc_error *error) {
  static const zarrc_dtype offsets = {.type = ZARRC_UINT64, .item_size = 8};
  zarrc_spec spec = {.dtype = offsets}, encoded;
  size_t ncodecs = pipeline ? zarrc_pipeline_ncodecs(pipeline) : 0;
  zarrc_status status = ZARRC_OK;
  if (pipeline) spec = *zarrc_pipeline_spec(pipeline);
  for (size_t i = 0; i < zarrc_json_length(codecs) && !status; i++) {
    const zarrc_codec *codec = i < ncodecs ? zarrc_pipeline_codec(pipeline, i) : NULL;
    status = check_codec((place){rules, NULL, codec, &spec.dtype, error}, zarrc_json_at(codecs, i));
    if (status || !codec) continue;
    status = zarrc_codec_resolve(codec, &spec, &encoded, error);
    spec = encoded;
  }
  return status;
}

zarrc_status zarrc_rules_check_chain(zarrc_rules *rules, const zarrc_pipeline *pipeline, zarrc_error *error) {
  const zarrc_spec *chunk = zarrc_pipeline_spec(pipeline);
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < zarrc_pipeline_ncodecs(pipeline) && !status; i++) {
    const zarrc_pipeline *inner = zarrc_shard_inner(zarrc_pipeline_codec(pipeline, i));
    if (!inner) continue;
    bool divides = true;
    for (int k = 0; k < chunk->ndim; k++) divides &= chunk->shape[k] % zarrc_pipeline_spec(inner)->shape[k] == 0;
    if (!divides)
      status = zarrc_rules_note(rules, error,
                                "/codecs: zarr-python and zarrs cannot open this array: they want the inner chunks of "
                                "sharding_indexed to divide the chunk as it is in front of transpose");
    if (!status) status = zarrc_rules_check_chain(rules, inner, error);
  }
  return status;
}
