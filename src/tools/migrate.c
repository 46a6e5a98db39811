/* SPDX-License-Identifier: MIT */
/*
 * Changes the Zarr format of a hierarchy in place: its documents, not its chunks.
 *
 * A folder that has documents of both formats is of format 3. So format 3 is made by storing a zarr.json beside what is
 * there, and format 2 by removing it again, once the documents of format 2 say the same. Both begin with the deepest
 * nodes and end with the one that was asked for: until then programs that look from there on see the old format, and
 * after an interruption the same call goes on.
 */
#include <zarrc/tools.h>

#include "tools/migrate_consolidated.h"

#include "base/ctx.h"
#include "base/documents.h"
#include "base/json.h"
#include "base/sized.h"
#include "base/text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/store.h>

/* Longest document. */
#define MAX_DOCUMENT ((uint64_t)64 << 20)

/* What has no documents of its own cannot be migrated: consolidated metadata are not looked at. */
static const zarrc_group_options own_documents = {.struct_size = sizeof own_documents, .no_consolidated = true};

typedef struct migration {
  zarrc_ctx *ctx;
  zarrc_store *store, *models; /* models: in memory, for nodes as they will be */
  zarrc_migrate_options options;
  zarrc_migrate_report *report;
  zarrc_tree *tree;
  bool changed; /* to format 2: some documents are not those that are there already */
} migration;

/* A node, opened. */
typedef struct node {
  const char *path;
  zarrc_array *array; /* one of these two */
  zarrc_group *group;
  int format;
} node;

/* What of a node is stored in format 2. */
typedef struct pair {
  const char *name; /* of the first: ".zarray" or ".zgroup" */
  zarrc_buf main, attributes;
} pair;

static zarrc_status tell(const migration *m, zarrc_migrate_step step, const char *key, zarrc_error *error) {
  const zarrc_migrate_event event = {.step = step, .key = key};
  return m->options.event ? m->options.event(m->options.event_arg, &event, error) : ZARRC_OK;
}

/* ---------------------------------------------------------------------------------------------------- values of keys
 */

static zarrc_status join(const migration *m, const char *path, const char *name, char **key, zarrc_error *error) {
  size_t n = strlen(path) + strlen(name) + 2;
  *key = zarrc_malloc(m->ctx, n);
  if (!*key) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a key");
  snprintf(*key, n, "%s%s%s", path, path[0] ? "/" : "", name);
  return ZARRC_OK;
}

/* Reads a document; ptr NULL: there is none. */
static zarrc_status get(const migration *m, const char *path, const char *name, zarrc_bytes *out, zarrc_error *error) {
  char *key;
  zarrc_error why;
  *out = (zarrc_bytes){0};
  zarrc_status status = join(m, path, name, &key, error);
  if (status) return status;
  status = zarrc_store_get(m->store, key, MAX_DOCUMENT, out, &why);
  if (status == ZARRC_NOT_FOUND)
    status = ZARRC_OK;
  else if (status && error)
    *error = why;
  zarrc_free(m->ctx, key);
  return status;
}

/* Stores a document, unless it is there already. */
static zarrc_status set(const migration *m, const char *path, const char *name, const zarrc_buf *text,
                        zarrc_error *error) {
  char *key;
  zarrc_bytes old;
  zarrc_status status = get(m, path, name, &old, error);
  if (status) return status;
  bool same = old.ptr && old.len == text->len && !memcmp(old.ptr, text->ptr, old.len);
  zarrc_bytes_release(&old);
  if (same) return ZARRC_OK;
  status = join(m, path, name, &key, error);
  if (status) return status;
  if (!m->options.dry_run) status = zarrc_store_set(m->store, key, text->ptr, text->len, error);
  if (!status) m->report->nwritten++;
  if (!status) status = tell(m, ZARRC_MIGRATE_WRITE, key, error);
  zarrc_free(m->ctx, key);
  return status;
}

