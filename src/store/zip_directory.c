/* SPDX-License-Identifier: MIT */
/*
 * The end of an archive is a record of 22 bytes and a comment. It says where the directory is, or, in zip64 archives,
 * another record before it does. Records are found from the end. Each is believed only if what it describes ends where
 * it begins: so the directory lies where it must, whatever offset the records give, and the difference between both is
 * the length of what somebody has put before the archive.
 */
#include "store/zip_directory.h"

#include "base/checked.h"
#include "base/endian.h"
#include "base/reading.h"
#include "base/sort.h"

#include <string.h>
#include <zarrc/store.h>

enum {
  END_NBYTES = 22,
  LOCATOR_NBYTES = 20,
  END64_NBYTES = 56,
  ENTRY_NBYTES = 46,
  MAX_COMMENT = 65535,
  MAX_JUNK = 65536, /* after the archive */
  WINDOW = 1 << 20, /* bytes of the directory in memory */
  FAR_WINDOW = 64 << 20
};

#define END_MARK     UINT32_C(0x06054B50)
#define LOCATOR_MARK UINT32_C(0x07064B50)
#define END64_MARK   UINT32_C(0x06064B50)
#define ENTRY_MARK   UINT32_C(0x02014B50)
#define MISSING_32   UINT32_C(0xFFFFFFFF) /* the number is in a zip64 record */
#define MISSING_16   UINT32_C(0xFFFF)

static uint32_t get16(const uint8_t *p) {
  return p[0] | (uint32_t)p[1] << 8;
}

static zarrc_status corrupt(const char *what, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_CORRUPT, "no valid zip archive: %s", what);
}

/* ---------------------------------------------------------------------------------------------- where it is */

typedef struct finding {
  zarrc_blob *archive;
  uint64_t total;   /* bytes of the archive */
  zarrc_bytes tail; /* its last bytes */
  uint64_t begins;  /* offset of the tail */
  uint64_t nentries, offset, nbytes;
  bool is_64;
  uint64_t end; /* offset of the record at which the directory ends */
} finding;

/* Reads the last n bytes, or all. */
static zarrc_status read_tail(finding *f, uint64_t n, zarrc_error *error) {
  uint64_t nbytes = f->total < n ? f->total : n;
  zarrc_range range = {.offset = (int64_t)(f->total - nbytes), .nbytes = nbytes};
  zarrc_bytes_release(&f->tail);
  zarrc_status status = zarrc_blob_read(f->archive, &range, 1, error);
  f->tail = range.got;
  f->begins = f->total - nbytes;
  return status;
}

/* Finds out how long the archive is; of a far one by reading its last bytes, if it has so many. *has_tail: it has. */
static zarrc_status find_length(finding *f, uint64_t ntail, bool *has_tail, zarrc_error *error) {
  bool is_near = zarrc_blob_is_near(f->archive);
  zarrc_range range = {.offset = is_near ? 0 : -(int64_t)ntail, .nbytes = is_near ? 0 : ntail, .total = ZARRC_UNKNOWN};
  zarrc_status status = zarrc_blob_read(f->archive, &range, 1, error);
  if (status == ZARRC_TRUNCATED && range.total < ntail) {
    range.got = (zarrc_bytes){0};
    status = ZARRC_OK;
  }
  if (status) return status;
  f->total = range.total;
  f->tail = range.got;
  f->begins = f->total - f->tail.len;
  *has_tail = !is_near && f->tail.len == ntail;
  if (f->total == ZARRC_UNKNOWN || f->total > INT64_MAX)
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "the length of the archive is unknown");
  return ZARRC_OK;
}

/* Returns n bytes of the tail at an offset of the archive; NULL: they are not in there. */
static const uint8_t *tail_at(const finding *f, uint64_t at, size_t n) {
  if (at < f->begins || at - f->begins > f->tail.len || f->tail.len - (at - f->begins) < n) return NULL;
  return f->tail.ptr + (at - f->begins);
}

