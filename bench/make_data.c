/* SPDX-License-Identifier: MIT */
/*
 * make_data KIND FILE.npy N,N,N: data to measure with, the same in every run.
 *   micro    uint16, (z, y, x): as a microscope sees cells: an uneven background, spots, and noise that grows with
 * light climate  float32, (time, latitude, longitude): a field of temperatures, smooth in space and time, packed to 16
 * bits and unpacked again, as such data is
 */
#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NDIM = 3, NOCTAVES = 5 };

/* --------------------------------------------------------------------------------------------------- at random */

static uint64_t next(uint64_t *state) {
  uint64_t x = *state += 0x9e3779b97f4a7c15U;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
  x = (x ^ x >> 27) * 0x94d049bb133111ebU;
  return x ^ x >> 31;
}

static double uniform(uint64_t *state) {
  return (double)(next(state) >> 11) * 0x1p-53;
}

/* About normal, by the sum of four uniform numbers. */
static float normal(uint64_t *state) {
  uint64_t x = next(state);
  float sum = (float)((x & 0xffff) + (x >> 16 & 0xffff) + (x >> 32 & 0xffff) + (x >> 48));
  return (sum - 131070.0F) * 2.64299e-5F; /* mean 0, variance 1 */
}

static double exponential(uint64_t *state) {
  return -log(1 - uniform(state));
}

static void *room(size_t n, size_t size) {
  void *p = calloc(n, size);
  if (p == NULL) {
    fprintf(stderr, "make_data: no memory\n");
    exit(1);
  }
  return p;
}

/* ------------------------------------------------------------------------------------------------------- planes */

/* A plane of rows x columns values in between those of a coarse grid, one for every `step` elements. */
static void smooth(float *plane, int64_t rows, int64_t columns, const float *coarse, int64_t step) {
  int64_t width = columns / step + 2;
  for (int64_t r = 0; r < rows; r++) {
    const float *a = coarse + r / step * width, *b = a + width;
    float down = (float)(r % step) / (float)step;
    for (int64_t c = 0; c < columns; c++) {
      int64_t at = c / step;
      float right = (float)(c % step) / (float)step;
      float above = a[at] + (a[at + 1] - a[at]) * right, below = b[at] + (b[at + 1] - b[at]) * right;
      plane[r * columns + c] = above + (below - above) * down;
    }
  }
}

static size_t coarse_size(int64_t rows, int64_t columns, int64_t step) {
  return (size_t)((rows / step + 2) * (columns / step + 2));
}

/* -------------------------------------------------------------------------------------------------------- micro */

typedef struct spot {
  int64_t at[NDIM], reach;
  float height, wide[64]; /* wide[d]: the share at a distance of d elements along an axis */
} spot;

static spot *make_spots(const int64_t *shape, size_t n, uint64_t *state) {
  spot *spots = room(n, sizeof *spots);
  for (size_t i = 0; i < n; i++) {
    double sigma = 2 + 5 * uniform(state);
    for (int axis = 0; axis < NDIM; axis++) spots[i].at[axis] = (int64_t)(uniform(state) * (double)shape[axis]);
    spots[i].reach = (int64_t)(3 * sigma);
    spots[i].height = (float)(500 * (exponential(state) + exponential(state) / 2));
    for (int64_t d = 0; d <= spots[i].reach; d++) spots[i].wide[d] = (float)exp(-(double)(d * d) / (2 * sigma * sigma));
  }
  return spots;
}

static void add_spot(float *plane, const int64_t *shape, const spot *s, int64_t z) {
  int64_t dz = llabs(z - s->at[0]);
  if (dz > s->reach) return;
  for (int64_t y = s->at[1] - s->reach; y <= s->at[1] + s->reach; y++) {
    if (y < 0 || y >= shape[1]) continue;
    float height = s->height * s->wide[dz] * s->wide[llabs(y - s->at[1])];
    for (int64_t x = s->at[2] - s->reach; x <= s->at[2] + s->reach; x++)
      if (x >= 0 && x < shape[2]) plane[y * shape[2] + x] += height * s->wide[llabs(x - s->at[2])];
  }
}

