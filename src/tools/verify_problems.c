/* SPDX-License-Identifier: MIT */
/* The findings about one key. */
#include "tools/verify.h"

#include <string.h>

/* So many findings of one key are told, so that a shard of millions of damaged inner chunks does not take all memory.
 */
#define MAX_PROBLEMS 100000

struct zarrc_problem {
  zarrc_problem *next;
  zarrc_finding told;
  char text[]; /* what its members point to */
};

static char *put(char **at, const char *text) {
  char *begin = *at;
  *at = stpcpy(begin, text) + 1;
  return begin;
}

static zarrc_status add(zarrc_problems *p, const zarrc_finding *told, zarrc_error *error) {
  size_t n = strlen(told->what) + 1;
  if (told->chunk) n += strlen(told->chunk) + 1;
  if (told->inner) n += strlen(told->inner) + 1;
  if (told->codec) n += strlen(told->codec) + 1;
  zarrc_problem *problem = zarrc_malloc(p->ctx, sizeof *problem + n);
  if (!problem) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a finding");
  char *at = problem->text;
  problem->next = NULL;
  problem->told = *told;
  problem->told.what = put(&at, told->what);
  if (told->chunk) problem->told.chunk = put(&at, told->chunk);
  if (told->inner) problem->told.inner = put(&at, told->inner);
  if (told->codec) problem->told.codec = put(&at, told->codec);
  if (p->last)
    p->last->next = problem;
  else
    p->first = problem;
  p->last = problem;
  p->n++;
  return ZARRC_OK;
}

zarrc_status zarrc_problems_add(zarrc_problems *problems, zarrc_severity severity, bool is_chunk,
                                const zarrc_error *why, const char *fix, zarrc_error *error) {
  zarrc_error bare = *why;
  char what[ZARRC_ERROR_TEXT];
  if (problems->n >= MAX_PROBLEMS) return ZARRC_OK;
  char chunk[sizeof why->chunk];
  memcpy(chunk, why->chunk, sizeof chunk);
  char *comma = strlen(chunk) + 1 == sizeof chunk ? strrchr(chunk, ',') : NULL;
  if (comma) *comma = 0; /* the last number may be cut */
  bare.store[0] = bare.key[0] = bare.chunk[0] = bare.inner_chunk[0] = 0;
  bare.offset = -1;
  zarrc_finding told = {.struct_size = sizeof told,
                        .severity = severity,
                        .status = severity == ZARRC_FAULT ? why->code : ZARRC_OK,
                        .chunk = is_chunk ? chunk : NULL,
                        .inner = why->inner_chunk[0] ? why->inner_chunk : NULL,
                        .byte = why->offset < 0 ? ZARRC_UNKNOWN : (uint64_t)why->offset,
                        .codec = why->codec[0] ? why->codec : NULL,
                        .what = zarrc_error_text(&bare, what, sizeof what),
                        .fix = fix};
  if (problems->n == MAX_PROBLEMS - 1) {
    told.inner = told.codec = NULL;
    told.byte = ZARRC_UNKNOWN;
    told.what = "there are more faults of this kind, which are not listed";
  }
  return add(problems, &told, error);
}

zarrc_status zarrc_problems_tell(const zarrc_problems *problems, const char *key,
                                 zarrc_status (*fn)(void *arg, const zarrc_finding *finding, zarrc_error *error),
                                 void *arg, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (zarrc_problem *p = problems->first; p && !status; p = p->next) {
    p->told.key = key;
    status = fn(arg, &p->told, error);
  }
  return status;
}

bool zarrc_problems_are_damage(const zarrc_problems *problems) {
  for (const zarrc_problem *p = problems->first; p; p = p->next)
    if (p->told.status == ZARRC_CHECKSUM || p->told.status == ZARRC_CORRUPT) return true;
  return false;
}

void zarrc_problems_clear(zarrc_problems *problems) {
  for (zarrc_problem *next, *p = problems->first; p; p = next) {
    next = p->next;
    zarrc_free(problems->ctx, p);
  }
  *problems = (zarrc_problems){.ctx = problems->ctx};
}

bool zarrc_problem_is_local(zarrc_status status) {
  return status && status != ZARRC_PENDING && status != ZARRC_NO_MEMORY && status != ZARRC_NETWORK &&
         status != ZARRC_CANCELED && status != ZARRC_INTERNAL;
}
