/* SPDX-License-Identifier: MIT */
#include "array/editions.h"

static void close_list(zarrc_editions *editions, zarrc_edition *list) {
  while (list) {
    zarrc_edition *next = list->next;
    editions->close(list);
    list = next;
  }
}

static void push(zarrc_editions *editions, zarrc_edition *edition) {
  edition->next = atomic_load(&editions->replaced);
  while (!atomic_compare_exchange_weak(&editions->replaced, &edition->next, edition)) {
  }
}

void zarrc_editions_init(zarrc_editions *editions, zarrc_edition *first, void (*close)(zarrc_edition *)) {
  editions->first = first;
  editions->close = close;
  atomic_init(&editions->newest, first);
  atomic_init(&editions->replaced, NULL);
  atomic_init(&editions->ninside, 0);
}

void zarrc_editions_clear(zarrc_editions *editions) {
  zarrc_edition *newest = zarrc_editions_peek(editions);
  close_list(editions, atomic_exchange(&editions->replaced, NULL));
  if (newest != editions->first) editions->close(newest);
  editions->close(editions->first);
}

zarrc_edition *zarrc_editions_enter(zarrc_editions *editions) {
  atomic_fetch_add(&editions->ninside, 1);
  return atomic_load(&editions->newest);
}

zarrc_edition *zarrc_editions_peek(const zarrc_editions *editions) {
  return atomic_load(&((zarrc_editions *)(uintptr_t)editions)->newest);
}

/* First takes the list and then looks at the count: threads that enter later cannot see objects of the list. */
void zarrc_editions_leave(zarrc_editions *editions) {
  zarrc_edition *list;
  if (atomic_fetch_sub(&editions->ninside, 1) != 1 || !atomic_load(&editions->replaced)) return;
  list = atomic_exchange(&editions->replaced, NULL);
  if (atomic_load(&editions->ninside) == 0) {
    close_list(editions, list);
    return;
  }
  while (list) {
    zarrc_edition *next = list->next;
    push(editions, list);
    list = next;
  }
}

bool zarrc_editions_replace(zarrc_editions *editions, zarrc_edition *from, zarrc_edition *to) {
  if (!atomic_compare_exchange_strong(&editions->newest, &from, to)) return false;
  if (from != editions->first) push(editions, from);
  return true;
}
