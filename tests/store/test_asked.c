/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/asked.h"
#include "support/far_store.h"

#include <string.h>

typedef struct fixture {
  zarrc_ctx *ctx;
  zarrc_store *memory;
  far_store far;
  zarrc_asked_store asked;
  zarrc_key_blob blob; /* of "a", which is "0123456789" */
} fixture;

static void begin(fixture *f) {
  assert_int_equal(zarrc_ctx_open(NULL, &f->ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(f->ctx, &f->memory, NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_set(f->memory, "a", "0123456789", 10, NULL), ZARRC_OK);
  far_store_init(&f->far, f->ctx, f->memory);
  zarrc_asked_store_init(&f->asked, &f->far.store);
  assert_true(zarrc_store_is_asked(&f->asked.store) && !zarrc_store_is_asked(f->memory));
  assert_int_equal(zarrc_key_blob_open(&f->blob, &f->asked.store, "a", NULL), ZARRC_OK);
}

static void end(fixture *f) {
  zarrc_key_blob_close(&f->blob);
  zarrc_asked_store_destroy(&f->asked);
  far_store_clear(&f->far);
  zarrc_store_close(f->memory);
  zarrc_ctx_close(f->ctx);
}

/* Fetches what is wanted of the one value. */
static void fetch(fixture *f) {
  uint64_t nbytes;
  assert_int_equal(zarrc_asked_store_list(&f->asked, 100, &nbytes, NULL), ZARRC_OK);
  zarrc_asked_value *v = f->asked.values;
  zarrc_request request = {.blob = v->behind, .ranges = v->ranges, .n = v->nranges};
  assert_int_equal(zarrc_store_fetch(&f->far.store, &request, 1, NULL), ZARRC_OK);
  assert_int_equal(zarrc_asked_value_take(&f->asked, v, &request), ZARRC_OK);
}

static zarrc_status read_at(fixture *f, int64_t offset, char *to) {
  zarrc_range range = {.offset = offset, .nbytes = 2, .into = to};
  return zarrc_blob_read(f->blob.blob, &range, 1, NULL);
}

static void reads_and_writes(void **state) {
  (void)state;
  fixture f;
  char two[2];
  zarrc_identity identity;
  bool known;
  const zarrc_bytes part = {.ptr = (const uint8_t *)"abcdefgh", .len = 8};
  uint64_t nbytes;
  begin(&f);
  assert_int_equal(zarrc_asked_store_list(&f.asked, 100, &nbytes, NULL), ZARRC_INTERNAL);
  assert_int_equal(zarrc_blob_identify(f.blob.blob, &identity, &known, NULL), ZARRC_OK);
  assert_false(known);
  assert_int_equal(read_at(&f, 4, two), ZARRC_PENDING);
  fetch(&f);
  assert_int_equal(zarrc_asked_store_nbytes(&f.asked), 2);
  assert_int_equal(read_at(&f, 4, two), ZARRC_OK);
  assert_memory_equal(two, "45", 2);
  assert_int_equal(zarrc_blob_identify(f.blob.blob, &identity, &known, NULL), ZARRC_OK);
  assert_true(known && identity.nbytes == 10);

  /* A value that somebody else has changed is not replaced, and read anew. */
  assert_int_equal(zarrc_store_set(f.memory, "a", "ABCDEFGHIJ", 10, NULL), ZARRC_OK);
  assert_int_equal(zarrc_blob_replace(f.blob.blob, &part, 1, true, NULL), ZARRC_CONFLICT);
  assert_int_equal(read_at(&f, 4, two), ZARRC_PENDING);
  fetch(&f);
  assert_int_equal(read_at(&f, 4, two), ZARRC_OK);
  assert_memory_equal(two, "EF", 2);
  assert_int_equal(zarrc_blob_replace(f.blob.blob, &part, 1, true, NULL), ZARRC_OK);
  assert_int_equal(read_at(&f, 4, two), ZARRC_PENDING);
  fetch(&f);
  assert_int_equal(read_at(&f, 4, two), ZARRC_OK);
  assert_memory_equal(two, "ef", 2);
  assert_int_equal(zarrc_blob_erase(f.blob.blob, true, NULL), ZARRC_OK);
  assert_int_equal(read_at(&f, 4, two), ZARRC_PENDING);
  fetch(&f);
  assert_int_equal(read_at(&f, 4, two), ZARRC_NOT_FOUND);
  assert_int_equal(zarrc_blob_identify(f.blob.blob, &identity, &known, NULL), ZARRC_NOT_FOUND);
  assert_int_equal(f.far.ntwice, 0);
  end(&f);
}

/* Between two rounds the value is changed, or goes away: what there was of it is forgotten. */
static void values_that_change(void **state) {
  (void)state;
  fixture f;
  char two[2];
  begin(&f);
  assert_int_equal(read_at(&f, 4, two), ZARRC_PENDING);
  fetch(&f);
  assert_int_equal(zarrc_store_set(f.memory, "a", "ABCDEFGHIJ", 10, NULL), ZARRC_OK);
  assert_int_equal(read_at(&f, 6, two), ZARRC_PENDING);
  fetch(&f);
  assert_int_equal(read_at(&f, 4, two), ZARRC_PENDING);
  assert_int_equal(read_at(&f, 6, two), ZARRC_PENDING);
  fetch(&f);
  assert_int_equal(read_at(&f, 4, two), ZARRC_OK);
  assert_memory_equal(two, "EF", 2);
  assert_int_equal(zarrc_store_erase(f.memory, "a", NULL), ZARRC_OK);
  assert_int_equal(read_at(&f, 0, two), ZARRC_PENDING);
  fetch(&f);
  assert_int_equal(read_at(&f, 4, two), ZARRC_PENDING);
  fetch(&f);
  assert_int_equal(read_at(&f, 4, two), ZARRC_NOT_FOUND);
  end(&f);
}

static void take_memory_away(zarrc_range *range) {
  zarrc_bytes_release(&range->got);
  range->got = (zarrc_bytes){.len = (size_t)range->nbytes};
}

static void cut_short(zarrc_range *range) {
  range->got.len--;
  range->total = ZARRC_UNKNOWN;
}

static void lengthen(zarrc_range *range) {
  range->got.len++; /* it has one byte more of memory */
}

static void put_beyond_the_end(zarrc_range *range) {
  range->total = 1;
}

/* A fetch that hands over what cannot be right is named, and what it lent is released. */
static void wrong_answers(void **state) {
  (void)state;
  static const struct {
    void (*spoil)(zarrc_range *range);
    int64_t offset;
  } rows[] = {{take_memory_away, 4}, {take_memory_away, -4},  {cut_short, 4},          {cut_short, -2},
              {lengthen, -2},        {put_beyond_the_end, 4}, {put_beyond_the_end, -2}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    fixture f;
    char two[2];
    zarrc_range range = {.offset = rows[i].offset, .nbytes = 2, .into = two};
    zarrc_error error;
    begin(&f);
    f.far.spoil = rows[i].spoil;
    assert_int_equal(zarrc_blob_read(f.blob.blob, &range, 1, NULL), ZARRC_PENDING);
    fetch(&f);
    assert_int_equal(zarrc_blob_read(f.blob.blob, &range, 1, &error), ZARRC_INTERNAL);
    assert_non_null(strstr(error.message, "the store's function fetch is wrong: "));
    assert_int_equal(zarrc_asked_store_nbytes(&f.asked), 0);
    end(&f);
  }
}

/* A far store whose blobs are counted, and can be opened only so often. */
typedef struct counted_store {
  zarrc_store store;
  far_store far;
  int nopened, most, nclosed;
  zarrc_status refusal;
} counted_store;

typedef struct counted_blob {
  zarrc_wrapper_blob blob;
  counted_store *counted;
} counted_blob;

static void counted_close(zarrc_blob *blob) {
  ((counted_blob *)blob)->counted->nclosed++;
}

static size_t counted_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  return zarrc_wrapper_blob_nbytes(sizeof(counted_blob), &((const counted_store *)store)->far.store, key_nbytes);
}

static zarrc_status counted_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops ops = {
      .struct_size = sizeof ops, .close = counted_close, .inner = zarrc_wrapper_blob_inner};
  counted_store *c = (counted_store *)store;
  if (c->nopened == c->most) return zarrc_fail(error, c->refusal, "no blob any more");
  c->nopened++;
  zarrc_status status = zarrc_wrapper_blob_open(blob, sizeof(counted_blob), &ops, &c->far.store, key, error);
  ((counted_blob *)blob)->counted = c;
  return status;
}

