/* SPDX-License-Identifier: MIT */
/*
 * ideal OP STORE --shape Z,Y,X --chunk Z,Y,X [--inner Z,Y,X] --item BYTES --codec NAME [--level N] [--cname NAME]
 *       [--shuffle N] [--crc 1] [--swap 1] [--turn 1] [--v2 1] [--threads N] [--src F.npy]
 *
 * Reads or writes a whole array of three axes, whose edges are multiples of its chunks', as fast as a bare loop over
 * the files can: OP read_all is pread + decode + scatter into fresh huge pages, write is gather + encode + write;
 * threads draw the next file from a counter. With --inner the chunks are shards with an index and its checksum at the
 * end; inner chunks are read in the order in which they lie, in windows of 1 MiB, and written in C order. NAME is none,
 * blosc, zstd, gzip (by libdeflate), zlib (gzip by zlib) or stream (the format zlib by libdeflate); --v2: the keys are
 * those of format 2 with slashes. --src is what write writes and what the result of read_all must be. Prints one line
 * of JSON, in the manner of zarrc-bench.
 */
#include "ideal.h"
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW ((size_t)1 << 20)
enum { MAX_THREADS = 64, MAX_PATH = 4096 };

typedef struct job {
  const char *op, *store, *source_path;
  ideal_chain chain;
  int64_t shape[NDIM], chunk[NDIM], inner[NDIM]; /* inner is chunk where there are no shards */
  bool sharded, v2;
  int threads;
  int64_t grid[NDIM], inner_grid[NDIM], stride[NDIM];
  size_t nbytes, item_nbytes, nfiles, ninner; /* of the array, of an inner chunk; files, inner chunks in each */
  uint8_t *array;                             /* written to by reads, read from by writes */
  atomic_size_t next;
  atomic_ullong stored; /* bytes of the files */
} job;

/* What one thread works with. */
typedef struct lane {
  job *job;
  ideal_codec *codec;
  uint8_t *file, *chunk, *spare; /* bytes as they are stored; room for two decoded chunks */
  size_t room;                   /* at file */
  uint64_t *index;               /* offset and length of each inner chunk, then the checksum */
  size_t *order;                 /* inner chunks as they lie in the shard */
} lane;

static void give_up(const char *what, const char *path) {
  fprintf(stderr, "ideal: %s: %s%s%s\n", path, what, errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
  exit(1);
}

/* The coordinates of cell number `i` of a grid, in C order. */
static void unravel(size_t i, const int64_t *grid, int64_t *cell) {
  for (int axis = NDIM; axis-- > 0; i /= (size_t)grid[axis]) cell[axis] = (int64_t)(i % (size_t)grid[axis]);
}

static uint8_t *place(const job *j, const int64_t *file, const int64_t *inner) {
  uint8_t *p = j->array;
  for (int i = 0; i < NDIM; i++) p += (file[i] * j->chunk[i] + inner[i] * j->inner[i]) * j->stride[i];
  return p;
}

/* ------------------------------------------------------------------------------------------------------ reading */

static void put(lane *l, const uint8_t *bytes, size_t n, uint8_t *to, const char *path) {
  const uint8_t *chunk = ideal_decode(l->codec, bytes, n, l->chunk, l->job->item_nbytes);
  if (chunk == NULL) give_up("damaged", path);
  ideal_scatter(&l->job->chain, chunk, l->job->inner, to, l->job->stride, l->spare);
}

static int by_offset(const void *a, const void *b, void *index) {
  uint64_t x = ((const uint64_t *)index)[2 * *(const size_t *)a], y = ((const uint64_t *)index)[2 * *(const size_t *)b];
  return x < y ? -1 : x > y;
}

static void read_shard(lane *l, int fd, size_t total, const int64_t *file, const char *path) {
  const job *j = l->job;
  size_t index_size = 16 * j->ninner, begin = 0, end = 0;
  uint32_t sum;
  if (pread(fd, l->index, index_size + 4, (off_t)(total - index_size - 4)) != (ssize_t)index_size + 4)
    give_up("short", path);
  memcpy(&sum, (uint8_t *)l->index + index_size, sizeof sum);
  if (sum != ideal_crc32c((uint8_t *)l->index, index_size)) give_up("damaged index", path);
  for (size_t i = 0; i < j->ninner; i++) l->order[i] = i;
  qsort_r(l->order, j->ninner, sizeof *l->order, by_offset, l->index);
  for (size_t i = 0; i < j->ninner; i++) {
    size_t number = l->order[i], at = (size_t)l->index[2 * number], n = (size_t)l->index[2 * number + 1];
    int64_t inner[NDIM];
    if (at < begin || at + n > end) {
      ssize_t got = pread(fd, l->file, n > WINDOW ? n : WINDOW, (off_t)at);
      if (got < (ssize_t)n) give_up("short", path);
      begin = at;
      end = at + (size_t)got;
    }
    unravel(number, j->inner_grid, inner);
    put(l, l->file + (at - begin), n, place(j, file, inner), path);
  }
}

static void read_file(lane *l, const int64_t *file, const char *path) {
  static const int64_t first[NDIM];
  struct stat s;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &s) != 0) give_up("cannot be read", path);
  size_t n = (size_t)s.st_size;
  if (l->job->sharded) {
    read_shard(l, fd, n, file, path);
  } else {
    if (n > l->room || pread(fd, l->file, n, 0) != (ssize_t)n) give_up("cannot be read", path);
    put(l, l->file, n, place(l->job, file, first), path);
  }
  close(fd);
  atomic_fetch_add(&l->job->stored, n);
}

