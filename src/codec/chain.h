/* SPDX-License-Identifier: MIT */
/* A chain of codecs in the configuration of another codec. */
#ifndef ZARRC_CODEC_CHAIN_H
#define ZARRC_CODEC_CHAIN_H

#include "base/json.h"

#include <zarrc/pipeline.h>

/* The codecs are the opened ones, and after zarrc_chain_bind those of the pipeline. Zeroed: there are none. */
typedef struct zarrc_chain {
  zarrc_codec **codecs;
  size_t n;
} zarrc_chain;

/* Takes room for n codecs, of which the chain has none yet. member: the name in the configuration, for messages; so
 * below. Failed or not, the chain is to be closed. */
zarrc_status zarrc_chain_open(zarrc_ctx *ctx, size_t n, const char *member, zarrc_chain *chain, zarrc_error *error);
/* Opens the codecs of a list in the configuration of `codec`, which is being opened. */
zarrc_status zarrc_chain_parse(const zarrc_codec *codec, const zarrc_json *list, const char *member, zarrc_chain *chain,
                               zarrc_error *error);
/* Makes a chain of open codecs, which get one more owner. */
zarrc_status zarrc_chain_share(zarrc_ctx *ctx, const zarrc_codec *const *codecs, size_t n, const char *member,
                               zarrc_chain *chain, zarrc_error *error);
void zarrc_chain_close(zarrc_ctx *ctx, zarrc_chain *chain);
zarrc_status zarrc_chain_to_json(const zarrc_chain *chain, zarrc_buf *out, zarrc_error *error);
bool zarrc_chain_equal(const zarrc_chain *a, const zarrc_chain *b);
/* Opens the pipeline of a chain for chunks like `spec`, and replaces the codecs by the evolved ones. */
zarrc_status zarrc_chain_bind(zarrc_ctx *ctx, zarrc_chain *chain, const zarrc_spec *spec, const char *member,
                              zarrc_pipeline **out, zarrc_error *error);

#endif
