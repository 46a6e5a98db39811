/* SPDX-License-Identifier: MIT */
/* zarrc get: writes elements of an array to a file or stream. */
#include "describe.h"
#include "json.h"
#include "memstream.h"
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct getting {
  cli *c;
  cli_node node;
  cli_selection selection;
  cli_format format;
  cli_output out;
  cli_values values;
  uint64_t memory;
  bool wrapped; /* the elements are the member "data" of the JSON document */
} getting;

static zarrc_status choose_format(getting *g, zarrc_error *error) {
  const char *name = cli_value(g->c, CLI_FORMAT), *path = cli_value(g->c, CLI_OUTPUT);
  bool stream = cli_is_stream(path);
  g->format = !path || g->c->json ? CLI_FORMAT_JSON : CLI_FORMAT_NPY;
  if (name) {
    cli_format_from_name(name, &g->format);
  } else if (!stream && !cli_format_from_path(path, &g->format)) {
    snprintf(g->c->hint, sizeof g->c->hint, "--format npy");
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the name '%.200s' does not tell the format", path);
  }
  g->wrapped = g->c->json && stream;
  if (g->wrapped && g->format != CLI_FORMAT_JSON)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--json and %s do not fit on one stream: -o FILE is needed",
                      cli_format_name(g->format));
  return ZARRC_OK;
}

/* Prints the JSON document; if the elements are part of it, only what comes before them. */
static zarrc_status put_document(getting *g, zarrc_error *error) {
  cli_json j;
  cli_memstream text;
  zarrc_status status = cli_memstream_open(&text, error);
  if (status) return status;
  cli_json_begin(&j, text.out, "get");
  cli_json_string(&j, "url", g->node.url);
  cli_json_dims(&j, "shape", g->selection.shape, g->selection.ndim);
  status = cli_json_dtype(&j, "data_type", g->node.ctx, zarrc_array_dtype(g->node.array), error);
  if (g->wrapped) {
    fputs(", \"data\": ", text.out);
  } else {
    cli_json_string(&j, "output", g->out.name);
    cli_json_string(&j, "format", cli_format_name(g->format));
    cli_json_uint(&j, "nbytes", g->out.total);
    cli_json_end(&j);
  }
  status = cli_memstream_close(&text, status, error);
  if (!status && g->wrapped) status = cli_output_text(&g->out, text.text, error);
  if (!status && !g->wrapped) fputs(text.text, stdout);
  free(text.text);
  return status;
}

static zarrc_status write_out(getting *g, zarrc_error *error) {
  const zarrc_dtype *dtype = zarrc_array_dtype(g->node.array);
  cli_progress progress;
  zarrc_status status = cli_output_open(cli_value(g->c, CLI_OUTPUT), cli_format_is_binary(g->format),
                                        cli_has(g->c, CLI_FORCE), &g->out, error);
  if (status == ZARRC_INVALID_ARGUMENT) snprintf(g->c->hint, sizeof g->c->hint, "-f, or -o FILE");
  if (!status && g->wrapped) status = put_document(g, error);
  if (!status)
    status = cli_values_begin(&g->values, g->node.ctx, g->format, dtype, g->selection.ndim, g->selection.shape, &g->out,
                              error);
  if (status == ZARRC_UNSUPPORTED) snprintf(g->c->hint, sizeof g->c->hint, "--format json");
  if (status) return status;
  cli_progress_start(&progress, g->c, NULL, g->selection.nitems * dtype->item_size);
  status = cli_read_values(g->node.array, &g->selection, g->memory, &g->values, &progress, error);
  cli_progress_end(&progress);
  if (status == ZARRC_UNSUPPORTED && !*error->key) snprintf(g->c->hint, sizeof g->c->hint, "--format json");
  if (!status) status = cli_values_end(&g->values, error);
  if (!status && g->wrapped) status = cli_output_text(&g->out, "}\n", error);
  if (!status) status = cli_output_finish(&g->out, error);
  return status;
}

zarrc_status cli_get(cli *c, zarrc_error *error) {
  zarrc_ctx *ctx = NULL;
  getting g = {.c = c, .out.fd = -1};
  int64_t inner[ZARRC_MAX_NDIM];
  zarrc_status status = choose_format(&g, error);
  if (!status) status = cli_memory_option(c, &g.memory, error);
  if (!status) status = cli_ctx_open(c, CLI_HALF, &ctx, error);
  if (!status) status = cli_array_open(c, ctx, c->args.operand[0], false, NULL, &g.node, error);
  if (!status)
    status = cli_selection_parse(cli_value(c, CLI_SELECT), zarrc_array_ndim(g.node.array),
                                 zarrc_array_shape(g.node.array), &g.selection, error);
  if (!status) status = write_out(&g, error);
  if (zarrc_status_exit_code(status) == 6 && g.node.array && zarrc_array_inner_chunk_shape(g.node.array, inner))
    snprintf(c->hint, sizeof c->hint, "zarrc shard ls %s --deep", g.node.url);
  if (!status && c->json && !g.wrapped) status = put_document(&g, error);
  cli_values_close(&g.values);
  cli_selection_clear(&g.selection);
  cli_output_close(&g.out);
  cli_node_close(&g.node);
  zarrc_ctx_close(ctx);
  return status;
}
