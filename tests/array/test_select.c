/* SPDX-License-Identifier: MIT */
/* Selections against numpy: tests/data/selections.json is made by selections.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "support/faulty_alloc.h"
#include "support/files.h"
#include "support/needs.h"
#include "support/nodes.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static zarrc_ctx *ctx;

static int open_ctx(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL);
}

static int close_ctx(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  return 0;
}

/* -------------------------------------------------------------------------------------------------------- the table */

#define BYTES "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}"

static int64_t integer(const zarrc_json *value) {
  int64_t x;
  assert_true(zarrc_json_get_int64(value, &x));
  return x;
}

static int64_t integer_or(const zarrc_json *value, int64_t otherwise) {
  return zarrc_json_is(value, ZARRC_JSON_NULL) ? otherwise : integer(value);
}

/* malloc'ed in their exact number. */
static int64_t *integers(const zarrc_json *list, size_t *n) {
  *n = zarrc_json_length(list);
  int64_t *numbers = malloc(*n * sizeof *numbers + (*n == 0));
  for (size_t i = 0; i < *n; i++) numbers[i] = integer(zarrc_json_at(list, i));
  return numbers;
}

static uint8_t *flags(const zarrc_json *list, size_t *n) {
  *n = zarrc_json_length(list);
  uint8_t *bytes = malloc(*n + (*n == 0));
  for (size_t i = 0; i < *n; i++) bytes[i] = (uint8_t)integer(zarrc_json_at(list, i));
  return bytes;
}

static zarrc_array *open_array(zarrc_store *store, const zarrc_json *row, bool compressed) {
  char shape[128], chunks[128], shards[128], grid[256], codecs[512];
  const zarrc_json *outer = zarrc_json_get(row, "shards");
  const char *chain = compressed ? BYTES ", {\"name\": \"zstd\"}" : BYTES;
  zarrc_error error = {0};
  zarrc_array *array;
  size_t n;
  const char *text = zarrc_json_text(zarrc_json_get(row, "shape"), &n);
  snprintf(shape, sizeof shape, "%.*s", (int)n, text);
  text = zarrc_json_text(zarrc_json_get(row, "chunks"), &n);
  snprintf(chunks, sizeof chunks, "%.*s", (int)n, text);
  if (outer) text = zarrc_json_text(outer, &n);
  snprintf(shards, sizeof shards, "%.*s", (int)n, text);
  bool listed = strstr(shards, "[[") != NULL;
  snprintf(grid, sizeof grid, "{\"name\": \"%s\", \"configuration\": {%s: %s}}", listed ? "rectilinear" : "regular",
           listed ? "\"kind\": \"inline\", \"chunk_shapes\"" : "\"chunk_shape\"", shards);
  if (outer)
    snprintf(codecs, sizeof codecs,
             "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": %s, \"codecs\": [%s]}}]", chunks,
             chain);
  else
    snprintf(codecs, sizeof codecs, "[%s]", chain);
  char *document = nodes_document("shape", shape, "chunk_grid", grid, "codecs", codecs, NULL);
  if (zarrc_array_create_json(store, "a", document, strlen(document), ZARRC_CREATE_OVERWRITE, NULL, &array, &error))
    fail_msg("%s: %s", document, SAID(error));
  free(document);
  return array;
}

typedef struct asked {
  zarrc_selection selection;
  void *memory[ZARRC_MAX_NDIM + 1];
  zarrc_view mask;
} asked;

static zarrc_pick read_pick(const zarrc_json *pick, void **memory) {
  const zarrc_json *slice = zarrc_json_get(pick, "slice"), *list = zarrc_json_get(pick, "list");
  const zarrc_json *index = zarrc_json_get(pick, "index"), *mask = zarrc_json_get(pick, "mask");
  size_t n;
  if (slice)
    return zarrc_pick_slice(integer_or(zarrc_json_at(slice, 0), 0), integer_or(zarrc_json_at(slice, 1), INT64_MAX),
                            integer_or(zarrc_json_at(slice, 2), 1));
  if (index) return zarrc_pick_index(integer(index));
  if (list) *memory = integers(list, &n);
  if (list) return zarrc_pick_list(*memory, n);
  if (mask) *memory = flags(mask, &n);
  if (mask) return zarrc_pick_mask(*memory, n);
  return (zarrc_pick){0};
}

