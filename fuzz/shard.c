/* SPDX-License-Identifier: MIT */
/* One byte says which shard of those below, eight how it is read and written; the rest is the shard. */
#include <zarrc/pipeline.h>
#include <zarrc/store.h>

#include "fuzz.h"

#define BYTES(endian)    "{\"name\":\"bytes\",\"configuration\":{\"endian\":\"" endian "\"}}"
#define ZSTD             "{\"name\":\"zstd\",\"configuration\":{\"level\":1}}"
#define GZIP             "{\"name\":\"gzip\",\"configuration\":{\"level\":1}}"
#define BLOSC            "{\"name\":\"blosc\",\"configuration\":{\"cname\":\"lz4\",\"clevel\":1}}"
#define TRANSPOSE(order) "{\"name\":\"transpose\",\"configuration\":{\"order\":" order "}}"
#define SHARD(inner, codecs, index, location)                                                                          \
  "{\"name\":\"sharding_indexed\",\"configuration\":{\"chunk_shape\":" inner ",\"codecs\":[" codecs                    \
  "],\"index_codecs\":[" index "],\"index_location\":\"" location "\"}}"
#define PLAIN BYTES("little")
#define CRC   BYTES("little") ",\"crc32c\""

static const struct {
  zarrc_type type;
  int ndim;
  int64_t shape[3];
  const char *codecs;
} shards[] = {
    {ZARRC_UINT8, 2, {4, 4}, "[" SHARD("[2,2]", "\"bytes\"", CRC, "end") "]"},
    {ZARRC_UINT16, 2, {6, 4}, "[" SHARD("[3,2]", BYTES("big"), BYTES("big"), "start") "]"},
    {ZARRC_INT32, 2, {8, 8}, "[" SHARD("[4,4]", PLAIN "," ZSTD, PLAIN, "end") "]"},
    {ZARRC_UINT16,
     2,
     {8, 8},
     "[" SHARD("[4,4]", SHARD("[2,2]", PLAIN ",\"crc32c\"", PLAIN, "start"), PLAIN, "end") "]"},
    {ZARRC_UINT8, 2, {4, 6}, "[" TRANSPOSE("[1,0]") "," SHARD("[3,2]", "\"bytes\"," GZIP, PLAIN, "start") "]"},
    {ZARRC_STRING, 1, {6}, "[" SHARD("[2]", "\"vlen-utf8\"," ZSTD, PLAIN, "end") "]"},
    {ZARRC_INT16, 1, {12}, "[" SHARD("[4]", PLAIN, PLAIN, "end") "," ZSTD ",\"crc32c\"]"},
    {ZARRC_UINT8,
     3,
     {4, 2, 8},
     "[" SHARD("[4,2,4]",
               SHARD("[2,2,4]", SHARD("[1,1,2]", TRANSPOSE("[2,0,1]") ",\"bytes\"", PLAIN, "end"), PLAIN, "start"),
               TRANSPOSE("[3,1,0,2]") "," BYTES("big") ",\"crc32c\",\"crc32c\"", "end") "]"},
    {ZARRC_UINT8, 0, {0}, "[" SHARD("[]", "\"bytes\"", CRC, "end") "]"},
    {ZARRC_FLOAT64, 1, {40}, "[" SHARD("[1]", PLAIN, PLAIN, "start") "]"},
    {ZARRC_INT32, 1, {64}, "[" SHARD("[32]", PLAIN "," BLOSC, PLAIN, "end") "]"},
    {ZARRC_BYTES, 2, {4, 2}, "[" SHARD("[2,2]", SHARD("[1,2]", "\"vlen-bytes\"", CRC, "end"), CRC, "end") "]"},
};

typedef struct shard {
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_pipeline *p;
} shard;

/* Reads into a new view, and the same once more: what is kept of an index changes nothing. */
static zarrc_status read_shard(const shard *s, const zarrc_region *region, zarrc_view *out) {
  const zarrc_spec *spec = zarrc_pipeline_spec(s->p);
  const int64_t *shape = region ? region->count : spec->shape;
  zarrc_view again = fuzz_view_new(s->ctx, &spec->dtype, spec->ndim, shape);
  zarrc_key_blob blob;
  zarrc_error error = {0};
  *out = fuzz_view_new(s->ctx, &spec->dtype, spec->ndim, shape);
  must(!zarrc_key_blob_open(&blob, s->store, "c/0", NULL));
  zarrc_status status = zarrc_read(s->p, blob.blob, region, out, NULL, &error);
  fuzz_check_error(status, &error);
  must(zarrc_read(s->p, blob.blob, region, &again, NULL, NULL) == status);
  must(status || fuzz_views_equal(out, &again));
  zarrc_key_blob_close(&blob);
  fuzz_view_free(&again);
  return status;
}

