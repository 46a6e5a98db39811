/* SPDX-License-Identifier: MIT */
/* Public structs that lie in one another or in lists (scripts/check_structs knows which) have room instead of a size:
 * what a newer caller sets there is refused, not dropped, wherever such a struct comes in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/nodes.h"

#include <string.h>
#include <zarrc/plugin/store.h>
#include <zarrc/zarrc.h>

static zarrc_ctx *ctx;
static zarrc_store *store;

static int set_up(void **state) {
  (void)state;
  return zarrc_ctx_open(&(zarrc_ctx_options){.threads = 1}, &ctx, NULL) || zarrc_memory_store_open(ctx, &store, NULL);
}

static int tear_down(void **state) {
  (void)state;
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return 0;
}

/* Everything that is called below, as callers of this version would call it. */
typedef struct calls {
  zarrc_spec spec;
  zarrc_grid grid;
  zarrc_selection selection;
  zarrc_values values;
  zarrc_job job;
  zarrc_codec_job codec_job;
  zarrc_array_options options;
  zarrc_ctx_options ctx_options;
  zarrc_request request;
} calls;

#define CHAIN "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]"

/* Runs one call after the other, and notes what each returns. */
enum { NCALLS = 19 };
static void run(calls *c, zarrc_status *status) {
  zarrc_spec fine = chunk_spec(ZARRC_INT32, 1, (int64_t[]){4}), out;
  zarrc_pipeline *p = chunk_pipeline(ctx, CHAIN, &fine), *opened = NULL;
  const zarrc_codec *codec = zarrc_pipeline_codec(p, 0);
  zarrc_codec *evolved = NULL;
  zarrc_array *array = NULL, *again = NULL;
  zarrc_ctx *other = NULL;
  int32_t numbers[4] = {1, 2, 3, 4};
  int64_t shape[ZARRC_MAX_NDIM] = {4};
  int ndim, n = 0;
  zarrc_view view = zarrc_view_c(&fine.dtype, 1, fine.shape, numbers);
  zarrc_memory_blob blob;
  zarrc_parts parts;
  zarrc_array_config config = {
      .struct_size = sizeof config, .data_type = "int32", .ndim = 1, .shape = shape, .codecs = CHAIN};
  zarrc_memory_blob_init(&blob, ctx, NULL, 0);
  zarrc_parts_init(&parts, ctx);
  assert_int_equal(zarrc_array_create(store, "a", &config, ZARRC_CREATE_OVERWRITE, NULL, &array, NULL), ZARRC_OK);
  c->values.view = c->values.fetch || c->values.apply ? NULL : &view;
  c->job.pipeline = p;
  c->job.blob = &blob.blob;
  c->job.view = c->codec_job.decoded = view;
  c->codec_job.spec = &fine;
  c->codec_job.parts = &parts;
  status[n++] = zarrc_pipeline_open(ctx, CHAIN, strlen(CHAIN), &c->spec, &opened, NULL);
  status[n++] = zarrc_pipeline_validate(p, &c->spec, NULL, NULL);
  status[n++] = zarrc_codec_validate(codec, &c->spec, NULL, NULL);
  status[n++] = zarrc_codec_evolve(codec, &c->spec, &evolved, NULL);
  status[n++] = zarrc_codec_resolve(codec, &c->spec, &out, NULL);
  status[n++] = zarrc_codec_validate(codec, &fine, &c->grid, NULL);
  status[n++] = zarrc_write(p, &blob.blob, NULL, &c->values, false, NULL);
  status[n++] = zarrc_update(p, &blob.blob, NULL, &c->values, &parts, NULL);
  zarrc_parts_clear(&parts);
  status[n++] = zarrc_array_write_values(array, NULL, &c->values, NULL);
  status[n++] = zarrc_read_selection(p, &blob.blob, &c->selection, &view, NULL, NULL);
  status[n++] = zarrc_write_selection(p, &blob.blob, &c->selection, &view, false, NULL);
  status[n++] = zarrc_selection_shape(&c->selection, 1, fine.shape, &ndim, shape, NULL);
  status[n++] = zarrc_array_read_selection(array, &c->selection, &view, NULL);
  status[n++] = zarrc_write_many(ctx, &c->job, 1, NULL);
  status[n++] = zarrc_read_many(ctx, &c->job, 1, NULL);
  status[n++] = zarrc_codec_encode(codec, &c->codec_job, 1, NULL);
  status[n++] = zarrc_array_open(store, "a", &c->options, &again, NULL);
  status[n++] = zarrc_ctx_open(&c->ctx_options, &other, NULL);
  status[n++] = zarrc_store_fetch(store, &c->request, 1, NULL);
  assert_int_equal(n, NCALLS);
  zarrc_array_close(array);
  zarrc_array_close(again);
  zarrc_ctx_close(other);
  zarrc_codec_close(evolved);
  zarrc_pipeline_close(opened);
  zarrc_pipeline_close(p);
  zarrc_parts_clear(&parts);
  zarrc_memory_blob_clear(&blob);
}

