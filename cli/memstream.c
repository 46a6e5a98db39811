/* SPDX-License-Identifier: MIT */
#include "memstream.h"

#include <stdlib.h>
#include <string.h>

/* Appends, and keeps a byte for the NUL. 0: no memory, which sets the error of the stream. */
static ssize_t append(void *cookie, const char *bytes, size_t n) {
  cli_memstream *m = cookie;
  if (n >= m->cap - m->len) {
    size_t cap = m->cap * 2 > m->len + n + 1 ? m->cap * 2 : m->len + n + 1;
    char *text = realloc(m->text, cap);
    if (!text) return 0;
    m->text = text;
    m->cap = cap;
  }
  memcpy(m->text + m->len, bytes, n);
  m->len += n;
  return (ssize_t)n;
}

static zarrc_status fail(cli_memstream *m, zarrc_error *error) {
  free(m->text);
  *m = (cli_memstream){0};
  return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
}

zarrc_status cli_memstream_open(cli_memstream *m, zarrc_error *error) {
  *m = (cli_memstream){.cap = 256};
  m->text = malloc(m->cap);
  if (m->text) m->out = fopencookie(m, "w", (cookie_io_functions_t){.write = append});
  return m->out ? ZARRC_OK : fail(m, error);
}

zarrc_status cli_memstream_close(cli_memstream *m, zarrc_status status, zarrc_error *error) {
  bool written = !ferror(m->out);
  written = fclose(m->out) == 0 && written;
  m->out = NULL;
  if (!status && written) {
    m->text[m->len] = 0;
    return ZARRC_OK;
  }
  if (!status) return fail(m, error);
  free(m->text);
  *m = (cli_memstream){0};
  return status;
}
