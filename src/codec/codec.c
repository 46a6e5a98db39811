/* SPDX-License-Identifier: MIT */
#include "codec/codec.h"
#include "base/checked.h"
#include "base/sized.h"
#include "base/text.h"
#include "base/values.h"
#include "codec/parsed.h"
#include "codec/registry.h"

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------- open and close */

/* Returns whether codecs of a class store their configuration text: to open a copy with it, or to compare it. */
static bool keeps_text(const zarrc_codec_class *c) {
  return (c->evolve && !c->copy) || (c->instance_size && !c->equal);
}

/* Stores a copy of a configuration text, which may be NULL. */
static zarrc_status keep_text(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  char *copy = NULL;
  if (configuration) {
    copy = zarrc_text_new(codec->ctx, configuration, n);
    if (!copy) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for codec %s", codec->codec_class->name);
  }
  zarrc_free(codec->ctx, codec->configuration);
  codec->configuration = copy;
  codec->configuration_nbytes = copy ? n : 0;
  return ZARRC_OK;
}

/* Names the codec in a failure about its configuration, or about its chunks, and all codecs around it. */
static void blame(zarrc_error *error, const char *name) {
  if (!error || !error->code) return;
  if (error->codec[0])
    zarrc_error_prefix(error, "codec %s: ", name);
  else
    zarrc_text_fit(error->codec, sizeof error->codec, name);
}

/* Allocates a codec with a zeroed instance. */
static zarrc_status codec_new(zarrc_ctx *ctx, const zarrc_codec_class *codec_class, zarrc_codec **out,
                              zarrc_error *error) {
  zarrc_codec *codec = zarrc_malloc(ctx, sizeof *codec + codec_class->instance_size);
  if (!codec) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for codec %s", codec_class->name);
  memset(codec, 0, sizeof *codec + codec_class->instance_size);
  codec->ctx = ctx;
  codec->codec_class = codec_class;
  atomic_init(&codec->nowners, 1);
  *out = codec;
  return ZARRC_OK;
}

/* Returns a new codec to the caller, or closes it after a failure. */
static zarrc_status end_codec(zarrc_codec *codec, zarrc_status status, zarrc_codec **out) {
  if (status)
    zarrc_codec_close(codec);
  else
    *out = codec;
  return status;
}

zarrc_status zarrc_codec_forgive(zarrc_codec *codec, zarrc_status status, const zarrc_error *why, zarrc_error *error) {
  char text[ZARRC_ERROR_TEXT];
  if (status != ZARRC_INVALID_METADATA || !codec->forgives) {
    if (status && error) *error = *why;
    return status;
  }
  if (codec->decodes_only) return ZARRC_OK;
  zarrc_error_text(why, text, sizeof text);
  codec->decodes_only = zarrc_text_new(codec->ctx, text, strlen(text));
  return codec->decodes_only ? ZARRC_OK
                             : zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for codec %s", codec->codec_class->name);
}

/* Reads the configuration. If it is wrong, and decoding does not need it, the codec is opened without. */
static zarrc_status read_configuration(zarrc_codec *codec, const char *text, size_t n, zarrc_error *error) {
  const zarrc_codec_class *c = codec->codec_class;
  zarrc_error why = {0};
  zarrc_status status = c->open(codec, text, n, &why);
  bool forgives = c->self_describing && codec->forgives && status == ZARRC_INVALID_METADATA;
  if (!forgives) {
    if (status && error) *error = why;
    return status;
  }
  if (c->close) c->close(codec);
  memset(codec->instance, 0, c->instance_size);
  codec->node = NULL;
  status = zarrc_codec_forgive(codec, status, &why, error);
  return status ? status : c->open(codec, NULL, 0, error);
}

