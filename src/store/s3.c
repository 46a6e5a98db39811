/* SPDX-License-Identifier: MIT */
/* The store on S3. Values are fetched in http_fetch.c. */
#include "store/s3.h"
#include "store/common.h"
#include "store/http_url.h"
#include "store/s3_ask.h"
#include "store/s3_write.h"

#include "base/sha256.h"
#include "base/sized.h"

#include <string.h>

static zarrc_status s3_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops reading = {.struct_size = sizeof reading,
                                         .read = zarrc_http_read,
                                         .identify = zarrc_http_identify,
                                         .expect = zarrc_http_expect};
  static const zarrc_blob_ops writing = {.struct_size = sizeof writing,
                                         .read = zarrc_s3_read,
                                         .replace = zarrc_s3_replace,
                                         .erase = zarrc_s3_erase,
                                         .identify = zarrc_http_identify,
                                         .expect = zarrc_http_expect,
                                         .expect_none = zarrc_s3_expect_none};
  const zarrc_s3_store *s3 = (const zarrc_s3_store *)store;
  if (strlen(s3->prefix) + 1 + strlen(key) > ZARRC_S3_KEY_NBYTES)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the key is longer than %d bytes, with the prefix",
                      ZARRC_S3_KEY_NBYTES);
  return zarrc_http_blob_open(store, key, blob, store->read_only ? &reading : &writing, error);
}

static void s3_close(zarrc_store *store) {
  zarrc_s3_store *s3 = (zarrc_s3_store *)store;
  zarrc_transport_close(s3->http.transport);
  zarrc_s3_account_close(&s3->account);
  zarrc_store_free(store);
}

static const zarrc_store_ops s3_ops = {.struct_size = sizeof s3_ops,
                                       .name = "s3",
                                       .blob_nbytes = zarrc_http_blob_nbytes,
                                       .open = s3_open,
                                       .list = zarrc_s3_list,
                                       .erase_prefix = zarrc_s3_erase_prefix,
                                       .close = s3_close,
                                       .fetch = zarrc_http_fetch};

/* ------------------------------------------------------------------------------------------------------ opening */

/* Allocates a store with its texts. */
static zarrc_status make_store(zarrc_ctx *ctx, const char *bucket, const char *prefix, zarrc_s3_store **out,
                               zarrc_error *error) {
  size_t nbucket = strlen(bucket), nprefix = strlen(prefix);
  if (nprefix > ZARRC_S3_KEY_NBYTES)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the prefix is longer than %d bytes", ZARRC_S3_KEY_NBYTES);
  zarrc_s3_store *s3 = zarrc_malloc(ctx, sizeof *s3 + 2 * nbucket + 5 * nprefix + 16);
  if (!s3) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a store");
  memset(s3, 0, sizeof *s3);
  s3->bucket = (char *)(s3 + 1);
  s3->prefix = stpcpy(s3->bucket, bucket) + 1;
  char *url = stpcpy(s3->prefix, prefix) + 1;
  s3->encoded_prefix = stpcpy(stpcpy(stpcpy(url, "s3://"), bucket), *prefix ? "/" : "");
  s3->encoded_prefix = stpcpy(s3->encoded_prefix, prefix) + 1;
  s3->http.store = (zarrc_store){.ops = &s3_ops, .ctx = ctx, .read_only = true, .url = url};
  zarrc_status status = zarrc_http_key_encode(prefix, s3->encoded_prefix, error);
  if (!status)
    *out = s3;
  else
    zarrc_free(ctx, s3);
  return status;
}

/* Returns ZARRC_INVALID_ARGUMENT if a URL with the bucket cannot be made. */
static zarrc_status check_bucket(const zarrc_s3_store *s3, zarrc_error *error) {
  zarrc_buf url = zarrc_buf_new(s3->http.store.ctx, SIZE_MAX);
  zarrc_status status = zarrc_s3_bucket_url(&s3->account, s3->bucket, s3->account.region, &url, error);
  zarrc_buf_clear(&url);
  return status;
}

static zarrc_status open_parts(zarrc_s3_store *s3, const zarrc_s3_options *options, const zarrc_http_options *http,
                               zarrc_error *error) {
  zarrc_signer signer = zarrc_s3_signer(s3);
  zarrc_transport_options transport = {.root = "", .query = "", .http = &s3->options, .signer = &signer};
  zarrc_status status = zarrc_http_options_take(http, &s3->options, error);
  if (!status) status = zarrc_s3_account_open(s3->http.store.ctx, options, s3->options.ca_file, &s3->account, error);
  if (!status) status = check_bucket(s3, error);
  if (!status && !s3->account.is_anonymous && !zarrc_sha256_is_there())
    status = zarrc_fail(error, ZARRC_UNSUPPORTED, "zarrc was built without libcrypto, which s3 needs for signatures");
  if (!status) status = zarrc_s3_ask(&s3->account, error);
  if (status) return status;
  memcpy(s3->own.region, s3->account.region, sizeof s3->own.region);
  zarrc_http_store_init(&s3->http, &s3->options);
  return zarrc_transport_open(s3->http.store.ctx, &transport, &s3->http.transport, error);
}

zarrc_status zarrc_s3_store_open(zarrc_ctx *ctx, const char *bucket, const char *prefix, bool read_only,
                                 const zarrc_s3_options *options, const zarrc_http_options *http, zarrc_store **out,
                                 zarrc_error *error) {
  zarrc_s3_options s3_options = {0};
  zarrc_s3_store *s3 = NULL;
  zarrc_status status =
      options ? zarrc_sized_take(&s3_options, sizeof s3_options, options, "options for S3", error) : ZARRC_OK;
  if (!status && !bucket) status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no bucket");
  if (!status && prefix && *prefix) status = zarrc_key_check(prefix, error);
  if (!status) status = make_store(ctx, bucket, prefix ? prefix : "", &s3, error);
  if (status) return status;
  s3->http.store.read_only = read_only;
  status = open_parts(s3, &s3_options, http, error);
  if (!status)
    *out = &s3->http.store;
  else
    s3_close(&s3->http.store);
  return status;
}

zarrc_status zarrc_s3_name(const zarrc_store *store, zarrc_buf *out, zarrc_error *error) {
  const zarrc_s3_store *s3 = (const zarrc_s3_store *)store;
  zarrc_status status = zarrc_s3_bucket_url(&s3->account, s3->bucket, s3->account.region, out, error);
  return status ? status : zarrc_buf_printf(out, error, "/%s", s3->encoded_prefix);
}
