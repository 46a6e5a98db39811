/* SPDX-License-Identifier: MIT */
/*
 * Indices of shards that were read, kept in the context for later reads of the same version of the same value. Least
 * recently used ones go when the limit of the context's options is reached.
 */
#ifndef ZARRC_CODEC_SHARD_CACHE_H
#define ZARRC_CODEC_SHARD_CACHE_H

#include "codec/shard.h"

#include <zarrc/plugin/blob.h>

/* What index_name of a codec is to be: a number for how the index is encoded. */
zarrc_status zarrc_shard_cache_name(const zarrc_shard *shard, uint64_t *out, zarrc_error *error);

bool zarrc_shard_cache_is_on(const zarrc_ctx *ctx);
/* Lends a kept index; it is released as any other. */
bool zarrc_shard_cache_find(zarrc_ctx *ctx, const zarrc_shard *shard, const zarrc_identity *identity,
                            zarrc_shard_index *out);
/* Keeps a copy of an index, where there is room and memory for it. */
void zarrc_shard_cache_keep(zarrc_ctx *ctx, const zarrc_shard *shard, const zarrc_identity *identity,
                            const zarrc_shard_index *index);

#endif
