/* SPDX-License-Identifier: MIT */
/* The settings of the nine codecs as structs, against what zarr-python 3.4.2 has as attributes, constructor arguments
 * and ==: tests/data/zarr_codecs.json. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/contract.h"
#include "support/files.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

static zarrc_ctx *ctx;
static zarrc_json_doc *doc;

static const zarrc_json *root_get(const char *name) {
  return zarrc_json_get(zarrc_json_root(doc), name);
}

static const char *text_of(const zarrc_json *value) {
  size_t n;
  const char *text = zarrc_json_get_string(value, &n);
  assert_non_null(text);
  return text;
}

static bool lists(const zarrc_json *list, const char *text) {
  for (size_t i = 0; i < zarrc_json_length(list); i++)
    if (zarrc_json_string_is(zarrc_json_at(list, i), text)) return true;
  return false;
}

/* ------------------------------------------------------------------- a codec from the attributes that Python has */

static zarrc_status open_typed(const zarrc_json *document, zarrc_codec **out, zarrc_error *error);

static void int_take(const zarrc_json *attributes, const char *name, int64_t *out) {
  const zarrc_json *value = zarrc_json_get(attributes, name);
  if (value) assert_true(zarrc_json_get_int64(value, out));
}

static zarrc_status open_blosc(const zarrc_json *a, zarrc_codec **out, zarrc_error *error) {
  zarrc_blosc_config config = ZARRC_BLOSC_CONFIG_INIT;
  const zarrc_json *cname = zarrc_json_get(a, "cname"), *shuffle = zarrc_json_get(a, "shuffle");
  zarrc_status status = ZARRC_OK;
  int_take(a, "typesize", &config.typesize);
  int_take(a, "clevel", &config.clevel);
  int_take(a, "blocksize", &config.blocksize);
  if (cname) status = zarrc_blosc_cname_from_name(text_of(cname), &config.cname, error);
  if (!status && shuffle) status = zarrc_blosc_shuffle_from_name(text_of(shuffle), &config.shuffle, error);
  config.tunable_typesize = lists(zarrc_json_get(a, "tunable"), "typesize");
  config.tunable_shuffle = lists(zarrc_json_get(a, "tunable"), "shuffle");
  return status ? status : zarrc_blosc_codec_open(ctx, &config, out, error);
}

static zarrc_status open_bytes(const zarrc_json *a, zarrc_codec **out, zarrc_error *error) {
  zarrc_bytes_config config = ZARRC_BYTES_CONFIG_INIT;
  const zarrc_json *endian = zarrc_json_get(a, "endian");
  zarrc_status status = ZARRC_OK;
  config.has_endian = !zarrc_json_is(endian, ZARRC_JSON_NULL);
  if (config.has_endian) status = zarrc_endian_from_name(text_of(endian), &config.endian, error);
  return status ? status : zarrc_bytes_codec_open(ctx, &config, out, error);
}

static zarrc_status open_gzip(const zarrc_json *a, zarrc_codec **out, zarrc_error *error) {
  zarrc_gzip_config config = ZARRC_GZIP_CONFIG_INIT;
  int_take(a, "level", &config.level);
  return zarrc_gzip_codec_open(ctx, &config, out, error);
}

static zarrc_status open_zstd(const zarrc_json *a, zarrc_codec **out, zarrc_error *error) {
  zarrc_zstd_config config = ZARRC_ZSTD_CONFIG_INIT;
  int_take(a, "level", &config.level);
  zarrc_json_get_bool(zarrc_json_get(a, "checksum"), &config.checksum);
  return zarrc_zstd_codec_open(ctx, &config, out, error);
}

static zarrc_status open_transpose(const zarrc_json *a, zarrc_codec **out, zarrc_error *error) {
  zarrc_transpose_config config = ZARRC_TRANSPOSE_CONFIG_INIT;
  int64_t order[ZARRC_MAX_NDIM];
  config.ndim = (int)shape_of(zarrc_json_get(a, "order"), order);
  for (int i = 0; i < config.ndim; i++) config.order[i] = (int)order[i];
  return zarrc_transpose_codec_open(ctx, &config, out, error);
}