static zarrc_status read_a(void *arg, zarrc_store *from, size_t i, zarrc_error *error) {
  zarrc_bytes bytes;
  (void)arg, (void)i;
  zarrc_status status = zarrc_store_get(from, "a", 100, &bytes, error);
  if (!status) zarrc_bytes_release(&bytes);
  return status;
}

/* A blob that cannot be opened again after its value has changed was closed once, and is not used. */
static void blobs_that_do_not_open_again(void **state) {
  (void)state;
  static const zarrc_store_ops ops = {.struct_size = sizeof ops,
                                      .name = "counted",
                                      .blob_nbytes = counted_blob_nbytes,
                                      .open = counted_open,
                                      .fetch = zarrc_wrapper_fetch};
  static const zarrc_status refusals[] = {ZARRC_NETWORK, ZARRC_NO_MEMORY};
  for (int i = 0; i < 2; i++) {
    fixture f;
    zarrc_error error;
    begin(&f);
    counted_store c = {.store = {.ops = &ops, .ctx = f.ctx}, .most = 1, .refusal = refusals[i]};
    far_store_init(&c.far, f.ctx, f.memory);
    c.far.failing = "a";
    c.far.status = ZARRC_CONFLICT;
    assert_int_equal(zarrc_store_each(&c.store, 1, NULL, read_a, NULL, &error), refusals[i]);
    assert_int_equal(c.nopened, 1);
    assert_int_equal(c.nclosed, 1);
    far_store_clear(&c.far);
    end(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(reads_and_writes), cmocka_unit_test(values_that_change),
                                     cmocka_unit_test(wrong_answers), cmocka_unit_test(blobs_that_do_not_open_again)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
