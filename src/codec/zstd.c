/* SPDX-License-Identifier: MIT */
/*
 * Zstandard (RFC 8878). Writes one frame with its content size. Reads any number of frames and skippable frames. A
 * frame is decoded directly to its destination, whatever window it needs; as a stream only if the reader may stop
 * early.
 */
#include "codec/zstd.h"
#include "base/checked.h"
#include "base/endian.h"
#include "base/reading.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/numcodecs_names.h"
#include "codec/one_piece.h"
#include "codec/zstd_seek.h"

#include <inttypes.h>
#include <string.h>

/* 1: libzstd has the functions for static linking. With them its memory comes from the context, and long frames are
 * decoded block by block directly to their destination. */
#ifndef ZARRC_ZSTD_ADVANCED
#define ZARRC_ZSTD_ADVANCED 0
#endif

#if ZARRC_HAVE_ZSTD
#if ZARRC_ZSTD_ADVANCED
#define ZSTD_STATIC_LINKING_ONLY
#endif
#include <zstd.h>
#include <zstd_errors.h>
#endif

/* 1: the linked version 1.5.4 contains the fix of its block splitter, which can write damaged frames as released. */
#ifndef ZARRC_ZSTD_154_OK
#define ZARRC_ZSTD_154_OK 0
#endif

#define ZSTD_CODEC_MAX_LEVEL 22
#define ZSTD_BLOCK_NBYTES    ZARRC_ZSTD_BLOCK_NBYTES
/* Frames that decode to more are decoded block by block, so that they can be canceled. */
#define ZSTD_LONG_NBYTES ((size_t)1 << 26)
/* Larger libzstd contexts are not reused. */
#define ZSTD_WARM_NBYTES ((size_t)32 << 20)

typedef zarrc_zstd_config zstd;

/* -------------------------------------------------------------------------------------------------- metadata */

static zarrc_status zstd_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"level", "checksum", NULL};
  zstd *z = zarrc_codec_instance(codec);
  zarrc_config config;
  *z = (zstd)ZARRC_ZSTD_CONFIG_INIT;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = zarrc_config_int(&config, "level", INT64_MIN, ZSTD_CODEC_MAX_LEVEL, &z->level, error);
  if (!status) status = zarrc_config_bool(&config, "checksum", &z->checksum, error);
  return status;
}

static zarrc_status set_zstd(zarrc_codec *codec, const void *config, zarrc_error *error) {
  const zstd *z = config;
  *(zstd *)zarrc_codec_instance(codec) = *z;
  return zarrc_config_check_int("level", z->level, INT64_MIN, ZSTD_CODEC_MAX_LEVEL, error);
}

zarrc_status zarrc_zstd_codec_open(zarrc_ctx *ctx, const zarrc_zstd_config *given, zarrc_codec **out,
                                   zarrc_error *error) {
  zstd config = ZARRC_ZSTD_CONFIG_INIT;
  return zarrc_codec_open_config(ctx, &zarrc_zstd_class, given, &config, sizeof config, set_zstd, out, error);
}

zarrc_status zarrc_zstd_codec_get(const zarrc_codec *codec, zarrc_zstd_config *config, zarrc_error *error) {
  return zarrc_codec_get_config(codec, &zarrc_zstd_class, zarrc_codec_instance(codec), sizeof *config, config, error);
}

static bool zstd_equal(const zarrc_codec *one, const zarrc_codec *other) {
  const zstd *a = zarrc_codec_instance(one), *b = zarrc_codec_instance(other);
  return a->level == b->level && a->checksum == b->checksum;
}

static zarrc_status zstd_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const zstd *z = zarrc_codec_instance(codec);
  return zarrc_buf_printf(out, error,
                          "{\"name\": \"zstd\", \"configuration\": {\"level\": %" PRId64 ", \"checksum\": %s}}",
                          z->level, z->checksum ? "true" : "false");
}

#if ZARRC_HAVE_ZSTD

const char *zarrc_zstd_version(void) {
  return ZSTD_versionString();
}

