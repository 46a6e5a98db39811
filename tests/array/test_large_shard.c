/* SPDX-License-Identifier: MIT */
/* One element out of a shard of 1 GiB: the file is opened once, the index and one inner chunk are read, and hardly any
 * memory is held. The file is sparse; a store of the test's own counts what is asked of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/faulty_alloc.h"
#include "support/files.h"
#include "support/le64.h"

#include <zarrc/plugin/store.h>
#include <zarrc/zarrc.h>

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NCHUNKS = 32 * 16 * 16, CHUNK_NBYTES = 32 * 32 * 32 * 4, INDEX_NBYTES = NCHUNKS * 16 + 4 };
#define DATA_NBYTES ((uint64_t)NCHUNKS * CHUNK_NBYTES)
_Static_assert((uint64_t)NCHUNKS *CHUNK_NBYTES == (uint64_t)1 << 30, "the shard has 1 GiB");

static const char metadata[] =
    "{\"zarr_format\": 3, \"node_type\": \"array\", \"shape\": [1024, 512, 512], \"data_type\": \"float32\", "
    "\"chunk_grid\": {\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [1024, 512, 512]}}, "
    "\"chunk_key_encoding\": {\"name\": \"default\"}, \"fill_value\": 0, \"codecs\": [{\"name\": \"sharding_indexed\", "
    "\"configuration\": {\"chunk_shape\": [32, 32, 32], \"codecs\": [{\"name\": \"bytes\", \"configuration\": "
    "{\"endian\": \"little\"}}]}}]}";

/* A store of two keys: the metadata above, and the shard, which is a file. */
typedef struct counting_store {
  zarrc_store store;
  const char *path;
  atomic_size_t nopened, nreads, nranges, nbytes; /* ranges of one call may be read by several threads */
} counting_store;

typedef struct shard_blob {
  zarrc_blob blob;
  counting_store *store;
  int fd;
} shard_blob;

static zarrc_status shard_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  shard_blob *b = (shard_blob *)blob;
  counting_store *s = b->store;
  if (b->fd < 0) {
    b->fd = open(s->path, O_RDONLY);
    s->nopened++;
  }
  s->nreads++;
  for (size_t i = 0; i < n; i++) {
    zarrc_range *r = &ranges[i];
    uint64_t total = DATA_NBYTES + INDEX_NBYTES,
             offset = r->offset < 0 ? total + (uint64_t)r->offset : (uint64_t)r->offset;
    size_t nbytes = (size_t)r->nbytes;
    r->got = (zarrc_bytes){r->into, nbytes, NULL, NULL};
    if (!r->into) {
      zarrc_status status = zarrc_scratch_take(s->store.ctx, nbytes, &r->got, error);
      if (status) return status;
      r->got.len = nbytes;
    }
    r->total = total;
    assert_int_equal(pread(b->fd, (void *)r->got.ptr, nbytes, (off_t)offset), nbytes);
    s->nranges++;
    s->nbytes += nbytes;
  }
  return ZARRC_OK;
}

static void shard_close(zarrc_blob *blob) {
  if (((shard_blob *)blob)->fd >= 0) close(((shard_blob *)blob)->fd);
}

static size_t counting_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  (void)store, (void)key_nbytes;
  return sizeof(shard_blob) > sizeof(zarrc_memory_blob) ? sizeof(shard_blob) : sizeof(zarrc_memory_blob);
}

static zarrc_status counting_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops, .read = shard_read, .close = shard_close};
  const char *text = strcmp(key, "zarr.json") == 0 ? metadata : NULL;
  (void)error;
  if (strcmp(key, "c/0/0/0") != 0)
    zarrc_memory_blob_init((zarrc_memory_blob *)blob, store->ctx, text, text ? strlen(text) : 0);
  else
    *(shard_blob *)blob = (shard_blob){.blob.ops = &ops, .store = (counting_store *)store, .fd = -1};
  return ZARRC_OK;
}

static const zarrc_store_ops counting_ops = {.struct_size = sizeof(zarrc_store_ops),
                                             .name = "counting",
                                             .blob_nbytes = counting_blob_nbytes,
                                             .open = counting_open};

