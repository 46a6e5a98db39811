/* SPDX-License-Identifier: MIT */
/* What zarrc copy says: the plan, and what has been done. */
#include "codecspec.h"
#include "copy.h"
#include "out.h"
#include "text.h"

#include <string.h>

static void print_chain(const zarrc_array *array, const cli_layout *l) {
  char text[CLI_DIMS];
  cli_span codecs = cli_inner_codecs(array);
  printf("%s", l->ndim > 0 ? cli_plain_dims(text, l->chunk_shape, l->ndim) : "()");
  if (l->sharded) printf(" in shards of %s", cli_plain_dims(text, l->object_shape, l->ndim));
  printf("  ");
  cli_codecs_print(stdout, codecs.ptr, codecs.len);
}

static void print_replaced(const cli_copying *k) {
  char a[CLI_HUMAN], b[CLI_HUMAN], c[CLI_HUMAN];
  const zarrc_survey *t = &k->there;
  printf("replaces  %s node%s, %s chunk%s, %s other file%s\n", cli_human_count(a, t->nnodes), t->nnodes == 1 ? "" : "s",
         cli_human_count(b, t->nchunks), t->nchunks == 1 ? "" : "s", cli_human_count(c, t->nothers),
         t->nothers == 1 ? "" : "s");
}

void cli_copy_print_plan(const cli_copying *k) {
  char a[CLI_HUMAN], b[CLI_HUMAN], text[CLI_DIMS];
  uint64_t reads = 0;
  for (size_t i = 0; i < k->narrays; i++) {
    const cli_copy_array *x = &k->arrays[i];
    reads = cli_plus(reads, x->reads);
    cli_print_safe(stdout, x->path[0] != 0 ? x->path : k->source_url);
    printf(": %s, %s\n  from  ", cli_human_dims(text, zarrc_array_shape(x->source), x->to.ndim),
           zarrc_dtype_is_variable(zarrc_array_dtype(x->source)) ? "variable length"
                                                                 : cli_human_bytes(a, (double)x->to.nbytes));
    print_chain(x->source, &x->from);
    printf("\n  to    ");
    print_chain(x->model, &x->to);
    printf("\n  work  %s region%s%s of up to %s, %u at once\n", cli_human_count(a, x->total_regions),
           x->total_regions == 1 ? "" : "s", x->windowed ? ", in parts" : "",
           cli_human_bytes(b, (double)x->region_bytes), x->lanes);
  }
  if (k->replaces) print_replaced(k);
  printf("groups    %zu\narrays    %zu\nobjects   %s at most\n", k->ngroups, k->narrays,
         cli_human_count(a, k->nobjects));
  printf("bytes     %s of values\n", cli_human_bytes(a, (double)k->nbytes));
  printf("memory    about %s, %u thread%s\n", cli_human_bytes(a, (double)k->plan_memory), k->threads,
         k->threads == 1 ? "" : "s");
  uint64_t writes = cli_plus(k->nobjects, k->narrays + k->ngroups);
  printf("requests  about %s read%s, %s write%s at most\n", cli_human_count(a, reads), reads == 1 ? "" : "s",
         cli_human_count(b, writes), writes == 1 ? "" : "s");
}

void cli_copy_print_summary(cli_copying *k) {
  char a[CLI_HUMAN], b[CLI_HUMAN], c[CLI_HUMAN], d[CLI_HUMAN];
  uint64_t stored = atomic_load(&k->out.written_bytes), bytes = atomic_load(&k->progress.bytes);
  double seconds = cli_progress_seconds(&k->progress);
  printf("%zu array%s, %zu group%s: %s -> %s", k->narrays, k->narrays == 1 ? "" : "s", k->ngroups,
         k->ngroups == 1 ? "" : "s", cli_human_bytes(a, (double)bytes), cli_human_bytes(b, (double)stored));
  if (stored > 0) printf(" (%.2fx)", (double)bytes / (double)stored);
  printf(" in %s object%s, %.2f s", cli_human_count(c, atomic_load(&k->out.writes)),
         atomic_load(&k->out.writes) == 1 ? "" : "s", seconds);
  if (bytes > 0 && seconds > 0) printf(", %s/s", cli_human_bytes(d, (double)bytes / seconds));
  if (atomic_load(&k->skipped) > 0) printf(", %s were there", cli_human_count(a, atomic_load(&k->skipped)));
  puts(k->check ? ", checked" : "");
}

