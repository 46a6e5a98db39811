/* SPDX-License-Identifier: MIT */
#include "base/order.h"

typedef int compare(const void *of, uint32_t a, uint32_t b);

/* Heap sort: index[at] sinks until the heap of n entries below it is in order again. */
static void sink(uint32_t *index, size_t at, size_t n, compare *cmp, const void *of) {
  uint32_t moving = index[at];
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= n) break;
    if (child + 1 < n && cmp(of, index[child], index[child + 1]) < 0) child++;
    if (cmp(of, moving, index[child]) >= 0) break;
    index[at] = index[child];
    at = child;
  }
  index[at] = moving;
}

void zarrc_order(uint32_t *index, uint32_t n, compare *cmp, const void *of) {
  for (uint32_t i = 0; i < n; i++) index[i] = i;
  for (size_t i = n / 2; i-- > 0;) sink(index, i, n, cmp, of);
  for (size_t end = n; end-- > 1;) {
    uint32_t largest = index[0];
    index[0] = index[end];
    index[end] = largest;
    sink(index, 0, end, cmp, of);
  }
}
