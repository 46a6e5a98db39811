/* SPDX-License-Identifier: MIT */
/* The lines of a manifest, and the root of the tree over them. */
#include "tools/digest.h"

#include <stdio.h>
#include <string.h>

static const char first_line[] = "# zarrc digest 1: SHA-256";

/* ---------------------------------------------------------------------------------------------------- the tree */

static zarrc_status hash_node(const uint8_t *left, const uint8_t *right, uint8_t *out, zarrc_error *error) {
  uint8_t both[1 + 2 * ZARRC_SHA256_NBYTES] = {1};
  memcpy(both + 1, left, ZARRC_SHA256_NBYTES);
  memcpy(both + 1 + ZARRC_SHA256_NBYTES, right, ZARRC_SHA256_NBYTES);
  return zarrc_sha256(both, sizeof both, out, error);
}

zarrc_status zarrc_merkle_add(zarrc_merkle *merkle, const void *text, size_t n, zarrc_error *error) {
  zarrc_sha256_state *state;
  uint8_t hash[ZARRC_SHA256_NBYTES];
  zarrc_status status = zarrc_sha256_begin(&state, error);
  if (status) return status;
  zarrc_sha256_add(state, "\0", 1);
  zarrc_sha256_add(state, text, n);
  status = zarrc_sha256_end(state, hash, error);
  int bit = 0;
  for (; !status && merkle->n >> bit & 1; bit++) status = hash_node(merkle->stack[bit], hash, hash, error);
  memcpy(merkle->stack[bit], hash, sizeof hash);
  merkle->n++;
  return status;
}

zarrc_status zarrc_merkle_root(const zarrc_merkle *merkle, char out[ZARRC_SHA256_TEXT], zarrc_error *error) {
  uint8_t hash[ZARRC_SHA256_NBYTES];
  bool begun = false;
  zarrc_status status = merkle->n == 0 ? zarrc_sha256("", 0, hash, error) : ZARRC_OK;
  for (int bit = 0; bit < 64 && !status; bit++) {
    if (!(merkle->n >> bit & 1)) continue;
    if (begun)
      status = hash_node(merkle->stack[bit], hash, hash, error);
    else
      memcpy(hash, merkle->stack[bit], sizeof hash);
    begun = true;
  }
  if (!status) zarrc_sha256_to_text(hash, out);
  return status;
}

/* ----------------------------------------------------------------------------------------------------- writing */

zarrc_status zarrc_manifest_begin(zarrc_buf *out, zarrc_error *error) {
  return zarrc_buf_printf(out, error, "%s\n", first_line);
}

/* Appends a key. Those with a backslash or a line break are written as sha256sum does. */
static zarrc_status put_key(zarrc_buf *out, const char *key, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  for (; *key && !status; key++)
    status = *key == '\n'   ? zarrc_buf_append(out, "\\n", 2, error)
             : *key == '\\' ? zarrc_buf_append(out, "\\\\", 2, error)
                            : zarrc_buf_append(out, key, 1, error);
  return status;
}

zarrc_status zarrc_manifest_put(zarrc_buf *out, zarrc_merkle *merkle, const char *hash, const char *key,
                                zarrc_error *error) {
  if (strpbrk(key, "\\\n") && zarrc_buf_append(out, "\\", 1, error)) return error ? error->code : ZARRC_NO_MEMORY;
  size_t at = out->len;
  zarrc_status status = zarrc_buf_printf(out, error, "%s  ", hash);
  if (!status) status = put_key(out, key, error);
  if (!status) status = zarrc_merkle_add(merkle, out->ptr + at, out->len - at, error);
  return status ? status : zarrc_buf_append(out, "\n", 1, error);
}

zarrc_status zarrc_manifest_put_inner(zarrc_buf *out, const char *hash, const char *chunk, zarrc_error *error) {
  return zarrc_buf_printf(out, error, "# %s  %s\n", hash, chunk);
}

zarrc_status zarrc_manifest_end(zarrc_buf *out, const char *root, const char *values, zarrc_error *error) {
  zarrc_status status = zarrc_buf_printf(out, error, "# root %s\n", root);
  return status || !*values ? status : zarrc_buf_printf(out, error, "# values %s\n", values);
}

/* ----------------------------------------------------------------------------------------------------- reading */

static bool is_hash(const char *text, const char *end) {
  return end - text >= ZARRC_SHA256_TEXT - 1 &&
         strspn(text, "0123456789abcdef") >= ZARRC_SHA256_TEXT - 1; /* a manifest ends with a line break */
}

