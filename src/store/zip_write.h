/* SPDX-License-Identifier: MIT */
/*
 * The records of a new zip archive (APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16). Members are stored as they are, with
 * names in UTF-8. Nothing in it depends on the time, so that the same members make the same archive. The longer records
 * of zip64 are composed only where a number needs them.
 */
#ifndef ZARRC_STORE_ZIP_WRITE_H
#define ZARRC_STORE_ZIP_WRITE_H

#include <zarrc/base.h>

enum {
  ZARRC_ZIP_MAX_NAME = 65535,
  ZARRC_ZIP_HEADER = 30, /* bytes of a local header before the name */
  ZARRC_ZIP_EXTRA = 20   /* and after it, at most */
};

/* Where a member lies. */
typedef struct zarrc_zip_place {
  uint64_t at;     /* offset of its local header */
  uint64_t nbytes; /* of the value */
  uint32_t crc;    /* CRC-32 of the value */
} zarrc_zip_place;

/* Composes the local header of a member, in two pieces: one before and one after the name. Returns the length of the
 * second one. The value follows. */
size_t zarrc_zip_put_header(const zarrc_zip_place *place, size_t nname, uint8_t header[ZARRC_ZIP_HEADER],
                            uint8_t extra[ZARRC_ZIP_EXTRA]);

/* Returns the offset of the value. */
uint64_t zarrc_zip_value_at(const zarrc_zip_place *place, size_t nname);

/* Appends the entry of a member in the directory. */
zarrc_status zarrc_zip_put_entry(zarrc_buf *out, const char *name, const zarrc_zip_place *place, zarrc_error *error);

/* Appends the records after a directory of so many entries and bytes at an offset. */
zarrc_status zarrc_zip_put_end(zarrc_buf *out, uint64_t nentries, uint64_t at, uint64_t nbytes, zarrc_error *error);

#endif
