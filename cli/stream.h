/* SPDX-License-Identifier: MIT */
/* Elements between an array and a stream, slab by slab. */
#ifndef ZARRC_CLI_STREAM_H
#define ZARRC_CLI_STREAM_H

#include "progress.h"
#include "selection.h"
#include "slab.h"
#include "values.h"

/* A slab of elements in memory. */
typedef struct cli_slab_memory {
  void *data;
  size_t cap;
  zarrc_arena *arena; /* of text; else NULL */
} cli_slab_memory;

void cli_slab_memory_clear(cli_slab_memory *memory);
/* Room for nitems elements; what was there before is lost. */
zarrc_status cli_slab_memory_take(cli_slab_memory *memory, zarrc_ctx *ctx, const zarrc_dtype *dtype, uint64_t nitems,
                                  zarrc_error *error);

/* The most elements a slab should have: whole rows of chunks, in bounds of `memory` bytes. */
uint64_t cli_slab_items(const zarrc_array *array, const cli_selection *selection, bool fortran, uint64_t memory);
uint64_t cli_region_items(const zarrc_region *region, int ndim);
/* Reads the selection and hands it to values, in C order. progress may be NULL. */
zarrc_status cli_read_values(zarrc_array *array, const cli_selection *selection, uint64_t memory, cli_values *values,
                             cli_progress *progress, zarrc_error *error);

#endif
