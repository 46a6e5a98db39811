/* SPDX-License-Identifier: MIT */
#include "store/tree_store.h"

#include <unistd.h>

static void expect_unfinished(const char *prefix, const char *expected) {
  char note[64];
  bool found;
  assert_int_equal(zarrc_stage_find(store, prefix, note, sizeof note, &found, NULL), ZARRC_OK);
  assert_int_equal(found, expected != NULL);
  if (expected) assert_string_equal(note, expected);
}

/* What is made is seen when it is published, whole; for the root too, whose handle goes on with it. */
static void test_replaces(void **state) {
  static const char *const prefixes[] = {"", "g/a", "a"};
  zarrc_error error;
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    const char *p = prefixes[i];
    char one[32], two[32], three[32];
    snprintf(one, sizeof one, "%s%sone", p, *p ? "/" : "");
    snprintf(two, sizeof two, "%s%stwo", p, *p ? "/" : "");
    snprintf(three, sizeof three, "%s%sx/three", p, *p ? "/" : "");
    zarrc_stage *stage = open_stage(p, ZARRC_STAGE_NEW, "first");
    contract_set(stage->store, "one", "1");
    contract_expect(store, one, NULL);
    assert_int_equal(zarrc_stage_publish(stage, false, &error), ZARRC_OK);
    zarrc_stage_close(stage, true);
    contract_expect(store, one, "1");
    stage = open_stage(p, ZARRC_STAGE_NEW, "second");
    contract_set(stage->store, "two", "2");
    contract_set(stage->store, "x/three", "3");
    assert_int_equal(zarrc_stage_publish(stage, false, &error), ZARRC_CONFLICT);
    contract_expect(store, one, "1");
    contract_ok(zarrc_stage_publish(stage, true, &error), &error);
    zarrc_stage_close(stage, true);
    contract_expect(store, one, NULL);
    contract_expect(store, two, "2");
    contract_expect(store, three, "3");
    contract_set(store, one, "again");
    contract_expect(store, one, "again");
    expect_unfinished(p, NULL);
  }
  assert_false(exists(".s.zarrc-partial"));
  assert_false(exists("s/.a.zarrc-partial"));
}

static zarrc_status ignore_key(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  (void)error;
  *(int *)arg += strstr(entry->key, "partial") != NULL;
  return ZARRC_OK;
}

static void test_unfinished(void **state) {
  zarrc_error error;
  zarrc_stage *stage, *other = NULL;
  int seen = 0;
  (void)state;
  contract_set(store, "a/old", "0");
  stage = open_stage("a", ZARRC_STAGE_NEW, "copy of x");
  contract_set(stage->store, "c/0", "1");
  assert_int_equal(zarrc_stage_open(store, "a", ZARRC_STAGE_DISCARD, "y", &other, &error), ZARRC_CONFLICT);
  assert_non_null(strstr(error.message, "copy of x"));
  zarrc_stage_close(stage, true);
  expect_unfinished("a", "copy of x");
  expect_unfinished("b", NULL);
  assert_int_equal(zarrc_store_list(store, "", true, false, ignore_key, &seen, NULL), ZARRC_OK);
  assert_int_equal(seen, 0);
  assert_int_equal(zarrc_store_set(store, "x/.a.zarrc-partial", "", 0, NULL), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_stage_open(store, "a", ZARRC_STAGE_NEW, "y", &other, &error), ZARRC_CONFLICT);
  stage = open_stage("a", ZARRC_STAGE_RESUME, "copy of x");
  assert_true(stage->resumed);
  contract_expect(stage->store, "c/0", "1");
  zarrc_stage_close(stage, true);
  stage = open_stage("a", ZARRC_STAGE_DISCARD, "copy of x");
  assert_false(stage->resumed);
  contract_expect(stage->store, "c/0", NULL);
  zarrc_stage_close(stage, false);
  expect_unfinished("a", NULL);
  assert_false(exists("s/.a.zarrc-partial"));
  contract_expect(store, "a/old", "0");
  stage = open_stage("a", ZARRC_STAGE_NEW, ""); /* nothing to go on with */
  contract_set(stage->store, "c/0", "1");
  zarrc_stage_close(stage, true);
  stage = open_stage("a", ZARRC_STAGE_RESUME, "");
  assert_false(stage->resumed);
  zarrc_stage_close(stage, false);
}

/* Threads that replace one prefix wait for each other, and each leaves a whole version. */
static void *replace_many(void *arg) {
  char text[16];
  zarrc_error error;
  snprintf(text, sizeof text, "%d", *(int *)arg);
  for (int i = 0; i < 20; i++) {
    zarrc_stage *stage = NULL;
    contract_ok(zarrc_stage_open(store, "a", ZARRC_STAGE_DISCARD, "", &stage, &error), &error);
    contract_set(stage->store, "one", text);
    contract_set(stage->store, "two", text);
    contract_ok(zarrc_stage_publish(stage, true, &error), &error);
    zarrc_stage_close(stage, false);
  }
  return NULL;
}

static void test_threads(void **state) {
  pthread_t threads[4];
  int numbers[4];
  zarrc_bytes one, two;
  (void)state;
  for (int i = 0; i < 4; i++) {
    numbers[i] = i;
    assert_int_equal(pthread_create(&threads[i], NULL, replace_many, &numbers[i]), 0);
  }
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  assert_int_equal(zarrc_store_get(store, "a/one", 10, &one, NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_get(store, "a/two", 10, &two, NULL), ZARRC_OK);
  assert_memory_equal(one.ptr, two.ptr, one.len);
  zarrc_bytes_release(&one);
  zarrc_bytes_release(&two);
  assert_false(exists("s/.a.zarrc-partial"));
}

static void test_no_descriptors_are_lost(void **state) {
  size_t before = contract_nfds();
  (void)state;
  for (int i = 0; i < 10; i++) {
    zarrc_stage *stage = open_stage("a", ZARRC_STAGE_RESUME, "x");
    contract_set(stage->store, "k", "1");
    zarrc_stage_close(stage, i % 2);
    expect_unfinished("a", i % 2 ? "x" : NULL);
  }
  assert_true(contract_nfds() <= before + 1); /* the root's, opened meanwhile */
}

/* What could not be removed is told of, is in no stage's way, and goes as soon as it can. */
static void test_left(void **state) {
  zarrc_error error;
  char place[4200];
  bool found;
  (void)state;
  contract_set(store, "a/one", "1");
  contract_ok(zarrc_stage_left(store, "a", place, sizeof place, &found, &error), &error);
  assert_false(found);
  char *stage_path = path_in(root, ".a.zarrc-partial"), *left = path_in(stage_path, "left.2"),
       *deep = path_in(left, "x");
  assert_int_equal(mkdir(stage_path, 0777) || mkdir(left, 0777) || mkdir(deep, 0777), 0);
  contract_ok(zarrc_stage_left(store, "a", place, sizeof place, &found, &error), &error);
  assert_true(found);
  assert_non_null(strstr(place, "/s/.a.zarrc-partial"));
  expect_unfinished("a", NULL);
  zarrc_stage *stage = open_stage("a", ZARRC_STAGE_NEW, "again");
  contract_set(stage->store, "two", "2");
  contract_ok(zarrc_stage_publish(stage, true, &error), &error);
  zarrc_stage_close(stage, false);
  contract_expect(store, "a/two", "2");
  assert_false(exists("s/.a.zarrc-partial"));
  free(stage_path);
  free(left);
  free(deep);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_replaces, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_unfinished, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_threads, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_no_descriptors_are_lost, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_left, open_store, close_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
