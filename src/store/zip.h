/* SPDX-License-Identifier: MIT */
#ifndef ZARRC_STORE_ZIP_H
#define ZARRC_STORE_ZIP_H

#include <zarrc/store.h>

/* Does what zarrc_zip_store_open does. owns: the new store closes the store of the archive, also after a failure.
 * name: of the new store in errors; NULL: that of the archive. */
zarrc_status zarrc_zip_open(zarrc_store *archives, const char *key, bool owns, const char *name, zarrc_store **out,
                            zarrc_error *error);

#endif
