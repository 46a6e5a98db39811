/* SPDX-License-Identifier: MIT */
/*
 * blosc: the Blosc 1 frame. A frame says itself how it is to be decoded; the configuration is for the encoder alone.
 * Only the calls of libblosc that work on a context of their own are used, without threads.
 */
#include "codec/blosc.h"
#include "base/alloc.h"
#include "base/checked.h"
#include "base/endian.h"
#include "base/lane.h"
#include "base/names.h"
#include "codec/blosc_block.h"
#include "codec/blosc_ranges.h"
#include "codec/blosc_shared.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/one_piece.h"

#include <inttypes.h>
#include <string.h>

#if ZARRC_HAVE_BLOSC
#include <blosc.h>
#endif

#define MAX_TYPESIZE 255 /* that a header can say; of larger ones it says 1 */

typedef zarrc_blosc_config blosc;

/* ----------------------------------------------------------------------------------------------------- names */

static const char *const cnames[] = {"blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"};
static const char *const shuffles[] = {"noshuffle", "shuffle", "bitshuffle"};
enum { NCNAMES = sizeof cnames / sizeof *cnames, NSHUFFLES = sizeof shuffles / sizeof *shuffles };

static const char *cname_at(int i) {
  return zarrc_name_of(cnames, NCNAMES, i);
}

static const char *shuffle_at(int i) {
  return zarrc_name_of(shuffles, NSHUFFLES, i);
}

const char *zarrc_blosc_cname_name(zarrc_blosc_cname cname) {
  return cname_at((int)cname);
}

zarrc_status zarrc_blosc_cname_from_name(const char *name, zarrc_blosc_cname *out, zarrc_error *error) {
  int value = 0;
  zarrc_status status = zarrc_name_find(cnames, NCNAMES, "the compressor", name, &value, error);
  if (!status) *out = (zarrc_blosc_cname)value;
  return status;
}

const char *zarrc_blosc_shuffle_name(zarrc_blosc_shuffle shuffle) {
  return shuffle_at((int)shuffle);
}

zarrc_status zarrc_blosc_shuffle_from_name(const char *name, zarrc_blosc_shuffle *out, zarrc_error *error) {
  int value = 0;
  zarrc_status status = zarrc_name_find(shuffles, NSHUFFLES, "the shuffle", name, &value, error);
  if (!status) *out = (zarrc_blosc_shuffle)value;
  return status;
}

zarrc_status zarrc_blosc_shuffle_from_int(int64_t number, zarrc_blosc_shuffle *out, zarrc_error *error) {
  if (!zarrc_name_of(shuffles, NSHUFFLES, number))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a shuffle is a number from 0 to %d, not %" PRId64, NSHUFFLES - 1,
                      number);
  *out = (zarrc_blosc_shuffle)number;
  return ZARRC_OK;
}

/* -------------------------------------------------------------------------------------------------- metadata */

static zarrc_status blosc_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"typesize", "cname", "clevel", "shuffle", "blocksize", NULL};
  blosc *b = zarrc_codec_instance(codec);
  zarrc_config config;
  *b = (blosc)ZARRC_BLOSC_CONFIG_INIT;
  int cname = b->cname, shuffle = b->shuffle;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  b->tunable_typesize = !zarrc_config_has(&config, "typesize");
  b->tunable_shuffle = !zarrc_config_has(&config, "shuffle");
  if (!status && !b->tunable_typesize)
    status = zarrc_config_int(&config, "typesize", 1, INT64_MAX, &b->typesize, error);
  if (!status) status = zarrc_config_choice(&config, "cname", cname_at, &cname, error);
  if (!status) status = zarrc_config_int(&config, "clevel", INT64_MIN, INT64_MAX, &b->clevel, error);
  if (!status && !b->tunable_shuffle) status = zarrc_config_choice(&config, "shuffle", shuffle_at, &shuffle, error);
  if (!status) status = zarrc_config_int(&config, "blocksize", INT64_MIN, INT64_MAX, &b->blocksize, error);
  b->cname = (zarrc_blosc_cname)cname;
  b->shuffle = (zarrc_blosc_shuffle)shuffle;
  return status;
}

