/* SPDX-License-Identifier: MIT */
/* Hashes stored values. */
#include "tools/digest.h"

#include <zarrc/plugin/blob.h>
#include <zarrc/plugin/store.h>

/* Longer values are read in pieces of so many bytes. */
#define PIECE ((uint64_t)16 << 20)

static zarrc_status hash_bytes(const zarrc_bytes *bytes, char out[ZARRC_SHA256_TEXT], zarrc_error *error) {
  uint8_t hash[ZARRC_SHA256_NBYTES];
  zarrc_status status = zarrc_sha256(bytes->ptr, bytes->len, hash, error);
  if (!status) zarrc_sha256_to_text(hash, out);
  return status;
}

static zarrc_status add_pieces(zarrc_sha256_state *state, zarrc_blob *blob, uint64_t nbytes, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (uint64_t at = 0; at < nbytes && !status; at += PIECE) {
    zarrc_range range = {.offset = (int64_t)at, .nbytes = nbytes - at < PIECE ? nbytes - at : PIECE};
    status = zarrc_blob_read(blob, &range, 1, error);
    if (status) return status;
    zarrc_sha256_add(state, range.got.ptr, range.got.len);
    zarrc_bytes_release(&range.got);
    if (range.total != ZARRC_UNKNOWN && range.total != nbytes)
      status = zarrc_fail(error, ZARRC_CONFLICT, "it is being changed");
  }
  return status;
}

static zarrc_status hash_pieces(zarrc_blob *blob, uint64_t nbytes, char out[ZARRC_SHA256_TEXT], zarrc_error *error) {
  zarrc_sha256_state *state;
  uint8_t hash[ZARRC_SHA256_NBYTES];
  zarrc_status status = zarrc_sha256_begin(&state, error);
  if (status) return status;
  status = add_pieces(state, blob, nbytes, error);
  zarrc_status ended = zarrc_sha256_end(state, hash, status ? NULL : error);
  if (!status) status = ended;
  if (!status) zarrc_sha256_to_text(hash, out);
  return status;
}

zarrc_status zarrc_digest_value(zarrc_store *from, const char *key, uint64_t nbytes, char out[ZARRC_SHA256_TEXT],
                                zarrc_error *error) {
  zarrc_key_blob blob = {0};
  zarrc_bytes whole = {0};
  zarrc_status status = zarrc_key_blob_open(&blob, from, key, error);
  if (!status && nbytes != ZARRC_UNKNOWN && nbytes > PIECE) {
    status = hash_pieces(blob.blob, nbytes, out, error);
  } else if (!status) {
    status = zarrc_blob_read_all(blob.blob, UINT64_MAX / 4, &whole, error);
    if (!status) status = hash_bytes(&whole, out, error);
    zarrc_bytes_release(&whole);
  }
  zarrc_key_blob_close(&blob);
  if (status && status != ZARRC_PENDING) zarrc_error_in_key(error, from, key);
  return status;
}

zarrc_status zarrc_digest_inner(zarrc_stored_shard *shard, uint64_t i, char out[ZARRC_SHA256_TEXT],
                                zarrc_error *error) {
  zarrc_bytes bytes;
  zarrc_status status = zarrc_stored_shard_read(shard, i, &bytes, error);
  if (!status) status = hash_bytes(&bytes, out, error);
  zarrc_bytes_release(&bytes);
  return status;
}
