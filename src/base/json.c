/* SPDX-License-Identifier: MIT */
/*
 * JSON documents as trees. The text is scanned twice: the first scan counts, so that the second can put all values into
 * one allocation, with the children of an array or object side by side.
 */
#include "base/json.h"

#include "base/checked.h"
#include "base/decimal.h"
#include "base/json_scan.h"
#include "base/sort.h"
#include "base/text.h"

#include <string.h>

struct zarrc_json {
  const char *text; /* in the document */
  const char *key;  /* of a member: decoded, NUL-terminated */
  union {
    const char *string;      /* decoded, NUL-terminated */
    const zarrc_json *items; /* of an array, or the values of the members */
  } u;
  const uint32_t *by_key; /* of an object: the numbers of its members, sorted by key */
  uint32_t ntext, nkey;
  uint32_t length; /* of the decoded string; or the number of items */
  uint8_t kind;
};

struct zarrc_json_doc {
  zarrc_ctx *ctx;
  zarrc_json *values; /* beginning with the root; followed by the sorted numbers and the decoded strings */
  size_t nbytes;
  char text[]; /* NUL-terminated */
};

/* ------------------------------------------------------------------------------------------------- first scan */

typedef struct totals {
  size_t nvalues, nmembers, nstrings; /* nstrings: bytes of decoded strings */
  uint32_t *nchildren;                /* of each array and object, in the order of the text */
  size_t nopened, cap;                /* entries in nchildren */
  size_t open[ZARRC_JSON_MAX_DEPTH];  /* the entries of the arrays and objects that are open */
} totals;

static zarrc_status count_container(zarrc_ctx *ctx, totals *t, unsigned depth, zarrc_error *error) {
  if (t->nopened == t->cap) {
    size_t cap = t->cap ? 2 * t->cap : 64;
    uint32_t *grown = zarrc_realloc(ctx, t->nchildren, cap * sizeof *grown);
    if (!grown) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a JSON document");
    t->nchildren = grown;
    t->cap = cap;
  }
  t->nchildren[t->nopened] = 0;
  t->open[depth - 1] = t->nopened++;
  return ZARRC_OK;
}

/* Limits for documents of tens of megabytes, whose values would take much memory and whose keys take long to sort. */
#define MAX_VALUES  ((size_t)1 << 22)
#define MAX_MEMBERS ((uint32_t)1 << 16)

/* Counts a value at a depth; 0: the outermost value. */
static zarrc_status count_value(const zarrc_json_scan *scan, totals *t, unsigned depth, zarrc_error *error) {
  if (++t->nvalues > MAX_VALUES)
    return zarrc_fail(error, ZARRC_LIMIT, "a JSON document with more than %zu values", MAX_VALUES);
  if (depth && ++t->nchildren[t->open[depth - 1]] > MAX_MEMBERS && scan->is_object[depth - 1])
    return zarrc_fail(error, ZARRC_LIMIT, "a JSON object with more than %u members", MAX_MEMBERS);
  return ZARRC_OK;
}

/* Checks for cancellation now and then. */
static zarrc_status check_canceled(zarrc_ctx *ctx, size_t nevents, zarrc_error *error) {
  return nevents % 65536 ? ZARRC_OK : zarrc_ctx_check_canceled(ctx, error);
}

/* Skips the rest of an opaque array or object. */
static zarrc_status skip_opaque(zarrc_ctx *ctx, zarrc_json_scan *scan, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  zarrc_json_event event;
  unsigned depth = scan->depth;
  scan->loose = true;
  for (size_t i = 1; !status && scan->depth >= depth; i++) {
    status = zarrc_json_scan_next(scan, &event, error);
    if (!status) status = check_canceled(ctx, i, error);
  }
  scan->loose = false;
  return status;
}

static bool is_container(zarrc_json_kind kind) {
  return kind == ZARRC_JSON_ARRAY || kind == ZARRC_JSON_OBJECT;
}

static bool nan_everywhere(const char *opaque) {
  return opaque && strcmp(opaque, "+") == 0;
}

/* Returns whether the value of the scanned key may be NaN: its name follows the plus sign. */
static bool may_be_nan(const zarrc_json_scan *scan, const char *opaque) {
  const char *plus = opaque && scan->depth == 1 ? strchr(opaque, '+') : NULL;
  return plus && zarrc_json_token_is(scan->text + scan->start, scan->end - scan->start, plus + 1);
}

static bool is_opaque(const zarrc_json_scan *scan, const char *opaque) {
  char name[64];
  if (!opaque || scan->depth != 1) return false;
  for (size_t n; *opaque; opaque += n + (opaque[n] == ' ')) {
    n = strcspn(opaque, " ");
    if (n >= sizeof name) return false;
    memcpy(name, opaque, n);
    name[n] = 0;
    if (zarrc_json_token_is(scan->text + scan->start, scan->end - scan->start, name)) return true;
  }
  return false;
}

