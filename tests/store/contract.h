/* SPDX-License-Identifier: MIT */
/* What every store that can be written must do; run over each of them. */
#ifndef ZARRC_TESTS_STORE_CONTRACT_H
#define ZARRC_TESTS_STORE_CONTRACT_H

#include <zarrc/plugin/blob.h>
#include <zarrc/store.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void contract_ok(zarrc_status status, const zarrc_error *error) {
  if (status != ZARRC_OK) fail_msg("%s: %s", zarrc_status_name(status), error->code == status ? error->message : "?");
}

static inline void contract_set(zarrc_store *store, const char *key, const char *text) {
  zarrc_error error;
  contract_ok(zarrc_store_set(store, key, text, strlen(text), &error), &error);
}

/* text NULL: there is no value. */
static inline void contract_expect(zarrc_store *store, const char *key, const char *text) {
  zarrc_error error;
  zarrc_bytes got = {0};
  zarrc_status status = zarrc_store_get(store, key, 1 << 20, &got, &error);
  if (!text) {
    assert_int_equal(status, ZARRC_NOT_FOUND);
    return;
  }
  contract_ok(status, &error);
  assert_int_equal(got.len, strlen(text));
  assert_memory_equal(got.ptr, text, got.len);
  zarrc_bytes_release(&got);
}

/* Open descriptors of this process. */
static inline size_t contract_nfds(void) {
  size_t n = 0;
  DIR *dir = opendir("/proc/self/fd");
  assert_non_null(dir);
  while (readdir(dir)) n++;
  closedir(dir);
  return n;
}

/* ---------------------------------------------------------------------------------------------------- reading */

enum { CONTRACT_TOTAL = 40 };

/* The plainest way to say what a range is: go through the bytes one at a time. */
static inline zarrc_status contract_range_model(const zarrc_range *r, size_t total, size_t *start, size_t *n) {
  int64_t at = r->offset < 0 ? (int64_t)total + r->offset : r->offset;
  if (at < 0 || at > (int64_t)total) return ZARRC_TRUNCATED;
  *start = (size_t)at;
  *n = 0;
  for (int64_t i = at; i < (int64_t)total && (r->to_end || *n < r->nbytes); i++) *n += 1;
  if (r->to_end) return *n > r->nbytes ? ZARRC_LIMIT : ZARRC_OK;
  return *n < r->nbytes ? ZARRC_TRUNCATED : ZARRC_OK;
}

static inline void contract_ranges(zarrc_store *store) {
  uint8_t value[CONTRACT_TOTAL];
  zarrc_error error;
  zarrc_key_blob blob;
  for (size_t i = 0; i < sizeof value; i++) value[i] = (uint8_t)(i * 7 + 3);
  contract_ok(zarrc_store_set(store, "r/value", value, sizeof value, &error), &error);
  contract_ok(zarrc_key_blob_open(&blob, store, "r/value", &error), &error);
  static const int64_t offsets[] = {INT64_MIN, INT64_MIN + 1, -42, -41, -40, -39, -1, 0, 1, 38, 39, 40, 41,
                                    42,        INT64_MAX};
  static const uint64_t sizes[] = {0, 1, 2, 39, 40, 41, INT64_MAX, UINT64_MAX - 1, UINT64_MAX};
  for (size_t o = 0; o < sizeof offsets / sizeof *offsets; o++) {
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
      for (int form = 0; form < 4; form++) {
        size_t start = 0, n = 0;
        zarrc_range r = {.offset = offsets[o], .nbytes = sizes[s], .to_end = form & 1};
        zarrc_status want = contract_range_model(&r, sizeof value, &start, &n);
        if (form & 2) r.into = malloc(want == ZARRC_OK ? n : 0); /* exact: the address sanitizer sees a byte too much */
        zarrc_status got = zarrc_blob_read(blob.blob, &r, 1, &error);
        assert_int_equal(got, want);
        if (got == ZARRC_OK) {
          assert_int_equal(r.got.len, n);
          assert_int_equal(r.total, sizeof value);
          assert_memory_equal(r.got.ptr, value + start, n);
          if (form & 2) assert_ptr_equal(r.got.ptr, r.into);
        } else {
          assert_int_equal(error.code, want);
          assert_string_equal(error.key, ""); /* who opened it knows */
          assert_null(strstr(error.message, "r/value"));
          assert_null(r.got.release);
        }
        void *into = r.into;
        zarrc_ranges_release(&r, 1);
        free(into);
      }
    }
  }
  zarrc_key_blob_close(&blob);
}