static zarrc_status blosc_set(zarrc_codec *codec, const void *config, zarrc_error *error) {
  const blosc *b = config;
  zarrc_status status = zarrc_config_check_int("typesize", b->typesize, 1, INT64_MAX, error);
  if (!status) status = zarrc_config_check_choice("cname", (int)b->cname, cname_at, error);
  if (!status) status = zarrc_config_check_choice("shuffle", (int)b->shuffle, shuffle_at, error);
  if (!status && b->tunable_typesize && b->typesize != 1)
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "typesize is %" PRId64 ", and tunable too", b->typesize);
  if (!status && b->tunable_shuffle && b->shuffle != ZARRC_BLOSC_BITSHUFFLE)
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "shuffle is %s, and tunable too", shuffle_at((int)b->shuffle));
  if (!status) *(blosc *)zarrc_codec_instance(codec) = *b;
  return status;
}

zarrc_status zarrc_blosc_codec_open(zarrc_ctx *ctx, const zarrc_blosc_config *given, zarrc_codec **out,
                                    zarrc_error *error) {
  blosc config = ZARRC_BLOSC_CONFIG_INIT;
  return zarrc_codec_open_config(ctx, &zarrc_blosc_class, given, &config, sizeof config, blosc_set, out, error);
}

zarrc_status zarrc_blosc_codec_get(const zarrc_codec *codec, zarrc_blosc_config *config, zarrc_error *error) {
  return zarrc_codec_get_config(codec, &zarrc_blosc_class, zarrc_codec_instance(codec), sizeof *config, config, error);
}

static bool blosc_equal(const zarrc_codec *one, const zarrc_codec *other) {
  const blosc *a = zarrc_codec_instance(one), *b = zarrc_codec_instance(other);
  return a->typesize == b->typesize && a->cname == b->cname && a->clevel == b->clevel && a->shuffle == b->shuffle &&
         a->blocksize == b->blocksize && a->tunable_typesize == b->tunable_typesize &&
         a->tunable_shuffle == b->tunable_shuffle;
}

static zarrc_status blosc_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const blosc *b = zarrc_codec_instance(codec);
  return zarrc_buf_printf(out, error,
                          "{\"name\": \"blosc\", \"configuration\": {\"typesize\": %" PRId64 ", \"cname\": \"%s\", "
                          "\"clevel\": %" PRId64 ", \"shuffle\": \"%s\", \"blocksize\": %" PRId64 "}}",
                          b->typesize, zarrc_blosc_cname_name(b->cname), b->clevel,
                          zarrc_blosc_shuffle_name(b->shuffle), b->blocksize);
}

static zarrc_status blosc_evolve(zarrc_codec *codec, const zarrc_spec *spec, zarrc_error *error) {
  (void)error;
  blosc *b = zarrc_codec_instance(codec);
  bool variable = spec->dtype.type == ZARRC_STRING || spec->dtype.type == ZARRC_BYTES;
  int64_t item_nbytes = variable || !spec->dtype.item_size ? 1 : spec->dtype.item_size;
  if (b->tunable_typesize) b->typesize = item_nbytes;
  if (b->tunable_shuffle) b->shuffle = item_nbytes == 1 ? ZARRC_BLOSC_BITSHUFFLE : ZARRC_BLOSC_SHUFFLE;
  b->tunable_typesize = b->tunable_shuffle = false;
  return ZARRC_OK;
}

static zarrc_size blosc_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  uint64_t most;
  if (!zarrc_add_u64(nbytes, ZARRC_BLOSC_HEADER_NBYTES, &most)) return (zarrc_size){ZARRC_SIZE_UNKNOWN, 0};
  return (zarrc_size){ZARRC_SIZE_AT_MOST, most};
}

#if ZARRC_HAVE_BLOSC

const char *zarrc_blosc_version(void) {
  return blosc_get_version_string();
}

static zarrc_status blosc_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                   zarrc_error *error) {
  (void)spec, (void)grid;
  const char *cname = zarrc_blosc_cname_name(((const blosc *)zarrc_codec_instance(codec))->cname);
  if (blosc_compname_to_compcode(cname) >= 0) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "libblosc was built without %s", cname);
}

/* What the compressors in libblosc take. Zstandard's tables grow with the block. */
#define DECODER_NBYTES  ((uint64_t)1 << 18)
#define ENCODER_NBYTES  ((uint64_t)1 << 19)
#define MAX_ZSTD_WINDOW ((size_t)1 << 27)

