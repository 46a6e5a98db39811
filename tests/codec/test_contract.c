/* SPDX-License-Identifier: MIT */
/* Every method of every codec against what zarr-python 3.4.2 does: the rows of tests/data/zarr_codecs.json. Each test
 * is about one method, and insists that all nine codecs were among its rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/contract.h"
#include "support/files.h"
#include "support/needs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

static zarrc_ctx *ctx;
static zarrc_json_doc *doc;

/* ------------------------------------------------------------------------------------------- what costs no data */

static void from_dict_row(const row *r) {
  size_t n;
  const char *name = zarrc_json_get_string(zarrc_json_get(row_get(r, "codec"), "name"), &n);
  assert_string_equal(zarrc_codec_name(r->codec), name);
  assert_ptr_equal(zarrc_codec_get_class(r->codec), zarrc_find_codec(ctx, name));
}

static void from_dict(void **state) {
  (void)state;
  rows_each(ctx, doc, from_dict_row);
}

/* A codec that is not evolved yet. */
static void to_dict_row(const row *r) {
  char *json = chunk_codec_json(ctx, r->codec);
  same_json(r, json, row_get(r, "to_dict"));
  free(json);
}

static void to_dict(void **state) {
  (void)state;
  rows_each(ctx, doc, to_dict_row);
}

static void evolve_row(const row *r) {
  char *json = chunk_codec_json(ctx, r->evolved);
  same_json(r, json, row_get(r, "evolved"));
  free(json);
}

static void evolve_from_array_spec(void **state) {
  (void)state;
  rows_each(ctx, doc, evolve_row);
}

static void is_fixed_size_row(const row *r) {
  bool fixed;
  assert_true(zarrc_json_get_bool(row_get(r, "is_fixed_size"), &fixed));
  assert_int_equal(zarrc_codec_is_fixed_size(r->codec), fixed);
  assert_int_equal(zarrc_codec_is_fixed_size(r->evolved), fixed);
}

static void is_fixed_size(void **state) {
  (void)state;
  rows_each(ctx, doc, is_fixed_size_row);
}

static void resolve_row(const row *r) {
  zarrc_spec out;
  int64_t shape[ZARRC_MAX_NDIM];
  assert_int_equal(zarrc_codec_resolve(r->evolved, &r->spec, &out, NULL), ZARRC_OK);
  assert_int_equal(shape_of(row_get(r, "resolved"), shape), out.ndim);
  for (int i = 0; i < out.ndim; i++) assert_int_equal(out.shape[i], shape[i]);
  assert_true(zarrc_dtype_equal(&out.dtype, &r->spec.dtype));
}

static void resolve_metadata(void **state) {
  (void)state;
  rows_each(ctx, doc, resolve_row);
}

static void encoded_size_row(const row *r) {
  const zarrc_json *sizes = row_get(r, "encoded_size");
  int64_t n[2] = {100, 0};
  if (zarrc_json_length(sizes)) shape_of(sizes, n);
  zarrc_size size = zarrc_codec_encoded_size(r->evolved, &r->spec, (uint64_t)n[0]);
  assert_int_equal(size.kind == ZARRC_SIZE_EXACT, zarrc_codec_is_fixed_size(r->evolved));
  if (zarrc_json_length(sizes)) assert_int_equal(size.nbytes, n[1]); /* else zarr-python does not tell */
}

static void compute_encoded_size(void **state) {
  (void)state;
  rows_each(ctx, doc, encoded_size_row);
}

/* Both sides of validate: rows_each(ctx, doc, ) insists on ZARRC_OK; here are the rows that zarr-python refused. */
static void validate_row(const row *r) {
  zarrc_grid grid = grid_of(&r->spec);
  assert_int_equal(zarrc_codec_validate(r->evolved, &r->spec, &grid, NULL), ZARRC_OK);
  assert_int_equal(zarrc_codec_validate(r->evolved, &r->spec, NULL, NULL), ZARRC_OK);
}

static void validate(void **state) {
  const zarrc_json *rows = zarrc_json_get(zarrc_json_root(doc), "rows");
  size_t refused = 0;
  (void)state;
  rows_each(ctx, doc, validate_row);
  for (size_t i = 0; i < zarrc_json_length(rows); i++) {
    row r = row_open(ctx, zarrc_json_at(rows, i));
    if (row_get(&r, "refused")) {
      if (r.status != ZARRC_INVALID_METADATA) fail_msg("%s: %s", r.text, zarrc_status_name(r.status));
      refused++;
    }
    row_close(&r);
  }
  assert_true(refused >= 5);
}