static void micro(FILE *file, const int64_t *shape) {
  enum { STEP = 32 };
  size_t nplane = (size_t)(shape[1] * shape[2]), ncoarse = coarse_size(shape[1], shape[2], STEP);
  size_t nspots = nplane * (size_t)shape[0] / 21845;
  uint64_t state = 42;
  float *coarse = room(2 * ncoarse, sizeof *coarse), *between = room(ncoarse, sizeof *between);
  float *plane = room(nplane, sizeof *plane);
  uint16_t *out = room(nplane, sizeof *out);
  spot *spots = make_spots(shape, nspots, &state);
  for (size_t i = 0; i < ncoarse; i++) coarse[ncoarse + i] = (float)(25 * exponential(&state));
  for (int64_t z = 0; z < shape[0]; z++) {
    float deep = (float)(z % STEP) / (float)STEP;
    if (z % STEP == 0) { /* the next layer of the background */
      memcpy(coarse, coarse + ncoarse, ncoarse * sizeof *coarse);
      for (size_t i = 0; i < ncoarse; i++) coarse[ncoarse + i] = (float)(25 * exponential(&state));
    }
    for (size_t i = 0; i < ncoarse; i++) between[i] = coarse[i] + (coarse[ncoarse + i] - coarse[i]) * deep;
    smooth(plane, shape[1], shape[2], between, STEP);
    for (size_t i = 0; i < nspots; i++) add_spot(plane, shape, &spots[i], z);
    for (size_t i = 0; i < nplane; i++) {
      float value = 110 + plane[i] + normal(&state) * sqrtf(2 + 0.5F * plane[i]);
      out[i] = (uint16_t)(value < 0 ? 0 : value > 65535 ? 65535 : value);
    }
    fwrite(out, sizeof *out, nplane, file);
  }
  free(coarse);
  free(between);
  free(plane);
  free(out);
  free(spots);
}

/* ------------------------------------------------------------------------------------------------------ climate */

static void climate(FILE *file, const int64_t *shape) {
  static const int64_t step[NOCTAVES] = {180, 60, 24, 8, 4};
  static const float height[NOCTAVES] = {8, 4, 1.5F, 0.5F, 0.15F};
  const float grain = 120.0F / 65535;
  size_t nplane = (size_t)(shape[1] * shape[2]);
  uint64_t state = 43;
  float *field[NOCTAVES][2], *out = room(nplane, sizeof *out);
  for (int k = 0; k < NOCTAVES; k++)
    for (int side = 0; side < 2; side++) {
      size_t n = coarse_size(shape[1], shape[2], step[k]);
      float *coarse = room(n, sizeof *coarse);
      for (size_t i = 0; i < n; i++) coarse[i] = normal(&state);
      field[k][side] = room(nplane, sizeof **field[k]);
      smooth(field[k][side], shape[1], shape[2], coarse, step[k]);
      free(coarse);
    }
  for (int64_t t = 0; t < shape[0]; t++) {
    float turn = 3.0F * (float)t / (float)shape[0], a = cosf(turn), b = sinf(turn);
    for (int64_t y = 0; y < shape[1]; y++) {
      float latitude = (0.5F - (float)y / (float)shape[1]) * 3.14159265F;
      float base = 288 - 40 * powf(fabsf(sinf(latitude)), 1.5F), swing = 6 * cosf(latitude);
      for (int64_t x = 0; x < shape[2]; x++) {
        size_t i = (size_t)(y * shape[2] + x);
        float hour = 6.2831853F * ((float)x / (float)shape[2] - (float)t / 24);
        float value = base + swing * cosf(hour);
        for (int k = 0; k < NOCTAVES; k++) value += height[k] * (field[k][0][i] * a + field[k][1][i] * b);
        out[i] = rintf((value - 200) / grain) * grain + 200;
      }
    }
    fwrite(out, sizeof *out, nplane, file);
  }
  for (int k = 0; k < NOCTAVES; k++) {
    free(field[k][0]);
    free(field[k][1]);
  }
  free(out);
}

/* --------------------------------------------------------------------------------------------------------- file */

static void write_header(FILE *file, const char *type, const int64_t *shape) {
  char text[118];
  int n = snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (%lld, %lld, %lld), }", type,
                   (long long)shape[0], (long long)shape[1], (long long)shape[2]);
  memset(text + n, ' ', sizeof text - (size_t)n);
  text[sizeof text - 1] = '\n';
  fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, file);
  fwrite(text, 1, sizeof text, file);
}

int main(int argc, char **argv) {
  long long n[NDIM] = {0};
  bool is_micro = argc == 4 && strcmp(argv[1], "micro") == 0, is_climate = argc == 4 && strcmp(argv[1], "climate") == 0;
  if ((!is_micro && !is_climate) || sscanf(argv[3], "%lld,%lld,%lld", &n[0], &n[1], &n[2]) != NDIM || n[0] < 1 ||
      n[1] < 1 || n[2] < 1) {
    fprintf(stderr, "make_data micro|climate FILE.npy N,N,N\n");
    return 2;
  }
  const int64_t shape[NDIM] = {n[0], n[1], n[2]};
  FILE *file = fopen(argv[2], "wb");
  if (file == NULL) {
    perror(argv[2]);
    return 1;
  }
  write_header(file, is_micro ? "<u2" : "<f4", shape);
  if (is_micro)
    micro(file, shape);
  else
    climate(file, shape);
  bool good = !ferror(file);
  good &= fclose(file) == 0;
  if (!good) perror(argv[2]);
  return good ? 0 : 1;
}
