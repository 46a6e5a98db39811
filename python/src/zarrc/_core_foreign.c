/* SPDX-License-Identifier: MIT */
/*
 * Stores whose functions are methods of a Python object, a zarrc._foreign.Foreign. The library calls them from any of
 * its threads, which take the interpreter lock for that; the object waits for what a store of another library does.
 */
#include "_core_batch.h"

#include <string.h>
#include <zarrc/plugin/store.h>

typedef struct foreign_store {
  zarrc_store store;
  PyObject *context, *object;
  core_calls *calls;
  bool lists;
  char url[]; /* what errors call it */
} foreign_store;

typedef struct foreign_blob {
  zarrc_blob blob;
  foreign_store *store;
  const char *key;
  _Atomic(PyObject *) watch; /* tells whether the value was changed since it was read first; NULL: it was not read */
} foreign_blob;

static atomic_bool has_ended; /* the interpreter ends: who asks for its lock may not come back */

/* Takes the interpreter lock; false: never again. */
static bool enter(PyGILState_STATE *lock, zarrc_error *error) {
  if (atomic_load(&has_ended)) {
    zarrc_fail(error, ZARRC_CANCELED, "the interpreter ends");
    return false;
  }
  *lock = PyGILState_Ensure();
  return true;
}

PyObject *core_end_calls(PyObject *module, PyObject *none) {
  (void)module, (void)none;
  atomic_store(&has_ended, true);
  return Py_NewRef(Py_None);
}

/* ---------------------------------------------------------------------------------------------------- answers */

static void answer_release(zarrc_bytes *bytes) {
  PyGILState_STATE lock;
  if (!enter(&lock, NULL)) return;
  PyBuffer_Release(bytes->owner);
  PyMem_Free(bytes->owner);
  PyGILState_Release(lock);
}

/* Takes what came for a range: something that has bytes, and the length of the value or -1. */
static bool take_bytes(PyObject *pair, zarrc_range *range) {
  PyObject *data;
  long long total;
  if (!PyArg_ParseTuple(pair, "OL", &data, &total)) return false;
  Py_buffer *buffer = PyMem_Calloc(1, sizeof *buffer);
  if (!buffer || PyObject_GetBuffer(data, buffer, PyBUF_SIMPLE)) {
    if (!buffer) PyErr_NoMemory();
    PyMem_Free(buffer);
    return false;
  }
  range->got = (zarrc_bytes){buffer->buf, (size_t)buffer->len, answer_release, buffer};
  range->total = total < 0 ? ZARRC_UNKNOWN : (uint64_t)total;
  return true;
}

/* Takes the outcome of a request: a list with a pair for each range, MISSING, CONFLICT, or an exception. */
static zarrc_status take_outcome(foreign_store *fs, PyObject *outcome, zarrc_range *ranges, size_t n,
                                 zarrc_error *error) {
  if (PyLong_Check(outcome)) {
    if (PyLong_AsLong(outcome) == CORE_MISSING) return zarrc_fail(error, ZARRC_NOT_FOUND, "no value");
    return zarrc_fail(error, ZARRC_CONFLICT, "the value was changed meanwhile");
  }
  if (PyExceptionInstance_Check(outcome)) {
    PyErr_SetObject((PyObject *)Py_TYPE(outcome), outcome);
    return core_calls_fail(fs->calls, error);
  }
  if (!PyList_Check(outcome) || (size_t)PyList_Size(outcome) != n) {
    PyErr_Format(PyExc_TypeError, "a list of %zu values is needed", n);
    return core_calls_fail(fs->calls, error);
  }
  for (size_t i = 0; i < n; i++) {
    if (take_bytes(PyList_GetItem(outcome, (Py_ssize_t)i), &ranges[i])) continue;
    zarrc_ranges_release(ranges, i);
    return core_calls_fail(fs->calls, error);
  }
  return ZARRC_OK;
}

static void forget(foreign_blob *b) {
  PyObject *watch = atomic_exchange(&b->watch, NULL);
  Py_XDECREF(watch);
}

/* Takes a pair: the watch of the blob, and the outcome. */
static zarrc_status take_answer(foreign_blob *b, PyObject *answer, zarrc_range *ranges, size_t n, zarrc_error *error) {
  PyObject *watch, *outcome, *none = NULL;
  if (!PyArg_ParseTuple(answer, "OO", &watch, &outcome)) return core_calls_fail(b->store->calls, error);
  if (atomic_compare_exchange_strong(&b->watch, &none, watch)) Py_INCREF(watch);
  zarrc_status status = take_outcome(b->store, outcome, ranges, n, error);
  if (status == ZARRC_CONFLICT && !b->store->store.read_only) forget(b);
  return status;
}

