/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "support/bytes_codec.h"
#include "support/faulty_alloc.h"
#include "support/guard.h"
#include "support/vectors.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

/* Memory for a decoded value that is tried with guard pages. */
#define GUARDED_NBYTES ((size_t)16 << 20)

zarrc_ctx *bb_ctx(void) {
  zarrc_ctx *ctx;
  zarrc_ctx_options options = {.threads = 1};
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  return ctx;
}

int bb_set_up(void **state) {
  *state = bb_ctx();
  return 0;
}

int bb_tear_down(void **state) {
  zarrc_ctx_close(*state);
  return 0;
}

zarrc_codec *bb_open(zarrc_ctx *ctx, const char *json) {
  zarrc_codec *codec;
  zarrc_error error;
  if (zarrc_codec_open(ctx, json, strlen(json), &codec, &error)) fail_msg("%s: %s", json, error.message);
  return codec;
}

uint8_t *bb_data(bb_kind kind, size_t n) {
  uint8_t *p = calloc(n ? n : 1, 1);
  uint64_t x = 88172645463325252u;
  for (size_t i = 0; i < n && kind != BB_ZEROS; i++) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    p[i] = (uint8_t)(kind == BB_NOISE ? x >> 32 : (i / 4 / 3) >> (i % 4 * 8));
  }
  return p;
}

/* ------------------------------------------------------------------------------------------- encode and decode */

static zarrc_status encode(const zarrc_codec *codec, const uint8_t *bytes, size_t n, size_t npieces, zarrc_parts *parts,
                           zarrc_error *error) {
  zarrc_parts_init(parts, zarrc_codec_ctx(codec));
  for (size_t i = 0; i < npieces; i++) {
    size_t from = n * i / npieces, to = n * (i + 1) / npieces;
    assert_int_equal(zarrc_parts_push(parts, (zarrc_bytes){bytes + from, to - from, NULL, NULL}, error), ZARRC_OK);
  }
  return zarrc_codec_get_class(codec)->u.bb.encode(codec, parts, error);
}

uint8_t *bb_encode(const zarrc_codec *codec, const void *bytes, size_t n, size_t npieces, size_t *nout) {
  zarrc_parts parts;
  zarrc_bytes joined;
  zarrc_error error;
  if (encode(codec, bytes, n, npieces, &parts, &error)) fail_msg("encode: %s", error.message);
  assert_int_equal(zarrc_parts_join(&parts, &joined, NULL), ZARRC_OK);
  assert_int_equal(joined.len, parts.nbytes);
  uint8_t *copy = malloc(joined.len ? joined.len : 1);
  if (joined.len) memcpy(copy, joined.ptr, joined.len);
  *nout = joined.len;
  zarrc_parts_clear(&parts);
  return copy;
}

zarrc_status bb_encode_fails(const zarrc_codec *codec, const void *bytes, size_t n, zarrc_error *error) {
  zarrc_parts parts;
  zarrc_status status = encode(codec, bytes, n, 1, &parts, error);
  zarrc_parts_clear(&parts);
  return status;
}

static zarrc_status decode(const zarrc_codec *codec, const guard *in, size_t need, zarrc_buf *out, zarrc_error *error) {
  zarrc_bytes bytes = {in->ptr, in->nbytes, NULL, NULL};
  memset(error, 0, sizeof *error);
  zarrc_status status = zarrc_codec_get_class(codec)->u.bb.decode(codec, &bytes, need, out, error);
  if (status) {
    assert_int_equal(error->code, status);
    assert_true(*error->message);
  } else {
    assert_true(out->len <= out->max);
  }
  return status;
}

bb_result bb_decode(const zarrc_codec *codec, const void *in, size_t n, size_t need, size_t max) {
  guard from = guard_end_of(in, n);
  bb_result r = {0};
  zarrc_buf grown = zarrc_buf_new(zarrc_codec_ctx(codec), max);
  guard_read_only(&from);
  r.status = decode(codec, &from, need, &grown, &r.error);
  if (!r.status) {
    r.nbytes = grown.len;
    r.ptr = malloc(grown.len ? grown.len : 1);
    if (grown.len) memcpy(r.ptr, grown.ptr, grown.len);
  }
  zarrc_buf_clear(&grown);
  if (max <= GUARDED_NBYTES) {
    zarrc_error error;
    guard to = guard_end(max);
    zarrc_buf fixed = zarrc_buf_over(to.ptr, max);
    zarrc_status status = decode(codec, &from, need, &fixed, &error);
    if (status != r.status) fail_msg("grown: %s, fixed: %s", r.error.message, error.message);
    size_t same = need < r.nbytes ? need : r.nbytes;
    if (!status) {
      assert_true(need != SIZE_MAX ? fixed.len >= same : fixed.len == same);
      assert_true(!same || !memcmp(fixed.ptr, r.ptr, same));
    }
    guard_free(&to);
  }
  guard_free(&from);
  return r;
}