static const calls plain = {
    .spec = {.dtype = {.type = ZARRC_INT32, .endian = ZARRC_NATIVE, .item_size = 4}, .ndim = 1, .shape = {4}},
    .grid = {.kind = ZARRC_REGULAR, .ndim = 1, .chunk_shape = {4}},
    .options = {.struct_size = sizeof(zarrc_array_options)},
};

/* Where room lies, and which of the calls refuse what is in it. */
#define ROOM(member) offsetof(calls, member.room), sizeof((calls *)0)->member.room
static const struct {
  size_t offset, nbytes;
  uint32_t refused;
} rooms[] = {
    {ROOM(spec), 0x1f},
    {ROOM(spec.options), 0x1f},
    {ROOM(grid), 0x20},
    {ROOM(values), 0x1c0},
    {ROOM(selection), 0x1e00},
    {ROOM(job), 0x6000},
    {ROOM(codec_job), 0x8000},
    {ROOM(options.chunk), 0x10000},
    {ROOM(ctx_options.alloc), 0x20000},
    {ROOM(ctx_options.exec), 0x20000},
    {ROOM(request), 0x40000},
};

static void what_lies_in_room_is_refused(void **state) {
  zarrc_status status[NCALLS];
  calls c = plain;
  (void)state;
  run(&c, status);
  for (int i = 0; i < NCALLS; i++)
    if (status[i]) fail_msg("call %d: %s", i, zarrc_status_words(status[i]));
  for (size_t k = 0; k < sizeof rooms / sizeof *rooms; k++)
    for (size_t at = 0; at < rooms[k].nbytes; at++) {
      c = plain;
      ((unsigned char *)&c)[rooms[k].offset + at] = 1;
      run(&c, status);
      for (int i = 0; i < NCALLS; i++) {
        zarrc_status expected = rooms[k].refused >> i & 1 ? ZARRC_UNSUPPORTED : ZARRC_OK;
        if (status[i] != expected) fail_msg("room %zu: call %d: %s", k, i, zarrc_status_words(status[i]));
      }
    }
}

/* A member that is added takes as much room: programs that were compiled before go on. If this fails, make room smaller
 * by what was added, or give the struct a size. */
static void structs_with_room_keep_their_size(void **state) {
  (void)state;
#if UINTPTR_MAX == UINT64_MAX
  assert_int_equal(sizeof(zarrc_chunk_options), 56);
  assert_int_equal(sizeof(zarrc_spec), 384);
  assert_int_equal(sizeof(zarrc_grid), 288);
  assert_int_equal(sizeof(zarrc_selection), 2352);
  assert_int_equal(sizeof(zarrc_values), 64);
  assert_int_equal(sizeof(zarrc_job), 616);
  assert_int_equal(sizeof(zarrc_codec_job), 1208);
  assert_int_equal(sizeof(zarrc_memory_blob), 80);
  assert_int_equal(sizeof(zarrc_parts), 176);
  assert_int_equal(sizeof(zarrc_library), 32);
  assert_int_equal(sizeof(zarrc_entry), 48);
  assert_int_equal(sizeof(zarrc_store), 48);
  assert_int_equal(sizeof(zarrc_stage), 40);
  assert_int_equal(sizeof(zarrc_survey), 328);
  assert_int_equal(sizeof(zarrc_allocator), 32);
  assert_int_equal(sizeof(zarrc_executor), 32);
  assert_int_equal(sizeof(zarrc_request), 56);
  assert_int_equal(sizeof(zarrc_key_blob), 296);
#endif
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_lies_in_room_is_refused),
      cmocka_unit_test(structs_with_room_keep_their_size),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
