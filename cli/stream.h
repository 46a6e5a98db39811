/* SPDX-License-Identifier: MIT */
/* Moves elements from an array to a stream, slab by slab. */
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
  zarrc_arena *arena; /* holds elements of variable length; NULL for other types */
} cli_slab_memory;

void cli_slab_memory_clear(cli_slab_memory *memory);
/* Makes room for nitems elements. The previous contents are lost. */
zarrc_status cli_slab_memory_take(cli_slab_memory *memory, zarrc_ctx *ctx, const zarrc_dtype *dtype, uint64_t nitems,
                                  zarrc_error *error);

/* Returns the most elements that a slab should have: whole rows of chunks, within `memory` bytes. */
uint64_t cli_slab_items(const zarrc_array *array, const cli_selection *selection, bool fortran, uint64_t memory);
uint64_t cli_region_items(const zarrc_region *region, int ndim);
/* Reads a selection and writes it to `values`, in C order. progress may be NULL. */
zarrc_status cli_read_values(zarrc_array *array, const cli_selection *selection, uint64_t memory, cli_values *values,
                             cli_progress *progress, zarrc_error *error);

#endif
