/* SPDX-License-Identifier: MIT */
/* Creating arrays and groups of Zarr format 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/memory_store.h"
#include "base/json.h"
#include "support/fault_store.h"
#include "support/faulty_alloc.h"
#include "support/files.h"
#include "support/needs.h"
#include "support/said.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static const zarrc_array_options in_2 = {.struct_size = sizeof in_2, .zarr_format = 2};
static const zarrc_group_options group_in_2 = {.struct_size = sizeof group_in_2, .zarr_format = 2};

static const int64_t shape[] = {4, 6};

#define BYTES "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}"

/* 4 x 6 elements in one chunk without compression. */
static zarrc_array_config config_of(const char *type, const char *codecs) {
  return (zarrc_array_config){.struct_size = sizeof(zarrc_array_config),
                              .data_type = type,
                              .ndim = 2,
                              .shape = shape,
                              .codecs = codecs ? codecs : "[" BYTES "]"};
}

static zarrc_status create(const char *path, const zarrc_array_config *config, zarrc_error *error) {
  zarrc_array *array = NULL;
  zarrc_status status = zarrc_array_create(store, path, config, ZARRC_CREATE_OVERWRITE, &in_2, &array, error);
  if (!status) assert_int_equal(zarrc_array_format(array), 2);
  zarrc_array_close(array);
  return status;
}

/* Returns the value of a key on one line; free it. */
static char *get_line(const char *key) {
  char *text = nodes_get(store, key);
  zarrc_buf line = zarrc_buf_new(ctx, SIZE_MAX);
  assert_non_null(text);
  assert_int_equal(zarrc_json_layout(&line, text, strlen(text), NULL), ZARRC_OK);
  assert_int_equal(zarrc_buf_append(&line, "", 1, NULL), ZARRC_OK);
  free(text);
  text = strdup((const char *)line.ptr);
  zarrc_buf_clear(&line);
  return text;
}

static void expect_line(const char *key, const char *expected) {
  char *line = get_line(key);
  assert_string_equal(line, expected);
  free(line);
}

static void expect_part(const char *key, const char *part) {
  char *line = get_line(key);
  if (!strstr(line, part)) fail_msg("%s: %s", part, line);
  free(line);
}

/* ------------------------------------------------------------------------------------------------ what is written */

static void test_whole(void **state) {
  static const char *const names[] = {"y", "x\"\n"};
  zarrc_array_config config = config_of("int16", NULL);
  zarrc_error error = {0};
  (void)state;
  config.dimension_names = names;
  config.attributes = "{\"a\": NaN }";
  config.fill_value = "-5";
  config.separator = '/';
  config.order = 'F';
  if (create("g/a", &config, &error)) fail_msg("%s", SAID(error));
  expect_keys(".zgroup g/.zgroup g/a/.zarray g/a/.zattrs ");
  expect_line(".zgroup", "{\"zarr_format\": 2}");
  expect_line("g/.zgroup", "{\"zarr_format\": 2}");
  expect_line("g/a/.zarray",
              "{\"chunks\": [4, 6], \"compressor\": null, \"dimension_separator\": \"/\", \"dtype\": \"<i2\", "
              "\"fill_value\": -5, \"filters\": null, \"order\": \"F\", \"shape\": [4, 6], \"zarr_format\": 2}");
  char *attributes = nodes_get(store, "g/a/.zattrs");
  assert_string_equal(attributes, "{\"a\": NaN, \"_ARRAY_DIMENSIONS\": [\"y\", \"x\\\"\\n\"] }");
  free(attributes);
  zarrc_array *array = NULL;
  assert_int_equal(zarrc_array_open(store, "g/a", NULL, &array, NULL), ZARRC_OK);
  assert_string_equal(zarrc_array_dimension_name(array, 1), "x\"\n");
  zarrc_array_close(array);
}