/* The codecs of a list; there are none in *codecs if the list is not there. */
static size_t open_list(const zarrc_json *list, zarrc_codec **codecs) {
  for (size_t i = 0; i < zarrc_json_length(list); i++)
    assert_int_equal(open_typed(zarrc_json_at(list, i), &codecs[i], NULL), ZARRC_OK);
  return zarrc_json_length(list);
}

static zarrc_status open_sharding(const zarrc_json *a, zarrc_codec **out, zarrc_error *error) {
  zarrc_sharding_config config = ZARRC_SHARDING_CONFIG_INIT;
  zarrc_codec *codecs[2][ZARRC_MAX_CODECS];
  const zarrc_json *location = zarrc_json_get(a, "index_location");
  const zarrc_json *order = zarrc_json_get(a, "subchunk_write_order");
  config.ndim = (int)shape_of(zarrc_json_get(a, "chunk_shape"), config.chunk_shape);
  config.ncodecs = open_list(zarrc_json_get(a, "codecs"), codecs[0]);
  config.nindex_codecs = open_list(zarrc_json_get(a, "index_codecs"), codecs[1]);
  if (config.ncodecs) config.codecs = (const zarrc_codec *const *)codecs[0];
  if (config.nindex_codecs) config.index_codecs = (const zarrc_codec *const *)codecs[1];
  zarrc_status status = ZARRC_OK;
  if (location) status = zarrc_index_location_from_name(text_of(location), &config.index_location, error);
  if (!status && order) status = zarrc_subchunk_order_from_name(text_of(order), &config.subchunk_order, error);
  if (!status) status = zarrc_sharding_codec_open(ctx, &config, out, error);
  while (config.ncodecs) zarrc_codec_close(codecs[0][--config.ncodecs]);
  while (config.nindex_codecs) zarrc_codec_close(codecs[1][--config.nindex_codecs]);
  return status;
}

static zarrc_status open_typed(const zarrc_json *document, zarrc_codec **out, zarrc_error *error) {
  const zarrc_json *name = zarrc_json_get(document, "class"), *a = zarrc_json_get(document, "attributes");
  if (zarrc_json_string_is(name, "BloscCodec")) return open_blosc(a, out, error);
  if (zarrc_json_string_is(name, "BytesCodec")) return open_bytes(a, out, error);
  if (zarrc_json_string_is(name, "Crc32cCodec")) return zarrc_crc32c_codec_open(ctx, out, error);
  if (zarrc_json_string_is(name, "GzipCodec")) return open_gzip(a, out, error);
  if (zarrc_json_string_is(name, "ShardingCodec")) return open_sharding(a, out, error);
  if (zarrc_json_string_is(name, "TransposeCodec")) return open_transpose(a, out, error);
  if (zarrc_json_string_is(name, "VLenBytesCodec")) return zarrc_vlen_bytes_codec_open(ctx, out, error);
  if (zarrc_json_string_is(name, "VLenUTF8Codec")) return zarrc_vlen_utf8_codec_open(ctx, out, error);
  assert_true(zarrc_json_string_is(name, "ZstdCodec"));
  return open_zstd(a, out, error);
}

/* ----------------------------------------------------------------------------------- the attributes of a codec */

static void check_attributes(const zarrc_codec *codec, const zarrc_json *name, const zarrc_json *a);

static void check_int(const zarrc_json *attributes, const char *name, int64_t value) {
  int64_t expected;
  assert_true(zarrc_json_get_int64(zarrc_json_get(attributes, name), &expected));
  assert_int_equal(value, expected);
}

static void check_name(const zarrc_json *attributes, const char *name, const char *value) {
  assert_non_null(value);
  assert_string_equal(value, text_of(zarrc_json_get(attributes, name)));
}

