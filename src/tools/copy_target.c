/* SPDX-License-Identifier: MIT */
/* The target of a copy: what may be replaced, where the copy is made, and how it comes to be seen. */
#include "tools/copy.h"

#include <stdio.h>
#include <string.h>

/* In the note of a stage: the copy is to take the place of what is there. */
static const char replacing[] = "replacing ";
/* The stage is but a lock of a copy in place. */
static const char completing[] = "completing ";
static const char made_of[] = "copy of ";
enum { MAX_SOURCE = 500 /* bytes of a source's name in a note */ };

static bool overwrites(const zarrc_copier *k) {
  return k->options.mode == ZARRC_COPY_OVERWRITE || k->options.mode == ZARRC_COPY_OVERWRITE_ALL;
}

zarrc_store *zarrc_copy_store(const zarrc_copier *k) {
  return k->in_place ? k->target_store : k->stage ? k->stage->store : NULL;
}

zarrc_status zarrc_copy_join(const zarrc_copier *k, const char *rest, char **out, zarrc_error *error) {
  const char *base = k->in_place ? k->target_path : "";
  size_t n = strlen(base) + strlen(rest) + 2;
  *out = zarrc_malloc(k->ctx, n);
  if (!*out) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a path");
  snprintf(*out, n, "%s%s%s", base, base[0] && rest[0] ? "/" : "", rest);
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------ what is there */

/* Counts what is at the target, for the report. */
static void survey(zarrc_copier *k, zarrc_survey *there) {
  if (zarrc_node_survey(k->target_store, k->target_path, there, NULL, NULL, NULL)) *there = (zarrc_survey){0};
  k->report.target_nodes = there->nnodes;
  k->report.target_files = there->nothers;
}

static zarrc_status refuse_existing(zarrc_copier *k, zarrc_error *error) {
  zarrc_survey there;
  survey(k, &there);
  k->report.obstacle = ZARRC_COPY_NODE_THERE;
  k->report.target_kind = k->kind;
  return zarrc_fail(error, ZARRC_CONFLICT, "there is %s already", k->kind == ZARRC_NODE_GROUP ? "a group" : "an array");
}

static zarrc_status check_overwrite(zarrc_copier *k, zarrc_error *error) {
  zarrc_create_mode mode =
      k->options.mode == ZARRC_COPY_OVERWRITE_ALL ? ZARRC_CREATE_OVERWRITE_ALL : ZARRC_CREATE_OVERWRITE;
  zarrc_status status = zarrc_node_check(k->target_store, k->target_path, mode, error);
  survey(k, &k->there);
  if (status == ZARRC_CONFLICT && k->there.nothers > 0) k->report.obstacle = ZARRC_COPY_FILES_THERE;
  k->replaces = k->there.nnodes + k->there.nchunks > 0;
  return status;
}

/* Chunks of an unfinished copy are kept as they are: those of another source are not this copy's. */
static zarrc_status check_source(zarrc_copier *k, const char *note, zarrc_error *error) {
  const char *source = strstr(note, made_of);
  if (k->options.check || (source && !strncmp(source + strlen(made_of), k->options.source_name, MAX_SOURCE)))
    return ZARRC_OK;
  k->report.obstacle = ZARRC_COPY_OTHER_SOURCE_THERE;
  return zarrc_fail(error, ZARRC_CONFLICT, "the unfinished copy there is of another source (%.200s)", note);
}

static zarrc_status look_for_unfinished(zarrc_copier *k, zarrc_error *error) {
  char note[MAX_SOURCE + 100];
  zarrc_status status = zarrc_stage_find(k->target_store, k->target_path, note, sizeof note, &k->unfinished, error);
  if (!status && k->unfinished) k->unfinished = strncmp(note, completing, strlen(completing)) != 0;
  if (status || !k->unfinished || overwrites(k)) return status;
  if (k->options.mode == ZARRC_COPY_RESUME) {
    k->replaces = !strncmp(note, replacing, strlen(replacing));
    return check_source(k, note, error);
  }
  k->report.obstacle = ZARRC_COPY_UNFINISHED_THERE;
  return zarrc_fail(error, ZARRC_CONFLICT, "an unfinished copy is there already (%.200s)", note);
}

zarrc_status zarrc_copy_look(zarrc_copier *k, zarrc_error *error) {
  zarrc_error why = {0};
  bool resume = k->options.mode == ZARRC_COPY_RESUME, staged = zarrc_stage_possible(k->target_store);
  zarrc_status status = staged ? look_for_unfinished(k, error) : ZARRC_OK;
  if (status) return status;
  status = zarrc_node_find(k->target_store, k->target_path, &k->kind, &why);
  k->exists = status || k->kind != ZARRC_NODE_NONE;
  bool replaceable = overwrites(k) && (status == ZARRC_UNSUPPORTED || status == ZARRC_INVALID_METADATA ||
                                       status == ZARRC_LIMIT || !status);
  if (status && !replaceable) {
    if (error) *error = why;
    return status;
  }
  k->in_place = !staged || (resume && k->exists && !k->unfinished);
  if (k->exists && k->options.mode == ZARRC_COPY_NEW) return refuse_existing(k, error);
  if (resume && k->unfinished)
    return zarrc_stage_open(k->target_store, k->target_path, ZARRC_STAGE_RESUME, "", &k->stage, error);
  return k->exists && !overwrites(k) ? ZARRC_OK : check_overwrite(k, error);
}

/* ------------------------------------------------------------------------------------------- making and showing */

static zarrc_status open_stage(zarrc_copier *k, zarrc_error *error) {
  char note[MAX_SOURCE + 100];
  bool resume = k->options.mode == ZARRC_COPY_RESUME;
  zarrc_stage_mode mode = resume && !k->in_place         ? ZARRC_STAGE_RESUME
                          : overwrites(k) || k->in_place ? ZARRC_STAGE_DISCARD
                                                         : ZARRC_STAGE_NEW;
  snprintf(note, sizeof note, "%s%s%.*s",
           k->in_place   ? completing
           : k->replaces ? replacing
                         : "",
           made_of, MAX_SOURCE, k->options.source_name);
  return zarrc_stage_open(k->target_store, k->target_path, mode, note, &k->stage, error);
}

/* Makes the groups above the target. */
static zarrc_status make_parents(const zarrc_copier *k, zarrc_error *error) {
  const char *slash = strrchr(k->target_path, '/');
  char parent[4096];
  size_t n = slash ? (size_t)(slash - k->target_path) : 0;
  if (!k->target_path[0]) return ZARRC_OK;
  if (n >= sizeof parent) return zarrc_fail(error, ZARRC_LIMIT, "a path of %zu bytes", strlen(k->target_path));
  memcpy(parent, k->target_path, n);
  parent[n] = 0;
  return zarrc_groups_make(k->target_store, parent, error);
}

/* In a store without stages. */
static zarrc_status begin_directly(zarrc_copier *k, zarrc_error *error) {
  zarrc_status status = make_parents(k, error);
  if (!status && k->replaces) status = zarrc_store_erase_prefix(k->target_store, k->target_path, error);
  return status;
}

zarrc_status zarrc_copy_begin(zarrc_copier *k, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  bool staged = zarrc_stage_possible(k->target_store);
  if (!staged)
    status = begin_directly(k, error);
  else if (!k->stage)
    status = open_stage(k, error);
  /* for a copy in place the stage is only a lock, which is done without where nothing can be made beside it */
  if (staged && k->in_place && status != ZARRC_CONFLICT && status != ZARRC_CANCELED) status = ZARRC_OK;
  if (!status) zarrc_meter_init(&k->out, zarrc_copy_store(k), k->ctx);
  k->began = !status;
  return zarrc_copy_about(k, ZARRC_COPY_TARGET, status);
}

zarrc_status zarrc_copy_publish(zarrc_copier *k, zarrc_error *error) {
  if (k->in_place) return ZARRC_OK;
  zarrc_status status = make_parents(k, error);
  if (!status) status = zarrc_stage_publish(k->stage, k->replaces, error);
  return zarrc_copy_about(k, ZARRC_COPY_TARGET, status);
}

/* Whether a failure may not come again when the same is tried again. */
static bool may_pass(zarrc_status status) {
  return status == ZARRC_CANCELED || status == ZARRC_IO || status == ZARRC_NETWORK || status == ZARRC_NO_MEMORY;
}

void zarrc_copy_end(zarrc_copier *k, zarrc_status status) {
  bool keep = k->stage && !k->in_place && (k->stage->resumed || (k->began && atomic_load(&k->out.writes) > 0));
  k->report.resumable = status && (keep || (k->in_place && k->began && may_pass(status)));
  zarrc_stage_close(k->stage, keep);
  k->stage = NULL;
}
