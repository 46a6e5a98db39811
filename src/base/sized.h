/* SPDX-License-Identifier: MIT */
/*
 * Public structs that grow: the first member is a size_t struct_size, and new members are added at the end. A caller
 * may have been compiled with an older or a newer version of the struct than the library.
 */
#ifndef ZARRC_BASE_SIZED_H
#define ZARRC_BASE_SIZED_H

#include <zarrc/base.h>

/* Copies what the caller gave into `out`, nbytes long; members that an older caller does not know stay as they are.
 * struct_size 0 stands for the whole struct. ZARRC_UNSUPPORTED: a newer caller has set a member that this library does
 * not know. `what` names the struct: "context options". */
zarrc_status zarrc_sized_take(void *out, size_t nbytes, const void *given, const char *what, zarrc_error *error);

/* Copies `from`, nbytes long, into a struct of the caller, whose struct_size says how much of it there is and stays as
 * it is; members that only a newer caller knows become zero. struct_size 0 is ZARRC_INVALID_ARGUMENT: nobody else
 * knows how much may be written. */
zarrc_status zarrc_sized_give(void *to, const void *from, size_t nbytes, const char *what, zarrc_error *error);

#endif
