/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/gzip_fast.h"
#include "support/bytes_codec.h"
#include "support/faulty_alloc.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if ZARRC_HAVE_ISAL && ZARRC_HAVE_ZLIB

#include <zarrc/plugin/codec.h>
#include <zlib.h>

static zarrc_ctx *fast_ctx(unsigned threads) {
  zarrc_ctx_options options = {.struct_size = sizeof options, .threads = threads, .fast_gzip = true};
  zarrc_ctx *ctx = NULL;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  return ctx;
}

static zarrc_codec *open_level(zarrc_ctx *ctx, int level) {
  char text[80];
  snprintf(text, sizeof text, "{\"name\": \"gzip\", \"configuration\": {\"level\": %d}}", level);
  return bb_open(ctx, text);
}

/* More kinds of data: text of few words, and measured values, whose lower bytes are noise. */
typedef enum kind { ZEROS = BB_ZEROS, RAMP = BB_RAMP, NOISE = BB_NOISE, WORDS, MEASURED, NKINDS } kind;

static uint8_t *data_of(kind k, size_t n) {
  static const char *const words[] = {"zarr ", "chunk ", "shard ", "codec ", "a ", "the ", "\n", "gzip "};
  if (k < WORDS) return bb_data((bb_kind)k, n);
  uint8_t *noise = bb_data(BB_NOISE, n), *p = malloc(n ? n : 1);
  for (size_t i = 0, at = 0; k == WORDS && at < n; i++) {
    const char *word = words[noise[i] % 8];
    for (; *word && at < n; word++) p[at++] = (uint8_t)*word;
  }
  for (size_t i = 0; k == MEASURED && i < n; i++)
    p[i] = i % 4 == 0 ? noise[i] & 15 : i % 4 == 1 ? (uint8_t)(i / 100) : (uint8_t)(i >> 16);
  free(noise);
  return p;
}

/* The codec's bytes are one member, which zlib decodes to what went in, and they are no more than it says. */
static uint8_t *check(const zarrc_codec *codec, const uint8_t *bytes, size_t n, size_t npieces, size_t *nout) {
  uint8_t *encoded = bb_encode(codec, bytes, n, npieces, nout), *back = malloc(n + 1);
  zarrc_size size = zarrc_codec_encoded_size(codec, NULL, n);
  z_stream z = {.next_in = encoded, .avail_in = (unsigned)*nout, .next_out = back, .avail_out = (unsigned)n + 1};
  assert_int_equal(size.kind, ZARRC_SIZE_AT_MOST);
  assert_true(*nout <= size.nbytes);
  assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
  int result = inflate(&z, Z_FINISH);
  if (result != Z_STREAM_END) fail_msg("%zu bytes: zlib says %d, %s", n, result, z.msg ? z.msg : "");
  assert_int_equal(z.avail_in, 0);
  assert_int_equal(z.total_out, n);
  if (n && memcmp(back, bytes, n) != 0) fail_msg("%zu bytes come back changed", n);
  inflateEnd(&z);
  free(back);
  return encoded;
}

static void every_size_round_trips(void **state) {
  static const size_t sizes[] = {0,     1,     2,      3,      4,      7,      8,      15,     17,      255,
                                 256,   257,   1000,   4095,   8191,   32767,  32768,  32769,  65535,   65536,
                                 65537, 99999, 131071, 131072, 131073, 262143, 524288, 524289, 1000000, (5 << 20) + 3};
  (void)state;
  zarrc_ctx *ctx = fast_ctx(1);
  zarrc_codec *codec = open_level(ctx, 5);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (int k = ZEROS; k < NKINDS; k++) {
      size_t n, m;
      uint8_t *bytes = data_of((kind)k, sizes[i]), *encoded = check(codec, bytes, sizes[i], 1, &n);
      bb_decodes_to(codec, encoded, n, bytes, sizes[i]);
      uint8_t *again = check(codec, bytes, sizes[i], 3, &m);
      assert_int_equal(m, n); /* what was encoded in between does not show */
      assert_memory_equal(again, encoded, n);
      free(bytes);
      free(encoded);
      free(again);
    }
  }
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

