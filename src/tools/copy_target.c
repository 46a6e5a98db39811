/* SPDX-License-Identifier: MIT */
/* The target of a copy: what may be replaced, where the copy is made, and how it is published. */
#include "tools/copy.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* Starts the note of a stage whose copy will replace the target. */
static const char replacing[] = "replacing ";
/* Starts the note of a stage that is only the lock of a copy in place. */
static const char completing[] = "completing ";
static const char made_of[] = "copy of ";
enum { MAX_SOURCE = 500 /* most bytes of the source's name in a note */ };

static bool overwrites(const zarrc_copier *k) {
  return k->options.mode == ZARRC_COPY_OVERWRITE || k->options.mode == ZARRC_COPY_OVERWRITE_ALL;
}

zarrc_store *zarrc_copy_store(const zarrc_copier *k) {
  return k->place.in_place ? k->target.store : k->place.stage ? k->place.stage->store : NULL;
}

zarrc_status zarrc_copy_key(const zarrc_copier *k, const char *base, const char *rest, char **out, zarrc_error *error) {
  size_t n = strlen(base) + strlen(rest) + 2;
  *out = zarrc_malloc(k->ctx, n);
  if (!*out) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a path");
  snprintf(*out, n, "%s%s%s", base, base[0] && rest[0] ? "/" : "", rest);
  return ZARRC_OK;
}

zarrc_status zarrc_copy_join(const zarrc_copier *k, const char *rest, char **out, zarrc_error *error) {
  return zarrc_copy_key(k, k->place.in_place ? k->target.path : "", rest, out, error);
}

/* ------------------------------------------------------------------------------------------------ what is there */

/* Counts the contents of the target, for the report. */
static void survey(zarrc_copier *k, zarrc_survey *there) {
  if (zarrc_node_survey(k->target.store, k->target.path, there, NULL, NULL, NULL)) *there = (zarrc_survey){0};
  k->work.report.target_nodes = there->nnodes;
  k->work.report.target_files = there->nothers;
}

static zarrc_status refuse_existing(zarrc_copier *k, zarrc_error *error) {
  zarrc_survey there;
  survey(k, &there);
  k->work.report.obstacle = ZARRC_COPY_NODE_THERE;
  k->work.report.target_kind = k->place.kind;
  return zarrc_fail(error, ZARRC_CONFLICT, "there is %s already",
                    k->place.kind == ZARRC_NODE_GROUP ? "a group" : "an array");
}

static zarrc_status check_overwrite(zarrc_copier *k, zarrc_error *error) {
  zarrc_create_mode mode =
      k->options.mode == ZARRC_COPY_OVERWRITE_ALL ? ZARRC_CREATE_OVERWRITE_ALL : ZARRC_CREATE_OVERWRITE;
  zarrc_status status = ZARRC_OK;
  if (!overwrites(k)) /* without documents, it may be in consolidated metadata */
    status = zarrc_node_check(k->target.store, k->target.path, k->options.zarr_format, ZARRC_CREATE_NEW, error);
  if (!status) status = zarrc_node_check(k->target.store, k->target.path, k->options.zarr_format, mode, error);
  survey(k, &k->place.there);
  if (status == ZARRC_CONFLICT && k->place.there.nothers > 0) k->work.report.obstacle = ZARRC_COPY_FILES_THERE;
  /* what was found may be gone when it is counted, while another copy replaces it */
  k->place.replaces = k->place.exists || k->place.there.nnodes + k->place.there.nchunks > 0;
  return status;
}

/* Refuses to resume the copy of another source, whose chunks would stay; not with check, which compares them. */
static zarrc_status check_source(zarrc_copier *k, const char *note, zarrc_error *error) {
  const char *source = strstr(note, made_of);
  if (k->options.check || (source && !strncmp(source + strlen(made_of), k->options.source_name, MAX_SOURCE)))
    return ZARRC_OK;
  k->work.report.obstacle = ZARRC_COPY_OTHER_SOURCE_THERE;
  return zarrc_fail(error, ZARRC_CONFLICT, "the unfinished copy there is of another source (%.200s)", note);
}

static zarrc_status look_for_unfinished(zarrc_copier *k, zarrc_error *error) {
  char note[MAX_SOURCE + 100];
  zarrc_status status =
      zarrc_stage_find(k->target.store, k->target.path, note, sizeof note, &k->place.unfinished, error);
  if (!status && k->place.unfinished) k->place.unfinished = strncmp(note, completing, strlen(completing)) != 0;
  if (status || !k->place.unfinished || overwrites(k)) return status;
  if (k->options.mode == ZARRC_COPY_RESUME) {
    k->place.replaces = !strncmp(note, replacing, strlen(replacing));
    return check_source(k, note, error);
  }
  k->work.report.obstacle = ZARRC_COPY_UNFINISHED_THERE;
  return zarrc_fail(error, ZARRC_CONFLICT, "an unfinished copy is there already (%.200s)", note);
}

