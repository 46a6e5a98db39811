/* SPDX-License-Identifier: MIT */
/* zarrc copy: copy.c asks the library's copier as the arguments say, copyreport.c tells what it found and did. */
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
  char *codecs; /* what the file of --codecs holds, or NULL */
  zarrc_ctx *ctx;
  cli_node source, copy;
  zarrc_copier *copier;
  const zarrc_copy_report *report; /* NULL: there is no plan */
  cli_progress progress;
  atomic_ullong stored;      /* bytes, for the progress */
  cli_memstream other_names; /* of the first files that are no Zarr, for the summary */
  size_t nnames;
  char left[CLI_LEFT]; /* where what could not be removed of the old version is */
  bool is_left;
} cli_copying;

zarrc_status cli_copy_print_plan(const cli_copying *k, zarrc_error *error);
/* A note where more than twice the source is read. */
void cli_copy_warn(const cli_copying *k);
void cli_copy_print_summary(const cli_copying *k);
void cli_copy_tell_details(const cli_copying *k);
void cli_copy_put_json(const cli_copying *k);

#endif
