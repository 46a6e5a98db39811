/* SPDX-License-Identifier: MIT */
/* The destination of a copy: what may be replaced, where the copy is made, and how it comes to be seen. */
#include "copy.h"
#include "text.h"

#include <string.h>
#include <strings.h>

/* In the note of a stage: the copy is to take the place of what is there. */
static const char replacing[] = "replacing ";
/* The stage is but a lock of a copy in place. */
static const char completing[] = "completing ";
enum { MAX_SOURCE = 500 /* bytes of a source's URL in a note */ };

/* ------------------------------------------------------------------------------------------------ what is there */

static const char *plural(uint64_t n) {
  return n == 1 ? "" : "s";
}

/* The last name in a URL, without ".zarr". */
static int last_name(const char *url, const char **name) {
  size_t n = strlen(url);
  while (n > 0 && url[n - 1] == '/') n--;
  size_t start = n;
  while (start > 0 && url[start - 1] != '/' && url[start - 1] != ':') start--;
  *name = url + start;
  n -= start;
  return (int)(n > 5 && strncasecmp(*name + n - 5, ".zarr", 5) == 0 ? n - 5 : n);
}

/* What to do about a group that is in the way, and what the obvious option would do. */
static void suggest_inside(cli_copying *k, uint64_t nnodes) {
  const char *name;
  char count[CLI_HUMAN];
  int n = last_name(k->source_url, &name);
  size_t url = strlen(k->copy_url);
  while (url > 1 && k->copy_url[url - 1] == '/') url--;
  snprintf(k->c->hint, sizeof k->c->hint,
           "%.*s/%.*s as the destination to copy into the group, or --overwrite to remove its %s node%s, or --resume",
           (int)(url < 80 ? url : 80), k->copy_url, n < 60 ? n : 60, name, cli_human_count(count, nnodes),
           plural(nnodes));
}

static zarrc_status refuse_existing(cli_copying *k, zarrc_error *error) {
  bool group = k->copy.kind == ZARRC_NODE_GROUP;
  zarrc_survey there = {0};
  if (group && zarrc_node_survey(k->copy.store, k->copy.path, &there, NULL, NULL, NULL) == ZARRC_OK && there.nnodes > 1)
    suggest_inside(k, there.nnodes - 1);
  else
    snprintf(k->c->hint, sizeof k->c->hint, "--overwrite or --resume");
  return zarrc_fail(error, ZARRC_CONFLICT, "there is %s already", group ? "a group" : "an array");
}

static zarrc_status check_overwrite(cli_copying *k, zarrc_error *error) {
  zarrc_create_mode mode = k->force ? ZARRC_CREATE_OVERWRITE_ALL : ZARRC_CREATE_OVERWRITE;
  zarrc_status status = zarrc_node_check(k->copy.store, k->copy.path, mode, error);
  zarrc_error why;
  if (zarrc_node_survey(k->copy.store, k->copy.path, &k->there, NULL, NULL, &why) != ZARRC_OK)
    k->there = (zarrc_survey){0};
  cli_hint_others(k->c, status, &k->there);
  k->replaces = k->there.nnodes + k->there.nchunks > 0;
  return status;
}

/* Chunks of an unfinished copy are kept as they are: those of another source are not this copy's. */
static zarrc_status check_source(cli_copying *k, const char *note, zarrc_error *error) {
  static const char made_of[] = "copy of ";
  const char *source = strstr(note, made_of);
  if (k->check || (source != NULL && strncmp(source + strlen(made_of), k->source_url, MAX_SOURCE) == 0))
    return ZARRC_OK;
  snprintf(k->c->hint, sizeof k->c->hint,
           "--resume --check to make anew what differs from this source, or --overwrite to begin anew");
  return zarrc_fail(error, ZARRC_CONFLICT, "the unfinished copy there is of another source (%.200s)", note);
}

static zarrc_status look_for_unfinished(cli_copying *k, zarrc_error *error) {
  char note[MAX_SOURCE + 100];
  zarrc_status status = zarrc_stage_find(k->copy.store, k->copy.path, note, sizeof note, &k->unfinished, error);
  if (status == ZARRC_OK && k->unfinished) k->unfinished = strncmp(note, completing, strlen(completing)) != 0;
  if (status != ZARRC_OK || !k->unfinished) return status;
  if (k->resume) {
    k->replaces = strncmp(note, replacing, strlen(replacing)) == 0;
    return check_source(k, note, error);
  }
  if (k->overwrite) return ZARRC_OK;
  snprintf(k->c->hint, sizeof k->c->hint, "--resume to go on with it, or --overwrite to begin anew");
  return zarrc_fail(error, ZARRC_CONFLICT, "an unfinished copy is there already (%.200s)", note);
}

