/* SPDX-License-Identifier: MIT */
/* Arrays of Zarr format 2: chunks that zarr-python stored (tests/data/vectors-format2), and single members of a
 * .zarray. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/format2.h"
#include "array/grid.h"
#include "base/json.h"
#include "support/faulty_alloc.h"
#include "support/files.h"
#include "support/needs.h"
#include "support/nodes.h"
#include "support/said.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/store.h>

/* Cases of format 2, and how many of them need only codecs that every build of the tests has. */
enum { NCASES = 121, NREAD = 64 };

static zarrc_ctx *ctx;
static zarrc_store *store;

static int open_store(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL) || zarrc_memory_store_open(ctx, &store, NULL);
}

static int close_store(void **state) {
  (void)state;
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return 0;
}

/* --------------------------------------------------------------------------------------------------- golden chunks */

/* The chunk of a case, as the file has it: packed little-endian, or 32 bits of length and bytes for each element. */
static zarrc_view expected_view(const zarrc_array *array, const int64_t *shape, uint8_t *file, zarrc_text *texts) {
  zarrc_dtype dtype = *zarrc_array_dtype(array);
  int ndim = zarrc_array_ndim(array);
  dtype.endian = ZARRC_LITTLE;
  if (!zarrc_dtype_is_variable(&dtype)) return zarrc_view_c(&dtype, ndim, shape, file);
  size_t n = 1;
  for (int i = 0; i < ndim; i++) n *= (size_t)shape[i];
  for (size_t i = 0; i < n; i++) {
    texts[i].len = file[0] | (size_t)file[1] << 8 | (size_t)file[2] << 16 | (size_t)file[3] << 24;
    texts[i].ptr = file + 4;
    file += 4 + texts[i].len;
  }
  return zarrc_view_c(&dtype, ndim, shape, texts);
}

static bool same_values(const zarrc_view *a, const zarrc_view *b, size_t nbytes) {
  if (!zarrc_dtype_is_variable(&a->dtype)) return memcmp(a->data, b->data, nbytes) == 0;
  const zarrc_text *x = a->data, *y = b->data;
  for (size_t i = 0; i < nbytes / sizeof *x; i++)
    if (x[i].len != y[i].len || (x[i].len && memcmp(x[i].ptr, y[i].ptr, x[i].len) != 0)) return false;
  return true;
}

typedef struct vector {
  const char *id;
  zarrc_array *array;
  int64_t chunk[ZARRC_MAX_NDIM], shape[ZARRC_MAX_NDIM];
  char key[64];
  uint8_t *encoded, *decoded;
  size_t nencoded, ndecoded;
  bool exact;
} vector;

/* Reads the whole chunk, also what is beyond the array. */
static void read_chunk(const vector *v, const zarrc_view *to) {
  const zarrc_pipeline *pipeline;
  zarrc_key_blob blob;
  zarrc_error error = {0};
  bool missing = true;
  assert_int_equal(zarrc_array_pipeline(v->array, v->chunk, &pipeline, NULL), ZARRC_OK);
  assert_int_equal(zarrc_key_blob_open(&blob, store, v->key, NULL), ZARRC_OK);
  if (zarrc_read(pipeline, blob.blob, NULL, to, &missing, &error)) fail_msg("%s: %s", v->id, error.message);
  assert_false(missing);
  zarrc_key_blob_close(&blob);
}

static void write_chunk(const vector *v, const zarrc_view *from) {
  const zarrc_pipeline *pipeline;
  zarrc_key_blob blob;
  zarrc_error error = {0};
  zarrc_values values = {.view = from};
  assert_int_equal(zarrc_array_pipeline(v->array, v->chunk, &pipeline, NULL), ZARRC_OK);
  assert_int_equal(zarrc_key_blob_open(&blob, store, v->key, NULL), ZARRC_OK);
  if (zarrc_write(pipeline, blob.blob, NULL, &values, true, &error)) fail_msg("%s: %s", v->id, error.message);
  zarrc_key_blob_close(&blob);
}

