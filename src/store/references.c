/* SPDX-License-Identifier: MIT */
/*
 * The store of references: values that stand in a document, or are bytes of files elsewhere. Their servers and buckets
 * are found out and opened with the store, once each, which makes no request.
 */
#include "store/references.h"
#include "store/common.h"
#include "store/http.h"
#include "store/http_url.h"

#include "base/hash.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>
#include <zarrc/plugin/store.h>

enum { MOST_ROOTS = 256, SOME_RANGES = 16, MOST_SHOWN = 200, LOOK_AFTER = 1024 };

typedef enum root_kind { UNKNOWN, REFUSED, LOCAL, HTTP, S3 } root_kind;

/* Where targets are: a bucket, a server (with a query), or the directory tree. */
typedef struct root {
  root_kind kind;
  char *name;         /* "https://host/?query", "bucket" or "" */
  size_t nname;       /* its length */
  zarrc_store *store; /* NULL: it cannot be read from */
} root;

/* A target: a key below a root. */
typedef struct target {
  uint32_t root;
  uint32_t key; /* where it begins in `keys` */
} target;

typedef struct reference_store {
  zarrc_store store;
  zarrc_references references;
  const zarrc_references_opening *how; /* while the store is opened */
  char *base; /* URL of the folder of the document, or an absolute path, without a slash at its end */
  root *roots;
  size_t nroots, nservers; /* nservers: those over HTTP, each once */
  zarrc_buf targets, keys;
  char url[];
} reference_store;

typedef struct reference_blob {
  zarrc_blob blob;
  reference_store *store;
  const zarrc_reference *reference; /* NULL: there is none */
  const root *root;
  zarrc_key_blob behind;
  bool is_open;
} reference_blob;

/* ------------------------------------------------------------------------------------------------ finding targets */

static bool begins(const char *text, const char *with) {
  return !strncasecmp(text, with, strlen(with));
}

/* Finds a root, or adds it. */
static zarrc_status take_root(reference_store *s, root_kind kind, const char *name, size_t n, uint32_t *out,
                              zarrc_error *error) {
  for (size_t i = s->nroots; i-- > 0;) {
    const root *r = &s->roots[i];
    if (r->kind != kind || r->nname != n || memcmp(r->name, name, n) != 0) continue;
    *out = (uint32_t)i;
    return ZARRC_OK;
  }
  if (s->nroots == MOST_ROOTS)
    return zarrc_fail(error, ZARRC_LIMIT, "references to more than %d buckets, servers and signed URLs", MOST_ROOTS);
  root *r = &s->roots[s->nroots];
  *r = (root){.kind = kind, .nname = n};
  zarrc_status status = zarrc_text_copy(s->store.ctx, name, n, &r->name, error);
  if (!status) *out = (uint32_t)s->nroots++;
  return status;
}

/* Decodes %XX in place; what is none stays. */
static void decode_percent(char *text) {
  char *out = text;
  for (const char *in = text; *in; in++) {
    int high = *in == '%' ? zarrc_hex_digit(in[1]) : -1, low = high < 0 ? -1 : zarrc_hex_digit(in[2]);
    bool is_escaped = low >= 0 && high + low > 0;
    *out++ = is_escaped ? (char)(high * 16 + low) : *in;
    in += is_escaped ? 2 : 0;
  }
  *out = '\0';
}

/* Makes a path one without ".", ".." and empty names, in place. */
static void put_in_order(char *path) {
  char *out = path;
  for (const char *in = path; *in;) {
    size_t n = strcspn(in, "/");
    if (n == 2 && !strncmp(in, "..", 2)) {
      while (out > path && *--out != '/') {
      }
    } else if (n > 0 && !(n == 1 && *in == '.')) {
      if (out > path) *out++ = '/';
      memmove(out, in, n);
      out += n;
    }
    in += n;
    in += strspn(in, "/");
  }
  *out = '\0';
}

