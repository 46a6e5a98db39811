/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

/* A codec of one's own: turns every bit round. */
static zarrc_status invert_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)codec, (void)n;
  return configuration ? zarrc_fail(error, ZARRC_INVALID_METADATA, "it has no configuration") : ZARRC_OK;
}

static zarrc_status invert_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  zarrc_bytes joined;
  uint8_t *to;
  zarrc_parts out;
  zarrc_parts_init(&out, zarrc_codec_ctx(codec));
  zarrc_status status = zarrc_parts_join(parts, &joined, error);
  if (!status) status = zarrc_parts_add(&out, joined.len, &to, error);
  for (size_t i = 0; !status && i < joined.len; i++) to[i] = (uint8_t)~joined.ptr[i];
  zarrc_parts_clear(parts);
  if (!status) {
    status = zarrc_parts_push(parts, out.items[0], error);
    out.items[0] = (zarrc_bytes){0};
  }
  zarrc_parts_clear(&out);
  return status;
}

static zarrc_status invert_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                  zarrc_error *error) {
  (void)codec, (void)need;
  zarrc_status status = zarrc_buf_reserve(out, in->len, NULL);
  if (status) return zarrc_fail(error, ZARRC_SIZE_MISMATCH, "%zu bytes are too many", in->len);
  for (size_t i = 0; i < in->len; i++) out->ptr[out->len++] = (uint8_t)~in->ptr[i];
  return ZARRC_OK;
}

static const zarrc_codec_class invert = {.struct_size = sizeof(zarrc_codec_class),
                                         .name = "example.invert",
                                         .kind = ZARRC_BYTES_TO_BYTES,
                                         .fixed_size = true,
                                         .open = invert_open,
                                         .u.bb = {.encode = invert_encode, .decode = invert_decode}};

static void a_codec_of_ones_own(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT16, 1, (int64_t[]){100});
  assert_int_equal(zarrc_register_codec(ctx, &invert, NULL), ZARRC_OK);
  assert_ptr_equal(zarrc_find_codec(ctx, "example.invert")->u.bb.decode, invert_decode);
  zarrc_pipeline *p = chunk_pipeline(
      ctx, "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}, \"example.invert\", \"crc32c\"]",
      &spec);
  assert_true(zarrc_pipeline_is_fixed_size(p));
  assert_int_equal(zarrc_pipeline_encoded_size(p, 200).nbytes, 204);
  uint16_t *numbers = chunk_numbers(&spec), back[100];
  size_t n;
  uint8_t *encoded = chunk_encode(ctx, p, numbers, &n);
  assert_int_equal(n, 204);
  assert_int_equal(encoded[0], 0xFE);
  zarrc_memory_blob blob;
  zarrc_memory_blob_init(&blob, ctx, encoded, n);
  zarrc_view to = zarrc_view_c(&spec.dtype, 1, spec.shape, back);
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &to, NULL, NULL), ZARRC_OK);
  assert_memory_equal(back, numbers, sizeof back);
  zarrc_memory_blob_clear(&blob);
  free(encoded);
  free(numbers);
  zarrc_pipeline_close(p);
}

/* A class as they were before they had `copy` and `equal`: it owns memory, and evolve decides a setting. */
static int nopen; /* instances that have not been closed */

typedef struct mask {
  int *value; /* -1: evolve takes the size of an element */
} mask;

static zarrc_status mask_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  mask *m = zarrc_codec_instance(codec);
  const char *digits = configuration ? memchr(configuration, ':', n) : NULL;
  nopen++;
  m->value = malloc(sizeof *m->value);
  *m->value = digits ? atoi(digits + 1) : -1;
  return *m->value < 256 ? ZARRC_OK : zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.mask is no byte");
}

static void mask_close(zarrc_codec *codec) {
  mask *m = zarrc_codec_instance(codec);
  free(m->value);
  nopen--;
}

