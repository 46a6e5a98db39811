/* SPDX-License-Identifier: MIT */
/* The extension module: contexts, pipelines and codecs of libzarrc as Python types (limited API 3.11). */
#ifndef ZARRC_PYTHON_CORE_H
#define ZARRC_PYTHON_CORE_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include <zarrc/zarrc.h>

typedef struct core_context {
  PyObject ob_base;
  zarrc_ctx *ctx;
} core_context;

typedef struct core_state {
  PyTypeObject *array, *context, *pipeline, *codec, *ranges;
  PyObject *error, *corrupt, *invalid, *unsupported, *store_error, *mismatch;
} core_state;

extern PyType_Spec core_array_spec, core_pipeline_spec, core_codec_spec, core_ranges_spec;

/* The state of the module that a type of it belongs to. */
core_state *core_state_of(PyTypeObject *type);

/* Raises what a zarrc_error says; returns NULL. */
PyObject *core_raise(core_state *state, const zarrc_error *error);

/* The context of a Context object, which must be one; else raises TypeError and returns NULL. */
zarrc_ctx *core_context_get(core_state *state, PyObject *object);

/* Joins pieces into a bytes object. */
PyObject *core_parts_to_bytes(const zarrc_parts *parts);

/* A stored value of which some ranges are there; a read of others notes what is wanted and fails with
 * ZARRC_CANCELED. */
typedef struct core_ranges core_ranges;
typedef struct core_ranges_blob {
  zarrc_blob blob;
  core_ranges *ranges;
} core_ranges_blob;
void core_ranges_blob_init(core_ranges_blob *blob, PyObject *ranges);

#endif
