/* SPDX-License-Identifier: MIT */
#include "store/contract.h"
#include "support/faulty_alloc.h"
#include "support/sanitizers.h"

#include <sys/wait.h>
#include <unistd.h>

static zarrc_ctx *ctx;
static zarrc_store *store;

static int open_all(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_memory_store_open(ctx, &store, NULL);
}

static int close_all(void **state) {
  (void)state;
  zarrc_store_close(store);
  bool empty = zarrc_ctx_memory(ctx) < 1 << 20;
  zarrc_ctx_close(ctx);
  return empty ? 0 : -1;
}

static void test_ranges(void **state) {
  (void)state;
  contract_ranges(store);
  contract_vectored(store);
}

static void test_versions(void **state) {
  (void)state;
  contract_versions(store);
  contract_pieces(store);
}

static void test_list(void **state) {
  (void)state;
  contract_list(store);
}

static void test_random(void **state) {
  (void)state;
  contract_random(store, 20000);
}

static void test_threads(void **state) {
  (void)state;
  contract_threads(store, 100);
}

static zarrc_identity identity_of(zarrc_store *s, const char *key) {
  zarrc_key_blob blob;
  zarrc_identity identity = {0};
  bool known = false;
  assert_int_equal(zarrc_key_blob_open(&blob, s, key, NULL), ZARRC_OK);
  assert_int_equal(zarrc_blob_identify(blob.blob, &identity, &known, NULL), ZARRC_OK);
  assert_true(known);
  zarrc_key_blob_close(&blob);
  return identity;
}

/* A value has one identity as long as it is there, and no other value has it, of the same bytes or in another store. */
static void test_identities(void **state) {
  zarrc_store *other;
  zarrc_key_blob blob;
  zarrc_identity seen[6];
  bool known;
  (void)state;
  assert_int_equal(zarrc_memory_store_open(ctx, &other, NULL), ZARRC_OK);
  contract_set(store, "a", "1");
  contract_set(store, "b", "1");
  contract_set(other, "a", "1");
  seen[0] = identity_of(store, "a");
  seen[1] = identity_of(store, "b");
  seen[2] = identity_of(other, "a");
  zarrc_identity again = identity_of(store, "a");
  assert_memory_equal(&seen[0], &again, sizeof again);
  zarrc_store_close(other);
  contract_set(store, "a", "1");
  seen[3] = identity_of(store, "a");
  assert_int_equal(zarrc_store_erase(store, "a", NULL), ZARRC_OK);
  assert_int_equal(zarrc_key_blob_open(&blob, store, "a", NULL), ZARRC_OK);
  assert_int_equal(zarrc_blob_identify(blob.blob, &again, &known, NULL), ZARRC_NOT_FOUND);
  zarrc_key_blob_close(&blob);
  contract_set(store, "a", "1");
  seen[4] = identity_of(store, "a");
  assert_int_equal(zarrc_memory_store_open(ctx, &other, NULL), ZARRC_OK); /* perhaps where the first was */
  contract_set(other, "a", "1");
  seen[5] = identity_of(other, "a");
  zarrc_store_close(other);
  for (int i = 0; i < 6; i++)
    for (int k = 0; k < i; k++) assert_memory_not_equal(&seen[i], &seen[k], sizeof again);
}

/* A memory store, unlike a directory, may have a key above another one. */
static void test_key_above_key(void **state) {
  (void)state;
  contract_set(store, "a", "1");
  contract_set(store, "a/b", "22");
  contract_set(store, "a-b", "333");
  contract_set(store, "a/b/c", "4444");
  contract_expect_list(store, "", false, true, "a-b=3 a/ a=1 ");
  contract_expect_list(store, "a", false, true, "a/b/ a/b=2 ");
  zarrc_error error;
  contract_ok(zarrc_store_erase_prefix(store, "a", &error), &error);
  contract_expect_list(store, "", true, false, "a a-b ");
}

typedef struct order {
  char last[64];
  zarrc_store *store;
  size_t n;
} order;

static zarrc_status expect_order(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  order *o = arg;
  assert_true(strcmp(o->last, entry->key) < 0);
  snprintf(o->last, sizeof o->last, "%s", entry->key);
  o->n++;
  return zarrc_store_erase(o->store, entry->key, error); /* fn may change the store */
}

/* The table grows, forgets erased keys when it does, and lists in order. */
static void test_many_keys(void **state) {
  (void)state;
  char key[32], value[32];
  zarrc_error error;
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 5000; i++) {
      snprintf(key, sizeof key, "%d/%d", round, i);
      contract_set(store, key, key);
    }
    uint64_t held = zarrc_ctx_memory(ctx);
    assert_true(held < 3000000);
    for (int i = 0; i < 5000; i += 7) {
      snprintf(key, sizeof key, "%d/%d", round, i);
      contract_expect(store, key, key);
      snprintf(value, sizeof value, "new %d", i);
      contract_set(store, key, value);
      contract_expect(store, key, value);
    }
    order o = {.store = store};
    contract_ok(zarrc_store_list(store, "", true, false, expect_order, &o, &error), &error);
    assert_int_equal(o.n, 5000);
  }
}

