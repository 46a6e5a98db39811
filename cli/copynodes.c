/* SPDX-License-Identifier: MIT */
/* The groups and arrays of a copy, without chunks. */
#include "copy.h"

#include <stdlib.h>
#include <string.h>

/* Same JSON but for blanks between values. */
static bool same_json(const char *a, const char *b) {
  bool quoted = false;
  for (;; a++, b++) {
    if (!quoted) {
      a += strspn(a, " \t\r\n");
      b += strspn(b, " \t\r\n");
    }
    if (*a != *b) return false;
    if (*a == 0) return true;
    if (*a == '"') quoted = !quoted;
    if (quoted && *a == '\\' && a[1] != 0 && a[1] == b[1]) {
      a++;
      b++;
    }
  }
}

static zarrc_status refuse_resume(cli_copying *k, const char *path, zarrc_error *error) {
  snprintf(k->c->hint, sizeof k->c->hint, "--overwrite");
  return zarrc_fail(error, ZARRC_CONFLICT, "%.200s%swhat is there is not what this copy would make", path,
                    path[0] != 0 ? ": " : "");
}

/* The document of a group's copy: the same without consolidated metadata, which may tell of other chunks now. */
static char *group_document(cli_copying *k, const zarrc_group *source) {
  const char *text = zarrc_group_metadata(source);
  cli_span document = cli_json_value(text, strlen(text)), key, value;
  char *out = NULL;
  size_t n;
  FILE *f = open_memstream(&out, &n);
  bool comma = false;
  if (f == NULL) return NULL;
  putc('{', f);
  for (size_t at = 0; cli_json_next(document, &at, &key, &value);) {
    if (cli_span_is(key, "consolidated_metadata")) {
      k->nconsolidated++;
      continue;
    }
    fprintf(f, "%s\"%.*s\": %.*s", comma ? ", " : "", (int)key.len, key.ptr, (int)value.len, value.ptr);
    comma = true;
  }
  putc('}', f);
  if (fclose(f) == 0) return out;
  free(out);
  return NULL;
}

static zarrc_status make_group(cli_copying *k, const cli_tree_node *node, const char *target, zarrc_error *error) {
  zarrc_group *source = NULL, *copy = NULL, *model = NULL;
  zarrc_node_kind kind = ZARRC_NODE_NONE;
  char *text = NULL;
  cli_about(k->c, k->source_url);
  zarrc_status status = zarrc_group_open(&k->in.store, node->path, &source, error);
  cli_about(k->c, k->copy_url);
  if (status == ZARRC_OK && (text = group_document(k, source)) == NULL)
    status = zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  if (status == ZARRC_OK && k->resume) status = zarrc_node_find(&k->out.store, target, &kind, error);
  if (status == ZARRC_OK && kind == ZARRC_NODE_NONE) {
    status = zarrc_group_create_json(&k->out.store, target, text, strlen(text), ZARRC_CREATE_NEW, &copy, error);
  } else if (status == ZARRC_OK && kind == ZARRC_NODE_ARRAY) {
    status = refuse_resume(k, target, error);
  } else if (status == ZARRC_OK) {
    status = zarrc_group_open(&k->out.store, target, &copy, error);
    if (status == ZARRC_OK)
      status = zarrc_group_create_json(k->models, "resumed", text, strlen(text), ZARRC_CREATE_OVERWRITE, &model, error);
    if (status == ZARRC_OK && !same_json(zarrc_group_metadata(copy), zarrc_group_metadata(model)))
      status = refuse_resume(k, target, error);
  }
  free(text);
  zarrc_group_close(source);
  zarrc_group_close(copy);
  zarrc_group_close(model);
  return status;
}

static zarrc_status make_array(cli_copying *k, cli_copy_array *a, zarrc_error *error) {
  const char *text = zarrc_array_metadata(a->model);
  zarrc_array_options options = {.struct_size = sizeof options, .allow_unknown = a->encoded};
  zarrc_node_kind kind = ZARRC_NODE_NONE;
  options.chunk.write_empty_chunks = cli_has(k->c, CLI_WRITE_EMPTY);
  cli_about(k->c, k->copy_url);
  zarrc_status status = k->resume ? zarrc_node_find(&k->out.store, a->target, &kind, error) : ZARRC_OK;
  if (status != ZARRC_OK) return status;
  if (kind == ZARRC_NODE_NONE)
    return zarrc_array_create_json(&k->out.store, a->target, text, strlen(text), ZARRC_CREATE_NEW, &options, &a->copy,
                                   error);
  if (kind == ZARRC_NODE_GROUP) return refuse_resume(k, a->target, error);
  status = zarrc_array_open(&k->out.store, a->target, &options, &a->copy, error);
  if (status == ZARRC_OK && !same_json(zarrc_array_metadata(a->copy), text)) return refuse_resume(k, a->target, error);
  return status;
}

/* Path in a store of what lies at `rest` below a node. */
static char *join(const char *node, const char *rest) {
  size_t n = strlen(node) + strlen(rest) + 2;
  char *out = malloc(n);
  if (out != NULL) snprintf(out, n, "%s%s%s", node, node[0] != 0 && rest[0] != 0 ? "/" : "", rest);
  return out;
}

zarrc_status cli_copy_nodes(cli_copying *k, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (size_t i = 0, next = 0; i < k->tree.n && status == ZARRC_OK; i++) {
    const cli_tree_node *node = &k->tree.items[i];
    char *target = join(k->in_place ? k->copy.path : "", cli_copy_below(k, node->path));
    if (target == NULL) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
    if (node->kind == ZARRC_NODE_GROUP) {
      status = make_group(k, node, target, error);
      free(target);
    } else {
      k->arrays[next].target = target;
      status = make_array(k, &k->arrays[next++], error);
    }
  }
  return status;
}