/* --------------------------------------------------------------------------------------------------- with data */

static bool is_exact(const row *r) {
  bool exact;
  assert_true(zarrc_json_get_bool(row_get(r, "exact"), &exact));
  return exact;
}

static void same_bytes(const row *r, zarrc_bytes got, const data *expected) {
  if (got.len != expected->n || (got.len && memcmp(got.ptr, expected->bytes, got.len) != 0))
    fail_msg("%s: other bytes", r->text);
}

/* Two jobs with a hole between them; the second has memory of its own to write to. */
static void run(const row *r, bool encoding, zarrc_codec_job job, zarrc_parts *parts) {
  zarrc_codec_job jobs[3] = {job, {0}, job};
  zarrc_view *to = encoding ? &jobs[2].encoded : &jobs[2].decoded;
  zarrc_spec spec = {.dtype = to->dtype, .ndim = to->ndim};
  data other = {0};
  zarrc_parts again;
  zarrc_error error = {0};
  if (to->data) other = room_for(ctx, &spec, to->shape, to);
  zarrc_parts_init(parts, ctx);
  zarrc_parts_init(&again, ctx);
  jobs[0].parts = parts;
  jobs[2].parts = &again;
  if (encoding ? zarrc_codec_encode(r->evolved, jobs, 3, &error) : zarrc_codec_decode(r->evolved, jobs, 3, &error))
    fail_msg("%s: %s", r->text, error.message);
  for (int i = 0; i < 3; i++) assert_int_equal(jobs[i].status, ZARRC_OK);
  assert_int_equal(again.nbytes, parts->nbytes);
  if (other.elements)
    same_elements(r, other.elements, encoding ? job.encoded.data : job.decoded.data, zarrc_view_nitems(to));
  zarrc_parts_clear(&again);
  data_free(&other);
}

/* zarr-python's encoded chunk, or the one of this library, decoded. */
static void decodes(const row *r, zarrc_bytes encoded) {
  data decoded = data_of(r, row_get(r, "decoded"));
  zarrc_codec_job job = {.spec = &r->spec, .bytes = encoded};
  zarrc_view view;
  zarrc_parts parts;
  zarrc_bytes joined;
  zarrc_spec behind;
  data room = room_for(ctx, &r->spec, r->spec.shape, &view);
  job.decoded = view;
  assert_int_equal(zarrc_codec_resolve(r->evolved, &r->spec, &behind, NULL), ZARRC_OK);
  if (zarrc_codec_get_kind(r->evolved) == ZARRC_ARRAY_TO_ARRAY)
    job.encoded = zarrc_view_c(&behind.dtype, behind.ndim, behind.shape, (void *)(uintptr_t)encoded.ptr);
  run(r, false, job, &parts);
  if (zarrc_codec_get_kind(r->evolved) == ZARRC_BYTES_TO_BYTES) {
    assert_int_equal(zarrc_parts_join(&parts, &joined, NULL), ZARRC_OK);
    same_bytes(r, joined, &decoded);
  } else {
    same_elements(r, room.elements, decoded.elements, zarrc_view_nitems(&view));
  }
  zarrc_parts_clear(&parts);
  data_free(&room);
  data_free(&decoded);
}

static void decode_row(const row *r) {
  data encoded = data_of(r, row_get(r, "encoded"));
  decodes(r, (zarrc_bytes){encoded.bytes, encoded.n, NULL, NULL});
  data_free(&encoded);
}

static void decode(void **state) {
  (void)state;
  rows_each(ctx, doc, decode_row);
}