/* Finds the root of an absolute URL, or of a path of this machine, and changes the text into the key below it. */
static zarrc_status divide(reference_store *s, char *url, uint32_t *out, char **key, zarrc_error *error) {
  bool is_file = begins(url, "file://"), is_http = zarrc_http_url_is(url);
  if (is_http) {
    size_t scheme = (size_t)(strstr(url, "://") + 3 - url);
    size_t host = scheme + strcspn(url + scheme, "/?#"), end = host + strcspn(url + host, "?#");
    size_t query = strcspn(url + end, "#");
    zarrc_buf name = zarrc_buf_new(s->store.ctx, SIZE_MAX);
    zarrc_status status = zarrc_buf_printf(&name, error, "%.*s/%.*s", (int)host, url, (int)query, url + end);
    if (!status) status = take_root(s, HTTP, (const char *)name.ptr, name.len, out, error);
    zarrc_buf_clear(&name);
    url[end] = '\0';
    *key = url + host;
    decode_percent(*key);
    put_in_order(*key);
    return status;
  }
  if (begins(url, "s3://")) {
    char *bucket = url + strlen("s3://");
    size_t n = strcspn(bucket, "/");
    *key = bucket + n + (bucket[n] == '/');
    return take_root(s, S3, bucket, n, out, error);
  }
  *key = url;
  if (is_file) *key = url + strlen("file://") + (begins(url, "file://localhost/") ? strlen("localhost") : 0);
  if (**key != '/') return take_root(s, UNKNOWN, "", 0, out, error);
  if (is_file) decode_percent(*key);
  put_in_order(*key);
  return take_root(s, s->how->local_targets ? LOCAL : REFUSED, "", 0, out, error);
}

static bool has_scheme(const char *url) {
  size_t n = strcspn(url, ":/");
  return n > 0 && !strncmp(url + n, "://", 3);
}

/* Finds out where the target of a number is. */
static zarrc_status find_target(reference_store *s, uint32_t number, zarrc_error *error) {
  const char *url = zarrc_references_url(&s->references, number);
  size_t nbase = strlen(s->base), n = strlen(url);
  target t = {.key = (uint32_t)s->keys.len};
  bool is_relative = *url != '/' && !has_scheme(url);
  char *text = zarrc_malloc(s->store.ctx, nbase + n + 2), *key;
  if (!text) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for references");
  memcpy(text, s->base, nbase);
  text[nbase] = '/';
  memcpy(text + (is_relative ? nbase + 1 : 0), url, n + 1);
  zarrc_status status = divide(s, text, &t.root, &key, error);
  if (!status && zarrc_key_check(key, NULL)) status = take_root(s, UNKNOWN, "", 0, &t.root, error);
  if (!status) status = zarrc_buf_append(&s->keys, key, strlen(key) + 1, error);
  if (!status) status = zarrc_buf_append(&s->targets, &t, sizeof t, error);
  zarrc_free(s->store.ctx, text);
  return status;
}

static size_t origin_of(const char *url) {
  const char *host = strstr(url, "://") + 3;
  return (size_t)(host - url) + strcspn(host, "/");
}

/* Counts servers over HTTP, in order not to send headers, which may be secret, to more than one. */
static void count_servers(reference_store *s) {
  for (size_t i = 0; i < s->nroots; i++) {
    size_t k = 0, n = s->roots[i].kind == HTTP ? origin_of(s->roots[i].name) : 0;
    while (k < i && (s->roots[k].kind != HTTP || origin_of(s->roots[k].name) != n ||
                     strncasecmp(s->roots[k].name, s->roots[i].name, n) != 0))
      k++;
    s->nservers += n > 0 && k == i;
  }
}

/* ------------------------------------------------------------------------------------------------ opening targets */

/* Returns whether a root may get the headers of the options: on the document's server, in its bucket, or if it is a
 * file, on the only server over HTTP. */
static bool gets_headers(const reference_store *s, const root *r) {
  const char *base = s->base;
  if (zarrc_http_url_is(base)) {
    size_t n = origin_of(base);
    return r->kind == HTTP && origin_of(r->name) == n && !strncasecmp(base, r->name, n);
  }
  if (begins(base, "s3://")) {
    const char *bucket = base + strlen("s3://");
    return r->kind == S3 && strcspn(bucket, "/") == r->nname && !memcmp(bucket, r->name, r->nname);
  }
  return r->kind == HTTP && s->nservers == 1;
}

static zarrc_status open_root(reference_store *s, root *r, zarrc_error *error) {
  static const zarrc_file_store_options files = {.struct_size = sizeof files, .read_only = true, .follow_links = true};
  zarrc_http_options http;
  zarrc_status status = zarrc_http_options_take(s->how->http, &http, error);
  if (status) return status;
  http.struct_size = sizeof http;
  if (!gets_headers(s, r)) http.nheaders = 0;
  switch (r->kind) {
  case LOCAL:
    return zarrc_file_store_open(s->store.ctx, "/", &files, &r->store, error);
  case HTTP:
    return zarrc_http_store_open(s->store.ctx, r->name, &http, &r->store, error);
  case S3:
    return zarrc_s3_store_open(s->store.ctx, r->name, "", true, s->how->s3, &http, &r->store, error);
  case REFUSED:
  case UNKNOWN:
    break;
  }
  return ZARRC_OK;
}

