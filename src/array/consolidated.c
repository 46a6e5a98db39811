/* SPDX-License-Identifier: MIT */
#include "array/consolidated.h"

#include "array/key.h"
#include "base/documents.h"
#include "base/json_scan.h"
#include "base/sort.h"

#include <stdatomic.h>
#include <zarrc/store.h>

/* The most entries, so that short ones do not take many times the memory of their text. */
enum { MAX_ENTRIES = 1 << 20 };

/* Which document an entry is, in the order in which those of one node are sorted. */
typedef enum which { ZARR_JSON, ZARRAY, ZGROUP, ZATTRS, OTHER } which;

static const char *const names[] = {ZARRC_NODE_NAMES, ZARRC_ZATTRS};

typedef struct entry {
  uint32_t at, value, end; /* in the text: where the name begins, the value begins, and the value ends */
  uint32_t path;           /* in `paths`, with a NUL */
  uint32_t depth;          /* segments of the path */
  uint8_t which;
  bool is_array;
} entry;

struct zarrc_consolidated {
  zarrc_ctx *ctx;
  atomic_size_t nowners;
  int format;
  char *path;           /* of the group */
  char *text;           /* NULL: there is none */
  size_t begin, end, n; /* of the value of `metadata` in the text; length of the text */
  zarrc_buf paths, entries;
  uint32_t *order, nentries; /* by depth, path, document */
};

static const entry *entry_at(const zarrc_consolidated *c, uint32_t i) {
  return (const entry *)(const void *)c->entries.ptr + c->order[i];
}

static const char *path_of(const zarrc_consolidated *c, const entry *e) {
  return (const char *)c->paths.ptr + e->path;
}

/* ------------------------------------------------------------------------------------------------------- reading */

static uint32_t depth_of(const char *path) {
  uint32_t depth = *path != 0;
  for (; *path; path++) depth += *path == '/';
  return depth;
}

/* Cuts the name of a document of format 2 off its key, which becomes the path of the node. */
static which cut_name(char *key) {
  char *slash = strrchr(key, '/'), *name = slash ? slash + 1 : key;
  which found = OTHER;
  for (which i = ZARRAY; i <= ZATTRS; i++)
    if (!strcmp(name, names[i])) found = i;
  *(slash ? slash : key) = 0;
  return found;
}

static zarrc_status check_path(const char *path, size_t n, zarrc_error *error) {
  char seen[ZARRC_EXCERPT];
  if (n > ZARRC_MAX_PATH)
    return zarrc_fail(error, ZARRC_LIMIT, "/metadata: a path of %zu bytes, at most %d are supported", n,
                      ZARRC_MAX_PATH);
  if (strlen(path) == n && (n == 0 || !zarrc_key_check(path, NULL))) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "/metadata: \"%s\" is not the path of a node",
                    zarrc_excerpt(seen, path, n));
}

/* Begins an entry with its name, which has just been scanned. */
static zarrc_status begin_entry(zarrc_consolidated *c, const zarrc_json_scan *scan, zarrc_error *error) {
  entry e = {.at = (uint32_t)scan->start, .path = (uint32_t)c->paths.len, .which = ZARR_JSON};
  if (c->entries.len / sizeof e == MAX_ENTRIES)
    return zarrc_fail(error, ZARRC_LIMIT, "/metadata: more than %d entries", MAX_ENTRIES);
  zarrc_status status = zarrc_buf_reserve(&c->paths, scan->ndecoded + 1, error);
  if (status) return status;
  char *path = (char *)c->paths.ptr + c->paths.len;
  size_t n = scan->ndecoded;
  zarrc_json_decode(scan->text + scan->start, scan->end - scan->start, path);
  path[n] = 0;
  c->paths.len += n + 1;
  if (c->format == 2) {
    e.which = (uint8_t)(strlen(path) == n ? cut_name(path) : OTHER);
    n = strlen(path);
  } else if (n == 0) {
    e.which = OTHER; /* the group itself */
  }
  if (e.which != OTHER) status = check_path(path, n, error);
  e.depth = depth_of(path);
  e.is_array = e.which == ZARRAY;
  return status ? status : zarrc_buf_append(&c->entries, &e, sizeof e, error);
}

