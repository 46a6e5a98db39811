/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/faultio.h"
#include "support/files.h"
#include "support/needs.h"

#include "store/file.h"

enum { N = 3 << 19 };

static zarrc_ctx *ctx;
static char *tree;
static uint8_t *bytes; /* N of them: what stands in the file */
static int from;

static int open_all(void **state) {
  (void)state;
  uint32_t x = 1;
  tree = tree_make();
  if (zarrc_ctx_open(NULL, &ctx, NULL)) return -1;
  bytes = malloc(N);
  for (size_t i = 0; i < N; i++) bytes[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
  char *path = path_in(tree, "from");
  from = openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL, 0600);
  free(path);
  struct iovec all = {bytes, N};
  return from >= 0 && writev(from, &all, 1) == N ? 0 : -1;
}

static int close_all(void **state) {
  (void)state;
  close(from);
  free(bytes);
  tree_remove(tree);
  zarrc_ctx_close(ctx);
  return 0;
}

/* A new file with so many bytes in it already. */
static int target(size_t before) {
  char *path = path_in(tree, "to");
  unlink(path);
  int to = openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL, 0600);
  free(path);
  assert_true(to >= 0);
  if (before) assert_int_equal(pwrite(to, bytes, before, 0), before);
  assert_int_equal(lseek(to, (off_t)before, SEEK_SET), before);
  return to;
}

static void target_holds(int to, size_t before, size_t offset, size_t nbytes) {
  uint8_t *got = malloc(before + nbytes + 1);
  faultio.armed = false;
  assert_int_equal(pread(to, got, before + nbytes + 1, 0), before + nbytes);
  assert_memory_equal(got, bytes, before);
  assert_memory_equal(got + before, bytes + offset, nbytes);
  assert_int_equal(lseek(to, 0, SEEK_CUR), before + nbytes);
  free(got);
  close(to);
}

static void copies(size_t before, size_t offset, size_t nbytes) {
  zarrc_error error;
  int to = target(before);
  if (zarrc_file_copy(ctx, from, offset, nbytes, to, &error)) fail_msg("%s", error.message);
  target_holds(to, before, offset, nbytes);
}

/* However the bytes lie in their blocks, before and behind. */
static void test_places(void **state) {
  (void)state;
  static const size_t places[] = {0, 1, 4095, 4096, 5000, 65536, 70000};
  static const size_t lengths[] = {0, 1, 4096, 100000, 256 << 10, (256 << 10) + 4097, (1 << 20) + 7};
  for (size_t i = 0; i < 7; i++)
    for (size_t j = 0; j < 7; j++)
      for (size_t k = 0; k < 7; k++) copies(places[i], places[j], lengths[k]);
  copies(N - 5, 0, N);
}

/* The system does not know the call, knows it not for these files, or moves nothing: the bytes go through memory. */
static void test_fallback(void **state) {
  (void)state;
  static const int errors[] = {EXDEV, ENOSYS, EINVAL, EOPNOTSUPP, EPERM, ETXTBSY, EBADF};
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    for (unsigned at = 1; at < 4; at++) {
      faultio_arm(FAULTIO_COPY, at, errors[i], i & 1);
      copies(1000, 5096, 600000);
      assert_true(faultio.calls >= 1);
      faultio.armed = false;
    }
}

static void test_short_and_interrupted(void **state) {
  (void)state;
  for (int way = 0; way < 8; way++) {
    bool in_system = way & 1;
    faultio_arm(FAULTIO_READ | FAULTIO_WRITE | (in_system ? FAULTIO_COPY : 0), 0, 0, false);
    faultio.is_short = way & 2;
    faultio.eintr = way & 4;
    copies(3, 5, 1000);
    faultio.armed = false;
  }
  faultio_arm(FAULTIO_COPY, 1, ENOSYS, true);
  copies(3, 5, 1000);
  faultio.armed = false;
}

/* What another way would not help against is reported; so is what fails on the other way. */
static void test_failures(void **state) {
  (void)state;
  static const int errors[] = {EIO, ENOSPC, EDQUOT, EFBIG, ENOMEM};
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    zarrc_error error;
    int to = target(0);
    faultio_arm(FAULTIO_COPY, 1, errors[i], false);
    assert_int_equal(zarrc_file_copy(ctx, from, 0, 5000, to, &error), zarrc_status_of_errno(errors[i]));
    assert_int_equal(error.os_error, errors[i]);
    faultio.armed = false;
    close(to);
  }
  for (unsigned which = FAULTIO_READ; which <= FAULTIO_WRITE; which *= 2) {
    zarrc_error error;
    int to = target(0);
    faultio_arm(FAULTIO_COPY | which, 1, EINVAL, true); /* the system's way, and then this */
    assert_int_equal(zarrc_file_copy(ctx, from, 0, 5000, to, &error), ZARRC_IO);
    assert_int_equal(error.os_error, EINVAL);
    faultio.armed = false;
    close(to);
  }
}

/* The file ends before the bytes do, whichever way they go. */
static void test_cut(void **state) {
  (void)state;
  for (int plain = 0; plain < 2; plain++) {
    zarrc_error error;
    int to = target(0);
    faultio_arm(FAULTIO_COPY, plain ? 1 : 0, ENOSYS, true);
    assert_int_equal(zarrc_file_copy(ctx, from, N - 100, 200, to, &error), ZARRC_TRUNCATED);
    faultio.armed = false;
    assert_int_equal(error.offset, N);
    close(to);
  }
}

