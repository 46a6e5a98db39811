/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/said.h"

#include "codec/zfp_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

typedef struct row {
  const char *settings;
  zarrc_zfp_mode mode;
  const char *words; /* of the message; NULL: nothing is wrong */
} row;

static void check_rows(zarrc_ctx *ctx, const char *name, const row *rows, size_t n) {
  for (size_t i = 0; i < n; i++) {
    char json[300];
    zarrc_codec *codec = NULL;
    zarrc_error error = {0};
    snprintf(json, sizeof json, "{\"name\": \"%s\", \"configuration\": {%s}}", name, rows[i].settings);
    zarrc_status status = zarrc_codec_open(ctx, json, strlen(json), &codec, &error);
    if (status != (rows[i].words ? ZARRC_INVALID_METADATA : ZARRC_OK) ||
        (status && !strstr(SAID(error), rows[i].words)))
      fail_msg("%s: %s: %s", rows[i].settings, zarrc_status_name(status), SAID(error));
    if (status) continue;
    const zarrc_zfp_config *config = zarrc_codec_instance(codec);
    assert_int_equal(config->mode, rows[i].mode);
    char *written = chunk_codec_json(ctx, codec);
    assert_string_equal(written, json);
    free(written);
    zarrc_codec_close(codec);
  }
}

static void registered(void **state) {
  static const row rows[] = {
      {"\"mode\": \"reversible\"", ZARRC_ZFP_REVERSIBLE, NULL},
      {"\"mode\": \"fixed_rate\", \"rate\": 10.5", ZARRC_ZFP_FIXED_RATE, NULL},
      {"\"mode\": \"fixed_rate\", \"rate\": 128", ZARRC_ZFP_FIXED_RATE, NULL},
      {"\"mode\": \"fixed_precision\", \"precision\": 19", ZARRC_ZFP_FIXED_PRECISION, NULL},
      {"\"mode\": \"fixed_accuracy\", \"tolerance\": 0.05", ZARRC_ZFP_FIXED_ACCURACY, NULL},
      {"\"mode\": \"expert\", \"minbits\": 1, \"maxbits\": 13, \"maxprec\": 19, \"minexp\": -2", ZARRC_ZFP_EXPERT,
       NULL},
      {"", 0, "configuration.mode is missing"},
      {"\"mode\": 2, \"rate\": 8", 0, "configuration.mode must be a string"},
      {"\"mode\": \"lossy\"", 0, "configuration.mode: there is no \"lossy\""},
      {"\"mode\": \"fixed_rate\"", 0, "configuration.rate is missing, which the mode fixed_rate needs"},
      {"\"mode\": \"reversible\", \"rate\": 8", 0, "configuration.rate is not for the mode reversible"},
      {"\"mode\": \"reversible\", \"write_header\": true", 0, "write_header"},
      {"\"mode\": \"fixed_rate\", \"rate\": 0", 0, "configuration.rate must be a number above 0, up to 128"},
      {"\"mode\": \"fixed_rate\", \"rate\": 128.5", 0, "configuration.rate must be a number above 0, up to 128"},
      {"\"mode\": \"fixed_rate\", \"rate\": \"8\"", 0, "configuration.rate must be a number"},
      {"\"mode\": \"fixed_accuracy\", \"tolerance\": -0.5", 0, "configuration.tolerance must not be negative"},
      {"\"mode\": \"fixed_accuracy\", \"tolerance\": 1e999", 0, "configuration.tolerance must be a number"},
      {"\"mode\": \"fixed_precision\", \"precision\": -1", 0, "configuration.precision is -1"},
      {"\"mode\": \"expert\", \"minbits\": 14, \"maxbits\": 13, \"maxprec\": 19, \"minexp\": -2", 0,
       "configuration.minbits must not be above maxbits"},
      {"\"mode\": \"expert\", \"minbits\": 40000, \"maxbits\": 40000, \"maxprec\": 19, \"minexp\": -2", 0,
       "configuration.minbits is 40000"},
      {"\"mode\": \"expert\", \"minbits\": 1, \"maxbits\": 13, \"maxprec\": 65, \"minexp\": -2", 0,
       "configuration.maxprec is 65"},
      {"\"mode\": \"expert\", \"minbits\": 1, \"maxbits\": 13, \"maxprec\": 19, \"minexp\": -2147483648", 0,
       "configuration.minexp is -2147483648"},
  };
  check_rows(*state, "zfp", rows, sizeof rows / sizeof *rows);
}

/* numcodecs has defaults for everything; a negative number stands for the reversible mode. */
static void of_numcodecs(void **state) {
  static const row rows[] = {
      {"\"mode\": 4, \"compression_kwargs\": {\"tolerance\": 0.01}, \"tolerance\": 0.01, \"rate\": -1, \"precision\": "
       "-1",
       ZARRC_ZFP_FIXED_ACCURACY, NULL},
      {"\"tolerance\": 0", ZARRC_ZFP_FIXED_ACCURACY, NULL},
      {"\"mode\": 4", ZARRC_ZFP_REVERSIBLE, NULL},
      {"", ZARRC_ZFP_REVERSIBLE, NULL},
      {"\"mode\": 2, \"rate\": 8", ZARRC_ZFP_FIXED_RATE, NULL},
      {"\"mode\": 3, \"precision\": 8", ZARRC_ZFP_FIXED_PRECISION, NULL},
      {"\"mode\": 5", ZARRC_ZFP_REVERSIBLE, NULL},
      {"\"mode\": 1", 0, "configuration.mode is 1"},
      {"\"mode\": \"reversible\"", 0, "configuration.mode must be an integer"},
      {"\"mode\": 2, \"rate\": 1000", 0, "configuration.rate must be a number above 0"},
      {"\"tolerance\": null", 0, "configuration.tolerance must be a number"},
      {"\"level\": 1", 0, "level"},
  };
  check_rows(*state, "numcodecs.zfpy", rows, sizeof rows / sizeof *rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(registered), cmocka_unit_test(of_numcodecs)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}
