/* SPDX-License-Identifier: MIT */
/* New versions of a prefix: the checks for all stores. */
#include "store/common.h"

#include "base/ops.h"

#include <zarrc/plugin/store.h>

zarrc_status zarrc_stage_open(zarrc_store *store, const char *prefix, zarrc_stage_mode mode, const char *note,
                              zarrc_stage **out, zarrc_error *error) {
  zarrc_status status = *prefix ? zarrc_key_check(prefix, error) : ZARRC_OK;
  if (status) return status;
  if (!zarrc_stage_possible(store))
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "the %s store cannot replace a node as a whole", store->ops->name);
  zarrc_store *stager = store;
  ZARRC_FIND_OP(stager, stage);
  status = stager->ops->stage->open(stager, prefix, mode, note ? note : "", out, error);
  if (status) zarrc_error_in_key(error, store, prefix);
  return status;
}

zarrc_status zarrc_stage_publish(zarrc_stage *stage, bool replace, zarrc_error *error) {
  return stage->target->ops->stage->publish(stage, replace, error);
}

void zarrc_stage_close(zarrc_stage *stage, bool keep) {
  if (stage) stage->target->ops->stage->close(stage, keep);
}

zarrc_status zarrc_stage_find(zarrc_store *store, const char *prefix, char *note, size_t size, bool *found,
                              zarrc_error *error) {
  *found = false;
  zarrc_status status = *prefix ? zarrc_key_check(prefix, error) : ZARRC_OK;
  ZARRC_FIND_OP(store, stage);
  if (status || !ZARRC_HAS_OP(store->ops, stage)) return status;
  return store->ops->stage->find(store, prefix, note, size, found, error);
}

zarrc_status zarrc_stage_left(zarrc_store *store, const char *prefix, char *place, size_t size, bool *found,
                              zarrc_error *error) {
  *found = false;
  zarrc_status status = *prefix ? zarrc_key_check(prefix, error) : ZARRC_OK;
  ZARRC_FIND_OP(store, stage);
  if (status || !ZARRC_HAS_OP(store->ops, stage) || !ZARRC_HAS_OP(store->ops->stage, left)) return status;
  return store->ops->stage->left(store, prefix, place, size, found, error);
}