/* Reads the zip64 record that a locator before the last record points to. */
static zarrc_status read_end64(finding *f, uint64_t locator, zarrc_error *error) {
  const uint8_t *l = tail_at(f, locator, LOCATOR_NBYTES), *p;
  uint64_t wanted = zarrc_load_le64(l + 8), at = wanted;
  if (zarrc_load_le32(l + 4) != 0 || zarrc_load_le32(l + 16) > 1)
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "a zip archive of several disks");
  p = tail_at(f, at, END64_NBYTES);
  if (!p || zarrc_load_le32(p) != END64_MARK) { /* something was put before the archive */
    at = locator < END64_NBYTES ? locator : locator - END64_NBYTES;
    p = tail_at(f, at, END64_NBYTES);
  }
  if (!p || zarrc_load_le32(p) != END64_MARK || at < wanted) return corrupt("the zip64 record is missing", error);
  uint64_t rest = zarrc_load_le64(p + 4);
  if (rest < END64_NBYTES - 12 || rest > locator || at + 12 + rest != locator)
    return corrupt("the zip64 record has a wrong length", error);
  if (zarrc_load_le32(p + 16) != 0 || zarrc_load_le32(p + 20) != 0)
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "a zip archive of several disks");
  f->nentries = zarrc_load_le64(p + 32);
  f->nbytes = zarrc_load_le64(p + 40);
  f->offset = zarrc_load_le64(p + 48);
  f->is_64 = true;
  f->end = at;
  return ZARRC_OK;
}

/* Reads the last record. */
static zarrc_status read_end(finding *f, uint64_t at, zarrc_error *error) {
  const uint8_t *p = tail_at(f, at, END_NBYTES);
  f->nentries = get16(p + 10);
  f->nbytes = zarrc_load_le32(p + 12);
  f->offset = zarrc_load_le32(p + 16);
  f->is_64 = false;
  f->end = at;
  const uint8_t *l = at < LOCATOR_NBYTES ? NULL : tail_at(f, at - LOCATOR_NBYTES, LOCATOR_NBYTES);
  bool incomplete = f->nentries == MISSING_16 || f->nbytes == MISSING_32 || f->offset == MISSING_32;
  if (incomplete && l && zarrc_load_le32(l) == LOCATOR_MARK) return read_end64(f, at - LOCATOR_NBYTES, error);
  uint32_t disk = get16(p + 4), first = get16(p + 6);
  if ((disk != 0 || first != 0) && !(disk == MISSING_16 && first == MISSING_16))
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "a zip archive of several disks");
  return ZARRC_OK;
}

/* Checks that there is room for the directory before the record that it ends at. */
static zarrc_status check_place(const finding *f, zarrc_error *error) {
  if (f->nbytes > f->end) return corrupt("the directory is longer than what is before its end", error);
  if (f->offset > f->end - f->nbytes) return corrupt("the directory does not end where the archive says", error);
  if (f->nentries > f->nbytes / ENTRY_NBYTES) return corrupt("more members than fit into the directory", error);
  return ZARRC_OK;
}

/* Finds the last record, from the end. exact: its comment must reach to the end of the archive. */
static zarrc_status find_end(finding *f, bool exact, bool *found, zarrc_error *error) {
  *found = false;
  if (f->tail.len < END_NBYTES) return ZARRC_OK;
  for (size_t i = f->tail.len - END_NBYTES + 1; i-- > 0;) {
    const uint8_t *p = f->tail.ptr + i;
    if (zarrc_load_le32(p) != END_MARK) continue;
    size_t left = f->tail.len - i - END_NBYTES, comment = get16(p + 20);
    if (exact ? comment != left : comment > left || left - comment > MAX_JUNK) continue;
    *found = true;
    zarrc_status status = read_end(f, f->begins + i, error);
    return status ? status : check_place(f, error);
  }
  return ZARRC_OK;
}