/* Reads a chunk, writes its values to an array of the same document, and reads that. */
static void check_vector(const vector *v) {
  int ndim = zarrc_array_ndim(v->array);
  size_t nbytes = zarrc_array_dtype(v->array)->item_size;
  for (int i = 0; i < ndim; i++) nbytes *= (size_t)v->shape[i];
  zarrc_text *texts = calloc(nbytes + 1, sizeof *texts);
  zarrc_view want = expected_view(v->array, v->shape, v->decoded, texts), got = want;
  uint8_t *memory = calloc(1, nbytes + 1);
  got.data = memory;
  assert_int_equal(zarrc_arena_open(ctx, &got.arena, NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_set(store, v->key, v->encoded, v->nencoded, NULL), ZARRC_OK);
  for (int again = 0; again < 2; again++) {
    memset(memory, 0xee, nbytes);
    read_chunk(v, &got);
    if (!same_values(&got, &want, nbytes)) fail_msg("%s: other values%s", v->id, again ? " when written" : "");
    if (!again) write_chunk(v, &want);
  }
  zarrc_bytes bytes = {0};
  assert_int_equal(zarrc_store_get(store, v->key, SIZE_MAX, &bytes, NULL), ZARRC_OK);
  if (v->exact && (bytes.len != v->nencoded || memcmp(bytes.ptr, v->encoded, bytes.len) != 0))
    fail_msg("%s: other bytes", v->id);
  zarrc_bytes_release(&bytes);
  zarrc_arena_close(got.arena);
  free(memory);
  free(texts);
}

static uint8_t *read_part(const char *id, const char *name, size_t *n) {
  char path[300];
  snprintf(path, sizeof path, "vectors-format2/%s/%s", id, name);
  return data_read(path, n);
}

/* Returns false if the array needs what this build does not have, and appends that to `missing`. */
static bool open_vector(const char *id, vector *v, char *missing, size_t size) {
  size_t n;
  zarrc_json_doc *doc;
  zarrc_error error = {0};
  char *text = (char *)read_part(id, "case.json", &n);
  *v = (vector){.id = id};
  assert_int_equal(zarrc_json_parse(ctx, text, n, NULL, &doc, NULL), ZARRC_OK);
  const zarrc_json *root = zarrc_json_root(doc), *chunk = zarrc_json_get(root, "chunk");
  const char *metadata = zarrc_json_text(zarrc_json_get(root, "metadata"), &n);
  v->exact =
      zarrc_json_string_is(zarrc_json_get(root, "byte_exact"), "required") && !strstr(id, "filter"); /* may lose */
  assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_set(store, ".zarray", metadata, n, NULL), ZARRC_OK);
  zarrc_status status = zarrc_array_open(store, "", NULL, &v->array, &error);
  if (status != ZARRC_OK && status != ZARRC_UNSUPPORTED) fail_msg("%s: %s", id, error.message);
  if (status) snprintf(missing + strlen(missing), size - strlen(missing), "\n  %s: %s", id, error.message);
  for (size_t i = 0; i < zarrc_json_length(chunk); i++)
    assert_true(zarrc_json_get_int64(zarrc_json_at(chunk, i), &v->chunk[i]));
  zarrc_json_close(doc);
  free(text);
  if (status) return false;
  zarrc_grid_chunk_shape(zarrc_array_grid(v->array), v->chunk, v->shape);
  assert_int_equal(zarrc_array_chunk_key(v->array, v->chunk, v->key, sizeof v->key, NULL), ZARRC_OK);
  v->encoded = read_part(id, "encoded.bin", &v->nencoded);
  v->decoded = read_part(id, "decoded.bin", &v->ndecoded);
  return true;
}

static void test_vectors(void **state) {
  needs_codec("zstd");
  needs_codec("blosc");
  static char missing[20000];
  size_t nread = 0, nmissing = 0;
  DIR *folder = opendir(ZARRC_TEST_DATA "/vectors-format2");
  (void)state;
  assert_non_null(folder);
  for (struct dirent *entry; (entry = readdir(folder));) {
    vector v;
    if (strncmp(entry->d_name, "v2-", 3) != 0) continue;
    if (!open_vector(entry->d_name, &v, missing, sizeof missing)) {
      nmissing++;
      continue;
    }
    check_vector(&v);
    nread++;
    free(v.encoded);
    free(v.decoded);
    zarrc_array_close(v.array);
  }
  closedir(folder);
  print_message("%zu chunks of format 2 read, written and read equal; %zu need what is not there:%s\n", nread, nmissing,
                missing);
  assert_int_equal(nread + nmissing, NCASES);
  assert_true(nread >= NREAD);
}

