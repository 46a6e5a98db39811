/* SPDX-License-Identifier: MIT */
#include "array/grid.h"

#include "array/document.h"

#include "base/checked.h"

#include <inttypes.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------- arithmetic */

static const zarrc_grid_axis *edge_list(const zarrc_grid *grid, int axis) {
  return grid->axes && grid->axes[axis].nedges > 0 ? &grid->axes[axis] : NULL;
}

int64_t zarrc_grid_find(const zarrc_grid *grid, int axis, int64_t x) {
  const zarrc_grid_axis *list = edge_list(grid, axis);
  if (!list) return x / grid->chunk_shape[axis];
  int64_t lo = 0, hi = list->nedges; /* first[lo] <= x < first[hi] */
  while (hi - lo > 1) {
    int64_t middle = lo + (hi - lo) / 2;
    if (list->first[middle] <= x)
      lo = middle;
    else
      hi = middle;
  }
  return lo;
}

int64_t zarrc_grid_nchunks(const zarrc_grid *grid, int axis, int64_t length) {
  return length > 0 ? zarrc_grid_find(grid, axis, length - 1) + 1 : 0;
}

int64_t zarrc_grid_first(const zarrc_grid *grid, int axis, int64_t chunk) {
  const zarrc_grid_axis *list = edge_list(grid, axis);
  int64_t first;
  if (list) return list->first[chunk];
  return zarrc_mul_i64(chunk, grid->chunk_shape[axis], &first) ? first : INT64_MAX;
}

int64_t zarrc_grid_edge(const zarrc_grid *grid, int axis, int64_t chunk) {
  const zarrc_grid_axis *list = edge_list(grid, axis);
  return list ? list->edge[chunk] : grid->chunk_shape[axis];
}

void zarrc_grid_shape(const zarrc_grid *grid, const int64_t *shape, int64_t *nchunks) {
  for (int i = 0; i < grid->ndim; i++) nchunks[i] = zarrc_grid_nchunks(grid, i, shape[i]);
}

void zarrc_grid_chunk_shape(const zarrc_grid *grid, const int64_t *chunk, int64_t *shape) {
  for (int i = 0; i < grid->ndim; i++) shape[i] = zarrc_grid_edge(grid, i, chunk[i]);
}

/* ------------------------------------------------------------------------------------------------------- lists */

/* Memory for the axes of a grid with n edges in total: the axes; then, for each list, its edges and their firsts. */
typedef struct builder {
  zarrc_grid_axis *axes;
  int64_t *next;
} builder;

static zarrc_status begin_lists(zarrc_ctx *ctx, int ndim, int64_t nedges, builder *out, zarrc_error *error) {
  size_t head = sizeof(zarrc_grid_axis) * (size_t)(ndim > 0 ? ndim : 1);
  size_t nbytes = head + (size_t)nedges * 2 * sizeof(int64_t); /* nedges is at most ZARRC_GRID_MAX_EDGES + 32 */
  char *memory = zarrc_malloc(ctx, nbytes);
  if (!memory) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a chunk grid of %" PRId64 " edges", nedges);
  memset(memory, 0, head);
  out->axes = (zarrc_grid_axis *)(void *)memory;
  out->next = (int64_t *)(void *)(memory + head);
  return ZARRC_OK;
}

/* Takes memory for n edges, followed by their firsts, and returns the edges. */
static int64_t *take_list(builder *b, int axis, int64_t n) {
  int64_t *edge = b->next;
  b->axes[axis] = (zarrc_grid_axis){.nedges = n, .edge = edge, .first = edge + n};
  b->next = edge + 2 * n;
  return edge;
}

/* Computes the firsts of n edges; false: the sum exceeds int64. */
static bool sum_list(int64_t *edge, int64_t n, int64_t *sum) {
  int64_t *first = edge + n, total = 0;
  for (int64_t i = 0; i < n; i++) {
    first[i] = total;
    if (!zarrc_add_i64(total, edge[i], &total)) return false;
  }
  *sum = total;
  return true;
}

void zarrc_grid_clear(zarrc_ctx *ctx, zarrc_grid *grid) {
  zarrc_free(ctx, (void *)(uintptr_t)grid->axes);
  memset(grid, 0, sizeof *grid);
}

