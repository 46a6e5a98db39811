/* SPDX-License-Identifier: MIT */
/* The output of zarrc copy: the plan, and what has been done. */
#include "codecspec.h"
#include "copy.h"
#include "describe.h"
#include "out.h"
#include "text.h"

#include <string.h>

/* The number of array names that the summary prints. */
#define SHOWN 8

static const zarrc_copy_array *array_at(const cli_copying *k, size_t i) {
  return zarrc_copier_array(k->copier, i);
}

static zarrc_status print_chain(const zarrc_array *array, zarrc_error *error) {
  char text[CLI_DIMS];
  zarrc_chunk_layout layout, *l = &layout;
  cli_layout_of(array, l);
  cli_span codecs = cli_inner_codecs(array);
  printf("%s", l->ndim > 0 ? cli_plain_dims(text, l->chunk_shape, l->ndim) : "()");
  if (l->sharded) printf(" in shards of %s", cli_plain_dims(text, l->object_shape, l->ndim));
  printf("  ");
  return cli_codecs_print(stdout, zarrc_array_store(array)->ctx, codecs.ptr, codecs.len, error);
}

/* Formats bytes as --memory accepts them. */
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
  uint64_t nodes = k->report->replaced_nodes, chunks = k->report->replaced_chunks, files = k->report->replaced_files;
  printf("replaces  %s node%s, %s chunk%s, %s other file%s\n", cli_human_count(a, nodes), nodes == 1 ? "" : "s",
         cli_human_count(b, chunks), chunks == 1 ? "" : "s", cli_human_count(c, files), files == 1 ? "" : "s");
}

static const char *bytes_word(bool reads_are_exact, bool bytes_are_exact) {
  return !reads_are_exact ? "about " : bytes_are_exact ? "" : "at most ";
}

/* Prints how often the objects of one array are read, and how much memory would avoid repeated reads. */
static void print_reads(const zarrc_copy_array *x) {
  char a[CLI_HUMAN], b[CLI_HUMAN], c[CLI_HUMAN];
  uint64_t wanted = x->memory_wanted;
  if (!x->source_is_listed) return;
  printf("  reads %s%s of %s stored object%s, %s%s of %s\n", x->reads_are_exact ? "" : "about ",
         cli_human_count(a, x->nreads), cli_human_count(b, x->source_nobjects), x->source_nobjects == 1 ? "" : "s",
         bytes_word(x->reads_are_exact, x->read_nbytes_are_exact), cli_human_bytes(c, (double)x->read_nbytes),
         cli_human_bytes((char[CLI_HUMAN]){0}, (double)x->source_nbytes));
  if (x->nreads <= x->source_nobjects) return;
  printf("        more than once, as what lies across them does not fit the memory%s%s%s\n",
         wanted > 0 ? "; --memory " : "", wanted > 0 ? memory_text(c, wanted) : "",
         wanted > 0 ? " reads each once" : "");
}

/* Adds up the reads of all arrays. Returns false if they are estimates. *whole: so are the bytes exact. */
static bool sum_reads(const cli_copying *k, uint64_t *reads, uint64_t *bytes, bool *whole) {
  bool exact = true;
  *whole = true;
  *reads = *bytes = 0;
  for (size_t i = 0; i < k->report->narrays; i++) {
    *reads = cli_plus(*reads, array_at(k, i)->nreads);
    *bytes = cli_plus(*bytes, array_at(k, i)->read_nbytes);
    exact = exact && array_at(k, i)->reads_are_exact;
    *whole = *whole && array_at(k, i)->read_nbytes_are_exact;
  }
  return exact;
}

static void warn_unlisted(const cli_copying *k) {
  char a[CLI_HUMAN];
  uint64_t n = k->report->nunlisted;
  if (n == 0) return;
  fprintf(stderr, "zarrc: note: %s %s not copied, ", cli_human_count(a, n),
          n == 1 ? "array or group is" : "arrays or groups are");
  if (k->report->first_unlisted) {
    fputs(n == 1 ? "" : "such as ", stderr);
    cli_print_safe(stderr, k->report->first_unlisted);
  }
  fprintf(stderr, ": consolidated metadata do not tell of %s (--no-consolidated), or a folder above is no group\n",
          n == 1 ? "it" : "them");
}

