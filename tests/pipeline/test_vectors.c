/* SPDX-License-Identifier: MIT */
/* Every golden case through the pipeline: decoded, encoded, in parts, and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "support/needs.h"
#include "support/said.h"
#include "support/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NCASES 372

#define NNUMCODECS 31

static size_t nroundtrip, ndecode, nrefused, nexact, nsizes;

static zarrc_pipeline *pipeline_of(zarrc_ctx *ctx, const vector_case *c) {
  zarrc_error error;
  zarrc_pipeline *p = NULL;
  if (zarrc_pipeline_open(ctx, c->codecs_input, strlen(c->codecs_input), &c->spec, &p, &error))
    fail_msg("%s: %s", c->id, SAID(error));
  return p;
}

/* Memory for the chunk, exactly as long as it is, with an arena. */
typedef struct memory {
  zarrc_view view;
  void *bytes;
  zarrc_arena *arena;
} memory;

static memory memory_of(zarrc_ctx *ctx, const vector_case *c) {
  memory m = {0};
  size_t n = vector_nbytes(c);
  m.bytes = malloc(n ? n : 1);
  memset(m.bytes, 0xA5, n ? n : 1);
  assert_int_equal(zarrc_arena_open(ctx, &m.arena, NULL), ZARRC_OK);
  m.view = zarrc_view_c(&c->spec.dtype, c->spec.ndim, c->spec.shape, m.bytes);
  m.view.arena = m.arena;
  return m;
}

static void memory_free(memory *m) {
  free(m->bytes);
  zarrc_arena_close(m->arena);
}

static zarrc_status decode(zarrc_ctx *ctx, const zarrc_pipeline *p, const void *bytes, size_t n, const memory *m,
                           zarrc_error *error) {
  zarrc_memory_blob blob;
  zarrc_memory_blob_init(&blob, ctx, bytes, n);
  blob.present = bytes != NULL;
  zarrc_status status = zarrc_read(p, &blob.blob, NULL, &m->view, NULL, error);
  zarrc_memory_blob_clear(&blob);
  return status;
}

static void assert_same_json(zarrc_ctx *ctx, const char *a, const char *b, const char *id) {
  zarrc_buf x = zarrc_buf_new(ctx, 1 << 20), y = zarrc_buf_new(ctx, 1 << 20);
  assert_int_equal(zarrc_json_layout(&x, a, strlen(a), NULL), ZARRC_OK);
  assert_int_equal(zarrc_json_layout(&y, b, strlen(b), NULL), ZARRC_OK);
  if (x.len != y.len || memcmp(x.ptr, y.ptr, x.len) != 0)
    fail_msg("%s: %.*s is not %.*s", id, (int)x.len, (char *)x.ptr, (int)y.len, (char *)y.ptr);
  zarrc_buf_clear(&x);
  zarrc_buf_clear(&y);
}

/* Returns whether a case has codecs of numcodecs. Their JSON is completed by us, and not by zarr-python. */
static bool is_of_numcodecs(const vector_case *c) {
  return strstr(c->codecs, "\"numcodecs.");
}

/* Returns whether nothing in a case is compressed, so that all make the same bytes. */
static bool is_uncompressed(const vector_case *c) {
  static const char *const names[] = {"bz2", "gzip", "lz4", "lzma", "zlib", "zstd"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strstr(c->codecs, names[i])) return false;
  return true;
}

