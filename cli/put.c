/* SPDX-License-Identifier: MIT */
/* zarrc put: writes elements from a file or stream into an existing array. */
#include "describe.h"
#include "elements.h"
#include "json.h"
#include "npy.h"
#include "signals.h"
#include "stream.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct putting {
  cli *c;
  cli_node node;
  cli_selection selection;
  cli_input in;
  zarrc_dtype dtype; /* of the elements in the input */
  cli_npy npy;
  bool fortran;
  uint64_t memory;
} putting;

static zarrc_status choose_format(const putting *p, cli_format *format, zarrc_error *error) {
  const char *name = cli_value(p->c, CLI_FORMAT), *path = cli_value(p->c, CLI_INPUT);
  *format = CLI_FORMAT_NPY;
  if (name && cli_format_from_name(name, format)) return ZARRC_OK;
  if (cli_is_stream(path)) return ZARRC_OK;
  if (cli_format_from_path(path, format) && *format != CLI_FORMAT_CSV) return ZARRC_OK;
  snprintf(p->c->hint, sizeof p->c->hint, "--format npy");
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the name '%.200s' tells none of: npy raw json lines", path);
}

/* Refuses the type of the input: the message names both types. */
static zarrc_status refuse_type(const zarrc_dtype *has, const zarrc_dtype *wants, zarrc_error *error) {
  char *a = NULL, *b = NULL;
  zarrc_status status = cli_dtype_text(has, &a, error);
  if (!status) status = cli_dtype_text(wants, &b, error);
  if (!status)
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the input has elements of %.120s, the array of %.120s", a, b);
  free(a);
  free(b);
  return status;
}

static zarrc_status read_npy(putting *p, zarrc_error *error) {
  const cli_selection *s = &p->selection;
  char a[CLI_DIMS], b[CLI_DIMS];
  zarrc_status status = cli_npy_read_header(p->node.ctx, &p->in, &p->npy, error);
  if (status) return status;
  p->dtype = p->npy.dtype;
  p->fortran = p->npy.fortran;
  const zarrc_dtype *wants = zarrc_array_dtype(p->node.array);
  if (!zarrc_dtype_equal(&p->dtype, wants)) return refuse_type(&p->dtype, wants, error);
  bool same = p->npy.ndim == s->ndim;
  for (int i = 0; same && i < s->ndim; i++) same = p->npy.shape[i] == s->shape[i];
  if (same) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the input has the shape (%.100s), the selection (%.100s)",
                    cli_plain_dims(a, p->npy.shape, p->npy.ndim), cli_plain_dims(b, s->shape, s->ndim));
}

/* Refuses an input of the wrong size before anything is written, if its size is known. */
static zarrc_status check_size(const putting *p, zarrc_error *error) {
  uint64_t wants = cli_times(p->selection.nitems, p->dtype.item_size), has = p->in.total;
  if (has == ZARRC_UNKNOWN || zarrc_dtype_is_variable(&p->dtype) || has - p->in.at == wants) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%.200s has %llu bytes of elements, the selection %llu", p->in.name,
                    (unsigned long long)(has - p->in.at), (unsigned long long)wants);
}

/* Writes elements of variable length. The whole input is in memory, and the elements point into it. */
static zarrc_status write_texts(putting *p, cli_progress *progress, zarrc_error *error) {
  const cli_selection *s = &p->selection;
  zarrc_array *array = p->node.array;
  char *bytes = NULL;
  size_t n;
  zarrc_text *texts = NULL;
  zarrc_status status = cli_input_all(&p->in, p->memory, &bytes, &n, error);
  if (!status && s->nitems > n / 4)
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%.200s is too short for %llu elements", p->in.name,
                        (unsigned long long)s->nitems);
  if (!status && s->nitems > 0) {
    uint64_t room = cli_times(s->nitems, sizeof *texts);
    texts = room < SIZE_MAX ? malloc((size_t)room) : NULL;
    if (!texts) status = zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  }
  if (!status) status = cli_texts_read((const uint8_t *)bytes, n, texts, s->nitems, error);
  if (!status && s->nitems > 0) {
    zarrc_view view = zarrc_view_c(&p->dtype, zarrc_array_ndim(array), s->region.count, texts);
    status = cli_selection_write(array, s, &s->region, &view, error);
  }
  if (!status) cli_progress_add(progress, progress->total, n);
  free(texts);
  free(bytes);
  return status;
}