static void test_loan_outlives_all(void **state) {
  (void)state;
  zarrc_error error;
  zarrc_bytes got, part;
  contract_set(store, "a", "first value");
  contract_ok(zarrc_store_get(store, "a", 100, &got, &error), &error);
  zarrc_key_blob blob;
  contract_ok(zarrc_key_blob_open(&blob, store, "a", &error), &error);
  zarrc_range range = {.offset = 6, .nbytes = 5};
  contract_ok(zarrc_blob_read(blob.blob, &range, 1, &error), &error);
  part = range.got;
  zarrc_key_blob_close(&blob);
  assert_ptr_equal(part.ptr, got.ptr + 6); /* lent, not copied */
  contract_set(store, "a", "second");
  contract_ok(zarrc_store_erase(store, "a", &error), &error);
  zarrc_store_close(store);
  assert_memory_equal(got.ptr, "first value", 11);
  zarrc_bytes_release(&got);
  assert_memory_equal(part.ptr, "value", 5);
  zarrc_bytes_release(&part);
  contract_ok(zarrc_memory_store_open(ctx, &store, &error), &error);
}

/* The sanitizers have locks of their own, that of malloc among them, which they leave to the child as they are. */
enum { BUSY = ZARRC_ASAN || ZARRC_TSAN ? 0 : 3 };

/* A child gets a working store, whatever the threads of its parent were just doing. */
static void *keep_busy(void *arg) {
  atomic_int *stop = arg;
  char key[16], value[600];
  memset(value, 'x', sizeof value);
  for (unsigned i = 0; !atomic_load(stop); i++) {
    snprintf(key, sizeof key, "busy/%u", i % 700);
    if (zarrc_store_set(store, key, value, i % sizeof value, NULL)) abort();
    if (i % 3 == 0 && zarrc_store_erase(store, key, NULL)) abort();
    if (i % 2048 == 0 && zarrc_store_erase_prefix(store, "busy", NULL)) abort();
  }
  return NULL;
}

static void test_fork(void **state) {
  (void)state;
  pthread_t thread[BUSY + 1];
  atomic_int stop = 0;
  contract_set(store, "mine", "before");
  for (int i = 0; i < BUSY; i++) assert_int_equal(pthread_create(&thread[i], NULL, keep_busy, &stop), 0);
  for (int i = 0; i < 60; i++) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
      alarm(20);
      zarrc_bytes got = {0};
      bool good = !zarrc_store_get(store, "mine", 10, &got, NULL) && got.len == 6 && !memcmp(got.ptr, "before", 6);
      zarrc_bytes_release(&got);
      for (int k = 0; k < 200 && good; k++) {
        char key[16];
        snprintf(key, sizeof key, "busy/%d", k * 4);
        good = !zarrc_store_set(store, key, key, strlen(key), NULL) && !zarrc_store_get(store, key, 16, &got, NULL) &&
               got.len == strlen(key);
        zarrc_bytes_release(&got);
      }
      _exit(good ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  atomic_store(&stop, 1);
  for (int i = 0; i < BUSY; i++) pthread_join(thread[i], NULL);
  contract_expect(store, "mine", "before");
}

static zarrc_status each_allocation(const zarrc_ctx_options *options, void *arg) {
  (void)arg;
  zarrc_ctx *c = NULL;
  zarrc_store *s = NULL;
  char key[16];
  contract_names names = {.stop_at = 8};
  zarrc_bytes got = {0};
  zarrc_status status = zarrc_ctx_open(options, &c, NULL);
  if (!status) status = zarrc_memory_store_open(c, &s, NULL);
  for (int i = 0; i < 100 && !status; i++) {
    snprintf(key, sizeof key, "%d", i);
    status = zarrc_store_set(s, key, "old", 3, NULL);
  }
  if (status) goto done;
  status = zarrc_store_set(s, "7", "new", 3, NULL);
  if (zarrc_store_get(s, "7", 3, &got, NULL) || memcmp(got.ptr, status ? "old" : "new", 3) != 0) abort();
  zarrc_bytes_release(&got);
  if (!status) status = zarrc_store_list(s, "nothing", true, true, contract_note, &names, NULL);
  if (!status && (status = zarrc_store_list(s, "", true, true, contract_note, &names, NULL)) == ZARRC_CANCELED)
    status = ZARRC_OK;
  if (zarrc_store_erase(s, "8", NULL) || zarrc_store_erase_prefix(s, "", NULL)) abort(); /* need no memory */
done:
  zarrc_store_close(s);
  zarrc_ctx_close(c);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  zarrc_ctx_options options = {.struct_size = sizeof options, .threads = 1};
  assert_true(faulty_alloc_each(&options, each_allocation, NULL) > 200);
  zarrc_error error;
  zarrc_key_blob blob;
  contract_ok(zarrc_key_blob_open(&blob, store, "a", &error), &error);
  zarrc_bytes parts[3] = {{.len = SIZE_MAX / 2}, {.len = SIZE_MAX / 2}, {.len = 2}}; /* more than memory can hold */
  assert_int_equal(zarrc_blob_replace(blob.blob, parts, 3, false, &error), ZARRC_NO_MEMORY);
  assert_string_equal(error.message, "no memory for the value");
  zarrc_key_blob_close(&blob);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
  const struct CMUnitTest tests[] = {
      TEST(test_ranges),    TEST(test_versions),   TEST(test_list),
      TEST(test_random),    TEST(test_threads),    TEST(test_key_above_key),
      TEST(test_many_keys), TEST(test_fork),       TEST(test_loan_outlives_all),
      TEST(test_no_memory), TEST(test_identities),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
