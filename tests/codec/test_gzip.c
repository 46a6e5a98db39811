/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/bytes_codec.h"
#include "support/chunk.h"
#include "support/faulty_alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if ZARRC_HAVE_ZLIB
#include <zarrc/plugin/codec.h>
#include <zlib.h>
#endif

static void json(void **state) {
  (void)state;
  static const char level5[] = "{\"name\": \"gzip\", \"configuration\": {\"level\": 5}}";
  bb_json_is("\"gzip\"", level5);
  bb_json_is("{\"name\": \"gzip\"}", level5);
  bb_json_is("{\"name\": \"gzip\", \"configuration\": {}}", level5);
  for (int level = 0; level < 10; level++) {
    char text[80];
    snprintf(text, sizeof text, "{\"name\": \"gzip\", \"configuration\": {\"level\": %d}}", level);
    bb_json_is(text, NULL);
  }
  static const char *const bad[] = {"-1", "10", "5.0", "true", "null", "\"5\"", "[5]", "4294967301", "1e0"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char text[80];
    snprintf(text, sizeof text, "{\"name\": \"gzip\", \"configuration\": {\"level\": %s}}", bad[i]);
    bb_json_refused(text, "configuration.level");
  }
  bb_json_refused("{\"name\": \"gzip\", \"configuration\": {\"zzz\": 1}}", "zzz");
  bb_json_refused("{\"name\": \"gzip\", \"configuration\": null}", "configuration");
}

#if ZARRC_HAVE_LIBDEFLATE || ZARRC_HAVE_ZLIB

typedef struct fixture {
  zarrc_ctx *ctx;
  zarrc_codec *codec;
} fixture;

static int set_up(void **state) {
  fixture *f = malloc(sizeof *f);
  f->ctx = bb_ctx();
  f->codec = bb_open(f->ctx, "\"gzip\"");
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  zarrc_codec_close(f->codec);
  zarrc_ctx_close(f->ctx);
  free(f);
  return 0;
}

/* No byte is a value of its own. libdeflate alone cannot tell a cut from damage. */
static void each_cut(const zarrc_codec *codec, const uint8_t *in, size_t n, size_t max) {
  for (size_t cut = 1; cut < n; cut++) {
    bb_result r = bb_decode(codec, in, cut, SIZE_MAX, max);
#if ZARRC_HAVE_ZLIB
    assert_int_equal(r.status, ZARRC_TRUNCATED);
#else
    assert_int_not_equal(r.status, ZARRC_OK);
#endif
    bb_free(&r);
  }
}

static void vectors(void **state) {
  (void)state;
  bb_vectors("gzip", 28);
}

static void every_level_round_trips(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 2, 17, 1000, 65535, 65536, 200000};
  zarrc_ctx *ctx = bb_ctx();
  for (int level = 0; level < 10; level++) {
    char text[80];
    snprintf(text, sizeof text, "{\"name\": \"gzip\", \"configuration\": {\"level\": %d}}", level);
    zarrc_codec *codec = bb_open(ctx, text);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
      for (int kind = BB_ZEROS; kind <= BB_NOISE; kind++) bb_round_trip(codec, (bb_kind)kind, sizes[i]);
    zarrc_codec_close(codec);
  }
  zarrc_ctx_close(ctx);
}

static void header_is_reproducible(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  for (int level = 0; level < 10; level++) {
    char text[80];
    size_t n;
    snprintf(text, sizeof text, "{\"name\": \"gzip\", \"configuration\": {\"level\": %d}}", level);
    zarrc_codec *codec = bb_open(ctx, text);
    uint8_t *encoded = bb_encode(codec, "hello", 5, 1, &n);
    uint8_t header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    header[8] = level == 9 ? 2 : level == 1 ? 4 : 0;
    assert_memory_equal(encoded, header, 10);
    if (level == 0) assert_memory_equal(encoded + 10, "\x01\x05\x00\xfa\xffhello", 10);
    free(encoded);
    zarrc_codec_close(codec);
  }
  zarrc_ctx_close(ctx);
}