/* Writes elements from text. The whole input is in memory, and so are all elements. */
static zarrc_status write_parsed(putting *p, cli_format format, cli_progress *progress, zarrc_error *error) {
  const cli_selection *s = &p->selection;
  zarrc_array *array = p->node.array;
  zarrc_dtype dtype = cli_values_dtype(format, zarrc_array_dtype(array));
  cli_elements to = {p->node.ctx, &dtype, s->ndim, s->shape, s->nitems, NULL, NULL};
  cli_slab_memory memory = {0};
  char *text = NULL;
  size_t n;
  zarrc_status status = cli_input_all(&p->in, p->memory, &text, &n, error);
  if (!status && s->nitems > n) /* an element takes at least one byte */
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%.200s is too short for %llu elements", p->in.name,
                        (unsigned long long)s->nitems);
  if (!status && cli_times(s->nitems, dtype.item_size) > p->memory)
    status = zarrc_fail(error, ZARRC_LIMIT, "%llu elements do not fit --memory", (unsigned long long)s->nitems);
  if (!status) status = cli_slab_memory_take(&memory, p->node.ctx, &dtype, s->nitems, error);
  if (!status) {
    to.data = memory.data;
    to.arena = memory.arena;
    status = format == CLI_FORMAT_JSON ? cli_elements_from_json(&to, text, n, error)
                                       : cli_elements_from_lines(&to, text, n, error);
  }
  free(text);
  if (!status && s->nitems > 0) {
    zarrc_view view = zarrc_view_c(&dtype, zarrc_array_ndim(array), s->region.count, memory.data);
    status = cli_selection_write(array, s, &s->region, &view, error);
  }
  if (!status) cli_progress_add(progress, progress->total, n);
  cli_slab_memory_clear(&memory);
  return status;
}

static zarrc_status write_slabs(putting *p, cli_progress *progress, zarrc_error *error) {
  zarrc_array *array = p->node.array;
  cli_slab_memory slab = {0};
  cli_slabs slabs;
  zarrc_region part;
  zarrc_status status = ZARRC_OK;
  cli_slabs_init(&slabs, zarrc_array_grid(array), &p->selection, zarrc_array_ndim(array), p->fortran,
                 cli_slab_items(array, &p->selection, p->fortran, p->memory));
  while (!status && cli_slabs_next(&slabs, &part)) {
    uint64_t nitems = cli_region_items(&part, slabs.ndim);
    if (cli_canceled(NULL)) status = zarrc_fail(error, ZARRC_CANCELED, "interrupted");
    if (!status) status = cli_slab_memory_take(&slab, p->node.ctx, &p->dtype, nitems, error);
    if (!status) status = cli_input_read(&p->in, slab.data, (size_t)nitems * p->dtype.item_size, error);
    if (!status && slabs.done) status = cli_input_finish(&p->in, error); /* before the last write */
    if (status) break;
    zarrc_view view = cli_slab_view(&slabs, &part, &p->dtype, slab.data);
    status = cli_selection_write(array, &p->selection, &part, &view, error);
    if (!status) cli_progress_add(progress, nitems * p->dtype.item_size, nitems * p->dtype.item_size);
  }
  cli_slab_memory_clear(&slab);
  if (!status && p->selection.nitems == 0) status = cli_input_finish(&p->in, error);
  return status;
}

static zarrc_status put(putting *p, zarrc_error *error) {
  zarrc_array *array = p->node.array;
  cli_format format;
  cli_progress progress;
  zarrc_status status = choose_format(p, &format, error);
  if (!status)
    status = cli_selection_parse(cli_value(p->c, CLI_SELECT), zarrc_array_ndim(array), zarrc_array_shape(array),
                                 &p->selection, error);
  if (!status) status = cli_input_open(cli_value(p->c, CLI_INPUT), &p->in, error);
  if (status) return status;
  p->dtype = *zarrc_array_dtype(array);
  p->dtype.endian = ZARRC_LITTLE;
  if (format == CLI_FORMAT_NPY) status = read_npy(p, error);
  if (!status && cli_format_is_binary(format)) status = check_size(p, error);
  if (status) return status;
  cli_progress_start(&progress, p->c, NULL, cli_times(p->selection.nitems, p->dtype.item_size));
  if (!cli_format_is_binary(format))
    status = write_parsed(p, format, &progress, error);
  else if (zarrc_dtype_is_variable(&p->dtype))
    status = write_texts(p, &progress, error);
  else
    status = write_slabs(p, &progress, error);
  cli_progress_end(&progress);
  return status;
}

zarrc_status cli_put(cli *c, zarrc_error *error) {
  zarrc_ctx *ctx = NULL;
  putting p = {.c = c};
  zarrc_array_options options = {.struct_size = sizeof options,
                                 .chunk.write_empty_chunks = cli_has(c, CLI_WRITE_EMPTY)};
  zarrc_status status = cli_memory_option(c, &p.memory, error);
  if (!status && !cli_has(c, CLI_INPUT)) {
    snprintf(c->hint, sizeof c->hint, "-i FILE, or -i - for standard input");
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "put wants --input");
  }
  if (!status) status = cli_ctx_open(c, CLI_HALF, &ctx, error);
  if (!status) status = cli_array_open(c, ctx, c->args.operand[0], true, &options, &p.node, error);
  if (status == ZARRC_NOT_FOUND) snprintf(c->hint, sizeof c->hint, "zarrc create");
  if (!status) status = put(&p, error);
  if (!status && c->json) {
    cli_json j;
    cli_json_begin(&j, stdout, "put");
    cli_json_string(&j, "url", p.node.url);
    cli_json_dims(&j, "shape", p.selection.shape, p.selection.ndim);
    cli_json_uint(&j, "nitems", p.selection.nitems);
    cli_json_end(&j);
  }
  zarrc_dtype_close(&p.npy.dtype);
  cli_selection_clear(&p.selection);
  cli_input_close(&p.in);
  cli_node_close(&p.node);
  zarrc_ctx_close(ctx);
  return status;
}
