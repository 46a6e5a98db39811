/* SPDX-License-Identifier: MIT */
#ifndef ZARRC_BASE_OPS_H
#define ZARRC_BASE_OPS_H

#include <stddef.h>

/* Whether a table of operations has a member: one that was compiled before there was such a member is shorter. */
#define ZARRC_HAS_OP(ops, member)                                                                                      \
  ((ops)->struct_size >= offsetof(__typeof__(*(ops)), member) + sizeof(ops)->member && (ops)->member)

/* Goes on from an object to those behind it, until one has the operation; else to the last of them. */
#define ZARRC_FIND_OP(object, member)                                                                                  \
  while (!ZARRC_HAS_OP((object)->ops, member) && ZARRC_HAS_OP((object)->ops, inner))                                   \
  object = (object)->ops->inner(object)

#endif
