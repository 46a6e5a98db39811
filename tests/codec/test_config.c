/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/codec.h"
#include "codec/config.h"
#include "support/bytes_codec.h"

#include <string.h>

static const char *const keys[] = {"n", "low", "b", "s", NULL};

static const char *colour(int i) {
  static const char *const colours[] = {"red", "green", NULL};
  return colours[i];
}

typedef struct values {
  int64_t n;
  bool b;
  int s;
} values;

/* The configuration of a codec that is being opened from a document. text NULL: none. */
static zarrc_status open_text(zarrc_ctx *ctx, const char *text, zarrc_json_doc **doc, zarrc_config *config,
                              zarrc_error *error) {
  zarrc_codec codec = {.ctx = ctx};
  *doc = NULL;
  zarrc_status status = text ? zarrc_json_parse(ctx, text, strlen(text), NULL, doc, error) : ZARRC_OK;
  if (*doc) codec.node = zarrc_json_root(*doc);
  return status ? status : zarrc_config_of(&codec, keys, config, error);
}

static zarrc_status read_all(zarrc_ctx *ctx, const char *text, values *v, zarrc_error *error) {
  zarrc_json_doc *doc;
  zarrc_config config;
  *v = (values){.n = -7, .b = true, .s = -9};
  zarrc_status status = open_text(ctx, text, &doc, &config, error);
  if (!status) status = zarrc_config_int(&config, "n", -3, 3, &v->n, error);
  if (!status) status = zarrc_config_int(&config, "low", INT64_MIN, 3, &v->n, error);
  if (!status) status = zarrc_config_bool(&config, "b", &v->b, error);
  if (!status) status = zarrc_config_choice(&config, "s", colour, &v->s, error);
  zarrc_json_close(doc);
  return status;
}

static void members_are_read(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  values v;
  assert_int_equal(read_all(ctx, "{\"s\": \"green\", \"n\": -3, \"b\": false}", &v, NULL), ZARRC_OK);
  assert_int_equal(v.n, -3);
  assert_false(v.b);
  assert_int_equal(v.s, 1);
  zarrc_ctx_close(ctx);
}

static void absent_members_keep_their_default(void **state) {
  (void)state;
  static const char *const texts[] = {NULL, "{}", " {\n} "};
  zarrc_ctx *ctx = bb_ctx();
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    values v;
    assert_int_equal(read_all(ctx, texts[i], &v, NULL), ZARRC_OK);
    assert_int_equal(v.n, -7);
    assert_true(v.b);
    assert_int_equal(v.s, -9);
  }
  zarrc_ctx_close(ctx);
}

static void null_is_there_but_has_no_value(void **state) {
  (void)state;
  zarrc_ctx *ctx = bb_ctx();
  zarrc_json_doc *doc;
  zarrc_config config;
  assert_int_equal(open_text(ctx, "{\"n\": null, \"b\": 0}", &doc, &config, NULL), ZARRC_OK);
  assert_false(zarrc_config_has(&config, "n"));
  assert_true(zarrc_config_has(&config, "b"));
  assert_false(zarrc_config_has(&config, "s"));
  zarrc_json_close(doc);
  zarrc_ctx_close(ctx);
}

static void wrong_members_are_refused_by_name(void **state) {
  (void)state;
  static const struct {
    const char *text, *word;
  } rows[] = {
      {"{\"n\": 4}", "configuration.n is 4, outside -3 to 3"},
      {"{\"low\": 4}", "configuration.low is 4, above 3"},
      {"{\"low\": 99999999999999999999}", "configuration.low is 99999999999999999999, above 3"},
      {"{\"low\": -99999999999999999999}",
       "configuration.low is -99999999999999999999, outside -9223372036854775808 to 3"},
      {"{\"n\": -4}", "configuration.n is -4"},
      {"{\"n\": 1.0}", "configuration.n must be an integer"},
      {"{\"n\": 1e0}", "configuration.n"},
      {"{\"n\": \"1\"}", "configuration.n"},
      {"{\"n\": true}", "configuration.n"},
      {"{\"n\": null}", "configuration.n"},
      {"{\"n\": [1]}", "configuration.n"},
      {"{\"n\": 18446744073709551615}", "configuration.n"},
      {"{\"n\": -99999999999999999999}", "configuration"},
      {"{\"b\": 1}", "configuration.b must be true or false"},
      {"{\"b\": \"true\"}", "configuration.b"},
      {"{\"b\": null}", "configuration.b"},
      {"{\"s\": \"blue\"}", "configuration.s: there is no \"blue\""},
      {"{\"s\": \"Red\"}", "configuration.s"},
      {"{\"s\": \"red\\u0000\"}", "configuration.s"},
      {"{\"s\": 0}", "configuration.s must be a string"},
      {"{\"s\": null}", "configuration.s"},
      {"{\"other\": 1}", "other"},
      {"[]", "configuration"},
      {"1", "configuration"},
  };
  zarrc_ctx *ctx = bb_ctx();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    values v;
    zarrc_error error;
    if (read_all(ctx, rows[i].text, &v, &error) != ZARRC_INVALID_METADATA) fail_msg("%s", rows[i].text);
    if (!strstr(error.message, rows[i].word)) fail_msg("%s: %s", rows[i].text, error.message);
  }
  zarrc_ctx_close(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(members_are_read),
      cmocka_unit_test(absent_members_keep_their_default),
      cmocka_unit_test(null_is_there_but_has_no_value),
      cmocka_unit_test(wrong_members_are_refused_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