/* ------------------------------------------------------------------------------------------------- single members */

/* Stores a .zarray with 2 x 3 elements whose members are those of the pairs, and the others of `plain`. */
static void put_zarray(const char *path, const char *member, const char *json) {
  static const char *const plain[][2] = {{"zarr_format", "2"}, {"shape", "[2, 3]"},   {"chunks", "[2, 3]"},
                                         {"dtype", "\"<i4\""}, {"order", "\"C\""},    {"fill_value", "7"},
                                         {"filters", "null"},  {"compressor", "null"}};
  char text[4096], key[64];
  size_t at = 0;
  bool used = !member;
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
    bool own = member && !strcmp(member, plain[i][0]);
    used |= own;
    if (own && !json) continue;
    at += (size_t)snprintf(text + at, sizeof text - at, "%s\"%s\": %s", at ? ", " : "{", plain[i][0],
                           own ? json : plain[i][1]);
  }
  if (!used) at += (size_t)snprintf(text + at, sizeof text - at, ", \"%s\": %s", member, json);
  snprintf(text + at, sizeof text - at, "}");
  snprintf(key, sizeof key, "%s/.zarray", path);
  nodes_put(store, key, text);
}

/* One member changed: the status, and what stands in the zarr.json of the same array, or in the message. */
static void test_members(void **state) {
  static const struct {
    const char *member, *json; /* NULL: left out */
    zarrc_status status;
    const char *part;
  } rows[] = {
      {NULL, NULL, ZARRC_OK, "\"fill_value\": 7"},
      {"shape", NULL, ZARRC_INVALID_METADATA, "/shape: is missing"},
      {"shape", "3", ZARRC_INVALID_METADATA, "/shape: must be a list"},
      {"shape", "[2, 3, 4]", ZARRC_INVALID_METADATA, "/chunks: must be a list of 3 integers"},
      {"shape", "[2, -3]", ZARRC_INVALID_METADATA, "/shape/1: must be from 0"},
      {"shape", "[2, 1e3]", ZARRC_INVALID_METADATA, "/shape/1: must be an integer"},
      {"shape", "[0, 3]", ZARRC_OK, NULL},
      {"chunks", NULL, ZARRC_INVALID_METADATA, "/chunks: is missing"},
      {"chunks", "[2, 0]", ZARRC_INVALID_METADATA, "/chunks/1: must not be 0"},
      {"chunks", "[2, \"3\"]", ZARRC_INVALID_METADATA, "/chunks/1: must be an integer"},
      {"chunks", "[4611686018427387904, 3]", ZARRC_INVALID_METADATA, "/chunks: a chunk has more than"},
      {"dtype", NULL, ZARRC_INVALID_METADATA, "/dtype: is missing"},
      {"dtype", "3", ZARRC_INVALID_METADATA, "/dtype: must be a string or a list of fields"},
      {"dtype", "\"<i3\"", ZARRC_UNSUPPORTED, "/dtype: the dtype \"<i3\" is not known"},
      {"order", NULL, ZARRC_OK, NULL},
      {"order", "\"A\"", ZARRC_INVALID_METADATA, "/order: must be"},
      {"order", "\"F\"", ZARRC_OK, "\"transpose\""},
      {"filters", NULL, ZARRC_OK, NULL},
      {"filters", "[]", ZARRC_OK, NULL},
      {"filters", "{}", ZARRC_INVALID_METADATA, "/filters: must be a list or null"},
      {"filters", "[3]", ZARRC_INVALID_METADATA, "/filters/0: must be an object with an id, not an integer"},
      {"filters", "[{\"ID\": 1}]", ZARRC_INVALID_METADATA, "/filters/0: must be an object with an id, not one without"},
      {"compressor", NULL, ZARRC_OK, NULL},
      {"compressor", "\"zstd\"", ZARRC_INVALID_METADATA, "/compressor: must be an object"},
      {"compressor", "{\"id\": \"nobody's\"}", ZARRC_UNSUPPORTED, "unknown codec numcodecs.nobody's"},
      {"compressor", "{\"id\": \"pcodec\"}", ZARRC_UNSUPPORTED,
       "codec numcodecs.pcodec is not supported: zarrc does not use the library pcodec"},
      {"compressor", "{\"id\": \"imagecodecs_jpeg2k\", \"level\": 3}", ZARRC_UNSUPPORTED,
       "codec numcodecs.imagecodecs_jpeg2k is not supported: zarrc does not use the library imagecodecs"},
      {"compressor", "{\"id\": \"delta\", \"dtype\": \"<i4\"}", ZARRC_UNSUPPORTED,
       "/compressor: delta works on elements"},
      {"dimension_separator", "\"/\"", ZARRC_OK, "\"separator\": \"/\""},
      {"dimension_separator", "\".\"", ZARRC_OK, "\"separator\": \".\""},
      {"dimension_separator", "null", ZARRC_OK, "\"separator\": \".\""},
      {"dimension_separator", "\"-\"", ZARRC_INVALID_METADATA, "/dimension_separator: must be"},
      {"fill_value", NULL, ZARRC_OK, "\"fill_value\": 0"},
      {"fill_value", "null", ZARRC_OK, "\"fill_value\": 0"},
      {"fill_value", "NaN", ZARRC_INVALID_METADATA, "/fill_value: expected an integer"},
      {"fill_value", "\"x\"", ZARRC_INVALID_METADATA, "/fill_value: expected an integer"},
      {"zarr_format", "3", ZARRC_INVALID_METADATA, "/zarr_format: must be 2"},
      {"_NCZARR_ARRAY", "{\"dimrefs\": [\"/x\"]}", ZARRC_OK, NULL},
      {"attributes", "{\"not\": \"ours\"}", ZARRC_OK, "\"attributes\": {}"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_array *array = NULL;
    zarrc_error error = {0};
    zarrc_buf text = zarrc_buf_new(ctx, 65536);
    put_zarray("a", rows[i].member, rows[i].json);
    zarrc_status status = zarrc_array_open(store, "a", NULL, &array, &error);
    if (status != rows[i].status)
      fail_msg("%s %s: %s", rows[i].member, rows[i].json, status ? SAID(error) : "accepted");
    if (!status) {
      assert_int_equal(zarrc_array_format(array), 2);
      assert_int_equal(zarrc_array_document(array, 3, &text, NULL), ZARRC_OK);
      assert_int_equal(zarrc_buf_append(&text, "", 1, NULL), ZARRC_OK);
      if (rows[i].json && rows[i].member[0] != 'a' && rows[i].member[0] != 's') /* the document keeps it */
        assert_non_null(strstr(zarrc_array_metadata(array), rows[i].member));
    }
    if (rows[i].part && !strstr(status ? SAID(error) : (const char *)text.ptr, rows[i].part))
      fail_msg("%s %s: %s", rows[i].member, rows[i].json, status ? SAID(error) : (const char *)text.ptr);
    zarrc_buf_clear(&text);
    zarrc_array_close(array);
  }
}

/* What other programs refuse but can mean one thing only is told, and refused by strict, with the place of the rule. */
static void test_bent_rules(void **state) {
  static const struct {
    const char *members, *attributes, *words; /* NULL: nothing is told */
  } rows[] = {
      {"\"dtype\": \"<i4\", \"order\": \"C\", \"dimension_separator\": \".\"", "{}", NULL},
      {"\"dtype\": \"|u1\", \"order\": \"C\"", NULL, NULL},
      {"\"dtype\": \"|i4\", \"order\": \"C\"", NULL, "/dtype: \"|\" is no byte order"},
      {"\"dtype\": [[\"a\", \"|U2\"]], \"order\": \"C\"", NULL, "/dtype: \"|\" is no byte order"},
      {"\"dtype\": [[\"a\", \"|S2\"], [\"b\", \"<m8[s]\"]], \"order\": \"C\"", NULL, NULL},
      {"\"dtype\": \"<i4\"", NULL, "/order: is missing"},
      {"\"dtype\": \"<i4\", \"order\": \"C\", \"dimension_separator\": null", NULL, "/dimension_separator: "},
      {"\"dtype\": \"<i4\", \"order\": \"C\"", "", "/attributes: there is no JSON"},
      {"\"dtype\": \"|S3\", \"order\": \"C\", \"fill_value\": 0", NULL, "/fill_value: 0 is no element"},
      {"\"dtype\": \"<U3\", \"order\": \"C\", \"fill_value\": 0", NULL, "/fill_value: 0 is no element"},
      {"\"dtype\": [[\"a\", \"<i4\"]], \"order\": \"C\", \"fill_value\": 0", NULL, "/fill_value: 0 is no element"},
      {"\"dtype\": \"|S3\", \"order\": \"C\", \"fill_value\": \"YQ==\"", NULL, NULL},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    for (int strict = 0; strict < 2; strict++) {
      char text[400];
      zarrc_array *array = NULL;
      zarrc_error error = {0};
      zarrc_array_options options = {.struct_size = sizeof options, .strict = strict};
      snprintf(text, sizeof text,
               "{\"zarr_format\": 2, \"shape\": [1], \"chunks\": [1], %s \"filters\": null, \"compressor\": null, %s}",
               strstr(rows[i].members, "fill_value") ? "" : "\"fill_value\": null,", rows[i].members);
      assert_int_equal(zarrc_store_erase_prefix(store, "", NULL), ZARRC_OK);
      nodes_put(store, "r/.zarray", text);
      if (rows[i].attributes) nodes_put(store, "r/.zattrs", rows[i].attributes);
      zarrc_status status = zarrc_array_open(store, "r", &options, &array, &error);
      assert_int_equal(status, strict && rows[i].words ? ZARRC_INVALID_METADATA : ZARRC_OK);
      const char *told = status ? SAID(error) : zarrc_array_notice(array, 0);
      if (!rows[i].words != !told || (told && !strstr(told, rows[i].words))) fail_msg("%zu: %s", i, told ? told : "");
      if (status) assert_non_null(strstr(told, "Zarr specification 2"));
      zarrc_array_close(array);
    }
}

/* Fill values: the JSON in the .zarray, and that of format 3. */
static void test_fill_values(void **state) {
  static const struct {
    const char *dtype, *fill, *expected;
  } rows[] = {
      {"\"<f8\"", "\"NaN\"", "\"NaN\""},
      {"\"<f8\"", "NaN", "\"NaN\""},
      {"\">f4\"", "\"-Infinity\"", "\"-Infinity\""},
      {"\"<f4\"", "null", "0.0"},
      {"\"|b1\"", "false", "false"},
      {"\"|b1\"", "1", "true"},
      {"\"<i2\"", "3.0", "3"},
      {"\"<c16\"", "[1.0, \"NaN\"]", "[1.0, \"NaN\"]"},
      {"\"|S3\"", "\"YWI=\"", "\"YWI=\""},
      {"\"|S3\"", "\"\"", "\"\""},
      {"\"|S3\"", "0", "\"\""},
      {"\"<U2\"", "\"ab\"", "\"ab\""},
      {"\">U2\"", "0", "\"\""},
      {"\"|V3\"", "\"AQID\"", "\"AQID\""},
      {"\"<M8[ns]\"", "5", "5"},
      {"\"<M8[ns]\"", "null", "-9223372036854775808"},
      {"[[\"a\", \">u2\"], [\"b\", \"|i1\"]]", "\"AQID\"", "{\"a\": 258, \"b\": 3}"},
      {"[[\"a\", \"<u2\"], [\"b\", \"|i1\"]]", "\"AQID\"", "{\"a\": 513, \"b\": 3}"},
      {"[[\"a\", \"<u2\"], [\"b\", \"|i1\"]]", "null", "{\"a\": 0, \"b\": 0}"},
      {"[[\"a\", \">u2\"]]", "\"AQID\"", NULL},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[400];
    zarrc_array *array = NULL;
    zarrc_error error = {0};
    snprintf(
        text, sizeof text,
        "{\"zarr_format\": 2, \"shape\": [1], \"chunks\": [1], \"dtype\": %s, \"fill_value\": %s, \"order\": \"C\", "
        "\"filters\": null, \"compressor\": null}",
        rows[i].dtype, rows[i].fill);
    nodes_put(store, "f/.zarray", text);
    zarrc_status status = zarrc_array_open(store, "f", NULL, &array, &error);
    if (!rows[i].expected) {
      assert_int_equal(status, ZARRC_INVALID_METADATA);
      continue;
    }
    if (status) fail_msg("%s: %s", text, SAID(error));
    if (strcmp(zarrc_array_fill_value(array), rows[i].expected) != 0)
      fail_msg("%s: %s", text, zarrc_array_fill_value(array));
    zarrc_array_close(array);
  }
}

/* The first of all names that are listed in the attributes are those of dimensions, if there is one for each. */
static void test_dimension_names(void **state) {
  static const struct {
    const char *attributes, *name;
  } rows[] = {{"{\"_ARRAY_DIMENSIONS\": [\"x\", \"y\"], \"n\": NaN}", "x"},
              {"\xef\xbb\xbf{\"_ARRAY_DIMENSIONS\": [\"x\", \"y\"]}", "x"}, /* a byte order mark */
              {"{\"_ARRAY_DIMENSIONS\": [\"x\"]}", NULL},
              {"{\"_ARRAY_DIMENSIONS\": [\"x\", 3]}", NULL},
              {"{\"_ARRAY_DIMENSIONS\": \"xy\"}", NULL},
              {"{\"a\": {\"_ARRAY_DIMENSIONS\": [\"x\", \"y\"]}}", NULL},
              {"{\"a\": {\"b\": [1, {}]}, \"_ARRAY_DIMENSIONS\": [\"x\", \"y\"], \"c\": []}", "x"},
              {"{\"_ARRAY_DIMENSIONS\": [[\"x\"], [\"y\"]]}", NULL},
              {"{\"_ARRAY_DIMENSIONS\": {\"x\": 1, \"y\": 2}}", NULL},
              {"", NULL},
              {"{}", NULL}};
  (void)state;
  put_zarray("n", NULL, NULL);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_array *array = NULL;
    nodes_put(store, "n/.zattrs", rows[i].attributes);
    assert_int_equal(zarrc_array_open(store, "n", NULL, &array, NULL), ZARRC_OK);
    const char *given = rows[i].attributes + (rows[i].attributes[0] == '\xef' ? 3 : 0);
    assert_string_equal(zarrc_array_attributes(array), given[0] ? given : "{}");
    const char *name = zarrc_array_dimension_name(array, 0);
    assert_true(rows[i].name ? name && !strcmp(name, rows[i].name) : !name);
    zarrc_array_close(array);
  }
}

/* Of large attributes no more is parsed than the names. Parsed, each number would take 50 bytes. */
static void test_large_attributes(void **state) {
  const size_t n = 1 << 20;
  zarrc_array *array = NULL;
  char *text = malloc(2 * n + 100);
  (void)state;
  assert_non_null(text);
  char *end = text + sprintf(text, "{\"_ARRAY_DIMENSIONS\": [\"x\", \"y\"], \"many\": [1");
  for (size_t i = 0; i < n; i++) end += sprintf(end, ",1");
  strcpy(end, "]}");
  put_zarray("n", NULL, NULL);
  nodes_put(store, "n/.zattrs", text);
  assert_int_equal(zarrc_array_open(store, "n", NULL, &array, NULL), ZARRC_OK);
  assert_string_equal(zarrc_array_dimension_name(array, 0), "x");
  assert_true(zarrc_ctx_memory_peak(ctx) < 10 * strlen(text));
  zarrc_array_close(array);
  free(text);
}

/* ------------------------------------------------------------------------------------------------------- changing */

/* The names of the dimensions are those of the attributes that were set. */
static void test_names_that_are_set(void **state) {
  static const char *const rows[] = {"{\"_ARRAY_DIMENSIONS\": [\"y\", \"x\"]}",
                                     "{\"_ARRAY_DIMENSIONS\": [\"b\", \"a\"]}", "{}"};
  static const char *const names[] = {"\"y\",", "\"b\",", NULL};
  zarrc_array *array = NULL;
  (void)state;
  put_zarray("n", NULL, NULL);
  assert_int_equal(zarrc_array_open(store, "n", NULL, &array, NULL), ZARRC_OK);
  for (int i = 0; i < 3; i++) {
    zarrc_buf document = zarrc_buf_new(ctx, SIZE_MAX);
    assert_int_equal(zarrc_array_set_attributes(array, rows[i], strlen(rows[i]), NULL), ZARRC_OK);
    assert_int_equal(zarrc_array_document(array, 3, &document, NULL), ZARRC_OK);
    assert_int_equal(zarrc_buf_append(&document, "", 1, NULL), ZARRC_OK);
    const char *at = strstr((const char *)document.ptr, "\"dimension_names\"");
    assert_true(names[i] ? at && strstr(at, names[i]) : !at);
    zarrc_buf_clear(&document);
  }
  zarrc_array_close(array);
}

/* A resize would write such a member by another name: a second "shape". */
static void test_names_with_nul(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    zarrc_array *array = NULL;
    zarrc_error error = {0};
    put_zarray("n", i ? "x\\u0000y" : "shape\\u0000", "[4]");
    assert_int_equal(zarrc_array_open(store, "n", NULL, &array, &error), ZARRC_UNSUPPORTED);
    assert_non_null(strstr(SAID(error), "NUL"));
  }
}

