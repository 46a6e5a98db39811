/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/http_url.h"
#include "support/context.h"
#include "support/faulty_alloc.h"

#include <string.h>

static void parts(void **state) {
  zarrc_ctx *ctx = *state;
  static const struct {
    const char *url, *root, *query, *user, *password;
  } rows[] = {{"http://h", "http://h", "", NULL, NULL},
              {"HTTPS://h/", "https://h", "", NULL, NULL},
              {"http://h:80/a/b.zarr///", "http://h:80/a/b.zarr", "", NULL, NULL},
              {"http://h/a.zarr/zarr.json", "http://h/a.zarr", "", NULL, NULL},
              {"http://h/zarr.json", "http://h", "", NULL, NULL},
              {"http://h/xzarr.json", "http://h/xzarr.json", "", NULL, NULL},
              {"http://h/a?sig=x%2Fy&t=1#part", "http://h/a", "?sig=x%2Fy&t=1", NULL, NULL},
              {"http://h/a?", "http://h/a", "", NULL, NULL},
              {"http://h?x", "http://h", "?x", NULL, NULL},
              {"http://h/a#b?c", "http://h/a", "", NULL, NULL},
              {"http://u:p%40w@h/a", "http://h/a", "", "u", "p@w"},
              {"http://u%3a@h", "http://h", "", "u:", ""},
              {"http://u:p:q@h", "http://h", "", "u", "p:q"},
              {"http://u:100%@h", "http://h", "", "u", "100%"},
              {"http://u:%00%zz@h", "http://h", "", "u", "%00%zz"},
              {"http://[::1]:81/a b\"<\xc3\xa4", "http://[::1]:81/a%20b%22%3C%C3%A4", "", NULL, NULL},
              {"http://h/%41+a=b@c:d(e)", "http://h/%41+a=b@c:d(e)", "", NULL, NULL}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_http_url u;
    zarrc_error error;
    assert_true(zarrc_http_url_is(rows[i].url));
    if (zarrc_http_url_open(ctx, rows[i].url, &u, &error)) fail_msg("%s: %s", rows[i].url, error.message);
    assert_string_equal(u.root, rows[i].root);
    assert_string_equal(u.query, rows[i].query);
    assert_int_equal(u.user == NULL, rows[i].user == NULL);
    if (u.user) assert_string_equal(u.user, rows[i].user);
    if (u.user) assert_string_equal(u.password, rows[i].password);
    zarrc_http_url_close(ctx, &u);
  }
  static const char *const none[] = {"http:",        "http:/h",     "http://",    "http:///a",
                                     "http://:80/a", "http://u@/a", "http://h/\n"};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    zarrc_http_url u;
    zarrc_error error;
    assert_int_equal(zarrc_http_url_open(ctx, none[i], &u, &error), ZARRC_INVALID_ARGUMENT);
  }
  assert_false(zarrc_http_url_is("file:a"));
  assert_false(zarrc_http_url_is("httpx://a"));
}

static zarrc_status open_one(const zarrc_ctx_options *options, void *arg) {
  zarrc_ctx *ctx;
  zarrc_http_url u;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  status = zarrc_http_url_open(ctx, "http://u:p@h/a?q", &u, NULL);
  if (!status) zarrc_http_url_close(ctx, &u);
  zarrc_ctx_close(ctx);
  return status;
}

static void without_memory(void **state) {
  (void)state;
  assert_true(faulty_alloc_each(NULL, open_one, NULL) > 0);
}

/* Every byte of a key but letters, digits, - . _ ~ and the slash is percent-encoded, once. */
static void keys(void **state) {
  (void)state;
  static const struct {
    const char *key, *url;
  } rows[] = {{"c/0/1", "c/0/1"},     {"a b", "a%20b"},
              {"a+b", "a%2Bb"},       {"a=b@c:d(e)!*',;$&", "a%3Db%40c%3Ad%28e%29%21%2A%27%2C%3B%24%26"},
              {"a%2Fb", "a%252Fb"},   {"a%b?c#d[e]\\\"", "a%25b%3Fc%23d%5Be%5D%5C%22"},
              {"\xc3\xa4", "%C3%A4"}, {"A-Z.a_z~09", "A-Z.a_z~09"}};
  char out[256];
  zarrc_error error;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(zarrc_http_key_encode(rows[i].key, out, NULL), ZARRC_OK);
    assert_string_equal(out, rows[i].url);
  }
  assert_int_equal(zarrc_http_key_encode("a\x01", out, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_http_key_encode("a\x7f", out, &error), ZARRC_INVALID_ARGUMENT);
}

/* URLs come from servers, too, as the places that they redirect to. */
static void texts(void **state) {
  (void)state;
  static const char text[] = "http://h/a b?c=\xc3\xa4%20<";
  char out[3 * sizeof text];
  const char *end = zarrc_http_text_encode(text, sizeof text - 1, out);
  assert_string_equal(out, "http://h/a%20b?c=%C3%A4%20%3C");
  assert_ptr_equal(end, out + strlen(out));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(parts), cmocka_unit_test(without_memory), cmocka_unit_test(keys),
                                     cmocka_unit_test(texts)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
