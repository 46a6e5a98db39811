/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/document.h"
#include "array/metadata.h"
#include "support/documents.h"
#include "support/faulty_alloc.h"
#include "support/files.h"
#include "support/needs.h"
#include "support/nodes.h"
#include "support/said.h"

#include <stdlib.h>
#include <string.h>

static zarrc_ctx *ctx;

static int open_ctx(void **state) {
  (void)state;
  return zarrc_ctx_open(NULL, &ctx, NULL);
}

static int close_ctx(void **state) {
  (void)state;
  zarrc_ctx_close(ctx);
  return 0;
}

/* ------------------------------------------------------------------------------------ the table of zarr-python */

/* Rows in which semantics.md recommends another side than zarr-python's. */
typedef struct exception {
  const char *label;
  zarrc_status status;
  const char *canonical; /* if accepted: NULL: that of the row */
  const char *reason;
} exception;

#define CANONICAL(type, grid, fill, codecs)                                                                            \
  "{\"shape\": [4, 6], \"data_type\": " type ", \"chunk_grid\": " grid                                                 \
  ", \"chunk_key_encoding\": {\"name\": \"default\", \"configuration\": {\"separator\": \"/\"}}, "                     \
  "\"fill_value\": " fill ", \"codecs\": " codecs                                                                      \
  ", \"attributes\": {}, \"zarr_format\": 3, \"node_type\": \"array\", \"storage_transformers\": []}"
#define GRID   "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [2, 3]}}"
#define LITTLE "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]"

static const exception exceptions[] = {
    {"cke-string", ZARRC_OK, CANONICAL("\"int32\"", GRID, "0", LITTLE),
     "the specification allows an extension without configuration to be its bare name: accept, emit the object"},
    {"dtype-object-form", ZARRC_OK, CANONICAL("\"int32\"", GRID, "0", LITTLE),
     "section 4: the specification allows the object form of core types: accept, emit the string"},
    {"dtype-bytes-alias", ZARRC_OK,
     CANONICAL("\"bytes\"", GRID, "\"\"", "[{\"name\": \"vlen-bytes\", \"configuration\": {}}]"),
     "section 6: of the two names of the type, emit the registry's, which zarr-python reads too"},
    {"rectilinear-off", ZARRC_OK,
     CANONICAL(
         "\"int32\"",
         "{\"name\": \"rectilinear\", \"configuration\": {\"kind\": \"inline\", \"chunk_shapes\": [2, [[3, 2]]]}}", "0",
         LITTLE),
     "there is no switch to turn rectilinear grids off"},
    {"grid-zero", ZARRC_INVALID_METADATA, NULL,
     "the specification wants chunk edges above 0: as 1, chunks would be written that no stricter reader finds"},
    {"st-unknown", ZARRC_UNSUPPORTED, NULL, "section 6: an unknown storage transformer must fail"},
    {"codecs-bytes-transpose", ZARRC_INVALID_METADATA, NULL,
     "appendix C (!): the order of the chain is checked when the array is opened"},
};

static const exception *find_exception(const char *label) {
  for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
    if (!strcmp(exceptions[i].label, label)) return &exceptions[i];
  return NULL;
}

static char *lay_out(const char *json, size_t n) {
  zarrc_buf buf = zarrc_buf_new(ctx, 1 << 20), line = zarrc_buf_new(ctx, 1 << 20);
  assert_int_equal(zarrc_json_layout(&line, json, n, NULL), ZARRC_OK);
  assert_int_equal(zarrc_json_indent(&buf, (char *)line.ptr, line.len, 2, NULL), ZARRC_OK);
  zarrc_buf_clear(&line);
  char *text = strndup((const char *)buf.ptr, buf.len);
  zarrc_buf_clear(&buf);
  return text;
}

