/* SPDX-License-Identifier: MIT */
#include "base/names.h"

#include <zarrc/data.h>

#include <stdio.h>
#include <string.h>

const char *zarrc_name_of(const char *const *names, size_t n, int64_t value) {
  return value >= 0 && (uint64_t)value < n ? names[value] : NULL;
}

/* Joins names to "little, big", as far as they fit. */
static void names_join(const char *const *names, size_t n, char *text, size_t nbytes) {
  size_t len = 0;
  text[0] = 0;
  for (size_t i = 0; i < n && len < nbytes; i++)
    len += (size_t)snprintf(text + len, nbytes - len, "%s%s", i ? ", " : "", names[i]);
}

zarrc_status zarrc_name_find(const char *const *names, size_t n, const char *what, const char *name, int *out,
                             zarrc_error *error) {
  char choices[160];
  for (size_t i = 0; name && i < n; i++) {
    if (strcmp(name, names[i]) != 0) continue;
    *out = (int)i;
    return ZARRC_OK;
  }
  names_join(names, n, choices, sizeof choices);
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%s must be one of %s, not %s%.80s%s", what, choices,
                    name ? "\"" : "", name ? name : "NULL", name ? "\"" : "");
}

/* ------------------------------------------------------------------------------------------- the enums of data.h */

static const char *const endians[] = {"little", "big"};
static const char *const subchunk_orders[] = {"morton", "lexicographic", "colexicographic", "unordered"};
enum { NENDIANS = sizeof endians / sizeof *endians, NORDERS = sizeof subchunk_orders / sizeof *subchunk_orders };

const char *zarrc_endian_name(zarrc_endian endian) {
  return zarrc_name_of(endians, NENDIANS, (int64_t)endian);
}

zarrc_status zarrc_endian_from_name(const char *name, zarrc_endian *out, zarrc_error *error) {
  int value = 0;
  zarrc_status status = zarrc_name_find(endians, NENDIANS, "the byte order", name, &value, error);
  if (!status) *out = (zarrc_endian)value;
  return status;
}

const char *zarrc_subchunk_order_name(zarrc_subchunk_order order) {
  return zarrc_name_of(subchunk_orders, NORDERS, (int64_t)order);
}

zarrc_status zarrc_subchunk_order_from_name(const char *name, zarrc_subchunk_order *out, zarrc_error *error) {
  int value = 0;
  zarrc_status status = zarrc_name_find(subchunk_orders, NORDERS, "the order of inner chunks", name, &value, error);
  if (!status) *out = (zarrc_subchunk_order)value;
  return status;
}
