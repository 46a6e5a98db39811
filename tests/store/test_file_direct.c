/* SPDX-License-Identifier: MIT */
#include "store/contract.h"
#include "support/faultio.h"
#include "support/files.h"

#include "store/file.h"

/* Each test runs in a directory of the usual temporary files, and in one in memory where there is such a thing: one
 * file system may go past the page cache, take the wish and ignore it, or refuse it. */

enum { N = (5 << 20) + 1234 };

static zarrc_ctx *ctx;
static char *trees[2];
static zarrc_store *stores[2];
static size_t nstores;
static uint8_t *bytes; /* N of them */

static char *tree_in_memory(void) {
  char path[] = "/dev/shm/zarrc.XXXXXX";
  return mkdtemp(path) ? strdup(path) : NULL;
}

static int open_all(void **state) {
  (void)state;
  uint32_t x = 1;
  if (zarrc_ctx_open(NULL, &ctx, NULL)) return -1;
  trees[nstores++] = tree_make();
  if ((trees[nstores] = tree_in_memory())) nstores++;
  for (size_t i = 0; i < nstores; i++) {
    zarrc_file_store_options options = {.struct_size = sizeof options, .direct = true, .sync = ZARRC_SYNC_DATA};
    if (zarrc_file_store_open(ctx, trees[i], &options, &stores[i], NULL)) return -1;
  }
  bytes = malloc(N);
  for (size_t i = 0; i < N; i++) bytes[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  for (size_t i = 0; i < nstores; i++) {
    zarrc_store_close(stores[i]);
    tree_remove(trees[i]);
  }
  free(bytes);
  zarrc_ctx_close(ctx);
  return 0;
}

/* Whether a file of the store goes past the page cache, as far as the system says. */
static bool is_direct(zarrc_store *store, const char *key) {
  zarrc_key_blob blob;
  zarrc_range range = {.nbytes = 0};
  assert_int_equal(zarrc_key_blob_open(&blob, store, key, NULL), ZARRC_OK);
  assert_int_equal(zarrc_blob_read(blob.blob, &range, 1, NULL), ZARRC_OK);
  zarrc_file_seen seen = ((zarrc_file_blob *)blob.blob)->seen;
  bool direct = fcntl(seen.fd - 1, F_GETFL) & zarrc_file_direct_flag();
  assert_int_equal(direct, seen.direct);
  zarrc_ranges_release(&range, 1);
  zarrc_key_blob_close(&blob);
  return direct;
}

/* Stores pieces of the first n bytes: whole blocks in place, odd ones, many small ones. */
static void store_pieces(zarrc_store *store, size_t n, size_t piece) {
  size_t nparts = (n + piece - 1) / piece;
  zarrc_bytes *parts = calloc(nparts + 1, sizeof *parts);
  zarrc_error error;
  zarrc_key_blob blob;
  for (size_t i = 0; i < nparts; i++)
    parts[i] = (zarrc_bytes){.ptr = bytes + i * piece, .len = n - i * piece < piece ? n - i * piece : piece};
  contract_ok(zarrc_key_blob_open(&blob, store, "d/value", &error), &error);
  contract_ok(zarrc_blob_replace(blob.blob, parts, nparts, false, &error), &error);
  zarrc_key_blob_close(&blob);
  free(parts);
}

static void holds(zarrc_store *store, size_t n) {
  zarrc_bytes got;
  zarrc_error error;
  contract_ok(zarrc_store_get(store, "d/value", N, &got, &error), &error);
  assert_int_equal(got.len, n);
  assert_memory_equal(got.ptr, bytes, n);
  zarrc_bytes_release(&got);
}

static void test_sizes(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 65536, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, N};
  static const size_t pieces[] = {N, 4096, 4097, 100003};
  for (size_t s = 0; s < nstores; s++)
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
      for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
        store_pieces(stores[s], sizes[i], pieces[k]);
        holds(stores[s], sizes[i]);
      }
}

/* Ranges that begin and end anywhere, into memory that lies anywhere, and lent. */
static void test_ranges(void **state) {
  (void)state;
  static const size_t offsets[] = {0, 1, 4096, 5000, 1 << 20, N - 5000}, sizes[] = {0, 1, 4096, 4999, 1 << 20, 3000000};
  uint8_t *memory = aligned_alloc(4096, (size_t)4 << 20);
  for (size_t s = 0; s < nstores; s++) {
    zarrc_key_blob blob;
    store_pieces(stores[s], N, N);
    assert_int_equal(zarrc_key_blob_open(&blob, stores[s], "d/value", NULL), ZARRC_OK);
    for (size_t i = 0; i < 6; i++)
      for (size_t k = 0; k < 6; k++)
        for (size_t shift = 0; shift < 3; shift++) {
          size_t nbytes = sizes[k] < N - offsets[i] ? sizes[k] : N - offsets[i];
          zarrc_range ranges[2] = {{.offset = (int64_t)offsets[i], .nbytes = nbytes, .into = memory + 4095 * shift},
                                   {.offset = (int64_t)offsets[i], .nbytes = nbytes}};
          zarrc_error error;
          contract_ok(zarrc_blob_read(blob.blob, ranges, 2, &error), &error);
          for (int r = 0; r < 2; r++) {
            assert_int_equal(ranges[r].got.len, nbytes);
            assert_int_equal(ranges[r].total, N);
            assert_memory_equal(ranges[r].got.ptr, bytes + offsets[i], nbytes);
          }
          zarrc_ranges_release(ranges, 2);
        }
    zarrc_key_blob_close(&blob);
  }
  free(memory);
}

