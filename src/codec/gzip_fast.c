/* SPDX-License-Identifier: MIT */
#include "codec/gzip_fast.h"

#if ZARRC_HAVE_ISAL

#include <isa-l/igzip_lib.h>

/* ISA-L's levels 0 to 3 are about equally fast; this one compresses best. */
#define LEVEL 2

typedef struct fast {
  zarrc_ctx *ctx;
  struct isal_zstream stream;
  uint8_t buffer[ISAL_DEF_LVL2_DEFAULT];
} fast;

static const char fast_key = 0;

static void free_fast(void *object) {
  fast *f = object;
  zarrc_free(f->ctx, f);
}

static fast *take_fast(zarrc_ctx *ctx) {
  fast *f = zarrc_warm_take(ctx, &fast_key);
  if (!f) f = zarrc_malloc(ctx, sizeof *f);
  if (!f) return NULL;
  f->ctx = ctx;
  isal_deflate_init(&f->stream);
  f->stream.level = LEVEL;
  f->stream.level_buf = f->buffer;
  f->stream.level_buf_size = sizeof f->buffer;
  f->stream.gzip_flag = IGZIP_GZIP;
  return f;
}

/* Returns how many bytes to pass to ISA-L, which counts in 32 bits, between two checks for cancellation. */
static uint32_t some(size_t n) {
  return n < 1u << 24 ? (uint32_t)n : 1u << 24;
}

/* Returns the length of the member; 0: it does not fit, or *status is a failure. */
static size_t deflate_member(zarrc_ctx *ctx, struct isal_zstream *z, const zarrc_bytes *in, uint8_t *out, size_t bound,
                             zarrc_status *status, zarrc_error *error) {
  size_t at = 0, made = 0;
  while (made < bound) {
    *status = zarrc_ctx_check_canceled(ctx, error);
    if (*status) return 0;
    uint32_t nin = some(in->len - at), nout = some(bound - made);
    z->next_in = (uint8_t *)in->ptr + at; /* ISA-L only reads it */
    z->avail_in = nin;
    z->end_of_stream = nin == in->len - at;
    z->next_out = out + made;
    z->avail_out = nout;
    if (isal_deflate(z) != COMP_OK) return 0;
    at += nin - z->avail_in;
    made += nout - z->avail_out;
    if (z->internal_state.state == ZSTATE_END) return made;
    if (z->avail_in == nin && z->avail_out == nout) return 0;
  }
  return 0;
}

zarrc_status zarrc_gzip_fast(zarrc_ctx *ctx, int level, size_t bound, zarrc_parts *parts, zarrc_one_piece *p,
                             size_t *made, zarrc_error *error) {
  *made = 0;
  if (!zarrc_ctx_get_options(ctx)->fast_gzip || level == 0) return ZARRC_OK;
  fast *f = take_fast(ctx);
  if (!f) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for ISA-L");
  zarrc_status status = zarrc_one_piece_add(p, parts, bound, error);
  if (!status) *made = deflate_member(ctx, &f->stream, &p->in, p->memory, bound, &status, error);
  zarrc_warm_give(ctx, &fast_key, f, free_fast);
  if (!status && !*made) zarrc_parts_clear(&p->made);
  return status;
}

#else

zarrc_status zarrc_gzip_fast(zarrc_ctx *ctx, int level, size_t bound, zarrc_parts *parts, zarrc_one_piece *p,
                             size_t *made, zarrc_error *error) {
  (void)ctx, (void)level, (void)bound, (void)parts, (void)p, (void)error;
  *made = 0;
  return ZARRC_OK;
}

#endif
