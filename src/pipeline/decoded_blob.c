/* SPDX-License-Identifier: MIT */
#include "pipeline/decoded_blob.h"

#include <string.h>
#include <zarrc/plugin/codec.h>

/* Chunks of at most so many bytes are decoded to scratch memory. */
#define SCRATCH_MAX ((uint64_t)64 << 20)

/* Returns how many bytes from the beginning are needed for all ranges; SIZE_MAX: all. */
static size_t bytes_needed(const zarrc_range *ranges, size_t n) {
  uint64_t need = 0;
  for (size_t i = 0; i < n; i++) {
    if (ranges[i].to_end || ranges[i].offset < 0) return SIZE_MAX;
    uint64_t end = (uint64_t)ranges[i].offset + ranges[i].nbytes;
    if (end < ranges[i].nbytes || end >= SIZE_MAX) return SIZE_MAX;
    if (end > need) need = end;
  }
  return (size_t)need;
}

static zarrc_status fetch(zarrc_decoded_blob *b, zarrc_bytes *encoded, zarrc_error *error) {
  zarrc_status status = zarrc_blob_read_all(b->encoded, b->max_encoded, encoded, error);
  if (status == ZARRC_LIMIT && b->encoded_exact)
    status = zarrc_fail(error, ZARRC_SIZE_MISMATCH, "more bytes than the %llu that are stored of a chunk",
                        (unsigned long long)b->max_encoded);
  if (status == ZARRC_LIMIT || status == ZARRC_SIZE_MISMATCH) zarrc_error_in_codec(error, zarrc_codec_name(b->codec));
  return status;
}

/* Returns whether the chunk may have so many bytes at this point of the chain. */
static bool size_fits(const zarrc_decoded_blob *b, uint64_t nbytes) {
  return b->exact ? nbytes == b->max : nbytes <= b->max;
}

static zarrc_status size_mismatch(const zarrc_decoded_blob *b, uint64_t nbytes, zarrc_error *error) {
  const char *format =
      b->exact ? "decodes to %llu bytes where the chunk has %llu" : "decodes to %llu bytes, not %llu or less";
  zarrc_fail(error, ZARRC_SIZE_MISMATCH, format, (unsigned long long)nbytes, (unsigned long long)b->max);
  zarrc_error_in_codec(error, zarrc_codec_name(b->codec));
  return ZARRC_SIZE_MISMATCH;
}

/* Decodes at least `need` bytes. Decodes everything unless the encoded bytes state that they decode to as many bytes as
 * the chunk has: a value that is too short or too long is not the chunk, and its first bytes may be wrong as well. */
static zarrc_status decode(zarrc_decoded_blob *b, size_t *need, zarrc_buf *out, zarrc_error *error) {
  const zarrc_codec_class *c = zarrc_codec_get_class(b->codec);
  zarrc_bytes encoded = {0};
  zarrc_status status = fetch(b, &encoded, error);
  if (status) return status;
  if (b->exact && !(c->u.bb.states_size && c->u.bb.states_size(b->codec, &encoded, b->max))) *need = SIZE_MAX;
  status = c->u.bb.decode(b->codec, &encoded, *need, out, error);
  zarrc_bytes_release(&encoded);
  if (status) zarrc_error_in_codec(error, zarrc_codec_name(b->codec));
  return status;
}

/* Verifies the encoded value and stores it: the decoded value is the beginning of it. */
static zarrc_status check_kept(zarrc_decoded_blob *b, zarrc_error *error) {
  size_t nbytes = 0;
  zarrc_bytes encoded = {0};
  zarrc_status status = fetch(b, &encoded, error);
  if (status) return status;
  status = zarrc_codec_get_class(b->codec)->u.bb.check(b->codec, &encoded, &nbytes, error);
  if (!status && !size_fits(b, nbytes)) status = size_mismatch(b, nbytes, error);
  if (status) {
    zarrc_bytes_release(&encoded);
    zarrc_error_in_codec(error, zarrc_codec_name(b->codec));
    return status;
  }
  b->whole = true;
  b->value = encoded;
  b->value.len = nbytes;
  return ZARRC_OK;
}

/* Decodes the whole value directly to the reader's memory, and stores nothing. */
static zarrc_status decode_into(zarrc_decoded_blob *b, zarrc_range *range, zarrc_error *error) {
  zarrc_buf out = zarrc_buf_over(range->into, (size_t)range->nbytes);
  size_t need = SIZE_MAX;
  zarrc_status status = decode(b, &need, &out, error);
  if (status) return status;
  range->got = (zarrc_bytes){out.ptr, out.len, NULL, NULL};
  range->total = out.len;
  return ZARRC_OK;
}

/* Makes `need` bytes from the beginning available: decodes a prefix if that suffices and is the first, else
 * everything. */
