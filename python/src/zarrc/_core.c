/* SPDX-License-Identifier: MIT */
/* The module, its exceptions, and contexts. */
#include "_core_batch.h"

#include <stdio.h>
#include <string.h>

#define MODULE_NAME "zarrc._core"

/* ------------------------------------------------------------------------------------------------- exceptions */

static void set_text(PyObject *object, const char *name, const char *text) {
  PyObject *value = text[0] ? PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace") : NULL;
  if (!value) {
    PyErr_Clear();
    value = Py_NewRef(Py_None);
  }
  if (PyObject_SetAttrString(object, name, value)) PyErr_Clear();
  Py_DECREF(value);
}

static void set_offset(PyObject *object, int64_t offset) {
  PyObject *value = offset >= 0 ? PyLong_FromLongLong(offset) : Py_NewRef(Py_None);
  if (!value || PyObject_SetAttrString(object, "offset", value)) PyErr_Clear();
  Py_XDECREF(value);
}

/* Damage is what zarr-python raises for it as well, which depends on the codec. */
static PyObject *corrupt_class(core_state *state, const zarrc_error *error) {
  if (strcmp(error->codec, "gzip") == 0) return state->corrupt_gzip;
  if (strcmp(error->codec, "vlen-utf8") == 0) return state->corrupt_text;
  return state->corrupt;
}

static PyObject *exception_class(core_state *state, const zarrc_error *error) {
  switch (error->code) {
  case ZARRC_CORRUPT:
  case ZARRC_TRUNCATED:
  case ZARRC_CHECKSUM:
  case ZARRC_SIZE_MISMATCH:
    return corrupt_class(state, error);
  case ZARRC_INVALID_ARGUMENT:
  case ZARRC_INVALID_METADATA:
    return state->invalid;
  case ZARRC_LIMIT:
    return state->limit;
  case ZARRC_UNSUPPORTED:
    return state->unsupported;
  case ZARRC_IO:
  case ZARRC_NETWORK:
    return state->store_error;
  case ZARRC_ACCESS:
    return state->access_error;
  case ZARRC_NOT_FOUND:
    return PyExc_FileNotFoundError;
  case ZARRC_NO_MEMORY:
    return PyExc_MemoryError;
  default:
    return state->error;
  }
}

PyObject *core_error_text(const zarrc_error *error, bool whole) {
  char text[ZARRC_ERROR_TEXT];
  zarrc_error said = *error;
  if (!whole) said.store[0] = said.key[0] = '\0';
  zarrc_error_text(&said, text, sizeof text);
  return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

/* Returns the name of the file that an error of the system is about; NULL: none, or not known whole as it is too long.
 */
static PyObject *make_filename(const zarrc_error *error) {
  char name[sizeof error->store + sizeof error->key];
  size_t n = strlen(error->store), key = strlen(error->key);
  if (!error->os_error || n == 0 || key + 8 > sizeof error->key) return NULL;
  snprintf(name, sizeof name, "%s%s%s", error->store, key > 0 && error->store[n - 1] != '/' ? "/" : "", error->key);
  return PyUnicode_DecodeFSDefault(name);
}

/* Makes an OSError of errno, message and, if it is known, the file's name, which OSError shows itself. */
static PyObject *new_instance(PyObject *type, const zarrc_error *error) {
  PyObject *filename = make_filename(error);
  PyObject *message = core_error_text(error, !filename), *exception = NULL;
  if (message && filename)
    exception = PyObject_CallFunction(type, "iOO", error->os_error, message, filename);
  else if (message && error->os_error)
    exception = PyObject_CallFunction(type, "iO", error->os_error, message);
  else if (message)
    exception = PyObject_CallFunction(type, "O", message);
  Py_XDECREF(message);
  Py_XDECREF(filename);
  return exception;
}

/* What a UnicodeDecodeError has. */
static void set_decode_fields(PyObject *exception, PyObject *message) {
  PyObject *value =
      Py_BuildValue("{sssysisisO}", "encoding", "utf-8", "object", "", "start", 0, "end", 0, "reason", message);
  PyObject *name, *field;
  Py_ssize_t at = 0;
  while (value && PyDict_Next(value, &at, &name, &field))
    if (PyObject_SetAttr(exception, name, field)) PyErr_Clear();
  Py_XDECREF(value);
}

static PyObject *raise_as(core_state *state, PyObject *type, const zarrc_error *error) {
  bool of_system = type == state->store_error || type == state->access_error || type == PyExc_FileNotFoundError;
  PyObject *message = core_error_text(error, true);
  if (!message) return NULL;
  PyObject *exception = of_system ? new_instance(type, error) : PyObject_CallFunction(type, "O", message);
  if (exception && type == state->corrupt_text) set_decode_fields(exception, message);
  Py_DECREF(message);
  if (!exception) return NULL;
  if (PyObject_IsInstance(exception, state->error) == 1) {
    set_text(exception, "status", zarrc_status_name(error->code));
    set_text(exception, "codec", error->codec);
    set_text(exception, "chunk", error->chunk);
    set_text(exception, "inner_chunk", error->inner_chunk);
    set_text(exception, "key", error->key);
    set_offset(exception, error->offset);
  }
  PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
  Py_DECREF(exception);
  return NULL;
}

PyObject *core_raise(core_state *state, const zarrc_error *error) {
  return raise_as(state, exception_class(state, error), error);
}

PyObject *core_raise_setting(core_state *state, const zarrc_error *error) {
  PyObject *type = exception_class(state, error);
  return raise_as(state, type == state->invalid || type == state->limit ? state->setting : type, error);
}

PyObject *core_parts_to_bytes(const zarrc_parts *parts) {
  PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)parts->nbytes);
  if (!bytes) return NULL;
  char *to = PyBytes_AsString(bytes);
  for (size_t i = 0; i < parts->nitems; i++) {
    if (parts->items[i].len) memcpy(to, parts->items[i].ptr, parts->items[i].len);
    to += parts->items[i].len;
  }
  return bytes;
}