static void check_blosc(const zarrc_codec *codec, const zarrc_json *a) {
  zarrc_blosc_config config = {.struct_size = sizeof config};
  assert_int_equal(zarrc_blosc_codec_get(codec, &config, NULL), ZARRC_OK);
  check_int(a, "typesize", config.typesize);
  check_name(a, "cname", zarrc_blosc_cname_name(config.cname));
  check_int(a, "clevel", config.clevel);
  check_name(a, "shuffle", zarrc_blosc_shuffle_name(config.shuffle));
  check_int(a, "blocksize", config.blocksize);
  assert_int_equal(config.tunable_typesize, lists(zarrc_json_get(a, "tunable"), "typesize"));
  assert_int_equal(config.tunable_shuffle, lists(zarrc_json_get(a, "tunable"), "shuffle"));
}

static void check_bytes(const zarrc_codec *codec, const zarrc_json *a) {
  zarrc_bytes_config config = {.struct_size = sizeof config};
  assert_int_equal(zarrc_bytes_codec_get(codec, &config, NULL), ZARRC_OK);
  assert_int_equal(config.has_endian, !zarrc_json_is(zarrc_json_get(a, "endian"), ZARRC_JSON_NULL));
  if (config.has_endian) check_name(a, "endian", zarrc_endian_name(config.endian));
}

static void check_gzip(const zarrc_codec *codec, const zarrc_json *a) {
  zarrc_gzip_config config = {.struct_size = sizeof config};
  assert_int_equal(zarrc_gzip_codec_get(codec, &config, NULL), ZARRC_OK);
  check_int(a, "level", config.level);
}

static void check_zstd(const zarrc_codec *codec, const zarrc_json *a) {
  zarrc_zstd_config config = {.struct_size = sizeof config};
  bool checksum;
  assert_int_equal(zarrc_zstd_codec_get(codec, &config, NULL), ZARRC_OK);
  check_int(a, "level", config.level);
  assert_true(zarrc_json_get_bool(zarrc_json_get(a, "checksum"), &checksum));
  assert_int_equal(config.checksum, checksum);
}

static void check_transpose(const zarrc_codec *codec, const zarrc_json *a) {
  zarrc_transpose_config config = {.struct_size = sizeof config};
  int64_t order[ZARRC_MAX_NDIM];
  assert_int_equal(zarrc_transpose_codec_get(codec, &config, NULL), ZARRC_OK);
  assert_int_equal(config.letter, 0);
  assert_int_equal(config.ndim, shape_of(zarrc_json_get(a, "order"), order));
  for (int i = 0; i < config.ndim; i++) assert_int_equal(config.order[i], order[i]);
}

static void check_list(const zarrc_codec *const *codecs, size_t n, const zarrc_json *list) {
  assert_int_equal(n, zarrc_json_length(list));
  for (size_t i = 0; i < n; i++) {
    const zarrc_json *document = zarrc_json_at(list, i);
    check_attributes(codecs[i], zarrc_json_get(document, "class"), zarrc_json_get(document, "attributes"));
  }
}

static void check_sharding(const zarrc_codec *codec, const zarrc_json *a) {
  zarrc_sharding_config config = {.struct_size = sizeof config};
  int64_t shape[ZARRC_MAX_NDIM];
  assert_int_equal(zarrc_sharding_codec_get(codec, &config, NULL), ZARRC_OK);
  assert_int_equal(config.ndim, shape_of(zarrc_json_get(a, "chunk_shape"), shape));
  for (int i = 0; i < config.ndim; i++) assert_int_equal(config.chunk_shape[i], shape[i]);
  check_list(config.codecs, config.ncodecs, zarrc_json_get(a, "codecs"));
  check_list(config.index_codecs, config.nindex_codecs, zarrc_json_get(a, "index_codecs"));
  check_name(a, "index_location", zarrc_index_location_name(config.index_location));
  check_name(a, "subchunk_write_order", zarrc_subchunk_order_name(config.subchunk_order));
}

