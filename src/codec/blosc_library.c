/* SPDX-License-Identifier: MIT */
/* Calls libblosc; no other file does. Only its functions without global state are used, with a single thread. */
#include "codec/blosc_library.h"
#include "base/alloc.h"
#include "base/endian.h"
#include "base/reuse.h"
#include "codec/blosc_block.h"
#include "codec/blosc_parallel.h"

#include <string.h>

#if ZARRC_HAVE_BLOSC
#include <blosc.h>

#define MAX_TYPESIZE 255 /* largest that a header can hold; for larger ones it has 1 */

const char *zarrc_blosc_version(void) {
  return blosc_get_version_string();
}

bool zarrc_blosc_library_has(const char *cname) {
  return blosc_compname_to_compcode(cname) >= 0;
}

/* Memory of the compressors in libblosc. Zstandard's tables grow with the block. */
#define DECODER_NBYTES  ((uint64_t)1 << 18)
#define ENCODER_NBYTES  ((uint64_t)1 << 19)
#define MAX_ZSTD_WINDOW ((size_t)1 << 27)

static uint64_t encoder_nbytes(zarrc_blosc_cname cname, size_t blocksize) {
  size_t window = blocksize < MAX_ZSTD_WINDOW ? blocksize : MAX_ZSTD_WINDOW;
  return ENCODER_NBYTES + (cname == ZARRC_BLOSC_ZSTD ? 8 * (uint64_t)window : 0);
}

/* Counts the memory that libblosc will take for a block and its compressor. libblosc does not check its allocations, so
 * this makes sure that there is enough memory. */
static zarrc_status count_scratch(zarrc_ctx *ctx, size_t blocksize, uint64_t compressor, uint64_t *nbytes,
                                  zarrc_error *error) {
  void *p = zarrc_malloc(ctx, 2 * blocksize + 4096);
  *nbytes = 2 * (uint64_t)blocksize + compressor;
  zarrc_free(ctx, p);
  if (p && zarrc_mem_count(ctx, *nbytes)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for blocks of %zu bytes", blocksize);
}

/* -------------------------------------------------------------------------------------------------- decode */

/* The most that libblosc decodes between two checks for cancellation. */
#define LIBRARY_UNASKED ((uint32_t)1 << 26)

static zarrc_status decode_by_library(zarrc_ctx *ctx, const uint8_t *p, const zarrc_blosc_frame *frame, uint8_t *to,
                                      zarrc_error *error) {
  static const char *const formats[] = {"blosclz", "lz4", "snappy", "zlib", "zstd"};
  if (!zarrc_blosc_library_has(formats[frame->format]))
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "libblosc was built without %s", formats[frame->format]);
  uint64_t scratch;
  zarrc_status status = count_scratch(ctx, frame->blocksize, DECODER_NBYTES, &scratch, error);
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
  uint32_t ngroups = zarrc_blosc_parallel_ngroups(ctx, frame), least = frame->nbytes / LIBRARY_UNASKED + 1;
  if (!here && ngroups < least && !frame->stored) ngroups = least < frame->nblocks ? least : frame->nblocks;
  if (ngroups > 1) {
    zarrc_status status =
        zarrc_blosc_parallel_decode(ctx, p, frame, ngroups, to, here ? NULL : decode_by_library, error);
    if (status != ZARRC_NO_MEMORY) return status;
    zarrc_reuse_trim(ctx);
  }
  if (here) return zarrc_blosc_blocks_decode(ctx, p, frame, 0, frame->nblocks, to, error);
  return decode_by_library(ctx, p, frame, to, error);
}

/* -------------------------------------------------------------------------------------------------- encode */

/* The most that is compressed between two checks for cancellation. */
#define PART_NBYTES ((size_t)1 << 23)

typedef struct settings {
  const zarrc_blosc_config *b;
  uint8_t typesize;
  uint32_t blocksize; /* 0: libblosc chooses */
} settings;

/* Makes one frame with libblosc. *made: its length; 0: it does not fit. */
static zarrc_status encode_by_library(zarrc_ctx *ctx, const settings *s, const uint8_t *from, size_t n, uint8_t *to,
                                      size_t room, size_t *made, zarrc_error *error) {
  size_t block = s->blocksize && s->blocksize < n ? s->blocksize : n;
  if (!s->blocksize && block > (size_t)1 << 21) block = (size_t)1 << 21; /* libblosc chooses no larger one */
  uint64_t scratch;
  zarrc_status status = zarrc_ctx_check_canceled(ctx, error);
  if (!status) status = count_scratch(ctx, block, encoder_nbytes(s->b->cname, block), &scratch, error);
  if (status) return status;
  int length = blosc_compress_ctx((int)s->b->clevel, (int)s->b->shuffle, s->typesize, n, from, to, room,
                                  zarrc_blosc_cname_name(s->b->cname), s->blocksize, 1);
  zarrc_mem_uncount(ctx, scratch);
  *made = length > 0 ? (size_t)length : 0;
  return length >= 0 ? ZARRC_OK : zarrc_fail(error, ZARRC_INTERNAL, "libblosc failed with %d", length);
}

/* A frame that is composed of the frames of its parts. frame: its header, derived from the first of them. */
typedef struct putting {
  zarrc_blosc_frame frame;
  uint8_t *to;
  size_t at, end;
  uint32_t nblocks; /* blocks so far */
} putting;

/* Appends the first n blocks of the frame of a part; returns false if they do not fit. */
static bool put_blocks(putting *k, const uint8_t *part, const zarrc_blosc_frame *frame, uint32_t n) {
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

/* Makes a frame of a long chunk with libblosc part by part, so that it can be canceled: blocks of a frame do not depend
 * on each other. *made 0: it does not fit, or the parts cannot be combined. */
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
    if (!put_blocks(&k, part.ptr, &f, (uint32_t)((some - 1) / f.blocksize + 1))) goto done;
  }
  if (!status) zarrc_blosc_frame_cut(&k.frame, k.frame.nblocks, true, (uint32_t)k.at, k.to);
  if (!status) *made = k.at;
done:
  zarrc_bytes_release(&part);
  return status;
}

zarrc_status zarrc_blosc_frame_make(zarrc_ctx *ctx, const zarrc_blosc_config *b, const zarrc_one_piece *p, size_t *made,
                                    zarrc_error *error) {
  settings s = {.b = b, .typesize = b->typesize > MAX_TYPESIZE ? 1 : (uint8_t)b->typesize};
  s.blocksize = b->blocksize >= 0 ? (uint32_t)b->blocksize : 1; /* libblosc enlarges small ones */
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

#else

const char *zarrc_blosc_version(void) {
  return NULL;
}

bool zarrc_blosc_library_has(const char *cname) {
  (void)cname;
  return false;
}

zarrc_status zarrc_blosc_frame_decode(zarrc_ctx *ctx, const uint8_t *p, const zarrc_blosc_frame *frame, uint8_t *to,
                                      zarrc_error *error) {
  (void)ctx, (void)p, (void)frame, (void)to;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "zarrc was built without libblosc");
}

zarrc_status zarrc_blosc_frame_make(zarrc_ctx *ctx, const zarrc_blosc_config *config, const zarrc_one_piece *p,
                                    size_t *made, zarrc_error *error) {
  (void)ctx, (void)config, (void)p, (void)made;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "zarrc was built without libblosc");
}

#endif