/* Data types, codecs and fill values, and a part of the .zarray that they become. */
static void test_members(void **state) {
#define BIG                   "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}]"
#define NAMED(name, settings) "{\"name\": \"" name "\", \"configuration\": {" settings "}}"
#define ORDERS(orders)        NAMED("zarrc.field_order", "\"orders\": \"" orders "\"")
#define MIXED                                                                                                          \
  NAMED("struct",                                                                                                      \
        "\"fields\": [{\"name\": \"a\", \"data_type\": \"int16\"}, {\"name\": \"b\", \"data_type\": \"int16\"}]")
  static const struct {
    const char *type, *codecs, *fill, *part;
  } rows[] = {
      {"bool", NULL, "true", "\"|b1\", \"fill_value\": true"},
      {"uint8", NULL, NULL, "\"dtype\": \"|u1\", \"fill_value\": 0"},
      {"int64", BIG, "-9223372036854775808", "\"dtype\": \">i8\", \"fill_value\": -9223372036854775808"},
      {"float16", NULL, "\"NaN\"", "\"dtype\": \"<f2\", \"fill_value\": \"NaN\""},
      {"float64", NULL, "\"-Infinity\"", "\"fill_value\": \"-Infinity\""},
      {"float64", NULL, "null", "\"fill_value\": null"},
      {"string", "[{\"name\": \"vlen-utf8\"}]", "null", "\"|O\", \"fill_value\": null"},
      {"complex64", BIG, "[1.5, \"NaN\"]", "\">c8\", \"fill_value\": [1.5, \"NaN\"]"},
      {"{\"name\": \"numpy.datetime64\", \"configuration\": {\"unit\": \"s\", \"scale_factor\": 25}}", NULL, "\"NaT\"",
       "\"<M8[25s]\", \"fill_value\": -9223372036854775808"},
      {"{\"name\": \"numpy.timedelta64\", \"configuration\": {\"unit\": \"generic\", \"scale_factor\": 1}}", BIG, "7",
       "\">m8\", \"fill_value\": 7"},
      {"{\"name\": \"fixed_length_utf32\", \"configuration\": {\"length_bytes\": 12}}", BIG, "\"\\u00e4b\"",
       "\">U3\", \"fill_value\": \"\\u00e4b\""},
      {"{\"name\": \"null_terminated_bytes\", \"configuration\": {\"length_bytes\": 5}}", NULL, "\"YWI=\"",
       "\"|S5\", \"fill_value\": \"YWI=\""},
      {"r16", NULL, "[1, 2]", "\"|V2\", \"fill_value\": \"AQI=\""},
      {"{\"name\": \"struct\", \"configuration\": {\"fields\": [{\"name\": \"a\", \"data_type\": \"int16\"}, "
       "{\"name\": \"b\", \"data_type\": {\"name\": \"struct\", \"configuration\": {\"fields\": [{\"name\": \"c\", "
       "\"data_type\": \"uint8\"}]}}}]}}",
       BIG, "{\"a\": 1, \"b\": {\"c\": 2}}",
       "[[\"a\", \">i2\"], [\"b\", [[\"c\", \"|u1\"]]]], \"fill_value\": \"AAEC\""},
      {MIXED, "[" ORDERS("<>") ", " BYTES "]", "{\"a\": 1, \"b\": 2}",
       "[[\"a\", \"<i2\"], [\"b\", \">i2\"]], \"fill_value\": \"AQAAAg==\", \"filters\": null"},
      {MIXED, "[" ORDERS("<>") ", " NAMED("bytes", "\"endian\": \"big\"") "]", NULL,
       "[[\"a\", \">i2\"], [\"b\", \"<i2\"]]"},
      {MIXED, "[" ORDERS(">>") ", " BYTES "]", "{\"a\": 1, \"b\": 2}",
       "[[\"a\", \">i2\"], [\"b\", \">i2\"]], \"fill_value\": \"AAEAAg==\""},
      {MIXED, "[" NAMED("transpose", "\"order\": [1, 0]") ", " ORDERS("><") ", " BYTES "]", NULL, "\"order\": \"F\""},
      {MIXED, "[" ORDERS("<>") ", " NAMED("transpose", "\"order\": [1, 0]") ", " BYTES "]", NULL, NULL},
      {MIXED, "[" ORDERS("<>") ", " ORDERS("<>") ", " BYTES "]", NULL, NULL},
      {"string", "[{\"name\": \"vlen-utf8\"}]", "\"\\u00e4\"",
       "\"|O\", \"fill_value\": \"\\u00e4\", \"filters\": [{\"id\": \"vlen-utf8\"}], \"order\": \"C\""},
      {"bytes", "[{\"name\": \"vlen-bytes\"}]", "\"AQI=\"",
       "\"|O\", \"fill_value\": \"AQI=\", \"filters\": [{\"id\": \"vlen-bytes\"}]"},
      {"int32", "[" NAMED("transpose", "\"order\": [0, 1]") ", " BYTES "]", NULL, NULL},
      {"int32", "[" BYTES ", " NAMED("numcodecs.zlib", "\"level\": 3") "]", NULL,
       "\"compressor\": {\"id\": \"zlib\", \"level\": 3}"},
      {"int32", "[" BYTES ", {\"name\": \"crc32c\"}]", NULL,
       "\"filters\": [{\"id\": \"crc32c\", \"location\": \"end\"}]"},
      {"int32", "[" BYTES ", " NAMED("numcodecs.adler32", "") "]", NULL, "\"filters\": [{\"id\": \"adler32\"}]"},
      {"int32", "[" BYTES ", " NAMED("numcodecs.shuffle", "\"elementsize\": 4") ", " NAMED("numcodecs.zlib", "") "]",
       NULL, "\"filters\": [{\"id\": \"shuffle\", \"elementsize\": 4}]"},
      {"int32",
       "[" NAMED("numcodecs.delta", "\"dtype\": \"<i4\", \"astype\": \"<i2\"") ", " NAMED("bytes",
                                                                                          "\"endian\": \"big\"") "]",
       NULL,
       "\"dtype\": \">i4\", \"fill_value\": 0, \"filters\": [{\"id\": \"delta\", \"dtype\": \">i4\", "
       "\"astype\": \">i2\"}]"},
      {"float32", "[{\"name\": \"bitround\", \"configuration\": {\"keepbits\": 5}}, " BYTES "]", NULL,
       "\"filters\": [{\"id\": \"bitround\", \"keepbits\": 5}]"},
      {"bool", "[" NAMED("numcodecs.packbits", "") ", " BYTES "]", NULL, "\"filters\": [{\"id\": \"packbits\"}]"},
      {"uint16",
       "[" NAMED("numcodecs.fixedscaleoffset",
                 "\"offset\": 1, \"scale\": 2, \"dtype\": \"<u2\", \"astype\": \"|u1\"") ", " BYTES "]",
       NULL, "\"id\": \"fixedscaleoffset\""},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_array_config config = config_of(rows[i].type, rows[i].codecs);
    zarrc_error error = {0};
    config.fill_value = rows[i].fill;
    zarrc_status status = create("a", &config, &error);
    if (rows[i].part) {
      if (status) fail_msg("%s %s: %s", rows[i].type, rows[i].codecs, SAID(error));
      expect_part("a/.zarray", rows[i].part);
    } else {
      assert_int_equal(status, ZARRC_UNSUPPORTED);
    }
  }
}

