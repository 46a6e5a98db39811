/* SPDX-License-Identifier: MIT */
#include "store/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { FILE_NBYTES = 1 << 20 };

/* ------------------------------------------------------------------------------------------------------ reading */

static zarrc_status read_all(int fd, zarrc_profile_file *file, zarrc_error *error) {
  while (file->nbytes <= FILE_NBYTES) {
    ssize_t n = read(fd, file->text + file->nbytes, FILE_NBYTES + 1 - file->nbytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return zarrc_fail(error, zarrc_status_of_errno(errno), "cannot be read");
    if (n == 0) break;
    file->nbytes += (size_t)n;
  }
  if (file->nbytes > FILE_NBYTES) return zarrc_fail(error, ZARRC_LIMIT, "more than %d bytes", FILE_NBYTES);
  file->text[file->nbytes] = '\0';
  return ZARRC_OK;
}

zarrc_status zarrc_profile_open(zarrc_ctx *ctx, const char *path, zarrc_profile_file *out, zarrc_error *error) {
  *out = (zarrc_profile_file){.ctx = ctx};
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return ZARRC_OK;
  if (fd < 0) return zarrc_fail(error, zarrc_status_of_errno(errno), "%s cannot be opened", path);
  out->text = zarrc_malloc(ctx, FILE_NBYTES + 1);
  zarrc_status status =
      out->text ? read_all(fd, out, error) : zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a file");
  close(fd);
  if (!status) return ZARRC_OK;
  zarrc_error_prefix(error, "%s: ", path);
  zarrc_profile_close(out);
  return status;
}

void zarrc_profile_close(zarrc_profile_file *file) {
  if (file->text) explicit_bzero(file->text, file->nbytes);
  zarrc_free(file->ctx, file->text);
  *file = (zarrc_profile_file){.ctx = file->ctx};
}

/* ------------------------------------------------------------------------------------------------------ looking */

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

/* Some text of a file. */
typedef struct span {
  const char *ptr;
  size_t n;
} span;

static span trim(span s) {
  while (s.n > 0 && is_blank(*s.ptr)) s.ptr++, s.n--;
  while (s.n > 0 && is_blank(s.ptr[s.n - 1])) s.n--;
  return s;
}

static bool is_text(span s, const char *text) {
  return s.n == strlen(text) && !memcmp(s.ptr, text, s.n);
}

static span take_line(const char **at) {
  span line = {*at, strcspn(*at, "\n")};
  *at += line.n + (line.ptr[line.n] == '\n');
  return line;
}

/* Returns whether a line begins a section, and which one: its kind (or nothing) and its name. */
static bool read_section(span line, span *kind, span *name) {
  line = trim(line);
  const char *close = line.n > 0 && *line.ptr == '[' ? memchr(line.ptr, ']', line.n) : NULL;
  if (!close) return false;
  *name = trim((span){line.ptr + 1, (size_t)(close - line.ptr - 1)});
  *kind = (span){name->ptr, 0};
  size_t n = 0;
  while (n < name->n && !is_blank(name->ptr[n])) n++;
  if (n == name->n) return true;
  *kind = (span){name->ptr, n};
  *name = trim((span){name->ptr + n, name->n - n});
  if (name->n > 1 && *name->ptr == '"' && name->ptr[name->n - 1] == '"') *name = (span){name->ptr + 1, name->n - 2};
  return true;
}

/* Finds the next section of that kind and name from *at on, and moves behind its head. */
static bool find_section(const char **at, const char *kind, const char *name) {
  span k, n;
  while (**at)
    if (read_section(take_line(at), &k, &n) && is_text(k, kind) && is_text(n, name)) return true;
  return false;
}

bool zarrc_profile_has(const zarrc_profile_file *file, const char *kind, const char *name) {
  const char *at = file->text ? file->text : "";
  return find_section(&at, kind, name);
}

/* Takes "name = value" apart. Returns false if it is something else, or a comment. */
static bool read_setting(span line, span *name, span *value) {
  line = trim(line);
  const char *equals = line.n > 0 ? memchr(line.ptr, '=', line.n) : NULL;
  if (!equals || *line.ptr == '#' || *line.ptr == ';') return false;
  *name = trim((span){line.ptr, (size_t)(equals - line.ptr)});
  *value = trim((span){equals + 1, line.n - (size_t)(equals - line.ptr) - 1});
  return name->n > 0;
}

/* Looks for a setting up to the end of a section. */
static span find_setting(const char **at, const char *inside, const char *setting) {
  span found = {NULL, 0}, name, value, k, n;
  bool is_inside = false;
  while (**at) {
    const char *before = *at;
    span line = take_line(at);
    bool is_indented = line.n > 0 && is_blank(*line.ptr);
    if (!is_indented && read_section(line, &k, &n)) {
      *at = before;
      break;
    }
    if (!read_setting(line, &name, &value)) continue;
    if (!is_indented) is_inside = inside && is_text(name, inside);
    bool is_here = inside ? is_indented && is_inside : !is_indented;
    if (is_here && is_text(name, setting) && value.n > 0) found = value;
  }
  return found;
}

const char *zarrc_profile_get(const zarrc_profile_file *file, const char *kind, const char *name, const char *inside,
                              const char *setting, size_t *n) {
  const char *at = file->text ? file->text : "";
  span found = {NULL, 0};
  while (!found.ptr && find_section(&at, kind, name)) found = find_setting(&at, inside, setting);
  *n = found.n;
  return found.ptr;
}
