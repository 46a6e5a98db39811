/* SPDX-License-Identifier: MIT */
#include "bytes_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_decode("\"numcodecs.bz2\"", data, size);
  return 0;
}
