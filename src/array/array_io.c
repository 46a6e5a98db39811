/* SPDX-License-Identifier: MIT */
/* Reading and writing regions. The i-th chunk of a region, its part and its piece of the caller's memory are computed
 * from i, inside for_each. */
#include "array/transfer.h"

typedef struct job {
  const zarrc_transfer *t;
  zarrc_split split;
} job;

/* What the writer asks of a chunk is asked of the array. */
static zarrc_status fetch_part(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  const zarrc_visit *visit = arg;
  const zarrc_transfer *t = visit->transfer;
  zarrc_region at = *part;
  for (int i = 0; i < t->m->ndim; i++) at.start[i] += zarrc_grid_first(&t->m->grid, i, visit->chunk[i]);
  return t->fetches->fetch(t->fetches->arg, &at, view, error);
}

static zarrc_status do_region(void *arg, zarrc_visit *visit, zarrc_error *error) {
  const zarrc_chunk_part *p = arg;
  if (visit->transfer->fetches) {
    const zarrc_change change = {.fetch = fetch_part, .arg = visit};
    return zarrc_write_fetched(visit->pipeline, visit->blob, &p->part, &change, p->complete, error);
  }
  zarrc_view view = zarrc_view_part(visit->transfer->view, &p->view);
  if (visit->transfer->write) return zarrc_write(visit->pipeline, visit->blob, &p->part, &view, p->complete, error);
  return zarrc_read(visit->pipeline, visit->blob, &p->part, &view, &visit->missing, error);
}

typedef struct listed_part {
  const zarrc_chunk_part *part;
  const zarrc_list *lists;
} listed_part;

/* Where some axes have lists: the chunk's piece of each list, moved to where the chunk begins. */
static zarrc_status do_lists(void *arg, zarrc_visit *visit, zarrc_error *error) {
  const listed_part *listed = arg;
  const zarrc_chunk_part *p = listed->part;
  const zarrc_transfer *t = visit->transfer;
  zarrc_selection selection = {0};
  zarrc_region in_view = p->view;
  for (int i = 0; i < t->m->ndim; i++) {
    const zarrc_list *list = &listed->lists[i];
    int64_t first = p->view.start[i], start = p->part.start[i];
    if (!list->index) {
      selection.pick[i] =
          zarrc_pick_slice(start, start + (p->part.count[i] - 1) * p->part.step[i] + 1, p->part.step[i]);
      continue;
    }
    selection.pick[i] = zarrc_pick_list(list->index + first, (size_t)p->view.count[i]);
    selection.pick[i].start = zarrc_grid_first(&t->m->grid, i, visit->chunk[i]);
    if (!list->at) continue;
    selection.pick[i].at = list->at + first;
    in_view.start[i] = 0;
    in_view.count[i] = t->view->shape[i];
  }
  zarrc_view view = zarrc_view_part(t->view, &in_view);
  return zarrc_visit_select(visit, &selection, &view, error);
}

static zarrc_status do_chunk(void *arg, size_t i, zarrc_error *error) {
  const job *j = arg;
  zarrc_chunk_part p;
  zarrc_split_at(&j->split, i, &p);
  if (j->split.lists) return zarrc_transfer_visit(j->t, p.chunk, do_lists, &(listed_part){&p, j->split.lists}, error);
  return zarrc_transfer_visit(j->t, p.chunk, do_region, &p, error);
}

zarrc_status zarrc_transfer_region(const zarrc_transfer *t, const zarrc_region *region, const zarrc_list *lists,
                                   zarrc_error *error) {
  job j = {.t = t};
  zarrc_status status = zarrc_split_open(t->array->ctx, &t->m->grid, t->m->shape, region, lists, &j.split, error);
  if (!status) status = zarrc_for_each(t->array->ctx, j.split.nchunks, do_chunk, &j, error);
  zarrc_split_close(&j.split);
  return status;
}

static zarrc_status run(zarrc_array *array, const zarrc_region *region, const zarrc_view *view,
                        const zarrc_change *fetches, bool write, zarrc_error *error) {
  const zarrc_metadata *m = (const zarrc_metadata *)zarrc_latest_enter(&array->latest);
  atomic_bool missing = false;
  zarrc_transfer t = {.array = array, .m = m, .view = view, .write = write, .fetches = fetches, .missing = &missing};
  zarrc_region all = zarrc_region_all(m->ndim, m->shape);
  if (!region) region = &all;
  zarrc_status status = zarrc_region_check(region, m->ndim, m->shape, error);
  if (!status) status = zarrc_transfer_begin(&t, m->ndim, region->count, "region", error);
  if (!status) status = zarrc_transfer_end(&t, zarrc_transfer_region(&t, region, NULL, error), error);
  zarrc_latest_leave(&array->latest);
  return status;
}

zarrc_status zarrc_array_read(zarrc_array *array, const zarrc_region *region, const zarrc_view *to,
                              zarrc_error *error) {
  return run(array, region, to, NULL, false, error);
}

zarrc_status zarrc_array_write(zarrc_array *array, const zarrc_region *region, const zarrc_view *from,
                               zarrc_error *error) {
  return run(array, region, from, NULL, true, error);
}

zarrc_status zarrc_array_write_fetched(zarrc_array *array, const zarrc_region *region, zarrc_fetch_fn fetch, void *arg,
                                       zarrc_error *error) {
  return run(array, region, NULL, &(zarrc_change){.fetch = fetch, .arg = arg}, true, error);
}

zarrc_status zarrc_array_erase_chunk(zarrc_array *array, const int64_t *chunk, zarrc_error *error) {
  char key[ZARRC_MAX_KEY];
  zarrc_status status = zarrc_array_chunk_key(array, chunk, key, sizeof key, error);
  if (!status) status = zarrc_array_check_current(array, error);
  return status ? status : zarrc_store_erase(array->store, key, error);
}
