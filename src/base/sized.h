/* SPDX-License-Identifier: MIT */
/*
 * Public structs that can grow. Their first member is a size_t struct_size, and new members are added at the end. The
 * caller may have been compiled with an older or newer version of the struct.
 */
#ifndef ZARRC_BASE_SIZED_H
#define ZARRC_BASE_SIZED_H

#include <string.h>
#include <zarrc/base.h>

/* Copies a caller's struct to `out`, which has nbytes bytes. Members that an older caller lacks keep their values.
 * struct_size 0: it has nbytes bytes. ZARRC_UNSUPPORTED: a newer caller has set a member that this version lacks.
 * `what` names the struct: "context options". */
zarrc_status zarrc_sized_take(void *out, size_t nbytes, const void *given, const char *what, zarrc_error *error);

/* Copies nbytes bytes to a caller's struct, as far as its struct_size, which it keeps. Members that only a newer caller
 * has become zero. ZARRC_INVALID_ARGUMENT: struct_size is too small; 0 is not allowed here. */
zarrc_status zarrc_sized_give(void *to, const void *from, size_t nbytes, const char *what, zarrc_error *error);

/* The same for structs that are members of others or elements of lists, and so cannot grow: they have `room`, which is
 * zero until new members take its place. ZARRC_UNSUPPORTED: a newer caller has set some of it. */
#define ZARRC_CHECK_ROOM(object, what, error)                                                                          \
  (memcmp((object)->room, (const char[sizeof(object)->room]){0}, sizeof(object)->room)                                 \
       ? zarrc_room_refuse(what, error)                                                                                \
       : ZARRC_OK)
zarrc_status zarrc_room_refuse(const char *what, zarrc_error *error);

#endif