static void empty_input_is_one_empty_member(void **state) {
  const fixture *f = *state;
  static const uint8_t usual[20] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 3};
  zarrc_parts parts;
  zarrc_bytes joined;
  zarrc_parts_init(&parts, f->ctx);
  assert_int_equal(zarrc_codec_get_class(f->codec)->u.bb.encode(f->codec, &parts, NULL), ZARRC_OK);
  assert_int_equal(zarrc_parts_join(&parts, &joined, NULL), ZARRC_OK);
  assert_memory_equal(joined.ptr, usual, 10);
  bb_decodes_to(f->codec, joined.ptr, joined.len, NULL, 0);
  each_cut(f->codec, joined.ptr, joined.len, 0);
  bb_decodes_to(f->codec, usual, sizeof usual, NULL, 0);
  bb_decode_fails(f->codec, (const uint8_t *)usual, 19, 0, ZARRC_TRUNCATED);
  zarrc_parts_clear(&parts);
}

static void goes_where_it_is_wanted(void **state) {
  const fixture *f = *state;
  uint8_t *bytes = bb_data(BB_RAMP, 1000), memory[4000];
  zarrc_parts parts;
  zarrc_parts_init(&parts, f->ctx);
  assert_int_equal(zarrc_parts_push(&parts, (zarrc_bytes){bytes, 1000, NULL, NULL}, NULL), ZARRC_OK);
  parts.into = memory;
  parts.into_nbytes = sizeof memory;
  assert_int_equal(zarrc_codec_get_class(f->codec)->u.bb.encode(f->codec, &parts, NULL), ZARRC_OK);
  assert_int_equal(parts.nitems, 1);
  assert_ptr_equal(parts.items[0].ptr, memory);
  assert_int_equal(parts.nbytes, parts.items[0].len);
  bb_decodes_to(f->codec, memory, parts.items[0].len, bytes, 1000);
  zarrc_parts_clear(&parts);
  free(bytes);
}

/* ------------------------------------------------------------------------------------------------------ headers */

/* "hello" as one member with any flags: 9 bytes of name and so on in between. */
static size_t member(uint8_t *out, uint8_t flags) {
  static const uint8_t body[] = {0x01, 5, 0, 0xfa, 0xff, 'h', 'e', 'l', 'l', 'o', 0x86, 0xa6, 0x10, 0x36, 5, 0, 0, 0};
  static const uint8_t head[10] = {0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6};
  uint8_t *p = out;
  memcpy(p, head, 10), p[3] = flags, p += 10;
  if (flags & 4) memcpy(p, "\x03\x00\x00\x1f\x8b", 5), p += 5;
  if (flags & 8) memcpy(p, "name", 5), p += 5;
  if (flags & 16) memcpy(p, "", 1), p += 1;
  if (flags & 2) memcpy(p, "xx", 2), p += 2;
  memcpy(p, body, sizeof body);
  return (size_t)(p - out) + sizeof body;
}

static void every_combination_of_flags(void **state) {
  const fixture *f = *state;
  for (unsigned flags = 0; flags < 256; flags++) {
    uint8_t in[64];
    size_t n = member(in, (uint8_t)flags);
    if (flags & 0xe0) {
      bb_decode_fails(f->codec, in, n, 5, ZARRC_CORRUPT);
      continue;
    }
    bb_decodes_to(f->codec, in, n, "hello", 5);
    each_cut(f->codec, in, n, 5);
  }
}

static void members_and_padding(void **state) {
  const fixture *f = *state;
  uint8_t in[512] = {0};
  size_t n = member(in, 0);
  n += 3; /* zeros */
  n += member(in + n, 31);
  memcpy(in + n, "\x1f\x8b\x08\0\0\0\0\0\0\xff\x03\0\0\0\0\0\0\0\0\0", 20), n += 20; /* an empty one */
  n += member(in + n, 2);
  bb_decodes_to(f->codec, in, n, "hellohellohello", 15);
  bb_decodes_to(f->codec, in, n + 100, "hellohellohello", 15);
  bb_decode_fails(f->codec, in, n, 14, ZARRC_SIZE_MISMATCH);
  bb_decode_fails(f->codec, in, n, 4, ZARRC_SIZE_MISMATCH);
  in[n] = 1;
  bb_decode_fails(f->codec, in, n + 1, 15, ZARRC_CORRUPT);
  in[n] = 0, in[n + 1] = 0x1f;
  bb_decode_fails(f->codec, in, n + 2, 15, ZARRC_TRUNCATED);
  in[n + 2] = 0x8b;
  bb_decode_fails(f->codec, in, n + 3, 15, ZARRC_TRUNCATED);
  in[n + 3] = 9;
  bb_decode_fails(f->codec, in, n + 4, 15, ZARRC_CORRUPT);
  bb_decode_fails(f->codec, in + 1, n - 1, 15, ZARRC_CORRUPT);
  in[0] = 0;
  bb_decode_fails(f->codec, in, n, 15, ZARRC_CORRUPT);
}

