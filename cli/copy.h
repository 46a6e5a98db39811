/* SPDX-License-Identifier: MIT */
/* zarrc copy: copy.c runs the library's copier; copyreport.c prints the plan and the result. */
#ifndef ZARRC_CLI_COPY_H
#define ZARRC_CLI_COPY_H

#include "memstream.h"
#include "progress.h"

/* One run of the verb. */
typedef struct cli_copying {
  cli *c;
  const char *source_url, *copy_url;
  zarrc_copy_options options;
  int64_t chunks[ZARRC_MAX_NDIM], shards[ZARRC_MAX_NDIM];
  uint64_t memory;
  bool dry;
  char *codecs; /* contents of the file of --codecs, or NULL */
  zarrc_ctx *ctx;
  cli_node source, copy;
  zarrc_copier *copier;
  const zarrc_copy_report *report; /* NULL: nothing has been planned */
  cli_progress progress;
  atomic_ullong stored;      /* bytes, for the progress */
  cli_memstream other_names; /* names of the first files that do not belong to Zarr, for the summary */
  size_t nnames;
  char left[CLI_LEFT]; /* where the parts of the old version are that could not be removed */
  bool is_left;
} cli_copying;

zarrc_status cli_copy_print_plan(const cli_copying *k, zarrc_error *error);
/* Prints notes: what is not copied, although it is Zarr; and if more than twice the size of the source is read. */
void cli_copy_warn(const cli_copying *k);
/* Prints a note if consolidated metadata were stale; which is known once the copy is complete. */
void cli_copy_warn_stale(const cli_copying *k);
void cli_copy_print_summary(const cli_copying *k);
void cli_copy_tell_details(const cli_copying *k);
void cli_copy_put_json(const cli_copying *k);

#endif
