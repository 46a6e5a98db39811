/* SPDX-License-Identifier: MIT */
/*
 * kernels [WORD]: what moves, sums and filters elements, against memcpy. Every case (with WORD in its name) copies or
 * scans some memory again and again, in turns with a memcpy of as many bytes. A line of JSON for each: the best speeds
 * in GB/s (bytes of the destination; of filters, of the decoded chunk) of processor time, and their ratio.
 */
#include "measure.h"

#include <zarrc/codec.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB ((int64_t)1 << 20)
enum { ROUNDS = 25 };

typedef enum what { COPY, FILL, FILL_ZERO, IS_FILL, CHECKSUM } what;

/* The destination is a box of `shape` in packed memory of `around`; the source is packed, its axes in `order` (from
 * outer to inner) and of the other byte order if swapped. */
typedef struct bench_case {
  const char *name;
  what what;
  zarrc_type type;
  int ndim;
  int64_t shape[4], around[4];
  int order[4];
  bool swapped;
} bench_case;

static const bench_case cases[] = {
    {"copy 128 MiB u2", COPY, ZARRC_UINT16, 1, {64 * MIB}, {64 * MIB}, {0}, false},
    {"copy 512 KiB u2", COPY, ZARRC_UINT16, 1, {MIB / 4}, {MIB / 4}, {0}, false},
    {"swap 128 MiB u2", COPY, ZARRC_UINT16, 1, {64 * MIB}, {64 * MIB}, {0}, true},
    {"swap 512 KiB u2", COPY, ZARRC_UINT16, 1, {MIB / 4}, {MIB / 4}, {0}, true},
    {"swap 512 KiB f4", COPY, ZARRC_FLOAT32, 1, {MIB / 8}, {MIB / 8}, {0}, true},
    {"swap 512 KiB f8", COPY, ZARRC_FLOAT64, 1, {MIB / 16}, {MIB / 16}, {0}, true},
    {"turn [2,1,0] u2 128 MiB", COPY, ZARRC_UINT16, 3, {256, 512, 512}, {256, 512, 512}, {2, 1, 0}, false},
    {"turn [2,1,0] u2 128 MiB swap", COPY, ZARRC_UINT16, 3, {256, 512, 512}, {256, 512, 512}, {2, 1, 0}, true},
    {"turn [2,1,0] u2 64^3", COPY, ZARRC_UINT16, 3, {64, 64, 64}, {64, 64, 64}, {2, 1, 0}, false},
    {"turn [2,1,0] u2 64^3 swap", COPY, ZARRC_UINT16, 3, {64, 64, 64}, {64, 64, 64}, {2, 1, 0}, true},
    {"turn [2,1,0] u2 64^3 into 256^3", COPY, ZARRC_UINT16, 3, {64, 64, 64}, {256, 256, 256}, {2, 1, 0}, false},
    {"turn [2,1,0] u2 50x61x43", COPY, ZARRC_UINT16, 3, {50, 61, 43}, {50, 61, 43}, {2, 1, 0}, false},
    {"turn [1,0] f4 8192^2", COPY, ZARRC_FLOAT32, 2, {8192, 8192}, {8192, 8192}, {1, 0}, false},
    {"turn [1,0] f4 5000x6000", COPY, ZARRC_FLOAT32, 2, {5000, 6000}, {5000, 6000}, {1, 0}, false},
    {"turn [1,0] f4 512^2", COPY, ZARRC_FLOAT32, 2, {512, 512}, {512, 512}, {1, 0}, false},
    {"turn [1,0] u1 8192^2", COPY, ZARRC_UINT8, 2, {8192, 8192}, {8192, 8192}, {1, 0}, false},
    {"turn [1,0] u1 1024^2", COPY, ZARRC_UINT8, 2, {1024, 1024}, {1024, 1024}, {1, 0}, false},
    {"turn [1,0] f8 512^2", COPY, ZARRC_FLOAT64, 2, {512, 512}, {512, 512}, {1, 0}, false},
    {"turn [1,0] c16 256^2", COPY, ZARRC_COMPLEX128, 2, {256, 256}, {256, 256}, {1, 0}, false},
    {"turn [1,0] u1 3 planes to pixels", COPY, ZARRC_UINT8, 2, {MIB, 3}, {MIB, 3}, {1, 0}, false},
    {"turn [1,0,2] u1 pixels of 3", COPY, ZARRC_UINT8, 3, {1024, 1024, 3}, {1024, 1024, 3}, {1, 0, 2}, false},
    {"put u2 64^3 into 256^3", COPY, ZARRC_UINT16, 3, {64, 64, 64}, {256, 256, 256}, {0, 1, 2}, false},
    {"put u2 64^3 into 512^3", COPY, ZARRC_UINT16, 3, {64, 64, 64}, {512, 512, 512}, {0, 1, 2}, false},
    {"put u2 64^3 into 512^3 swap", COPY, ZARRC_UINT16, 3, {64, 64, 64}, {512, 512, 512}, {0, 1, 2}, true},
    {"put u2 32^3 into 512^3", COPY, ZARRC_UINT16, 3, {32, 32, 32}, {512, 512, 512}, {0, 1, 2}, false},
    {"put u2 128^3 into 512^3", COPY, ZARRC_UINT16, 3, {128, 128, 128}, {512, 512, 512}, {0, 1, 2}, false},
    {"put u2 40^3 into 43^3", COPY, ZARRC_UINT16, 3, {40, 40, 40}, {43, 43, 43}, {0, 1, 2}, false},
    {"fill f4 1.5, 1 MiB", FILL, ZARRC_FLOAT32, 1, {MIB / 4}, {MIB / 4}, {0}, false},
    {"fill zeros, 1 MiB", FILL_ZERO, ZARRC_FLOAT32, 1, {MIB / 4}, {MIB / 4}, {0}, false},
    {"fill f4 1.5, 64^3 into 256^3", FILL, ZARRC_FLOAT32, 3, {64, 64, 64}, {256, 256, 256}, {0, 1, 2}, false},
    {"is fill f4 1.5, 1 MiB", IS_FILL, ZARRC_FLOAT32, 1, {MIB / 4}, {MIB / 4}, {0}, false},
    {"is fill f4 1.5, 64^3 in 256^3", IS_FILL, ZARRC_FLOAT32, 3, {64, 64, 64}, {256, 256, 256}, {0, 1, 2}, false},
    {"crc32c 64 KiB", CHECKSUM, ZARRC_UINT8, 1, {MIB / 16}, {MIB / 16}, {0}, false},
    {"crc32c 512 KiB", CHECKSUM, ZARRC_UINT8, 1, {MIB / 2}, {MIB / 2}, {0}, false},
    {"crc32c 128 MiB", CHECKSUM, ZARRC_UINT8, 1, {128 * MIB}, {128 * MIB}, {0}, false},
};

