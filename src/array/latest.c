/* SPDX-License-Identifier: MIT */
#include "array/latest.h"

static void close_list(zarrc_latest *latest, zarrc_edition *list) {
  while (list) {
    zarrc_edition *next = list->next;
    latest->close(list);
    list = next;
  }
}

static void push(zarrc_latest *latest, zarrc_edition *edition) {
  edition->next = atomic_load(&latest->replaced);
  while (!atomic_compare_exchange_weak(&latest->replaced, &edition->next, edition)) {
  }
}

void zarrc_latest_init(zarrc_latest *latest, zarrc_edition *first, void (*close)(zarrc_edition *)) {
  latest->first = first;
  latest->close = close;
  atomic_init(&latest->newest, first);
  atomic_init(&latest->replaced, NULL);
  atomic_init(&latest->ninside, 0);
}

void zarrc_latest_clear(zarrc_latest *latest) {
  zarrc_edition *newest = zarrc_latest_peek(latest);
  close_list(latest, atomic_exchange(&latest->replaced, NULL));
  if (newest != latest->first) latest->close(newest);
  latest->close(latest->first);
}

zarrc_edition *zarrc_latest_enter(zarrc_latest *latest) {
  atomic_fetch_add(&latest->ninside, 1);
  return atomic_load(&latest->newest);
}

zarrc_edition *zarrc_latest_peek(const zarrc_latest *latest) {
  return atomic_load(&((zarrc_latest *)(uintptr_t)latest)->newest);
}

/* The list is taken first and the count looked at afterwards: whoever enters later cannot get what is on the list. */
void zarrc_latest_leave(zarrc_latest *latest) {
  zarrc_edition *list;
  if (atomic_fetch_sub(&latest->ninside, 1) != 1 || !atomic_load(&latest->replaced)) return;
  list = atomic_exchange(&latest->replaced, NULL);
  if (atomic_load(&latest->ninside) == 0) {
    close_list(latest, list);
    return;
  }
  while (list) {
    zarrc_edition *next = list->next;
    push(latest, list);
    list = next;
  }
}

bool zarrc_latest_replace(zarrc_latest *latest, zarrc_edition *from, zarrc_edition *to) {
  if (!atomic_compare_exchange_strong(&latest->newest, &from, to)) return false;
  if (from != latest->first) push(latest, from);
  return true;
}