/* Opens a codec with the text of its configuration (NULL: there is none); node: the same, parsed, or NULL. */
static zarrc_status make_codec(zarrc_ctx *ctx, const zarrc_codec_class *codec_class, const char *text, size_t n,
                               const zarrc_json *node, const zarrc_leniency *lenient, zarrc_codec **out,
                               zarrc_error *error) {
  zarrc_codec *codec = NULL;
  zarrc_status status = codec_new(ctx, codec_class, &codec, error);
  if (status) return status;
  if (keeps_text(codec_class)) {
    status = keep_text(codec, text, n, error);
    text = codec->configuration;
  }
  if (!status) {
    codec->opened = true;
    codec->node = node;
    codec->lenient = lenient;
    codec->forgives = lenient != NULL;
    status = read_configuration(codec, text, n, error);
    codec->node = NULL;
    codec->lenient = NULL;
    if (!status && codec->decodes_only && !codec->configuration) status = keep_text(codec, text, n, error);
    if (status) blame(error, codec_class->name);
  }
  return end_codec(codec, status, out);
}

zarrc_status zarrc_codec_open_config(zarrc_ctx *ctx, const zarrc_codec_class *codec_class, const void *given,
                                     void *config, size_t nbytes, zarrc_codec_set_fn set, zarrc_codec **out,
                                     zarrc_error *error) {
  zarrc_codec *codec = NULL;
  zarrc_status status = given ? zarrc_sized_take(config, nbytes, given, "the config", error) : ZARRC_OK;
  if (status) blame(error, codec_class->name);
  if (!status) status = codec_new(ctx, codec_class, &codec, error);
  if (status) return status;
  codec->opened = true;
  status = set ? set(codec, config, error) : ZARRC_OK;
  if (status) blame(error, codec_class->name);
  return end_codec(codec, status, out);
}

zarrc_status zarrc_codec_get_config(const zarrc_codec *codec, const zarrc_codec_class *codec_class, const void *from,
                                    size_t nbytes, void *config, zarrc_error *error) {
  if (codec->codec_class != codec_class)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the codec is %s, not %s", codec->codec_class->name,
                      codec_class->name);
  zarrc_status status = zarrc_sized_give(config, from, nbytes, "the config", error);
  if (status) blame(error, codec_class->name);
  return status;
}

zarrc_codec *zarrc_codec_share(const zarrc_codec *codec) {
  zarrc_codec *shared = (zarrc_codec *)(uintptr_t)codec;
  atomic_fetch_add_explicit(&shared->nowners, 1, memory_order_relaxed);
  return shared;
}

/* Copies to a codec what is known of another one, besides the settings. */
static zarrc_status copy_state(zarrc_codec *to, const zarrc_codec *from, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  to->forgives = from->forgives;
  if (from->configuration) status = keep_text(to, from->configuration, from->configuration_nbytes, error);
  if (status || !from->decodes_only) return status;
  return zarrc_text_copy(to->ctx, from->decodes_only, strlen(from->decodes_only), &to->decodes_only, error);
}

/* Opens another codec with the same settings, for evolve to change. */
static zarrc_status copy_codec(const zarrc_codec *from, zarrc_codec **out, zarrc_error *error) {
  const zarrc_codec_class *c = from->codec_class;
  zarrc_codec *codec = NULL;
  zarrc_status status;
  if (c->copy) {
    status = codec_new(from->ctx, c, &codec, error);
    if (status) return status;
    codec->opened = true;
    status = c->copy(codec, from, error);
  } else {
    const char *text = from->decodes_only ? NULL : from->configuration;
    status = make_codec(from->ctx, c, text, text ? from->configuration_nbytes : 0, NULL, NULL, &codec, error);
    if (status) return status;
  }
  if (!status) status = copy_state(codec, from, error);
  return end_codec(codec, status, out);
}

zarrc_size zarrc_size_at_most(uint64_t nbytes, uint64_t more) {
  zarrc_size size = {ZARRC_SIZE_AT_MOST, 0};
  return zarrc_add_u64(nbytes, more, &size.nbytes) ? size : (zarrc_size){ZARRC_SIZE_UNKNOWN, 0};
}

zarrc_status zarrc_codec_copy_instance(zarrc_codec *to, const zarrc_codec *from, zarrc_error *error) {
  (void)error;
  memcpy(to->instance, from->instance, from->codec_class->instance_size);
  return ZARRC_OK;
}

zarrc_status zarrc_codec_written_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status =
      zarrc_buf_printf(out, error, "{\"name\": \"%s\", \"configuration\": ", codec->codec_class->name);
  if (!status)
    status = codec->configuration ? zarrc_json_layout(out, codec->configuration, codec->configuration_nbytes, error)
                                  : zarrc_buf_append(out, "{}", 2, error);
  return status ? status : zarrc_buf_append(out, "}", 1, error);
}