/* A filter of numcodecs, whose chunk fits into the second cache together with what it is encoded to. */
typedef struct filter_case {
  const char *name;
  zarrc_type type;
  const char *configuration;
} filter_case;

enum { FILTER_NBYTES = 128 << 10 };

#define FSO(dtype, astype, scale)                                                                                      \
  "fixedscaleoffset\", \"configuration\": {\"offset\": 10, \"scale\": " scale ", \"dtype\": \"" dtype                  \
  "\", \"astype\": \"" astype "\"}"
#define SHUFFLE(size) "shuffle\", \"configuration\": {\"elementsize\": " size "}"
#define DELTA(dtype)  "delta\", \"configuration\": {\"dtype\": \"" dtype "\"}"

static const filter_case filters[] = {
    {"delta u1", ZARRC_UINT8, DELTA("|u1")},
    {"delta i2", ZARRC_INT16, DELTA("<i2")},
    {"delta i4", ZARRC_INT32, DELTA("<i4")},
    {"delta i8", ZARRC_INT64, DELTA("<i8")},
    {"delta f4", ZARRC_FLOAT32, DELTA("<f4")},
    {"delta f8", ZARRC_FLOAT64, DELTA("<f8")},
    {"shuffle 2", ZARRC_INT16, SHUFFLE("2")},
    {"shuffle 4", ZARRC_INT32, SHUFFLE("4")},
    {"shuffle 8", ZARRC_INT64, SHUFFLE("8")},
    {"shuffle 16", ZARRC_COMPLEX128, SHUFFLE("16")},
    {"fixedscaleoffset f4 as i2", ZARRC_FLOAT32, FSO("<f4", "<i2", "100")},
    {"fixedscaleoffset f4 as u1", ZARRC_FLOAT32, FSO("<f4", "|u1", "100")},
    {"fixedscaleoffset f8 as i2", ZARRC_FLOAT64, FSO("<f8", "<i2", "100")},
    {"fixedscaleoffset f8 as i4", ZARRC_FLOAT64, FSO("<f8", "<i4", "100")},
    {"fixedscaleoffset i2 as i4", ZARRC_INT16, FSO("<i2", "<i4", "100")},
    {"fixedscaleoffset i4 as i2", ZARRC_INT32, FSO("<i4", "<i2", "0.01")},
    {"bitround f4", ZARRC_FLOAT32, "bitround\", \"configuration\": {\"keepbits\": 10}"},
    {"bitround f8", ZARRC_FLOAT64, "bitround\", \"configuration\": {\"keepbits\": 20}"},
};

