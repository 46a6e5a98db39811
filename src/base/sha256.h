/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4), and HMAC with it (RFC 2104). */
#ifndef ZARRC_BASE_SHA256_H
#define ZARRC_BASE_SHA256_H

#include <zarrc/base.h>

#define ZARRC_SHA256_NBYTES 32
#define ZARRC_SHA256_TEXT   (2 * ZARRC_SHA256_NBYTES + 1) /* in hexadecimal, with the NUL */

/* Returns whether the library has been built with libcrypto. Without it the functions return ZARRC_UNSUPPORTED. */
bool zarrc_sha256_is_there(void);

/* Hashes n bytes. ZARRC_NO_MEMORY is the only other failure. */
zarrc_status zarrc_sha256(const void *bytes, size_t n, uint8_t out[ZARRC_SHA256_NBYTES], zarrc_error *error);
zarrc_status zarrc_hmac_sha256(const void *key, size_t nkey, const void *bytes, size_t n,
                               uint8_t out[ZARRC_SHA256_NBYTES], zarrc_error *error);

/* Hashes bytes that come in pieces. A state that was begun must be ended, which frees it; after a failure of add, end
 * returns ZARRC_INTERNAL. */
typedef struct zarrc_sha256_state zarrc_sha256_state;
zarrc_status zarrc_sha256_begin(zarrc_sha256_state **out, zarrc_error *error);
void zarrc_sha256_add(zarrc_sha256_state *state, const void *bytes, size_t n);
zarrc_status zarrc_sha256_end(zarrc_sha256_state *state, uint8_t out[ZARRC_SHA256_NBYTES], zarrc_error *error);

/* Writes a hash in lower case hexadecimal. */
void zarrc_sha256_to_text(const uint8_t hash[ZARRC_SHA256_NBYTES], char out[ZARRC_SHA256_TEXT]);

#endif
