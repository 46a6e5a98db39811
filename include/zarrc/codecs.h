/* SPDX-License-Identifier: MIT */
/*
 * The nine codecs that come with zarrc, made from structs instead of JSON, and their settings read back. What can be
 * done with an open codec is in codec.h; several of them become a pipeline by zarrc_pipeline_open_codecs.
 *
 * Conventions of this header
 *   - A config begins with its initializer, which holds the defaults of zarr-python, and is changed from there:
 *         zarrc_gzip_config config = ZARRC_GZIP_CONFIG_INIT;
 *         config.level = 9;
 *   - zarrc_X_codec_open takes NULL for the defaults, and refuses what the JSON of the codec may not say, with the same
 *     status (mostly ZARRC_INVALID_METADATA) and message. It keeps nothing of the config.
 *   - zarrc_X_codec_get reads the settings back: those the codec was opened with, by whatever way, or those that
 *     zarrc_codec_evolve decided. It fills as much of the config as struct_size says, so that must be set (the
 *     initializer does). Any other codec is ZARRC_INVALID_ARGUMENT.
 *   - Unless something else is said a config owns and borrows nothing.
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
  bool has_endian; /* false: evolve decides, or refuses elements of several bytes */
  zarrc_endian endian;
} zarrc_bytes_config;
#define ZARRC_BYTES_CONFIG_INIT                                                                                        \
  { sizeof(zarrc_bytes_config), true, ZARRC_NATIVE }

ZARRC_API zarrc_status zarrc_bytes_codec_open(zarrc_ctx *ctx, const zarrc_bytes_config *config, zarrc_codec **out,
                                              zarrc_error *error);
ZARRC_API zarrc_status zarrc_bytes_codec_get(const zarrc_codec *codec, zarrc_bytes_config *config, zarrc_error *error);

/* --------------------------------------------------------------------------------------------------- transpose */

/* Axis i of the encoded chunk is axis order[i] of the decoded one. There is no default: NULL is
 * ZARRC_INVALID_METADATA, and the initializer says 0 axes. */
typedef struct zarrc_transpose_config {
  size_t struct_size;
  int ndim;
  int order[ZARRC_MAX_NDIM];
  char letter; /* 'C' or 'F', which drafts of the specification allowed: order and ndim are then set by evolve. Or 0 */
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
  int64_t level; /* up to 22; 0: libzstd's default, below: faster */
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

/* "lz4", "bitshuffle", ...; NULL out of range. An unknown name, or a number that is no shuffle, is
 * ZARRC_INVALID_ARGUMENT. The numbers of the shuffles are those of Blosc. */
ZARRC_API const char *zarrc_blosc_cname_name(zarrc_blosc_cname cname);
ZARRC_API zarrc_status zarrc_blosc_cname_from_name(const char *name, zarrc_blosc_cname *out, zarrc_error *error);
ZARRC_API const char *zarrc_blosc_shuffle_name(zarrc_blosc_shuffle shuffle);
ZARRC_API zarrc_status zarrc_blosc_shuffle_from_name(const char *name, zarrc_blosc_shuffle *out, zarrc_error *error);
ZARRC_API zarrc_status zarrc_blosc_shuffle_from_int(int64_t number, zarrc_blosc_shuffle *out, zarrc_error *error);

/* A tunable setting is one that nobody has chosen: evolve puts what suits the data type in its place, and from then on
 * it is not tunable. Until then typesize is 1 and shuffle ZARRC_BLOSC_BITSHUFFLE; a config in which a tunable setting
 * has another value is refused, because it would be lost. */
typedef struct zarrc_blosc_config {
  size_t struct_size;
  int64_t typesize; /* bytes of an element, at least 1 */
  zarrc_blosc_cname cname;
  int64_t clevel; /* 0 to 9, looked at when something is encoded */
  zarrc_blosc_shuffle shuffle;
  int64_t blocksize; /* bytes; 0: libblosc chooses */
  bool tunable_typesize, tunable_shuffle;
} zarrc_blosc_config;
#define ZARRC_BLOSC_CONFIG_INIT                                                                                        \
  { sizeof(zarrc_blosc_config), 1, ZARRC_BLOSC_ZSTD, 5, ZARRC_BLOSC_BITSHUFFLE, 0, true, true }

ZARRC_API zarrc_status zarrc_blosc_codec_open(zarrc_ctx *ctx, const zarrc_blosc_config *config, zarrc_codec **out,
                                              zarrc_error *error);
ZARRC_API zarrc_status zarrc_blosc_codec_get(const zarrc_codec *codec, zarrc_blosc_config *config, zarrc_error *error);

/* ------------------------------------------------------------------------------- crc32c, vlen-utf8, vlen-bytes */

/* These have no settings; zarrc_codec_name tells which codec one is. */
ZARRC_API zarrc_status zarrc_crc32c_codec_open(zarrc_ctx *ctx, zarrc_codec **out, zarrc_error *error);
ZARRC_API zarrc_status zarrc_vlen_utf8_codec_open(zarrc_ctx *ctx, zarrc_codec **out, zarrc_error *error);
ZARRC_API zarrc_status zarrc_vlen_bytes_codec_open(zarrc_ctx *ctx, zarrc_codec **out, zarrc_error *error);

/* --------------------------------------------------------------------------------------------- sharding_indexed */

typedef enum zarrc_index_location { ZARRC_INDEX_START, ZARRC_INDEX_END } zarrc_index_location;

/* "start", "end"; NULL out of range. An unknown name is ZARRC_INVALID_ARGUMENT. */
ZARRC_API const char *zarrc_index_location_name(zarrc_index_location location);
ZARRC_API zarrc_status zarrc_index_location_from_name(const char *name, zarrc_index_location *out, zarrc_error *error);

/* The chunk shape (that of the inner chunks) has no default: NULL is ZARRC_INVALID_METADATA, and the initializer says 0
 * axes.
 *
 * zarrc_sharding_codec_open copies the codecs, which may be closed afterwards. zarrc_sharding_codec_get lends those of
 * the codec: they stay as long as it does. After evolve they are the evolved ones, the same that zarrc_shard_inner
 * has. */
typedef struct zarrc_sharding_config {
  size_t struct_size;
  int ndim;
  int64_t chunk_shape[ZARRC_MAX_NDIM];
  const zarrc_codec *const *codecs; /* ncodecs of them; NULL: bytes, little-endian */
  size_t ncodecs;
  const zarrc_codec *const *index_codecs; /* nindex_codecs of them; NULL: bytes, little-endian, and crc32c */
  size_t nindex_codecs;
  zarrc_index_location index_location;
  /* Of inner chunks in a shard that is written. It is no part of the JSON. ZARRC_MORTON leaves the choice to the
   * zarrc_chunk_options of the chunk. */
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