zarrc_status zarrc_grid_resize(zarrc_ctx *ctx, const zarrc_grid *grid, const int64_t *shape, zarrc_grid *out,
                               zarrc_error *error) {
  zarrc_grid copy = *grid;
  int64_t nedges = 0;
  int64_t more[ZARRC_MAX_NDIM] = {0};
  builder b = {0};
  if (grid->axes) {
    for (int i = 0; i < grid->ndim; i++) {
      const zarrc_grid_axis *list = edge_list(grid, i);
      if (!list) continue;
      int64_t end = list->first[list->nedges - 1] + list->edge[list->nedges - 1];
      more[i] = shape[i] > end ? shape[i] - end : 0;
      nedges += list->nedges + (more[i] > 0);
    }
    zarrc_status status = begin_lists(ctx, grid->ndim, nedges, &b, error);
    if (status) return status;
    for (int i = 0; i < grid->ndim; i++) {
      const zarrc_grid_axis *list = edge_list(grid, i);
      if (!list) continue;
      int64_t n = list->nedges + (more[i] > 0), sum;
      int64_t *edge = take_list(&b, i, n);
      memcpy(edge, list->edge, (size_t)list->nedges * sizeof *edge);
      if (more[i] > 0) edge[n - 1] = more[i];
      sum_list(edge, n, &sum);
    }
    copy.axes = b.axes;
  }
  *out = copy;
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------ reading */

#define AT "/chunk_grid/configuration"

static zarrc_status parse_edge(const zarrc_json *value, const char *where, int axis, int64_t *out, zarrc_error *error) {
  if (!zarrc_json_is(value, ZARRC_JSON_INTEGER))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, AT "%s/%d: a chunk size must be an integer, not %s", where, axis,
                      zarrc_json_kind_name(zarrc_json_get_kind(value)));
  if (!zarrc_json_get_int64(value, out) || *out < 1)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, AT "%s/%d: a chunk size must be from 1 to 2^63-1", where, axis);
  return ZARRC_OK;
}

static zarrc_status parse_regular(const zarrc_json *configuration, int ndim, zarrc_grid *grid, zarrc_error *error) {
  const zarrc_json *list = zarrc_json_get(configuration, "chunk_shape");
  if (!zarrc_json_is(list, ZARRC_JSON_ARRAY))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, AT "/chunk_shape: %s", list ? "must be a list" : "is missing");
  if (zarrc_json_length(list) != (size_t)ndim)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, AT "/chunk_shape: has %zu sizes where shape has %d",
                      zarrc_json_length(list), ndim);
  for (int i = 0; i < ndim; i++) {
    zarrc_status status = parse_edge(zarrc_json_at(list, (size_t)i), "/chunk_shape", i, &grid->chunk_shape[i], error);
    if (status) return status;
  }
  return ZARRC_OK;
}

/* Reads an entry of an edge list: a length, or [length, count]. */
static zarrc_status parse_run(const zarrc_json *entry, int axis, int64_t *size, int64_t *count, zarrc_error *error) {
  *count = 1;
  if (!zarrc_json_is(entry, ZARRC_JSON_ARRAY)) return parse_edge(entry, "/chunk_shapes", axis, size, error);
  if (zarrc_json_length(entry) != 2)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, AT "/chunk_shapes/%d: an entry must be a size or [size, count]",
                      axis);
  zarrc_status status = parse_edge(zarrc_json_at(entry, 0), "/chunk_shapes", axis, size, error);
  if (status) return status;
  if (!zarrc_json_get_int64(zarrc_json_at(entry, 1), count) || *count < 1)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, AT "/chunk_shapes/%d: a count must be an integer, 1 or more",
                      axis);
  return ZARRC_OK;
}

