/* SPDX-License-Identifier: MIT */
/* The extension module: contexts, pipelines and codecs of libzarrc as Python types (limited API 3.11). */
#ifndef ZARRC_PYTHON_CORE_H
#define ZARRC_PYTHON_CORE_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include <pthread.h>
#include <stdatomic.h>

#include <zarrc/zarrc.h>

/* Calls of a context that are under way without the interpreter lock. */
typedef struct core_stop core_stop;
typedef struct core_call core_call;
typedef struct core_calls {
  zarrc_ctx *ctx;
  pthread_mutex_t lock;
  core_call *first;
} core_calls;

struct core_call {
  core_calls *calls;
  pthread_t thread;
  core_stop *stop; /* or NULL */
  core_call *next, *outer;
  PyThreadState *state;
  int64_t looked;
  atomic_bool raised;  /* a handler of a signal has raised an exception, or `interrupt` is there */
  PyObject *interrupt; /* KeyboardInterrupt and the like, raised by a function of a store; or NULL */
  PyObject *causes;    /* other exceptions of such functions, by the numbers that errors have as `cause`; or NULL */
  long long ncauses;
};

typedef struct core_state core_state;

typedef struct core_context {
  PyObject ob_base;
  zarrc_ctx *ctx;
  core_calls calls;
} core_context;

/* Gives the interpreter lock away for a call of the library that can be stopped, and takes it back. false: an exception
 * was raised meanwhile, whatever the call returned. */
void core_call_begin(core_call *call, core_calls *calls);
bool core_call_end(core_call *call);
/* Raises why a call has failed: the exception of a store's function where that is the cause, else what the error says.
 */
void core_call_raise(core_call *call, core_state *state, const zarrc_error *error);
/* Lets go what is left of a call that has ended. */
void core_call_clear(core_call *call);

/* For functions that the library calls back, in any of its threads, with the interpreter lock held: */
/* Takes the current exception for the call that the function serves, and makes an error of it. */
zarrc_status core_calls_fail(core_calls *calls, zarrc_error *error);
/* Returns whether the call that the function serves is to end. */
bool core_calls_stopped(core_calls *calls);
/* `canceled` of a context. */
bool core_calls_canceled(void *calls);
core_calls *core_calls_of(PyObject *context);

struct core_state {
  PyTypeObject *array, *context, *copier, *pipeline, *codec, *ranges, *stop, *store;
  PyObject *error, *corrupt, *invalid, *unsupported, *store_error, *access_error;
  PyObject *corrupt_gzip, *corrupt_text, *limit, *setting; /* special ones, exceptions of zarr-python too */
  PyTypeObject *ndarray;                                   /* numpy's */
  PyObject *unchanged;                                     /* _core.UNCHANGED: a write has changed nothing */
};

extern PyType_Spec core_array_spec, core_copier_spec, core_pipeline_spec, core_codec_spec, core_ranges_spec,
    core_stop_spec, core_store_spec;

/* The state of the module that a type of it belongs to. */
core_state *core_state_of(PyTypeObject *type);

/* Returns what an error says; `whole`: with the store and the key in front. */
PyObject *core_error_text(const zarrc_error *error, bool whole);
/* Raises what a zarrc_error says; returns NULL. */
PyObject *core_raise(core_state *state, const zarrc_error *error);

/* The same for a codec that does not take its settings. */
PyObject *core_raise_setting(core_state *state, const zarrc_error *error);

/* Options of stores on servers, and their memory. */
typedef struct core_remote {
  zarrc_http_options http;
  zarrc_s3_options s3;
  zarrc_cache_options cache;
  const char **headers;
} core_remote;
/* Takes what zarrc._remote has made of a user's storage_options, a dict or None, and puts it into `options`. Texts are
 * lent by the dict. core_remote_clear in any case. false: an exception was raised. */
bool core_remote_take(core_remote *out, PyObject *settings, zarrc_open_options *options);
void core_remote_clear(core_remote *remote);
/* What a Store object has open. */
zarrc_store *core_store_get(PyObject *store);

/* Opens the store of a URL (str), or of an object of zarrc._foreign, whose functions the store then calls. *path, of
 * the node in it, is to be freed, and closing the store needs no interpreter lock. The error names no URL. Returns
 * ZARRC_INTERNAL also with an exception of Python's. */
zarrc_status core_place_open(zarrc_ctx *ctx, PyObject *context, PyObject *place, const zarrc_open_options *options,
                             zarrc_store **store, char **path, zarrc_error *error);
/* Has no more functions of Python called, as the interpreter ends; a function of the module. */
PyObject *core_end_calls(PyObject *module, PyObject *none);

/* A URL as it may be shown; a function of the module. */
PyObject *core_url_shown(PyObject *module, PyObject *url);

/* Functions of the module. */
PyObject *core_verify(PyObject *module, PyObject *args, PyObject *kwargs);
PyObject *core_digest(PyObject *module, PyObject *args, PyObject *kwargs);

/* The context of a Context object, which must be one; else raises TypeError and returns NULL. */
zarrc_ctx *core_context_get(core_state *state, PyObject *object);

/* Joins pieces into a bytes object. */
PyObject *core_parts_to_bytes(const zarrc_parts *parts);

/* A stored value of which some ranges are there; a read of others is ZARRC_PENDING. */
typedef struct core_ranges core_ranges;
zarrc_blob *core_ranges_blob(PyObject *ranges);

/* A selection as libzarrc takes it, and the memory of its lists. */
typedef struct core_picks {
  zarrc_selection selection;
  Py_buffer buffers[ZARRC_MAX_NDIM];
  int nbuffers;
} core_picks;
/* entries: a tuple with, for each axis, an integer, a slice with a step of at least 1, or a packed buffer of int64;
 * with `points` such buffers only, all of one length. NULL: an exception was raised. */
core_picks *core_picks_new(PyObject *entries, bool points, int ndim, const int64_t *shape);
void core_picks_free(core_picks *picks);
bool core_picks_are_empty(const core_picks *picks, int ndim);
/* How many cells of a shape are touched, at most. */
uint64_t core_picks_ncells(const core_picks *picks, int ndim, const int64_t *shape, const int64_t *cell);

/* Elements of variable length: a list of str or bytes, and the other way round (the items must stay alive). */
PyObject *core_texts_to_list(const zarrc_dtype *dtype, const zarrc_text *texts, int64_t n);
bool core_text_of(const zarrc_dtype *dtype, PyObject *item, zarrc_text *out);

/* A list with a sentence for each rule that the stored metadata bend. */
PyObject *core_notices(const zarrc_array *array);

/* A tuple of n numbers. */
PyObject *core_tuple_of(const int64_t *numbers, int n);

#endif