static zarrc_status mask_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const mask *m = zarrc_codec_instance(codec);
  return zarrc_buf_printf(out, error, "{\"name\": \"example.mask\", \"configuration\": {\"mask\": %d}}", *m->value);
}

static zarrc_status mask_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  mask *m = zarrc_codec_instance(codec);
  (void)error;
  if (*m->value < 0) *m->value = (int)spec->dtype.item_size;
  return ZARRC_OK;
}

static zarrc_status mask_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  const mask *m = zarrc_codec_instance(codec);
  zarrc_status status = invert_encode(codec, parts, error);
  uint8_t *bytes = status ? NULL : (uint8_t *)(uintptr_t)parts->items[0].ptr;
  for (size_t i = 0; !status && i < parts->items[0].len; i++) bytes[i] ^= (uint8_t)*m->value;
  return status;
}

static zarrc_status mask_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                zarrc_error *error) {
  const mask *m = zarrc_codec_instance(codec);
  size_t before = out->len;
  zarrc_status status = invert_decode(codec, in, need, out, error);
  for (size_t i = before; !status && i < out->len; i++) out->ptr[i] ^= (uint8_t)*m->value;
  return status;
}

static const zarrc_codec_class mask_class = {.struct_size = sizeof(zarrc_codec_class),
                                             .name = "example.mask",
                                             .kind = ZARRC_BYTES_TO_BYTES,
                                             .fixed_size = true,
                                             .instance_size = sizeof(mask),
                                             .open = mask_open,
                                             .close = mask_close,
                                             .to_json = mask_to_json,
                                             .evolve = mask_evolve,
                                             .u.bb = {.encode = mask_encode, .decode = mask_decode}};

static void check_json(zarrc_ctx *ctx, const zarrc_codec *codec, const char *wanted) {
  char *json = chunk_codec_json(ctx, codec);
  assert_non_null(strstr(json, wanted));
  free(json);
}

/* Encodes and decodes numbers with a pipeline. */
static void check_round_trip(zarrc_ctx *ctx, const zarrc_pipeline *p, const zarrc_spec *spec) {
  void *numbers = chunk_numbers(spec), *back = calloc(64, 8);
  size_t n;
  uint8_t *encoded = chunk_encode(ctx, p, numbers, &n);
  zarrc_memory_blob blob;
  zarrc_memory_blob_init(&blob, ctx, encoded, n);
  zarrc_view to = zarrc_view_c(&spec->dtype, spec->ndim, spec->shape, back);
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &to, NULL, NULL), ZARRC_OK);
  assert_memory_equal(back, numbers, (size_t)spec->shape[0] * spec->dtype.item_size);
  zarrc_memory_blob_clear(&blob);
  free(encoded);
  free(numbers);
  free(back);
}

#define LITTLE "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}"

static void a_class_with_the_old_slots_only(void **state) {
  static const char *const chains[] = {
      "[" LITTLE ", \"example.mask\"]",
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2], \"codecs\": [" LITTLE
      ", \"example.mask\"], \"index_codecs\": [" LITTLE ", \"example.mask\"]}}]"};
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT16, 1, (int64_t[]){8}), other = chunk_spec(ZARRC_UINT64, 1, (int64_t[]){4});
  assert_int_equal(zarrc_register_codec(ctx, &mask_class, NULL), ZARRC_OK);
  for (int i = 0; i < 2; i++) {
    zarrc_pipeline *p = chunk_pipeline(ctx, chains[i], &spec), *again = NULL;
    const zarrc_codec *last = zarrc_pipeline_codec(p, zarrc_pipeline_ncodecs(p) - 1), *codecs[2] = {0};
    check_json(ctx, last, "{\"mask\": 2}");
    if (i == 1) check_json(ctx, last, "{\"mask\": 8}"); /* of the index */
    check_round_trip(ctx, p, &spec);
    /* what was decided for one chunk stays for another one */
    for (size_t k = 0; k < zarrc_pipeline_ncodecs(p); k++) codecs[k] = zarrc_pipeline_codec(p, k);
    assert_int_equal(zarrc_pipeline_open_codecs(ctx, codecs, zarrc_pipeline_ncodecs(p), &other, &again, NULL),
                     ZARRC_OK);
    assert_true(zarrc_pipeline_equal(p, again));
    zarrc_pipeline_close(p);
    check_json(ctx, zarrc_pipeline_codec(again, zarrc_pipeline_ncodecs(again) - 1), "{\"mask\": 2}");
    check_round_trip(ctx, again, &other);
    zarrc_pipeline_close(again);
    assert_int_equal(nopen, 0);
  }
}

