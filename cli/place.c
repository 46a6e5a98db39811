/* SPDX-License-Identifier: MIT */
/* Whether two URLs are the same place of the file system. */
#include "copy.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int hex(char ch) {
  static const char digits[] = "0123456789abcdef";
  const char *p = ch != 0 ? strchr(digits, ch | 0x20) : NULL;
  return p != NULL ? (int)(p - digits) : -1;
}

/* The path of a path or file URL, allocated; NULL: another kind of URL. */
static zarrc_status local_path(const char *url, char **out, zarrc_error *error) {
  *out = NULL;
  if (strncasecmp(url, "memory:", 7) == 0) return ZARRC_OK;
  bool escaped = strncasecmp(url, "file://", 7) == 0;
  if (escaped)
    url = strchr(url + 7, '/') != NULL ? strchr(url + 7, '/') : "/";
  else if (strncasecmp(url, "file:", 5) == 0)
    url += 5;
  char *path = *out = strdup(url);
  if (path == NULL) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  if (!escaped) return ZARRC_OK;
  for (const char *in = path; *in != 0; in++) {
    bool coded = in[0] == '%' && hex(in[1]) >= 0 && hex(in[2]) >= 0;
    *path++ = coded ? (char)(hex(in[1]) * 16 + hex(in[2])) : *in;
    if (coded) in += 2;
  }
  *path = 0;
  return ZARRC_OK;
}

/* The absolute path without links of as much as exists, and behind it the rest as it is written; NULL: nothing of it
 * can be told. */
static zarrc_status resolve(char *path, char **out, zarrc_error *error) {
  size_t n = strlen(path);
  char *real = NULL;
  while (n > 1 && path[n - 1] == '/') path[--n] = 0;
  size_t cut = n;
  for (;;) {
    char kept = path[cut];
    path[cut] = 0;
    errno = ENOMEM;
    real = realpath(cut > 0 ? path : path[0] == 0 && kept == '/' ? "/" : ".", NULL);
    path[cut] = kept;
    if (real == NULL && errno == ENOMEM) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
    if (real != NULL || cut == 0) break;
    while (cut > 0 && path[cut - 1] != '/') cut--;
    while (cut > 0 && path[cut - 1] == '/') cut--;
  }
  if (real == NULL) return ZARRC_OK;
  const char *rest = path + cut + strspn(path + cut, "/");
  size_t size = strlen(real) + strlen(rest) + 2;
  *out = malloc(size);
  if (*out != NULL) {
    snprintf(*out, size, "%s%s%s", real, rest[0] != 0 && strcmp(real, "/") != 0 ? "/" : "", rest);
    size_t len = strlen(*out), m = strlen("/zarr.json"); /* a node may be named by its document */
    if (len > m && strcmp(*out + len - m, "/zarr.json") == 0) (*out)[len - m] = 0;
  }
  free(real);
  return *out != NULL ? ZARRC_OK : zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
}

static zarrc_status place_of(const char *url, char **out, zarrc_error *error) {
  char *path;
  *out = NULL;
  zarrc_status status = local_path(url, &path, error);
  if (status == ZARRC_OK && path != NULL) status = resolve(path, out, error);
  free(path);
  return status;
}

static bool is_in(const char *path, const char *folder) {
  size_t n = strlen(folder);
  return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == 0 || strcmp(folder, "/") == 0);
}

zarrc_status cli_place_check(const char *source, const char *copy, zarrc_error *error) {
  char *x = NULL, *y = NULL;
  zarrc_status status = place_of(source, &x, error);
  if (status == ZARRC_OK) status = place_of(copy, &y, error);
  if (status != ZARRC_OK || x == NULL || y == NULL) goto done;
  if (strcmp(x, y) == 0)
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "cannot be copied onto itself");
  else if (is_in(y, x))
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "cannot be copied into itself");
  else if (is_in(x, y))
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "lies in the destination %.300s", copy);
done:
  free(x);
  free(y);
  return status;
}