void bb_free(bb_result *result) {
  free(result->ptr);
  *result = (bb_result){0};
}

void bb_decodes_to(const zarrc_codec *codec, const void *in, size_t n, const void *bytes, size_t nbytes) {
  bb_result r = bb_decode(codec, in, n, SIZE_MAX, nbytes);
  if (r.status) fail_msg("decode: %s", r.error.message);
  assert_int_equal(r.nbytes, nbytes);
  assert_true(!nbytes || !memcmp(r.ptr, bytes, nbytes));
  bb_free(&r);
}

void bb_decode_fails(const zarrc_codec *codec, const void *in, size_t n, size_t max, zarrc_status status) {
  bb_result r = bb_decode(codec, in, n, SIZE_MAX, max);
  if (r.status != status)
    fail_msg("%s (%s) instead of %s", zarrc_status_name(r.status), r.error.message, zarrc_status_name(status));
  bb_free(&r);
}

void bb_round_trip(const zarrc_codec *codec, bb_kind kind, size_t n) {
  uint8_t *bytes = bb_data(kind, n);
  for (size_t npieces = 1; npieces <= 3; npieces++) {
    size_t nencoded;
    uint8_t *encoded = bb_encode(codec, bytes, n, npieces, &nencoded);
    zarrc_size size = zarrc_codec_encoded_size(codec, NULL, n);
    assert_int_not_equal(size.kind, ZARRC_SIZE_UNKNOWN);
    assert_true(size.kind == ZARRC_SIZE_EXACT ? nencoded == size.nbytes : nencoded <= size.nbytes);
    bb_decodes_to(codec, encoded, nencoded, bytes, n);
    if (n) bb_decode_fails(codec, encoded, nencoded, n - 1, ZARRC_SIZE_MISMATCH);
    free(encoded);
  }
  free(bytes);
}

/* -------------------------------------------------------------------------------------------------- damage */

void bb_each_cut(const zarrc_codec *codec, const uint8_t *in, size_t n, size_t max, zarrc_status a, zarrc_status b) {
  size_t step = n < 2000 ? 1 : n / 500;
  for (size_t cut = 0; cut < n; cut += cut < 100 || n - cut <= 100 + step ? 1 : step) {
    bb_result r = bb_decode(codec, in, cut, SIZE_MAX, max);
    if (r.status != a && r.status != b)
      fail_msg("%zu of %zu bytes: %s %s", cut, n, zarrc_status_name(r.status), r.error.message);
    bb_free(&r);
  }
}

static bool is_damage(zarrc_status status) {
  static const zarrc_status all[] = {ZARRC_CORRUPT,       ZARRC_TRUNCATED,   ZARRC_CHECKSUM,
                                     ZARRC_SIZE_MISMATCH, ZARRC_UNSUPPORTED, ZARRC_LIMIT};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (status == all[i]) return true;
  return false;
}