/* What the scan has come by. */
typedef struct reading {
  zarrc_consolidated *c;
  zarrc_json_scan scan;
  bool is_metadata, inside; /* the key was `metadata`; the scan is in its value */
  bool is_type;             /* the key was node_type, of an entry */
} reading;

static entry *last_entry(reading *r) {
  return (entry *)(void *)(r->c->entries.ptr + r->c->entries.len) - 1;
}

static zarrc_status see_key(reading *r, zarrc_error *error) {
  const char *token = r->scan.text + r->scan.start;
  size_t n = r->scan.end - r->scan.start;
  r->is_metadata = r->scan.depth == 1 && zarrc_json_token_is(token, n, "metadata");
  if (r->is_metadata && r->c->end)
    return zarrc_json_scan_fail(&r->scan, r->scan.start, error, "a second value for the key \"metadata\"");
  r->is_type = r->inside && r->c->format == 3 && r->scan.depth == 3 && zarrc_json_token_is(token, n, "node_type");
  return r->inside && r->scan.depth == 2 ? begin_entry(r->c, &r->scan, error) : ZARRC_OK;
}

/* depth: of the value. */
static zarrc_status see_value(reading *r, unsigned depth, zarrc_error *error) {
  zarrc_consolidated *c = r->c;
  const zarrc_json_scan *scan = &r->scan;
  if (depth == 0 && scan->kind != ZARRC_JSON_OBJECT)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "must be an object, not %s", zarrc_json_kind_name(scan->kind));
  if (r->is_metadata) {
    if (scan->kind != ZARRC_JSON_OBJECT)
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "/metadata: must be an object, not %s",
                        zarrc_json_kind_name(scan->kind));
    r->inside = true;
    c->begin = scan->start;
  } else if (r->inside && depth == 2) {
    last_entry(r)->value = (uint32_t)scan->start;
    last_entry(r)->end = (uint32_t)scan->end; /* of a bracket: until it is closed */
  } else if (r->is_type) {
    last_entry(r)->is_array = scan->kind == ZARRC_JSON_STRING &&
                              zarrc_json_token_is(scan->text + scan->start, scan->end - scan->start, "array");
  }
  r->is_metadata = r->is_type = false;
  return ZARRC_OK;
}

static void see_close(reading *r) {
  if (!r->inside) return;
  if (r->scan.depth == 2) last_entry(r)->end = (uint32_t)r->scan.end;
  if (r->scan.depth == 1) {
    r->c->end = r->scan.end;
    r->inside = false;
  }
}

static zarrc_status scan_text(zarrc_consolidated *c, zarrc_error *error) {
  reading r = {.c = c, .scan = {.text = c->text, .nbytes = c->n}};
  zarrc_json_event event;
  for (size_t i = 1;; i++) {
    unsigned depth = r.scan.depth;
    r.scan.loose = !(r.inside && depth == 2); /* names of entries are paths; documents need not be strict */
    zarrc_status status = zarrc_json_scan_next(&r.scan, &event, error);
    if (!status && i % 65536 == 0) status = zarrc_ctx_check_canceled(c->ctx, error);
    if (status || event == ZARRC_JSON_DONE) return status;
    if (event == ZARRC_JSON_KEY)
      status = see_key(&r, error);
    else if (event == ZARRC_JSON_VALUE)
      status = see_value(&r, depth, error);
    else
      see_close(&r);
    if (status) return status;
  }
}

static int compare_entries(const zarrc_consolidated *c, const entry *x, const entry *y) {
  int order = (x->depth > y->depth) - (x->depth < y->depth);
  if (!order) order = strcmp(path_of(c, x), path_of(c, y));
  return order ? order : x->which - y->which;
}

static int compare(const void *of, uint32_t a, uint32_t b) {
  const zarrc_consolidated *c = of;
  const entry *entries = (const entry *)(const void *)c->entries.ptr;
  int order = compare_entries(c, &entries[a], &entries[b]);
  return order ? order : (a > b) - (a < b);
}

