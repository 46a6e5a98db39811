/* SPDX-License-Identifier: MIT */
#include "codec/builtin.h"
#include "codec/registry.h"

const zarrc_codec_class *const zarrc_builtin_codecs[] = {&zarrc_bytes_class,
                                                         &zarrc_transpose_class,
                                                         &zarrc_gzip_class,
                                                         &zarrc_zstd_class,
                                                         &zarrc_blosc_class,
                                                         &zarrc_crc32c_class,
                                                         &zarrc_sharding_class,
                                                         &zarrc_vlen_utf8_class,
                                                         &zarrc_vlen_bytes_class,
                                                         &zarrc_numcodecs_gzip_class,
                                                         &zarrc_numcodecs_zstd_class,
                                                         &zarrc_numcodecs_blosc_class,
                                                         &zarrc_numcodecs_zlib_class,
                                                         &zarrc_numcodecs_lz4_class,
                                                         &zarrc_numcodecs_bz2_class,
                                                         &zarrc_numcodecs_lzma_class,
                                                         &zarrc_numcodecs_crc32_class,
                                                         &zarrc_numcodecs_crc32c_class,
                                                         &zarrc_numcodecs_adler32_class,
                                                         &zarrc_numcodecs_fletcher32_class,
                                                         &zarrc_numcodecs_jenkins_class,
                                                         &zarrc_numcodecs_base64_class,
                                                         &zarrc_numcodecs_shuffle_class,
                                                         &zarrc_astype_class,
                                                         &zarrc_bitround_class,
                                                         &zarrc_numcodecs_bitround_class,
                                                         &zarrc_delta_class,
                                                         &zarrc_fixedscaleoffset_class,
                                                         &zarrc_packbits_class,
                                                         &zarrc_quantize_class,
                                                         &zarrc_categorize_class,
                                                         &zarrc_json2_class,
                                                         &zarrc_msgpack2_class,
                                                         &zarrc_vlen_array_class,
                                                         NULL};

/* `endian` is what drafts of the v3 specification called `bytes`. */
const zarrc_codec_alias zarrc_codec_aliases[] = {{"endian", "bytes"}, {NULL, NULL}};
