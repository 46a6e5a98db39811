/* SPDX-License-Identifier: MIT */
/* A store that passes everything on to another one and counts. */
#ifndef ZARRC_CLI_METER_H
#define ZARRC_CLI_METER_H

#include <stdatomic.h>
#include <zarrc/zarrc.h>

typedef struct cli_meter {
  zarrc_store store; /* use &meter.store instead of inner */
  zarrc_store *inner;
  atomic_ullong opened, reads, read_bytes, writes, written_bytes; /* opened: blobs that were there */
} cli_meter;

/* Neither owns nor closes inner. The meter must outlive what is opened through it. */
void cli_meter_init(cli_meter *meter, zarrc_store *inner);

#endif
