/* SPDX-License-Identifier: MIT */
/* Bytes→bytes codecs under test, called as the pipeline calls them. */
#ifndef ZARRC_TESTS_BYTES_CODEC_H
#define ZARRC_TESTS_BYTES_CODEC_H

#include <zarrc/codecs.h>

zarrc_ctx *bb_ctx(void);
int bb_set_up(void **state); /* of a group of tests: their state is such a context */
int bb_tear_down(void **state);
zarrc_codec *bb_open(zarrc_ctx *ctx, const char *json); /* must open */

/* Data to compress, malloc'ed: all zero, slowly rising int32, or pseudo-random. */
typedef enum bb_kind { BB_ZEROS, BB_RAMP, BB_NOISE } bb_kind;
uint8_t *bb_data(bb_kind kind, size_t n);

/* Encodes, cut into so many pieces; the result, malloc'ed. Must succeed. */
uint8_t *bb_encode(const zarrc_codec *codec, const void *bytes, size_t n, size_t npieces, size_t *nout);
zarrc_status bb_encode_fails(const zarrc_codec *codec, const void *bytes, size_t n, zarrc_error *error);

/* What a decode gave: nbytes bytes at ptr (malloc'ed), or an error. */
typedef struct bb_result {
  zarrc_status status;
  zarrc_error error;
  uint8_t *ptr;
  size_t nbytes;
} bb_result;

/* Decodes input that ends at a guard page, into memory that ends at one and into a buffer that grows: both must come
 * out the same. A failure must have a message. */
bb_result bb_decode(const zarrc_codec *codec, const void *in, size_t n, size_t need, size_t max);
void bb_free(bb_result *result);

/* Decodes all; must give exactly these bytes, or fail with this status. */
void bb_decodes_to(const zarrc_codec *codec, const void *in, size_t n, const void *bytes, size_t nbytes);
void bb_decode_fails(const zarrc_codec *codec, const void *in, size_t n, size_t max, zarrc_status status);

/* Encodes and decodes data of a kind, in one piece and in several; the encoded size must be what the codec says. */
void bb_round_trip(const zarrc_codec *codec, bb_kind kind, size_t n);

/* Every cut must fail with one of two statuses. */
void bb_each_cut(const zarrc_codec *codec, const uint8_t *in, size_t n, size_t max, zarrc_status a, zarrc_status b);
/* Every flip of one bit, or of every so many: fails, or gives what it gave before; where nothing is checked (lax), it
 * may give other bytes, but not more than max. */
void bb_each_flip(const zarrc_codec *codec, const uint8_t *in, size_t n, size_t max, bool lax);

/* Opens the codec, encodes 100 bytes in five pieces and decodes them, while one allocation after another fails. */
void bb_out_of_memory(const char *json);

/* The golden cases "bytes" and this codec: decoded as they say, or refused; encoded to the same bytes where required.
 */
void bb_vectors(const char *name, size_t at_least);
/* JSON that must be taken, and what it comes out as (NULL: the same); and JSON that must be refused, with a message
 * that holds `word`. */
void bb_json_is(const char *json, const char *canonical);
void bb_json_refused(const char *json, const char *word);

#endif