static uint64_t encoder_nbytes(zarrc_blosc_cname cname, size_t blocksize) {
  size_t window = blocksize < MAX_ZSTD_WINDOW ? blocksize : MAX_ZSTD_WINDOW;
  return ENCODER_NBYTES + (cname == ZARRC_BLOSC_ZSTD ? 8 * (uint64_t)window : 0);
}

/* Counts what libblosc takes for a block and its compressor, until it is given back. libblosc does not look whether it
 * got its memory: this looks whether there is some. */
static zarrc_status scratch_count(zarrc_ctx *ctx, size_t blocksize, uint64_t compressor, uint64_t *nbytes,
                                  zarrc_error *error) {
  void *p = zarrc_malloc(ctx, 2 * blocksize + 4096);
  *nbytes = 2 * (uint64_t)blocksize + compressor;
  zarrc_free(ctx, p);
  if (p && zarrc_mem_count(ctx, *nbytes)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for blocks of %zu bytes", blocksize);
}

/* -------------------------------------------------------------------------------------------------- decode */

/* What libblosc decodes between two questions whether to go on. */
#define LIBRARY_UNASKED ((uint32_t)1 << 26)

static zarrc_status decode_by_library(zarrc_ctx *ctx, const uint8_t *p, const zarrc_blosc_frame *frame, uint8_t *to,
                                      zarrc_error *error) {
  static const char *const formats[] = {"blosclz", "lz4", "snappy", "zlib", "zstd"};
  if (blosc_compname_to_compcode(formats[frame->format]) < 0)
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "libblosc was built without %s", formats[frame->format]);
  uint64_t scratch;
  zarrc_status status = scratch_count(ctx, frame->blocksize, DECODER_NBYTES, &scratch, error);
  if (status) return status;
  int made = blosc_decompress_ctx(p, to, frame->nbytes, 1);
  zarrc_mem_uncount(ctx, scratch);
  if (made == (int)frame->nbytes) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_CORRUPT, "bad %s data", formats[frame->format]);
}

zarrc_status zarrc_blosc_frame_decode(zarrc_ctx *ctx, const uint8_t *p, const zarrc_blosc_frame *frame, uint8_t *to,
                                      zarrc_error *error) {
  if (!frame->nbytes) return ZARRC_OK;
  if (frame->stored) {
    memcpy(to, p + ZARRC_BLOSC_HEADER_NBYTES, frame->nbytes);
    return ZARRC_OK;
  }
  bool here = zarrc_blosc_blocks_can(frame);
  uint32_t ngroups = zarrc_blosc_shared_ngroups(ctx, frame), least = frame->nbytes / LIBRARY_UNASKED + 1;
  if (!here && ngroups < least && !frame->stored) ngroups = least < frame->nblocks ? least : frame->nblocks;
  if (ngroups > 1) {
    zarrc_status status = zarrc_blosc_shared_decode(ctx, p, frame, ngroups, to, here ? NULL : decode_by_library, error);
    if (status != ZARRC_NO_MEMORY) return status;
    zarrc_lanes_trim(ctx);
  }
  if (here) return zarrc_blosc_blocks_decode(ctx, p, frame, 0, frame->nblocks, to, error);
  return decode_by_library(ctx, p, frame, to, error);
}

static zarrc_status blosc_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                 zarrc_error *error) {
  (void)need;
  zarrc_blosc_frame frame;
  zarrc_status status = zarrc_blosc_frame_check(in->ptr, in->len, &frame, error);
  if (!status && frame.nbytes > out->max)
    status = zarrc_fail(error, ZARRC_SIZE_MISMATCH, "decodes to %u bytes, not %zu or less", frame.nbytes, out->max);
  if (!status) status = zarrc_buf_reserve(out, frame.nbytes, error);
  if (!status) status = zarrc_blosc_frame_decode(zarrc_codec_ctx(codec), in->ptr, &frame, out->ptr, error);
  if (!status) out->len = frame.nbytes;
  return status;
}

static zarrc_status blosc_read(const zarrc_codec *codec, const zarrc_chunk_options *options, zarrc_blob *encoded,
                               zarrc_range *ranges, size_t n, bool *served, zarrc_error *error) {
  (void)options;
  return zarrc_blosc_ranges_read(zarrc_codec_ctx(codec), encoded, ranges, n, served, error);
}

/* -------------------------------------------------------------------------------------------------- encode */

/* What is compressed between two questions whether to go on. */
#define PART_NBYTES ((size_t)1 << 23)

