/* SPDX-License-Identifier: MIT */
/*
 * Arrays drawn at random (type, shape, regular or rectilinear chunks, chain with up to two shards in one another, fill
 * value) are written and read by random regions through random memory, and compared with a plain array in memory. The
 * seed is printed; ZARRC_SEED and ZARRC_DRAWS in the environment set another seed and number of draws.
 */
#include "support/needs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zarrc/zarrc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NDRAWS   1000
#define MAX_RANK 4

static uint64_t state = 1;

static uint64_t draw(uint64_t n) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (state * 0x2545F4914F6CDD1Du >> 11) % n;
}

static bool chance(unsigned percent) {
  return draw(100) < percent;
}

/* ------------------------------------------------------------------------------------------------ what is drawn */

typedef struct type_row {
  const char *json, *fill; /* fill: one that is not the default */
  bool swaps, text;
} type_row;

static const type_row types[] = {
    {"\"bool\"", "true", false, false},
    {"\"int8\"", "-1", false, false},
    {"\"uint16\"", "513", true, false},
    {"\"int32\"", "-7", true, false},
    {"\"uint64\"", "18446744073709551615", true, false},
    {"\"float16\"", "1.5", true, false},
    {"\"float32\"", "0.5", true, false},
    {"\"float64\"", "-2.0", true, false},
    {"\"complex64\"", "[1.0, 2.0]", true, false},
    {"\"complex128\"", "[0.0, -1.0]", true, false},
    {"\"r24\"", "[1, 2, 3]", false, false},
    {"{\"name\": \"numpy.datetime64\", \"configuration\": {\"unit\": \"ns\", \"scale_factor\": 1}}", "77", true, false},
    {"{\"name\": \"struct\", \"configuration\": {\"fields\": [{\"name\": \"a\", \"data_type\": \"uint16\"}, "
     "{\"name\": \"b\", \"data_type\": \"int8\"}, {\"name\": \"c\", \"data_type\": \"float64\"}]}}",
     "{\"a\": 1, \"b\": 2, \"c\": 3.0}", true, false},
    {"\"string\"", "\"fill\"", false, true},
    {"\"bytes\"", "\"AQI=\"", false, true},
};

typedef struct text {
  char s[16384];
  size_t n;
} text;

static void put(text *t, const char *format, ...) {
  va_list args;
  va_start(args, format);
  t->n += (size_t)vsnprintf(t->s + t->n, sizeof t->s - t->n, format, args);
  va_end(args);
  assert_true(t->n < sizeof t->s);
}

static void put_shape(text *t, int ndim, const int64_t *shape) {
  put(t, "[");
  for (int i = 0; i < ndim; i++) put(t, i ? ", %lld" : "%lld", (long long)shape[i]);
  put(t, "]");
}

typedef struct model_shape {
  int ndim;
  int64_t shape[MAX_RANK];
} model_shape;

static void put_compressors(text *t, bool fixed_size) {
  static const char *const cnames[] = {"lz4", "zstd", "blosclz", "zlib", "lz4hc"};
  static const char *const shuffles[] = {"noshuffle", "shuffle", "bitshuffle"};
  for (unsigned i = 0, n = (unsigned)draw(3); i < n; i++) switch (fixed_size ? 0 : draw(4)) {
    case 0:
      put(t, ", {\"name\": \"crc32c\"}");
      break;
    case 1:
      put(t, ", {\"name\": \"gzip\", \"configuration\": {\"level\": %d}}", (int)draw(3));
      break;
    case 2:
      put(t, ", {\"name\": \"zstd\", \"configuration\": {\"level\": %d, \"checksum\": %s}}", (int)draw(4) - 1,
          chance(50) ? "true" : "false");
      break;
    default:
      put(t,
          ", {\"name\": \"blosc\", \"configuration\": {\"cname\": \"%s\", \"clevel\": %d, \"shuffle\": \"%s\", "
          "\"blocksize\": %d}}",
          cnames[draw(5)], (int)draw(6), shuffles[draw(3)], chance(50) ? 0 : 256);
    }
}