static asked *read_case(const zarrc_json *row) {
  asked *a = calloc(1, sizeof *a);
  zarrc_selection *s = &a->selection;
  const zarrc_json *kind = zarrc_json_get(row, "kind"), *list = zarrc_json_get(row, "points");
  size_t n;
  if (zarrc_json_string_is(kind, "points")) {
    s->kind = ZARRC_SELECT_POINTS;
    if (zarrc_json_get(row, "npoints")) s->npoints = (size_t)integer(zarrc_json_get(row, "npoints"));
    for (size_t i = 0; i < zarrc_json_length(list); i++)
      s->coordinate[i] = a->memory[i] = integers(zarrc_json_at(list, i), &s->npoints);
  } else if (zarrc_json_string_is(kind, "mask")) {
    zarrc_dtype dtype = zarrc_dtype_of(ZARRC_BOOL);
    int64_t *shape = integers(zarrc_json_get(row, "mask_shape"), &n);
    size_t nflags;
    a->memory[0] = flags(zarrc_json_get(row, "mask"), &nflags);
    a->mask = zarrc_view_c(&dtype, (int)n, shape, a->memory[0]);
    s->kind = ZARRC_SELECT_MASK;
    s->mask = &a->mask;
    free(shape);
  } else {
    list = zarrc_json_get(row, "picks");
    s->kind = zarrc_json_string_is(kind, "blocks") ? ZARRC_SELECT_BLOCKS : ZARRC_SELECT_AXES;
    for (size_t i = 0; i < zarrc_json_length(list); i++) s->pick[i] = read_pick(zarrc_json_at(list, i), &a->memory[i]);
  }
  return a;
}

static void asked_free(asked *a) {
  for (size_t i = 0; i < sizeof a->memory / sizeof *a->memory; i++) free(a->memory[i]);
  free(a);
}

/* Selections that are refused: by every function, with the axis and the index in the message. */
static void check_refused(zarrc_array *array, const zarrc_json *row, const asked *a, const char *text) {
  int64_t shape[ZARRC_MAX_NDIM];
  int ndim;
  int32_t number = 0;
  char axis[32], index[32];
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_INT32);
  zarrc_view view = zarrc_view_c(&dtype, 0, NULL, &number);
  const zarrc_json *wrong = zarrc_json_get(row, "number");
  for (int i = 0; i < 3; i++) {
    zarrc_error error = {0};
    zarrc_status status = i == 0   ? zarrc_array_selection_shape(array, &a->selection, &ndim, shape, &error)
                          : i == 1 ? zarrc_array_read_selection(array, &a->selection, &view, &error)
                                   : zarrc_array_write_selection(array, &a->selection, &view, &error);
    if (status != ZARRC_INVALID_ARGUMENT) fail_msg("%s: not refused", text);
    if (!zarrc_json_is(zarrc_json_get(row, "axis"), ZARRC_JSON_NULL)) {
      snprintf(axis, sizeof axis, "axis %d: ", (int)integer(zarrc_json_get(row, "axis")));
      if (strncmp(SAID(error), axis, strlen(axis)) != 0) fail_msg("%s: %s", text, SAID(error));
    }
    if (!zarrc_json_is(wrong, ZARRC_JSON_NULL)) {
      snprintf(index, sizeof index, " %lld", (long long)integer(wrong));
      if (!strstr(SAID(error), index)) fail_msg("%s: %s", text, SAID(error));
    }
  }
}

