/* SPDX-License-Identifier: MIT */
#ifndef ZARRC_BASE_OPS_H
#define ZARRC_BASE_OPS_H

#include <stddef.h>

/* Whether a table of operations has a member: one that was compiled before there was such a member is shorter. */
#define ZARRC_HAS_OP(ops, member)                                                                                      \
  ((ops)->struct_size >= offsetof(__typeof__(*(ops)), member) + sizeof(ops)->member && (ops)->member)

#endif