static zarrc_status find(finding *f, zarrc_error *error) {
  const uint64_t records = END_NBYTES + LOCATOR_NBYTES + END64_NBYTES;
  bool found = false, has_tail = false;
  zarrc_status status = find_length(f, MAX_COMMENT + records, &has_tail, error);
  if (!status && !has_tail) status = read_tail(f, MAX_COMMENT + records, error);
  if (!status) status = find_end(f, true, &found, error);
  if (!status && !found) {
    status = read_tail(f, MAX_JUNK + MAX_COMMENT + records, error);
    if (!status) status = find_end(f, false, &found, error);
  }
  return status || found ? status : corrupt("there is no record at its end", error);
}

/* ---------------------------------------------------------------------------------------------- its entries */

/* A walk over the directory, of which a part is in memory: its length may be a lie. */
typedef struct walk {
  const finding *f;
  zarrc_bytes window; /* a part of the directory */
  uint64_t at;        /* offset of the window in the archive */
  size_t used;        /* bytes of the window that are behind the walk */
} walk;

/* An entry of the directory. */
typedef struct entry {
  const uint8_t *p;             /* until the next entry */
  size_t nname, nextra, nbytes; /* nbytes: in all */
} entry;

static uint64_t nbytes_left(const walk *w) {
  return w->f->end - w->at - w->used;
}

/* Moves the window so that it has n bytes of what is left, or all. *has: it has n bytes. */
static zarrc_status load(walk *w, size_t n, bool *has, zarrc_error *error) {
  uint64_t left = nbytes_left(w), usual = zarrc_blob_is_near(w->f->archive) ? WINDOW : FAR_WINDOW;
  uint64_t wanted = n > usual ? n : usual;
  *has = n <= left;
  if (w->window.len - w->used >= (*has ? n : left)) return ZARRC_OK;
  zarrc_range range = {.offset = (int64_t)(w->at + w->used), .nbytes = left < wanted ? left : wanted};
  zarrc_bytes_release(&w->window);
  w->at += w->used;
  w->used = 0;
  zarrc_status status = zarrc_blob_read(w->f->archive, &range, 1, error);
  w->window = range.got;
  return status;
}

static zarrc_status next_entry(walk *w, entry *e, zarrc_error *error) {
  bool has;
  zarrc_status status = load(w, ENTRY_NBYTES, &has, error);
  if (status) return status;
  e->p = w->window.ptr + w->used;
  if (!has || zarrc_load_le32(e->p) != ENTRY_MARK)
    return corrupt("the directory is damaged, or has another length than the archive says", error);
  e->nname = get16(e->p + 28);
  e->nextra = get16(e->p + 30);
  e->nbytes = ENTRY_NBYTES + e->nname + e->nextra + get16(e->p + 32);
  status = load(w, e->nbytes, &has, error);
  if (!status && !has) status = corrupt("an entry of the directory is cut off", error);
  if (status) return status;
  e->p = w->window.ptr + w->used;
  w->used += e->nbytes;
  return ZARRC_OK;
}

/* Returns whether a member can be a value. name ends with a NUL. */
static bool is_value(const entry *e, const char *name) {
  bool is_unix = e->p[5] == 3, is_link = is_unix && (get16(e->p + 40) & 0170000) == 0120000;
  return !is_link && strlen(name) == e->nname && !zarrc_key_check(name, NULL);
}

/* Takes the next number of 8 bytes out of a zip64 field, if the one in the entry is missing. */
static bool take_64(uint64_t *number, const uint8_t **p, size_t *left) {
  if (*number != MISSING_32) return true;
  if (*left < 8) return false;
  *number = zarrc_load_le64(*p);
  *p += 8;
  *left -= 8;
  return true;
}

/* Replaces numbers that are missing by those of the zip64 field. */
static bool complete(const entry *e, zarrc_zip_member *m) {
  if (m->nbytes != MISSING_32 && m->nstored != MISSING_32 && m->at != MISSING_32) return true;
  const uint8_t *p = e->p + ENTRY_NBYTES + e->nname;
  for (size_t left = e->nextra; left >= 4;) {
    size_t n = get16(p + 2);
    if (n > left - 4) return false;
    const uint8_t *field = p + 4;
    if (get16(p) == 1)
      return take_64(&m->nbytes, &field, &n) && take_64(&m->nstored, &field, &n) && take_64(&m->at, &field, &n);
    p += 4 + n;
    left -= 4 + n;
  }
  return false;
}

