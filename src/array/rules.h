/* SPDX-License-Identifier: MIT */
/* Rules of the specification that a document violates: with `strict` it is refused, otherwise read with a notice. */
#ifndef ZARRC_ARRAY_RULES_H
#define ZARRC_ARRAY_RULES_H

#include <zarrc/array.h>

#include "base/json.h"

typedef struct zarrc_rules {
  bool strict;
  int format;        /* of the document; 0: 3 */
  bool lenient;      /* the document is stored: what makes no difference in a chunk is taken, and told */
  zarrc_buf notices; /* sentences, each followed by a NUL */
} zarrc_rules;

zarrc_rules zarrc_rules_open(zarrc_ctx *ctx, bool strict);
void zarrc_rules_close(zarrc_rules *rules);

/* A rule is violated: with `strict` fails with ZARRC_INVALID_METADATA and says where the rule is, otherwise adds a
 * notice. The text begins with the member that it is about, as a JSON pointer; if not, it is about JSON itself. */
zarrc_status zarrc_rules_bend(zarrc_rules *rules, zarrc_error *error, const char *format, ...) ZARRC_PRINTF(3, 4);
/* The same for a member of the document. The message is the text of `why`. */
zarrc_status zarrc_rules_bend_because(zarrc_rules *rules, const char *member, const zarrc_error *why,
                                      zarrc_error *error);
/* With `strict`, adds to the message of a failure where the rule for a member is. */
void zarrc_rules_say_where(const zarrc_rules *rules, const char *member, zarrc_error *error);
/* Adds a notice about something that violates no rule but that others cannot read. */
zarrc_status zarrc_rules_note(zarrc_rules *rules, zarrc_error *error, const char *format, ...) ZARRC_PRINTF(3, 4);
/* Returns the i-th notice; NULL past the last. */
const char *zarrc_rules_notice(const zarrc_rules *rules, size_t i);

/* Checks a list of codecs that have been opened as a pipeline (NULL: they encode the index of shards), including those
 * in shards. */
zarrc_status zarrc_rules_check_codecs(zarrc_rules *rules, const zarrc_json *codecs, const zarrc_pipeline *pipeline,
                                      zarrc_error *error);
/* Notes chains that are valid but that zarr-python and zarrs refuse. */
zarrc_status zarrc_rules_check_chain(zarrc_rules *rules, const zarrc_pipeline *pipeline, zarrc_error *error);

#endif
