/* SPDX-License-Identifier: MIT */
/* The inside of the store over HTTP: what its files share. */
#ifndef ZARRC_STORE_HTTP_H
#define ZARRC_STORE_HTTP_H

#include "store/transport.h"

#include <stdatomic.h>
#include <zarrc/plugin/store.h>

typedef struct zarrc_http_store {
  zarrc_store store;
  zarrc_transport *transport;
  zarrc_blob_traits traits;
  bool missing_403;
  atomic_bool ignores_ranges; /* the server has answered a range with the whole value */
  atomic_bool lacks_suffixes; /* it does not know ranges of the last bytes */
  atomic_bool lists;          /* it has listed a folder */
} zarrc_http_store;

/* What tells a version of a value from others. */
typedef enum zarrc_http_kind {
  ZARRC_HTTP_UNSEEN,
  ZARRC_HTTP_ABSENT, /* there was no value */
  ZARRC_HTTP_STRONG, /* a strong ETag */
  ZARRC_HTTP_WEAK,   /* the time of the last change */
  ZARRC_HTTP_PLAIN   /* its length */
} zarrc_http_kind;

typedef struct zarrc_http_version {
  zarrc_http_kind kind;
  zarrc_identity identity; /* nbytes may be ZARRC_UNKNOWN */
} zarrc_http_version;

typedef struct zarrc_http_blob {
  zarrc_blob blob;
  zarrc_http_store *http;
  const char *key;
  zarrc_http_version version; /* that is read */
  char path[];                /* the key as part of a URL */
} zarrc_http_blob;

/* -------------------------------------------------------------------------------------------------------- http.c */

/* Takes the options, or NULL, with the defaults filled in. */
zarrc_status zarrc_http_options_take(const zarrc_http_options *given, zarrc_http_options *out, zarrc_error *error);
/* Sets what a store has from the options; its transport is opened by the caller. */
void zarrc_http_store_init(zarrc_http_store *http, const zarrc_http_options *options);

/* Implement a blob: `blob_nbytes` and `open` of its store, with such a table, and what the table begins with. */
size_t zarrc_http_blob_nbytes(const zarrc_store *store, size_t key_nbytes);
zarrc_status zarrc_http_blob_open(zarrc_store *store, const char *key, zarrc_blob *blob, const zarrc_blob_ops *ops,
                                  zarrc_error *error);
zarrc_status zarrc_http_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error);
zarrc_status zarrc_http_identify(zarrc_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error);
void zarrc_http_expect(zarrc_blob *blob, const zarrc_identity *identity);

/* ------------------------------------------------------------------------------------------------ http_version.c */

/* Makes the blob read the version of an answer, or reports ZARRC_CONFLICT if it has read another one. total: length of
 * the value, or ZARRC_UNKNOWN. */
zarrc_status zarrc_http_see(zarrc_http_blob *blob, const zarrc_answer *answer, uint64_t total, zarrc_error *error);
/* Writes the ETag that the blob has read, for a request of that version only; "": it has none that can be asked for. */
void zarrc_http_version_write(const zarrc_http_blob *blob, char *out, size_t size);

/* -------------------------------------------------------------------------------------------------- http_fetch.c */

/* Implements `fetch` of the store. */
zarrc_status zarrc_http_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error);

/* --------------------------------------------------------------------------------------------------- http_list.c */

/* Implements `list` of the store, where the server lists a folder as JSON, as nginx can. */
zarrc_status zarrc_http_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn, void *arg,
                             zarrc_error *error);

#endif