/* What the store refuses to keep: bytes that the value does not have, or of a blob that has not read it. */
static void test_kept_outside(void **state) {
  (void)state;
  static const uint64_t places[][2] = {{0, 13}, {12, 1}, {13, 1}, {UINTPTR_MAX, 2}, {1, UINT32_MAX}};
  static const char value[] = "an old brand";
  zarrc_error error;
  zarrc_key_blob blob;
  zarrc_store *store;
  zarrc_bytes got;
  assert_int_equal(zarrc_file_store_open(ctx, tree, NULL, &store, &error), ZARRC_OK);
  assert_int_equal(zarrc_store_set(store, "d/value", value, 12, &error), ZARRC_OK);
  for (int read = 0; read < 2; read++)
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
      zarrc_bytes part = {0};
      assert_int_equal(zarrc_key_blob_open(&blob, store, "d/value", &error), ZARRC_OK);
      if (read) {
        assert_int_equal(zarrc_blob_read_all(blob.blob, 100, &got, &error), ZARRC_OK);
        zarrc_bytes_release(&got);
      }
      assert_true(zarrc_blob_keep(blob.blob, places[i][0], read ? places[i][1] : 1, &part));
      assert_int_equal(zarrc_blob_replace(blob.blob, &part, 1, true, &error), ZARRC_INVALID_ARGUMENT);
      zarrc_key_blob_close(&blob);
      assert_int_equal(zarrc_store_get(store, "d/value", 100, &got, &error), ZARRC_OK);
      assert_int_equal(got.len, 12);
      assert_memory_equal(got.ptr, value, 12);
      zarrc_bytes_release(&got);
    }
  zarrc_store_close(store);
}

/* Boxes of a sharded chunk are changed at random, through files: what is kept, by whatever way, is what was there. */
static void test_updates_of_a_shard(void **state) {
  needs_codec("gzip");
  (void)state;
  static const char *const inner[] = {"", ", {\"name\": \"gzip\", \"configuration\": {\"level\": 1}}",
                                      ", {\"name\": \"crc32c\"}"};
  enum { EDGE = 96, UPDATES = 40 };
  uint32_t seed = 7;
  uint16_t *model = calloc(EDGE * EDGE, sizeof *model), *back = calloc(EDGE * EDGE, sizeof *back);
  for (int way = 0; way < 12; way++) {
    char chain[600];
    zarrc_store *store;
    zarrc_key_blob blob;
    zarrc_error error;
    zarrc_file_store_options options = {.struct_size = sizeof options, .direct = way >= 9};
    zarrc_spec spec = chunk_spec(ZARRC_UINT16, 2, (int64_t[]){EDGE, EDGE});
    spec.options.subchunk_order = (zarrc_subchunk_order)(way % 2);
    snprintf(chain, sizeof chain,
             "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [%d, 8], \"index_location\": "
             "\"%s\", \"codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}%s]}}]",
             way & 4 ? 32 : 4, way & 2 ? "start" : "end", inner[way % 3]);
    zarrc_pipeline *p = chunk_pipeline(ctx, chain, &spec);
    assert_int_equal(zarrc_file_store_open(ctx, tree, &options, &store, &error), ZARRC_OK);
    assert_int_equal(zarrc_store_erase_prefix(store, "", &error), ZARRC_OK);
    memset(model, 0, EDGE * EDGE * sizeof *model);
    for (int update = 0; update < UPDATES; update++) {
      int64_t start[2], count[2];
      for (int i = 0; i < 2; i++) {
        start[i] = (int64_t)((seed = seed * 1664525 + 1013904223) >> 8) % EDGE;
        count[i] = 1 + (int64_t)((seed = seed * 1664525 + 1013904223) >> 8) % (update % 8 ? 12 : EDGE);
        if (count[i] > EDGE - start[i]) count[i] = EDGE - start[i];
      }
      for (int64_t i = start[0]; i < start[0] + count[0]; i++)
        for (int64_t j = start[1]; j < start[1] + count[1]; j++)
          model[i * EDGE + j] = update % 5 == 4 ? 0 : (uint16_t)((seed = seed * 1664525 + 1013904223) >> 16);
      zarrc_region r = chunk_region(2, start, count, NULL);
      zarrc_view all = zarrc_view_c(&spec.dtype, 2, spec.shape, model), part = zarrc_view_part(&all, &r);
      zarrc_view to = zarrc_view_c(&spec.dtype, 2, spec.shape, back);
      assert_int_equal(zarrc_key_blob_open(&blob, store, "c/0/0", &error), ZARRC_OK);
      if (way % 3 == 2) faultio_arm(FAULTIO_COPY, 1, EXDEV, true);
      if (zarrc_write(p, blob.blob, &r, &(zarrc_values){.view = &part}, false, &error)) fail_msg("%s", error.message);
      faultio.armed = false;
      zarrc_key_blob_close(&blob);
      assert_int_equal(zarrc_key_blob_open(&blob, store, "c/0/0", &error), ZARRC_OK);
      if (zarrc_read(p, blob.blob, NULL, &to, NULL, &error)) fail_msg("%s", error.message);
      zarrc_key_blob_close(&blob);
      assert_memory_equal(back, model, EDGE * EDGE * sizeof *model);
    }
    zarrc_store_close(store);
    zarrc_pipeline_close(p);
  }
  free(model);
  free(back);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_places),
      cmocka_unit_test(test_fallback),
      cmocka_unit_test(test_short_and_interrupted),
      cmocka_unit_test(test_failures),
      cmocka_unit_test(test_cut),
      cmocka_unit_test(test_kept_outside),
      cmocka_unit_test(test_updates_of_a_shard),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