/* A dtype of NumPy's says what the .zarray says, whatever byte order the codecs have. */
static void test_numpy_dtypes(void **state) {
  static const struct {
    const char *type, *codecs, *part;
  } rows[] = {
      {">i2", NULL, "\"dtype\": \">i2\""},
      {"f4", "[" BYTES "]", "\"dtype\": \"<f4\""},
      {">f4", "[\"bytes\"]", "\"dtype\": \">f4\""},
      {">f4", "[" BYTES ", " NAMED("numcodecs.adler32", "") "]", "\"dtype\": \">f4\""},
      {"<f4", BIG, "\"dtype\": \"<f4\""},
      {"|S5", NULL, "\"dtype\": \"|S5\""},
      {"[[\"a\", \"<i4\"], [\"b\", [[\"c\", \">f4\"], [\"d\", \"|u1\"]]]]", "[" BYTES "]",
       "\"dtype\": [[\"a\", \"<i4\"], [\"b\", [[\"c\", \">f4\"], [\"d\", \"|u1\"]]]]"},
      {"[[\"a\", \">i4\"], [\"b\", \">f4\"]]", NULL, "\"dtype\": [[\"a\", \">i4\"], [\"b\", \">f4\"]]"},
      {"int16", BIG, "\"dtype\": \">i2\""},
  };
  (void)state;
  for (size_t i = 0; i < 2 * (sizeof rows / sizeof *rows); i++) {
    zarrc_array_config config = config_of(rows[i / 2].type, rows[i / 2].codecs);
    zarrc_error error = {0};
    config.codecs = rows[i / 2].codecs;
    config.order = i % 2 ? 'F' : 'C';
    if (!config.codecs) needs_codec("zstd");
    if (create("a", &config, &error)) fail_msg("%s: %s", config.data_type, SAID(error));
    expect_part("a/.zarray", rows[i / 2].part);
    expect_part("a/.zarray", i % 2 ? "\"order\": \"F\"" : "\"order\": \"C\"");
  }
  /* not in format 3 */
  zarrc_array_config config = config_of(">i2", NULL);
  zarrc_array *array = NULL;
  zarrc_dtype dtype;
  assert_int_equal(zarrc_array_create(store, "b", &config, ZARRC_CREATE_NEW, NULL, &array, NULL), ZARRC_UNSUPPORTED);
  assert_int_equal(zarrc_array_parse_type(ctx, ">i2", 0, &dtype, NULL), ZARRC_UNSUPPORTED);
  assert_int_equal(zarrc_array_parse_type(ctx, ">i2", 2, &dtype, NULL), ZARRC_OK);
  assert_int_equal(dtype.type, ZARRC_INT16);
  zarrc_dtype_close(&dtype);
}