static zarrc_zip_trouble find_trouble(const entry *e, const zarrc_zip_member *m, uint64_t end) {
  uint32_t flags = get16(e->p + 8);
  uint64_t behind;
  if (flags & 0x2041) return ZARRC_ZIP_ENCRYPTED;
  if (get16(e->p + 34) != 0 && get16(e->p + 34) != MISSING_16) return ZARRC_ZIP_ELSEWHERE;
  if (m->method != 0 && m->method != 8) return ZARRC_ZIP_METHOD;
  if (m->method == 0 && m->nbytes != m->nstored) return ZARRC_ZIP_SIZES;
  bool inside = zarrc_add_u64(m->at, m->nstored, &behind) && behind <= end;
  return inside ? ZARRC_ZIP_FINE : ZARRC_ZIP_OUTSIDE;
}

/* Fills a member, except for its name. before: bytes that somebody has put before the archive. */
static void get_member(const entry *e, uint64_t before, uint64_t end, zarrc_zip_member *m) {
  *m = (zarrc_zip_member){.at = zarrc_load_le32(e->p + 42),
                          .nstored = zarrc_load_le32(e->p + 20),
                          .nbytes = zarrc_load_le32(e->p + 24),
                          .crc = zarrc_load_le32(e->p + 16),
                          .method = (uint16_t)get16(e->p + 10)};
  m->trouble = complete(e, m) ? ZARRC_ZIP_FINE : ZARRC_ZIP_NO_SIZES;
  if (m->trouble) return;
  bool fits = zarrc_add_u64(m->at, before, &m->at);
  m->trouble = (uint8_t)(fits ? find_trouble(e, m, end) : ZARRC_ZIP_OUTSIDE);
}

/* Counts the entries, and checks that there are as many as the archive says. */
static zarrc_status count(walk *w, uint64_t *n, size_t *nnames, zarrc_error *error) {
  uint64_t said = w->f->nentries;
  entry e = {0};
  *n = *nnames = 0;
  for (; nbytes_left(w) > 0; *n += 1) {
    zarrc_status status = next_entry(w, &e, error);
    if (status) return status;
    *nnames += e.nname + 1;
  }
  /* programs that do not know zip64 count modulo 2^16 */
  bool agrees = *n == said || (!w->f->is_64 && *n > MISSING_16 && (*n & MISSING_16) == said);
  if (!agrees) return corrupt("the directory has another number of members than the archive says", error);
  if (*n > UINT32_MAX || *nnames > UINT32_MAX)
    return zarrc_fail(error, ZARRC_LIMIT, "a zip archive with too many members");
  return ZARRC_OK;
}

static int by_name(const void *of, uint32_t a, uint32_t b) {
  const zarrc_zip_directory *d = of;
  int order = strcmp(zarrc_zip_name(d, a), zarrc_zip_name(d, b));
  return order ? order : a < b ? -1 : a > b;
}

/* Moves the members into the order of the index, which is used up. */
static void permute(zarrc_zip_member *members, uint32_t *index, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    if (index[i] == i) continue;
    zarrc_zip_member moving = members[i];
    uint32_t to = i;
    for (uint32_t from = index[to]; from != i; from = index[to]) {
      members[to] = members[from];
      index[to] = to;
      to = from;
    }
    members[to] = moving;
    index[to] = to;
  }
}

