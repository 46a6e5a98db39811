/* SPDX-License-Identifier: MIT */
/* A batch of chunks: what comes from Python, as jobs of libzarrc. */
#ifndef ZARRC_PYTHON_CORE_BATCH_H
#define ZARRC_PYTHON_CORE_BATCH_H

#include "_core.h"

typedef struct core_pipeline {
  PyObject ob_base;
  PyObject *context;
  zarrc_ctx *ctx;
  zarrc_pipeline *pipeline;
} core_pipeline;

typedef enum core_source { CORE_MEMORY, CORE_RANGES, CORE_KEY } core_source;

/* What a read found of a chunk: _core.MISSING and so on. */
typedef enum core_found {
  CORE_MISSING, /* no value: fill value was read */
  CORE_FOUND,
  CORE_PENDING, /* ranges of the value have to be fetched first; nothing was read */
  CORE_NO_BOX,  /* the selections are no boxes; nothing was read */
  CORE_CONFLICT /* of a store of another library: the value was changed since a part of it was read */
} core_found;

/* What a write made of a chunk that has no key. */
typedef enum core_outcome { CORE_UNCHANGED, CORE_REPLACED, CORE_ERASED } core_outcome;

typedef struct core_chunk {
  core_source source;
  union {
    zarrc_memory_blob memory;
    zarrc_key_blob key;
  } blob;
  const char *key;  /* of CORE_KEY in a store that is lent */
  Py_buffer buffer; /* of CORE_MEMORY, where there is a value */
  bool other;       /* the selections are no boxes: the chunk is left out */
  zarrc_region region;
  core_picks *picks; /* instead of a region */
  Py_buffer memory;  /* of picks: where their elements are in memory */
  bool has_memory;
  zarrc_text *texts; /* elements of variable length */
  zarrc_parts parts; /* what was encoded */
  core_outcome outcome;
  bool pending; /* ranges of the value have to be fetched first */
} core_chunk;

typedef zarrc_status (*core_chunk_fn)(void *batch, size_t i, zarrc_error *error);

typedef struct core_batch {
  core_state *state;
  core_pipeline *self;
  size_t n;
  core_chunk *chunks;
  zarrc_job *jobs;
  zarrc_store *store;
  bool is_lent;     /* the store, by the caller; its keys are opened when they are read, possibly many in one round */
  core_chunk_fn fn; /* of core_batch_run */
  bool no_store;    /* reading: the root directory is not there, so no key is */
  bool has_key;     /* some chunk has one */
  Py_buffer array;
  bool has_array;
  zarrc_arena *arena;
  zarrc_dtype dtype; /* of the array's elements in memory */
  bool encode;       /* writes: encode all, do not ask whether it is fill value */
} core_batch;

/* Makes room for as many chunks as `items`, a list of tuples, has. On failure an exception is raised;
 * core_batch_clear in any case. */
bool core_batch_init(core_batch *batch, core_state *state, core_pipeline *self, PyObject *items);
void core_batch_clear(core_batch *batch);

/* Member `k` of item i, borrowed; NULL with an exception where there is none. */
PyObject *core_item(PyObject *items, size_t i, Py_ssize_t k);

/* root: None, the path of a directory, or a Store, which is only read. */
bool core_batch_open_store(core_batch *batch, PyObject *root, bool write);
/* source: None (no value), a buffer, a Ranges, or a key below the root. */
bool core_batch_add_source(core_batch *batch, size_t i, PyObject *source);

/* The array of all chunks: any strides; its elements have the size of the chunk's, in big-endian order if `big`. */
bool core_batch_take_array(core_batch *batch, PyObject *array, bool big, int flags);

/* What `chunk_selection` selects of chunk i and `selection` of the array: tuples of integers and slices, or one of
 * them. Sets `other` of the chunk where they are something else, or do not fit each other. */
bool core_batch_add_box(core_batch *batch, size_t i, PyObject *chunk_selection, PyObject *selection);

/* Zeroed text for n elements of chunk i, which the view then begins with. */
bool core_batch_text(core_batch *batch, size_t i, int64_t n);

/* Bytes that have to be decoded, about: of shards the touched inner chunks, else whole chunks. Fewer are counted where
 * bytes are only copied. */
uint64_t core_batch_cost(const core_batch *batch);

/* Runs fn for every chunk, without the interpreter lock unless there is too little to do. false: the first failure was
 * raised, with the chunk's name in front. name: that of chunk i, borrowed, or NULL. */
typedef PyObject *(*core_name_fn)(PyObject *items, size_t i);
bool core_batch_run(core_batch *batch, core_chunk_fn fn, bool keep_lock, core_name_fn name, PyObject *items);

/* Notes what became of a read. Returns that for the loop: that ranges have to be fetched first is no failure. */
zarrc_status core_chunk_done(core_batch *batch, size_t i, zarrc_status status);

/* What `item` makes of each chunk. */
PyObject *core_batch_list(const core_batch *batch, PyObject *(*item)(const core_batch *batch, size_t i));

/* What was found of chunk i. */
core_found core_batch_found(const core_batch *batch, size_t i);

/* bytes, which the chunk has no longer, None (erased, or stored by the library), or UNCHANGED. */
PyObject *core_batch_outcome(const core_batch *batch, size_t i);

/* _core_batch_picks.c: methods of pipelines. */
PyObject *core_pipeline_read_picks(PyObject *object, PyObject *args);
PyObject *core_pipeline_write_picks(PyObject *object, PyObject *args);

#endif
