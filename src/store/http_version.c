/* SPDX-License-Identifier: MIT */
#include "store/answer.h"
#include "store/http.h"

#include "base/hash.h"

#include <stdio.h>
#include <string.h>

/* An ETag that is short enough stands in an identity as it is, without quotes and with its length in the last byte, so
 * that it can be asked for. Of a longer one there are hashes, and LONG is in the last byte. */
enum { WORDS_NBYTES = sizeof((zarrc_identity *)0)->word, LONG = 255 };

static void name_etag(const char *etag, zarrc_identity *out) {
  unsigned char *bytes = (unsigned char *)out->word;
  size_t n = strlen(etag) - 2;
  if (n < WORDS_NBYTES) {
    memcpy(bytes, etag + 1, n);
    bytes[WORDS_NBYTES - 1] = (unsigned char)n;
  } else {
    out->word[0] = zarrc_hash(ZARRC_HASH_EMPTY, etag + 1, n);
    out->word[1] = zarrc_hash(~ZARRC_HASH_EMPTY, etag + 1, n);
    out->word[2] = n;
    bytes[WORDS_NBYTES - 1] = LONG;
  }
}

static zarrc_http_version version_of(const zarrc_answer *a, uint64_t total) {
  zarrc_http_version v = {.kind = ZARRC_HTTP_PLAIN, .identity = {.nbytes = total}};
  if (zarrc_answer_is_strong(a)) {
    v.kind = ZARRC_HTTP_STRONG;
    name_etag(a->etag, &v.identity);
  } else if (*a->modified) {
    v.kind = ZARRC_HTTP_WEAK;
    v.identity.word[0] = zarrc_hash(ZARRC_HASH_EMPTY, a->modified, strlen(a->modified));
  }
  return v;
}

zarrc_status zarrc_http_see(zarrc_http_blob *blob, const zarrc_answer *answer, uint64_t total, zarrc_error *error) {
  zarrc_http_version now = version_of(answer, total), *seen = &blob->version;
  if (seen->kind == ZARRC_HTTP_UNSEEN) {
    *seen = now;
    return ZARRC_OK;
  }
  uint64_t before = seen->identity.nbytes;
  bool is_same = now.kind == seen->kind && !memcmp(now.identity.word, seen->identity.word, sizeof now.identity.word) &&
                 (total == ZARRC_UNKNOWN || before == ZARRC_UNKNOWN || total == before);
  if (!is_same) return zarrc_fail(error, ZARRC_CONFLICT, "the value has changed since it was read first");
  if (before == ZARRC_UNKNOWN) seen->identity.nbytes = total;
  return ZARRC_OK;
}

void zarrc_http_version_write(const zarrc_http_blob *blob, char *out, size_t size) {
  const char *bytes = (const char *)blob->version.identity.word;
  unsigned n = (unsigned char)bytes[WORDS_NBYTES - 1];
  *out = '\0';
  bool is_fine = blob->version.kind == ZARRC_HTTP_STRONG && n < WORDS_NBYTES && n + 3 <= size;
  for (unsigned i = 0; i < n && is_fine; i++) /* a version to be expected may come from anywhere */
    is_fine = (unsigned char)bytes[i] > ' ' && bytes[i] != '"' && bytes[i] != 0x7F;
  if (is_fine) snprintf(out, size, "\"%.*s\"", (int)n, bytes);
}
