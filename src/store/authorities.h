/* SPDX-License-Identifier: MIT */
/* Where the certificates of trusted authorities are. */
#ifndef ZARRC_STORE_AUTHORITIES_H
#define ZARRC_STORE_AUTHORITIES_H

/* Finds a file, a folder, or both: what the user names (option, or the environment), what a library was built with, if
 * it is there (built_file, built_path; NULL: nothing), or a file in one of the usual places. *file and *path are NULL
 * where the library's own are to be used, and belong to the environment or the caller. */
void zarrc_find_authorities(const char *option, const char *built_file, const char *built_path, const char **file,
                            const char **path);

#endif