/* A file system that refuses is read and written as ever: when a file is opened, or at the first or a later call. */
static void test_refusals(void **state) {
  (void)state;
  static const unsigned calls[] = {FAULTIO_OPEN, FAULTIO_READ, FAULTIO_WRITE};
  for (size_t s = 0; s < nstores; s++)
    for (size_t c = 0; c < 3; c++)
      for (unsigned at = 1; at < 5; at++) {
        if (c == 0 && at == 1) continue; /* the directory */
        faultio_arm(calls[c], at, EINVAL, false);
        store_pieces(stores[s], N, 100003);
        faultio.armed = false;
        holds(stores[s], N);
        if (c == 0) continue;
        faultio_arm(calls[c], at, EINVAL, false);
        holds(stores[s], N);
        faultio.armed = false;
      }
  for (size_t s = 0; s < nstores; s++) {
    store_pieces(stores[s], 9999, N);
    faultio_arm(FAULTIO_OPEN, 1, EINVAL, false);
    holds(stores[s], 9999);
    faultio.armed = false;
  }
}

static void test_short_and_interrupted(void **state) {
  (void)state;
  for (size_t s = 0; s < nstores; s++)
    for (int way = 1; way < 4; way++) {
      faultio_arm(FAULTIO_ALL & ~FAULTIO_OPEN, 0, 0, false);
      faultio.is_short = way & 1;
      faultio.eintr = way & 2;
      store_pieces(stores[s], 9999, 700);
      holds(stores[s], 9999);
      faultio.armed = false;
    }
}

/* What fails for another reason fails, and leaves the old value. */
static void test_failures(void **state) {
  (void)state;
  for (size_t s = 0; s < nstores; s++) {
    zarrc_error error;
    zarrc_bytes got, part = {.ptr = bytes, .len = N};
    zarrc_key_blob blob;
    store_pieces(stores[s], 9999, N);
    faultio_arm(FAULTIO_READ, 1, EIO, false);
    assert_int_equal(zarrc_store_get(stores[s], "d/value", N, &got, &error), ZARRC_IO);
    assert_int_equal(error.os_error, EIO);
    faultio.armed = false;
    assert_int_equal(zarrc_key_blob_open(&blob, stores[s], "d/value", &error), ZARRC_OK);
    faultio_arm(FAULTIO_WRITE, 2, ENOSPC, false);
    assert_int_equal(zarrc_blob_replace(blob.blob, &part, 1, false, &error), ZARRC_IO);
    assert_int_equal(error.os_error, ENOSPC);
    faultio.armed = false;
    zarrc_key_blob_close(&blob);
    holds(stores[s], 9999);
  }
}

/* A file that is cut while it is read. */
static void test_cut(void **state) {
  (void)state;
  for (size_t s = 0; s < nstores; s++) {
    zarrc_error error;
    zarrc_key_blob blob;
    zarrc_range range = {.nbytes = 1}, late = {.offset = 9000, .nbytes = 100};
    char *path = path_in(trees[s], "d/value");
    store_pieces(stores[s], 9999, N);
    assert_int_equal(zarrc_key_blob_open(&blob, stores[s], "d/value", &error), ZARRC_OK);
    contract_ok(zarrc_blob_read(blob.blob, &range, 1, &error), &error);
    zarrc_ranges_release(&range, 1);
    assert_int_equal(truncate(path, 4096), 0);
    assert_int_equal(zarrc_blob_read(blob.blob, &late, 1, &error), ZARRC_TRUNCATED);
    zarrc_key_blob_close(&blob);
    free(path);
  }
}

/* Everything that a store must do it does past the page cache too. Where the file system can, it does go past it; and
 * bytes are not kept then, as the system would move them through the cache. */
static void test_contract(void **state) {
  (void)state;
  for (size_t s = 0; s < nstores; s++) {
    zarrc_key_blob blob;
    zarrc_bytes piece;
    assert_int_equal(zarrc_store_erase_prefix(stores[s], "", NULL), ZARRC_OK);
    contract_random(stores[s], 200);
    contract_ranges(stores[s]);
    contract_vectored(stores[s]);
    contract_versions(stores[s]);
    contract_pieces(stores[s]);
    contract_threads(stores[s], 20);
    store_pieces(stores[s], 9999, N);
    char *path = path_in(trees[s], "d/value");
    int fd = openat(AT_FDCWD, path, O_RDONLY | zarrc_file_direct_flag());
    assert_int_equal(is_direct(stores[s], "d/value"), fd >= 0 && zarrc_file_direct_flag());
    if (fd >= 0) close(fd);
    free(path);
    assert_int_equal(zarrc_key_blob_open(&blob, stores[s], "d/value", NULL), ZARRC_OK);
    assert_false(zarrc_blob_keep(blob.blob, 0, 1, &piece));
    zarrc_key_blob_close(&blob);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sizes),    cmocka_unit_test(test_ranges),
      cmocka_unit_test(test_refusals), cmocka_unit_test(test_short_and_interrupted),
      cmocka_unit_test(test_failures), cmocka_unit_test(test_cut),
      cmocka_unit_test(test_contract),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
