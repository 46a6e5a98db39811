/* SPDX-License-Identifier: MIT */
/* What zarrc copy says: the plan, and what has been done. */
#include "codecspec.h"
#include "copy.h"
#include "out.h"
#include "text.h"

#include <string.h>

/* Names of arrays that a summary tells. */
#define SHOWN 8

static zarrc_status print_chain(const zarrc_array *array, const cli_layout *l, zarrc_error *error) {
  char text[CLI_DIMS];
  cli_span codecs = cli_inner_codecs(array);
  printf("%s", l->ndim > 0 ? cli_plain_dims(text, l->chunk_shape, l->ndim) : "()");
  if (l->sharded) printf(" in shards of %s", cli_plain_dims(text, l->object_shape, l->ndim));
  printf("  ");
  return cli_codecs_print(stdout, zarrc_array_store(array)->ctx, codecs.ptr, codecs.len, error);
}

/* Bytes as --memory takes them. */
static const char *memory_text(char text[CLI_HUMAN], uint64_t nbytes) {
  uint64_t m = (nbytes - 1) / ((uint64_t)1 << 20) + 1;
  if (m % 1024 == 0)
    snprintf(text, CLI_HUMAN, "%lluG", (unsigned long long)m / 1024);
  else
    snprintf(text, CLI_HUMAN, "%lluM", (unsigned long long)m);
  return text;
}

static void print_replaced(const cli_copying *k) {
  char a[CLI_HUMAN], b[CLI_HUMAN], c[CLI_HUMAN];
  const zarrc_survey *t = &k->there;
  printf("replaces  %s node%s, %s chunk%s, %s other file%s\n", cli_human_count(a, t->nnodes), t->nnodes == 1 ? "" : "s",
         cli_human_count(b, t->nchunks), t->nchunks == 1 ? "" : "s", cli_human_count(c, t->nothers),
         t->nothers == 1 ? "" : "s");
}

/* What one array's source is read, and what would spare reading it more than once. */
static void print_reads(const cli_copying *k, const cli_copy_array *x) {
  char a[CLI_HUMAN], b[CLI_HUMAN], c[CLI_HUMAN];
  if (!x->stored.known) return;
  printf("  reads %s%s of %s stored object%s, %s of %s\n", x->reads_known ? "" : "about ", cli_human_count(a, x->reads),
         cli_human_count(b, x->stored.n), x->stored.n == 1 ? "" : "s", cli_human_bytes(c, (double)x->read_bytes),
         cli_human_bytes((char[CLI_HUMAN]){0}, (double)x->stored.nbytes));
  if (x->reads <= x->stored.n) return;
  uint64_t wanted = cli_copy_memory_wanted(x, k->memory, k->check, k->threads);
  printf("        more than once, as what lies across them does not fit the memory%s%s%s\n",
         wanted > 0 ? "; --memory " : "", wanted > 0 ? memory_text(c, wanted) : "",
         wanted > 0 ? " reads each once" : "");
}

/* false: they are not exact. */
static bool sum_reads(const cli_copying *k, uint64_t *reads, uint64_t *bytes) {
  bool exact = true;
  *reads = *bytes = 0;
  for (size_t i = 0; i < k->narrays; i++) {
    *reads = cli_plus(*reads, k->arrays[i].reads);
    *bytes = cli_plus(*bytes, k->arrays[i].read_bytes);
    exact = exact && k->arrays[i].reads_known;
  }
  return exact;
}

void cli_copy_warn(const cli_copying *k) {
  uint64_t reads, bytes, stored = 0, wanted = 0;
  char a[CLI_HUMAN], b[CLI_HUMAN], c[CLI_HUMAN];
  for (size_t i = 0; i < k->narrays; i++) {
    const cli_copy_array *x = &k->arrays[i];
    stored = cli_plus(stored, x->stored.nbytes);
    if (x->reads <= x->stored.n) continue;
    uint64_t own = cli_copy_memory_wanted(x, k->memory, k->check, k->threads);
    if (own > wanted) wanted = own;
  }
  sum_reads(k, &reads, &bytes);
  if (stored == 0 || bytes / 2 < stored || bytes == 2 * stored) return;
  fprintf(stderr, "zarrc: note: up to %s are read of a source of %s, as its chunks lie across those of the copy%s%s\n",
          cli_human_bytes(a, (double)bytes), cli_human_bytes(b, (double)stored), wanted > 0 ? "; try: --memory " : "",
          wanted > 0 ? memory_text(c, wanted) : "");
}

