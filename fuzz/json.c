/* SPDX-License-Identifier: MIT */
/* The first byte says what is asked for, the rest is JSON. */
#include "base/json.h"
#include "fuzz.h"

static zarrc_buf parsed_buf(zarrc_ctx *ctx) {
  return zarrc_buf_new(ctx, 32 << 20);
}

static void check_integer(const zarrc_json *value, double number) {
  int64_t i = 0;
  uint64_t u = 0;
  bool is_signed = zarrc_json_get_int64(value, &i), is_unsigned = zarrc_json_get_uint64(value, &u);
  must(!is_signed || (double)i == number);
  must(!is_unsigned || (double)u == number);
  must(!is_signed || !is_unsigned || (uint64_t)i == u);
  must(!is_signed || is_unsigned == (i >= 0));
}

/* A scalar, written, and read once more. */
static void check_scalar(zarrc_ctx *ctx, const zarrc_json *value) {
  size_t n = 0, m = 0;
  double number = 0, again = 0;
  const char *string = zarrc_json_get_string(value, &n);
  bool is_number = zarrc_json_get_double(value, &number);
  if (zarrc_json_is(value, ZARRC_JSON_INTEGER)) check_integer(value, number);
  if (!string && !(is_number && number - number == 0)) return;
  zarrc_buf out = parsed_buf(ctx);
  zarrc_json_doc *doc;
  must(!(string ? zarrc_json_put_string(&out, string, n, NULL) : zarrc_json_put_double(&out, number, NULL)));
  must(!zarrc_json_parse(ctx, (const char *)out.ptr, out.len, NULL, &doc, NULL));
  const zarrc_json *root = zarrc_json_root(doc);
  if (string) {
    const char *same = zarrc_json_get_string(root, &m);
    must(same && m == n && !memcmp(same, string, n));
  } else {
    must(zarrc_json_get_double(root, &again) && !memcmp(&number, &again, sizeof again));
  }
  zarrc_json_close(doc);
  zarrc_buf_clear(&out);
}

/* A key that holds a NUL may name nothing, or another member. */
static void check_key(const zarrc_json *object, const char *key) {
  const zarrc_json *found = zarrc_json_get(object, key);
  size_t i = 0;
  if (!found) return;
  while (zarrc_json_at(object, i) != found) must(++i < zarrc_json_length(object));
  must(!strcmp(zarrc_json_key(object, i), key));
}

static void check_same(zarrc_ctx *ctx, const zarrc_json *a, const zarrc_json *b, int *scalars) {
  size_t n = 0, m = 0;
  must(zarrc_json_get_kind(a) == zarrc_json_get_kind(b) && zarrc_json_length(a) == zarrc_json_length(b));
  bool container = zarrc_json_is(a, ZARRC_JSON_ARRAY) || zarrc_json_is(a, ZARRC_JSON_OBJECT);
  if (!container) {
    const char *x = zarrc_json_text(a, &n), *y = zarrc_json_text(b, &m);
    must(n == m && !memcmp(x, y, n));
    if (*scalars > 0 && (*scalars)--) check_scalar(ctx, a);
  }
  for (size_t i = 0; i < zarrc_json_length(a); i++) {
    const char *key = zarrc_json_key(a, i), *same = zarrc_json_key(b, i);
    must(!key == !same && zarrc_json_is(a, ZARRC_JSON_OBJECT) == (key != NULL));
    must(!key || !strcmp(key, same));
    check_same(ctx, zarrc_json_at(a, i), zarrc_json_at(b, i), scalars);
    if (key && i < 16) check_key(a, key);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = {data, size};
  unsigned how = take_byte(&in);
  const char *text = (const char *)in.bytes, *opaque = how & 1 ? "attributes b" : NULL;
  int indent = how & 2 ? 2 : 1, scalars = 32;
  zarrc_ctx *ctx = fuzz_ctx();
  zarrc_json_doc *doc = NULL, *again = NULL;
  zarrc_error error = {0};
  zarrc_buf out = parsed_buf(ctx), twice = parsed_buf(ctx), indented = parsed_buf(ctx);
  zarrc_status status = zarrc_json_parse(ctx, text, in.n, opaque, &doc, &error);
  fuzz_check_error(status, &error);
  must(!status || status == ZARRC_INVALID_METADATA);
  zarrc_status laid = zarrc_json_layout(&out, text, in.n, &error);
  must(status || !laid);
  if (!laid) {
    must(!zarrc_json_indent(&indented, (const char *)out.ptr, out.len, indent, NULL));
    const char *layout = (const char *)indented.ptr;
    must(!zarrc_json_layout(&twice, layout, indented.len, NULL));
    must(twice.len == out.len && !memcmp(twice.ptr, out.ptr, out.len));
    must(zarrc_json_parse(ctx, layout, indented.len, opaque, &again, NULL) == status);
    if (!status) check_same(ctx, zarrc_json_root(doc), zarrc_json_root(again), &scalars);
  } else {
    fuzz_check_error(laid, &error);
  }
  zarrc_json_close(doc);
  zarrc_json_close(again);
  zarrc_buf_clear(&out);
  zarrc_buf_clear(&twice);
  zarrc_buf_clear(&indented);
  zarrc_ctx_close(ctx);
  return 0;
}