/* ------------------------------------------------------------------------------------------------------ writing */

static size_t encode(lane *l, const uint8_t *from, uint8_t *to, size_t room, const char *path) {
  const job *j = l->job;
  bool straight = j->chain.library == IDEAL_NONE; /* nothing between the array and what is stored */
  uint8_t *chunk = straight ? to : l->chunk;
  ideal_gather(&j->chain, chunk, j->inner, from, j->stride);
  size_t n = ideal_encode(l->codec, chunk, j->item_nbytes, to, room);
  if (n == 0) give_up("cannot be encoded", path);
  return n;
}

static void make_folders(char *path) {
  for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    mkdir(path, 0777);
    *slash = '/';
  }
}

static void write_file(lane *l, const int64_t *file, char *path) {
  const job *j = l->job;
  size_t n = 0;
  for (size_t i = 0; i < j->ninner; i++) {
    int64_t inner[NDIM];
    unravel(i, j->inner_grid, inner);
    l->index[2 * i] = n;
    l->index[2 * i + 1] = encode(l, place(j, file, inner), l->file + n, l->room - n, path);
    n += (size_t)l->index[2 * i + 1];
  }
  if (j->sharded) {
    uint32_t sum = ideal_crc32c((uint8_t *)l->index, 16 * j->ninner);
    memcpy(l->file + n, l->index, 16 * j->ninner);
    memcpy(l->file + n + 16 * j->ninner, &sum, sizeof sum);
    n += 16 * j->ninner + sizeof sum;
  }
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0 && errno == ENOENT) {
    make_folders(path);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  }
  if (fd < 0 || write(fd, l->file, n) != (ssize_t)n || close(fd) != 0) give_up("cannot be written", path);
  atomic_fetch_add(&l->job->stored, n);
}

/* ------------------------------------------------------------------------------------------------------ threads */

static void *work(void *arg) {
  job *j = arg;
  bool reads = strcmp(j->op, "read_all") == 0;
  size_t chunk_room = j->item_nbytes + j->item_nbytes / 8 + 65536; /* more than any of the libraries asks for */
  lane l = {.job = j, .codec = ideal_codec_open(&j->chain)};
  l.room = j->sharded && !reads ? j->ninner * (chunk_room + 16) + 4 : chunk_room > WINDOW ? chunk_room : WINDOW;
  l.file = bench_pages(l.room);
  l.chunk = bench_pages(2 * j->item_nbytes);
  l.spare = l.chunk + j->item_nbytes;
  l.index = malloc(16 * j->ninner + 8);
  l.order = malloc(sizeof *l.order * j->ninner);
  if (l.codec == NULL || l.file == NULL || l.chunk == NULL || l.index == NULL || l.order == NULL)
    give_up("no memory", j->store);
  for (size_t i; (i = atomic_fetch_add(&j->next, 1)) < j->nfiles;) {
    char path[MAX_PATH];
    int64_t file[NDIM];
    unravel(i, j->grid, file);
    snprintf(path, sizeof path, "%s%s/%lld/%lld/%lld", j->store, j->v2 ? "" : "/c", (long long)file[0],
             (long long)file[1], (long long)file[2]);
    if (reads)
      read_file(&l, file, path);
    else
      write_file(&l, file, path);
  }
  ideal_codec_close(l.codec);
  bench_pages_free(l.file, l.room);
  bench_pages_free(l.chunk, 2 * j->item_nbytes);
  free(l.index);
  free(l.order);
  return NULL;
}

static void run(job *j) {
  pthread_t thread[MAX_THREADS];
  int started = 0;
  while (started < j->threads - 1 && pthread_create(&thread[started], NULL, work, j) == 0) started++;
  work(j);
  for (int i = 0; i < started; i++) pthread_join(thread[i], NULL);
}

/* ------------------------------------------------------------------------------------------------------ options */

static void dims(const char *text, int64_t *out) {
  long long v[NDIM];
  if (sscanf(text, "%lld,%lld,%lld", &v[0], &v[1], &v[2]) != NDIM) give_up("no three numbers", text);
  for (int i = 0; i < NDIM; i++) out[i] = v[i];
}