static void encode_row(const row *r) {
  data decoded = data_of(r, row_get(r, "decoded")), encoded = data_of(r, row_get(r, "encoded")), room = {0};
  zarrc_codec_job job = {.spec = &r->spec, .bytes = {decoded.bytes, decoded.n, NULL, NULL}};
  zarrc_parts parts;
  zarrc_bytes joined = {0};
  zarrc_spec behind;
  job.decoded = zarrc_view_c(&r->spec.dtype, r->spec.ndim, r->spec.shape, decoded.elements);
  assert_int_equal(zarrc_codec_resolve(r->evolved, &r->spec, &behind, NULL), ZARRC_OK);
  if (zarrc_codec_get_kind(r->evolved) == ZARRC_ARRAY_TO_ARRAY)
    room = room_for(ctx, &behind, behind.shape, &job.encoded);
  run(r, true, job, &parts);
  if (room.elements)
    joined = (zarrc_bytes){room.elements, room.n, NULL, NULL};
  else
    assert_int_equal(zarrc_parts_join(&parts, &joined, NULL), ZARRC_OK);
  if (is_exact(r)) same_bytes(r, joined, &encoded);
  decodes(r, joined);
  uint64_t nbytes = (uint64_t)zarrc_spec_nitems(&r->spec) * r->spec.dtype.item_size;
  if (zarrc_codec_get_kind(r->evolved) == ZARRC_BYTES_TO_BYTES) nbytes = decoded.n;
  for (int i = 0; i < 2; i++) /* ours and theirs */
    assert_true((i ? encoded.n : joined.len) >= zarrc_codec_least_encoded_size(r->evolved, &r->spec, nbytes));
  zarrc_parts_clear(&parts);
  data_free(&room);
  data_free(&encoded);
  data_free(&decoded);
}

static void encode(void **state) {
  (void)state;
  rows_each(ctx, doc, encode_row);
}

/* -------------------------------------------------------------------------------------------------- parts of shards */

typedef struct part {
  zarrc_pipeline *p;
  zarrc_region region;
  zarrc_memory_blob blobs[2];
  zarrc_job jobs[3];
} part;

/* The shard twice, and a hole between. */
static part part_open(const row *r, const data *encoded, const zarrc_view *view) {
  const zarrc_json *json = row_get(r, "part");
  part t = {0};
  char *codecs = malloc(strlen(r->text) + 3);
  sprintf(codecs, "[%s]", r->text);
  t.p = chunk_pipeline(ctx, codecs, &r->spec);
  free(codecs);
  shape_of(zarrc_json_get(json, "start"), t.region.start);
  shape_of(zarrc_json_get(json, "count"), t.region.count);
  shape_of(zarrc_json_get(json, "step"), t.region.step);
  for (int i = 0; i < 2; i++) zarrc_memory_blob_init(&t.blobs[i], ctx, encoded->bytes, encoded->n);
  for (int i = 0; i < 3; i++) t.jobs[i] = (zarrc_job){.pipeline = t.p, .view = *view};
  return t;
}

static void part_ready(part *t) {
  for (int i = 0; i < 3; i++) {
    t->jobs[i].region = &t->region;
    t->jobs[i].blob = i == 1 ? NULL : &t->blobs[i / 2].blob;
  }
}

static void part_close(part *t) {
  for (int i = 0; i < 2; i++) zarrc_memory_blob_clear(&t->blobs[i]);
  zarrc_pipeline_close(t->p);
}

static size_t nparts;

static void decode_partial_row(const row *r) {
  const zarrc_json *json = row_get(r, "part");
  /* More codecs than zarr-python's can read a part of a chunk; none but shards can write one. */
  assert_int_equal(zarrc_codec_supports_partial_encode(r->codec), json != NULL);
  if (!json) return;
  assert_true(zarrc_codec_supports_partial_decode(r->codec));
  int64_t count[ZARRC_MAX_NDIM];
  data encoded = data_of(r, row_get(r, "encoded")), expected = data_of(r, zarrc_json_get(json, "read"));
  zarrc_view view;
  zarrc_error error = {0};
  shape_of(zarrc_json_get(json, "count"), count);
  data room[2] = {room_for(ctx, &r->spec, count, &view), room_for(ctx, &r->spec, count, &view)};
  part t = part_open(r, &encoded, &view);
  part_ready(&t);
  t.jobs[0].view.data = room[0].elements;
  t.jobs[0].view.arena = room[0].arena;
  if (zarrc_read_many(ctx, t.jobs, 3, &error)) fail_msg("%s: %s", r->text, error.message);
  for (int i = 0; i < 2; i++) same_elements(r, room[i].elements, expected.elements, zarrc_view_nitems(&view));
  nparts++;
  part_close(&t);
  data_free(&room[0]);
  data_free(&room[1]);
  data_free(&encoded);
  data_free(&expected);
}

static void decode_partial(void **state) {
  needs_codec("zstd");
  needs_codec("blosc");
  needs_codec("gzip");
  (void)state;
  nparts = 0;
  rows_each(ctx, doc, decode_partial_row);
  assert_true(nparts >= 6);
}

