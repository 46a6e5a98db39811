/* SPDX-License-Identifier: MIT */
#include "store/curl.h"
#include "store/answer.h"
#include "store/authorities.h"

#include "base/alloc.h"
#include "base/ctx.h"
#include "base/text.h"

#include <zarrc/plugin/blob.h>

#if !ZARRC_HAVE_CURL

zarrc_status zarrc_curl_open(zarrc_ctx *ctx, const zarrc_transport_options *options, zarrc_curl **out,
                             zarrc_error *error) {
  (void)ctx, (void)options, (void)out;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "zarrc was built without libcurl, which http and https need");
}

void zarrc_curl_close(zarrc_curl *curl) {
  (void)curl;
}

void zarrc_curl_forget(zarrc_curl *curl) {
  (void)curl;
}

zarrc_status zarrc_curl_start(zarrc_curl *curl, zarrc_get *get, const zarrc_curl_head *head, bool *started,
                              zarrc_error *error) {
  (void)curl, (void)get, (void)head, (void)started;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "zarrc was built without libcurl");
}

void zarrc_curl_stop(zarrc_curl *curl, zarrc_get *get) {
  (void)curl, (void)get;
}

void zarrc_curl_perform(zarrc_curl *curl) {
  (void)curl;
}

void zarrc_curl_wait(zarrc_curl *curl, int ms) {
  (void)curl, (void)ms;
}

void zarrc_curl_wake(zarrc_curl *curl) {
  (void)curl;
}

bool zarrc_curl_next(zarrc_curl *curl, zarrc_curl_end *out) {
  (void)curl, (void)out;
  return false;
}

unsigned zarrc_curl_nactive(const zarrc_curl *curl) {
  (void)curl;
  return 0;
}

void zarrc_curl_count(const zarrc_curl *curl, zarrc_http_counts *out) {
  (void)curl, (void)out;
}

#else

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
  BUFFER_NBYTES = 16 << 10,
  LANE_NBYTES = 48 << 10,     /* approximate memory of a transfer */
  HEAD_NBYTES = 64 << 10,     /* longest head of an answer */
  UNWANTED_NBYTES = 64 << 10, /* so much is read of a body that nobody wants, to keep the connection */
  EXPECT_NBYTES = 1 << 20,    /* a body that is shorter is sent without asking first */
  AT_ONCE_NBYTES = 16 << 20,  /* a body of that length, if it is announced, gets its memory at once */
  PATIENCE_MS = 1000,         /* a lost packet is not sent again sooner */
  PATIENCE_TIMES = 8          /* an answer may take so many times as long as usual */
};

/* A place for a transfer. */
typedef struct lane {
  CURL *easy; /* NULL: not made yet */
  zarrc_curl *curl;
  zarrc_get *get; /* NULL: there is none */
  struct curl_slist *list;
  size_t nhead, nunwanted;
  size_t begin;     /* bytes of the body that were there before */
  uint64_t begun;   /* when the transfer was */
  uint64_t heard;   /* when the last byte came, or went */
  size_t piece, at; /* of what is sent: where the next byte lies */
  uint64_t nsent;
  bool is_wanted, is_ended, starts_again;
  char words[CURL_ERROR_SIZE];
} lane;

struct zarrc_curl {
  zarrc_ctx *ctx;
  zarrc_http_options http;
  char *user, *password;   /* or NULL */
  char *ca_file, *ca_path; /* NULL: what libcurl was built with */
  struct curl_slist *headers;
  bool is_direct;
  long process; /* that the handles belong to */
  CURLM *multi;
  lane *ended; /* the last that zarrc_curl_next has told of; NULL: it is empty again */
  unsigned nactive;
  uint64_t
      usual_ms; /* the longest that one of the last answers to a GET has taken to begin, about; UINT64_MAX: unknown */
  zarrc_http_counts counts;
  lane lanes[];
};

static uint64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------------------------------ the head of an answer */

/* Ends a transfer of which no more is wanted. */
static bool end_transfer(lane *l) {
  l->is_ended = true;
  return false;
}

