/* SPDX-License-Identifier: MIT */
/* Arrays and groups in a store that can fetch many values at once: how often somebody waits, what is fetched, and that
 * the elements are the same as from a store in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/far_store.h"
#include "support/nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]"
#define SHARD(shape, codecs)                                                                                           \
  "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": " shape ", \"codecs\": " codecs "}}"
#define SHARDS(shape, codecs) "[" SHARD(shape, codecs) "]"

/* An array in memory, and the same array through a far store. */
typedef struct fixture {
  zarrc_ctx *ctx, *far_ctx;
  zarrc_store *store;
  far_store far;
  zarrc_array *near, *array;
} fixture;

static void open_stores(fixture *f, const zarrc_ctx_options *options) {
  memset(f, 0, sizeof *f);
  assert_int_equal(zarrc_ctx_open(NULL, &f->ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_ctx_open(options, &f->far_ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(f->ctx, &f->store, NULL), ZARRC_OK);
  far_store_init(&f->far, f->far_ctx, f->store);
}

static void create(fixture *f, const char *shape, const char *chunks, const char *codecs, zarrc_array **out) {
  char grid[200];
  zarrc_error error;
  snprintf(grid, sizeof grid, "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": %s}}", chunks);
  char *document = nodes_document("shape", shape, "chunk_grid", grid, "codecs", codecs, NULL);
  if (zarrc_array_create_json(f->store, "a", document, strlen(document), ZARRC_CREATE_NEW, NULL, out, &error))
    fail_msg("%s", error.message);
  free(document);
}

static zarrc_view view_of(zarrc_array *array, const int64_t *shape, void *memory) {
  return zarrc_view_c(zarrc_array_dtype(array), zarrc_array_ndim(array), shape, memory);
}

static size_t nitems_of(zarrc_array *array) {
  size_t n = 1;
  for (int i = 0; i < zarrc_array_ndim(array); i++) n *= (size_t)zarrc_array_shape(array)[i];
  return n;
}

/* Numbers in all of the array, 1, 2, 3, ... */
static void fill(zarrc_array *array) {
  size_t n = nitems_of(array);
  int32_t *numbers = malloc(n * sizeof *numbers);
  for (size_t i = 0; i < n; i++) numbers[i] = (int32_t)i + 1;
  zarrc_view view = view_of(array, zarrc_array_shape(array), numbers);
  assert_int_equal(zarrc_array_write(array, NULL, &view, NULL), ZARRC_OK);
  free(numbers);
}

static void open_far(fixture *f, const zarrc_ctx_options *options, const char *shape, const char *chunks,
                     const char *codecs) {
  zarrc_error error;
  open_stores(f, options);
  create(f, shape, chunks, codecs, &f->near);
  fill(f->near);
  if (zarrc_array_open(&f->far.store, "a", NULL, &f->array, &error)) fail_msg("%s", error.message);
  far_store_begin(&f->far);
}

static void close_far(fixture *f) {
  zarrc_array_close(f->array);
  zarrc_array_close(f->near);
  far_store_clear(&f->far);
  zarrc_store_close(f->store);
  zarrc_ctx_close(f->far_ctx);
  zarrc_ctx_close(f->ctx);
}

/* Reads all, which must be what fill has written. */
static void assert_reads(fixture *f) {
  size_t n = nitems_of(f->array);
  int32_t *back = malloc(n * sizeof *back);
  zarrc_error error;
  zarrc_view view = view_of(f->array, zarrc_array_shape(f->array), back);
  if (zarrc_array_read(f->array, NULL, &view, &error)) fail_msg("%s", error.message);
  for (size_t i = 0; i < n; i++) assert_int_equal(back[i], (int32_t)i + 1);
  free(back);
}

static zarrc_status read_box(fixture *f, int64_t start, int64_t count, int32_t *to, zarrc_error *error) {
  zarrc_region r = {.start = {start}, .count = {count}, .step = {1}};
  zarrc_view view = view_of(f->array, r.count, to);
  return zarrc_array_read(f->array, &r, &view, error);
}

/* --------------------------------------------------------------------------------------------------------- waves */

/* 1,024 chunks of 24 bytes, and of 4, 16 and 32 KiB: 64 are waited for at once, up to 256 if they are at most 2 MiB. */
static void an_array_of_many_chunks(void **state) {
  static const char *const shapes[][2] = {
      {"[64, 96]", "[2, 3]"}, {"[1048576]", "[1024]"}, {"[4194304]", "[4096]"}, {"[8388608]", "[8192]"}};
  static const size_t nwaves[] = {4, 4, 8, 16};
  (void)state;
  for (size_t i = 0; i < 4; i++) {
    fixture f;
    open_far(&f, NULL, shapes[i][0], shapes[i][1], BYTES);
    assert_reads(&f);
    assert_int_equal(f.far.nwaves, nwaves[i]);
    assert_int_equal(f.far.nbytes, nitems_of(f.array) * 4);
    assert_int_equal(f.far.ntwice + f.far.nsingle, 0);
    close_far(&f);
  }
}

/* Chunks that are missing are waited for with the others, and the array's document is then looked at once more. */
static void missing_chunks(void **state) {
  (void)state;
  fixture f;
  int32_t back[64 * 96];
  open_far(&f, NULL, "[64, 96]", "[2, 3]", BYTES);
  assert_int_equal(zarrc_array_erase_chunk(f.near, (int64_t[]){3, 4}, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_erase_chunk(f.near, (int64_t[]){31, 31}, NULL), ZARRC_OK);
  far_store_begin(&f.far);
  memset(back, 0xA5, sizeof back);
  zarrc_view view = view_of(f.array, zarrc_array_shape(f.array), back);
  assert_int_equal(zarrc_array_read(f.array, NULL, &view, NULL), ZARRC_OK);
  assert_true(f.far.nwaves <= 4 + 1);
  assert_true(back[6 * 96 + 12] == 0 && back[6 * 96 + 11] == 6 * 96 + 12 && back[64 * 96 - 1] == 0);
  close_far(&f);
}

static void a_shard(void **state) {
  (void)state;
  fixture f;
  int32_t some[100];
  open_far(&f, NULL, "[4096]", "[4096]", SHARDS("[16]", BYTES));
  assert_int_equal(read_box(&f, 100, 100, some, NULL), ZARRC_OK);
  assert_int_equal(some[99], 200);
  assert_int_equal(f.far.nwaves, 2);
  assert_int_equal(f.far.nbytes, 256 * 16 + 4 + 7 * 64); /* the index, and seven inner chunks */
  far_store_begin(&f.far);
  assert_int_equal(read_box(&f, 1000, 100, some, NULL), ZARRC_OK);
  assert_int_equal(some[99], 1100);
  assert_int_equal(f.far.nwaves, 1);
  assert_int_equal(f.far.nbytes, 7 * 64);
  assert_int_equal(f.far.ntwice, 0);

  /* Where somebody has made another shard, the kept index is none of it. */
  fill(f.near);
  far_store_begin(&f.far);
  assert_int_equal(read_box(&f, 1000, 100, some, NULL), ZARRC_OK);
  assert_int_equal(some[99], 1100);
  assert_int_equal(f.far.nwaves, 3);
  far_store_begin(&f.far);
  assert_int_equal(read_box(&f, 1000, 100, some, NULL), ZARRC_OK);
  assert_int_equal(f.far.nwaves, 1);
  assert_int_equal(zarrc_store_erase(f.store, "a/c/0", NULL), ZARRC_OK);
  assert_int_equal(read_box(&f, 1000, 100, some, NULL), ZARRC_OK);
  assert_int_equal(some[99], 0);
  close_far(&f);
}

/* What lies between wanted bytes is fetched too only where that is said to cost less. */
static void gaps(void **state) {
  (void)state;
  fixture f;
  int32_t some[64];
  zarrc_region r = {.start = {32}, .count = {64}, .step = {32}};
  for (int joined = 0; joined < 2; joined++) {
    open_far(&f, NULL, "[4096]", "[4096]", SHARDS("[16]", BYTES));
    f.far.traits.gap = joined ? 64 : 63;
    zarrc_view view = view_of(f.array, r.count, some);
    assert_int_equal(zarrc_array_read(f.array, &r, &view, NULL), ZARRC_OK);
    for (int i = 0; i < 64; i++) assert_int_equal(some[i], 32 * i + 33);
    assert_int_equal(f.far.nwaves, 2);
    assert_int_equal(f.far.nbytes, 256 * 16 + 4 + 64 * (joined ? 127 : 4));
    assert_int_equal(f.far.nranges, joined ? 2 : 65);
    close_far(&f);
  }
}

/* A shard inside a shard is one more level, unless it is so small that it is fetched whole. */
static void shards_in_shards(void **state) {
  (void)state;
  for (int small = 0; small < 2; small++) {
    fixture f;
    int32_t some[100];
    open_far(&f, NULL, "[4096]", "[4096]", SHARDS("[256]", SHARDS("[16]", BYTES)));
    if (!small) f.far.traits.gap = 100;
    assert_int_equal(read_box(&f, 250, 100, some, NULL), ZARRC_OK);
    assert_int_equal(some[99], 350);
    assert_int_equal(f.far.nwaves, small ? 2 : 3);
    assert_int_equal(f.far.ntwice, 0);
    far_store_begin(&f.far);
    assert_int_equal(read_box(&f, 260, 100, some, NULL), ZARRC_OK);
    assert_int_equal(some[99], 360);
    assert_int_equal(f.far.nwaves, 1);
    close_far(&f);
  }
}

/* Many shards that are read whole are waited for once. */
static void an_array_of_shards(void **state) {
  (void)state;
  fixture f;
  open_far(&f, NULL, "[64, 64]", "[8, 8]", SHARDS("[2, 2]", BYTES));
  assert_reads(&f);
  assert_int_equal(f.far.nwaves, 1);
  assert_int_equal(f.far.ntwice, 0);
  close_far(&f);
}

static void selections_and_points(void **state) {
  (void)state;
  fixture f;
  const int64_t rows[] = {1, 5, 9, 60, 63}, at[2][3] = {{0, 33, 63}, {95, 50, 0}};
  int32_t back[5 * 96];
  open_far(&f, NULL, "[64, 96]", "[2, 3]", BYTES);
  zarrc_selection s = {.pick = {zarrc_pick_list(rows, 5)}};
  zarrc_view view = view_of(f.array, (int64_t[]){5, 96}, back);
  assert_int_equal(zarrc_array_read_selection(f.array, &s, &view, NULL), ZARRC_OK);
  for (int i = 0; i < 5 * 96; i++) assert_int_equal(back[i], rows[i / 96] * 96 + i % 96 + 1);
  assert_int_equal(f.far.nwaves, 1); /* 160 chunks */
  far_store_begin(&f.far);
  zarrc_selection points = {.kind = ZARRC_SELECT_POINTS, .npoints = 3, .coordinate = {at[0], at[1]}};
  view = zarrc_view_c(zarrc_array_dtype(f.array), 1, (int64_t[]){3}, back);
  assert_int_equal(zarrc_array_read_selection(f.array, &points, &view, NULL), ZARRC_OK);
  for (int i = 0; i < 3; i++) assert_int_equal(back[i], at[0][i] * 96 + at[1][i] + 1);
  assert_int_equal(f.far.nwaves, 1);
  assert_int_equal(f.far.ntwice, 0);
  close_far(&f);
}

static zarrc_status count_node(void *arg, const char *path, zarrc_node_kind kind, const zarrc_error *why,
                               zarrc_error *error) {
  size_t *n = arg;
  (void)path, (void)error;
  n[kind == ZARRC_NODE_UNREADABLE ? 2 : kind == ZARRC_NODE_ARRAY]++;
  if (kind == ZARRC_NODE_UNREADABLE) assert_true(why->code == ZARRC_UNSUPPORTED || why->code == ZARRC_INVALID_METADATA);
  return ZARRC_OK;
}

static void a_group_of_many_children(void **state) {
  (void)state;
  fixture f;
  zarrc_group *group;
  open_stores(&f, NULL);
  nodes_put(f.store, "zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\"}");
  for (int i = 0; i < 100; i++) {
    char key[40];
    char *document = nodes_document(NULL, NULL);
    snprintf(key, sizeof key, "n%d/zarr.json", i);
    nodes_put(f.store, key, i % 2 ? document : "{\"zarr_format\": 3, \"node_type\": \"group\"}");
    free(document);
  }
  assert_int_equal(zarrc_group_open(&f.far.store, "", NULL, &group, NULL), ZARRC_OK);
  assert_int_equal(f.far.nwaves, 1);
  size_t n[3] = {0};
  far_store_begin(&f.far);
  assert_int_equal(zarrc_group_list(group, count_node, n, NULL), ZARRC_OK);
  assert_true(n[0] == 50 && n[1] == 50 && n[2] == 0);
  assert_int_equal(f.far.nwaves + f.far.nlists, 2);

  /* Those of format 2, what is no node, and what cannot be read are found by one more wave for all of them. */
  nodes_put(f.store, "v2/.zarray", "{}");
  nodes_put(f.store, "v2group/.zgroup", "{}");
  nodes_put(f.store, "folder/file", "x");
  nodes_put(f.store, "bad/zarr.json", "{");
  memset(n, 0, sizeof n);
  far_store_begin(&f.far);
  assert_int_equal(zarrc_group_list(group, count_node, n, NULL), ZARRC_OK);
  assert_true(n[0] == 50 && n[1] == 50 && n[2] == 3);
  assert_int_equal(f.far.nwaves + f.far.nlists, 3);
  assert_int_equal(f.far.ntwice, 0);
  zarrc_group_close(group);
  close_far(&f);
}

/* Partial writes read what they need together, shards level by level. */
static void partial_writes(void **state) {
  (void)state;
  fixture f;
  int32_t numbers[40 * 60];
  for (int i = 0; i < 40 * 60; i++) numbers[i] = -i;
  zarrc_region r = {.start = {1, 1}, .count = {40, 60}, .step = {1, 1}};
  for (int sharded = 0; sharded < 2; sharded++) {
    open_far(&f, NULL, "[64, 64]", sharded ? "[8, 8]" : "[4, 4]", sharded ? SHARDS("[2, 2]", BYTES) : BYTES);
    zarrc_view view = view_of(f.array, r.count, numbers);
    assert_int_equal(zarrc_array_write(f.array, &r, &view, NULL), ZARRC_OK);
    assert_int_equal(f.far.ntwice, 0);
    assert_int_equal(f.far.nwaves, sharded ? 4 : 3); /* twice the array is looked at */
    int32_t back[64 * 64];
    view = view_of(f.near, zarrc_array_shape(f.near), back);
    assert_int_equal(zarrc_array_read(f.near, NULL, &view, NULL), ZARRC_OK);
    for (int i = 0; i < 64 * 64; i++) {
      bool written = i / 64 >= 1 && i / 64 < 41 && i % 64 >= 1 && i % 64 < 61;
      assert_int_equal(back[i], written ? -((i / 64 - 1) * 60 + i % 64 - 1) : i + 1);
    }
    close_far(&f);
  }
}

/* ---------------------------------------------------------------------------------------------------- faults */

static void one_value_that_cannot_be_fetched(void **state) {
  (void)state;
  fixture f;
  int32_t some[100];
  zarrc_error error;
  open_far(&f, NULL, "[1000]", "[10]", BYTES);
  f.far.failing = "a/c/7";
  f.far.status = ZARRC_NETWORK;
  assert_int_equal(read_box(&f, 0, 70, some, NULL), ZARRC_OK);
  assert_int_equal(read_box(&f, 5, 100, some, &error), ZARRC_NETWORK);
  assert_string_equal(error.key, "a/c/7");
  assert_non_null(strstr(error.message, "the fetch of this value fails"));
  close_far(&f);
}

/* What is damaged, cut or too long is refused with the same words as near. */
static void damaged_values(void **state) {
  (void)state;
  static const struct {
    const char *codecs;
    size_t nbytes;
  } rows[] = {{BYTES, 100},
              {BYTES, 500},
              {BYTES, 0},
              {SHARDS("[10]", BYTES), 100},
              {SHARDS("[10]", BYTES), 20},
              {SHARDS("[10]", BYTES), 0},
              {SHARDS("[10]", BYTES), 700}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    fixture f;
    int32_t some[100];
    zarrc_bytes value;
    char *bytes = calloc(1, 1000);
    zarrc_error error = {0}, near_error = {0};
    open_far(&f, NULL, "[1000]", "[100]", rows[i].codecs);
    assert_int_equal(zarrc_store_get(f.store, "a/c/3", 1000, &value, NULL), ZARRC_OK);
    memcpy(bytes, value.ptr, value.len);
    zarrc_bytes_release(&value);
    assert_int_equal(zarrc_store_set(f.store, "a/c/3", bytes, rows[i].nbytes, NULL), ZARRC_OK);
    free(bytes);
    for (int64_t count = 5; count <= 100; count += 95) {
      zarrc_region r = {.start = {300}, .count = {count}, .step = {1}};
      zarrc_view view = view_of(f.near, r.count, some);
      zarrc_status as = zarrc_array_read(f.near, &r, &view, &near_error);
      assert_int_equal(read_box(&f, 300, count, some, &error), as);
      if (as) assert_string_equal(error.message, near_error.message);
    }
    close_far(&f);
  }
}

/* Once: all but the first 16 elements. */
static void write_another(void *arg, far_store *far) {
  fixture *f = arg;
  far->after = NULL;
  size_t n = nitems_of(f->near) - 16;
  int32_t *all = malloc(n * sizeof *all);
  for (size_t i = 0; i < n; i++) all[i] = -7;
  zarrc_region r = {.start = {16}, .count = {(int64_t)n}, .step = {1}};
  zarrc_view view = view_of(f->near, r.count, all);
  assert_int_equal(zarrc_array_write(f->near, &r, &view, NULL), ZARRC_OK);
  free(all);
}

/* What changes between two rounds is read anew: never an index of one version and inner chunks of another. */
static void a_value_that_changes(void **state) {
  (void)state;
  fixture f;
  int32_t some[200];
  open_far(&f, NULL, "[4096]", "[4096]", SHARDS("[16]", BYTES));
  f.far.after = write_another;
  f.far.after_arg = &f;
  assert_int_equal(read_box(&f, 0, 200, some, NULL), ZARRC_OK);
  for (int i = 0; i < 200; i++) assert_int_equal(some[i], i < 16 ? i + 1 : -7);
  assert_int_equal(f.far.nwaves, 4);
  assert_int_equal(f.far.ntwice, 0);
  close_far(&f);
}

static void write_again(void *arg, far_store *far) {
  fixture *f = arg;
  (void)far;
  fill(f->near);
}

/* An index that says that nothing is stored may be an old one: then no inner chunk is fetched, which would tell. */
static void an_empty_part_that_is_filled(void **state) {
  (void)state;
  fixture f;
  int32_t some[16] = {0}, back[16];
  const zarrc_region r = {.start = {160}, .count = {16}, .step = {1}};
  open_far(&f, NULL, "[4096]", "[4096]", SHARDS("[16]", BYTES));
  zarrc_view view = view_of(f.near, r.count, some);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(zarrc_array_write(f.near, &r, &view, NULL), ZARRC_OK);
    for (int k = 0; k < 2; k++) {
      assert_int_equal(read_box(&f, 160, 16, back, NULL), ZARRC_OK);
      assert_memory_equal(back, some, sizeof some);
    }
    some[3] = 33;
  }
  close_far(&f);
}

static zarrc_status count_fetched(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  (void)part, (void)error;
  ++*(size_t *)arg;
  zarrc_fill(view, NULL);
  return ZARRC_OK;
}

/* What has given up reading ends, be it a read or a partial write. */
static void a_value_that_never_stays(void **state) {
  (void)state;
  fixture f;
  int32_t some[200];
  size_t ncalls = 0;
  zarrc_error error;
  zarrc_region r = {.start = {5}, .count = {200}, .step = {1}};
  const char *turned = "[{\"name\": \"transpose\", \"configuration\": {\"order\": [0]}}, " SHARD("[16]", BYTES) "]";
  open_far(&f, NULL, "[4096]", "[4096]", turned); /* a chain that fetches elements before it reads */
  f.far.after = write_again;
  f.far.after_arg = &f;
  assert_int_equal(read_box(&f, 0, 200, some, &error), ZARRC_CONFLICT);
  assert_non_null(strstr(error.message, "changes again and again"));
  const zarrc_values values = {.fetch = count_fetched, .arg = &ncalls};
  assert_int_equal(zarrc_array_write_values(f.array, &r, &values, &error), ZARRC_CONFLICT);
  assert_non_null(strstr(error.message, "changes again and again"));
  assert_true(ncalls >= 100 && ncalls < 1000);
  close_far(&f);
}

/* A partial write that somebody else gets in front of reads the other's value, and keeps it. */
static void a_write_that_is_overtaken(void **state) {
  (void)state;
  fixture f;
  int32_t ours[4] = {1, 2, 3, 4}, back[64];
  open_far(&f, NULL, "[64]", "[64]", BYTES);
  f.far.after = write_another;
  f.far.after_arg = &f;
  zarrc_region r = {.start = {2}, .count = {4}, .step = {1}};
  zarrc_view view = view_of(f.array, r.count, ours);
  assert_int_equal(zarrc_array_write(f.array, &r, &view, NULL), ZARRC_OK);
  assert_null(f.far.after);
  assert_int_equal(read_box(&f, 0, 64, back, NULL), ZARRC_OK);
  for (int i = 0; i < 64; i++) assert_int_equal(back[i], i >= 2 && i < 6 ? i - 1 : i < 16 ? i + 1 : -7);
  close_far(&f);
}

/* ------------------------------------------------------------------------------------------------------ memory */

/* Far more is wanted than the context may hold: less is fetched at once, and nothing twice. */
static void within_the_limit(void **state) {
  (void)state;
  const zarrc_ctx_options options = {.max_memory = 4 << 20, .threads = 2};
  fixture f;
  open_far(&f, &options, "[4194304]", "[65536]", BYTES); /* 64 chunks of 256 KiB */
  assert_reads(&f);
  assert_true(zarrc_ctx_memory_peak(f.far_ctx) <= 4 << 20);
  assert_true(f.far.nwaves >= 16 && f.far.nwaves <= 24);
  assert_int_equal(f.far.ntwice, 0);
  close_far(&f);
  /* A chunk alone is half of it. */
  open_far(&f, &options, "[4194304]", "[524288]", BYTES);
  assert_reads(&f);
  assert_true(zarrc_ctx_memory_peak(f.far_ctx) <= 4 << 20);
  close_far(&f);
  /* A chunk is more than all. */
  open_far(&f, &options, "[4194304]", "[2097152]", BYTES);
  int32_t *back = malloc(4194304 * sizeof *back);
  zarrc_view view = view_of(f.array, zarrc_array_shape(f.array), back);
  assert_int_equal(zarrc_array_read(f.array, NULL, &view, NULL), ZARRC_NO_MEMORY);
  free(back);
  close_far(&f);
}

/* ------------------------------------------------------------------------------------------------- random arrays */

static void list(char *text, size_t size, const int64_t *numbers, int n) {
  size_t at = (size_t)snprintf(text, size, "[");
  for (int i = 0; i < n; i++)
    at += (size_t)snprintf(text + at, size - at, "%s%lld", i ? ", " : "", (long long)numbers[i]);
  snprintf(text + at, size - at, "]");
}

static const char *codecs_draw(char *text, size_t size, const int64_t *chunk, int ndim) {
  static const char *const inner[] = {"", ", {\"name\": \"crc32c\"}",
                                      ", {\"name\": \"crc32c\"}, {\"name\": \"crc32c\"}"};
  char one[100], two[100];
  int64_t half[3], quarter[3];
  for (int i = 0; i < ndim; i++) {
    half[i] = chunk[i] % 2 ? chunk[i] : chunk[i] / 2;
    quarter[i] = half[i] % 2 ? half[i] : half[i] / 2;
  }
  list(one, sizeof one, half, ndim);
  list(two, sizeof two, quarter, ndim);
  const char *last = inner[rand() % 3], *where = rand() % 3 ? "end" : "start";
  const char *const bytes = "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}";
  switch (rand() % 3) {
  case 0:
    snprintf(text, size, "[%s%s]", bytes, last);
    break;
  case 1:
    snprintf(text, size,
             "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": %s, \"index_location\": \"%s\", "
             "\"codecs\": [%s%s]}}]",
             one, where, bytes, last);
    break;
  default:
    snprintf(text, size,
             "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": %s, \"index_location\": \"%s\", "
             "\"codecs\": [{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": %s, \"codecs\": "
             "[%s%s]}}]}}]",
             one, where, two, bytes, last);
  }
  return text;
}

static void region_draw(zarrc_region *r, const int64_t *shape, int ndim) {
  for (int i = 0; i < ndim; i++) {
    r->start[i] = rand() % shape[i];
    r->step[i] = 1 + rand() % 3;
    r->count[i] = 1 + rand() % ((shape[i] - r->start[i] + r->step[i] - 1) / r->step[i]);
  }
}

/* Any region of any array, read and written: the same as in memory, and no byte is fetched twice. */
static void any_array(void **state) {
  (void)state;
  srand(5);
  for (int draw = 0; draw < 150; draw++) {
    fixture f;
    char shape_text[100], chunk_text[100], codecs[1000];
    int ndim = 1 + rand() % 3;
    int64_t shape[3], chunk[3];
    zarrc_ctx_options options = {.threads = 1 + (unsigned)rand() % 3, .max_memory = draw % 3 ? 0 : 2 << 20};
    for (int i = 0; i < ndim; i++) {
      shape[i] = 1 + rand() % 24;
      chunk[i] = 1 + rand() % 12;
    }
    list(shape_text, sizeof shape_text, shape, ndim);
    list(chunk_text, sizeof chunk_text, chunk, ndim);
    open_far(&f, &options, shape_text, chunk_text, codecs_draw(codecs, sizeof codecs, chunk, ndim));
    for (int k = 0; k < 6; k++) {
      zarrc_region r = {0};
      zarrc_error error;
      region_draw(&r, shape, ndim);
      size_t n = 1;
      for (int i = 0; i < ndim; i++) n *= (size_t)r.count[i];
      int32_t *one = malloc(n * sizeof *one), *other = malloc(n * sizeof *other);
      for (size_t i = 0; i < n; i++) one[i] = rand() % 4 ? rand() : 0;
      zarrc_view view = view_of(f.array, r.count, one), near_view = view_of(f.near, r.count, other);
      far_store_begin(&f.far);
      if (k % 2 && zarrc_array_write(f.array, &r, &view, &error)) fail_msg("%s", error.message);
      if (k % 2 == 0 && zarrc_array_read(f.array, &r, &view, &error)) fail_msg("%s", error.message);
      assert_int_equal(f.far.ntwice, 0);
      assert_int_equal(zarrc_array_read(f.near, &r, &near_view, NULL), ZARRC_OK);
      assert_memory_equal(one, other, n * sizeof *one);
      free(one);
      free(other);
    }
    close_far(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_array_of_many_chunks),
      cmocka_unit_test(missing_chunks),
      cmocka_unit_test(a_shard),
      cmocka_unit_test(gaps),
      cmocka_unit_test(shards_in_shards),
      cmocka_unit_test(an_array_of_shards),
      cmocka_unit_test(selections_and_points),
      cmocka_unit_test(a_group_of_many_children),
      cmocka_unit_test(partial_writes),
      cmocka_unit_test(one_value_that_cannot_be_fetched),
      cmocka_unit_test(damaged_values),
      cmocka_unit_test(a_value_that_changes),
      cmocka_unit_test(an_empty_part_that_is_filled),
      cmocka_unit_test(a_value_that_never_stays),
      cmocka_unit_test(a_write_that_is_overtaken),
      cmocka_unit_test(within_the_limit),
      cmocka_unit_test(any_array),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