static void check_row(const zarrc_json *row, size_t *naccepted, size_t *nexceptions) {
  size_t n;
  const char *label = zarrc_json_get_string(zarrc_json_get(row, "label"), &n);
  const zarrc_json *theirs = zarrc_json_get(row, "zarr_python"), *canonical = zarrc_json_get(theirs, "canonical");
  const exception *x = find_exception(label);
  zarrc_metadata *m = NULL;
  zarrc_error error = {0};
  bool ok = false;
  const char *text = zarrc_json_text(zarrc_json_get(row, "document"), &n);
  zarrc_status status = zarrc_metadata_open(ctx, DOCUMENTS(text, n), NULL, &m, &error);
  assert_true(zarrc_json_get_bool(zarrc_json_get(theirs, "ok"), &ok));
  if (x) {
    (*nexceptions)++;
    if (status != x->status) fail_msg("%s: %s (%s)", label, SAID(error), x->reason);
    if (ok == (status == ZARRC_OK)) assert_non_null(x->canonical); /* else it is no exception */
  } else if (ok != (status == ZARRC_OK)) {
    fail_msg("%s: %s", label, ok ? SAID(error) : "must be refused");
  }
  if (status) {
    assert_true(SAID(error)[0] != 0);
    return;
  }
  (*naccepted)++;
  const char *wanted = x ? x->canonical : zarrc_json_text(canonical, &n);
  char *laid = lay_out(wanted, x ? strlen(wanted) : n);
  assert_string_equal(m->text, laid);
  free(laid);
  zarrc_metadata_close(m);
}

static void test_table(void **state) {
  size_t n, naccepted = 0, nexceptions = 0;
  char *text = (char *)data_read("metadata/array_json.json", &n);
  zarrc_json_doc *doc;
  (void)state;
  assert_int_equal(zarrc_json_parse(ctx, text, n, NULL, &doc, NULL), ZARRC_OK);
  size_t nrows = zarrc_json_length(zarrc_json_root(doc));
  for (size_t i = 0; i < nrows; i++) check_row(zarrc_json_at(zarrc_json_root(doc), i), &naccepted, &nexceptions);
  print_message("array_json.json: %zu rows, %zu accepted with the canonical document, %zu refused; %zu exceptions\n",
                nrows, naccepted, nrows - naccepted, nexceptions);
  assert_int_equal(nrows, 47);
  assert_int_equal(nexceptions, sizeof exceptions / sizeof *exceptions);
  zarrc_json_close(doc);
  free(text);
}

/* ----------------------------------------------------------------------------------------------- single members */

/* One member changed: the status, and what must stand in the canonical document or in the message. */
static void check_member(const char *member, const char *json, bool strict, zarrc_status expected, const char *part) {
  char *document = nodes_document(member, json, NULL);
  zarrc_array_options options = {.strict = strict};
  zarrc_metadata *m = NULL;
  zarrc_error error = {0};
  zarrc_status status = zarrc_metadata_open(ctx, DOCUMENTS(document, strlen(document)), &options, &m, &error);
  if (status != expected) fail_msg("%s %s: %s", member, json, status ? SAID(error) : "accepted");
  if (part && !strstr(status ? SAID(error) : m->text, part))
    fail_msg("%s %s: %s", member, json, status ? SAID(error) : m->text);
  zarrc_metadata_close(m);
  free(document);
}

static void test_mandatory(void **state) {
  static const char *const names[] = {"zarr_format", "node_type",          "shape",      "data_type",
                                      "chunk_grid",  "chunk_key_encoding", "fill_value", "codecs"};
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    check_member(names[i], NULL, false, ZARRC_INVALID_METADATA, names[i]);
  check_member("attributes", NULL, true, ZARRC_OK, "\"attributes\": {}");
}

