/* SPDX-License-Identifier: MIT */
#ifndef ZARRC_BASE_SORT_H
#define ZARRC_BASE_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sorts the numbers 0 to n - 1 by cmp, into index, in n log n steps at worst, without memory and recursion. */
void zarrc_sort(uint32_t *index, uint32_t n, int (*cmp)(const void *of, uint32_t a, uint32_t b), const void *of);

/* Returns whether something in a sorted index equals `wanted`; cmp compares thing i with it. */
bool zarrc_sorted_has(const uint32_t *index, uint32_t n, int (*cmp)(const void *of, uint32_t i, const void *wanted),
                      const void *of, const void *wanted);

/* Sorts the numbers in index by key[index[i]], stably. spare has room for n numbers. Takes n steps for each byte in
 * which keys differ. */
void zarrc_sort_by_key(uint32_t *index, uint32_t n, const uint64_t *key, uint32_t *spare);

#endif
