/* SPDX-License-Identifier: MIT */
#include "support/vectors.h"
#include "base/endian.h"
#include "base/json.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool ok, const char *what, const char *id) {
  if (ok) return;
  fprintf(stderr, "vectors: %s: %s\n", id, what);
  abort();
}

static uint8_t *file_read(const char *path, size_t *n) {
  FILE *f = fopen(path, "rb");
  if (!f) return NULL;
  fseek(f, 0, SEEK_END);
  *n = (size_t)ftell(f);
  rewind(f);
  uint8_t *bytes = malloc(*n ? *n : 1);
  must(bytes && fread(bytes, 1, *n, f) == *n, "cannot be read", path);
  fclose(f);
  return bytes;
}

static char *text_of(const zarrc_json *value) {
  size_t n;
  if (!value) return NULL;
  const char *text = zarrc_json_text(value, &n);
  return strndup(text, n);
}

static bool names_known(const zarrc_json *codecs, const char *const *known) {
  for (size_t i = 0; i < zarrc_json_length(codecs); i++) {
    const zarrc_json *codec = zarrc_json_at(codecs, i), *configuration = zarrc_json_get(codec, "configuration");
    bool found = false;
    for (const char *const *name = known; *name; name++)
      if (zarrc_json_string_is(zarrc_json_get(codec, "name"), *name)) found = true;
    if (!found || !names_known(zarrc_json_get(configuration, "codecs"), known) ||
        !names_known(zarrc_json_get(configuration, "index_codecs"), known))
      return false;
  }
  return true;
}

size_t vector_nbytes(const vector_case *c) {
  return (size_t)zarrc_spec_nitems(&c->spec) * c->spec.dtype.item_size;
}

bool vector_same(const vector_case *c, const void *a, const void *b) {
  if (!zarrc_dtype_is_variable(&c->spec.dtype)) return memcmp(a, b, vector_nbytes(c)) == 0;
  const zarrc_text *x = a, *y = b;
  for (int64_t i = 0; i < zarrc_spec_nitems(&c->spec); i++)
    if (x[i].len != y[i].len || (x[i].len && memcmp(x[i].ptr, y[i].ptr, x[i].len) != 0)) return false;
  return true;
}

/* decoded.bin is little-endian, or length and bytes of each element. */
static void elements_make(vector_case *c) {
  size_t n = vector_nbytes(c);
  c->elements = calloc(n ? n : 1, 1);
  if (zarrc_dtype_is_variable(&c->spec.dtype)) {
    zarrc_text *text = c->elements;
    const uint8_t *p = c->decoded;
    for (int64_t i = 0; i < zarrc_spec_nitems(&c->spec); i++) {
      text[i] = (zarrc_text){p + 4, zarrc_load_le32(p)};
      p += 4 + text[i].len;
    }
    must(p == c->decoded + c->decoded_nbytes, "decoded.bin has another size", c->id);
    return;
  }
  must(c->decoded_nbytes == n, "decoded.bin has another size", c->id);
  zarrc_dtype little = c->spec.dtype;
  little.endian = ZARRC_LITTLE;
  zarrc_view from = zarrc_view_c(&little, c->spec.ndim, c->spec.shape, c->decoded);
  zarrc_view to = zarrc_view_c(&c->spec.dtype, c->spec.ndim, c->spec.shape, c->elements);
  zarrc_copy(&to, &from);
}

static void options_parse(vector_case *c, const zarrc_json *root) {
  static const char *const orders[] = {"morton", "lexicographic", "colexicographic", "unordered"};
  for (int i = 0; i < 4; i++)
    if (zarrc_json_string_is(zarrc_json_get(root, "subchunk_write_order"), orders[i]))
      c->spec.options.subchunk_order = (zarrc_subchunk_order)i;
  zarrc_json_get_bool(zarrc_json_get(root, "write_empty_chunks"), &c->spec.options.write_empty_chunks);
}