static void test_shape(void **state) {
  (void)state;
  check_member("shape", "[0, 6]", true, ZARRC_OK, NULL);
  check_member("shape", "[9223372036854775807, 9223372036854775807]", true, ZARRC_OK, NULL);
  check_member("shape", "[-1, 6]", false, ZARRC_INVALID_METADATA, "/shape/0");
  check_member("shape", "[4, 6.0]", false, ZARRC_INVALID_METADATA, "/shape/1");
  check_member("shape", "[4, true]", false, ZARRC_INVALID_METADATA, "/shape/1: must be an integer, not a boolean");
  check_member("shape", "[4, \"6\"]", false, ZARRC_INVALID_METADATA, "/shape/1");
  check_member("shape", "[4, 9223372036854775808]", false, ZARRC_INVALID_METADATA, "/shape/1");
  check_member("shape", "[4, 1e3]", false, ZARRC_INVALID_METADATA, "/shape/1");
  check_member("shape", "24", false, ZARRC_INVALID_METADATA, "/shape");
  check_member("shape", "null", false, ZARRC_INVALID_METADATA, "/shape");
  check_member("shape", "{\"0\": 4, \"1\": 6}", false, ZARRC_INVALID_METADATA, "/shape");
}

static void test_rank(void **state) {
  (void)state;
  for (int ndim = 31; ndim <= 34; ndim++) {
    char sizes[128] = "[1";
    char grid[256] = "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": ";
    for (int i = 1; i < ndim; i++) strcat(sizes, ",1");
    strcat(sizes, "]");
    strcat(strcat(grid, sizes), "}}");
    char *document = nodes_document("shape", sizes, "chunk_grid", grid, NULL);
    zarrc_metadata *m = NULL;
    assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(document, strlen(document)), NULL, &m, NULL),
                     ndim <= ZARRC_MAX_NDIM ? ZARRC_OK : ZARRC_LIMIT);
    zarrc_metadata_close(m);
    free(document);
  }
}

static void test_grid_members(void **state) {
#define SIZES(a, b) "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": [" a ", " b "]}}"
  (void)state;
  check_member("chunk_grid", SIZES("0", "3"), false, ZARRC_INVALID_METADATA, "chunk_shape/0");
  check_member("chunk_grid", SIZES("0", "3"), true, ZARRC_INVALID_METADATA, "chunk_shape/0");
  check_member("chunk_grid", SIZES("4611686018427387904", "2"), true, ZARRC_INVALID_METADATA, "2^63-1 bytes");
  check_member("chunk_grid", SIZES("2305843009213693952", "1"), true, ZARRC_INVALID_METADATA, "2^63-1 bytes");
}

/* A chunk that no memory could hold is legal; nothing of its size is taken. */
static void test_huge_chunk(void **state) {
  char *document =
      nodes_document("chunk_grid", SIZES("1152921504606846975", "1"), "shape", "[1152921504606846975, 1]", NULL);
  zarrc_metadata *m = NULL;
  (void)state;
  uint64_t before = zarrc_ctx_memory_peak(ctx);
  assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(document, strlen(document)), NULL, &m, NULL), ZARRC_OK);
  assert_true(zarrc_ctx_memory_peak(ctx) - before < 1 << 20);
  zarrc_metadata_close(m);
  free(document);
}

static void test_fill_members(void **state) {
  (void)state;
  check_member("fill_value", "-7", true, ZARRC_OK, "\"fill_value\": -7");
  check_member("fill_value", "\"-7\"", false, ZARRC_OK, "\"fill_value\": -7");
  check_member("fill_value", "\"-7\"", true, ZARRC_INVALID_METADATA, "/fill_value: ");
  check_member("fill_value", "null", false, ZARRC_INVALID_METADATA, "/fill_value");
  check_member("fill_value", "2147483648", false, ZARRC_INVALID_METADATA, "/fill_value: ");
  check_member("fill_value", "NaN", false, ZARRC_INVALID_METADATA, "expected an integer");
}

static void test_item_size(void **state) {
  static const struct {
    const char *type;
    zarrc_status status;
  } rows[] = {{"{\"name\": \"raw_bytes\", \"configuration\": {\"length_bytes\": 1048576}}", ZARRC_OK},
              {"{\"name\": \"raw_bytes\", \"configuration\": {\"length_bytes\": 1048577}}", ZARRC_LIMIT},
              {"{\"name\": \"raw_bytes\", \"configuration\": {\"length_bytes\": 4294967295}}", ZARRC_LIMIT}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char *document =
        nodes_document("data_type", rows[i].type, "fill_value", "\"\"", "codecs", "[{\"name\": \"bytes\"}]", NULL);
    zarrc_metadata *m = NULL;
    assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(document, strlen(document)), NULL, &m, NULL), rows[i].status);
    zarrc_metadata_close(m);
    free(document);
  }
}

