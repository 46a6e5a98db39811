/* SPDX-License-Identifier: MIT */
#include "support/guard.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void must(bool done, const char *what) {
  if (done) return;
  perror(what);
  abort();
}

static guard make(size_t nbytes, bool end) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), body = (nbytes + page - 1) / page * page;
  guard g = {.nbytes = nbytes, .map_nbytes = body + page};
  uint8_t *map = mmap(NULL, g.map_nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  must(map != MAP_FAILED, "guard: mmap");
  must(mprotect(end ? map + body : map, page, PROT_NONE) == 0, "guard: mprotect");
  g.map = map;
  g.ptr = end ? map + body - nbytes : map + page;
  memset(end ? map : map + page, 0xa5, body);
  return g;
}

guard guard_end(size_t nbytes) {
  return make(nbytes, true);
}

guard guard_end_of(const void *bytes, size_t nbytes) {
  guard g = make(nbytes, true);
  if (nbytes) memcpy(g.ptr, bytes, nbytes);
  return g;
}

guard guard_begin(size_t nbytes) {
  return make(nbytes, false);
}

void guard_read_only(const guard *memory) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  bool end = (uintptr_t)(memory->ptr + memory->nbytes) == (uintptr_t)memory->map + memory->map_nbytes - page;
  uint8_t *body = end ? memory->map : (uint8_t *)memory->map + page;
  if (memory->map_nbytes > page) must(mprotect(body, memory->map_nbytes - page, PROT_READ) == 0, "guard: mprotect");
}

void guard_free(guard *memory) {
  if (memory->map) munmap(memory->map, memory->map_nbytes);
  *memory = (guard){0};
}
