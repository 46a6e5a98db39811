/* SPDX-License-Identifier: MIT */
#include "store/answer.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

void zarrc_answer_begin(zarrc_answer *answer, int status) {
  *answer = (zarrc_answer){.status = status, .length = ZARRC_UNKNOWN, .total = ZARRC_UNKNOWN, .retry_after_ms = -1};
}

static void copy_text(char *out, size_t size, const char *text, size_t n) {
  if (n >= size) n = 0;
  memcpy(out, text, n);
  out[n] = '\0';
}

/* Reads a decimal number of at most 63 bits. Returns what follows, or NULL. */
static const char *read_number(const char *p, const char *end, uint64_t *out) {
  const char *begin = p;
  for (*out = 0; p < end && *p >= '0' && *p <= '9'; p++) {
    if (*out > (INT64_MAX - 9) / 10) return NULL;
    *out = *out * 10 + (uint64_t)(*p - '0');
  }
  return p > begin ? p : NULL;
}

/* Reads "bytes 0-9/1000", with * for an unknown length, or for the range in an answer of status 416. */
static bool read_content_range(zarrc_answer *a, const char *p, const char *end) {
  uint64_t last;
  if (end - p < 6 || strncasecmp(p, "bytes", 5) != 0) return false;
  for (p += 5; p < end && (*p == ' ' || *p == '='); p++) {
  }
  if (p < end && *p == '*') {
    p++;
  } else {
    p = read_number(p, end, &a->first);
    if (!p || p == end || *p != '-') return false;
    p = read_number(p + 1, end, &last);
    if (!p || last < a->first) return false;
    a->end = last + 1;
  }
  if (p == end || *p != '/') return false;
  if (++p < end && *p == '*') return p + 1 == end;
  p = read_number(p, end, &a->total);
  return p == end && a->end <= a->total;
}

static void take_content_range(zarrc_answer *a, const char *p, const char *end) {
  a->is_malformed = a->has_range || !read_content_range(a, p, end);
  a->has_range = true;
}

static void take_length(zarrc_answer *a, const char *p, const char *end) {
  if (read_number(p, end, &a->length) != end) a->length = ZARRC_UNKNOWN;
}

static void take_etag(zarrc_answer *a, const char *p, const char *end) {
  copy_text(a->etag, sizeof a->etag, p, (size_t)(end - p));
}

static void take_modified(zarrc_answer *a, const char *p, const char *end) {
  copy_text(a->modified, sizeof a->modified, p, (size_t)(end - p));
}

static void take_encoding(zarrc_answer *a, const char *p, const char *end) {
  size_t n = (size_t)(end - p);
  if (n == 0 || (n == strlen("identity") && !strncasecmp(p, "identity", n))) return;
  copy_text(a->encoding, sizeof a->encoding, p, n < sizeof a->encoding ? n : sizeof a->encoding - 1);
}

static void take_date(zarrc_answer *a, const char *p, const char *end) {
  copy_text(a->date, sizeof a->date, p, (size_t)(end - p));
}

static void take_region(zarrc_answer *a, const char *p, const char *end) {
  copy_text(a->region, sizeof a->region, p, (size_t)(end - p));
}

static void take_type(zarrc_answer *a, const char *p, const char *end) {
  static const char json[] = "application/json";
  size_t n = sizeof json - 1;
  a->is_json = (size_t)(end - p) >= n && !strncasecmp(p, json, n) && (p + n == end || p[n] == ';' || p[n] == ' ');
}

void zarrc_answer_take(zarrc_answer *answer, const char *line, size_t n) {
  static const struct {
    const char *name;
    void (*take)(zarrc_answer *answer, const char *p, const char *end);
  } rows[] = {{"Content-Range", take_content_range},
              {"Content-Length", take_length},
              {"ETag", take_etag},
              {"Last-Modified", take_modified},
              {"Content-Encoding", take_encoding},
              {"Content-Type", take_type},
              {"Date", take_date},
              {"x-amz-bucket-region", take_region}};
  const char *end = line + n, *colon = memchr(line, ':', n);
  if (!colon) return;
  const char *value = colon + 1;
  while (value < end && (*value == ' ' || *value == '\t')) value++;
  while (end > value && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r' || end[-1] == '\n')) end--;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (strlen(rows[i].name) == (size_t)(colon - line) && !strncasecmp(line, rows[i].name, strlen(rows[i].name)))
      rows[i].take(answer, value, end);
}

bool zarrc_answer_is_strong(const zarrc_answer *answer) {
  size_t n = strlen(answer->etag);
  return n > 2 && answer->etag[0] == '"' && answer->etag[n - 1] == '"';
}

const char *zarrc_answer_refuse(const zarrc_answer *answer, zarrc_get_kind kind, uint64_t first, uint64_t nbytes) {
  uint64_t n = answer->end - answer->first;
  if (kind == ZARRC_GET_ALL) return "the server answers with a part of the value, although all of it was asked for";
  if (!answer->has_range || answer->is_malformed || !answer->end)
    return "the server answers with a part of the value, and does not say with which";
  if (answer->length != ZARRC_UNKNOWN && answer->length != n)
    return "the server answers with another number of bytes than it says";
  if (kind == ZARRC_GET_SUFFIX) {
    first = answer->total == ZARRC_UNKNOWN || answer->total < nbytes ? 0 : answer->total - nbytes;
    if (answer->end != answer->total) return "the server was asked for the last bytes, and answers with others";
  }
  if (answer->first != first || n > nbytes) return "the server answers with other bytes than those asked for";
  if (n < nbytes && answer->end != answer->total) return "the server answers with fewer bytes than were asked for";
  return NULL;
}

static const char *words_of(int status) {
  static const struct {
    int status;
    const char *words;
  } rows[] = {{400, "Bad Request"},
              {401, "Unauthorized"},
              {403, "Forbidden"},
              {404, "Not Found"},
              {405, "Method Not Allowed"},
              {407, "Proxy Authentication Required"},
              {408, "Request Timeout"},
              {410, "Gone"},
              {412, "Precondition Failed"},
              {416, "Range Not Satisfiable"},
              {425, "Too Early"},
              {429, "Too Many Requests"},
              {500, "Internal Server Error"},
              {501, "Not Implemented"},
              {502, "Bad Gateway"},
              {503, "Service Unavailable"},
              {504, "Gateway Timeout"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].status == status) return rows[i].words;
  return "";
}

zarrc_status zarrc_answer_fail(const zarrc_answer *answer, unsigned ntries, zarrc_error *error) {
  int http = answer->status;
  bool is_access = http == 401 || http == 403 || http == 407;
  const char *words = words_of(http);
  zarrc_status status = zarrc_fail(error, is_access ? ZARRC_ACCESS : ZARRC_NETWORK, "the server answers %d%s%s", http,
                                   *words ? " " : "", words);
  if (*answer->reason) zarrc_error_append(error, ": %s", answer->reason);
  if (ntries > 1) zarrc_error_append(error, " (tried %u times)", ntries);
  if (!error) return status;
  error->http_status = http;
  error->os_error = is_access ? EACCES : 0; /* errno is of something else */
  error->transient = http == 408 || http == 425 || http == 429 || (http >= 500 && http != 501);
  if (answer->retry_after_ms > 0) error->retry_after_ms = answer->retry_after_ms;
  return status;
}
