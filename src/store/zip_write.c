/* SPDX-License-Identifier: MIT */
#include "store/zip_write.h"

#include <string.h>

enum {
  ENTRY_NBYTES = 46,
  ENTRY_EXTRA = 28, /* at most */
  END_NBYTES = 22,
  LOCATOR_NBYTES = 20,
  END64_NBYTES = 56,
  VERSION = 20,           /* of the format, needed to read a record */
  VERSION_64 = 45,        /* needed for zip64 */
  UNIX = 3,               /* the system whose permissions an entry has */
  PERMISSIONS = 0100644,  /* a regular file */
  UTF_8 = 1 << 11,        /* the flag that says how names are encoded */
  FIRST_DAY = 1 << 5 | 1, /* 1 January 1980, the first date there is */
  FIELD_64 = 1            /* the extra field of zip64 */
};

#define HEADER_MARK  0x04034B50
#define ENTRY_MARK   0x02014B50
#define END64_MARK   0x06064B50
#define LOCATOR_MARK 0x07064B50
#define END_MARK     0x06054B50
#define MOST_32      0xFFFFFFFFu /* stands for a number that is elsewhere */
#define MOST_16      0xFFFFu

/* Stores a number of so many bytes and returns their end. */
static uint8_t *put(uint8_t *p, size_t nbytes, uint64_t number) {
  for (size_t i = 0; i < nbytes; i++) p[i] = (uint8_t)(number >> 8 * i);
  return p + nbytes;
}

static bool is_long(uint64_t number) {
  return number >= MOST_32;
}

static uint8_t *put_short(uint8_t *p, uint64_t number) {
  return put(p, 4, is_long(number) ? MOST_32 : number);
}

/* Stores what a local header and an entry have in common, from the version on. */
static uint8_t *put_common(uint8_t *p, const zarrc_zip_place *place, bool is_64, size_t nname, size_t nextra) {
  p = put(p, 2, is_64 ? VERSION_64 : VERSION);
  p = put(p, 2, UTF_8);
  p = put(p, 2, 0); /* stored */
  p = put(p, 2, 0); /* at midnight */
  p = put(p, 2, FIRST_DAY);
  p = put(p, 4, place->crc);
  p = put_short(p, place->nbytes);
  p = put_short(p, place->nbytes);
  p = put(p, 2, nname);
  return put(p, 2, nextra);
}

static size_t header_extra(const zarrc_zip_place *place) {
  return is_long(place->nbytes) ? ZARRC_ZIP_EXTRA : 0;
}

size_t zarrc_zip_put_header(const zarrc_zip_place *place, size_t nname, uint8_t header[ZARRC_ZIP_HEADER],
                            uint8_t extra[ZARRC_ZIP_EXTRA]) {
  size_t nextra = header_extra(place);
  put_common(put(header, 4, HEADER_MARK), place, nextra > 0, nname, nextra);
  uint8_t *p = put(put(extra, 2, FIELD_64), 2, ZARRC_ZIP_EXTRA - 4);
  put(put(p, 8, place->nbytes), 8, place->nbytes);
  return nextra;
}

uint64_t zarrc_zip_value_at(const zarrc_zip_place *place, size_t nname) {
  return place->at + ZARRC_ZIP_HEADER + nname + header_extra(place);
}

zarrc_status zarrc_zip_put_entry(zarrc_buf *out, const char *name, const zarrc_zip_place *place, zarrc_error *error) {
  uint8_t entry[ENTRY_NBYTES], extra[ENTRY_EXTRA], *p = extra + 4;
  size_t nname = strlen(name);
  if (is_long(place->nbytes)) p = put(put(p, 8, place->nbytes), 8, place->nbytes);
  if (is_long(place->at)) p = put(p, 8, place->at);
  size_t nextra = p > extra + 4 ? (size_t)(p - extra) : 0;
  put(put(extra, 2, FIELD_64), 2, nextra - 4);
  p = put(entry, 4, ENTRY_MARK);
  p = put(p, 2, UNIX << 8 | VERSION_64);
  p = put_common(p, place, nextra > 0, nname, nextra);
  p = put(p, 2, 0); /* no comment */
  p = put(p, 2, 0); /* the first disk */
  p = put(p, 2, 0);
  p = put(p, 4, (uint64_t)PERMISSIONS << 16);
  put_short(p, place->at);
  zarrc_status status = zarrc_buf_append(out, entry, sizeof entry, error);
  if (!status) status = zarrc_buf_append(out, name, nname, error);
  return status ? status : zarrc_buf_append(out, extra, nextra, error);
}

zarrc_status zarrc_zip_put_end(zarrc_buf *out, uint64_t nentries, uint64_t at, uint64_t nbytes, zarrc_error *error) {
  uint8_t end[END64_NBYTES + LOCATOR_NBYTES + END_NBYTES], *p = end;
  uint64_t short_count = nentries < MOST_16 ? nentries : MOST_16;
  if (short_count == MOST_16 || is_long(at) || is_long(nbytes)) {
    p = put(p, 4, END64_MARK);
    p = put(p, 8, END64_NBYTES - 12); /* bytes that follow */
    p = put(p, 2, UNIX << 8 | VERSION_64);
    p = put(p, 2, VERSION_64);
    p = put(p, 8, 0); /* the first disk, and that of the directory */
    p = put(put(p, 8, nentries), 8, nentries);
    p = put(put(p, 8, nbytes), 8, at);
    p = put(put(p, 4, LOCATOR_MARK), 4, 0);
    p = put(put(p, 8, at + nbytes), 4, 1);
  }
  p = put(put(p, 4, END_MARK), 4, 0);
  p = put(put(p, 2, short_count), 2, short_count);
  p = put_short(put_short(p, nbytes), at);
  p = put(p, 2, 0); /* no comment */
  return zarrc_buf_append(out, end, (size_t)(p - end), error);
}