static void test_compressors(void **state) {
  static const struct {
    const char *codec, *part;
  } rows[] = {
      {NAMED("blosc",
             "\"cname\": \"zstd\", \"clevel\": 3, \"shuffle\": \"bitshuffle\", \"typesize\": 4, \"blocksize\": 0"),
       "{\"id\": \"blosc\", \"cname\": \"zstd\", \"clevel\": 3, \"shuffle\": 2, \"blocksize\": 0}"},
      {NAMED("numcodecs.blosc", "\"cname\": \"lz4\", \"shuffle\": -1"), "\"shuffle\": 1"},
      {NAMED("zstd", "\"level\": 9, \"checksum\": false"), "\"compressor\": {\"id\": \"zstd\", \"level\": 9}"},
      {NAMED("zstd", "\"level\": -1, \"checksum\": true"), "{\"id\": \"zstd\", \"level\": -1, \"checksum\": true}"},
      {NAMED("numcodecs.zstd", "\"level\": 2"), "\"compressor\": {\"id\": \"zstd\", \"level\": 2}"},
      {NAMED("gzip", "\"level\": 4"), "\"compressor\": {\"id\": \"gzip\", \"level\": 4}"},
      {NAMED("gzip", "\"level\": 4") ", " NAMED("zstd", "\"level\": 1, \"checksum\": false"),
       "\"filters\": [{\"id\": \"gzip\", \"level\": 4}]"},
      {NAMED("gzip", "\"level\": 4") ", {\"name\": \"crc32c\"}",
       "\"filters\": [{\"id\": \"gzip\", \"level\": 4}, {\"id\": \"crc32c\", \"location\": \"end\"}]"},
  };
  (void)state;
  needs_codec("zstd");
  needs_codec("blosc");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char codecs[400];
    zarrc_error error = {0};
    snprintf(codecs, sizeof codecs, "[%s, %s]", BYTES, rows[i].codec);
    zarrc_array_config config = config_of("int32", codecs);
    if (create("a", &config, &error)) fail_msg("%s: %s", codecs, SAID(error));
    expect_part("a/.zarray", rows[i].part);
  }
}

/* zfpy makes bytes of elements itself, and is a compressor all the same. */
static void test_zfpy(void **state) {
  zarrc_array_config config = config_of("int32", "[" NAMED("numcodecs.zfpy", "\"mode\": 4") "]");
  zarrc_error error = {0};
  (void)state;
  needs_codec("numcodecs.zfpy");
  if (create("a", &config, &error)) fail_msg("%s", SAID(error));
  expect_part("a/.zarray", "\"compressor\": {\"id\": \"zfpy\", \"mode\": 4}, \"dimension_separator\": \".\", "
                           "\"dtype\": \"<i4\", \"fill_value\": 0, \"filters\": null");
}

