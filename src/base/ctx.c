/* SPDX-License-Identifier: MIT */
#include "base/ctx.h"
#include "base/alloc.h"
#include "base/cpu.h"
#include "base/pool.h"
#include "base/sized.h"

#include <string.h>

#define MAX_THREADS         1024
#define DEFAULT_CHUNK_BYTES ((uint64_t)8 << 30)
#define DEFAULT_INDEX_CACHE ((uint64_t)16 << 20)
#define CTX_ALIGN           64

zarrc_status zarrc_ctx_open(const zarrc_ctx_options *given, zarrc_ctx **out, zarrc_error *error) {
  zarrc_ctx_options options = {0};
  zarrc_status status = given ? zarrc_sized_take(&options, sizeof options, given, "context options", error) : ZARRC_OK;
  if (!status) status = ZARRC_CHECK_ROOM(&options.alloc, "allocator", error);
  if (!status) status = ZARRC_CHECK_ROOM(&options.exec, "executor", error);
  if (status) return status;
  bool one_thread = options.threads == 1;
  options.struct_size = sizeof options;
  if (!options.alloc.resize) options.alloc = (zarrc_allocator){.resize = zarrc_default_resize};
  if (!options.threads) options.threads = zarrc_cpu_count();
  if (options.threads > MAX_THREADS) options.threads = MAX_THREADS;
  if (!options.max_chunk_bytes) options.max_chunk_bytes = DEFAULT_CHUNK_BYTES;
  if (!options.index_cache_bytes) options.index_cache_bytes = DEFAULT_INDEX_CACHE;

  size_t nslots = zarrc_reuse_nslots(options.threads);
  size_t nbytes = sizeof(zarrc_ctx) + nslots * sizeof(zarrc_reuse_slot);
  zarrc_ctx *ctx = NULL;
  if (!options.max_memory || nbytes <= options.max_memory)
    ctx = options.alloc.resize(options.alloc.ud, NULL, 0, nbytes, CTX_ALIGN);
  if (!ctx) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a context");
  memset(ctx, 0, nbytes);
  ctx->options = options;
  ctx->serial = one_thread || (options.threads == 1 && !options.exec.for_each);
  ctx->nbytes_self = nbytes;
  ctx->reclaim = zarrc_reuse_trim;
  zarrc_process_open(&ctx->process);
  for (int i = 0; i < ZARRC_NSLOTS; i++) atomic_init(&ctx->slots[i].object, NULL);
  atomic_init(&ctx->pool, NULL);
  atomic_init(&ctx->memory, nbytes);
  atomic_init(&ctx->memory_peak, nbytes);
  atomic_init(&ctx->memory_refusals, 0);
  atomic_init(&ctx->memory_wanted, 0);
  zarrc_reuse_init(&ctx->reuse, (zarrc_reuse_slot *)(ctx + 1), options.threads, options.max_memory);
  *out = ctx;
  return ZARRC_OK;
}

static void *resize_for(void *ud, void *p, size_t old_size, size_t size, size_t align) {
  return zarrc_mem_resize(ud, p, old_size, size, align);
}

zarrc_status zarrc_ctx_open_fewer(zarrc_ctx *ctx, unsigned threads, zarrc_ctx **out, zarrc_error *error) {
  zarrc_ctx_options options = ctx->options;
  options.alloc = (zarrc_allocator){.resize = resize_for, .ud = ctx};
  options.threads = threads;
  zarrc_status status = zarrc_ctx_open(&options, out, error);
  void *codecs = status ? NULL : zarrc_ctx_get_slot(ctx, ZARRC_SLOT_REGISTRY);
  if (codecs) zarrc_ctx_set_slot(*out, ZARRC_SLOT_REGISTRY, codecs, NULL);
  return status;
}

void zarrc_ctx_close(zarrc_ctx *ctx) {
  if (!ctx) return;
  zarrc_pool_close(ctx);
  for (int i = ZARRC_NSLOTS; i-- > 0;) {
    void *object = atomic_load(&ctx->slots[i].object);
    if (object && ctx->slots[i].destroy) ctx->slots[i].destroy(ctx, object);
  }
  zarrc_reuse_trim(ctx);
  zarrc_process_close(&ctx->process);
  zarrc_allocator alloc = ctx->options.alloc;
  alloc.resize(alloc.ud, ctx, ctx->nbytes_self, 0, CTX_ALIGN);
}