/* Removes a document, if there is one. */
static zarrc_status erase(const migration *m, const char *path, const char *name, zarrc_error *error) {
  char *key;
  zarrc_bytes old;
  zarrc_status status = get(m, path, name, &old, error);
  bool there = old.ptr != NULL;
  zarrc_bytes_release(&old);
  if (status || !there) return status;
  status = join(m, path, name, &key, error);
  if (status) return status;
  if (!m->options.dry_run) status = zarrc_store_erase(m->store, key, error);
  if (!status) m->report->nremoved++;
  if (!status) status = tell(m, ZARRC_MIGRATE_REMOVE, key, error);
  zarrc_free(m->ctx, key);
  return status;
}

/* -------------------------------------------------------------------------------------------------------------- nodes
 */

static void close_node(node *x) {
  zarrc_array_close(x->array);
  zarrc_group_close(x->group);
  *x = (node){0};
}

static zarrc_status open_node(const migration *m, const zarrc_tree_node *at, node *out, zarrc_error *error) {
  *out = (node){.path = at->path};
  zarrc_status status = at->kind == ZARRC_NODE_GROUP
                            ? zarrc_group_open(m->store, at->path, &own_documents, &out->group, error)
                            : zarrc_array_open(m->store, at->path, NULL, &out->array, error);
  if (status) return status;
  out->format = out->group ? zarrc_group_format(out->group) : zarrc_array_format(out->array);
  return ZARRC_OK;
}

/* Names the node that a failure is about. */
static zarrc_status about(const migration *m, const node *x, zarrc_status status, zarrc_error *error) {
  if (status) zarrc_error_in_key(error, m->store, x->path);
  return status;
}

static zarrc_status put_text(zarrc_buf *out, const char *text, zarrc_error *error) {
  return zarrc_buf_append(out, text, strlen(text), error);
}

/* Appends the zarr.json of a node. */
static zarrc_status put_3(const node *x, zarrc_buf *out, zarrc_error *error) {
  return x->group ? zarrc_group_document(x->group, 3, out, error) : zarrc_array_document(x->array, 3, out, error);
}

static pair pair_of(const migration *m, const node *x) {
  return (pair){.name = zarrc_node_document(2, x->group != NULL),
                .main = zarrc_buf_new(m->ctx, MAX_DOCUMENT),
                .attributes = zarrc_buf_new(m->ctx, MAX_DOCUMENT)};
}

static void clear_pair(pair *p) {
  zarrc_buf_clear(&p->main);
  zarrc_buf_clear(&p->attributes);
}

/* Appends what format 2 says of a node of format 3. */
static zarrc_status put_2(const migration *m, const node *x, pair *out, zarrc_error *error) {
  zarrc_array_options options = {.struct_size = sizeof options, .zarr_format = 2};
  zarrc_array *model = NULL;
  if (x->group) {
    zarrc_status status = zarrc_group_document(x->group, 2, &out->main, error);
    return status ? status : put_text(&out->attributes, zarrc_group_attributes(x->group), error);
  }
  const char *text = zarrc_array_metadata(x->array);
  zarrc_status status =
      zarrc_array_create_json(m->models, "", text, strlen(text), ZARRC_CREATE_OVERWRITE, &options, &model, error);
  if (!status) status = put_text(&out->main, zarrc_array_metadata(model), error);
  if (!status) status = put_text(&out->attributes, zarrc_array_attributes(model), error);
  zarrc_array_close(model);
  return status;
}

/* Returns whether two nodes say the same. Of a group of format 3 consolidated metadata do not count. */
static zarrc_status compare_nodes(const migration *m, const node *model, const node *x, bool *same,
                                  zarrc_error *error) {
  zarrc_buf a = zarrc_buf_new(m->ctx, MAX_DOCUMENT), b = zarrc_buf_new(m->ctx, MAX_DOCUMENT);
  zarrc_status status;
  if (x->group) {
    status = zarrc_group_document(x->group, 2, &a, error); /* fails if there is more than attributes */
    *same = !status && !strcmp(zarrc_group_attributes(model->group), zarrc_group_attributes(x->group));
  } else {
    status = put_3(model, &a, error);
    if (!status) status = put_3(x, &b, error);
    *same = !status && a.len == b.len && !memcmp(a.ptr, b.ptr, a.len);
  }
  zarrc_buf_clear(&a);
  zarrc_buf_clear(&b);
  return status;
}

