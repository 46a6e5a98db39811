/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/far_store.h"
#include "support/nodes.h"
#include "tools/two_stores.h"

#include <string.h>

/* The first region that fails is told, and which side it is about. */
static void test_damaged_source(void **state) {
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  zarrc_array_close(copying_array(source, "a", 1, (int64_t[]){40}, (int64_t[]){2}, NULL, NULL));
  nodes_put(source, "a/c/7", "bad");
  nodes_put(source, "a/c/15", "bad");
  assert_int_equal(copying_run(source, "a", target, "b", (zarrc_copy_options){0}, &copier, &error),
                   ZARRC_SIZE_MISMATCH);
  assert_string_equal(error.key, "a/c/7");
  assert_int_equal(zarrc_copier_report(copier)->side, ZARRC_COPY_SOURCE);
  zarrc_copier_close(copier);
}

/* What was there is left alone; with check, what is wrong of it is made anew. */
static void test_resume(void **state) {
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  zarrc_array_close(copying_array(source, "a", 1, (int64_t[]){40}, (int64_t[]){2}, NULL, NULL));
  assert_int_equal(copying_run(source, "a", target, "b", (zarrc_copy_options){0}, &copier, &error), ZARRC_OK);
  zarrc_copier_close(copier);
  assert_int_equal(zarrc_store_erase(target, "b/c/3", NULL), ZARRC_OK);
  nodes_put(target, "b/c/5", "other 8b");
  nodes_put(target, "b/c/6", "short");
  zarrc_copy_options options = {.mode = ZARRC_COPY_RESUME};
  assert_int_equal(copying_run(source, "a", target, "b", options, &copier, &error), ZARRC_OK);
  assert_int_equal(zarrc_copier_report(copier)->skipped_nobjects, 18);
  assert_int_equal(zarrc_copier_report(copier)->written_nobjects, 2);
  zarrc_copier_close(copier);
  options.check = true;
  assert_int_equal(copying_run(source, "a", target, "b", options, &copier, &error), ZARRC_OK);
  assert_int_equal(zarrc_copier_report(copier)->mended_nobjects, 1);
  assert_int_equal(zarrc_copier_report(copier)->skipped_nobjects, 19);
  zarrc_copier_close(copier);
  copying_same(source, "a", target, "b");
}

/* Text is copied through arenas; empty text is fill value. */
static void test_text(void **state) {
  zarrc_array_config config = {.struct_size = sizeof config,
                               .data_type = "string",
                               .ndim = 1,
                               .shape = (int64_t[]){3},
                               .chunk_shape = (int64_t[]){2}};
  zarrc_text texts[3] = {{(const uint8_t *)"one", 3}, {(const uint8_t *)"", 0}, {(const uint8_t *)"three", 5}}, got[3];
  zarrc_array *array;
  zarrc_arena *arena;
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  assert_int_equal(zarrc_array_create(source, "a", &config, ZARRC_CREATE_NEW, NULL, &array, &error), ZARRC_OK);
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 1, config.shape, texts);
  assert_int_equal(zarrc_array_write(array, NULL, &view, &error), ZARRC_OK);
  zarrc_array_close(array);
  zarrc_copy_options options = {.check = true, .chunk_shape = (int64_t[]){1}, .nchunk_shape = 1};
  assert_int_equal(copying_run(source, "a", target, "b", options, &copier, &error), ZARRC_OK);
  assert_int_equal(zarrc_copier_report(copier)->copied_nbytes, 8);
  assert_int_equal(zarrc_copier_report(copier)->written_nobjects, 2);
  zarrc_copier_close(copier);
  assert_int_equal(zarrc_array_open(target, "b", NULL, &array, &error), ZARRC_OK);
  assert_int_equal(zarrc_arena_open(ctx, &arena, NULL), ZARRC_OK);
  view = zarrc_view_c(zarrc_array_dtype(array), 1, config.shape, got);
  view.arena = arena;
  assert_int_equal(zarrc_array_read(array, NULL, &view, &error), ZARRC_OK);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(got[i].len, texts[i].len);
    assert_memory_equal(got[i].ptr, texts[i].ptr, texts[i].len);
  }
  zarrc_array_close(array);
  zarrc_arena_close(arena);
}

/* Regions of a source that can be fetched at once are copied in waves, whatever the memory for regions is. */
static void test_waves(void **state) {
  (void)state;
  far_store far;
  zarrc_copier *copier;
  zarrc_error error;
  zarrc_array_close(copying_array(source, "a", 1, (int64_t[]){1000}, (int64_t[]){5}, NULL, NULL));
  zarrc_array_close(copying_array(source, "s", 1, (int64_t[]){1000}, (int64_t[]){5}, (int64_t[]){20}, NULL));
  far_store_init(&far, ctx, source);
  for (int i = 0; i < 4; i++) {
    const char *from = i % 2 ? "s" : "a", *to = &"b\0c\0d\0e"[2 * i];
    const zarrc_copy_options options = {.check = true, .memory = i < 2 ? 0 : 2 << 20};
    far_store_begin(&far);
    if (copying_run(&far.store, from, target, to, options, &copier, &error)) fail_msg("%s", error.message);
    zarrc_copier_close(copier);
    copying_same(source, from, target, to);
    assert_true(far.nwaves - far.nsingle <= (i % 2 ? 2 : 4) + 3); /* 200 chunks, 50 shards; the documents */
    const size_t chunks = 4000, indices = i % 2 ? 50 * (4 * 16 + 4) : 0, documents = 3000;
    assert_true(far.nbytes <= chunks + indices + documents);
  }
  nodes_put(source, "a/c/7", "bad");
  nodes_put(source, "a/c/150", "bad");
  assert_int_equal(copying_run(&far.store, "a", target, "f", (zarrc_copy_options){0}, &copier, &error),
                   ZARRC_SIZE_MISMATCH);
  assert_string_equal(error.key, "a/c/7");
  assert_int_equal(zarrc_copier_report(copier)->side, ZARRC_COPY_SOURCE);
  zarrc_copier_close(copier);
  far_store_clear(&far);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_damaged_source, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_resume, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_text, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_waves, open_stores, close_stores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