static void check_taken(zarrc_array *array, const zarrc_json *row, const asked *a, const char *text) {
  zarrc_error error = {0};
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_INT32);
  size_t ntaken, nall, nshape;
  int64_t *shape = integers(zarrc_json_get(row, "shape"), &nshape), seen[ZARRC_MAX_NDIM];
  int64_t *expected = integers(zarrc_json_get(row, "read"), &ntaken);
  int ndim;
  if (zarrc_array_selection_shape(array, &a->selection, &ndim, seen, &error)) fail_msg("%s: %s", text, SAID(error));
  assert_int_equal(ndim, nshape);
  for (int i = 0; i < ndim; i++) assert_int_equal(seen[i], shape[i]);

  zarrc_view all = zarrc_view_c(&dtype, zarrc_array_ndim(array), zarrc_array_shape(array), NULL);
  nall = (size_t)zarrc_view_nitems(&all);
  int32_t *numbers = malloc(nall * sizeof *numbers + 1), *taken = malloc(ntaken * sizeof *taken + 1);
  for (size_t i = 0; i < nall; i++) numbers[i] = (int32_t)i + 1;
  all.data = numbers;
  assert_int_equal(zarrc_array_write(array, NULL, &all, NULL), ZARRC_OK);
  zarrc_view view = zarrc_view_c(&dtype, ndim, shape, taken);
  if (zarrc_array_read_selection(array, &a->selection, &view, &error)) fail_msg("%s: %s", text, SAID(error));
  for (size_t i = 0; i < ntaken; i++)
    if (taken[i] != expected[i]) fail_msg("%s: element %zu is %d", text, i, (int)taken[i]);

  for (size_t i = 0; i < ntaken; i++) taken[i] = 1001 + (int32_t)i;
  int32_t one = 1001;
  zarrc_view scalar = zarrc_view_c(&dtype, 0, NULL, &one);
  bool spread = zarrc_json_get(row, "scalar");
  if (zarrc_array_write_selection(array, &a->selection, spread ? &scalar : &view, &error))
    fail_msg("%s: %s", text, SAID(error));
  assert_int_equal(zarrc_array_read(array, NULL, &all, NULL), ZARRC_OK);
  const zarrc_json *changed = zarrc_json_get(row, "write");
  for (size_t i = 0, k = 0; i < nall; i++) {
    int64_t now = (int64_t)i + 1;
    const zarrc_json *pair = zarrc_json_at(changed, k);
    if (k < zarrc_json_length(changed) && integer(zarrc_json_at(pair, 0)) == (int64_t)i) {
      now = integer(zarrc_json_at(pair, 1));
      k++;
    }
    if (numbers[i] != now) fail_msg("%s: number %zu became %d", text, i, (int)numbers[i]);
  }

  /* memory of another shape */
  if (ndim > 0) {
    view.shape[ndim - 1]++;
    assert_int_equal(zarrc_array_read_selection(array, &a->selection, &view, &error), ZARRC_INVALID_ARGUMENT);
    assert_int_equal(zarrc_array_write_selection(array, &a->selection, &view, &error), ZARRC_INVALID_ARGUMENT);
  }
  free(taken);
  free(numbers);
  free(expected);
  free(shape);
}

