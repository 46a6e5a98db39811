/* SPDX-License-Identifier: MIT */
/* The built-in codec classes. */
#ifndef ZARRC_CODEC_BUILTIN_H
#define ZARRC_CODEC_BUILTIN_H

#include <zarrc/codec.h>
#include <zarrc/plugin/codec.h>

extern const zarrc_codec_class zarrc_bytes_class;
extern const zarrc_codec_class zarrc_transpose_class;
extern const zarrc_codec_class zarrc_vlen_utf8_class;
extern const zarrc_codec_class zarrc_vlen_bytes_class;
extern const zarrc_codec_class zarrc_gzip_class;
extern const zarrc_codec_class zarrc_zstd_class;
extern const zarrc_codec_class zarrc_blosc_class;
extern const zarrc_codec_class zarrc_crc32c_class;
extern const zarrc_codec_class zarrc_sharding_class;
extern const zarrc_codec_class zarrc_astype_class;
extern const zarrc_codec_class zarrc_bitround_class;
extern const zarrc_codec_class zarrc_numcodecs_bitround_class;
extern const zarrc_codec_class zarrc_delta_class;
extern const zarrc_codec_class zarrc_fixedscaleoffset_class;
extern const zarrc_codec_class zarrc_packbits_class;
extern const zarrc_codec_class zarrc_quantize_class;
extern const zarrc_codec_class zarrc_bit_packing_class;
extern const zarrc_codec_class zarrc_cast_value_class;
extern const zarrc_codec_class zarrc_scale_offset_class;
extern const zarrc_codec_class zarrc_reshape_class;
extern const zarrc_codec_class zarrc_n5_default_class;
extern const zarrc_codec_class zarrc_zfp_class;

/* Those of numcodecs, which zarr-python writes as "numcodecs.NAME". */
extern const zarrc_codec_class zarrc_numcodecs_gzip_class;
extern const zarrc_codec_class zarrc_numcodecs_zstd_class;
extern const zarrc_codec_class zarrc_numcodecs_blosc_class;
extern const zarrc_codec_class zarrc_numcodecs_zlib_class;
extern const zarrc_codec_class zarrc_numcodecs_lz4_class;
extern const zarrc_codec_class zarrc_numcodecs_bz2_class;
extern const zarrc_codec_class zarrc_numcodecs_lzma_class;
extern const zarrc_codec_class zarrc_numcodecs_crc32_class;
extern const zarrc_codec_class zarrc_numcodecs_crc32c_class;
extern const zarrc_codec_class zarrc_numcodecs_adler32_class;
extern const zarrc_codec_class zarrc_numcodecs_fletcher32_class;
extern const zarrc_codec_class zarrc_numcodecs_jenkins_class;
extern const zarrc_codec_class zarrc_numcodecs_base64_class;
extern const zarrc_codec_class zarrc_numcodecs_shuffle_class;
extern const zarrc_codec_class zarrc_categorize_class;
extern const zarrc_codec_class zarrc_numcodecs_zfpy_class;

/* Those of numcodecs for Python objects, which only format 2 has. */
extern const zarrc_codec_class zarrc_json2_class;
extern const zarrc_codec_class zarrc_msgpack2_class;
extern const zarrc_codec_class zarrc_vlen_array_class;

/* Of zarrc's own, for what only format 2 has. */
extern const zarrc_codec_class zarrc_field_order_class;

#endif
