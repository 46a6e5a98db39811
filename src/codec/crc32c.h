/* SPDX-License-Identifier: MIT */
/* CRC-32C (Castagnoli). Start with 0; the result for some bytes is the start for those that follow. */
#ifndef ZARRC_CODEC_CRC32C_H
#define ZARRC_CODEC_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Returns the version of ISA-L that zarrc was compiled with; NULL: none. */
const char *zarrc_isal_version(void);

/* Uses ISA-L if it is built in, which is as fast as memory; otherwise zarrc_crc32c_portable. */
uint32_t zarrc_crc32c(uint32_t crc, const void *bytes, size_t n);
/* Uses tables, for eight bytes at a time. Slow, but available on every machine. */
uint32_t zarrc_crc32c_portable(uint32_t crc, const void *bytes, size_t n);

#endif