/* Takes the hash and the key of a line. */
static zarrc_status take_line(zarrc_manifest *m, const char *line, const char *end, zarrc_error *error) {
  bool escaped = *line == '\\';
  line += escaped;
  if (!is_hash(line, end) || end - line < ZARRC_SHA256_TEXT + 1 || memcmp(line + ZARRC_SHA256_TEXT - 1, "  ", 2) != 0)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "a line is neither a hash with a key nor a comment");
  memcpy(m->hash, line, ZARRC_SHA256_TEXT - 1);
  m->hash[ZARRC_SHA256_TEXT - 1] = 0;
  line += ZARRC_SHA256_TEXT + 1;
  size_t n = (size_t)(end - line);
  if (n + 1 > m->cap) {
    char *key = zarrc_realloc(m->ctx, m->key, n + 64);
    if (!key) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a key");
    m->key = key;
    m->cap = n + 64;
  }
  size_t k = 0;
  for (; line < end; line++) {
    bool turned = escaped && *line == '\\' && line + 1 < end;
    line += turned;
    m->key[k++] = turned && *line == 'n' ? '\n' : *line;
  }
  m->key[k] = 0;
  return ZARRC_OK;
}

static const char *end_of_line(const zarrc_manifest *m, const char *line) {
  return memchr(line, '\n', (size_t)(m->end - line));
}

zarrc_status zarrc_manifest_next(zarrc_manifest *m, zarrc_error *error) {
  const char *end = NULL;
  m->has_line = false;
  for (; m->at < m->end && *m->at == '#'; m->at = end + 1) end = end_of_line(m, m->at);
  if (m->at >= m->end) return ZARRC_OK;
  end = end_of_line(m, m->at);
  zarrc_status status = take_line(m, m->at, end, error);
  m->has_line = !status;
  m->inner = m->at = end + 1;
  for (; m->at < m->end && *m->at == '#' && is_hash(m->at + 2, m->end); m->at = end + 1) end = end_of_line(m, m->at);
  m->inner_end = m->at;
  return status;
}

/* Returns the word behind "# root " on the last line but those of inner chunks; NULL: there is none. */
static const char *find_root(const zarrc_manifest *m) {
  const char *found = NULL;
  for (const char *line = m->text; line < m->end; line = end_of_line(m, line) + 1)
    if (m->end - line >= 7 + ZARRC_SHA256_TEXT && !memcmp(line, "# root ", 7)) found = line + 7;
  return found;
}

static zarrc_status check(const zarrc_manifest *whole, zarrc_error *error) {
  zarrc_manifest m = *whole;
  zarrc_merkle merkle = {0};
  zarrc_buf line = zarrc_buf_new(m.ctx, SIZE_MAX / 2), last = zarrc_buf_new(m.ctx, SIZE_MAX / 2);
  char root[ZARRC_SHA256_TEXT];
  const char *wanted = find_root(&m);
  zarrc_status status = zarrc_manifest_next(&m, error);
  while (!status && m.has_line) {
    line.len = 0;
    if (last.len > 0 && strcmp((const char *)last.ptr, m.key) >= 0)
      status = zarrc_fail(error, ZARRC_INVALID_METADATA, "the keys of the digest are not in order");
    last.len = 0;
    if (!status) status = zarrc_buf_append(&last, m.key, strlen(m.key) + 1, error);
    if (!status) status = zarrc_manifest_put(&line, &merkle, m.hash, m.key, error);
    if (!status) status = zarrc_manifest_next(&m, error);
  }
  if (!status) status = zarrc_merkle_root(&merkle, root, error);
  if (!status && (!wanted || memcmp(wanted, root, sizeof root - 1) != 0))
    status = zarrc_fail(error, ZARRC_INVALID_METADATA, "the digest is %s: its root is not that of its lines",
                        wanted ? "damaged" : "cut off");
  zarrc_buf_clear(&line);
  zarrc_buf_clear(&last);
  zarrc_manifest_close(&m);
  return status;
}

zarrc_status zarrc_manifest_open(zarrc_ctx *ctx, const char *text, size_t n, zarrc_manifest *out, zarrc_error *error) {
  *out = (zarrc_manifest){.ctx = ctx, .text = text, .end = text + n, .at = text};
  if (n < sizeof first_line || memcmp(text, first_line, sizeof first_line - 1) != 0)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "this is no digest: its first line is not \"%s\"", first_line);
  if (text[n - 1] != '\n') return zarrc_fail(error, ZARRC_INVALID_METADATA, "the digest is cut off");
  zarrc_status status = check(out, error);
  return status ? status : zarrc_manifest_next(out, error);
}

void zarrc_manifest_close(zarrc_manifest *manifest) {
  zarrc_free(manifest->ctx, manifest->key);
  manifest->key = NULL;
}

const char *zarrc_manifest_inner(const char *line, const char *end, char hash[ZARRC_SHA256_TEXT], const char **chunk,
                                 size_t *nchunk) {
  if (line >= end) return NULL;
  const char *stop = memchr(line, '\n', (size_t)(end - line)), *name = line + 2 + ZARRC_SHA256_TEXT + 1;
  memcpy(hash, line + 2, ZARRC_SHA256_TEXT - 1);
  hash[ZARRC_SHA256_TEXT - 1] = 0;
  *chunk = name < stop ? name : stop;
  *nchunk = (size_t)(stop - *chunk);
  return stop + 1;
}
