/* SPDX-License-Identifier: MIT */
/* Making nodes: their documents, and the groups above that are missing. */
#include "array/consolidated.h"
#include "array/document.h"
#include "array/key.h"
#include "array/node.h"
#include "base/documents.h"

#include <stdio.h>
#include <string.h>
#include <zarrc/plugin/store.h>

/* The documents of a group that is made because something is made below it. */
static zarrc_documents implicit_group(int format) {
  static const char of_3[] = "{\n  \"attributes\": {},\n  \"zarr_format\": 3,\n  \"node_type\": \"group\"\n}";
  static const char of_2[] = "{\n  \"zarr_format\": 2\n}";
  zarrc_documents documents = zarrc_documents_of(format == 3 ? of_3 : of_2, strlen(format == 3 ? of_3 : of_2));
  documents.name = zarrc_node_document(format, true);
  return documents;
}

static zarrc_status refuse_existing(const zarrc_store *store, const char *path, const char *name, zarrc_error *error) {
  zarrc_status status = zarrc_fail(error, ZARRC_CONFLICT, "there is an array or a group already");
  zarrc_error_in_document(error, store, path, name);
  return status;
}

/* Reads the document that a blob is of. is_empty: there is none; where a write on that condition makes sure of it, no
 * request is made. */
static zarrc_status read_old(zarrc_blob *blob, bool is_empty, zarrc_bytes *out, zarrc_error *error) {
  if (is_empty && zarrc_blob_expect_none(blob)) return ZARRC_NOT_FOUND;
  return zarrc_blob_read_all(blob, ZARRC_MAX_DOCUMENT, out, error);
}

/* Stores the document that describes a node where there is none; otherwise ZARRC_CONFLICT. */
static zarrc_status put_main(zarrc_store *store, const char *path, const zarrc_documents *documents, bool is_empty,
                             zarrc_error *error) {
  char key[ZARRC_MAX_KEY];
  zarrc_key_blob blob;
  zarrc_bytes bytes = {0};
  zarrc_status status = zarrc_key_join(path, documents->name, key, sizeof key, error);
  if (status) return status;
  status = zarrc_key_blob_open(&blob, store, key, error);
  if (status) return status;
  status = read_old(blob.blob, is_empty, &bytes, error);
  zarrc_bytes_release(&bytes);
  if (status == ZARRC_NOT_FOUND) {
    status = zarrc_blob_replace(blob.blob, &documents->main, 1, true, error);
  } else if (status == ZARRC_OK || status == ZARRC_LIMIT) {
    status = ZARRC_CONFLICT;
  }
  if (status == ZARRC_CONFLICT) refuse_existing(store, path, documents->name, error);
  if (status) zarrc_error_in_key(error, store, key);
  zarrc_key_blob_close(&blob);
  return status;
}

/* Stores the documents of a new node at once. ZARRC_UNSUPPORTED: the store cannot do that. */
static zarrc_status put_at_once(zarrc_store *store, const char *path, const zarrc_documents *documents,
                                zarrc_error *error) {
  static const char *const unless[ZARRC_NNODE_NAMES + 1] = {ZARRC_NODE_NAMES, NULL};
  const char *names[] = {ZARRC_ZATTRS, documents->name};
  const zarrc_bytes values[] = {documents->attributes, documents->main};
  size_t first = zarrc_document_format(documents->name) == 2 ? 0 : 1;
  zarrc_status status = zarrc_store_create(store, path, names + first, values + first, 2 - first, unless, error);
  return status == ZARRC_CONFLICT ? refuse_existing(store, path, documents->name, error) : status;
}

/* How often attributes are stored again because somebody else has changed them. */
#define MAX_CONFLICTS 16

/* Stores attributes, or (ptr NULL) removes them, if they are `expected` (NULL: whatever they are), and gets what was
 * there before, which the caller releases. is_empty: nothing, as far as is known. ZARRC_CONFLICT: they are not, or are
 * changed at this moment. */