typedef struct settings {
  const blosc *b;
  uint8_t typesize;
  uint32_t blocksize; /* 0: libblosc chooses */
} settings;

/* One frame by libblosc; *made: its length, or 0 if it does not fit. */
static zarrc_status encode_by_library(zarrc_ctx *ctx, const settings *s, const uint8_t *from, size_t n, uint8_t *to,
                                      size_t room, size_t *made, zarrc_error *error) {
  size_t block = s->blocksize && s->blocksize < n ? s->blocksize : n;
  if (!s->blocksize && block > (size_t)1 << 21) block = (size_t)1 << 21; /* the most that it chooses, and more */
  uint64_t scratch;
  zarrc_status status = zarrc_ctx_check_canceled(ctx, error);
  if (!status) status = scratch_count(ctx, block, encoder_nbytes(s->b->cname, block), &scratch, error);
  if (status) return status;
  int length = blosc_compress_ctx((int)s->b->clevel, (int)s->b->shuffle, s->typesize, n, from, to, room,
                                  zarrc_blosc_cname_name(s->b->cname), s->blocksize, 1);
  zarrc_mem_uncount(ctx, scratch);
  *made = length > 0 ? (size_t)length : 0;
  return length >= 0 ? ZARRC_OK : zarrc_fail(error, ZARRC_INTERNAL, "libblosc failed with %d", length);
}

/* A frame that is put together from frames of its parts: where their blocks go, and what is known of it by the first.
 */
typedef struct putting {
  zarrc_blosc_frame frame;
  uint8_t *to;
  size_t at, end;
  uint32_t nblocks; /* that are there */
} putting;

/* Takes the first n blocks of a part's frame; false: they do not fit. */
static bool blocks_put(putting *k, const uint8_t *part, const zarrc_blosc_frame *frame, uint32_t n) {
  const uint8_t *starts = part + ZARRC_BLOSC_HEADER_NBYTES;
  uint32_t first = zarrc_load_le32(starts),
           end = n < frame->nblocks ? zarrc_load_le32(starts + 4 * (size_t)n) : frame->cbytes;
  if (end - first > k->end - k->at) return false;
  for (uint32_t i = 0; i < n; i++) {
    size_t at = zarrc_load_le32(starts + 4 * (size_t)i) - first + k->at;
    zarrc_store_le32(k->to + ZARRC_BLOSC_HEADER_NBYTES + 4 * (size_t)k->nblocks++, (uint32_t)at);
  }
  memcpy(k->to + k->at, part + first, end - first);
  k->at += end - first;
  return true;
}

/* What libblosc makes of a long chunk, a part at a time, so that a cancellation is heard: the blocks of a frame know
 * nothing of each other. *made 0: it does not fit, or the parts do not fit together. */
static zarrc_status encode_by_parts(zarrc_ctx *ctx, const settings *s, const zarrc_one_piece *p, size_t *made,
                                    zarrc_error *error) {
  size_t n = p->in.len, room = 2 * PART_NBYTES + PART_NBYTES / 2, length = 0, step = PART_NBYTES;
  putting k = {.to = p->memory, .end = n + ZARRC_BLOSC_HEADER_NBYTES};
  zarrc_bytes part;
  *made = 0;
  zarrc_status status = zarrc_scratch_take(ctx, room, &part, error);
  for (size_t done = 0, some; done < n && !status; done += some) {
    zarrc_blosc_frame f;
    some = n - done > 2 * PART_NBYTES ? step : n - done;
    status = encode_by_library(ctx, s, p->in.ptr + done, some, (uint8_t *)part.ptr, room, &length, error);
    if (!status && length < ZARRC_BLOSC_HEADER_NBYTES) goto done;
    if (!status) status = zarrc_blosc_frame_parse(part.ptr, &f, error);
    if (status || f.stored) goto done;
    if (done == 0) {
      k.frame = f;
      k.frame.nbytes = (uint32_t)n;
      k.frame.nblocks = (uint32_t)((n - 1) / f.blocksize + 1);
      k.at = ZARRC_BLOSC_HEADER_NBYTES + 4 * (size_t)k.frame.nblocks;
      some = step = PART_NBYTES / f.blocksize * f.blocksize;
    }
    if (f.blocksize != k.frame.blocksize || f.flags != k.frame.flags || k.at >= k.end) goto done;
    if (!blocks_put(&k, part.ptr, &f, (uint32_t)((some - 1) / f.blocksize + 1))) goto done;
  }
  if (!status) zarrc_blosc_frame_cut(&k.frame, k.frame.nblocks, true, (uint32_t)k.at, k.to);
  if (!status) *made = k.at;
done:
  zarrc_bytes_release(&part);
  return status;
}

