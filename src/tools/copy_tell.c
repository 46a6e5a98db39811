/* SPDX-License-Identifier: MIT */
/* Reports progress to the caller of a copier. */
#include "tools/copy.h"

zarrc_status zarrc_copy_tell(zarrc_copier *k, zarrc_copy_event event, zarrc_error *error) {
  if (!k->options.event) return ZARRC_OK;
  pthread_mutex_lock(&k->work.telling);
  if (event.kind == ZARRC_COPY_PROGRESS) {
    event.ndone = atomic_load(&k->work.done);
    event.ntotal = k->plan.nobjects;
    event.nbytes = atomic_load(&k->work.copied_nbytes);
    event.stored_nbytes = atomic_load(&k->out.written_bytes);
  }
  zarrc_status status = k->options.event(k->options.event_arg, &event, error);
  pthread_mutex_unlock(&k->work.telling);
  return status;
}

zarrc_status zarrc_copy_advance(zarrc_copier *k, uint64_t nobjects, uint64_t nbytes, zarrc_error *error) {
  atomic_fetch_add(&k->work.done, nobjects);
  atomic_fetch_add(&k->work.copied_nbytes, nbytes);
  return zarrc_copy_tell(k, (zarrc_copy_event){.kind = ZARRC_COPY_PROGRESS}, error);
}