/* A scan of a document, of which `opaque` is what zarrc_json_parse was given. */
typedef struct reading {
  zarrc_ctx *ctx;
  zarrc_json_scan scan;
  const char *opaque;
  size_t nevents;
  zarrc_json_event event; /* the latest */
  unsigned depth;         /* before it */
  bool at_opaque;         /* the next value is that of an opaque member */
} reading;

/* Reads the next event. A key decides how its value is scanned. */
static zarrc_status read_event(reading *r, zarrc_error *error) {
  r->depth = r->scan.depth;
  zarrc_status status = zarrc_json_scan_next(&r->scan, &r->event, error);
  if (!status && r->event != ZARRC_JSON_KEY && r->scan.depth == 1)
    r->scan.nan = nan_everywhere(r->opaque); /* the member with a plus sign has ended */
  if (!status) status = check_canceled(r->ctx, ++r->nevents, error);
  if (status || r->event != ZARRC_JSON_KEY) return status;
  r->at_opaque = is_opaque(&r->scan, r->opaque);
  r->scan.nan |= may_be_nan(&r->scan, r->opaque);
  return ZARRC_OK;
}

static zarrc_status count(reading r, totals *t, zarrc_error *error) {
  zarrc_json_scan *scan = &r.scan;
  for (;;) {
    zarrc_status status = read_event(&r, error);
    if (status || r.event == ZARRC_JSON_DONE) return status;
    if (r.event == ZARRC_JSON_KEY) {
      t->nmembers++;
      t->nstrings += scan->ndecoded + 1;
    } else if (r.event == ZARRC_JSON_VALUE) {
      status = count_value(scan, t, r.depth, error);
      if (status) return status;
      if (scan->kind == ZARRC_JSON_STRING) t->nstrings += scan->ndecoded + 1;
      if (is_container(scan->kind)) {
        status = r.at_opaque ? skip_opaque(r.ctx, scan, error) : count_container(r.ctx, t, scan->depth, error);
        if (status) return status;
      }
      r.at_opaque = false;
    }
  }
}

/* ------------------------------------------------------------------------------------------------ second scan */

typedef struct builder {
  zarrc_json *next_value;
  uint32_t *next_number;
  char *next_byte;
  const uint32_t *next_nchildren;
  zarrc_json *open[ZARRC_JSON_MAX_DEPTH]; /* the arrays and objects that are open */
  zarrc_json *slot[ZARRC_JSON_MAX_DEPTH]; /* where the next child of each goes */
} builder;

static const char *keep_string(builder *b, const zarrc_json_scan *scan) {
  char *string = b->next_byte;
  zarrc_json_decode(scan->text + scan->start, scan->end - scan->start, string);
  string[scan->ndecoded] = 0;
  b->next_byte += scan->ndecoded + 1;
  return string;
}

static int compare_keys(const void *of, uint32_t a, uint32_t b) {
  const zarrc_json *items = of;
  const zarrc_json *x = &items[a], *y = &items[b];
  int order = memcmp(x->key, y->key, x->nkey < y->nkey ? x->nkey : y->nkey);
  if (order == 0) order = (x->nkey > y->nkey) - (x->nkey < y->nkey);
  return order ? order : (a > b) - (a < b);
}

static zarrc_status sort_keys(const zarrc_json_scan *scan, zarrc_json *object, uint32_t *numbers, zarrc_error *error) {
  const zarrc_json *items = object->u.items;
  zarrc_sort(numbers, object->length, compare_keys, items);
  object->by_key = numbers;
  for (uint32_t i = 1; i < object->length; i++) {
    const zarrc_json *a = &items[numbers[i - 1]], *b = &items[numbers[i]];
    if (a->nkey != b->nkey || memcmp(a->key, b->key, a->nkey) != 0) continue;
    char key[ZARRC_EXCERPT];
    return zarrc_json_scan_fail(scan, (size_t)(b->text - scan->text), error, "a second value for the key \"%s\"",
                                zarrc_excerpt(key, b->key, b->nkey));
  }
  return ZARRC_OK;
}

static void open_container(builder *b, zarrc_json *value, unsigned depth) {
  value->length = *b->next_nchildren++;
  value->u.items = b->next_value;
  b->open[depth - 1] = value;
  b->slot[depth - 1] = b->next_value;
  b->next_value += value->length;
}

