/* SPDX-License-Identifier: MIT */
/*
 * The central directory of a zip archive (APPNOTE.TXT 6.3.10, sections 4.3.12 to 4.3.16), from bytes that nobody
 * vouches for. Members that cannot be values of a store are left out: directories, symbolic links, and names that are
 * no keys.
 */
#ifndef ZARRC_STORE_ZIP_DIRECTORY_H
#define ZARRC_STORE_ZIP_DIRECTORY_H

#include <zarrc/plugin/blob.h>

/* Why a member cannot be read. */
typedef enum zarrc_zip_trouble {
  ZARRC_ZIP_FINE,
  ZARRC_ZIP_ENCRYPTED,
  ZARRC_ZIP_METHOD,    /* it is compressed in another way than deflate */
  ZARRC_ZIP_ELSEWHERE, /* it is on another disk */
  ZARRC_ZIP_NO_SIZES,  /* its sizes or its place are missing */
  ZARRC_ZIP_SIZES,     /* its sizes contradict each other */
  ZARRC_ZIP_OUTSIDE    /* it does not end before the directory */
} zarrc_zip_trouble;

typedef struct zarrc_zip_member {
  uint64_t at;      /* offset of its local header in the archive */
  uint64_t nstored; /* bytes as they are stored */
  uint64_t nbytes;  /* bytes of the value */
  uint32_t name;    /* offset of its name */
  uint32_t crc;
  uint16_t method; /* 0: stored; 8: deflate */
  uint8_t trouble; /* a zarrc_zip_trouble */
} zarrc_zip_member;

/* All members, sorted by name. If several have one name the last of them is the member. */
typedef struct zarrc_zip_directory {
  zarrc_ctx *ctx;
  zarrc_zip_member *members;
  uint32_t nmembers;
  char *names;
  uint64_t end; /* offset of the directory, before which all members end */
} zarrc_zip_directory;

/* Reads the directory of an archive. ZARRC_CORRUPT: it is no zip archive, cut off, or its records contradict each
 * other; ZARRC_UNSUPPORTED: it has several disks, or is encrypted; ZARRC_LIMIT: 2^32 members or more. */
zarrc_status zarrc_zip_directory_read(zarrc_ctx *ctx, zarrc_blob *archive, zarrc_zip_directory *out,
                                      zarrc_error *error);
void zarrc_zip_directory_clear(zarrc_zip_directory *directory);

static inline const char *zarrc_zip_name(const zarrc_zip_directory *d, uint32_t i) {
  return d->names + d->members[i].name;
}

/* Returns the number of the first member whose name is not before a key of n bytes; nmembers: there is none. */
uint32_t zarrc_zip_search(const zarrc_zip_directory *directory, const char *key, size_t n);

/* Returns the member of that name; NULL: there is none. */
const zarrc_zip_member *zarrc_zip_find(const zarrc_zip_directory *directory, const char *key);

#endif
