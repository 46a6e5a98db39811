/* SPDX-License-Identifier: MIT */
/* Nodes that only consolidated metadata describe, because they have no document of their own. */
#include "array/consolidated.h"
#include "array/document.h"
#include "array/key.h"
#include "array/node.h"
#include "base/documents.h"

#include <string.h>
#include <zarrc/plugin/store.h>

zarrc_status zarrc_described_only(const zarrc_consolidated *c, zarrc_store *store, const char *path, bool *only,
                                  zarrc_error *error) {
  char whole[ZARRC_MAX_KEY];
  zarrc_documents documents;
  zarrc_node_kind kind = ZARRC_NODE_NONE;
  *only = false;
  if (zarrc_consolidated_find(c, path, &documents, NULL) == ZARRC_NOT_FOUND) return ZARRC_OK;
  zarrc_status status = zarrc_key_join(zarrc_consolidated_path(c), path, whole, sizeof whole, error);
  if (!status) status = zarrc_node_find(store, whole, &kind, error);
  if (zarrc_document_is_wrong(status)) return ZARRC_OK;
  *only = !status && kind == ZARRC_NODE_NONE;
  return status;
}

/* Reads the consolidated metadata in the zarr.json of a group. */
static zarrc_status read_3(zarrc_store *store, const char *above, const zarrc_documents *documents,
                           zarrc_consolidated **out, zarrc_error *error) {
  zarrc_document_kind kind;
  zarrc_json_doc *doc = NULL;
  static const char member[] = "consolidated_metadata";
  size_t n = 0;
  if (!memmem(documents->main.ptr, documents->main.len, member, sizeof member - 1)) return ZARRC_OK;
  zarrc_status status = zarrc_document_parse(store->ctx, documents, &doc, &kind, error);
  const char *text = status ? NULL : zarrc_consolidated_text(zarrc_json_root(doc), &n);
  if (text) status = zarrc_consolidated_open(store->ctx, above, 3, text, n, out, error);
  zarrc_json_close(doc);
  return status;
}

zarrc_status zarrc_consolidated_read_2(zarrc_store *store, const char *path, zarrc_consolidated **out,
                                       zarrc_error *error) {
  zarrc_bytes text = {0};
  zarrc_status status = zarrc_node_read_document(store, path, zarrc_consolidated_document(2), &text, error);
  if (status && status != ZARRC_NOT_FOUND) return status;
  status = zarrc_consolidated_open(store->ctx, path, 2, (const char *)text.ptr, text.len, out, error);
  zarrc_bytes_release(&text);
  return status;
}

/* Refuses a path, relative to the group, at which, or below which, something is to be made. */
static zarrc_status refuse(const zarrc_consolidated *c, zarrc_store *store, const char *path, bool is_target,
                           zarrc_error *error) {
  char seen[ZARRC_EXCERPT], whole[ZARRC_MAX_KEY];
  const char *above = zarrc_consolidated_path(c);
  bool only;
  zarrc_status status = zarrc_described_only(c, store, path, &only, error);
  if (status || !only) return status;
  const char *which = *above ? "group at " : "root group",
             *where = *above ? zarrc_excerpt(seen, above, strlen(above)) : "";
  status = is_target ? zarrc_fail(error, ZARRC_CONFLICT,
                                  "there is an array or a group already, in the consolidated metadata of the "
                                  "%s%s, without a document of its own",
                                  which, where)
                     : zarrc_fail(error, ZARRC_CONFLICT,
                                  "has no document of its own and is only in the consolidated metadata of the "
                                  "%s%s: nothing can be created below it",
                                  which, where);
  if (!zarrc_key_join(above, path, whole, sizeof whole, NULL)) zarrc_error_in_key(error, store, whole);
  return status;
}

zarrc_status zarrc_described_refuse(zarrc_store *store, const char *above, const zarrc_documents *documents,
                                    const char *path, bool replaces, zarrc_error *error) {
  zarrc_consolidated *c = NULL;
  char parent[ZARRC_MAX_KEY];
  zarrc_status status = zarrc_document_format(documents->name) == 2 ? zarrc_consolidated_read_2(store, above, &c, error)
                                                                    : read_3(store, above, documents, &c, error);
  if (zarrc_document_is_wrong(status)) return ZARRC_OK;
  if (status || !c) return status;
  const char *rest = path + strlen(above) + (*above != 0);
  for (const char *slash = rest; !status && (slash = strchr(slash, '/')); slash++) {
    memcpy(parent, rest, (size_t)(slash - rest));
    parent[slash - rest] = 0;
    status = refuse(c, store, parent, false, error);
  }
  if (!status && !replaces) status = refuse(c, store, rest, true, error);
  zarrc_consolidated_close(c);
  return status;
}
