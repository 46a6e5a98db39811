/* SPDX-License-Identifier: MIT */
#include "file.h"

#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER ((size_t)128 << 10)

static zarrc_status fail_io(zarrc_error *error, const char *doing, const char *name) {
  int os_error = errno;
  zarrc_status status = zarrc_status_of_errno(os_error);
  zarrc_fail(error, status, "%s %.300s: %s", doing, name, strerror(os_error));
  if (error) error->os_error = os_error;
  return status;
}

static zarrc_status canceled(zarrc_error *error) {
  return zarrc_fail(error, ZARRC_CANCELED, "interrupted");
}

/* Opens a file; for a named pipe this waits for the other side. */
static int open_file(const char *path, int flags, mode_t mode) {
  int fd;
  do fd = open(path, flags | O_CLOEXEC, mode);
  while (fd < 0 && errno == EINTR && !cli_canceled(NULL));
  return fd;
}

bool cli_is_stream(const char *path) {
  return !path || strcmp(path, "-") == 0;
}

/* ------------------------------------------------------------------------------------------------------ input */

zarrc_status cli_input_open(const char *path, cli_input *in, zarrc_error *error) {
  struct stat st;
  bool stream = cli_is_stream(path);
  *in = (cli_input){.fd = STDIN_FILENO, .name = stream ? "standard input" : path, .total = ZARRC_UNKNOWN};
  if (!stream) in->fd = open_file(path, O_RDONLY, 0);
  if (in->fd < 0 && cli_canceled(NULL)) return canceled(error);
  if (in->fd < 0 && errno == ENOENT) return zarrc_fail(error, ZARRC_NOT_FOUND, "there is no file %.300s", path);
  if (in->fd < 0) return fail_io(error, "cannot open", path);
  if (fstat(in->fd, &st) == 0 && S_ISDIR(st.st_mode)) {
    errno = EISDIR;
    return fail_io(error, "cannot read", in->name);
  }
  if (fstat(in->fd, &st) == 0 && S_ISREG(st.st_mode)) {
    off_t at = lseek(in->fd, 0, SEEK_CUR);
    if (at >= 0 && st.st_size >= at) in->total = (uint64_t)(st.st_size - at);
  }
  return ZARRC_OK;
}

void cli_input_close(cli_input *in) {
  if (in->fd > STDIN_FILENO) close(in->fd);
  in->fd = STDIN_FILENO;
}

zarrc_status cli_input_some(cli_input *in, void *to, size_t n, size_t *got, zarrc_error *error) {
  *got = 0;
  while (*got < n) {
    size_t want = n - *got < ((size_t)1 << 30) ? n - *got : (size_t)1 << 30;
    ssize_t count = read(in->fd, (char *)to + *got, want);
    if (cli_canceled(NULL)) return canceled(error);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_io(error, "cannot read", in->name);
    if (count == 0) break;
    *got += (size_t)count;
  }
  in->at += *got;
  return ZARRC_OK;
}

zarrc_status cli_input_read(cli_input *in, void *to, size_t n, zarrc_error *error) {
  size_t got;
  zarrc_status status = cli_input_some(in, to, n, &got, error);
  if (!status && got < n)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%.300s ends at byte %llu, %llu bytes too early", in->name,
                      (unsigned long long)in->at, (unsigned long long)(n - got));
  return status;
}

zarrc_status cli_input_finish(cli_input *in, zarrc_error *error) {
  char extra;
  size_t got;
  zarrc_status status = cli_input_some(in, &extra, 1, &got, error);
  if (!status && got > 0)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%.300s is longer than the %llu bytes wanted", in->name,
                      (unsigned long long)(in->at - 1));
  return status;
}

zarrc_status cli_input_all(cli_input *in, uint64_t max, char **out, size_t *n, zarrc_error *error) {
  bool known = in->total != ZARRC_UNKNOWN && in->total < max && in->total < SIZE_MAX / 2;
  size_t cap = known ? (size_t)in->total + 2 : BUFFER, len = 0;
  char *text = NULL;
  zarrc_status status = ZARRC_OK;
  for (;;) {
    size_t got;
    char *more = cap > 0 ? realloc(text, cap) : NULL;
    if (!more) {
      status = zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory while reading %.300s", in->name);
      goto done;
    }
    text = more;
    status = cli_input_some(in, text + len, cap - 1 - len, &got, error);
    if (status) goto done;
    len += got;
    if (len > max) {
      status = zarrc_fail(error, ZARRC_LIMIT, "%.300s is longer than %llu bytes", in->name, (unsigned long long)max);
      goto done;
    }
    if (len < cap - 1) break;
    cap = cap <= SIZE_MAX / 2 ? cap * 2 : 0; /* 0: fails as out of memory */
  }
  text[len] = 0;
  *out = text;
  *n = len;
  text = NULL;
done:
  free(text);
  return status;
}