static bool fail_transfer(lane *l, zarrc_status status, const char *what) {
  l->get->status = zarrc_fail(l->get->error, status, "%s", what);
  return end_transfer(l);
}

/* Decides about a body that continues what is there already. */
static bool continue_body(lane *l) {
  zarrc_get *get = l->get;
  const zarrc_answer *a = &get->answer, *head = &get->own.head;
  bool fits = a->status == 206 && a->has_range && !a->is_malformed && a->first == head->first + get->body.len &&
              a->end == head->end && !strcmp(a->etag, head->etag);
  l->starts_again = !fits;
  return fits || end_transfer(l);
}

/* Decides about the body of an answer, when its head is there. */
static bool begin_body(lane *l) {
  zarrc_get *get = l->get;
  zarrc_answer *a = &get->answer;
  if (a->status != 200 && a->status != 206) return true;
  if (*a->encoding) {
    char words[96];
    snprintf(words, sizeof words, "the server sends it encoded (Content-Encoding: %s)", a->encoding);
    return fail_transfer(l, ZARRC_UNSUPPORTED, words);
  }
  l->is_wanted = true;
  if (get->own.resumes) return continue_body(l);
  if (a->status == 206) {
    const char *wrong = zarrc_answer_refuse(a, get->kind, get->first, get->nbytes);
    if (wrong) return fail_transfer(l, ZARRC_NETWORK, wrong);
  } else {
    a->first = 0;
    a->end = a->total = a->length;
  }
  if (!get->accept(get)) {
    get->is_cut = true;
    return end_transfer(l);
  }
  if (a->end == ZARRC_UNKNOWN || a->end - a->first > AT_ONCE_NBYTES || a->end - a->first > get->body.max) return true;
  zarrc_status status = zarrc_buf_reserve(&get->body, (size_t)(a->end - a->first), get->error);
  if (status) get->status = status;
  return !status || end_transfer(l);
}

/* Notes how long an answer has taken to begin. */
static void note_beginning(const lane *l) {
  uint64_t took = l->heard - l->begun, *usual = &l->curl->usual_ms;
  if (l->get->method) return;
  if (*usual != UINT64_MAX) *usual -= *usual / 8;
  if (*usual == UINT64_MAX || took > *usual) *usual = took;
}

static size_t take_head(char *text, size_t size, size_t n, void *arg) {
  lane *l = arg;
  long status = 0;
  n *= size;
  l->heard = now_ms();
  if (l->nhead == 0) note_beginning(l);
  l->nhead += n;
  if (l->nhead > HEAD_NBYTES) return fail_transfer(l, ZARRC_NETWORK, "the head of the server's answer is too long");
  if (l->is_wanted) return n; /* trailers, which say nothing that counts */
  if (n >= 5 && !strncasecmp(text, "HTTP/", 5)) {
    curl_easy_getinfo(l->easy, CURLINFO_RESPONSE_CODE, &status);
    zarrc_answer_begin(&l->get->answer, (int)status);
  } else if (*text == '\r' || *text == '\n') {
    if (l->get->answer.status >= 200 && !begin_body(l)) return 0;
  } else {
    zarrc_answer_take(&l->get->answer, text, n);
  }
  return n;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *arg) {
  lane *l = arg;
  zarrc_get *get = l->get;
  n *= size;
  l->heard = now_ms();
  if (!l->is_wanted) {
    size_t room = sizeof get->told - 1 - get->ntold, more = n < room ? n : room;
    memcpy(get->told + get->ntold, bytes, more);
    get->told[get->ntold += more] = '\0';
    l->nunwanted += n;
    return l->nunwanted > UNWANTED_NBYTES ? end_transfer(l) : n;
  }
  if (get->answer.status == 206 && n > get->answer.end - get->answer.first - (get->body.len - l->begin))
    return fail_transfer(l, ZARRC_NETWORK, "the server sends more bytes than it has announced");
  if (n > get->body.max - get->body.len) {
    get->is_cut = true;
    return end_transfer(l);
  }
  zarrc_status status = zarrc_buf_append(&get->body, bytes, n, get->error);
  if (status) get->status = status;
  l->curl->counts.nbytes += n;
  return status ? end_transfer(l) : n;
}

