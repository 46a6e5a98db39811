/* SPDX-License-Identifier: MIT */
#include "elements.h"

#include "json.h"
#include "memstream.h"
#include "signals.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The position in the text and among the elements. */
typedef struct reader {
  const cli_elements *to;
  const char *text, *p, *end;
  int ndim; /* nesting depth of lists */
  int64_t shape[ZARRC_MAX_NDIM];
  uint64_t number; /* of the next element */
  zarrc_error *error;
} reader;

/* Formats the index of an element: "1,7"; "()" without axes. */
static const char *index_of(const cli_elements *to, uint64_t number, char buf[CLI_DIMS]) {
  int64_t at[ZARRC_MAX_NDIM] = {0};
  for (int i = to->ndim - 1; i >= 0; i--) {
    at[i] = (int64_t)(number % (uint64_t)to->shape[i]);
    number /= (uint64_t)to->shape[i];
  }
  return to->ndim > 0 ? cli_plain_dims(buf, at, to->ndim) : cli_human_dims(buf, at, 0);
}

/* Takes the next element from its JSON. */
static zarrc_status take_element(reader *r, const char *json, size_t n) {
  const cli_elements *to = r->to;
  char index[CLI_DIMS];
  if (cli_canceled(NULL)) return zarrc_fail(r->error, ZARRC_CANCELED, "interrupted");
  void *element = to->data + r->number * to->dtype->item_size;
  zarrc_status status = zarrc_fill_from_json(to->ctx, to->dtype, json, n, false, to->arena, element, r->error);
  if (status == ZARRC_INVALID_METADATA && r->error) { /* here it is input, not metadata */
    zarrc_error_prefix(r->error, "element %.200s: ", index_of(to, r->number, index));
    return r->error->code = ZARRC_INVALID_ARGUMENT;
  }
  r->number++;
  return status;
}

/* -------------------------------------------------------------------------------------------------------- JSON */

static char peek(reader *r) {
  while (r->p < r->end && strchr(" \t\r\n", *r->p) && *r->p != 0) r->p++;
  return r->p < r->end ? *r->p : 0;
}

static zarrc_status fail_here(const reader *r, const char *expected) {
  size_t left = (size_t)(r->end - r->p);
  if (left == 0) return zarrc_fail(r->error, ZARRC_INVALID_ARGUMENT, "JSON: %s expected, found the end", expected);
  return zarrc_fail(r->error, ZARRC_INVALID_ARGUMENT, "JSON: %s expected at byte %zu, found '%.*s'", expected,
                    (size_t)(r->p - r->text), (int)(left < 30 ? left : 30), r->p);
}

/* Refuses a list whose length differs from its axis. */
static zarrc_status fail_length(const reader *r, int axis, const char *how) {
  return zarrc_fail(r->error, ZARRC_INVALID_ARGUMENT, "JSON: byte %zu: a list on level %d has %s than %lld items",
                    (size_t)(r->p - r->text), axis, how, (long long)r->shape[axis]);
}

static zarrc_status take_list(reader *r, int axis) {
  if (axis == r->ndim) {
    peek(r);
    cli_span value = cli_json_value(r->p, (size_t)(r->end - r->p));
    if (!value.ptr) return fail_here(r, "a value");
    r->p = value.ptr + value.len;
    return take_element(r, value.ptr, value.len);
  }
  if (peek(r) != '[') return fail_here(r, "'['");
  r->p++;
  for (int64_t i = 0; i < r->shape[axis]; i++) {
    if (peek(r) == ']') return fail_length(r, axis, "fewer");
    if (i > 0 && *r->p != ',') return fail_here(r, "','");
    if (i > 0) r->p++;
    zarrc_status status = take_list(r, axis + 1);
    if (status) return status;
  }
  if (peek(r) == ',' || (r->shape[axis] == 0 && r->p < r->end && *r->p != ']')) return fail_length(r, axis, "more");
  if (peek(r) != ']') return fail_here(r, "']'");
  r->p++;
  return ZARRC_OK;
}

/* Returns how many brackets the text begins with. */
static int leading_lists(const char *text, size_t n) {
  int lists = 0;
  for (size_t i = 0; i < n && strchr("[ \t\r\n", text[i]) && text[i] != 0; i++) lists += text[i] == '[';
  return lists;
}

zarrc_status cli_elements_from_json(const cli_elements *to, const char *text, size_t n, zarrc_error *error) {
  reader r = {.to = to, .text = text, .p = text, .end = text + n, .ndim = to->ndim, .error = error};
  zarrc_buf one = zarrc_buf_new(to->ctx, SIZE_MAX / 2); /* an element's own brackets: complex numbers are lists */
  zarrc_status status = zarrc_fill_to_json(to->dtype, NULL, &one, error);
  int levels = leading_lists(text, n) - leading_lists((const char *)one.ptr, one.len);
  zarrc_buf_clear(&one);
  if (status) return status;
  for (int i = 0; i < to->ndim; i++) r.shape[i] = to->shape[i];
  if (levels != to->ndim && levels <= 1 && to->ndim > 0 && to->nitems <= INT64_MAX) {
    r.ndim = 1;
    r.shape[0] = (int64_t)to->nitems;
  }
  status = take_list(&r, 0);
  if (!status && peek(&r) != 0) status = fail_here(&r, "the end");
  if (!status && r.p < r.end) status = fail_here(&r, "the end");
  return status;
}

/* ------------------------------------------------------------------------------------------------------- lines */

/* Takes the next element from a line of plain text. */
static zarrc_status take_text(reader *r, const char *line, size_t n) {
  char index[CLI_DIMS];
  cli_memstream json;
  if (!cli_is_utf8_text(line, n))
    return zarrc_fail(r->error, ZARRC_INVALID_ARGUMENT, "element %.200s: the line is not UTF-8",
                      index_of(r->to, r->number, index));
  zarrc_status status = cli_memstream_open(&json, r->error);
  if (status) return status;
  cli_json_quote(json.out, line, n);
  status = cli_memstream_close(&json, ZARRC_OK, r->error);
  if (!status) status = take_element(r, json.text, json.len);
  free(json.text);
  return status;
}

zarrc_status cli_elements_from_lines(const cli_elements *to, const char *text, size_t n, zarrc_error *error) {
  reader r = {.to = to, .text = text, .p = text, .end = text + n, .error = error};
  zarrc_status status = ZARRC_OK;
  while (r.p < r.end && !status) {
    const char *stop = memchr(r.p, '\n', (size_t)(r.end - r.p));
    size_t len = (size_t)((stop ? stop : r.end) - r.p);
    if (r.number == to->nitems)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "more lines than the selection's %llu elements",
                        (unsigned long long)to->nitems);
    status = cli_values_is_text(to->dtype) ? take_text(&r, r.p, len) : take_element(&r, r.p, len);
    r.p += len + (stop != NULL);
  }
  if (!status && r.number < to->nitems)
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%llu lines, the selection has %llu elements",
                        (unsigned long long)r.number, (unsigned long long)to->nitems);
  return status;
}