static bool case_load(zarrc_ctx *ctx, const char *folder, const char *id, const char *const *codecs, vector_case *c) {
  char path[4096];
  size_t n;
  zarrc_error error;
  zarrc_json_doc *doc;
  memset(c, 0, sizeof *c);
  snprintf(c->id, sizeof c->id, "%s", id);
  snprintf(path, sizeof path, "%s/%s/cases/%s/case.json", ZARRC_TEST_DATA, folder, id);
  char *text = (char *)file_read(path, &n);
  must(text && zarrc_json_parse(ctx, text, n, NULL, &doc, &error) == ZARRC_OK, "case.json", id);
  free(text);
  const zarrc_json *about = zarrc_json_root(doc), *root = zarrc_json_get(about, "metadata");
  if (!root) root = about;
  if (codecs && !names_known(zarrc_json_get(root, "codecs"), codecs)) {
    zarrc_json_close(doc);
    return false;
  }
  snprintf(c->kind, sizeof c->kind, "%s", zarrc_json_get_string(zarrc_json_get(about, "kind"), &n));
  c->byte_exact = zarrc_json_string_is(zarrc_json_get(about, "byte_exact"), "required");
  c->accept = zarrc_json_string_is(zarrc_json_get(about, "recommended"), "accept");
  c->encoded_size = -1;
  zarrc_json_get_int64(zarrc_json_get(root, "compute_encoded_size"), &c->encoded_size);
  c->codecs = text_of(zarrc_json_get(root, "codecs"));
  c->codecs_input = text_of(zarrc_json_get(root, "codecs_input"));
  if (!c->codecs_input) c->codecs_input = strdup(c->codecs);
  text = text_of(zarrc_json_get(root, "data_type"));
  must(zarrc_dtype_open(ctx, text, strlen(text), &c->spec.dtype, &error) == ZARRC_OK, error.message, id);
  free(text);
  const zarrc_json *grid = zarrc_json_get(zarrc_json_get(root, "chunk_grid"), "configuration");
  const zarrc_json *shape = zarrc_json_get(grid ? grid : root, "chunk_shape");
  c->spec.ndim = (int)zarrc_json_length(shape);
  for (int i = 0; i < c->spec.ndim; i++)
    must(zarrc_json_get_int64(zarrc_json_at(shape, (size_t)i), &c->spec.shape[i]), "chunk_shape", id);
  must(zarrc_arena_open(ctx, &c->arena, &error) == ZARRC_OK, "arena", id);
  c->fill = calloc(1, c->spec.dtype.item_size);
  text = text_of(zarrc_json_get(root, "fill_value"));
  must(zarrc_fill_from_json(ctx, &c->spec.dtype, text, strlen(text), true, c->arena, c->fill, &error) == ZARRC_OK,
       error.message, id);
  free(text);
  c->spec.fill = c->fill;
  options_parse(c, root);
  zarrc_json_close(doc);
  snprintf(path, sizeof path, "%s/%s/cases/%s/decoded.bin", ZARRC_TEST_DATA, folder, id);
  c->decoded = file_read(path, &c->decoded_nbytes);
  snprintf(path, sizeof path, "%s/%s/cases/%s/encoded.bin", ZARRC_TEST_DATA, folder, id);
  c->encoded = file_read(path, &c->encoded_nbytes);
  if (c->decoded) elements_make(c);
  return true;
}

static void case_free(vector_case *c) {
  zarrc_dtype_close(&c->spec.dtype);
  zarrc_arena_close(c->arena);
  free(c->codecs);
  free(c->codecs_input);
  free(c->fill);
  free(c->decoded);
  free(c->encoded);
  free(c->elements);
}

static int visible(const struct dirent *entry) {
  return entry->d_name[0] != '.';
}

size_t vectors_each_of(zarrc_ctx *ctx, const char *folder, const char *const *codecs,
                       void (*fn)(zarrc_ctx *ctx, const vector_case *c)) {
  char path[4096];
  struct dirent **entries;
  snprintf(path, sizeof path, "%s/%s/cases", ZARRC_TEST_DATA, folder);
  int n = scandir(path, &entries, visible, alphasort);
  size_t count = 0;
  must(n > 0, "no cases", ZARRC_TEST_DATA);
  for (int i = 0; i < n; i++) {
    vector_case c;
    if (case_load(ctx, folder, entries[i]->d_name, codecs, &c)) {
      fn(ctx, &c);
      case_free(&c);
      count++;
    }
    free(entries[i]);
  }
  free(entries);
  return count;
}

size_t vectors_each(zarrc_ctx *ctx, const char *const *codecs, void (*fn)(zarrc_ctx *ctx, const vector_case *c)) {
  return vectors_each_of(ctx, "vectors", codecs, fn);
}
