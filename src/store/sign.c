/* SPDX-License-Identifier: MIT */
#include "store/sign.h"

#include "base/sha256.h"
#include "base/sort.h"
#include "store/http_url.h"

#include <string.h>

#define MOST_PAIRS 64 /* a request has a handful of headers and parameters */
#define MOST_TEXT  ((size_t)1 << 16)

/* ------------------------------------------------------------------------------------------------------- query */

/* Appends text with each byte percent-encoded that is not unreserved. */
static zarrc_status put_encoded(zarrc_buf *out, const char *text, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (const char *at = text; *at && !status; at++) {
    bool plain = zarrc_http_is_unreserved((unsigned char)*at);
    status = plain ? zarrc_buf_append(out, at, 1, error) : zarrc_buf_printf(out, error, "%%%02X", (uint8_t)*at);
  }
  return status;
}

/* Encoded parameters, each "NAME=VALUE" with a NUL; the order is that of names and then of values, both encoded. The
 * equals sign must not count: it is greater than the percent sign and the digits. */
typedef struct parameters {
  const char *text;
  uint32_t at[MOST_PAIRS];
} parameters;

static int by_parameter(const void *of, uint32_t a, uint32_t b) {
  const parameters *p = of;
  const char *x = p->text + p->at[a], *y = p->text + p->at[b];
  size_t nx = strcspn(x, "="), ny = strcspn(y, "=");
  int order = memcmp(x, y, nx < ny ? nx : ny);
  if (order == 0) order = nx != ny ? (nx < ny ? -1 : 1) : strcmp(x + nx, y + ny);
  return order ? order : a < b ? -1 : a > b;
}

static zarrc_status too_many(zarrc_error *error) {
  return zarrc_fail(error, ZARRC_LIMIT, "a request with more than %d headers or parameters", MOST_PAIRS);
}

zarrc_status zarrc_sign_query(const zarrc_sign_request *request, zarrc_buf *out, zarrc_error *error) {
  zarrc_buf encoded = zarrc_buf_new(out->ctx, MOST_TEXT);
  parameters p = {0};
  uint32_t index[MOST_PAIRS], n = (uint32_t)request->nquery;
  if (request->nquery > MOST_PAIRS) return too_many(error);
  zarrc_status status = ZARRC_OK;
  for (uint32_t i = 0; i < n && !status; i++) {
    p.at[i] = (uint32_t)encoded.len;
    status = put_encoded(&encoded, request->query[i].name, error);
    if (!status) status = zarrc_buf_append(&encoded, "=", 1, error);
    if (!status) status = put_encoded(&encoded, request->query[i].value, error);
    if (!status) status = zarrc_buf_append(&encoded, "", 1, error);
  }
  p.text = (const char *)encoded.ptr;
  if (!status) zarrc_sort(index, n, by_parameter, &p);
  for (uint32_t i = 0; i < n && !status; i++)
    status = zarrc_buf_printf(out, error, "%s%s", i > 0 ? "&" : "", p.text + p.at[index[i]]);
  zarrc_buf_clear(&encoded);
  return status;
}

/* ----------------------------------------------------------------------------------------------------- headers */

