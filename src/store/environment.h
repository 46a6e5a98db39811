/* SPDX-License-Identifier: MIT */
/* The environment of the process, which only stores over a network look at. */
#ifndef ZARRC_STORE_ENVIRONMENT_H
#define ZARRC_STORE_ENVIRONMENT_H

/* Returns the first of the variables, of a list that ends with NULL, that is set and not empty; NULL: none is, or the
 * process has more rights than its user. */
const char *zarrc_environment(const char *const *names);

#endif