static void trailers_are_checked(void **state) {
  const fixture *f = *state;
  uint8_t in[64];
  size_t n = member(in, 0);
  for (size_t i = n - 8; i < n; i++) {
    in[i] ^= 0x40;
    bb_decode_fails(f->codec, in, n, 5, ZARRC_CHECKSUM);
    in[i] ^= 0x40;
  }
  bb_decodes_to(f->codec, in, 0, "", 0); /* no member, no bytes, as Python's gzip has it */
}

/* A value without a byte decodes to none, which is too short for a chunk of one element or more. */
static void chunks_of_no_byte(void **state) {
  const fixture *f = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){4});
  zarrc_pipeline *p =
      chunk_pipeline(f->ctx, "[\"bytes\", {\"name\": \"gzip\", \"configuration\": {\"level\": 1}}]", &spec);
  uint8_t elements[4];
  zarrc_view to = zarrc_view_c(&spec.dtype, 1, spec.shape, elements);
  zarrc_memory_blob blob;
  zarrc_memory_blob_init(&blob, f->ctx, "", 0);
  blob.present = true;
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &to, NULL, NULL), ZARRC_SIZE_MISMATCH);
  zarrc_memory_blob_clear(&blob);
  zarrc_pipeline_close(p);
}

static void errors_say_where(void **state) {
  const fixture *f = *state;
  uint8_t in[128];
  size_t n = member(in, 0), m = member(in + n, 0);
  in[n + m - 8] ^= 1;
  bb_result r = bb_decode(f->codec, in, n + m, SIZE_MAX, 10);
  assert_int_equal(r.status, ZARRC_CHECKSUM);
  assert_non_null(strstr(r.error.message, "member 2 at byte 28"));
  bb_free(&r);
}

static void damage(void **state) {
  const fixture *f = *state;
  size_t n;
  uint8_t *bytes = bb_data(BB_RAMP, 3000), *encoded = bb_encode(f->codec, bytes, 3000, 1, &n);
  each_cut(f->codec, encoded, n, 3000);
  bb_each_flip(f->codec, encoded, n, 3000, false);
  free(encoded);
  free(bytes);
  bytes = bb_data(BB_NOISE, 300), encoded = bb_encode(f->codec, bytes, 300, 1, &n);
  each_cut(f->codec, encoded, n, 300);
  bb_each_flip(f->codec, encoded, n, 300, false);
  free(encoded);
  free(bytes);
}

/* ------------------------------------------------------------------------------------------------- sizes, memory */

static void a_bomb_takes_no_memory(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, "{\"name\": \"gzip\", \"configuration\": {\"level\": 9}}");
  size_t n;
  uint8_t *bytes = bb_data(BB_ZEROS, (size_t)64 << 20), *encoded = bb_encode(codec, bytes, (size_t)64 << 20, 1, &n);
  free(bytes);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
  ctx = bb_ctx();
  codec = bb_open(ctx, "\"gzip\"");
  bb_decode_fails(codec, encoded, n, 1024, ZARRC_SIZE_MISMATCH);
  assert_true(zarrc_ctx_memory_peak(ctx) < 200000);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
  free(encoded);
}

/* ISIZE is the last thing in the value, and no more than a guess. */
static void a_length_that_lies_takes_no_memory(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    zarrc_ctx *ctx = bb_ctx();
    zarrc_codec *codec = bb_open(ctx, "\"gzip\"");
    uint8_t in[64];
    size_t n = member(in, 0);
    memset(in + n - 4, i == 0 ? 0xff : i == 1 ? 0x7f : 0, 4);
    bb_decode_fails(codec, in, n, SIZE_MAX / 2, ZARRC_CHECKSUM);
    assert_true(zarrc_ctx_memory_peak(ctx) < 200000);
    zarrc_codec_close(codec);
    zarrc_ctx_close(ctx);
  }
}

