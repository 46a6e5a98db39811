/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/verify.h"

#include <stdio.h>
#include <string.h>

typedef struct seen {
  size_t n;
  char last[200];
} seen;

static zarrc_status see(void *arg, const zarrc_finding *f, zarrc_error *error) {
  seen *s = arg;
  (void)error;
  s->n++;
  snprintf(s->last, sizeof s->last, "%d %s %s %s %lld %s %s %s", f->severity, f->key, f->chunk ? f->chunk : "-",
           f->inner ? f->inner : "-", f->byte == ZARRC_UNKNOWN ? -1 : (long long)f->byte, f->codec ? f->codec : "-",
           f->what, f->fix);
  return ZARRC_OK;
}

static void test_texts(void **state) {
  zarrc_problems problems = {0};
  zarrc_error why;
  seen s = {0};
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &problems.ctx, NULL), ZARRC_OK);
  zarrc_fail(&why, ZARRC_CHECKSUM, "it is wrong");
  assert_int_equal(zarrc_problems_add(&problems, ZARRC_NOTE, false, &why, "mend it", NULL), ZARRC_OK);
  assert_int_equal(zarrc_problems_tell(&problems, "a/b", see, &s, NULL), ZARRC_OK);
  assert_string_equal(s.last, "0 a/b - - -1 - it is wrong mend it");
  strcpy(why.store, "store");
  strcpy(why.key, "key");
  strcpy(why.chunk, "0,3");
  strcpy(why.inner_chunk, "1,0");
  strcpy(why.codec, "crc32c");
  why.offset = 7;
  assert_int_equal(zarrc_problems_add(&problems, ZARRC_FAULT, true, &why, "mend it", NULL), ZARRC_OK);
  memset(&why, 0, sizeof why); /* the texts are copied */
  s.n = 0;
  assert_int_equal(zarrc_problems_tell(&problems, "a/b", see, &s, NULL), ZARRC_OK);
  assert_int_equal(s.n, 2);
  assert_string_equal(s.last, "1 a/b 0,3 1,0 7 crc32c codec crc32c: it is wrong mend it");
  zarrc_problems_clear(&problems);
  assert_int_equal(problems.n, 0);
  zarrc_ctx_close(problems.ctx);
}

/* Of very many findings the last that is kept tells of the others. */
static void test_many(void **state) {
  zarrc_problems problems = {0};
  zarrc_error why;
  seen s = {0};
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &problems.ctx, NULL), ZARRC_OK);
  const uint64_t before = zarrc_ctx_memory(problems.ctx);
  zarrc_fail(&why, ZARRC_CORRUPT, "damaged");
  for (int i = 0; i < 100100; i++)
    assert_int_equal(zarrc_problems_add(&problems, ZARRC_FAULT, true, &why, "mend it", NULL), ZARRC_OK);
  assert_int_equal(problems.n, 100000);
  assert_int_equal(zarrc_problems_tell(&problems, "k", see, &s, NULL), ZARRC_OK);
  assert_int_equal(s.n, 100000);
  assert_non_null(strstr(s.last, "more faults"));
  zarrc_problems_clear(&problems);
  assert_int_equal(zarrc_ctx_memory(problems.ctx), before);
  zarrc_ctx_close(problems.ctx);
}

static void test_no_memory(void **state) {
  const zarrc_ctx_options options = {.struct_size = sizeof options, .max_memory = 1 << 20};
  zarrc_problems problems = {0};
  zarrc_error why;
  (void)state;
  assert_int_equal(zarrc_ctx_open(&options, &problems.ctx, NULL), ZARRC_OK);
  zarrc_fail(&why, ZARRC_CORRUPT, "damaged");
  zarrc_status status = ZARRC_OK;
  while (!status && problems.n < 10000)
    status = zarrc_problems_add(&problems, ZARRC_FAULT, true, &why, "mend it", NULL);
  assert_int_equal(status, ZARRC_NO_MEMORY);
  zarrc_problems_clear(&problems);
  zarrc_ctx_close(problems.ctx);
}

static void test_local(void **state) {
  (void)state;
  assert_true(zarrc_problem_is_local(ZARRC_CHECKSUM));
  assert_true(zarrc_problem_is_local(ZARRC_IO));
  assert_false(zarrc_problem_is_local(ZARRC_OK));
  assert_false(zarrc_problem_is_local(ZARRC_PENDING));
  assert_false(zarrc_problem_is_local(ZARRC_NO_MEMORY));
  assert_false(zarrc_problem_is_local(ZARRC_CANCELED));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts), cmocka_unit_test(test_many),
                                     cmocka_unit_test(test_no_memory), cmocka_unit_test(test_local)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
