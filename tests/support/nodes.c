/* SPDX-License-Identifier: MIT */
#include "support/nodes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(zarrc_status status, const char *what, const zarrc_error *error) {
  if (status == ZARRC_OK) return;
  fprintf(stderr, "%s: %s\n", what, error->message);
  abort();
}

typedef struct member {
  const char *name, *json;
} member;

char *nodes_document(const char *name, ...) {
  member list[32] = {
      {"zarr_format", "3"},
      {"node_type", "\"array\""},
      {"shape", "[4, 6]"},
      {"data_type", "\"int32\""},
      {"chunk_grid", "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [2, 3]}}"},
      {"chunk_key_encoding", "{\"name\": \"default\", \"configuration\": {\"separator\": \"/\"}}"},
      {"fill_value", "0"},
      {"codecs", "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]"},
      {"attributes", "{}"},
  };
  size_t n = 9, nbytes = 3;
  va_list ap;
  va_start(ap, name);
  for (; name; name = va_arg(ap, const char *)) {
    size_t i = 0;
    while (i < n && strcmp(list[i].name, name) != 0) i++;
    if (i == n && n++ == 32) abort();
    list[i] = (member){name, va_arg(ap, const char *)};
  }
  va_end(ap);
  for (size_t i = 0; i < n; i++)
    if (list[i].json) nbytes += strlen(list[i].name) + strlen(list[i].json) + 6;
  char *text = malloc(nbytes), *p = text;
  if (!text) abort();
  *p++ = '{';
  for (size_t i = 0; i < n; i++)
    if (list[i].json)
      p += snprintf(p, nbytes - (size_t)(p - text), "%s\"%s\": %s", p > text + 1 ? ", " : "", list[i].name,
                    list[i].json);
  *p++ = '}';
  *p = 0;
  return text;
}

void nodes_put(zarrc_store *store, const char *key, const char *text) {
  zarrc_error error = {0};
  must(zarrc_store_set(store, key, text, strlen(text), &error), key, &error);
}

char *nodes_get(zarrc_store *store, const char *key) {
  zarrc_error error = {0};
  zarrc_bytes bytes = {0};
  zarrc_status status = zarrc_store_get(store, key, UINT64_MAX, &bytes, &error);
  if (status == ZARRC_NOT_FOUND) return NULL;
  must(status, key, &error);
  char *text = malloc(bytes.len + 1);
  if (!text) abort();
  if (bytes.len) memcpy(text, bytes.ptr, bytes.len);
  text[bytes.len] = 0;
  zarrc_bytes_release(&bytes);
  return text;
}

typedef struct keys {
  char **items;
  size_t n, nbytes;
} keys;

static zarrc_status take_key(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  keys *k = arg;
  (void)error;
  if (entry->is_prefix) return ZARRC_OK;
  k->items = realloc(k->items, (k->n + 1) * sizeof *k->items);
  if (!k->items || !(k->items[k->n] = strdup(entry->key))) abort();
  k->nbytes += strlen(k->items[k->n++]) + 1;
  return ZARRC_OK;
}

static int compare(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

char *nodes_keys(zarrc_store *store) {
  zarrc_error error = {0};
  keys k = {0};
  must(zarrc_store_list(store, "", true, false, take_key, &k, &error), "list", &error);
  char *text = malloc(k.nbytes + 1), *p = text;
  if (!text) abort();
  if (k.n) qsort(k.items, k.n, sizeof *k.items, compare);
  for (size_t i = 0; i < k.n; i++) {
    size_t n = strlen(k.items[i]);
    memcpy(p, k.items[i], n);
    p[n] = ' ';
    p += n + 1;
    free(k.items[i]);
  }
  *p = 0;
  free(k.items);
  return text;
}

zarrc_array *nodes_open_directory(zarrc_ctx *ctx, const char *path, zarrc_store **store) {
  zarrc_file_store_options options = {.read_only = true};
  zarrc_error error = {0};
  zarrc_array *array = NULL;
  must(zarrc_file_store_open(ctx, path, &options, store, &error), path, &error);
  must(zarrc_array_open(*store, "", NULL, &array, &error), path, &error);
  return array;
}