static zarrc_status close_container(builder *b, const zarrc_json_scan *scan, zarrc_error *error) {
  zarrc_json *value = b->open[scan->depth];
  value->ntext = (uint32_t)(scan->text + scan->end - value->text);
  if (value->kind != ZARRC_JSON_OBJECT) return ZARRC_OK;
  uint32_t *numbers = b->next_number;
  b->next_number += value->length;
  return sort_keys(scan, value, numbers, error);
}

static zarrc_status build(reading r, builder *b, zarrc_error *error) {
  zarrc_json_scan *scan = &r.scan;
  const char *key = NULL;
  size_t nkey = 0;
  for (;;) {
    zarrc_status status = read_event(&r, error);
    if (status || r.event == ZARRC_JSON_DONE) return status;
    if (r.event == ZARRC_JSON_KEY) {
      key = keep_string(b, scan);
      nkey = scan->ndecoded;
    } else if (r.event == ZARRC_JSON_CLOSE) {
      status = close_container(b, scan, error);
    } else {
      size_t start = scan->start;
      zarrc_json *value = r.depth ? b->slot[r.depth - 1]++ : b->next_value++;
      *value =
          (zarrc_json){.text = scan->text + start, .key = key, .nkey = (uint32_t)nkey, .kind = (uint8_t)scan->kind};
      if (scan->kind == ZARRC_JSON_STRING) {
        value->length = (uint32_t)scan->ndecoded;
        value->u.string = keep_string(b, scan);
      } else if (is_container(scan->kind)) {
        if (r.at_opaque)
          status = skip_opaque(r.ctx, scan, error);
        else
          open_container(b, value, scan->depth);
      }
      value->ntext = (uint32_t)(scan->end - start);
      key = NULL;
      nkey = 0;
      r.at_opaque = false;
    }
    if (status) return status;
  }
}

/* ----------------------------------------------------------------------------------------------- the document */

zarrc_status zarrc_json_parse(zarrc_ctx *ctx, const char *text, size_t n, const char *opaque, zarrc_json_doc **out,
                              zarrc_error *error) {
  zarrc_status status;
  totals t = {0};
  builder b = {0};
  zarrc_json_doc *doc = NULL;

  if (n >= UINT32_MAX) return zarrc_fail(error, ZARRC_LIMIT, "a JSON document of %zu bytes", n);
  doc = zarrc_malloc(ctx, sizeof *doc + n + 1);
  if (!doc) goto no_memory;
  *doc = (zarrc_json_doc){.ctx = ctx, .nbytes = n};
  if (n) memcpy(doc->text, text, n);
  doc->text[n] = 0;

  reading r = {.ctx = ctx, .scan = {.text = doc->text, .nbytes = n, .nan = nan_everywhere(opaque)}, .opaque = opaque};
  status = count(r, &t, error);
  if (status) goto done;

  size_t nbytes, numbers = t.nmembers * sizeof(uint32_t); /* cannot overflow: less than the text */
  if (!zarrc_mul_size(t.nvalues, sizeof(zarrc_json), &nbytes) || !zarrc_add_size(nbytes, numbers, &nbytes) ||
      !zarrc_add_size(nbytes, t.nstrings, &nbytes)) {
    goto no_memory;
  }
  doc->values = zarrc_malloc(ctx, nbytes);
  if (!doc->values) goto no_memory;
  b.next_value = doc->values;
  b.next_number = (uint32_t *)(void *)(doc->values + t.nvalues);
  b.next_byte = (char *)(b.next_number + t.nmembers);
  b.next_nchildren = t.nchildren;
  status = build(r, &b, error);
  if (status) goto done;
  *out = doc;
  doc = NULL;
  goto done;

no_memory:
  status = zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a JSON document of %zu bytes", n);
done:
  zarrc_free(ctx, t.nchildren);
  zarrc_json_close(doc);
  return status;
}

void zarrc_json_close(zarrc_json_doc *doc) {
  if (!doc) return;
  zarrc_free(doc->ctx, doc->values);
  zarrc_free(doc->ctx, doc);
}

const zarrc_json *zarrc_json_root(const zarrc_json_doc *doc) {
  return doc->values;
}

/* --------------------------------------------------------------------------------------------------- values */

zarrc_json_kind zarrc_json_get_kind(const zarrc_json *value) {
  return (zarrc_json_kind)value->kind;
}

const char *zarrc_json_kind_name(zarrc_json_kind kind) {
  static const char *const names[] = {"null", "a boolean", "an integer", "a real", "a string", "an array", "an object"};
  return names[kind];
}

bool zarrc_json_is(const zarrc_json *value, zarrc_json_kind kind) {
  return value && value->kind == kind;
}

const char *zarrc_json_text(const zarrc_json *value, size_t *n) {
  *n = value->ntext;
  return value->text;
}

