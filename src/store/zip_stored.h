/* SPDX-License-Identifier: MIT */
/* Members of zip archives whose bytes are stored as they are. */
#ifndef ZARRC_STORE_ZIP_STORED_H
#define ZARRC_STORE_ZIP_STORED_H

#include <zarrc/plugin/blob.h>

/* Where the bytes of a stored member are. */
typedef struct zarrc_zip_stored {
  zarrc_ctx *ctx;
  zarrc_blob *archive;
  uint64_t data; /* offset of the first one */
  uint64_t nbytes;
  uint32_t crc;
} zarrc_zip_stored;

/* Reads ranges of a stored member as `read` of a blob does. What is read whole is compared with the CRC-32. */
zarrc_status zarrc_zip_read_stored(const zarrc_zip_stored *member, zarrc_range *ranges, size_t n, zarrc_error *error);

/* Computes the CRC-32 of pieces, beginning with that of what is before them, or 0. */
uint32_t zarrc_zip_crc(uint32_t crc, const zarrc_bytes *parts, size_t n);
/* Returns ZARRC_CHECKSUM unless a value has this CRC-32. */
zarrc_status zarrc_zip_check_crc(uint32_t wanted, const zarrc_bytes *value, zarrc_error *error);

#endif