/* What is in the way is called by the name it has. */
static void test_in_the_way(void **state) {
  static const char *const names[] = {"w/.zarray", "w/.zgroup"};
  zarrc_array_config config = {.data_type = "int8"};
  (void)state;
  for (int i = 0; i < 4; i++) {
    zarrc_array *array = NULL;
    zarrc_error error = {0};
    assert_int_equal(zarrc_store_erase_prefix(store, "w", NULL), ZARRC_OK);
    if (i == 0)
      put_zarray("w", NULL, NULL);
    else
      nodes_put(store, names[i % 2], i < 2 ? "{\"zarr_format\": 2}" : "damaged");
    assert_int_equal(zarrc_array_create(store, "w", &config, ZARRC_CREATE_NEW, NULL, &array, &error), ZARRC_CONFLICT);
    assert_non_null(strstr(SAID(error), names[i % 2]));
    assert_non_null(strstr(SAID(error), "already"));
  }
}

static void expect_document(const char *key, const char *text) {
  char *stored = nodes_get(store, key);
  assert_non_null(stored);
  assert_string_equal(stored, text);
  free(stored);
}

static void test_changes(void **state) {
  static const char before[] =
      "{\"zarr_format\": 2, \"shape\": [4], \"chunks\": [2], \"dtype\": \"<i2\", \"fill_value\": null, "
      "\"order\": \"C\", \"filters\": null, \"compressor\": null, \"Attr1\": [1, 2]}";
  static const char after[] =
      "{\n  \"zarr_format\": 2,\n  \"shape\": [\n    3\n  ],\n  \"chunks\": [\n    2\n  ],\n"
      "  \"dtype\": \"<i2\",\n  \"fill_value\": null,\n  \"order\": \"C\",\n  \"filters\": null,\n"
      "  \"compressor\": null,\n  \"Attr1\": [\n    1,\n    2\n  ]\n}";
  static const int64_t three[] = {3};
  int16_t numbers[4] = {0, 0, 0, 0};
  zarrc_array *array;
  (void)state;
  nodes_put(store, "c/.zarray", before);
  nodes_put(store, "c/.zattrs", "{\"a\": 1}");
  assert_int_equal(zarrc_array_open(store, "c", NULL, &array, NULL), ZARRC_OK);
  zarrc_view view = zarrc_view_c(zarrc_array_dtype(array), 1, zarrc_array_shape(array), numbers);
  assert_int_equal(zarrc_array_write(array, NULL, &view, NULL), ZARRC_OK);
  char *keys = nodes_keys(store); /* no fill value: chunks of zeros are stored */
  assert_string_equal(keys, "c/.zarray c/.zattrs c/0 c/1 ");
  free(keys);
  assert_int_equal(zarrc_array_set_attributes(array, "{\"b\": 2}", 8, NULL), ZARRC_OK);
  expect_document("c/.zarray", before);
  expect_document("c/.zattrs", "{\"b\": 2}");
  assert_int_equal(zarrc_array_resize(array, three, NULL), ZARRC_OK);
  expect_document("c/.zarray", after);
  expect_document("c/.zattrs", "{\"b\": 2}");
  assert_string_equal(zarrc_array_metadata(array), after);
  assert_string_equal(zarrc_array_attributes(array), "{\"b\": 2}");
  assert_int_equal(zarrc_array_check_current(array, NULL), ZARRC_OK);
  nodes_put(store, "c/.zarray", before);
  assert_int_equal(zarrc_array_check_current(array, NULL), ZARRC_OK); /* the same chunks, another shape */
  assert_int_equal(zarrc_store_erase(store, "c/.zarray", NULL), ZARRC_OK);
  assert_int_equal(zarrc_array_check_current(array, NULL), ZARRC_NOT_FOUND);
  assert_int_equal(zarrc_array_resize(array, three, NULL), ZARRC_NOT_FOUND);
  zarrc_array_close(array);
}

