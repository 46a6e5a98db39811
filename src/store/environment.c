/* SPDX-License-Identifier: MIT */
#include "store/environment.h"

#include <stddef.h>
#include <stdlib.h>

const char *zarrc_environment(const char *const *names) {
  for (; *names; names++) {
    const char *value = secure_getenv(*names);
    if (value && *value) return value;
  }
  return NULL;
}
