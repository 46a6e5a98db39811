/* SPDX-License-Identifier: MIT */
#include "store/cache.h"

#include "base/endian.h"
#include "base/hash.h"
#include "codec/crc32c.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What is stored begins with this, all numbers in little-endian order, and with the key. The bytes follow. */
enum {
  MARK = 0,       /* "zarrcch1" */
  HEAD_SUM = 8,   /* CRC-32C of what follows it up to the end of the key */
  BYTES_SUM = 12, /* CRC-32C of the bytes */
  KEY_NBYTES = 16,
  WORDS = 24, /* of the version */
  TOTAL = 64, /* length of the value */
  BEGIN = 72, /* which bytes of it */
  END = 80,
  NAME = 88, /* hash of the name of the store */
  HEAD_NBYTES = 104
};

static const char mark[] = "zarrcch1";

enum {
  HASH_NBYTES = 33, /* "HHH/" and 29 characters */
  TAIL_NBYTES = 80,
  LARGEST_PART = 8, /* a piece larger than this part of the limit is not stored */
  NAGES = 1024
};

#define DAY_MS ((uint64_t)24 * 3600 * 1000)

/* What the name of a stored piece says. */
typedef struct piece_name {
  uint64_t version, begin, end, time;
} piece_name;

static uint64_t wall_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---------------------------------------------------------------------------------------------------------- names */

static void write_hash(const zarrc_cache_disk *disk, const char *key, char out[HASH_NBYTES + 1]) {
  size_t n = strlen(key);
  char text[33];
  snprintf(text, sizeof text, "%016" PRIx64 "%016" PRIx64, zarrc_hash(disk->name[0], key, n),
           zarrc_hash(disk->name[1], key, n));
  snprintf(out, HASH_NBYTES + 1, "%.3s/%s", text, text + 3);
}

static uint64_t hash_version(const zarrc_identity *identity) {
  uint8_t bytes[48];
  for (size_t i = 0; i < 5; i++) zarrc_store_le64(bytes + 8 * i, identity->word[i]);
  zarrc_store_le64(bytes + 40, identity->nbytes);
  return zarrc_hash(ZARRC_HASH_EMPTY, bytes, sizeof bytes);
}

/* Reads a hexadecimal number in lower case; returns what follows it, or NULL. */
static const char *read_number(const char *text, uint64_t *out) {
  size_t n = strspn(text, "0123456789abcdef");
  if (n == 0 || n > 16) return NULL;
  *out = 0;
  for (size_t i = 0; i < n; i++) *out = *out << 4 | (uint64_t)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
  return text + n;
}

/* Reads the key of a stored piece; returns false if it is none. */
static bool read_name(const char *key, piece_name *out) {
  uint64_t *const numbers[] = {&out->version, &out->begin, &out->end, &out->time};
  if (strlen(key) < HASH_NBYTES || key[3] != '/') return false;
  for (size_t i = 0; i < HASH_NBYTES; i++)
    if (i != 3 && !strchr("0123456789abcdef", key[i])) return false;
  const char *at = key + HASH_NBYTES;
  for (size_t i = 0; i < 4 && at; i++) at = *at == '.' ? read_number(at + 1, numbers[i]) : NULL;
  return at && !*at && out->begin < out->end;
}

static void write_name(const zarrc_cache_disk *disk, const char *key, const piece_name *name,
                       char out[HASH_NBYTES + TAIL_NBYTES]) {
  write_hash(disk, key, out);
  snprintf(out + HASH_NBYTES, TAIL_NBYTES, ".%016" PRIx64 ".%" PRIx64 ".%" PRIx64 ".%" PRIx64, name->version,
           name->begin, name->end, name->time);
}

/* ---------------------------------------------------------------------------------------------------------- bytes */

static void write_head(const zarrc_cache_disk *disk, const char *key, const zarrc_identity *identity, uint64_t begin,
                       const zarrc_bytes *bytes, uint8_t head[HEAD_NBYTES]) {
  memcpy(head + MARK, mark, 8);
  zarrc_store_le32(head + BYTES_SUM, zarrc_crc32c(0, bytes->ptr, bytes->len));
  zarrc_store_le64(head + KEY_NBYTES, strlen(key));
  for (size_t i = 0; i < 5; i++) zarrc_store_le64(head + WORDS + 8 * i, identity->word[i]);
  zarrc_store_le64(head + TOTAL, identity->nbytes);
  zarrc_store_le64(head + BEGIN, begin);
  zarrc_store_le64(head + END, begin + bytes->len);
  for (size_t i = 0; i < 2; i++) zarrc_store_le64(head + NAME + 8 * i, disk->name[i]);
  uint32_t crc = zarrc_crc32c(0, head + BYTES_SUM, HEAD_NBYTES - BYTES_SUM);
  zarrc_store_le32(head + HEAD_SUM, zarrc_crc32c(crc, key, strlen(key)));
}

