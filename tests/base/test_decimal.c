/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/decimal.h"

#include "support/files.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* tests/data/doubles.txt: what Python's repr makes of each double. */
static size_t check_table(void) {
  size_t nbytes, n = 0;
  char *text = (char *)data_read("doubles.txt", &nbytes);
  char *copy = malloc(nbytes + 1);
  memcpy(copy, text, nbytes);
  copy[nbytes] = 0;
  for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n"), n++) {
    char *repr = strchr(line, ' ') + 1, out[ZARRC_DECIMAL_MAX];
    uint64_t bits = strtoull(line, NULL, 16);
    double value, back;
    memcpy(&value, &bits, sizeof value);
    assert_int_equal(zarrc_decimal_write(out, value), strlen(repr));
    assert_string_equal(out, repr);
    assert_int_equal(zarrc_decimal_read(repr, &back), strlen(repr));
    assert_memory_equal(&back, &value, sizeof value);
  }
  free(copy);
  free(text);
  return n;
}

static void python_repr(void **state) {
  (void)state;
  assert_true(check_table() > 700);
}

static void no_locale_matters(void **state) {
  (void)state;
  static const char *const commas[] = {"de_DE.UTF-8", "de_DE.utf8",  "de_DE",
                                       "fr_FR.UTF-8", "nl_NL.UTF-8", "ps_AF.UTF-8"};
  for (size_t i = 0; i < sizeof commas / sizeof *commas; i++) {
    if (!setlocale(LC_ALL, commas[i])) continue;
    assert_string_not_equal(localeconv()->decimal_point, ".");
    check_table();
    setlocale(LC_ALL, "C");
    return;
  }
  skip();
}

static void correctly_rounded(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double value;
    size_t n;
  } cases[] = {
      {"9007199254740993", 0x1p53, 16}, /* a tie: to even */
      {"9007199254740993.00000000000000000000000000000000000001", 0x1.0000000000001p53, 55},
      {"1e400", INFINITY, 5},
      {"-1e400", -INFINITY, 6},
      {"2.4703282292062327208e-324", 0, 26}, /* just below half of the least double */
      {"2.4703282292062328e-324", 0x1p-1074, 23},
      {"123456789012345678901234567890", 0x1.8ee90ff6c373ep96, 30},
      {"1.5,", 1.5, 3},
      {"12]", 12, 2},
      {"", 0, 0},
      {"x", 0, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double value = 0;
    assert_int_equal(zarrc_decimal_read(cases[i].text, &value), cases[i].n);
    assert_true(value == cases[i].value);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(python_repr),
      cmocka_unit_test(no_locale_matters),
      cmocka_unit_test(correctly_rounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
