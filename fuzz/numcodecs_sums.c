/* SPDX-License-Identifier: MIT */
#include "bytes_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const codecs[] = {
      "\"numcodecs.crc32\"",
      "{\"name\": \"numcodecs.crc32c\", \"configuration\": {\"location\": \"start\"}}",
      "{\"name\": \"numcodecs.adler32\", \"configuration\": {\"location\": \"end\"}}",
      "\"numcodecs.fletcher32\"",
      "\"numcodecs.jenkins_lookup3\"",
  };
  if (size) fuzz_decode(codecs[data[0] % 5], data + 1, size - 1);
  return 0;
}