/* Many ranges at once, end to end, apart and over each other, lent and into memory. */
static inline void contract_vectored(zarrc_store *store) {
  enum { N = 100, TOTAL = 5000 };
  uint8_t *value = malloc(TOTAL), *into[N] = {0};
  zarrc_error error;
  zarrc_key_blob blob;
  zarrc_range r[N + 1] = {0};
  uint32_t seed = 1;
  for (size_t i = 0; i < TOTAL; i++) value[i] = (uint8_t)(seed = seed * 1664525 + 1013904223) ^ (uint8_t)(i >> 8);
  contract_ok(zarrc_store_set(store, "v", value, TOTAL, &error), &error);
  contract_ok(zarrc_key_blob_open(&blob, store, "v", &error), &error);
  for (int round = 0; round < 20; round++) {
    int64_t at = 0;
    for (size_t i = 0; i < N; i++) {
      seed = seed * 1664525 + 1013904223;
      uint64_t n = seed >> 24 & 63;
      if ((seed >> 20 & 7) == 0 || at + (int64_t)n > TOTAL) at = seed % (TOTAL - 64);
      r[i] = (zarrc_range){.offset = seed & 1 ? at : at - TOTAL, .nbytes = n};
      if (r[i].offset == 0 && !(seed & 1)) r[i].offset = at;
      if (seed & 2) r[i].into = into[i] = malloc((size_t)n);
      at += (int64_t)n;
    }
    /* A range that cannot be read spoils all of them. */
    r[N] = (zarrc_range){.offset = TOTAL, .nbytes = 1};
    assert_int_equal(zarrc_blob_read(blob.blob, r, N + 1, &error), ZARRC_TRUNCATED);
    for (size_t i = 0; i <= N; i++) assert_null(r[i].got.release);
    contract_ok(zarrc_blob_read(blob.blob, r, N, &error), &error);
    for (size_t i = 0; i < N; i++) {
      size_t start = (size_t)(r[i].offset < 0 ? r[i].offset + TOTAL : r[i].offset);
      assert_int_equal(r[i].got.len, r[i].nbytes);
      assert_memory_equal(r[i].got.ptr, value + start, r[i].got.len);
    }
    zarrc_ranges_release(r, N);
    for (size_t i = 0; i < N; i++) free(into[i]), into[i] = NULL;
  }
  zarrc_key_blob_close(&blob);
  free(value);
}

/* -------------------------------------------------------------------------------------------- versions, changes */

static inline zarrc_status contract_replace(zarrc_key_blob *blob, const char *text, bool if_unchanged) {
  zarrc_bytes part = {.ptr = (const uint8_t *)text, .len = strlen(text)};
  return zarrc_blob_replace(blob->blob, &part, 1, if_unchanged, NULL);
}

/* A loan of the whole value; a zeroed one where there is none. */
static inline zarrc_bytes contract_read(zarrc_key_blob *blob) {
  zarrc_bytes got = {0};
  zarrc_status status = zarrc_blob_read_all(blob->blob, 1 << 20, &got, NULL);
  assert_true(status == ZARRC_OK || status == ZARRC_NOT_FOUND);
  return got;
}