/* Gets the name and the configuration (NULL: there is none) of a codec in a document. */
static zarrc_status read_value(const zarrc_json *value, const char **name, size_t *nname,
                               const zarrc_json **configuration, zarrc_error *error) {
  *configuration = NULL;
  *name = zarrc_json_get_string(value, nname);
  if (*name) return ZARRC_OK;
  if (!zarrc_json_is(value, ZARRC_JSON_OBJECT))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "a codec must be an object with a name, or a name, not %s",
                      zarrc_json_kind_name(zarrc_json_get_kind(value)));
  *name = zarrc_json_get_string(zarrc_json_get(value, "name"), nname);
  if (!*name) return zarrc_fail(error, ZARRC_INVALID_METADATA, "a codec has no name, or one that is not a string");
  *configuration = zarrc_json_get(value, "configuration");
  if (!*configuration || zarrc_json_is(*configuration, ZARRC_JSON_OBJECT)) return ZARRC_OK;
  zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration must be an object, not %s",
             zarrc_json_kind_name(zarrc_json_get_kind(*configuration)));
  blame(error, *name);
  return ZARRC_INVALID_METADATA;
}

/* Names a codec that there is not, and what it would need if that is known. */
static zarrc_status fail_unknown(const char *name, zarrc_error *error) {
  static const char *const libraries[] = {"pcodec", "imagecodecs"};
  const char *plain = strncmp(name, "numcodecs.", 10) ? name : name + 10;
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
    if (!strncmp(plain, libraries[i], strlen(libraries[i])))
      return zarrc_fail(error, ZARRC_UNSUPPORTED, "codec %s is not supported: zarrc does not use the library %s", name,
                        libraries[i]);
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "unknown codec %s", name);
}

zarrc_status zarrc_codec_open_parsed(zarrc_ctx *ctx, const zarrc_json *value, const zarrc_leniency *lenient,
                                     zarrc_codec **out, zarrc_error *error) {
  const zarrc_json *configuration;
  const char *name;
  size_t n;
  zarrc_status status = read_value(value, &name, &n, &configuration, error);
  if (status) return status;
  const zarrc_codec_class *codec_class = strlen(name) == n ? zarrc_find_codec(ctx, name) : NULL;
  if (!codec_class) return fail_unknown(name, error);
  const char *text = configuration ? zarrc_json_text(configuration, &n) : NULL;
  return make_codec(ctx, codec_class, text, text ? n : 0, configuration, lenient, out, error);
}

zarrc_status zarrc_codec_open(zarrc_ctx *ctx, const char *json, size_t n, zarrc_codec **out, zarrc_error *error) {
  zarrc_json_doc *doc = NULL;
  zarrc_status status = zarrc_json_parse(ctx, json, n, NULL, &doc, error);
  if (!status) status = zarrc_codec_open_parsed(ctx, zarrc_json_root(doc), NULL, out, error);
  zarrc_json_close(doc);
  return status;
}

void zarrc_codec_close(zarrc_codec *codec) {
  if (!codec || atomic_fetch_sub_explicit(&codec->nowners, 1, memory_order_acq_rel) > 1) return;
  if (codec->opened && codec->codec_class->close) codec->codec_class->close(codec);
  zarrc_free(codec->ctx, codec->configuration);
  zarrc_free(codec->ctx, codec->decodes_only);
  zarrc_free(codec->ctx, codec);
}

/* ------------------------------------------------------------------------------------------- what it is */

const char *zarrc_codec_name(const zarrc_codec *codec) {
  return codec->codec_class->name;
}
zarrc_codec_kind zarrc_codec_get_kind(const zarrc_codec *codec) {
  return codec->codec_class->kind;
}
bool zarrc_codec_is_fixed_size(const zarrc_codec *codec) {
  return codec->codec_class->fixed_size;
}
void *zarrc_codec_instance(const zarrc_codec *codec) {
  return (void *)codec->instance;
}
zarrc_ctx *zarrc_codec_ctx(const zarrc_codec *codec) {
  return codec->ctx;
}
const zarrc_codec_class *zarrc_codec_get_class(const zarrc_codec *codec) {
  return codec->codec_class;
}

