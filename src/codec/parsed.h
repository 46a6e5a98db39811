/* SPDX-License-Identifier: MIT */
/* Codecs from parsed JSON; see base/parsed.h. */
#ifndef ZARRC_CODEC_PARSED_H
#define ZARRC_CODEC_PARSED_H

#include <zarrc/codec.h>

#include "base/json.h"

/* Takes codecs of stored documents that others have written against the rules: with members that the codec does not
 * know, or without a byte order. `tell` is called with a sentence about each; what it returns ends the opening unless
 * it is ZARRC_OK. */
typedef struct zarrc_leniency {
  zarrc_status (*tell)(void *arg, const char *sentence, zarrc_error *error);
  void *arg;
} zarrc_leniency;

/* See zarrc_codec_open. lenient: NULL, or how to take what violates the rules. */
zarrc_status zarrc_codec_open_parsed(zarrc_ctx *ctx, const zarrc_json *value, const zarrc_leniency *lenient,
                                     zarrc_codec **out, zarrc_error *error);

#endif