/* What a blob reads first, what others do then, and what it does at last, in every combination. */
static inline void contract_versions(zarrc_store *store) {
  enum { NOTHING, READ };
  for (int present = 0; present < 2; present++) {
    for (int first = NOTHING; first <= READ; first++) {
      for (int other = 0; other < 4; other++) { /* nothing, same text again, another text, erased */
        for (int last = 0; last < 4; last++) {  /* replace, erase; each with if_unchanged and without */
          zarrc_error error;
          zarrc_key_blob blob;
          contract_ok(zarrc_store_erase(store, "k", &error), &error);
          if (present) contract_set(store, "k", "old");
          contract_ok(zarrc_key_blob_open(&blob, store, "k", &error), &error);
          zarrc_bytes seen = {0};
          if (first == READ) seen = contract_read(&blob);
          if (other == 1) contract_set(store, "k", "old");
          if (other == 2) contract_set(store, "k", "else");
          if (other == 3) contract_ok(zarrc_store_erase(store, "k", &error), &error);
          const char *now = other == 0 ? (present ? "old" : NULL) : other == 1 ? "old" : other == 2 ? "else" : NULL;
          bool forgot = false;
          if (first == READ) { /* one version, whatever happened; a store that has it no longer says so, and forgets */
            zarrc_bytes again = {0};
            zarrc_status found = zarrc_blob_read_all(blob.blob, 100, &again, NULL);
            if (found != ZARRC_CONFLICT || other == 0) {
              assert_int_equal(found, present ? ZARRC_OK : ZARRC_NOT_FOUND);
              assert_int_equal(again.len, present ? 3 : 0);
              if (present) assert_memory_equal(again.ptr, "old", 3);
            }
            zarrc_bytes_release(&again);
            forgot = found == ZARRC_CONFLICT;
          }
          bool changed = other == 1 || other == 2 || (other == 3 && present), checked = last & 1;
          bool conflict = checked && first == READ && changed && !forgot;
          zarrc_status status =
              last < 2 ? contract_replace(&blob, "new", checked) : zarrc_blob_erase(blob.blob, checked, &error);
          assert_int_equal(status, conflict ? ZARRC_CONFLICT : ZARRC_OK);
          const char *want = conflict ? now : last < 2 ? "new" : NULL;
          contract_expect(store, "k", want);
          if (present && first == READ) assert_memory_equal(seen.ptr, "old", 3); /* the loan still stands */
          zarrc_bytes_release(&seen);
          seen = contract_read(&blob); /* a blob that has written, or met a conflict, has forgotten what it read */
          assert_int_equal(seen.len, want ? strlen(want) : 0);
          if (want) assert_memory_equal(seen.ptr, want, seen.len);
          assert_int_equal(contract_replace(&blob, "newer", true), ZARRC_OK);
          zarrc_bytes_release(&seen);
          zarrc_key_blob_close(&blob);
          contract_expect(store, "k", "newer");
        }
      }
    }
  }
}

/* Values of no, one and many pieces, with empty ones among them. */
static inline void contract_pieces(zarrc_store *store) {
  char text[400];
  zarrc_bytes parts[400];
  zarrc_error error;
  for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + i % 26);
  for (size_t n = 0; n <= 400; n = n < 3 ? n + 1 : n * 2 > 400 && n < 400 ? 400 : n * 2) {
    zarrc_key_blob blob;
    size_t total = 0;
    for (size_t i = 0; i < n; i++) {
      parts[i] = (zarrc_bytes){.ptr = i % 5 ? (const uint8_t *)text + total : NULL, .len = i % 5 ? 1 : 0};
      total += parts[i].len;
    }
    contract_ok(zarrc_key_blob_open(&blob, store, "p/q", &error), &error);
    contract_ok(zarrc_blob_replace(blob.blob, parts, n, false, &error), &error);
    zarrc_bytes got = contract_read(&blob);
    assert_int_equal(got.len, total);
    if (total) assert_memory_equal(got.ptr, text, total);
    zarrc_bytes_release(&got);
    zarrc_key_blob_close(&blob);
  }
}

/* ----------------------------------------------------------------------------------------------------- listing */

typedef struct contract_names {
  char text[16][64]; /* "key", or "prefix/" */
  size_t n, stop_at;
  bool sizes;
} contract_names;

static inline zarrc_status contract_note(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  contract_names *names = arg;
  if (names->n == names->stop_at) return zarrc_fail(error, ZARRC_CANCELED, "stop");
  if (entry->is_prefix)
    snprintf(names->text[names->n], 64, "%s/", entry->key);
  else if (names->sizes)
    snprintf(names->text[names->n], 64, "%s=%llu", entry->key, (unsigned long long)entry->nbytes);
  else
    snprintf(names->text[names->n], 64, "%s", entry->key);
  names->n++;
  return ZARRC_OK;
}

