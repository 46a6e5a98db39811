/* SPDX-License-Identifier: MIT */
/*
 * Lists a folder of a server that answers with JSON, as nginx does with `autoindex_format json`: an array of objects
 * with name, type ("file" or "directory") and size.
 */
#include "store/answer.h"
#include "store/http.h"
#include "store/http_url.h"

#include "base/checked.h"
#include "base/json.h"

#include <string.h>
#include <zarrc/plugin/blob.h>

enum {
  LISTING_NBYTES = 256 << 20, /* longest listing of one folder */
  AT_ONCE = 64,               /* folders */
  KEY_NBYTES = 4096           /* longest key */
};

/* A folder whose listing is to come: its path, in both spellings. */
typedef struct folder {
  struct folder *next;
  zarrc_get get;
  zarrc_error error;
  char *url;
  char key[];
} folder;

typedef struct walk {
  zarrc_http_store *http;
  zarrc_ctx *ctx;
  bool deep;
  zarrc_list_fn fn;
  void *arg;
  folder *todo;
} walk;

static bool accept_listing(zarrc_get *get) {
  get->body.max = LISTING_NBYTES;
  return get->answer.is_json;
}

static zarrc_status no_memory(zarrc_error *error) {
  return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a listing");
}

/* Adds the folder prefix/name to what is to be listed; prefix or name may be "". */
static zarrc_status add_folder(walk *w, const char *prefix, const char *name, zarrc_error *error) {
  size_t n = strlen(prefix), m = strlen(name), length = n + (n && m) + m;
  folder *f = zarrc_malloc(w->ctx, sizeof *f + length + 1 + 3 * length + 2);
  if (!f) return no_memory(error);
  memset(f, 0, sizeof *f);
  memcpy(f->key, prefix, n);
  if (n && m) f->key[n] = '/';
  memcpy(f->key + length - m, name, m + 1);
  f->url = f->key + length + 1;
  f->next = w->todo;
  w->todo = f;
  zarrc_status status = zarrc_http_key_encode(f->key, f->url, error);
  if (!status) memcpy(f->url + strlen(f->url), "/", 2);
  f->get.path = f->url;
  f->get.error = &f->error;
  f->get.accept = accept_listing;
  f->get.body = zarrc_buf_new(w->ctx, LISTING_NBYTES);
  return status;
}

static void drop_folder(walk *w, folder *f) {
  zarrc_buf_clear(&f->get.body);
  zarrc_free(w->ctx, f);
}

/* Returns whether a name can be a segment of a key. */
static bool is_segment(const char *name, size_t n) {
  return n > 0 && n == strlen(name) && !memchr(name, '/', n) && !zarrc_key_check(name, NULL);
}

/* Calls fn for an entry, or adds its folder. */
static zarrc_status take_entry(walk *w, const folder *f, const zarrc_json *item, char *key, zarrc_error *error) {
  size_t n, nkey = strlen(f->key);
  const char *name = zarrc_json_get_string(zarrc_json_get(item, "name"), &n);
  bool is_folder = zarrc_json_string_is(zarrc_json_get(item, "type"), "directory");
  if (!name || !is_segment(name, n) || nkey + n + 2 > KEY_NBYTES) return ZARRC_OK; /* no key */
  if (is_folder && w->deep) return add_folder(w, f->key, name, error);
  memcpy(key, f->key, nkey);
  if (nkey) key[nkey++] = '/';
  memcpy(key + nkey, name, n + 1);
  zarrc_entry entry = {.key = key, .is_prefix = is_folder, .nbytes = ZARRC_UNKNOWN};
  if (!is_folder) zarrc_json_get_uint64(zarrc_json_get(item, "size"), &entry.nbytes);
  return w->fn(w->arg, &entry, error);
}

static zarrc_status refuse_listing(zarrc_error *error) {
  return zarrc_fail(error, ZARRC_UNSUPPORTED,
                    "the server does not list what is in a folder, or not as JSON; arrays in it can be opened by their "
                    "names, and groups list their members if they have consolidated metadata");
}