void cli_copy_warn_stale(const cli_copying *k) {
  char a[CLI_HUMAN];
  size_t n = k->report->nstale;
  if (n == 0) return;
  fprintf(stderr, "zarrc: note: consolidated metadata are stale: %s %s", cli_human_count(a, n),
          n == 1 ? "array or group, " : "arrays or groups, such as ");
  cli_print_safe(stderr, k->report->first_stale);
  fprintf(stderr, ", %s copied as they describe %s, not as %s own documents do (--no-consolidated)\n",
          n == 1 ? "was" : "were", n == 1 ? "it" : "them", n == 1 ? "its" : "their");
}

void cli_copy_warn(const cli_copying *k) {
  uint64_t reads, bytes, stored = 0, wanted = 0;
  bool whole;
  char a[CLI_HUMAN], b[CLI_HUMAN], c[CLI_HUMAN];
  warn_unlisted(k);
  for (size_t i = 0; i < k->report->narrays; i++) {
    const zarrc_copy_array *x = array_at(k, i);
    stored = cli_plus(stored, x->source_nbytes);
    if (x->memory_wanted > wanted) wanted = x->memory_wanted;
  }
  sum_reads(k, &reads, &bytes, &whole);
  if (stored == 0 || bytes / 2 < stored || bytes == 2 * stored) return;
  fprintf(stderr, "zarrc: note: up to %s are read of a source of %s, as its chunks lie across those of the copy%s%s\n",
          cli_human_bytes(a, (double)bytes), cli_human_bytes(b, (double)stored), wanted > 0 ? "; try: --memory " : "",
          wanted > 0 ? memory_text(c, wanted) : "");
}

static zarrc_status print_array(const cli_copying *k, const zarrc_copy_array *x, zarrc_error *error) {
  char a[CLI_HUMAN], b[CLI_HUMAN], text[CLI_DIMS];
  zarrc_chunk_layout l;
  cli_layout_of(x->model, &l);
  const char *path = zarrc_array_path(x->source);
  cli_print_safe(stdout, path[0] != 0 ? path : k->source_url);
  printf(": %s, %s\n  from  ", cli_human_dims(text, zarrc_array_shape(x->source), l.ndim),
         x->as_stored                                            ? "chunks as they are stored"
         : zarrc_dtype_is_variable(zarrc_array_dtype(x->source)) ? "variable length"
                                                                 : cli_human_bytes(a, (double)l.nbytes));
  zarrc_status status = print_chain(x->source, error);
  printf("\n  to    ");
  if (!status) status = print_chain(x->model, error);
  if (status) return status;
  printf("\n  work  %s region%s%s of up to %s, %u at once\n", cli_human_count(a, x->nregions),
         x->nregions == 1 ? "" : "s", x->in_parts ? ", in parts" : "", cli_human_bytes(b, (double)x->region_nbytes),
         x->regions_at_once);
  print_reads(x);
  if (x->target_is_listed)
    printf("  there %s object%s already, %s that cannot be whole\n", cli_human_count(a, x->target_nobjects),
           x->target_nobjects == 1 ? "" : "s", cli_human_count(b, x->target_nfaulty));
  return ZARRC_OK;
}

zarrc_status cli_copy_print_plan(const cli_copying *k, zarrc_error *error) {
  const zarrc_copy_report *r = k->report;
  char a[CLI_HUMAN], b[CLI_HUMAN];
  for (size_t i = 0; i < r->narrays; i++) {
    zarrc_status status = print_array(k, array_at(k, i), error);
    if (status) return status;
  }
  if (r->replaces) print_replaced(k);
  printf("format    Zarr %d\ngroups    %zu\narrays    %zu\nobjects   %s at most\n", k->options.zarr_format, r->ngroups,
         r->narrays, cli_human_count(a, r->nobjects));
  printf("bytes     %s of values\n", cli_human_bytes(a, (double)r->nbytes));
  printf("memory    about %s, %u thread%s\n", cli_human_bytes(a, (double)r->memory), r->threads,
         r->threads == 1 ? "" : "s");
  uint64_t reads, bytes;
  bool whole, exact = sum_reads(k, &reads, &bytes, &whole);
  uint64_t writes = cli_plus(r->nobjects, r->narrays + r->ngroups);
  printf("reads     %s%s objects, %s%s of the source\n", exact ? "" : "about ", cli_human_count(a, reads),
         bytes_word(exact, whole), cli_human_bytes(b, (double)bytes));
  printf("writes    %s at most\n", cli_human_count(a, writes));
  if (r->nother_files > 0)
    printf("others    %s file%s that %s not Zarr, %s\n", cli_human_count(a, r->nother_files),
           r->nother_files == 1 ? "" : "s", r->nother_files == 1 ? "is" : "are",
           k->options.other_files ? "copied too" : "not copied");
  return ZARRC_OK;
}

