/* SPDX-License-Identifier: MIT */
/* What the files of zarrc_verify share. */
#ifndef ZARRC_TOOLS_VERIFY_H
#define ZARRC_TOOLS_VERIFY_H

#include <zarrc/tools.h>

#include "tools/digest.h"

/* ------------------------------------------------------------------------------------------- verify_problems.c */

typedef struct zarrc_problem zarrc_problem;

/* The findings about one key, kept until it is their turn to be told. */
typedef struct zarrc_problems {
  zarrc_ctx *ctx;
  zarrc_problem *first, *last;
  size_t n;
} zarrc_problems;

/* Adds a finding. why: what is wrong and where, of which the key is left out; is_chunk: its key is that of a chunk;
 * fix: a literal. After very many of one key the last one says so, and others are dropped. */
zarrc_status zarrc_problems_add(zarrc_problems *problems, zarrc_severity severity, bool is_chunk,
                                const zarrc_error *why, const char *fix, zarrc_error *error);
/* Calls fn for each finding, with its key. */
zarrc_status zarrc_problems_tell(const zarrc_problems *problems, const char *key,
                                 zarrc_status (*fn)(void *arg, const zarrc_finding *finding, zarrc_error *error),
                                 void *arg, zarrc_error *error);
/* Returns whether one of them is that bytes are damaged, as those of a checksum. */
bool zarrc_problems_are_damage(const zarrc_problems *problems);
void zarrc_problems_clear(zarrc_problems *problems);

/* Returns whether a failure is about one value or node, so that the others can be looked at. */
bool zarrc_problem_is_local(zarrc_status status);

/* --------------------------------------------------------------------------------------------- verify_object.c */

/* An array whose objects are looked at. */
typedef struct zarrc_verified {
  zarrc_array *array;
  bool is_sharded;
  int64_t inner_edge;   /* elements of an inner chunk on the first axis of the array */
  uint64_t least, most; /* sizes that an object can have; most UINT64_MAX: any */
} zarrc_verified;

void zarrc_verified_init(zarrc_verified *v, zarrc_array *array);

/* Looks at the value of a chunk or a shard. nbytes: its size, or ZARRC_UNKNOWN. from: the store to read from. Adds what
 * is wrong to problems, and to *ninner the entries of its index. Fails, with ZARRC_PENDING or what ends the
 * verification, if it cannot be looked at. */
zarrc_status zarrc_verify_object(const zarrc_verified *v, zarrc_store *from, const char *key, const int64_t *chunk,
                                 uint64_t nbytes, bool deep, zarrc_problems *problems, uint64_t *ninner,
                                 zarrc_error *error);

/* --------------------------------------------------------------------------------------------- verify_digest.c */

/* What a digest is compared with. */
typedef struct zarrc_verify_place {
  zarrc_array *array;
  const char *key;
  const int64_t *chunk; /* NULL: the key is not that of a chunk */
} zarrc_verify_place;

/* Adds that a key of the digest is not there. */
zarrc_status zarrc_verify_lost(const zarrc_verify_place *place, zarrc_problems *problems, zarrc_error *error);
/* Compares a value, and if it differs the inner chunks of a shard, with the line of a digest, of which only the hash
 * and the lines of inner chunks are used; NULL: it has none. Fails as zarrc_verify_object does. */
zarrc_status zarrc_verify_value(const zarrc_verify_place *place, zarrc_store *from, uint64_t nbytes,
                                const zarrc_manifest *line, zarrc_problems *problems, zarrc_error *error);

/* ----------------------------------------------------------------------------------------------- verify_nodes.c */

typedef struct zarrc_verifier {
  zarrc_ctx *ctx;
  zarrc_store *store;
  const char *path;
  zarrc_verify_options options;
  zarrc_verify_report report;
  /* The hierarchy, from the documents of its nodes, not from consolidated metadata; and, because it cannot be found out
   * what is below a group whose document cannot be read, those that are found there. None: there is no node. */
  zarrc_tree **trees;
  size_t ntrees;
  zarrc_tree *described; /* the hierarchy from consolidated metadata, for what only they describe; NULL: none */
  size_t nopened;        /* bytes of `closed` that have been looked at */
  zarrc_buf closed;      /* paths below which nodes are looked for, because none can be opened there; each with a NUL */
  zarrc_buf unreadable;  /* paths of nodes whose documents cannot be read, and which are in no tree; each with a NUL */
} zarrc_verifier;

/* A node of one of the trees. tree NULL: none. */
typedef struct zarrc_verify_node {
  const zarrc_tree *tree;
  size_t i;
} zarrc_verify_node;

/* Finds the deepest node that a key is below. */
zarrc_verify_node zarrc_verifier_above(const zarrc_verifier *verifier, const char *key);

/* Returns whether a path of n bytes is that of a node whose document cannot be read. */
bool zarrc_verifier_is_unreadable(const zarrc_verifier *verifier, const char *path, size_t n);

/* Finds the node at a path of n bytes. */
zarrc_verify_node zarrc_verifier_find(const zarrc_verifier *verifier, const char *path, size_t n);

void zarrc_verifier_init(zarrc_verifier *verifier, zarrc_store *store, const char *path);
void zarrc_verifier_clear(zarrc_verifier *verifier);

/* Opens the nodes at and below the path, and tells what is wrong with their documents. ZARRC_NOT_FOUND: nothing at all
 * is stored there. */
zarrc_status zarrc_verifier_open_nodes(zarrc_verifier *verifier, zarrc_error *error);

/* Returns a key without the path. */
const char *zarrc_verifier_below(const zarrc_verifier *verifier, const char *key);

/* Counts a finding, and tells it. */
zarrc_status zarrc_verifier_tell(void *verifier, const zarrc_finding *finding, zarrc_error *error);
/* The same for a finding about a key below the path, and about the document of a node: that which `why` names, or its
 * zarr.json. */
zarrc_status zarrc_verifier_tell_key(zarrc_verifier *verifier, zarrc_severity severity, const char *key,
                                     const zarrc_error *why, const char *fix, zarrc_error *error);
zarrc_status zarrc_verifier_tell_node(zarrc_verifier *verifier, zarrc_severity severity, const char *path,
                                      const zarrc_error *why, const char *fix, zarrc_error *error);

/* ----------------------------------------------------------------------------------------------- verify_walk.c */

/* Looks at all keys at and below the path. */
zarrc_status zarrc_verify_keys(zarrc_verifier *v, zarrc_error *error);

#endif
