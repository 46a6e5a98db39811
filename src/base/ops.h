/* SPDX-License-Identifier: MIT */
#ifndef ZARRC_BASE_OPS_H
#define ZARRC_BASE_OPS_H

#include <stddef.h>

/* Whether a table of operations has a member. Tables compiled with an older version of the header are shorter. */
#define ZARRC_HAS_OP(ops, member)                                                                                      \
  ((ops)->struct_size >= offsetof(__typeof__(*(ops)), member) + sizeof(ops)->member && (ops)->member)

/* Follows `inner` from an object until one has the operation, or to the last one. */
#define ZARRC_FIND_OP(object, member)                                                                                  \
  while (!ZARRC_HAS_OP((object)->ops, member) && ZARRC_HAS_OP((object)->ops, inner))                                   \
  object = (object)->ops->inner(object)

#endif
