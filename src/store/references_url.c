/* SPDX-License-Identifier: MIT */
/* Finds the document of references that a URL means, and the node in it. */
#include "store/http_url.h"
#include "store/references.h"

#include "base/text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_NBYTES ((uint64_t)1 << 30)

/* A URL in parts, all but `url` with memory of their own. */
typedef struct place {
  zarrc_ctx *ctx;
  const char *url;
  char *folder, *key, *node, *shown;
  char base[PATH_MAX];
  bool is_near; /* on this machine */
  zarrc_open_fn open;
} place;

static bool begins(const char *text, const char *with) {
  return !strncasecmp(text, with, strlen(with));
}

/* Returns whether a URL is a path of this machine, or file:. */
static bool is_file(const char *url) {
  static const char *const others[] = {"s3:", "zip:", "memory:", "references:"};
  size_t n = strcspn(url, ":/");
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (begins(url, others[i])) return false;
  return begins(url, "file:") || n == 0 || strncmp(url + n, "://", 3) != 0;
}

static bool is_json(const char *name, size_t n) {
  return n > 5 && !strncasecmp(name + n - 5, ".json", 5);
}

/* Finds the name of the document, between the server and the query. */
static void find_name(const char *url, size_t *start, size_t *end, size_t *path_end) {
  const char *host = strstr(url, "://");
  size_t at = host ? (size_t)(host + 3 - url) : 0;
  if (host) at += strcspn(url + at, "/?#");
  size_t n = zarrc_http_url_is(url) ? at + strcspn(url + at, "?#") : strlen(url);
  *path_end = n;
  *start = *end = at;
  while (at < n) {
    size_t first = at + strspn(url + at, "/"), length = strcspn(url + first, "/");
    if (first >= n) break;
    if (first + length > n) length = n - first;
    *start = first;
    *end = at = first + length;
    if (is_json(url + first, length)) break;
  }
}

static zarrc_status copy(place *p, const char *text, size_t n, char **out, zarrc_error *error) {
  return zarrc_text_copy(p->ctx, text, n, out, error);
}

/* Decodes %XX in place, if each is one. */
static zarrc_status decode(char *text, zarrc_error *error) {
  char *out = text;
  for (const char *in = text; *in; in++) {
    int high = *in == '%' ? zarrc_hex_digit(in[1]) : -1, low = high < 0 ? -1 : zarrc_hex_digit(in[2]);
    if (*in == '%' && (low < 0 || high + low == 0))
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%%%.2s is no escaped character of a path", in + 1);
    *out++ = low < 0 ? *in : (char)(high * 16 + low);
    in += low < 0 ? 0 : 2;
  }
  *out = '\0';
  return ZARRC_OK;
}

/* Removes slashes at both ends. */
static void trim(char *path) {
  size_t skip = strspn(path, "/"), n = strlen(path + skip);
  memmove(path, path + skip, n + 1);
  while (n > 0 && path[n - 1] == '/') path[--n] = '\0';
}

static zarrc_status divide(place *p, zarrc_error *error) {
  size_t start, end, path_end, n = strlen(p->url);
  bool is_escaped = zarrc_http_url_is(p->url) || begins(p->url, "file://");
  p->is_near = is_file(p->url);
  if (!p->is_near && !zarrc_http_url_is(p->url) && !begins(p->url, "s3:"))
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "documents of references are files, or read over http, https or s3");
  find_name(p->url, &start, &end, &path_end);
  if (start == end) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "references need the path of a document");
  zarrc_status status = copy(p, p->url + start, end - start, &p->key, error);
  if (!status) status = copy(p, p->url + end, path_end - end, &p->node, error);
  if (!status && is_escaped) status = decode(p->key, error);
  if (!status && is_escaped) status = decode(p->node, error);
  if (status) return status;
  trim(p->node);
  if (*p->node) status = zarrc_key_check(p->node, error);
  p->folder = status ? NULL : zarrc_malloc(p->ctx, n + 2);
  p->shown = status ? NULL : zarrc_malloc(p->ctx, n + 1);
  if (!status && (!p->folder || !p->shown)) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory to open it");
  if (status) return status;
  memcpy(p->folder, p->url, end);
  p->folder[end] = '\0';
  zarrc_url_shown(p->folder, p->shown, n + 1);
  p->folder[start] = '\0';
  if (start == 0) strcpy(p->folder, ".");
  return ZARRC_OK;
}