/* ---------------------------------------------------------------------------------------------------- requests */

static PyObject *list_ranges(const zarrc_range *ranges, size_t n) {
  PyObject *list = PyList_New((Py_ssize_t)n);
  for (size_t i = 0; list && i < n; i++) {
    const zarrc_range *r = &ranges[i];
    unsigned long long nbytes = r->nbytes < INT64_MAX ? r->nbytes : INT64_MAX;
    PyObject *item = Py_BuildValue("LKO", (long long)r->offset, nbytes, r->to_end ? Py_True : Py_False);
    if (item)
      PyList_SetItem(list, (Py_ssize_t)i, item);
    else
      Py_CLEAR(list);
  }
  return list;
}

/* A request as Python gets it: the key, the watch or None, and the ranges. */
static PyObject *make_request(foreign_blob *b, const zarrc_range *ranges, size_t n) {
  PyObject *watch = atomic_load(&b->watch);
  PyObject *list = list_ranges(ranges, n);
  return list ? Py_BuildValue("sON", b->key, watch ? watch : Py_None, list) : NULL;
}

/* Calls `fetch` of the object with a list of requests, which is taken. Returns a list of n answers, or NULL. */
static PyObject *call_fetch(foreign_store *fs, PyObject *requests, size_t n) {
  PyObject *answers = requests ? PyObject_CallMethod(fs->object, "fetch", "OO", fs->context, requests) : NULL;
  Py_XDECREF(requests);
  if (answers && (!PyList_Check(answers) || (size_t)PyList_Size(answers) != n)) {
    PyErr_Format(PyExc_TypeError, "fetch: a list of %zu answers is needed", n);
    Py_CLEAR(answers);
  }
  return answers;
}

static zarrc_status foreign_fetch(zarrc_store *store, zarrc_request *requests, size_t n, zarrc_error *error) {
  foreign_store *fs = (foreign_store *)store;
  PyGILState_STATE lock;
  zarrc_status status = ZARRC_OK;
  if (!enter(&lock, error)) return ZARRC_CANCELED;
  PyObject *list = PyList_New((Py_ssize_t)n);
  for (size_t i = 0; list && i < n; i++) {
    PyObject *item = make_request((foreign_blob *)requests[i].blob, requests[i].ranges, requests[i].n);
    if (item)
      PyList_SetItem(list, (Py_ssize_t)i, item);
    else
      Py_CLEAR(list);
  }
  PyObject *answers = call_fetch(fs, list, n);
  if (!answers) status = core_calls_fail(fs->calls, error);
  for (size_t i = 0; answers && i < n; i++) {
    zarrc_request *r = &requests[i];
    r->status = take_answer((foreign_blob *)r->blob, PyList_GetItem(answers, (Py_ssize_t)i), r->ranges, r->n, r->error);
  }
  Py_XDECREF(answers);
  PyGILState_Release(lock);
  return status;
}

/* Makes of what was fetched what `read` promises: exactly the range, at its place. */
static zarrc_status make_exact(zarrc_range *range, zarrc_error *error) {
  uint64_t start;
  size_t nbytes = range->got.len;
  zarrc_status status = ZARRC_OK;
  if (range->to_end || range->total != ZARRC_UNKNOWN) {
    uint64_t total = range->total;
    if (total == ZARRC_UNKNOWN) total = (uint64_t)range->offset + nbytes;
    status = zarrc_range_locate(range, total, &start, &nbytes, error);
  } else if (range->offset < 0 || nbytes > range->nbytes) {
    nbytes = (size_t)range->nbytes; /* the last bytes were asked for, of which these are the first */
  }
  if (!status && nbytes > range->got.len)
    status = zarrc_fail(error, ZARRC_TRUNCATED, "%zu bytes came where %zu are wanted", range->got.len, nbytes);
  if (status) {
    zarrc_bytes_release(&range->got);
    return status;
  }
  if (range->into) {
    if (nbytes > 0) memcpy(range->into, range->got.ptr, nbytes);
    zarrc_bytes_release(&range->got);
    range->got = (zarrc_bytes){.ptr = range->into};
  }
  range->got.len = nbytes;
  return ZARRC_OK;
}

static zarrc_status foreign_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  foreign_blob *b = (foreign_blob *)blob;
  PyGILState_STATE lock;
  if (!enter(&lock, error)) return ZARRC_CANCELED;
  PyObject *request = make_request(b, ranges, n);
  PyObject *answers = call_fetch(b->store, request ? Py_BuildValue("[N]", request) : NULL, 1);
  zarrc_status status =
      answers ? take_answer(b, PyList_GetItem(answers, 0), ranges, n, error) : core_calls_fail(b->store->calls, error);
  Py_XDECREF(answers);
  PyGILState_Release(lock);
  if (status) return status;
  for (size_t i = 0; i < n; i++) {
    if (!status) status = make_exact(&ranges[i], error);
    if (status) zarrc_bytes_release(&ranges[i].got);
  }
  if (status) zarrc_ranges_release(ranges, n);
  return status;
}