/* With allow_unknown everything but the elements of what is not known can be looked at. */
static void test_unknown(void **state) {
  static const char *const rows[][3] = {
      {"dtype", "\"<f16\"", "\"<f16\""},
      {"dtype", "[[\"a\", \"<i4\", [2]]]", "[[\"a\", \"<i4\", [2]]]"},
      {"dtype", "\"|O\"", "\"|O\""},
      {"compressor", "{\"id\": \"nobody's\"}", "\"int32\""},
      {"compressor", "{\"id\": \"delta\", \"dtype\": \"<i4\"}", "\"int32\""},
  };
  zarrc_array_options options = {.struct_size = sizeof options, .allow_unknown = true};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_array *array = NULL;
    zarrc_error error = {0};
    zarrc_buf text = zarrc_buf_new(ctx, 65536);
    put_zarray("u", rows[i][0], rows[i][1]);
    assert_int_equal(zarrc_array_open(store, "u", NULL, &array, NULL), ZARRC_UNSUPPORTED);
    if (zarrc_array_open(store, "u", &options, &array, &error)) fail_msg("%s: %s", rows[i][1], SAID(error));
    assert_int_equal(zarrc_array_check_readable(array, NULL), ZARRC_UNSUPPORTED);
    assert_string_equal(zarrc_array_data_type(array), rows[i][2]);
    assert_non_null(
        strstr(zarrc_array_codecs(array), rows[i][0][0] == 'c' ? (i == 3 ? "nobody's" : "delta") : "filters"));
    zarrc_array_close(array);
    zarrc_buf_clear(&text);
  }
}

