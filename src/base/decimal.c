/* SPDX-License-Identifier: MIT */
#include "base/decimal.h"

#include <float.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t zarrc_decimal_read(const char *text, double *out) {
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (c == (locale_t)0) return 0;
  char *end = NULL;
  *out = strtod_l(text, &end, c);
  freelocale(c);
  return (size_t)(end - text);
}

/* The decimal d1.d2...dn × 10^exp10. */
typedef struct digits {
  char digit[24];
  int n, exp10;
} digits;

static digits digits_of(double value, int n) {
  digits d = {.n = n};
  char text[48];
  (void)snprintf(text, sizeof text, "%.*e", n - 1, value);
  const char *p = text;
  int k = 0;
  for (; *p && *p != 'e'; p++) { /* skips the locale's radix character */
    if (*p >= '0' && *p <= '9' && k < n) d.digit[k++] = *p;
  }
  if (*p == 'e') d.exp10 = (int)strtol(p + 1, NULL, 10);
  return d;
}

static bool reads_as(const digits *d, double value) {
  char text[48]; /* has no radix character, so the locale does not matter */
  (void)snprintf(text, sizeof text, "%.*se%d", d->n, d->digit, d->exp10 - (d->n - 1));
  return strtod(text, NULL) == value;
}

/* Returns the next larger decimal with as many digits. */
static digits next_up(digits d) {
  int i = d.n - 1;
  while (i >= 0 && d.digit[i] == '9') d.digit[i--] = '0';
  if (i >= 0) {
    d.digit[i]++;
  } else {
    d.digit[0] = '1';
    d.exp10++;
  }
  return d;
}

/* Normal doubles preserve every decimal of DBL_DIG digits, so that shorter ones appear with trailing zeros. Just below
 * a power of two doubles are closer together than above it: there the nearest decimal may read back as a neighbor while
 * the next larger decimal does not. */
static digits shortest(double value) {
  for (int n = value >= DBL_MIN ? DBL_DIG : 1; n < DBL_DECIMAL_DIG; n++) {
    digits d = digits_of(value, n), up = next_up(d);
    if (reads_as(&d, value)) return d;
    if (reads_as(&up, value)) return up;
  }
  return digits_of(value, DBL_DECIMAL_DIG);
}

size_t zarrc_decimal_write(char out[ZARRC_DECIMAL_MAX], double value) {
  bool negative = value < 0 || (value == 0 && 1 / value < 0);
  digits d = {.digit = "0", .n = 1};
  if (value != 0) d = shortest(negative ? -value : value);
  while (d.n > 1 && d.digit[d.n - 1] == '0') d.n--;

  const char *sign = negative ? "-" : "", *digit = d.digit;
  int n;
  if (d.exp10 < -4 || d.exp10 >= 16) {
    n = snprintf(out, ZARRC_DECIMAL_MAX, "%s%c%s%.*se%c%02d", sign, digit[0], d.n > 1 ? "." : "", d.n - 1, digit + 1,
                 d.exp10 < 0 ? '-' : '+', abs(d.exp10));
  } else if (d.exp10 < 0) {
    n = snprintf(out, ZARRC_DECIMAL_MAX, "%s0.%.*s%.*s", sign, -d.exp10 - 1, "0000", d.n, digit);
  } else if (d.n <= d.exp10 + 1) {
    n = snprintf(out, ZARRC_DECIMAL_MAX, "%s%.*s%.*s.0", sign, d.n, digit, d.exp10 + 1 - d.n, "0000000000000000");
  } else {
    n = snprintf(out, ZARRC_DECIMAL_MAX, "%s%.*s.%.*s", sign, d.exp10 + 1, digit, d.n - d.exp10 - 1,
                 digit + d.exp10 + 1);
  }
  return (size_t)n;
}
