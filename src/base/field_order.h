/* SPDX-License-Identifier: MIT */
/*
 * Structs whose fields have different byte orders, which only Zarr format 2 has. The orders are a text with one letter
 * for each field that is no struct itself, in the order of the fields: '<', '>', or '|' for what is never swapped.
 */
#ifndef ZARRC_BASE_FIELD_ORDER_H
#define ZARRC_BASE_FIELD_ORDER_H

#include <zarrc/data.h>

/* Returns whether a text has one letter for each field of a type, and '|' for those without a byte order alone. */
bool zarrc_field_orders_fit(const zarrc_dtype *dtype, const char *orders);

/* Swaps the bytes of the fields that are '>' in all elements of a view, in place. The orders fit its type. */
void zarrc_field_orders_swap(const zarrc_view *view, const char *orders);

#endif
