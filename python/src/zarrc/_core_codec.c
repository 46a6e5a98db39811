/* SPDX-License-Identifier: MIT */
/* One bytes→bytes codec: encode and decode of single values. */
#include "_core.h"

#include <zarrc/plugin/codec.h>

typedef struct core_codec {
  PyObject ob_base;
  PyObject *context;
  zarrc_codec *codec;
} core_codec;

static PyObject *codec_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"context", "json", NULL};
  PyObject *context, *text;
  Py_ssize_t n;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:Codec", names, &context, &text)) return NULL;
  core_state *state = core_state_of(type);
  zarrc_ctx *ctx = core_context_get(state, context);
  const char *json = ctx ? PyUnicode_AsUTF8AndSize(text, &n) : NULL;
  if (!json) return NULL;
  allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  core_codec *self = (core_codec *)alloc(type, 0);
  if (!self) return NULL;
  zarrc_codec *first = NULL;
  zarrc_error error;
  zarrc_spec spec = {.dtype = zarrc_dtype_of(ZARRC_UINT8), .ndim = 1, .shape = {1}};
  self->context = Py_NewRef(context);
  zarrc_status status = zarrc_codec_open(ctx, json, (size_t)n, &first, &error);
  if (!status && zarrc_codec_get_kind(first) != ZARRC_BYTES_TO_BYTES)
    status =
        zarrc_fail(&error, ZARRC_INVALID_ARGUMENT, "%s is not a codec from bytes to bytes", zarrc_codec_name(first));
  if (!status) status = zarrc_codec_evolve(first, &spec, &self->codec, &error);
  zarrc_codec_close(first);
  if (!status) return (PyObject *)self;
  core_raise_setting(state, &error);
  Py_DECREF((PyObject *)self);
  return NULL;
}

static void codec_dealloc(PyObject *object) {
  core_codec *self = (core_codec *)object;
  PyTypeObject *type = Py_TYPE(object);
  zarrc_codec_close(self->codec);
  Py_XDECREF(self->context);
  freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  release(object);
  Py_DECREF((PyObject *)type);
}

static PyObject *codec_run(PyObject *object, PyObject *data, bool decode) {
  core_codec *self = (core_codec *)object;
  Py_buffer buffer;
  if (PyObject_GetBuffer(data, &buffer, PyBUF_SIMPLE)) return NULL;
  zarrc_spec spec = {.dtype = zarrc_dtype_of(ZARRC_UINT8), .ndim = 1, .shape = {buffer.len}};
  zarrc_parts parts;
  zarrc_error error;
  zarrc_status status;
  zarrc_parts_init(&parts, zarrc_codec_ctx(self->codec));
  zarrc_codec_job job = {.spec = &spec, .bytes = {buffer.buf, (size_t)buffer.len, NULL, NULL}, .parts = &parts};
  core_call call;
  core_call_begin(&call, core_calls_of(self->context));
  status = decode ? zarrc_codec_decode(self->codec, &job, 1, &error) : zarrc_codec_encode(self->codec, &job, 1, &error);
  PyObject *result = NULL;
  if (core_call_end(&call)) {
    core_state *state = core_state_of(Py_TYPE(object));
    result = !status  ? core_parts_to_bytes(&parts)
             : decode ? core_raise(state, &error)
                      : core_raise_setting(state, &error);
  }
  zarrc_parts_clear(&parts);
  PyBuffer_Release(&buffer);
  return result;
}

static PyObject *codec_encode(PyObject *object, PyObject *data) {
  return codec_run(object, data, false);
}
static PyObject *codec_decode(PyObject *object, PyObject *data) {
  return codec_run(object, data, true);
}

static PyMethodDef codec_methods[] = {
    {"encode", codec_encode, METH_O, "Encodes a contiguous buffer; returns bytes."},
    {"decode", codec_decode, METH_O, "Decodes a contiguous buffer; returns bytes."},
    {0},
};
static PyType_Slot codec_slots[] = {
    {Py_tp_new, codec_new},
    {Py_tp_dealloc, codec_dealloc},
    {Py_tp_methods, codec_methods},
    {Py_tp_doc, "A codec from bytes to bytes. Codec(context, json)."},
    {0},
};
PyType_Spec core_codec_spec = {"zarrc._core.Codec", sizeof(core_codec), 0, Py_TPFLAGS_DEFAULT, codec_slots};