static zarrc_status swap_attributes(zarrc_store *store, const char *key, const zarrc_bytes *expected,
                                    const zarrc_bytes *attributes, bool is_empty, zarrc_bytes *old,
                                    zarrc_error *error) {
  zarrc_key_blob blob;
  *old = (zarrc_bytes){0};
  zarrc_status status = zarrc_key_blob_open(&blob, store, key, error);
  if (status) return status;
  status = read_old(blob.blob, is_empty, old, error);
  bool there = status != ZARRC_NOT_FOUND;
  if (!there || (status == ZARRC_LIMIT && !expected)) status = ZARRC_OK; /* too long: no attributes to put back */
  if (!status && expected && (old->len != expected->len || (old->len && memcmp(old->ptr, expected->ptr, old->len))))
    status = zarrc_fail(error, ZARRC_CONFLICT, "somebody else has changed the attributes");
  if (!status && attributes->ptr)
    status = zarrc_blob_replace(blob.blob, attributes, 1, true, error);
  else if (!status && there)
    status = zarrc_blob_erase(blob.blob, true, error);
  if (status) zarrc_error_in_key(error, store, key);
  zarrc_key_blob_close(&blob);
  return status;
}

/* Stores the documents of a new node of format 2, one after the other. Nobody knows of the attributes before there is a
 * .zarray or a .zgroup; if it has none, those that an interrupted creation or removal has left are removed. If somebody
 * else has created a node meanwhile, what was there before, which may be theirs, is put back, unless they have replaced
 * it themselves. */
static zarrc_status put_new_2(zarrc_store *store, const char *path, const zarrc_documents *documents, bool is_empty,
                              zarrc_error *error) {
  char key[ZARRC_MAX_KEY];
  zarrc_bytes old = {0}, mine = {0};
  zarrc_status status = zarrc_key_join(path, ZARRC_ZATTRS, key, sizeof key, error);
  if (status) return status;
  status = ZARRC_CONFLICT;
  for (int i = 0; status == ZARRC_CONFLICT && i < MAX_CONFLICTS; i++) {
    zarrc_bytes_release(&old);
    status = swap_attributes(store, key, NULL, &documents->attributes, is_empty && i == 0, &old, error);
  }
  if (!status) {
    status = put_main(store, path, documents, is_empty, error);
    if (status == ZARRC_CONFLICT) swap_attributes(store, key, &documents->attributes, &old, false, &mine, NULL);
  }
  zarrc_bytes_release(&old);
  zarrc_bytes_release(&mine);
  return status;
}

/* Stores the documents of a new node, the one that describes it last. is_empty: nothing was below the path. */
static zarrc_status put_new(zarrc_store *store, const char *path, const zarrc_documents *documents, bool is_empty,
                            zarrc_error *error) {
  zarrc_status status = put_at_once(store, path, documents, error);
  if (status != ZARRC_UNSUPPORTED) return status;
  return zarrc_document_format(documents->name) == 2 ? put_new_2(store, path, documents, is_empty, error)
                                                     : put_main(store, path, documents, is_empty, error);
}

/* Finds out what is at a path. *name: if not NULL, set to the name of the document, if one was read. */
static zarrc_status find_kind(zarrc_store *store, const char *path, zarrc_document_kind *out, const char **name,
                              zarrc_error *error) {
  zarrc_documents documents;
  zarrc_status status = zarrc_node_find_documents(store, path, out, &documents, error);
  if (name && documents.name) *name = documents.name;
  zarrc_documents_release(&documents);
  return status;
}

/* What is to be made. */
typedef struct target {
  const char *path;
  int format;
  bool replaces; /* what is at the path */
  bool is_empty; /* nothing is below the path, says a listing */
  int nparents;  /* groups above that are there, counted from the root */
  int parent;    /* number of the one that is looked at */
} target;

/* Checks that a node of a format may be below the parent, whose kind is passed. */
static zarrc_status check_parent(zarrc_store *store, const char *parent, int format, const zarrc_document_kind *kind,
                                 zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  if (kind->node == ZARRC_NODE_ARRAY)
    status = zarrc_fail(error, ZARRC_CONFLICT, "an array: no node can lie below it");
  else if (kind->node != ZARRC_NODE_NONE && kind->format != format)
    status = zarrc_fail(error, ZARRC_CONFLICT, "a group of Zarr format %d: no node of format %d can lie below it",
                        kind->format, format);
  if (status)
    zarrc_error_in_document(error, store, parent, zarrc_node_document(kind->format, kind->node == ZARRC_NODE_GROUP));
  return status;
}