static ideal_library library(const char *name) {
  static const char *const names[] = {"none", "blosc", "zstd", "gzip", "zlib", "stream"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0) return (ideal_library)i;
  give_up("no such codec", name);
  return IDEAL_NONE;
}

static void option(job *j, const char *name, const char *value) {
  if (strcmp(name, "--shape") == 0)
    dims(value, j->shape);
  else if (strcmp(name, "--chunk") == 0)
    dims(value, j->chunk);
  else if (strcmp(name, "--inner") == 0)
    dims(value, j->inner);
  else if (strcmp(name, "--item") == 0)
    j->chain.item_size = strtoul(value, NULL, 10);
  else if (strcmp(name, "--codec") == 0)
    j->chain.library = library(value);
  else if (strcmp(name, "--level") == 0)
    j->chain.level = atoi(value);
  else if (strcmp(name, "--cname") == 0)
    j->chain.cname = value;
  else if (strcmp(name, "--shuffle") == 0)
    j->chain.shuffle = atoi(value);
  else if (strcmp(name, "--crc") == 0)
    j->chain.crc = atoi(value) != 0;
  else if (strcmp(name, "--swap") == 0)
    j->chain.swap = atoi(value) != 0;
  else if (strcmp(name, "--turn") == 0)
    j->chain.turn = atoi(value) != 0;
  else if (strcmp(name, "--v2") == 0)
    j->v2 = atoi(value) != 0;
  else if (strcmp(name, "--threads") == 0)
    j->threads = atoi(value);
  else if (strcmp(name, "--src") == 0)
    j->source_path = value;
  else
    give_up("no such option", name);
}

static void lay_out(job *j) {
  j->sharded = j->inner[0] > 0;
  if (!j->sharded) memcpy(j->inner, j->chunk, sizeof j->inner);
  j->nfiles = j->ninner = 1;
  j->nbytes = j->item_nbytes = j->chain.item_size;
  for (int i = NDIM; i-- > 0;) {
    if (j->chunk[i] < 1 || j->inner[i] < 1 || j->shape[i] % j->chunk[i] != 0 || j->chunk[i] % j->inner[i] != 0)
      give_up("edges of chunks must divide the array's", j->store);
    j->stride[i] = (int64_t)j->nbytes;
    j->grid[i] = j->shape[i] / j->chunk[i];
    j->inner_grid[i] = j->chunk[i] / j->inner[i];
    j->nfiles *= (size_t)j->grid[i];
    j->ninner *= (size_t)j->inner_grid[i];
    j->nbytes *= (size_t)j->shape[i];
    j->item_nbytes *= (size_t)j->inner[i];
  }
  if (j->nbytes == 0) give_up("--shape and --item are needed", j->store);
  if (j->threads < 1 || j->threads > MAX_THREADS) give_up("that many threads cannot be", j->store);
}

static uint8_t *source_of(const job *j) {
  if (j->source_path == NULL) give_up("write needs --src", j->store);
  uint64_t nbytes = 0;
  uint8_t *source = bench_read_npy(j->source_path, &nbytes);
  if (source == NULL || nbytes != j->nbytes) give_up("no .npy file of the array", j->source_path);
  return source;
}

int main(int argc, char **argv) {
  job j = {.chain = {.cname = "zstd"}, .threads = 2};
  bench_result result = {0};
  uint8_t *source = NULL;
  if (argc < 3) give_up("ideal OP STORE --option value ...", "usage");
  j.op = argv[1];
  j.store = argv[2];
  for (int i = 3; i + 1 < argc; i += 2) option(&j, argv[i], argv[i + 1]);
  lay_out(&j);
  bool reads = strcmp(j.op, "read_all") == 0;
  if (!reads && strcmp(j.op, "write") != 0) give_up("no such operation", j.op);
  if (!reads) j.array = source = source_of(&j);
  bench_start(&result);
  if (reads && (j.array = bench_pages(j.nbytes)) == NULL) give_up("no memory", j.store);
  run(&j);
  bench_stop(&result);
  if (reads && j.source_path != NULL) source = source_of(&j);
  if (reads && source != NULL && memcmp(j.array, source, j.nbytes) != 0) give_up("differs from the source", j.store);
  for (size_t i = 0; reads && i < j.nbytes; i++) result.sum += j.array[i];
  printf("{\"op\": \"%s\", \"wall\": %.9f, \"cpu\": %.6f, \"hwm_kb\": %llu, \"drss_kb\": %llu, \"threads\": %d, "
         "\"bytes\": %zu, \"file_bytes\": %llu, \"sum\": %llu}\n",
         j.op, result.wall, result.cpu, (unsigned long long)result.peak_kb,
         (unsigned long long)(result.peak_kb - result.before_kb), j.threads, j.nbytes,
         (unsigned long long)atomic_load(&j.stored), (unsigned long long)result.sum);
  if (source != j.array) bench_pages_free(source, j.nbytes);
  bench_pages_free(j.array, j.nbytes);
  return 0;
}
