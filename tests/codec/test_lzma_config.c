/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/bytes_codec.h"

#define CONFIGURED(members) "{\"name\": \"numcodecs.lzma\", \"configuration\": {" members "}}"
#define FILTERS(filters)    CONFIGURED("\"format\": 3, \"check\": -1, \"preset\": null, \"filters\": [" filters "]")

static void taken(void **state) {
  (void)state;
  bb_json_is(CONFIGURED(""), CONFIGURED("\"format\": 1, \"check\": -1, \"preset\": null, \"filters\": null"));
  bb_json_is(CONFIGURED("\"format\": 2, \"check\": 0, \"preset\": 2147483657, \"filters\": null"), NULL);
  bb_json_is(FILTERS("{\"id\": 33}"), NULL);
  bb_json_is(FILTERS("{\"id\": 3, \"dist\": 256}, {\"id\": 4, \"start_offset\": 4}, {\"id\": 9}, "
                     "{\"id\": 4611686018427387905, \"preset\": 9, \"dict_size\": 4294967295, \"lc\": 1, \"lp\": 2, "
                     "\"pb\": 3, \"mode\": 1, \"nice_len\": 273, \"mf\": 3, \"depth\": 7}"),
             NULL);
}

static void refused(void **state) {
  (void)state;
  bb_json_refused(CONFIGURED("\"format\": 4"), "configuration.format");
  bb_json_refused(CONFIGURED("\"format\": null"), "configuration.format");
  bb_json_refused(CONFIGURED("\"format\": 3"), "configuration.filters");
  bb_json_refused(CONFIGURED("\"check\": 16"), "configuration.check");
  bb_json_refused(CONFIGURED("\"check\": -2"), "configuration.check");
  bb_json_refused(CONFIGURED("\"preset\": -1"), "configuration.preset");
  bb_json_refused(CONFIGURED("\"preset\": 10"), "there is no preset 10");
  bb_json_refused(CONFIGURED("\"preset\": \"6\""), "configuration.preset");
  bb_json_refused(CONFIGURED("\"level\": 1"), "level");
  bb_json_refused(CONFIGURED("\"filters\": {}"), "configuration.filters");
  bb_json_refused(FILTERS(""), "configuration.filters");
  bb_json_refused(FILTERS("{\"id\": 3}, {\"id\": 3}, {\"id\": 3}, {\"id\": 3}, {\"id\": 33}"), "configuration.filters");
  bb_json_refused(FILTERS("33"), "filters[0]");
  bb_json_refused(FILTERS("{}"), "filters[0]");
  bb_json_refused(FILTERS("{\"id\": 33}, {\"id\": 2}"), "filters[1]");
  bb_json_refused(FILTERS("{\"id\": 33, \"dist\": 2}"), "dist");
  bb_json_refused(FILTERS("{\"id\": 3, \"preset\": 2}"), "preset");
  bb_json_refused(FILTERS("{\"id\": 4, \"dist\": 2}"), "dist");
  bb_json_refused(FILTERS("{\"id\": 33, \"nice_len\": 274}"), "nice_len");
  bb_json_refused(FILTERS("{\"id\": 33, \"dict_size\": 4294967296}"), "dict_size");
}

static void what_differs(void **state) {
  static const char *const rows[] = {CONFIGURED(""), CONFIGURED("\"preset\": 6"), FILTERS("{\"id\": 33}"),
                                     FILTERS("{\"id\": 33, \"preset\": 6}"), FILTERS("{\"id\": 3}, {\"id\": 33}")};
  for (size_t i = 0; i < 5; i++) {
    for (size_t k = 0; k < 5; k++) {
      zarrc_codec *a = bb_open(*state, rows[i]), *b = bb_open(*state, rows[k]);
      assert_int_equal(zarrc_codec_equal(a, b), i == k);
      zarrc_codec_close(a);
      zarrc_codec_close(b);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(taken), cmocka_unit_test(refused),
                                     cmocka_unit_test(what_differs)};
  return cmocka_run_group_tests(tests, bb_set_up, bb_tear_down);
}
