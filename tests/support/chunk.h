/* SPDX-License-Identifier: MIT */
/* Chunks for tests of codecs and pipelines: a spec, a pipeline, numbers in memory. Everything here fails the test
 * rather than return an error. */
#ifndef ZARRC_TESTS_CHUNK_H
#define ZARRC_TESTS_CHUNK_H

#include <zarrc/zarrc.h>

/* A spec of a simple type; shape is ndim numbers. */
zarrc_spec chunk_spec(zarrc_type type, int ndim, const int64_t *shape);
zarrc_pipeline *chunk_pipeline(zarrc_ctx *ctx, const char *codecs, const zarrc_spec *spec);
/* A codec of a chain's only codec, evolved for the spec. */
zarrc_codec *chunk_codec(zarrc_ctx *ctx, const char *json, const zarrc_spec *spec);
/* malloc'ed packed elements: 1, 2, 3, ... in as many bytes as an element has, in the order of the spec's data type;
 * free it. */
void *chunk_numbers(const zarrc_spec *spec);
/* What a pipeline makes of a whole chunk; malloc'ed, exactly as long. NULL: nothing is stored. */
uint8_t *chunk_encode(zarrc_ctx *ctx, const zarrc_pipeline *p, const void *elements, size_t *nbytes);
/* Encodes a chunk with a chain, and decodes it again. Returns what fails, for tests in which memory does. bytes: NULL,
 * or the n bytes with which the encoded chunk must begin. */
zarrc_status chunk_there_and_back(zarrc_ctx *ctx, const char *codecs, const zarrc_spec *spec, const zarrc_view *from,
                                  const zarrc_view *to, const void *bytes, size_t n);
/* Appends JSON of a codec as a C string; free it. */
char *chunk_codec_json(zarrc_ctx *ctx, const zarrc_codec *codec);
zarrc_region chunk_region(int ndim, const int64_t *start, const int64_t *count, const int64_t *step);

#endif
