/* SPDX-License-Identifier: MIT */
/* zarrc encode and decode: run one chunk through the codecs of an array. */
#include "cli.h"
#include "file.h"
#include "json.h"
#include "stream.h"
#include "text.h"
#include "values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The largest encoded chunk that is read. A chunk within the default max_chunk cannot encode to more. */
#define MAX_INPUT ((uint64_t)16 << 30)

typedef struct coding {
  cli *c;
  zarrc_ctx *ctx;
  cli_node node;
  zarrc_pipeline *pipeline; /* for a whole chunk, even if the array is smaller */
  zarrc_dtype dtype;        /* of the raw elements */
  zarrc_view view;
  cli_slab_memory memory;
  uint64_t nitems, nbytes; /* of the raw chunk; nbytes 0: the length is variable */
  char *input;
  size_t ninput;
  cli_output out;
  bool none; /* the chunk encodes to nothing: no output is written */
} coding;

/* ----------------------------------------------------------------------------------------------------- opening */

static zarrc_status open_pipeline(coding *k, zarrc_error *error) {
  const zarrc_grid *grid = zarrc_array_grid(k->node.array);
  const char *codecs = zarrc_array_codecs(k->node.array);
  zarrc_spec spec = {.dtype = *zarrc_array_dtype(k->node.array), .fill = zarrc_array_fill(k->node.array)};
  size_t nbytes;
  spec.ndim = zarrc_array_ndim(k->node.array);
  for (int i = 0; i < spec.ndim; i++) {
    bool edges =
        grid->kind == ZARRC_RECTILINEAR && zarrc_grid_nchunks(grid, i, zarrc_array_shape(k->node.array)[i]) > 0;
    spec.shape[i] = edges ? zarrc_grid_edge(grid, i, 0) : grid->chunk_shape[i];
  }
  zarrc_status status = zarrc_spec_nbytes(k->ctx, &spec, &nbytes, error);
  if (!status) status = zarrc_pipeline_open(k->ctx, codecs, strlen(codecs), &spec, &k->pipeline, error);
  if (status) return status;
  k->dtype = spec.dtype;
  k->dtype.endian = ZARRC_LITTLE;
  k->nitems = cli_product(spec.shape, spec.ndim);
  k->nbytes = zarrc_dtype_is_variable(&k->dtype) ? 0 : nbytes;
  k->view = zarrc_view_c(&k->dtype, spec.ndim, spec.shape, NULL);
  return ZARRC_OK;
}

static zarrc_status read_input(coding *k, uint64_t max, zarrc_error *error) {
  cli_input in;
  zarrc_status status = cli_input_open(cli_value(k->c, CLI_INPUT), &in, error);
  cli_about(k->c, in.name);
  if (!status) status = cli_input_all(&in, max, &k->input, &k->ninput, error);
  cli_input_close(&in);
  return status;
}

/* Makes room for the elements of the chunk. */
static zarrc_status take_memory(coding *k, zarrc_error *error) {
  zarrc_status status = cli_slab_memory_take(&k->memory, k->ctx, &k->dtype, k->nitems, error);
  k->view.data = k->memory.data;
  k->view.arena = k->memory.arena;
  return status;
}

static zarrc_status open_output(coding *k, zarrc_error *error) {
  const char *path = cli_value(k->c, CLI_OUTPUT);
  if (k->c->json && cli_is_stream(path))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--json and the data do not fit on one stream: -o FILE is needed");
  zarrc_status status = cli_output_open(path, true, cli_has(k->c, CLI_FORCE), &k->out, error);
  if (status == ZARRC_INVALID_ARGUMENT) snprintf(k->c->hint, sizeof k->c->hint, "-f, or -o FILE");
  return status;
}

/* ------------------------------------------------------------------------------------------------------- stages */

/* Prints one line of --verbose. The ratio is that of decoded to encoded bytes in both directions. */
static void tell(const char *name, uint64_t from, uint64_t to, bool encoding) {
  uint64_t decoded = encoding ? from : to, encoded = encoding ? to : from;
  fprintf(stderr, "%-18s %12llu -> %12llu bytes", name, (unsigned long long)from, (unsigned long long)to);
  if (from > 0 && to > 0) fprintf(stderr, "  ratio %.2f", (double)decoded / (double)encoded);
  putc('\n', stderr);
}