/* Returns whether documents of format 2, opened in memory as if there were no others, say the same as a node. */
static zarrc_status compare_documents(const migration *m, const node *x, const zarrc_bytes *main,
                                      const zarrc_bytes *attributes, bool *same, zarrc_error *error) {
  const zarrc_tree_node root = {.path = "", .kind = x->group ? ZARRC_NODE_GROUP : ZARRC_NODE_ARRAY};
  const migration in_models = {.ctx = m->ctx, .store = m->models};
  node model = {0};
  zarrc_status status = zarrc_store_erase_prefix(m->models, "", error);
  if (!status)
    status = zarrc_store_set(m->models, zarrc_node_document(2, x->group != NULL), main->ptr, main->len, error);
  if (!status && attributes->ptr)
    status = zarrc_store_set(m->models, ZARRC_ZATTRS, attributes->ptr, attributes->len, error);
  if (!status) status = open_node(&in_models, &root, &model, error);
  if (!status) status = compare_nodes(m, &model, x, same, error);
  close_node(&model);
  return status;
}

/* Finds out whether there are documents of format 2 beside a zarr.json, and whether they say the same. Those that
 * cannot be read do not. */
static zarrc_status compare(const migration *m, const node *x, bool *there, bool *same, zarrc_error *error) {
  zarrc_bytes main, attributes = {0};
  zarrc_error why = {0};
  *same = false;
  zarrc_status status = get(m, x->path, zarrc_node_document(2, x->group != NULL), &main, error);
  *there = !status && main.ptr;
  if (*there) status = get(m, x->path, ZARRC_ZATTRS, &attributes, error);
  if (*there && !status) {
    zarrc_status compared = compare_documents(m, x, &main, &attributes, same, &why);
    if (compared == ZARRC_NO_MEMORY || compared == ZARRC_CANCELED) {
      status = compared;
      if (error) *error = why;
    }
  }
  zarrc_bytes_release(&main);
  zarrc_bytes_release(&attributes);
  return status;
}

/* Others may have changed the documents of format 2. */
static zarrc_status refuse_differing(const migration *m, zarrc_error *error) {
  m->report->differ = true;
  return zarrc_fail(error, ZARRC_CONFLICT, "its documents of format 2 and 3 no longer say the same");
}

/* -------------------------------------------------------------------------------------------------------- to format 3
 */

/* Refuses members that the specification of format 2 does not have: no member of format 3 takes their place. */
static zarrc_status check_members(const migration *m, const node *x, zarrc_error *error) {
  static const char *const of_array[] = {"zarr_format",         "shape",      "chunks", "dtype",
                                         "compressor",          "fill_value", "order",  "filters",
                                         "dimension_separator", NULL};
  static const char *const of_group[] = {"zarr_format", NULL};
  const char *name = zarrc_node_document(2, x->group != NULL);
  char names[160] = "";
  zarrc_json_doc *doc = NULL;
  zarrc_bytes text;
  zarrc_status status = get(m, x->path, name, &text, error);
  if (status || !text.ptr) return status;
  if (!zarrc_json_parse(m->ctx, (const char *)text.ptr, text.len, NULL, &doc, NULL)) {
    const zarrc_json *root = zarrc_json_root(doc);
    for (size_t i = 0, n = 0; i < zarrc_json_length(root) && n < sizeof names; i++) {
      const char *const *known = x->group ? of_group : of_array;
      while (*known && strcmp(*known, zarrc_json_key(root, i)) != 0) known++;
      if (!*known)
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%.60s", n > 0 ? ", " : "", zarrc_json_key(root, i));
    }
    zarrc_json_close(doc);
  }
  zarrc_bytes_release(&text);
  if (!names[0]) return ZARRC_OK;
  m->report->differ = true;
  return zarrc_fail(error, ZARRC_CONFLICT, "its %s says what format 3 has no place for: %s", name, names);
}