/* ---------------------------------------------------------------------------------------------- what is sent */

/* Goes to a byte of what is sent, counted from the first. */
static void go_to(lane *l, uint64_t offset) {
  const zarrc_get *get = l->get;
  uint64_t at = get->send_first + offset;
  for (l->piece = 0; l->piece < get->nsend && at >= get->send[l->piece].len; l->piece++) at -= get->send[l->piece].len;
  l->at = (size_t)at;
  l->nsent = offset;
}

static size_t give_body(char *out, size_t size, size_t n, void *arg) {
  lane *l = arg;
  const zarrc_get *get = l->get;
  uint64_t left = get->send_nbytes - l->nsent;
  size_t room = size * n < left ? size * n : (size_t)left, given = 0;
  l->heard = now_ms();
  while (given < room) {
    const zarrc_bytes *p = &get->send[l->piece];
    size_t more = p->len - l->at < room - given ? p->len - l->at : room - given;
    if (more) memcpy(out + given, p->ptr + l->at, more);
    given += more;
    l->at += more;
    if (l->at == p->len) l->piece++, l->at = 0;
  }
  l->nsent += given;
  return given;
}

/* Called before libcurl itself sends a body again, over another connection: who asks has to know. */
static int seek_body(void *arg, curl_off_t offset, int origin) {
  lane *l = arg;
  if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > l->get->send_nbytes) return CURL_SEEKFUNC_CANTSEEK;
  go_to(l, (uint64_t)offset);
  l->get->ntries++;
  return CURL_SEEKFUNC_OK;
}

/* ---------------------------------------------------------------------------------------------- starting transfers */

/* Sets what is the same for all requests. */
static CURLcode set_lane(const zarrc_curl *c, lane *l) {
  const zarrc_http_options *http = &c->http;
  char agent[64];
  CURLcode code = CURLE_OK;
  snprintf(agent, sizeof agent, "zarrc/%s", zarrc_version());
#define SET(option, value)                                                                                             \
  if (!code) code = curl_easy_setopt(l->easy, option, value)
  SET(CURLOPT_PRIVATE, l);
  SET(CURLOPT_ERRORBUFFER, l->words);
  SET(CURLOPT_WRITEFUNCTION, take_body);
  SET(CURLOPT_WRITEDATA, l);
  SET(CURLOPT_HEADERFUNCTION, take_head);
  SET(CURLOPT_HEADERDATA, l);
  SET(CURLOPT_READFUNCTION, give_body);
  SET(CURLOPT_READDATA, l);
  SET(CURLOPT_SEEKFUNCTION, seek_body);
  SET(CURLOPT_SEEKDATA, l);
  SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  SET(CURLOPT_USERAGENT, agent);
#if LIBCURL_VERSION_NUM >= 0x075500
  SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
  SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  SET(CURLOPT_HTTP_VERSION, (long)(http->http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  SET(CURLOPT_CONNECTTIMEOUT_MS, (long)http->connect_timeout_ms);
  SET(CURLOPT_BUFFERSIZE, (long)BUFFER_NBYTES);
  SET(CURLOPT_MAXAGE_CONN, 60L);
  SET(CURLOPT_PATH_AS_IS, 1L);
  SET(CURLOPT_NOSIGNAL, 1L);
  if (c->is_direct) SET(CURLOPT_PROXY, "");
  if (c->ca_file) SET(CURLOPT_CAINFO, c->ca_file);
  if (c->ca_path) SET(CURLOPT_CAPATH, c->ca_path);
  return code;
}

/* Returns a lane that is free; NULL: there is no memory for another one. */
static lane *free_lane(zarrc_curl *c) {
  lane *l = c->lanes;
  while (l->get) l++;
  if (l->easy) return l;
  if (!zarrc_mem_count(c->ctx, LANE_NBYTES)) return NULL;
  l->easy = curl_easy_init();
  if (l->easy && !set_lane(c, l)) return l;
  curl_easy_cleanup(l->easy);
  l->easy = NULL;
  zarrc_mem_uncount(c->ctx, LANE_NBYTES);
  return NULL;
}

static bool add_header(lane *l, const char *text) {
  struct curl_slist *longer = curl_slist_append(l->list, text);
  if (longer) l->list = longer;
  return longer != NULL;
}

/* Adds to the headers of every request those of this one. */
static bool make_headers(const zarrc_curl *c, lane *l, const zarrc_curl_head *head) {
  const zarrc_buf *more = head->headers;
  char text[160];
  bool done = true;
  l->list = NULL;
  for (const struct curl_slist *h = head->secrets ? c->headers : NULL; h && done; h = h->next)
    done = add_header(l, h->data);
  for (size_t i = 0; i < more->len && done; i += strlen((const char *)more->ptr + i) + 1)
    done = add_header(l, (const char *)more->ptr + i);
  if (done && l->get->method && l->get->send_nbytes < EXPECT_NBYTES) done = add_header(l, "Expect:");
  snprintf(text, sizeof text, "If-Match: %s", head->if_match);
  return done && (!*head->if_match || add_header(l, text));
}

/* Sets the method, and what is sent. */
static CURLcode set_method(lane *l) {
  const zarrc_get *get = l->get;
  const char *method = get->method ? get->method : "GET";
  bool sends = !strcmp(method, "PUT") || !strcmp(method, "POST");
  CURLcode code = CURLE_OK;
  SET(CURLOPT_HTTPGET, 1L);
  SET(CURLOPT_CUSTOMREQUEST, get->method);
  if (!sends) return code;
  SET(CURLOPT_UPLOAD, 1L);
  SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)get->send_nbytes);
  go_to(l, 0);
  return code;
}

