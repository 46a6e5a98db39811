/* SPDX-License-Identifier: MIT */
#include "support/far_store.h"

#include <stdlib.h>
#include <string.h>

struct far_asked {
  far_asked *next;
  zarrc_identity version;
  uint64_t begin, end;
  char key[];
};

typedef struct far_blob {
  zarrc_blob blob;
  far_store *far;
  const char *key;
  bool has_looked, is_there;
  zarrc_identity version; /* that it has seen, or is held to */
} far_blob;

static void note_bytes(far_store *far, const far_blob *b, uint64_t begin, uint64_t end) {
  far_asked *a = malloc(sizeof *a + strlen(b->key) + 1);
  *a = (far_asked){.next = far->asked, .version = b->version, .begin = begin, .end = end};
  strcpy(a->key, b->key);
  for (const far_asked *old = far->asked; old; old = old->next) {
    if (strcmp(old->key, a->key) != 0 || memcmp(&old->version, &a->version, sizeof a->version) != 0) continue;
    uint64_t from = begin > old->begin ? begin : old->begin, to = end < old->end ? end : old->end;
    if (from < to) far->ntwice += (size_t)(to - from);
  }
  far->asked = a;
  far->nranges++;
  far->nbytes += (size_t)(end - begin);
}

static void copy_release(zarrc_bytes *bytes) {
  zarrc_free(bytes->owner, (void *)bytes->ptr);
}

/* Looks at the newest version, which must be the one that was seen. */
static zarrc_status look(far_blob *b, zarrc_key_blob *value, zarrc_error *error) {
  zarrc_identity version = {.nbytes = 0};
  bool known;
  zarrc_status status = zarrc_key_blob_open(value, b->far->inner, b->key, error);
  if (status) return status;
  status = zarrc_blob_identify(value->blob, &version, &known, error);
  bool there = status == ZARRC_OK, same = there == b->is_there && !memcmp(&version, &b->version, sizeof version);
  if (!status || status == ZARRC_NOT_FOUND) {
    if (b->has_looked && !same && !b->far->blind) {
      status = zarrc_fail(error, ZARRC_CONFLICT, "the value is another one");
    } else {
      b->has_looked = true;
      b->is_there = there;
      b->version = version;
    }
  }
  if (status) zarrc_key_blob_close(value);
  return status;
}

static zarrc_status answer(far_blob *b, const zarrc_bytes *value, zarrc_range *range, bool exact, zarrc_error *error) {
  uint64_t start = (uint64_t)range->offset, left, nbytes = range->nbytes;
  size_t located;
  if (exact) {
    zarrc_status status = zarrc_range_locate(range, value->len, &start, &located, error);
    if (status) return status;
    nbytes = located;
  } else if (range->offset < 0) {
    start = 0 - (uint64_t)range->offset < value->len ? value->len + start : 0;
  }
  if (start > value->len) start = value->len;
  left = value->len - start;
  if (range->to_end && left > nbytes) nbytes = 0; /* it is too long anyway */
  if (nbytes > left) nbytes = left;
  uint8_t *copy = range->into ? range->into : zarrc_malloc(b->far->store.ctx, (size_t)nbytes + 1);
  if (!copy) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for an answer");
  if (nbytes) memcpy(copy, value->ptr + start, (size_t)nbytes);
  range->got = (zarrc_bytes){copy, (size_t)nbytes, range->into ? NULL : copy_release, b->far->store.ctx};
  range->total = value->len;
  if (nbytes) note_bytes(b->far, b, start, start + nbytes);
  return ZARRC_OK;
}

/* The lock is held. */
static zarrc_status serve(far_blob *b, zarrc_range *ranges, size_t n, bool exact, zarrc_error *error) {
  zarrc_key_blob blob;
  zarrc_bytes value;
  if (b->far->failing && !strcmp(b->far->failing, b->key))
    return zarrc_fail(error, b->far->status, "the fetch of this value fails");
  zarrc_status status = look(b, &blob, error);
  if (status) return status;
  status = zarrc_blob_read_all(blob.blob, UINT64_MAX, &value, error);
  zarrc_key_blob_close(&blob);
  if (status) return status;
  for (size_t i = 0; i < n && !status; i++) {
    status = answer(b, &value, &ranges[i], exact, error);
    if (status) zarrc_ranges_release(ranges, i);
  }
  zarrc_bytes_release(&value);
  return status;
}

static zarrc_status far_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  far_blob *b = (far_blob *)blob;
  pthread_mutex_lock(&b->far->lock);
  b->far->nwaves++;
  b->far->nsingle++;
  zarrc_status status = serve(b, ranges, n, true, error);
  if (status == ZARRC_CONFLICT && !b->far->store.read_only) b->has_looked = false;
  pthread_mutex_unlock(&b->far->lock);
  return status;
}