static zarrc_status sort(zarrc_zip_directory *d, zarrc_error *error) {
  bool sorted = true;
  for (uint32_t i = 1; i < d->nmembers && sorted; i++) sorted = by_name(d, i - 1, i) < 0;
  if (!sorted) {
    uint32_t *index = zarrc_malloc(d->ctx, d->nmembers * sizeof *index);
    if (!index) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory to sort %u members", (unsigned)d->nmembers);
    zarrc_sort(index, d->nmembers, by_name, d);
    permute(d->members, index, d->nmembers);
    zarrc_free(d->ctx, index);
  }
  uint32_t n = 0;
  for (uint32_t i = 0; i < d->nmembers; i++) {
    bool last = i + 1 == d->nmembers || strcmp(zarrc_zip_name(d, i), zarrc_zip_name(d, i + 1)) != 0;
    if (last) d->members[n++] = d->members[i];
  }
  d->nmembers = n;
  return ZARRC_OK;
}

/* Adds the members, for which there is memory. */
static zarrc_status fill(walk *w, zarrc_zip_directory *d, zarrc_error *error) {
  size_t used = 0;
  entry e = {0};
  while (nbytes_left(w) > 0) {
    zarrc_status status = next_entry(w, &e, error);
    if (status) return status;
    char *name = d->names + used;
    memcpy(name, e.p + ENTRY_NBYTES, e.nname);
    name[e.nname] = '\0';
    if (!is_value(&e, name)) continue;
    zarrc_zip_member *m = &d->members[d->nmembers++];
    get_member(&e, d->end - w->f->offset, d->end, m);
    m->name = (uint32_t)used;
    used += e.nname + 1;
  }
  return sort(d, error);
}

/* Reads the entries twice: to count them, and to take what is needed. */
static zarrc_status read_entries(const finding *f, zarrc_zip_directory *d, zarrc_error *error) {
  walk w = {.f = f, .at = d->end};
  uint64_t n;
  size_t nnames, nbytes = 0;
  const uint8_t *whole = tail_at(f, d->end, (size_t)f->nbytes);
  if (whole) w.window = (zarrc_bytes){.ptr = whole, .len = (size_t)f->nbytes};
  zarrc_status status = count(&w, &n, &nnames, error);
  if (!status) {
    bool fits = n <= SIZE_MAX && zarrc_mul_size((size_t)n, sizeof *d->members, &nbytes);
    d->members = fits ? zarrc_malloc(d->ctx, nbytes > 0 ? nbytes : 1) : NULL;
    d->names = zarrc_malloc(d->ctx, nnames + 1);
    if (!d->members || !d->names)
      status = zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a directory of %llu members", (unsigned long long)n);
  }
  if (w.at != d->end) { /* else the window has all of it */
    zarrc_bytes_release(&w.window);
    w.at = d->end;
  }
  w.used = 0;
  if (!status) status = fill(&w, d, error);
  zarrc_bytes_release(&w.window);
  return status;
}

zarrc_status zarrc_zip_directory_read(zarrc_ctx *ctx, zarrc_blob *archive, zarrc_zip_directory *out,
                                      zarrc_error *error) {
  finding f = {.archive = archive};
  *out = (zarrc_zip_directory){.ctx = ctx};
  zarrc_status status = find(&f, error);
  out->end = f.end - f.nbytes;
  if (!status) status = read_entries(&f, out, error);
  zarrc_bytes_release(&f.tail);
  if (status) zarrc_zip_directory_clear(out);
  return status;
}

void zarrc_zip_directory_clear(zarrc_zip_directory *directory) {
  zarrc_free(directory->ctx, directory->members);
  zarrc_free(directory->ctx, directory->names);
  directory->members = NULL;
  directory->names = NULL;
  directory->nmembers = 0;
}

uint32_t zarrc_zip_search(const zarrc_zip_directory *directory, const char *key, size_t n) {
  uint32_t low = 0, high = directory->nmembers;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (strncmp(zarrc_zip_name(directory, middle), key, n) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

const zarrc_zip_member *zarrc_zip_find(const zarrc_zip_directory *directory, const char *key) {
  uint32_t i = zarrc_zip_search(directory, key, strlen(key) + 1);
  bool found = i < directory->nmembers && !strcmp(zarrc_zip_name(directory, i), key);
  return found ? &directory->members[i] : NULL;
}