static zarrc_status decode_kept(zarrc_decoded_blob *b, size_t need, zarrc_error *error) {
  if (b->whole || (b->prefix.ptr && need <= b->prefix.len)) return ZARRC_OK;
  if (zarrc_codec_get_class(b->codec)->u.bb.check) return check_kept(b, error);
  zarrc_ctx *ctx = zarrc_codec_ctx(b->codec);
  zarrc_bytes scratch = {0};
  zarrc_buf out = zarrc_buf_new(ctx, b->max < SIZE_MAX ? (size_t)b->max : SIZE_MAX);
  zarrc_status status = ZARRC_OK;
  /* If the size is known use memory that can be reused; otherwise it grows with what is decoded. */
  if (b->exact && b->max <= SCRATCH_MAX) {
    status = zarrc_scratch_take(ctx, (size_t)b->max, &scratch, error);
    out = zarrc_buf_over((void *)scratch.ptr, (size_t)b->max);
  }
  if (need > b->max || b->prefix.ptr) need = SIZE_MAX;
  if (!status) status = decode(b, &need, &out, error);
  b->whole = need == SIZE_MAX || out.len < need;
  if (!status && b->whole && !size_fits(b, out.len)) status = size_mismatch(b, out.len, error);
  if (status) {
    b->whole = false;
    zarrc_buf_clear(&out);
    zarrc_bytes_release(&scratch);
    return status;
  }
  zarrc_bytes *kept = b->whole ? &b->value : &b->prefix;
  *kept = scratch.ptr ? scratch : zarrc_buf_take(&out);
  if (scratch.ptr) kept->len = out.len;
  return ZARRC_OK;
}

/* Serves a range from decoded bytes: all of them (whole), or a prefix. */
static zarrc_status serve(const zarrc_decoded_blob *b, const zarrc_bytes *value, bool whole, zarrc_range *r,
                          zarrc_error *error) {
  uint64_t start;
  size_t nbytes;
  zarrc_status status = zarrc_range_locate(r, value->len, &start, &nbytes, error);
  if (status == ZARRC_TRUNCATED) zarrc_error_in_codec(error, zarrc_codec_name(b->codec));
  if (status) return status;
  if (!whole) r->total = b->exact ? b->max : ZARRC_UNKNOWN;
  r->got = (zarrc_bytes){nbytes ? value->ptr + start : value->ptr, nbytes, NULL, NULL};
  if (r->into) {
    if (nbytes) memcpy(r->into, r->got.ptr, nbytes);
    r->got.ptr = r->into;
  }
  return ZARRC_OK;
}

/* Checks the total that a codec reports for ranges: it must be the size of the chunk. */
static zarrc_status check_size(const zarrc_decoded_blob *b, zarrc_range *ranges, size_t n, zarrc_error *error) {
  uint64_t total = n ? ranges[0].total : ZARRC_UNKNOWN;
  if (total == ZARRC_UNKNOWN || size_fits(b, total)) return ZARRC_OK;
  zarrc_ranges_release(ranges, n);
  return size_mismatch(b, total, error);
}

static zarrc_status decoded_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  zarrc_decoded_blob *b = (zarrc_decoded_blob *)blob;
  const zarrc_codec_class *c = zarrc_codec_get_class(b->codec);
  bool all = n == 1 && ranges->to_end && ranges->offset == 0;
  pthread_mutex_lock(&b->lock);
  bool kept = b->whole || b->prefix.ptr;
  pthread_mutex_unlock(&b->lock);
  if (!kept && all && ranges->into && ranges->nbytes <= b->max) return decode_into(b, ranges, error);
  if (!kept && !all && c->u.bb.read) {
    bool served = false;
    zarrc_status status = c->u.bb.read(b->codec, b->options, b->encoded, ranges, n, &served, error);
    if (!status && served) status = check_size(b, ranges, n, error);
    if (status && status != ZARRC_NOT_FOUND) zarrc_error_in_codec(error, c->name);
    /* Decode everything to find out whether the value is truncated or just decodes to fewer bytes than the chunk
     * has. */
    bool again = status == ZARRC_TRUNCATED && b->exact;
    if (!again && (status || served)) return status;
  }
  pthread_mutex_lock(&b->lock);
  zarrc_status status = decode_kept(b, bytes_needed(ranges, n), error);
  bool whole = b->whole;
  zarrc_bytes value = whole ? b->value : b->prefix;
  pthread_mutex_unlock(&b->lock);
  for (size_t i = 0; !status && i < n; i++) status = serve(b, &value, whole, &ranges[i], error);
  return status;
}

static const zarrc_blob_ops decoded_ops = {.struct_size = sizeof(zarrc_blob_ops), .read = decoded_read};

zarrc_blob *zarrc_decoded_blobs_stack(const zarrc_pipeline *pipeline, zarrc_blob *stored, zarrc_decoded_blob *blobs) {
  for (size_t i = pipeline->ncodecs; i-- > pipeline->serializer + 1;) {
    zarrc_decoded_blob *b = blobs++;
    *b = (zarrc_decoded_blob){.blob = {.ops = &decoded_ops},
                              .encoded = stored,
                              .codec = pipeline->codecs[i],
                              .options = &pipeline->specs[0].options,
                              .max = pipeline->max[i],
                              .exact = pipeline->exact[i],
                              .max_encoded = pipeline->max[i + 1],
                              .encoded_exact = pipeline->exact[i + 1],
                              .lock = PTHREAD_MUTEX_INITIALIZER};
    stored = &b->blob;
  }
  return stored;
}

void zarrc_decoded_blobs_clear(const zarrc_pipeline *pipeline, zarrc_decoded_blob *blobs) {
  for (size_t i = pipeline->serializer + 1; i < pipeline->ncodecs; i++, blobs++) {
    zarrc_bytes_release(&blobs->prefix);
    zarrc_bytes_release(&blobs->value);
    pthread_mutex_destroy(&blobs->lock);
  }
}
