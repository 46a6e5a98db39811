/* SPDX-License-Identifier: MIT */
/* CRC-32C (Castagnoli): start with 0; the result of one run of bytes is the start of the next. */
#ifndef ZARRC_CODEC_CRC32C_H
#define ZARRC_CODEC_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The version of the ISA-L that zarrc was compiled with; NULL: none. */
const char *zarrc_isal_version(void);

/* With ISA-L, as fast as memory; otherwise the one below. */
uint32_t zarrc_crc32c(uint32_t crc, const void *bytes, size_t n);
/* With tables, eight bytes a step: slow, and the same on every machine. */
uint32_t zarrc_crc32c_portable(uint32_t crc, const void *bytes, size_t n);

#endif