static void encode_check(zarrc_ctx *ctx, const zarrc_pipeline *p, const vector_case *c) {
  zarrc_parts parts;
  zarrc_bytes joined = {0};
  zarrc_error error;
  zarrc_view from = zarrc_view_c(&c->spec.dtype, c->spec.ndim, c->spec.shape, c->elements);
  zarrc_parts_init(&parts, ctx);
  if (zarrc_update(p, NULL, NULL, &(zarrc_values){.view = &from}, &parts, &error))
    fail_msg("%s: %s", c->id, SAID(error));
  if (!c->encoded) {
    assert_int_equal(parts.nitems, 0);
    zarrc_parts_clear(&parts);
    return;
  }
  if (!parts.nitems && zarrc_encode(p, &from, &parts, &error)) fail_msg("%s: %s", c->id, SAID(error));
  assert_int_equal(zarrc_parts_join(&parts, &joined, NULL), ZARRC_OK);
  if (c->byte_exact || (is_of_numcodecs(c) && is_uncompressed(c))) {
    nexact++;
    if (joined.len != c->encoded_nbytes || memcmp(joined.ptr, c->encoded, joined.len) != 0)
      fail_msg("%s: other bytes than the golden ones", c->id);
  }
  uint8_t *copy = malloc(joined.len ? joined.len : 1);
  if (joined.len) memcpy(copy, joined.ptr, joined.len);
  memory m = memory_of(ctx, c), golden = memory_of(ctx, c);
  if (decode(ctx, p, copy, joined.len, &m, &error)) fail_msg("%s: what was encoded: %s", c->id, SAID(error));
  assert_int_equal(decode(ctx, p, c->encoded, c->encoded_nbytes, &golden, &error), ZARRC_OK);
  if (!vector_same(c, m.bytes, golden.bytes)) fail_msg("%s: another chunk after encoding", c->id);
  memory_free(&golden);
  memory_free(&m);
  free(copy);
  zarrc_parts_clear(&parts);
}

static void metadata_check(zarrc_ctx *ctx, const zarrc_pipeline *p, const vector_case *c) {
  zarrc_buf json = zarrc_buf_new(ctx, 1 << 20);
  assert_int_equal(zarrc_pipeline_to_json(p, &json, NULL), ZARRC_OK);
  assert_int_equal(zarrc_buf_append(&json, "", 1, NULL), ZARRC_OK);
  assert_same_json(ctx, (char *)json.ptr, c->codecs, c->id);
  zarrc_buf_clear(&json);
  zarrc_size size = zarrc_pipeline_encoded_size(p, vector_nbytes(c));
  if (c->encoded_size >= 0 && !zarrc_dtype_is_variable(&c->spec.dtype)) {
    nsizes++;
    if (size.nbytes != (uint64_t)c->encoded_size)
      fail_msg("%s: encoded size %lld, not %llu", c->id, (long long)c->encoded_size, (unsigned long long)size.nbytes);
  } else if (c->encoded_size < 0) {
    assert_int_not_equal(size.kind, ZARRC_SIZE_EXACT);
  }
}

static void case_check(zarrc_ctx *ctx, const vector_case *c) {
  zarrc_error error = {0};
  zarrc_pipeline *p = pipeline_of(ctx, c);
  memory m = memory_of(ctx, c);
  zarrc_status status = c->encoded || strcmp(c->kind, "roundtrip") != 0
                            ? decode(ctx, p, c->encoded, c->encoded_nbytes, &m, &error)
                            : ZARRC_OK;
  if (strcmp(c->kind, "decode_error") == 0) {
    nrefused++;
    if (status == ZARRC_OK) fail_msg("%s: accepted", c->id);
    if (zarrc_status_exit_code(status) != 6 || !error.message[0])
      fail_msg("%s: %s: %s", c->id, zarrc_status_name(status), SAID(error));
    if (!error.codec[0] || !strstr(SAID(error), error.codec)) fail_msg("%s: no codec is named: %s", c->id, SAID(error));
  } else {
    if (status) fail_msg("%s: %s", c->id, SAID(error));
    if (c->encoded && !vector_same(c, m.bytes, c->elements)) fail_msg("%s: decodes to something else", c->id);
    if (strcmp(c->kind, "roundtrip") == 0) {
      nroundtrip++;
      if (!is_of_numcodecs(c)) metadata_check(ctx, p, c);
      encode_check(ctx, p, c);
    } else {
      ndecode++;
    }
  }
  memory_free(&m);
  zarrc_pipeline_close(p);
}

static void every_case(void **state) {
  needs_codec("zstd");
  needs_codec("blosc");
  size_t n = vectors_each(*state, NULL, case_check);
  print_message("%zu cases: %zu round trips (%zu byte for byte, %zu sizes), %zu decoded only, %zu refused\n", n,
                nroundtrip, nexact, nsizes, ndecode, nrefused);
  assert_int_equal(n, NCASES);
  assert_int_equal(nroundtrip + ndecode + nrefused, NCASES);
}

