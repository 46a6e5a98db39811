/* SPDX-License-Identifier: MIT */
/*
 * Zip archives, in parts: zip_directory.c reads the directory of one, zip.c opens and reads the members, zip_stored.c
 * those that are not compressed, zip_write.c composes the records of a new one, zip_stage.c writes it.
 */
#ifndef ZARRC_STORE_ZIP_H
#define ZARRC_STORE_ZIP_H

#include "store/zip_directory.h"

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

/* -------------------------------------------------------------------------------------------------- zip_stage.c */

/* Of a zarrc_zip_store that may be replaced. */
extern const zarrc_stage_ops zarrc_zip_stage_ops;

#endif