/* ------------------------------------------------------------------------------------------------------ changes */

static PyObject *join(const zarrc_bytes *parts, size_t n) {
  size_t nbytes = 0;
  for (size_t i = 0; i < n; i++) nbytes += parts[i].len;
  PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)nbytes);
  if (!bytes) return NULL;
  char *to = PyBytes_AsString(bytes);
  Py_BEGIN_ALLOW_THREADS;
  for (size_t i = 0; i < n; i++) {
    if (parts[i].len > 0) memcpy(to, parts[i].ptr, parts[i].len);
    to += parts[i].len;
  }
  Py_END_ALLOW_THREADS;
  return bytes;
}

/* Calls `put` of the object: value, which is taken, is stored, or erased if it is None. */
static zarrc_status change(foreign_blob *b, PyObject *value, bool if_unchanged, zarrc_error *error) {
  foreign_store *fs = b->store;
  PyObject *watch = if_unchanged ? atomic_load(&b->watch) : NULL;
  PyObject *done =
      value ? PyObject_CallMethod(fs->object, "put", "OsOO", fs->context, b->key, value, watch ? watch : Py_None)
            : NULL;
  Py_XDECREF(value);
  if (!done) return core_calls_fail(fs->calls, error);
  bool is_done = done == Py_True;
  Py_DECREF(done);
  forget(b);
  return is_done ? ZARRC_OK : zarrc_fail(error, ZARRC_CONFLICT, "the value was changed meanwhile");
}

static zarrc_status foreign_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                    zarrc_error *error) {
  PyGILState_STATE lock;
  if (!enter(&lock, error)) return ZARRC_CANCELED;
  zarrc_status status = change((foreign_blob *)blob, join(parts, n), if_unchanged, error);
  PyGILState_Release(lock);
  return status;
}

static zarrc_status foreign_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  PyGILState_STATE lock;
  if (!enter(&lock, error)) return ZARRC_CANCELED;
  zarrc_status status = change((foreign_blob *)blob, Py_NewRef(Py_None), if_unchanged, error);
  PyGILState_Release(lock);
  return status;
}

static void foreign_blob_close(zarrc_blob *blob) {
  foreign_blob *b = (foreign_blob *)blob;
  PyGILState_STATE lock;
  if (!atomic_load(&b->watch) || !enter(&lock, NULL)) return;
  forget(b);
  PyGILState_Release(lock);
}

/* ------------------------------------------------------------------------------------------------------ listing */

/* Calls fn for one entry: its key, whether it is a prefix, and the number of bytes or -1. */
static zarrc_status tell(foreign_store *fs, PyObject *item, zarrc_list_fn fn, void *arg, zarrc_error *error) {
  zarrc_entry entry = {.key = NULL};
  zarrc_status status;
  int is_prefix;
  long long nbytes;
  if (!PyArg_ParseTuple(item, "spL", &entry.key, &is_prefix, &nbytes)) return core_calls_fail(fs->calls, error);
  if (zarrc_key_check(entry.key, NULL)) return ZARRC_OK; /* such as that of a folder, which ends with a slash */
  entry.is_prefix = is_prefix != 0;
  entry.nbytes = nbytes < 0 ? ZARRC_UNKNOWN : (uint64_t)nbytes;
  Py_BEGIN_ALLOW_THREADS;
  status = fn(arg, &entry, error);
  Py_END_ALLOW_THREADS;
  return status;
}

static zarrc_status tell_all(foreign_store *fs, PyObject *entries, zarrc_list_fn fn, void *arg, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (Py_ssize_t i = 0, n = PyList_Size(entries); i < n && !status; i++)
    status = tell(fs, PyList_GetItem(entries, i), fn, arg, error);
  return status;
}

static zarrc_status foreign_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn,
                                 void *arg, zarrc_error *error) {
  foreign_store *fs = (foreign_store *)store;
  PyGILState_STATE lock;
  zarrc_status status = ZARRC_OK;
  (void)sizes; /* they are told where that costs nothing */
  if (!fs->lists) return zarrc_fail(error, ZARRC_UNSUPPORTED, "the store cannot list its keys");
  if (!enter(&lock, error)) return ZARRC_CANCELED;
  PyObject *made = PyObject_CallMethod(fs->object, "list", "OsO", fs->context, prefix, deep ? Py_True : Py_False);
  PyObject *lists = made ? PyObject_GetIter(made) : NULL, *entries;
  while (!status && lists && (entries = PyIter_Next(lists))) {
    status = tell_all(fs, entries, fn, arg, error);
    Py_DECREF(entries);
  }
  if (!status && PyErr_Occurred()) status = core_calls_fail(fs->calls, error);
  Py_XDECREF(lists);
  Py_XDECREF(made);
  PyGILState_Release(lock);
  return status;
}

