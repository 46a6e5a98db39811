/* SPDX-License-Identifier: MIT */
#include "codec/zfp_elements.h"

#include <string.h>

zarrc_zfp_kind zarrc_zfp_kind_of(zarrc_type type, bool is_zfpy) {
  switch (type) {
  case ZARRC_INT32:
    return (zarrc_zfp_kind){ZARRC_ZFP_INT32, 0, false};
  case ZARRC_INT64:
    return (zarrc_zfp_kind){ZARRC_ZFP_INT64, 0, false};
  case ZARRC_FLOAT32:
    return (zarrc_zfp_kind){ZARRC_ZFP_FLOAT, 0, false};
  case ZARRC_FLOAT64:
    return (zarrc_zfp_kind){ZARRC_ZFP_DOUBLE, 0, false};
  default:
    break;
  }
  if (is_zfpy) return (zarrc_zfp_kind){ZARRC_ZFP_NONE, 0, false};
  switch (type) {
  case ZARRC_UINT32:
    return (zarrc_zfp_kind){ZARRC_ZFP_INT32, 0, true};
  case ZARRC_UINT64:
    return (zarrc_zfp_kind){ZARRC_ZFP_INT64, 0, true};
  case ZARRC_DATETIME64:
  case ZARRC_TIMEDELTA64:
    return (zarrc_zfp_kind){ZARRC_ZFP_INT64, 0, false};
  case ZARRC_INT2:
    return (zarrc_zfp_kind){ZARRC_ZFP_INT32, 2, false};
  case ZARRC_INT4:
    return (zarrc_zfp_kind){ZARRC_ZFP_INT32, 4, false};
  case ZARRC_INT8:
    return (zarrc_zfp_kind){ZARRC_ZFP_INT32, 8, false};
  case ZARRC_INT16:
    return (zarrc_zfp_kind){ZARRC_ZFP_INT32, 16, false};
  case ZARRC_UINT2:
    return (zarrc_zfp_kind){ZARRC_ZFP_INT32, 2, true};
  case ZARRC_UINT4:
    return (zarrc_zfp_kind){ZARRC_ZFP_INT32, 4, true};
  case ZARRC_UINT8:
    return (zarrc_zfp_kind){ZARRC_ZFP_INT32, 8, true};
  case ZARRC_UINT16:
    return (zarrc_zfp_kind){ZARRC_ZFP_INT32, 16, true};
  default:
    return (zarrc_zfp_kind){ZARRC_ZFP_NONE, 0, false};
  }
}

/* zfp extension, "Compression": the number in the upper bits of an int32, but not in the uppermost. */
static int32_t promote(const zarrc_zfp_kind *k, unsigned raw) {
  int32_t half = (int32_t)1 << (k->nbits - 1), number = (int32_t)(k->is_unsigned ? raw : raw ^ (unsigned)half) - half;
  return number * ((int32_t)1 << (31 - k->nbits));
}

static unsigned demote(const zarrc_zfp_kind *k, int32_t stored) {
  int32_t half = (int32_t)1 << (k->nbits - 1), number = stored >> (31 - k->nbits);
  if (number < -half) number = -half;
  if (number >= half) number = half - 1;
  return k->is_unsigned ? (unsigned)(number + half) : (unsigned)number & (2 * (unsigned)half - 1);
}

bool zarrc_zfp_elements_to(const zarrc_zfp_kind *k, const void *elements, void *out, size_t n) {
  const uint8_t *bytes = elements,
                *top = (const uint8_t *)elements + (ZARRC_NATIVE_IS_BIG ? 0 : zarrc_zfp_item_size(k->type) - 1);
  int32_t *numbers = out;
  if (!k->nbits) {
    memcpy(out, elements, n * zarrc_zfp_item_size(k->type));
    for (size_t i = 0; k->is_unsigned && i < n; i++)
      if (top[i * zarrc_zfp_item_size(k->type)] & 0x80) return false;
    return true;
  }
  for (size_t i = 0; i < n; i++) {
    uint16_t wide = bytes[i];
    if (k->nbits == 16) memcpy(&wide, bytes + 2 * i, 2);
    numbers[i] = promote(k, wide);
  }
  return true;
}

void zarrc_zfp_elements_from(const zarrc_zfp_kind *k, const void *in, void *elements, size_t n) {
  const int32_t *numbers = in;
  uint8_t *bytes = elements;
  size_t size = zarrc_zfp_item_size(k->type), top = ZARRC_NATIVE_IS_BIG ? 0 : size - 1;
  if (!k->nbits) {
    memcpy(elements, in, n * size);
    for (size_t i = 0; k->is_unsigned && i < n; i++)
      if (bytes[i * size + top] & 0x80) memset(bytes + i * size, 0, size);
    return;
  }
  for (size_t i = 0; i < n; i++) {
    uint16_t raw = (uint16_t)demote(k, numbers[i]);
    if (k->nbits == 16)
      memcpy(bytes + 2 * i, &raw, 2);
    else
      bytes[i] = (uint8_t)raw;
  }
}
