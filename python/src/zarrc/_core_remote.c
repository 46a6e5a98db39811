/* SPDX-License-Identifier: MIT */
/* What Python says of servers, as options of stores; stores that stay open for the pipeline. */
#include "_core.h"

#include <string.h>

/* Lends the texts of a list. false: an exception was raised. */
static bool take_headers(PyObject *list, core_remote *out) {
  Py_ssize_t n = list ? PyList_Size(list) : 0;
  out->headers = PyMem_Calloc(n > 0 ? (size_t)n : 1, sizeof *out->headers);
  if (!out->headers) PyErr_NoMemory();
  for (Py_ssize_t i = 0; out->headers && i < n; i++)
    if (!(out->headers[i] = PyUnicode_AsUTF8AndSize(PyList_GetItem(list, i), NULL))) return false;
  out->http.headers = out->headers;
  out->http.nheaders = (size_t)n;
  return out->headers != NULL;
}

bool core_remote_take(core_remote *out, PyObject *settings, zarrc_open_options *options) {
  static char *names[] = {"headers",
                          "ca_file",
                          "max_requests",
                          "connect_timeout_ms",
                          "stall_timeout_ms",
                          "retry_timeout_ms",
                          "tries",
                          "gap",
                          "http2",
                          "missing_403",
                          "access_key_id",
                          "secret_access_key",
                          "session_token",
                          "anonymous",
                          "requester_pays",
                          "style",
                          "region",
                          "endpoint",
                          "profile",
                          "cache",
                          "cache_dir",
                          "cache_dir_size",
                          NULL};
  zarrc_http_options *h = &out->http;
  zarrc_s3_options *s = &out->s3;
  zarrc_cache_options *c = &out->cache;
  PyObject *headers = NULL;
  int http2 = 0, missing_403 = 0, anonymous = 0, requester_pays = 0, style = 0;
  unsigned long long gap = 0, memory = 0, disk = 0;
  *out = (core_remote){
      .http.struct_size = sizeof out->http, .s3.struct_size = sizeof out->s3, .cache.struct_size = sizeof out->cache};
  if (settings == Py_None) return true;
  PyObject *none = PyTuple_New(0);
  bool ok =
      none && PyArg_ParseTupleAndKeywords(
                  none, settings, "|$O!zIIIIIKppzzzppizzzKzK:settings", names, &PyList_Type, &headers, &h->ca_file,
                  &h->max_requests, &h->connect_timeout_ms, &h->stall_timeout_ms, &h->retry_timeout_ms, &h->tries, &gap,
                  &http2, &missing_403, &s->access_key_id, &s->secret_access_key, &s->session_token, &anonymous,
                  &requester_pays, &style, &s->region, &s->endpoint, &s->profile, &memory, &c->folder, &disk);
  Py_XDECREF(none);
  if (!ok || !take_headers(headers, out)) return false;
  h->gap = gap;
  h->http2 = http2 != 0;
  h->missing_403 = missing_403 != 0;
  s->anonymous = anonymous != 0;
  s->requester_pays = requester_pays != 0;
  s->style = (zarrc_s3_style)style;
  options->http = h;
  options->s3 = s;
  c->memory_nbytes = memory;
  c->disk_nbytes = disk;
  if (memory || c->folder) options->cache = c;
  return true;
}

void core_remote_clear(core_remote *remote) {
  PyMem_Free(remote->headers);
  remote->headers = NULL;
}

/* ------------------------------------------------------------------------------------------------------- stores */

typedef struct core_store {
  PyObject ob_base;
  PyObject *context;
  zarrc_store *outer, *inner; /* inner NULL: what is meant is all of outer */
} core_store;

zarrc_store *core_store_get(PyObject *store) {
  const core_store *self = (core_store *)store;
  return self->inner ? self->inner : self->outer;
}

static zarrc_status open_below(zarrc_ctx *ctx, const char *url, const zarrc_open_options *options, core_store *self,
                               zarrc_error *error) {
  char *path = NULL;
  zarrc_status status = zarrc_store_open(ctx, url, options, &self->outer, &path, error);
  if (!status && *path) status = zarrc_prefix_store_open(self->outer, path, &self->inner, error);
  zarrc_free(ctx, path);
  return status;
}

static PyObject *store_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"context", "url", "settings", NULL};
  PyObject *context, *settings = Py_None;
  const char *url;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Os|O:Store", names, &context, &url, &settings)) return NULL;
  core_state *state = core_state_of(type);
  zarrc_ctx *ctx = core_context_get(state, context);
  allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  core_store *self = ctx ? (core_store *)alloc(type, 0) : NULL;
  if (!self) return NULL;
  zarrc_open_options options = {.struct_size = sizeof options, .read_only = true};
  core_remote remote;
  zarrc_error error;
  zarrc_status status;
  self->context = Py_NewRef(context);
  bool ok = core_remote_take(&remote, settings, &options);
  if (ok) {
    Py_BEGIN_ALLOW_THREADS status = open_below(ctx, url, &options, self, &error);
    Py_END_ALLOW_THREADS ok = !status;
    if (!ok) core_raise(state, &error);
  }
  core_remote_clear(&remote);
  if (ok) return (PyObject *)self;
  Py_DECREF((PyObject *)self);
  return NULL;
}

static void store_dealloc(PyObject *object) {
  core_store *self = (core_store *)object;
  PyTypeObject *type = Py_TYPE(object);
  zarrc_store_close(self->inner);
  zarrc_store_close(self->outer);
  Py_XDECREF(self->context);
  freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  release(object);
  Py_DECREF((PyObject *)type);
}

static PyType_Slot store_slots[] = {
    {Py_tp_new, store_new},
    {Py_tp_dealloc, store_dealloc},
    {Py_tp_doc, "What is below a URL, for reading: Store(context, url, settings=None)."},
    {0},
};
PyType_Spec core_store_spec = {"zarrc._core.Store", sizeof(core_store), 0, Py_TPFLAGS_DEFAULT, store_slots};

PyObject *core_url_shown(PyObject *module, PyObject *url) {
  Py_ssize_t n;
  const char *text = PyUnicode_AsUTF8AndSize(url, &n);
  (void)module;
  char *shown = text ? PyMem_Malloc((size_t)n + 1) : NULL;
  if (!shown) return text ? PyErr_NoMemory() : NULL;
  PyObject *result = PyUnicode_FromString(zarrc_url_shown(text, shown, (size_t)n + 1));
  PyMem_Free(shown);
  return result;
}
