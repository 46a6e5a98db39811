/* SPDX-License-Identifier: MIT */
/* The codec classes that a context knows. */
#ifndef ZARRC_CODEC_REGISTRY_H
#define ZARRC_CODEC_REGISTRY_H

#include <zarrc/codec.h>
#include <zarrc/plugin/codec.h>

#include <stddef.h>

/* The built-in classes and their aliases. Both lists end with NULL. */
extern const zarrc_codec_class *const zarrc_builtin_codecs[];
typedef struct zarrc_codec_alias {
  const char *alias, *name;
} zarrc_codec_alias;
extern const zarrc_codec_alias zarrc_codec_aliases[];

#endif
