/* SPDX-License-Identifier: MIT */
/* What the codecs of elements of variable length share. */
#ifndef ZARRC_CODEC_TEXTS_H
#define ZARRC_CODEC_TEXTS_H

#include <zarrc/data.h>

/* Returns ZARRC_INVALID_ARGUMENT unless element i, which is to be encoded, is UTF-8. */
zarrc_status zarrc_text_check(const zarrc_text *text, size_t i, zarrc_error *error);

/* Returns the number in the chunk of the k-th element of a region, both in C order. It grows with k. */
int64_t zarrc_text_number(const zarrc_spec *spec, const zarrc_region *region, int64_t k);

/* Takes nbytes from the view's arena; *out is NULL for none. ZARRC_INVALID_ARGUMENT: the view has no arena. */
zarrc_status zarrc_texts_room(const zarrc_view *to, size_t nbytes, uint8_t **out, zarrc_error *error);

#endif
