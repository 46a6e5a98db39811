/* SPDX-License-Identifier: MIT */
/* numcodecs.bz2: written is one bzip2 stream; several, one after another, are read. No other file calls libbz2. */
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/stream.h"

#if ZARRC_HAVE_BZ2
#include <bzlib.h>
#endif

typedef struct bz2 {
  int64_t level;
} bz2;

/* -------------------------------------------------------------------------------------------------- metadata */

static zarrc_status bz2_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"level", NULL};
  bz2 *z = zarrc_codec_instance(codec);
  zarrc_config config;
  z->level = 1;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = zarrc_config_int(&config, "level", 1, 9, &z->level, error);
  return status;
}

static bool bz2_equal(const zarrc_codec *a, const zarrc_codec *b) {
  return ((const bz2 *)zarrc_codec_instance(a))->level == ((const bz2 *)zarrc_codec_instance(b))->level;
}

static zarrc_status bz2_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const bz2 *z = zarrc_codec_instance(codec);
  return zarrc_buf_printf(out, error, "{\"name\": \"numcodecs.bz2\", \"configuration\": {\"level\": %d}}",
                          (int)z->level);
}

/* The longest data that bzip2 makes of nbytes bytes. */
static zarrc_size bz2_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  return zarrc_size_at_most(nbytes, nbytes / 100 + 600);
}

#if ZARRC_HAVE_BZ2

const char *zarrc_bz2_version(void) {
  return BZ2_bzlibVersion();
}

/* ------------------------------------------------------------------------------------------- encode and decode */

/* A stream of libbz2; `open` is set between its beginning and its end. */
typedef struct bz2_stream {
  bz_stream z;
  int level;
  bool open;
} bz2_stream;

static void *take_memory(void *ctx, int n, int size) {
  return zarrc_malloc(ctx, (size_t)n * (size_t)size);
}

static void give_memory(void *ctx, void *p) {
  zarrc_free(ctx, p);
}

static bz2_stream stream_of(const zarrc_codec *codec) {
  return (bz2_stream){.z = {.bzalloc = take_memory, .bzfree = give_memory, .opaque = zarrc_codec_ctx(codec)},
                      .level = (int)((const bz2 *)zarrc_codec_instance(codec))->level};
}

static zarrc_status no_memory(zarrc_error *error) {
  return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for bzip2");
}

/* Calls libbz2 with the buffers of a step. */
static int run(bz2_stream *s, zarrc_stream_step *step, int (*call)(bz_stream *z, bool last)) {
  s->z.next_in = (char *)(uintptr_t)step->in;
  s->z.avail_in = (unsigned)step->nin;
  s->z.next_out = (char *)step->out;
  s->z.avail_out = (unsigned)step->nout;
  int result = call(&s->z, step->last);
  step->nin = s->z.avail_in;
  step->nout = s->z.avail_out;
  step->end = result == BZ_STREAM_END;
  return result;
}

static void end_decoder(bz2_stream *s) {
  if (s->open) BZ2_bzDecompressEnd(&s->z);
  s->open = false;
}

static zarrc_status begin_decoder(void *state, zarrc_error *error) {
  bz2_stream *s = state;
  end_decoder(s);
  s->open = BZ2_bzDecompressInit(&s->z, 0, 0) == BZ_OK;
  return s->open ? ZARRC_OK : no_memory(error);
}

static int call_decoder(bz_stream *z, bool last) {
  (void)last;
  return BZ2_bzDecompress(z);
}

static zarrc_status step_decoder(void *state, zarrc_stream_step *step, zarrc_error *error) {
  int result = run(state, step, call_decoder);
  if (result == BZ_OK || result == BZ_STREAM_END) return ZARRC_OK;
  if (result == BZ_MEM_ERROR) return no_memory(error);
  if (result == BZ_DATA_ERROR_MAGIC) return zarrc_fail(error, ZARRC_CORRUPT, "no bzip2 stream begins here");
  return zarrc_fail(error, ZARRC_CORRUPT, "bad compressed data");
}

static zarrc_status bz2_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                               zarrc_error *error) {
  bz2_stream s = stream_of(codec);
  zarrc_stream stream = {&s, begin_decoder, step_decoder};
  zarrc_status status = zarrc_stream_decode(zarrc_codec_ctx(codec), &stream, in, need, out, error);
  end_decoder(&s);
  return status;
}

static zarrc_status begin_encoder(void *state, zarrc_error *error) {
  bz2_stream *s = state;
  s->open = BZ2_bzCompressInit(&s->z, s->level, 0, 0) == BZ_OK;
  return s->open ? ZARRC_OK : no_memory(error);
}

static int call_encoder(bz_stream *z, bool last) {
  return BZ2_bzCompress(z, last ? BZ_FINISH : BZ_RUN);
}

static zarrc_status step_encoder(void *state, zarrc_stream_step *step, zarrc_error *error) {
  int result = run(state, step, call_encoder);
  return result >= BZ_OK ? ZARRC_OK : zarrc_fail(error, ZARRC_INTERNAL, "libbz2: error %d", result);
}

static zarrc_status bz2_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  bz2_stream s = stream_of(codec);
  zarrc_stream stream = {&s, begin_encoder, step_encoder};
  zarrc_status status = zarrc_stream_encode(zarrc_codec_ctx(codec), &stream, parts, error);
  if (s.open) BZ2_bzCompressEnd(&s.z);
  return status;
}

#else

const char *zarrc_bz2_version(void) {
  return NULL;
}

#define bz2_encode NULL
#define bz2_decode NULL

#endif

/* Of anything but nothing: an empty stream. */
static uint64_t bz2_least_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  (void)codec, (void)spec;
  return nbytes > 0 ? 14 : 0;
}

const zarrc_codec_class zarrc_numcodecs_bz2_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "numcodecs.bz2",
    .kind = ZARRC_BYTES_TO_BYTES,
    .self_describing = true,
    .instance_size = sizeof(bz2),
#if !ZARRC_HAVE_BZ2
    .missing_library = "libbz2",
#endif
    .open = bz2_open,
    .to_json = bz2_to_json,
    .equal = bz2_equal,
    .encoded_size = bz2_encoded_size,
    .least_encoded_size = bz2_least_encoded_size,
    .u.bb = {.encode = bz2_encode, .decode = bz2_decode},
};