static zarrc_status sort(zarrc_consolidated *c, zarrc_error *error) {
  c->nentries = (uint32_t)(c->entries.len / sizeof(entry));
  if (c->nentries == 0) return ZARRC_OK;
  c->order = zarrc_malloc(c->ctx, c->nentries * sizeof *c->order);
  if (!c->order) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for %u entries", (unsigned)c->nentries);
  zarrc_sort(c->order, c->nentries, compare, c);
  for (uint32_t i = 1; i < c->nentries; i++) {
    const entry *e = entry_at(c, i);
    char seen[ZARRC_EXCERPT];
    if (e->which == OTHER || compare_entries(c, entry_at(c, i - 1), e)) continue;
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "/metadata: a second %s of \"%s\"", names[e->which],
                      zarrc_excerpt(seen, path_of(c, e), strlen(path_of(c, e))));
  }
  return ZARRC_OK;
}

static zarrc_status read_text(zarrc_consolidated *c, const char *text, size_t n, zarrc_error *error) {
  if (n > ZARRC_MAX_DOCUMENT)
    return zarrc_fail(error, ZARRC_LIMIT, "the document has %zu bytes, at most %zu are read", n, ZARRC_MAX_DOCUMENT);
  zarrc_document_skip_mark(&text, &n);
  zarrc_status status = zarrc_text_copy(c->ctx, text, n, &c->text, error);
  c->n = n;
  if (!status) status = scan_text(c, error);
  return status ? status : sort(c, error);
}

zarrc_status zarrc_consolidated_open(zarrc_ctx *ctx, const char *path, int format, const char *text, size_t n,
                                     zarrc_consolidated **out, zarrc_error *error) {
  zarrc_consolidated *c = zarrc_malloc(ctx, sizeof *c);
  if (!c) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for consolidated metadata");
  *c = (zarrc_consolidated){.ctx = ctx,
                            .format = format,
                            .paths = zarrc_buf_new(ctx, 2 * ZARRC_MAX_DOCUMENT),
                            .entries = zarrc_buf_new(ctx, MAX_ENTRIES * sizeof(entry))};
  atomic_init(&c->nowners, 1);
  zarrc_status status = zarrc_text_copy(ctx, path, strlen(path), &c->path, error);
  if (!status && text) status = read_text(c, text, n, error);
  if (status)
    zarrc_consolidated_close(c);
  else
    *out = c;
  return status;
}

zarrc_consolidated *zarrc_consolidated_share(zarrc_consolidated *c) {
  atomic_fetch_add(&c->nowners, 1);
  return c;
}

void zarrc_consolidated_close(zarrc_consolidated *c) {
  if (!c || atomic_fetch_sub(&c->nowners, 1) != 1) return;
  zarrc_buf_clear(&c->paths);
  zarrc_buf_clear(&c->entries);
  zarrc_free(c->ctx, c->order);
  zarrc_free(c->ctx, c->text);
  zarrc_free(c->ctx, c->path);
  zarrc_free(c->ctx, c);
}

const char *zarrc_consolidated_text(const zarrc_json *root, size_t *n) {
  const zarrc_json *value = zarrc_json_get(root, "consolidated_metadata");
  return zarrc_json_is(value, ZARRC_JSON_OBJECT) ? zarrc_json_text(value, n) : NULL;
}

bool zarrc_consolidated_is_there(const zarrc_consolidated *c) {
  return c->end > 0;
}

const char *zarrc_consolidated_path(const zarrc_consolidated *c) {
  return c->path;
}

const char *zarrc_consolidated_name(const zarrc_consolidated *c) {
  return zarrc_consolidated_document(c->format);
}

/* ------------------------------------------------------------------------------------------------------- finding */

