/* SPDX-License-Identifier: MIT */
/*
 * The built-in codecs, opened from structs instead of JSON, and their settings. See codec.h for what an open codec can
 * do; zarrc_pipeline_open_codecs makes a pipeline of several.
 *
 *     zarrc_gzip_config config = ZARRC_GZIP_CONFIG_INIT; // zarr-python's defaults
 *     config.level = 9;
 *     zarrc_status status = zarrc_gzip_codec_open(ctx, &config, &codec, &error);
 *
 * zarrc_X_codec_open copies the config; NULL stands for the defaults. It refuses what the JSON of the codec may not
 * contain, with the same statuses (usually ZARRC_INVALID_METADATA).
 *
 * zarrc_X_codec_get gets the settings of a codec however it was opened, after zarrc_codec_evolve the evolved ones. It
 * fills as much of the config as struct_size says. ZARRC_INVALID_ARGUMENT: it is another codec.
 */
#ifndef ZARRC_CODECS_H
#define ZARRC_CODECS_H

#include <zarrc/codec.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------------- bytes */

typedef struct zarrc_bytes_config {
  size_t struct_size;
  bool has_endian; /* false: evolve sets it for structs, and refuses other elements that need a byte order */
  zarrc_endian endian;
} zarrc_bytes_config;
#define ZARRC_BYTES_CONFIG_INIT                                                                                        \
  { sizeof(zarrc_bytes_config), true, ZARRC_NATIVE }

ZARRC_API zarrc_status zarrc_bytes_codec_open(zarrc_ctx *ctx, const zarrc_bytes_config *config, zarrc_codec **out,
                                              zarrc_error *error);
ZARRC_API zarrc_status zarrc_bytes_codec_get(const zarrc_codec *codec, zarrc_bytes_config *config, zarrc_error *error);

/* --------------------------------------------------------------------------------------------------- transpose */

/* Axis i of the encoded chunk is axis order[i] of the decoded chunk. There is no default: config must not be NULL. */
typedef struct zarrc_transpose_config {
  size_t struct_size;
  int ndim;
  int order[ZARRC_MAX_NDIM];
  char letter; /* 'C' or 'F' as in drafts of the specification, until evolve sets order and ndim; else 0 */
} zarrc_transpose_config;
#define ZARRC_TRANSPOSE_CONFIG_INIT                                                                                    \
  { sizeof(zarrc_transpose_config), 0, {0}, 0 }

ZARRC_API zarrc_status zarrc_transpose_codec_open(zarrc_ctx *ctx, const zarrc_transpose_config *config,
                                                  zarrc_codec **out, zarrc_error *error);
ZARRC_API zarrc_status zarrc_transpose_codec_get(const zarrc_codec *codec, zarrc_transpose_config *config,
                                                 zarrc_error *error);

/* ------------------------------------------------------------------------------------------------ gzip and zstd */

typedef struct zarrc_gzip_config {
  size_t struct_size;
  int64_t level; /* 0 to 9 */
} zarrc_gzip_config;
#define ZARRC_GZIP_CONFIG_INIT                                                                                         \
  { sizeof(zarrc_gzip_config), 5 }

ZARRC_API zarrc_status zarrc_gzip_codec_open(zarrc_ctx *ctx, const zarrc_gzip_config *config, zarrc_codec **out,
                                             zarrc_error *error);
ZARRC_API zarrc_status zarrc_gzip_codec_get(const zarrc_codec *codec, zarrc_gzip_config *config, zarrc_error *error);

typedef struct zarrc_zstd_config {
  size_t struct_size;
  int64_t level; /* up to 22; 0: the default of libzstd; negative: faster */
  bool checksum;
} zarrc_zstd_config;
#define ZARRC_ZSTD_CONFIG_INIT                                                                                         \
  { sizeof(zarrc_zstd_config), 0, false }

ZARRC_API zarrc_status zarrc_zstd_codec_open(zarrc_ctx *ctx, const zarrc_zstd_config *config, zarrc_codec **out,
                                             zarrc_error *error);
ZARRC_API zarrc_status zarrc_zstd_codec_get(const zarrc_codec *codec, zarrc_zstd_config *config, zarrc_error *error);

/* ------------------------------------------------------------------------------------------------------- blosc */

typedef enum zarrc_blosc_cname {
  ZARRC_BLOSC_BLOSCLZ,
  ZARRC_BLOSC_LZ4,
  ZARRC_BLOSC_LZ4HC,
  ZARRC_BLOSC_SNAPPY,
  ZARRC_BLOSC_ZLIB,
  ZARRC_BLOSC_ZSTD
} zarrc_blosc_cname;
typedef enum zarrc_blosc_shuffle {
  ZARRC_BLOSC_NOSHUFFLE,
  ZARRC_BLOSC_SHUFFLE,
  ZARRC_BLOSC_BITSHUFFLE
} zarrc_blosc_shuffle;