/* Finds and opens the roots of all targets. */
static zarrc_status find_targets(reference_store *s, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  size_t n = s->references.starts.len / sizeof(uint32_t);
  s->roots = zarrc_malloc(s->store.ctx, MOST_ROOTS * sizeof *s->roots);
  if (!s->roots) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for references");
  for (size_t i = 0; i < n && !status; i++) {
    if (i % LOOK_AFTER == LOOK_AFTER - 1) status = zarrc_ctx_check_canceled(s->store.ctx, error);
    if (!status) status = find_target(s, (uint32_t)i, error);
  }
  if (!status) count_servers(s);
  for (size_t i = 0; i < s->nroots && !status; i++) status = open_root(s, &s->roots[i], error);
  return status;
}

static zarrc_status refuse(const root *r, zarrc_error *error) {
  if (r->kind == REFUSED)
    return zarrc_fail(error, ZARRC_ACCESS,
                      "references that came over a network may not refer to files of this machine, unless that is "
                      "allowed (local_targets)");
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "references are known to files, http, https and s3 only");
}

/* Names the target in an error. A target that is missing is no missing value. */
static zarrc_status blame(const reference_blob *b, zarrc_status status, zarrc_error *error) {
  char shown[MOST_SHOWN];
  const zarrc_reference *r = b->reference;
  if (!status || status == ZARRC_PENDING || status == ZARRC_CANCELED) return status;
  if (status == ZARRC_NOT_FOUND) status = zarrc_fail(error, ZARRC_IO, "there is no such file");
  zarrc_url_shown(zarrc_references_url(&b->store->references, r->target), shown, sizeof shown);
  if (r->nbytes == ZARRC_UNKNOWN)
    zarrc_error_prefix(error, "refers to %s: ", shown);
  else
    zarrc_error_prefix(error, "refers to %s, %llu bytes at %llu: ", shown, (unsigned long long)r->nbytes,
                       (unsigned long long)r->offset);
  return status;
}

/* Opens the target of a blob, once. */
static zarrc_status open_target(reference_blob *b, zarrc_error *error) {
  reference_store *s = b->store;
  if (b->is_open) return ZARRC_OK;
  const target *t = (const target *)(const void *)s->targets.ptr + b->reference->target;
  b->root = &s->roots[t->root];
  zarrc_status status = b->root->store
                            ? zarrc_key_blob_open(&b->behind, b->root->store, (const char *)s->keys.ptr + t->key, error)
                            : refuse(b->root, error);
  b->is_open = !status;
  return status;
}

/* -------------------------------------------------------------------------------------------------------- blobs */

static bool is_inline(const reference_blob *b) {
  return b->reference->target == ZARRC_REFERENCES_INLINE;
}

static const uint8_t *inline_bytes(const reference_blob *b) {
  const zarrc_buf *values = &b->store->references.values;
  return values->len ? values->ptr + b->reference->offset : (const uint8_t *)"";
}

static zarrc_status read_inline(const reference_blob *b, zarrc_range *ranges, size_t n, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < n && !status; i++) {
    uint64_t start;
    size_t nbytes;
    status = zarrc_range_locate(&ranges[i], b->reference->nbytes, &start, &nbytes, error);
    if (status) break;
    const uint8_t *bytes = inline_bytes(b) + start;
    if (ranges[i].into && nbytes) memcpy(ranges[i].into, bytes, nbytes);
    ranges[i].got = (zarrc_bytes){.ptr = ranges[i].into ? ranges[i].into : bytes, .len = nbytes};
  }
  return status;
}

/* Reads ranges of a part of the target. */
static zarrc_status read_part(reference_blob *b, zarrc_range *ranges, size_t n, zarrc_error *error) {
  zarrc_range some[SOME_RANGES];
  const zarrc_reference *r = b->reference;
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < n && !status; i++) {
    uint64_t start;
    size_t nbytes;
    status = zarrc_range_locate(&ranges[i], r->nbytes, &start, &nbytes, error);
    some[i] = (zarrc_range){.offset = (int64_t)(r->offset + start), .nbytes = nbytes, .into = ranges[i].into};
  }
  if (!status) status = zarrc_blob_read(b->behind.blob, some, n, error);
  for (size_t i = 0; i < n && !status; i++) ranges[i].got = some[i].got;
  return status;
}