/* Nothing is stored of what format 2 has no words for. */
static void test_refused(void **state) {
#define NAN_WITH_BITS "\"0x7fc00001\""
  static const int64_t shard[] = {4, 6}, inner[] = {2, 2};
  static const char *const half[] = {"y", NULL}, *const full[] = {"y", "x"};
  static const struct {
    const char *type, *codecs, *fill, *attributes, *keys, *said;
    const char *const *names;
    bool shards;
  } rows[] = {
      {"int32", NULL, NULL, NULL, NULL, "no codec sharding_indexed, and so no shards", NULL, true},
      {"int32", "[" NAMED("transpose", "\"order\": [0, 1]") ", " BYTES "]", NULL, NULL, NULL, "transpose", NULL, false},
      {"int32",
       "[" NAMED("numcodecs.delta", "\"dtype\": \"<i4\"") ", " NAMED("transpose", "\"order\": [1, 0]") ", " BYTES "]",
       NULL, NULL, NULL, "transpose", NULL, false},
      {"float32", NULL, NAN_WITH_BITS, NULL, NULL, "one NaN as fill value", NULL, false},
      {"complex64", NULL, "[0.0, " NAN_WITH_BITS "]", NULL, NULL, "one NaN as fill value", NULL, false},
      {"int32", NULL, NULL, NULL, "default", "chunk keys begin with c/", NULL, false},
      {"int32", NULL, NULL, NULL, NULL, "names for all dimensions or for none", half, false},
      {"int32", NULL, NULL, "{\"_ARRAY_DIMENSIONS\": [\"y\", \"z\"]}", NULL, "not those of the attribute", full, false},
      {"int32", NULL, NULL, "{\"a\": 1, \"a\": 2}", NULL, "attributes, to which", full, false},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_array_config config = config_of(rows[i].type, rows[i].codecs);
    zarrc_error error = {0};
    config.fill_value = rows[i].fill;
    config.attributes = rows[i].attributes;
    config.chunk_key_encoding = rows[i].keys;
    config.dimension_names = rows[i].names;
    config.shard_shape = rows[i].shards ? shard : NULL;
    config.chunk_shape = rows[i].shards ? inner : NULL;
    zarrc_status status = create("a/b", &config, &error);
    if (status != ZARRC_UNSUPPORTED && status != ZARRC_INVALID_METADATA) fail_msg("%s: %d", rows[i].said, (int)status);
    if (!strstr(SAID(error), rows[i].said)) fail_msg("%s: %s", rows[i].said, SAID(error));
    expect_keys("");
  }
  zarrc_array_config config = config_of("int32", NULL);
  zarrc_array_options options = {.struct_size = sizeof options, .zarr_format = 1};
  zarrc_array *array = NULL;
  zarrc_error error = {0};
  assert_int_equal(zarrc_array_create(store, "a", &config, ZARRC_CREATE_NEW, &options, &array, &error),
                   ZARRC_INVALID_ARGUMENT);
  assert_string_equal(SAID(error), "there is no Zarr format 1: it must be 2 or 3");
  config.order = 'A';
  assert_int_equal(create("a", &config, &error), ZARRC_INVALID_ARGUMENT);
  expect_keys("");
}

/* Grids and members of extensions, which only a document can have. */
static void test_refused_documents(void **state) {
  static const char *const rows[][3] = {
      {"chunk_grid",
       "{\"name\": \"rectilinear\", \"configuration\": {\"kind\": \"inline\", \"chunk_shapes\": [[4], [1, 5]]}}",
       "chunks of one shape only"},
      {"x", "{\"must_understand\": false}", "members of an extension"}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_array *array = NULL;
    zarrc_error error = {0};
    char *text = nodes_document("chunk_key_encoding", "{\"name\": \"v2\"}", rows[i][0], rows[i][1], NULL);
    assert_int_equal(zarrc_array_create_json(store, "a", text, strlen(text), ZARRC_CREATE_NEW, &in_2, &array, &error),
                     ZARRC_UNSUPPORTED);
    if (!strstr(SAID(error), rows[i][2])) fail_msg("%s", SAID(error));
    free(text);
  }
  static const char group[] = "{\"zarr_format\": 3, \"node_type\": \"group\", \"x\": {\"must_understand\": false}}";
  zarrc_group *g = NULL;
  assert_int_equal(zarrc_group_create_json(store, "g", group, strlen(group), ZARRC_CREATE_NEW, &group_in_2, &g, NULL),
                   ZARRC_UNSUPPORTED);
  expect_keys("");
}

