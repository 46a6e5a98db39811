/* SPDX-License-Identifier: MIT */
/*
 * numcodecs.lzma: a stream in the format of xz, of the older .lzma ("alone"), or raw; several, one after another, are
 * read. No other file calls liblzma.
 */
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/lzma_config.h"
#include "codec/stream.h"

#include <inttypes.h>
#include <string.h>

#if ZARRC_HAVE_LZMA
#include <lzma.h>
#endif

static zarrc_status xz_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  return zarrc_lzma_config_parse(codec, zarrc_codec_instance(codec), error);
}

static zarrc_status xz_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  return zarrc_lzma_config_to_json(zarrc_codec_instance(codec), out, error);
}

static bool xz_equal(const zarrc_codec *one, const zarrc_codec *other) {
  const zarrc_lzma_config *a = zarrc_codec_instance(one), *b = zarrc_codec_instance(other);
  return memcmp(a, b, sizeof *a) == 0;
}

#if ZARRC_HAVE_LZMA

/* Decoders may take as much memory as the dictionary of preset 9 needs, or twice the decoded data if that is more: an
 * encoder has no use for a dictionary that is larger than its data. */
#define DECODER_NBYTES ((uint64_t)66 << 20)
#define MAX_RATIO      ((uint64_t)1 << 13) /* a byte hardly decodes to more */

static uint64_t memory_for(uint64_t nencoded, uint64_t max) {
  uint64_t most = nencoded < UINT64_MAX / MAX_RATIO / 2 ? nencoded * MAX_RATIO : UINT64_MAX / 2;
  if (max < most) most = max;
  return 2 * most > DECODER_NBYTES ? 2 * most : DECODER_NBYTES;
}

const char *zarrc_lzma_version(void) {
  return lzma_version_string();
}

/* A stream of liblzma, and the settings that it was begun with. */
typedef struct xz_stream {
  lzma_stream z;
  lzma_allocator allocator;
  const zarrc_lzma_config *config;
  uint64_t most; /* bytes of memory that a decoder may take */
  lzma_filter filters[ZARRC_LZMA_MAX_FILTERS + 1];
  union {
    lzma_options_lzma lzma;
    lzma_options_delta delta;
    lzma_options_bcj bcj;
  } options[ZARRC_LZMA_MAX_FILTERS];
} xz_stream;

static void *take_memory(void *ctx, size_t n, size_t size) {
  return zarrc_malloc(ctx, n * size);
}

static void give_memory(void *ctx, void *p) {
  zarrc_free(ctx, p);
}

/* ------------------------------------------------------------------------------------------------------ filters */

static void set_if(int64_t value, uint32_t *out) {
  if (value >= 0) *out = (uint32_t)value;
}

/* Sets the options of LZMA1 or LZMA2, for data of up to nbytes bytes, from a preset and what differs from it; returns
 * false if there is no such preset. The dictionary is no larger than the data: liblzma fills what belongs to it. */
static bool set_lzma(const zarrc_lzma_filter *f, size_t nbytes, lzma_options_lzma *out) {
  if (lzma_lzma_preset(out, f->preset < 0 ? LZMA_PRESET_DEFAULT : (uint32_t)f->preset)) return false;
  set_if(f->dict_size, &out->dict_size);
  if (nbytes < LZMA_DICT_SIZE_MIN) nbytes = LZMA_DICT_SIZE_MIN;
  if (out->dict_size > nbytes) out->dict_size = (uint32_t)nbytes;
  set_if(f->lc, &out->lc);
  set_if(f->lp, &out->lp);
  set_if(f->pb, &out->pb);
  set_if(f->nice_len, &out->nice_len);
  set_if(f->depth, &out->depth);
  if (f->mode >= 0) out->mode = (lzma_mode)f->mode;
  if (f->mf >= 0) out->mf = (lzma_match_finder)f->mf;
  return true;
}

