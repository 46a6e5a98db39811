/* SPDX-License-Identifier: MIT */
#include "codec/texts.h"
#include "base/utf8.h"

zarrc_status zarrc_text_check(const zarrc_text *text, size_t i, zarrc_error *error) {
  size_t valid = text->len ? zarrc_utf8_valid(text->ptr, text->len) : 0;
  if (valid == text->len) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "element %zu is not UTF-8 at byte %zu", i, valid);
}

int64_t zarrc_text_number(const zarrc_spec *spec, const zarrc_region *region, int64_t k) {
  int64_t number = 0, stride = 1;
  for (int i = spec->ndim - 1; i >= 0; i--) {
    number += (region->start[i] + k % region->count[i] * region->step[i]) * stride;
    k /= region->count[i];
    stride *= spec->shape[i];
  }
  return number;
}

zarrc_status zarrc_texts_room(const zarrc_view *to, size_t nbytes, uint8_t **out, zarrc_error *error) {
  *out = NULL;
  if (!nbytes) return ZARRC_OK;
  if (!to->arena) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the view has no arena for the text");
  return zarrc_arena_take(to->arena, nbytes, out, error);
}