static void check_attributes(const zarrc_codec *codec, const zarrc_json *name, const zarrc_json *a) {
  static const struct {
    const char *python, *name;
    void (*check)(const zarrc_codec *codec, const zarrc_json *attributes);
  } classes[] = {{"BloscCodec", "blosc", check_blosc},
                 {"BytesCodec", "bytes", check_bytes},
                 {"Crc32cCodec", "crc32c", NULL},
                 {"GzipCodec", "gzip", check_gzip},
                 {"ShardingCodec", "sharding_indexed", check_sharding},
                 {"TransposeCodec", "transpose", check_transpose},
                 {"VLenBytesCodec", "vlen-bytes", NULL},
                 {"VLenUTF8Codec", "vlen-utf8", NULL},
                 {"ZstdCodec", "zstd", check_zstd}};
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
    if (!zarrc_json_string_is(name, classes[i].python)) continue;
    assert_string_equal(zarrc_codec_name(codec), classes[i].name);
    if (classes[i].check) classes[i].check(codec, a);
    return;
  }
  fail();
}

/* ------------------------------------------------------------------------------------------------------- tests */

static void attributes_row(const row *r) {
  check_attributes(r->codec, row_get(r, "class"), row_get(r, "attributes"));
  check_attributes(r->evolved, row_get(r, "class"), row_get(r, "evolved_attributes"));
}

/* As they were opened from JSON, and evolved. */
static void attributes(void **state) {
  (void)state;
  rows_each(ctx, doc, attributes_row);
}

static void constructors_row(const row *r) {
  zarrc_codec *typed = NULL, *evolved = NULL;
  zarrc_error error = {0};
  if (open_typed(r->json, &typed, &error)) fail_msg("%s: %s", r->text, error.message);
  assert_true(zarrc_codec_equal(typed, r->codec) && zarrc_codec_equal(r->codec, typed));
  char *json = chunk_codec_json(ctx, typed);
  same_json(r, json, row_get(r, "to_dict"));
  free(json);
  assert_int_equal(zarrc_codec_evolve(typed, &r->spec, &evolved, NULL), ZARRC_OK);
  assert_true(zarrc_codec_equal(evolved, r->evolved));
  check_attributes(evolved, row_get(r, "class"), row_get(r, "evolved_attributes"));
  zarrc_codec_close(typed);
  json = chunk_codec_json(ctx, evolved); /* it borrows nothing from the one that it was made of */
  same_json(r, json, row_get(r, "evolved"));
  free(json);
  zarrc_codec_close(evolved);
}

/* A codec made from a struct is the one that its JSON makes, evolves like it, and prints it. */
static void constructors(void **state) {
  (void)state;
  rows_each(ctx, doc, constructors_row);
}

static zarrc_status open_default(const char *name, zarrc_codec **out) {
  const zarrc_sharding_config shard = {.ndim = 1, .chunk_shape = {2}, .index_location = ZARRC_INDEX_END};
  const zarrc_transpose_config order = {.ndim = 1};
  if (strcmp(name, "BloscCodec") == 0) return zarrc_blosc_codec_open(ctx, NULL, out, NULL);
  if (strcmp(name, "BytesCodec") == 0) return zarrc_bytes_codec_open(ctx, NULL, out, NULL);
  if (strcmp(name, "Crc32cCodec") == 0) return zarrc_crc32c_codec_open(ctx, out, NULL);
  if (strcmp(name, "GzipCodec") == 0) return zarrc_gzip_codec_open(ctx, NULL, out, NULL);
  if (strcmp(name, "ShardingCodec") == 0) return zarrc_sharding_codec_open(ctx, &shard, out, NULL);
  if (strcmp(name, "TransposeCodec") == 0) return zarrc_transpose_codec_open(ctx, &order, out, NULL);
  if (strcmp(name, "VLenBytesCodec") == 0) return zarrc_vlen_bytes_codec_open(ctx, out, NULL);
  if (strcmp(name, "VLenUTF8Codec") == 0) return zarrc_vlen_utf8_codec_open(ctx, out, NULL);
  return zarrc_zstd_codec_open(ctx, NULL, out, NULL);
}