static void same_as_numpy(void **state) {
  needs_codec("zstd");
  size_t n, ntext;
  zarrc_json_doc *doc;
  zarrc_store *store;
  int nrefused = 0;
  (void)state;
  char *json = (char *)data_read("selections.json", &n);
  assert_int_equal(zarrc_json_parse(ctx, json, n, NULL, &doc, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
  const zarrc_json *arrays = zarrc_json_get(zarrc_json_root(doc), "arrays");
  const zarrc_json *cases = zarrc_json_get(zarrc_json_root(doc), "cases");
  for (size_t i = 0; i < 2 * zarrc_json_length(cases); i++) {
    char text[512];
    const zarrc_json *row = zarrc_json_at(cases, i / 2);
    const char *p = zarrc_json_text(row, &ntext);
    snprintf(text, sizeof text, "%.*s", (int)ntext, p);
    zarrc_array *array = open_array(store, zarrc_json_at(arrays, (size_t)integer(zarrc_json_get(row, "array"))), i % 2);
    asked *a = read_case(row);
    bool refused = zarrc_json_get(row, "axis");
    nrefused += refused;
    if (refused)
      check_refused(array, row, a, text);
    else
      check_taken(array, row, a, text);
    asked_free(a);
    zarrc_array_close(array);
  }
  print_message("%zu cases, %d of them refused\n", zarrc_json_length(cases), nrefused / 2);
  assert_true(zarrc_json_length(cases) > 300 && nrefused > 100);
  zarrc_json_close(doc);
  zarrc_store_close(store);
  free(json);
}

/* ----------------------------------------------------------------------------------------------------- single cases */

static zarrc_array *plain_array(zarrc_store *store) {
  char *document = nodes_document(NULL);
  zarrc_array *array = NULL;
  assert_int_equal(
      zarrc_array_create_json(store, "a", document, strlen(document), ZARRC_CREATE_OVERWRITE, NULL, &array, NULL),
      ZARRC_OK);
  free(document);
  return array;
}

static void mistakes_are_named(void **state) {
  static const int64_t one[] = {1};
  static uint8_t bytes[24];
  const size_t too_many = (size_t)((uint64_t)1 << 32); /* 0: a size_t of 32 bits cannot say it */
  int32_t number = 0;
  zarrc_dtype int32 = zarrc_dtype_of(ZARRC_INT32), int16 = zarrc_dtype_of(ZARRC_INT16),
              byte = zarrc_dtype_of(ZARRC_UINT8);
  zarrc_view no_bool = zarrc_view_c(&int16, 2, (int64_t[]){4, 6}, bytes);
  zarrc_view mask = zarrc_view_c(&byte, 2, (int64_t[]){4, 6}, bytes);
  const struct {
    zarrc_selection selection;
    zarrc_status status;
    const char *message;
  } rows[] = {
      {{.kind = (zarrc_selection_kind)9}, ZARRC_INVALID_ARGUMENT, "no kind of selection 9"},
      {{.pick = {{.kind = (zarrc_pick_kind)7}}}, ZARRC_INVALID_ARGUMENT, "axis 0: there is no kind of pick 7"},
      {{.pick = {{.kind = ZARRC_PICK_SLICE}}}, ZARRC_INVALID_ARGUMENT, "axis 0: a step of 0, below 1"},
      {{.pick = {{.kind = ZARRC_PICK_LIST, .n = 2}}}, ZARRC_INVALID_ARGUMENT, "axis 0: no list is given"},
      {{.pick = {{0}, {.kind = ZARRC_PICK_MASK, .n = 6}}},
       ZARRC_INVALID_ARGUMENT,
       "axis 1: a mask of 0 elements for a length of 6"},
      {{.pick = {{.kind = ZARRC_PICK_LIST, .n = too_many, .list = one}}}, ZARRC_LIMIT, "axis 0: a list of 4294967296"},
      {{.pick = {{0}, {0}, {.kind = ZARRC_PICK_INDEX}}}, ZARRC_INVALID_ARGUMENT, "axis 2: there are 2 axes"},
      {{.pick = {{.kind = ZARRC_PICK_INDEX, .start = 9}}},
       ZARRC_INVALID_ARGUMENT,
       "axis 0: there is no index 9 (there are 4)"},
      {{.kind = ZARRC_SELECT_BLOCKS, .pick = {{0}, {.kind = ZARRC_PICK_INDEX, .start = -3}}},
       ZARRC_INVALID_ARGUMENT,
       "axis 1: there is no chunk -3 (there are 2)"},
      {{.kind = ZARRC_SELECT_BLOCKS, .pick = {{.kind = ZARRC_PICK_LIST}}},
       ZARRC_INVALID_ARGUMENT,
       "axis 0: chunks are"},
      {{.kind = ZARRC_SELECT_POINTS, .npoints = 1, .coordinate = {one}},
       ZARRC_INVALID_ARGUMENT,
       "axis 1: the points have no coordinates"},
      {{.kind = ZARRC_SELECT_POINTS, .npoints = 1, .coordinate = {one, one, one}},
       ZARRC_INVALID_ARGUMENT,
       "axis 2: there are 2 axes"},
      {{.kind = ZARRC_SELECT_POINTS, .npoints = too_many, .coordinate = {one, one}}, ZARRC_LIMIT, "4294967296 points"},
      {{.kind = ZARRC_SELECT_MASK}, ZARRC_INVALID_ARGUMENT, "no mask is given"},
      {{.kind = ZARRC_SELECT_MASK, .mask = &no_bool}, ZARRC_INVALID_ARGUMENT, "bool or uint8"},
      {{.kind = ZARRC_SELECT_MASK, .mask = &mask},
       ZARRC_INVALID_ARGUMENT,
       "memory of 0 dimensions, the selection has 1"},
      {{0}, ZARRC_INVALID_ARGUMENT, "memory of 0 dimensions, the selection has 2"},
  };
  zarrc_store *store;
  (void)state;
  assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
  zarrc_array *array = plain_array(store);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_error error = {0};
    zarrc_view view = zarrc_view_c(&int32, 0, NULL, &number);
    if (!too_many && rows[i].status == ZARRC_LIMIT) continue;
    zarrc_status status = zarrc_array_read_selection(array, &rows[i].selection, &view, &error);
    if (status != rows[i].status || !strstr(SAID(error), rows[i].message))
      fail_msg("row %zu: %s: %s", i, zarrc_status_name(status), SAID(error));
  }
  zarrc_array_close(array);
  array = plain_array(store);
  zarrc_view wrong = zarrc_view_c(&int16, 0, NULL, &number);
  assert_int_equal(zarrc_array_write_selection(array, &(zarrc_selection){0}, &wrong, NULL), ZARRC_INVALID_ARGUMENT);
  store->read_only = true;
  zarrc_view view = zarrc_view_c(&int32, 0, NULL, &number);
  assert_int_equal(zarrc_array_write_selection(array, &(zarrc_selection){0}, &view, NULL), ZARRC_INVALID_ARGUMENT);
  zarrc_array_close(array);
  zarrc_store_close(store);
}

/* Chunks that are not there: fill value, or an error that names the first of them. */
static void missing_chunks(void **state) {
  zarrc_array_options strict = {.missing_is_error = true};
  static const int64_t rows[] = {3, 0}, columns[] = {5, 1, 1};
  const zarrc_selection selections[] = {
      {.pick = {zarrc_pick_list(rows, 2), zarrc_pick_list(columns, 3)}},
      {.kind = ZARRC_SELECT_POINTS, .npoints = 2, .coordinate = {rows, columns}},
  };
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_INT32);
  zarrc_store *store;
  zarrc_array *again;
  (void)state;
  assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
  char *document = nodes_document("fill_value", "7", NULL);
  zarrc_array *array = NULL;
  assert_int_equal(
      zarrc_array_create_json(store, "a", document, strlen(document), ZARRC_CREATE_NEW, NULL, &array, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_open(store, "a", &strict, &again, NULL), ZARRC_OK);
  for (int i = 0; i < 2; i++) {
    int32_t numbers[6] = {0};
    int64_t shape[2];
    int ndim;
    zarrc_error error = {0};
    assert_int_equal(zarrc_array_selection_shape(array, &selections[i], &ndim, shape, NULL), ZARRC_OK);
    zarrc_view view = zarrc_view_c(&dtype, ndim, shape, numbers);
    assert_int_equal(zarrc_array_read_selection(array, &selections[i], &view, NULL), ZARRC_OK);
    for (int64_t k = 0; k < zarrc_view_nitems(&view); k++) assert_int_equal(numbers[k], 7);
    assert_int_equal(zarrc_array_read_selection(again, &selections[i], &view, &error), ZARRC_NOT_FOUND);
    assert_string_equal(SAID(error), "a/c/0/0: chunk 0,0: the chunk is missing");
  }
  zarrc_array_close(array);
  zarrc_array_close(again);
  zarrc_store_close(store);
  free(document);
}

/* ----------------------------------------------------------------------------------------------------- no memory */

#define SHARD(shape)                                                                                                   \
  "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": " shape ", \"codecs\": [" BYTES "]}}]"

typedef struct kind {
  const char *type, *fill, *codecs;
} kind;

static zarrc_status select_all_ways(const zarrc_ctx_options *options, void *arg) {
  const kind *k = arg;
  static const int64_t rows[] = {3, 0, 3}, columns[] = {5, 1, 1};
  static const uint8_t mask[24] = {1, 0, 1, 1, 0, 0, 0, 0, 1}, odd[] = {1, 1, 0, 1};
  zarrc_dtype byte = zarrc_dtype_of(ZARRC_UINT8);
  zarrc_view mask_view = zarrc_view_c(&byte, 2, (int64_t[]){4, 6}, (void *)(uintptr_t)mask);
  const zarrc_selection selections[] = {
      {.pick = {zarrc_pick_list(rows, 3), zarrc_pick_list(columns, 3)}},
      {.pick = {zarrc_pick_mask(odd, 4), zarrc_pick_index(2)}},
      {.kind = ZARRC_SELECT_POINTS, .npoints = 3, .coordinate = {rows, columns}},
      {.kind = ZARRC_SELECT_MASK, .mask = &mask_view},
  };
  zarrc_ctx *own;
  zarrc_store *store = NULL;
  zarrc_array *array = NULL;
  zarrc_arena *arena = NULL;
  char *document = nodes_document("data_type", k->type, "fill_value", k->fill, "codecs", k->codecs, NULL);
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (status) {
    free(document);
    return status;
  }
  status = zarrc_memory_store_open(own, &store, NULL);
  if (!status)
    status = zarrc_array_create_json(store, "a", document, strlen(document), ZARRC_CREATE_NEW, NULL, &array, NULL);
  if (!status) status = zarrc_arena_open(own, &arena, NULL);
  for (size_t i = 0; !status && i < 2 * sizeof selections / sizeof *selections; i++) {
    zarrc_text elements[24];
    int64_t shape[2];
    int ndim;
    for (int e = 0; e < 24; e++) elements[e] = (zarrc_text){(const uint8_t *)"0123456789012345678901234", (size_t)e};
    status = zarrc_array_selection_shape(array, &selections[i / 2], &ndim, shape, NULL);
    if (status) break;
    zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), ndim, shape, elements);
    view.arena = arena;
    status = i % 2 ? zarrc_array_read_selection(array, &selections[i / 2], &view, NULL)
                   : zarrc_array_write_selection(array, &selections[i / 2], &view, NULL);
  }
  zarrc_arena_close(arena);
  zarrc_array_close(array);
  zarrc_store_close(store);
  zarrc_ctx_close(own);
  free(document);
  return status;
}

