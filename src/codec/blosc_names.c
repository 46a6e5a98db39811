/* SPDX-License-Identifier: MIT */
/* The names of blosc's enums in metadata. */
#include "base/names.h"

#include <inttypes.h>
#include <zarrc/codecs.h>

static const char *const cnames[] = {"blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"};
static const char *const shuffles[] = {"noshuffle", "shuffle", "bitshuffle"};
enum { NCNAMES = sizeof cnames / sizeof *cnames, NSHUFFLES = sizeof shuffles / sizeof *shuffles };

const char *zarrc_blosc_cname_name(zarrc_blosc_cname cname) {
  return zarrc_name_of(cnames, NCNAMES, (int)cname);
}

zarrc_status zarrc_blosc_cname_from_name(const char *name, zarrc_blosc_cname *out, zarrc_error *error) {
  int value = 0;
  zarrc_status status = zarrc_name_find(cnames, NCNAMES, "the compressor", name, &value, error);
  if (!status) *out = (zarrc_blosc_cname)value;
  return status;
}

const char *zarrc_blosc_shuffle_name(zarrc_blosc_shuffle shuffle) {
  return zarrc_name_of(shuffles, NSHUFFLES, (int)shuffle);
}

zarrc_status zarrc_blosc_shuffle_from_name(const char *name, zarrc_blosc_shuffle *out, zarrc_error *error) {
  int value = 0;
  zarrc_status status = zarrc_name_find(shuffles, NSHUFFLES, "the shuffle", name, &value, error);
  if (!status) *out = (zarrc_blosc_shuffle)value;
  return status;
}

zarrc_status zarrc_blosc_shuffle_from_int(int64_t number, zarrc_blosc_shuffle *out, zarrc_error *error) {
  if (!zarrc_name_of(shuffles, NSHUFFLES, number))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a shuffle is a number from 0 to %d, not %" PRId64, NSHUFFLES - 1,
                      number);
  *out = (zarrc_blosc_shuffle)number;
  return ZARRC_OK;
}
