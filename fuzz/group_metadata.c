/* SPDX-License-Identifier: MIT */
/* The input is the zarr.json of a group. */
#include <zarrc/array.h>

#include "fuzz.h"

static zarrc_status count_node(void *arg, const char *path, zarrc_node_kind kind, const zarrc_error *why,
                               zarrc_error *error) {
  (void)error;
  must(!why && !strcmp(path, "g/sub") && kind == ZARRC_NODE_GROUP);
  ++*(int *)arg;
  return ZARRC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  zarrc_ctx *ctx = fuzz_ctx();
  zarrc_store *store;
  zarrc_group *group, *again, *sub;
  zarrc_error error = {0};
  zarrc_node_kind kind;
  must(!zarrc_memory_store_open(ctx, &store, NULL));
  must(!zarrc_store_set(store, "g/zarr.json", data, size, NULL));
  zarrc_status status = zarrc_group_open(store, "g", NULL, &group, &error);
  if (status == ZARRC_INVALID_ARGUMENT)
    must(strstr(error.message, "array") != NULL);
  else
    fuzz_check_error(status, &error);
  zarrc_status found = zarrc_node_find(store, "g", &kind, &error);
  fuzz_check_error(found, &error);
  must(status || (!found && kind == ZARRC_NODE_GROUP));
  if (!status) {
    int nodes = 0;
    char *text = strdup(zarrc_group_metadata(group)), *attributes = strdup(zarrc_group_attributes(group));
    must(!zarrc_store_set(store, "h/zarr.json", text, strlen(text), NULL));
    must(!zarrc_group_open(store, "h", NULL, &again, NULL));
    must(!strcmp(zarrc_group_metadata(again), text));
    must(!zarrc_group_set_attributes(again, "{\"a\": 1}", 8, NULL));
    must(!zarrc_group_set_attributes(again, attributes, strlen(attributes), NULL));
    must(!strcmp(zarrc_group_metadata(again), text));
    /* what is consolidated need not be right, and then cannot be updated */
    zarrc_status made = zarrc_group_create(store, "g/sub", attributes, ZARRC_CREATE_NEW, NULL, &sub, &error);
    must(!made || strstr(error.message, "could not be updated"));
    must(made || !strcmp(zarrc_group_attributes(sub), attributes));
    bool consolidated = true; /* fuzz/consolidated.c is about those */
    if (!zarrc_group_is_consolidated(group, &consolidated, NULL) && !consolidated)
      must(!zarrc_group_list(group, count_node, &nodes, NULL) && nodes == 1);
    if (!made) zarrc_group_close(sub);
    zarrc_group_close(again);
    zarrc_group_close(group);
    free(attributes);
    free(text);
  }
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return 0;
}
