/* SPDX-License-Identifier: MIT */
/* Two bytes say which allocation fails (0: none); then the zarr.json of an array, a NUL, and its first chunk. */
#include <zarrc/array.h>

#include "fuzz.h"

typedef struct shortage {
  unsigned n, fail_at;
} shortage;

static void *resize(void *ud, void *p, size_t old_size, size_t size, size_t align) {
  shortage *s = ud;
  void *moved = NULL;
  if (!size) free(p);
  /* Two in a row: the library tries once more when it has given up what it could. */
  if (!size || (s->fail_at && s->n++ - (s->fail_at - 1) < 2)) return NULL;
  if (posix_memalign(&moved, align, size)) return NULL;
  if (p) memcpy(moved, p, old_size < size ? old_size : size);
  free(p);
  return moved;
}

static bool is_shortage(const shortage *s, zarrc_status status) {
  return s->fail_at && s->n >= s->fail_at && status == ZARRC_NO_MEMORY;
}

/* The first chunk, as far as it lies in the array; false: it is large, or there is none. */
static bool first_chunk(const zarrc_array *array, zarrc_region *out) {
  const zarrc_grid *grid = zarrc_array_grid(array);
  double nbytes = zarrc_array_dtype(array)->item_size;
  *out = zarrc_region_all(zarrc_array_ndim(array), zarrc_array_shape(array));
  for (int i = 0; i < zarrc_array_ndim(array); i++) {
    if (!zarrc_array_shape(array)[i]) return false;
    int64_t edge = zarrc_grid_edge(grid, i, 0);
    if (out->count[i] > edge) out->count[i] = edge;
    nbytes *= (double)edge;
  }
  return nbytes <= 65536;
}

static char *value_of(zarrc_store *store, const char *key, size_t *n) {
  zarrc_bytes value;
  char *copy = NULL;
  *n = 0;
  if (zarrc_store_get(store, key, 1 << 24, &value, NULL)) return NULL;
  must((copy = malloc(value.len + 1)) != NULL);
  if (value.len) memcpy(copy, value.ptr, value.len);
  *n = value.len;
  zarrc_bytes_release(&value);
  return copy;
}

/* Reads the chunk, writes half of it, and reads it again. What failed changed nothing. */
static void use_chunk(zarrc_ctx *ctx, shortage *s, zarrc_array *array, const uint8_t *chunk, size_t n) {
  static const int64_t origin[ZARRC_MAX_NDIM] = {0};
  int ndim = zarrc_array_ndim(array);
  const zarrc_dtype *dtype = zarrc_array_dtype(array);
  zarrc_store *store = zarrc_array_store(array);
  zarrc_region region, half;
  zarrc_error error = {0};
  char key[4096];
  size_t nbefore, nafter;
  if (!first_chunk(array, &region)) return;
  must(!zarrc_array_chunk_key(array, origin, key, sizeof key, NULL));
  zarrc_status status = zarrc_store_set(store, key, chunk, n, NULL);
  must(!status || is_shortage(s, status));
  half = region;
  if (ndim) half.count[0] = (half.count[0] + 1) / 2;
  unsigned fail_at = s->fail_at;
  s->fail_at = 0; /* views are no concern of the library */
  zarrc_view whole = fuzz_view_new(ctx, dtype, ndim, region.count);
  zarrc_view part = fuzz_view_new(ctx, dtype, ndim, half.count);
  fuzz_view_fill(&part, (unsigned)n);
  s->fail_at = fail_at;
  status = zarrc_array_read(array, &region, &whole, &error);
  if (!is_shortage(s, status)) fuzz_check_error(status, &error);
  s->fail_at = 0;
  char *before = value_of(store, key, &nbefore);
  s->fail_at = fail_at;
  status = zarrc_array_write(array, &half, &part, &error);
  if (!is_shortage(s, status)) fuzz_check_error(status, &error);
  s->fail_at = 0;
  char *after = value_of(store, key, &nafter);
  if (status) must(!before == !after && nbefore == nafter && (!nbefore || !memcmp(before, after, nbefore)));
  zarrc_status again = zarrc_array_read(array, &region, &whole, &error);
  fuzz_check_error(again, &error);
  if (!status && !again) must(fuzz_is_part(ctx, &part, &whole, &half));
  free(before);
  free(after);
  fuzz_view_free(&whole);
  fuzz_view_free(&part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = {data, size};
  shortage s = {0};
  s.fail_at = take_byte(&in) << 8;
  s.fail_at = (s.fail_at | take_byte(&in)) & 1023;
  const uint8_t *nul = in.n ? memchr(in.bytes, 0, in.n) : NULL, *end = in.bytes + in.n;
  if (!nul) return 0;
  zarrc_ctx_options options = {
      .alloc = {.resize = resize, .ud = &s}, .threads = 1, .max_chunk_bytes = 16 << 20, .max_memory = 64 << 20};
  unsigned fail_at = s.fail_at;
  zarrc_ctx *ctx;
  zarrc_store *store = NULL;
  zarrc_array *array = NULL;
  zarrc_error error = {0};
  s.fail_at = 0;
  must(!zarrc_ctx_open(&options, &ctx, NULL) && !zarrc_memory_store_open(ctx, &store, NULL));
  must(!zarrc_store_set(store, "zarr.json", in.bytes, (size_t)(nul - in.bytes), NULL));
  s = (shortage){0, fail_at};
  zarrc_status status = zarrc_array_open(store, "", NULL, &array, &error);
  if (!is_shortage(&s, status) && status != ZARRC_INVALID_ARGUMENT) fuzz_check_error(status, &error);
  if (!status) use_chunk(ctx, &s, array, nul + 1, (size_t)(end - nul - 1));
  s.fail_at = 0;
  zarrc_array_close(array);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return 0;
}