/* The table's row "dtype-r16" stays refused for its fill value, 0; the type of the core specification is read. */
static void test_raw_bits(void **state) {
  char *document = nodes_document("data_type", "\"r16\"", "fill_value", "[1, 255]", "codecs", "[\"bytes\"]", NULL);
  zarrc_metadata *m = NULL;
  (void)state;
  assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(document, strlen(document)), NULL, &m, NULL), ZARRC_OK);
  assert_int_equal(m->dtype.item_size, 2);
  assert_memory_equal(m->fill, "\x01\xff", 2);
  zarrc_metadata_close(m);
  free(document);
}

static void test_codec_members(void **state) {
  needs_codec("blosc");
  (void)state;
  check_member("codecs", "[]", false, ZARRC_INVALID_METADATA, "/codecs: ");
  check_member("codecs", "{}", false, ZARRC_INVALID_METADATA, "/codecs: ");
  check_member("codecs", "[\"bytes\"]", false, ZARRC_INVALID_METADATA, "endian");
  check_member("codecs", "[{\"name\": \"gzip\", \"configuration\": {\"level\": 1}}]", false, ZARRC_INVALID_METADATA,
               "/codecs: ");
  check_member("codecs", "[{\"name\": \"zzz\"}]", false, ZARRC_UNSUPPORTED, "zzz");
  check_member("codecs", "[{\"name\": \"vlen-utf8\"}]", false, ZARRC_INVALID_METADATA, "/codecs: ");
  check_member("codecs",
               "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}, {\"name\": \"blosc\", "
               "\"configuration\": {\"cname\": \"lz4\", \"clevel\": 5, \"shuffle\": \"noshuffle\", \"blocksize\": 0}}]",
               true, ZARRC_OK, "\"typesize\": 4,");
  check_member("codecs",
               "[{\"name\": \"transpose\", \"configuration\": {\"order\": [0, 1, 2]}}, {\"name\": \"bytes\", "
               "\"configuration\": {\"endian\": \"little\"}}]",
               false, ZARRC_INVALID_METADATA, "transpose");
}

#define SHARD(inner)                                                                                                   \
  "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": " inner                                      \
  ", \"codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}], \"index_codecs\": "             \
  "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}, {\"name\": \"crc32c\"}]}}]"

static void test_shards(void **state) {
  (void)state;
  char *document = nodes_document("chunk_grid", SIZES("4", "3"), "codecs", SHARD("[2, 3]"), NULL);
  zarrc_metadata *m = NULL;
  assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(document, strlen(document)), NULL, &m, NULL), ZARRC_OK);
  assert_int_equal(m->layout.nlevels, 1);
  assert_int_equal(m->layout.level[0].chunk_shape[0], 2);
  assert_int_equal(m->layout.level[0].chunk_shape[1], 3);
  zarrc_metadata_close(m);
  free(document);
  document = nodes_document("codecs",
                            "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2, 3], "
                            "\"codecs\": " SHARD("[1, 3]") "}}]",
                            NULL);
  assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(document, strlen(document)), NULL, &m, NULL), ZARRC_OK);
  assert_int_equal(m->layout.nlevels, 2);
  assert_int_equal(m->layout.level[0].chunk_shape[0], 2);
  assert_int_equal(m->layout.level[1].chunk_shape[0], 1);
  assert_int_equal(m->layout.level[1].chunk_shape[1], 3);
  zarrc_metadata_close(m);
  free(document);
  check_member("codecs", SHARD("[2, 2]"), false, ZARRC_INVALID_METADATA, "/codecs: ");
  check_member("codecs", SHARD("[2]"), false, ZARRC_INVALID_METADATA, "/codecs: ");
  /* every edge of a rectilinear grid must be divisible, not only the first */
  static const char *const lists[] = {"[2, [3, 6, 9]]", "[2, [3, 6, 7]]", "[2, [[3, 2], 4]]", "[3, 3]"};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    char grid[128] = "{\"name\": \"rectilinear\", \"configuration\": {\"kind\": \"inline\", \"chunk_shapes\": ";
    strcat(strcat(grid, lists[i]), "}}");
    document = nodes_document("chunk_grid", grid, "codecs", SHARD("[2, 3]"), NULL);
    m = NULL;
    assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(document, strlen(document)), NULL, &m, NULL),
                     i == 0 ? ZARRC_OK : ZARRC_INVALID_METADATA);
    zarrc_metadata_close(m);
    free(document);
  }
}