static void defaults(void **state) {
  const zarrc_json *rows = root_get("defaults");
  (void)state;
  assert_int_equal(zarrc_json_length(rows), 9);
  for (size_t i = 0; i < 9; i++) {
    const zarrc_json *document = zarrc_json_at(rows, i), *name = zarrc_json_get(document, "class");
    const zarrc_json *a = zarrc_json_get(document, "attributes");
    zarrc_codec *codec;
    if (zarrc_json_string_is(name, "BytesCodec") && ZARRC_NATIVE_IS_BIG) continue; /* the machine's, in both */
    assert_int_equal(open_default(text_of(name), &codec), ZARRC_OK);
    check_attributes(codec, name, a);
    zarrc_codec_close(codec);
  }
  zarrc_codec *codec = NULL;
  assert_int_equal(zarrc_sharding_codec_open(ctx, NULL, &codec, NULL), ZARRC_INVALID_METADATA);
  assert_int_equal(zarrc_transpose_codec_open(ctx, NULL, &codec, NULL), ZARRC_INVALID_METADATA);
  assert_null(codec);
}

/* What raises in zarr-python. A name that no enum has stops where the name is looked up. */
static void refused(void **state) {
  const zarrc_json *rows = root_get("refused");
  (void)state;
  assert_true(zarrc_json_length(rows) >= 10);
  for (size_t i = 0; i < zarrc_json_length(rows); i++) {
    size_t n;
    zarrc_codec *codec = NULL;
    zarrc_error error = {0};
    zarrc_status status = open_typed(zarrc_json_at(rows, i), &codec, &error);
    if (status != ZARRC_INVALID_METADATA && status != ZARRC_INVALID_ARGUMENT)
      fail_msg("%s: %s", zarrc_json_text(zarrc_json_at(rows, i), &n), zarrc_status_name(status));
    assert_int_equal(error.code, status);
    assert_null(codec);
  }
}