static void no_memory(void **state) {
  static const kind kinds[] = {{"\"int32\"", "0", "[" BYTES "]"},
                               {"\"int32\"", "0", SHARD("[1, 1]")},
                               {"\"string\"", "\"f\"", "[\"vlen-utf8\"]"}};
  (void)state;
  for (int i = 0; i < 3; i++) {
    zarrc_ctx_options options = {.threads = 1};
    assert_true(faulty_alloc_each(&options, select_all_ways, (void *)(uintptr_t)&kinds[i]) > 50);
  }
}

/* ------------------------------------------------------------------------------------------------------- writers */

enum { NWRITERS = 16, LENGTH = 400 };

/* Every writer has points of its own, in every chunk, and does its work piece by piece. */
static zarrc_status write_own(void *arg, size_t i, zarrc_error *error) {
  zarrc_array *array = arg;
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_INT32);
  int64_t at[LENGTH / NWRITERS];
  int32_t numbers[LENGTH / NWRITERS];
  zarrc_status status = ZARRC_OK;
  for (int k = 0; k < LENGTH / NWRITERS; k++) {
    at[k] = (int64_t)(i + (size_t)k * 7 % (LENGTH / NWRITERS) * NWRITERS);
    numbers[k] = (int32_t)at[k] + 1;
  }
  for (int k = 0; k < LENGTH / NWRITERS && !status; k += 5) {
    zarrc_selection points = {.kind = ZARRC_SELECT_POINTS, .npoints = 5, .coordinate = {at + k}};
    zarrc_selection list = {.pick = {zarrc_pick_list(at + k, 5)}};
    zarrc_view view = zarrc_view_c(&dtype, 1, (int64_t[]){5}, numbers + k);
    status = zarrc_array_write_selection(array, k % 2 ? &points : &list, &view, error);
  }
  return status;
}

