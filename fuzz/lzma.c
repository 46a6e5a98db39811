/* SPDX-License-Identifier: MIT */
#include "bytes_codec.h"

#define DELTA_AND_LZMA1                                                                                                \
  "{\"name\": \"numcodecs.lzma\", \"configuration\": {\"format\": 3, \"filters\": [{\"id\": 3}, {\"id\": "             \
  "4611686018427387905, \"preset\": 0}]}}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const codecs[] = {
      "{\"name\": \"numcodecs.lzma\", \"configuration\": {\"preset\": 0}}",
      "{\"name\": \"numcodecs.lzma\", \"configuration\": {\"format\": 2, \"preset\": 0}}",
      "{\"name\": \"numcodecs.lzma\", \"configuration\": {\"format\": 3, \"filters\": [{\"id\": 33, \"preset\": 0}]}}",
      DELTA_AND_LZMA1,
  };
  if (size) fuzz_decode(codecs[data[0] % 4], data + 1, size - 1);
  return 0;
}
