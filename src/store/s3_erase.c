/* SPDX-License-Identifier: MIT */
/* Erases what is below a prefix, with a request for each key, many at once: not every server erases several keys by one
 * request, and each answer tells of one key. */
#include "store/answer.h"
#include "store/common.h"
#include "store/http_url.h"
#include "store/s3_write.h"

#include "base/documents.h"

#include <string.h>

enum { AT_ONCE = 128 };

/* A request to erase a key. */
typedef struct erasure {
  zarrc_get get;
  zarrc_error error;
  const char *key;
  char path[3 * ZARRC_S3_KEY_NBYTES + 1];
} erasure;

static zarrc_status collect_key(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  return zarrc_buf_append(arg, entry->key, strlen(entry->key) + 1, error);
}

/* Makes some requests, and looks at the answers. */
static zarrc_status erase_some(zarrc_s3_store *s3, erasure *some, size_t n, zarrc_error *error) {
  static const zarrc_s3_extra nothing = {0};
  zarrc_get *gets[AT_ONCE] = {0};
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < n && !status; i++) {
    gets[i] = &some[i].get;
    zarrc_s3_change_begin(s3, gets[i], "DELETE", some[i].path, &nothing, &some[i].error);
    status = zarrc_http_key_encode(some[i].key, some[i].path, error);
  }
  if (!status) status = zarrc_transport_run(s3->http.transport, gets, n, error);
  for (size_t i = 0; i < n && gets[i]; i++) {
    zarrc_get *get = gets[i];
    int http = get->answer.status;
    zarrc_status failed = status ? ZARRC_OK : get->status;
    bool is_gone = (http >= 200 && http < 300) || http == 404;
    if (!status && !failed && !is_gone) failed = zarrc_answer_fail(&get->answer, get->ntries, &some[i].error);
    zarrc_buf_clear(&get->body);
    if (!failed) continue;
    status = failed;
    zarrc_error_in_key(&some[i].error, &s3->http.store, some[i].key);
    if (error) *error = some[i].error;
  }
  return status;
}

static bool is_document(const char *key) {
  return zarrc_name_makes_node(zarrc_key_name(key));
}

zarrc_status zarrc_s3_erase_prefix(zarrc_store *store, const char *prefix, zarrc_error *error) {
  zarrc_buf keys = zarrc_buf_new(store->ctx, SIZE_MAX);
  erasure *some = zarrc_malloc(store->ctx, AT_ONCE * sizeof *some);
  zarrc_status status = some ? zarrc_s3_list(store, prefix, true, false, collect_key, &keys, error)
                             : zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for requests");
  const char *key = (const char *)keys.ptr;
  for (int documents = 1; documents >= 0; documents--) { /* first, so that an interruption leaves no holes in arrays */
    size_t n = 0;
    for (size_t i = 0; i < keys.len && !status; i += strlen(key + i) + 1) {
      if (is_document(key + i) != documents) continue;
      memset(&some[n].get, 0, sizeof some[n].get);
      some[n++].key = key + i;
      if (n == AT_ONCE) status = erase_some((zarrc_s3_store *)store, some, n, error);
      if (n == AT_ONCE) n = 0;
    }
    if (!status && n > 0) status = erase_some((zarrc_s3_store *)store, some, n, error);
  }
  zarrc_buf_clear(&keys);
  zarrc_free(store->ctx, some);
  return status;
}
