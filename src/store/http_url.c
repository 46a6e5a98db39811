/* SPDX-License-Identifier: MIT */
#include "store/http_url.h"

#include "base/checked.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

bool zarrc_http_url_is(const char *url) {
  return !strncasecmp(url, "http:", 5) || !strncasecmp(url, "https:", 6);
}

static char *put_percent(char *out, unsigned char c) {
  static const char digits[] = "0123456789ABCDEF";
  *out++ = '%';
  *out++ = digits[c >> 4];
  *out++ = digits[c & 15];
  return out;
}

bool zarrc_http_is_unreserved(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

zarrc_status zarrc_http_key_encode(const char *key, char *out, zarrc_error *error) {
  for (; *key; key++) {
    unsigned char c = (unsigned char)*key;
    if (c < 0x20 || c == 0x7f)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a key with a control character cannot be part of a URL");
    if (zarrc_http_is_unreserved(c) || c == '/')
      *out++ = (char)c;
    else
      out = put_percent(out, c);
  }
  *out = '\0';
  return ZARRC_OK;
}

char *zarrc_http_text_encode(const char *text, size_t n, char *out) {
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c <= 0x20 || c >= 0x7f || strchr("\"<>\\^`{|}", c))
      out = put_percent(out, c);
    else
      *out++ = (char)c;
  }
  *out = '\0';
  return out;
}

/* Decodes n bytes; what is no valid %XX stays. Returns the end, after a NUL. */
static char *put_decoded(char *out, const char *text, size_t n) {
  for (size_t i = 0; i < n; i++) {
    int high = i + 2 < n && text[i] == '%' ? zarrc_hex_digit(text[i + 1]) : -1;
    int low = high >= 0 ? zarrc_hex_digit(text[i + 2]) : -1;
    if (low >= 0 && high + low > 0) {
      *out++ = (char)(high * 16 + low);
      i += 2;
    } else {
      *out++ = text[i];
    }
  }
  *out++ = '\0';
  return out;
}

/* Removes slashes from the end of a path, and the name of a document that stands for the node it describes. */
static size_t path_length(const char *path, size_t n) {
  static const char document[] = "/zarr.json";
  const size_t m = sizeof document - 1;
  if (n >= m && !memcmp(path + n - m, document, m)) n -= m;
  while (n > 0 && path[n - 1] == '/') n--;
  return n;
}

static zarrc_status check(const char *url, zarrc_error *error) {
  for (; *url; url++)
    if ((unsigned char)*url < 0x20 || *url == 0x7f)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the URL has a control character in it");
  return ZARRC_OK;
}

zarrc_status zarrc_http_url_open(zarrc_ctx *ctx, const char *url, zarrc_http_url *out, zarrc_error *error) {
  size_t nbytes, nscheme = strcspn(url, ":") + 3;
  zarrc_status status = check(url, error);
  if (status) return status;
  if (strncmp(url + nscheme - 3, "://", 3) != 0)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "after \"%.*s:\" has to follow \"//\" and a server",
                      (int)nscheme - 3, url);
  const char *host = url + nscheme, *path = host + strcspn(host, "/?#"), *at = path;
  while (at > host && at[-1] != '@') at--;
  size_t nuser = at > host ? (size_t)(at - 1 - host) : 0, npath = strcspn(path, "?#");
  const char *query = path + npath;
  size_t nquery = *query == '?' ? strcspn(query, "#") : 0;
  if (at == path || *at == ':') return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the URL names no server");
  if (!zarrc_mul_size(strlen(url), 3, &nbytes) || !zarrc_add_size(nbytes, 8, &nbytes))
    return zarrc_fail(error, ZARRC_LIMIT, "the URL is too long");
  char *p = zarrc_malloc(ctx, nbytes);
  if (!p) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a URL");
  *out = (zarrc_http_url){.root = p};
  for (size_t i = 0; i < nscheme; i++) *p++ = (char)(url[i] | (url[i] >= 'A' && url[i] <= 'Z' ? 0x20 : 0));
  p = zarrc_http_text_encode(at, (size_t)(path - at), p);
  p = zarrc_http_text_encode(path, path_length(path, npath), p) + 1;
  out->query = p;
  p = zarrc_http_text_encode(query, nquery > 1 ? nquery : 0, p) + 1;
  if (at == host) return ZARRC_OK;
  size_t nname = 0;
  while (nname < nuser && host[nname] != ':') nname++;
  out->user = p;
  p = put_decoded(p, host, nname);
  out->password = p;
  put_decoded(p, host + nname + (nname < nuser), nuser - nname - (nname < nuser));
  return ZARRC_OK;
}

void zarrc_http_url_close(zarrc_ctx *ctx, zarrc_http_url *url) {
  zarrc_free(ctx, url->root);
  *url = (zarrc_http_url){0};
}

/* Returns where the first URL of http, https or s3 begins in a text, also within a chain such as zip::https://...;
 * NULL.
 */
static const char *find_remote(const char *text) {
  for (; *text; text++)
    if ((zarrc_http_url_is(text) && strstr(text, "://")) || !strncasecmp(text, "s3://", 5)) return text;
  return NULL;
}

const char *zarrc_url_shown(const char *url, char *out, size_t size) {
  const char *remote = find_remote(url);
  if (!remote) {
    snprintf(out, size, "%s", url);
    return out;
  }
  const char *ends = zarrc_http_url_is(remote) ? "?#" : ""; /* a key of S3 may have both */
  const char *host = strstr(remote, "://") + 3, *path = host + strcspn(host, *ends ? "/?#" : "/"), *at = path;
  while (at > host && at[-1] != '@') at--;
  snprintf(out, size, "%.*s%.*s", (int)(host - url), url, (int)strcspn(at, ends), at);
  return out;
}