zarrc_status zarrc_copy_look(zarrc_copier *k, zarrc_error *error) {
  zarrc_error why = {0};
  bool resume = k->options.mode == ZARRC_COPY_RESUME, staged = zarrc_stage_possible(k->target.store);
  zarrc_status status = staged ? look_for_unfinished(k, error) : ZARRC_OK;
  if (status) return status;
  status = zarrc_node_find(k->target.store, k->target.path, &k->place.kind, &why);
  k->place.exists = status || k->place.kind != ZARRC_NODE_NONE;
  bool replaceable = overwrites(k) && (status == ZARRC_UNSUPPORTED || status == ZARRC_INVALID_METADATA ||
                                       status == ZARRC_LIMIT || !status);
  if (status && !replaceable) {
    if (error) *error = why;
    return status;
  }
  k->place.in_place = !staged || (resume && k->place.exists && !k->place.unfinished);
  if (k->place.exists && k->options.mode == ZARRC_COPY_NEW) return refuse_existing(k, error);
  if (resume && k->place.unfinished)
    return zarrc_stage_open(k->target.store, k->target.path, ZARRC_STAGE_RESUME, "", &k->place.stage, error);
  return k->place.exists && !overwrites(k) ? ZARRC_OK : check_overwrite(k, error);
}

/* ------------------------------------------------------------------------------------------- making and showing */

static zarrc_status open_stage(zarrc_copier *k, zarrc_error *error) {
  char note[MAX_SOURCE + 100];
  bool resume = k->options.mode == ZARRC_COPY_RESUME;
  zarrc_stage_mode mode = resume && !k->place.in_place         ? ZARRC_STAGE_RESUME
                          : overwrites(k) || k->place.in_place ? ZARRC_STAGE_DISCARD
                                                               : ZARRC_STAGE_NEW;
  snprintf(note, sizeof note, "%s%s%.*s",
           k->place.in_place   ? completing
           : k->place.replaces ? replacing
                               : "",
           made_of, MAX_SOURCE, k->options.source_name);
  return zarrc_stage_open(k->target.store, k->target.path, mode, note, &k->place.stage, error);
}

/* Creates the groups above the target. */
static zarrc_status make_parents(const zarrc_copier *k, zarrc_error *error) {
  const char *slash = strrchr(k->target.path, '/');
  char parent[4096];
  size_t n = slash ? (size_t)(slash - k->target.path) : 0;
  if (!k->target.path[0]) return ZARRC_OK;
  if (n >= sizeof parent) return zarrc_fail(error, ZARRC_LIMIT, "a path of %zu bytes", strlen(k->target.path));
  memcpy(parent, k->target.path, n);
  parent[n] = 0;
  return zarrc_groups_make(k->target.store, parent, k->options.zarr_format, error);
}

/* Begins a copy in a store without stages. */
static zarrc_status begin_directly(zarrc_copier *k, zarrc_error *error) {
  zarrc_status status = make_parents(k, error);
  if (!status && k->place.replaces) status = zarrc_store_erase_prefix(k->target.store, k->target.path, error);
  /* or else what is made would be there already, in consolidated metadata */
  if (!status && overwrites(k)) status = zarrc_consolidated_refresh(k->target.store, k->target.path, error);
  return status;
}

zarrc_status zarrc_copy_begin(zarrc_copier *k, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  bool staged = zarrc_stage_possible(k->target.store);
  if (!staged)
    status = begin_directly(k, error);
  else if (!k->place.stage)
    status = open_stage(k, error);
  /* a copy in place needs the stage only as a lock, and goes without if none can be made, unless another one holds
   * it */
  if (staged && k->place.in_place && status != ZARRC_CONFLICT && status != ZARRC_CANCELED) status = ZARRC_OK;
  if (!status) zarrc_meter_init(&k->out, zarrc_copy_store(k), k->ctx);
  k->work.began = !status;
  return zarrc_copy_about(k, ZARRC_COPY_TARGET, status);
}

zarrc_status zarrc_copy_publish(zarrc_copier *k, zarrc_error *error) {
  zarrc_status status = k->place.in_place ? ZARRC_OK : make_parents(k, error);
  if (!status && !k->place.in_place) status = zarrc_stage_publish(k->place.stage, k->place.replaces, error);
  k->place.published = !status;
  if (!status) status = zarrc_consolidated_refresh(k->target.store, k->target.path, error);
  if (status && k->place.published) k->work.report.obstacle = ZARRC_COPY_NOT_CONSOLIDATED;
  return zarrc_copy_about(k, ZARRC_COPY_TARGET, status);
}

/* Returns whether trying again may succeed. */
static bool may_pass(zarrc_status status) {
  return status == ZARRC_CANCELED || status == ZARRC_IO || status == ZARRC_NETWORK || status == ZARRC_NO_MEMORY;
}

void zarrc_copy_end(zarrc_copier *k, zarrc_status status) {
  bool keep = k->place.stage && !k->place.stage->never_kept && !k->place.in_place && !k->place.published &&
              (k->place.stage->resumed || (k->work.began && atomic_load(&k->out.writes) > 0));
  k->work.report.resumable =
      status && (keep || k->place.published || (k->place.in_place && k->work.began && may_pass(status)));
  zarrc_stage_close(k->place.stage, keep);
  k->place.stage = NULL;
}
