/* SPDX-License-Identifier: MIT */
/* The inside of a codec, and what the codecs share. */
#ifndef ZARRC_CODEC_CODEC_H
#define ZARRC_CODEC_CODEC_H

#include <zarrc/codecs.h>
#include <zarrc/plugin/codec.h>

#include "codec/parsed.h"

#include <stdatomic.h>

struct zarrc_codec {
  zarrc_ctx *ctx;
  const zarrc_codec_class *codec_class;
  atomic_uint nowners; /* number of times it must be closed */
  bool opened;         /* `open` of the class has been called */
  char *configuration; /* its text, if the class needs it to copy or compare codecs; else NULL */
  size_t configuration_nbytes;
  const zarrc_json *node;        /* the parsed configuration, only while the codec is being opened; or NULL */
  const zarrc_leniency *lenient; /* likewise */
  bool forgives;                 /* it was opened leniently */
  char *decodes_only;            /* why it does not encode; or NULL */
  _Alignas(16) unsigned char instance[];
};

/* Returns the same codec with one more owner, who must close it too. */
zarrc_codec *zarrc_codec_share(const zarrc_codec *codec);
/* Returns that encoding makes at most nbytes + more bytes; unknown, if that is no number. */
zarrc_size zarrc_size_at_most(uint64_t nbytes, uint64_t more);
/* Implements `copy` for classes whose instances own nothing. */
zarrc_status zarrc_codec_copy_instance(zarrc_codec *to, const zarrc_codec *from, zarrc_error *error);
/* Implements `to_json` for classes that keep the text of the configuration, because they have neither `copy` nor
 * `equal`: as it was written. */
zarrc_status zarrc_codec_written_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error);

/* Takes a failure about a setting that encoding alone needs: ZARRC_OK if the codec is from a stored document, which
 * then decodes only; otherwise the failure. status, why: of the check of the setting, ZARRC_OK included. */
zarrc_status zarrc_codec_forgive(zarrc_codec *codec, zarrc_status status, const zarrc_error *why, zarrc_error *error);

/* Checks the settings of a config and copies them to a codec with a zeroed instance. */
typedef zarrc_status (*zarrc_codec_set_fn)(zarrc_codec *codec, const void *config, zarrc_error *error);

/* Implements zarrc_X_codec_open: copies the caller's config (or NULL) over the defaults in `config`, which has nbytes
 * bytes, and opens a codec with it. Errors name the codec. A codec without settings passes neither config nor set. */
zarrc_status zarrc_codec_open_config(zarrc_ctx *ctx, const zarrc_codec_class *codec_class, const void *given,
                                     void *config, size_t nbytes, zarrc_codec_set_fn set, zarrc_codec **out,
                                     zarrc_error *error);
/* Implements zarrc_X_codec_get: copies nbytes bytes to the caller's config. ZARRC_INVALID_ARGUMENT: the codec is of
 * another class. */
zarrc_status zarrc_codec_get_config(const zarrc_codec *codec, const zarrc_codec_class *codec_class, const void *from,
                                    size_t nbytes, void *config, zarrc_error *error);

#endif
