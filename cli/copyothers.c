/* SPDX-License-Identifier: MIT */
/* Files of a source that are no Zarr. */
#include "copy.h"
#include "signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names that a summary tells. */
#define SHOWN 5
/* What is held of a file at a time; --memory is 1 MiB or more. */
#define PIECE ((uint64_t)1 << 18)

typedef struct finding {
  cli_copying *k;
  FILE *names;
  size_t n;
} finding;

static zarrc_status note(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  finding *f = arg;
  (void)error;
  if (f->n++ < SHOWN) fprintf(f->names, "%s%s", f->n > 1 ? ", " : "", cli_copy_below(f->k, entry->key));
  return ZARRC_OK;
}

zarrc_status cli_copy_find_others(cli_copying *k, zarrc_error *error) {
  size_t size;
  finding f = {.k = k, .names = open_memstream(&k->other_names, &size)};
  if (f.names == NULL) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  zarrc_status status = zarrc_node_survey(k->source.store, k->source.path, &k->others, note, &f, error);
  if (f.n > SHOWN) fputs(", ...", f.names);
  if (fclose(f.names) != 0 && status == ZARRC_OK) status = zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  return status == ZARRC_UNSUPPORTED ? ZARRC_OK : status;
}

static zarrc_status copy_file(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  cli_copying *k = arg;
  const char *rest = cli_copy_below(k, entry->key);
  char target[4096];
  uint64_t nbytes;
  if (cli_canceled(NULL)) return zarrc_fail(error, ZARRC_CANCELED, "interrupted");
  snprintf(target, sizeof target, "%s%s%s", k->in_place ? k->copy.path : "",
           k->in_place && k->copy.path[0] != 0 ? "/" : "", rest);
  cli_stored_value from = {k->source.store, entry->key, k->source_url},
                   to = {k->in_place ? k->copy.store : k->stage->store, target, k->copy_url};
  k->c->subject[0] = 0; /* messages say which of the two it was */
  return cli_stored_copy(&from, &to, PIECE, &nbytes, error);
}

zarrc_status cli_copy_others(cli_copying *k, zarrc_error *error) {
  zarrc_survey again;
  if (k->others.nothers == 0 || !cli_has(k->c, CLI_OTHER_FILES)) return ZARRC_OK;
  return zarrc_node_survey(k->source.store, k->source.path, &again, copy_file, k, error);
}
