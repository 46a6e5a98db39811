/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/zip_archives.h"
#include "store/zip_directory.h"
#include "support/faulty_alloc.h"
#include "support/files.h"
#include "support/said.h"

#include <zarrc/store.h>

static zarrc_ctx *ctx;

static zarrc_status read_directory(const uint8_t *bytes, size_t nbytes, zarrc_zip_directory *out, zarrc_error *error) {
  zarrc_memory_blob blob;
  zarrc_memory_blob_init(&blob, ctx, bytes, nbytes);
  return zarrc_zip_directory_read(ctx, &blob.blob, out, error);
}

/* What holds of every directory that could be read. */
static void check(const zarrc_zip_directory *d, size_t nbytes) {
  assert_true(d->end <= nbytes);
  for (uint32_t i = 0; i < d->nmembers; i++) {
    const char *name = zarrc_zip_name(d, i);
    assert_true(i == 0 || strcmp(zarrc_zip_name(d, i - 1), name) < 0);
    assert_ptr_equal(zarrc_zip_find(d, name), &d->members[i]);
    if (d->members[i].trouble) continue;
    assert_true(d->members[i].at <= d->end && d->members[i].nstored <= d->end - d->members[i].at);
  }
  assert_null(zarrc_zip_find(d, "c/00"));
}

static void see_archive(const char *name, const char *expected, uint8_t *bytes, size_t nbytes) {
  zarrc_zip_directory d;
  zarrc_error error = {0};
  zarrc_status status = read_directory(bytes, nbytes, &d, &error);
  bool opens = strncmp(expected, "open:", 5) != 0;
  if (opens != !status) fail_msg("%s: %s", name, SAID(error));
  if (!status)
    check(&d, nbytes);
  else
    assert_string_equal(zarrc_status_name(status), expected + 5);
  if (!status) zarrc_zip_directory_clear(&d);
}

static void test_archives(void **state) {
  (void)state;
  print_message("%zu archives\n", zip_archives_each(see_archive));
}

/* An archive that is cut off has no directory, or a comment that is shorter. */
static void cut(const char *name, const char *expected, uint8_t *bytes, size_t nbytes) {
  (void)name, (void)expected;
  if (nbytes > 1000) return;
  for (size_t n = 0; n < nbytes; n++) {
    zarrc_zip_directory d;
    uint8_t *exact = malloc(n ? n : 1); /* the address sanitizer sees a byte too much */
    memcpy(exact, bytes, n);
    if (!read_directory(exact, n, &d, NULL)) {
      check(&d, n);
      zarrc_zip_directory_clear(&d);
    }
    free(exact);
  }
}

static void test_cut_off(void **state) {
  (void)state;
  zip_archives_each(cut);
}

/* One bit flipped: the directory is refused, or what must hold of it holds. */
static void flip(const char *name, const char *expected, uint8_t *bytes, size_t nbytes) {
  (void)name, (void)expected;
  for (size_t bit = nbytes > 400 ? 8 * (nbytes - 400) : 0; bit < 8 * nbytes; bit++) {
    zarrc_zip_directory d;
    zarrc_error error;
    bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    zarrc_status status = read_directory(bytes, nbytes, &d, &error);
    bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    if (!status) {
      check(&d, nbytes);
      zarrc_zip_directory_clear(&d);
    } else {
      assert_true(status == ZARRC_CORRUPT || status == ZARRC_UNSUPPORTED);
    }
  }
}

static void test_flipped(void **state) {
  (void)state;
  zip_archives_each(flip);
}

static uint8_t *put(uint8_t *p, uint64_t value, int nbytes) {
  for (int i = 0; i < nbytes; i++) *p++ = (uint8_t)(value >> 8 * i);
  return p;
}

/* More members than 16 bits can count, without zip64, as some programs write them: counted modulo 2^16. */
static void test_many(void **state) {
  (void)state;
  const uint32_t n = 70000;
  uint8_t *bytes = malloc((size_t)n * 60), *p = bytes;
  for (uint32_t i = 0; i < n; i++) {
    char name[20];
    size_t nname = (size_t)sprintf(name, "c/%u", (unsigned)i);
    memset(p, 0, 46);
    put(p, 0x02014B50, 4);
    put(p + 28, nname, 2);
    memcpy(p + 46, name, nname);
    p += 46 + nname;
  }
  size_t ndirectory = (size_t)(p - bytes);
  memset(p, 0, 22);
  put(p, 0x06054B50, 4);
  put(p + 8, n & 0xFFFF, 2);
  put(p + 10, n & 0xFFFF, 2);
  put(p + 12, ndirectory, 4);
  zarrc_zip_directory d;
  zarrc_error error;
  uint64_t before = zarrc_ctx_memory(ctx);
  if (read_directory(bytes, ndirectory + 22, &d, &error)) fail_msg("%s", SAID(error));
  assert_int_equal(d.nmembers, n);
  check(&d, ndirectory + 22);
  assert_true(zarrc_ctx_memory(ctx) - before < (uint64_t)n * 50); /* 40 bytes for each, and its name */
  zarrc_zip_directory_clear(&d);
  free(bytes);
}

/* A directory whose length is a lie takes no memory. */
static void test_long_lie(void **state) {
  (void)state;
  const long nbytes = 64 << 20;
  char *tree = tree_make(), *path = path_in(tree, "a.zip");
  uint8_t entry[46] = {0}, end[22] = {0};
  put(entry, 0x02014B50, 4); /* one entry, and then zeros */
  put(end, 0x06054B50, 4);
  put(end + 8, 1000, 2);
  put(end + 10, 1000, 2);
  put(end + 12, (uint64_t)nbytes - sizeof end, 4);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(entry, sizeof entry, 1, file), 1);
  assert_int_equal(fseek(file, nbytes - (long)sizeof end, SEEK_SET), 0);
  assert_int_equal(fwrite(end, sizeof end, 1, file), 1);
  assert_int_equal(fclose(file), 0);

  zarrc_ctx *own;
  zarrc_store *store, *zip;
  assert_int_equal(zarrc_ctx_open(NULL, &own, NULL), ZARRC_OK);
  assert_int_equal(zarrc_file_store_open(own, tree, NULL, &store, NULL), ZARRC_OK);
  assert_int_equal(zarrc_zip_store_open(store, "a.zip", NULL, &zip, NULL), ZARRC_CORRUPT);
  assert_in_range(zarrc_ctx_memory_peak(own), 1 << 16, 8 << 20);
  zarrc_store_close(store);
  zarrc_ctx_close(own);
  free(path);
  tree_remove(tree);
}

static zarrc_status whole_life(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *outer = ctx;
  zarrc_zip_directory d;
  size_t nbytes;
  uint8_t *bytes = data_read(arg, &nbytes);
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (!status) {
    status = read_directory(bytes, nbytes, &d, NULL);
    if (!status) zarrc_zip_directory_clear(&d);
    zarrc_ctx_close(ctx);
  }
  ctx = outer;
  free(bytes);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  print_message("%zu allocations\n", faulty_alloc_each(NULL, whole_life, "zip/twice.zip"));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_archives), cmocka_unit_test(test_cut_off),
                                     cmocka_unit_test(test_flipped),  cmocka_unit_test(test_many),
                                     cmocka_unit_test(test_long_lie), cmocka_unit_test(test_no_memory)};
  if (zarrc_ctx_open(NULL, &ctx, NULL)) return 1;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  zarrc_ctx_close(ctx);
  return failed;
}