/* The file: one inner chunk is there in fact (all 2.5), all others are holes that read as zero. */
static void shard_make(const char *path, uint64_t chunk) {
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  uint64_t *index = malloc(INDEX_NBYTES);
  float *values = malloc(CHUNK_NBYTES);
  zarrc_ctx *ctx;
  zarrc_codec *crc;
  zarrc_parts parts;
  zarrc_bytes joined;
  zarrc_spec spec = {.dtype = zarrc_dtype_of(ZARRC_UINT8)};
  for (uint64_t i = 0; i < NCHUNKS; i++) {
    put_le64(&index[2 * i], i * CHUNK_NBYTES);
    put_le64(&index[2 * i + 1], CHUNK_NBYTES);
  }
  for (int i = 0; i < CHUNK_NBYTES / 4; i++) memcpy(&values[i], "\0\0\x20\x40", 4); /* 2.5, little-endian */
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_codec_open(ctx, "\"crc32c\"", 8, &crc, NULL), ZARRC_OK);
  zarrc_parts_init(&parts, ctx);
  zarrc_codec_job job = {.spec = &spec, .bytes = {(uint8_t *)index, NCHUNKS * 16, NULL, NULL}, .parts = &parts};
  assert_int_equal(zarrc_codec_encode(crc, &job, 1, NULL), ZARRC_OK);
  assert_int_equal(zarrc_parts_join(&parts, &joined, NULL), ZARRC_OK);
  assert_int_equal(pwrite(fd, joined.ptr, joined.len, (off_t)DATA_NBYTES), INDEX_NBYTES);
  assert_int_equal(pwrite(fd, values, CHUNK_NBYTES, (off_t)(chunk * CHUNK_NBYTES)), CHUNK_NBYTES);
  zarrc_parts_clear(&parts);
  zarrc_codec_close(crc);
  zarrc_ctx_close(ctx);
  free(values);
  free(index);
  close(fd);
}

static void one_element_of_a_gibibyte(void **state) {
  char *directory = tree_make(), *path = path_in(directory, "shard");
  (void)state;
  shard_make(path, 5 * 256 + 3 * 16 + 7); /* inner chunk 5,3,7 */
  faulty_alloc counter = {0};
  zarrc_ctx_options options = {.threads = 2, .alloc = faulty_alloc_use(&counter)};
  zarrc_ctx *ctx;
  zarrc_array *array;
  zarrc_error error;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  counting_store store = {.store = {.ops = &counting_ops, .ctx = ctx, .read_only = true}, .path = path};
  if (zarrc_array_open(&store.store, "", NULL, &array, &error)) fail_msg("%s", error.message);
  float one[2];
  zarrc_region r = {.start = {5 * 32 + 9, 3 * 32 + 1, 7 * 32 + 30}, .count = {1, 1, 1}, .step = {1, 1, 1}};
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 3, r.count, one);
  if (zarrc_array_read(array, &r, &view, &error)) fail_msg("%s", error.message);
  assert_true(one[0] == 2.5f);
  print_message("%zu file opened, %zu ranges of %zu bytes in all, %llu bytes of memory at the most\n", store.nopened,
                store.nranges, store.nbytes, (unsigned long long)zarrc_ctx_memory_peak(ctx));
  assert_int_equal(store.nopened, 1);
  assert_int_equal(store.nranges, 2);
  assert_int_equal(store.nbytes, INDEX_NBYTES + 4); /* of uncompressed inner chunks the element alone is read */
  assert_true(zarrc_ctx_memory_peak(ctx) < 2 << 20);
  /* Two neighbours in different inner chunks: one open, three ranges. */
  store.nopened = store.nranges = 0;
  r.start[2] = 7 * 32 + 31;
  r.count[2] = 2;
  view = zarrc_view_c(zarrc_array_dtype(array), 3, r.count, one);
  if (zarrc_array_read(array, &r, &view, &error)) fail_msg("%s", error.message);
  assert_true(one[0] == 2.5f && one[1] == 0);
  assert_int_equal(store.nopened, 1);
  assert_int_equal(store.nranges, 3);
  assert_true(zarrc_ctx_memory_peak(ctx) < 2 << 20);
  zarrc_array_close(array);
  zarrc_ctx_close(ctx);
  assert_int_equal(counter.blocks, 0);
  free(path);
  tree_remove(directory);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(one_element_of_a_gibibyte)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