static zarrc_status open_and_close(const zarrc_ctx_options *options, void *arg) {
  const char *const *documents = arg;
  zarrc_ctx *own;
  zarrc_store *memory = NULL;
  zarrc_array *array = NULL;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (status) return status;
  status = zarrc_memory_store_open(own, &memory, NULL);
  if (!status) status = zarrc_store_set(memory, "m/.zarray", documents[0], strlen(documents[0]), NULL);
  if (!status) status = zarrc_store_set(memory, "m/.zattrs", documents[1], strlen(documents[1]), NULL);
  if (!status) status = zarrc_array_open(memory, "m", NULL, &array, NULL);
  zarrc_array_close(array);
  zarrc_store_close(memory);
  zarrc_ctx_close(own);
  return status;
}

/* Every failure to take memory is reported, and nothing is lost. */
static void test_no_memory(void **state) {
  zarrc_ctx_options options = {.threads = 1};
  (void)state;
  put_zarray("m", "dtype", "[[\"a\", \">u2\"], [\"b\", \"|S2\"]]");
  char *document = nodes_get(store, "m/.zarray");
  memcpy(strstr(document, ": 7"), ": 0", 3);
  const char *documents[] = {document, "{\"_ARRAY_DIMENSIONS\": [\"x\", \"y\"]}"};
  print_message("%zu allocations\n", faulty_alloc_each(&options, open_and_close, documents));
  free(document);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_vectors, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_members, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_fill_values, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_bent_rules, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_dimension_names, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_large_attributes, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_names_that_are_set, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_names_with_nul, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_in_the_way, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_changes, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_unknown, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_no_memory, open_store, close_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