/* What a case is done with: a context, and the checksum's codec. */
typedef struct tools {
  zarrc_ctx *ctx;
  zarrc_codec *crc32c;
} tools;

static uint8_t *memory(int64_t nbytes) {
  uint8_t *p = bench_pages((size_t)nbytes);
  if (p == NULL) {
    fprintf(stderr, "kernels: no memory\n");
    exit(1);
  }
  for (int64_t i = 0; i < nbytes; i++) p[i] = (uint8_t)(i * 7 >> 3);
  return p;
}

/* Sums the bytes of a view: encoding lends them and puts the sum behind. */
static bool checksum(const tools *t, const zarrc_view *view) {
  zarrc_parts parts;
  zarrc_codec_job job = {.spec = &(zarrc_spec){.dtype = view->dtype, .ndim = 1, .shape = {view->shape[0]}},
                         .bytes = {.ptr = view->data, .len = (size_t)view->shape[0]},
                         .parts = &parts};
  zarrc_parts_init(&parts, t->ctx);
  bool good = zarrc_codec_encode(t->crc32c, &job, 1, NULL) == ZARRC_OK && parts.nbytes == job.bytes.len + 4;
  zarrc_parts_clear(&parts);
  return good;
}

static bool once(const tools *t, const bench_case *c, const zarrc_view *dst, const zarrc_view *src) {
  const float value = 1.5F;
  switch (c->what) {
  case COPY:
    zarrc_copy(dst, src);
    return true;
  case FILL:
    zarrc_fill(dst, &value);
    return true;
  case FILL_ZERO:
    zarrc_fill(dst, NULL);
    return true;
  case IS_FILL:
    return zarrc_is_fill(dst, &value);
  case CHECKSUM:
    return checksum(t, src);
  }
  return false;
}

static bool measure(const tools *t, const bench_case *c) {
  const zarrc_dtype dtype = zarrc_dtype_of(c->type);
  int64_t nitems = 1, around = 1;
  for (int i = 0; i < c->ndim; i++) {
    nitems *= c->shape[i];
    around *= c->around[i];
  }
  const int64_t nbytes = nitems * dtype.item_size;
  uint8_t *from = memory(nbytes), *to = memory(around * dtype.item_size), *flat = memory(nbytes);
  zarrc_view dst = zarrc_view_c(&dtype, c->ndim, c->around, to), src = zarrc_view_c(&dtype, c->ndim, c->shape, from);
  for (int i = 0; i < c->ndim; i++) dst.shape[i] = c->shape[i];
  int64_t step = dtype.item_size;
  for (int i = c->ndim; i-- > 0;) {
    src.stride[c->order[i]] = step;
    step *= c->shape[c->order[i]];
  }
  if (c->swapped) src.dtype.endian = src.dtype.endian == ZARRC_LITTLE ? ZARRC_BIG : ZARRC_LITTLE;
  if (c->what == IS_FILL) zarrc_fill(&dst, &(float){1.5F});

  const int repeats = (int)(8 * MIB / nbytes) + 1;
  double ours = 0, theirs = 0;
  bool good = true;
  for (int round = -1; round < ROUNDS; round++) { /* the first one is not counted */
    double t0 = bench_cpu_seconds();
    for (int i = 0; i < repeats; i++) memcpy(flat, from, (size_t)nbytes);
    double t1 = bench_cpu_seconds();
    for (int i = 0; i < repeats; i++) good &= once(t, c, &dst, &src);
    double t2 = bench_cpu_seconds();
    if (round < 0) continue;
    const double all = (double)nbytes * repeats / 1e9;
    if (all / (t1 - t0) > theirs) theirs = all / (t1 - t0);
    if (all / (t2 - t1) > ours) ours = all / (t2 - t1);
  }
  if (good)
    printf("{\"kernel\": \"%s\", \"gbs\": %.2f, \"memcpy_gbs\": %.2f, \"ratio\": %.3f}\n", c->name, ours, theirs,
           ours / theirs);
  else
    fprintf(stderr, "kernels: %s: wrong answer\n", c->name);
  fflush(stdout);
  bench_pages_free(from, (size_t)nbytes);
  bench_pages_free(to, (size_t)(around * dtype.item_size));
  bench_pages_free(flat, (size_t)nbytes);
  return good;
}