/* ---------------------------------------------------------------------------------------- documents as they are given
 */

static void test_zarray(void **state) {
  static const char text[] = "{\"zarr_format\":2,\"shape\":[5],\"chunks\":[2],\"dtype\":\"<f4\",\"fill_value\":null,"
                             "\"order\":\"C\",\"filters\":[],\"compressor\":null,\"_NCZARR_ARRAY\":{\"x\":1}}";
  zarrc_array_options options = {.struct_size = sizeof options, .attributes = "{\"_ARRAY_DIMENSIONS\": [\"t\"]}"};
  zarrc_array *array = NULL;
  (void)state;
  assert_int_equal(zarrc_array_create_json(store, "a", text, strlen(text), ZARRC_CREATE_NEW, &options, &array, NULL),
                   ZARRC_OK);
  assert_string_equal(zarrc_array_dimension_name(array, 0), "t");
  zarrc_array_close(array);
  expect_keys(".zgroup a/.zarray a/.zattrs ");
  expect_line("a/.zarray",
              "{\"zarr_format\": 2, \"shape\": [5], \"chunks\": [2], \"dtype\": \"<f4\", \"fill_value\": null, "
              "\"order\": \"C\", \"filters\": [], \"compressor\": null, \"_NCZARR_ARRAY\": {\"x\": 1}}");
  /* the same in format 3 */
  options.zarr_format = 3;
  assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_create_json(store, "a", text, strlen(text), ZARRC_CREATE_NEW, &options, &array, NULL),
                   ZARRC_OK);
  zarrc_array_close(array);
  expect_keys("a/zarr.json zarr.json ");
  expect_part("a/zarr.json", "\"attributes\": {\"_ARRAY_DIMENSIONS\": [\"t\"]}, \"dimension_names\": [\"t\"]");
}

static void test_zgroup(void **state) {
  static const char text[] = "{\"zarr_format\": 2}";
  const zarrc_group_options in_3 = {.struct_size = sizeof in_3, .zarr_format = 3};
  zarrc_group *group = NULL;
  (void)state;
  assert_int_equal(zarrc_group_create_json(store, "a/b", text, strlen(text), ZARRC_CREATE_NEW, NULL, &group, NULL),
                   ZARRC_OK);
  zarrc_group_close(group);
  expect_keys(".zgroup a/.zgroup a/b/.zgroup ");
  assert_int_equal(zarrc_group_create(store, "a/c", "{\"x\": 1}", ZARRC_CREATE_NEW, &group_in_2, &group, NULL),
                   ZARRC_OK);
  assert_int_equal(zarrc_group_format(group), 2);
  zarrc_group_close(group);
  expect_line("a/c/.zattrs", "{\"x\": 1}");
  assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
  assert_int_equal(zarrc_group_create_json(store, "a", text, strlen(text), ZARRC_CREATE_NEW, &in_3, &group, NULL),
                   ZARRC_OK);
  zarrc_group_close(group);
  expect_keys("a/zarr.json zarr.json ");
}

/* ------------------------------------------------------------------------------------------------- among other nodes
 */

