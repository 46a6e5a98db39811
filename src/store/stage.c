/* SPDX-License-Identifier: MIT */
/* New versions of a prefix, as every store makes them. */
#include "store/common.h"

#include "base/ops.h"

static const zarrc_stage_ops *stage_ops(const zarrc_store *store) {
  return ZARRC_HAS_OP(store->ops, stage) && !store->read_only ? store->ops->stage : NULL;
}

bool zarrc_stage_possible(const zarrc_store *store) {
  return stage_ops(store) != NULL;
}

zarrc_status zarrc_stage_open(zarrc_store *store, const char *prefix, zarrc_stage_mode mode, const char *note,
                              zarrc_stage **out, zarrc_error *error) {
  zarrc_status status = *prefix ? zarrc_key_check(prefix, error) : ZARRC_OK;
  if (status) return status;
  if (!zarrc_stage_possible(store))
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "the %s store cannot replace a node as a whole", store->ops->name);
  return stage_ops(store)->open(store, prefix, mode, note ? note : "", out, error);
}

zarrc_status zarrc_stage_publish(zarrc_stage *stage, bool replace, zarrc_error *error) {
  return stage_ops(stage->target)->publish(stage, replace, error);
}

void zarrc_stage_close(zarrc_stage *stage, bool keep) {
  if (stage) stage_ops(stage->target)->close(stage, keep);
}

zarrc_status zarrc_stage_find(zarrc_store *store, const char *prefix, char *note, size_t size, bool *found,
                              zarrc_error *error) {
  *found = false;
  zarrc_status status = *prefix ? zarrc_key_check(prefix, error) : ZARRC_OK;
  if (status || !ZARRC_HAS_OP(store->ops, stage)) return status;
  return store->ops->stage->find(store, prefix, note, size, found, error);
}
