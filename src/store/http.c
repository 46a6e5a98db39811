/* SPDX-License-Identifier: MIT */
/* The store over HTTP, whose values are fetched in http_fetch.c. */
#include "store/http.h"
#include "store/common.h"
#include "store/http_url.h"

#include "base/hash.h"
#include "base/ops.h"
#include "base/sized.h"

#include <string.h>
#include <zarrc/plugin/blob.h>

enum {
  MOST_REQUESTS = 512,
  WINDOW_NBYTES = 64 << 20, /* to ask for at once, in ranges of 8 MiB at most */
  WINDOW_REQUESTS = 8
};

/* ------------------------------------------------------------------------------------------------------- blobs */

/* Gives a reader the bytes that were fetched for a range. */
static zarrc_status give_range(zarrc_range *range, zarrc_range *fetched, zarrc_error *error) {
  uint64_t start;
  size_t nbytes = fetched->got.len;
  bool is_known = fetched->total != ZARRC_UNKNOWN;
  range->total = fetched->total;
  zarrc_status status = is_known ? zarrc_range_locate(range, fetched->total, &start, &nbytes, error) : ZARRC_OK;
  if (!status && (fetched->got.len != nbytes || (!is_known && nbytes != range->nbytes)))
    status = zarrc_fail(error, ZARRC_NETWORK, "the server has sent %zu bytes of %llu", fetched->got.len,
                        (unsigned long long)range->nbytes);
  if (status) return status;
  if (range->into) {
    if (nbytes) memcpy(range->into, fetched->got.ptr, nbytes);
    zarrc_bytes_release(&fetched->got);
    range->got = (zarrc_bytes){.ptr = range->into, .len = nbytes};
  } else {
    range->got = fetched->got;
    fetched->got = (zarrc_bytes){0};
  }
  return ZARRC_OK;
}

static zarrc_status read_by_fetch(zarrc_http_blob *b, zarrc_range *ranges, zarrc_range *fetched, size_t n,
                                  zarrc_error *error) {
  zarrc_request request = {.blob = &b->blob, .ranges = fetched, .n = n, .error = error};
  for (size_t i = 0; i < n; i++) {
    fetched[i] = ranges[i];
    fetched[i].into = NULL;
    fetched[i].got = (zarrc_bytes){0};
  }
  zarrc_status status = zarrc_http_fetch(&b->http->store, &request, 1, error);
  if (!status && request.status) return request.status;
  size_t ngiven = 0;
  while (!status && ngiven < n) {
    status = give_range(&ranges[ngiven], &fetched[ngiven], error);
    ngiven += !status;
  }
  zarrc_ranges_release(fetched, n);
  if (status) zarrc_ranges_release(ranges, ngiven);
  return status;
}

zarrc_status zarrc_http_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  zarrc_http_blob *b = (zarrc_http_blob *)blob;
  zarrc_range few[4];
  zarrc_bytes memory = {0};
  zarrc_range *fetched = few;
  zarrc_status status = ZARRC_OK;
  if (n > sizeof few / sizeof *few) {
    if (n > SIZE_MAX / sizeof *fetched) return zarrc_fail(error, ZARRC_LIMIT, "too many ranges");
    status = zarrc_scratch_take(b->http->store.ctx, n * sizeof *fetched, &memory, error);
    fetched = (zarrc_range *)(void *)memory.ptr;
  }
  if (!status) status = read_by_fetch(b, ranges, fetched, n, error);
  zarrc_bytes_release(&memory);
  return status;
}

zarrc_status zarrc_http_identify(zarrc_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error) {
  zarrc_http_blob *b = (zarrc_http_blob *)blob;
  zarrc_range nothing = {0};
  zarrc_status status = ZARRC_OK;
  if (b->version.kind == ZARRC_HTTP_UNSEEN || b->version.kind == ZARRC_HTTP_ABSENT)
    status = zarrc_http_read(blob, &nothing, 1, error);
  if (status) return status;
  *known = b->version.kind == ZARRC_HTTP_STRONG && b->version.identity.nbytes != ZARRC_UNKNOWN;
  *out = b->version.identity;
  out->place = zarrc_hash(ZARRC_HASH_EMPTY, b->http->store.url, strlen(b->http->store.url));
  out->place = zarrc_hash(out->place, b->key, strlen(b->key)); /* ETags may be those of other values, too */
  return ZARRC_OK;
}

void zarrc_http_expect(zarrc_blob *blob, const zarrc_identity *identity) {
  ((zarrc_http_blob *)blob)->version = (zarrc_http_version){ZARRC_HTTP_STRONG, *identity};
}

/* ------------------------------------------------------------------------------------------------------- the store */

size_t zarrc_http_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  (void)store;
  return sizeof(zarrc_http_blob) + 3 * key_nbytes + 1;
}

