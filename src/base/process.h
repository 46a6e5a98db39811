/* SPDX-License-Identifier: MIT */
/* Tells a process from those that it forked, without a system call each time. */
#ifndef ZARRC_BASE_PROCESS_H
#define ZARRC_BASE_PROCESS_H

#include <stdatomic.h>

/* A page that the kernel clears in the child of a fork. It holds the number of the process that last asked; 0: nobody
 * has. NULL: there is no such page, and the kernel is asked each time. */
typedef struct zarrc_process {
  atomic_long *page;
} zarrc_process;

void zarrc_process_open(zarrc_process *process);
void zarrc_process_close(zarrc_process *process);

/* Returns what getpid() returns. */
long zarrc_process_number(const zarrc_process *process);

#endif
