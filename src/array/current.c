/* SPDX-License-Identifier: MIT */
/* Checking whether the open array is still the stored one. */
#include "array/array.h"
#include "array/document.h"
#include "array/node.h"

#include <string.h>
#include <time.h>
#include <zarrc/plugin/store.h>

/* For how long a request is saved for an array that was created in a far store. */
enum { FRESH_MS = 5000 };

static uint64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void zarrc_array_note_creation(zarrc_array *array) {
  array->created_ms = now_ms() + 1;
}

bool zarrc_array_is_fresh(const zarrc_array *array) {
  return array->created_ms && zarrc_store_fetches(array->store) && now_ms() - array->created_ms + 1 < FRESH_MS;
}

static zarrc_status refuse(const char *what, zarrc_error *error) {
  return zarrc_fail(error, ZARRC_CONFLICT, "%s has been put in the place of the array that is open: open it again",
                    what);
}

zarrc_status zarrc_array_open_stored(const zarrc_array *array, const zarrc_documents *documents, zarrc_metadata **out,
                                     zarrc_error *error) {
  const zarrc_metadata *open = (const zarrc_metadata *)zarrc_editions_peek(&array->editions);
  zarrc_metadata *m;
  bool same = false;
  zarrc_status status = zarrc_metadata_open(array->ctx, documents, &array->options, &m, error);
  if (status == ZARRC_INVALID_ARGUMENT) return refuse("a group", error);
  if (status) return status;
  status = zarrc_metadata_same_chunks(m, open, &same, error);
  if (!status && !same) status = refuse("another array", error);
  if (status)
    zarrc_metadata_close(m);
  else
    *out = m;
  return status;
}

/* Returns ZARRC_CONFLICT unless a changed document still describes the same chunks. */
static zarrc_status compare(const zarrc_array *array, const zarrc_bytes *text, zarrc_error *error) {
  const zarrc_metadata *open = (const zarrc_metadata *)zarrc_editions_peek(&array->editions);
  zarrc_metadata *m = NULL;
  if (text->len == strlen(open->text) && !memcmp(text->ptr, open->text, text->len)) return ZARRC_OK;
  zarrc_documents documents = {.name = zarrc_array_document_name(array), .main = *text};
  zarrc_status status = zarrc_array_open_stored(array, &documents, &m, error);
  zarrc_metadata_close(m);
  return status;
}

zarrc_status zarrc_array_check_current(zarrc_array *array, zarrc_error *error) {
  zarrc_bytes text = {0};
  bool changed;
  uint64_t version = atomic_load(&array->version);
  const char *name = zarrc_array_document_name(array);
  zarrc_status status = zarrc_node_read_changed(array->store, array->path, name, &version, &changed, &text, error);
  if (!status && !changed) return ZARRC_OK;
  if (status == ZARRC_NOT_FOUND && array->is_consolidated && atomic_load(&array->version) == 0) return ZARRC_OK;
  if (status == ZARRC_NOT_FOUND) zarrc_fail(error, status, "the array that is open has been removed");
  zarrc_editions_enter(&array->editions);
  if (!status) status = compare(array, &text, error);
  zarrc_editions_leave(&array->editions);
  if (!status) atomic_store(&array->version, version);
  zarrc_bytes_release(&text);
  if (status) zarrc_error_in_document(error, array->store, array->path, name);
  return status;
}