/* --------------------------------------------------------------------------------------------------- contexts */

static PyObject *context_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"threads", "max_chunk_bytes", "fast_gzip", "max_memory", NULL};
  unsigned threads = 0;
  unsigned long long max_chunk_bytes = 0, max_memory = 0;
  int fast_gzip = 0;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|IKpK:Context", names, &threads, &max_chunk_bytes, &fast_gzip,
                                   &max_memory))
    return NULL;
  zarrc_ctx_options options = {.struct_size = sizeof options,
                               .threads = threads,
                               .max_chunk_bytes = max_chunk_bytes,
                               .max_memory = max_memory,
                               .fast_gzip = fast_gzip != 0};
  zarrc_error error;
  allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  core_context *self = (core_context *)alloc(type, 0);
  if (!self) return NULL;
  pthread_mutex_init(&self->calls.lock, NULL);
  options.canceled = core_calls_canceled;
  options.canceled_ud = &self->calls;
  if (zarrc_ctx_open(&options, &self->ctx, &error)) {
    core_raise(core_state_of(type), &error);
    Py_DECREF((PyObject *)self);
    return NULL;
  }
  self->calls.ctx = self->ctx;
  return (PyObject *)self;
}

core_calls *core_calls_of(PyObject *context) {
  return &((core_context *)context)->calls;
}

static void context_dealloc(PyObject *object) {
  PyTypeObject *type = Py_TYPE(object);
  zarrc_ctx_close(((core_context *)object)->ctx);
  pthread_mutex_destroy(&((core_context *)object)->calls.lock);
  freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  release(object);
  Py_DECREF((PyObject *)type);
}

static PyObject *context_threads(PyObject *object, void *closure) {
  (void)closure;
  return PyLong_FromUnsignedLong(zarrc_ctx_get_options(((core_context *)object)->ctx)->threads);
}

static PyObject *context_memory(PyObject *object, void *closure) {
  (void)closure;
  const zarrc_ctx *ctx = ((core_context *)object)->ctx;
  return Py_BuildValue("KK", (unsigned long long)zarrc_ctx_memory(ctx), (unsigned long long)zarrc_ctx_memory_peak(ctx));
}

static PyObject *context_has_codec(PyObject *object, PyObject *name) {
  const char *text = PyUnicode_AsUTF8AndSize(name, NULL);
  return text ? PyBool_FromLong(zarrc_codec_is_available(((core_context *)object)->ctx, text)) : NULL;
}