/* Calls fn for each path above the target, beginning with the root. */
static zarrc_status each_parent(zarrc_store *store, target *t,
                                zarrc_status (*fn)(zarrc_store *, const char *, target *, zarrc_error *),
                                zarrc_error *error) {
  char parent[ZARRC_MAX_PATH + 1] = "";
  const char *slash = t->path - 1;
  t->parent = 0;
  zarrc_status status = *t->path ? fn(store, parent, t, error) : ZARRC_OK;
  while (!status && (slash = strchr(slash + 1, '/'))) {
    memcpy(parent, t->path, (size_t)(slash - t->path));
    parent[slash - t->path] = 0;
    t->parent++;
    status = fn(store, parent, t, error);
  }
  return status;
}

/* Checks that the target may be below the parent, whose consolidated metadata must not be all that there is of it, or
 * of a group between. */
static zarrc_status want_room(zarrc_store *store, const char *parent, target *t, zarrc_error *error) {
  zarrc_document_kind kind;
  zarrc_documents documents;
  zarrc_status status = zarrc_node_find_documents(store, parent, &kind, &documents, error);
  if (!status) status = check_parent(store, parent, t->format, &kind, error);
  if (!status && kind.node == ZARRC_NODE_GROUP)
    status = zarrc_described_refuse(store, parent, &documents, t->path, t->replaces, error);
  if (kind.node == ZARRC_NODE_GROUP && t->nparents == t->parent) t->nparents++;
  zarrc_documents_release(&documents);
  return status;
}

static zarrc_status make_group(zarrc_store *store, const char *path, target *t, zarrc_error *error) {
  zarrc_document_kind kind;
  zarrc_documents documents = implicit_group(t->format);
  if (t->parent < t->nparents) return ZARRC_OK;
  zarrc_status status = find_kind(store, path, &kind, NULL, error);
  if (!status) status = check_parent(store, path, t->format, &kind, error);
  if (status || kind.node != ZARRC_NODE_NONE) return status;
  status = put_new(store, path, &documents, false, error);
  if (status != ZARRC_CONFLICT) return status; /* else somebody else has created it */
  status = find_kind(store, path, &kind, NULL, error);
  return status ? status : check_parent(store, path, t->format, &kind, error);
}

zarrc_status zarrc_format_check(int given, int *format, zarrc_error *error) {
  *format = given ? given : 3;
  if (*format == 2 || *format == 3) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "there is no Zarr format %d: it must be 2 or 3", given);
}

/* Refuses a new node whose path has the name of a document, which would take the place of the document of a group. */
static zarrc_status check_names(const char *path, int format, zarrc_error *error) {
  static const char *const names[] = {ZARRC_NODE_NAMES, ZARRC_ZATTRS, ZARRC_ZMETADATA};
  size_t nnames = format == 2 ? sizeof names / sizeof *names : 1;
  for (const char *part = path; part; part = strchr(part, '/')) {
    part += *part == '/';
    size_t n = strcspn(part, "/");
    for (size_t i = 0; i < nnames; i++)
      if (strlen(names[i]) == n && !memcmp(names[i], part, n))
        return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no node can be called %s, as documents are", names[i]);
  }
  return ZARRC_OK;
}

zarrc_status zarrc_node_make_groups(zarrc_store *store, const char *path, int format, zarrc_error *error) {
  target t = {.path = path, .format = format};
  zarrc_status status = zarrc_node_path_check(path, error);
  if (!status) status = check_names(path, format, error);
  if (!status) status = zarrc_node_refuse_read_only(store, error);
  if (!status) status = each_parent(store, &t, want_room, error);
  if (!status) status = each_parent(store, &t, make_group, error);
  t.nparents = 0; /* it is its own business now */
  return status ? status : make_group(store, path, &t, error);
}

static zarrc_status refuse_found(zarrc_store *store, const char *path, zarrc_error *error) {
  zarrc_document_kind kind;
  const char *name = ZARRC_ZARR_JSON;
  zarrc_error why;
  zarrc_status status = find_kind(store, path, &kind, &name, &why);
  if (status == ZARRC_OK ? kind.node != ZARRC_NODE_NONE : zarrc_document_is_wrong(status))
    return refuse_existing(store, path, name, error);
  if (status && error) *error = why;
  return status;
}

/* Checks that what is at the path may be overwritten. */
static zarrc_status check_survey(const zarrc_survey *survey, zarrc_create_mode mode, zarrc_error *error) {
  unsigned long long n = survey->nothers;
  if (n == 0 || (survey->nnodes > 0 && mode == ZARRC_CREATE_OVERWRITE_ALL)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_CONFLICT, "%s%llu file%s that %s not Zarr would be removed, such as %s",
                    survey->nnodes > 0 ? "" : "no array and no group is there, and ", n, n == 1 ? "" : "s",
                    n == 1 ? "is" : "are", survey->other);
}