static int contract_compare(const void *a, const void *b) {
  return strcmp(a, b);
}

/* want: the entries, sorted, with a space behind each. */
static inline void contract_expect_list(zarrc_store *store, const char *prefix, bool deep, bool sizes,
                                        const char *want) {
  contract_names names = {.stop_at = 16, .sizes = sizes};
  char got[16 * 65] = "";
  zarrc_error error;
  contract_ok(zarrc_store_list(store, prefix, deep, sizes, contract_note, &names, &error), &error);
  qsort(names.text, names.n, sizeof *names.text, contract_compare);
  for (size_t i = 0; i < names.n; i++) strcat(strcat(got, names.text[i]), " ");
  assert_string_equal(got, want);
}

static inline void contract_list(zarrc_store *store) {
  static const char *const keys[] = {"zarr.json", "a/zarr.json", "a/c/0/0", "a/c/0/1", "a/c.txt", "ab/zarr.json"};
  zarrc_error error;
  contract_expect_list(store, "", true, false, "");
  contract_expect_list(store, "a", false, false, "");
  for (size_t i = 0; i < 6; i++) contract_set(store, keys[i], keys[i]);
  contract_expect_list(store, "", true, false, "a/c.txt a/c/0/0 a/c/0/1 a/zarr.json ab/zarr.json zarr.json ");
  contract_expect_list(store, "", false, false, "a/ ab/ zarr.json ");
  contract_expect_list(store, "a", true, true, "a/c.txt=7 a/c/0/0=7 a/c/0/1=7 a/zarr.json=11 ");
  contract_expect_list(store, "a", false, true, "a/c.txt=7 a/c/ a/zarr.json=11 ");
  contract_expect_list(store, "a/c/0", false, false, "a/c/0/0 a/c/0/1 ");
  contract_expect_list(store, "a/zarr.json", true, false, "");
  contract_expect_list(store, "nothing/here", true, false, "");
  contract_names names = {.stop_at = 2};
  assert_int_equal(zarrc_store_list(store, "", true, false, contract_note, &names, &error), ZARRC_CANCELED);
  assert_string_equal(error.message, "stop");
  assert_int_equal(names.n, 2);
  static const char *const bad[] = {"/", "a/", "..", "a/../b", "./a", "a//b"};
  for (size_t i = 0; i < 6; i++) {
    assert_int_equal(zarrc_store_list(store, bad[i], true, false, contract_note, &names, &error),
                     ZARRC_INVALID_ARGUMENT);
    assert_int_equal(zarrc_store_erase_prefix(store, bad[i], &error), ZARRC_INVALID_ARGUMENT);
  }

  contract_ok(zarrc_store_erase_prefix(store, "nothing/here", &error), &error);
  contract_ok(zarrc_store_erase_prefix(store, "a/zarr.json", &error), &error); /* a key, and nothing below it */
  contract_expect_list(store, "", true, false, "a/c.txt a/c/0/0 a/c/0/1 a/zarr.json ab/zarr.json zarr.json ");
  contract_ok(zarrc_store_erase_prefix(store, "a/c", &error), &error);
  contract_expect_list(store, "", true, false, "a/c.txt a/zarr.json ab/zarr.json zarr.json ");
  contract_ok(zarrc_store_erase_prefix(store, "a", &error), &error);
  contract_expect_list(store, "", true, false, "ab/zarr.json zarr.json ");
  contract_expect_list(store, "", false, false, "ab/ zarr.json ");
  contract_ok(zarrc_store_erase_prefix(store, "", &error), &error);
  contract_expect_list(store, "", false, false, "");
  contract_set(store, "a/again", "x");
  contract_expect(store, "a/again", "x");
  contract_ok(zarrc_store_erase_prefix(store, "", &error), &error);
}

/* ----------------------------------------------------------------------------------------------------- threads */

enum { CONTRACT_WRITERS = 8, CONTRACT_COUNT = 512 };

typedef struct contract_race {
  zarrc_store *store;
  int rounds, slot; /* of one writer */
  atomic_int *writing;
} contract_race;

