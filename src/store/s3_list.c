/* SPDX-License-Identifier: MIT */
/* Lists the keys of a bucket, page by page (ListObjectsV2). */
#include "store/answer.h"
#include "store/s3.h"
#include "store/s3_answer.h"

#include <string.h>

enum { PAGE_NBYTES = 64 << 20, MOST_TOKEN = 16 << 10 };

typedef struct walk {
  zarrc_s3_store *s3;
  const char *below; /* what every key begins with, up to a slash */
  size_t nprefix;    /* bytes of it that belong to the store */
  zarrc_list_fn fn;
  void *arg;
} walk;

static bool accept_page(zarrc_get *get) {
  get->body.max = PAGE_NBYTES;
  return true;
}

static zarrc_status give_entry(void *arg, const char *key, bool is_prefix, uint64_t nbytes, zarrc_error *error) {
  const walk *w = arg;
  size_t n = strlen(w->below);
  if (strncmp(key, w->below, n) != 0 || zarrc_key_check(key + w->nprefix, NULL)) return ZARRC_OK;
  zarrc_entry entry = {.key = key + w->nprefix, .is_prefix = is_prefix, .nbytes = nbytes};
  return w->fn(w->arg, &entry, error);
}

/* Looks at the answer to the request for a page. */
static zarrc_status take_page(walk *w, const zarrc_get *get, zarrc_buf *token, zarrc_error *error) {
  if (get->status) return get->status;
  if (get->answer.status != 200) return zarrc_answer_fail(&get->answer, get->ntries, error);
  if (get->is_cut) return zarrc_fail(error, ZARRC_LIMIT, "a page of the listing is longer than %d bytes", PAGE_NBYTES);
  return zarrc_s3_page_read(w->s3->http.store.ctx, get->body.ptr, get->body.len, give_entry, w, token, error);
}

/* Gets one page. token: of that page, or empty, then of the next one. */
static zarrc_status list_page(walk *w, bool deep, zarrc_buf *token, zarrc_error *error) {
  zarrc_sign_pair query[5] = {{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", w->below}};
  size_t n = 3;
  if (!deep) query[n++] = (zarrc_sign_pair){"delimiter", "/"};
  if (token->len) query[n++] = (zarrc_sign_pair){"continuation-token", (const char *)token->ptr};
  zarrc_s3_extra extra = {.query = query, .nquery = n};
  zarrc_get get = {.path = "", .extra = &extra, .accept = accept_page, .error = error}, *gets[] = {&get};
  get.body = zarrc_buf_new(w->s3->http.store.ctx, PAGE_NBYTES);
  zarrc_status status = zarrc_transport_run(w->s3->http.transport, gets, 1, error);
  if (!status) status = take_page(w, &get, token, error);
  zarrc_buf_clear(&get.body);
  return status;
}

zarrc_status zarrc_s3_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn, void *arg,
                           zarrc_error *error) {
  zarrc_s3_store *s3 = (zarrc_s3_store *)store;
  size_t n = strlen(s3->prefix);
  walk w = {.s3 = s3, .nprefix = n + (n > 0), .fn = fn, .arg = arg};
  zarrc_buf below = zarrc_buf_new(store->ctx, MOST_TOKEN), token = zarrc_buf_new(store->ctx, MOST_TOKEN);
  zarrc_status status =
      zarrc_buf_printf(&below, error, "%s%s%s%s", s3->prefix, n ? "/" : "", prefix, *prefix ? "/" : "");
  if (!status) status = zarrc_buf_append(&below, "", 1, error);
  (void)sizes;
  w.below = (const char *)below.ptr;
  do {
    if (!status) status = list_page(&w, deep, &token, error);
  } while (!status && token.len > 0);
  zarrc_buf_clear(&below);
  zarrc_buf_clear(&token);
  return status;
}
