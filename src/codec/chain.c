/* SPDX-License-Identifier: MIT */
#include "codec/chain.h"
#include "codec/codec.h"
#include "codec/parsed.h"

zarrc_status zarrc_chain_open(zarrc_ctx *ctx, size_t n, const char *member, zarrc_chain *chain, zarrc_error *error) {
  if (n > ZARRC_MAX_CODECS)
    return zarrc_fail(error, ZARRC_LIMIT, "configuration.%s: %zu codecs in one chain, the limit is %d", member, n,
                      ZARRC_MAX_CODECS);
  chain->codecs = zarrc_malloc(ctx, n * sizeof *chain->codecs);
  return chain->codecs ? ZARRC_OK : zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for configuration.%s", member);
}

void zarrc_chain_close(zarrc_ctx *ctx, zarrc_chain *chain) {
  for (size_t i = 0; i < chain->n; i++) zarrc_codec_close(chain->codecs[i]);
  zarrc_free(ctx, chain->codecs);
  *chain = (zarrc_chain){0};
}

zarrc_status zarrc_chain_parse(const zarrc_codec *codec, const zarrc_json *list, const char *member, zarrc_chain *chain,
                               zarrc_error *error) {
  if (!zarrc_json_is(list, ZARRC_JSON_ARRAY) || zarrc_json_length(list) == 0)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s must be a list of codecs", member);
  zarrc_status status = zarrc_chain_open(codec->ctx, zarrc_json_length(list), member, chain, error);
  for (size_t i = 0; !status && i < zarrc_json_length(list); i++) {
    status = zarrc_codec_open_parsed(codec->ctx, zarrc_json_at(list, i), codec->lenient, &chain->codecs[i], error);
    if (!status) chain->n++;
    if (status) zarrc_error_prefix(error, "configuration.%s[%zu]: ", member, i);
  }
  return status;
}

zarrc_status zarrc_chain_share(zarrc_ctx *ctx, const zarrc_codec *const *codecs, size_t n, const char *member,
                               zarrc_chain *chain, zarrc_error *error) {
  if (n == 0) return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s must be a list of codecs", member);
  zarrc_status status = zarrc_chain_open(ctx, n, member, chain, error);
  for (size_t i = 0; !status && i < n; i++) {
    if (zarrc_codec_ctx(codecs[i]) != ctx)
      status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%s belongs to another context", zarrc_codec_name(codecs[i]));
    else
      chain->codecs[chain->n++] = zarrc_codec_share(codecs[i]);
    if (status) zarrc_error_prefix(error, "configuration.%s[%zu]: ", member, i);
  }
  return status;
}

zarrc_status zarrc_chain_to_json(const zarrc_chain *chain, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status = zarrc_buf_append(out, "[", 1, error);
  for (size_t i = 0; !status && i < chain->n; i++) {
    if (i) status = zarrc_buf_append(out, ", ", 2, error);
    if (!status) status = zarrc_codec_to_json(chain->codecs[i], out, error);
  }
  return status ? status : zarrc_buf_append(out, "]", 1, error);
}

bool zarrc_chain_equal(const zarrc_chain *a, const zarrc_chain *b) {
  bool equal = a->n == b->n;
  for (size_t i = 0; equal && i < a->n; i++) equal = zarrc_codec_equal(a->codecs[i], b->codecs[i]);
  return equal;
}

zarrc_status zarrc_chain_bind(zarrc_ctx *ctx, zarrc_chain *chain, const zarrc_spec *spec, const char *member,
                              zarrc_pipeline **out, zarrc_error *error) {
  zarrc_status status =
      zarrc_pipeline_open_codecs(ctx, (const zarrc_codec *const *)chain->codecs, chain->n, spec, out, error);
  if (status) {
    zarrc_error_prefix(error, "configuration.%s: ", member);
    return status;
  }
  for (size_t i = 0; i < chain->n; i++) {
    zarrc_codec_close(chain->codecs[i]);
    chain->codecs[i] = zarrc_codec_share(zarrc_pipeline_codec(*out, i));
  }
  return ZARRC_OK;
}
