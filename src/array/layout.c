/* SPDX-License-Identifier: MIT */
#include "array/layout.h"

#include <string.h>

/* Reads ndim integers, none below `least`: a list, or a single number if there is one axis. */
static bool read_numbers(const zarrc_json *value, int ndim, int64_t least, int64_t *out) {
  bool bare = zarrc_json_is(value, ZARRC_JSON_INTEGER);
  if ((bare ? 1 : zarrc_json_length(value)) != (size_t)ndim) return false;
  for (int i = 0; i < ndim; i++)
    if (!zarrc_json_get_int64(bare ? value : zarrc_json_at(value, (size_t)i), &out[i]) || out[i] < least) return false;
  return true;
}

/* Applies a transpose codec to axis_of, the axis of the array for each axis of the chunk; false: the order is
 * invalid. */
static bool transpose(const zarrc_json *order, int ndim, int64_t *axis_of) {
  int64_t from[ZARRC_MAX_NDIM], before[ZARRC_MAX_NDIM];
  uint64_t seen = 0;
  if (zarrc_json_is(order, ZARRC_JSON_STRING)) {
    bool reverses = zarrc_json_string_is(order, "F");
    for (int i = 0; i < ndim; i++) from[i] = reverses ? ndim - 1 - i : i;
  } else if (!read_numbers(order, ndim, 0, from)) {
    return false;
  }
  memcpy(before, axis_of, sizeof before);
  for (int i = 0; i < ndim; i++) {
    if (from[i] >= ndim) return false;
    seen |= (uint64_t)1 << from[i];
    axis_of[i] = before[from[i]];
  }
  return seen == ((uint64_t)1 << ndim) - 1;
}

/* Reads the level of a chain with a sharding codec, and returns the configuration of that codec; NULL: there is
 * none. */
static const zarrc_json *read_level(const zarrc_json *codecs, int ndim, int64_t *axis_of, zarrc_shard_level *level) {
  int64_t shape[ZARRC_MAX_NDIM];
  for (size_t i = 0; i < zarrc_json_length(codecs); i++) {
    const zarrc_json *name = zarrc_json_get(zarrc_json_at(codecs, i), "name");
    const zarrc_json *configuration = zarrc_json_get(zarrc_json_at(codecs, i), "configuration");
    if (zarrc_json_string_is(name, "transpose") && !transpose(zarrc_json_get(configuration, "order"), ndim, axis_of))
      return NULL;
    if (!zarrc_json_string_is(name, "sharding_indexed")) continue;
    if (!read_numbers(zarrc_json_get(configuration, "chunk_shape"), ndim, 1, shape)) return NULL;
    bool at_start = zarrc_json_string_is(zarrc_json_get(configuration, "index_location"), "start");
    *level = (zarrc_shard_level){.struct_size = sizeof *level,
                                 .alone = zarrc_json_length(codecs) == 1,
                                 .index_location = at_start ? ZARRC_INDEX_START : ZARRC_INDEX_END};
    for (int k = 0; k < ndim; k++) level->chunk_shape[axis_of[k]] = shape[k];
    return configuration;
  }
  return NULL;
}

void zarrc_layout_read(const zarrc_json *codecs, int ndim, zarrc_layout *out) {
  int64_t axis_of[ZARRC_MAX_NDIM] = {0};
  const zarrc_json *configuration;
  for (int i = 0; i < ndim; i++) axis_of[i] = i;
  for (out->nlevels = 0; out->nlevels < ZARRC_MAX_NESTING; out->nlevels++) {
    configuration = read_level(codecs, ndim, axis_of, &out->level[out->nlevels]);
    if (!configuration) return;
    codecs = zarrc_json_get(configuration, "codecs");
  }
}
