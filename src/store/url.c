/* SPDX-License-Identifier: MIT */
/* From a URL to a store and the path of a node in it. */
#include "store/cache.h"
#include "store/common.h"
#include "store/http_url.h"
#include "store/references.h"
#include "store/s3.h"
#include "store/zip.h"

#include "base/documents.h"
#include "base/sized.h"
#include "base/text.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zarrc/plugin/store.h>

typedef struct opening {
  zarrc_ctx *ctx;
  const char *url;
  bool is_zip; /* the URL says that it is a zip archive, whatever its name */
  zarrc_open_options options;
  zarrc_store *store;
  char *path;
  zarrc_error *error;
} opening;

static bool has_scheme(const char *url, const char *scheme) {
  return !strncasecmp(url, scheme, strlen(scheme));
}

static bool ends_with(const char *name, size_t n, const char *end) {
  size_t m = strlen(end);
  return n >= m && !strncasecmp(name + n - m, end, m);
}

static zarrc_status no_memory(opening *o) {
  return zarrc_fail(o->error, ZARRC_NO_MEMORY, "no memory to open it");
}

static zarrc_status copy_path(opening *o, const char *path, char **out) {
  return zarrc_text_copy(o->ctx, path, strlen(path), out, o->error);
}

/* Writes the components of a path separated by single slashes, without "." and empty ones. Returns the end. */
static char *put_components(char *out, const char *path) {
  for (const char *separator = ""; *path; path += strspn(path, "/")) {
    size_t n = strcspn(path, "/");
    if (n > 0 && (n != 1 || *path != '.')) {
      if (*separator) *out++ = '/';
      memmove(out, path, n); /* out and path may overlap */
      out += n;
      separator = "/";
    }
    path += n;
  }
  *out = '\0';
  return out;
}

/* --------------------------------------------------------------------------------------------------- the file: */