/* The keys of idle libzstd contexts. */
static const char dctx_key = 0;
static const char cctx_key = 0;

#if ZARRC_ZSTD_ADVANCED

static void *take_memory(void *ctx, size_t nbytes) {
  return zarrc_malloc(ctx, nbytes);
}

static void give_memory(void *ctx, void *p) {
  zarrc_free(ctx, p);
}

#define DCTX_NEW(ctx) ZSTD_createDCtx_advanced((ZSTD_customMem){take_memory, give_memory, ctx})
#define CCTX_NEW(ctx) ZSTD_createCCtx_advanced((ZSTD_customMem){take_memory, give_memory, ctx})
#else
#define DCTX_NEW(ctx) ZSTD_createDCtx()
#define CCTX_NEW(ctx) ZSTD_createCCtx()
#endif

static void free_dctx(void *dctx) {
  ZSTD_freeDCtx(dctx);
}

static void free_cctx(void *cctx) {
  ZSTD_freeCCtx(cctx);
}

/* -------------------------------------------------------------------------------------------------- frames */

static zarrc_status fail_frame(size_t at, size_t result, zarrc_error *error) {
  zarrc_status code = ZARRC_CORRUPT;
  switch (ZSTD_getErrorCode(result)) {
  case ZSTD_error_checksum_wrong:
    code = ZARRC_CHECKSUM;
    break;
  case ZSTD_error_srcSize_wrong:
    code = ZARRC_TRUNCATED;
    break;
  case ZSTD_error_memory_allocation:
    code = ZARRC_NO_MEMORY;
    break;
  case ZSTD_error_dictionary_wrong:
  case ZSTD_error_dictionary_corrupted:
    code = ZARRC_UNSUPPORTED;
    break;
  default:
    break;
  }
  return zarrc_fail(error, code, "frame at byte %zu: %s", at, ZSTD_getErrorName(result));
}

static zarrc_status too_long(size_t at, const zarrc_buf *out, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_SIZE_MISMATCH, "frame at byte %zu: decodes to more than %zu bytes in all", at,
                    out->max);
}

/* Tells data frames from skippable ones. Formats before version 0.8 are refused: nobody writes or tests them. */
static zarrc_status check_magic(size_t at, const uint8_t *p, size_t n, bool *skippable, zarrc_error *error) {
  static const uint8_t data[4] = {0x28, 0xb5, 0x2f, 0xfd}, skip[4] = {0x50, 0x2a, 0x4d, 0x18};
  *skippable = (p[0] & 0xf0) == skip[0];
  for (size_t i = 0; i < 4; i++) {
    if (i == n) return zarrc_fail(error, ZARRC_TRUNCATED, "frame at byte %zu: its first bytes are cut off", at);
    if (*skippable ? i && p[i] != skip[i] : p[i] != data[i])
      return zarrc_fail(error, ZARRC_CORRUPT, "byte %zu: no Zstandard frame begins here", at);
  }
  return ZARRC_OK;
}

typedef struct frame {
  const uint8_t *ptr;
  size_t at, nbytes;
  bool skippable, has_size;
  uint64_t size;  /* content size, if the frame states it */
  uint64_t bound; /* most bytes that blocks of this encoded length can decode to */
} frame;

/* Fails because of a window larger than libzstd allows, which it reports once it has the frame's header. A chunk of up
 * to max bytes may need such a window; a window larger than that is damage. */
static zarrc_status fail_window(const frame *f, uint64_t max, zarrc_error *error) {
  unsigned descriptor = f->ptr[5], log = 10 + (descriptor >> 3);
  uint64_t window = (UINT64_C(1) << log) + (UINT64_C(1) << (log - 3)) * (descriptor & 7);
  return zarrc_fail(error, window > max ? ZARRC_CORRUPT : ZARRC_LIMIT,
                    "frame at byte %zu: a window of %" PRIu64 " bytes is more than libzstd allows", f->at, window);
}

/* Finds the end and the decoded length of the frame at `at` from the headers of its blocks. The value decodes to max
 * bytes at most. */