static void test_among_others(void **state) {
  zarrc_array_config config = config_of("int8", NULL);
  zarrc_group *group = NULL;
  zarrc_array *array = NULL;
  zarrc_error error = {0};
  (void)state;
  assert_int_equal(zarrc_groups_make(store, "two", 2, NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_create(store, "two/a", &config, ZARRC_CREATE_NEW, NULL, &array, &error), ZARRC_CONFLICT);
  assert_string_equal(SAID(error), ".zgroup: a group of Zarr format 2: no node of format 3 can lie below it");
  expect_keys(".zgroup two/.zgroup ");
  assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
  assert_int_equal(zarrc_group_create(store, "three", NULL, ZARRC_CREATE_NEW, NULL, &group, NULL), ZARRC_OK);
  zarrc_group_close(group);
  assert_int_equal(create("three/a", &config, &error), ZARRC_CONFLICT);
  assert_string_equal(SAID(error), "zarr.json: a group of Zarr format 3: no node of format 2 can lie below it");
  assert_int_equal(zarrc_groups_make(store, "three/x", 2, &error), ZARRC_CONFLICT);
  assert_int_equal(zarrc_node_check(store, "three/x", 2, ZARRC_CREATE_NEW, &error), ZARRC_CONFLICT);
  assert_int_equal(zarrc_node_check(store, "three/x", 3, ZARRC_CREATE_NEW, &error), ZARRC_OK);
  expect_keys("three/zarr.json zarr.json ");
  /* the whole hierarchy is replaced by one of the other format, and back */
  assert_int_equal(create("", &config, &error), ZARRC_OK);
  expect_keys(".zarray ");
  assert_int_equal(zarrc_array_create(store, "", &config, ZARRC_CREATE_NEW, &in_2, &array, &error), ZARRC_CONFLICT);
  assert_string_equal(SAID(error), ".zarray: there is an array or a group already");
  assert_int_equal(create("below", &config, &error), ZARRC_CONFLICT);
  assert_int_equal(zarrc_group_create(store, "", NULL, ZARRC_CREATE_OVERWRITE, NULL, &group, NULL), ZARRC_OK);
  zarrc_group_close(group);
  expect_keys("zarr.json ");
}

/* Attributes that an interrupted creation or removal has left do not become those of a new node. */
static void test_stale_attributes(void **state) {
  zarrc_array_config config = config_of("int8", NULL);
  zarrc_array *array = NULL;
  (void)state;
  nodes_put(store, "a/.zattrs", "{\"old\": 1}");
  nodes_put(store, ".zattrs", "{\"old\": 2}");
  assert_int_equal(zarrc_array_create(store, "a", &config, ZARRC_CREATE_NEW, &in_2, &array, NULL), ZARRC_OK);
  assert_string_equal(zarrc_array_attributes(array), "{}");
  zarrc_array_close(array);
  expect_keys(".zgroup a/.zarray ");
}

/* --------------------------------------------------------------------------------------------- there and back again */

/* Appends the zarr.json for an array, with a NUL. */
static void put_3(const zarrc_array *array, zarrc_buf *out) {
  assert_int_equal(zarrc_array_document(array, 3, out, NULL), ZARRC_OK);
  assert_int_equal(zarrc_buf_append(out, "", 1, NULL), ZARRC_OK);
}

/* Makes a zarr.json of a .zarray, and of that a .zarray; returns false if the build lacks a codec. */
static bool there_and_back(const char *id, const char *text, size_t n) {
  zarrc_array *given = NULL, *made = NULL, *again = NULL;
  zarrc_buf first = zarrc_buf_new(ctx, SIZE_MAX), second = zarrc_buf_new(ctx, SIZE_MAX);
  zarrc_error error = {0};
  assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
  zarrc_status status = zarrc_array_create_json(store, "given", text, n, ZARRC_CREATE_NEW, NULL, &given, &error);
  if (status == ZARRC_UNSUPPORTED) return false;
  if (status) fail_msg("%s: %s", id, SAID(error));
  put_3(given, &first);
  const char *document = (const char *)first.ptr;
  if (zarrc_array_create_json(store, "made", document, strlen(document), ZARRC_CREATE_NEW, &in_2, &made, &error))
    fail_msg("%s: %s", id, SAID(error));
  assert_int_equal(zarrc_array_format(made), 2);
  assert_int_equal(zarrc_array_open(store, "made", NULL, &again, NULL), ZARRC_OK);
  put_3(again, &second);
  assert_string_equal(document, (const char *)second.ptr);
  zarrc_array_close(given);
  zarrc_array_close(made);
  zarrc_array_close(again);
  zarrc_buf_clear(&first);
  zarrc_buf_clear(&second);
  return true;
}

static void test_vectors(void **state) {
  size_t nmade = 0, nmissing = 0;
  DIR *folder = opendir(ZARRC_TEST_DATA "/vectors-format2");
  (void)state;
  needs_codec("zstd");
  needs_codec("blosc");
  assert_non_null(folder);
  for (struct dirent *entry; (entry = readdir(folder));) {
    char path[300];
    size_t n;
    zarrc_json_doc *doc;
    if (strncmp(entry->d_name, "v2-", 3) != 0) continue;
    snprintf(path, sizeof path, "vectors-format2/%.200s/case.json", entry->d_name);
    char *text = (char *)data_read(path, &n);
    assert_int_equal(zarrc_json_parse(ctx, text, n, NULL, &doc, NULL), ZARRC_OK);
    const char *metadata = zarrc_json_text(zarrc_json_get(zarrc_json_root(doc), "metadata"), &n);
    if (there_and_back(entry->d_name, metadata, n))
      nmade++;
    else
      nmissing++;
    zarrc_json_close(doc);
    free(text);
  }
  closedir(folder);
  print_message("%zu documents made of format 3 and translated back; %zu need what is not there\n", nmade, nmissing);
  assert_true(nmade >= 63);
}

/* -------------------------------------------------------------------------------------------------------- failures */

static zarrc_status make_both(zarrc_store *in, zarrc_error *error) {
  static const char *const names[] = {"y", "x"};
  zarrc_array_config config = config_of("float32", NULL);
  zarrc_array *array = NULL;
  zarrc_group *group = NULL;
  config.dimension_names = names;
  config.attributes = "{\"a\": 1}";
  zarrc_status status = zarrc_array_create(in, "g/a", &config, ZARRC_CREATE_NEW, &in_2, &array, error);
  if (!status) status = zarrc_group_create(in, "g/b", "{\"b\": 1}", ZARRC_CREATE_NEW, &group_in_2, &group, error);
  zarrc_array_close(array);
  zarrc_group_close(group);
  return status;
}

/* Whatever call of the store fails, nobody sees a node without its attributes, and the next try succeeds. */
static void test_faults(void **state) {
  (void)state;
  for (size_t at = 1;; at++) {
    fault_store faulty;
    zarrc_error error = {0};
    assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
    fault_store_init(&faulty, store);
    fault_store_arm(&faulty, at, ZARRC_IO);
    zarrc_status status = make_both(&faulty.store, &error);
    char *keys = nodes_keys(store);
    assert_true(!strstr(keys, "g/a/.zarray") || strstr(keys, "g/a/.zattrs"));
    assert_true(!strstr(keys, "g/b/.zgroup") || strstr(keys, "g/b/.zattrs"));
    assert_true(!strstr(keys, "g/a/.zarray") || strstr(keys, "g/.zgroup"));
    bool has_a = strstr(keys, "g/a/.zarray") != NULL;
    free(keys);
    if (!atomic_load(&faulty.nfaults)) {
      assert_int_equal(status, ZARRC_OK);
      print_message("%zu calls\n", at - 1);
      return;
    }
    assert_int_equal(status, ZARRC_IO);
    assert_int_equal(make_both(store, &error), has_a ? ZARRC_CONFLICT : ZARRC_OK);
  }
}

static zarrc_status whole_life(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *own = NULL;
  zarrc_store *memory = NULL;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  (void)arg;
  if (!status) status = zarrc_memory_store_open(own, &memory, NULL);
  if (!status) status = make_both(memory, NULL);
  zarrc_store_close(memory);
  zarrc_ctx_close(own);
  return status;
}

static void test_no_memory(void **state) {
  zarrc_ctx_options options = {.threads = 1};
  (void)state;
  print_message("%zu allocations\n", faulty_alloc_each(&options, whole_life, NULL));
}

int main(void) {
#define EMPTY_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
  const struct CMUnitTest tests[] = {
      EMPTY_STORE(test_whole),
      EMPTY_STORE(test_members),
      EMPTY_STORE(test_numpy_dtypes),
      EMPTY_STORE(test_compressors),
      EMPTY_STORE(test_zfpy),
      EMPTY_STORE(test_refused),
      EMPTY_STORE(test_refused_documents),
      EMPTY_STORE(test_zarray),
      EMPTY_STORE(test_zgroup),
      EMPTY_STORE(test_among_others),
      EMPTY_STORE(test_stale_attributes),
      EMPTY_STORE(test_vectors),
      EMPTY_STORE(test_faults),
      EMPTY_STORE(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
