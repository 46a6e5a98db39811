/* SPDX-License-Identifier: MIT */
/* Types for memory of the caller's that is seen as integers and as floats. */
#ifndef ZARRC_CODEC_NUMBERS_H
#define ZARRC_CODEC_NUMBERS_H

#include <stdint.h>

#define ALIAS __attribute__((may_alias))
typedef int8_t ALIAS i8;
typedef int16_t ALIAS i16;
typedef int32_t ALIAS i32;
typedef int64_t ALIAS i64;
typedef uint8_t ALIAS u8;
typedef uint16_t ALIAS u16;
typedef uint32_t ALIAS u32;
typedef uint64_t ALIAS u64;
typedef float ALIAS f32;
typedef double ALIAS f64;
typedef uint8_t ALIAS truth; /* 0 or 1 */
typedef uint16_t ALIAS half; /* the bits of a float16 */

#endif