/* Reads the head of a piece, which must be one of the key, with the bytes that its name says. */
static bool read_head(const zarrc_cache_shelf *s, const zarrc_bytes *stored, const piece_name *name,
                      zarrc_identity *out) {
  const uint8_t *p = stored->ptr;
  size_t nkey = strlen(s->key);
  if (stored->len < HEAD_NBYTES + nkey || memcmp(p + MARK, mark, 8) != 0) return false;
  if (zarrc_load_le64(p + KEY_NBYTES) != nkey || memcmp(p + HEAD_NBYTES, s->key, nkey) != 0) return false;
  if (zarrc_load_le32(p + HEAD_SUM) != zarrc_crc32c(0, p + BYTES_SUM, HEAD_NBYTES - BYTES_SUM + nkey)) return false;
  for (size_t i = 0; i < 2; i++)
    if (zarrc_load_le64(p + NAME + 8 * i) != s->disk->name[i]) return false;
  for (size_t i = 0; i < 5; i++) out->word[i] = zarrc_load_le64(p + WORDS + 8 * i);
  out->nbytes = zarrc_load_le64(p + TOTAL);
  out->place = zarrc_hash(s->disk->name[0] ^ s->disk->name[1], s->key, nkey);
  return hash_version(out) == name->version && zarrc_load_le64(p + BEGIN) == name->begin &&
         zarrc_load_le64(p + END) == name->end && name->end <= out->nbytes;
}

/* --------------------------------------------------------------------------------------------------------- a shelf */

zarrc_cache_shelf zarrc_cache_shelf_of(zarrc_cache_disk *disk, const char *key) {
  return (zarrc_cache_shelf){.disk = disk, .key = key, .names = zarrc_buf_new(disk->ctx, SIZE_MAX)};
}

void zarrc_cache_shelf_clear(zarrc_cache_shelf *s) {
  zarrc_buf_clear(&s->names);
  s->is_listed = false;
}

typedef struct listing {
  zarrc_cache_shelf *shelf;
  char hash[HASH_NBYTES + 1];
  uint64_t newest;
} listing;

static zarrc_status note_name(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  listing *l = arg;
  zarrc_buf *names = &l->shelf->names;
  piece_name name;
  if (entry->is_prefix || strncmp(entry->key, l->hash, HASH_NBYTES) != 0 || !read_name(entry->key, &name))
    return ZARRC_OK;
  size_t n = strlen(entry->key) + 1;
  zarrc_status status = zarrc_buf_append(names, entry->key, n, error);
  if (!status && name.time < l->newest && names->len > n) { /* the newest one stays at the end */
    char *last = (char *)names->ptr + names->len - n, *before = last - 1;
    while (before > (char *)names->ptr && before[-1]) before--;
    char kept[HASH_NBYTES + TAIL_NBYTES];
    size_t nbefore = (size_t)(last - before);
    memcpy(kept, before, nbefore);
    memmove(before, last, n);
    memcpy(before + n, kept, nbefore);
  }
  if (name.time > l->newest) l->newest = name.time;
  return status;
}

/* Lists what is there, once. What cannot be listed is not there. */
static void list_shelf(zarrc_cache_shelf *s) {
  listing l = {.shelf = s};
  char prefix[4];
  if (s->is_listed || !s->disk->store) return;
  s->is_listed = true;
  write_hash(s->disk, s->key, l.hash);
  snprintf(prefix, sizeof prefix, "%.3s", l.hash);
  if (zarrc_store_list(s->disk->store, prefix, false, false, note_name, &l, NULL)) s->names.len = 0;
}

