/* SPDX-License-Identifier: MIT */
/* The files that AWS tools keep credentials and settings in: ~/.aws/credentials and ~/.aws/config. */
#ifndef ZARRC_STORE_PROFILE_H
#define ZARRC_STORE_PROFILE_H

#include <zarrc/base.h>

/* A file in memory. */
typedef struct zarrc_profile_file {
  zarrc_ctx *ctx;
  char *text; /* with a NUL; NULL: there is no such file */
  size_t nbytes;
} zarrc_profile_file;

/* Reads a file; it is no failure if there is none. ZARRC_ACCESS, ZARRC_IO: it cannot be read; ZARRC_LIMIT: it has more
 * than 1 MiB. */
zarrc_status zarrc_profile_open(zarrc_ctx *ctx, const char *path, zarrc_profile_file *out, zarrc_error *error);
/* Overwrites the text before it is freed. */
void zarrc_profile_close(zarrc_profile_file *file);

/* Returns whether there is a section "[kind name]", or "[name]" with kind "". */
bool zarrc_profile_has(const zarrc_profile_file *file, const char *kind, const char *name);

/* Finds a setting of a section. inside: the setting that it is indented below ("s3" of a section of services), or NULL.
 * Returns the value, without blanks around it, and its length; NULL: there is none, or an empty one. */
const char *zarrc_profile_get(const zarrc_profile_file *file, const char *kind, const char *name, const char *inside,
                              const char *setting, size_t *n);

#endif