static bool same_text(const zarrc_codec *a, const zarrc_codec *b) {
  if (a->configuration_nbytes != b->configuration_nbytes || !a->configuration != !b->configuration) return false;
  return !a->configuration || memcmp(a->configuration, b->configuration, a->configuration_nbytes) == 0;
}

bool zarrc_codec_equal(const zarrc_codec *a, const zarrc_codec *b) {
  const zarrc_codec_class *c = a->codec_class;
  if (c != b->codec_class || !a->decodes_only != !b->decodes_only) return false;
  if (a->decodes_only) return same_text(a, b);
  if (c->equal) return c->equal(a, b);
  if (!c->instance_size || a == b) return true;
  return same_text(a, b);
}

bool zarrc_codec_supports_partial_decode(const zarrc_codec *codec) {
  const zarrc_codec_class *c = codec->codec_class;
  return c->kind == ZARRC_ARRAY_TO_BYTES && c->u.ab.partial_decode;
}

bool zarrc_codec_keeps_parts(const zarrc_codec *codec) {
  const zarrc_codec_class *c = codec->codec_class;
  return c->kind == ZARRC_ARRAY_TO_ARRAY && (c->u.aa.map || c->u.aa.pointwise || c->u.aa.runs);
}

bool zarrc_codec_supports_partial_encode(const zarrc_codec *codec) {
  const zarrc_codec_class *c = codec->codec_class;
  return c->kind == ZARRC_ARRAY_TO_BYTES && c->u.ab.update;
}

static bool is_builtin(const zarrc_codec_class *c) {
  const zarrc_codec_class *const *at = zarrc_builtin_codecs;
  while (*at && *at != c) at++;
  return *at;
}

/* Appends the JSON of a plug-in's codec, on one line. */
static zarrc_status their_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  zarrc_buf json = zarrc_buf_new(codec->ctx, SIZE_MAX / 2);
  zarrc_status status = codec->codec_class->to_json(codec, &json, error);
  if (!status) status = zarrc_json_layout(out, (const char *)json.ptr, json.len, error);
  zarrc_buf_clear(&json);
  return status;
}

zarrc_status zarrc_codec_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const zarrc_codec_class *c = codec->codec_class;
  if (codec->decodes_only && codec->configuration) return zarrc_codec_written_json(codec, out, error);
  if (c->to_json) return is_builtin(c) ? c->to_json(codec, out, error) : their_json(codec, out, error);
  zarrc_status status = zarrc_buf_append(out, "{\"name\": ", 9, error);
  if (!status) status = zarrc_json_put_string(out, c->name, strlen(c->name), error);
  return status ? status : zarrc_buf_append(out, "}", 1, error);
}

/* --------------------------------------------------------------------------- evolve, validate, resolve, size */

/* Replaces the stored configuration text by what the codec now writes. */
static zarrc_status renew_text(zarrc_codec *codec, zarrc_error *error) {
  zarrc_buf json = zarrc_buf_new(codec->ctx, SIZE_MAX / 2);
  zarrc_json_doc *doc = NULL;
  zarrc_status status = zarrc_codec_to_json(codec, &json, error);
  if (!status) status = zarrc_json_parse(codec->ctx, (const char *)json.ptr, json.len, NULL, &doc, error);
  if (!status) {
    const zarrc_json *configuration = zarrc_json_get(zarrc_json_root(doc), "configuration");
    size_t n = 0;
    const char *text = configuration ? zarrc_json_text(configuration, &n) : NULL;
    status = keep_text(codec, text, n, error);
  }
  zarrc_json_close(doc);
  zarrc_buf_clear(&json);
  return status;
}

zarrc_status zarrc_codec_evolve(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_codec **out,
                                zarrc_error *error) {
  const zarrc_codec_class *c = codec->codec_class;
  zarrc_codec *evolved = NULL;
  zarrc_status status = zarrc_spec_check(spec, error);
  if (status) return status;
  if (!c->evolve) {
    *out = zarrc_codec_share(codec);
    return ZARRC_OK;
  }
  status = copy_codec(codec, &evolved, error);
  if (status) return status;
  status = c->evolve(evolved, spec, error);
  if (status)
    blame(error, c->name);
  else if (keeps_text(c) && !evolved->decodes_only)
    status = renew_text(evolved, error);
  return end_codec(evolved, status, out);
}