/* Empties a lane. */
static void leave_lane(zarrc_curl *c, lane *l) {
  long made = 0;
  curl_easy_getinfo(l->easy, CURLINFO_NUM_CONNECTS, &made);
  curl_multi_remove_handle(c->multi, l->easy);
  curl_easy_setopt(l->easy, CURLOPT_HTTPHEADER, NULL);
  curl_slist_free_all(l->list);
  c->counts.connections += (uint64_t)made;
  l->list = NULL;
  l->get = NULL;
  c->nactive--;
}

/* Empties the lane whose end was told last. */
static void leave_ended(zarrc_curl *c) {
  if (c->ended) leave_lane(c, c->ended);
  c->ended = NULL;
}

static bool make_multi(zarrc_curl *c) {
  if (c->multi) return true;
  c->multi = curl_multi_init();
  if (c->multi) curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)c->http.max_requests);
  return c->multi != NULL;
}

zarrc_status zarrc_curl_start(zarrc_curl *c, zarrc_get *get, const zarrc_curl_head *head, bool *started,
                              zarrc_error *error) {
  leave_ended(c);
  lane *l = make_multi(c) ? free_lane(c) : NULL;
  *started = l != NULL;
  if (!l && c->nactive > 0) return ZARRC_OK;
  if (!l) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a transfer");
  *l = (lane){.easy = l->easy, .curl = c, .get = get, .begin = get->body.len, .begun = now_ms()};
  l->heard = l->begun;
  zarrc_answer_begin(&get->answer, 0);
  CURLcode code = make_headers(c, l, head) ? set_method(l) : CURLE_OUT_OF_MEMORY;
  SET(CURLOPT_URL, head->url);
  SET(CURLOPT_HTTPHEADER, l->list);
  SET(CURLOPT_RANGE, *head->range ? head->range : NULL);
  SET(CURLOPT_USERNAME, head->secrets ? c->user : NULL);
  SET(CURLOPT_PASSWORD, head->secrets ? c->password : NULL);
#undef SET
  c->nactive++;
  c->counts.requests++;
  if (!code && !curl_multi_add_handle(c->multi, l->easy)) return ZARRC_OK;
  leave_lane(c, l);
  return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a transfer");
}

/* ------------------------------------------------------------------------------------------------ ending transfers */

void zarrc_curl_stop(zarrc_curl *c, zarrc_get *get) {
  leave_ended(c);
  for (lane *l = c->lanes; l < c->lanes + c->http.max_requests; l++)
    if (l->get == get) leave_lane(c, l);
}

