/* SPDX-License-Identifier: MIT */
/*
 * A cache of shard indices in the context, for later reads of the same version of a value. The least recently used ones
 * are dropped when index_cache_bytes is reached.
 */
#ifndef ZARRC_CODEC_SHARD_CACHE_H
#define ZARRC_CODEC_SHARD_CACHE_H

#include "codec/shard.h"

#include <zarrc/plugin/blob.h>

/* Computes index_name of a codec: a number for everything about the codec that affects the decoded index. */
zarrc_status zarrc_shard_cache_name(const zarrc_shard *shard, uint64_t *out, zarrc_error *error);

bool zarrc_shard_cache_is_on(const zarrc_ctx *ctx);
/* Gets a cached index, which is released like any other; returns false if there is none. */
bool zarrc_shard_cache_find(zarrc_ctx *ctx, const zarrc_shard *shard, const zarrc_identity *identity,
                            zarrc_shard_index *out);
/* Stores a copy of an index, if there is room and memory for it. */
void zarrc_shard_cache_keep(zarrc_ctx *ctx, const zarrc_shard *shard, const zarrc_identity *identity,
                            const zarrc_shard_index *index);

#endif