static zarrc_status parse_frame(const zarrc_bytes *in, size_t at, uint64_t max, frame *f, zarrc_error *error) {
  *f = (frame){.ptr = in->ptr + at, .at = at};
  zarrc_status status = check_magic(at, f->ptr, in->len - at, &f->skippable, error);
  if (status) return status;
  f->nbytes = ZSTD_findFrameCompressedSize(f->ptr, in->len - at);
  if (ZSTD_getErrorCode(f->nbytes) == ZSTD_error_frameParameter_windowTooLarge) return fail_window(f, max, error);
  if (ZSTD_isError(f->nbytes)) return fail_frame(at, f->nbytes, error);
  if (f->skippable) return ZARRC_OK;
  unsigned dictionary = ZSTD_getDictID_fromFrame(f->ptr, f->nbytes);
  if (dictionary) return zarrc_fail(error, ZARRC_UNSUPPORTED, "frame at byte %zu: needs dictionary %u", at, dictionary);
  unsigned long long size = ZSTD_getFrameContentSize(f->ptr, f->nbytes);
  bool eight = f->ptr[4] >> 6 == 3; /* the content size is there, in eight bytes, so it cannot be unknown */
  if (size == ZSTD_CONTENTSIZE_ERROR || (eight && size == ZSTD_CONTENTSIZE_UNKNOWN))
    return zarrc_fail(error, ZARRC_CORRUPT, "frame at byte %zu: bad frame header", at);
  f->has_size = size != ZSTD_CONTENTSIZE_UNKNOWN;
  f->size = f->has_size ? size : 0;
  if (!zarrc_mul_u64(f->nbytes / 3, ZSTD_BLOCK_NBYTES, &f->bound)) f->bound = UINT64_MAX;
  return ZARRC_OK;
}

/* -------------------------------------------------------------------------------------------------- decode */

/* Makes room for the stated content size, or for an estimate that grows with each try. */
static zarrc_status reserve_frame(const frame *f, size_t tries, zarrc_buf *out, zarrc_error *error) {
  size_t left = out->max - out->len, room = out->cap - out->len, want = left;
  if (f->has_size && f->size > left) return too_long(f->at, out, error);
  if (f->has_size && f->size > f->bound)
    return zarrc_fail(error, ZARRC_CORRUPT, "frame at byte %zu: %zu bytes cannot hold the %" PRIu64 " that it claims",
                      f->at, f->nbytes, f->size);
  if (f->has_size)
    want = (size_t)f->size;
  else if (tries == 0 && f->nbytes < left / 4)
    want = f->nbytes * 4;
  else if (tries > 0 && room < left / 4)
    want = room * 4;
  if (!f->has_size && want < ZSTD_BLOCK_NBYTES) want = ZSTD_BLOCK_NBYTES;
  if (want > left) want = left;
  if (want > f->bound) want = (size_t)f->bound;
  return zarrc_buf_reserve(out, want, error);
}

#if ZARRC_ZSTD_ADVANCED

/* ZSTD_decompressDCtx with a check for cancellation after each block. */
static size_t decompress_by_blocks(zarrc_ctx *ctx, ZSTD_DCtx *dctx, uint8_t *to, size_t room, const uint8_t *from,
                                   size_t n, zarrc_status *status, zarrc_error *error) {
  ZSTD_outBuffer out = {to, room, 0};
  ZSTD_inBuffer in = {from, 0, 0};
  ZSTD_DCtx_reset(dctx, ZSTD_reset_session_and_parameters);
  size_t next = ZSTD_DCtx_setParameter(dctx, ZSTD_d_windowLogMax, ZSTD_WINDOWLOG_MAX);
  if (!ZSTD_isError(next)) next = ZSTD_DCtx_setParameter(dctx, ZSTD_d_stableOutBuffer, 1);
  if (!ZSTD_isError(next)) next = ZSTD_FRAMEHEADERSIZE_MAX;
  while (!ZSTD_isError(next) && next > 0 && in.pos < n) {
    *status = zarrc_ctx_check_canceled(ctx, error);
    if (*status) break;
    in.size = next < n - in.pos ? in.pos + next : n;
    next = ZSTD_decompressStream(dctx, &out, &in);
  }
  ZSTD_DCtx_reset(dctx, ZSTD_reset_session_and_parameters);
  return ZSTD_isError(next) ? next : out.pos;
}