bool zarrc_cache_shelf_version(zarrc_cache_shelf *s, zarrc_identity *out) {
  list_shelf(s);
  if (s->names.len == 0) return false;
  const char *first = (const char *)s->names.ptr, *last = first + s->names.len - 1;
  while (last > first && last[-1]) last--;
  piece_name name;
  zarrc_key_blob blob;
  zarrc_range head = {.nbytes = HEAD_NBYTES + strlen(s->key)};
  if (!read_name(last, &name)) return false;
  bool found = !zarrc_key_blob_open(&blob, s->disk->store, last, NULL) && !zarrc_blob_read(blob.blob, &head, 1, NULL);
  found = found && read_head(s, &head.got, &name, out);
  zarrc_bytes_release(&head.got);
  zarrc_key_blob_close(&blob);
  return found;
}

/* Stores a piece that is used a day after it was stored anew, so that it does not leave as one that is not. */
static void renew(zarrc_cache_shelf *s, const char *key, piece_name name, const zarrc_bytes *stored) {
  char fresh[HASH_NBYTES + TAIL_NBYTES];
  uint64_t now = wall_ms();
  if (now < name.time + DAY_MS || atomic_load(&s->disk->is_full)) return;
  name.time = now;
  write_name(s->disk, s->key, &name, fresh);
  if (zarrc_store_set(s->disk->store, fresh, stored->ptr, stored->len, NULL)) return;
  zarrc_store_erase(s->disk->store, key, NULL);
}

/* Reads a piece whose key is `key`. */
static zarrc_cache_piece *read_piece(zarrc_cache_shelf *s, const char *key, const piece_name *name,
                                     const zarrc_identity *identity) {
  uint64_t nhead = HEAD_NBYTES + strlen(s->key), nbytes = name->end - name->begin;
  zarrc_bytes stored = {0};
  zarrc_identity found;
  if (nbytes > SIZE_MAX - nhead || zarrc_store_get(s->disk->store, key, nhead + nbytes, &stored, NULL)) return NULL;
  bool fine = stored.len == nhead + nbytes && read_head(s, &stored, name, &found) &&
              !memcmp(found.word, identity->word, sizeof found.word) && found.nbytes == identity->nbytes &&
              zarrc_load_le32(stored.ptr + BYTES_SUM) == zarrc_crc32c(0, stored.ptr + nhead, (size_t)nbytes);
  zarrc_cache_piece *p = fine ? zarrc_cache_piece_new(s->disk->ctx, (size_t)nbytes) : NULL;
  if (p) {
    memcpy((uint8_t *)p->bytes.ptr, stored.ptr + nhead, (size_t)nbytes);
    renew(s, key, *name, &stored);
  }
  zarrc_bytes_release(&stored);
  return p;
}

zarrc_cache_piece *zarrc_cache_shelf_get(zarrc_cache_shelf *s, const zarrc_identity *identity, uint64_t begin,
                                         uint64_t end, uint64_t *at) {
  list_shelf(s);
  uint64_t version = hash_version(identity);
  for (size_t i = 0; i < s->names.len; i += strlen((char *)s->names.ptr + i) + 1) {
    const char *key = (char *)s->names.ptr + i;
    piece_name name;
    if (!read_name(key, &name) || name.version != version || name.begin > begin || name.end < end) continue;
    zarrc_cache_piece *p = read_piece(s, key, &name, identity);
    *at = name.begin;
    if (p) return p;
  }
  return NULL;
}

/* -------------------------------------------------------------------------------------------------------- changes */

/* Everything that is stored. */
typedef struct inventory {
  zarrc_cache_disk *disk;
  uint64_t nbytes, oldest, newest; /* times */
  uint64_t *ages;                  /* bytes of each of NAGES equal periods; NULL: not yet */
  uint64_t surplus;                /* bytes to remove */
  size_t last;                     /* the last period of which something is removed; NAGES: nothing is */
} inventory;

static size_t age_of(const inventory *v, uint64_t time) {
  uint64_t span = v->newest - v->oldest, since = time > v->oldest ? time - v->oldest : 0;
  return span ? (size_t)((double)(since < span ? since : span) / (double)span * (NAGES - 1)) : 0;
}

