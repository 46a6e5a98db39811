/* SPDX-License-Identifier: MIT */
/* What the URLs of a copy say: whether it goes onto or into itself, and where it would lie inside a group. */
#include <zarrc/tools.h>

#include "base/text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* Stores the path of a path or file URL in `path`, which has room for the URL. Returns false for other URLs. */
static bool local_path(const char *url, char *path) {
  if (!strncasecmp(url, "memory:", 7)) return false;
  bool escaped = !strncasecmp(url, "file://", 7);
  if (escaped)
    url = strchr(url + 7, '/') ? strchr(url + 7, '/') : "/";
  else if (!strncasecmp(url, "file:", 5))
    url += 5;
  for (; *url; url++) {
    int high = escaped && url[0] == '%' ? zarrc_hex_digit(url[1]) : -1;
    int low = high >= 0 ? zarrc_hex_digit(url[2]) : -1;
    *path++ = low >= 0 ? (char)(high * 16 + low) : *url;
    if (low >= 0) url += 2;
  }
  *path = 0;
  return true;
}

/* Resolves symbolic links of the part of a path that exists, and appends the rest unchanged. `out` has room for
 * PATH_MAX bytes and the path. *known false: nothing could be resolved. */
static zarrc_status resolve(char *path, char *out, size_t size, bool *known, zarrc_error *error) {
  char real[PATH_MAX];
  size_t n = strlen(path);
  while (n > 1 && path[n - 1] == '/') path[--n] = 0;
  size_t cut = n;
  for (;;) {
    char kept = path[cut];
    path[cut] = 0;
    errno = 0;
    *known = realpath(cut > 0 ? path : path[0] == 0 && kept == '/' ? "/" : ".", real) != NULL;
    path[cut] = kept;
    if (!*known && errno == ENOMEM) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a path");
    if (*known || cut == 0) break;
    while (cut > 0 && path[cut - 1] != '/') cut--;
    while (cut > 0 && path[cut - 1] == '/') cut--;
  }
  if (!*known) return ZARRC_OK;
  const char *rest = path + cut + strspn(path + cut, "/");
  snprintf(out, size, "%s%s%s", real, rest[0] && strcmp(real, "/") ? "/" : "", rest);
  size_t len = strlen(out), m = strlen("/zarr.json"); /* a URL may name the document of a node */
  if (len > m && !strcmp(out + len - m, "/zarr.json")) out[len - m] = 0;
  return ZARRC_OK;
}

/* Returns how many levels a path lies below `folder`; -1: it is not below it. Directories are compared by device and
 * inode, so that mounts are recognized. Components that do not exist count as levels. */
static int depth_in(const char *path, const char *folder) {
  char above[2 * PATH_MAX];
  struct stat a, b;
  size_t n = strlen(path);
  if (n >= sizeof above || stat(folder, &a)) return -1;
  memcpy(above, path, n + 1);
  for (int depth = 0;; depth++) {
    if (!stat(n > 0 ? above : "/", &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino) return depth;
    if (n == 0) return -1;
    while (n > 0 && above[n - 1] != '/') n--;
    while (n > 0 && above[n - 1] == '/') n--;
    above[n] = 0;
  }
}

static bool is_in(const char *path, const char *folder) {
  size_t n = strlen(folder);
  return !strncmp(path, folder, n) && (path[n] == '/' || path[n] == 0 || !strcmp(folder, "/"));
}

/* Returns the resolved path of a URL, which the caller frees with zarrc_free. *path NULL: it is not a local path. */
static zarrc_status path_of(zarrc_ctx *ctx, const char *url, char **path, zarrc_error *error) {
  size_t n = strlen(url) + 1, size = n + PATH_MAX + 1;
  char *local = zarrc_malloc(ctx, n), *out = zarrc_malloc(ctx, size);
  zarrc_status status = ZARRC_OK;
  if (!local || !out) status = zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a path");
  bool found = false;
  if (!status && local_path(url, local)) status = resolve(local, out, size, &found, error);
  *path = found ? out : NULL;
  if (!found) zarrc_free(ctx, out);
  zarrc_free(ctx, local);
  return status;
}

zarrc_status zarrc_copy_check_urls(zarrc_ctx *ctx, const char *source, const char *target, zarrc_error *error) {
  char *from = NULL, *to = NULL;
  zarrc_status status = path_of(ctx, source, &from, error);
  if (!status) status = path_of(ctx, target, &to, error);
  if (!status && from && to) {
    int into = depth_in(to, from);
    if (!strcmp(from, to) || into == 0)
      status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "cannot be copied onto itself");
    else if (is_in(to, from) || into > 0)
      status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "cannot be copied into itself");
    else if (is_in(from, to) || depth_in(from, to) > 0)
      status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "lies in the destination %.300s", target);
  }
  zarrc_free(ctx, from);
  zarrc_free(ctx, to);
  return status;
}

/* Returns the last name of a URL, without ".zarr". */
static size_t last_name(const char *url, const char **name) {
  size_t n = strlen(url);
  while (n > 0 && url[n - 1] == '/') n--;
  size_t start = n;
  while (start > 0 && url[start - 1] != '/' && url[start - 1] != ':') start--;
  *name = url + start;
  n -= start;
  return n > 5 && !strncasecmp(*name + n - 5, ".zarr", 5) ? n - 5 : n;
}

void zarrc_copy_url_inside(const char *source, const char *group, char *out, size_t size) {
  const char *name;
  size_t n = last_name(source, &name), m = strlen(group);
  while (m > 0 && group[m - 1] == '/') m--;
  snprintf(out, size, "%.*s/%.*s", (int)(m < INT_MAX ? m : INT_MAX), group, (int)(n < INT_MAX ? n : INT_MAX), name);
}
