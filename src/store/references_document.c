/* SPDX-License-Identifier: MIT */
/*
 * The document of references. It is scanned twice, without a tree: once for its members, once for its references, so
 * that a million of them cost the text, and then 40 bytes and the key for each.
 */
#include "store/references.h"

#include "base/base64.h"
#include "base/hash.h"
#include "base/json_scan.h"
#include "base/sort.h"

#include <string.h>

enum { MOST_TEMPLATES = 1000, MOST_URL = 16 << 10, LOOK_AFTER = 1024 };

/* A value in the text. */
typedef struct span {
  const char *ptr;
  size_t n;
} span;

/* What the document has. ptr NULL: it has not. */
typedef struct members {
  span refs, templates, gen, version;
  bool is_object; /* refs */
} members;

typedef struct reading {
  zarrc_references *r;
  zarrc_json_doc *templates; /* or NULL */
  zarrc_buf text, url;       /* a decoded string; a URL with its templates filled in */
  uint32_t *table, room;     /* of targets by hash, with numbers from 1 on; 0: empty */
  uint32_t ntargets;
} reading;

/* ---------------------------------------------------------------------------------------------------- the members */

/* Gets the value that an event is about, of which the scan then has passed the end. */
static zarrc_status take_value(zarrc_json_scan *scan, span *out, zarrc_error *error) {
  zarrc_json_event event = ZARRC_JSON_VALUE;
  size_t start = scan->start;
  unsigned depth = scan->depth;
  zarrc_status status = ZARRC_OK;
  if (scan->kind == ZARRC_JSON_ARRAY || scan->kind == ZARRC_JSON_OBJECT)
    while (!status && !(event == ZARRC_JSON_CLOSE && scan->depth < depth))
      status = zarrc_json_scan_next(scan, &event, error);
  *out = (span){scan->text + start, scan->end - start};
  return status;
}

static bool is_key(const zarrc_json_scan *scan, const char *key) {
  return zarrc_json_token_is(scan->text + scan->start, scan->end - scan->start, key);
}

static zarrc_status find_members(const char *text, size_t n, members *out, zarrc_error *error) {
  zarrc_json_scan scan = {.text = text, .nbytes = n};
  zarrc_json_event event;
  span other, *into = NULL;
  *out = (members){0};
  zarrc_status status = zarrc_json_scan_next(&scan, &event, error);
  if (!status && scan.kind != ZARRC_JSON_OBJECT)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "references must be an object, not %s",
                      zarrc_json_kind_name(scan.kind));
  while (!status && event != ZARRC_JSON_DONE) {
    status = zarrc_json_scan_next(&scan, &event, error);
    if (status) break;
    if (event == ZARRC_JSON_KEY) {
      into = is_key(&scan, "refs")        ? &out->refs
             : is_key(&scan, "templates") ? &out->templates
             : is_key(&scan, "gen")       ? &out->gen
             : is_key(&scan, "version")   ? &out->version
                                          : &other;
    } else if (event == ZARRC_JSON_VALUE) {
      if (into == &out->refs) out->is_object = scan.kind == ZARRC_JSON_OBJECT;
      status = take_value(&scan, into, error);
    }
  }
  return status;
}

/* ---------------------------------------------------------------------------------------------------- templates */

static const zarrc_json *find_template(const reading *d, const char *name, size_t n) {
  const zarrc_json *object = d->templates ? zarrc_json_root(d->templates) : NULL;
  for (size_t i = 0; i < zarrc_json_length(object); i++) {
    const char *key = zarrc_json_key(object, i);
    if (strlen(key) == n && !memcmp(key, name, n)) return zarrc_json_at(object, i);
  }
  return NULL;
}

/* Writes a URL with its templates, {{name}}, filled in. */
static zarrc_status fill_in(reading *d, const char *url, size_t n, zarrc_error *error) {
  const char *end = url + n;
  zarrc_status status = ZARRC_OK;
  d->url.len = 0;
  while (!status && url < end) {
    const char *open = memmem(url, (size_t)(end - url), "{{", 2);
    if (!d->templates || !open) return zarrc_buf_append(&d->url, url, (size_t)(end - url), error);
    const char *begin = url, *name = open + 2, *close = memmem(name, (size_t)(end - name), "}}", 2);
    if (!close) return zarrc_fail(error, ZARRC_INVALID_METADATA, "a template without its end");
    url = close + 2;
    while (name < close && *name == ' ') name++;
    while (name < close && close[-1] == ' ') close--;
    const zarrc_json *found = find_template(d, name, (size_t)(close - name));
    size_t nvalue;
    const char *value = zarrc_json_get_string(found, &nvalue);
    if (memchr(name, '(', (size_t)(close - name)) || (value && memmem(value, nvalue, "{{", 2)))
      return zarrc_fail(error, ZARRC_UNSUPPORTED, "templates with arguments are not known");
    if (!value) return zarrc_fail(error, ZARRC_INVALID_METADATA, "a template that is not there");
    status = zarrc_buf_append(&d->url, begin, (size_t)(open - begin), error);
    if (!status) status = zarrc_buf_append(&d->url, value, nvalue, error);
  }
  return status;
}