/* The last member says 5 bytes, the first ones hold a million: the buffer grows on the way. */
static void grows_beyond_its_guess(void **state) {
  const fixture *f = *state;
  enum { N = 1000000 };
  size_t n, total = 0;
  uint8_t *bytes = bb_data(BB_RAMP, N + 5), *encoded = bb_encode(f->codec, bytes, N, 1, &n);
  uint8_t *in = malloc(n + 64);
  memcpy(in, encoded, n);
  memcpy(bytes + N, "hello", 5);
  total = n + member(in + n, 0);
  bb_decodes_to(f->codec, in, total, bytes, N + 5);
  bb_result r = bb_decode(f->codec, in, total, SIZE_MAX, SIZE_MAX / 2);
  assert_int_equal(r.status, ZARRC_OK);
  assert_int_equal(r.nbytes, N + 5);
  assert_memory_equal(r.ptr, bytes, N + 5);
  bb_free(&r);
  bb_decode_fails(f->codec, in, total, N + 4, ZARRC_SIZE_MISMATCH);
  bb_decode_fails(f->codec, in, total, N, ZARRC_SIZE_MISMATCH);
  bb_decode_fails(f->codec, in, total, N - 1, ZARRC_SIZE_MISMATCH);
  free(in);
  free(encoded);
  free(bytes);
}

static void stops_when_it_has_enough(void **state) {
  const fixture *f = *state;
  enum { N = 300000 };
  static const size_t needs[] = {0, 1, 1000, 65536, 100000, N / 2, N - 1, N, N + 1, SIZE_MAX};
  size_t n;
  uint8_t *bytes = bb_data(BB_NOISE, N), *encoded = bb_encode(f->codec, bytes, N, 1, &n);
  for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
    bb_result r = bb_decode(f->codec, encoded, n, needs[i], N);
    assert_int_equal(r.status, ZARRC_OK);
    assert_true(r.nbytes >= (needs[i] < N ? needs[i] : N));
    assert_memory_equal(r.ptr, bytes, r.nbytes);
    bb_free(&r);
  }
#if ZARRC_HAVE_ZLIB
  /* What lies behind is not even looked at. The end still says how long it is. */
  memset(encoded + n / 2, 0xff, n / 2 - 8);
  bb_result r = bb_decode(f->codec, encoded, n, 100000, N);
  assert_int_equal(r.status, ZARRC_OK);
  assert_int_equal(r.nbytes, 100000);
  assert_memory_equal(r.ptr, bytes, 100000);
  bb_free(&r);
  r = bb_decode(f->codec, encoded, n / 4, 100000, N);
  assert_int_equal(r.status, ZARRC_TRUNCATED);
  bb_free(&r);
#endif
  free(bytes);
  free(encoded);
}

static void stops_inside_a_later_member(void **state) {
  const fixture *f = *state;
  enum { N = 50000 };
  size_t n, m;
  uint8_t *bytes = bb_data(BB_RAMP, 2 * N), *first = bb_encode(f->codec, bytes, N, 1, &n);
  uint8_t *second = bb_encode(f->codec, bytes + N, N, 1, &m), *in = malloc(n + m);
  memcpy(in, first, n);
  memcpy(in + n, second, m);
  static const size_t needs[] = {1, N - 1, N, N + 1, N + 1000, 2 * N - 1, 2 * N};
  for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
    bb_result r = bb_decode(f->codec, in, n + m, needs[i], 20 * N);
    assert_int_equal(r.status, ZARRC_OK);
    assert_true(r.nbytes >= needs[i] && r.nbytes <= 2 * N);
    assert_memory_equal(r.ptr, bytes, r.nbytes);
    bb_free(&r);
  }
  bb_result r = bb_decode(f->codec, in, n + m, 2 * N + 1, 20 * N);
  assert_int_equal(r.status, ZARRC_OK);
  assert_int_equal(r.nbytes, 2 * N);
  bb_free(&r);
  free(bytes);
  free(first);
  free(second);
  free(in);
}

/* Through a small member into a large one, and what goes wrong on the way. */
static void stops_on_the_way_through_members(void **state) {
  const fixture *f = *state;
  enum { SMALL = 1000, N = 300000 };
  size_t n, m;
  uint8_t *bytes = bb_data(BB_NOISE, N), *small = bb_encode(f->codec, bytes, SMALL, 1, &n);
  uint8_t *large = bb_encode(f->codec, bytes + SMALL, N - SMALL, 1, &m), *in = malloc(n + m);
  memcpy(in, small, n);
  memcpy(in + n, large, m);
  bb_result r = bb_decode(f->codec, in, n + m, 50000, N);
  assert_int_equal(r.status, ZARRC_OK);
  assert_memory_equal(r.ptr, bytes, 50000);
  bb_free(&r);
  in[n - 8] ^= 1; /* the first member is read to its end, so it is checked */
  r = bb_decode(f->codec, in, n + m, 50000, N);
  assert_int_equal(r.status, ZARRC_CHECKSUM);
  bb_free(&r);
  in[n - 8] ^= 1;
  in[n + 10] = 7; /* a block of the type that there is not */
  r = bb_decode(f->codec, in, n + m, 50000, N);
  assert_int_equal(r.status, ZARRC_CORRUPT);
  bb_free(&r);
  free(in);
  free(small);
  free(large);
  free(bytes);
}

