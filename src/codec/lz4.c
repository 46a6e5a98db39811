/* SPDX-License-Identifier: MIT */
/* numcodecs.lz4: the length as a little-endian number of four bytes, then one block of LZ4. */
#include "base/endian.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/lz4_block.h"
#include "codec/one_piece.h"

#include <string.h>

#if ZARRC_HAVE_LZ4
#include <lz4.h>
#endif

#define HEADER_NBYTES 4u
#define MAX_NBYTES    0x7e000000u /* most that a block holds */
#define MAX_RATIO     255u        /* a byte of a block decodes to so many at most */

typedef struct lz4 {
  int64_t acceleration; /* below 1: 1 */
} lz4;

/* ------------------------------------------------------------------------------------------------------ blocks */

#if ZARRC_HAVE_LZ4

const char *zarrc_lz4_version(void) {
  return LZ4_versionString();
}

/* A sequence whose offset is 0 repeats what it is about to write. Where liblz4 decodes all, it writes zeros there
 * first; where it decodes a part, it leaves what lay in memory. */
zarrc_status zarrc_lz4_decode(const uint8_t *p, size_t n, size_t need, uint8_t *to, size_t nbytes, zarrc_error *error) {
  const char *from = (const char *)p;
  if (need < nbytes) memset(to, 0, need);
  int made = need < nbytes ? LZ4_decompress_safe_partial(from, (char *)to, (int)n, (int)need, (int)nbytes)
                           : LZ4_decompress_safe(from, (char *)to, (int)n, (int)nbytes);
  bool good = made >= 0 && (size_t)made >= (need < nbytes ? need : nbytes);
  return good ? ZARRC_OK : zarrc_fail(error, ZARRC_CORRUPT, "bad lz4 data");
}

size_t zarrc_lz4_encode(int acceleration, const uint8_t *from, size_t n, uint8_t *to, size_t room) {
  int made = LZ4_compress_fast((const char *)from, (char *)to, (int)n, (int)room, acceleration);
  return made > 0 ? (size_t)made : 0;
}

#else

const char *zarrc_lz4_version(void) {
  return NULL;
}

zarrc_status zarrc_lz4_decode(const uint8_t *p, size_t n, size_t need, uint8_t *to, size_t nbytes, zarrc_error *error) {
  (void)p, (void)n, (void)need, (void)to, (void)nbytes;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "zarrc was built without liblz4");
}

size_t zarrc_lz4_encode(int acceleration, const uint8_t *from, size_t n, uint8_t *to, size_t room) {
  (void)acceleration, (void)from, (void)n, (void)to, (void)room;
  return 0;
}

#endif

/* -------------------------------------------------------------------------------------------------- the codec */

static zarrc_status lz4_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"acceleration", NULL};
  lz4 *z = zarrc_codec_instance(codec);
  zarrc_config config;
  z->acceleration = 1;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = zarrc_config_int(&config, "acceleration", INT32_MIN, INT32_MAX, &z->acceleration, error);
  return status;
}

static bool lz4_equal(const zarrc_codec *a, const zarrc_codec *b) {
  return ((const lz4 *)zarrc_codec_instance(a))->acceleration == ((const lz4 *)zarrc_codec_instance(b))->acceleration;
}

static zarrc_status lz4_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const lz4 *z = zarrc_codec_instance(codec);
  return zarrc_buf_printf(out, error, "{\"name\": \"numcodecs.lz4\", \"configuration\": {\"acceleration\": %d}}",
                          (int)z->acceleration);
}

static zarrc_size lz4_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  if (nbytes > MAX_NBYTES) return (zarrc_size){ZARRC_SIZE_UNKNOWN, 0};
  return (zarrc_size){ZARRC_SIZE_AT_MOST, nbytes + nbytes / 255 + 16 + HEADER_NBYTES};
}

static zarrc_status lz4_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  const lz4 *z = zarrc_codec_instance(codec);
  zarrc_one_piece p;
  if (parts->nbytes > MAX_NBYTES)
    return zarrc_fail(error, ZARRC_LIMIT, "%llu bytes, a block holds %u at most", (unsigned long long)parts->nbytes,
                      MAX_NBYTES);
  zarrc_status status = zarrc_one_piece_join(&p, parts, error);
  size_t bound = (size_t)lz4_encoded_size(codec, NULL, parts->nbytes).nbytes, made = 0;
  if (!status) status = zarrc_one_piece_add(&p, parts, bound, error);
  if (!status) {
    const uint8_t *from = p.in.len ? p.in.ptr : (const uint8_t *)"";
    zarrc_store_le32(p.memory, (uint32_t)p.in.len);
    made = zarrc_lz4_encode((int)z->acceleration, from, p.in.len, p.memory + HEADER_NBYTES, bound - HEADER_NBYTES);
    if (!made) status = zarrc_fail(error, ZARRC_INTERNAL, "lz4: %zu bytes do not fit into %zu", p.in.len, bound);
  }
  if (!status) return zarrc_one_piece_end(&p, parts, HEADER_NBYTES + made, error);
  zarrc_parts_clear(&p.made);
  return status;
}

