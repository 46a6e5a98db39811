/* SPDX-License-Identifier: MIT */
/* Copying arrays and hierarchies from URL to URL, or to and from stores of other libraries: zarrc_copier. */
#include "_core.h"

#include <string.h>
#include <strings.h>
#include <zarrc/plugin/store.h>

typedef struct core_copier {
  PyObject ob_base;
  PyObject *context;
  zarrc_ctx *ctx;
  zarrc_store *source, *target;
  zarrc_copier *copier;
  PyObject *source_url, *target_url;   /* with what may be secret; or objects of zarrc._foreign */
  PyObject *source_name, *target_name; /* without */
  char *target_path;                   /* inside the store */
  atomic_ullong done, total;
} core_copier;

static zarrc_status hear(void *arg, const zarrc_copy_event *event, zarrc_error *error) {
  core_copier *self = arg;
  (void)error;
  if (event->kind != ZARRC_COPY_PROGRESS) return ZARRC_OK;
  atomic_store(&self->done, event->ndone);
  atomic_store(&self->total, event->ntotal);
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------ opening */

/* A sequence of integers, or None: *shape NULL. false: an exception was raised. */
static bool take_shape(PyObject *object, int64_t *memory, const int64_t **shape, int *n) {
  if (object == Py_None) return true;
  Py_ssize_t length = PySequence_Size(object);
  if (length < 0) return false;
  if (length > ZARRC_MAX_NDIM) {
    PyErr_Format(PyExc_ValueError, "%zd numbers, at most %d axes are possible", length, ZARRC_MAX_NDIM);
    return false;
  }
  for (Py_ssize_t i = 0; i < length; i++) {
    PyObject *item = PySequence_GetItem(object, i);
    memory[i] = item ? PyLong_AsLongLong(item) : -1;
    Py_XDECREF(item);
    if (PyErr_Occurred()) return false;
  }
  *shape = memory;
  *n = (int)length;
  return true;
}

/* The text of a URL; NULL: it is a store of another library, or there is an exception. */
static const char *url_text(PyObject *place) {
  return PyUnicode_Check(place) ? PyUnicode_AsUTF8AndSize(place, NULL) : NULL;
}

/* What a URL, or a store of another library, is called in messages. */
static PyObject *shown_name(PyObject *place) {
  return PyUnicode_Check(place) ? core_url_shown(NULL, place) : PyObject_GetAttrString(place, "name");
}

/* Raises why a call failed, with the URL that it is about where the library names no store. */
static void raise_about(PyObject *self, core_call *call, PyObject *url, zarrc_error *error) {
  char shown[sizeof error->store + 1]; /* a longer one is shown by none */
  const char *text = url ? url_text(url) : NULL;
  zarrc_error_in_key(error, &(zarrc_store){.url = text ? zarrc_url_shown(text, shown, sizeof shown) : NULL}, "");
  core_call_raise(call, core_state_of(Py_TYPE(self)), error);
}

/* Opens both stores, each with the options for its servers. */
static bool open_copier(core_copier *self, const zarrc_open_options *options, const zarrc_open_options *into,
                        zarrc_copy_options *wish) {
  char *from = NULL, *to = NULL;
  zarrc_error error = {0};
  PyObject *about = self->source_url;
  const char *source = url_text(self->source_url), *target = url_text(self->target_url);
  zarrc_status status = source && target ? zarrc_copy_check_urls(self->ctx, source, target, &error) : ZARRC_OK;
  if (!status) status = core_place_open(self->ctx, self->context, about, options, &self->source, &from, &error);
  if (!status) {
    about = self->target_url;
    status = core_place_open(self->ctx, self->context, about, into, &self->target, &to, &error);
  }
  if (!status && target && !strncasecmp(target, "memory:", 7))
    status = zarrc_fail(&error, ZARRC_INVALID_ARGUMENT, "a copy in memory would be gone at once");
  wish->source_name = PyUnicode_AsUTF8AndSize(self->source_name, NULL);
  wish->event = hear;
  wish->event_arg = self;
  core_call call;
  core_call_begin(&call, core_calls_of(self->context));
  if (!status) {
    about = NULL;
    status = zarrc_copier_open(self->source, from, self->target, to, wish, &self->copier, &error);
  }
  bool ok = core_call_end(&call);
  zarrc_free(self->ctx, from);
  self->target_path = to;
  if (ok && status && !PyErr_Occurred()) raise_about((PyObject *)self, &call, about, &error);
  core_call_clear(&call);
  return ok && !status;
}

static PyObject *copier_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"context",
                          "source",
                          "target",
                          "mode",
                          "chunks",
                          "shards",
                          "no_shards",
                          "codecs",
                          "key_encoding",
                          "separator",
                          "write_empty_chunks",
                          "other_files",
                          "check",
                          "memory",
                          "follow_links",
                          "direct_io",
                          "sync",
                          "zarr_format",
                          "use_consolidated",
                          "source_settings",
                          "target_settings",
                          NULL};
  PyObject *context, *source, *target, *chunks = Py_None, *shards = Py_None, *from = Py_None, *to = Py_None;
  const char *codecs = NULL, *key_encoding = NULL, *separator = NULL;
  int mode = 0, no_shards = 0, write_empty = 0, other_files = 0, check = 0, follow_links = 0, direct = 0, sync = 0,
      zarr_format = 0, consolidated = 1;
  unsigned long long memory = 0;
  int64_t chunk_shape[ZARRC_MAX_NDIM], shard_shape[ZARRC_MAX_NDIM];
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOO|iOOpzzzpppKpppipOO:Copier", names, &context, &source, &target,
                                   &mode, &chunks, &shards, &no_shards, &codecs, &key_encoding, &separator,
                                   &write_empty, &other_files, &check, &memory, &follow_links, &direct, &sync,
                                   &zarr_format, &consolidated, &from, &to))
    return NULL;
  zarrc_ctx *ctx = core_context_get(core_state_of(type), context);
  zarrc_copy_options wish = {.struct_size = sizeof wish,
                             .mode = (zarrc_copy_mode)mode,
                             .no_shards = no_shards != 0,
                             .codecs = codecs,
                             .chunk_key_encoding = key_encoding,
                             .separator = separator ? separator[0] : 0,
                             .write_empty_chunks = write_empty != 0,
                             .other_files = other_files != 0,
                             .check = check != 0,
                             .memory = memory,
                             .zarr_format = zarr_format,
                             .no_consolidated = !consolidated};
  zarrc_open_options options = {.struct_size = sizeof options,
                                .read_only = true,
                                .follow_links = follow_links != 0,
                                .direct = direct != 0,
                                .sync = sync ? ZARRC_SYNC_DATA : ZARRC_SYNC_NONE};
  zarrc_open_options into = options;
  into.read_only = false;
  into.create = into.by_stage = true;
  if (!ctx || !take_shape(chunks, chunk_shape, &wish.chunk_shape, &wish.nchunk_shape) ||
      !take_shape(shards, shard_shape, &wish.shard_shape, &wish.nshard_shape))
    return NULL;
  allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  core_copier *self = (core_copier *)alloc(type, 0);
  if (!self) return NULL;
  self->context = Py_NewRef(context);
  self->ctx = ctx;
  self->source_url = Py_NewRef(source);
  self->target_url = Py_NewRef(target);
  self->source_name = shown_name(source);
  self->target_name = shown_name(target);
  core_remote source_remote = {0}, target_remote = {0};
  bool ok = self->source_name && self->target_name && core_remote_take(&source_remote, from, &options) &&
            core_remote_take(&target_remote, to, &into) && open_copier(self, &options, &into, &wish);
  core_remote_clear(&source_remote);
  core_remote_clear(&target_remote);
  if (ok) return (PyObject *)self;
  Py_DECREF((PyObject *)self);
  return NULL;
}

