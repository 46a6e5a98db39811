/* SPDX-License-Identifier: MIT */
/* A store that passes calls on to another store and counts them. Reads of metadata documents are not counted. */
#ifndef ZARRC_TOOLS_METER_H
#define ZARRC_TOOLS_METER_H

#include <zarrc/plugin/store.h>

#include <stdatomic.h>

typedef struct zarrc_meter {
  zarrc_store store; /* to be used instead of inner */
  zarrc_store *inner;
  atomic_ullong opened, reads, read_bytes, writes, written_bytes; /* opened: values that existed */
} zarrc_meter;

/* The meter does not own inner, and must outlive everything opened through it. ctx: the context of its work. */
void zarrc_meter_init(zarrc_meter *meter, zarrc_store *inner, zarrc_ctx *ctx);

#endif