static const char *const numcodecs[] = {"numcodecs.adler32",    "numcodecs.bz2",  "numcodecs.crc32",
                                        "numcodecs.crc32c",     "numcodecs.gzip", "numcodecs.jenkins_lookup3",
                                        "numcodecs.fletcher32", "numcodecs.lz4",  "numcodecs.lzma",
                                        "numcodecs.shuffle",    "numcodecs.zlib", "numcodecs.zstd"};
enum { NNAMES = sizeof numcodecs / sizeof *numcodecs };

static void need_all_of_numcodecs(void) {
  for (size_t i = 0; i < NNAMES; i++) needs_codec(numcodecs[i]);
}

static void every_case_of_numcodecs(void **state) {
  need_all_of_numcodecs();
  nexact = 0;
  assert_int_equal(vectors_each_of(*state, "vectors-v2", NULL, case_check), NNUMCODECS);
  assert_int_equal(nexact, 17);
}

/* ---------------------------------------------------------------------------------------------------- parts */

static uint64_t seed = 88172645463325252u;

static uint64_t draw(uint64_t n) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed % n;
}

static zarrc_region draw_region(const zarrc_spec *spec) {
  zarrc_region r = {0};
  for (int i = 0; i < spec->ndim; i++) {
    int64_t n = spec->shape[i];
    r.step[i] = 1 + (int64_t)draw(3);
    if (n == 0) continue;
    r.start[i] = (int64_t)draw((uint64_t)n);
    r.count[i] = (int64_t)draw((uint64_t)((n - r.start[i] + r.step[i] - 1) / r.step[i]) + 1);
  }
  return r;
}

/* Every partial read is the slice of the whole read, and every partial write is the whole write of the merged chunk. */
static void part_check(zarrc_ctx *ctx, const vector_case *c) {
  if (!c->elements || !c->encoded) return;
  zarrc_error error;
  zarrc_pipeline *p = pipeline_of(ctx, c);
  memory whole = memory_of(ctx, c), m = memory_of(ctx, c), model = memory_of(ctx, c);
  assert_int_equal(decode(ctx, p, c->encoded, c->encoded_nbytes, &whole, NULL), ZARRC_OK);
  for (int round = 0; round < 8; round++) {
    zarrc_region region = draw_region(&c->spec);
    zarrc_memory_blob blob;
    zarrc_memory_blob_init(&blob, ctx, c->encoded, c->encoded_nbytes);
    blob.present = true;
    memset(m.bytes, 0x5A, vector_nbytes(c));
    zarrc_view part = zarrc_view_c(&c->spec.dtype, c->spec.ndim, region.count, m.bytes);
    part.arena = m.arena;
    if (zarrc_read(p, &blob.blob, &region, &part, NULL, &error)) fail_msg("%s: part: %s", c->id, SAID(error));
    zarrc_view from = zarrc_view_part(&whole.view, &region);
    zarrc_view slice = zarrc_view_c(&c->spec.dtype, c->spec.ndim, region.count, model.bytes);
    zarrc_copy(&slice, &from);
    vector_case small = *c;
    memcpy(small.spec.shape, region.count, sizeof region.count);
    if (!vector_same(&small, m.bytes, model.bytes)) fail_msg("%s: a part is not the slice of the whole", c->id);

    /* Write the part back, mirrored along the first axis, and read all. */
    if (part.ndim && region.count[0]) {
      part.data = (uint8_t *)part.data + (region.count[0] - 1) * part.stride[0];
      part.stride[0] = -part.stride[0];
    }
    if (zarrc_write(p, &blob.blob, &region, &(zarrc_values){.view = &part}, false, &error))
      fail_msg("%s: part: %s", c->id, SAID(error));
    zarrc_copy(&model.view, &whole.view);
    zarrc_view merged = zarrc_view_part(&model.view, &region);
    zarrc_copy(&merged, &part);
    memory back = memory_of(ctx, c);
    if (zarrc_read(p, &blob.blob, NULL, &back.view, NULL, &error)) fail_msg("%s: after: %s", c->id, SAID(error));
    if (!vector_same(c, back.bytes, model.bytes) && !strstr(c->id, "nan") && !strstr(c->id, "negzero"))
      fail_msg("%s: a part that was written is not there", c->id);
    memory_free(&back);
    zarrc_memory_blob_clear(&blob);
  }
  memory_free(&whole);
  memory_free(&m);
  memory_free(&model);
  zarrc_pipeline_close(p);
}