/* The structs can say what JSON cannot. */
static void refused_values(void **state) {
  zarrc_codec *codec = NULL;
  zarrc_error error = {0};
  zarrc_blosc_config blosc = ZARRC_BLOSC_CONFIG_INIT;
  zarrc_bytes_config bytes = ZARRC_BYTES_CONFIG_INIT;
  zarrc_transpose_config transpose = ZARRC_TRANSPOSE_CONFIG_INIT;
  zarrc_sharding_config sharding = ZARRC_SHARDING_CONFIG_INIT;
  (void)state;
  blosc.typesize = 4; /* and tunable */
  assert_int_equal(zarrc_blosc_codec_open(ctx, &blosc, &codec, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(error.codec, "blosc");
  blosc.tunable_typesize = false;
  blosc.cname = (zarrc_blosc_cname)6;
  assert_int_equal(zarrc_blosc_codec_open(ctx, &blosc, &codec, &error), ZARRC_INVALID_METADATA);
  blosc.cname = ZARRC_BLOSC_LZ4;
  blosc.shuffle = ZARRC_BLOSC_SHUFFLE;
  assert_int_equal(zarrc_blosc_codec_open(ctx, &blosc, &codec, &error), ZARRC_INVALID_ARGUMENT);
  bytes.endian = (zarrc_endian)2;
  assert_int_equal(zarrc_bytes_codec_open(ctx, &bytes, &codec, &error), ZARRC_INVALID_METADATA);
  transpose.ndim = 2;
  assert_int_equal(zarrc_transpose_codec_open(ctx, &transpose, &codec, &error), ZARRC_INVALID_METADATA);
  transpose.ndim = ZARRC_MAX_NDIM + 1;
  assert_int_equal(zarrc_transpose_codec_open(ctx, &transpose, &codec, &error), ZARRC_LIMIT);
  transpose.ndim = -1;
  assert_int_equal(zarrc_transpose_codec_open(ctx, &transpose, &codec, &error), ZARRC_INVALID_METADATA);
  sharding.ndim = ZARRC_MAX_NDIM + 1;
  assert_int_equal(zarrc_sharding_codec_open(ctx, &sharding, &codec, &error), ZARRC_LIMIT);
  sharding.ndim = 1;
  sharding.chunk_shape[0] = 2;
  sharding.codecs = (const zarrc_codec *const *)&codec;
  assert_int_equal(zarrc_sharding_codec_open(ctx, &sharding, &codec, &error), ZARRC_INVALID_METADATA);
  sharding.codecs = NULL;
  sharding.subchunk_order = (zarrc_subchunk_order)4;
  assert_int_equal(zarrc_sharding_codec_open(ctx, &sharding, &codec, &error), ZARRC_INVALID_ARGUMENT);
  sharding.subchunk_order = ZARRC_MORTON;
  sharding.index_location = (zarrc_index_location)2;
  assert_int_equal(zarrc_sharding_codec_open(ctx, &sharding, &codec, &error), ZARRC_INVALID_METADATA);
  assert_null(codec);
}

/* Shards in one another, from the innermost out: as many as JSON may have, and no more. */
static void nested_shards(void **state) {
  zarrc_sharding_config config = ZARRC_SHARDING_CONFIG_INIT;
  zarrc_codec *codec = NULL, *outer = NULL;
  zarrc_error error = {0};
  (void)state;
  for (int i = 0; i < ZARRC_MAX_NESTING; i++) {
    assert_int_equal(zarrc_sharding_codec_open(ctx, &config, &outer, &error), ZARRC_OK);
    zarrc_codec_close(codec);
    codec = outer;
    config.codecs = (const zarrc_codec *const *)&codec;
    config.ncodecs = 1;
  }
  outer = NULL;
  assert_int_equal(zarrc_sharding_codec_open(ctx, &config, &outer, &error), ZARRC_LIMIT);
  assert_null(outer);
  zarrc_codec_close(codec);
}

static void equality(void **state) {
  const zarrc_json *groups = root_get("equal");
  (void)state;
  for (size_t g = 0; g < zarrc_json_length(groups); g++) {
    const zarrc_json *codecs = zarrc_json_get(zarrc_json_at(groups, g), "codecs");
    const zarrc_json *matrix = zarrc_json_get(zarrc_json_at(groups, g), "equal");
    size_t n = zarrc_json_length(codecs);
    zarrc_codec *opened[16];
    assert_true(n > 4 && n <= 16);
    for (size_t i = 0; i < n; i++) assert_int_equal(open_typed(zarrc_json_at(codecs, i), &opened[i], NULL), ZARRC_OK);
    for (size_t i = 0; i < n * n; i++) {
      bool expected;
      assert_true(zarrc_json_get_bool(zarrc_json_at(zarrc_json_at(matrix, i / n), i % n), &expected));
      if (zarrc_codec_equal(opened[i / n], opened[i % n]) != expected)
        fail_msg("group %zu: codecs %zu and %zu", g, i / n, i % n);
    }
    for (size_t i = 0; i < n; i++) zarrc_codec_close(opened[i]);
  }
}

static zarrc_status plug_in_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)codec, (void)configuration, (void)n, (void)error;
  return ZARRC_OK;
}

/* Codecs of somebody else's are equal if they were opened with the same text, or have no settings. */
static void equality_of_plug_ins(void **state) {
  static const char *const texts[] = {"{\"name\": \"mine\", \"configuration\": {\"x\": 1}}",
                                      "{\"name\": \"mine\", \"configuration\": {\"x\": 2}}", "\"mine\""};
  zarrc_codec_class mine = *zarrc_find_codec(ctx, "crc32c");
  (void)state;
  mine.name = "mine";
  mine.open = plug_in_open;
  mine.copy = NULL;
  for (int size = 0; size < 2; size++) {
    zarrc_ctx *own;
    zarrc_codec *a, *b;
    mine.instance_size = (size_t)size;
    assert_int_equal(zarrc_ctx_open(NULL, &own, NULL), ZARRC_OK);
    assert_int_equal(zarrc_register_codec(own, &mine, NULL), ZARRC_OK);
    for (int i = 0; i < 9; i++) {
      assert_int_equal(zarrc_codec_open(own, texts[i / 3], strlen(texts[i / 3]), &a, NULL), ZARRC_OK);
      assert_int_equal(zarrc_codec_open(own, texts[i % 3], strlen(texts[i % 3]), &b, NULL), ZARRC_OK);
      assert_int_equal(zarrc_codec_equal(a, b), size == 0 || i / 3 == i % 3);
      zarrc_codec_close(a);
      zarrc_codec_close(b);
    }
    zarrc_ctx_close(own);
  }
}

