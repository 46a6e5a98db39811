/* SPDX-License-Identifier: MIT */
/*
 * Calls of the library without the interpreter lock, and what stops them: a signal whose handler raises (Ctrl-C), or a
 * Stop under which they run. The library asks from any thread; only the thread of the call looks for signals, and asks
 * whether a Stop is due.
 */
#include "_core.h"

#include <time.h>

/* Signals are looked for, and a Stop's `is_due` is asked, so often. */
#define LOOK_NS INT64_C(100000000)

struct core_stop {
  PyObject ob_base;
  PyObject *is_due; /* or NULL */
  atomic_bool set;
};

static atomic_uint nset;                      /* stops that are set, and calls that a signal stopped */
static _Thread_local core_stop *current_stop; /* of what the thread runs */
static _Thread_local core_call *current_call; /* of the thread, without the interpreter lock */

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ------------------------------------------------------------------------------------------------------- calls */

void core_call_begin(core_call *call, core_calls *calls) {
  *call = (core_call){.calls = calls, .thread = pthread_self(), .stop = current_stop, .outer = current_call};
  pthread_mutex_lock(&calls->lock);
  call->next = calls->first;
  calls->first = call;
  pthread_mutex_unlock(&calls->lock);
  call->looked = now();
  current_call = call;
  call->state = PyEval_SaveThread();
}

bool core_call_end(core_call *call) {
  core_call **at = &call->calls->first;
  PyEval_RestoreThread(call->state);
  current_call = call->outer;
  pthread_mutex_lock(&call->calls->lock);
  while (*at != call) at = &(*at)->next;
  *at = call->next;
  pthread_mutex_unlock(&call->calls->lock);
  if (call->raised) atomic_fetch_sub(&nset, 1);
  if (call->interrupt) {
    PyErr_SetObject((PyObject *)Py_TYPE(call->interrupt), call->interrupt);
    Py_CLEAR(call->interrupt);
  }
  if (call->raised) core_call_clear(call);
  return !call->raised;
}

static bool is_stopped(const core_call *call) {
  return call->raised || (call->stop && atomic_load(&call->stop->set));
}

static void set(core_stop *stop) {
  if (!atomic_exchange(&stop->set, true)) atomic_fetch_add(&nset, 1);
}

static void ask_whether_due(core_stop *stop) {
  PyObject *answer = PyObject_CallNoArgs(stop->is_due);
  int due = answer ? PyObject_IsTrue(answer) : -1;
  if (due < 0) PyErr_WriteUnraisable(stop->is_due);
  if (due > 0) set(stop);
  Py_XDECREF(answer);
}

/* Lets Python handle the signals that have come; what a handler raises stays the exception of the thread. */
static void look_around(core_call *call) {
  int64_t t = now();
  if (is_stopped(call) || t - call->looked < LOOK_NS) return;
  PyEval_RestoreThread(call->state);
  if (PyErr_CheckSignals()) {
    call->raised = true;
    atomic_fetch_add(&nset, 1);
  } else if (call->stop && call->stop->is_due) {
    ask_whether_due(call->stop);
  }
  call->state = PyEval_SaveThread();
  call->looked = now();
}

bool core_calls_canceled(void *arg) {
  core_calls *calls = arg;
  bool stopped = false;
  if (current_call && current_call->calls == calls) {
    look_around(current_call);
    return is_stopped(current_call);
  }
  if (atomic_load_explicit(&nset, memory_order_relaxed) == 0) return false;
  pthread_t caller = zarrc_ctx_caller(calls->ctx);
  pthread_mutex_lock(&calls->lock);
  for (const core_call *call = calls->first; call && !stopped; call = call->next)
    stopped = pthread_equal(call->thread, caller) && is_stopped(call);
  pthread_mutex_unlock(&calls->lock);
  return stopped;
}

/* ---------------------------------------------------------------------------------------- functions of stores */

/* The call that a function serves: of this thread, or of the one that this thread works for. NULL: none. */
static core_call *call_served(core_calls *calls) {
  if (current_call && current_call->calls == calls) return current_call;
  pthread_t caller = zarrc_ctx_caller(calls->ctx);
  pthread_mutex_lock(&calls->lock);
  core_call *call = calls->first;
  while (call && !pthread_equal(call->thread, caller)) call = call->next;
  pthread_mutex_unlock(&calls->lock);
  return call; /* it does not end before the function has */
}

bool core_calls_stopped(core_calls *calls) {
  core_call *call = call_served(calls);
  if (!call) return false;
  if (call == current_call && call->stop && call->stop->is_due && !is_stopped(call)) ask_whether_due(call->stop);
  return is_stopped(call);
}

/* Takes the current exception, with its traceback. */
static PyObject *take_exception(void) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (value && traceback) PyException_SetTraceback(value, traceback);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
  return value;
}

/* Keeps an exception until the call has ended, and returns its number; 0: it is lost. */
static int64_t keep_cause(core_calls *calls, core_call *call, PyObject *exception) {
  pthread_mutex_lock(&calls->lock);
  long long number = ++call->ncauses;
  PyObject *causes = call->causes;
  pthread_mutex_unlock(&calls->lock);
  if (!causes) {
    PyObject *made = PyDict_New();
    pthread_mutex_lock(&calls->lock);
    if (!call->causes) {
      call->causes = made;
      made = NULL;
    }
    causes = call->causes;
    pthread_mutex_unlock(&calls->lock);
    Py_XDECREF(made);
  }
  PyObject *key = causes ? PyLong_FromLongLong(number) : NULL;
  bool kept = key && PyDict_SetItem(causes, key, exception) == 0;
  Py_XDECREF(key);
  if (!kept) PyErr_Clear();
  return kept ? number : 0;
}