static void test_other_members(void **state) {
  (void)state;
  check_member("dimension_names", "[\"x\", \"x\"]", true, ZARRC_OK, "\"x\",\n    \"x\"");
  check_member("dimension_names", "[null, \"\"]", true, ZARRC_OK, "null,\n    \"\"");
  check_member("dimension_names", "[\"\\u00e4\\u0000b\", null]", true, ZARRC_OK, "\"\\u00e4\\u0000b\"");
  check_member("dimension_names", "[]", false, ZARRC_INVALID_METADATA, "/dimension_names");
  check_member("dimension_names", "[\"x\", 1]", false, ZARRC_INVALID_METADATA, "/dimension_names/1");
  check_member("dimension_names", "\"xy\"", false, ZARRC_INVALID_METADATA, "/dimension_names");
  check_member("storage_transformers", "null", false, ZARRC_OK, "\"storage_transformers\": []");
  check_member("storage_transformers", "{}", false, ZARRC_INVALID_METADATA, "/storage_transformers");
  check_member("storage_transformers", "[1]", false, ZARRC_UNSUPPORTED, "/storage_transformers");
  check_member("x", "{\"must_understand\": false, \"y\": 1.50}", true, ZARRC_OK,
               ",\n  \"x\": {\"must_understand\": false, \"y\": 1.50}\n}");
  check_member("x", "{\"must_understand\": true}", false, ZARRC_UNSUPPORTED, "/x: ");
  check_member("node_type", "\"group\"", false, ZARRC_INVALID_ARGUMENT, "a group, not an array");
}

/* --------------------------------------------------------------------------------------------- hostile documents */

static const char rich[] =
    "{\"zarr_format\": 3, \"node_type\": \"array\", \"shape\": [4, 6], \"data_type\": \"string\", \"chunk_grid\": "
    "{\"name\": \"rectilinear\", \"configuration\": {\"kind\": \"inline\", \"chunk_shapes\": [2, [[3, 2]]]}}, "
    "\"chunk_key_encoding\": {\"name\": \"v2\"}, \"fill_value\": \"\\u00e4b\", \"codecs\": [{\"name\": \"transpose\", "
    "\"configuration\": {\"order\": [1, 0]}}, \"vlen-utf8\", {\"name\": \"gzip\", \"configuration\": {\"level\": 1}}], "
    "\"attributes\": {\"a\": NaN}, \"dimension_names\": [\"x\", null], \"e\": {\"must_understand\": false}}";

/* Every beginning of a document is refused; every change of one byte is refused or understood. */
static void test_truncated_and_flipped(void **state) {
  needs_codec("gzip");
  size_t n = sizeof rich - 1, naccepted = 0;
  zarrc_metadata *m;
  (void)state;
  for (size_t cut = 0; cut <= n; cut++) {
    char *text = malloc(cut);
    assert_true(text || cut == 0);
    if (cut) memcpy(text, rich, cut);
    m = NULL;
    zarrc_error error = {0};
    zarrc_status status = zarrc_metadata_open(ctx, DOCUMENTS(text, cut), NULL, &m, &error);
    assert_int_equal(status, cut < n ? ZARRC_INVALID_METADATA : ZARRC_OK);
    assert_int_equal(error.code, status);
    zarrc_metadata_close(m);
    free(text);
  }
  for (size_t at = 0; at < n; at++) {
    static const char others[] = {0, '"', '{', ']', '0', '9', '-', ',', 'z', (char)0xff};
    for (size_t k = 0; k < sizeof others; k++) {
      char *text = malloc(n);
      assert_non_null(text);
      memcpy(text, rich, n);
      text[at] = others[k];
      m = NULL;
      zarrc_error error = {0};
      zarrc_status status = zarrc_metadata_open(ctx, DOCUMENTS(text, n), NULL, &m, &error);
      assert_int_equal(error.code, status);
      if (status) assert_true(SAID(error)[0] != 0);
      naccepted += status == ZARRC_OK;
      zarrc_metadata_close(m);
      free(text);
    }
  }
  print_message("%zu truncations refused; of %zu changed bytes %zu understood\n", n, n * 10, naccepted);
}

