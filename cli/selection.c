/* SPDX-License-Identifier: MIT */
#include "selection.h"

#include "text.h"

#include <stdio.h>
#include <stdlib.h>
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

/* Parses a bound of a slice. A negative one counts from the end; it is clipped to [0, length]. */
static int64_t clip(int64_t value, int64_t length) {
  if (value < 0) value = value < -length ? 0 : value + length;
  return value < length ? value : length;
}

static zarrc_status parse_slice(word w, int axis, int64_t length, cli_selection *out, zarrc_error *error) {
  int64_t bound[3] = {0, length, 1};
  const char *p = w.ptr, *end = w.ptr + w.len;
  for (int i = 0;; i++) {
    const char *colon = memchr(p, ':', (size_t)(end - p));
    word part = trim(p, colon ? colon : end);
    if (i == 3) return fail(error, axis, w, "too many colons");
    if (part.len > 0 && !cli_parse_int(part.ptr, part.len, &bound[i]))
      return fail(error, axis, w, "not a slice of whole numbers");
    if (part.len > 0 && i < 2) bound[i] = clip(bound[i], length);
    if (!colon) break;
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

/* Parses an index, which must lie inside. A negative one counts from the end. */
static zarrc_status parse_index(word w, int axis, int64_t length, int64_t *out, zarrc_error *error) {
  if (!cli_parse_int(w.ptr, w.len, out)) return fail(error, axis, w, "neither a whole number nor a slice");
  if (*out < -length || *out >= length) {
    char why[80];
    snprintf(why, sizeof why, "outside the axis, which has %lld elements", (long long)length);
    return fail(error, axis, w, why);
  }
  if (*out < 0) *out += length;
  return ZARRC_OK;
}

/* Parses a list such as [1,5,9]. */
static zarrc_status parse_list(word w, int axis, int64_t length, cli_selection *out, zarrc_error *error) {
  int64_t n = 0, *list = malloc((w.len + 1) / 2 * sizeof *list);
  const char *p = w.ptr + 1, *end = w.ptr + w.len - 1;
  if (!list) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  out->list[axis] = list;
  out->listed = true;
  if (trim(p, end).len == 0) end = p; /* [] */
  while (p < end) {
    const char *comma = memchr(p, ',', (size_t)(end - p));
    word part = trim(p, comma ? comma : end);
    if (part.len == 0) return fail(error, axis, w, "nothing between commas");
    zarrc_status status = parse_index(part, axis, length, &list[n++], error);
    if (status) return status;
    p = comma ? comma + 1 : end;
  }
  out->region.start[axis] = 0;
  out->region.count[axis] = n;
  out->region.step[axis] = 1;
  out->shape[out->ndim++] = n;
  return ZARRC_OK;
}

static zarrc_status parse_axis(word w, int axis, int64_t length, cli_selection *out, zarrc_error *error) {
  int64_t index;
  if (w.ptr[0] == '[' && w.len > 1 && w.ptr[w.len - 1] == ']') return parse_list(w, axis, length, out, error);
  if (memchr(w.ptr, ':', w.len)) return parse_slice(w, axis, length, out, error);
  zarrc_status status = parse_index(w, axis, length, &index, error);
  if (status) return status;
  out->region.start[axis] = index;
  out->region.count[axis] = 1;
  out->region.step[axis] = 1;
  return ZARRC_OK;
}

/* Returns the end of the selection of one axis: the next comma outside brackets. */
static const char *part_end(const char *p, const char *end) {
  for (int depth = 0; p < end && (*p != ',' || depth > 0); p++) depth += (*p == '[') - (*p == ']');
  return p;
}

zarrc_status cli_selection_parse(const char *text, int ndim, const int64_t *shape, cli_selection *out,
                                 zarrc_error *error) {
  static const word whole = {":", 1};
  word words[ZARRC_MAX_NDIM + 1];
  int n = 0, ellipsis = -1, axis = 0;
  *out = (cli_selection){.ndim = 0};
  word all = trim(text ? text : "", text ? text + strlen(text) : "");
  if (all.len == 2 && memcmp(all.ptr, "()", 2) == 0) all.len = 0;
  for (const char *p = all.ptr, *end = all.ptr + all.len; p < end;) {
    const char *stop = part_end(p, end);
    word w = trim(p, stop);
    p = stop < end ? stop + 1 : end;
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
    for (int fill = i == ellipsis ? ndim - n : 0; fill > 0 && !status; fill--, axis++)
      status = parse_slice(whole, axis, shape[axis], out, error);
    if (!status && i < n) {
      status = parse_axis(words[i], axis, shape[axis], out, error);
      axis++;
    }
    if (status) return status;
  }
  out->nitems = cli_product(out->shape, out->ndim);
  return ZARRC_OK;
}

void cli_selection_clear(cli_selection *selection) {
  for (int i = 0; i < ZARRC_MAX_NDIM; i++) free(selection->list[i]);
  *selection = (cli_selection){.ndim = 0};
}

/* ------------------------------------------------------------------------------------------------ with the array */

/* Converts a selection for the library. No axis is dropped, since the view has all of them. */
static zarrc_selection part_of(const zarrc_array *array, const cli_selection *selection, const zarrc_region *part) {
  zarrc_selection out = {.kind = ZARRC_SELECT_AXES};
  for (int i = 0; i < zarrc_array_ndim(array); i++) {
    int64_t start = part->start[i], count = part->count[i], step = part->step[i];
    if (selection->list[i])
      out.pick[i] = zarrc_pick_list(selection->list[i] + start, (size_t)count);
    else
      out.pick[i] = zarrc_pick_slice(start, count > 0 ? start + (count - 1) * step + 1 : start, step);
  }
  return out;
}

zarrc_status cli_selection_read(zarrc_array *array, const cli_selection *selection, const zarrc_region *part,
                                const zarrc_view *to, zarrc_error *error) {
  if (!selection->listed) return zarrc_array_read(array, part, to, error);
  zarrc_selection s = part_of(array, selection, part);
  return zarrc_array_read_selection(array, &s, to, error);
}

zarrc_status cli_selection_write(zarrc_array *array, const cli_selection *selection, const zarrc_region *part,
                                 const zarrc_view *from, zarrc_error *error) {
  if (!selection->listed) return zarrc_array_write(array, part, from, error);
  zarrc_selection s = part_of(array, selection, part);
  return zarrc_array_write_selection(array, &s, from, error);
}