/* Ends the whole call, which then raises this exception, unless another one has ended it already. */
static void interrupt_call(core_calls *calls, core_call *call, PyObject *exception) {
  pthread_mutex_lock(&calls->lock);
  bool first = !call->raised;
  if (first) {
    call->interrupt = Py_NewRef(exception);
    call->raised = true;
    atomic_fetch_add(&nset, 1);
  }
  pthread_mutex_unlock(&calls->lock);
}

/* Makes an error that says what an exception says. */
static zarrc_status describe_exception(PyObject *exception, zarrc_error *error) {
  bool is_access = PyErr_GivenExceptionMatches(exception, PyExc_PermissionError);
  zarrc_status status = is_access ? ZARRC_ACCESS : ZARRC_IO;
  PyObject *name = PyObject_GetAttrString((PyObject *)Py_TYPE(exception), "__name__");
  PyObject *words = name ? PyUnicode_FromFormat("%U: %S", name, exception) : NULL;
  const char *text = words ? PyUnicode_AsUTF8AndSize(words, NULL) : NULL;
  zarrc_fail(error, status, "%s", text ? text : "an exception of Python");
  if (error) error->os_error = 0;
  Py_XDECREF(words);
  Py_XDECREF(name);
  PyErr_Clear();
  return status;
}

zarrc_status core_calls_fail(core_calls *calls, zarrc_error *error) {
  core_call *call = call_served(calls);
  PyObject *exception = take_exception();
  zarrc_status status = ZARRC_CANCELED;
  if (!exception) return zarrc_fail(error, ZARRC_INTERNAL, "a function of a store has failed without an exception");
  bool is_error = PyErr_GivenExceptionMatches(exception, PyExc_Exception) == 1;
  if (is_error && !(call && is_stopped(call))) {
    status = describe_exception(exception, error);
    int64_t cause = call ? keep_cause(calls, call, exception) : 0;
    if (error) error->cause = cause;
  } else {
    if (!is_error && call) interrupt_call(calls, call, exception);
    zarrc_fail(error, status, "%s", zarrc_status_words(status));
  }
  Py_DECREF(exception);
  return status;
}

/* Notes on an exception what it happened to, once. */
static void add_place(PyObject *exception, const zarrc_error *error) {
  PyObject *text = core_error_text(error, true), *notes = PyObject_GetAttrString(exception, "__notes__");
  if (!notes) PyErr_Clear();
  if (text && !(notes && PySequence_Contains(notes, text) == 1)) {
    PyObject *none = PyObject_CallMethod(exception, "add_note", "O", text);
    Py_XDECREF(none);
  }
  PyErr_Clear();
  Py_XDECREF(notes);
  Py_XDECREF(text);
}

void core_call_raise(core_call *call, core_state *state, const zarrc_error *error) {
  PyObject *key = call->causes && error->cause ? PyLong_FromLongLong(error->cause) : NULL;
  PyObject *exception = key ? PyDict_GetItemWithError(call->causes, key) : NULL;
  Py_XDECREF(key);
  if (exception) {
    Py_INCREF(exception);
    add_place(exception, error);
    PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    Py_DECREF(exception);
  } else if (!PyErr_Occurred()) {
    core_raise(state, error);
  }
}

void core_call_clear(core_call *call) {
  Py_CLEAR(call->causes);
}

/* ------------------------------------------------------------------------------------------------------- stops */

static PyObject *stop_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"is_due", NULL};
  PyObject *is_due = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:Stop", names, &is_due)) return NULL;
  allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  core_stop *self = (core_stop *)alloc(type, 0);
  if (self && is_due != Py_None) self->is_due = Py_NewRef(is_due);
  return (PyObject *)self;
}

static void stop_dealloc(PyObject *object) {
  PyTypeObject *type = Py_TYPE(object);
  if (atomic_load(&((core_stop *)object)->set)) atomic_fetch_sub(&nset, 1);
  Py_XDECREF(((core_stop *)object)->is_due);
  freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  release(object);
  Py_DECREF((PyObject *)type);
}

static PyObject *stop_set(PyObject *object, PyObject *none) {
  (void)none;
  set((core_stop *)object);
  return Py_NewRef(Py_None);
}

static PyObject *stop_run(PyObject *object, PyObject *args) {
  Py_ssize_t n = PyTuple_Size(args);
  if (n < 1) {
    PyErr_SetString(PyExc_TypeError, "run(function, *arguments)");
    return NULL;
  }
  PyObject *rest = PyTuple_GetSlice(args, 1, n);
  if (!rest) return NULL;
  core_stop *outer = current_stop;
  current_stop = (core_stop *)object;
  PyObject *result = PyObject_CallObject(PyTuple_GetItem(args, 0), rest);
  current_stop = outer;
  Py_DECREF(rest);
  return result;
}

static PyMethodDef stop_methods[] = {
    {"set", stop_set, METH_NOARGS, "Stops what runs under it, soon."},
    {"run", stop_run, METH_VARARGS,
     "run(function, *arguments): calls of the library that the function makes can be stopped."},
    {0},
};
static PyType_Slot stop_slots[] = {
    {Py_tp_new, stop_new},
    {Py_tp_dealloc, stop_dealloc},
    {Py_tp_methods, stop_methods},
    {Py_tp_doc, "A way to stop calls of the library from another thread. Stop(is_due=None): is_due() is asked several "
                "times a second by the thread of a call that runs under it; true sets it."},
    {0},
};
PyType_Spec core_stop_spec = {"zarrc._core.Stop", sizeof(core_stop), 0, Py_TPFLAGS_DEFAULT, stop_slots};