zarrc_status zarrc_codec_check_encodes(const zarrc_codec *codec, zarrc_error *error) {
  if (!codec->decodes_only) return ZARRC_OK;
  zarrc_fail(error, ZARRC_INVALID_METADATA, "%s", codec->decodes_only);
  blame(error, codec->codec_class->name);
  return ZARRC_INVALID_METADATA;
}

static zarrc_status check_library(const zarrc_codec_class *c, zarrc_error *error) {
  if (!c->missing_library) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "zarrc was built without %s", c->missing_library);
}

zarrc_status zarrc_codec_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                  zarrc_error *error) {
  const zarrc_codec_class *c = codec->codec_class;
  zarrc_status status = zarrc_spec_check(spec, error);
  if (!status && grid) status = ZARRC_CHECK_ROOM(grid, "chunk grid", error);
  if (status) return status;
  status = check_library(c, error);
  if (!status && c->validate) status = c->validate(codec, spec, grid, error);
  if (status) blame(error, c->name);
  return status;
}

zarrc_status zarrc_codec_resolve(const zarrc_codec *codec, const zarrc_spec *in, zarrc_spec *out, zarrc_error *error) {
  const zarrc_codec_class *c = codec->codec_class;
  zarrc_status status = zarrc_spec_check(in, error);
  if (status) return status;
  *out = *in;
  status = c->resolve ? c->resolve(codec, in, out, error) : ZARRC_OK;
  if (status) blame(error, c->name);
  return status;
}

zarrc_size zarrc_codec_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  const zarrc_codec_class *c = codec->codec_class;
  if (c->encoded_size) return c->encoded_size(codec, spec, nbytes);
  if (c->fixed_size || c->kind == ZARRC_ARRAY_TO_ARRAY) return (zarrc_size){ZARRC_SIZE_EXACT, nbytes};
  return (zarrc_size){ZARRC_SIZE_UNKNOWN, 0};
}

uint64_t zarrc_codec_least_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  const zarrc_codec_class *c = codec->codec_class;
  if (c->least_encoded_size) return c->least_encoded_size(codec, spec, nbytes);
  zarrc_size size = zarrc_codec_encoded_size(codec, spec, nbytes);
  return size.kind == ZARRC_SIZE_EXACT ? size.nbytes : nbytes > 0;
}

/* ---------------------------------------------------------------------------------------------- batches */

typedef struct batch {
  const zarrc_codec *codec;
  zarrc_codec_job *jobs;
  bool decode;
} batch;

static zarrc_status check_job_views(const zarrc_codec_job *job, const zarrc_spec *encoded, zarrc_error *error) {
  const zarrc_spec *specs[2] = {job->spec, encoded};
  const zarrc_view *views[2] = {&job->decoded, &job->encoded};
  for (int k = 0; k < (encoded ? 2 : 1); k++) {
    bool fits = views[k]->ndim == specs[k]->ndim && zarrc_dtype_equal(&views[k]->dtype, &specs[k]->dtype);
    for (int i = 0; fits && i < specs[k]->ndim; i++) fits = views[k]->shape[i] == specs[k]->shape[i];
    if (!fits)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT,
                        "the view of the %s chunk has another shape or type than the spec", k ? "encoded" : "decoded");
  }
  return ZARRC_OK;
}

static zarrc_status array_to_array(const zarrc_codec *codec, const zarrc_codec_job *job, bool decode,
                                   zarrc_error *error) {
  const zarrc_codec_class *c = codec->codec_class;
  zarrc_spec encoded;
  zarrc_status status = zarrc_codec_resolve(codec, job->spec, &encoded, error);
  if (!status) status = check_job_views(job, &encoded, error);
  if (status) return status;
  if (c->u.aa.map) {
    zarrc_view mapped;
    c->u.aa.map(codec, &job->decoded, &mapped);
    zarrc_copy(decode ? &mapped : &job->encoded, decode ? &job->encoded : &mapped);
    return ZARRC_OK;
  }
  return decode ? c->u.aa.decode(codec, job->spec, &job->encoded, &job->decoded, error)
                : c->u.aa.encode(codec, job->spec, &job->decoded, &job->encoded, error);
}

