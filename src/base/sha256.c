/* SPDX-License-Identifier: MIT */
#include "base/sha256.h"

#include <string.h>

void zarrc_sha256_to_text(const uint8_t hash[ZARRC_SHA256_NBYTES], char out[ZARRC_SHA256_TEXT]) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < ZARRC_SHA256_NBYTES; i++) {
    out[2 * i] = digits[hash[i] >> 4];
    out[2 * i + 1] = digits[hash[i] & 15];
  }
  out[2 * ZARRC_SHA256_NBYTES] = 0;
}

#if ZARRC_HAVE_CRYPTO

#include <openssl/evp.h>

#define BLOCK_NBYTES 64

bool zarrc_sha256_is_there(void) {
  return true;
}

/* Hashes one piece after another. */
static zarrc_status hash_two(const void *a, size_t na, const void *b, size_t nb, uint8_t *out, zarrc_error *error) {
  EVP_MD_CTX *hash = EVP_MD_CTX_new();
  bool ok = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) && EVP_DigestUpdate(hash, a, na) &&
            EVP_DigestUpdate(hash, b, nb) && EVP_DigestFinal_ex(hash, out, NULL);
  EVP_MD_CTX_free(hash);
  return ok ? ZARRC_OK : zarrc_fail(error, ZARRC_NO_MEMORY, "libcrypto has no memory for SHA-256");
}

zarrc_status zarrc_sha256(const void *bytes, size_t n, uint8_t out[ZARRC_SHA256_NBYTES], zarrc_error *error) {
  return hash_two(bytes, n, "", 0, out, error);
}

/* The state is that of libcrypto. An operation that failed leaves it without an algorithm, which end notices. */
zarrc_status zarrc_sha256_begin(zarrc_sha256_state **out, zarrc_error *error) {
  EVP_MD_CTX *hash = EVP_MD_CTX_new();
  *out = (zarrc_sha256_state *)hash;
  if (hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL)) return ZARRC_OK;
  EVP_MD_CTX_free(hash);
  return zarrc_fail(error, ZARRC_NO_MEMORY, "libcrypto has no memory for SHA-256");
}

void zarrc_sha256_add(zarrc_sha256_state *state, const void *bytes, size_t n) {
  EVP_MD_CTX *hash = (EVP_MD_CTX *)state;
  if (!EVP_DigestUpdate(hash, bytes, n)) EVP_MD_CTX_reset(hash);
}

zarrc_status zarrc_sha256_end(zarrc_sha256_state *state, uint8_t out[ZARRC_SHA256_NBYTES], zarrc_error *error) {
  EVP_MD_CTX *hash = (EVP_MD_CTX *)state;
  bool ok = EVP_MD_CTX_get0_md(hash) && EVP_DigestFinal_ex(hash, out, NULL);
  EVP_MD_CTX_free(hash);
  return ok ? ZARRC_OK : zarrc_fail(error, ZARRC_INTERNAL, "libcrypto cannot hash");
}

zarrc_status zarrc_hmac_sha256(const void *key, size_t nkey, const void *bytes, size_t n,
                               uint8_t out[ZARRC_SHA256_NBYTES], zarrc_error *error) {
  uint8_t block[BLOCK_NBYTES] = {0}, inner[ZARRC_SHA256_NBYTES];
  zarrc_status status = ZARRC_OK;
  if (nkey > BLOCK_NBYTES)
    status = zarrc_sha256(key, nkey, block, error);
  else if (nkey > 0)
    memcpy(block, key, nkey);
  for (size_t i = 0; i < BLOCK_NBYTES; i++) block[i] ^= 0x36;
  if (!status) status = hash_two(block, BLOCK_NBYTES, bytes, n, inner, error);
  for (size_t i = 0; i < BLOCK_NBYTES; i++) block[i] ^= 0x36 ^ 0x5c;
  if (!status) status = hash_two(block, BLOCK_NBYTES, inner, sizeof inner, out, error);
  explicit_bzero(block, sizeof block);
  return status;
}

#else

bool zarrc_sha256_is_there(void) {
  return false;
}

static zarrc_status without(zarrc_error *error) {
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "this build has no libcrypto, which SHA-256 needs");
}

zarrc_status zarrc_sha256(const void *bytes, size_t n, uint8_t out[ZARRC_SHA256_NBYTES], zarrc_error *error) {
  (void)bytes, (void)n, (void)out;
  return without(error);
}

zarrc_status zarrc_hmac_sha256(const void *key, size_t nkey, const void *bytes, size_t n,
                               uint8_t out[ZARRC_SHA256_NBYTES], zarrc_error *error) {
  (void)key, (void)nkey, (void)bytes, (void)n, (void)out;
  return without(error);
}

zarrc_status zarrc_sha256_begin(zarrc_sha256_state **out, zarrc_error *error) {
  *out = NULL;
  return without(error);
}

void zarrc_sha256_add(zarrc_sha256_state *state, const void *bytes, size_t n) {
  (void)state, (void)bytes, (void)n;
}

zarrc_status zarrc_sha256_end(zarrc_sha256_state *state, uint8_t out[ZARRC_SHA256_NBYTES], zarrc_error *error) {
  (void)state, (void)out;
  return without(error);
}

#endif
