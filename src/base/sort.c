/* SPDX-License-Identifier: MIT */
#include "base/sort.h"

#include <string.h>

typedef int compare(const void *of, uint32_t a, uint32_t b);

/* Heap sort: moves index[at] down until the n entries are a heap again. */
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

void zarrc_sort(uint32_t *index, uint32_t n, compare *cmp, const void *of) {
  for (uint32_t i = 0; i < n; i++) index[i] = i;
  for (size_t i = n / 2; i-- > 0;) sink(index, i, n, cmp, of);
  for (size_t end = n; end-- > 1;) {
    uint32_t largest = index[0];
    index[0] = index[end];
    index[end] = largest;
    sink(index, 0, end, cmp, of);
  }
}

bool zarrc_sorted_has(const uint32_t *index, uint32_t n, int (*cmp)(const void *of, uint32_t i, const void *wanted),
                      const void *of, const void *wanted) {
  uint32_t low = 0, high = n;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    int order = cmp(of, index[middle], wanted);
    if (order == 0) return true;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return false;
}

/* Radix sort, from the lowest byte to the highest. */
void zarrc_sort_by_key(uint32_t *index, uint32_t n, const uint64_t *key, uint32_t *spare) {
  uint64_t differ = 0;
  for (uint32_t i = 1; i < n; i++) differ |= key[index[i]] ^ key[index[0]];
  for (int shift = 0; shift < 64; shift += 8) {
    uint32_t first[256] = {0}, at = 0;
    if ((differ >> shift & 255) == 0) continue;
    for (uint32_t i = 0; i < n; i++) first[key[index[i]] >> shift & 255]++;
    for (int digit = 0; digit < 256; digit++) {
      uint32_t count = first[digit];
      first[digit] = at;
      at += count;
    }
    for (uint32_t i = 0; i < n; i++) spare[first[key[index[i]] >> shift & 255]++] = index[i];
    memcpy(index, spare, n * sizeof *index);
  }
}
