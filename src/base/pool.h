/* SPDX-License-Identifier: MIT */
/* The threads of a context. zarrc_for_each is all that uses them. */
#ifndef ZARRC_BASE_POOL_H
#define ZARRC_BASE_POOL_H

#include <zarrc/base.h>

/* Ends and joins the threads; they must be idle. */
void zarrc_pool_close(zarrc_ctx *ctx);

#endif