/* Counts, and refuses what cannot become format 3, or would be lost. */
static zarrc_status check_to_3(migration *m, node *x, zarrc_error *error) {
  zarrc_buf text = zarrc_buf_new(m->ctx, MAX_DOCUMENT);
  bool there = false, same = false, removes = m->options.remove_v2_metadata && !m->options.force;
  zarrc_status status = x->format == 2 ? put_3(x, &text, error) : ZARRC_OK;
  if (!status && x->format == 3 && removes) status = compare(m, x, &there, &same, error);
  if (!status && there && !same) status = refuse_differing(m, error);
  if (!status && removes) status = check_members(m, x, error);
  zarrc_buf_clear(&text);
  return status;
}

/* Stores a document at a path of another store. */
static zarrc_status put_in(const migration *m, zarrc_store *to, const char *path, const char *name, const void *text,
                           size_t n, zarrc_error *error) {
  char *key;
  zarrc_status status = join(m, path, name, &key, error);
  if (status) return status;
  status = zarrc_store_set(to, key, text, n, error);
  zarrc_free(m->ctx, key);
  return status;
}

static zarrc_status put_in_3(void *arg, const zarrc_tree_node *at, zarrc_store *to, const char *path,
                             zarrc_error *error) {
  const migration *m = arg;
  node x;
  zarrc_buf text = zarrc_buf_new(m->ctx, MAX_DOCUMENT);
  zarrc_status status = open_node(m, at, &x, error);
  if (!status) status = put_3(&x, &text, error);
  if (!status) status = put_in(m, to, path, ZARRC_ZARR_JSON, text.ptr, text.len, error);
  close_node(&x);
  zarrc_buf_clear(&text);
  return status;
}

/* Stores the zarr.json of a node, in one piece with consolidated metadata if it had them in format 2. */
static zarrc_status make_3(migration *m, node *x, zarrc_error *error) {
  zarrc_buf text = zarrc_buf_new(m->ctx, MAX_DOCUMENT);
  bool carries = false;
  if (x->format == 3) return ZARRC_OK;
  zarrc_status status = x->group ? zarrc_migrate_is_consolidated(m->store, x->path, &carries, error) : ZARRC_OK;
  if (!status && carries)
    status = zarrc_migrate_consolidate(m->ctx, m->tree, x->path, 3, put_in_3, m, &text, error);
  else if (!status)
    status = put_3(x, &text, error);
  m->report->nconsolidated += !status && carries;
  if (!status) status = set(m, x->path, ZARRC_ZARR_JSON, &text, error);
  zarrc_buf_clear(&text);
  return status;
}

/* Removes a .zmetadata; counts it if the zarr.json does not have what it has. */
static zarrc_status drop_consolidated_2(migration *m, node *x, zarrc_error *error) {
  bool carried;
  uint64_t nremoved = m->report->nremoved;
  zarrc_status status = zarrc_migrate_is_consolidated(m->store, x->path, &carried, error);
  if (!status) status = erase(m, x->path, ZARRC_ZMETADATA, error);
  m->report->ndropped += !status && !carried && m->report->nremoved > nremoved;
  return status;
}

/* Removes the documents of format 2, of which that with the attributes goes last: without the other it means nothing.
 */
static zarrc_status remove_2(migration *m, node *x, zarrc_error *error) {
  static const char *const names[] = {ZARRC_ZARRAY, ZARRC_ZGROUP, ZARRC_ZATTRS};
  zarrc_status status = x->group ? drop_consolidated_2(m, x, error) : erase(m, x->path, ZARRC_ZMETADATA, error);
  for (size_t i = 0; i < sizeof names / sizeof *names && !status; i++) status = erase(m, x->path, names[i], error);
  return status;
}

/* -------------------------------------------------------------------------------------------------------- to format 2
 */

