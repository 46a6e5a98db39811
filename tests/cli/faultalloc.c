/* SPDX-License-Identifier: MIT */
/*
 * A library to preload: the allocation number ZARRC_FAIL_AT that the program makes, counted from the start of main,
 * finds no memory. At the end the number of allocations is written to descriptor ZARRC_COUNT_TO, where that is set.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t n);
void *__libc_memalign(size_t alignment, size_t n);

static atomic_long calls;
static long fail_at;
static atomic_int counting;
static int (*real_main)(int, char **, char **);

static int fails(void) {
  if (!atomic_load(&counting) || atomic_fetch_add(&calls, 1) + 1 != fail_at) return 0;
  errno = ENOMEM;
  return 1;
}

void *malloc(size_t n) {
  return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size) {
  return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t n) {
  return fails() ? NULL : __libc_realloc(old, n);
}

void *aligned_alloc(size_t alignment, size_t n) {
  return fails() ? NULL : __libc_memalign(alignment, n);
}

int posix_memalign(void **out, size_t alignment, size_t n) {
  if (fails()) return ENOMEM;
  *out = __libc_memalign(alignment, n);
  return *out == NULL ? ENOMEM : 0;
}

static void tell(void) {
  const char *to = getenv("ZARRC_COUNT_TO");
  atomic_store(&counting, 0);
  if (to != NULL) dprintf(atoi(to), "%ld", atomic_load(&calls));
}

static int counted_main(int argc, char **argv, char **env) {
  const char *at = getenv("ZARRC_FAIL_AT");
  fail_at = at != NULL ? atol(at) : 0;
  atexit(tell);
  atomic_store(&counting, 1);
  return real_main(argc, argv, env);
}

int __libc_start_main(int (*entry)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*loader_fini)(void), void *stack_end) {
  int (*next)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
  void *found = dlsym(RTLD_NEXT, "__libc_start_main");
  memcpy(&next, &found, sizeof next);
  real_main = entry;
  return next(counted_main, argc, argv, init, fini, loader_fini, stack_end);
}
