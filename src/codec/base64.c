/* SPDX-License-Identifier: MIT */
/* numcodecs.base64: the bytes as text (RFC 4648), with padding and without line breaks. */
#include "base/base64.h"
#include "base/checked.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/one_piece.h"

static zarrc_status base64_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {NULL};
  zarrc_config config;
  return zarrc_config_of(codec, keys, &config, error);
}

static zarrc_status base64_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  (void)codec;
  return zarrc_buf_printf(out, error, "{\"name\": \"numcodecs.base64\", \"configuration\": {}}");
}

static zarrc_size base64_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  uint64_t size;
  if (!zarrc_mul_u64(nbytes / 3 + (nbytes % 3 != 0), 4, &size)) return (zarrc_size){ZARRC_SIZE_UNKNOWN, 0};
  return (zarrc_size){ZARRC_SIZE_EXACT, size};
}

static zarrc_status base64_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  zarrc_one_piece p;
  zarrc_status status = zarrc_one_piece_join(&p, parts, error);
  if (status) return status;
  uint64_t size = base64_encoded_size(codec, NULL, p.in.len).nbytes;
  if (size > SIZE_MAX || (p.in.len && size < p.in.len))
    status = zarrc_fail(error, ZARRC_LIMIT, "%zu bytes are too many", p.in.len);
  if (!status) status = zarrc_one_piece_add(&p, parts, (size_t)size, error);
  if (!status) {
    zarrc_buf out = zarrc_buf_over(p.memory, (size_t)size);
    status = zarrc_base64_append(&out, p.in.ptr, p.in.len, error);
  }
  if (!status) return zarrc_one_piece_end(&p, parts, (size_t)size, error);
  zarrc_parts_clear(&p.made);
  return status;
}

static zarrc_status base64_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                  zarrc_error *error) {
  (void)codec, (void)need;
  size_t n = in->len, nbytes = n / 4 * 3;
  if (n % 4) return zarrc_fail(error, ZARRC_TRUNCATED, "%zu characters are no whole number of groups of 4", n);
  for (size_t i = 1; i <= 2 && n; i++) nbytes -= in->ptr[n - i] == '=';
  if (nbytes > out->max)
    return zarrc_fail(error, ZARRC_SIZE_MISMATCH, "decodes to %zu bytes, not %zu or less", nbytes, out->max);
  zarrc_status status = zarrc_buf_reserve(out, nbytes, error);
  if (status) return status;
  if (zarrc_base64_decode((const char *)in->ptr, n, false, out->ptr, nbytes) != nbytes)
    return zarrc_fail(error, ZARRC_CORRUPT, "not base64");
  out->len = nbytes;
  return ZARRC_OK;
}

const zarrc_codec_class zarrc_numcodecs_base64_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "numcodecs.base64",
    .kind = ZARRC_BYTES_TO_BYTES,
    .fixed_size = true,
    .open = base64_open,
    .to_json = base64_to_json,
    .encoded_size = base64_encoded_size,
    .u.bb = {.encode = base64_encode, .decode = base64_decode},
};
