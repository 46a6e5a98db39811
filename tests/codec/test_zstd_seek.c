/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/endian.h"
#include "codec/zstd_seek.h"
#include "support/chunk.h"
#include "support/context.h"
#include "support/counting_blob.h"
#include "support/needs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { NFRAMES = 25, FRAME = 4000, NBYTES = NFRAMES * FRAME };
static const char codecs[] = "[\"bytes\", {\"name\": \"zstd\", \"configuration\": {\"level\": 1}}]";

/* A seekable value of 25 frames; checksums: with the four bytes an entry that nobody here looks at. */
static uint8_t *seekable(zarrc_ctx *ctx, const uint8_t *plain, bool checksums, size_t *nbytes) {
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){FRAME});
  zarrc_pipeline *p = chunk_pipeline(ctx, codecs, &spec);
  uint8_t *out = malloc(2 * NBYTES);
  size_t entry = checksums ? 12 : 8, n = 0, sizes[NFRAMES];
  for (int i = 0; i < NFRAMES; i++) {
    uint8_t *frame = chunk_encode(ctx, p, plain + i * FRAME, &sizes[i]);
    memcpy(out + n, frame, sizes[i]);
    n += sizes[i];
    free(frame);
  }
  zarrc_store_le32(out + n, 0x184D2A5E);
  zarrc_store_le32(out + n + 4, (uint32_t)(NFRAMES * entry + 9));
  n += 8;
  for (int i = 0; i < NFRAMES; i++, n += entry) {
    memset(out + n, 0x77, entry);
    zarrc_store_le32(out + n, (uint32_t)sizes[i]);
    zarrc_store_le32(out + n + 4, FRAME);
  }
  zarrc_store_le32(out + n, NFRAMES);
  out[n + 4] = checksums ? 0x80 : 0;
  zarrc_store_le32(out + n + 5, 0x8F92EAB1);
  *nbytes = n + 9;
  zarrc_pipeline_close(p);
  return realloc(out, *nbytes);
}

typedef struct fixture {
  zarrc_pipeline *p;
  uint8_t *plain, *bytes;
  size_t nbytes;
  counting_blob blob;
} fixture;

static void begin(fixture *f, zarrc_ctx *ctx, bool checksums) {
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){NBYTES});
  f->p = chunk_pipeline(ctx, codecs, &spec);
  f->plain = malloc(NBYTES);
  uint32_t x = 1;
  for (int i = 0; i < NBYTES; i++) f->plain[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 28);
  f->bytes = seekable(ctx, f->plain, checksums, &f->nbytes);
  counting_blob_init(&f->blob, ctx, f->bytes, f->nbytes, false);
}

static void end(fixture *f) {
  counting_blob_clear(&f->blob);
  free(f->bytes);
  free(f->plain);
  zarrc_pipeline_close(f->p);
}

static zarrc_status part(fixture *f, int64_t start, int64_t count, zarrc_error *error) {
  uint8_t *to = malloc((size_t)count + 1);
  zarrc_region r = chunk_region(1, &start, &count, NULL);
  zarrc_view view = zarrc_view_c(&zarrc_pipeline_spec(f->p)->dtype, 1, &count, to);
  counting_blob_reset(&f->blob);
  zarrc_status status = zarrc_read(f->p, &f->blob.blob, &r, &view, NULL, error);
  if (!status) assert_memory_equal(to, f->plain + start, (size_t)count);
  free(to);
  return status;
}

static void only_the_frames_of_a_part(void **state) {
  needs_codec("zstd");
  fixture f;
  for (int checksums = 0; checksums < 2; checksums++) {
    begin(&f, *state, checksums);
    static const int64_t starts[] = {0, 1, FRAME - 1, FRAME, 7 * FRAME + 5, NBYTES - 1, NBYTES - FRAME};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
      assert_int_equal(part(&f, starts[i], 1, NULL), ZARRC_OK);
      assert_true(f.blob.nread < FRAME + 400);
    }
    assert_int_equal(part(&f, 3 * FRAME, 2 * FRAME, NULL), ZARRC_OK); /* whole frames, in place */
    assert_int_equal(part(&f, FRAME / 2, 3 * FRAME, NULL), ZARRC_OK);
    assert_true(f.blob.nread < 4 * FRAME);
    assert_int_equal(part(&f, 10, NBYTES - 20, NULL), ZARRC_OK); /* most of it: decoded as a whole */
    assert_int_equal(part(&f, 0, NBYTES, NULL), ZARRC_OK);
    end(&f);
  }
}

