/* SPDX-License-Identifier: MIT */
/*
 * The newest of several immutable objects, such as metadata that is replaced while other threads read it. There is no
 * lock that a fork could leave locked: an object is freed when it has been replaced and no thread is inside.
 */
#ifndef ZARRC_ARRAY_EDITIONS_H
#define ZARRC_ARRAY_EDITIONS_H

#include <zarrc/base.h>

#include <stdatomic.h>

/* The first member of the objects. */
typedef struct zarrc_edition {
  struct zarrc_edition *next; /* in the list of replaced ones */
} zarrc_edition;

typedef struct zarrc_editions {
  zarrc_edition *first; /* never freed before the end */
  _Atomic(zarrc_edition *) newest, replaced;
  atomic_size_t ninside;
  void (*close)(zarrc_edition *);
} zarrc_editions;

/* Takes ownership of the first object. */
void zarrc_editions_init(zarrc_editions *editions, zarrc_edition *first, void (*close)(zarrc_edition *));
void zarrc_editions_clear(zarrc_editions *editions); /* no thread may be inside */

/* Return the newest object. After enter it, and any newer one, is valid until leave; after peek only until it is
 * replaced. */
zarrc_edition *zarrc_editions_enter(zarrc_editions *editions);
void zarrc_editions_leave(zarrc_editions *editions);
zarrc_edition *zarrc_editions_peek(const zarrc_editions *editions);

/* Makes `to` the newest object and takes ownership of it, if `from` still is the newest. The caller must be inside. */
bool zarrc_editions_replace(zarrc_editions *editions, zarrc_edition *from, zarrc_edition *to);

#endif
