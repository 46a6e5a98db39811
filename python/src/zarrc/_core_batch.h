/* SPDX-License-Identifier: MIT */
/* A batch of chunks: what the lists that come from Python say, as jobs of libzarrc. */
#ifndef ZARRC_PYTHON_CORE_BATCH_H
#define ZARRC_PYTHON_CORE_BATCH_H

#include "_core.h"

typedef struct core_pipeline {
  PyObject ob_base;
  PyObject *context;
  zarrc_ctx *ctx;
  zarrc_pipeline *pipeline;
} core_pipeline;

typedef enum core_source { CORE_NOTHING, CORE_MEMORY, CORE_RANGES, CORE_KEY } core_source;

typedef struct core_chunk {
  core_source source;
  union {
    zarrc_memory_blob memory;
    zarrc_key_blob key;
    core_ranges_blob ranges;
  } blob;
  Py_buffer buffer; /* of CORE_MEMORY */
  zarrc_region region;
  zarrc_text *texts; /* elements of variable length */
  zarrc_parts parts; /* what was encoded */
} core_chunk;

typedef struct core_batch {
  core_state *state;
  core_pipeline *self;
  size_t n;
  core_chunk *chunks;
  zarrc_job *jobs;
  zarrc_store *store;
  bool no_store; /* reading: the root directory is not there, so no key is */
  Py_buffer array;
  bool has_array;
  zarrc_arena *arena;
  zarrc_dtype dtype; /* of the array's elements in memory */
  bool encode;       /* writes: encode all, do not ask whether it is fill value */
} core_batch;

/* Makes room for as many chunks as sources has. On failure an exception is raised; core_batch_clear in any case. */
bool core_batch_init(core_batch *batch, core_state *state, core_pipeline *self, PyObject *sources);
void core_batch_clear(core_batch *batch);

/* sources: None (no value), a buffer, a Ranges, or a key of the file store at `root`. */
bool core_batch_open_store(core_batch *batch, PyObject *root, bool write);
bool core_batch_add_sources(core_batch *batch, PyObject *sources);

/* selections: a tuple of integers and slices for each chunk, or None for all of it. int_axes gets a bit for each axis
 * with an integer. */
bool core_batch_parse_region(core_batch *batch, size_t i, PyObject *selection, uint32_t *int_axes);
/* The view of chunk i: what `selection` (one entry for each axis that has no integer) selects of the array. */
bool core_batch_parse_view(core_batch *batch, size_t i, PyObject *selection, uint32_t int_axes);
/* A view over elements of variable length, packed in C order. */
bool core_batch_text_view(core_batch *batch, size_t i);

#endif