/* -------------------------------------------------------------------------------------------------------- changes */

/* ---------------------------------------------------------------------------------------------- long documents */

/* Counts the bytes that are asked for, however soon they are given back. */
static uint64_t asked;

static void *counting_resize(void *ud, void *p, size_t old_size, size_t size, size_t align) {
  (void)ud;
  asked += size;
  void *fresh = NULL;
  if (size > 0 && posix_memalign(&fresh, align, size)) return NULL;
  if (p && fresh) memcpy(fresh, p, old_size < size ? old_size : size);
  free(p);
  return fresh;
}

/* A list of codecs with `nlevels` shards in one another, and n times `filler` around the innermost. */
static char *nested_codecs(int nlevels, const char *filler, size_t n) {
  static const char shard[] =
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2, 3], \"codecs\": ";
  size_t one = strlen(filler), room = (size_t)nlevels * (sizeof shard + 4) + n * one + 64;
  char *text = malloc(room), *p = text;
  for (int i = 0; i < nlevels; i++) p = stpcpy(p, shard);
  p = stpcpy(p, "[");
  for (size_t i = 0; i < n; i++) {
    memcpy(p, filler, one);
    p += one;
  }
  p = stpcpy(p, "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]");
  for (int i = 0; i < nlevels; i++) p = stpcpy(p, "}}]");
  return text;
}

/* Opens such a document and returns how many bytes of memory were asked for, for each byte of it. */
static double asked_per_byte(int nlevels, const char *filler, size_t n, zarrc_status expected, const char *message) {
  zarrc_ctx_options options = {.alloc = {.resize = counting_resize}, .threads = 1};
  char *codecs = nested_codecs(nlevels, filler, n), *document = nodes_document("codecs", codecs, NULL);
  zarrc_metadata *m = NULL;
  zarrc_error error = {0};
  zarrc_ctx *own;
  assert_int_equal(zarrc_ctx_open(&options, &own, NULL), ZARRC_OK);
  size_t nbytes = strlen(document);
  asked = 0;
  zarrc_status status = zarrc_metadata_open(own, DOCUMENTS(document, nbytes), NULL, &m, &error);
  double each = (double)asked / (double)nbytes;
  if (status != expected || (message && !strstr(SAID(error), message)))
    fail_msg("%d levels, %zu x \"%s\": %s", nlevels, n, filler, SAID(error));
  zarrc_metadata_close(m);
  zarrc_ctx_close(own);
  free(document);
  free(codecs);
  return each;
}

/* Work and memory go by the length of a document, not by the depth of its shards. */
static void test_long_codecs(void **state) {
  (void)state;
  enum { BLANKS = 900000 };
  double flat = asked_per_byte(1, " ", BLANKS, ZARRC_OK, NULL);
  double deep = asked_per_byte(ZARRC_MAX_NESTING, " ", BLANKS, ZARRC_OK, NULL);
  print_message("bytes of memory for each byte of the document: %.1f, and %.1f under %d shards\n", flat, deep,
                ZARRC_MAX_NESTING);
  assert_true(deep < 1.5 * flat);
  assert_true(deep < 16);
  /* beyond the limit of the text: refused before any codec is opened */
  assert_true(asked_per_byte(ZARRC_MAX_NESTING, " ", 8000000, ZARRC_LIMIT, "/codecs: ") < 4);
  assert_true(asked_per_byte(15, "\"crc32c\",", 300000, ZARRC_LIMIT, "/codecs: ") < 32);
  /* within it: refused for their number, before any of them is opened */
  assert_true(asked_per_byte(1, "\"crc32c\",", 80000, ZARRC_LIMIT, "80001 codecs in one chain") < 80);
  assert_true(asked_per_byte(15, "\"crc32c\",", 80000, ZARRC_LIMIT, NULL) < 80);
  asked_per_byte(ZARRC_MAX_NESTING + 1, " ", 1, ZARRC_LIMIT, NULL);
}