static zarrc_status see_inner_chunk(void *arg, const zarrc_inner_chunk *chunk, zarrc_error *error) {
  (void)error;
  must(chunk->number == (*(uint64_t *)arg)++);
  return ZARRC_OK;
}

static void list_chunks(const shard *s) {
  uint64_t n = 0;
  zarrc_key_blob blob;
  zarrc_error error = {0};
  must(!zarrc_key_blob_open(&blob, s->store, "c/0", NULL));
  if (zarrc_shard_inner(zarrc_pipeline_codec(s->p, 0)) && zarrc_pipeline_ncodecs(s->p) == 1)
    fuzz_check_error(zarrc_shard_each(zarrc_pipeline_codec(s->p, 0), blob.blob, see_inner_chunk, &n, &error), &error);
  zarrc_key_blob_close(&blob);
}

/* Writes part of the shard; what was read of it as a whole, if it could be, must have changed so and no more. */
static void write_part(const shard *s, fuzz_input *in, zarrc_view *whole, bool readable) {
  const zarrc_spec *spec = zarrc_pipeline_spec(s->p);
  zarrc_region region = take_region(in, spec->ndim, spec->shape);
  zarrc_view part = fuzz_view_new(s->ctx, &spec->dtype, spec->ndim, region.count), got;
  zarrc_key_blob blob;
  zarrc_error error = {0};
  fuzz_view_fill(&part, take_byte(in));
  must(!zarrc_key_blob_open(&blob, s->store, "c/0", NULL));
  zarrc_status status = zarrc_write(s->p, blob.blob, &region, &(zarrc_values){.view = &part}, false, &error);
  fuzz_check_error(status, &error);
  zarrc_key_blob_close(&blob);
  must(!status || !readable);
  if (!status) {
    must(!read_shard(s, &region, &got) && fuzz_views_equal(&got, &part));
    fuzz_view_free(&got);
  }
  if (readable) {
    zarrc_view inside = zarrc_view_part(whole, &region);
    zarrc_copy(&inside, &part);
    must(!read_shard(s, NULL, &got) && fuzz_views_equal(&got, whole));
    fuzz_view_free(&got);
  }
  fuzz_view_free(&part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 20) return 0;
  fuzz_input in = {data + 20, size - 20}, choices = {data, 20};
  unsigned which = take_byte(&choices) % (sizeof shards / sizeof *shards), how = take_byte(&choices);
  shard s = {.ctx = fuzz_ctx()};
  zarrc_spec spec = {.dtype = zarrc_dtype_of(shards[which].type), .ndim = shards[which].ndim};
  for (int i = 0; i < spec.ndim; i++) spec.shape[i] = shards[which].shape[i];
  spec.options.trust_checksums = how & 1;
  spec.options.write_empty_chunks = how & 2;
  spec.options.subchunk_order = how >> 2 & 3;
  spec.options.coalesce_gap = how & 16 ? 1 : 0;
  spec.options.coalesce_max = how & 32 ? 16 : 0;
  const char *codecs = shards[which].codecs;
  zarrc_error error = {0};
  zarrc_status status = zarrc_pipeline_open(s.ctx, codecs, strlen(codecs), &spec, &s.p, &error);
  if (fuzz_left_out(status, &error)) {
    zarrc_ctx_close(s.ctx);
    return 0;
  }
  must(!status);
  must(!zarrc_memory_store_open(s.ctx, &s.store, NULL));
  must(!zarrc_store_set(s.store, "c/0", in.bytes, in.n, NULL));
  zarrc_view whole, part;
  bool readable = !read_shard(&s, NULL, &whole);
  list_chunks(&s);
  for (int i = 0; i < 2; i++) {
    zarrc_region region = take_region(&choices, spec.ndim, spec.shape);
    status = read_shard(&s, &region, &part);
    must(!readable || (!status && fuzz_is_part(s.ctx, &part, &whole, &region)));
    fuzz_view_free(&part);
  }
  write_part(&s, &choices, &whole, readable);
  write_part(&s, &choices, &whole, readable);
  fuzz_view_free(&whole);
  zarrc_store_close(s.store);
  zarrc_pipeline_close(s.p);
  zarrc_ctx_close(s.ctx);
  return 0;
}
