/* SPDX-License-Identifier: MIT */
/*
 * The newest of a series of objects that never change: metadata that is replaced while other threads read it. There is
 * no lock that a fork could leave taken: an object is freed once it has been replaced and nobody is inside.
 */
#ifndef ZARRC_ARRAY_LATEST_H
#define ZARRC_ARRAY_LATEST_H

#include <zarrc/base.h>

#include <stdatomic.h>

/* First member of the objects. */
typedef struct zarrc_edition {
  struct zarrc_edition *next; /* of those that were replaced */
} zarrc_edition;

typedef struct zarrc_latest {
  zarrc_edition *first; /* kept until the end */
  _Atomic(zarrc_edition *) newest, replaced;
  atomic_size_t ninside;
  void (*close)(zarrc_edition *);
} zarrc_latest;

/* Takes over the first object. */
void zarrc_latest_init(zarrc_latest *latest, zarrc_edition *first, void (*close)(zarrc_edition *));
void zarrc_latest_clear(zarrc_latest *latest); /* nobody is inside */

/* The newest object. It, and those that are newest later, stay until leave; one that was only peeked at stays until it
 * is replaced. */
zarrc_edition *zarrc_latest_enter(zarrc_latest *latest);
void zarrc_latest_leave(zarrc_latest *latest);
zarrc_edition *zarrc_latest_peek(const zarrc_latest *latest);

/* Makes `to` the newest, and takes it over, if `from` still is. The caller is inside. */
bool zarrc_latest_replace(zarrc_latest *latest, zarrc_edition *from, zarrc_edition *to);

#endif