/* -------------------------------------------------------------------------------------------------------- store */

static size_t foreign_blob_nbytes(const zarrc_store *store, size_t key_nbytes) {
  (void)store, (void)key_nbytes;
  return sizeof(foreign_blob);
}

static zarrc_status foreign_open(zarrc_store *store, const char *key, zarrc_blob *blob, zarrc_error *error) {
  static const zarrc_blob_traits far = {
      .struct_size = sizeof far, .gap = (uint64_t)1 << 20, .window = (uint64_t)64 << 20, .requests = 4};
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops,
                                     .read = foreign_read,
                                     .close = foreign_blob_close,
                                     .replace = foreign_replace,
                                     .erase = foreign_erase};
  static const zarrc_blob_ops reading = {
      .struct_size = sizeof reading, .read = foreign_read, .close = foreign_blob_close};
  foreign_blob *b = (foreign_blob *)blob;
  (void)error;
  b->blob = (zarrc_blob){store->read_only ? &reading : &ops, &far};
  b->store = (foreign_store *)store;
  b->key = key;
  atomic_init(&b->watch, NULL);
  return ZARRC_OK;
}

static void foreign_close(zarrc_store *store) {
  foreign_store *fs = (foreign_store *)store;
  PyGILState_STATE lock;
  if (!enter(&lock, NULL)) return;
  Py_DECREF(fs->object);
  Py_DECREF(fs->context);
  PyMem_Free(fs);
  PyGILState_Release(lock);
}

static const zarrc_store_ops foreign_ops = {.struct_size = sizeof foreign_ops,
                                            .name = "foreign",
                                            .blob_nbytes = foreign_blob_nbytes,
                                            .open = foreign_open,
                                            .list = foreign_list,
                                            .close = foreign_close,
                                            .fetch = foreign_fetch};

/* A str member of an object, as text that is lent by *out. */
static const char *text_member(PyObject *object, const char *name, PyObject **out) {
  *out = PyObject_GetAttrString(object, name);
  return *out ? PyUnicode_AsUTF8AndSize(*out, NULL) : NULL;
}

static zarrc_status open_foreign(zarrc_ctx *ctx, PyObject *context, PyObject *object, bool read_only,
                                 zarrc_store **store, char **path, zarrc_error *error) {
  PyObject *name = NULL, *place = NULL, *lists = PyObject_GetAttrString(object, "lists");
  const char *url = lists ? text_member(object, "name", &name) : NULL;
  const char *node = url ? text_member(object, "path", &place) : NULL;
  foreign_store *fs = node ? PyMem_Calloc(1, sizeof *fs + strlen(url) + 1) : NULL;
  char *copy = fs ? zarrc_malloc(ctx, strlen(node) + 1) : NULL;
  if (copy) {
    strcpy(copy, node);
    strcpy(fs->url, url);
    fs->store = (zarrc_store){.ops = &foreign_ops, .ctx = ctx, .read_only = read_only, .url = fs->url};
    fs->context = Py_NewRef(context);
    fs->object = Py_NewRef(object);
    fs->calls = core_calls_of(context);
    fs->lists = lists == Py_True;
    *store = &fs->store;
    *path = copy;
  } else {
    PyMem_Free(fs);
    if (!PyErr_Occurred()) PyErr_NoMemory();
  }
  Py_XDECREF(lists);
  Py_XDECREF(name);
  Py_XDECREF(place);
  return copy ? ZARRC_OK : zarrc_fail(error, ZARRC_INTERNAL, "no store");
}

zarrc_status core_place_open(zarrc_ctx *ctx, PyObject *context, PyObject *place, const zarrc_open_options *options,
                             zarrc_store **store, char **path, zarrc_error *error) {
  zarrc_status status;
  if (!PyUnicode_Check(place)) return open_foreign(ctx, context, place, options->read_only, store, path, error);
  const char *url = PyUnicode_AsUTF8AndSize(place, NULL);
  if (!url) return zarrc_fail(error, ZARRC_INTERNAL, "no URL");
  Py_BEGIN_ALLOW_THREADS status = zarrc_store_open(ctx, url, options, store, path, error);
  Py_END_ALLOW_THREADS return status;
}