#endif

static size_t decompress(zarrc_ctx *ctx, ZSTD_DCtx *dctx, uint8_t *to, size_t room, const uint8_t *from, size_t n,
                         zarrc_status *status, zarrc_error *error) {
#if ZARRC_ZSTD_ADVANCED
  if (room > ZSTD_LONG_NBYTES) return decompress_by_blocks(ctx, dctx, to, room, from, n, status, error);
#endif
  (void)ctx, (void)status, (void)error;
  return ZSTD_decompressDCtx(dctx, to, room, from, n);
}

static zarrc_status decode_frame(zarrc_ctx *ctx, ZSTD_DCtx *dctx, const frame *f, zarrc_buf *out, zarrc_error *error) {
  const uint64_t most = f->has_size ? f->size : f->bound;
  uint8_t nothing;
  for (size_t tries = 0;; tries++) {
    zarrc_status status = reserve_frame(f, tries, out, error);
    if (status) return status;
    size_t room = out->cap - out->len < most ? out->cap - out->len : (size_t)most;
    size_t made = decompress(ctx, dctx, room ? out->ptr + out->len : &nothing, room, f->ptr, f->nbytes, &status, error);
    if (status) return status;
    if (!ZSTD_isError(made)) {
      out->len += made;
      return ZARRC_OK;
    }
    ZSTD_ErrorCode code = ZSTD_getErrorCode(made);
    if (code == ZSTD_error_srcSize_wrong || (code == ZSTD_error_dstSize_tooSmall && room == most))
      return zarrc_fail(error, ZARRC_CORRUPT, "frame at byte %zu: its blocks do not fit together", f->at);
    if (code != ZSTD_error_dstSize_tooSmall) return fail_frame(f->at, made, error);
    if (out->cap >= out->max) return too_long(f->at, out, error);
  }
}

/* Decodes `need` bytes and stops; *enough = false: that takes more memory than it saves, decode everything. */
static zarrc_status decode_head(zarrc_ctx *ctx, ZSTD_DCtx *dctx, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                bool *enough, zarrc_error *error) {
  int window_log = 20;
  size_t made = 1;
  ZSTD_inBuffer from = {in->ptr, in->len, 0};
  zarrc_status status = zarrc_buf_reserve(out, need, error);
  if (status) return status;
  while (window_log < 27 && (size_t)1 << window_log < out->max) window_log++;
  ZSTD_outBuffer to = {out->ptr, 0, 0};
  ZSTD_DCtx_reset(dctx, ZSTD_reset_session_and_parameters);
  ZSTD_DCtx_setParameter(dctx, ZSTD_d_windowLogMax, window_log);
  while (to.pos < need && from.pos < in->len && !ZSTD_isError(made)) {
    bool skippable;
    if (made == 0 || from.pos == 0)
      status = check_magic(from.pos, in->ptr + from.pos, in->len - from.pos, &skippable, error);
    if (!status) status = zarrc_ctx_check_canceled(ctx, error);
    if (status) break;
    to.size = need - to.pos < ZSTD_LONG_NBYTES ? need : to.pos + ZSTD_LONG_NBYTES;
    made = ZSTD_decompressStream(dctx, &to, &from);
  }
  ZSTD_DCtx_reset(dctx, ZSTD_reset_session_and_parameters);
  if (status == ZARRC_CANCELED) return status;
  *enough = to.pos == need;
  if (*enough) out->len = need;
  return ZARRC_OK;
}

