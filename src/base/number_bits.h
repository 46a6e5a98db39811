/* SPDX-License-Identifier: MIT */
/* The bits of numbers of nbytes bytes at any address, in native byte order. */
#ifndef ZARRC_BASE_NUMBER_BITS_H
#define ZARRC_BASE_NUMBER_BITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* element NULL: 0 */
static inline uint64_t zarrc_load_bits(const uint8_t *element, size_t nbytes) {
  if (!element) return 0;
  uint16_t two;
  uint32_t four;
  uint64_t eight;
  switch (nbytes) {
  case 1:
    return element[0];
  case 2:
    memcpy(&two, element, 2);
    return two;
  case 4:
    memcpy(&four, element, 4);
    return four;
  default:
    memcpy(&eight, element, 8);
    return eight;
  }
}

static inline void zarrc_store_bits(uint8_t *element, size_t nbytes, uint64_t bits) {
  uint16_t two = (uint16_t)bits;
  uint32_t four = (uint32_t)bits;
  switch (nbytes) {
  case 1:
    element[0] = (uint8_t)bits;
    break;
  case 2:
    memcpy(element, &two, 2);
    break;
  case 4:
    memcpy(element, &four, 4);
    break;
  default:
    memcpy(element, &bits, 8);
    break;
  }
}

#endif