static int hex_value(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

/* Decodes %XX in place. */
static zarrc_status decode_percent(opening *o, char *text) {
  char *out = text;
  for (const char *in = text; *in; in++) {
    if (*in != '%') {
      *out++ = *in;
      continue;
    }
    int high = hex_value(in[1]), low = high < 0 ? -1 : hex_value(in[2]);
    if (low < 0 || high + low == 0)
      return zarrc_fail(o->error, ZARRC_INVALID_ARGUMENT, "%%%.2s is no escaped character of a path", in + 1);
    *out++ = (char)(high * 16 + low);
    in += 2;
  }
  *out = '\0';
  return ZARRC_OK;
}

/* Gets the path that a file URL or a plain path means. text has room for the URL. */
static zarrc_status get_file_path(opening *o, char *text) {
  const char *path = o->url;
  bool is_escaped = has_scheme(path, "file://");
  if (is_escaped) {
    path += strlen("file://");
    size_t host = strcspn(path, "/");
    if (host > 0 && (host != strlen("localhost") || !has_scheme(path, "localhost")))
      return zarrc_fail(o->error, ZARRC_INVALID_ARGUMENT, "\"%.*s\" is not this machine; write file:///path",
                        (int)(host < 100 ? host : 100), path);
    path += host;
  } else if (has_scheme(path, "file:")) {
    path += strlen("file:");
  }
  if (!*path) return zarrc_fail(o->error, ZARRC_INVALID_ARGUMENT, "no path");
  memcpy(text, path, strlen(path) + 1);
  return is_escaped ? decode_percent(o, text) : ZARRC_OK;
}

/* ---------------------------------------------------------------------------------------------- finding the root */

/* A path, absolute if that can be determined. */
typedef struct location {
  char *path;
  size_t user; /* offset of what the user has written */
} location;

/* Locates a node; a path to its zarr.json means the node. */
static zarrc_status locate(opening *o, const char *text, location *where) {
  static const char metadata[] = ZARRC_ZARR_JSON;
  const size_t m = sizeof metadata - 1;
  char cwd[PATH_MAX];
  bool is_absolute = *text == '/', has_cwd = !is_absolute && getcwd(cwd, sizeof cwd) && *cwd == '/';
  size_t n = has_cwd ? strlen(cwd) : 0;
  char *path = zarrc_malloc(o->ctx, n + strlen(text) + 3);
  if (!path) return no_memory(o);
  where->path = path;
  memcpy(path, cwd, n);
  if (is_absolute || n > 1) path[n++] = '/';
  size_t end = (size_t)(put_components(path + n, text) - path);
  if (end >= n + m && !memcmp(path + end - m, metadata, m) && (end - m == n || path[end - m - 1] == '/')) end -= m;
  while (end > 1 && path[end - 1] == '/') end--;
  if (end == 0) path[end++] = '.';
  path[end] = '\0';
  where->user = !has_cwd ? 0 : n < end ? n : end;
  return ZARRC_OK;
}

/* Returns the end of the component that begins at or after `at`; 0: there is none. */
static size_t next_component(const char *path, size_t at, size_t *start) {
  *start = at + strspn(path + at, "/");
  size_t n = strcspn(path + *start, "/");
  return n ? *start + n : 0;
}

static int stat_until(char *path, size_t end, bool follow, struct stat *st) {
  char kept = path[end];
  path[end] = '\0';
  int failed = follow ? stat(path, st) : lstat(path, st);
  path[end] = kept;
  return failed;
}

/* What a directory above a node may be. */
enum { IS_ABSENT, IS_NO_NODE, IS_NODE };

/* Finds out whether a directory is a node, also of format 2: nodes created below one belong to its hierarchy. */
static int look_above(char *path, size_t end) {
  struct stat st;
  char kept = path[end];
  path[end] = '\0';
  int dir = open(path, O_PATH | O_CLOEXEC);
  path[end] = kept;
  if (dir < 0) return stat_until(path, end, true, &st) ? IS_ABSENT : IS_NO_NODE;
  bool found = false;
  for (size_t i = 0; i < ZARRC_NNODE_NAMES && !found; i++)
    found = !fstatat(dir, zarrc_node_names[i], &st, 0) && S_ISREG(st.st_mode);
  close(dir);
  return found ? IS_NODE : IS_NO_NODE;
}

static bool makes(const opening *o) {
  return o->options.create && !o->options.read_only;
}

/* Returns ZARRC_UNSUPPORTED if it would be necessary to change an archive, whose path ends at `end`. */
static zarrc_status check_archive(const opening *o, const location *where, size_t end) {
  if (!makes(o)) return ZARRC_OK;
  if (!o->options.by_stage)
    return zarrc_fail(o->error, ZARRC_UNSUPPORTED, "a zip archive can only be written as a whole, by a copy");
  if (where->path[end])
    return zarrc_fail(o->error, ZARRC_UNSUPPORTED, "only a whole zip archive can be written, not a part of one");
  return ZARRC_OK;
}

/* Finds a zip archive among the components that the user has written. *end 0: there is none. */
static zarrc_status find_archive(opening *o, location *where, size_t *end) {
  struct stat st;
  size_t start;
  for (*end = where->user; (*end = next_component(where->path, *end, &start)) != 0;) {
    const char *name = where->path + start;
    size_t n = *end - start;
    if (!o->is_zip && !ends_with(name, n, ".zip") && !ends_with(name, n, ".ozx")) continue;
    bool exists = !stat_until(where->path, *end, true, &st);
    if (exists ? S_ISREG(st.st_mode) : makes(o) && !(o->is_zip && where->path[*end]))
      return check_archive(o, where, *end);
  }
  return o->is_zip ? zarrc_fail(o->error, ZARRC_NOT_FOUND, "there is no such zip archive") : ZARRC_OK;
}

/* Opens the archive at a path, which has the name `name` in errors. */
static zarrc_status open_archive_at(opening *o, char *path, const char *name) {
  zarrc_file_store_options options = {.struct_size = sizeof options,
                                      .read_only = !makes(o),
                                      .create = makes(o),
                                      .sync = o->options.sync,
                                      .follow_links = true,
                                      .direct = o->options.direct};
  zarrc_store *folder;
  char *slash = strrchr(path, '/'), *cut = slash == path ? path + 1 : slash; /* the slash of "/" stays */
  zarrc_zip_opening how = {.name = name, .owns = true, .replace = makes(o)};
  char *key;
  zarrc_status status = copy_path(o, slash ? slash + 1 : path, &key);
  if (status) return status;
  if (slash) *cut = '\0';
  status = zarrc_file_store_open(o->ctx, slash ? path : ".", &options, &folder, o->error);
  how.archives = folder;
  how.key = key;
  if (!status) status = zarrc_zip_open(&how, &o->store, o->error);
  zarrc_free(o->ctx, key);
  return status;
}

/* Opens the archive whose path ends at `end`. A symbolic link to an archive that may be replaced is followed first, so
 * that it stays. */
static zarrc_status open_archive(opening *o, location *where, size_t end) {
  char real[PATH_MAX], *path = NULL;
  struct stat st;
  zarrc_status status = copy_path(o, where->path + end + (where->path[end] == '/'), &o->path);
  if (!status && *o->path) status = zarrc_key_check(o->path, o->error);
  where->path[end] = '\0';
  bool follows = makes(o) && !lstat(where->path, &st) && S_ISLNK(st.st_mode) && realpath(where->path, real);
  if (!status) status = copy_path(o, follows ? real : where->path, &path);
  if (!status) status = open_archive_at(o, path, where->path + where->user);
  zarrc_free(o->ctx, path);
  return status;
}

/* Returns whether a component is ".." or a symbolic link, so that the root must not end before it. */
static bool leads_away(const opening *o, const location *where, size_t start, size_t end) {
  struct stat st;
  if (start < where->user) return false;
  if (end - start == 2 && !strncmp(where->path + start, "..", 2)) return true;
  return !o->options.follow_links && !stat_until(where->path, end, false, &st) && S_ISLNK(st.st_mode);
}

/* Returns the end of the first name ending with ".zarr" after which no component leads away; 0: there is none. */
static size_t find_name(const opening *o, const location *where) {
  size_t start, found = 0;
  for (size_t end = where->user; (end = next_component(where->path, end, &start)) != 0;) {
    if (found && leads_away(o, where, start, end)) found = 0;
    if (!found && ends_with(where->path + start, end - start, ".zarr")) found = end;
  }
  return found;
}

/* Returns whether a node is about to be created at the path. */
static bool is_new(const opening *o, const location *where) {
  return makes(o) && look_above(where->path, strlen(where->path)) != IS_NODE;
}

/* Returns the length of the root's path: up to a name ending with ".zarr", or else as far up as there are nodes.
 * Missing directories, which are about to be created, are skipped; above a new node, those that are no node as well. */
static size_t find_root(const opening *o, const location *where) {
  const char *path = where->path;
  size_t root = find_name(o, where);
  if (root) return root;
  bool skips = is_new(o, where);
  root = strlen(path);
  for (size_t at = root, end; at > 1;) {
    for (end = at; at > 0 && path[at - 1] != '/';) at--;
    if (leads_away(o, where, at, end)) return root;
    if (at > 1) at--; /* keeps the slash of "/" */
    int above = at > 0 ? look_above(where->path, at) : IS_NO_NODE;
    if (above == IS_NODE)
      root = at;
    else if (above == IS_NO_NODE && !skips)
      return root;
  }
  return root;
}

static zarrc_status open_file(opening *o) {
  location where = {0};
  char *text = zarrc_malloc(o->ctx, strlen(o->url) + 1), *path = NULL;
  zarrc_status status = text ? get_file_path(o, text) : no_memory(o);
  if (!status) status = locate(o, text, &where);
  size_t archive = 0;
  if (!status) status = find_archive(o, &where, &archive);
  if (!status && archive) status = open_archive(o, &where, archive);
  if (status || archive) goto done;
  size_t root = find_root(o, &where), inside = root + (where.path[root] == '/');
  status = copy_path(o, where.path + inside, &path);
  if (!status && *path) status = zarrc_key_check(path, o->error);
  if (status) goto done;
  where.path[root] = '\0';
  zarrc_file_store_options options = {.struct_size = sizeof options,
                                      .read_only = o->options.read_only,
                                      .create = o->options.create,
                                      .sync = o->options.sync,
                                      .follow_links = o->options.follow_links,
                                      .direct = o->options.direct};
  status = zarrc_file_store_open(o->ctx, root > where.user ? where.path + where.user : where.path, &options, &o->store,
                                 o->error);
  if (status) goto done;
  o->path = path;
  path = NULL;
done:
  zarrc_free(o->ctx, text);
  zarrc_free(o->ctx, path);
  zarrc_free(o->ctx, where.path);
  return status;
}

/* -------------------------------------------------------------------------------------------------- other stores */

static zarrc_status open_memory(opening *o) {
  zarrc_status status = copy_path(o, o->url + strlen("memory:"), &o->path);
  if (!status) put_components(o->path, o->path);
  if (!status && *o->path) status = zarrc_key_check(o->path, o->error);
  if (!status) status = zarrc_memory_store_open(o->ctx, &o->store, o->error);
  if (!status) o->store->url = "memory:";
  return status;
}

/* Puts a cache in front of a store over a network, if that is asked for. Closes the store after a failure. name: the
 * URL of the store, with everything that tells it from others. */
static zarrc_status put_cache(opening *o, const char *name, zarrc_store **store) {
  zarrc_cache_options cache = {0};
  if (!o->options.cache) return ZARRC_OK;
  zarrc_status status = zarrc_sized_take(&cache, sizeof cache, o->options.cache, "the cache's options", o->error);
  cache.struct_size = sizeof cache;
  if (!cache.name) cache.name = name;
  if (!status) return zarrc_cache_open(*store, true, &cache, store, o->error);
  zarrc_store_close(*store);
  return status;
}

/* Finds the archive in the path of a URL, whose user, query and fragment are left aside: the first name that ends as
 * archives do, or, if the URL says that it is one, the last name. *start 0: there is none. */
static void find_remote_archive(const opening *o, size_t *start, size_t *end) {
  const char *host = strstr(o->url, "://");
  size_t first, at = host ? (size_t)(host + 3 - o->url) : 0;
  size_t length = host ? at + strcspn(o->url + at, "?#") : 0;
  *start = *end = 0;
  for (at += host ? strcspn(o->url + at, "/?#") : 0; at < length; at += strcspn(o->url + at, "/?#")) {
    first = at += strspn(o->url + at, "/");
    size_t n = strcspn(o->url + first, "/?#");
    bool is_named = ends_with(o->url + first, n, ".zip") || ends_with(o->url + first, n, ".ozx");
    if (n == 0 || (!is_named && !o->is_zip)) continue;
    *start = first;
    *end = first + n;
    if (is_named) return;
  }
}

/* Opens the archive that stands from start to end in a URL. */
static zarrc_status open_remote_archive(opening *o, size_t start, size_t end) {
  size_t n = strlen(o->url), left = strcspn(o->url + end, "?#");
  char *folder = zarrc_malloc(o->ctx, n + 1), *key = zarrc_malloc(o->ctx, n + 1);
  char *shown = zarrc_malloc(o->ctx, n + 1);
  zarrc_zip_opening how = {.key = key, .owns = true};
  zarrc_status status = folder && key && shown ? copy_path(o, o->url + end, &o->path) : no_memory(o);
  if (status) goto done;
  o->path[left] = '\0';
  memcpy(key, o->url + start, end - start);
  key[end - start] = '\0';
  memcpy(folder, o->url, start);
  memcpy(folder + start, o->url + end + left, n - end - left + 1); /* the query */
  status = decode_percent(o, key);
  if (!status) status = decode_percent(o, o->path);
  if (!status) put_components(o->path, o->path);
  if (!status && *o->path) status = zarrc_key_check(o->path, o->error);
  if (!status) status = zarrc_http_store_open(o->ctx, folder, o->options.http, &how.archives, o->error);
  if (!status) status = put_cache(o, folder, &how.archives);
  if (status) goto done;
  memcpy(folder, o->url, end);
  folder[end] = '\0';
  how.name = zarrc_url_shown(folder, shown, n + 1);
  status = zarrc_zip_open(&how, &o->store, o->error);
done:
  zarrc_free(o->ctx, shown);
  zarrc_free(o->ctx, key);
  zarrc_free(o->ctx, folder);
  return status;
}

/* Opens what is at a URL of http or https. */
static zarrc_status open_http(opening *o) {
  size_t start, end;
  if (o->options.create && !o->options.read_only)
    return zarrc_fail(o->error, ZARRC_UNSUPPORTED, "over HTTP stores can only be read");
  find_remote_archive(o, &start, &end);
  if (start) return open_remote_archive(o, start, end);
  zarrc_status status = copy_path(o, "", &o->path);
  if (!status) status = zarrc_http_store_open(o->ctx, o->url, o->options.http, &o->store, o->error);
  return status ? status : put_cache(o, o->url, &o->store);
}

/* Divides the path of an s3 URL, "bucket/a/b.zarr/c", into the root of the store and the node: up to a name ending with
 * ".zarr", or all of it. Returns where the node begins, at its NUL if it is the root. */
static char *divide_key(char *path) {
  char *name = path;
  for (;;) {
    char *end = name + strcspn(name, "/");
    if (!*end) return end;
    if (name > path && ends_with(name, (size_t)(end - name), ".zarr")) {
      *end = '\0';
      return end + 1;
    }
    name = end + 1;
  }
}

/* The URL does not have the server, which tells a bucket from others of that name. */
static zarrc_status put_s3_cache(opening *o, zarrc_store **store) {
  zarrc_buf name = zarrc_buf_new(o->ctx, SIZE_MAX);
  zarrc_status status = zarrc_s3_name(*store, &name, o->error);
  if (!status) status = zarrc_buf_append(&name, "", 1, o->error);
  if (!status)
    status = put_cache(o, (const char *)name.ptr, store);
  else
    zarrc_store_close(*store);
  zarrc_buf_clear(&name);
  return status;
}

/* Opens the store of "bucket/prefix", which is divided. */
static zarrc_status open_bucket(opening *o, char *path, bool read_only, zarrc_store **out) {
  char *key = path + strcspn(path, "/");
  if (*key) *key++ = '\0';
  zarrc_status status =
      zarrc_s3_store_open(o->ctx, path, key, read_only, o->options.s3, o->options.http, out, o->error);
  return status || !o->options.cache ? status : put_s3_cache(o, out);
}

/* Finds the archive in "bucket/a/b.zip/c": the first name that ends as archives do, or, if the URL says that it is one,
 * the last name. Returns NULL if there is none. *end: where it ends. */
static char *find_s3_archive(const opening *o, char *path, char **end) {
  char *found = NULL;
  for (char *name = strchr(path, '/'); name; name = **end ? *end : NULL) {
    name++;
    char *until = name + strcspn(name, "/");
    size_t n = (size_t)(until - name);
    bool is_named = ends_with(name, n, ".zip") || ends_with(name, n, ".ozx");
    *end = until;
    if (is_named) return name;
    if (o->is_zip) found = name;
  }
  return found;
}

/* Opens the archive whose name stands in "bucket/folder/name/node" and ends at `end`. */
static zarrc_status open_s3_archive(opening *o, char *path, char *name, char *end) {
  zarrc_zip_opening how = {.owns = true};
  char *key;
  if (makes(o)) return zarrc_fail(o->error, ZARRC_UNSUPPORTED, "zip archives on S3 can only be read");
  zarrc_status status = copy_path(o, *end ? end + 1 : end, &o->path);
  if (!status && *o->path) status = zarrc_key_check(o->path, o->error);
  *end = name[-1] = '\0';
  if (!status) status = copy_path(o, name, &key);
  if (status) return status;
  how.key = key;
  status = open_bucket(o, path, true, &how.archives);
  if (!status) status = zarrc_zip_open(&how, &o->store, o->error);
  zarrc_free(o->ctx, key);
  return status;
}

/* Opens s3://bucket/prefix. The key is taken as it is written. */
static zarrc_status open_s3(opening *o) {
  static const char document[] = "/zarr.json";
  const char *url = o->url + strlen("s3:");
  if (strncmp(url, "//", 2) != 0 || strcspn(url + 2, "/@") == 0 || url[2 + strcspn(url + 2, "/@")] == '@')
    return zarrc_fail(o->error, ZARRC_INVALID_ARGUMENT, "a URL of S3 is s3://bucket/path, without credentials");
  char *path;
  zarrc_status status = copy_path(o, url + 2, &path);
  if (status) return status;
  size_t n = (size_t)(put_components(path, path) - path), m = sizeof document - 1;
  if (n > m && !strcmp(path + n - m, document)) path[n - m] = '\0';
  char *end, *archive = find_s3_archive(o, path, &end);
  if (archive) {
    status = open_s3_archive(o, path, archive, end);
  } else {
    status = copy_path(o, divide_key(path), &o->path);
    if (!status && *o->path) status = zarrc_key_check(o->path, o->error);
    if (!status) status = open_bucket(o, path, o->options.read_only, &o->store);
  }
  zarrc_free(o->ctx, path);
  return status;
}

static bool is_remote(const char *url) {
  size_t n = strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
  return n > 0 && !strncmp(url + n, "://", 3);
}

static zarrc_status open_url(opening *o);

/* Opens zip:PATH/NODE, or zip::URL, or zip://NODE::URL. */
static zarrc_status open_zip(opening *o) {
  const char *url = o->url + strlen("zip:"), *node = url, *end = NULL;
  if (*url == ':')
    end = url;
  else if (!strncmp(url, "//", 2))
    end = strstr(node = url + 2, "::");
  o->is_zip = true;
  o->url = url;
  if (!end) return open_url(o);
  const char *archive = end + (*url == ':' ? 1 : 2);
  size_t nnode = (size_t)(end - node), n = strlen(archive);
  size_t npath = zarrc_http_url_is(archive) ? strcspn(archive, "?#") : n;
  if (n == 0) return zarrc_fail(o->error, ZARRC_INVALID_ARGUMENT, "no path");
  char *whole = zarrc_malloc(o->ctx, n + nnode + 2);
  if (!whole) return no_memory(o);
  memcpy(whole, archive, npath);
  whole[npath] = '/';
  memcpy(whole + npath + 1, node, nnode);
  memcpy(whole + npath + 1 + nnode, archive + npath, n - npath + 1);
  o->url = whole;
  zarrc_status status = open_url(o);
  zarrc_free(o->ctx, whole);
  return status;
}

static zarrc_status open_references(opening *o) {
  const char *url = o->url + strlen("references:");
  zarrc_status status =
      zarrc_references_open_url(o->ctx, url, &o->options, zarrc_store_open, &o->store, &o->path, o->error);
  return status || !zarrc_store_fetches(o->store) ? status : put_cache(o, o->url, &o->store);
}

static zarrc_status open_url(opening *o) {
  const char *url = o->url;
  if (has_scheme(url, "s3:")) return open_s3(o);
  if (zarrc_http_url_is(url)) return open_http(o);
  if (has_scheme(url, "zip:")) return open_zip(o);
  if (has_scheme(url, "memory:")) return open_memory(o);
  if (has_scheme(url, "references:")) return open_references(o);
  if (is_remote(url) && !has_scheme(url, "file:"))
    return zarrc_fail(o->error, ZARRC_UNSUPPORTED, "no store is known for \"%.*s\"", (int)strcspn(url, ":") + 1, url);
  return open_file(o);
}

zarrc_status zarrc_store_open(zarrc_ctx *ctx, const char *url, const zarrc_open_options *options, zarrc_store **out,
                              char **path, zarrc_error *error) {
  opening o = {.ctx = ctx, .url = url, .error = error};
  zarrc_status status =
      options ? zarrc_sized_take(&o.options, sizeof o.options, options, "the store's options", error) : ZARRC_OK;
  if (status) return status;
  if (!url || !*url) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no URL");
  status = open_url(&o);
  if (status) {
    if (error && *error->key && !*error->store) *error->key = '\0'; /* the error is about the URL, not about a key */
    char shown[sizeof error->store + 1];                            /* a longer one is shown by none */
    zarrc_error_in_key(error, &(zarrc_store){.url = zarrc_url_shown(url, shown, sizeof shown)}, "");
    zarrc_free(ctx, o.path);
    return status;
  }
  *out = o.store;
  *path = o.path;
  return ZARRC_OK;
}