static zarrc_status open_templates(reading *d, const members *m, zarrc_error *error) {
  if (!m->templates.ptr) return ZARRC_OK;
  zarrc_status status = zarrc_json_parse(d->r->ctx, m->templates.ptr, m->templates.n, NULL, &d->templates, error);
  if (status) return status;
  const zarrc_json *root = zarrc_json_root(d->templates);
  if (!zarrc_json_is(root, ZARRC_JSON_OBJECT))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "/templates: must be an object");
  return zarrc_json_length(root) <= MOST_TEMPLATES
             ? ZARRC_OK
             : zarrc_fail(error, ZARRC_LIMIT, "/templates: more than %d", MOST_TEMPLATES);
}

/* ------------------------------------------------------------------------------------------------------ targets */

/* Begins with an address, which nobody who writes a document knows, so that nobody makes its URLs collide. */
static uint64_t hash_of(const reading *d, const char *url) {
  uint64_t h = zarrc_hash((uint64_t)(uintptr_t)d->r->ctx * UINT64_C(0x9E3779B97F4A7C15), url, strlen(url));
  return h ^ h >> 32;
}

static void put_target(reading *d, uint32_t number) {
  uint32_t at = (uint32_t)hash_of(d, zarrc_references_url(d->r, number - 1)) & (d->room - 1);
  while (d->table[at]) at = (at + 1) & (d->room - 1);
  d->table[at] = number;
}

static zarrc_status grow_table(reading *d, zarrc_error *error) {
  uint32_t room = d->room ? 2 * d->room : 64;
  uint32_t *table = zarrc_malloc(d->r->ctx, room * sizeof *table);
  if (!table) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for references");
  zarrc_free(d->r->ctx, d->table);
  memset(table, 0, room * sizeof *table);
  d->table = table;
  d->room = room;
  for (uint32_t i = 1; i <= d->ntargets; i++) put_target(d, i);
  return ZARRC_OK;
}

/* Gets the number of the URL that is filled in. */
static zarrc_status take_target(reading *d, uint32_t *out, zarrc_error *error) {
  zarrc_references *r = d->r;
  if (d->url.len == 0 || memchr(d->url.ptr, '\0', d->url.len))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "a URL that is none");
  zarrc_status status = zarrc_buf_append(&d->url, "", 1, error);
  if (!status && d->ntargets >= d->room / 2) status = grow_table(d, error);
  if (status) return status;
  const char *url = (const char *)d->url.ptr;
  uint32_t at = (uint32_t)hash_of(d, url) & (d->room - 1);
  for (; d->table[at]; at = (at + 1) & (d->room - 1)) {
    *out = d->table[at] - 1;
    if (!strcmp(zarrc_references_url(r, *out), url)) return ZARRC_OK;
  }
  uint32_t start = (uint32_t)r->urls.len;
  status = zarrc_buf_append(&r->urls, url, d->url.len, error);
  if (!status) status = zarrc_buf_append(&r->starts, &start, sizeof start, error);
  if (status) return status;
  d->table[at] = ++d->ntargets;
  *out = d->ntargets - 1;
  return ZARRC_OK;
}

/* --------------------------------------------------------------------------------------------------- references */

/* Decodes the string that the scan is at. */
static zarrc_status take_string(reading *d, const zarrc_json_scan *scan, zarrc_error *error) {
  d->text.len = 0;
  zarrc_status status = zarrc_buf_reserve(&d->text, scan->ndecoded + 1, error);
  if (status) return status;
  zarrc_json_decode(scan->text + scan->start, scan->end - scan->start, (char *)d->text.ptr);
  d->text.len = scan->ndecoded;
  return ZARRC_OK;
}

/* Takes a value in the document: text, or base64. */
static zarrc_status take_inline(reading *d, zarrc_reference *out, zarrc_error *error) {
  static const char mark[] = "base64:";
  const size_t m = sizeof mark - 1;
  zarrc_buf *values = &d->r->values;
  const char *text = (const char *)d->text.ptr;
  out->target = ZARRC_REFERENCES_INLINE;
  out->offset = values->len;
  out->nbytes = d->text.len;
  if (d->text.len < m || memcmp(text, mark, m) != 0) return zarrc_buf_append(values, text, d->text.len, error);
  zarrc_status status = zarrc_buf_reserve(values, d->text.len, error);
  if (status) return status;
  size_t n = zarrc_base64_decode(text + m, d->text.len - m, false, values->ptr + values->len, d->text.len);
  if (n == SIZE_MAX) return zarrc_fail(error, ZARRC_INVALID_METADATA, "base64 that is none");
  values->len += n;
  out->nbytes = n;
  return ZARRC_OK;
}

