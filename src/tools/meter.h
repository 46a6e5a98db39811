/* SPDX-License-Identifier: MIT */
/* A store that passes everything on to another one and counts. Reads of documents (zarr.json) are not counted: how
 * often one is asked for is no matter of chunks. */
#ifndef ZARRC_TOOLS_METER_H
#define ZARRC_TOOLS_METER_H

#include <zarrc/store.h>

#include <stdatomic.h>

typedef struct zarrc_meter {
  zarrc_store store; /* use &meter.store instead of inner */
  zarrc_store *inner;
  atomic_ullong opened, reads, read_bytes, writes, written_bytes; /* opened: blobs that were there */
} zarrc_meter;

/* Neither owns nor closes inner. The meter must outlive what is opened through it, which works with the threads of ctx.
 */
void zarrc_meter_init(zarrc_meter *meter, zarrc_store *inner, zarrc_ctx *ctx);

#endif