static void test_changes(void **state) {
  needs_codec("gzip");
  static const int64_t shape[] = {7, 9};
  zarrc_metadata *m = NULL, *other = NULL;
  bool same = false;
  (void)state;
  assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(rich, sizeof rich - 1), NULL, &m, NULL), ZARRC_OK);
  assert_int_equal(zarrc_metadata_set_shape(m, shape, NULL), ZARRC_OK);
  assert_non_null(strstr(m->text, "\"shape\": [\n    7,\n    9\n  ]"));
  assert_int_equal(m->grid.axes[1].nedges, 3);
  assert_int_equal(zarrc_metadata_set_attributes(m, "{\"b\": 1}", 8, NULL), ZARRC_OK);
  assert_non_null(strstr(m->text, "\"attributes\": {\"b\": 1},"));
  assert_int_equal(zarrc_metadata_set_attributes(m, "[]", 2, NULL), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(m->attributes, "{\"b\": 1}");
  /* what was written is what is read */
  assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(m->text, strlen(m->text)), NULL, &other, NULL), ZARRC_OK);
  assert_string_equal(m->text, other->text);
  zarrc_metadata_close(other);
  /* a new shape and new attributes make no other chunks; a new fill value does */
  assert_int_equal(zarrc_metadata_open(ctx, DOCUMENTS(rich, sizeof rich - 1), NULL, &other, NULL), ZARRC_OK);
  assert_int_equal(zarrc_metadata_same_chunks(m, other, &same, NULL), ZARRC_OK);
  assert_true(same);
  other->fill_value[1]++;
  assert_int_equal(zarrc_metadata_same_chunks(m, other, &same, NULL), ZARRC_OK);
  assert_false(same);
  zarrc_metadata_close(other);
  zarrc_metadata_close(m);
}

static zarrc_status open_and_change(const zarrc_ctx_options *options, void *arg) {
  static const int64_t shape[] = {7, 9};
  zarrc_ctx *own;
  zarrc_metadata *m = NULL;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &own, NULL);
  if (status) return status;
  status = zarrc_metadata_open(own, DOCUMENTS(rich, sizeof rich - 1), NULL, &m, NULL);
  if (!status) status = zarrc_metadata_set_shape(m, shape, NULL);
  if (!status) status = zarrc_metadata_set_attributes(m, "{}", 2, NULL);
  zarrc_metadata_close(m);
  zarrc_ctx_close(own);
  return status;
}

static void test_no_memory(void **state) {
  needs_codec("gzip");
  needs_codec("zstd");
  needs_codec("blosc");
  (void)state;
  print_message("%zu allocations\n", faulty_alloc_each(NULL, open_and_change, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table),
      cmocka_unit_test(test_mandatory),
      cmocka_unit_test(test_shape),
      cmocka_unit_test(test_rank),
      cmocka_unit_test(test_grid_members),
      cmocka_unit_test(test_huge_chunk),
      cmocka_unit_test(test_fill_members),
      cmocka_unit_test(test_item_size),
      cmocka_unit_test(test_raw_bits),
      cmocka_unit_test(test_codec_members),
      cmocka_unit_test(test_shards),
      cmocka_unit_test(test_other_members),
      cmocka_unit_test(test_truncated_and_flipped),
      cmocka_unit_test(test_long_codecs),
      cmocka_unit_test(test_changes),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