/* First finds out how much there is and how old, then how much of each age, then removes the oldest. */
static zarrc_status take_stock(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  inventory *v = arg;
  piece_name name;
  (void)error;
  if (entry->is_prefix || !read_name(entry->key, &name)) return ZARRC_OK;
  uint64_t nbytes = name.end - name.begin + HEAD_NBYTES;
  if (!v->ages) {
    v->nbytes += nbytes;
    if (name.time < v->oldest) v->oldest = name.time;
    if (name.time > v->newest) v->newest = name.time;
  } else if (v->last == NAGES) {
    v->ages[age_of(v, name.time)] += nbytes;
  } else if (v->surplus > 0 && age_of(v, name.time) <= v->last) {
    if (!zarrc_store_erase(v->disk->store, entry->key, NULL)) v->surplus -= nbytes < v->surplus ? nbytes : v->surplus;
  }
  return ZARRC_OK;
}

static zarrc_status go_through(inventory *v) {
  return zarrc_store_list(v->disk->store, "", true, false, take_stock, v, NULL);
}

/* Removes what was stored first if there is more than the limit, until an eighth of it is free. */
static void remove_surplus(zarrc_cache_disk *disk) {
  inventory v = {.disk = disk, .oldest = UINT64_MAX, .last = NAGES};
  if (go_through(&v) || v.nbytes <= disk->limit) return;
  v.ages = zarrc_malloc(disk->ctx, NAGES * sizeof *v.ages);
  if (!v.ages) return;
  memset(v.ages, 0, NAGES * sizeof *v.ages);
  v.surplus = v.nbytes - disk->limit / LARGEST_PART * (LARGEST_PART - 1);
  if (!go_through(&v)) {
    uint64_t nbytes = 0;
    for (v.last = 0; v.last < NAGES - 1 && (nbytes += v.ages[v.last]) < v.surplus;) v.last++;
    go_through(&v);
  }
  zarrc_free(disk->ctx, v.ages);
}

void zarrc_cache_disk_put(zarrc_cache_disk *disk, const char *key, const zarrc_identity *identity, uint64_t begin,
                          const zarrc_bytes *bytes) {
  uint8_t head[HEAD_NBYTES];
  char place[HASH_NBYTES + TAIL_NBYTES];
  piece_name name = {hash_version(identity), begin, begin + bytes->len, wall_ms()};
  zarrc_key_blob blob;
  if (!disk->store || bytes->len == 0 || atomic_load(&disk->is_full)) return;
  if (bytes->len > disk->limit / LARGEST_PART) return;
  write_name(disk, key, &name, place);
  write_head(disk, key, identity, begin, bytes, head);
  const zarrc_bytes parts[] = {
      {.ptr = head, .len = sizeof head}, {.ptr = (const uint8_t *)key, .len = strlen(key)}, *bytes};
  bool stored =
      !zarrc_key_blob_open(&blob, disk->store, place, NULL) && !zarrc_blob_replace(blob.blob, parts, 3, false, NULL);
  zarrc_key_blob_close(&blob);
  if (!stored) atomic_store(&disk->is_full, true);
  if (!stored) return;
  atomic_fetch_add(&disk->nbytes, bytes->len);
  if (atomic_fetch_add(&disk->written, bytes->len) + bytes->len < disk->limit / LARGEST_PART) return;
  if (atomic_exchange(&disk->written, 0) > 0) remove_surplus(disk);
}

void zarrc_cache_disk_forget(zarrc_cache_disk *disk, const char *key) {
  if (!disk->store) return;
  zarrc_cache_shelf s = zarrc_cache_shelf_of(disk, key);
  list_shelf(&s);
  for (size_t i = 0; i < s.names.len; i += strlen((char *)s.names.ptr + i) + 1)
    zarrc_store_erase(disk->store, (char *)s.names.ptr + i, NULL);
  zarrc_cache_shelf_clear(&s);
}

/* ---------------------------------------------------------------------------------------------------------- entry */

void zarrc_cache_disk_init(zarrc_cache_disk *disk, zarrc_ctx *ctx, zarrc_store *store, uint64_t limit,
                           const char *name) {
  size_t n = strlen(name) + 1; /* the NUL separates it from the key */
  *disk = (zarrc_cache_disk){.store = store, .ctx = ctx, .limit = limit};
  disk->name[0] = zarrc_hash(ZARRC_HASH_EMPTY, name, n);
  disk->name[1] = zarrc_hash(~ZARRC_HASH_EMPTY, name, n);
  atomic_init(&disk->written, 0);
  atomic_init(&disk->nbytes, 0);
  atomic_init(&disk->is_full, false);
}

void zarrc_cache_disk_close(zarrc_cache_disk *disk) {
  if (disk->store && atomic_load(&disk->written) > 0) remove_surplus(disk);
}