static void copier_dealloc(PyObject *object) {
  core_copier *self = (core_copier *)object;
  PyTypeObject *type = Py_TYPE(object);
  zarrc_copier_close(self->copier);
  zarrc_store_close(self->source);
  zarrc_store_close(self->target);
  zarrc_free(self->ctx, self->target_path);
  Py_XDECREF(self->context);
  Py_XDECREF(self->source_url);
  Py_XDECREF(self->target_url);
  Py_XDECREF(self->source_name);
  Py_XDECREF(self->target_name);
  freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  release(object);
  Py_DECREF((PyObject *)type);
}

/* ------------------------------------------------------------------------------------------------------ working */

static const char *option_name(const char *option) {
  return strcmp(option, "chunk_shape") == 0 ? "chunks" : strcmp(option, "shard_shape") == 0 ? "shards" : option;
}

/* Appends what a caller may do about a group at the target. */
static void advise_inside(const core_copier *self, uint64_t nnodes, zarrc_error *error) {
  char inside[200];
  const char *source = PyUnicode_AsUTF8AndSize(self->source_name, NULL);
  const char *target = PyUnicode_AsUTF8AndSize(self->target_name, NULL);
  if (!source || !target) return PyErr_Clear();
  zarrc_copy_url_inside(source, target, inside, sizeof inside);
  zarrc_error_append(error,
                     "; %s as the target copies into the group, overwrite=True removes its %llu node%s, resume=True "
                     "completes it",
                     inside, (unsigned long long)nnodes, nnodes == 1 ? "" : "s");
}

