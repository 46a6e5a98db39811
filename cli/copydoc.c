/* SPDX-License-Identifier: MIT */
/* The zarr.json of a copy: that of the source with other chunks, codecs and keys where asked for. */
#include "codecspec.h"
#include "copy.h"
#include "memstream.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

typedef struct composing {
  const cli_copy_wish *wish;
  const zarrc_array *source;
  cli_span document; /* of the source */
  cli_span sharding; /* configuration of the source's shards; ptr NULL: none */
  int ndim;
  bool given_chunks, given_shards; /* numbers that apply to this array */
  bool sharded;                    /* the copy */
  int64_t chunks[ZARRC_MAX_NDIM];  /* of the copy, inside shards */
  zarrc_buf codecs;                /* JSON from --codecs; ptr NULL: none */
  FILE *out;
} composing;

static void put_span(FILE *out, cli_span span) {
  fwrite(span.ptr, 1, span.len, out);
}

static void put_dims(FILE *out, const int64_t *dims, int ndim) {
  char text[CLI_DIMS];
  fprintf(out, "[%s]", cli_plain_dims(text, dims, ndim));
}

static zarrc_status check_count(const composing *k, const char *name, int n, bool *applies, zarrc_error *error) {
  *applies = cli_copy_applies(n, k->ndim);
  if (n < 0 || *applies || !k->wish->single) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--%s: %d numbers for %d dimensions", name, n, k->ndim);
}

/* Whether a chain from --codecs brings shards of its own. */
static bool has_sharding(const char *codecs) {
  cli_span list = cli_json_value(codecs, strlen(codecs)), codec;
  for (size_t at = 0; cli_json_next(list, &at, NULL, &codec);)
    if (cli_span_is(cli_json_plain(cli_json_member(codec, "name")), "sharding_indexed")) return true;
  return false;
}

/* Decides about shards and chunks. */
static zarrc_status decide(composing *k, zarrc_error *error) {
  const cli_copy_wish *w = k->wish;
  int64_t inner[ZARRC_MAX_NDIM];
  k->ndim = zarrc_array_ndim(k->source);
  bool was_sharded = zarrc_array_inner_chunk_shape(k->source, inner);
  if (was_sharded) k->sharding = cli_sharding_at(k->source, 0);
  zarrc_status status = check_count(k, "chunks", w->nchunks, &k->given_chunks, error);
  if (status == ZARRC_OK) status = check_count(k, "shards", w->nshards, &k->given_shards, error);
  if (status == ZARRC_OK && w->codecs != NULL)
    status =
        cli_codecs_parse(zarrc_array_store(k->source)->ctx, w->codecs, zarrc_array_dtype(k->source), &k->codecs, error);
  if (status != ZARRC_OK) return status;
  bool own = k->codecs.ptr != NULL && has_sharding((const char *)k->codecs.ptr);
  if (own && k->given_shards)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--shards does not go with --codecs that has shards of its own");
  k->sharded = !own && (k->given_shards || (was_sharded && !w->no_shards));
  const zarrc_grid *grid = zarrc_array_grid(k->source);
  for (int i = 0; i < k->ndim; i++)
    k->chunks[i] = k->given_chunks ? w->chunks[i] : was_sharded && !own ? inner[i] : grid->chunk_shape[i];
  for (int i = 0; k->given_shards && i < k->ndim; i++)
    if (w->shards[i] % k->chunks[i] != 0)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "axis %d: shards of %lld cannot hold chunks of %lld", i,
                        (long long)w->shards[i], (long long)k->chunks[i]);
  return ZARRC_OK;
}

static void put_grid(const composing *k) {
  const int64_t *shape = k->given_shards ? k->wish->shards : k->chunks;
  bool same = k->sharded ? !k->given_shards : !k->given_chunks && k->sharding.ptr == NULL;
  if (!same || k->ndim == 0) {
    fputs("{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": ", k->out);
    put_dims(k->out, shape, k->ndim);
    fputs("}}", k->out);
  } else {
    put_span(k->out, cli_json_member(k->document, "chunk_grid"));
  }
}

static void put_inner(const composing *k) {
  if (k->codecs.ptr != NULL)
    fputs((const char *)k->codecs.ptr, k->out);
  else
    put_span(k->out, cli_inner_codecs(k->source));
}

/* The shards of the source with other contents, or new ones. */
static void put_codecs(const composing *k) {
  cli_span key, value;
  bool index = false;
  if (!k->sharded) {
    put_inner(k);
    return;
  }
  fputs("[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": ", k->out);
  put_dims(k->out, k->chunks, k->ndim);
  fputs(", \"codecs\": ", k->out);
  put_inner(k);
  for (size_t at = 0; cli_json_next(k->sharding, &at, &key, &value);) {
    if (cli_span_is(key, "chunk_shape") || cli_span_is(key, "codecs")) continue;
    index |= cli_span_is(key, "index_codecs");
    fputs(", \"", k->out);
    put_span(k->out, key);
    fputs("\": ", k->out);
    put_span(k->out, value);
  }
  if (!index)
    fputs(", \"index_codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}, {\"name\": "
          "\"crc32c\"}]",
          k->out);
  fputs("}}]", k->out);
}

static void put_keys(const composing *k) {
  cli_span old = cli_json_member(k->document, "chunk_key_encoding");
  const char *name = k->wish->key_encoding, *separator = k->wish->separator;
  if (name == NULL && separator == NULL) {
    put_span(k->out, old);
    return;
  }
  if (name == NULL) name = cli_span_is(cli_json_plain(cli_json_member(old, "name")), "v2") ? "v2" : "default";
  if (separator == NULL) separator = strcmp(name, "v2") == 0 ? "." : "/";
  fprintf(k->out, "{\"name\": \"%s\", \"configuration\": {\"separator\": \"%s\"}}", name, separator);
}

static void put_document(const composing *k) {
  cli_span key, value;
  bool comma = false;
  putc('{', k->out);
  for (size_t at = 0; cli_json_next(k->document, &at, &key, &value); comma = true) {
    fputs(comma ? ", \"" : "\"", k->out);
    put_span(k->out, key);
    fputs("\": ", k->out);
    if (cli_span_is(key, "chunk_grid"))
      put_grid(k);
    else if (cli_span_is(key, "codecs"))
      put_codecs(k);
    else if (cli_span_is(key, "chunk_key_encoding"))
      put_keys(k);
    else
      put_span(k->out, value);
  }
  putc('}', k->out);
}

zarrc_status cli_copy_document(const cli_copy_wish *wish, const zarrc_array *source, char **out, size_t *n,
                               zarrc_error *error) {
  const char *metadata = zarrc_array_metadata(source);
  composing k = {.wish = wish, .source = source, .document = cli_json_value(metadata, strlen(metadata))};
  cli_memstream text;
  bool known = zarrc_array_check_readable(source, NULL) == ZARRC_OK;
  zarrc_status status = known ? decide(&k, error) : ZARRC_OK;
  if (status == ZARRC_OK) status = cli_memstream_open(&text, error);
  if (status != ZARRC_OK) goto done;
  k.out = text.out;
  if (known)
    put_document(&k);
  else
    fputs(metadata, k.out);
  status = cli_memstream_close(&text, ZARRC_OK, error);
  if (status != ZARRC_OK) goto done;
  *out = text.text;
  *n = text.len;
done:
  zarrc_buf_clear(&k.codecs);
  return status;
}
