/* SPDX-License-Identifier: MIT */
/* What a codec object is inside, and what the codecs share. */
#ifndef ZARRC_CODEC_CODEC_H
#define ZARRC_CODEC_CODEC_H

#include <zarrc/codecs.h>
#include <zarrc/plugin/codec.h>

#include "base/json.h"

#include <stdatomic.h>

struct zarrc_codec {
  zarrc_ctx *ctx;
  const zarrc_codec_class *codec_class;
  atomic_uint nowners; /* how many will close it */
  bool opened;         /* its class's open has been called */
  char *configuration; /* the text of it, if the class needs it to copy or to compare its codecs; NULL: none */
  size_t configuration_nbytes;
  const zarrc_json *node; /* while it is opened from a document: its configuration there, or NULL */
  _Alignas(16) unsigned char instance[];
};

/* Returns the codec, which never changes once made, with one more owner; each closes it once. */
zarrc_codec *zarrc_codec_share(const zarrc_codec *codec);
/* `copy` of a class whose instance owns nothing. */
zarrc_status zarrc_codec_copy_instance(zarrc_codec *to, const zarrc_codec *from, zarrc_error *error);

/* Checks the settings in a config and puts them into a codec, whose instance is zeroed. */
typedef zarrc_status (*zarrc_codec_set_fn)(zarrc_codec *codec, const void *config, zarrc_error *error);

/* What zarrc_X_codec_open does: puts what the caller gave (or NULL) into `config`, nbytes long, which holds the
 * defaults, and makes a codec of it. Errors name the codec. A codec without settings has no config and no set. */
zarrc_status zarrc_codec_open_config(zarrc_ctx *ctx, const zarrc_codec_class *codec_class, const void *given,
                                     void *config, size_t nbytes, zarrc_codec_set_fn set, zarrc_codec **out,
                                     zarrc_error *error);
/* What zarrc_X_codec_get does: copies `from`, nbytes long, into the caller's config. ZARRC_INVALID_ARGUMENT: the codec
 * is of another class. */
zarrc_status zarrc_codec_get_config(const zarrc_codec *codec, const zarrc_codec_class *codec_class, const void *from,
                                    size_t nbytes, void *config, zarrc_error *error);

#endif
