/* SPDX-License-Identifier: MIT */
/* The input is a list of stored values: a byte that names a key, two for the length, and the bytes. They are put over a
 * group of three arrays that are whole, which is verified; nothing may change. A value for the last of the names is a
 * digest to compare with. */
#include <zarrc/tools.h>

#include "fuzz.h"

#define ARRAY(shape, chunks, codecs)                                                                                   \
  "{\"zarr_format\":3,\"node_type\":\"array\",\"shape\":" shape                                                        \
  ",\"data_type\":\"uint16\",\"chunk_grid\":{\"name\":\"regular\",\"configuration\":{\"chunk_shape\":" chunks          \
  "}},\"chunk_key_encoding\":{\"name\":\"default\"},\"fill_value\":0,\"codecs\":" codecs "}"
#define LITTLE "{\"name\":\"bytes\",\"configuration\":{\"endian\":\"little\"}}"

static const char *const keys[] = {"zarr.json",  "a/zarr.json", "a/c/0",     "a/c/1", "s/zarr.json", "s/c/0",
                                   "s/c/1",      "s/c/9",       "b/.zarray", "b/0",   "b/1.0",       "b/.zattrs",
                                   ".zmetadata", "lost/c/0",    "x",         NULL};
enum { NKEYS = sizeof keys / sizeof *keys };

static void put(zarrc_store *store, const char *key, const void *bytes, size_t n) {
  must(!zarrc_store_set(store, key, bytes, n, NULL));
}

static void fill(zarrc_store *store) {
  static const char group[] = "{\"zarr_format\":3,\"node_type\":\"group\"}";
  static const char plain[] = ARRAY("[4]", "[2]", "[" LITTLE ",{\"name\":\"crc32c\"}]");
  static const char shards[] =
      ARRAY("[8]", "[4]",
            "[{\"name\":\"sharding_indexed\",\"configuration\":{\"chunk_shape\":[2],\"codecs\":[" LITTLE
            "],\"index_codecs\":[" LITTLE "]}}]");
  static const char old[] = "{\"zarr_format\":2,\"shape\":[4],\"chunks\":[2],\"dtype\":\"<u2\",\"order\":\"C\",\"fill_"
                            "value\":0,\"filters\":null,\"compressor\":null}";
  static const uint64_t shard[5] = {0x0004000300020001, 0, 4, 4, 4};
  put(store, "zarr.json", group, sizeof group - 1);
  put(store, "a/zarr.json", plain, sizeof plain - 1);
  put(store, "s/zarr.json", shards, sizeof shards - 1);
  put(store, "s/c/0", shard, sizeof shard);
  put(store, "b/.zarray", old, sizeof old - 1);
  put(store, "b/0", "abcd", 4);
}

static zarrc_status see(void *arg, const zarrc_finding *f, zarrc_error *error) {
  (void)error;
  must(f->key && f->what && *f->what && f->fix && *f->fix);
  must(f->severity == ZARRC_NOTE || f->status);
  must(!f->inner || f->chunk);
  ++*(uint64_t *)arg;
  return ZARRC_OK;
}

static zarrc_status add(void *arg, const char *text, size_t n, zarrc_error *error) {
  return zarrc_buf_append(arg, text, n, error);
}

/* Verifies, and returns the number of findings; UINT64_MAX: it failed. */
static uint64_t verify(zarrc_store *store, const void *digest, size_t n) {
  uint64_t seen = 0;
  zarrc_error error = {0};
  zarrc_verify_report report = {.struct_size = sizeof report};
  const zarrc_verify_options options = {.struct_size = sizeof options,
                                        .deep = true,
                                        .digest = digest,
                                        .ndigest = n,
                                        .finding = see,
                                        .finding_arg = &seen};
  zarrc_status status = zarrc_verify(store, "", &options, &report, &error);
  if (status != ZARRC_NO_MEMORY) fuzz_check_error(status, &error); /* a chunk may need more than there is */
  must(status || seen == report.nfaults + report.nnotes);
  return status ? UINT64_MAX : seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  zarrc_ctx *ctx = fuzz_ctx();
  zarrc_store *store;
  fuzz_input in = {data, size};
  const uint8_t *digest = NULL;
  size_t ndigest = 0;
  must(!zarrc_memory_store_open(ctx, &store, NULL));
  fill(store);
  while (in.n > 0) {
    const char *key = keys[take_byte(&in) % NKEYS];
    size_t n = take_byte(&in) | (size_t)take_byte(&in) << 8;
    if (n > in.n) n = in.n;
    if (key) {
      put(store, key, in.bytes, n);
    } else {
      digest = in.bytes;
      ndigest = n;
    }
    in.bytes += n;
    in.n -= n;
  }
  store->read_only = true;
  zarrc_buf before = zarrc_buf_new(ctx, 32 << 20), after = zarrc_buf_new(ctx, 32 << 20);
  zarrc_digest_report report = {.struct_size = sizeof report};
  zarrc_error error = {0};
  zarrc_status status = zarrc_digest(store, "", NULL, add, &before, &report, &error);
  fuzz_check_error(status, &error);
  uint64_t seen = verify(store, NULL, 0);
  if (digest) verify(store, digest, ndigest);
  if (!status) {
    must(verify(store, before.ptr, before.len) == seen); /* nothing differs from what is there */
    must(!zarrc_digest(store, "", NULL, add, &after, &report, NULL));
    must(after.len == before.len && !memcmp(after.ptr, before.ptr, after.len));
  }
  zarrc_buf_clear(&before);
  zarrc_buf_clear(&after);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return 0;
}