bool zarrc_json_get_bool(const zarrc_json *value, bool *out) {
  if (!zarrc_json_is(value, ZARRC_JSON_BOOL)) return false;
  *out = value->text[0] == 't';
  return true;
}

/* Gets the absolute value of an integer; false: it has more than 64 bits. */
static bool magnitude(const zarrc_json *value, uint64_t *out) {
  uint64_t x = 0;
  for (uint32_t i = value->text[0] == '-'; i < value->ntext; i++) {
    if (__builtin_mul_overflow(x, 10u, &x) || __builtin_add_overflow(x, (uint64_t)(value->text[i] - '0'), &x)) {
      return false;
    }
  }
  *out = x;
  return true;
}

bool zarrc_json_get_int64(const zarrc_json *value, int64_t *out) {
  uint64_t x;
  if (!zarrc_json_is(value, ZARRC_JSON_INTEGER) || !magnitude(value, &x)) return false;
  bool negative = value->text[0] == '-';
  if (x > (uint64_t)INT64_MAX + negative) return false;
  *out = !negative ? (int64_t)x : x > INT64_MAX ? INT64_MIN : -(int64_t)x;
  return true;
}

bool zarrc_json_get_uint64(const zarrc_json *value, uint64_t *out) {
  uint64_t x;
  if (!zarrc_json_is(value, ZARRC_JSON_INTEGER) || !magnitude(value, &x)) return false;
  if (value->text[0] == '-' && x > 0) return false;
  *out = x;
  return true;
}

bool zarrc_json_get_double(const zarrc_json *value, double *out) {
  bool integer = zarrc_json_is(value, ZARRC_JSON_INTEGER);
  if (!integer && !zarrc_json_is(value, ZARRC_JSON_REAL)) return false;
  if (value->text[value->text[0] == '-'] > '9') return false; /* NaN, Infinity */
  if (zarrc_decimal_read(value->text, out) != value->ntext) return false;
  if (integer && *out == 0) *out = 0; /* the integer -0 is 0 */
  return true;
}

const char *zarrc_json_get_string(const zarrc_json *value, size_t *n) {
  if (!zarrc_json_is(value, ZARRC_JSON_STRING)) return NULL;
  *n = value->length;
  return value->u.string;
}

bool zarrc_json_string_is(const zarrc_json *value, const char *text) {
  size_t n = strlen(text);
  return zarrc_json_is(value, ZARRC_JSON_STRING) && value->length == n && memcmp(value->u.string, text, n) == 0;
}

size_t zarrc_json_length(const zarrc_json *value) {
  return value && is_container((zarrc_json_kind)value->kind) ? value->length : 0;
}

const zarrc_json *zarrc_json_at(const zarrc_json *value, size_t i) {
  return i < zarrc_json_length(value) ? &value->u.items[i] : NULL;
}

const char *zarrc_json_key(const zarrc_json *object, size_t i) {
  return i < zarrc_json_length(object) ? object->u.items[i].key : NULL;
}

const zarrc_json *zarrc_json_get(const zarrc_json *object, const char *key) {
  if (!zarrc_json_is(object, ZARRC_JSON_OBJECT)) return NULL;
  size_t n = strlen(key);
  uint32_t low = 0, high = object->length;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    const zarrc_json *item = &object->u.items[object->by_key[middle]];
    int order = memcmp(key, item->key, n < item->nkey ? n : item->nkey);
    if (order == 0) order = (n > item->nkey) - (n < item->nkey);
    if (order == 0) return item;
    if (order < 0) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return NULL;
}

const char *zarrc_json_unknown_key(const zarrc_json *object, const char *const *allowed, size_t *at) {
  while (*at < zarrc_json_length(object)) {
    const zarrc_json *item = &object->u.items[(*at)++];
    const char *const *name = allowed;
    while (*name && (strlen(*name) != item->nkey || memcmp(*name, item->key, item->nkey) != 0)) name++;
    if (!*name) return item->key;
  }
  return NULL;
}

zarrc_status zarrc_json_check_keys(const zarrc_json *value, const char *const *allowed, zarrc_error *error) {
  if (!zarrc_json_is(value, ZARRC_JSON_OBJECT)) {
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "expected an object, found %s",
                      value ? zarrc_json_kind_name((zarrc_json_kind)value->kind) : "nothing");
  }
  size_t at = 0;
  if (zarrc_json_unknown_key(value, allowed, &at)) {
    const zarrc_json *item = &value->u.items[at - 1];
    char key[ZARRC_EXCERPT];
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "unknown member \"%s\"",
                      zarrc_excerpt(key, item->key, item->nkey));
  }
  return ZARRC_OK;
}