/* Without filters in the configuration its preset stands for one. */
static zarrc_status set_filters(xz_stream *s, size_t nbytes, zarrc_error *error) {
  const zarrc_lzma_config *config = s->config;
  bool alone = config->format == ZARRC_LZMA_ALONE;
  zarrc_lzma_filter preset = {.id = alone ? ZARRC_LZMA_FILTER_LZMA1 : ZARRC_LZMA_FILTER_LZMA2,
                              .preset = config->preset,
                              .dict_size = -1,
                              .lc = -1,
                              .lp = -1,
                              .pb = -1,
                              .mode = -1,
                              .nice_len = -1,
                              .mf = -1,
                              .depth = -1};
  size_t n = config->nfilters ? (size_t)config->nfilters : 1;
  for (size_t i = 0; i < n; i++) {
    const zarrc_lzma_filter *f = config->nfilters ? &config->filters[i] : &preset;
    bool good = true;
    s->filters[i] = (lzma_filter){(lzma_vli)f->id, &s->options[i]};
    if (f->id == ZARRC_LZMA_FILTER_LZMA1 || f->id == ZARRC_LZMA_FILTER_LZMA2) {
      good = set_lzma(f, nbytes, &s->options[i].lzma);
    } else if (f->id == ZARRC_LZMA_FILTER_DELTA) {
      s->options[i].delta =
          (lzma_options_delta){.type = LZMA_DELTA_TYPE_BYTE, .dist = f->dist < 0 ? 1 : (uint32_t)f->dist};
    } else {
      s->options[i].bcj = (lzma_options_bcj){.start_offset = f->start_offset < 0 ? 0 : (uint32_t)f->start_offset};
    }
    if (!good && !config->nfilters)
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "there is no preset %" PRId64, f->preset);
    if (!good)
      return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.filters[%zu]: there is no preset %" PRId64, i,
                        f->preset);
  }
  s->filters[n].id = LZMA_VLI_UNKNOWN;
  return ZARRC_OK;
}

/* Makes a stream of data that has up to nbytes bytes. */
static zarrc_status stream_init(xz_stream *s, const zarrc_codec *codec, size_t nbytes, zarrc_error *error) {
  *s = (xz_stream){.z = LZMA_STREAM_INIT,
                   .allocator = {take_memory, give_memory, zarrc_codec_ctx(codec)},
                   .config = zarrc_codec_instance(codec)};
  s->z.allocator = &s->allocator;
  return set_filters(s, nbytes, error);
}

static zarrc_status no_memory(zarrc_error *error) {
  return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for liblzma");
}

/* Calls liblzma with the buffers of a step. */
static lzma_ret run(xz_stream *s, zarrc_stream_step *step, lzma_action action) {
  s->z.next_in = step->in;
  s->z.avail_in = step->nin;
  s->z.next_out = step->out;
  s->z.avail_out = step->nout;
  lzma_ret result = lzma_code(&s->z, action);
  step->nin = s->z.avail_in;
  step->nout = s->z.avail_out;
  step->end = result == LZMA_STREAM_END;
  return result;
}

/* ------------------------------------------------------------------------------------------------------- decode */

static zarrc_status fail_limit(const xz_stream *s, uint64_t nbytes, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_LIMIT, "decoding takes %" PRIu64 " bytes of memory, more than %" PRIu64, nbytes,
                    s->most);
}

static zarrc_status fail_decoder(xz_stream *s, lzma_ret result, zarrc_error *error) {
  switch (result) {
  case LZMA_MEM_ERROR:
    return no_memory(error);
  case LZMA_MEMLIMIT_ERROR:
    return fail_limit(s, lzma_memusage(&s->z), error);
  case LZMA_FORMAT_ERROR:
    return zarrc_fail(error, ZARRC_CORRUPT, "no stream of this format begins here");
  case LZMA_OPTIONS_ERROR:
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "liblzma does not know the options of the stream");
  case LZMA_UNSUPPORTED_CHECK:
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "liblzma does not know the checksum of the stream");
  default:
    return zarrc_fail(error, ZARRC_CORRUPT, "bad compressed data");
  }
}

static zarrc_status begin_decoder(void *state, zarrc_error *error) {
  xz_stream *s = state;
  lzma_ret result = LZMA_PROG_ERROR;
  switch (s->config->format) {
  case ZARRC_LZMA_AUTO:
    result = lzma_auto_decoder(&s->z, s->most, LZMA_TELL_UNSUPPORTED_CHECK);
    break;
  case ZARRC_LZMA_XZ:
    result = lzma_stream_decoder(&s->z, s->most, LZMA_TELL_UNSUPPORTED_CHECK);
    break;
  case ZARRC_LZMA_ALONE:
    result = lzma_alone_decoder(&s->z, s->most);
    break;
  case ZARRC_LZMA_RAW: {
    uint64_t usage = lzma_raw_decoder_memusage(s->filters);
    if (usage != UINT64_MAX && usage > s->most) return fail_limit(s, usage, error);
    result = lzma_raw_decoder(&s->z, s->filters);
    break;
  }
  default:
    break;
  }
  if (result == LZMA_OPTIONS_ERROR)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "liblzma does not take configuration.filters");
  return result == LZMA_OK ? ZARRC_OK : no_memory(error);
}