static const zarrc_codec *codec_at(const coding *k, size_t i) {
  return zarrc_pipeline_codec(k->pipeline, i);
}

/* Computes the spec of the chunk before each codec. */
static zarrc_status resolve_specs(const coding *k, zarrc_spec *specs, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  specs[0] = *zarrc_pipeline_spec(k->pipeline);
  for (size_t i = 0; i < zarrc_pipeline_ncodecs(k->pipeline) && !status; i++)
    status = zarrc_codec_resolve(codec_at(k, i), &specs[i], &specs[i + 1], error);
  return status;
}

/* Returns how many bytes the first n codecs encode the chunk to. */
static zarrc_status size_behind(const coding *k, size_t n, uint64_t *nbytes, zarrc_error *error) {
  const zarrc_spec *spec = zarrc_pipeline_spec(k->pipeline);
  zarrc_buf json = zarrc_buf_new(k->ctx, SIZE_MAX / 2);
  zarrc_pipeline *part = NULL;
  zarrc_parts parts;
  zarrc_status status = ZARRC_OK;
  zarrc_parts_init(&parts, k->ctx);
  for (size_t i = 0; i < n && !status; i++) {
    status = zarrc_buf_append(&json, i == 0 ? "[" : ",", 1, error);
    if (!status) status = zarrc_codec_to_json(codec_at(k, i), &json, error);
  }
  if (!status) status = zarrc_buf_append(&json, "]", 1, error);
  if (!status) status = zarrc_pipeline_open(k->ctx, (const char *)json.ptr, json.len, spec, &part, error);
  if (!status) status = zarrc_encode(part, &k->view, &parts, error);
  *nbytes = parts.nbytes;
  zarrc_parts_clear(&parts);
  zarrc_pipeline_close(part);
  zarrc_buf_clear(&json);
  return status;
}

static zarrc_status tell_encoding(const coding *k, uint64_t nraw, zarrc_error *error) {
  size_t n = zarrc_pipeline_ncodecs(k->pipeline);
  uint64_t before = nraw, behind;
  for (size_t i = 0; i < n; i++) {
    behind = before;
    if (zarrc_codec_get_kind(codec_at(k, i)) != ZARRC_ARRAY_TO_ARRAY) {
      zarrc_status status = size_behind(k, i + 1, &behind, error);
      if (status) return status;
    }
    tell(zarrc_codec_name(codec_at(k, i)), before, behind, true);
    before = behind;
  }
  return ZARRC_OK;
}

/* Decodes codec by codec, as far as that succeeds, and prints the sizes. Errors are left to the real decoding. */
static void tell_decoding(const coding *k, uint64_t nraw) {
  size_t n = zarrc_pipeline_ncodecs(k->pipeline);
  zarrc_spec specs[ZARRC_MAX_CODECS + 1];
  zarrc_parts parts[2];
  zarrc_bytes bytes = {.ptr = (const uint8_t *)k->input, .len = k->ninput};
  if (resolve_specs(k, specs, NULL)) return;
  zarrc_parts_init(&parts[0], k->ctx);
  zarrc_parts_init(&parts[1], k->ctx);
  for (size_t i = n; i-- > 0;) {
    zarrc_codec_kind kind = zarrc_codec_get_kind(codec_at(k, i));
    zarrc_codec_job job = {.spec = &specs[i], .bytes = bytes, .parts = &parts[i % 2]};
    uint64_t before = bytes.len, behind = nraw;
    if (kind == ZARRC_ARRAY_TO_ARRAY) {
      before = nraw;
    } else if (kind == ZARRC_BYTES_TO_BYTES) {
      zarrc_parts_clear(job.parts);
      if (zarrc_codec_decode(codec_at(k, i), &job, 1, NULL)) break;
      if (zarrc_parts_join(job.parts, &bytes, NULL)) break;
      behind = bytes.len;
    }
    tell(zarrc_codec_name(codec_at(k, i)), before, behind, false);
  }
  zarrc_parts_clear(&parts[0]);
  zarrc_parts_clear(&parts[1]);
}

/* ----------------------------------------------------------------------------------------------------- the verbs */