/* ------------------------------------------------------------------------------------------------------ zlib */

#if ZARRC_HAVE_ZLIB

static void zlib_reads_what_is_written(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  for (int level = 0; level < 10; level++) {
    char text[80];
    size_t n;
    snprintf(text, sizeof text, "{\"name\": \"gzip\", \"configuration\": {\"level\": %d}}", level);
    zarrc_codec *codec = bb_open(ctx, text);
    uint8_t *bytes = bb_data(BB_RAMP, 100000), *encoded = bb_encode(codec, bytes, 100000, 2, &n),
            *back = malloc(100001);
    z_stream z = {.next_in = encoded, .avail_in = (unsigned)n, .next_out = back, .avail_out = 100001};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    assert_int_equal(z.total_out, 100000);
    assert_memory_equal(back, bytes, 100000);
    inflateEnd(&z);
    free(bytes);
    free(encoded);
    free(back);
    zarrc_codec_close(codec);
  }
  zarrc_ctx_close(ctx);
}

/* A member as zlib writes it: any strategy, flushed now and then, with everything in its header. */
static size_t zlib_member(const uint8_t *bytes, size_t n, int level, int strategy, int flush, uint8_t *out,
                          size_t max) {
  gz_header header = {
      .text = 1, .time = 77, .extra = (Bytef *)"abc", .extra_len = 3, .name = (Bytef *)"a name", .hcrc = 1};
  header.comment = (Bytef *)"a comment";
  z_stream z = {0};
  assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 9, strategy), Z_OK);
  assert_int_equal(deflateSetHeader(&z, &header), Z_OK);
  z.next_out = out;
  z.avail_out = (unsigned)max;
  for (size_t at = 0; at < n; at += 5000) {
    z.next_in = (Bytef *)bytes + at;
    z.avail_in = (unsigned)(n - at < 5000 ? n - at : 5000);
    assert_int_equal(deflate(&z, flush), Z_OK);
  }
  assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
  size_t made = z.total_out;
  deflateEnd(&z);
  return made;
}

static void what_zlib_writes_is_read(void **state) {
  const fixture *f = *state;
  static const int flushes[] = {Z_NO_FLUSH, Z_PARTIAL_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_BLOCK};
  enum { N = 40000 };
  uint8_t *out = malloc(4 * N);
  for (int kind = BB_ZEROS; kind <= BB_NOISE; kind++) {
    uint8_t *bytes = bb_data((bb_kind)kind, N);
    for (int strategy = Z_DEFAULT_STRATEGY; strategy <= Z_FIXED; strategy++) {
      for (size_t i = 0; i < sizeof flushes / sizeof *flushes; i++) {
        size_t n = zlib_member(bytes, N, 6, strategy, flushes[i], out, 4 * N);
        bb_decodes_to(f->codec, out, n, bytes, N);
        bb_result r = bb_decode(f->codec, out, n, N / 4, N);
        assert_int_equal(r.status, ZARRC_OK);
        assert_memory_equal(r.ptr, bytes, N / 4);
        bb_free(&r);
      }
    }
    free(bytes);
  }
  free(out);
}

/* Deflate data that is wrong in one place: both must agree whether it is good. */
static void agrees_with_zlib_about_damage(void **state) {
  const fixture *f = *state;
  enum { N = 2000 };
  uint8_t *bytes = bb_data(BB_RAMP, N), *out = malloc(4 * N), *back = malloc(N + 1);
  size_t n = zlib_member(bytes, N, 9, Z_DEFAULT_STRATEGY, Z_NO_FLUSH, out, 4 * N);
  uint64_t x = 1;
  for (int i = 0; i < 3000; i++) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    size_t at = (size_t)(x >> 33) % n;
    uint8_t flip = (uint8_t)(x >> 20 | 1);
    out[at] ^= flip;
    z_stream z = {.next_in = out, .avail_in = (unsigned)n, .next_out = back, .avail_out = N + 1};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    bool good = inflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out <= N && z.avail_in == 0;
    bool header = at < 10 + 2 + 3 + 7 + 10 + 2; /* zlib checks its checksum, this codec does not */
    inflateEnd(&z);
    bb_result r = bb_decode(f->codec, out, n, SIZE_MAX, N);
    if (!header && good != !r.status) fail_msg("byte %zu: %s", at, r.status ? r.error.message : "decoded");
    if (good && !r.status) assert_memory_equal(r.ptr, back, r.nbytes);
    bb_free(&r);
    out[at] ^= flip;
  }
  free(bytes);
  free(out);
  free(back);
}