static zarrc_status reference_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  reference_blob *b = (reference_blob *)blob;
  if (!b->reference) return zarrc_fail(error, ZARRC_NOT_FOUND, "there is no reference");
  if (is_inline(b)) return read_inline(b, ranges, n, error);
  zarrc_status status = open_target(b, error);
  if (!status && b->reference->nbytes == ZARRC_UNKNOWN) {
    status = zarrc_blob_read(b->behind.blob, ranges, n, error);
    return status == ZARRC_TRUNCATED || status == ZARRC_LIMIT ? status : blame(b, status, error);
  }
  for (size_t i = 0; i < n && !status; i += SOME_RANGES) {
    size_t some = n - i < SOME_RANGES ? n - i : SOME_RANGES;
    status = read_part(b, ranges + i, some, error);
    if (status) zarrc_ranges_release(ranges, i);
  }
  return blame(b, status, error);
}

static void reference_close(zarrc_blob *blob) {
  reference_blob *b = (reference_blob *)blob;
  if (b->is_open) zarrc_key_blob_close(&b->behind);
  b->is_open = false;
}

/* A part of a version of the target. */
static zarrc_status reference_identify(zarrc_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error) {
  reference_blob *b = (reference_blob *)blob;
  if (!b->reference) return zarrc_fail(error, ZARRC_NOT_FOUND, "there is no reference");
  *known = false;
  if (is_inline(b)) return ZARRC_OK;
  zarrc_status status = open_target(b, error);
  if (!status) status = zarrc_blob_identify(b->behind.blob, out, known, error);
  if (status || b->reference->nbytes == ZARRC_UNKNOWN) return blame(b, status, error);
  out->place = zarrc_hash(out->place, &b->reference->offset, sizeof b->reference->offset);
  out->nbytes = b->reference->nbytes;
  return ZARRC_OK;
}

static size_t reference_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  (void)store, (void)key_nbytes;
  return sizeof(reference_blob);
}

static zarrc_status reference_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops ops = {
      .struct_size = sizeof ops, .read = reference_read, .close = reference_close, .identify = reference_identify};
  static const zarrc_blob_traits far = {.struct_size = sizeof far, .gap = 16 << 10, .window = 8 << 20, .requests = 64};
  reference_store *s = (reference_store *)store;
  reference_blob *b = (reference_blob *)blob;
  (void)error;
  b->blob = (zarrc_blob){&ops, zarrc_store_fetches(store) ? &far : NULL};
  b->store = s;
  b->reference = zarrc_references_find(&s->references, key);
  b->root = NULL;
  b->is_open = false;
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------ fetching */

/* Gives a range what there is of a value in the document. */
static void serve(const reference_blob *b, zarrc_range *r) {
  uint64_t total = b->reference->nbytes, offset = (uint64_t)r->offset, back = 0 - offset;
  uint64_t start = r->offset >= 0 ? offset : back < total ? total - back : 0;
  uint64_t left = start < total ? total - start : 0;
  if (r->to_end && left > r->nbytes) left = 0; /* it is too long anyway */
  if (left > r->nbytes) left = r->nbytes;
  r->total = total;
  if (left) r->got = (zarrc_bytes){.ptr = inline_bytes(b) + start, .len = (size_t)left};
}

/* Prepares the range of the target for one of a part of it. */
static zarrc_range range_of(const reference_blob *b, const zarrc_range *r) {
  const zarrc_reference *f = b->reference;
  if (f->nbytes == ZARRC_UNKNOWN) return (zarrc_range){.offset = r->offset, .nbytes = r->nbytes, .to_end = r->to_end};
  uint64_t offset = (uint64_t)r->offset, back = 0 - offset;
  uint64_t start = r->offset >= 0 ? offset : back < f->nbytes ? f->nbytes - back : 0;
  uint64_t left = start < f->nbytes ? f->nbytes - start : 0;
  if (r->to_end && left > r->nbytes) left = 0;
  if (left > r->nbytes) left = r->nbytes;
  return (zarrc_range){.offset = (int64_t)(f->offset + start), .nbytes = left};
}

/* Requests of one fetch that go to the stores of targets. */
typedef struct wave {
  zarrc_request *requests, *behind; /* n of each */
  zarrc_range *ranges;              /* of those behind */
  size_t n;
} wave;

