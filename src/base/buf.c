/* SPDX-License-Identifier: MIT */
#include <zarrc/base.h>

#include "base/checked.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_CAP 64

zarrc_buf zarrc_buf_new(zarrc_ctx *ctx, size_t max) {
  return (zarrc_buf){.max = max, .ctx = ctx};
}

zarrc_buf zarrc_buf_over(void *memory, size_t nbytes) {
  return (zarrc_buf){.ptr = memory, .cap = nbytes, .max = nbytes};
}

zarrc_status zarrc_buf_reserve(zarrc_buf *buf, size_t nbytes, zarrc_error *error) {
  if (nbytes <= buf->cap - buf->len) return ZARRC_OK;
  size_t need;
  if (!buf->ctx || !zarrc_add_size(buf->len, nbytes, &need) || need > buf->max)
    return zarrc_fail(error, ZARRC_LIMIT, "more than %zu bytes", buf->max);
  size_t cap = buf->cap > buf->max / 2 ? buf->max : buf->cap * 2;
  if (cap < FIRST_CAP) cap = FIRST_CAP < buf->max ? FIRST_CAP : buf->max;
  if (cap < need) cap = need;
  uint8_t *ptr = zarrc_realloc(buf->ctx, buf->ptr, cap);
  if (!ptr && cap > need) ptr = zarrc_realloc(buf->ctx, buf->ptr, cap = need);
  if (!ptr) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for %zu bytes", cap);
  buf->ptr = ptr;
  buf->cap = cap;
  return ZARRC_OK;
}

zarrc_status zarrc_buf_append(zarrc_buf *buf, const void *bytes, size_t nbytes, zarrc_error *error) {
  zarrc_status status = zarrc_buf_reserve(buf, nbytes, error);
  if (status || nbytes == 0) return status;
  memcpy(buf->ptr + buf->len, bytes, nbytes);
  buf->len += nbytes;
  return ZARRC_OK;
}

/* Long text is printed directly into the buffer, which temporarily needs a byte more for the NUL. */
zarrc_status zarrc_buf_printf(zarrc_buf *buf, zarrc_error *error, const char *format, ...) {
  char most[512];
  va_list args, again;
  if (!strchr(format, '%')) return zarrc_buf_append(buf, format, strlen(format), error);
  va_start(args, format);
  va_copy(again, args);
  int n = vsnprintf(most, sizeof most, format, args);
  zarrc_status status;
  if (n < 0) {
    status = zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "text that cannot be printed");
  } else if ((size_t)n < sizeof most) {
    status = zarrc_buf_append(buf, most, (size_t)n, error);
  } else {
    status = zarrc_buf_reserve(buf, (size_t)n + 1, error);
    if (!status) {
      vsnprintf((char *)buf->ptr + buf->len, (size_t)n + 1, format, again);
      buf->len += (size_t)n;
    }
  }
  va_end(again);
  va_end(args);
  return status;
}

static void taken_release(zarrc_bytes *bytes) {
  zarrc_free(bytes->owner, (void *)bytes->ptr);
}

zarrc_bytes zarrc_buf_take(zarrc_buf *buf) {
  zarrc_bytes bytes = {.ptr = buf->ptr, .len = buf->len};
  if (buf->ctx && buf->ptr) {
    bytes.release = taken_release;
    bytes.owner = buf->ctx;
    buf->ptr = NULL;
    buf->cap = 0;
  }
  buf->len = 0;
  return bytes;
}

void zarrc_buf_clear(zarrc_buf *buf) {
  if (!buf->ctx) {
    buf->len = 0;
    return;
  }
  zarrc_free(buf->ctx, buf->ptr);
  *buf = zarrc_buf_new(buf->ctx, buf->max);
}
