/* SPDX-License-Identifier: MIT */
#ifndef ZARRC_BASE_ORDER_H
#define ZARRC_BASE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills index with 0 ... n-1 in the order that cmp gives: no memory, no recursion, n log n steps at worst. */
void zarrc_order(uint32_t *index, uint32_t n, int (*cmp)(const void *of, uint32_t a, uint32_t b), const void *of);

/* Whether one of the things that index has in order is `wanted`: cmp tells how thing i stands to it. */
bool zarrc_order_has(const uint32_t *index, uint32_t n, int (*cmp)(const void *of, uint32_t i, const void *wanted),
                     const void *of, const void *wanted);

/* Sorts index, which has numbers below n in some order, by key[index[i]]; where keys are equal the order stays.
 * spare: memory for n numbers. n steps for each byte in which keys differ. */
void zarrc_order_by_key(uint32_t *index, uint32_t n, const uint64_t *key, uint32_t *spare);

#endif