/* Adds the bytes that continue a length, which has its largest value; returns false if they are cut off. */
static bool add_length(const uint8_t *p, size_t n, size_t *at, uint64_t *length) {
  uint8_t more = 255;
  while (more == 255) {
    if (*at == n) return false;
    more = p[(*at)++];
    *length += more;
  }
  return true;
}

/* Walks the sequences that make the first `need` bytes, and checks that each repeats bytes that are there: liblz4 takes
 * an offset of 0, and then gives what happens to lie in memory. */
static zarrc_status check_sequences(const uint8_t *p, size_t n, size_t need, zarrc_error *error) {
  uint64_t made = 0;
  for (size_t at = 0; made < need;) {
    if (at == n) goto cut;
    unsigned token = p[at++];
    uint64_t literals = token >> 4, repeated = (token & 15) + 4;
    if (literals == 15 && !add_length(p, n, &at, &literals)) goto cut;
    if (literals > n - at) goto cut;
    at += (size_t)literals;
    made += literals;
    if (at == n) return ZARRC_OK; /* the last sequence has only literals */
    if (n - at < 2) goto cut;
    unsigned offset = p[at] | (unsigned)p[at + 1] << 8;
    if (!offset || offset > made)
      return zarrc_fail(error, ZARRC_CORRUPT, "byte %zu repeats what is not there", at + HEADER_NBYTES);
    at += 2;
    if (repeated == 19 && !add_length(p, n, &at, &repeated)) goto cut;
    made += repeated;
  }
  return ZARRC_OK;
cut:
  return zarrc_fail(error, ZARRC_TRUNCATED, "the compressed data is cut off");
}

static zarrc_status lz4_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                               zarrc_error *error) {
  (void)codec;
  uint8_t nothing;
  if (in->len <= HEADER_NBYTES) return zarrc_fail(error, ZARRC_TRUNCATED, "%zu bytes hold no block", in->len);
  size_t n = in->len - HEADER_NBYTES, nbytes = zarrc_load_le32(in->ptr);
  if (nbytes > out->max)
    return zarrc_fail(error, ZARRC_SIZE_MISMATCH, "decodes to %zu bytes, not %zu or less", nbytes, out->max);
  if (nbytes > MAX_NBYTES || n > INT32_MAX || nbytes / MAX_RATIO > n)
    return zarrc_fail(error, ZARRC_CORRUPT, "%zu bytes cannot hold the %zu that are claimed", n, nbytes);
  if (need > nbytes) need = nbytes;
  zarrc_status status = check_sequences(in->ptr + HEADER_NBYTES, n, need, error);
  if (!status) status = zarrc_buf_reserve(out, nbytes, error);
  if (!status) status = zarrc_lz4_decode(in->ptr + HEADER_NBYTES, n, need, nbytes ? out->ptr : &nothing, nbytes, error);
  if (!status) out->len = need;
  return status;
}

static bool lz4_states_size(const zarrc_codec *codec, const zarrc_bytes *in, uint64_t nbytes) {
  (void)codec;
  return in->len > HEADER_NBYTES && zarrc_load_le32(in->ptr) == nbytes;
}

/* Of anything but nothing: the length and one token. */
static uint64_t lz4_least_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  return nbytes > 0 ? HEADER_NBYTES + 1 : 0;
}

const zarrc_codec_class zarrc_numcodecs_lz4_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "numcodecs.lz4",
    .kind = ZARRC_BYTES_TO_BYTES,
    .self_describing = true,
    .instance_size = sizeof(lz4),
#if !ZARRC_HAVE_LZ4
    .missing_library = "liblz4",
#endif
    .open = lz4_open,
    .to_json = lz4_to_json,
    .equal = lz4_equal,
    .encoded_size = lz4_encoded_size,
    .least_encoded_size = lz4_least_encoded_size,
    .u.bb = {.encode = lz4_encode, .decode = lz4_decode, .states_size = lz4_states_size, .max_nbytes = MAX_NBYTES},
};