static zarrc_status far_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  far_store *far = (far_store *)store;
  (void)error;
  pthread_mutex_lock(&far->lock);
  far->nwaves++;
  if (n > far->most_at_once) far->most_at_once = n;
  for (size_t i = 0; i < n; i++)
    requests[i].status =
        serve((far_blob *)requests[i].blob, requests[i].ranges, requests[i].n, false, requests[i].error);
  for (size_t i = 0; i < n && far->spoil; i++)
    for (size_t k = 0; k < requests[i].n && !requests[i].status; k++) far->spoil(&requests[i].ranges[k]);
  pthread_mutex_unlock(&far->lock);
  if (far->after) far->after(far->after_arg, far);
  return ZARRC_OK;
}

/* Lets a blob see that there is no value, so that what it stores conflicts with one that comes into being. */
static zarrc_status find_nothing(zarrc_blob *blob, zarrc_error *error) {
  zarrc_identity version;
  bool known;
  zarrc_status status = zarrc_blob_identify(blob, &version, &known, NULL);
  if (status == ZARRC_NOT_FOUND) return ZARRC_OK;
  return status ? status : zarrc_fail(error, ZARRC_CONFLICT, "there is a value by now");
}

static zarrc_status change(far_blob *b, const zarrc_bytes *parts, size_t n, bool if_unchanged, bool erase,
                           zarrc_error *error) {
  zarrc_key_blob blob;
  far_blob fresh = *b;
  zarrc_status status;
  pthread_mutex_lock(&b->far->lock);
  if (!if_unchanged) fresh.has_looked = false;
  status = look(&fresh, &blob, error);
  bool opened = !status;
  if (status == ZARRC_NOT_FOUND) {
    status = zarrc_key_blob_open(&blob, b->far->inner, b->key, error);
    opened = !status;
    if (opened && if_unchanged) status = find_nothing(blob.blob, error);
  }
  if (!status) {
    status = erase ? zarrc_blob_erase(blob.blob, if_unchanged, error)
                   : zarrc_blob_replace(blob.blob, parts, n, if_unchanged, error);
  }
  if (opened) zarrc_key_blob_close(&blob);
  b->has_looked = b->is_there = false;
  memset(&b->version, 0, sizeof b->version);
  pthread_mutex_unlock(&b->far->lock);
  return status;
}

static zarrc_status far_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                zarrc_error *error) {
  return change((far_blob *)blob, parts, n, if_unchanged, false, error);
}

static zarrc_status far_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  return change((far_blob *)blob, NULL, 0, if_unchanged, true, error);
}

static zarrc_status far_identify(zarrc_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error) {
  far_blob *b = (far_blob *)blob;
  zarrc_key_blob value;
  zarrc_status status = ZARRC_OK;
  *known = false;
  if (b->far->blind) return ZARRC_OK;
  pthread_mutex_lock(&b->far->lock);
  if (!b->has_looked) {
    b->far->nwaves++;
    b->far->nsingle++;
    status = look(b, &value, error);
    if (!status) zarrc_key_blob_close(&value);
  }
  pthread_mutex_unlock(&b->far->lock);
  if (status || !b->is_there) return status ? status : zarrc_fail(error, ZARRC_NOT_FOUND, "no value");
  *out = b->version;
  out->word[3] = 77; /* no value of the inner store itself */
  *known = true;
  return ZARRC_OK;
}

static void far_expect(zarrc_blob *blob, const zarrc_identity *identity) {
  far_blob *b = (far_blob *)blob;
  b->has_looked = b->is_there = true;
  b->version = *identity;
  b->version.word[3] = 0;
}

static size_t far_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  (void)store, (void)key_nbytes;
  return sizeof(far_blob);
}

static zarrc_status far_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops,
                                     .read = far_read,
                                     .replace = far_replace,
                                     .erase = far_erase,
                                     .identify = far_identify,
                                     .expect = far_expect};
  far_store *far = (far_store *)store;
  (void)error;
  *(far_blob *)blob = (far_blob){.blob = {&ops, &far->traits}, .far = far, .key = key};
  return ZARRC_OK;
}

static zarrc_status far_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn, void *arg,
                             zarrc_error *error) {
  far_store *far = (far_store *)store;
  far->nlists++;
  return zarrc_store_list(far->inner, prefix, deep, sizes, fn, arg, error);
}

void far_store_init(far_store *far, zarrc_ctx *ctx, zarrc_store *inner) {
  static const zarrc_store_ops ops = {.struct_size = sizeof ops,
                                      .name = "far",
                                      .blob_nbytes = far_blob_nbytes,
                                      .open = far_open,
                                      .list = far_list,
                                      .fetch = far_fetch};
  memset(far, 0, sizeof *far);
  far->store = (zarrc_store){.ops = &ops, .ctx = ctx, .read_only = inner->read_only, .url = inner->url};
  far->inner = inner;
  far->traits =
      (zarrc_blob_traits){.struct_size = sizeof far->traits, .gap = 1 << 20, .window = 64 << 20, .requests = 4};
  pthread_mutex_init(&far->lock, NULL);
}

void far_store_begin(far_store *far) {
  while (far->asked) {
    far_asked *a = far->asked;
    far->asked = a->next;
    free(a);
  }
  far->nwaves = far->nsingle = far->nlists = far->nranges = far->nbytes = far->most_at_once = far->ntwice = 0;
}

void far_store_clear(far_store *far) {
  far_store_begin(far);
  pthread_mutex_destroy(&far->lock);
}