static bool is_connected(const lane *l) {
  curl_off_t at = 0;
  curl_easy_getinfo(l->easy, CURLINFO_PRETRANSFER_TIME_T, &at);
  return at > 0;
}

static zarrc_curl_outcome outcome_of(const lane *l, CURLcode code) {
  if (code == CURLE_UNSUPPORTED_PROTOCOL && is_connected(l)) return ZARRC_CURL_BROKEN; /* what came is not HTTP */
  switch (code) {
  case CURLE_OK:
    return ZARRC_CURL_ANSWERED;
  case CURLE_OUT_OF_MEMORY:
    return ZARRC_CURL_NO_MEMORY;
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CIPHER:
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_ENGINE_NOTFOUND:
  case CURLE_SSL_ENGINE_SETFAILED:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_CRL_BADFILE:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
  case CURLE_UNSUPPORTED_PROTOCOL:
  case CURLE_URL_MALFORMAT:
    return ZARRC_CURL_REFUSED;
  default:
    return is_connected(l) ? ZARRC_CURL_BROKEN : ZARRC_CURL_NO_CONNECTION;
  }
}

static void describe_end(lane *l, CURLcode code, zarrc_curl_end *out) {
  const zarrc_answer *a = &l->get->answer;
  char *url = NULL, *next_url = NULL;
  long number = 0;
  if (l->is_ended) code = CURLE_OK;
  if (!code && !l->is_ended && l->is_wanted && a->status == 206 && l->get->body.len - l->begin != a->end - a->first)
    code = CURLE_PARTIAL_FILE;
  curl_easy_getinfo(l->easy, CURLINFO_EFFECTIVE_URL, &url);
  curl_easy_getinfo(l->easy, CURLINFO_REDIRECT_URL, &next_url);
  curl_easy_getinfo(l->easy, CURLINFO_OS_ERRNO, &number);
  *out = (zarrc_curl_end){.get = l->get,
                          .outcome = outcome_of(l, code),
                          .words = *l->words ? l->words : curl_easy_strerror(code),
                          .url = url ? url : "",
                          .next_url = next_url,
                          .os_error = (int)number,
                          .starts_again = l->starts_again};
  curl_off_t seconds = 0;
  curl_easy_getinfo(l->easy, CURLINFO_RETRY_AFTER, &seconds);
  if (seconds > 0) l->get->answer.retry_after_ms = seconds < INT32_MAX ? (int64_t)seconds * 1000 : INT32_MAX;
}

/* Returns for how long no byte may come. An answer that takes much longer than others has probably been lost; if the
 * server is just slow, there is more patience the next time. What changes something is not given up so soon. */
static uint64_t patience_of(const zarrc_curl *c, const zarrc_get *get) {
  uint64_t most = get->stall_timeout_ms ? get->stall_timeout_ms : c->http.stall_timeout_ms;
  if (get->method && !get->stall_timeout_ms) most <<= get->ntries < 5 ? get->ntries - 1 : 4;
  if (get->stall_timeout_ms || get->method || c->usual_ms == UINT64_MAX || get->ntries >= c->http.tries) return most;
  uint64_t less = (PATIENCE_MS + PATIENCE_TIMES * c->usual_ms) << (get->ntries < 16 ? get->ntries - 1 : 15);
  return less < most ? less : most;
}

/* Finds a transfer of which no byte came for too long. libcurl itself ends those that find no connection. */
static lane *find_stalled(zarrc_curl *c) {
  uint64_t now = now_ms();
  for (lane *l = c->lanes; l < c->lanes + c->http.max_requests; l++) {
    if (l->get && now - l->heard > patience_of(c, l->get) && is_connected(l)) return l;
  }
  return NULL;
}

bool zarrc_curl_next(zarrc_curl *c, zarrc_curl_end *out) {
  int left;
  leave_ended(c);
  const CURLMsg *m = curl_multi_info_read(c->multi, &left);
  if (m) {
    CURLcode code = m->data.result;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c->ended);
    describe_end(c->ended, code, out);
  } else if ((c->ended = find_stalled(c)) != NULL) {
    describe_end(c->ended, CURLE_OPERATION_TIMEDOUT, out);
    out->outcome = ZARRC_CURL_BROKEN;
    out->words = "the server stopped sending";
  }
  return c->ended != NULL;
}