/* A value is torn unless it says the same thing all over. Returns what it says, or -1 where there is none. */
static inline int64_t contract_counter(zarrc_key_blob *blob) {
  zarrc_bytes got = contract_read(blob);
  if (!got.ptr) return -1;
  uint32_t first[1 + CONTRACT_WRITERS], again[1 + CONTRACT_WRITERS];
  if (got.len != CONTRACT_COUNT * sizeof first) abort();
  memcpy(first, got.ptr, sizeof first);
  for (size_t i = 0; i < CONTRACT_COUNT; i++) {
    memcpy(again, got.ptr + i * sizeof first, sizeof first);
    if (memcmp(first, again, sizeof first) != 0) abort();
  }
  zarrc_bytes_release(&got);
  return first[0];
}

/* Adds one to the total and to the slot of this writer, over and over, as a shard is updated: read, change, replace
 * if unchanged, else once more. */
static inline void *contract_writer(void *arg) {
  const contract_race *race = arg;
  uint32_t all[CONTRACT_COUNT][1 + CONTRACT_WRITERS];
  for (int i = 0; i < race->rounds; i++) {
    zarrc_status status;
    zarrc_key_blob blob;
    if (zarrc_key_blob_open(&blob, race->store, "race/value", NULL)) abort();
    do {
      zarrc_bytes got = {0};
      memset(all[0], 0, sizeof all[0]);
      status = zarrc_blob_read_all(blob.blob, 1 << 20, &got, NULL);
      if (status == ZARRC_OK)
        memcpy(all[0], got.ptr, sizeof all[0]);
      else if (status != ZARRC_NOT_FOUND)
        abort();
      zarrc_bytes_release(&got);
      all[0][0]++;
      all[0][1 + race->slot]++;
      for (size_t k = 1; k < CONTRACT_COUNT; k++) memcpy(all[k], all[0], sizeof all[0]);
      zarrc_bytes parts[2] = {{.ptr = (uint8_t *)all, .len = 1000},
                              {.ptr = (uint8_t *)all + 1000, .len = sizeof all - 1000}};
      status = zarrc_blob_replace(blob.blob, parts, 2, true, NULL);
      if (status != ZARRC_OK && status != ZARRC_CONFLICT) abort();
    } while (status == ZARRC_CONFLICT);
    zarrc_key_blob_close(&blob);
  }
  atomic_fetch_sub(race->writing, 1);
  return NULL;
}

static inline void *contract_reader(void *arg) {
  const contract_race *race = arg;
  for (int64_t before = -1; atomic_load(race->writing) > 0;) {
    zarrc_key_blob blob;
    if (zarrc_key_blob_open(&blob, race->store, "race/value", NULL)) abort();
    int64_t now = contract_counter(&blob);
    if (now < before) abort();
    before = now;
    zarrc_key_blob_close(&blob);
  }
  return NULL;
}

static inline void contract_threads(zarrc_store *store, int rounds) {
  pthread_t thread[CONTRACT_WRITERS + 2];
  contract_race race[CONTRACT_WRITERS + 2];
  atomic_int writing = CONTRACT_WRITERS;
  for (int i = 0; i < CONTRACT_WRITERS + 2; i++) {
    race[i] = (contract_race){store, rounds, i, &writing};
    assert_int_equal(
        pthread_create(&thread[i], NULL, i < CONTRACT_WRITERS ? contract_writer : contract_reader, &race[i]), 0);
  }
  for (int i = 0; i < CONTRACT_WRITERS + 2; i++) pthread_join(thread[i], NULL);
  zarrc_bytes got = {0};
  zarrc_error error;
  contract_ok(zarrc_store_get(store, "race/value", 1 << 20, &got, &error), &error);
  uint32_t counts[1 + CONTRACT_WRITERS];
  memcpy(counts, got.ptr, sizeof counts);
  assert_int_equal(counts[0], rounds * CONTRACT_WRITERS);
  for (int i = 0; i < CONTRACT_WRITERS; i++) assert_int_equal(counts[1 + i], rounds);
  zarrc_bytes_release(&got);
}

/* -------------------------------------------------------------------------------------------- against a model */