static void encode_partial_row(const row *r) {
  const zarrc_json *json = row_get(r, "part");
  if (!json) return;
  int64_t count[ZARRC_MAX_NDIM];
  data encoded = data_of(r, row_get(r, "encoded")), given = data_of(r, zarrc_json_get(json, "write"));
  data written = data_of(r, zarrc_json_get(json, "written"));
  zarrc_error error = {0};
  shape_of(zarrc_json_get(json, "count"), count);
  zarrc_view view = zarrc_view_c(&r->spec.dtype, r->spec.ndim, count, given.elements), ours, theirs;
  part t = part_open(r, &encoded, &view);
  part_ready(&t);
  if (zarrc_write_many(ctx, t.jobs, 3, &error)) fail_msg("%s: %s", r->text, error.message);
  data room[2] = {room_for(ctx, &r->spec, r->spec.shape, &ours), room_for(ctx, &r->spec, r->spec.shape, &theirs)};
  zarrc_memory_blob golden;
  zarrc_memory_blob_init(&golden, ctx, written.bytes, written.n);
  assert_int_equal(zarrc_read(t.p, &golden.blob, NULL, &theirs, NULL, NULL), ZARRC_OK);
  for (int i = 0; i < 2; i++) {
    if (is_exact(r)) same_bytes(r, t.blobs[i].value, &written);
    assert_int_equal(zarrc_read(t.p, &t.blobs[i].blob, NULL, &ours, NULL, NULL), ZARRC_OK);
    same_elements(r, room[0].elements, room[1].elements, zarrc_view_nitems(&ours));
  }
  nparts++;
  zarrc_memory_blob_clear(&golden);
  part_close(&t);
  data_free(&room[0]);
  data_free(&room[1]);
  data_free(&encoded);
  data_free(&given);
  data_free(&written);
}

static void encode_partial(void **state) {
  needs_codec("zstd");
  needs_codec("blosc");
  needs_codec("gzip");
  (void)state;
  nparts = 0;
  rows_each(ctx, doc, encode_partial_row);
  assert_true(nparts >= 6);
}

static void codec_pipeline_row(const row *r) {
  const zarrc_pipeline *inner = zarrc_shard_inner(r->evolved);
  assert_int_equal(inner != NULL, zarrc_json_string_is(row_get(r, "class"), "ShardingCodec"));
  if (!inner) return;
  const zarrc_json *configuration = zarrc_json_get(row_get(r, "evolved"), "configuration");
  zarrc_buf json = zarrc_buf_new(ctx, 1 << 20);
  int64_t shape[ZARRC_MAX_NDIM];
  assert_int_equal(zarrc_pipeline_to_json(inner, &json, NULL), ZARRC_OK);
  assert_int_equal(zarrc_buf_append(&json, "", 1, NULL), ZARRC_OK);
  same_json(r, (char *)json.ptr, zarrc_json_get(configuration, "codecs"));
  assert_int_equal(shape_of(zarrc_json_get(configuration, "chunk_shape"), shape), zarrc_pipeline_spec(inner)->ndim);
  for (int i = 0; i < zarrc_pipeline_spec(inner)->ndim; i++)
    assert_int_equal(zarrc_pipeline_spec(inner)->shape[i], shape[i]);
  zarrc_buf_clear(&json);
}

/* The property: the chain of the inner chunks, evolved for them. */
static void codec_pipeline(void **state) {
  (void)state;
  rows_each(ctx, doc, codec_pipeline_row);
}

/* ------------------------------------------------------------------------------------------------------- names */

static size_t names_in(const char *name) {
  return zarrc_json_length(zarrc_json_get(zarrc_json_get(zarrc_json_root(doc), "enums"), name));
}

static const char *name_at(const char *name, size_t i) {
  size_t n;
  return zarrc_json_get_string(zarrc_json_at(zarrc_json_get(zarrc_json_get(zarrc_json_root(doc), "enums"), name), i),
                               &n);
}

