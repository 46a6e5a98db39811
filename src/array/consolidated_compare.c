/* SPDX-License-Identifier: MIT */
/* Telling how consolidated metadata differ from the documents that they are made of. */
#include "array/consolidated.h"
#include "array/group.h"
#include "array/key.h"
#include "array/metadata.h"
#include "base/documents.h"

/* ---------------------------------------------------------------------------------------------------- same JSON */

static bool same_number(const zarrc_json *a, const zarrc_json *b) {
  size_t na, nb;
  const char *x = zarrc_json_text(a, &na), *y = zarrc_json_text(b, &nb);
  double u, v;
  if (na == nb && !memcmp(x, y, na)) return true;
  return zarrc_json_get_double(a, &u) && zarrc_json_get_double(b, &v) && u == v;
}

/* Compares two values; members may be in any order. Nested no deeper than the parser allows. */
static bool same_value(const zarrc_json *a, const zarrc_json *b) {
  zarrc_json_kind kind = zarrc_json_get_kind(a);
  size_t n = zarrc_json_length(a), na, nb;
  bool numbers = kind == ZARRC_JSON_INTEGER || kind == ZARRC_JSON_REAL;
  if (numbers && (zarrc_json_is(b, ZARRC_JSON_INTEGER) || zarrc_json_is(b, ZARRC_JSON_REAL))) return same_number(a, b);
  if (!zarrc_json_is(b, kind) || zarrc_json_length(b) != n) return false;
  if (kind == ZARRC_JSON_STRING) {
    const char *x = zarrc_json_get_string(a, &na), *y = zarrc_json_get_string(b, &nb);
    return na == nb && !memcmp(x, y, na);
  }
  if (kind == ZARRC_JSON_BOOL) return zarrc_json_text(a, &na)[0] == zarrc_json_text(b, &nb)[0];
  for (size_t i = 0; i < n; i++) {
    const char *key = zarrc_json_key(a, i);
    const zarrc_json *other = kind == ZARRC_JSON_OBJECT ? zarrc_json_get(b, key) : zarrc_json_at(b, i);
    if (!other || !same_value(zarrc_json_at(a, i), other)) return false;
  }
  return true;
}

/* Compares two texts as JSON, or, if one is not strict JSON, byte by byte. */
static zarrc_status same_text(zarrc_ctx *ctx, const char *a, const char *b, bool *same, zarrc_error *error) {
  zarrc_json_doc *x = NULL, *y = NULL;
  *same = !strcmp(a, b);
  if (*same) return ZARRC_OK;
  zarrc_status status = zarrc_json_parse(ctx, a, strlen(a), "+", &x, error);
  if (!status) status = zarrc_json_parse(ctx, b, strlen(b), "+", &y, error);
  if (!status) *same = same_value(zarrc_json_root(x), zarrc_json_root(y));
  zarrc_json_close(x);
  zarrc_json_close(y);
  return status == ZARRC_INVALID_METADATA || status == ZARRC_LIMIT ? ZARRC_OK : status;
}

/* ---------------------------------------------------------------------------------------------- same documents */

static zarrc_status same_arrays(zarrc_ctx *ctx, const zarrc_documents *a, const zarrc_documents *b, bool *same,
                                zarrc_error *error) {
  static const zarrc_array_options options = {.struct_size = sizeof options, .allow_unknown = true};
  zarrc_metadata *x = NULL, *y = NULL;
  zarrc_status status = zarrc_metadata_open(ctx, a, &options, &x, error);
  if (!status) status = zarrc_metadata_open(ctx, b, &options, &y, error);
  if (!status) status = same_text(ctx, x->text, y->text, same, error);
  if (!status && *same) status = same_text(ctx, x->attributes, y->attributes, same, error);
  zarrc_metadata_close(x);
  zarrc_metadata_close(y);
  return status;
}

/* Gets what a group's documents say: of format 3 the document without consolidated metadata, of format 2 attributes. */
static zarrc_status say_group(zarrc_ctx *ctx, const zarrc_documents *d, char **out, zarrc_error *error) {
  if (zarrc_document_format(d->name) == 2) return zarrc_document_zattrs(ctx, &d->attributes, out, error);
  zarrc_buf text = zarrc_buf_new(ctx, ZARRC_MAX_DOCUMENT);
  zarrc_status status = zarrc_consolidated_put_group(ctx, &d->main, &text, error);
  if (!status) status = zarrc_text_copy(ctx, text.ptr, text.len, out, error);
  zarrc_buf_clear(&text);
  return status;
}

