/* SPDX-License-Identifier: MIT */
#include "base/process.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

void zarrc_process_open(zarrc_process *process) {
  process->page = NULL;
#ifdef MADV_WIPEONFORK /* Linux 4.14 */
  size_t nbytes = (size_t)sysconf(_SC_PAGESIZE);
  void *page = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return;
  /* An emulator that ignores advice answers that it has taken any, even one that does not exist. */
  if (madvise(page, nbytes, MADV_WIPEONFORK) || !madvise(page, nbytes, -1))
    munmap(page, nbytes);
  else
    process->page = page;
#endif
}

void zarrc_process_close(zarrc_process *process) {
  if (process->page) munmap(process->page, (size_t)sysconf(_SC_PAGESIZE));
  process->page = NULL;
}

long zarrc_process_number(const zarrc_process *process) {
  if (!process->page) return getpid();
  long number = atomic_load_explicit(process->page, memory_order_relaxed);
  if (number) return number;
  number = getpid();
  atomic_store_explicit(process->page, number, memory_order_relaxed);
  return number;
}