static PyObject *context_is_stopped(PyObject *object, PyObject *none) {
  (void)none;
  return PyBool_FromLong(core_calls_stopped(&((core_context *)object)->calls));
}

static PyObject *context_codec_names(PyObject *object, void *closure) {
  (void)closure;
  PyObject *names = PyList_New(0);
  const char *name;
  for (size_t i = 0; names && (name = zarrc_codec_name_get(((core_context *)object)->ctx, i)); i++) {
    PyObject *text = PyUnicode_FromString(name);
    if (!text || PyList_Append(names, text)) Py_CLEAR(names);
    Py_XDECREF(text);
  }
  return names;
}

zarrc_ctx *core_context_get(core_state *state, PyObject *object) {
  if (PyObject_TypeCheck(object, state->context)) return ((core_context *)object)->ctx;
  PyErr_SetString(PyExc_TypeError, "a Context is needed");
  return NULL;
}

static PyMethodDef context_methods[] = {
    {"has_codec", context_has_codec, METH_O, "Whether a codec of this name is known, and was built in."},
    {"is_stopped", context_is_stopped, METH_NOARGS,
     "Whether the call is to end for which the library has called a function of a store."},
    {0},
};
static PyGetSetDef context_members[] = {
    {"threads", context_threads, NULL, "Threads that work at once, the caller counted.", NULL},
    {"codec_names", context_codec_names, NULL, "Names of all codecs that are known, whether they were built in or not.",
     NULL},
    {"memory", context_memory, NULL, "Bytes held now, and the most there ever were.", NULL},
    {0},
};
static PyType_Slot context_slots[] = {
    {Py_tp_new, context_new},
    {Py_tp_dealloc, context_dealloc},
    {Py_tp_methods, context_methods},
    {Py_tp_getset, context_members},
    {Py_tp_doc, "A context: memory and threads. Context(threads=0, max_chunk_bytes=0, fast_gzip=False, max_memory=0)."},
    {0},
};
static PyType_Spec context_spec = {MODULE_NAME ".Context", sizeof(core_context), 0, Py_TPFLAGS_DEFAULT, context_slots};

/* ---------------------------------------------------------------------------------------------------- module */

core_state *core_state_of(PyTypeObject *type) {
  return PyType_GetModuleState(type);
}

/* An exception with at most four bases; those behind the first NULL do not count. */
static PyObject *new_exception(PyObject *module, const char *name, PyObject *members, PyObject *const bases[4]) {
  char qualified[64] = MODULE_NAME ".";
  strncat(qualified, name, sizeof qualified - sizeof MODULE_NAME - 1);
  Py_ssize_t n = 0;
  while (n < 4 && bases[n]) n++;
  PyObject *tuple = PyTuple_New(n), *type = NULL;
  for (Py_ssize_t i = 0; tuple && i < n; i++) PyTuple_SetItem(tuple, i, Py_NewRef(bases[i]));
  if (tuple && n > 0) type = PyErr_NewException(qualified, tuple, members);
  Py_XDECREF(tuple);
  if (type && PyModule_AddObjectRef(module, name, type)) Py_CLEAR(type);
  return type;
}

/* An attribute of a module. */
static PyObject *imported(const char *module, const char *name) {
  PyObject *from = PyImport_ImportModule(module);
  PyObject *found = from ? PyObject_GetAttrString(from, name) : NULL;
  Py_XDECREF(from);
  return found;
}

/* Gives an exception the __new__ of the base whose memory it has. The first in its order of bases is ValueError's,
 * which refuses to make it: plain pickling does not ask, but what pickles tracebacks (tblib, with distributed) does. */
static PyObject *with_new_of(PyObject *type, PyObject *base) {
  PyObject *new = type ? PyObject_GetAttrString(base, "__new__") : NULL;
  if (type && (!new || PyObject_SetAttrString(type, "__new__", new))) Py_CLEAR(type);
  Py_XDECREF(new);
  return type;
}

/* Damaged gzip is a BadGzipFile, an EOFError or a zlib.error elsewhere; which of them depends on where a decoder looks
 * first, so that it is all three here. */