/* Takes what came for a request. A part that is not all there is the target's fault: it is too short. */
static void take(const wave *w, size_t i) {
  zarrc_request *r = &w->requests[i], *from = &w->behind[i];
  const reference_blob *b = (const reference_blob *)r->blob;
  bool is_part = b->reference->nbytes != ZARRC_UNKNOWN;
  r->status = from->status;
  for (size_t k = 0; k < r->n && !r->status; k++) {
    zarrc_range *range = &r->ranges[k];
    if (is_part && from->ranges[k].got.len < from->ranges[k].nbytes) {
      r->status = zarrc_fail(r->error, ZARRC_TRUNCATED, "the file is too short");
      zarrc_ranges_release(r->ranges, k);
      zarrc_ranges_release(from->ranges + k, r->n - k);
      break;
    }
    range->got = from->ranges[k].got;
    range->total = is_part ? b->reference->nbytes : from->ranges[k].total;
  }
  if (r->status != ZARRC_CONFLICT) r->status = blame(b, r->status, r->error);
}

/* Fetches from one store all that is wanted of it. */
static zarrc_status fetch_from(const wave *w, const root *from, zarrc_request *some, size_t *places,
                               zarrc_error *error) {
  size_t n = 0;
  for (size_t i = 0; i < w->n; i++) {
    const reference_blob *b = (const reference_blob *)w->requests[i].blob;
    if (w->requests[i].status != ZARRC_PENDING || b->root != from) continue;
    places[n] = i;
    some[n++] = w->behind[i];
  }
  zarrc_status status = zarrc_store_fetch(from->store, some, n, error);
  for (size_t k = 0; k < n && !status; k++) {
    w->behind[places[k]] = some[k];
    take(w, places[k]);
  }
  return status;
}

/* Begins a request: serves what stands in the document, and opens the target of the others. */
static size_t begin(wave *w, size_t i, size_t nranges) {
  zarrc_request *r = &w->requests[i];
  reference_blob *b = (reference_blob *)r->blob;
  zarrc_request *behind = &w->behind[i];
  for (size_t k = 0; k < r->n; k++) r->ranges[k].got = (zarrc_bytes){0};
  r->status = b->reference ? ZARRC_OK : zarrc_fail(r->error, ZARRC_NOT_FOUND, "there is no reference");
  if (r->status) return nranges;
  for (size_t k = 0; k < r->n && is_inline(b); k++) serve(b, &r->ranges[k]);
  if (is_inline(b)) return nranges;
  r->status = blame(b, open_target(b, r->error), r->error);
  if (r->status) return nranges;
  r->status = ZARRC_PENDING;
  *behind = (zarrc_request){.blob = b->behind.blob, .ranges = w->ranges + nranges, .n = r->n, .error = r->error};
  for (size_t k = 0; k < r->n; k++) behind->ranges[k] = range_of(b, &r->ranges[k]);
  return nranges + r->n;
}

/* Implements `fetch`: one call for each store that has targets. */
static zarrc_status reference_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  wave w = {.requests = requests, .n = n};
  zarrc_bytes memory;
  size_t nranges = 0;
  for (size_t i = 0; i < n; i++) nranges += requests[i].n;
  size_t nbytes = 2 * n * sizeof(zarrc_request) + nranges * sizeof(zarrc_range) + n * sizeof(size_t);
  zarrc_status status = zarrc_scratch_take(store->ctx, nbytes, &memory, error);
  if (status) return status;
  w.behind = (zarrc_request *)(void *)memory.ptr;
  w.ranges = (zarrc_range *)(void *)(w.behind + 2 * n);
  size_t *places = (size_t *)(void *)(w.ranges + nranges);
  nranges = 0;
  for (size_t i = 0; i < n; i++) nranges = begin(&w, i, nranges);
  for (size_t i = 0; i < n && !status; i++)
    if (requests[i].status == ZARRC_PENDING)
      status = fetch_from(&w, ((const reference_blob *)requests[i].blob)->root, w.behind + n, places, error);
  zarrc_bytes_release(&memory);
  return status;
}

/* ------------------------------------------------------------------------------------------------------ listing */