/* Random operations, by several open blobs, against plain arrays. */
static inline void contract_random(zarrc_store *store, int steps) {
  enum { KEYS = 7, BLOBS = 5, LONGEST = 300 };
  static const char *const keys[KEYS] = {"a", "b/a", "b/c/d", "b/e", "f/c/0", "f/zarr.json", "g.h"};
  struct {
    bool present;
    size_t n, version;
    uint8_t bytes[LONGEST];
  } model[KEYS] = {0}, seen[BLOBS] = {0};
  struct {
    zarrc_key_blob blob;
    bool open, has_read;
    int key;
  } user[BLOBS] = {0};
  uint32_t seed = 12345;
  size_t version = 0;
  zarrc_error error;
  for (int step = 0; step < steps; step++) {
    seed = seed * 1664525 + 1013904223;
    int u = (int)(seed >> 28) % BLOBS, what = (int)(seed >> 20 & 15), k = (int)(seed >> 12 & 15) % KEYS;
    if (!user[u].open) {
      contract_ok(zarrc_key_blob_open(&user[u].blob, store, keys[k], &error), &error);
      user[u].open = true, user[u].has_read = false, user[u].key = k;
    }
    k = user[u].key;
    zarrc_blob *blob = user[u].blob.blob;
    bool checked = seed & 1;
    bool stale = user[u].has_read &&
                 (seen[u].present != model[k].present || (model[k].present && seen[u].version != model[k].version));
    bool conflict = checked && stale;
    if (what < 6) {
      zarrc_range r = {.nbytes = LONGEST, .to_end = true};
      zarrc_status status = zarrc_blob_read(blob, &r, 1, &error);
      if (!user[u].has_read) memcpy(&seen[u], &model[k], sizeof seen[u]);
      user[u].has_read = true;
      if (stale && status == ZARRC_CONFLICT) { /* the store has that version no longer, and the blob forgets it */
        user[u].has_read = false;
        continue;
      }
      assert_int_equal(status, seen[u].present ? ZARRC_OK : ZARRC_NOT_FOUND);
      if (status == ZARRC_OK) {
        assert_int_equal(r.got.len, seen[u].n);
        assert_memory_equal(r.got.ptr, seen[u].bytes, seen[u].n);
        zarrc_ranges_release(&r, 1);
      }
    } else if (what < 11) {
      uint8_t bytes[LONGEST];
      size_t n = (seed >> 3) % LONGEST;
      for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)(seed >> 8 ^ i * 31);
      zarrc_bytes parts[2] = {{.ptr = bytes, .len = n / 3}, {.ptr = bytes + n / 3, .len = n - n / 3}};
      assert_int_equal(zarrc_blob_replace(blob, parts, 2, checked, &error), conflict ? ZARRC_CONFLICT : ZARRC_OK);
      user[u].has_read = false;
      if (conflict) continue;
      model[k].present = true, model[k].n = n, model[k].version = ++version;
      memcpy(model[k].bytes, bytes, n);
    } else if (what < 13) {
      assert_int_equal(zarrc_blob_erase(blob, checked, &error), conflict ? ZARRC_CONFLICT : ZARRC_OK);
      user[u].has_read = false;
      if (!conflict) model[k].present = false;
    } else if (what < 15) {
      zarrc_key_blob_close(&user[u].blob);
      user[u].open = false;
    } else {
      char want[256] = "";
      for (int i = 0; i < KEYS; i++)
        if (model[i].present) strcat(strcat(want, keys[i]), " ");
      contract_expect_list(store, "", true, false, want);
    }
  }
  for (int u = 0; u < BLOBS; u++) zarrc_key_blob_close(&user[u].blob);
}

/* All of it. The store is empty before and afterwards. */
static inline void contract_obey(zarrc_store *store) {
  zarrc_error error;
  contract_ranges(store);
  contract_vectored(store);
  contract_versions(store);
  contract_pieces(store);
  contract_ok(zarrc_store_erase_prefix(store, "", &error), &error);
  contract_list(store);
  contract_random(store, 2000);
  contract_threads(store, 20);
  contract_ok(zarrc_store_erase_prefix(store, "", &error), &error);
}

#endif