static PyObject *new_corrupt_gzip(PyObject *module, core_state *state) {
  PyObject *bad = imported("gzip", "BadGzipFile"), *zlib = bad ? imported("zlib", "error") : NULL, *type = NULL;
  if (zlib)
    type = new_exception(module, "CorruptGzipError", NULL,
                         (PyObject *const[4]){state->corrupt, PyExc_EOFError, bad, zlib});
  Py_XDECREF(bad);
  Py_XDECREF(zlib);
  return with_new_of(type, PyExc_OSError);
}

/* A UnicodeDecodeError wants five arguments and makes a message of them: this one has its own message. */
static PyObject *new_corrupt_text(PyObject *module, core_state *state) {
  PyObject *init = PyObject_GetAttrString(PyExc_BaseException, "__init__");
  PyObject *str = init ? PyObject_GetAttrString(PyExc_BaseException, "__str__") : NULL;
  PyObject *members = str ? Py_BuildValue("{sOsO}", "__init__", init, "__str__", str) : NULL;
  PyObject *type = NULL;
  if (members)
    type = new_exception(module, "CorruptTextError", members,
                         (PyObject *const[4]){state->corrupt, PyExc_UnicodeDecodeError});
  Py_XDECREF(init);
  Py_XDECREF(str);
  Py_XDECREF(members);
  return with_new_of(type, PyExc_UnicodeDecodeError);
}

static bool add_exceptions(PyObject *module, core_state *state) {
  state->error = new_exception(module, "ZarrcError", NULL, (PyObject *const[4]){PyExc_Exception});
  if (!state->error) return false;
  state->corrupt = new_exception(module, "CorruptError", NULL,
                                 (PyObject *const[4]){state->error, PyExc_ValueError, PyExc_RuntimeError});
  state->invalid = new_exception(module, "InvalidError", NULL, (PyObject *const[4]){state->error, PyExc_ValueError});
  state->unsupported =
      new_exception(module, "UnsupportedError", NULL, (PyObject *const[4]){state->error, PyExc_NotImplementedError});
  state->store_error = new_exception(module, "StoreError", NULL, (PyObject *const[4]){state->error, PyExc_OSError});
  if (!state->corrupt || !state->invalid || !state->unsupported || !state->store_error) return false;
  state->access_error =
      new_exception(module, "AccessError", NULL, (PyObject *const[4]){state->store_error, PyExc_PermissionError});
  state->corrupt_gzip = new_corrupt_gzip(module, state);
  state->corrupt_text = new_corrupt_text(module, state);
  state->limit = new_exception(module, "LimitError", NULL,
                               (PyObject *const[4]){state->invalid, PyExc_RuntimeError, PyExc_MemoryError});
  state->setting = new_exception(module, "SettingError", NULL,
                                 (PyObject *const[4]){state->invalid, PyExc_RuntimeError, PyExc_OverflowError});
  return state->access_error && state->corrupt_gzip && state->corrupt_text && state->limit && state->setting;
}

static PyTypeObject *new_type(PyObject *module, PyType_Spec *spec) {
  PyTypeObject *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
  if (type && PyModule_AddType(module, type)) Py_CLEAR(type);
  return type;
}

/* The libraries that codecs use: their versions by their names, None for those that zarrc was built without. */
static PyObject *list_libraries(void) {
  PyObject *result = PyDict_New();
  zarrc_library library;
  for (size_t i = 0; result && zarrc_library_get(i, &library); i++) {
    PyObject *version = Py_BuildValue("z", library.version);
    if (!version || PyDict_SetItemString(result, library.name, version)) Py_CLEAR(result);
    Py_XDECREF(version);
  }
  return result;
}