static int by_header(const void *of, uint32_t a, uint32_t b) {
  const zarrc_sign_request *r = of;
  int order = strcmp(r->headers[a].name, r->headers[b].name);
  return order ? order : a < b ? -1 : a > b;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/* Appends a value without blanks around it, and with one space for several blanks. */
static zarrc_status put_value(zarrc_buf *out, const char *value, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  while (is_blank(*value)) value++;
  while (*value && !status) {
    size_t n = strcspn(value, " \t"), nblanks = strspn(value + n, " \t");
    status = zarrc_buf_append(out, value, n, error);
    value += n + nblanks;
    if (!status && nblanks > 0 && *value) status = zarrc_buf_append(out, " ", 1, error);
  }
  return status;
}

/* Returns whether the i-th header in order has the name of the one before. */
static bool repeats(const zarrc_sign_request *r, const uint32_t *index, uint32_t i) {
  return i > 0 && strcmp(r->headers[index[i]].name, r->headers[index[i - 1]].name) == 0;
}

/* Appends the names of the headers in order, with semicolons between. */
static zarrc_status put_names(const zarrc_sign_request *r, const uint32_t *index, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (uint32_t i = 0; i < r->nheaders && !status; i++)
    if (!repeats(r, index, i))
      status = zarrc_buf_printf(out, error, "%s%s", i > 0 ? ";" : "", r->headers[index[i]].name);
  return status;
}

/* Appends a line for each header; the values of equal names become one line, with commas between. */
static zarrc_status put_headers(const zarrc_sign_request *r, const uint32_t *index, zarrc_buf *out,
                                zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (uint32_t i = 0; i < r->nheaders && !status; i++) {
    const zarrc_sign_pair *header = &r->headers[index[i]];
    bool last = i + 1 == r->nheaders || !repeats(r, index, i + 1);
    status =
        repeats(r, index, i) ? zarrc_buf_append(out, ",", 1, error) : zarrc_buf_printf(out, error, "%s:", header->name);
    if (!status) status = put_value(out, header->value, error);
    if (!status && last) status = zarrc_buf_append(out, "\n", 1, error);
  }
  return status;
}

/* --------------------------------------------------------------------------------------------------- signature */

/* Appends the canonical request. */
static zarrc_status put_request(const zarrc_sign_request *r, const uint32_t *index, zarrc_buf *out,
                                zarrc_error *error) {
  zarrc_status status = zarrc_buf_printf(out, error, "%s\n%s\n", r->method, r->path);
  if (!status) status = zarrc_sign_query(r, out, error);
  if (!status) status = zarrc_buf_append(out, "\n", 1, error);
  if (!status) status = put_headers(r, index, out, error);
  if (!status) status = zarrc_buf_append(out, "\n", 1, error);
  if (!status) status = put_names(r, index, out, error);
  if (!status) status = zarrc_buf_printf(out, error, "\n%s", r->body_hash);
  return status;
}

/* Appends where a key is good for: "20130524/us-east-1/s3/aws4_request". */
static zarrc_status put_scope(const zarrc_sign_key *key, const char *time, zarrc_buf *out, zarrc_error *error) {
  return zarrc_buf_printf(out, error, "%.8s/%s/%s/aws4_request", time, key->region, key->service);
}

/* Derives the key of a day, a region and a service. */
static zarrc_status derive(const zarrc_sign_key *key, zarrc_buf *scratch, const char *time,
                           uint8_t out[ZARRC_SHA256_NBYTES], zarrc_error *error) {
  const char *words[] = {key->region, key->service, "aws4_request"};
  zarrc_status status = zarrc_buf_printf(scratch, error, "AWS4%s", key->secret);
  if (!status) status = zarrc_hmac_sha256(scratch->ptr, scratch->len, time, 8, out, error);
  for (int i = 0; i < 3 && !status; i++)
    status = zarrc_hmac_sha256(out, ZARRC_SHA256_NBYTES, words[i], strlen(words[i]), out, error);
  if (scratch->len > 0) explicit_bzero(scratch->ptr, scratch->len);
  scratch->len = 0;
  return status;
}

/* Writes the signature in hexadecimal. scratch is empty, and is left with anything. */
static zarrc_status make_signature(const zarrc_sign_key *key, const zarrc_sign_request *r, const uint32_t *index,
                                   zarrc_buf *scratch, char out[ZARRC_SHA256_TEXT], zarrc_error *error) {
  uint8_t day_key[ZARRC_SHA256_NBYTES], hash[ZARRC_SHA256_NBYTES];
  zarrc_status status = derive(key, scratch, r->time, day_key, error);
  if (!status) status = put_request(r, index, scratch, error);
  if (!status) status = zarrc_sha256(scratch->ptr, scratch->len, hash, error);
  if (!status) zarrc_sha256_to_text(hash, out);
  scratch->len = 0;
  if (!status) status = zarrc_buf_printf(scratch, error, "AWS4-HMAC-SHA256\n%s\n", r->time);
  if (!status) status = put_scope(key, r->time, scratch, error);
  if (!status) status = zarrc_buf_printf(scratch, error, "\n%s", out);
  if (!status) status = zarrc_hmac_sha256(day_key, sizeof day_key, scratch->ptr, scratch->len, hash, error);
  if (!status) zarrc_sha256_to_text(hash, out);
  explicit_bzero(day_key, sizeof day_key);
  return status;
}

zarrc_status zarrc_sign(const zarrc_sign_key *key, const zarrc_sign_request *request, zarrc_buf *out,
                        zarrc_error *error) {
  uint32_t index[MOST_PAIRS];
  char signature[ZARRC_SHA256_TEXT];
  if (request->nheaders > MOST_PAIRS) return too_many(error);
  zarrc_buf scratch = zarrc_buf_new(out->ctx, MOST_TEXT);
  zarrc_sort(index, (uint32_t)request->nheaders, by_header, request);
  zarrc_status status = make_signature(key, request, index, &scratch, signature, error);
  if (!status) status = zarrc_buf_printf(out, error, "AWS4-HMAC-SHA256 Credential=%s/", key->id);
  if (!status) status = put_scope(key, request->time, out, error);
  if (!status) status = zarrc_buf_printf(out, error, ",SignedHeaders=");
  if (!status) status = put_names(request, index, out, error);
  if (!status) status = zarrc_buf_printf(out, error, ",Signature=%s", signature);
  zarrc_buf_clear(&scratch);
  return status;
}