/* What a caller may do about a failure; "" where nothing is known. */
static const char *advice(const zarrc_copy_report *r) {
  switch (r->obstacle) {
  case ZARRC_COPY_NODE_THERE:
    return "; overwrite=True replaces it, resume=True completes it";
  case ZARRC_COPY_UNFINISHED_THERE:
    return "; resume=True goes on with it, overwrite=True begins anew";
  case ZARRC_COPY_FILES_THERE:
    return r->target_nodes > 0 ? "; overwrite=True with force=True removes these files too" : "";
  case ZARRC_COPY_OTHERWISE_THERE:
    return "; overwrite=True replaces it";
  case ZARRC_COPY_OTHER_SOURCE_THERE:
    return "; resume=True with check=True makes anew what differs, overwrite=True begins anew";
  case ZARRC_COPY_NOT_CONSOLIDATED:
    return "; resume=True tries again";
  case ZARRC_COPY_NEEDS_MEMORY:
    return "; more memory, or smaller chunks or shards, are needed";
  default:
    return r->resumable ? "; resume=True goes on with what was copied" : "";
  }
}

static PyObject *work(PyObject *object, zarrc_status (*function)(zarrc_copier *copier, zarrc_error *error)) {
  core_copier *self = (core_copier *)object;
  zarrc_error error = {0};
  core_call call;
  core_call_begin(&call, core_calls_of(self->context));
  zarrc_status status = function(self->copier, &error);
  if (!core_call_end(&call)) return NULL;
  if (!status) {
    core_call_clear(&call);
    return Py_NewRef(Py_None);
  }
  const zarrc_copy_report *r = zarrc_copier_report(self->copier);
  if (r->option) zarrc_error_prefix(&error, "%s: ", option_name(r->option));
  if (r->obstacle == ZARRC_COPY_NODE_THERE && r->target_kind == ZARRC_NODE_GROUP && r->target_nodes > 1)
    advise_inside(self, r->target_nodes - 1, &error);
  else
    zarrc_error_append(&error, "%s", advice(r));
  raise_about(object, &call,
              r->side == ZARRC_COPY_SOURCE   ? self->source_url
              : r->side == ZARRC_COPY_TARGET ? self->target_url
                                             : NULL,
              &error);
  core_call_clear(&call);
  return NULL;
}

static PyObject *copier_plan(PyObject *object, PyObject *none) {
  (void)none;
  return work(object, zarrc_copier_plan);
}

static PyObject *copier_run(PyObject *object, PyObject *none) {
  (void)none;
  return work(object, zarrc_copier_run);
}

static PyObject *copier_progress(PyObject *object, void *closure) {
  core_copier *self = (core_copier *)object;
  (void)closure;
  return Py_BuildValue("KK", atomic_load(&self->done), atomic_load(&self->total));
}

/* Where something is left of old versions of the target that could not be removed; None: nothing is. */
static PyObject *copier_left(PyObject *object, void *closure) {
  core_copier *self = (core_copier *)object;
  char place[4096];
  bool found = false;
  (void)closure;
  zarrc_status status = zarrc_stage_left(self->target, self->target_path, place, sizeof place, &found, NULL);
  return !status && found ? PyUnicode_DecodeFSDefault(place) : Py_NewRef(Py_None);
}

/* ---------------------------------------------------------------------------------------------------- reporting */

/* Adds an item, whose reference is taken; false: an exception was raised. */
static bool put(PyObject *dict, const char *key, PyObject *value) {
  bool ok = value && PyDict_SetItemString(dict, key, value) == 0;
  Py_XDECREF(value);
  return ok;
}

/* A number; None: very many. */
static PyObject *count(uint64_t n) {
  return n != UINT64_MAX ? PyLong_FromUnsignedLongLong(n) : Py_NewRef(Py_None);
}

static PyObject *path_text(const char *path) {
  return PyUnicode_DecodeUTF8(path, (Py_ssize_t)strlen(path), "surrogateescape");
}