static int module_exec(PyObject *module) {
  core_state *state = PyModule_GetState(module);
  if (!add_exceptions(module, state)) return -1;
  state->array = new_type(module, &core_array_spec);
  state->context = new_type(module, &context_spec);
  state->copier = new_type(module, &core_copier_spec);
  state->pipeline = new_type(module, &core_pipeline_spec);
  state->codec = new_type(module, &core_codec_spec);
  state->ranges = new_type(module, &core_ranges_spec);
  state->stop = new_type(module, &core_stop_spec);
  state->store = new_type(module, &core_store_spec);
  PyObject *numpy = PyImport_ImportModule("numpy");
  state->ndarray = numpy ? (PyTypeObject *)PyObject_GetAttrString(numpy, "ndarray") : NULL;
  Py_XDECREF(numpy);
  if (!state->ndarray || !state->array || !state->context || !state->copier || !state->pipeline || !state->codec ||
      !state->ranges || !state->stop || !state->store)
    return -1;
  state->unchanged = PyObject_CallNoArgs((PyObject *)&PyBaseObject_Type);
  if (!state->unchanged || PyModule_AddObjectRef(module, "UNCHANGED", state->unchanged)) return -1;
  PyObject *libraries = list_libraries();
  if (!libraries || PyModule_AddObjectRef(module, "libraries", libraries)) {
    Py_XDECREF(libraries);
    return -1;
  }
  Py_DECREF(libraries);
  if (PyModule_AddIntConstant(module, "MISSING", CORE_MISSING) ||
      PyModule_AddIntConstant(module, "FOUND", CORE_FOUND) ||
      PyModule_AddIntConstant(module, "PENDING", CORE_PENDING) ||
      PyModule_AddIntConstant(module, "NO_BOX", CORE_NO_BOX) ||
      PyModule_AddIntConstant(module, "CONFLICT", CORE_CONFLICT))
    return -1;
  return PyModule_AddStringConstant(module, "version", zarrc_version());
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) {
  core_state *state = PyModule_GetState(module);
  Py_VISIT(state->array);
  Py_VISIT(state->context);
  Py_VISIT(state->copier);
  Py_VISIT(state->pipeline);
  Py_VISIT(state->codec);
  Py_VISIT(state->ranges);
  Py_VISIT(state->stop);
  Py_VISIT(state->store);
  Py_VISIT(state->error);
  Py_VISIT(state->corrupt);
  Py_VISIT(state->invalid);
  Py_VISIT(state->unsupported);
  Py_VISIT(state->store_error);
  Py_VISIT(state->access_error);
  Py_VISIT(state->corrupt_gzip);
  Py_VISIT(state->corrupt_text);
  Py_VISIT(state->limit);
  Py_VISIT(state->setting);
  Py_VISIT(state->ndarray);
  Py_VISIT(state->unchanged);
  return 0;
}

static int module_clear(PyObject *module) {
  core_state *state = PyModule_GetState(module);
  Py_CLEAR(state->array);
  Py_CLEAR(state->context);
  Py_CLEAR(state->copier);
  Py_CLEAR(state->pipeline);
  Py_CLEAR(state->codec);
  Py_CLEAR(state->ranges);
  Py_CLEAR(state->stop);
  Py_CLEAR(state->store);
  Py_CLEAR(state->error);
  Py_CLEAR(state->corrupt);
  Py_CLEAR(state->invalid);
  Py_CLEAR(state->unsupported);
  Py_CLEAR(state->store_error);
  Py_CLEAR(state->access_error);
  Py_CLEAR(state->corrupt_gzip);
  Py_CLEAR(state->corrupt_text);
  Py_CLEAR(state->limit);
  Py_CLEAR(state->setting);
  Py_CLEAR(state->ndarray);
  Py_CLEAR(state->unchanged);
  return 0;
}

static PyMethodDef module_methods[] = {
    {"end_calls", core_end_calls, METH_NOARGS, "Has no more functions of stores called, as the interpreter ends."},
    {"verify", (PyCFunction)(void (*)(void))core_verify, METH_VARARGS | METH_KEYWORDS,
     "verify(context, store, deep=False, digest=None, after=None): findings, as tuples of texts, and counts."},
    {"digest", (PyCFunction)(void (*)(void))core_digest, METH_VARARGS | METH_KEYWORDS,
     "digest(context, store, values=False): the lines, and counts."},
    {"url_shown", core_url_shown, METH_O, "A URL without user, password and query, which may be secrets."},
    {0},
};
static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, module_exec}, {0}};
static PyModuleDef module_def = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = MODULE_NAME,
    .m_doc = "libzarrc as seen from Python; an internal module.",
    .m_size = sizeof(core_state),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
};

PyMODINIT_FUNC PyInit__core(void);
PyMODINIT_FUNC PyInit__core(void) {
  return PyModuleDef_Init(&module_def);
}