/* Makes the one piece that p has memory for. */
static zarrc_status frame_make(zarrc_ctx *ctx, const blosc *b, const zarrc_one_piece *p, size_t *made,
                               zarrc_error *error) {
  settings s = {.b = b, .typesize = b->typesize > MAX_TYPESIZE ? 1 : (uint8_t)b->typesize};
  s.blocksize = b->blocksize >= 0 ? (uint32_t)b->blocksize : 1; /* too small ones are made larger */
  zarrc_blosc_frame frame;
  bool here = zarrc_blosc_frame_plan((uint32_t)p->in.len, s.typesize, b->cname, (int)b->clevel, b->shuffle, s.blocksize,
                                     &frame);
  if (here) return zarrc_blosc_frame_encode(ctx, &frame, (int)b->clevel, p->in.ptr, p->memory, made, error);
  size_t bound = p->in.len + ZARRC_BLOSC_HEADER_NBYTES;
  zarrc_status status = ZARRC_OK;
  *made = 0;
  if (p->in.len > 2 * PART_NBYTES && b->clevel > 0 && s.blocksize <= PART_NBYTES)
    status = encode_by_parts(ctx, &s, p, made, error);
  if (!status && !*made) status = encode_by_library(ctx, &s, p->in.ptr, p->in.len, p->memory, bound, made, error);
  if (!status && *made < ZARRC_BLOSC_HEADER_NBYTES)
    status = zarrc_fail(error, ZARRC_INTERNAL, "libblosc makes more of %zu bytes than it says", p->in.len);
  return status;
}

static zarrc_status blosc_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  const blosc *b = zarrc_codec_instance(codec);
  zarrc_one_piece p;
  size_t made = 0;
  zarrc_status status = blosc_validate(codec, NULL, NULL, error);
  if (status) return status;
  if (b->clevel < 0 || b->clevel > 9)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.clevel is %" PRId64 ", outside 0 to 9", b->clevel);
  if (b->blocksize > INT32_MAX)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.blocksize is %" PRId64 ", more than %d",
                      b->blocksize, INT32_MAX);
  if (parts->nbytes > ZARRC_BLOSC_MAX_NBYTES)
    return zarrc_fail(error, ZARRC_LIMIT, "%" PRIu64 " bytes, a frame holds %u at most", parts->nbytes,
                      ZARRC_BLOSC_MAX_NBYTES);
  status = zarrc_one_piece_join(&p, parts, error);
  if (!status) status = zarrc_one_piece_add(&p, parts, p.in.len + ZARRC_BLOSC_HEADER_NBYTES, error);
  if (!status) status = frame_make(zarrc_codec_ctx(codec), b, &p, &made, error);
  if (!status) return zarrc_one_piece_end(&p, parts, made, error);
  zarrc_parts_clear(&p.made);
  return status;
}

#else

static const char missing_library[] = "libblosc";

const char *zarrc_blosc_version(void) {
  return NULL;
}

zarrc_status zarrc_blosc_frame_decode(zarrc_ctx *ctx, const uint8_t *p, const zarrc_blosc_frame *frame, uint8_t *to,
                                      zarrc_error *error) {
  (void)ctx, (void)p, (void)frame, (void)to;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "zarrc was built without %s", missing_library);
}
#define blosc_validate NULL
#define blosc_encode   NULL
#define blosc_decode   NULL
#define blosc_read     NULL

#endif

const zarrc_codec_class zarrc_blosc_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "blosc",
    .kind = ZARRC_BYTES_TO_BYTES,
    .instance_size = sizeof(blosc),
#if !ZARRC_HAVE_BLOSC
    .missing_library = missing_library,
#endif
    .open = blosc_open,
    .to_json = blosc_to_json,
    .copy = zarrc_codec_copy_instance,
    .equal = blosc_equal,
    .evolve = blosc_evolve,
    .validate = blosc_validate,
    .encoded_size = blosc_encoded_size,
    .u.bb = {.encode = blosc_encode, .decode = blosc_decode, .read = blosc_read, .max_nbytes = ZARRC_BLOSC_MAX_NBYTES},
};
