/* SPDX-License-Identifier: MIT */
/* The libraries that the codecs use. */
#include "codec/library.h"
#include "codec/blosc_library.h"
#include "codec/crc32c.h"
#include "codec/lz4_block.h"
#include "codec/stream.h"
#include "codec/zstd.h"

#include <zarrc/codec.h>
#include <zarrc/plugin/codec.h>

bool zarrc_library_get(size_t i, zarrc_library *out) {
  static const struct {
    const char *name;
    const char *(*version)(void);
  } libraries[] = {
      {"libblosc", zarrc_blosc_version}, {"liblz4", zarrc_lz4_version},
      {"libzstd", zarrc_zstd_version},   {"libdeflate", zarrc_libdeflate_version},
      {"zlib", zarrc_zlib_version},      {"ISA-L", zarrc_isal_version},
      {"libbz2", zarrc_bz2_version},     {"liblzma", zarrc_lzma_version},
      {"libzfp", zarrc_zfp_version},
  };
  if (i >= sizeof libraries / sizeof *libraries) return false;
  *out = (zarrc_library){.name = libraries[i].name, .version = libraries[i].version()};
  return true;
}

bool zarrc_codec_is_available(zarrc_ctx *ctx, const char *name) {
  const zarrc_codec_class *codec_class = zarrc_find_codec(ctx, name);
  return codec_class && !codec_class->missing_library;
}