void bb_each_flip(const zarrc_codec *codec, const uint8_t *in, size_t n, size_t max, bool lax) {
  uint8_t *damaged = malloc(n);
  bb_result good = bb_decode(codec, in, n, SIZE_MAX, max);
  size_t step = n * 8 < 4000 ? 1 : n * 8 / 2000 | 1;
  assert_int_equal(good.status, ZARRC_OK);
  memcpy(damaged, in, n);
  for (size_t bit = 0; bit < n * 8; bit += bit < 256 ? 1 : step) {
    damaged[bit / 8] ^= (uint8_t)(1 << bit % 8);
    bb_result r = bb_decode(codec, damaged, n, SIZE_MAX, max);
    bool same = !r.status && r.nbytes == good.nbytes && !memcmp(r.ptr, good.ptr, good.nbytes);
    if (!same && !is_damage(r.status) && !(lax && !r.status && r.nbytes <= max))
      fail_msg("bit %zu of byte %zu: %s %s", bit % 8, bit / 8, zarrc_status_name(r.status), r.error.message);
    bb_free(&r);
    damaged[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  bb_free(&good);
  free(damaged);
}

/* -------------------------------------------------------------------------------------------------- out of memory */

static zarrc_status there_and_back(const zarrc_ctx_options *options, void *json) {
  zarrc_ctx *ctx = NULL;
  zarrc_codec *codec = NULL;
  zarrc_parts parts;
  zarrc_bytes joined;
  static const uint8_t bytes[100] = {1, 2, 3};
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  zarrc_parts_init(&parts, ctx);
  zarrc_buf all = zarrc_buf_new(ctx, 100), head = zarrc_buf_new(ctx, 100);
  status = zarrc_codec_open(ctx, json, strlen(json), &codec, NULL);
  for (size_t i = 0; !status && i < 5; i++)
    status = zarrc_parts_push(&parts, (zarrc_bytes){bytes + 20 * i, 20, NULL, NULL}, NULL);
  if (!status) status = zarrc_codec_get_class(codec)->u.bb.encode(codec, &parts, NULL);
  if (!status) status = zarrc_parts_join(&parts, &joined, NULL);
  if (!status) status = zarrc_codec_get_class(codec)->u.bb.decode(codec, &joined, SIZE_MAX, &all, NULL);
  if (!status) status = zarrc_codec_get_class(codec)->u.bb.decode(codec, &joined, 1, &head, NULL);
  if (!status) assert_memory_equal(all.ptr, bytes, 100);
  zarrc_buf_clear(&all);
  zarrc_buf_clear(&head);
  zarrc_parts_clear(&parts);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
  return status;
}

void bb_out_of_memory(const char *json) {
  assert_true(faulty_alloc_each(NULL, there_and_back, (void *)(uintptr_t)json) > 2);
}

/* -------------------------------------------------------------------------------------------------- golden data */

/* The codec behind "bytes" in a chain of two, as JSON of its own; NULL: another chain. */
static char *second_of_two(zarrc_ctx *ctx, const char *codecs) {
  zarrc_json_doc *doc;
  char *json = NULL;
  assert_int_equal(zarrc_json_parse(ctx, codecs, strlen(codecs), NULL, &doc, NULL), ZARRC_OK);
  if (zarrc_json_length(zarrc_json_root(doc)) == 2) {
    size_t n;
    const char *text = zarrc_json_text(zarrc_json_at(zarrc_json_root(doc), 1), &n);
    json = strndup(text, n);
  }
  zarrc_json_close(doc);
  return json;
}

static void vector_check(zarrc_ctx *ctx, const vector_case *c) {
  char *json = second_of_two(ctx, c->codecs);
  if (!json || !c->encoded) {
    free(json);
    return;
  }
  zarrc_codec *codec = bb_open(ctx, json);
  size_t nbytes = vector_nbytes(c);
  bb_result r = bb_decode(codec, c->encoded, c->encoded_nbytes, SIZE_MAX, nbytes);
  if (!c->decoded && !r.status && r.nbytes == nbytes) fail_msg("%s: decoded", c->id);
  if (c->decoded) {
    bool turned = strstr(c->codecs, "\"big\"");
    if (r.status) fail_msg("%s: %s", c->id, r.error.message);
    if (r.nbytes != nbytes || (nbytes && !turned && memcmp(r.ptr, c->decoded, nbytes)))
      fail_msg("%s: wrong bytes", c->id);
    if (c->byte_exact) {
      size_t nencoded;
      uint8_t *encoded = bb_encode(codec, r.ptr, nbytes, 1, &nencoded);
      if (nencoded != c->encoded_nbytes || memcmp(encoded, c->encoded, nencoded))
        fail_msg("%s: encoded otherwise", c->id);
      free(encoded);
    }
  }
  bb_free(&r);
  free(json);
  zarrc_codec_close(codec);
}

void bb_vectors(const char *name, size_t at_least) {
  const char *const names[] = {"bytes", name, NULL}, *const bytes[] = {"bytes", NULL};
  zarrc_ctx *ctx = bb_ctx();
  size_t n = vectors_each(ctx, names, vector_check) - vectors_each(ctx, bytes, vector_check);
  assert_true(n >= at_least);
  zarrc_ctx_close(ctx);
}

/* ---------------------------------------------------------------------------------------------------------- JSON */

void bb_json_is(const char *json, const char *canonical) {
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec = bb_open(ctx, json);
  zarrc_buf out = zarrc_buf_new(ctx, 4096);
  zarrc_error error;
  if (!canonical) canonical = json;
  assert_int_equal(zarrc_codec_to_json(codec, &out, &error), ZARRC_OK);
  if (out.len != strlen(canonical) || memcmp(out.ptr, canonical, out.len))
    fail_msg("%s becomes %.*s", json, (int)out.len, out.ptr);
  zarrc_buf_clear(&out);
  zarrc_codec_close(codec);
  zarrc_ctx_close(ctx);
}

void bb_json_refused(const char *json, const char *word) {
  zarrc_ctx *ctx = bb_ctx();
  zarrc_codec *codec;
  zarrc_error error;
  zarrc_status status = zarrc_codec_open(ctx, json, strlen(json), &codec, &error);
  if (status != ZARRC_INVALID_METADATA) fail_msg("%s: %s", json, zarrc_status_name(status));
  if (!strstr(error.message, word)) fail_msg("%s: %s", json, error.message);
  zarrc_ctx_close(ctx);
}