static void every_part(void **state) {
  needs_codec("zstd");
  needs_codec("blosc");
  print_message("seed %llu\n", (unsigned long long)seed);
  vectors_each(*state, NULL, part_check);
}

static void every_part_of_numcodecs(void **state) {
  need_all_of_numcodecs();
  assert_int_equal(vectors_each_of(*state, "vectors-v2", NULL, part_check), NNUMCODECS);
}

/* --------------------------------------------------------------------------------------------------- damage */

static void damaged(zarrc_ctx *ctx, const zarrc_pipeline *p, const vector_case *c, const uint8_t *bytes, size_t n) {
  memory m = memory_of(ctx, c);
  zarrc_error error = {0};
  zarrc_status status = decode(ctx, p, bytes, n, &m, &error);
  if (status && (zarrc_status_exit_code(status) != 6 && status != ZARRC_LIMIT && status != ZARRC_UNSUPPORTED))
    fail_msg("%s: damaged: %s: %s", c->id, zarrc_status_name(status), SAID(error));
  if (status && !error.message[0]) fail_msg("%s: damaged: no message", c->id);
  memory_free(&m);
}

/* Every truncation and single-byte change gives data or a clear error; of long chunks the ends and every 7th byte. */
static void damage_check(zarrc_ctx *ctx, const vector_case *c) {
  if (!c->encoded) return;
  zarrc_pipeline *p = pipeline_of(ctx, c);
  size_t n = c->encoded_nbytes, step = n > 4096 ? n / 200 : n > 300 ? 7 : 1;
  for (size_t i = 0; i < n; i += i < 64 || n - i < 96 ? 1 : step) {
    uint8_t *copy = malloc(i ? i : 1);
    if (i) memcpy(copy, c->encoded, i);
    damaged(ctx, p, c, copy, i);
    free(copy);
    copy = malloc(n);
    static const uint8_t changes[] = {0x01, 0x80, 0xFF};
    for (size_t k = 0; k < sizeof changes; k++) {
      memcpy(copy, c->encoded, n);
      copy[i] ^= changes[k];
      damaged(ctx, p, c, copy, n);
    }
    free(copy);
  }
  zarrc_pipeline_close(p);
}

static void every_damage(void **state) {
  needs_codec("zstd");
  needs_codec("blosc");
  zarrc_ctx *ctx = *state;
  vectors_each(ctx, NULL, damage_check);
  /* No chunk of the cases is longer than 1 MiB: what was held at once stays of that order. */
  assert_true(zarrc_ctx_memory_peak(ctx) < (uint64_t)64 << 20);
}

/* The decoder of LZMA may take the memory of its largest usual dictionary. */
static void every_damage_of_numcodecs(void **state) {
  zarrc_ctx_options options = {.threads = 2, .max_chunk_bytes = (uint64_t)64 << 20};
  zarrc_ctx *ctx;
  (void)state;
  need_all_of_numcodecs();
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  vectors_each_of(ctx, "vectors-v2", NULL, damage_check);
  assert_true(zarrc_ctx_memory_peak(ctx) < (uint64_t)80 << 20);
  zarrc_ctx_close(ctx);
}

static int setup(void **state) {
  zarrc_ctx_options options = {.threads = 2, .max_chunk_bytes = (uint64_t)64 << 20};
  return zarrc_ctx_open(&options, (zarrc_ctx **)state, NULL) != ZARRC_OK;
}

static int teardown(void **state) {
  zarrc_ctx_close(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_case),
      cmocka_unit_test(every_part),
      cmocka_unit_test(every_damage),
      cmocka_unit_test(every_case_of_numcodecs),
      cmocka_unit_test(every_part_of_numcodecs),
      cmocka_unit_test(every_damage_of_numcodecs),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