static void writers_lose_nothing(void **state) {
  needs_codec("zstd");
  static const char *const chains[] = {"[" BYTES "]", "[" BYTES ", {\"name\": \"zstd\"}]", SHARD("[10]"), SHARD("[1]")};
  zarrc_ctx_options options = {.threads = 8};
  zarrc_ctx *own;
  zarrc_store *store;
  (void)state;
  assert_int_equal(zarrc_ctx_open(&options, &own, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(own, &store, NULL), ZARRC_OK);
  for (int i = 0; i < 4; i++) {
    zarrc_error error = {0};
    zarrc_dtype dtype = zarrc_dtype_of(ZARRC_INT32);
    int32_t numbers[LENGTH];
    zarrc_array *array = NULL;
    char *document = nodes_document("shape", "[400]", "chunk_grid",
                                    "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [100]}}", "codecs",
                                    chains[i], NULL);
    assert_int_equal(
        zarrc_array_create_json(store, "a", document, strlen(document), ZARRC_CREATE_OVERWRITE, NULL, &array, NULL),
        ZARRC_OK);
    if (zarrc_for_each(own, NWRITERS, write_own, array, &error)) fail_msg("%s", SAID(error));
    zarrc_view view = zarrc_view_c(&dtype, 1, (int64_t[]){LENGTH}, numbers);
    assert_int_equal(zarrc_array_read(array, NULL, &view, NULL), ZARRC_OK);
    for (int k = 0; k < LENGTH; k++) assert_int_equal(numbers[k], k + 1);
    zarrc_array_close(array);
    free(document);
  }
  zarrc_store_close(store);
  zarrc_ctx_close(own);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_as_numpy), cmocka_unit_test(mistakes_are_named),   cmocka_unit_test(missing_chunks),
      cmocka_unit_test(no_memory),     cmocka_unit_test(writers_lose_nothing),
  };
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