/* ------------------------------------------------------------------------------------------------------ all of them */

void zarrc_curl_perform(zarrc_curl *c) {
  int n;
  if (c->multi) curl_multi_perform(c->multi, &n);
}

void zarrc_curl_wait(zarrc_curl *c, int ms) {
  if (c->multi) curl_multi_poll(c->multi, NULL, 0, ms, NULL);
}

void zarrc_curl_wake(zarrc_curl *c) {
  if (c->multi) curl_multi_wakeup(c->multi);
}

unsigned zarrc_curl_nactive(const zarrc_curl *c) {
  return c->nactive - (c->ended != NULL);
}

void zarrc_curl_count(const zarrc_curl *c, zarrc_http_counts *out) {
  out->requests += c->counts.requests;
  out->connections += c->counts.connections;
  out->nbytes += c->counts.nbytes;
}

void zarrc_curl_forget(zarrc_curl *c) {
  for (lane *l = c->lanes; l < c->lanes + c->http.max_requests; l++) {
    if (l->easy) zarrc_mem_uncount(c->ctx, LANE_NBYTES);
    *l = (lane){0};
  }
  c->process = zarrc_process_number(&c->ctx->process);
  c->multi = NULL;
  c->ended = NULL;
  c->nactive = 0;
}

/* --------------------------------------------------------------------------------------------- opening and closing */

static bool copy_text(zarrc_curl *c, const char *text, char **out) {
  if (!text) return true;
  *out = zarrc_text_new(c->ctx, text, strlen(text));
  return *out != NULL;
}

static bool copy_options(zarrc_curl *c, const zarrc_transport_options *o) {
  const char *file, *path;
  const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
  zarrc_find_authorities(c->http.ca_file, v->cainfo, v->capath, &file, &path);
  bool done = copy_text(c, o->user, &c->user) && copy_text(c, o->password, &c->password) &&
              copy_text(c, file, &c->ca_file) && copy_text(c, path, &c->ca_path);
  for (size_t i = 0; i < c->http.nheaders && done; i++) {
    struct curl_slist *longer = curl_slist_append(c->headers, c->http.headers[i]);
    done = longer != NULL;
    if (done) c->headers = longer;
  }
  return done;
}

zarrc_status zarrc_curl_open(zarrc_ctx *ctx, const zarrc_transport_options *options, zarrc_curl **out,
                             zarrc_error *error) {
  unsigned nlanes = options->http->max_requests;
  size_t nbytes = sizeof(zarrc_curl) + nlanes * sizeof(lane);
  zarrc_curl *c = zarrc_malloc(ctx, nbytes);
  if (!c) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a store");
  if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
    zarrc_free(ctx, c);
    return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for libcurl");
  }
  memset(c, 0, nbytes);
  c->ctx = ctx;
  c->http = *options->http;
  c->is_direct = options->is_direct;
  c->usual_ms = UINT64_MAX;
  c->process = zarrc_process_number(&ctx->process);
  if (!copy_options(c, options)) {
    zarrc_curl_close(c);
    return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a store");
  }
  *out = c;
  return ZARRC_OK;
}

void zarrc_curl_close(zarrc_curl *c) {
  if (!c) return;
  bool is_own = c->process == zarrc_process_number(&c->ctx->process);
  if (is_own) leave_ended(c);
  for (lane *l = c->lanes; l < c->lanes + c->http.max_requests; l++) {
    if (!l->easy) continue;
    if (is_own) curl_easy_cleanup(l->easy);
    zarrc_mem_uncount(c->ctx, LANE_NBYTES);
  }
  if (is_own) curl_multi_cleanup(c->multi);
  curl_slist_free_all(c->headers);
  char *const texts[] = {c->user, c->password, c->ca_file, c->ca_path};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) zarrc_free(c->ctx, texts[i]);
  zarrc_free(c->ctx, c);
  curl_global_cleanup();
}

#endif
