/* SPDX-License-Identifier: MIT */
/* Verification and digests of what a Store has: zarrc_verify, zarrc_digest. */
#include "_core.h"

#include <string.h>

/* Texts that come one after another while the interpreter runs other threads. Each ends with a NUL. */
typedef struct texts {
  zarrc_buf buf;
  size_t nfound;
} texts;

static zarrc_status put(texts *t, const char *text, zarrc_error *error) {
  return zarrc_buf_append(&t->buf, text, strlen(text) + 1, error);
}

/* Stands for a text that there is not. */
#define NONE "\1"

/* Keeps a finding: eight texts, of which those that do not apply are NONE. */
static zarrc_status keep_finding(void *arg, const zarrc_finding *f, zarrc_error *error) {
  texts *t = arg;
  char byte[24] = NONE;
  if (f->byte != ZARRC_UNKNOWN) snprintf(byte, sizeof byte, "%llu", (unsigned long long)f->byte);
  const char *const all[] = {f->severity == ZARRC_FAULT ? "fault" : "note",
                             f->key,
                             f->chunk ? f->chunk : NONE,
                             f->inner ? f->inner : NONE,
                             byte,
                             f->codec ? f->codec : NONE,
                             f->what,
                             f->fix};
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < sizeof all / sizeof *all && !status; i++) status = put(t, all[i], error);
  t->nfound += !status;
  return status;
}

static PyObject *text_or_none(const char *text) {
  return strcmp(text, NONE) == 0 ? Py_NewRef(Py_None) : PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

/* A list of tuples of eight texts or None. */
static PyObject *findings_list(const texts *t) {
  const char *at = (const char *)t->buf.ptr;
  PyObject *list = PyList_New((Py_ssize_t)t->nfound);
  for (size_t i = 0; i < t->nfound && list; i++) {
    PyObject *tuple = PyTuple_New(8);
    for (Py_ssize_t k = 0; k < 8 && tuple; k++, at += strlen(at) + 1) {
      PyObject *text = text_or_none(at);
      if (!text || PyTuple_SetItem(tuple, k, text)) Py_CLEAR(tuple);
    }
    if (!tuple || PyList_SetItem(list, (Py_ssize_t)i, tuple)) Py_CLEAR(list);
  }
  return list;
}

PyObject *core_verify(PyObject *module, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"context", "store", "deep", "digest", "after", NULL};
  core_state *state = PyModule_GetState(module);
  PyObject *context, *object;
  zarrc_verify_options options = {.struct_size = sizeof options, .finding = keep_finding};
  zarrc_verify_report report = {.struct_size = sizeof report};
  zarrc_error error = {0};
  core_call call;
  Py_ssize_t ndigest = 0;
  int deep = 0;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!|pz#z:verify", names, &context, state->store, &object, &deep,
                                   &options.digest, &ndigest, &options.after))
    return NULL;
  zarrc_ctx *ctx = core_context_get(state, context);
  if (!ctx) return NULL;
  texts found = {.buf = zarrc_buf_new(ctx, SIZE_MAX / 2)};
  options.deep = deep != 0;
  options.ndigest = (size_t)ndigest;
  options.finding_arg = &found;
  core_call_begin(&call, core_calls_of(context));
  zarrc_status status = zarrc_verify(core_store_get(object), "", &options, &report, &error);
  PyObject *list = NULL, *result = NULL;
  if (core_call_end(&call)) {
    if (status)
      core_raise(state, &error);
    else
      list = findings_list(&found);
  }
  zarrc_buf_clear(&found.buf);
  if (list)
    result = Py_BuildValue("(N{s:K,s:K,s:K,s:K,s:K,s:K,s:K})", list, "nodes", report.nnodes, "keys", report.nkeys,
                           "nbytes", report.nbytes, "chunks", report.nchunks, "inner_chunks", report.ninner, "faults",
                           report.nfaults, "notes", report.nnotes);
  return result;
}

static zarrc_status keep_lines(void *arg, const char *text, size_t n, zarrc_error *error) {
  return zarrc_buf_append(arg, text, n, error);
}

PyObject *core_digest(PyObject *module, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"context", "store", "values", NULL};
  core_state *state = PyModule_GetState(module);
  PyObject *context, *object, *result = NULL;
  zarrc_digest_options options = {.struct_size = sizeof options};
  zarrc_digest_report report = {.struct_size = sizeof report};
  zarrc_error error = {0};
  core_call call;
  int values = 0;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!|p:digest", names, &context, state->store, &object, &values))
    return NULL;
  zarrc_ctx *ctx = core_context_get(state, context);
  if (!ctx) return NULL;
  zarrc_buf lines = zarrc_buf_new(ctx, SIZE_MAX / 2);
  options.values = values != 0;
  core_call_begin(&call, core_calls_of(context));
  zarrc_status status = zarrc_digest(core_store_get(object), "", &options, keep_lines, &lines, &report, &error);
  if (core_call_end(&call)) {
    if (status)
      core_raise(state, &error);
    else
      result = Py_BuildValue("(y#{s:K,s:K,s:K,s:s,s:z})", (const char *)lines.ptr, (Py_ssize_t)lines.len, "keys",
                             report.nkeys, "nbytes", report.nbytes, "inner_chunks", report.ninner, "root", report.root,
                             "values", *report.values ? report.values : NULL);
  }
  zarrc_buf_clear(&lines);
  return result;
}
