/* SPDX-License-Identifier: MIT */
/*
 * Tools: what the command zarrc does with whole arrays and hierarchies, for programs.
 *
 * Nothing here prints. What a tool finds it returns in structs and tells in statuses and messages; how that is shown,
 * and what a user might do about it, is the caller's business.
 */
#ifndef ZARRC_TOOLS_H
#define ZARRC_TOOLS_H

#include <zarrc/array.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------- chains of codecs as text */

/* Appends to `out` the JSON list of codecs that `text` says. Text is a list of names with arguments in brackets, as in
 * "bytes,blosc(zstd,5,bitshuffle),crc32c" or "zstd(level=3,checksum)"; or JSON, a list or one codec, which is taken as
 * it is. Where no codec from array to bytes stands in front of one from bytes to bytes the one that suits the data type
 * is put there: vlen-utf8, vlen-bytes, else bytes (little-endian). dtype may be NULL. Whether a codec takes its
 * arguments is found out when it is opened.
 * ZARRC_INVALID_ARGUMENT: text that is neither; ZARRC_UNSUPPORTED: a name that no codec of the context has. */
ZARRC_API zarrc_status zarrc_codecs_from_text(const char *text, const zarrc_dtype *dtype, zarrc_buf *out,
                                              zarrc_error *error);

/* Appends to `out` the short form of a JSON list of codecs, n bytes: what zarrc_codecs_from_text reads, for people.
 * ZARRC_INVALID_METADATA: it is not JSON. */
ZARRC_API zarrc_status zarrc_codecs_to_text(const char *json, size_t n, zarrc_buf *out, zarrc_error *error);

#ifdef __cplusplus
}
#endif
#endif