static zarrc_status count_edges(const zarrc_json *lists, int ndim, int64_t *nedges, int64_t *total,
                                zarrc_error *error) {
  *total = 0;
  for (int i = 0; i < ndim; i++) {
    const zarrc_json *list = zarrc_json_at(lists, (size_t)i);
    nedges[i] = 0;
    if (!zarrc_json_is(list, ZARRC_JSON_ARRAY)) continue;
    if (zarrc_json_length(list) == 0)
      return zarrc_fail(error, ZARRC_INVALID_METADATA, AT "/chunk_shapes/%d: the list has no sizes", i);
    for (size_t k = 0; k < zarrc_json_length(list); k++) {
      int64_t size, count;
      zarrc_status status = parse_run(zarrc_json_at(list, k), i, &size, &count, error);
      if (status) return status;
      if (count > ZARRC_GRID_MAX_EDGES - *total)
        return zarrc_fail(error, ZARRC_LIMIT, AT "/chunk_shapes/%d: more than %" PRId64 " chunk sizes in a grid", i,
                          ZARRC_GRID_MAX_EDGES);
      nedges[i] += count;
      *total += count;
    }
  }
  return ZARRC_OK;
}

static zarrc_status fill_list(const zarrc_json *list, int axis, int64_t length, int64_t *edge, int64_t n,
                              zarrc_error *error) {
  int64_t at = 0, sum;
  for (size_t k = 0; k < zarrc_json_length(list); k++) {
    int64_t size, count;
    zarrc_status status = parse_run(zarrc_json_at(list, k), axis, &size, &count, error);
    if (status) return status;
    while (count-- > 0) edge[at++] = size;
  }
  if (!sum_list(edge, n, &sum))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, AT "/chunk_shapes/%d: the sizes add up to more than 2^63-1", axis);
  if (sum < length)
    return zarrc_fail(error, ZARRC_INVALID_METADATA,
                      AT "/chunk_shapes/%d: the sizes add up to %" PRId64 ", the axis has %" PRId64, axis, sum, length);
  return ZARRC_OK;
}

static zarrc_status parse_rectilinear(zarrc_ctx *ctx, const zarrc_json *configuration, int ndim, const int64_t *shape,
                                      zarrc_grid *grid, zarrc_error *error) {
  const zarrc_json *kind = zarrc_json_get(configuration, "kind");
  const zarrc_json *lists = zarrc_json_get(configuration, "chunk_shapes");
  int64_t nedges[ZARRC_MAX_NDIM], total;
  zarrc_status status;
  builder b = {0};
  char seen[ZARRC_EXCERPT];
  if (!zarrc_json_is(kind, ZARRC_JSON_STRING))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, AT "/kind: %s", kind ? "must be a string" : "is missing");
  if (!zarrc_json_string_is(kind, "inline"))
    return zarrc_fail(error, ZARRC_UNSUPPORTED, AT "/kind: only \"inline\" is known, not \"%s\"",
                      zarrc_json_excerpt(kind, seen));
  if (!zarrc_json_is(lists, ZARRC_JSON_ARRAY))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, AT "/chunk_shapes: %s", lists ? "must be a list" : "is missing");
  if (zarrc_json_length(lists) != (size_t)ndim)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, AT "/chunk_shapes: has %zu axes where shape has %d",
                      zarrc_json_length(lists), ndim);
  status = count_edges(lists, ndim, nedges, &total, error);
  if (!status) status = begin_lists(ctx, ndim, total, &b, error);
  if (status) return status;
  grid->axes = b.axes;
  for (int i = 0; i < ndim && !status; i++) {
    const zarrc_json *list = zarrc_json_at(lists, (size_t)i);
    if (nedges[i] > 0)
      status = fill_list(list, i, shape[i], take_list(&b, i, nedges[i]), nedges[i], error);
    else
      status = parse_edge(list, "/chunk_shapes", i, &grid->chunk_shape[i], error);
  }
  return status;
}