/* Returns the number of entries before the first of a depth whose path is not less than n bytes. */
static uint32_t lower_bound(const zarrc_consolidated *c, uint32_t depth, const char *path, size_t n) {
  uint32_t low = 0, high = c->nentries;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    const entry *e = entry_at(c, middle);
    int order = (e->depth > depth) - (e->depth < depth);
    if (!order) order = strncmp(path_of(c, e), path, n);
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Returns the entry that describes the node at the first n bytes of a path of that depth; NULL: there is none. */
static const entry *find_node(const zarrc_consolidated *c, uint32_t depth, const char *path, size_t n, uint32_t *at) {
  *at = lower_bound(c, depth, path, n);
  if (*at == c->nentries) return NULL;
  const entry *e = entry_at(c, *at);
  const char *found = path_of(c, e);
  bool same = e->depth == depth && !strncmp(found, path, n) && found[n] == 0;
  return same && e->which <= ZGROUP ? e : NULL;
}

/* Returns whether a node above a path is an array. */
static bool is_below_array(const zarrc_consolidated *c, const char *path) {
  uint32_t depth = 0, at;
  for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
    const entry *e = find_node(c, ++depth, path, (size_t)(slash - path), &at);
    if (e && e->is_array) return true;
  }
  return false;
}

static zarrc_bytes value_of(const zarrc_consolidated *c, const entry *e) {
  return (zarrc_bytes){.ptr = (const uint8_t *)c->text + e->value, .len = e->end - e->value};
}

zarrc_status zarrc_consolidated_find(const zarrc_consolidated *c, const char *path, zarrc_documents *out,
                                     zarrc_error *error) {
  uint32_t at;
  const entry *e = find_node(c, depth_of(path), path, strlen(path), &at);
  char seen[ZARRC_EXCERPT];
  if (!e || is_below_array(c, path))
    return zarrc_fail(error, ZARRC_NOT_FOUND, "no array and no group \"%s\" is in the consolidated metadata",
                      zarrc_excerpt(seen, path, strlen(path)));
  *out = (zarrc_documents){.name = names[e->which], .main = value_of(c, e)};
  for (const entry *next; ++at < c->nentries && e->which != ZARR_JSON; e = next) {
    next = entry_at(c, at);
    if (next->which > ZATTRS || strcmp(path_of(c, next), path) || next->depth != e->depth) break;
    if (next->which != ZATTRS) continue;
    out->attributes = value_of(c, next);
    return zarrc_document_check_zattrs(c->ctx, &out->attributes, error);
  }
  return ZARRC_OK;
}

zarrc_consolidated_children zarrc_consolidated_below(const zarrc_consolidated *c, const char *path) {
  uint32_t depth = depth_of(path) + 1;
  size_t n = strlen(path);
  char prefix[ZARRC_MAX_PATH + 2], past[ZARRC_MAX_PATH + 2];
  if (n > ZARRC_MAX_PATH) return (zarrc_consolidated_children){.c = c};
  if (n == 0) return (zarrc_consolidated_children){c, lower_bound(c, 1, "", 0), lower_bound(c, 2, "", 0)};
  memcpy(prefix, path, n);
  memcpy(past, path, n);
  prefix[n] = '/';
  past[n] = '/' + 1;
  return (zarrc_consolidated_children){c, lower_bound(c, depth, prefix, n + 1), lower_bound(c, depth, past, n + 1)};
}

const char *zarrc_consolidated_next(zarrc_consolidated_children *children) {
  const zarrc_consolidated *c = children->c;
  while (children->at < children->end) {
    const entry *e = entry_at(c, children->at++);
    if (e->which > ZGROUP) continue;
    const char *path = path_of(c, e);
    while (children->at < children->end && !strcmp(path_of(c, entry_at(c, children->at)), path)) children->at++;
    return path;
  }
  return NULL;
}

/* ------------------------------------------------------------------------------------------------------- entries */

uint32_t zarrc_consolidated_nentries(const zarrc_consolidated *c) {
  return c->nentries;
}

zarrc_consolidated_entry zarrc_consolidated_entry_at(const zarrc_consolidated *c, uint32_t i) {
  const entry *e = entry_at(c, i);
  return (zarrc_consolidated_entry){.path = path_of(c, e),
                                    .member = c->text + e->at,
                                    .nmember = e->end - e->at,
                                    .is_document = e->which != OTHER,
                                    .describes = e->which <= ZGROUP};
}

void zarrc_consolidated_around(const zarrc_consolidated *c, zarrc_bytes *before, zarrc_bytes *after) {
  *before = (zarrc_bytes){.ptr = (const uint8_t *)c->text, .len = c->begin};
  *after = (zarrc_bytes){.ptr = (const uint8_t *)c->text + c->end, .len = c->n - c->end};
}
