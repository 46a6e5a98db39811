/* SPDX-License-Identifier: MIT */
/*
 * Zip archives, in parts: zip_directory.c reads the directory of one, zip_member.c checks and decodes a member, zip.c
 * opens and reads members, zip_stored.c those that are not compressed, zip_fetch.c many at once, zip_write.c composes
 * the records of a new one, zip_stage.c writes it.
 */
#ifndef ZARRC_STORE_ZIP_H
#define ZARRC_STORE_ZIP_H

#include "store/zip_directory.h"

#include <stdatomic.h>
#include <zarrc/plugin/store.h>

typedef struct zarrc_zip_store {
  zarrc_store store;
  zarrc_store *archives, *owned; /* the store that has the archive; the same if it is closed with this one, or NULL */
  const char *key;               /* of the archive */
  zarrc_key_blob archive;
  zarrc_identity identity; /* of the archive */
  bool identified;
  bool is_there; /* there was an archive */
  zarrc_zip_directory directory;
  char text[]; /* the key, and the URL of the store */
} zarrc_zip_store;

/* How zarrc_zip_open opens an archive. */
typedef struct zarrc_zip_opening {
  zarrc_store *archives;
  const char *key;
  const char *name; /* of the new store in errors; NULL: that of the archive */
  bool owns;        /* the new store closes `archives`, also after a failure */
  bool replace;     /* as in zarrc_zip_store_options */
} zarrc_zip_opening;

/* Does what zarrc_zip_store_open does. */
zarrc_status zarrc_zip_open(const zarrc_zip_opening *how, zarrc_store **out, zarrc_error *error);

/* Whether members can be decoded; else no archive is opened. */
extern const bool zarrc_zip_is_built_in;

/* Bytes that several readers have been lent, with their number. */
typedef struct zarrc_zip_shared {
  zarrc_ctx *ctx;
  atomic_size_t nowners;
  zarrc_bytes bytes;
} zarrc_zip_shared;

/* Takes over a loan, for one owner; NULL: there is no memory, and the loan is as before. */
zarrc_zip_shared *zarrc_zip_share(zarrc_ctx *ctx, const zarrc_bytes *bytes);
/* Lends n bytes from `at` on. */
zarrc_bytes zarrc_zip_lend(zarrc_zip_shared *shared, size_t at, size_t n);
void zarrc_zip_drop(zarrc_zip_shared *shared);

typedef struct zarrc_zip_blob {
  zarrc_blob blob;
  zarrc_zip_store *z;
  const zarrc_zip_member *member; /* NULL: there is none */
  uint64_t data;                  /* offset of its bytes in the archive; 0: not known yet */
  zarrc_zip_shared *decoded;      /* NULL: not decoded yet */
} zarrc_zip_blob;

enum { ZARRC_ZIP_LOCAL_NBYTES = 30 };

/* Returns an error unless the member can be read, as far as the directory tells. ZARRC_NOT_FOUND: there is none. */
zarrc_status zarrc_zip_check(const zarrc_zip_blob *blob, zarrc_error *error);
/* Reads the local header of the member, with its name, and sets `data`. */
zarrc_status zarrc_zip_take_header(zarrc_zip_blob *blob, const uint8_t *header, zarrc_error *error);
/* Decodes the bytes of a deflated member as they are stored, and sets `decoded`. */
zarrc_status zarrc_zip_decode(zarrc_zip_blob *blob, const zarrc_bytes *stored, zarrc_error *error);
/* Names the archive as what is damaged, not the codec that wanted to read. */
zarrc_status zarrc_zip_blame(zarrc_status status, zarrc_error *error);

/* -------------------------------------------------------------------------------------------------- zip_fetch.c */

/* Implements `fetch` of a store whose archive is in one that can fetch. */
zarrc_status zarrc_zip_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error);

/* -------------------------------------------------------------------------------------------------- zip_stage.c */

/* Of a zarrc_zip_store that may be replaced. */
extern const zarrc_stage_ops zarrc_zip_stage_ops;

#endif