static zarrc_status same_groups(zarrc_ctx *ctx, const zarrc_documents *a, const zarrc_documents *b, bool *same,
                                zarrc_error *error) {
  char *x = NULL, *y = NULL;
  zarrc_status status = say_group(ctx, a, &x, error);
  if (!status) status = say_group(ctx, b, &y, error);
  if (!status) status = same_text(ctx, x, y, same, error);
  zarrc_free(ctx, x);
  zarrc_free(ctx, y);
  return status;
}

static zarrc_status kind_of(zarrc_ctx *ctx, const zarrc_documents *d, zarrc_node_kind *out, zarrc_error *error) {
  zarrc_json_doc *doc = NULL;
  zarrc_document_kind kind = {0, ZARRC_NODE_NONE};
  zarrc_status status = zarrc_document_parse(ctx, d, &doc, &kind, error);
  zarrc_json_close(doc);
  *out = kind.node;
  return status;
}

zarrc_status zarrc_consolidated_same(zarrc_ctx *ctx, const zarrc_documents *a, const zarrc_documents *b, bool *same,
                                     zarrc_error *error) {
  zarrc_node_kind x, y;
  *same = a->main.len == b->main.len && a->attributes.len == b->attributes.len &&
          !memcmp(a->main.ptr, b->main.ptr, a->main.len) &&
          (a->attributes.len == 0 || !memcmp(a->attributes.ptr, b->attributes.ptr, a->attributes.len));
  if (*same) return ZARRC_OK;
  zarrc_status status = kind_of(ctx, a, &x, error);
  if (!status) status = kind_of(ctx, b, &y, error);
  if (!status && x == y)
    status = x == ZARRC_NODE_ARRAY ? same_arrays(ctx, a, b, same, error) : same_groups(ctx, a, b, same, error);
  return zarrc_document_is_wrong(status) ? ZARRC_OK : status;
}

/* ------------------------------------------------------------------------------------------------------ comparing */

typedef struct comparing {
  zarrc_ctx *ctx;
  const char *group;
  const zarrc_consolidated *old, *now;
  zarrc_difference_fn fn;
  void *arg;
} comparing;

static zarrc_status tell(const comparing *k, const char *path, zarrc_consolidated_difference difference,
                         zarrc_error *error) {
  char whole[ZARRC_MAX_KEY];
  zarrc_status status = zarrc_key_join(k->group, path, whole, sizeof whole, error);
  return status ? status : k->fn(k->arg, whole, difference, error);
}

/* Looks for the nodes of one in the other: for all of `old`, or for those of `now` that are not in it. */
static zarrc_status look(const comparing *k, bool of_old, zarrc_error *error) {
  const zarrc_consolidated *from = of_old ? k->old : k->now, *in = of_old ? k->now : k->old;
  zarrc_status status = ZARRC_OK;
  for (uint32_t i = 0; i < zarrc_consolidated_nentries(from) && !status; i++) {
    const zarrc_consolidated_entry e = zarrc_consolidated_entry_at(from, i);
    zarrc_documents mine, other;
    bool same = false;
    if (!e.describes) continue;
    zarrc_status found = zarrc_consolidated_find(in, e.path, &other, error);
    bool is_there = found != ZARRC_NOT_FOUND, is_itself = *e.path == 0;
    if (found && is_there && found != ZARRC_INVALID_METADATA) return found;
    if (!is_there && !is_itself) {
      status = tell(k, e.path, of_old ? ZARRC_ONLY_CONSOLIDATED : ZARRC_NOT_CONSOLIDATED, error);
    } else if (is_there && of_old) {
      if (!found) found = zarrc_consolidated_find(from, e.path, &mine, error);
      if (!found) status = zarrc_consolidated_same(k->ctx, &mine, &other, &same, error);
      if (!status && !same) status = tell(k, e.path, ZARRC_OTHER_DOCUMENT, error);
    }
  }
  return status;
}

zarrc_status zarrc_consolidated_compare(zarrc_store *store, const char *path, zarrc_difference_fn fn, void *arg,
                                        zarrc_error *error) {
  zarrc_group *group = NULL;
  zarrc_consolidated *now = NULL;
  comparing k = {.ctx = store->ctx, .group = path, .fn = fn, .arg = arg};
  zarrc_status status = zarrc_group_open(store, path, NULL, &group, error);
  if (!status) status = zarrc_group_consolidated(group, &k.old, error);
  if (!status && !k.old) status = zarrc_fail(error, ZARRC_NOT_FOUND, "the group has no consolidated metadata");
  if (!status) status = zarrc_consolidated_compose(store, path, zarrc_group_format(group), &now, error);
  k.now = now;
  if (!status) status = look(&k, true, error);
  if (!status) status = look(&k, false, error);
  zarrc_consolidated_close(now);
  zarrc_group_close(group);
  return status;
}