zarrc_status cli_copy_look(cli_copying *k, zarrc_error *error) {
  zarrc_error why = {0};
  zarrc_status status = cli_store_open(k->c, k->ctx, k->copy_url, true, &k->copy, error);
  if (status != ZARRC_OK) return status;
  if (!zarrc_stage_possible(k->copy.store)) {
    snprintf(k->c->hint, sizeof k->c->hint, "a path as the destination");
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "a copy in memory would be gone at once");
  }
  status = look_for_unfinished(k, error);
  if (status != ZARRC_OK) return status;
  status = zarrc_node_find(k->copy.store, k->copy.path, &k->copy.kind, &why);
  k->exists = status != ZARRC_OK || k->copy.kind != ZARRC_NODE_NONE;
  bool replaceable = k->overwrite && (status == ZARRC_UNSUPPORTED || status == ZARRC_INVALID_METADATA ||
                                      status == ZARRC_LIMIT || status == ZARRC_OK);
  if (status != ZARRC_OK && !replaceable) {
    if (error != NULL) *error = why;
    return status;
  }
  k->in_place = k->resume && k->exists && !k->unfinished;
  if (k->exists && !k->overwrite && !k->resume) return refuse_existing(k, error);
  if (k->resume && k->unfinished)
    return zarrc_stage_open(k->copy.store, k->copy.path, ZARRC_STAGE_RESUME, "", &k->stage, error);
  return k->exists && !k->overwrite ? ZARRC_OK : check_overwrite(k, error);
}

/* ------------------------------------------------------------------------------------------- making and showing */

zarrc_status cli_copy_begin(cli_copying *k, zarrc_error *error) {
  char note[MAX_SOURCE + 100];
  zarrc_stage_mode mode = k->resume && !k->in_place     ? ZARRC_STAGE_RESUME
                          : k->overwrite || k->in_place ? ZARRC_STAGE_DISCARD
                                                        : ZARRC_STAGE_NEW;
  cli_about(k->c, k->copy_url);
  snprintf(note, sizeof note, "%scopy of %.*s",
           k->in_place   ? completing
           : k->replaces ? replacing
                         : "",
           MAX_SOURCE, k->source_url);
  zarrc_status status = ZARRC_OK;
  if (k->stage == NULL) status = zarrc_stage_open(k->copy.store, k->copy.path, mode, note, &k->stage, error);
  /* for a copy in place the stage is only a lock, which is done without where nothing can be made beside it */
  if (k->in_place && status != ZARRC_CONFLICT && status != ZARRC_CANCELED) status = ZARRC_OK;
  if (status == ZARRC_OK) cli_meter_init(&k->out, k->in_place ? k->copy.store : k->stage->store);
  return status;
}

zarrc_status cli_copy_publish(cli_copying *k, zarrc_error *error) {
  if (k->in_place) return ZARRC_OK;
  cli_about(k->c, k->copy_url);
  const char *slash = strrchr(k->copy.path, '/');
  zarrc_status status = ZARRC_OK;
  if (k->copy.path[0] != 0) { /* the groups above */
    char parent[4096];
    size_t n = slash != NULL ? (size_t)(slash - k->copy.path) : 0;
    if (n >= sizeof parent) return zarrc_fail(error, ZARRC_LIMIT, "a path of %zu bytes", strlen(k->copy.path));
    memcpy(parent, k->copy.path, n);
    parent[n] = 0;
    status = zarrc_groups_make(k->copy.store, parent, error);
  }
  return status == ZARRC_OK ? zarrc_stage_publish(k->stage, k->replaces, error) : status;
}

void cli_copy_end(cli_copying *k, zarrc_status status) {
  bool keep = k->stage != NULL && !k->in_place && (k->stage->resumed || atomic_load(&k->out.writes) > 0);
  if (status != ZARRC_OK && keep && k->c->hint[0] == 0)
    snprintf(k->c->hint, sizeof k->c->hint, "%s",
             status == ZARRC_CONFLICT || cli_copy_may_pass(status)
                 ? "the same with --resume"
                 : "the same with --resume once the source is mended; what was copied is kept until then");
  zarrc_stage_close(k->stage, keep);
  k->stage = NULL;
}

bool cli_copy_may_pass(zarrc_status status) {
  return status == ZARRC_CANCELED || status == ZARRC_IO || status == ZARRC_NETWORK || status == ZARRC_NO_MEMORY;
}