/* Prints to which arrays of a hierarchy a shape applied, and to which it did not. */
static void print_shapes(const cli_copying *k, const char *what, bool shards) {
  const zarrc_copy_report *r = k->report;
  if (r->narrays == 1 && r->ngroups == 0) return;
  for (int applied = 1; applied >= 0; applied--) {
    size_t count = 0;
    for (size_t i = 0; i < r->narrays; i++) {
      const zarrc_copy_array *x = array_at(k, i);
      if ((shards ? x->resharded : x->rechunked) != (applied == 1)) continue;
      if (count++ == 0)
        printf(applied == 1 ? "--%s applied to " : "--%s did not fit ", what);
      else if (count <= SHOWN)
        fputs(", ", stdout);
      if (count <= SHOWN) cli_print_safe(stdout, x->path);
    }
    if (count > SHOWN) printf(" and %zu more", count - SHOWN);
    if (count > 0) putchar('\n');
  }
}

/* Prints what of the source is not in the copy. */
static void print_left_out(const cli_copying *k) {
  char a[CLI_HUMAN];
  uint64_t n = k->report->nother_files, nconsolidated = k->report->nconsolidated;
  if (n > 0) {
    printf("%s file%s that %s not Zarr %s: ", cli_human_count(a, n), n == 1 ? "" : "s", n == 1 ? "is" : "are",
           k->options.other_files ? n == 1 ? "was copied too" : "were copied too"
           : n == 1               ? "was not copied (--other-files)"
                                  : "were not copied (--other-files)");
    cli_print_safe(stdout, k->other_names.text);
    putchar('\n');
  }
  if (nconsolidated > 0)
    printf("consolidated metadata of %zu group%s left out\n", (size_t)nconsolidated,
           nconsolidated == 1 ? " were" : "s were");
}

void cli_copy_print_summary(const cli_copying *k) {
  const zarrc_copy_report *r = k->report;
  char a[CLI_HUMAN], b[CLI_HUMAN], c[CLI_HUMAN], d[CLI_HUMAN];
  double stored = (double)r->written_nbytes, bytes = (double)r->copied_nbytes;
  double seconds = cli_progress_seconds(&k->progress);
  printf("%zu array%s, %zu group%s: %s -> %s", r->narrays, r->narrays == 1 ? "" : "s", r->ngroups,
         r->ngroups == 1 ? "" : "s", cli_human_bytes(a, bytes), cli_human_bytes(b, stored));
  if (stored > 0) printf(" (%.2fx)", bytes / stored);
  printf(" in %s object%s, %.2f s", cli_human_count(c, r->written_nobjects), r->written_nobjects == 1 ? "" : "s",
         seconds);
  if (bytes > 0 && seconds > 0) printf(", %s/s", cli_human_bytes(d, bytes / seconds));
  if (r->skipped_nobjects > 0) printf(", %s were there", cli_human_count(a, r->skipped_nobjects));
  if (r->mended_nobjects > 0) printf(", %s were damaged and made anew", cli_human_count(a, r->mended_nobjects));
  puts(k->options.check ? ", checked" : "");
  if (k->options.chunk_shape) print_shapes(k, "chunks", false);
  if (k->options.shard_shape) print_shapes(k, "shards", true);
  print_left_out(k);
}

void cli_copy_tell_details(const cli_copying *k) {
  const zarrc_copy_report *r = k->report;
  char a[CLI_HUMAN], b[CLI_HUMAN];
  fprintf(stderr, "read      %s in %s request%s\n", cli_human_bytes(a, (double)r->read_nbytes),
          cli_human_count(b, r->nreads), r->nreads == 1 ? "" : "s");
  fprintf(stderr, "wrote     %s in %s request%s\n", cli_human_bytes(a, (double)r->written_nbytes),
          cli_human_count(b, r->written_nobjects), r->written_nobjects == 1 ? "" : "s");
  fprintf(stderr, "memory    planned %s, %s of it in the library\n", cli_human_bytes(a, (double)r->memory),
          cli_human_bytes(b, (double)zarrc_ctx_memory_peak(k->ctx)));
}