static void put_report(const coding *k) {
  cli_json j;
  if (!k->c->json) return;
  cli_json_begin(&j, stdout, k->c->args.verb->name);
  cli_json_string(&j, "output", k->none ? NULL : k->out.name);
  cli_json_uint(&j, "input_nbytes", k->ninput);
  cli_json_uint(&j, "output_nbytes", k->out.total);
  cli_json_end(&j);
}

static void close_coding(coding *k) {
  cli_output_close(&k->out);
  cli_slab_memory_clear(&k->memory);
  free(k->input);
  zarrc_pipeline_close(k->pipeline);
  cli_node_close(&k->node);
  zarrc_ctx_close(k->ctx);
}

static zarrc_status start(coding *k, zarrc_error *error) {
  zarrc_status status = cli_ctx_open(k->c, CLI_HALF, &k->ctx, error);
  if (!status) status = cli_metadata_open(k->c, k->ctx, &k->node, error);
  return status ? status : open_pipeline(k, error);
}

static zarrc_status take_raw(coding *k, zarrc_error *error) {
  bool variable = zarrc_dtype_is_variable(&k->dtype);
  zarrc_status status = read_input(k, MAX_INPUT, error);
  if (status) return status;
  if (!variable && k->ninput != k->nbytes)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%zu bytes of elements, a chunk has %llu", k->ninput,
                      (unsigned long long)k->nbytes);
  if (variable && k->nitems > k->ninput / 4)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%zu bytes are too few for %llu elements", k->ninput,
                      (unsigned long long)k->nitems);
  k->view.data = k->input;
  if (!variable) return ZARRC_OK;
  status = take_memory(k, error);
  if (!status) status = cli_texts_read((const uint8_t *)k->input, k->ninput, k->memory.data, k->nitems, error);
  return status;
}

zarrc_status cli_encode(cli *c, zarrc_error *error) {
  coding k = {.c = c, .out.fd = -1};
  zarrc_parts parts;
  zarrc_status status = start(&k, error);
  zarrc_parts_init(&parts, k.ctx);
  if (!status) status = take_raw(&k, error);
  if (!status) status = open_output(&k, error);
  if (!status) status = zarrc_encode(k.pipeline, &k.view, &parts, error);
  if (!status && parts.nitems == 0) {
    k.none = true;
    fputs("encode: a shard of nothing but fill value has no bytes: nothing is written, none is to be stored\n", stderr);
    goto done;
  }
  if (!status && c->verbose) status = tell_encoding(&k, k.ninput, error);
  for (size_t i = 0; i < parts.nitems && !status; i++)
    status = cli_output_write(&k.out, parts.items[i].ptr, parts.items[i].len, error);
  if (!status) status = cli_output_finish(&k.out, error);
done:
  if (!status) put_report(&k);
  zarrc_parts_clear(&parts);
  close_coding(&k);
  return status;
}

/* Returns the size of the decoded elements in raw form. */
static uint64_t raw_size(const coding *k) {
  const zarrc_text *texts = k->memory.data;
  uint64_t nbytes = 4 * k->nitems;
  if (!zarrc_dtype_is_variable(&k->dtype)) return k->nbytes;
  for (uint64_t i = 0; i < k->nitems; i++) nbytes += texts[i].len;
  return nbytes;
}

zarrc_status cli_decode(cli *c, zarrc_error *error) {
  coding k = {.c = c, .out.fd = -1};
  zarrc_memory_blob blob = {0};
  zarrc_status status = start(&k, error);
  if (!status) status = read_input(&k, MAX_INPUT, error);
  if (!status) status = take_memory(&k, error);
  if (!status) status = open_output(&k, error);
  if (!status) {
    zarrc_memory_blob_init(&blob, k.ctx, k.input, k.ninput);
    status = zarrc_read(k.pipeline, &blob.blob, NULL, &k.view, NULL, error);
    if (c->verbose && (!status || zarrc_status_exit_code(status) == 6))
      tell_decoding(&k, !status ? raw_size(&k) : k.nbytes);
    zarrc_memory_blob_clear(&blob);
  }
  if (!status && zarrc_dtype_is_variable(&k.dtype))
    status = cli_texts_write(&k.out, k.memory.data, k.nitems, error);
  else if (!status)
    status = cli_output_write(&k.out, k.memory.data, (size_t)k.nbytes, error);
  if (!status) status = cli_output_finish(&k.out, error);
  if (!status) put_report(&k);
  close_coding(&k);
  return status;
}