#endif

/* ------------------------------------------------------------------------------------------------ out of memory */

static zarrc_status work(const zarrc_ctx_options *options, void *arg) {
  enum { N = 30000 };
  zarrc_ctx *ctx = NULL;
  zarrc_codec *codec = NULL;
  zarrc_parts parts;
  zarrc_bytes joined;
  const uint8_t *bytes = arg;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  zarrc_parts_init(&parts, ctx);
  zarrc_buf out = zarrc_buf_new(ctx, N), head = zarrc_buf_new(ctx, N);
  status = zarrc_codec_open(ctx, "\"gzip\"", 6, &codec, NULL);
  if (!status) status = zarrc_parts_push(&parts, (zarrc_bytes){bytes, N / 2, NULL, NULL}, NULL);
  if (!status) status = zarrc_parts_push(&parts, (zarrc_bytes){bytes + N / 2, N / 2, NULL, NULL}, NULL);
  if (!status) status = zarrc_codec_get_class(codec)->u.bb.encode(codec, &parts, NULL);
  if (!status) status = zarrc_parts_join(&parts, &joined, NULL);
  if (!status) status = zarrc_codec_get_class(codec)->u.bb.decode(codec, &joined, SIZE_MAX, &out, NULL);
  if (!status) status = zarrc_codec_get_class(codec)->u.bb.decode(codec, &joined, 1000, &head, NULL);
  if (!status) assert_memory_equal(out.ptr, bytes, N);
  if (!status) assert_memory_equal(head.ptr, bytes, 1000);
  zarrc_buf_clear(&out);
  zarrc_buf_clear(&head);
  zarrc_parts_clear(&parts);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
  return status;
}

static void out_of_memory(void **state) {
  (void)state;
  uint8_t *bytes = bb_data(BB_RAMP, 30000);
  assert_true(faulty_alloc_each(NULL, work, bytes) > 5);
  free(bytes);
}

#else

static void says_that_it_is_missing(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, "\"gzip\"");
  zarrc_error error;
  zarrc_spec spec = {0};
  assert_int_equal(zarrc_codec_validate(codec, &spec, NULL, &error), ZARRC_UNSUPPORTED);
  assert_non_null(strstr(error.message, "built without"));
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

#endif

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(json),
#if ZARRC_HAVE_LIBDEFLATE || ZARRC_HAVE_ZLIB
    cmocka_unit_test(vectors),
    cmocka_unit_test(every_level_round_trips),
    cmocka_unit_test(header_is_reproducible),
    cmocka_unit_test_setup_teardown(empty_input_is_one_empty_member, set_up, tear_down),
    cmocka_unit_test_setup_teardown(goes_where_it_is_wanted, set_up, tear_down),
    cmocka_unit_test_setup_teardown(every_combination_of_flags, set_up, tear_down),
    cmocka_unit_test_setup_teardown(members_and_padding, set_up, tear_down),
    cmocka_unit_test_setup_teardown(trailers_are_checked, set_up, tear_down),
    cmocka_unit_test_setup_teardown(chunks_of_no_byte, set_up, tear_down),
    cmocka_unit_test_setup_teardown(errors_say_where, set_up, tear_down),
    cmocka_unit_test_setup_teardown(damage, set_up, tear_down),
    cmocka_unit_test(a_bomb_takes_no_memory),
    cmocka_unit_test(a_length_that_lies_takes_no_memory),
    cmocka_unit_test_setup_teardown(grows_beyond_its_guess, set_up, tear_down),
    cmocka_unit_test_setup_teardown(stops_when_it_has_enough, set_up, tear_down),
    cmocka_unit_test_setup_teardown(stops_inside_a_later_member, set_up, tear_down),
    cmocka_unit_test_setup_teardown(stops_on_the_way_through_members, set_up, tear_down),
#if ZARRC_HAVE_ZLIB
    cmocka_unit_test(zlib_reads_what_is_written),
    cmocka_unit_test_setup_teardown(what_zlib_writes_is_read, set_up, tear_down),
    cmocka_unit_test_setup_teardown(agrees_with_zlib_about_damage, set_up, tear_down),
#endif
    cmocka_unit_test(out_of_memory),
#else
    cmocka_unit_test(says_that_it_is_missing),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
