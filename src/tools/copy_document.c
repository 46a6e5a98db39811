/* SPDX-License-Identifier: MIT */
/* The document of a copied array: that of the source, with the chunks, codecs and keys of the options. It is a
 * zarr.json, of which a copy of format 2 is made; but a .zarray if neither format nor anything else changes. */
#include "tools/copy.h"

#include "base/json.h"

#include <string.h>

typedef struct composing {
  zarrc_copier *k;
  const zarrc_array *source;
  zarrc_json_doc *document, *codecs; /* of the source */
  const zarrc_json *sharding;        /* configuration of the source's sharding codec; NULL: none */
  int ndim;
  bool given_chunks, given_shards; /* the shapes of the options apply to this array */
  bool sharded;                    /* the copy has shards */
  int64_t chunks[ZARRC_MAX_NDIM];  /* chunk shape of the copy; in shards, of inner chunks */
  zarrc_buf chain;                 /* the codecs of the options as JSON; empty: none are given */
  zarrc_buf *out;
  zarrc_status status; /* of the first write that failed */
  zarrc_error *error;
} composing;

/* ---------------------------------------------------------------------------------------------------- deciding */

static zarrc_status refuse(composing *c, const char *option, const char *why) {
  c->k->work.report.option = option;
  return zarrc_fail(c->error, ZARRC_INVALID_ARGUMENT, "%s", why);
}

static zarrc_status check_count(composing *c, const char *option, const int64_t *shape, int n, bool *applies) {
  *applies = zarrc_copy_applies(shape, n, c->ndim);
  if (!shape || *applies || !c->k->plan.single) return ZARRC_OK;
  c->k->work.report.option = option;
  return zarrc_fail(c->error, ZARRC_INVALID_ARGUMENT, "%d numbers for %d dimensions", n, c->ndim);
}

static zarrc_status read_chain(composing *c) {
  zarrc_status status = ZARRC_OK;
  if (c->k->options.codecs)
    status = zarrc_codecs_from_text(c->k->options.codecs, zarrc_array_dtype(c->source), &c->chain, c->error);
  if (status) c->k->work.report.option = "codecs";
  return status;
}

/* Returns whether the codecs of the options contain sharding. An invalid list is refused later. */
static bool has_sharding(const composing *c) {
  zarrc_json_doc *doc;
  bool found = false;
  if (c->chain.len == 0) return false;
  if (zarrc_json_parse(c->k->ctx, (const char *)c->chain.ptr, c->chain.len, NULL, &doc, NULL)) return false;
  const zarrc_json *list = zarrc_json_root(doc);
  for (size_t i = 0; i < zarrc_json_length(list); i++)
    found |= zarrc_json_string_is(zarrc_json_get(zarrc_json_at(list, i), "name"), "sharding_indexed");
  zarrc_json_close(doc);
  return found;
}

static zarrc_status check_divisible(const composing *c) {
  const int64_t *shards = c->k->options.shard_shape;
  for (int i = 0; c->given_shards && i < c->ndim; i++)
    if (shards[i] % c->chunks[i] != 0)
      return zarrc_fail(c->error, ZARRC_INVALID_ARGUMENT, "axis %d: shards of %lld cannot hold chunks of %lld", i,
                        (long long)shards[i], (long long)c->chunks[i]);
  return ZARRC_OK;
}

/* Decides on the shard and chunk shapes. */
static zarrc_status decide(composing *c) {
  const zarrc_copy_options *o = &c->k->options;
  int64_t inner[ZARRC_MAX_NDIM];
  bool was_sharded = zarrc_array_inner_chunk_shape(c->source, inner);
  if (was_sharded) c->sharding = zarrc_json_get(zarrc_json_at(zarrc_json_root(c->codecs), 0), "configuration");
  zarrc_status status = check_count(c, "chunk_shape", o->chunk_shape, o->nchunk_shape, &c->given_chunks);
  if (!status) status = check_count(c, "shard_shape", o->shard_shape, o->nshard_shape, &c->given_shards);
  if (!status) status = read_chain(c);
  if (status) return status;
  bool own = has_sharding(c);
  if (own && c->given_shards)
    return refuse(c, "shard_shape", "does not go with a list of codecs that has shards of its own");
  c->sharded = !own && (c->given_shards || (was_sharded && !o->no_shards));
  const zarrc_grid *grid = zarrc_array_grid(c->source);
  for (int i = 0; i < c->ndim; i++)
    c->chunks[i] = c->given_chunks ? o->chunk_shape[i] : was_sharded && !own ? inner[i] : grid->chunk_shape[i];
  return check_divisible(c);
}