static zarrc_status array_to_bytes(const zarrc_codec *codec, const zarrc_codec_job *job, bool decode,
                                   zarrc_error *error) {
  const zarrc_codec_class *c = codec->codec_class;
  zarrc_status status = check_job_views(job, NULL, error);
  if (status) return status;
  if (!decode) return c->u.ab.encode(codec, job->spec, &job->decoded, job->parts, error);
  zarrc_memory_blob blob;
  zarrc_memory_blob_init(&blob, codec->ctx, job->bytes.ptr, job->bytes.len);
  blob.present = true;
  zarrc_region all = zarrc_region_all(job->spec->ndim, job->spec->shape);
  status = c->u.ab.read(codec, job->spec, &blob.blob, &all, &job->decoded, error);
  zarrc_memory_blob_clear(&blob);
  return status;
}

static zarrc_status bytes_to_bytes(const zarrc_codec *codec, const zarrc_codec_job *job, bool decode,
                                   zarrc_error *error) {
  const zarrc_codec_class *c = codec->codec_class;
  if (!decode) {
    zarrc_status status =
        zarrc_parts_push(job->parts, (zarrc_bytes){job->bytes.ptr, job->bytes.len, NULL, NULL}, error);
    return status ? status : c->u.bb.encode(codec, job->parts, error);
  }
  uint64_t max = zarrc_ctx_get_options(codec->ctx)->max_chunk_bytes;
  zarrc_buf out = zarrc_buf_new(codec->ctx, max < SIZE_MAX ? (size_t)max : SIZE_MAX);
  zarrc_status status = c->u.bb.decode(codec, &job->bytes, SIZE_MAX, &out, error);
  if (!status) return zarrc_parts_push(job->parts, zarrc_buf_take(&out), error);
  zarrc_buf_clear(&out);
  return status;
}

static zarrc_status chunk_run(const zarrc_codec *codec, const zarrc_codec_job *job, bool decode, zarrc_error *error) {
  zarrc_status status = check_library(codec->codec_class, error);
  if (!status && !decode) status = zarrc_codec_check_encodes(codec, error);
  if (status) return status;
  switch (codec->codec_class->kind) {
  case ZARRC_ARRAY_TO_ARRAY:
    return array_to_array(codec, job, decode, error);
  case ZARRC_ARRAY_TO_BYTES:
    return array_to_bytes(codec, job, decode, error);
  case ZARRC_BYTES_TO_BYTES:
    return bytes_to_bytes(codec, job, decode, error);
  }
  return ZARRC_OK;
}

static zarrc_status job_run(void *arg, size_t i, zarrc_error *error) {
  const batch *b = arg;
  zarrc_codec_job *job = &b->jobs[i];
  job->status = ZARRC_CHECK_ROOM(job, "job", error);
  if (!job->spec || job->status) return job->status;
  job->status = zarrc_spec_check(job->spec, error);
  if (job->status) return job->status;
  job->status = chunk_run(b->codec, job, b->decode, error);
  if (job->status) zarrc_error_in_codec(error, b->codec->codec_class->name);
  return job->status;
}

static zarrc_status jobs_run(const zarrc_codec *codec, zarrc_codec_job *jobs, size_t n, bool decode,
                             zarrc_error *error) {
  batch b = {codec, jobs, decode};
  for (size_t i = 0; i < n; i++) jobs[i].status = ZARRC_CANCELED;
  return zarrc_for_all(codec->ctx, n, job_run, &b, error);
}

zarrc_status zarrc_codec_encode(const zarrc_codec *codec, zarrc_codec_job *jobs, size_t n, zarrc_error *error) {
  return jobs_run(codec, jobs, n, false, error);
}

zarrc_status zarrc_codec_decode(const zarrc_codec *codec, zarrc_codec_job *jobs, size_t n, zarrc_error *error) {
  return jobs_run(codec, jobs, n, true, error);
}