/* Each name that zarr-python has is one of ours, there are no more of them, and from_int gives the same. */
static void enums(void **state) {
  zarrc_blosc_cname cname;
  zarrc_blosc_shuffle shuffle;
  zarrc_endian endian;
  zarrc_index_location location;
  zarrc_subchunk_order order;
  size_t n;
  (void)state;
  for (size_t i = 0; i < names_in("BloscCname"); i++)
    assert_int_equal(zarrc_blosc_cname_from_name(name_at("BloscCname", i), &cname, NULL), ZARRC_OK);
  assert_null(zarrc_blosc_cname_name((zarrc_blosc_cname)names_in("BloscCname")));
  for (size_t i = 0; i < names_in("BloscShuffle"); i++)
    assert_int_equal(zarrc_blosc_shuffle_from_name(name_at("BloscShuffle", i), &shuffle, NULL), ZARRC_OK);
  assert_null(zarrc_blosc_shuffle_name((zarrc_blosc_shuffle)names_in("BloscShuffle")));
  const zarrc_json *numbers = zarrc_json_get(zarrc_json_root(doc), "from_int");
  assert_true(zarrc_json_length(numbers) > 3);
  for (size_t i = 0; i < zarrc_json_length(numbers); i++) {
    const zarrc_json *name = zarrc_json_at(zarrc_json_at(numbers, i), 1);
    zarrc_error error = {0};
    int64_t number;
    assert_true(zarrc_json_get_int64(zarrc_json_at(zarrc_json_at(numbers, i), 0), &number));
    zarrc_status status = zarrc_blosc_shuffle_from_int(number, &shuffle, &error);
    assert_int_equal(status, zarrc_json_is(name, ZARRC_JSON_NULL) ? ZARRC_INVALID_ARGUMENT : ZARRC_OK);
    assert_int_equal(error.code, status);
    if (status) continue;
    assert_string_equal(zarrc_blosc_shuffle_name(shuffle), zarrc_json_get_string(name, &n));
    assert_int_equal(shuffle, number);
  }
  for (size_t i = 0; i < names_in("Endian"); i++)
    assert_int_equal(zarrc_endian_from_name(name_at("Endian", i), &endian, NULL), ZARRC_OK);
  for (size_t i = 0; i < names_in("ShardingCodecIndexLocation"); i++)
    assert_int_equal(zarrc_index_location_from_name(name_at("ShardingCodecIndexLocation", i), &location, NULL),
                     ZARRC_OK);
  assert_null(zarrc_index_location_name((zarrc_index_location)names_in("ShardingCodecIndexLocation")));
  for (size_t i = 0; i < names_in("SubchunkWriteOrder"); i++)
    assert_int_equal(zarrc_subchunk_order_from_name(name_at("SubchunkWriteOrder", i), &order, NULL), ZARRC_OK);
  assert_null(zarrc_subchunk_order_name((zarrc_subchunk_order)names_in("SubchunkWriteOrder")));
  assert_null(zarrc_endian_name((zarrc_endian)names_in("Endian")));
}

/* Not among the nine: written as they were read. */
static void later_codecs(void **state) {
  static const char *const texts[] = {"{\"name\": \"cast_value\", \"configuration\": {\"data_type\": \"int8\"}}",
                                      "{\"name\": \"scale_offset\", \"configuration\": {\"offset\": 1, \"scale\": 2}}"};
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    zarrc_codec *codec = NULL;
    assert_int_equal(zarrc_codec_open(ctx, texts[i], strlen(texts[i]), &codec, NULL), ZARRC_OK);
    char *json = chunk_codec_json(ctx, codec);
    assert_string_equal(json, texts[i]);
    free(json);
    zarrc_codec_close(codec);
  }
}

static int set_up(void **state) {
  size_t n;
  char *text = (char *)data_read("zarr_codecs.json", &n);
  (void)state;
  bool failed = zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_json_parse(ctx, text, n, NULL, &doc, NULL);
  free(text);
  return failed;
}

static int tear_down(void **state) {
  (void)state;
  zarrc_json_close(doc);
  zarrc_ctx_close(ctx);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(from_dict),      cmocka_unit_test(to_dict),          cmocka_unit_test(evolve_from_array_spec),
      cmocka_unit_test(is_fixed_size),  cmocka_unit_test(resolve_metadata), cmocka_unit_test(compute_encoded_size),
      cmocka_unit_test(validate),       cmocka_unit_test(encode),           cmocka_unit_test(decode),
      cmocka_unit_test(decode_partial), cmocka_unit_test(encode_partial),   cmocka_unit_test(codec_pipeline),
      cmocka_unit_test(enums),          cmocka_unit_test(later_codecs),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
