/* SPDX-License-Identifier: MIT */
/* The input is a .zmetadata behind "2", or the consolidated_metadata of a zarr.json behind any other byte. */
#include <zarrc/array.h>

#include "fuzz.h"

static int depth;

static zarrc_status look(void *arg, const char *path, zarrc_node_kind kind, const zarrc_error *why,
                         zarrc_error *error) {
  zarrc_group *above = arg, *sub;
  zarrc_array *array;
  const char *name = path + 2;
  size_t n = strlen(zarrc_group_path(above));
  must(!strncmp(path, "g/", 2) && !strncmp(path, zarrc_group_path(above), n) && !strchr(path + n + 1, '/'));
  must(!zarrc_key_check(name, NULL) && (kind == ZARRC_NODE_UNREADABLE) == (why != NULL));
  (void)error;
  if (kind == ZARRC_NODE_GROUP && !zarrc_group_open_group(above, path + n + 1, &sub, NULL)) {
    must(++depth < 2000);
    must(!zarrc_group_list(sub, look, sub, NULL));
    depth--;
    zarrc_group_close(sub);
  }
  if (kind == ZARRC_NODE_ARRAY && !zarrc_group_open_array(above, path + n + 1, NULL, &array, NULL))
    zarrc_array_close(array);
  return ZARRC_OK;
}

static zarrc_status count(void *arg, const char *path, zarrc_consolidated_difference difference, zarrc_error *error) {
  (void)path, (void)error;
  must(difference == ZARRC_ONLY_CONSOLIDATED || difference == ZARRC_OTHER_DOCUMENT);
  ++*(int *)arg;
  return ZARRC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char begin[] = "{\"zarr_format\": 3, \"node_type\": \"group\", \"consolidated_metadata\": ";
  zarrc_ctx *ctx = fuzz_ctx();
  zarrc_store *store;
  zarrc_group *group = NULL, *sub = NULL;
  zarrc_error error = {0};
  bool is_2 = size > 0 && *data == '2', there = false;
  int differences = 0;
  must(!zarrc_memory_store_open(ctx, &store, NULL));
  if (is_2) {
    must(!zarrc_store_set(store, "g/.zgroup", "{\"zarr_format\": 2}", 18, NULL));
    must(!zarrc_store_set(store, "g/.zmetadata", data + 1, size - 1, NULL));
  } else {
    char *text = malloc(sizeof begin + size + 1);
    memcpy(text, begin, sizeof begin - 1);
    if (size > 0) memcpy(text + sizeof begin - 1, data + 1, size - 1);
    size_t n = sizeof begin - 1 + (size > 0 ? size - 1 : 0);
    text[n] = '}';
    must(!zarrc_store_set(store, "g/zarr.json", text, n + 1, NULL));
    free(text);
  }
  zarrc_status status = zarrc_group_open(store, "g", NULL, &group, &error);
  fuzz_check_error(status, &error);
  if (!status) {
    status = zarrc_group_is_consolidated(group, &there, &error);
    fuzz_check_error(status, &error);
    must(!status || zarrc_group_list(group, look, group, NULL) == status);
  }
  if (!status) must(!zarrc_group_list(group, look, group, NULL));
  if (!status && there) {
    /* there is nothing but the group itself; then there is the one group, in both */
    fuzz_check_error(zarrc_consolidated_compare(store, "g", count, &differences, &error), &error);
    if (!is_2 && !zarrc_group_create(store, "g/new", NULL, ZARRC_CREATE_NEW, NULL, &sub, &error)) {
      zarrc_group_close(sub);
      zarrc_group *again;
      zarrc_node_kind kind;
      must(!zarrc_group_open(store, "g", NULL, &again, NULL));
      must(!zarrc_group_open_group(again, "new", &sub, NULL));
      zarrc_group_close(sub);
      zarrc_group_close(again);
      must(!zarrc_node_find(store, "g/new", &kind, NULL) && kind == ZARRC_NODE_GROUP);
    }
    must(!zarrc_consolidate(store, "g", true, &error));
    differences = 0;
    must(!zarrc_consolidated_compare(store, "g", count, &differences, NULL) && differences == 0);
  }
  zarrc_group_close(group);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return 0;
}