static bool read_number(const zarrc_json_scan *scan, uint64_t *out) {
  uint64_t value = 0;
  if (scan->kind != ZARRC_JSON_INTEGER) return false;
  for (size_t i = scan->start; i < scan->end; i++) {
    char c = scan->text[i];
    if (c < '0' || c > '9' || value > (INT64_MAX - 9) / 10) return false;
    value = value * 10 + (uint64_t)(c - '0');
  }
  *out = value;
  return true;
}

/* Takes [url] or [url, offset, length], whose bracket has been scanned. */
static zarrc_status take_list(reading *d, zarrc_json_scan *scan, zarrc_reference *out, zarrc_error *error) {
  zarrc_json_event event;
  uint64_t numbers[2] = {0};
  size_t n = 0;
  zarrc_status status;
  while (!(status = zarrc_json_scan_next(scan, &event, error)) && event == ZARRC_JSON_VALUE && n < 3) {
    if (n == 0 ? scan->kind != ZARRC_JSON_STRING : !read_number(scan, &numbers[n - 1])) break;
    if (n == 0) status = take_string(d, scan, error);
    if (!status && n == 0) status = fill_in(d, (const char *)d->text.ptr, d->text.len, error);
    if (!status && n == 0) status = take_target(d, &out->target, error);
    if (status) return status;
    n++;
  }
  if (status) return status;
  if (event != ZARRC_JSON_CLOSE || (n != 1 && n != 3) || numbers[0] > INT64_MAX - numbers[1])
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "must be text, [url] or [url, offset, length]");
  out->offset = numbers[0];
  out->nbytes = n == 1 ? ZARRC_UNKNOWN : numbers[1];
  return ZARRC_OK;
}

static zarrc_status take_reference(reading *d, zarrc_json_scan *scan, zarrc_reference *out, zarrc_error *error) {
  span object;
  zarrc_status status;
  switch (scan->kind) {
  case ZARRC_JSON_STRING:
    status = take_string(d, scan, error);
    return status ? status : take_inline(d, out, error);
  case ZARRC_JSON_ARRAY:
    return take_list(d, scan, out, error);
  case ZARRC_JSON_OBJECT: /* a metadata document, as it stands */
    status = take_value(scan, &object, error);
    out->target = ZARRC_REFERENCES_INLINE;
    out->offset = d->r->values.len;
    out->nbytes = object.n;
    return status ? status : zarrc_buf_append(&d->r->values, object.ptr, object.n, error);
  default:
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "must be text, [url] or [url, offset, length], not %s",
                      zarrc_json_kind_name(scan->kind));
  }
}

/* Begins a reference with its key. *is_key: it is one that a store can have. */
static zarrc_status take_key(reading *d, const zarrc_json_scan *scan, zarrc_reference *out, bool *is_key,
                             zarrc_error *error) {
  zarrc_buf *keys = &d->r->keys;
  *out = (zarrc_reference){.key = (uint32_t)keys->len};
  zarrc_status status = take_string(d, scan, error);
  if (status) return status;
  d->text.ptr[d->text.len] = '\0';
  const char *key = (const char *)d->text.ptr;
  *is_key = strlen(key) == d->text.len && !zarrc_key_check(key, NULL);
  if (*is_key && d->text.len > d->r->longest) d->r->longest = d->text.len;
  return *is_key ? zarrc_buf_append(keys, key, d->text.len + 1, error) : ZARRC_OK;
}

static zarrc_status read_refs(reading *d, const span *refs, zarrc_error *error) {
  zarrc_json_scan scan = {.text = refs->ptr, .nbytes = refs->n};
  zarrc_json_event event;
  zarrc_reference item;
  bool is_key = false;
  unsigned n = 0;
  zarrc_status status = zarrc_json_scan_next(&scan, &event, error);
  while (!status && !(status = zarrc_json_scan_next(&scan, &event, error)) && event != ZARRC_JSON_DONE) {
    if (event == ZARRC_JSON_CLOSE) continue;
    if (event == ZARRC_JSON_KEY) {
      status = take_key(d, &scan, &item, &is_key, error);
      continue;
    }
    if (++n % LOOK_AFTER == 0 && (status = zarrc_ctx_check_canceled(d->r->ctx, error))) break;
    status = take_reference(d, &scan, &item, error);
    if (!status && is_key) status = zarrc_buf_append(&d->r->items, &item, sizeof item, error);
    if (status && is_key) zarrc_error_prefix(error, "%.200s: ", zarrc_references_key(d->r, &item));
  }
  return status;
}