/* Pipelines from open codecs are those from JSON. */
static void pipelines(void **state) {
  static const char json[] =
      "[{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}, \"bytes\", \"crc32c\"]";
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 2, (int64_t[]){2, 3});
  zarrc_transpose_config order = ZARRC_TRANSPOSE_CONFIG_INIT;
  zarrc_codec *codecs[3];
  zarrc_pipeline *made, *parsed = chunk_pipeline(ctx, json, &spec);
  zarrc_error error = {0};
  zarrc_ctx *other;
  (void)state;
  order.ndim = 2;
  order.order[0] = 1;
  assert_int_equal(zarrc_transpose_codec_open(ctx, &order, &codecs[0], NULL), ZARRC_OK);
  assert_int_equal(zarrc_bytes_codec_open(ctx, NULL, &codecs[1], NULL), ZARRC_OK);
  assert_int_equal(zarrc_crc32c_codec_open(ctx, &codecs[2], NULL), ZARRC_OK);
  const zarrc_codec *const *list = (const zarrc_codec *const *)codecs;
  assert_int_equal(zarrc_pipeline_open_codecs(ctx, list, 3, &spec, &made, &error), ZARRC_OK);
  assert_true(zarrc_pipeline_equal(made, parsed));
  zarrc_pipeline_close(made);
  assert_int_equal(zarrc_pipeline_open_codecs(ctx, list, 2, &spec, &made, &error), ZARRC_OK);
  assert_false(zarrc_pipeline_equal(made, parsed));
  zarrc_pipeline_close(made);
  assert_int_equal(zarrc_pipeline_open_codecs(ctx, list + 2, 1, &spec, &made, &error), ZARRC_INVALID_METADATA);
  assert_int_equal(zarrc_pipeline_open_codecs(ctx, list, 0, &spec, &made, &error), ZARRC_INVALID_METADATA);
  assert_int_equal(zarrc_ctx_open(NULL, &other, NULL), ZARRC_OK);
  assert_int_equal(zarrc_pipeline_open_codecs(other, list, 3, &spec, &made, &error), ZARRC_INVALID_ARGUMENT);
  zarrc_ctx_close(other);
  for (int i = 0; i < 3; i++) zarrc_codec_close(codecs[i]);
  zarrc_pipeline_close(parsed);
}

/* The order of inner chunks is the codec's, where it has one, else that of the chunk's options; it outlives evolve. */
static void order_of_inner_chunks(void **state) {
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 2, (int64_t[]){4, 4});
  zarrc_sharding_config config = ZARRC_SHARDING_CONFIG_INIT;
  uint8_t *value[2];
  size_t n[2];
  void *numbers = chunk_numbers(&spec);
  (void)state;
  config.ndim = 2;
  config.chunk_shape[0] = config.chunk_shape[1] = 1;
  for (int i = 0; i < 2; i++) {
    zarrc_codec *codec, *evolved;
    zarrc_pipeline *p;
    config.subchunk_order = i ? ZARRC_LEXICOGRAPHIC : ZARRC_MORTON;
    assert_int_equal(zarrc_sharding_codec_open(ctx, &config, &codec, NULL), ZARRC_OK);
    assert_int_equal(zarrc_codec_evolve(codec, &spec, &evolved, NULL), ZARRC_OK);
    assert_int_equal(zarrc_pipeline_open_codecs(ctx, (const zarrc_codec *const *)&evolved, 1, &spec, &p, NULL),
                     ZARRC_OK);
    value[i] = chunk_encode(ctx, p, numbers, &n[i]);
    zarrc_pipeline_close(p);
    zarrc_codec_close(evolved);
    zarrc_codec_close(codec);
  }
  assert_int_equal(n[0], n[1]);
  assert_memory_not_equal(value[0], value[1], 16);
  assert_memory_equal(value[1], numbers, 16);
  free(value[0]);
  free(value[1]);
  free(numbers);
}