/* Decodes everything, frame by frame. */
static zarrc_status decode_frames(zarrc_ctx *ctx, ZSTD_DCtx *dctx, const zarrc_bytes *in, zarrc_buf *out,
                                  zarrc_error *error) {
  bool any = false;
  frame f;
  for (size_t at = 0; at < in->len; at += f.nbytes) {
    zarrc_status status = parse_frame(in, at, out->max, &f, error);
    if (!status && !f.skippable) status = decode_frame(ctx, dctx, &f, out, error);
    if (status) return status;
    any |= !f.skippable;
  }
  return any ? ZARRC_OK : zarrc_fail(error, ZARRC_CORRUPT, "there are skippable frames only");
}

static ZSTD_DCtx *take_dctx(zarrc_ctx *ctx, zarrc_error *error) {
  ZSTD_DCtx *dctx = zarrc_warm_take(ctx, &dctx_key);
  if (!dctx) dctx = DCTX_NEW(ctx);
  if (!dctx) zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for zstd");
  return dctx;
}

static void give_dctx(zarrc_ctx *ctx, ZSTD_DCtx *dctx) {
  if (ZSTD_sizeof_DCtx(dctx) > ZSTD_WARM_NBYTES)
    ZSTD_freeDCtx(dctx);
  else
    zarrc_warm_give(ctx, &dctx_key, dctx, free_dctx);
}

zarrc_status zarrc_zstd_decode_exactly(zarrc_ctx *ctx, const uint8_t *from, size_t n, uint8_t *to, size_t nbytes,
                                       zarrc_error *error) {
  ZSTD_DCtx *dctx = take_dctx(ctx, error);
  if (!dctx) return ZARRC_NO_MEMORY;
  zarrc_status status = ZARRC_OK;
  size_t made = decompress(ctx, dctx, to, nbytes, from, n, &status, error);
  give_dctx(ctx, dctx);
  if (status) return status;
  return made == nbytes ? ZARRC_OK : zarrc_fail(error, ZARRC_CORRUPT, "bad zstd data");
}

static zarrc_status zstd_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                                zarrc_error *error) {
  zarrc_ctx *ctx = zarrc_codec_ctx(codec);
  bool enough = false;
  if (!in->len) return zarrc_fail(error, ZARRC_TRUNCATED, "there is no byte");
  unsigned long long size = ZSTD_getFrameContentSize(in->ptr, in->len);
  if (size >= ZSTD_CONTENTSIZE_ERROR) size = out->max;
  ZSTD_DCtx *dctx = take_dctx(ctx, error);
  if (!dctx) return ZARRC_NO_MEMORY;
  zarrc_status status = ZARRC_OK;
  if (need < size / 4 * 3 && need <= out->max) status = decode_head(ctx, dctx, in, need, out, &enough, error);
  if (!status && !enough) status = decode_frames(ctx, dctx, in, out, error);
  give_dctx(ctx, dctx);
  return status;
}

/* Sums the content sizes of the frames. */
static bool zstd_states_size(const zarrc_codec *codec, const zarrc_bytes *in, uint64_t nbytes) {
  uint64_t sum = 0;
  frame f;
  (void)codec;
  for (size_t at = 0; at < in->len; at += f.nbytes) {
    if (parse_frame(in, at, nbytes, &f, NULL)) return false;
    if (!f.skippable && (!f.has_size || !zarrc_add_u64(sum, f.size, &sum))) return false;
  }
  return sum == nbytes;
}

/* ---------------------------------------------------------------------------------------------- by seek table */

/* Decodes a frame of the table, which must decode to what the table says. */
static zarrc_status decode_entry(zarrc_ctx *ctx, ZSTD_DCtx *dctx, const zarrc_bytes *in, const zarrc_zstd_frame *entry,
                                 uint8_t *to, zarrc_error *error) {
  frame f;
  zarrc_buf out = zarrc_buf_over(to, (size_t)entry->size);
  zarrc_status status = parse_frame(in, 0, out.max, &f, error);
  if (!status && !f.skippable && f.nbytes == in->len) status = decode_frame(ctx, dctx, &f, &out, error);
  if (!status && out.len != entry->size)
    status = zarrc_fail(error, ZARRC_CORRUPT, "the frame does not hold what the seek table says");
  if (status) zarrc_error_prefix(error, "byte %" PRIu64 ": ", entry->offset);
  return status;
}

