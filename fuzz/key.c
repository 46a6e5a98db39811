/* SPDX-License-Identifier: MIT */
/* Two bytes choose an encoding and a rank; the rest are keys, one a line. */
#include <zarrc/store.h>

#include "array/key.h"
#include "fuzz.h"

enum { MAX_KEYS = 12 };

typedef struct keys {
  const char *key[MAX_KEYS]; /* all different */
  int n, seen[MAX_KEYS];
  const char *prefix;
} keys;

static bool is_below(const char *key, const char *prefix) {
  size_t n = strlen(prefix);
  return !n || (!strncmp(key, prefix, n) && key[n] == '/');
}

static zarrc_status see_key(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  keys *k = arg;
  (void)error;
  must(!entry->is_prefix && is_below(entry->key, k->prefix));
  for (int i = 0; i < k->n; i++) {
    if (strcmp(k->key[i], entry->key) != 0) continue;
    must(!k->seen[i]++ && entry->nbytes == strlen(entry->key));
    return ZARRC_OK;
  }
  must(false);
  return ZARRC_OK;
}

/* Lists everything below the prefix, and compares with what should be there. */
static void check_list(zarrc_store *store, keys *k, const char *prefix, const char *erased) {
  memset(k->seen, 0, sizeof k->seen);
  k->prefix = prefix;
  must(!zarrc_store_list(store, prefix, true, true, see_key, k, NULL));
  for (int i = 0; i < k->n; i++)
    must(k->seen[i] == (is_below(k->key[i], prefix) && !(erased && is_below(k->key[i], erased))));
}

static zarrc_status see_child(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  keys *k = arg;
  size_t n = strlen(entry->key), above = strlen(k->prefix) ? strlen(k->prefix) + 1 : 0;
  bool found = false;
  (void)error;
  must(is_below(entry->key, k->prefix) && !strchr(entry->key + above, '/') && n > above);
  for (int i = 0; i < k->n && !found; i++)
    found = entry->is_prefix ? is_below(k->key[i], entry->key) : !strcmp(k->key[i], entry->key);
  must(found);
  return ZARRC_OK;
}

static void check_store(zarrc_ctx *ctx, keys *k) {
  zarrc_store *store;
  zarrc_bytes value;
  must(!zarrc_memory_store_open(ctx, &store, NULL));
  for (int i = 0; i < k->n; i++) must(!zarrc_store_set(store, k->key[i], k->key[i], strlen(k->key[i]), NULL));
  for (int i = 0; i < k->n; i++) {
    size_t n = strlen(k->key[i]);
    must(!zarrc_store_get(store, k->key[i], n, &value, NULL));
    must(value.len == n && !memcmp(value.ptr, k->key[i], n));
    zarrc_bytes_release(&value);
  }
  check_list(store, k, "", NULL);
  for (int i = 0; i < k->n; i++) {
    check_list(store, k, k->key[i], NULL);
    must(!zarrc_store_list(store, k->key[i], false, false, see_child, k, NULL));
  }
  k->prefix = "";
  must(!zarrc_store_list(store, "", false, false, see_child, k, NULL));
  if (k->n) {
    must(!zarrc_store_erase_prefix(store, k->key[0], NULL));
    check_list(store, k, "", k->key[0]);
    must(!zarrc_store_erase(store, k->key[0], NULL));
    must(zarrc_store_get(store, k->key[0], 100, &value, NULL) == ZARRC_NOT_FOUND);
  }
  zarrc_store_close(store);
}

/* A line as the key of a chunk: if it is one, that chunk has this key and no other. */
static void check_chunk(const zarrc_key_encoding *encoding, int ndim, const char *line) {
  int64_t chunk[ZARRC_MAX_NDIM] = {0}, again[ZARRC_MAX_NDIM] = {0};
  char key[ZARRC_MAX_KEY], below[ZARRC_MAX_KEY];
  bool is_chunk = zarrc_key_to_chunk(encoding, line, ndim, chunk);
  if (!is_chunk) return;
  must(!zarrc_key_of_chunk(encoding, "", ndim, chunk, key, strlen(line) + 1, NULL) && !strcmp(key, line));
  must(zarrc_key_of_chunk(encoding, "", ndim, chunk, key, strlen(line), NULL) == ZARRC_LIMIT);
  must(!zarrc_key_of_chunk(encoding, "a/b", ndim, chunk, key, sizeof key, NULL) && !zarrc_key_check(key, NULL));
  must(!zarrc_key_join("a/b", line, below, sizeof below, NULL) && !strcmp(below, key));
  must(zarrc_key_to_chunk(encoding, key + 4, ndim, again) && !memcmp(chunk, again, sizeof chunk));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = {data, size};
  unsigned how = take_byte(&in);
  zarrc_key_encoding encoding = {.v2 = how & 1, .separator = how & 2 ? '.' : '/'};
  int ndim = (int)take_number(&in, 0, ZARRC_MAX_NDIM);
  zarrc_ctx *ctx = fuzz_ctx();
  zarrc_error error = {0};
  keys k = {.n = 0};
  char *lines = malloc(in.n + 1);
  if (in.n) memcpy(lines, in.bytes, in.n);
  lines[in.n] = 0;
  for (char *line = lines, *next; line && k.n < MAX_KEYS; line = next) {
    next = strchr(line, '\n');
    if (next) *next++ = 0;
    check_chunk(&encoding, ndim, line);
    zarrc_status status = zarrc_key_check(line, &error);
    must(!status || (status == ZARRC_INVALID_ARGUMENT && error.code == status && *error.message));
    for (int i = 0; i < k.n && !status; i++) status = strcmp(k.key[i], line) ? ZARRC_OK : ZARRC_CONFLICT;
    if (!status) k.key[k.n++] = line;
  }
  check_store(ctx, &k);
  free(lines);
  zarrc_ctx_close(ctx);
  return 0;
}