static zarrc_status check_to_2(migration *m, node *x, zarrc_error *error) {
  pair p = pair_of(m, x);
  bool there = false, same = false;
  zarrc_status status = x->format == 3 ? compare(m, x, &there, &same, error) : ZARRC_OK;
  if (!status && x->format == 3 && !same) {
    status = put_2(m, x, &p, error);
    m->changed = true;
    if (!status && there && !m->options.force) status = refuse_differing(m, error);
  }
  clear_pair(&p);
  return status;
}

/* Removes consolidated metadata of format 2, which describe what was there before. */
static zarrc_status remove_consolidated_2(migration *m, node *x, zarrc_error *error) {
  return x->group ? drop_consolidated_2(m, x, error) : ZARRC_OK;
}

/* Stores the documents of format 2. Those that say the same stay as they are: they may say more, such as a fill value
 * of null. */
static zarrc_status make_2(migration *m, node *x, zarrc_error *error) {
  pair p = pair_of(m, x);
  bool there = false, same = false;
  zarrc_status status = x->format == 3 ? compare(m, x, &there, &same, error) : ZARRC_OK;
  if (!status && x->format == 3 && !same) {
    status = put_2(m, x, &p, error);
    bool any = p.attributes.len > 2;
    if (!status)
      status = any ? set(m, x->path, ZARRC_ZATTRS, &p.attributes, error) : erase(m, x->path, ZARRC_ZATTRS, error);
    if (!status) status = set(m, x->path, p.name, &p.main, error);
  }
  clear_pair(&p);
  return status;
}

/* Stores the documents of format 2 of a node in another store. */
static zarrc_status put_in_2(void *arg, const zarrc_tree_node *at, zarrc_store *to, const char *path,
                             zarrc_error *error) {
  const migration *m = arg;
  const char *const names[] = {zarrc_node_document(2, at->kind == ZARRC_NODE_GROUP), ZARRC_ZATTRS};
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0; i < 2 && !status; i++) {
    zarrc_bytes text;
    status = get(m, at->path, names[i], &text, error);
    if (!status && text.ptr) status = put_in(m, to, path, names[i], text.ptr, text.len, error);
    zarrc_bytes_release(&text);
  }
  return status;
}

/* Stores the .zmetadata of a group that has consolidated metadata in format 3, before its zarr.json is removed. One
 * that is there is up to date, or has been removed. */
static zarrc_status consolidate_2(migration *m, node *x, zarrc_error *error) {
  bool carries = false;
  zarrc_bytes old;
  zarrc_buf text = zarrc_buf_new(m->ctx, MAX_DOCUMENT);
  if (!x->group || x->format != 3) return ZARRC_OK;
  zarrc_status status = zarrc_migrate_is_consolidated(m->store, x->path, &carries, error);
  if (status || !carries) return status;
  status = get(m, x->path, ZARRC_ZMETADATA, &old, error);
  bool there = old.ptr && !m->changed;
  zarrc_bytes_release(&old);
  if (!status && !there && !m->options.dry_run)
    status = zarrc_migrate_consolidate(m->ctx, m->tree, x->path, 2, put_in_2, m, &text, error);
  if (!status && !there) status = set(m, x->path, ZARRC_ZMETADATA, &text, error);
  m->report->nconsolidated += !status;
  zarrc_buf_clear(&text);
  return status;
}

static zarrc_status remove_3(migration *m, node *x, zarrc_error *error) {
  return x->format == 3 ? erase(m, x->path, ZARRC_ZARR_JSON, error) : ZARRC_OK;
}

/* ---------------------------------------------------------------------------------------------------------- the whole
 */

static zarrc_status refuse_orphan(void *arg, const char *path, zarrc_consolidated_difference difference,
                                  zarrc_error *error) {
  const migration *m = arg;
  bool is_there = zarrc_tree_find(m->tree, path, strlen(path)) != SIZE_MAX; /* but of the new format already */
  if (difference != ZARRC_ONLY_CONSOLIDATED || is_there) return ZARRC_OK;
  zarrc_fail(error, ZARRC_UNSUPPORTED, "is only in the consolidated metadata of a group above it");
  zarrc_error_in_key(error, m->store, path);
  return ZARRC_UNSUPPORTED;
}