zarrc_status cli_file_read(const char *path, uint64_t max, char **out, size_t *n, zarrc_error *error) {
  cli_input in;
  zarrc_status status = cli_input_open(path, &in, error);
  if (!status) status = cli_input_all(&in, max, out, n, error);
  cli_input_close(&in);
  return status;
}

/* ----------------------------------------------------------------------------------------------------- output */

/* Creates DIR/.NAME.PID.N.tmp. */
static zarrc_status open_temporary(cli_output *out, mode_t mode, zarrc_error *error) {
  const char *slash = strrchr(out->path, '/');
  int dir = slash ? (int)(slash - out->path + 1) : 0;
  size_t n = strlen(out->path) + 64;
  out->temporary = malloc(n);
  if (!out->temporary) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  for (unsigned i = 0; i < 1000; i++) {
    snprintf(out->temporary, n, "%.*s.%s.%ld.%u.tmp", dir, out->path, out->path + dir, (long)getpid(), i);
    out->fd = open_file(out->temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (out->fd >= 0) return ZARRC_OK;
    if (errno != EEXIST) break;
  }
  int os_error = errno;
  free(out->temporary);
  out->temporary = NULL;
  errno = os_error;
  return fail_io(error, "cannot write", out->name);
}

zarrc_status cli_output_open(const char *path, bool binary, bool forced, cli_output *out, zarrc_error *error) {
  struct stat st;
  bool stream = cli_is_stream(path);
  *out =
      (cli_output){.fd = stream ? STDOUT_FILENO : -1, .name = stream ? "standard output" : path, .buf = malloc(BUFFER)};
  if (!out->buf) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  if (!stream) {
    bool there = stat(path, &st) == 0;
    if (there && !S_ISREG(st.st_mode)) { /* devices and pipes are written to directly */
      out->fd = open_file(path, O_WRONLY, 0);
      if (out->fd < 0 && cli_canceled(NULL)) return canceled(error);
      if (out->fd < 0) return fail_io(error, "cannot write", path);
    } else {
      out->path = there ? realpath(path, NULL) : strdup(path); /* the target of a link, so that the link stays */
      if (!out->path) return fail_io(error, "cannot write", path);
      zarrc_status status = open_temporary(out, there ? st.st_mode & 0777 : 0666, error);
      if (status) return status;
    }
  }
  out->terminal = isatty(out->fd);
  if (binary && !forced && out->terminal)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "binary data is not written to a terminal");
  return ZARRC_OK;
}

static zarrc_status write_all(cli_output *out, const uint8_t *p, size_t n, zarrc_error *error) {
  while (n > 0) {
    ssize_t count = write(out->fd, p, n < ((size_t)1 << 30) ? n : (size_t)1 << 30);
    if (cli_canceled(NULL)) return canceled(error);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_io(error, "cannot write", out->name);
    p += count;
    n -= (size_t)count;
  }
  return ZARRC_OK;
}

static zarrc_status flush(cli_output *out, zarrc_error *error) {
  size_t n = out->len;
  out->len = 0;
  return write_all(out, out->buf, n, error);
}

zarrc_status cli_output_write(cli_output *out, const void *bytes, size_t n, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  out->total += n;
  if (n > BUFFER - out->len) status = flush(out, error);
  if (!status && n >= BUFFER) return write_all(out, bytes, n, error);
  if (!status && n > 0) {
    memcpy(out->buf + out->len, bytes, n);
    out->len += n;
  }
  return status;
}

zarrc_status cli_output_text(cli_output *out, const char *text, zarrc_error *error) {
  return cli_output_write(out, text, strlen(text), error);
}

zarrc_status cli_output_finish(cli_output *out, zarrc_error *error) {
  zarrc_status status = flush(out, error);
  if (status || cli_canceled(NULL)) return status ? status : canceled(error);
  if (out->fd == STDOUT_FILENO) return ZARRC_OK;
  int fd = out->fd;
  out->fd = -1;
  if (close(fd) != 0) return fail_io(error, "cannot write", out->name);
  if (!out->temporary) return ZARRC_OK;
  if (rename(out->temporary, out->path) != 0) return fail_io(error, "cannot write", out->name);
  free(out->temporary);
  out->temporary = NULL;
  return ZARRC_OK;
}

void cli_output_close(cli_output *out) {
  if (out->fd >= 0 && out->fd != STDOUT_FILENO) close(out->fd);
  if (out->temporary) unlink(out->temporary);
  free(out->temporary);
  free(out->path);
  free(out->buf);
  *out = (cli_output){.fd = -1};
}

zarrc_status cli_print(const char *text, size_t n, zarrc_error *error) {
  cli_output out = {.fd = STDOUT_FILENO, .name = "standard output"};
  if (fflush(stdout) != 0) return cli_canceled(NULL) ? canceled(error) : fail_io(error, "cannot write", out.name);
  return write_all(&out, (const uint8_t *)text, n, error);
}
