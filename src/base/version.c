/* SPDX-License-Identifier: MIT */
#include <zarrc/base.h>

#define TEXT_OF(x)          #x
#define VERSION_OF(a, b, c) TEXT_OF(a) "." TEXT_OF(b) "." TEXT_OF(c)

const char *zarrc_version(void) {
  return VERSION_OF(ZARRC_VERSION_MAJOR, ZARRC_VERSION_MINOR, ZARRC_VERSION_PATCH);
}