/* Lists a key, or the prefix that it shares with those after it. Returns the number of the next one. */
static uint32_t next(const zarrc_references *r, uint32_t i, size_t skip, bool deep, char *prefix, zarrc_entry *entry) {
  const zarrc_reference *f = zarrc_references_at(r, i);
  const char *key = zarrc_references_key(r, f);
  size_t n = strcspn(key + skip, "/") + skip;
  *entry = (zarrc_entry){.key = key, .nbytes = f->nbytes};
  if (deep || !key[n]) return i + 1;
  memcpy(prefix, key, n);
  prefix[n] = '/' + 1; /* sorts behind all that begins with the prefix and a slash */
  i = zarrc_references_search(r, prefix, n + 1);
  prefix[n] = '\0';
  *entry = (zarrc_entry){.key = prefix, .is_prefix = true, .nbytes = ZARRC_UNKNOWN};
  return i;
}

static zarrc_status reference_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn,
                                   void *arg, zarrc_error *error) {
  const zarrc_references *r = &((const reference_store *)store)->references;
  size_t n = strlen(prefix), skip = n ? n + 1 : 0;
  if (n > r->longest) return ZARRC_OK; /* no key is that long */
  char *memory = zarrc_malloc(store->ctx, r->longest + 2);
  if (!memory) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory to list references");
  memcpy(memory, prefix, n);
  memory[n] = '/';
  uint32_t i = skip ? zarrc_references_search(r, memory, skip) : 0;
  zarrc_status status = ZARRC_OK;
  (void)sizes;
  while (!status && i < r->n && zarrc_key_is_below(zarrc_references_key(r, zarrc_references_at(r, i)), prefix)) {
    zarrc_entry entry;
    i = next(r, i, skip, deep, memory, &entry);
    status = fn(arg, &entry, error);
  }
  zarrc_free(store->ctx, memory);
  return status;
}

/* ------------------------------------------------------------------------------------------------------ the store */

static void references_close(zarrc_store *store) {
  reference_store *s = (reference_store *)store;
  for (size_t i = 0; i < s->nroots; i++) {
    if (s->roots[i].store) zarrc_store_close(s->roots[i].store);
    zarrc_free(store->ctx, s->roots[i].name);
  }
  zarrc_free(store->ctx, s->roots);
  zarrc_references_clear(&s->references);
  zarrc_buf_clear(&s->targets);
  zarrc_buf_clear(&s->keys);
  zarrc_free(store->ctx, s->base);
  zarrc_store_free(store);
}

/* Returns a store over a network that has been opened, of which there usually is one, for those who count. */
static zarrc_store *references_source(const zarrc_store *store) {
  const reference_store *s = (const reference_store *)store;
  for (size_t i = 0; i < s->nroots; i++)
    if (s->roots[i].store && s->roots[i].kind != LOCAL) return s->roots[i].store;
  return NULL;
}

static const zarrc_store_ops *ops_of(const reference_store *s) {
  static const zarrc_store_ops near = {.struct_size = sizeof near,
                                       .name = "references",
                                       .blob_nbytes = reference_blob_nbytes,
                                       .open = reference_open,
                                       .list = reference_list,
                                       .close = references_close};
  static const zarrc_store_ops far = {.struct_size = sizeof far,
                                      .name = "references",
                                      .blob_nbytes = reference_blob_nbytes,
                                      .open = reference_open,
                                      .list = reference_list,
                                      .close = references_close,
                                      .fetch = reference_fetch,
                                      .source = references_source};
  for (size_t i = 0; i < s->nroots; i++)
    if (s->roots[i].kind >= HTTP) return &far;
  return &near;
}

zarrc_status zarrc_references_open(zarrc_ctx *ctx, const zarrc_references_opening *how, zarrc_store **out,
                                   zarrc_error *error) {
  size_t n = strlen(how->name), nbase = strlen(how->base);
  reference_store *s = zarrc_malloc(ctx, sizeof *s + n + 1);
  if (!s) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a store");
  memset(s, 0, sizeof *s);
  memcpy(s->url, how->name, n + 1);
  while (nbase > 0 && how->base[nbase - 1] == '/') nbase--;
  s->store = (zarrc_store){.ctx = ctx, .read_only = true, .url = s->url};
  s->references.ctx = ctx;
  s->how = how;
  s->targets = zarrc_buf_new(ctx, SIZE_MAX);
  s->keys = zarrc_buf_new(ctx, UINT32_MAX);
  zarrc_status status = zarrc_text_copy(ctx, how->base, nbase, &s->base, error);
  if (!status) status = zarrc_references_read(ctx, how->text, how->nbytes, &s->references, error);
  if (!status) status = find_targets(s, error);
  s->how = NULL;
  s->store.ops = ops_of(s);
  if (!status)
    *out = &s->store;
  else
    references_close(&s->store);
  return status;
}