/* ----------------------------------------------------------------------------------------------------- writing */

static void put(composing *c, const char *text, size_t n) {
  if (!c->status) c->status = zarrc_buf_append(c->out, text, n, c->error);
}

static void put_text(composing *c, const char *text) {
  put(c, text, strlen(text));
}

static void put_value(composing *c, const zarrc_json *value) {
  size_t n;
  const char *text = zarrc_json_text(value, &n);
  put(c, text, n);
}

static void put_key(composing *c, const char *key, bool first) {
  if (!first) put_text(c, ", ");
  if (!c->status) c->status = zarrc_json_put_string(c->out, key, strlen(key), c->error);
  put_text(c, ": ");
}

static void put_shape(composing *c, const int64_t *shape) {
  put_text(c, "[");
  for (int i = 0; i < c->ndim; i++)
    if (!c->status) c->status = zarrc_buf_printf(c->out, c->error, "%s%lld", i > 0 ? ", " : "", (long long)shape[i]);
  put_text(c, "]");
}

static void put_grid(composing *c, const zarrc_json *old) {
  const int64_t *shape = c->given_shards ? c->k->options.shard_shape : c->chunks;
  bool same = c->sharded ? !c->given_shards : !c->given_chunks && !c->sharding;
  if (same && c->ndim > 0) {
    put_value(c, old);
    return;
  }
  put_text(c, "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": ");
  put_shape(c, shape);
  put_text(c, "}}");
}

/* The codecs of Python objects are of format 2; others read them in format 3 only from zarrc. What takes their place
 * stores the same elements. */
static const struct {
  const char *name, *instead;
} of_objects[] = {
    {"numcodecs.json2", "vlen-utf8"}, {"numcodecs.msgpack2", "vlen-utf8"}, {"numcodecs.vlen-array", "vlen-bytes"}};

static const char *instead_of(const zarrc_json *name) {
  for (size_t i = 0; i < sizeof of_objects / sizeof *of_objects; i++)
    if (zarrc_json_string_is(name, of_objects[i].name)) return of_objects[i].instead;
  return NULL;
}

/* Writes the codecs of the source. Without categorize, strings are stored as such. In format 3 a struct has one byte
 * order: that of `bytes`. */
static void put_chain(composing *c, const zarrc_json *list) {
  bool any = false, categorized = false;
  put_text(c, "[");
  for (size_t i = 0; i < zarrc_json_length(list); i++) {
    const zarrc_json *codec = zarrc_json_at(list, i), *name = zarrc_json_get(codec, "name");
    const char *instead = instead_of(name);
    if (zarrc_json_string_is(name, "numcodecs.categorize")) {
      categorized = true;
      continue;
    }
    if (c->k->options.zarr_format != 2 && zarrc_json_string_is(name, "zarrc.field_order")) continue;
    if (any) put_text(c, ", ");
    any = true;
    if (categorized && zarrc_json_string_is(name, "bytes"))
      instead = zarrc_array_dtype(c->source)->type == ZARRC_STRING ? "vlen-utf8" : "bytes";
    if (!instead)
      put_value(c, codec);
    else if (!c->status)
      c->status = zarrc_buf_printf(c->out, c->error, "{\"name\": \"%s\", \"configuration\": {%s}}", instead,
                                   strcmp(instead, "bytes") ? "" : "\"endian\": \"little\"");
  }
  put_text(c, "]");
}

static void put_inner(composing *c) {
  if (c->chain.len > 0)
    put(c, (const char *)c->chain.ptr, c->chain.len);
  else
    put_chain(c, c->sharding ? zarrc_json_get(c->sharding, "codecs") : zarrc_json_root(c->codecs));
}

/* Writes the codecs: inside the source's sharding codec, inside a new one, or without. */
static void put_codecs(composing *c) {
  bool index = false;
  if (!c->sharded) {
    put_inner(c);
    return;
  }
  put_text(c, "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": ");
  put_shape(c, c->chunks);
  put_text(c, ", \"codecs\": ");
  put_inner(c);
  for (size_t i = 0; i < zarrc_json_length(c->sharding); i++) {
    const char *key = zarrc_json_key(c->sharding, i);
    if (!strcmp(key, "chunk_shape") || !strcmp(key, "codecs")) continue;
    index |= !strcmp(key, "index_codecs");
    put_key(c, key, false);
    put_value(c, zarrc_json_at(c->sharding, i));
  }
  if (!index)
    put_text(c, ", \"index_codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}, {\"name\": "
                "\"crc32c\"}]");
  put_text(c, "}}]");
}

static void put_keys(composing *c, const zarrc_json *old) {
  const char *name = c->k->options.chunk_key_encoding;
  char separator = c->k->options.separator;
  const zarrc_json *was = zarrc_json_is(old, ZARRC_JSON_STRING) ? old : zarrc_json_get(old, "name");
  if (!name && c->k->options.zarr_format == 2 && !zarrc_json_string_is(was, "v2")) name = "v2";
  if (!name && !separator) {
    put_value(c, old);
    return;
  }
  if (!name) name = zarrc_json_string_is(was, "v2") ? "v2" : "default";
  if (!separator) separator = !strcmp(name, "v2") ? '.' : '/';
  if (!c->status)
    c->status = zarrc_buf_printf(c->out, c->error, "{\"name\": \"%s\", \"configuration\": {\"separator\": \"%c\"}}",
                                 name, separator);
}

static void put_document(composing *c) {
  const zarrc_json *root = zarrc_json_root(c->document);
  put_text(c, "{");
  for (size_t i = 0; i < zarrc_json_length(root); i++) {
    const char *key = zarrc_json_key(root, i);
    const zarrc_json *value = zarrc_json_at(root, i);
    put_key(c, key, i == 0);
    if (!strcmp(key, "chunk_grid"))
      put_grid(c, value);
    else if (!strcmp(key, "codecs"))
      put_codecs(c);
    else if (!strcmp(key, "chunk_key_encoding"))
      put_keys(c, value);
    else
      put_value(c, value);
  }
  put_text(c, "}");
}

/* Returns whether the copy has the document of the source, which is of format 2. */
static bool is_same_2(const zarrc_copier *k, const zarrc_array *source) {
  const zarrc_copy_options *o = &k->options;
  int ndim = zarrc_array_ndim(source);
  return o->zarr_format == 2 && zarrc_array_format(source) == 2 && !o->codecs && !o->chunk_key_encoding &&
         !o->separator && !zarrc_copy_applies(o->chunk_shape, o->nchunk_shape, ndim) && !o->shard_shape;
}

zarrc_status zarrc_copy_document(zarrc_copier *k, const zarrc_array *source, zarrc_buf *out, zarrc_error *error) {
  const char *codecs = zarrc_array_codecs(source);
  zarrc_buf metadata = zarrc_buf_new(k->ctx, SIZE_MAX / 2);
  composing c = {.k = k,
                 .source = source,
                 .ndim = zarrc_array_ndim(source),
                 .chain = zarrc_buf_new(k->ctx, SIZE_MAX / 2),
                 .out = out,
                 .error = error};
  if (is_same_2(k, source)) return zarrc_array_document(source, 2, out, error);
  if (zarrc_array_check_readable(source, NULL)) return zarrc_array_document(source, 3, out, error);
  zarrc_status status = zarrc_array_description(source, &metadata, error);
  if (!status)
    status = zarrc_json_parse(k->ctx, (const char *)metadata.ptr, metadata.len, "attributes", &c.document, error);
  if (!status) status = zarrc_json_parse(k->ctx, codecs, strlen(codecs), NULL, &c.codecs, error);
  if (!status) status = decide(&c);
  if (!status) put_document(&c);
  zarrc_json_close(c.document);
  zarrc_json_close(c.codecs);
  zarrc_buf_clear(&c.chain);
  zarrc_buf_clear(&metadata);
  return status ? status : c.status;
}