zarrc_status cli_copy_print_plan(const cli_copying *k, zarrc_error *error) {
  char a[CLI_HUMAN], b[CLI_HUMAN], text[CLI_DIMS];
  for (size_t i = 0; i < k->narrays; i++) {
    const cli_copy_array *x = &k->arrays[i];
    cli_print_safe(stdout, x->path[0] != 0 ? x->path : k->source_url);
    printf(": %s, %s\n  from  ", cli_human_dims(text, zarrc_array_shape(x->source), x->to.ndim),
           x->encoded                                              ? "chunks as they are stored"
           : zarrc_dtype_is_variable(zarrc_array_dtype(x->source)) ? "variable length"
                                                                   : cli_human_bytes(a, (double)x->to.nbytes));
    zarrc_status status = print_chain(x->source, &x->from, error);
    printf("\n  to    ");
    if (status == ZARRC_OK) status = print_chain(x->model, &x->to, error);
    if (status != ZARRC_OK) return status;
    printf("\n  work  %s region%s%s of up to %s, %u at once\n", cli_human_count(a, x->nlist), x->nlist == 1 ? "" : "s",
           x->windowed ? ", in parts" : "", cli_human_bytes(b, (double)x->region_bytes), x->lanes);
    print_reads(k, x);
    if (x->there.known)
      printf("  there %s object%s already, %s that cannot be whole\n", cli_human_count(a, x->there.n),
             x->there.n == 1 ? "" : "s", cli_human_count(b, x->there.nfaulty));
  }
  if (k->replaces) print_replaced(k);
  printf("groups    %zu\narrays    %zu\nobjects   %s at most\n", k->ngroups, k->narrays,
         cli_human_count(a, k->nobjects));
  printf("bytes     %s of values\n", cli_human_bytes(a, (double)k->nbytes));
  printf("memory    about %s, %u thread%s\n", cli_human_bytes(a, (double)k->plan_memory), k->threads,
         k->threads == 1 ? "" : "s");
  uint64_t reads, bytes;
  bool exact = sum_reads(k, &reads, &bytes);
  uint64_t writes = cli_plus(k->nobjects, k->narrays + k->ngroups);
  printf("reads     %s%s objects, %s%s of the source\n", exact ? "" : "about ", cli_human_count(a, reads),
         exact ? "" : "about ", cli_human_bytes(b, (double)bytes));
  printf("writes    %s at most\n", cli_human_count(a, writes));
  if (k->others.nothers > 0)
    printf("others    %s file%s that %s no Zarr, %s\n", cli_human_count(a, k->others.nothers),
           k->others.nothers == 1 ? "" : "s", k->others.nothers == 1 ? "is" : "are",
           cli_has(k->c, CLI_OTHER_FILES) ? "copied too" : "not copied");
  return ZARRC_OK;
}

/* In a hierarchy: which arrays have got the shape that was asked for, and which have not. */
static void print_shapes(const cli_copying *k, const char *what, int n, bool shards) {
  if (n < 0 || k->wish.single) return;
  for (int applied = 1; applied >= 0; applied--) {
    size_t count = 0;
    for (size_t i = 0; i < k->narrays; i++) {
      const cli_copy_array *x = &k->arrays[i];
      if ((shards ? x->resharded : x->rechunked) != (applied == 1)) continue;
      if (count++ == 0)
        printf(applied == 1 ? "--%s applied to " : "--%s did not fit ", what);
      else if (count <= SHOWN)
        fputs(", ", stdout);
      if (count <= SHOWN) cli_print_safe(stdout, cli_copy_below(k, x->path));
    }
    if (count > SHOWN) printf(" and %zu more", count - SHOWN);
    if (count > 0) putchar('\n');
  }
}

/* What is in the source and not in the copy. */
static void print_left_out(const cli_copying *k) {
  char a[CLI_HUMAN];
  uint64_t n = k->others.nothers;
  if (n > 0) {
    printf("%s file%s that %s no Zarr %s: ", cli_human_count(a, n), n == 1 ? "" : "s", n == 1 ? "is" : "are",
           cli_has(k->c, CLI_OTHER_FILES) ? n == 1 ? "was copied too" : "were copied too"
           : n == 1                       ? "was not copied (--other-files)"
                                          : "were not copied (--other-files)");
    cli_print_safe(stdout, k->other_names);
    putchar('\n');
  }
  if (k->nconsolidated > 0)
    printf("consolidated metadata of %zu group%s left out\n", k->nconsolidated,
           k->nconsolidated == 1 ? " were" : "s were");
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
  if (atomic_load(&k->mended) > 0)
    printf(", %s were damaged and made anew", cli_human_count(a, atomic_load(&k->mended)));
  puts(k->check ? ", checked" : "");
  print_shapes(k, "chunks", k->wish.nchunks, false);
  print_shapes(k, "shards", k->wish.nshards, true);
  print_left_out(k);
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
    cli_json_count(&j, "regions", x->nlist);
    cli_json_uint(&j, "regions_at_once", x->lanes);
    cli_json_bool(&j, "in_parts", x->windowed);
    cli_json_count(&j, "reads", x->reads);
    cli_json_count(&j, "read_nbytes", x->read_bytes);
    cli_json_bool(&j, "reads_exact", x->reads_known);
    cli_json_count(&j, "source_objects", x->stored.n);
    cli_json_count(&j, "source_nbytes", x->stored.nbytes);
    cli_json_count(&j, "objects_there", x->there.n);
    cli_json_bool(&j, "rechunked", x->rechunked);
    cli_json_bool(&j, "resharded", x->resharded);
    cli_json_close(&j, '}');
  }
  cli_json_close(&j, ']');
  cli_json_uint(&j, "other_files", k->others.nothers);
  cli_json_uint(&j, "consolidated_left_out", k->nconsolidated);
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
    cli_json_uint(&j, "mended_objects", atomic_load(&k->mended));
    cli_json_open(&j, "read", '{');
    cli_json_uint(&j, "objects", atomic_load(&k->in.opened));
    cli_json_uint(&j, "nbytes", atomic_load(&k->in.read_bytes));
    cli_json_close(&j, '}');
    cli_json_bool(&j, "checked", k->check);
    cli_json_real(&j, "seconds", cli_progress_seconds(&k->progress));
  }
  cli_json_end(&j);
}