/* Reads and decodes frames a to b to contiguous memory. */
static zarrc_status decode_entries(zarrc_ctx *ctx, ZSTD_DCtx *dctx, zarrc_blob *encoded, const zarrc_zstd_seek *seek,
                                   size_t a, size_t b, uint8_t *to, zarrc_error *error) {
  const zarrc_zstd_frame *first = &seek->frames[a], *last = &seek->frames[b];
  zarrc_range range = {.offset = (int64_t)first->offset, .nbytes = last->offset + last->nbytes - first->offset};
  zarrc_status status = zarrc_blob_read(encoded, &range, 1, error);
  for (size_t i = a; !status && i <= b; i++) {
    const zarrc_zstd_frame *e = &seek->frames[i];
    zarrc_bytes in = {range.got.ptr + (e->offset - first->offset), (size_t)e->nbytes, NULL, NULL};
    status = decode_entry(ctx, dctx, &in, e, to + (e->first - first->first), error);
  }
  zarrc_bytes_release(&range.got);
  return status;
}

static zarrc_status decode_range(zarrc_ctx *ctx, ZSTD_DCtx *dctx, zarrc_blob *encoded, const zarrc_zstd_seek *seek,
                                 zarrc_range *r, zarrc_error *error) {
  uint64_t first = 0;
  size_t nbytes = 0;
  zarrc_bytes memory = {0};
  zarrc_range_locate(r, seek->size, &first, &nbytes, NULL);
  r->got = (zarrc_bytes){r->into ? r->into : (const void *)"", nbytes, NULL, NULL};
  if (nbytes == 0) return ZARRC_OK;
  size_t a = zarrc_zstd_seek_find(seek, first), b = zarrc_zstd_seek_find(seek, first + nbytes - 1);
  uint64_t begin = seek->frames[a].first, end = seek->frames[b].first + seek->frames[b].size;
  bool direct = r->into && begin == first && end == first + nbytes;
  if (end - begin > SIZE_MAX / 2)
    return zarrc_fail(error, ZARRC_LIMIT, "the frames of a range hold %" PRIu64 " bytes", end - begin);
  zarrc_status status = direct ? ZARRC_OK : zarrc_scratch_take(ctx, (size_t)(end - begin), &memory, error);
  if (!status) status = decode_entries(ctx, dctx, encoded, seek, a, b, direct ? r->into : (uint8_t *)memory.ptr, error);
  if (!status && r->into && !direct) memcpy(r->into, memory.ptr + (first - begin), nbytes);
  if (!status && !r->into) {
    r->got = memory;
    r->got.ptr += first - begin;
    r->got.len = nbytes;
  } else {
    zarrc_bytes_release(&memory);
  }
  return status;
}

/* Reads parts of a value with a seek table. In remote stores looking for one would usually cost more than it saves. */
static zarrc_status zstd_read(const zarrc_codec *codec, const zarrc_chunk_options *options, zarrc_blob *encoded,
                              zarrc_range *ranges, size_t n, bool *served, zarrc_error *error) {
  zarrc_ctx *ctx = zarrc_codec_ctx(codec);
  zarrc_zstd_seek seek;
  (void)options;
  *served = false;
  if (!zarrc_blob_is_near(encoded)) return ZARRC_OK;
  zarrc_status status = zarrc_zstd_seek_open(ctx, encoded, &seek, served, error);
  if (status || !*served) return status;
  ZSTD_DCtx *dctx = NULL;
  *served = zarrc_zstd_seek_helps(&seek, ranges, n);
  if (*served) {
    dctx = take_dctx(ctx, error);
    if (!dctx) status = ZARRC_NO_MEMORY;
  }
  for (size_t i = 0; !status && *served && i < n; i++) {
    status = decode_range(ctx, dctx, encoded, &seek, &ranges[i], error);
    if (status) zarrc_ranges_release(ranges, i);
  }
  if (dctx) give_dctx(ctx, dctx);
  zarrc_zstd_seek_close(&seek);
  return status;
}

