/* SPDX-License-Identifier: MIT */
/* Rules of the specification that documents break: refused where strict is asked for, else read with a notice. */
#ifndef ZARRC_ARRAY_RULES_H
#define ZARRC_ARRAY_RULES_H

#include <zarrc/array.h>

#include "base/json.h"

typedef struct zarrc_rules {
  bool strict;
  zarrc_buf notices; /* sentences, a NUL behind each */
} zarrc_rules;

zarrc_rules zarrc_rules_open(zarrc_ctx *ctx, bool strict);
void zarrc_rules_close(zarrc_rules *rules);

/* A rule is broken: ZARRC_INVALID_METADATA with the message where strict is set, else the message becomes a notice. */
zarrc_status zarrc_rules_bend(zarrc_rules *rules, zarrc_error *error, const char *format, ...) ZARRC_PRINTF(3, 4);
/* Something that breaks no rule, but that others stumble over: a notice, strict or not. */
zarrc_status zarrc_rules_note(zarrc_rules *rules, zarrc_error *error, const char *format, ...) ZARRC_PRINTF(3, 4);
/* The i-th notice; NULL past the last. */
const char *zarrc_rules_notice(const zarrc_rules *rules, size_t i);

/* Looks through a list of codecs that has been opened, shards in it included, for elements of a type. */
zarrc_status zarrc_rules_check_codecs(zarrc_rules *rules, const zarrc_json *codecs, const zarrc_dtype *dtype,
                                      zarrc_error *error);
/* Looks for chains that are right, but that zarr-python and zarrs refuse. */
zarrc_status zarrc_rules_check_chain(zarrc_rules *rules, const zarrc_pipeline *pipeline, zarrc_error *error);

#endif
