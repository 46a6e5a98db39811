/* SPDX-License-Identifier: MIT */
#include "base/sized.h"

#include <string.h>

static size_t struct_size_of(const void *given) {
  size_t size;
  memcpy(&size, given, sizeof size);
  return size;
}

static zarrc_status size_check(const char *what, size_t size, zarrc_error *error) {
  if (size >= sizeof size) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%s: struct_size %zu is too small", what, size);
}

zarrc_status zarrc_sized_take(void *out, size_t nbytes, const void *given, const char *what, zarrc_error *error) {
  size_t size = struct_size_of(given);
  if (!size) size = nbytes;
  zarrc_status status = size_check(what, size, error);
  if (status) return status;
  for (size_t i = nbytes; i < size; i++)
    if (((const unsigned char *)given)[i])
      return zarrc_fail(error, ZARRC_UNSUPPORTED, "%s: byte %zu is set, which version %s does not know", what, i,
                        zarrc_version());
  memcpy(out, given, size < nbytes ? size : nbytes);
  memcpy(out, &nbytes, sizeof nbytes);
  return ZARRC_OK;
}

zarrc_status zarrc_sized_give(void *to, const void *from, size_t nbytes, const char *what, zarrc_error *error) {
  size_t size = struct_size_of(to);
  zarrc_status status = size_check(what, size, error);
  if (status) return status;
  memset(to, 0, size);
  memcpy(to, from, size < nbytes ? size : nbytes);
  memcpy(to, &size, sizeof size);
  return ZARRC_OK;
}

zarrc_status zarrc_room_refuse(const char *what, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "%s: something is set that version %s does not know", what,
                    zarrc_version());
}
