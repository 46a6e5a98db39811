/* SPDX-License-Identifier: MIT */
#include "selection.h"

#include "text.h"

#include <stdio.h>
#include <string.h>

typedef struct word {
  const char *ptr;
  size_t len;
} word;

static word trim(const char *a, const char *b) {
  while (a < b && *a == ' ') a++;
  while (a < b && b[-1] == ' ') b--;
  return (word){a, (size_t)(b - a)};
}

static zarrc_status fail(zarrc_error *error, int axis, word w, const char *why) {
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "selection: '%.*s' on axis %d: %s", (int)(w.len < 60 ? w.len : 60),
                    w.ptr, axis, why);
}

/* A bound of a slice: negative ones count from the end, all are clipped to [0, length]. */
static int64_t clip(int64_t value, int64_t length) {
  if (value < 0) value = value < -length ? 0 : value + length;
  return value < length ? value : length;
}

static zarrc_status parse_slice(word w, int axis, int64_t length, cli_selection *out, zarrc_error *error) {
  int64_t bound[3] = {0, length, 1};
  const char *p = w.ptr, *end = w.ptr + w.len;
  for (int i = 0;; i++) {
    const char *colon = memchr(p, ':', (size_t)(end - p));
    word part = trim(p, colon != NULL ? colon : end);
    if (i == 3) return fail(error, axis, w, "too many colons");
    if (part.len > 0 && !cli_parse_int(part.ptr, part.len, &bound[i]))
      return fail(error, axis, w, "not a slice of whole numbers");
    if (part.len > 0 && i < 2) bound[i] = clip(bound[i], length);
    if (colon == NULL) break;
    p = colon + 1;
  }
  if (bound[2] < 1) return fail(error, axis, w, "the step must be 1 or more");
  int64_t span = bound[1] - bound[0], count = span > 0 ? (span - 1) / bound[2] + 1 : 0;
  out->region.start[axis] = count > 0 ? bound[0] : 0;
  out->region.count[axis] = count;
  out->region.step[axis] = count > 1 ? bound[2] : 1;
  out->shape[out->ndim++] = count;
  return ZARRC_OK;
}

static zarrc_status parse_axis(word w, int axis, int64_t length, cli_selection *out, zarrc_error *error) {
  int64_t index;
  if (memchr(w.ptr, ':', w.len) != NULL) return parse_slice(w, axis, length, out, error);
  if (!cli_parse_int(w.ptr, w.len, &index)) return fail(error, axis, w, "neither a whole number nor a slice");
  if (index < -length || index >= length) {
    char why[80];
    snprintf(why, sizeof why, "outside the axis, which has %lld elements", (long long)length);
    return fail(error, axis, w, why);
  }
  out->region.start[axis] = index < 0 ? index + length : index;
  out->region.count[axis] = 1;
  out->region.step[axis] = 1;
  return ZARRC_OK;
}

zarrc_status cli_selection_parse(const char *text, int ndim, const int64_t *shape, cli_selection *out,
                                 zarrc_error *error) {
  static const word whole = {":", 1};
  word words[ZARRC_MAX_NDIM + 1];
  int n = 0, ellipsis = -1, axis = 0;
  *out = (cli_selection){.ndim = 0};
  word all = trim(text != NULL ? text : "", text != NULL ? text + strlen(text) : "");
  for (const char *p = all.ptr, *end = all.ptr + all.len; p < end;) {
    const char *comma = memchr(p, ',', (size_t)(end - p));
    word w = trim(p, comma != NULL ? comma : end);
    p = comma != NULL ? comma + 1 : end;
    if (w.len == 3 && memcmp(w.ptr, "...", 3) == 0) {
      if (ellipsis >= 0) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "selection: '...' may be there only once");
      ellipsis = n;
      continue;
    }
    if (n == ndim)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "selection: more parts than the array has dimensions (%d)",
                        ndim);
    if (w.len == 0) return fail(error, n, w, "nothing between commas");
    words[n++] = w;
  }
  if (ellipsis < 0) ellipsis = n;
  for (int i = 0; i <= n; i++) {
    zarrc_status status = ZARRC_OK;
    for (int fill = i == ellipsis ? ndim - n : 0; fill > 0 && status == ZARRC_OK; fill--, axis++)
      status = parse_slice(whole, axis, shape[axis], out, error);
    if (status == ZARRC_OK && i < n) {
      status = parse_axis(words[i], axis, shape[axis], out, error);
      axis++;
    }
    if (status != ZARRC_OK) return status;
  }
  out->nitems = cli_product(out->shape, out->ndim);
  return ZARRC_OK;
}
