/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool cli_parse_int(const char *text, size_t n, int64_t *out) {
  bool negative = n > 0 && text[0] == '-';
  uint64_t value = 0, limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
  size_t i = n > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  if (i == n) return false;
  for (; i < n; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    uint64_t digit = (uint64_t)(text[i] - '0');
    if (value > (limit - digit) / 10) return false;
    value = value * 10 + digit;
  }
  *out = negative ? (int64_t)(0 - value) : (int64_t)value;
  return true;
}

bool cli_parse_size(const char *text, uint64_t *out) {
  static const char units[] = "KMGTPE";
  char *end;
  if (!isdigit((unsigned char)text[0]) || text[1] == 'x' || text[1] == 'X') return false;
  double value = strtod(text, &end);
  if (*end != 0) {
    const char *unit = strchr(units, toupper((unsigned char)*end));
    if (unit) {
      value = ldexp(value, 10 * (int)(unit - units + 1));
      end++;
      if (*end == 'i') end++;
    }
    if (*end == 'B' || *end == 'b') end++;
  }
  if (*end != 0 || !(value < 1.8e19)) return false;
  *out = (uint64_t)value;
  return true;
}

zarrc_status cli_parse_dims(const char *what, const char *text, int64_t min, int64_t *dims, int *ndim,
                            zarrc_error *error) {
  const char *p = text + strspn(text, " "), *end;
  int n = 0;
  size_t len = strlen(p);
  while (len > 0 && p[len - 1] == ' ') len--;
  if (len > 1 && ((p[0] == '(' && p[len - 1] == ')') || (p[0] == '[' && p[len - 1] == ']'))) {
    p++;
    len -= 2;
  }
  end = p + len;
  while (p < end) {
    const char *comma = memchr(p, ',', (size_t)(end - p)), *stop = comma ? comma : end;
    const char *a = p, *b = stop;
    while (a < b && *a == ' ') a++;
    while (a < b && b[-1] == ' ') b--;
    if (n == ZARRC_MAX_NDIM)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--%s: more than %d numbers", what, ZARRC_MAX_NDIM);
    if (!cli_parse_int(a, (size_t)(b - a), &dims[n]) || dims[n] < min)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--%s: '%.*s' is not a whole number of at least %lld", what,
                        (int)(b - a < 40 ? b - a : 40), a, (long long)min);
    n++;
    p = stop + (comma != NULL);
    if (comma && strspn(p, " ") == (size_t)(end - p)) break; /* "(10,)" */
  }
  *ndim = n;
  return ZARRC_OK;
}

const char *cli_human_bytes(char buf[CLI_HUMAN], double nbytes) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  size_t i = 0;
  while (nbytes >= 1023.95 && i + 1 < sizeof units / sizeof units[0]) {
    nbytes /= 1024;
    i++;
  }
  snprintf(buf, CLI_HUMAN, i == 0 ? "%.0f %s" : "%.1f %s", nbytes, units[i]);
  return buf;
}

const char *cli_human_count(char buf[CLI_HUMAN], uint64_t n) {
  char digits[24];
  if (n == UINT64_MAX) return strcpy(buf, "very many");
  size_t len = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)n), at = 0;
  for (size_t i = 0; i < len; i++) {
    if (i > 0 && (len - i) % 3 == 0) buf[at++] = ',';
    buf[at++] = digits[i];
  }
  buf[at] = 0;
  return buf;
}

static const char *join_dims(char buf[CLI_DIMS], const int64_t *dims, int ndim, const char *between) {
  size_t at = 0;
  buf[0] = 0;
  for (int i = 0; i < ndim && at < CLI_DIMS - 24; i++)
    at += (size_t)snprintf(buf + at, CLI_DIMS - at, "%s%lld", i > 0 ? between : "", (long long)dims[i]);
  return buf;
}

const char *cli_human_dims(char buf[CLI_DIMS], const int64_t *dims, int ndim) {
  if (ndim > 0) return join_dims(buf, dims, ndim, " x ");
  snprintf(buf, CLI_DIMS, "()");
  return buf;
}

const char *cli_plain_dims(char buf[CLI_DIMS], const int64_t *dims, int ndim) {
  return join_dims(buf, dims, ndim, ",");
}

uint64_t cli_plus(uint64_t a, uint64_t b) {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t cli_times(uint64_t a, uint64_t b) {
  uint64_t product;
  return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

uint64_t cli_product(const int64_t *dims, int ndim) {
  uint64_t product = 1;
  for (int i = 0; i < ndim; i++)
    if (dims[i] == 0) return 0;
  for (int i = 0; i < ndim; i++) product = cli_times(product, (uint64_t)dims[i]);
  return product;
}

size_t cli_char_next(const char *text, size_t n, uint32_t *code) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const unsigned char *p = (const unsigned char *)text;
  if (n == 0) return 0;
  size_t len = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
  uint32_t value = len > 1 ? p[0] & (0x7fu >> len) : p[0];
  if (len > n) return 0;
  for (size_t i = 1; i < len; i++) {
    if ((p[i] & 0xc0) != 0x80) return 0;
    value = value << 6 | (p[i] & 0x3fu);
  }
  if (value < least[len] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return 0;
  if (code) *code = value;
  return len;
}

bool cli_char_is_hidden(uint32_t code) {
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  return code == 0x61c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

void cli_print_safe(FILE *out, const char *text) {
  for (size_t n = strlen(text), len; n > 0; text += len, n -= len) {
    uint32_t code;
    len = cli_char_next(text, n, &code);
    if (len == 0 || cli_char_is_hidden(code))
      putc('?', out);
    else
      fwrite(text, 1, len, out);
    if (len == 0) len = 1;
  }
}