/* Return "lz4", "bitshuffle", ...; NULL if out of range. ZARRC_INVALID_ARGUMENT: no such name, or number of Blosc. */
ZARRC_API const char *zarrc_blosc_cname_name(zarrc_blosc_cname cname);
ZARRC_API zarrc_status zarrc_blosc_cname_from_name(const char *name, zarrc_blosc_cname *out, zarrc_error *error);
ZARRC_API const char *zarrc_blosc_shuffle_name(zarrc_blosc_shuffle shuffle);
ZARRC_API zarrc_status zarrc_blosc_shuffle_from_name(const char *name, zarrc_blosc_shuffle *out, zarrc_error *error);
ZARRC_API zarrc_status zarrc_blosc_shuffle_from_int(int64_t number, zarrc_blosc_shuffle *out, zarrc_error *error);

/* A tunable setting has not been chosen yet: evolve chooses one that suits the data type, after which it is not tunable
 * any more. Until then typesize must be 1 and shuffle ZARRC_BLOSC_BITSHUFFLE. */
typedef struct zarrc_blosc_config {
  size_t struct_size;
  int64_t typesize; /* bytes of an element */
  zarrc_blosc_cname cname;
  int64_t clevel; /* 0 to 9, checked when something is encoded */
  zarrc_blosc_shuffle shuffle;
  int64_t blocksize; /* in bytes; 0: libblosc chooses */
  bool tunable_typesize, tunable_shuffle;
} zarrc_blosc_config;
#define ZARRC_BLOSC_CONFIG_INIT                                                                                        \
  { sizeof(zarrc_blosc_config), 1, ZARRC_BLOSC_ZSTD, 5, ZARRC_BLOSC_BITSHUFFLE, 0, true, true }

ZARRC_API zarrc_status zarrc_blosc_codec_open(zarrc_ctx *ctx, const zarrc_blosc_config *config, zarrc_codec **out,
                                              zarrc_error *error);
ZARRC_API zarrc_status zarrc_blosc_codec_get(const zarrc_codec *codec, zarrc_blosc_config *config, zarrc_error *error);

/* ------------------------------------------------------------------------------- crc32c, vlen-utf8, vlen-bytes */

/* These have no settings. */
ZARRC_API zarrc_status zarrc_crc32c_codec_open(zarrc_ctx *ctx, zarrc_codec **out, zarrc_error *error);
ZARRC_API zarrc_status zarrc_vlen_utf8_codec_open(zarrc_ctx *ctx, zarrc_codec **out, zarrc_error *error);
ZARRC_API zarrc_status zarrc_vlen_bytes_codec_open(zarrc_ctx *ctx, zarrc_codec **out, zarrc_error *error);

/* --------------------------------------------------------------------------------------------- sharding_indexed */

typedef enum zarrc_index_location { ZARRC_INDEX_START, ZARRC_INDEX_END } zarrc_index_location;

/* Returns "start" or "end"; NULL if out of range. An unknown name is ZARRC_INVALID_ARGUMENT. */
ZARRC_API const char *zarrc_index_location_name(zarrc_index_location location);
ZARRC_API zarrc_status zarrc_index_location_from_name(const char *name, zarrc_index_location *out, zarrc_error *error);

/* There is no default: config must not be NULL. zarrc_sharding_codec_open copies the codecs, which may be closed
 * afterwards. zarrc_sharding_codec_get lends those of the sharding codec, which live as long as it does. */
typedef struct zarrc_sharding_config {
  size_t struct_size;
  int ndim;
  int64_t chunk_shape[ZARRC_MAX_NDIM];
  const zarrc_codec *const *codecs; /* of the inner chunks; NULL: bytes, little-endian */
  size_t ncodecs;
  const zarrc_codec *const *index_codecs; /* of the index; NULL: bytes, little-endian, then crc32c */
  size_t nindex_codecs;
  zarrc_index_location index_location;
  /* Of inner chunks in written shards; not part of the JSON. ZARRC_MORTON: as zarrc_chunk_options says. */
  zarrc_subchunk_order subchunk_order;
} zarrc_sharding_config;
#define ZARRC_SHARDING_CONFIG_INIT                                                                                     \
  { sizeof(zarrc_sharding_config), 0, {0}, NULL, 0, NULL, 0, ZARRC_INDEX_END, ZARRC_MORTON }

ZARRC_API zarrc_status zarrc_sharding_codec_open(zarrc_ctx *ctx, const zarrc_sharding_config *config, zarrc_codec **out,
                                                 zarrc_error *error);
ZARRC_API zarrc_status zarrc_sharding_codec_get(const zarrc_codec *codec, zarrc_sharding_config *config,
                                                zarrc_error *error);

#ifdef __cplusplus
}
#endif
#endif
