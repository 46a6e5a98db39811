/* SPDX-License-Identifier: MIT */
/* Looks for everything that is wrong with what a store has. Only reads. */
#include "tools/verify.h"

#include "base/sized.h"

#include <string.h>

/* ------------------------------------------------------------------------------------------ consolidated metadata */

static const char consolidate[] = "zarrc consolidate writes consolidated metadata anew";

/* What listings show, but not consolidated metadata. */
static zarrc_status tell_unlisted(void *arg, const char *path, zarrc_error *error) {
  const zarrc_verifier *v = arg;
  zarrc_error why = {0};
  if (zarrc_tree_find(v->trees[0], path, strlen(path)) == SIZE_MAX) return ZARRC_OK; /* told with the nodes */
  zarrc_fail(&why, ZARRC_INVALID_METADATA, "it is missing from the consolidated metadata of a group above it");
  return zarrc_verifier_tell_node(arg, ZARRC_FAULT, path, &why, consolidate, error);
}

/* Compares consolidated metadata with the documents. all: what is opened through them. */
static zarrc_status compare(zarrc_verifier *v, zarrc_tree *all, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < zarrc_tree_nnodes(all) && !status; i++) {
    const zarrc_tree_node *node = zarrc_tree_get(all, i);
    zarrc_error why = {0};
    bool stale = false;
    if (node->why) continue;
    if (!zarrc_verifier_find(v, node->path, strlen(node->path)).tree) {
      zarrc_fail(&why, ZARRC_NOT_FOUND, "only the consolidated metadata of a group above it describe this %s",
                 node->kind == ZARRC_NODE_ARRAY ? "array" : "group");
      status = zarrc_verifier_tell_node(v, ZARRC_NOTE, node->path, &why, "zarrc copy writes a document for it", error);
      continue;
    }
    status = zarrc_tree_is_stale(all, i, &stale, &why);
    if (!status && stale) {
      zarrc_fail(&why, ZARRC_CONFLICT, "the consolidated metadata of a group above it say something else");
      status = zarrc_verifier_tell_node(v, ZARRC_FAULT, node->path, &why, consolidate, error);
    } else if (zarrc_problem_is_local(status)) {
      status = ZARRC_OK; /* a document that cannot be read has been told */
    } else if (status && error) {
      *error = why;
    }
  }
  return status ? status : zarrc_tree_each_unlisted(all, tell_unlisted, v, error);
}

static zarrc_status check_consolidated(zarrc_verifier *v, zarrc_error *error) {
  zarrc_tree *all = NULL;
  zarrc_error why = {0};
  zarrc_status status = zarrc_tree_open(v->store, v->path, -1, NULL, &all, &why);
  if (!status)
    status = compare(v, all, error);
  else if (zarrc_problem_is_local(status))
    status = zarrc_verifier_tell_node(v, ZARRC_FAULT, v->path, &why, consolidate, error);
  else if (error)
    *error = why;
  v->described = all;
  return status;
}

/* ------------------------------------------------------------------------------------------------------------ all */

static zarrc_status tell_temporary(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  zarrc_verifier *v = arg;
  zarrc_error why = {0};
  zarrc_fail(&why, ZARRC_IO, "a writer that was killed has left this temporary file");
  return zarrc_verifier_tell_key(v, ZARRC_NOTE, zarrc_verifier_below(v, entry->key), &why,
                                 "remove it when no writer is at work", error);
}

static zarrc_status run(zarrc_verifier *v, zarrc_error *error) {
  zarrc_status status = zarrc_verifier_open_nodes(v, error);
  if (!status && v->ntrees > 0 && zarrc_verifier_find(v, v->path, strlen(v->path)).tree)
    status = check_consolidated(v, error);
  if (!status) status = zarrc_store_list_temporary(v->store, v->path, tell_temporary, v, error);
  return status ? status : zarrc_verify_keys(v, error);
}

zarrc_status zarrc_verify(zarrc_store *store, const char *path, const zarrc_verify_options *options,
                          zarrc_verify_report *report, zarrc_error *error) {
  zarrc_verifier v;
  zarrc_verifier_init(&v, store, path);
  zarrc_status status =
      options ? zarrc_sized_take(&v.options, sizeof v.options, options, "verify options", error) : ZARRC_OK;
  if (!status) status = zarrc_sized_give(report, &v.report, sizeof v.report, "the report", error);
  if (status) return status;
  if (!store->read_only)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the store must be opened read-only to be verified");
  status = run(&v, error);
  zarrc_verifier_clear(&v);
  zarrc_sized_give(report, &v.report, sizeof v.report, "the report", NULL);
  return status;
}