/* Encodes or decodes a chunk again and again, in turns with a memcpy of its bytes. */
static bool measure_filter(const tools *t, const char *name, const zarrc_codec *codec, zarrc_codec_job *job,
                           bool decode, uint8_t *flat) {
  enum { REPEATS = 64 };
  double ours = 0, theirs = 0;
  for (int round = -1; round < ROUNDS; round++) {
    double t0 = bench_cpu_seconds();
    for (int i = 0; i < REPEATS; i++) memcpy(flat, job->decoded.data, FILTER_NBYTES);
    double t1 = bench_cpu_seconds();
    for (int i = 0; i < REPEATS; i++) {
      zarrc_parts parts;
      zarrc_parts_init(&parts, t->ctx);
      job->parts = &parts;
      zarrc_status status = decode ? zarrc_codec_decode(codec, job, 1, NULL) : zarrc_codec_encode(codec, job, 1, NULL);
      zarrc_parts_clear(&parts);
      if (status) return false;
    }
    double t2 = bench_cpu_seconds();
    if (round < 0) continue;
    const double all = (double)((size_t)FILTER_NBYTES * REPEATS) / 1e9;
    if (all / (t1 - t0) > theirs) theirs = all / (t1 - t0);
    if (all / (t2 - t1) > ours) ours = all / (t2 - t1);
  }
  printf("{\"kernel\": \"%s %s\", \"gbs\": %.2f, \"memcpy_gbs\": %.2f, \"ratio\": %.3f}\n", name,
         decode ? "decode" : "encode", ours, theirs, ours / theirs);
  fflush(stdout);
  return true;
}

static bool measure_filters(const tools *t, const filter_case *c) {
  const int64_t n = FILTER_NBYTES / zarrc_dtype_of(c->type).item_size;
  char json[256];
  zarrc_codec *given = NULL, *codec = NULL;
  zarrc_spec spec = {.dtype = zarrc_dtype_of(c->type), .ndim = 1, .shape = {n}}, encoded;
  uint8_t *from = memory(FILTER_NBYTES), *to = memory((int64_t)4 * FILTER_NBYTES), *flat = memory(FILTER_NBYTES);
  /* small numbers, as there are in a chunk that is filtered */
  for (int64_t i = 0; i < n && c->type == ZARRC_FLOAT32; i++) ((float *)(void *)from)[i] = (float)(i % 200) / 100 + 10;
  for (int64_t i = 0; i < n && c->type == ZARRC_FLOAT64; i++) ((double *)(void *)from)[i] = (double)(i % 200) / 100;
  snprintf(json, sizeof json, "{\"name\": \"numcodecs.%s}", c->configuration);
  bool good = zarrc_codec_open(t->ctx, json, strlen(json), &given, NULL) == ZARRC_OK &&
              zarrc_codec_evolve(given, &spec, &codec, NULL) == ZARRC_OK &&
              zarrc_codec_resolve(codec, &spec, &encoded, NULL) == ZARRC_OK;
  zarrc_codec_job job = {.spec = &spec, .bytes = {.ptr = from, .len = FILTER_NBYTES}};
  if (good) job.decoded = zarrc_view_c(&spec.dtype, 1, &n, from);
  if (good) job.encoded = zarrc_view_c(&encoded.dtype, 1, &n, to);
  good = good && measure_filter(t, c->name, codec, &job, false, flat) &&
         measure_filter(t, c->name, codec, &job, true, flat);
  if (!good) fprintf(stderr, "kernels: %s: failed\n", c->name);
  zarrc_codec_close(given);
  zarrc_codec_close(codec);
  bench_pages_free(from, FILTER_NBYTES);
  bench_pages_free(to, (size_t)4 * FILTER_NBYTES);
  bench_pages_free(flat, FILTER_NBYTES);
  return good;
}

int main(int argc, char **argv) {
  static const char json[] = "{\"name\": \"crc32c\"}";
  tools t = {0};
  zarrc_error error;
  bool good = true;
  zarrc_status status = zarrc_ctx_open(&(zarrc_ctx_options){.threads = 1}, &t.ctx, &error);
  if (status == ZARRC_OK) status = zarrc_codec_open(t.ctx, json, sizeof json - 1, &t.crc32c, &error);
  if (status != ZARRC_OK) {
    fprintf(stderr, "kernels: %s\n", error.message);
    return zarrc_status_exit_code(status);
  }
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    if (argc < 2 || strstr(cases[i].name, argv[1])) good &= measure(&t, &cases[i]);
  for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
    if (argc < 2 || strstr(filters[i].name, argv[1])) good &= measure_filters(&t, &filters[i]);
  zarrc_codec_close(t.crc32c);
  zarrc_ctx_close(t.ctx);
  return good ? 0 : 1;
}