zarrc_status zarrc_grid_parse(zarrc_ctx *ctx, const zarrc_json *value, int ndim, const int64_t *shape,
                              zarrc_rules *rules, zarrc_grid *out, zarrc_error *error) {
  static const char *const members[] = {"name", "configuration", "must_understand", NULL};
  static const char *const regular[] = {"chunk_shape", NULL};
  static const char *const rectilinear[] = {"kind", "chunk_shapes", NULL};
  const zarrc_json *name = zarrc_json_get(value, "name"), *configuration = zarrc_json_get(value, "configuration");
  zarrc_grid grid = {.ndim = ndim};
  zarrc_status status;
  char seen[ZARRC_EXCERPT];
  if (!zarrc_json_is(value, ZARRC_JSON_OBJECT))
    return zarrc_fail(error, ZARRC_INVALID_METADATA,
                      "/chunk_grid: must be an object with name and configuration, "
                      "not %s",
                      zarrc_json_kind_name(zarrc_json_get_kind(value)));
  if (!zarrc_json_is(name, ZARRC_JSON_STRING))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "/chunk_grid/name: %s", name ? "must be a string" : "is missing");
  if (zarrc_json_string_is(name, "rectilinear"))
    grid.kind = ZARRC_RECTILINEAR;
  else if (!zarrc_json_string_is(name, "regular"))
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "/chunk_grid/name: the chunk grid \"%s\" is not known",
                      zarrc_json_excerpt(name, seen));
  if (!zarrc_json_is(configuration, ZARRC_JSON_OBJECT))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, AT ": %s", configuration ? "must be an object" : "is missing");
  status = zarrc_json_check_keys(value, members, error);
  if (status) {
    zarrc_error_prefix(error, "/chunk_grid: ");
    return status;
  }
  zarrc_error why;
  if (zarrc_json_check_keys(configuration, grid.kind == ZARRC_REGULAR ? regular : rectilinear, &why)) {
    status = zarrc_rules_bend_because(rules, AT, &why, error);
    if (status) return status;
  }
  status = grid.kind == ZARRC_REGULAR ? parse_regular(configuration, ndim, &grid, error)
                                      : parse_rectilinear(ctx, configuration, ndim, shape, &grid, error);
  if (status)
    zarrc_grid_clear(ctx, &grid);
  else
    *out = grid;
  return status;
}

bool zarrc_grid_agree(const zarrc_grid *a, const zarrc_grid *b) {
  if (a->kind != b->kind || a->ndim != b->ndim) return false;
  for (int i = 0; i < a->ndim; i++) {
    const zarrc_grid_axis *x = edge_list(a, i), *y = edge_list(b, i);
    if (!x != !y || (!x && a->chunk_shape[i] != b->chunk_shape[i])) return false;
    if (!x) continue;
    int64_t n = x->nedges < y->nedges ? x->nedges : y->nedges;
    if (memcmp(x->edge, y->edge, (size_t)n * sizeof *x->edge) != 0) return false;
  }
  return true;
}

/* ------------------------------------------------------------------------------------------------------ writing */

static int64_t run_length(const zarrc_grid_axis *list, int64_t at) {
  int64_t n = 1;
  while (at + n < list->nedges && list->edge[at + n] == list->edge[at]) n++;
  return n;
}

static zarrc_status write_list(const zarrc_grid_axis *list, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status = zarrc_buf_append(out, "[", 1, error);
  int64_t nruns = 0;
  for (int64_t i = 0; i < list->nedges; i += run_length(list, i)) nruns++;
  bool runs = nruns < list->nedges;
  for (int64_t i = 0; i < list->nedges && !status;) {
    int64_t n = runs ? run_length(list, i) : 1;
    if (n > 1)
      status = zarrc_buf_printf(out, error, "%s[%" PRId64 ", %" PRId64 "]", i ? ", " : "", list->edge[i], n);
    else
      status = zarrc_buf_printf(out, error, "%s%" PRId64, i ? ", " : "", list->edge[i]);
    i += n;
  }
  return status ? status : zarrc_buf_append(out, "]", 1, error);
}

zarrc_status zarrc_grid_to_json(const zarrc_grid *grid, zarrc_buf *out, zarrc_error *error) {
  bool regular = grid->kind == ZARRC_REGULAR;
  zarrc_status status =
      zarrc_buf_printf(out, error, "%s",
                       regular ? "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": ["
                               : "{\"name\": \"rectilinear\", \"configuration\": {\"kind\": \"inline\", "
                                 "\"chunk_shapes\": [");
  for (int i = 0; i < grid->ndim && !status; i++) {
    const zarrc_grid_axis *list = edge_list(grid, i);
    if (i) status = zarrc_buf_append(out, ", ", 2, error);
    if (status) break;
    if (list)
      status = write_list(list, out, error);
    else
      status = zarrc_buf_printf(out, error, "%" PRId64, grid->chunk_shape[i]);
  }
  return status ? status : zarrc_buf_append(out, "]}}", 3, error);
}