/* -------------------------------------------------------------------------------------------------- encode */

static zarrc_status check_library(zarrc_error *error) {
  if (ZARRC_ZSTD_154_OK || ZSTD_versionNumber() != 10504) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "the zstd 1.5.4 that is linked can write damaged data");
}

/* Returns whether to encode block by block, so that it can be canceled. */
static bool takes_long(int level, size_t n) {
  return n > (level >= 16   ? (size_t)1 << 18
              : level >= 10 ? (size_t)1 << 22
              : level >= 5  ? (size_t)1 << 24
                            : (size_t)1 << 26);
}

/* ZSTD_compress2 with a check for cancellation after each block. */
static size_t compress_by_blocks(zarrc_ctx *ctx, ZSTD_CCtx *cctx, const uint8_t *from, size_t n, uint8_t *to,
                                 size_t room, zarrc_status *status, zarrc_error *error) {
  ZSTD_outBuffer out = {to, room, 0};
  size_t left = ZSTD_CCtx_setPledgedSrcSize(cctx, n);
  for (size_t at = 0; !ZSTD_isError(left) && at < n;) {
    size_t step = n - at < ZSTD_BLOCK_NBYTES ? n - at : ZSTD_BLOCK_NBYTES;
    ZSTD_inBuffer in = {from + at, step, 0};
    *status = zarrc_ctx_check_canceled(ctx, error);
    if (*status) break;
    at += step;
    left = ZSTD_compressStream2(cctx, &out, &in, at == n ? ZSTD_e_end : ZSTD_e_continue);
    if (!ZSTD_isError(left) && (in.pos < step || (at == n && left > 0))) return 0; /* it does not fit */
  }
  if (*status || ZSTD_isError(left)) ZSTD_CCtx_reset(cctx, ZSTD_reset_session_only);
  return ZSTD_isError(left) ? left : out.pos;
}

/* Makes one frame. *made: its length; 0: it does not fit. */
static zarrc_status make_frame(zarrc_ctx *ctx, const zstd *z, const uint8_t *from, size_t n, uint8_t *to, size_t room,
                               size_t *made, zarrc_error *error) {
  int level = z->level < ZSTD_minCLevel() ? ZSTD_minCLevel() : (int)z->level;
  if (level > ZSTD_maxCLevel()) level = ZSTD_maxCLevel();
  ZSTD_CCtx *cctx = zarrc_warm_take(ctx, &cctx_key);
  if (!cctx) cctx = CCTX_NEW(ctx);
  if (!cctx) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for zstd");
  ZSTD_CCtx_reset(cctx, ZSTD_reset_session_and_parameters);
  *made = ZSTD_CCtx_setParameter(cctx, ZSTD_c_compressionLevel, level);
  if (!ZSTD_isError(*made)) *made = ZSTD_CCtx_setParameter(cctx, ZSTD_c_checksumFlag, z->checksum);
  zarrc_status status = ZARRC_OK;
  if (!ZSTD_isError(*made))
    *made = takes_long(level, n) ? compress_by_blocks(ctx, cctx, from, n, to, room, &status, error)
                                 : ZSTD_compress2(cctx, to, room, from, n);
  ZSTD_ErrorCode code = ZSTD_getErrorCode(*made);
  if (code == ZSTD_error_dstSize_tooSmall)
    *made = 0;
  else if (!status && code != ZSTD_error_no_error)
    status = zarrc_fail(error, code == ZSTD_error_memory_allocation ? ZARRC_NO_MEMORY : ZARRC_INTERNAL, "%s",
                        ZSTD_getErrorName(*made));
  if (ZSTD_sizeof_CCtx(cctx) > ZSTD_WARM_NBYTES || status == ZARRC_NO_MEMORY)
    ZSTD_freeCCtx(cctx);
  else
    zarrc_warm_give(ctx, &cctx_key, cctx, free_cctx);
  return status;
}