/* Codecs that evolve has nothing to decide of are shared: neither opened again nor copied. */
static void codecs_are_shared(void **state) {
  zarrc_codec_class fixed = mask_class;
  zarrc_spec spec = chunk_spec(ZARRC_UINT16, 1, (int64_t[]){8});
  fixed.name = "example.fixed";
  fixed.evolve = NULL;
  zarrc_ctx *own;
  zarrc_codec *codec = NULL, *evolved = NULL;
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &own, NULL), ZARRC_OK);
  assert_int_equal(zarrc_register_codec(own, &fixed, NULL), ZARRC_OK);
  assert_int_equal(zarrc_codec_open(own, "\"example.fixed\"", 15, &codec, NULL), ZARRC_OK);
  assert_int_equal(zarrc_codec_evolve(codec, &spec, &evolved, NULL), ZARRC_OK);
  assert_int_equal(nopen, 1);
  zarrc_codec_close(codec);
  assert_int_equal(nopen, 1);
  check_json(own, evolved, "{\"mask\": -1}");
  zarrc_codec_close(evolved);
  assert_int_equal(nopen, 0);
  /* one that cannot be opened is closed too */
  static const char bad[] = "{\"name\": \"example.fixed\", \"configuration\": {\"mask\": 256}}";
  zarrc_error error;
  assert_int_equal(zarrc_codec_open(own, bad, sizeof bad - 1, &codec, &error), ZARRC_INVALID_METADATA);
  assert_string_equal(SAID(error), "codec example.fixed: configuration.mask is no byte");
  assert_int_equal(nopen, 0);
  zarrc_ctx_close(own);
}

static void names_are_taken_once(void **state) {
  zarrc_error error;
  zarrc_codec_class taken = invert;
  assert_int_equal(zarrc_register_codec(*state, &invert, &error), ZARRC_CONFLICT);
  taken.name = "gzip";
  assert_int_equal(zarrc_register_codec(*state, &taken, &error), ZARRC_CONFLICT);
  taken.name = "endian";
  assert_int_equal(zarrc_register_codec(*state, &taken, &error), ZARRC_CONFLICT);
}

static void half_a_class_is_refused(void **state) {
  zarrc_codec_class half = invert;
  half.name = "half";
  half.u.bb.decode = NULL;
  assert_int_equal(zarrc_register_codec(*state, &half, NULL), ZARRC_INVALID_ARGUMENT);
  half = invert;
  half.name = NULL;
  assert_int_equal(zarrc_register_codec(*state, &half, NULL), ZARRC_INVALID_ARGUMENT);
  half = invert;
  half.name = "old";
  half.struct_size = 8;
  assert_int_equal(zarrc_register_codec(*state, &half, NULL), ZARRC_INVALID_ARGUMENT);
  half = invert;
  half.name = "huge"; /* the sum with what stands in front of an instance wraps */
  half.instance_size = SIZE_MAX;
  assert_int_equal(zarrc_register_codec(*state, &half, NULL), ZARRC_INVALID_ARGUMENT);
}

/* What a plug-in was compiled with may be shorter (members that were added since are missing, and whatever lies behind
 * the table is not looked at), or longer. */