/* Every getter on every codec: only its own is served. */
static void wrong_codecs(void **state) {
  const zarrc_json *rows = root_get("defaults");
  zarrc_error error = {0};
  (void)state;
  for (size_t i = 0; i < zarrc_json_length(rows); i++) {
    zarrc_codec *codec;
    assert_int_equal(open_typed(zarrc_json_at(rows, i), &codec, NULL), ZARRC_OK);
    zarrc_blosc_config blosc = ZARRC_BLOSC_CONFIG_INIT;
    zarrc_bytes_config bytes = ZARRC_BYTES_CONFIG_INIT;
    zarrc_gzip_config gzip = ZARRC_GZIP_CONFIG_INIT;
    zarrc_sharding_config sharding = ZARRC_SHARDING_CONFIG_INIT;
    zarrc_transpose_config transpose = ZARRC_TRANSPOSE_CONFIG_INIT;
    zarrc_zstd_config zstd = ZARRC_ZSTD_CONFIG_INIT;
    const zarrc_status got[] = {
        zarrc_blosc_codec_get(codec, &blosc, &error),         zarrc_bytes_codec_get(codec, &bytes, &error),
        zarrc_gzip_codec_get(codec, &gzip, &error),           zarrc_sharding_codec_get(codec, &sharding, &error),
        zarrc_transpose_codec_get(codec, &transpose, &error), zarrc_zstd_codec_get(codec, &zstd, &error)};
    static const char *const names[] = {"blosc", "bytes", "gzip", "sharding_indexed", "transpose", "zstd"};
    for (size_t k = 0; k < 6; k++)
      assert_int_equal(got[k], strcmp(names[k], zarrc_codec_name(codec)) ? ZARRC_INVALID_ARGUMENT : ZARRC_OK);
    zarrc_codec_close(codec);
  }
}

/* Programs that were compiled with a shorter or a longer struct than the library has. */
static void grown_structs(void **state) {
  struct {
    zarrc_zstd_config config;
    int64_t more;
  } newer = {{sizeof newer, 7, true}, 0};
  struct {
    size_t struct_size;
    int64_t level, guard;
  } older = {offsetof(zarrc_zstd_config, checksum), 3, -1};
  zarrc_codec *codec = NULL;
  zarrc_error error = {0};
  (void)state;
  assert_int_equal(zarrc_zstd_codec_open(ctx, &newer.config, &codec, &error), ZARRC_OK);
  newer.more = -1;
  assert_int_equal(zarrc_zstd_codec_get(codec, &newer.config, &error), ZARRC_OK);
  assert_true(newer.config.level == 7 && newer.config.checksum && newer.more == 0);
  assert_int_equal(newer.config.struct_size, sizeof newer);
  assert_int_equal(zarrc_zstd_codec_get(codec, (zarrc_zstd_config *)(void *)&older, &error), ZARRC_OK);
  assert_true(older.level == 7 && older.guard == -1);
  assert_int_equal(older.struct_size, offsetof(zarrc_zstd_config, checksum));
  older.struct_size = 0;
  assert_int_equal(zarrc_zstd_codec_get(codec, (zarrc_zstd_config *)(void *)&older, &error), ZARRC_INVALID_ARGUMENT);
  zarrc_codec_close(codec);
  codec = NULL;
  newer.more = 1;
  assert_int_equal(zarrc_zstd_codec_open(ctx, &newer.config, &codec, &error), ZARRC_UNSUPPORTED);
  assert_null(codec);
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
      cmocka_unit_test(attributes),     cmocka_unit_test(constructors),
      cmocka_unit_test(defaults),       cmocka_unit_test(refused),
      cmocka_unit_test(refused_values), cmocka_unit_test(nested_shards),
      cmocka_unit_test(equality),       cmocka_unit_test(equality_of_plug_ins),
      cmocka_unit_test(pipelines),      cmocka_unit_test(order_of_inner_chunks),
      cmocka_unit_test(wrong_codecs),   cmocka_unit_test(grown_structs),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