static zarrc_status take_listing(walk *w, const folder *f, zarrc_error *error) {
  zarrc_json_doc *doc;
  char *key = zarrc_malloc(w->ctx, KEY_NBYTES);
  if (!key) return no_memory(error);
  zarrc_status status = zarrc_json_parse(w->ctx, (const char *)f->get.body.ptr, f->get.body.len, NULL, &doc, error);
  if (status == ZARRC_INVALID_METADATA) status = refuse_listing(error);
  if (!status) {
    const zarrc_json *root = zarrc_json_root(doc);
    if (!zarrc_json_is(root, ZARRC_JSON_ARRAY))
      status = refuse_listing(error);
    else
      atomic_store(&w->http->lists, true);
    for (size_t i = 0; i < zarrc_json_length(root) && !status; i++)
      status = take_entry(w, f, zarrc_json_at(root, i), key, error);
    zarrc_json_close(doc);
  }
  zarrc_free(w->ctx, key);
  return status;
}

/* Looks at the answer to a request for a listing. A folder that is not there is empty, if the server lists any. */
static zarrc_status take_answer(walk *w, const folder *f, zarrc_error *error) {
  const zarrc_answer *a = &f->get.answer;
  if (f->get.status) {
    if (error) *error = f->error;
    return f->get.status;
  }
  if (a->status == 404 || a->status == 410) return ZARRC_OK;
  if (a->status == 200 && f->get.is_cut && a->is_json)
    return zarrc_fail(error, ZARRC_LIMIT, "the listing of a folder is longer than %d bytes", LISTING_NBYTES);
  if (a->status == 200 && a->is_json) return take_listing(w, f, error);
  bool cannot = a->status == 200 || a->status == 401 || a->status == 403 || a->status == 405;
  return cannot ? refuse_listing(error) : zarrc_answer_fail(a, f->get.ntries, error);
}

/* Lists some folders at once. */
static zarrc_status list_some(walk *w, zarrc_error *error) {
  zarrc_get *gets[AT_ONCE];
  folder *some[AT_ONCE];
  size_t n = 0;
  for (; n < AT_ONCE && w->todo; n++) {
    some[n] = w->todo;
    w->todo = w->todo->next;
    gets[n] = &some[n]->get;
  }
  zarrc_status status = zarrc_transport_run(w->http->transport, gets, n, error);
  for (size_t i = 0; i < n; i++) {
    if (!status) status = take_answer(w, some[i], error);
    drop_folder(w, some[i]);
  }
  return status;
}

/* Lists all folders, unless status is a failure. */
static zarrc_status list_all(walk *w, zarrc_status status, zarrc_error *error) {
  while (!status && w->todo) status = list_some(w, error);
  while (w->todo) {
    folder *f = w->todo;
    w->todo = f->next;
    drop_folder(w, f);
  }
  return status;
}

static zarrc_status see_nothing(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  (void)arg, (void)entry, (void)error;
  return ZARRC_OK;
}

/* Makes sure that a folder is not there, and not only not listed: then the root of the store, which is there, would not
 * be listed either. */
static zarrc_status check_root(zarrc_http_store *http, const char *prefix, zarrc_error *error) {
  walk w = {.http = http, .ctx = http->store.ctx, .fn = see_nothing};
  zarrc_status status = *prefix ? add_folder(&w, "", "", error) : ZARRC_OK;
  status = list_all(&w, status, error);
  if (status) return status;
  return atomic_load(&http->lists) ? ZARRC_OK : refuse_listing(error);
}

zarrc_status zarrc_http_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn, void *arg,
                             zarrc_error *error) {
  zarrc_http_store *http = (zarrc_http_store *)store;
  walk w = {.http = http, .ctx = store->ctx, .deep = deep, .fn = fn, .arg = arg};
  (void)sizes;
  zarrc_status status = add_folder(&w, prefix, "", error);
  status = list_all(&w, status, error);
  if (status) return status;
  return atomic_load(&http->lists) ? ZARRC_OK : check_root(http, prefix, error);
}
