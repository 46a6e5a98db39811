/* SPDX-License-Identifier: MIT */
#include "support/faulty_alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *what, size_t a, size_t b) {
  fprintf(stderr, "faulty_alloc: %s (%zu, %zu)\n", what, a, b);
  abort();
}

/* In front of the block, at the end of `align` bytes or more. */
typedef struct head {
  void *base;
  size_t size, align;
} head;

static void *block_new(size_t size, size_t align) {
  size_t room = (sizeof(head) + align - 1) / align * align;
  void *base = NULL;
  if (posix_memalign(&base, align, room + size) != 0) return NULL;
  uint8_t *p = (uint8_t *)base + room;
  memcpy(p - sizeof(head), &(head){base, size, align}, sizeof(head));
  memset(p, 0xa5, size);
  return p;
}

static bool fails(faulty_alloc *a) {
  size_t call = atomic_fetch_add(&a->calls, 1) + 1;
  if (a->fail_at == 0 || (a->forever ? call < a->fail_at : call != a->fail_at)) return false;
  atomic_fetch_add(&a->failed, 1);
  return true;
}

static void *faulty_resize(void *ud, void *p, size_t old_size, size_t size, size_t align) {
  faulty_alloc *a = ud;
  if (align < 16 || (align & (align - 1)) != 0) die("alignment", align, size);
  head h = {0};
  if (p) memcpy(&h, (uint8_t *)p - sizeof h, sizeof h);
  if (h.size != old_size) die("wrong old size", old_size, h.size);
  if (p && h.align != align) die("wrong alignment", align, h.align);
  if (!p && size == 0) die("nothing to free", 0, 0);
  if (size > 0 && fails(a)) return NULL;
  uint8_t *q = size > 0 ? block_new(size, align) : NULL;
  if (size > 0 && !q) return NULL;
  if (q) {
    memcpy(q, p ? p : q, old_size < size ? old_size : size);
    atomic_fetch_add(&a->blocks, 1);
    atomic_fetch_add(&a->nbytes, size);
  }
  if (p) {
    atomic_fetch_sub(&a->blocks, 1);
    atomic_fetch_sub(&a->nbytes, old_size);
    free(h.base);
  }
  return q;
}

zarrc_allocator faulty_alloc_use(faulty_alloc *alloc) {
  return (zarrc_allocator){.resize = faulty_resize, .ud = alloc};
}

size_t faulty_alloc_each(const zarrc_ctx_options *given,
                         zarrc_status (*body)(const zarrc_ctx_options *options, void *arg), void *arg) {
  size_t ncalls = 0;
  for (int forever = 0; forever < 2; forever++) {
    for (size_t at = 1;; at++) {
      faulty_alloc a = {.fail_at = at, .forever = forever != 0};
      zarrc_ctx_options options = given ? *given : (zarrc_ctx_options){0};
      options.alloc = faulty_alloc_use(&a);
      zarrc_status status = body(&options, arg);
      if (a.blocks != 0 || a.nbytes != 0) {
        fprintf(stderr, "allocation %zu of %zu failed (%s):\n", at, (size_t)a.calls, forever ? "for ever" : "once");
        die("blocks, bytes still held", a.blocks, a.nbytes);
      }
      if (a.failed == 0 ? status != ZARRC_OK : status != ZARRC_OK && status != ZARRC_NO_MEMORY) {
        fprintf(stderr, "allocation %zu of %zu failed (%s): %s\n", at, (size_t)a.calls, forever ? "for ever" : "once",
                zarrc_status_name(status));
        die("unexpected status", status, a.failed);
      }
      if (a.failed == 0) {
        ncalls = a.calls;
        break;
      }
    }
  }
  return ncalls;
}