static PyObject *report_array(const zarrc_copy_array *x) {
  zarrc_chunk_layout l = {.struct_size = sizeof l};
  zarrc_array_chunk_layout(x->model, &l, NULL);
  PyObject *d = PyDict_New();
  bool ok =
      d && put(d, "path", path_text(x->path)) && put(d, "shape", core_tuple_of(zarrc_array_shape(x->model), l.ndim)) &&
      put(d, "chunk_shape", core_tuple_of(l.chunk_shape, l.ndim)) &&
      put(d, "shard_shape", l.sharded ? core_tuple_of(l.object_shape, l.ndim) : Py_NewRef(Py_None)) &&
      put(d, "codecs", PyUnicode_FromString(zarrc_array_codecs(x->model))) && put(d, "objects", count(l.nobjects)) &&
      put(d, "nbytes", count(l.nbytes)) && put(d, "regions", count(x->nregions)) &&
      put(d, "regions_at_once", count(x->regions_at_once)) && put(d, "in_parts", PyBool_FromLong(x->in_parts)) &&
      put(d, "reads", count(x->nreads)) && put(d, "read_nbytes", count(x->read_nbytes)) &&
      put(d, "reads_exact", PyBool_FromLong(x->reads_are_exact)) &&
      put(d, "read_nbytes_exact", PyBool_FromLong(x->read_nbytes_are_exact)) &&
      put(d, "source_objects", count(x->source_nobjects)) && put(d, "source_nbytes", count(x->source_nbytes)) &&
      put(d, "objects_there", count(x->target_nobjects)) && put(d, "as_stored", PyBool_FromLong(x->as_stored)) &&
      put(d, "rechunked", PyBool_FromLong(x->rechunked)) && put(d, "resharded", PyBool_FromLong(x->resharded)) &&
      put(d, "notes", core_notices(x->source));
  if (!ok) Py_CLEAR(d);
  return d;
}

static PyObject *report_arrays(const core_copier *self, size_t n) {
  PyObject *list = PyList_New(0);
  for (size_t i = 0; list && i < n; i++) {
    PyObject *array = report_array(zarrc_copier_array(self->copier, i));
    if (!array || PyList_Append(list, array)) Py_CLEAR(list);
    Py_XDECREF(array);
  }
  return list;
}

static PyObject *two_counts(const char *a, uint64_t x, const char *b, uint64_t y) {
  return Py_BuildValue("{sKsK}", a, (unsigned long long)x, b, (unsigned long long)y);
}

static PyObject *copier_report(PyObject *object, PyObject *none) {
  core_copier *self = (core_copier *)object;
  const zarrc_copy_report *r = zarrc_copier_report(self->copier);
  PyObject *replaces = r->replaces ? Py_BuildValue("{sKsKsK}", "nodes", r->replaced_nodes, "chunks", r->replaced_chunks,
                                                   "other_files", r->replaced_files)
                                   : Py_NewRef(Py_None);
  PyObject *d = PyDict_New();
  (void)none;
  if (d && put(d, "replaces", replaces) && put(d, "groups", count(r->ngroups)) &&
      put(d, "arrays", report_arrays(self, r->narrays)) && put(d, "other_files", count(r->nother_files)) &&
      put(d, "consolidated_left_out", count(r->nconsolidated)) && put(d, "unlisted", count(r->nunlisted)) &&
      (!r->first_unlisted || put(d, "first_unlisted", path_text(r->first_unlisted))) &&
      put(d, "stale", count(r->nstale)) && (!r->first_stale || put(d, "first_stale", path_text(r->first_stale))) &&
      put(d, "objects", count(r->nobjects)) && put(d, "nbytes", count(r->nbytes)) &&
      put(d, "memory", count(r->memory)) && put(d, "threads", count(r->threads)) &&
      put(d, "written", two_counts("objects", r->written_nobjects, "nbytes", r->written_nbytes)) &&
      put(d, "skipped_objects", count(r->skipped_nobjects)) && put(d, "mended_objects", count(r->mended_nobjects)) &&
      put(d, "read", two_counts("objects", r->read_nobjects, "nbytes", r->read_nbytes)))
    return d;
  Py_XDECREF(d);
  return NULL;
}

static PyMethodDef copier_methods[] = {
    {"plan", copier_plan, METH_NOARGS, "Decides what will be done, and changes nothing."},
    {"run", copier_run, METH_NOARGS, "Copies."},
    {"report", copier_report, METH_NOARGS, "What was planned and done."},
    {0},
};
static PyGetSetDef copier_members[] = {
    {"progress", copier_progress, NULL, "Objects that are done, and of how many; while it runs, too.", NULL},
    {"left", copier_left, NULL, "Where what could not be removed of the old version is left; None: nothing is.", NULL},
    {0},
};
static PyType_Slot copier_slots[] = {
    {Py_tp_new, copier_new},
    {Py_tp_dealloc, copier_dealloc},
    {Py_tp_methods, copier_methods},
    {Py_tp_getset, copier_members},
    {Py_tp_doc, "Copies an array or a hierarchy from URL to URL, once. Copier(context, source, target, mode=0, ...)."},
    {0},
};
PyType_Spec core_copier_spec = {"zarrc._core.Copier", sizeof(core_copier), 0, Py_TPFLAGS_DEFAULT, copier_slots};