void cli_copy_tell_details(const cli_copying *k) {
  char a[CLI_HUMAN], b[CLI_HUMAN];
  uint64_t reads = atomic_load(&k->in.reads), writes = atomic_load(&k->out.writes);
  fprintf(stderr, "read      %s in %s request%s\n", cli_human_bytes(a, (double)atomic_load(&k->in.read_bytes)),
          cli_human_count(b, reads), reads == 1 ? "" : "s");
  fprintf(stderr, "wrote     %s in %s request%s\n", cli_human_bytes(a, (double)atomic_load(&k->out.written_bytes)),
          cli_human_count(b, writes), writes == 1 ? "" : "s");
  fprintf(stderr, "memory    planned %s, %s of it in the library\n", cli_human_bytes(a, (double)k->plan_memory),
          cli_human_bytes(b, (double)zarrc_ctx_memory_peak(k->ctx)));
}

void cli_copy_put_json(cli_copying *k) {
  cli_json j;
  cli_json_begin(&j, stdout, "copy");
  cli_json_string(&j, "source", k->source_url);
  cli_json_string(&j, "destination", k->copy_url);
  cli_json_bool(&j, "dry_run", k->dry);
  if (k->replaces) {
    cli_json_open(&j, "replaces", '{');
    cli_json_uint(&j, "nodes", k->there.nnodes);
    cli_json_uint(&j, "chunks", k->there.nchunks);
    cli_json_uint(&j, "other_files", k->there.nothers);
    cli_json_close(&j, '}');
  }
  cli_json_uint(&j, "groups", k->ngroups);
  cli_json_open(&j, "arrays", '[');
  for (size_t i = 0; i < k->narrays; i++) {
    const cli_copy_array *x = &k->arrays[i];
    const char *codecs = zarrc_array_codecs(x->model);
    cli_json_open(&j, NULL, '{');
    cli_json_string(&j, "path", cli_copy_below(k, x->path));
    cli_json_dims(&j, "shape", zarrc_array_shape(x->model), x->to.ndim);
    cli_json_dims(&j, "chunk_shape", x->to.chunk_shape, x->to.ndim);
    if (x->to.sharded)
      cli_json_dims(&j, "shard_shape", x->to.object_shape, x->to.ndim);
    else
      cli_json_raw(&j, "shard_shape", NULL, 0);
    cli_json_raw(&j, "codecs", codecs, strlen(codecs));
    cli_json_count(&j, "objects", x->to.nobjects);
    cli_json_count(&j, "nbytes", x->to.nbytes);
    cli_json_count(&j, "regions", x->total_regions);
    cli_json_uint(&j, "regions_at_once", x->lanes);
    cli_json_bool(&j, "in_parts", x->windowed);
    cli_json_count(&j, "reads", x->reads);
    cli_json_close(&j, '}');
  }
  cli_json_close(&j, ']');
  cli_json_count(&j, "objects", k->nobjects);
  cli_json_count(&j, "nbytes", k->nbytes);
  cli_json_uint(&j, "memory", k->plan_memory);
  cli_json_uint(&j, "threads", k->threads);
  if (!k->dry) {
    cli_json_open(&j, "written", '{');
    cli_json_uint(&j, "objects", atomic_load(&k->out.writes));
    cli_json_uint(&j, "nbytes", atomic_load(&k->out.written_bytes));
    cli_json_close(&j, '}');
    cli_json_uint(&j, "skipped_objects", atomic_load(&k->skipped));
    cli_json_bool(&j, "checked", k->check);
    cli_json_real(&j, "seconds", cli_progress_seconds(&k->progress));
  }
  cli_json_end(&j);
}