/* liblzma reports that nothing was possible only the second time; both mean that the input has ended. */
static zarrc_status step_decoder(void *state, zarrc_stream_step *step, zarrc_error *error) {
  lzma_ret result = run(state, step, LZMA_RUN);
  if (result == LZMA_OK || result == LZMA_STREAM_END || result == LZMA_BUF_ERROR) return ZARRC_OK;
  return fail_decoder(state, result, error);
}

static zarrc_status xz_decode(const zarrc_codec *codec, const zarrc_bytes *in, size_t need, zarrc_buf *out,
                              zarrc_error *error) {
  xz_stream s;
  zarrc_stream stream = {&s, begin_decoder, step_decoder};
  zarrc_status status = stream_init(&s, codec, out->max, error);
  if (status) return status;
  s.most = memory_for(in->len, out->max);
  status = zarrc_stream_decode(zarrc_codec_ctx(codec), &stream, in, need, out, error);
  lzma_end(&s.z);
  return status;
}

/* ------------------------------------------------------------------------------------------------------- encode */

static lzma_ret begin_alone(xz_stream *s) {
  bool good = s->filters[0].id == ZARRC_LZMA_FILTER_LZMA1 && s->filters[1].id == LZMA_VLI_UNKNOWN;
  return good ? lzma_alone_encoder(&s->z, &s->options[0].lzma) : LZMA_OPTIONS_ERROR;
}

static zarrc_status begin_encoder(void *state, zarrc_error *error) {
  xz_stream *s = state;
  const zarrc_lzma_config *config = s->config;
  lzma_check check = config->check < 0 ? LZMA_CHECK_CRC64 : (lzma_check)config->check;
  lzma_ret result = config->format == ZARRC_LZMA_RAW     ? lzma_raw_encoder(&s->z, s->filters)
                    : config->format == ZARRC_LZMA_ALONE ? begin_alone(s)
                                                         : lzma_stream_encoder(&s->z, s->filters, check);
  if (result == LZMA_OK) return ZARRC_OK;
  if (result == LZMA_MEM_ERROR) return no_memory(error);
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "liblzma does not take the configuration: %s",
                    result == LZMA_UNSUPPORTED_CHECK ? "the check" : "the preset or the filters");
}

static zarrc_status step_encoder(void *state, zarrc_stream_step *step, zarrc_error *error) {
  lzma_ret result = run(state, step, step->last ? LZMA_FINISH : LZMA_RUN);
  if (result == LZMA_OK || result == LZMA_STREAM_END) return ZARRC_OK;
  if (result == LZMA_MEM_ERROR) return no_memory(error);
  return zarrc_fail(error, ZARRC_INTERNAL, "liblzma: error %d", (int)result);
}

static zarrc_status xz_encode(const zarrc_codec *codec, zarrc_parts *parts, zarrc_error *error) {
  xz_stream s;
  zarrc_stream stream = {&s, begin_encoder, step_encoder};
  size_t nbytes = parts->nbytes < UINT32_MAX ? (size_t)parts->nbytes : UINT32_MAX;
  zarrc_status status = zarrc_lzma_config_check(zarrc_codec_instance(codec), error);
  if (!status) status = stream_init(&s, codec, nbytes, error);
  if (status) return status;
  status = zarrc_stream_encode(zarrc_codec_ctx(codec), &stream, parts, error);
  lzma_end(&s.z);
  return status;
}

#else

const char *zarrc_lzma_version(void) {
  return NULL;
}

#define xz_encode NULL
#define xz_decode NULL

#endif

const zarrc_codec_class zarrc_numcodecs_lzma_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "numcodecs.lzma",
    .kind = ZARRC_BYTES_TO_BYTES,
    .instance_size = sizeof(zarrc_lzma_config),
#if !ZARRC_HAVE_LZMA
    .missing_library = "liblzma",
#endif
    .open = xz_open,
    .to_json = xz_to_json,
    .equal = xz_equal,
    .u.bb = {.encode = xz_encode, .decode = xz_decode},
};
