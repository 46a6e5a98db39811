/* SPDX-License-Identifier: MIT */
/* Reading and writing regions. The i-th chunk of a region, the part of it and its part of the caller's view are
 * computed from i, inside the loop. */
#include "array/transfer.h"

#include "base/values.h"

typedef struct job {
  const zarrc_transfer *t;
  zarrc_split split;
} job;

/* Writes values that are fetched or applied; the caller's functions expect parts of the array. */
static zarrc_status write_values(zarrc_visit *visit, const zarrc_chunk_part *p, zarrc_error *error) {
  const zarrc_transfer *t = visit->transfer;
  zarrc_values_moved moved;
  zarrc_values values;
  for (int i = 0; i < t->m->ndim; i++) moved.origin[i] = zarrc_grid_first(&t->m->grid, i, visit->chunk[i]);
  zarrc_values_move(&moved, t->values, t->m->ndim, &values);
  values.inside = p->inside;
  if (!zarrc_values_touch(&values, &p->part)) return ZARRC_OK;
  return zarrc_write(visit->pipeline, visit->blob, &p->part, &values, values.fetch && p->complete, error);
}

static zarrc_status do_region(void *arg, zarrc_visit *visit, zarrc_error *error) {
  const zarrc_chunk_part *p = arg;
  if (visit->transfer->values) return write_values(visit, p, error);
  zarrc_view view = zarrc_view_part(visit->transfer->view, &p->view);
  if (!visit->transfer->write) return zarrc_read(visit->pipeline, visit->blob, &p->part, &view, &visit->missing, error);
  const zarrc_values values = {.view = &view, .inside = p->inside};
  return zarrc_write(visit->pipeline, visit->blob, &p->part, &values, p->complete, error);
}

typedef struct listed_part {
  const zarrc_chunk_part *part;
  const zarrc_list *lists;
} listed_part;

/* Reads or writes the part of each list that lies in the chunk, with indices relative to the chunk's first element. */
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

static zarrc_status do_chunk(void *arg, zarrc_store *from, size_t i, zarrc_error *error) {
  const job *j = arg;
  zarrc_chunk_part p;
  zarrc_split_at(&j->split, i, &p);
  if (j->split.lists)
    return zarrc_transfer_visit(j->t, from, p.chunk, do_lists, &(listed_part){&p, j->split.lists}, error);
  return zarrc_transfer_visit(j->t, from, p.chunk, do_region, &p, error);
}

zarrc_status zarrc_transfer_region(const zarrc_transfer *t, const zarrc_region *region, const zarrc_list *lists,
                                   zarrc_error *error) {
  job j;
  j.t = t;
  zarrc_status status = zarrc_split_open(t->array->ctx, &t->m->grid, t->m->shape, region, lists, &j.split, error);
  const zarrc_each_options options = {.struct_size = sizeof options, .stores = t->write};
  if (!status) status = zarrc_store_each(t->store, j.split.nchunks, &options, do_chunk, &j, error);
  zarrc_split_close(&j.split);
  return status;
}

/* Reads into a view, or writes values. */
static zarrc_status run(zarrc_array *array, zarrc_store *from, const zarrc_region *region, const zarrc_view *to,
                        const zarrc_values *values, zarrc_error *error) {
  const zarrc_metadata *m = (const zarrc_metadata *)zarrc_editions_enter(&array->editions);
  atomic_bool missing = false;
  zarrc_transfer t = {.array = array, .store = from, .m = m, .view = to, .missing = &missing};
  zarrc_region all;
  if (values) {
    t.write = true;
    t.view = values->view;
    if (!t.view) t.values = values;
  }
  if (!region) {
    all = zarrc_region_all(m->ndim, m->shape);
    region = &all;
  }
  zarrc_status status = zarrc_region_check(region, m->ndim, m->shape, error);
  if (!status && values) status = zarrc_values_check(values, m->ndim, region, error);
  if (!status) status = zarrc_transfer_begin(&t, m->ndim, region->count, "region", error);
  if (!status) status = zarrc_transfer_end(&t, zarrc_transfer_region(&t, region, NULL, error), error);
  zarrc_editions_leave(&array->editions);
  return status;
}

zarrc_status zarrc_array_read(zarrc_array *array, const zarrc_region *region, const zarrc_view *to,
                              zarrc_error *error) {
  return zarrc_array_read_from(array, array->store, region, to, error);
}

zarrc_status zarrc_array_read_from(zarrc_array *array, zarrc_store *from, const zarrc_region *region,
                                   const zarrc_view *to, zarrc_error *error) {
  if (!to) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "there is no memory to read into");
  return run(array, from, region, to, NULL, error);
}

zarrc_status zarrc_array_write(zarrc_array *array, const zarrc_region *region, const zarrc_view *from,
                               zarrc_error *error) {
  return run(array, array->store, region, NULL, &(zarrc_values){.view = from}, error);
}

zarrc_status zarrc_array_write_values(zarrc_array *array, const zarrc_region *region, const zarrc_values *values,
                                      zarrc_error *error) {
  if (!values) return zarrc_values_check(NULL, 0, NULL, error);
  return run(array, array->store, region, NULL, values, error);
}

zarrc_status zarrc_array_erase_chunk(zarrc_array *array, const int64_t *chunk, zarrc_error *error) {
  char key[ZARRC_MAX_KEY];
  zarrc_status status = zarrc_array_chunk_key(array, chunk, key, sizeof key, error);
  if (!status) status = zarrc_array_check_current(array, error);
  return status ? status : zarrc_store_erase(array->store, key, error);
}