static void put_array(cli_json *j, const zarrc_copy_array *x) {
  const char *codecs = zarrc_array_codecs(x->model);
  zarrc_chunk_layout l;
  cli_layout_of(x->model, &l);
  cli_json_open(j, NULL, '{');
  cli_json_string(j, "path", x->path);
  cli_json_dims(j, "shape", zarrc_array_shape(x->model), l.ndim);
  cli_json_dims(j, "chunk_shape", l.chunk_shape, l.ndim);
  if (l.sharded)
    cli_json_dims(j, "shard_shape", l.object_shape, l.ndim);
  else
    cli_json_raw(j, "shard_shape", NULL, 0);
  cli_json_raw(j, "codecs", codecs, strlen(codecs));
  cli_json_count(j, "objects", l.nobjects);
  cli_json_count(j, "nbytes", l.nbytes);
  cli_json_count(j, "regions", x->nregions);
  cli_json_uint(j, "regions_at_once", x->regions_at_once);
  cli_json_bool(j, "in_parts", x->in_parts);
  cli_json_count(j, "reads", x->nreads);
  cli_json_count(j, "read_nbytes", x->read_nbytes);
  cli_json_bool(j, "reads_exact", x->reads_are_exact);
  cli_json_bool(j, "read_nbytes_exact", x->read_nbytes_are_exact);
  cli_json_count(j, "source_objects", x->source_nobjects);
  cli_json_count(j, "source_nbytes", x->source_nbytes);
  cli_json_count(j, "objects_there", x->target_nobjects);
  cli_json_bool(j, "as_stored", x->as_stored);
  cli_json_bool(j, "rechunked", x->rechunked);
  cli_json_bool(j, "resharded", x->resharded);
  cli_json_notes(j, x->source);
  cli_json_close(j, '}');
}

void cli_copy_put_json(const cli_copying *k) {
  const zarrc_copy_report *r = k->report;
  cli_json j;
  cli_json_begin(&j, stdout, "copy");
  cli_json_string(&j, "source", k->source_url);
  cli_json_string(&j, "destination", k->copy_url);
  cli_json_bool(&j, "dry_run", k->dry);
  if (r->replaces) {
    cli_json_open(&j, "replaces", '{');
    cli_json_uint(&j, "nodes", r->replaced_nodes);
    cli_json_uint(&j, "chunks", r->replaced_chunks);
    cli_json_uint(&j, "other_files", r->replaced_files);
    cli_json_close(&j, '}');
  }
  cli_json_uint(&j, "zarr_format", (uint64_t)k->options.zarr_format);
  cli_json_uint(&j, "groups", r->ngroups);
  cli_json_open(&j, "arrays", '[');
  for (size_t i = 0; i < r->narrays; i++) put_array(&j, array_at(k, i));
  cli_json_close(&j, ']');
  cli_json_uint(&j, "other_files", r->nother_files);
  cli_json_uint(&j, "consolidated_left_out", r->nconsolidated);
  cli_json_uint(&j, "unlisted", r->nunlisted);
  if (r->first_unlisted) cli_json_string(&j, "first_unlisted", r->first_unlisted);
  cli_json_uint(&j, "stale", r->nstale);
  if (r->first_stale) cli_json_string(&j, "first_stale", r->first_stale);
  cli_json_count(&j, "objects", r->nobjects);
  cli_json_count(&j, "nbytes", r->nbytes);
  cli_json_uint(&j, "memory", r->memory);
  cli_json_uint(&j, "threads", r->threads);
  if (!k->dry) {
    cli_json_open(&j, "written", '{');
    cli_json_uint(&j, "objects", r->written_nobjects);
    cli_json_uint(&j, "nbytes", r->written_nbytes);
    cli_json_close(&j, '}');
    cli_json_uint(&j, "skipped_objects", r->skipped_nobjects);
    cli_json_uint(&j, "mended_objects", r->mended_nobjects);
    cli_json_open(&j, "read", '{');
    cli_json_uint(&j, "objects", r->read_nobjects);
    cli_json_uint(&j, "nbytes", r->read_nbytes);
    cli_json_close(&j, '}');
    if (k->is_left) cli_json_string(&j, "left", k->left);
    cli_json_bool(&j, "checked", k->options.check);
    cli_json_real(&j, "seconds", cli_progress_seconds(&k->progress));
  }
  cli_json_end(&j);
}