/* A grid whose chunks all have a whole number of units on each axis, so that any chain for the unit fits them. */
static void put_grid(text *t, const model_shape *m, const int64_t *unit) {
  if (m->ndim == 0 || chance(65)) {
    put(t, "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": ");
    put_shape(t, m->ndim, unit);
    put(t, "}}");
    return;
  }
  put(t, "{\"name\": \"rectilinear\", \"configuration\": {\"kind\": \"inline\", \"chunk_shapes\": [");
  for (int i = 0; i < m->ndim; i++) {
    if (i) put(t, ", ");
    if (chance(30)) {
      put(t, "%lld", (long long)(unit[i] * (1 + (int64_t)draw(2))));
      continue;
    }
    put(t, "[");
    for (int64_t sum = 0, first = 1; first || sum < m->shape[i]; first = 0) {
      int64_t edge = unit[i] * (1 + (int64_t)draw(3)), count = chance(30) ? 1 + (int64_t)draw(3) : 0;
      put(t, first ? "" : ", ");
      if (count)
        put(t, "[%lld, %lld]", (long long)edge, (long long)count);
      else
        put(t, "%lld", (long long)edge);
      sum += edge * (count ? count : 1);
    }
    put(t, "]");
  }
  put(t, "]}}");
}

/* A chain for chunks of a shape; the transposed shape is what the serializer gets. */
static void put_chain(text *t, const type_row *type, int ndim, const int64_t *chunk, int nesting) {
  int64_t shape[MAX_RANK], inner[MAX_RANK];
  memcpy(shape, chunk, sizeof shape);
  put(t, "[");
  if (ndim && chance(40)) {
    int order[MAX_RANK];
    for (int i = 0; i < ndim; i++) order[i] = i;
    for (int i = ndim - 1; i > 0; i--) {
      int k = (int)draw((uint64_t)i + 1), swap = order[i];
      order[i] = order[k];
      order[k] = swap;
    }
    put(t, "{\"name\": \"transpose\", \"configuration\": {\"order\": [");
    for (int i = 0; i < ndim; i++) {
      put(t, i ? ", %d" : "%d", order[i]);
      shape[i] = chunk[order[i]];
    }
    put(t, "]}}, ");
  }
  if (nesting && chance(60)) {
    for (int i = 0; i < ndim; i++) {
      do inner[i] = 1 + (int64_t)draw((uint64_t)shape[i]);
      while (shape[i] % inner[i]);
    }
    put(t, "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": ");
    put_shape(t, ndim, inner);
    put(t, ", \"codecs\": ");
    put_chain(t, type, ndim, inner, nesting - 1);
    put(t, ", \"index_codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": \"%s\"}}",
        chance(80) ? "little" : "big");
    put_compressors(t, true);
    put(t, "], \"index_location\": \"%s\"}}", chance(50) ? "start" : "end");
    if (chance(25)) put_compressors(t, false);
  } else if (type->text) {
    put(t, "{\"name\": \"%s\"}", strstr(type->json, "string") ? "vlen-utf8" : "vlen-bytes");
    put_compressors(t, false);
  } else {
    put(t, "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"%s\"}}", chance(70) ? "little" : "big");
    put_compressors(t, false);
  }
  put(t, "]");
}

/* ------------------------------------------------------------------------------------------------------ model */

typedef struct model {
  const type_row *type;
  int ndim;
  int64_t shape[MAX_RANK];
  zarrc_view all; /* packed elements */
  size_t item;
} model;

static const char *const words[] = {"", "a", "fill", "\xc3\xa9t\xc3\xa9", "longer than the others are", "\x01\x02"};

/* An element: a few different ones, so that chunks of nothing but fill value occur. */
static void element_draw(const model *m, const void *fill, uint8_t *out) {
  uint64_t kind = draw(4);
  if (m->type->text) {
    const char *word = words[draw(sizeof words / sizeof *words)];
    zarrc_text t = {(const uint8_t *)word, strlen(word)};
    memcpy(out, &t, sizeof t);
  } else if (kind == 0) {
    memcpy(out, fill, m->item);
  } else {
    memset(out, 0, m->item);
    if (kind > 1) out[draw(m->item)] = (uint8_t)(strstr(m->type->json, "bool") ? 1 : draw(100));
  }
}

static bool elements_equal(const model *m, const void *a, const void *b) {
  if (!m->type->text) return memcmp(a, b, m->item) == 0;
  zarrc_text x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return x.len == y.len && (x.len == 0 || memcmp(x.ptr, y.ptr, x.len) == 0);
}

/* Memory of a random layout for a shape: axes in any order, gaps, either direction, either byte order. */
typedef struct buffer {
  uint8_t *bytes;
  zarrc_view view;
} buffer;

static buffer buffer_draw(const model *m, const int64_t *shape, zarrc_arena *arena) {
  int order[MAX_RANK];
  int64_t stride = (int64_t)m->item, offset = 0;
  buffer b = {.view = {.dtype = m->all.dtype, .ndim = m->ndim, .arena = arena}};
  bool plain = chance(30);
  for (int i = 0; i < m->ndim; i++) order[i] = m->ndim - 1 - i;
  for (int i = m->ndim - 1; !plain && i > 0; i--) {
    int k = (int)draw((uint64_t)i + 1), swap = order[i];
    order[i] = order[k];
    order[k] = swap;
  }
  for (int i = 0; i < m->ndim; i++) {
    int axis = order[i];
    if (!plain && chance(20)) stride += (int64_t)m->item * (int64_t)draw(3);
    b.view.shape[axis] = shape[axis];
    b.view.stride[axis] = stride;
    if (!plain && chance(25) && shape[axis]) {
      b.view.stride[axis] = -stride;
      offset += stride * (shape[axis] - 1);
    }
    stride *= shape[axis] ? shape[axis] : 1;
  }
  b.bytes = malloc((size_t)stride);
  memset(b.bytes, 0x77, (size_t)stride);
  b.view.data = b.bytes + offset;
  if (m->type->swaps && chance(20)) b.view.dtype.endian = ZARRC_BIG;
  return b;
}

static zarrc_region region_draw(const model *m) {
  zarrc_region r = {0};
  for (int i = 0; i < m->ndim; i++) {
    int64_t n = m->shape[i];
    r.step[i] = chance(70) ? 1 : 1 + (int64_t)draw(5);
    if (n == 0) continue;
    if (chance(25)) {
      r.count[i] = (n + r.step[i] - 1) / r.step[i];
      continue;
    }
    r.start[i] = (int64_t)draw((uint64_t)n);
    r.count[i] = (int64_t)draw((uint64_t)((n - r.start[i] + r.step[i] - 1) / r.step[i]) + 1);
  }
  return r;
}

static void region_read_check(const model *m, zarrc_array *array, const char *what) {
  zarrc_error error = {0};
  zarrc_arena *arena;
  zarrc_region r = region_draw(m);
  assert_int_equal(zarrc_arena_open(zarrc_array_store(array)->ctx, &arena, NULL), ZARRC_OK);
  buffer b = buffer_draw(m, r.count, arena);
  if (zarrc_array_read(array, &r, &b.view, &error)) fail_msg("%s: read: %s", what, error.message);
  /* Compare packed copies in native order. */
  size_t n = (size_t)zarrc_view_nitems(&b.view);
  uint8_t *got = malloc(n * m->item + 1), *expected = malloc(n * m->item + 1);
  zarrc_view got_view = zarrc_view_c(&m->all.dtype, m->ndim, r.count, got);
  zarrc_view expected_view = zarrc_view_c(&m->all.dtype, m->ndim, r.count, expected);
  zarrc_view part = zarrc_view_part(&m->all, &r);
  zarrc_copy(&got_view, &b.view);
  zarrc_copy(&expected_view, &part);
  for (size_t i = 0; i < n; i++)
    if (!elements_equal(m, got + i * m->item, expected + i * m->item))
      fail_msg("%s: element %zu of a region differs; the array is %s", what, i, zarrc_array_metadata(array));
  free(got);
  free(expected);
  free(b.bytes);
  zarrc_arena_close(arena);
}

static void region_write(const model *m, zarrc_array *array, const char *what) {
  zarrc_error error = {0};
  zarrc_region r = region_draw(m);
  buffer b = buffer_draw(m, r.count, NULL);
  size_t n = (size_t)zarrc_view_nitems(&b.view);
  uint8_t *values = malloc(n * m->item + 1);
  bool constant = chance(30);
  for (size_t i = 0; i < n; i++) {
    if (i && constant)
      memcpy(values + i * m->item, values, m->item);
    else
      element_draw(m, zarrc_array_fill(array), values + i * m->item);
  }
  zarrc_view from = zarrc_view_c(&m->all.dtype, m->ndim, r.count, values), part = zarrc_view_part(&m->all, &r);
  zarrc_copy(&b.view, &from);
  zarrc_copy(&part, &from);
  if (zarrc_array_write(array, &r, &b.view, &error)) fail_msg("%s: write: %s", what, error.message);
  free(values);
  free(b.bytes);
}

static void one_draw(zarrc_ctx *ctx, uint64_t number) {
  static text json;
  zarrc_error error = {0};
  zarrc_store *store;
  zarrc_array *array;
  int64_t chunk[MAX_RANK];
  char what[64];
  model m = {.type = &types[draw(sizeof types / sizeof *types)], .ndim = (int)draw(MAX_RANK + 1)};
  bool fill = chance(50);
  snprintf(what, sizeof what, "draw %llu", (unsigned long long)number);
  json.n = 0;
  for (int i = 0; i < m.ndim; i++) {
    m.shape[i] = chance(3) ? 0 : 1 + (int64_t)draw(m.ndim > 2 ? 9 : 20);
    chunk[i] = 1 + (int64_t)draw(12);
  }
  put(&json, "{\"zarr_format\": 3, \"node_type\": \"array\", \"data_type\": %s, \"shape\": ", m.type->json);
  put_shape(&json, m.ndim, m.shape);
  model_shape drawn = {.ndim = m.ndim};
  memcpy(drawn.shape, m.shape, sizeof drawn.shape);
  put(&json, ", \"chunk_grid\": ");
  put_grid(&json, &drawn, chunk);
  put(&json, ", \"chunk_key_encoding\": {\"name\": \"%s\"}, \"fill_value\": ", chance(50) ? "default" : "v2");
  const char *zero = m.type->text                      ? "\"\""
                     : strstr(m.type->json, "bool")    ? "false"
                     : strstr(m.type->json, "complex") ? "[0.0, 0.0]"
                     : strstr(m.type->json, "r24")     ? "[0, 0, 0]"
                     : strstr(m.type->json, "struct")  ? "{}"
                                                       : "0";
  put(&json, "%s, \"codecs\": ", fill ? m.type->fill : zero);
  put_chain(&json, m.type, m.ndim, chunk, 2);
  put(&json, "}");
  zarrc_array_options options = {.struct_size = sizeof options};
  options.chunk.write_empty_chunks = chance(20);
  options.chunk.subchunk_order = (zarrc_subchunk_order)draw(4);
  assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
  if (zarrc_array_create_json(store, "a", json.s, json.n, ZARRC_CREATE_NEW, &options, &array, &error))
    fail_msg("%s: %s: %s", what, error.message, json.s);
  zarrc_dtype dtype = *zarrc_array_dtype(array);
  m.item = dtype.item_size;
  m.all = zarrc_view_c(&dtype, m.ndim, m.shape, NULL);
  m.all.data = malloc((size_t)zarrc_view_nitems(&m.all) * m.item + 1);
  zarrc_fill(&m.all, zarrc_array_fill(array));
  for (int round = 0; round < 4; round++) {
    region_write(&m, array, what);
    region_read_check(&m, array, what);
  }
  zarrc_array *again;
  if (zarrc_array_open(store, "a", NULL, &again, &error)) fail_msg("%s: %s: %s", what, error.message, json.s);
  region_read_check(&m, again, what);
  zarrc_array_close(again);
  free(m.all.data);
  zarrc_array_close(array);
  zarrc_store_close(store);
}

static void draws(void **unused) {
  needs_codec("zstd");
  needs_codec("blosc");
  (void)unused;
  const char *seed = getenv("ZARRC_SEED"), *count = getenv("ZARRC_DRAWS");
  uint64_t n = count ? strtoull(count, NULL, 10) : NDRAWS, first = seed ? strtoull(seed, NULL, 10) : 20261122;
  static const unsigned threads[] = {1, 2, 8};
  zarrc_ctx *ctx[3];
  for (int i = 0; i < 3; i++) {
    zarrc_ctx_options options = {.threads = threads[i]};
    assert_int_equal(zarrc_ctx_open(&options, &ctx[i], NULL), ZARRC_OK);
  }
  print_message("seed %llu, %llu draws\n", (unsigned long long)first, (unsigned long long)n);
  for (uint64_t i = 0; i < n; i++) {
    state = (first + i) * 0x9E3779B97F4A7C15u | 1;
    one_draw(ctx[i % 3], first + i);
  }
  for (int i = 0; i < 3; i++) zarrc_ctx_close(ctx[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(draws)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
