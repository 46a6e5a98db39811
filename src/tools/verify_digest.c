/* SPDX-License-Identifier: MIT */
/* Compares stored values with a digest. */
#include "base/text.h"
#include "tools/verify.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/store.h>

static const char restore[] = "restore it from a copy that has the digest, or write it again from its source";

static zarrc_status blame(const zarrc_verify_place *place, zarrc_error *why, const char *inner,
                          zarrc_problems *problems, zarrc_error *error) {
  if (place->chunk) zarrc_chunk_text(zarrc_array_ndim(place->array), place->chunk, why->chunk, sizeof why->chunk);
  if (inner) zarrc_text_fit(why->inner_chunk, sizeof why->inner_chunk, inner);
  return zarrc_problems_add(problems, ZARRC_FAULT, place->chunk != NULL, why, restore, error);
}

zarrc_status zarrc_verify_lost(const zarrc_verify_place *place, zarrc_problems *problems, zarrc_error *error) {
  zarrc_error why;
  zarrc_fail(&why, ZARRC_NOT_FOUND, "the digest has it, and it is not there any more");
  return blame(place, &why, NULL, problems, error);
}

/* Reads coordinates, "0,1", and returns the number of the inner chunk; UINT64_MAX: there is none. */
static uint64_t number_of(const zarrc_stored_shard_info *info, const char *text, size_t n) {
  uint64_t number = 0;
  const char *at = text, *end = text + n;
  for (int i = 0; i < info->ndim; i++) {
    char *stop;
    if (at >= end || *at < '0' || *at > '9') return UINT64_MAX;
    int64_t x = strtoll(at, &stop, 10);
    if (x >= info->grid[i] || (i + 1 < info->ndim ? *stop != ',' : stop != end)) return UINT64_MAX;
    number = number * (uint64_t)info->grid[i] + (uint64_t)x;
    at = stop + 1;
  }
  return number;
}

/* A shard whose bytes have changed. */
typedef struct comparison {
  const zarrc_verify_place *place;
  zarrc_stored_shard *shard;
  zarrc_stored_shard_info info;
  zarrc_problems *problems;
  bool found; /* an inner chunk that differs */
} comparison;

static zarrc_status blame_inner(comparison *c, uint64_t i, zarrc_status code, const char *what, zarrc_error *error) {
  zarrc_inner_chunk e;
  zarrc_error why;
  char inner[sizeof why.inner_chunk];
  zarrc_stored_shard_get(c->shard, i, &e);
  zarrc_chunk_text(c->info.ndim, e.chunk, inner, sizeof inner);
  zarrc_fail(&why, code, "%s", what);
  if (e.present && !e.status && !c->info.wrapped) why.offset = (int64_t)e.offset;
  c->found = true;
  return blame(c->place, &why, inner, c->problems, error);
}

/* Compares inner chunk i. hash: what the digest has of it; NULL: nothing. */
static zarrc_status compare_inner(comparison *c, uint64_t i, const char *hash, zarrc_error *error) {
  zarrc_inner_chunk e;
  char now[ZARRC_SHA256_TEXT];
  zarrc_error why = {0};
  zarrc_stored_shard_get(c->shard, i, &e);
  if (e.status) return ZARRC_OK; /* told already */
  if (!e.present && hash)
    return blame_inner(c, i, ZARRC_NOT_FOUND, "the digest has it, and it is missing in the shard", error);
  if (e.present && !hash) return blame_inner(c, i, ZARRC_CONFLICT, "the digest does not have it", error);
  if (!hash) return ZARRC_OK;
  zarrc_status status = zarrc_digest_inner(c->shard, i, now, &why);
  if (!status && strcmp(now, hash) != 0)
    return blame_inner(c, i, ZARRC_CHECKSUM, "its bytes are not those of the digest", error);
  if (status && !zarrc_problem_is_local(status) && error) *error = why;
  return zarrc_problem_is_local(status) ? ZARRC_OK : status;
}

/* Compares all inner chunks with their lines, which are in the same order. */
static zarrc_status compare_lines(comparison *c, const zarrc_manifest *line, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  const char *next = line->inner, *chunk;
  char hash[ZARRC_SHA256_TEXT];
  size_t n;
  uint64_t i = 0;
  while (!status && (next = zarrc_manifest_inner(next, line->inner_end, hash, &chunk, &n))) {
    uint64_t number = number_of(&c->info, chunk, n);
    if (number == UINT64_MAX || number < i) continue;
    for (; i < number && !status; i++) status = compare_inner(c, i, NULL, error);
    if (!status) status = compare_inner(c, i++, hash, error);
  }
  for (; i < c->info.nchunks && !status; i++) status = compare_inner(c, i, NULL, error);
  return status;
}

/* Finds out which inner chunks differ. */
static zarrc_status compare_shard(const zarrc_verify_place *place, zarrc_store *from, const zarrc_manifest *line,
                                  zarrc_problems *problems, bool *found, zarrc_error *error) {
  comparison c = {.place = place, .info.struct_size = sizeof c.info, .problems = problems};
  zarrc_error why = {0};
  zarrc_status status = zarrc_stored_shard_open(place->array, from, place->key, place->chunk, &c.shard, &why);
  if (status) {
    if (error) *error = why;
    return zarrc_problem_is_local(status) ? ZARRC_OK : status;
  }
  status = zarrc_stored_shard_describe(c.shard, &c.info, error);
  if (!status) status = compare_lines(&c, line, error);
  zarrc_stored_shard_close(c.shard);
  *found = c.found;
  return status;
}

zarrc_status zarrc_verify_value(const zarrc_verify_place *place, zarrc_store *from, uint64_t nbytes,
                                const zarrc_manifest *line, zarrc_problems *problems, zarrc_error *error) {
  char hash[ZARRC_SHA256_TEXT];
  zarrc_error why = {0};
  bool found = false;
  if (!line) {
    zarrc_fail(&why, ZARRC_CONFLICT, "the digest does not have it");
    return blame(place, &why, NULL, problems, error);
  }
  zarrc_status status = zarrc_digest_value(from, place->key, nbytes, hash, &why);
  if (status) {
    if (!zarrc_problem_is_local(status) && error) *error = why;
    return zarrc_problem_is_local(status) ? blame(place, &why, NULL, problems, error) : status;
  }
  if (!strcmp(hash, line->hash)) return ZARRC_OK;
  if (place->chunk && line->inner < line->inner_end) status = compare_shard(place, from, line, problems, &found, error);
  if (status || found) return status;
  zarrc_fail(&why, ZARRC_CHECKSUM, "its bytes are not those of the digest");
  return blame(place, &why, NULL, problems, error);
}