/* Finds out what relative URLs in the document are relative to. */
static zarrc_status find_base(place *p, zarrc_error *error) {
  if (!p->is_near) {
    if (strlen(p->folder) >= sizeof p->base) return zarrc_fail(error, ZARRC_LIMIT, "a URL that is too long");
    strcpy(p->base, p->folder);
    return ZARRC_OK;
  }
  const char *path = p->folder;
  char *decoded = NULL;
  if (begins(path, "file:")) path += strlen("file:");
  if (begins(path, "//")) path += 2 + strcspn(path + 2, "/");
  zarrc_status status = copy(p, *path ? path : ".", *path ? strlen(path) : 1, &decoded, error);
  if (!status && begins(p->folder, "file://")) status = decode(decoded, error);
  if (!status && !realpath(decoded, p->base)) status = zarrc_fail(error, ZARRC_NOT_FOUND, "there is no such folder");
  zarrc_free(p->ctx, decoded);
  return status;
}

/* Reads the document. */
static zarrc_status read_document(place *p, const zarrc_open_options *options, zarrc_bytes *text, zarrc_error *error) {
  zarrc_open_options given = {.struct_size = sizeof given, .read_only = true, .follow_links = true};
  zarrc_store *store;
  char *path, *key;
  size_t start, end, path_end;
  given.http = options->http;
  given.s3 = options->s3;
  find_name(p->url, &start, &end, &path_end);
  size_t nfolder = strlen(p->folder), nquery = strlen(p->url + path_end);
  char *url = zarrc_malloc(p->ctx, nfolder + nquery + 1);
  if (!url) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory to open it");
  memcpy(url, p->folder, nfolder);
  memcpy(url + nfolder, p->url + path_end, nquery + 1);
  zarrc_status status = p->open(p->ctx, url, &given, &store, &path, error);
  zarrc_free(p->ctx, url);
  if (status) return status;
  size_t n = strlen(path), nkey = strlen(p->key);
  key = zarrc_malloc(p->ctx, n + nkey + 2);
  if (!key) status = zarrc_fail(error, ZARRC_NO_MEMORY, "no memory to open it");
  if (!status) {
    memcpy(key, path, n);
    if (n > 0) key[n++] = '/';
    memcpy(key + n, p->key, nkey + 1);
    status = zarrc_store_get(store, key, MOST_NBYTES, text, error);
  }
  if (status == ZARRC_NOT_FOUND) zarrc_fail(error, status, "there is no such document of references");
  zarrc_free(p->ctx, key);
  zarrc_free(p->ctx, path);
  if (!status) { /* a loan may need its store */
    char *own;
    status = copy(p, (const char *)text->ptr, text->len, &own, error);
    size_t length = text->len;
    zarrc_bytes_release(text);
    if (!status) *text = (zarrc_bytes){.ptr = (const uint8_t *)own, .len = length};
  }
  zarrc_store_close(store);
  return status;
}

static zarrc_status open_place(place *p, const zarrc_open_options *options, zarrc_store **out, zarrc_error *error) {
  zarrc_bytes text = {0};
  zarrc_status status = divide(p, error);
  if (!status) status = find_base(p, error);
  if (!status) status = read_document(p, options, &text, error);
  const zarrc_references_opening how = {.text = (const char *)text.ptr,
                                        .nbytes = text.len,
                                        .name = p->shown,
                                        .base = p->base,
                                        .local_targets = p->is_near || options->local_targets,
                                        .http = options->http,
                                        .s3 = options->s3};
  if (!status) status = zarrc_references_open(p->ctx, &how, out, error);
  if (text.ptr) zarrc_free(p->ctx, (void *)text.ptr);
  return status;
}

zarrc_status zarrc_references_open_url(zarrc_ctx *ctx, const char *url, const zarrc_open_options *options,
                                       zarrc_open_fn open, zarrc_store **out, char **path, zarrc_error *error) {
  place p = {.ctx = ctx, .url = url, .open = open};
  size_t nnode = 0;
  const char *node = url;
  if (options->create && !options->read_only)
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "references can only be read");
  if (*url == ':') {
    p.url = url + 1;
  } else if (!strncmp(url, "//", 2)) {
    const char *end = strstr(url, "::");
    if (!end) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "write references:URL, or references://NODE::URL");
    node = url + 2;
    nnode = (size_t)(end - node);
    p.url = end + 2;
  }
  zarrc_status status = open_place(&p, options, out, error);
  if (!status && nnode > 0) {
    zarrc_free(ctx, p.node);
    p.node = NULL;
    status = copy(&p, node, nnode, &p.node, error);
    if (!status) trim(p.node);
    if (!status && *p.node) status = zarrc_key_check(p.node, error);
    if (status) zarrc_store_close(*out);
  }
  *path = status ? NULL : p.node;
  if (status) zarrc_free(ctx, p.node);
  char *const texts[] = {p.folder, p.key, p.shown};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) zarrc_free(ctx, texts[i]);
  return status;
}