zarrc_status zarrc_zstd_encode_within(zarrc_ctx *ctx, int level, const uint8_t *from, size_t n, uint8_t *to,
                                      size_t room, size_t *made, zarrc_error *error) {
  const zstd z = {.level = level};
  zarrc_status status = check_library(error);
  return status ? status : make_frame(ctx, &z, from, n, to, room, made, error);
}

static zarrc_status zstd_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  zarrc_one_piece p;
  size_t made = 0, bound = 0;
  int64_t level = ((const zstd *)zarrc_codec_instance(codec))->level;
  zarrc_status status = check_library(error);
  if (status) return status;
  if (level < INT32_MIN)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.level is %" PRId64 ", below %d", level, INT32_MIN);
  status = zarrc_one_piece_join(&p, parts, error);
  if (!status) bound = ZSTD_compressBound(p.in.len);
  if (!status && (!bound || ZSTD_isError(bound)))
    status = zarrc_fail(error, ZARRC_LIMIT, "%zu bytes are too many", p.in.len);
  if (!status) status = zarrc_one_piece_add(&p, parts, bound, error);
  if (!status)
    status = make_frame(zarrc_codec_ctx(codec), zarrc_codec_instance(codec), p.in.ptr, p.in.len, p.memory, bound, &made,
                        error);
  if (!status && made == 0)
    status = zarrc_fail(error, ZARRC_INTERNAL, "zstd makes more of %zu bytes than it says", p.in.len);
  if (!status) return zarrc_one_piece_end(&p, parts, made, error);
  zarrc_parts_clear(&p.made);
  return status;
}

static zarrc_size zstd_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  return zarrc_size_at_most(nbytes, nbytes / 256 + 128);
}

#define MISSING_LIBRARY NULL

#else

#define MISSING_LIBRARY   "libzstd"

const char *zarrc_zstd_version(void) {
  return NULL;
}

zarrc_status zarrc_zstd_decode_exactly(zarrc_ctx *ctx, const uint8_t *from, size_t n, uint8_t *to, size_t nbytes,
                                       zarrc_error *error) {
  (void)ctx, (void)from, (void)n, (void)to, (void)nbytes;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "zarrc was built without " MISSING_LIBRARY);
}
zarrc_status zarrc_zstd_encode_within(zarrc_ctx *ctx, int level, const uint8_t *from, size_t n, uint8_t *to,
                                      size_t room, size_t *made, zarrc_error *error) {
  (void)ctx, (void)level, (void)from, (void)n, (void)to, (void)room, (void)made;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "zarrc was built without " MISSING_LIBRARY);
}
#define zstd_encoded_size NULL
#define zstd_encode       NULL
#define zstd_decode       NULL
#define zstd_read         NULL
#define zstd_states_size  NULL

#endif

static uint64_t zstd_least_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  return nbytes > 0 ? 9 : 0; /* magic number, 2 bytes of header, header of a block */
}

/* Of this name, and of numcodecs: these have other settings and defaults. */
#define ZSTD_CLASS(class_name, open_fn, to_json_fn)                                                                    \
  {                                                                                                                    \
    .struct_size = sizeof(zarrc_codec_class), .name = class_name, .kind = ZARRC_BYTES_TO_BYTES,                        \
    .self_describing = true, .instance_size = sizeof(zstd), .missing_library = MISSING_LIBRARY, .open = open_fn,       \
    .to_json = to_json_fn, .equal = zstd_equal, .encoded_size = zstd_encoded_size,                                     \
    .least_encoded_size = zstd_least_encoded_size,                                                                     \
    .u.bb = {.encode = zstd_encode, .decode = zstd_decode, .read = zstd_read, .states_size = zstd_states_size},        \
  }
const zarrc_codec_class zarrc_zstd_class = ZSTD_CLASS("zstd", zstd_open, zstd_to_json);
const zarrc_codec_class zarrc_numcodecs_zstd_class =
    ZSTD_CLASS("numcodecs.zstd", zarrc_numcodecs_zstd_open, zarrc_numcodecs_zstd_to_json);