/* Refuses nodes that only consolidated metadata know: nobody would see them any more. */
static zarrc_status check_orphans(migration *m, node *x, zarrc_error *error) {
  zarrc_error why = {0};
  if (!x->group || x->format == m->options.zarr_format) return ZARRC_OK;
  zarrc_status status = zarrc_consolidated_compare(m->store, x->path, refuse_orphan, m, &why);
  if (status == ZARRC_NOT_FOUND) return ZARRC_OK;
  if (status && error) *error = why;
  return status;
}

typedef zarrc_status (*step)(migration *m, node *x, zarrc_error *error);

/* Calls fn for each node, the deepest first. */
static zarrc_status each(migration *m, step fn, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (size_t i = zarrc_tree_nnodes(m->tree); i > 0 && !status; i--) {
    node x;
    status = zarrc_ctx_check_canceled(m->ctx, error);
    if (!status) status = open_node(m, zarrc_tree_get(m->tree, i - 1), &x, error);
    if (status) return status;
    status = about(m, &x, fn(m, &x, error), error);
    close_node(&x);
  }
  return status;
}

static zarrc_status count(migration *m, node *x, zarrc_error *error) {
  (void)error;
  if (x->group)
    m->report->ngroups++;
  else
    m->report->narrays++;
  m->report->nmigrated += x->format != m->options.zarr_format;
  return ZARRC_OK;
}

/* Refuses a part of a hierarchy: no node lies below a group of another format. */
static zarrc_status check_group(const migration *m, zarrc_store *store, const char *path, zarrc_error *error) {
  zarrc_group *group = NULL;
  zarrc_status status = zarrc_group_open(store, path, &own_documents, &group, error);
  if (status == ZARRC_NOT_FOUND) {
    status = ZARRC_OK;
  } else if (!status && zarrc_group_format(group) != m->options.zarr_format) {
    status = zarrc_fail(error, ZARRC_CONFLICT, "a group of Zarr format %d: all that is below it has the same format",
                        zarrc_group_format(group));
    zarrc_error_in_key(error, store, path);
  }
  zarrc_group_close(group);
  return status;
}

/* Does the same for the root of a store, which may lie in a hierarchy if its path leads through a symbolic link. By its
 * name, x.zarr is a root wherever it is. */
static zarrc_status check_above_root(const migration *m, zarrc_error *error) {
  static const zarrc_open_options options = {.struct_size = sizeof options, .read_only = true};
  static const char ending[] = ".zarr";
  const size_t n = sizeof ending - 1;
  char real[PATH_MAX];
  zarrc_store *store;
  char *path;
  if (!m->store->url || !realpath(m->store->url, real)) return ZARRC_OK;
  char *slash = strrchr(real, '/');
  size_t len = strlen(slash);
  if (slash[1] == 0 || (len > n && !strcmp(slash + len - n, ending))) return ZARRC_OK;
  slash[slash == real] = 0;
  if (zarrc_store_open(m->ctx, real, &options, &store, &path, NULL)) return ZARRC_OK;
  zarrc_status status = check_group(m, store, path, error);
  zarrc_free(m->ctx, path);
  zarrc_store_close(store);
  return status;
}

static zarrc_status check_above(const migration *m, const char *path, zarrc_error *error) {
  const char *slash = strrchr(path, '/');
  size_t n = slash ? (size_t)(slash - path) : 0;
  if (!path[0]) return check_above_root(m, error);
  char *parent;
  zarrc_status status = zarrc_text_copy(m->ctx, path, n, &parent, error);
  if (status) return status;
  status = check_group(m, m->store, parent, error);
  zarrc_free(m->ctx, parent);
  return status;
}

