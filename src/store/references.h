/* SPDX-License-Identifier: MIT */
/*
 * Kerchunk references, JSON of version 0 or 1: references_document.c reads a document into a packed table, references.c
 * is the store, and references_url.c finds the document.
 */
#ifndef ZARRC_STORE_REFERENCES_H
#define ZARRC_STORE_REFERENCES_H

#include <zarrc/store.h>

#define ZARRC_REFERENCES_INLINE UINT32_MAX /* `target` of a value in the document */

/* One reference, 32 bytes. */
typedef struct zarrc_reference {
  uint32_t key;    /* where it begins in `keys` */
  uint32_t target; /* number of the URL, or ZARRC_REFERENCES_INLINE */
  uint64_t offset; /* of the bytes in the target, or in `values` */
  uint64_t nbytes; /* ZARRC_UNKNOWN: to the end of the target */
} zarrc_reference;

/* A document. References are sorted by key, of which each is a valid one, and the last of several with a key counts. */
typedef struct zarrc_references {
  zarrc_ctx *ctx;
  zarrc_buf items;  /* zarrc_reference, in the order of the document */
  zarrc_buf keys;   /* each with a NUL */
  zarrc_buf urls;   /* of targets, with templates filled in, each with a NUL and once */
  zarrc_buf starts; /* uint32_t items: where each begins in `urls` */
  zarrc_buf values; /* bytes of values in the document */
  size_t longest;   /* length of the longest key */
  uint32_t *order;  /* of the references */
  uint32_t n;       /* in `order` */
} zarrc_references;

/* How zarrc_references_open opens a document. */
typedef struct zarrc_references_opening {
  const char *text; /* of the document, nbytes bytes */
  size_t nbytes;
  const char *name;   /* of the store in errors */
  const char *base;   /* URL of the folder of the document, or an absolute path: what relative URLs are relative to */
  bool local_targets; /* the document may refer to files of this machine */
  const zarrc_http_options *http; /* of targets; NULL: the defaults. Headers are for the server or bucket of the
                                     document or, if that is a file, for the only server over HTTP that it refers to */
  const zarrc_s3_options *s3;
} zarrc_references_opening;

/* Opens a read-only store. A target that is missing or too short is ZARRC_IO or ZARRC_TRUNCATED, not a missing value.
 */
zarrc_status zarrc_references_open(zarrc_ctx *ctx, const zarrc_references_opening *how, zarrc_store **out,
                                   zarrc_error *error);

/* zarrc_store_open. */
typedef zarrc_status (*zarrc_open_fn)(zarrc_ctx *ctx, const char *url, const zarrc_open_options *options,
                                      zarrc_store **out, char **path, zarrc_error *error);

/* references_url.c: opens URL, :URL or //NODE::URL of a document, whose folder is opened by `open`; the name of the
 * document is the first that ends with
 * ".json", or the last, and what follows it is the node. *path is freed with zarrc_free. */
zarrc_status zarrc_references_open_url(zarrc_ctx *ctx, const char *url, const zarrc_open_options *options,
                                       zarrc_open_fn open, zarrc_store **out, char **path, zarrc_error *error);

/* Reads a document of n bytes. ZARRC_INVALID_METADATA: it is not what it should be; ZARRC_UNSUPPORTED: `gen`, functions
 * in templates, another version; ZARRC_LIMIT: more than 4 GiB of keys or URLs. Nothing is to be cleared after a
 * failure.
 */
zarrc_status zarrc_references_read(zarrc_ctx *ctx, const char *text, size_t n, zarrc_references *out,
                                   zarrc_error *error);
void zarrc_references_clear(zarrc_references *references);

/* Returns the i-th reference by key, its key, and the URL of a target. */
const zarrc_reference *zarrc_references_at(const zarrc_references *references, uint32_t i);
const char *zarrc_references_key(const zarrc_references *references, const zarrc_reference *reference);
const char *zarrc_references_url(const zarrc_references *references, uint32_t target);
/* Returns the number of the first reference whose key is not less than one of n bytes. */
uint32_t zarrc_references_search(const zarrc_references *references, const char *key, size_t n);
/* Returns the reference of a key; NULL: there is none. */
const zarrc_reference *zarrc_references_find(const zarrc_references *references, const char *key);

#endif