zarrc_status zarrc_http_blob_open(zarrc_store *store, const char *key, zarrc_blob *blob, const zarrc_blob_ops *ops,
                                  zarrc_error *error) {
  zarrc_http_store *http = (zarrc_http_store *)store;
  zarrc_http_blob *b = (zarrc_http_blob *)blob;
  memset(b, 0, sizeof *b);
  b->blob = (zarrc_blob){ops, &http->traits};
  b->http = http;
  b->key = key;
  return zarrc_http_key_encode(key, b->path, error);
}

static zarrc_status http_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops ops = {
      .struct_size = sizeof ops, .read = zarrc_http_read, .identify = zarrc_http_identify, .expect = zarrc_http_expect};
  return zarrc_http_blob_open(store, key, blob, &ops, error);
}

static void http_close(zarrc_store *store) {
  zarrc_transport_close(((zarrc_http_store *)store)->transport);
  zarrc_store_free(store);
}

static const zarrc_store_ops http_ops = {.struct_size = sizeof http_ops,
                                         .name = "http",
                                         .blob_nbytes = zarrc_http_blob_nbytes,
                                         .open = http_open,
                                         .list = zarrc_http_list,
                                         .close = http_close,
                                         .fetch = zarrc_http_fetch};

zarrc_status zarrc_http_options_take(const zarrc_http_options *given, zarrc_http_options *out, zarrc_error *error) {
  memset(out, 0, sizeof *out);
  zarrc_status status = given ? zarrc_sized_take(out, sizeof *out, given, "options for HTTP", error) : ZARRC_OK;
  if (status) return status;
  if (!out->max_requests) out->max_requests = 64;
  if (!out->connect_timeout_ms) out->connect_timeout_ms = 5000;
  if (!out->stall_timeout_ms) out->stall_timeout_ms = 5000;
  if (!out->retry_timeout_ms) out->retry_timeout_ms = 60000;
  if (!out->tries) out->tries = 5;
  if (!out->backoff_ms) out->backoff_ms = 50;
  if (!out->gap) out->gap = 16 << 10;
  if (out->max_requests > MOST_REQUESTS)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "max_requests is %u, and not 1 to %d", out->max_requests,
                      MOST_REQUESTS);
  for (size_t i = 0; i < out->nheaders; i++) {
    const char *h = out->headers[i];
    if (!h || !strchr(h, ':') || *h == ':' || strpbrk(h, "\r\n"))
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a header has to be one line \"Name: value\"");
  }
  return ZARRC_OK;
}

void zarrc_http_store_init(zarrc_http_store *http, const zarrc_http_options *options) {
  http->traits = (zarrc_blob_traits){
      .struct_size = sizeof http->traits, .gap = options->gap, .window = WINDOW_NBYTES, .requests = WINDOW_REQUESTS};
  http->missing_403 = options->missing_403;
}

static zarrc_status open_parts(zarrc_ctx *ctx, const zarrc_http_url *url, const zarrc_http_options *http,
                               zarrc_store **out, zarrc_error *error) {
  size_t n = strlen(url->root) + 1;
  zarrc_http_store *s = zarrc_malloc(ctx, sizeof *s + n);
  if (!s) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a store");
  memset(s, 0, sizeof *s);
  memcpy(s + 1, url->root, n);
  s->store = (zarrc_store){.ops = &http_ops, .ctx = ctx, .read_only = true, .url = (const char *)(s + 1)};
  zarrc_http_store_init(s, http);
  zarrc_transport_options options = {
      .root = url->root, .query = url->query, .user = url->user, .password = url->password, .http = http};
  zarrc_status status = zarrc_transport_open(ctx, &options, &s->transport, error);
  if (status)
    zarrc_free(ctx, s);
  else
    *out = &s->store;
  return status;
}

zarrc_status zarrc_http_store_open(zarrc_ctx *ctx, const char *url, const zarrc_http_options *options,
                                   zarrc_store **out, zarrc_error *error) {
  zarrc_http_options http;
  zarrc_http_url parts;
  zarrc_status status = zarrc_http_options_take(options, &http, error);
  if (!status && (!url || !zarrc_http_url_is(url)))
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no URL of http or https");
  if (!status) status = zarrc_http_url_open(ctx, url, &parts, error);
  if (status) return status;
  status = open_parts(ctx, &parts, &http, out, error);
  zarrc_http_url_close(ctx, &parts);
  return status;
}

zarrc_status zarrc_http_store_count(zarrc_store *store, zarrc_http_counts *out, zarrc_error *error) {
  zarrc_http_counts counts = {0};
  while (store && !(ZARRC_HAS_OP(store->ops, fetch) && store->ops->fetch == zarrc_http_fetch))
    store = zarrc_store_source(store);
  if (!store) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the store is not one over HTTP or S3");
  zarrc_transport_count(((zarrc_http_store *)store)->transport, &counts);
  return zarrc_sized_give(out, &counts, sizeof counts, "counts of HTTP", error);
}