static zarrc_status take_options(migration *m, const zarrc_migrate_options *options, zarrc_error *error) {
  zarrc_migrate_options *o = &m->options;
  zarrc_status status = options ? zarrc_sized_take(o, sizeof *o, options, "migrate options", error) : ZARRC_OK;
  if (status) return status;
  if (!o->zarr_format) o->zarr_format = 3;
  if (o->zarr_format != 2 && o->zarr_format != 3)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "there is no Zarr format %d: it must be 2 or 3", o->zarr_format);
  if (o->zarr_format == 2 && o->remove_v2_metadata)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "metadata of format 2 cannot be both made and removed");
  if (m->store->read_only && !o->dry_run) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the store is read-only");
  return ZARRC_OK;
}

static zarrc_status tell_unlisted(void *arg, const char *path, zarrc_error *error) {
  migration *m = arg;
  m->report->nunlisted++;
  return tell(m, ZARRC_MIGRATE_LEAVE, path, error);
}

static zarrc_status run(migration *m, const char *path, zarrc_error *error) {
  bool to_3 = m->options.zarr_format == 3;
  zarrc_status status = zarrc_tree_open(m->store, path, -1, &own_documents, &m->tree, error);
  if (!status) status = zarrc_tree_check(m->tree, error);
  if (!status) status = check_above(m, path, error);
  if (!status) status = each(m, count, error);
  if (!status) status = each(m, check_orphans, error);
  if (!status) status = each(m, to_3 ? check_to_3 : check_to_2, error);
  if (!status) status = zarrc_tree_each_unlisted(m->tree, tell_unlisted, m, error);
  if (!status && m->changed) status = each(m, remove_consolidated_2, error);
  if (!status) status = each(m, to_3 ? make_3 : make_2, error);
  if (!status && to_3 && m->options.remove_v2_metadata) status = each(m, remove_2, error);
  if (!status && !to_3) status = each(m, consolidate_2, error);
  if (!status && !to_3) status = each(m, remove_3, error);
  if (!status && !m->options.dry_run) status = zarrc_consolidated_refresh(m->store, path, error);
  return status;
}

/* Keeps other migrations and copies away, if the store can: one that makes the documents that another one relies on
 * must not end in between. The stage is a lock only. */
static zarrc_status lock(const migration *m, const char *path, zarrc_stage **out, zarrc_error *error) {
  static const char note[] = "completing a migration";
  char found[sizeof note];
  zarrc_error why = {0};
  bool is_there = false;
  if (m->options.dry_run || !zarrc_stage_possible(m->store)) return ZARRC_OK;
  zarrc_status status = zarrc_stage_find(m->store, path, found, sizeof found, &is_there, error);
  if (!status && is_there && strcmp(found, note) != 0)
    return zarrc_fail(error, ZARRC_CONFLICT, "an unfinished copy is there already (%s...)", found);
  if (!status) status = zarrc_stage_open(m->store, path, ZARRC_STAGE_DISCARD, note, out, &why);
  if (status != ZARRC_CONFLICT && status != ZARRC_CANCELED && status != ZARRC_NO_MEMORY) return ZARRC_OK;
  if (error && why.code) *error = why;
  return status;
}

zarrc_status zarrc_migrate(zarrc_store *store, const char *path, const zarrc_migrate_options *options,
                           zarrc_migrate_report *report, zarrc_error *error) {
  zarrc_migrate_report own = {.struct_size = sizeof own}, known = own;
  migration m = {.ctx = store->ctx, .store = store, .report = &known};
  zarrc_status status = take_options(&m, options, error);
  if (!status) status = zarrc_memory_store_open(m.ctx, &m.models, error);
  zarrc_stage *stage = NULL;
  if (!status) status = lock(&m, path, &stage, error);
  if (!status) status = run(&m, path, error);
  zarrc_stage_close(stage, false);
  zarrc_tree_close(m.tree);
  zarrc_store_close(m.models);
  zarrc_status given =
      zarrc_sized_give(report ? report : &own, &known, sizeof known, "the report", status ? NULL : error);
  return status ? status : given;
}