static void tables_of_other_lengths_are_taken(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_error error;
  struct {
    zarrc_codec_class table;
    void (*newer)(void);
  } longer = {.table = invert};
  longer.table.name = "example.newer";
  longer.table.struct_size = sizeof longer;
  longer.newer = (void (*)(void))1;
  assert_int_equal(zarrc_register_codec(ctx, &longer.table, &error), ZARRC_OK);
  size_t size = offsetof(zarrc_codec_class, u.bb.read);
  zarrc_codec_class old = invert, *shorter = malloc(size); /* the address sanitizer sees a byte too much */
  old.name = "example.older";
  old.struct_size = size;
  memcpy(shorter, &old, size);
  assert_int_equal(zarrc_register_codec(ctx, shorter, &error), ZARRC_OK);
  old.name = "example.oldest";
  old.struct_size = offsetof(zarrc_codec_class, u.bb.decode);
  memcpy(shorter, &old, size);
  assert_int_equal(zarrc_register_codec(ctx, shorter, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(SAID(error), "codec class example.oldest: a function that its kind needs is missing");
  old.struct_size = offsetof(zarrc_codec_class, u) - 1;
  memcpy(shorter, &old, size);
  assert_int_equal(zarrc_register_codec(ctx, shorter, &error), ZARRC_INVALID_ARGUMENT);
  assert_null(strstr(SAID(error), "function"));
  free(shorter);
  static const char *const names[] = {"example.older", "example.newer"};
  for (int i = 0; i < 2; i++) {
    const zarrc_codec_class *c = zarrc_find_codec(ctx, names[i]);
    assert_int_equal(c->struct_size, sizeof *c);
    assert_null(c->u.bb.read);
    assert_null(c->u.bb.states_size);
    zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){3});
    char chain[64];
    snprintf(chain, sizeof chain, "[\"bytes\", \"%s\"]", names[i]);
    zarrc_pipeline *p = chunk_pipeline(ctx, chain, &spec);
    zarrc_memory_blob blob;
    uint8_t back[2];
    zarrc_region part = {.start = {1}, .count = {2}, .step = {1}};
    zarrc_view to = zarrc_view_c(&spec.dtype, 1, part.count, back);
    zarrc_memory_blob_init(&blob, ctx, "\xFF\xFE\xFD", 3);
    assert_int_equal(zarrc_read(p, &blob.blob, &part, &to, NULL, &error), ZARRC_OK);
    assert_memory_equal(back, "\1\2", 2);
    zarrc_memory_blob_clear(&blob);
    zarrc_pipeline_close(p);
  }
}

static void contexts_do_not_share(void **state) {
  (void)state;
  zarrc_ctx *other;
  assert_int_equal(zarrc_ctx_open(NULL, &other, NULL), ZARRC_OK);
  assert_null(zarrc_find_codec(other, "example.invert"));
  zarrc_ctx_close(other);
}

/* Every codec has one name in the list, and is found by it. */
static void names_are_listed(void **state) {
  size_t n = 0, own = 0;
  for (const char *name; (name = zarrc_codec_name_get(*state, n)); n++) {
    const zarrc_codec_class *found = zarrc_find_codec(*state, name);
    assert_non_null(found);
    assert_string_equal(found->name, name);
    own += strcmp(name, "example.invert") == 0;
    for (size_t i = 0; i < n; i++) assert_string_not_equal(zarrc_codec_name_get(*state, i), name);
  }
  assert_true(n > 30);
  assert_int_equal(own, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_codec_of_ones_own),   cmocka_unit_test(a_class_with_the_old_slots_only),
      cmocka_unit_test(codecs_are_shared),     cmocka_unit_test(names_are_taken_once),
      cmocka_unit_test(names_are_listed),      cmocka_unit_test(half_a_class_is_refused),
      cmocka_unit_test(contexts_do_not_share), cmocka_unit_test(tables_of_other_lengths_are_taken),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
