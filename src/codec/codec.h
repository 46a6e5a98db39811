/* SPDX-License-Identifier: MIT */
/* What a codec object is inside, and what the codecs share. */
#ifndef ZARRC_CODEC_CODEC_H
#define ZARRC_CODEC_CODEC_H

#include <zarrc/codec.h>

struct zarrc_codec {
  zarrc_ctx *ctx;
  const zarrc_codec_class *codec_class;
  char *configuration; /* the text it was opened with, for evolve to start from; NULL: none */
  size_t configuration_nbytes;
  bool opened; /* its class's open has been called */
  _Alignas(16) unsigned char instance[];
};

#endif