static zarrc_status see_entry(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  (void)arg, (void)entry;
  return zarrc_fail(error, ZARRC_CONFLICT, "something is there");
}

/* Returns whether requests are saved by a listing of what is below a path. Servers have been seen to lose keys with odd
 * characters from listings. */
static bool can_trust_lists(const zarrc_store *store, const char *path) {
  for (const char *p = path; *p; p++)
    if ((unsigned char)*p <= ' ' || *p == '\\' || *p == 0x7F) return false;
  return zarrc_store_fetches(store);
}

/* Returns whether nothing is below a path, by one request instead of one for each document that may be there. */
static bool lists_nothing(zarrc_store *store, const char *path) {
  return can_trust_lists(store, path) && !zarrc_store_list(store, path, true, false, see_entry, NULL, NULL);
}

static zarrc_status check_target(zarrc_store *store, target *t, zarrc_create_mode mode, zarrc_survey *survey,
                                 zarrc_error *error) {
  bool found;
  char note[2];
  const char *path = t->path;
  *survey = (zarrc_survey){0};
  zarrc_status status = zarrc_node_path_check(path, error);
  if (!status) status = check_names(path, t->format, error);
  if (!status) status = zarrc_node_refuse_read_only(store, error);
  if (!status) status = zarrc_stage_find(store, path, note, sizeof note, &found, error); /* may restore a version */
  if (!status) status = each_parent(store, t, want_room, error);
  if (status) return status;
  if (mode == ZARRC_CREATE_NEW) {
    t->is_empty = lists_nothing(store, path);
    return t->is_empty ? ZARRC_OK : refuse_found(store, path, error);
  }
  status = zarrc_node_survey(store, path, survey, NULL, NULL, error);
  if (!status) status = check_survey(survey, mode, error);
  t->is_empty = !status && can_trust_lists(store, path) && survey->nnodes + survey->nchunks + survey->nothers == 0;
  if (status) zarrc_error_in_key(error, store, path);
  return status;
}

zarrc_status zarrc_node_check(zarrc_store *store, const char *path, int zarr_format, zarrc_create_mode mode,
                              zarrc_error *error) {
  zarrc_survey survey;
  target t = {.path = path, .replaces = mode != ZARRC_CREATE_NEW};
  zarrc_status status = zarrc_format_check(zarr_format, &t.format, error);
  return status ? status : check_target(store, &t, mode, &survey, error);
}

/* Makes the new node on a stage, which then replaces the old node as a whole. */
static zarrc_status put_in_place(zarrc_store *store, const char *path, const zarrc_documents *documents,
                                 zarrc_error *error) {
  zarrc_stage *stage = NULL;
  target t = {.path = path, .format = zarrc_document_format(documents->name), .replaces = true};
  zarrc_status status = zarrc_stage_open(store, path, ZARRC_STAGE_DISCARD, "", &stage, error);
  if (!status) status = put_new(stage->store, "", documents, false, error);
  if (!status) status = each_parent(store, &t, make_group, error);
  if (!status) status = zarrc_stage_publish(stage, true, error);
  zarrc_stage_close(stage, false);
  return status;
}

zarrc_status zarrc_node_create(zarrc_store *store, const char *path, const zarrc_documents *documents,
                               zarrc_create_mode mode, zarrc_error *error) {
  zarrc_survey survey;
  target t = {.path = path, .format = zarrc_document_format(documents->name), .replaces = mode != ZARRC_CREATE_NEW};
  zarrc_status status = check_target(store, &t, mode, &survey, error);
  if (status) return status;
  if (survey.nnodes + survey.nchunks > 0) {
    if (zarrc_stage_possible(store)) return put_in_place(store, path, documents, error);
    status = zarrc_store_erase_prefix(store, path, error);
  }
  if (!status) status = each_parent(store, &t, make_group, error);
  if (!status) status = put_new(store, path, documents, t.is_empty, error);
  bool again = status == ZARRC_CONFLICT && mode != ZARRC_CREATE_NEW && zarrc_stage_possible(store);
  return again ? put_in_place(store, path, documents, error) : status; /* somebody else has created one meanwhile */
}