/* ------------------------------------------------------------------------------------------------- the whole of it */

static const zarrc_reference *item_at(const zarrc_references *r, uint32_t i) {
  return (const zarrc_reference *)(const void *)r->items.ptr + i;
}

const zarrc_reference *zarrc_references_at(const zarrc_references *r, uint32_t i) {
  return item_at(r, r->order[i]);
}

const char *zarrc_references_key(const zarrc_references *r, const zarrc_reference *reference) {
  return (const char *)r->keys.ptr + reference->key;
}

const char *zarrc_references_url(const zarrc_references *r, uint32_t target) {
  return (const char *)r->urls.ptr + ((const uint32_t *)(const void *)r->starts.ptr)[target];
}

uint32_t zarrc_references_search(const zarrc_references *r, const char *key, size_t n) {
  uint32_t low = 0, high = r->n;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    const char *there = zarrc_references_key(r, zarrc_references_at(r, middle));
    if (strncmp(there, key, n) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

const zarrc_reference *zarrc_references_find(const zarrc_references *r, const char *key) {
  uint32_t i = zarrc_references_search(r, key, strlen(key) + 1);
  const zarrc_reference *found = i < r->n ? zarrc_references_at(r, i) : NULL;
  return found && !strcmp(zarrc_references_key(r, found), key) ? found : NULL;
}

static int compare(const void *of, uint32_t a, uint32_t b) {
  const zarrc_references *r = of;
  int order = strcmp(zarrc_references_key(r, item_at(r, a)), zarrc_references_key(r, item_at(r, b)));
  return order ? order : a < b ? -1 : 1;
}

/* Sorts the references; of several with one key the last stays. */
static zarrc_status sort(zarrc_references *r, zarrc_error *error) {
  size_t n = r->items.len / sizeof(zarrc_reference);
  if (n >= UINT32_MAX / 2) return zarrc_fail(error, ZARRC_LIMIT, "too many references");
  r->order = zarrc_malloc(r->ctx, (n + 1) * sizeof *r->order);
  if (!r->order) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for references");
  zarrc_sort(r->order, (uint32_t)n, compare, r);
  for (uint32_t i = 0; i < n; i++) {
    const char *key = zarrc_references_key(r, item_at(r, r->order[i]));
    bool replaces = r->n > 0 && !strcmp(zarrc_references_key(r, zarrc_references_at(r, r->n - 1)), key);
    r->order[r->n - replaces] = r->order[i];
    r->n += !replaces;
  }
  return ZARRC_OK;
}

static bool is_empty_list(const span *s) {
  size_t n = 0;
  for (size_t i = 1; i + 1 < s->n; i++) n += !strchr(" \t\r\n", s->ptr[i]);
  return s->n >= 2 && (*s->ptr == '[' || *s->ptr == '{') && n == 0;
}

/* Finds the references, in a document of version 1 or 0. */
static zarrc_status find_refs(reading *d, const char *text, size_t n, span *refs, zarrc_error *error) {
  members m;
  zarrc_status status = find_members(text, n, &m, error);
  *refs = (span){text, n};
  if (status || !m.refs.ptr || !m.is_object) return status;
  if (m.version.ptr && (m.version.n != 1 || *m.version.ptr != '1'))
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "/version: references of another version than 1");
  if (m.gen.ptr && !is_empty_list(&m.gen))
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "/gen: references that are generated by a rule are not known");
  *refs = m.refs;
  return open_templates(d, &m, error);
}

zarrc_status zarrc_references_read(zarrc_ctx *ctx, const char *text, size_t n, zarrc_references *out,
                                   zarrc_error *error) {
  zarrc_references r = {.ctx = ctx};
  reading d = {.r = &r, .text = zarrc_buf_new(ctx, SIZE_MAX), .url = zarrc_buf_new(ctx, MOST_URL)};
  span refs;
  r.items = r.starts = r.values = zarrc_buf_new(ctx, SIZE_MAX);
  r.keys = r.urls = zarrc_buf_new(ctx, UINT32_MAX);
  zarrc_status status = find_refs(&d, text, n, &refs, error);
  if (!status) status = read_refs(&d, &refs, error);
  if (!status) status = sort(&r, error);
  zarrc_json_close(d.templates);
  zarrc_free(ctx, d.table);
  zarrc_buf_clear(&d.text);
  zarrc_buf_clear(&d.url);
  if (status)
    zarrc_references_clear(&r);
  else
    *out = r;
  return status;
}

void zarrc_references_clear(zarrc_references *r) {
  zarrc_buf *const bufs[] = {&r->items, &r->keys, &r->urls, &r->starts, &r->values};
  for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++) zarrc_buf_clear(bufs[i]);
  zarrc_free(r->ctx, r->order);
}