/* Every short length, so that no way to end is left out. */
static void short_values(void **state) {
  (void)state;
  zarrc_ctx *ctx = fast_ctx(1);
  zarrc_codec *codec = open_level(ctx, 1);
  uint8_t *bytes = data_of(MEASURED, 700);
  for (size_t n = 0; n <= 700; n++) {
    size_t nout;
    free(check(codec, bytes, n, 1, &nout));
  }
  free(bytes);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

static void levels_and_headers(void **state) {
  (void)state;
  zarrc_ctx *fast = fast_ctx(1), *plain = bb_ctx();
  uint8_t *bytes = data_of(WORDS, 100000), *fast_bytes = NULL;
  size_t fast_n = 0;
  for (int level = 0; level < 10; level++) {
    zarrc_codec *a = open_level(fast, level), *b = open_level(plain, level);
    size_t n, m;
    uint8_t *encoded = check(a, bytes, 100000, 1, &n), *ordinary = bb_encode(b, bytes, 100000, 1, &m);
    assert_memory_equal(encoded, ordinary, 10);
    bool same = n == m && memcmp(encoded, ordinary, n) == 0;
    assert_int_equal(same, level == 0); /* level 0 is the ordinary one's, all others are not */
    if (fast_bytes) {
      assert_int_equal(n, fast_n);
      assert_memory_equal(encoded + 10, fast_bytes + 10, n - 10);
      free(encoded);
    } else if (level > 0) {
      fast_bytes = encoded;
      fast_n = n;
    } else {
      free(encoded);
    }
    free(ordinary);
    zarrc_codec_close(a);
    zarrc_codec_close(b);
  }
  free(fast_bytes);
  free(bytes);
  zarrc_ctx_close(fast);
  zarrc_ctx_close(plain);
}

/* Where the member must not be as long as it would be, nothing has happened. */
static void too_long_is_left_to_others(void **state) {
  (void)state;
  enum { N = 50000 };
  zarrc_ctx *ctx = fast_ctx(1), *plain = bb_ctx();
  uint8_t *bytes = data_of(MEASURED, N);
  size_t whole = 0;
  for (int i = 0; i < 6; i++) {
    zarrc_parts parts;
    zarrc_one_piece p;
    size_t made = 1, bound = i == 0 ? 2 * N : i == 1 ? whole : i == 2 ? whole - 1 : i == 3 ? 100 : i == 4 ? 1 : 0;
    zarrc_parts_init(&parts, ctx);
    assert_int_equal(zarrc_parts_push(&parts, (zarrc_bytes){bytes, N, NULL, NULL}, NULL), ZARRC_OK);
    assert_int_equal(zarrc_one_piece_join(&p, &parts, NULL), ZARRC_OK);
    assert_int_equal(zarrc_gzip_fast(ctx, 5, bound, &parts, &p, &made, NULL), ZARRC_OK);
    if (i == 0) whole = made;
    assert_int_equal(made, i < 2 ? whole : 0);
    assert_int_equal(p.made.nitems, i < 2 ? 1 : 0);
    zarrc_parts_clear(&p.made);
    assert_int_equal(zarrc_gzip_fast(plain, 5, 2 * N, &parts, &p, &made, NULL), ZARRC_OK);
    assert_int_equal(made, 0);
    assert_int_equal(p.made.nitems, 0);
    zarrc_parts_clear(&parts);
  }
  free(bytes);
  zarrc_ctx_close(plain);
  zarrc_ctx_close(ctx);
}

static void goes_where_it_is_wanted(void **state) {
  (void)state;
  zarrc_ctx *ctx = fast_ctx(1);
  zarrc_codec *codec = open_level(ctx, 5);
  uint8_t *bytes = data_of(RAMP, 1000), memory[4000];
  zarrc_parts parts;
  zarrc_parts_init(&parts, ctx);
  assert_int_equal(zarrc_parts_push(&parts, (zarrc_bytes){bytes, 1000, NULL, NULL}, NULL), ZARRC_OK);
  parts.into = memory;
  parts.into_nbytes = sizeof memory;
  assert_int_equal(zarrc_codec_get_class(codec)->u.bb.encode(codec, &parts, NULL), ZARRC_OK);
  assert_ptr_equal(parts.items[0].ptr, memory);
  bb_decodes_to(codec, memory, parts.items[0].len, bytes, 1000);
  zarrc_parts_clear(&parts);
  free(bytes);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

/* ------------------------------------------------------------------------------------------------------ threads */

typedef struct many {
  const zarrc_codec *codec;
  uint8_t *bytes[NKINDS], *expected[NKINDS];
  size_t n, nexpected[NKINDS];
} many;

static zarrc_status encode_one(void *arg, size_t i, zarrc_error *error) {
  const many *m = arg;
  size_t k = i % NKINDS;
  zarrc_parts parts;
  zarrc_parts_init(&parts, zarrc_codec_ctx(m->codec));
  zarrc_status status = zarrc_parts_push(&parts, (zarrc_bytes){m->bytes[k], m->n, NULL, NULL}, error);
  if (!status) status = zarrc_codec_get_class(m->codec)->u.bb.encode(m->codec, &parts, error);
  if (!status && (parts.nitems != 1 || parts.items[0].len != m->nexpected[k] ||
                  memcmp(parts.items[0].ptr, m->expected[k], m->nexpected[k]) != 0))
    status = zarrc_fail(error, ZARRC_CORRUPT, "value %zu came out otherwise", i);
  zarrc_parts_clear(&parts);
  return status;
}

static void threads_share_a_codec(void **state) {
  (void)state;
  zarrc_ctx *ctx = fast_ctx(4);
  zarrc_codec *codec = open_level(ctx, 5);
  zarrc_error error = {0};
  many m = {.codec = codec, .n = 100000};
  for (int k = ZEROS; k < NKINDS; k++) {
    m.bytes[k] = data_of((kind)k, m.n);
    m.expected[k] = check(codec, m.bytes[k], m.n, 1, &m.nexpected[k]);
  }
  if (zarrc_for_each(ctx, 200, encode_one, &m, &error)) fail_msg("%s", error.message);
  for (int k = ZEROS; k < NKINDS; k++) {
    free(m.bytes[k]);
    free(m.expected[k]);
  }
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

/* ----------------------------------------------------------------------------------------------- out of memory */

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
  zarrc_buf out = zarrc_buf_new(ctx, N);
  status = zarrc_codec_open(ctx, "\"gzip\"", 6, &codec, NULL);
  if (!status) status = zarrc_parts_push(&parts, (zarrc_bytes){bytes, N / 2, NULL, NULL}, NULL);
  if (!status) status = zarrc_parts_push(&parts, (zarrc_bytes){bytes + N / 2, N / 2, NULL, NULL}, NULL);
  if (!status) status = zarrc_codec_get_class(codec)->u.bb.encode(codec, &parts, NULL);
  if (!status) status = zarrc_parts_join(&parts, &joined, NULL);
  if (!status) status = zarrc_codec_get_class(codec)->u.bb.decode(codec, &joined, SIZE_MAX, &out, NULL);
  if (!status) assert_memory_equal(out.ptr, bytes, N);
  zarrc_buf_clear(&out);
  zarrc_parts_clear(&parts);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
  return status;
}

static void out_of_memory(void **state) {
  (void)state;
  zarrc_ctx_options options = {.struct_size = sizeof options, .threads = 1, .fast_gzip = true};
  uint8_t *bytes = data_of(WORDS, 30000);
  assert_true(faulty_alloc_each(&options, work, bytes) > 5);
  free(bytes);
}

/* Its memory counts, and is kept for the next value. */
static void memory_is_the_contexts(void **state) {
  (void)state;
  zarrc_ctx *ctx = fast_ctx(1);
  zarrc_codec *codec = open_level(ctx, 5);
  uint8_t *bytes = data_of(WORDS, 1000);
  uint64_t before = zarrc_ctx_memory(ctx);
  size_t n;
  free(bb_encode(codec, bytes, 1000, 1, &n));
  uint64_t held = zarrc_ctx_memory(ctx);
  assert_true(held > before + 200000);
  free(bb_encode(codec, bytes, 1000, 1, &n));
  assert_int_equal(zarrc_ctx_memory(ctx), held);
  free(bytes);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_size_round_trips),  cmocka_unit_test(short_values),
      cmocka_unit_test(levels_and_headers),      cmocka_unit_test(too_long_is_left_to_others),
      cmocka_unit_test(goes_where_it_is_wanted), cmocka_unit_test(threads_share_a_codec),
      cmocka_unit_test(out_of_memory),           cmocka_unit_test(memory_is_the_contexts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

/* Without ISA-L the option changes nothing. */
static void the_ordinary_way_remains(void **state) {
  (void)state;
  zarrc_ctx_options options = {.struct_size = sizeof options, .fast_gzip = true};
  zarrc_ctx *ctx = NULL;
  zarrc_parts parts;
  zarrc_one_piece p;
  size_t made = 1;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  zarrc_parts_init(&parts, ctx);
  assert_int_equal(zarrc_one_piece_join(&p, &parts, NULL), ZARRC_OK);
#if !ZARRC_HAVE_ISAL
  assert_int_equal(zarrc_gzip_fast(ctx, 5, 1000, &parts, &p, &made, NULL), ZARRC_OK);
  assert_int_equal(made, 0);
#endif
  (void)made;
  zarrc_parts_clear(&p.made);
  zarrc_ctx_close(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_ordinary_way_remains)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