/* A table is a claim: one that does not add up is not used, one whose frames hold something else is an error. */
static void tables_that_lie(void **state) {
  needs_codec("zstd");
  fixture f;
  zarrc_error error;
  begin(&f, *state, false);
  uint8_t *table = f.blob.bytes + f.nbytes - 9 - NFRAMES * 8;
  static const size_t fields[] = {0, 4, 8 * 24, 8 * 24 + 4};
  for (size_t i = 0; i < 4; i++)
    for (uint32_t k = 0; k < 32; k++) {
      uint32_t was = zarrc_load_le32(table + fields[i]);
      zarrc_store_le32(table + fields[i], was ^ UINT32_C(1) << k);
      for (int64_t at = 0; at < NBYTES; at += NBYTES - 1) {
        zarrc_status status = part(&f, at, 1, &error); /* right data, or refused: part() compares */
        if (status && zarrc_status_exit_code(status) != 6) fail_msg("%s", error.message);
      }
      zarrc_store_le32(table + fields[i], was);
    }
  for (size_t cut = 1; cut < 9 + 16; cut++) { /* no table any more; the frames are still there, then are not */
    f.blob.nbytes = f.nbytes - cut;
    zarrc_status status = part(&f, 5, 1, &error);
    if (status && zarrc_status_exit_code(status) != 6) fail_msg("%s", error.message);
  }
  f.blob.nbytes = f.nbytes;
  uint8_t *footer = f.blob.bytes + f.nbytes - 9;
  zarrc_store_le32(footer, UINT32_MAX); /* a table longer than the value */
  assert_int_equal(part(&f, 5, 1, NULL), ZARRC_OK);
  assert_true(zarrc_ctx_memory_peak(*state) < 4 << 20);
  end(&f);
}

static void frames_are_found(void **state) {
  (void)state;
  zarrc_zstd_frame frames[] = {{0, 5, 0, 10}, {5, 5, 10, 1}, {10, 5, 11, 89}};
  zarrc_zstd_seek seek = {.frames = frames, .nframes = 3, .size = 100};
  for (uint64_t at = 0; at < 100; at++)
    assert_int_equal(zarrc_zstd_seek_find(&seek, at), at < 10 ? 0 : at < 11 ? 1 : 2);
}

/* Far away the question costs more than the answer is mostly worth. */
static void not_far_away(void **state) {
  needs_codec("zstd");
  fixture f;
  begin(&f, *state, false);
  counting_blob_clear(&f.blob);
  counting_blob_init(&f.blob, *state, f.bytes, f.nbytes, true);
  assert_int_equal(part(&f, 0, 1, NULL), ZARRC_OK);
  assert_int_equal(f.blob.nreads, 1);
  end(&f);
}

/* A blob of zeros, but for its end; nothing of it is in memory until it is looked at. */
typedef struct sparse_blob {
  zarrc_blob blob;
  uint8_t *bytes;
  size_t nbytes;
} sparse_blob;

static zarrc_status sparse_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  const sparse_blob *b = (const sparse_blob *)blob;
  for (size_t i = 0; i < n; i++) {
    uint64_t start;
    size_t nbytes;
    zarrc_status status = zarrc_range_locate(&ranges[i], b->nbytes, &start, &nbytes, error);
    if (status) return status;
    ranges[i].got = (zarrc_bytes){.ptr = b->bytes + start, .len = nbytes};
    if (ranges[i].into) memcpy(ranges[i].into, b->bytes + start, nbytes);
  }
  return ZARRC_OK;
}

/* So many frames that the list of them, with 32 bits, would seem to take a few bytes. */
static void more_frames_than_memory(void **state) {
  (void)state;
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops, .read = sparse_read};
  const size_t nframes = (1u << 27) + 1; /* of 32 bytes each */
  sparse_blob b = {.blob.ops = &ops, .nbytes = 8 + 8 * nframes + 9};
  zarrc_ctx_options options = {.max_memory = 64 << 20};
  zarrc_ctx *ctx = NULL;
  zarrc_zstd_seek seek;
  bool found = true;
  b.bytes = mmap(NULL, b.nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (b.bytes == MAP_FAILED) skip();
  zarrc_store_le32(b.bytes, 0x184D2A5E);
  zarrc_store_le32(b.bytes + 4, (uint32_t)(8 * nframes + 9));
  zarrc_store_le32(b.bytes + b.nbytes - 9, (uint32_t)nframes);
  zarrc_store_le32(b.bytes + b.nbytes - 4, 0x8F92EAB1);
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  zarrc_status status = zarrc_zstd_seek_open(ctx, &b.blob, &seek, &found, NULL);
  assert_true(status == ZARRC_NO_MEMORY || status == ZARRC_LIMIT);
  assert_false(found);
  zarrc_ctx_close(ctx);
  munmap(b.bytes, b.nbytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(only_the_frames_of_a_part), cmocka_unit_test(tables_that_lie),
                                     cmocka_unit_test(frames_are_found), cmocka_unit_test(not_far_away),
                                     cmocka_unit_test(more_frames_than_memory)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
