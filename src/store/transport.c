/* SPDX-License-Identifier: MIT */
/*
 * Requests that are made again, and elsewhere, until there is an answer. Of the threads that wait for theirs one drives
 * all transfers; when it has what it wants, another one takes over.
 */
#include "store/transport.h"
#include "store/answer.h"
#include "store/curl.h"
#include "store/http_url.h"

#include "base/ctx.h"
#include "base/lock.h"
#include "base/text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <zarrc/plugin/blob.h>

enum {
  MAX_REDIRECTS = 5,
  MAX_CORRECTIONS = 3,
  CONNECT_TRIES = 2,
  LOOK_MS = 50, /* how often to look whether the work is canceled, at least */
  MAX_RETRY_AFTER_MS = 60000,
  FEWEST_ANSWERS = 8
};

/* The requests of one call. */
typedef struct zarrc_batch {
  size_t nleft;
  bool is_canceled;
} batch;

typedef struct list {
  zarrc_get *first, *last;
} list;

struct zarrc_transport {
  zarrc_ctx *ctx;
  zarrc_http_options http;
  zarrc_signer signer;
  char *root, *query;
  zarrc_lock lock; /* of what follows; the driver gives it while it performs and waits */
  pthread_cond_t changed;
  long process;
  bool is_driven;
  zarrc_curl *curl;
  list ready, waiting, active;
  char *moved; /* where the root has moved for good; NULL: nowhere */
  bool has_moved_elsewhere;
  uint64_t random;
  unsigned most;                /* transfers at the same time */
  unsigned nanswers, nrefusals; /* since `most` was changed last */
  bool is_loaded;               /* the server had refused many before that */
  uint64_t nretries, nrounds;
};

static uint64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void list_add(list *l, zarrc_get *get) {
  get->own.next = NULL;
  *(l->first ? &l->last->own.next : &l->first) = get;
  l->last = get;
}

static void list_remove(list *l, zarrc_get *get) {
  zarrc_get *before = NULL;
  for (zarrc_get *g = l->first; g != get; g = g->own.next) before = g;
  *(before ? &before->own.next : &l->first) = get->own.next;
  if (l->last == get) l->last = before;
}

/* Ends a request, of which nothing is left here. */
static void finish(zarrc_transport *t, zarrc_get *get) {
  zarrc_free(t->ctx, get->own.location);
  get->own.location = NULL;
  if (get->own.resumes && !get->status) get->answer = get->own.head;
  if (--get->own.batch->nleft == 0) pthread_cond_broadcast(&t->changed);
}

/* ----------------------------------------------------------------------------------------------- starting requests */

static void write_range(const zarrc_get *get, char *out, size_t size) {
  unsigned long long first = get->first, last = first + get->nbytes - 1;
  *out = '\0';
  if (get->own.resumes) {
    first = get->own.head.first + get->body.len;
    last = get->own.head.end - 1;
  } else if (get->kind == ZARRC_GET_SUFFIX) {
    snprintf(out, size, "-%llu", (unsigned long long)get->nbytes);
    return;
  } else if (get->kind == ZARRC_GET_ALL) {
    return;
  }
  snprintf(out, size, "%llu-%llu", first, last);
}

static zarrc_status write_url(const zarrc_transport *t, const zarrc_get *get, zarrc_buf *out, zarrc_buf *headers,
                              zarrc_error *error) {
  if (t->signer.sign) {
    zarrc_status failed = t->signer.sign(t->signer.arg, get, out, headers, error);
    return failed ? failed : zarrc_buf_append(out, "", 1, error);
  }
  const char *root = t->moved ? t->moved : t->root;
  const char *slash = *get->path == '/' ? "" : "/";
  zarrc_status status = get->own.location ? zarrc_buf_append(out, get->own.location, strlen(get->own.location), error)
                                          : zarrc_buf_printf(out, error, "%s%s%s%s", root, slash, get->path, t->query);
  return status ? status : zarrc_buf_append(out, "", 1, error);
}

/* Starts a request. Returns false if it has to wait for memory; it may also have ended. */
static bool start(zarrc_transport *t, list *from, zarrc_get *get) {
  char range[64];
  bool started = true;
  zarrc_buf url = zarrc_buf_new(t->ctx, SIZE_MAX), headers = zarrc_buf_new(t->ctx, SIZE_MAX);
  zarrc_status status = write_url(t, get, &url, &headers, get->error);
  write_range(get, range, sizeof range);
  get->ntold = 0;
  get->told[0] = '\0';
  const zarrc_curl_head head = {.url = (const char *)url.ptr,
                                .range = range,
                                .if_match = *get->if_match     ? get->if_match
                                            : get->own.resumes ? get->own.head.etag
                                                               : "",
                                .headers = &headers,
                                .secrets =
                                    !(get->own.location ? get->own.is_elsewhere : t->moved && t->has_moved_elsewhere)};
  if (!status) status = zarrc_curl_start(t->curl, get, &head, &started, get->error);
  zarrc_buf_clear(&url);
  zarrc_buf_clear(&headers);
  if (!status && !started) return false;
  list_remove(from, get);
  if (!get->own.deadline) get->own.deadline = now_ms() + t->http.retry_timeout_ms;
  if (!status) {
    list_add(&t->active, get);
    return true;
  }
  get->status = status;
  finish(t, get);
  return true;
}

/* Starts as many requests as there may be. Those to be made again come first. */
static void start_some(zarrc_transport *t) {
  uint64_t now = now_ms();
  zarrc_get *next;
  for (zarrc_get *get = t->waiting.first; get && zarrc_curl_nactive(t->curl) < t->most; get = next) {
    next = get->own.next;
    if (get->own.not_before <= now && !start(t, &t->waiting, get)) return;
  }
  while (t->ready.first && zarrc_curl_nactive(t->curl) < t->most)
    if (!start(t, &t->ready, t->ready.first)) return;
}

/* Returns how long to wait for something to do. */
static int wait_of(const zarrc_transport *t) {
  uint64_t now = now_ms(), wait = LOOK_MS;
  for (const zarrc_get *get = t->waiting.first; get; get = get->own.next)
    if (get->own.not_before < now + wait) wait = get->own.not_before > now ? get->own.not_before - now : 0;
  return (int)wait;
}

/* ------------------------------------------------------------------------------------------------- ending requests */

/* Adapts the number of requests at the same time to the part of them that the server refuses. */
static void note_answer(zarrc_transport *t, bool is_refused) {
  t->nanswers++;
  t->nrefusals += is_refused;
  if (t->nanswers < t->most || t->nanswers < FEWEST_ANSWERS) return;
  t->is_loaded = t->nrefusals * 10 > t->nanswers;
  if (t->is_loaded)
    t->most = t->most > 1 ? t->most / 2 : 1;
  else if (t->most < t->http.max_requests)
    t->most++;
  t->nanswers = t->nrefusals = 0;
}

static uint64_t draw(zarrc_transport *t, uint64_t most) {
  t->random ^= t->random << 13;
  t->random ^= t->random >> 7;
  t->random ^= t->random << 17;
  return t->random % (most + 1);
}

/* Makes a request again after a while, from where its body was cut off if the version can be told. most: the longest
 * wait the first time. Returns false if it was made often enough. */
static bool try_again(zarrc_transport *t, zarrc_get *get, unsigned tries, uint64_t at_least, uint64_t most) {
  uint64_t now = now_ms();
  for (unsigned i = 1; i < get->ntries && most < MAX_RETRY_AFTER_MS; i++) most *= 2;
  uint64_t wait = draw(t, most);
  if (wait < at_least) wait = at_least;
  if (get->ntries >= tries || now + wait > get->own.deadline) return false;
  const zarrc_answer *a = get->own.resumes ? &get->own.head : &get->answer;
  bool has_part = get->body.len > 0 && !get->method && zarrc_answer_is_strong(a) && a->end != ZARRC_UNKNOWN;
  if (has_part && !get->own.resumes) get->own.head = *a;
  if (!has_part) get->body.len = 0;
  get->own.resumes = has_part;
  zarrc_free(t->ctx, get->own.location);
  get->own.location = NULL;
  get->own.nredirects = 0;
  get->own.is_elsewhere = get->own.is_temporary = false;
  get->own.not_before = now + wait;
  get->ntries++;
  t->nretries++;
  list_add(&t->waiting, get);
  return true;
}

/* Gives up what came of a body, and begins anew. */
static bool begin_again(zarrc_transport *t, zarrc_get *get) {
  get->own.resumes = false;
  get->body.len = 0;
  get->answer.etag[0] = '\0';
  return try_again(t, get, t->http.tries, 0, 0);
}

static bool is_same_server(const char *a, const char *b) {
  const char *x = strstr(a, "://"), *y = strstr(b, "://");
  if (!x || !y || x - a != y - b || strncasecmp(a, b, (size_t)(x - a)) != 0) return false;
  size_t n = strcspn(x += 3, "/?#"), m = strcspn(y += 3, "/?#");
  return n == m && !strncasecmp(x, y, n);
}

/* Returns whether a redirect only adds a slash to the path, as a server does that has a folder of that name. */
static bool only_adds_slash(const char *from, const char *to) {
  const char *a = strstr(from, "://"), *b = strstr(to, "://");
  if (!a || !b) return false;
  a += 3 + strcspn(a + 3, "/?#");
  b += 3 + strcspn(b + 3, "/?#");
  size_t n = strcspn(a, "?#"), m = strcspn(b, "?#");
  return m == n + 1 && !strncmp(a, b, n) && b[n] == '/';
}

/* Remembers that everything has moved, if a value has moved for good and only the beginning of its URL has changed. */
static void note_moved(zarrc_transport *t, const zarrc_get *get) {
  const char *to = get->own.location;
  size_t n = strlen(to), m = strlen(get->path);
  if (get->own.is_temporary || *t->query || *get->path == '/' || n <= m || to[n - m - 1] != '/' ||
      strcmp(to + n - m, get->path) != 0)
    return;
  char *moved = zarrc_malloc(t->ctx, n - m);
  if (!moved) return;
  memcpy(moved, to, n - m - 1);
  moved[n - m - 1] = '\0';
  zarrc_free(t->ctx, t->moved);
  t->moved = moved;
  t->has_moved_elsewhere = get->own.is_elsewhere;
}

static bool refuse_redirect(zarrc_get *get, const char *why) {
  get->status = zarrc_fail(get->error, ZARRC_NETWORK, "%s", why);
  return false;
}

/* Copies a URL; characters that none can have, which some servers put into redirects, are percent-encoded. */
static char *copy_url(const zarrc_transport *t, const char *url) {
  size_t n = strlen(url);
  char *copy = n < SIZE_MAX / 4 ? zarrc_malloc(t->ctx, 3 * n + 1) : NULL;
  if (copy) zarrc_http_text_encode(url, n, copy);
  return copy;
}

/* Returns whether the redirect is followed; otherwise the request ends. */
static bool follow(zarrc_transport *t, const zarrc_curl_end *end, zarrc_get *get) {
  const char *to = end->next_url, *from = end->url;
  if (!to) return refuse_redirect(get, "the server redirects to nowhere");
  bool is_tls = !strncasecmp(to, "https://", 8);
  if (!is_tls && strncasecmp(to, "http://", 7) != 0)
    return refuse_redirect(get, "the server redirects to a URL that is not http or https");
  if (!is_tls && !strncasecmp(from, "https://", 8))
    return refuse_redirect(get, "the server redirects from https to http, which is not followed");
  if (only_adds_slash(from, to)) {
    get->answer.status = 404;
    return false;
  }
  if (++get->own.nredirects > MAX_REDIRECTS) return refuse_redirect(get, "more than 5 redirects");
  bool is_elsewhere = get->own.is_elsewhere || !is_same_server(t->root, to);
  char *copy = copy_url(t, to);
  if (!copy) {
    get->status = zarrc_fail(get->error, ZARRC_NO_MEMORY, "no memory for a redirect");
    return false;
  }
  zarrc_free(t->ctx, get->own.location);
  get->own.location = copy;
  get->own.is_elsewhere = is_elsewhere;
  if (get->answer.status != 301 && get->answer.status != 308) get->own.is_temporary = true;
  note_moved(t, get);
  return true;
}

static bool is_transient(int status) {
  return status == 408 || status == 425 || status == 429 || status == 500 || (status >= 502 && status <= 504);
}

/* Lets the signer look at an answer. Returns whether it has decided what happens: then *again is set. */
static bool let_judge(zarrc_transport *t, zarrc_get *get, bool *again) {
  const zarrc_answer *a = &get->answer;
  if (!t->signer.judge || (a->status >= 200 && a->status < 300)) return false;
  zarrc_again what = t->signer.judge(t->signer.arg, get);
  *again = false;
  if (get->status) return true;
  if (what == ZARRC_AGAIN_AS_USUAL) return a->status < 400; /* no redirect is followed */
  if (what == ZARRC_AGAIN_LATER) *again = try_again(t, get, t->http.tries, 0, t->http.backoff_ms);
  if (what != ZARRC_AGAIN_AT_ONCE || get->own.ncorrections++ == MAX_CORRECTIONS) return true;
  get->own.not_before = 0;
  list_add(&t->waiting, get);
  *again = true;
  return true;
}

/* Returns the longest wait before a request is made again that was refused. A refusal that is rare is no sign of load,
 * and others may wait for the request. */
static uint64_t backoff_of(const zarrc_transport *t, const zarrc_get *get) {
  bool is_rare = !t->is_loaded && t->nrefusals * 10 <= t->most;
  return is_rare && get->ntries == 1 ? t->http.backoff_ms / 8 : t->http.backoff_ms;
}

/* Looks at a whole answer. Returns false if the request ends with it. */
static bool continue_after_answer(zarrc_transport *t, const zarrc_curl_end *end, zarrc_get *get) {
  zarrc_answer *a = &get->answer;
  bool is_refused = a->status == 429 || a->status == 503, again;
  note_answer(t, is_refused);
  if (let_judge(t, get, &again)) return again;
  if (end->starts_again || (a->status == 412 && get->own.resumes && !*get->if_match)) return begin_again(t, get);
  if (a->status == 301 || a->status == 302 || a->status == 303 || a->status == 307 || a->status == 308) {
    if (!follow(t, end, get)) return false;
    get->own.not_before = 0;
    list_add(&t->waiting, get);
    return true;
  }
  if (!is_transient(a->status)) return false;
  if (a->retry_after_ms > MAX_RETRY_AFTER_MS) a->retry_after_ms = MAX_RETRY_AFTER_MS;
  get->body.len = get->own.resumes ? get->body.len : 0;
  return try_again(t, get, t->http.tries, a->retry_after_ms > 0 ? (uint64_t)a->retry_after_ms : 0, backoff_of(t, get));
}

/* Ends a request that got no answer, or makes it again. */
static bool continue_after_failure(zarrc_transport *t, const zarrc_curl_end *end, zarrc_get *get) {
  unsigned tries = end->outcome == ZARRC_CURL_REFUSED ? 1 : t->http.tries;
  if (end->outcome == ZARRC_CURL_NO_MEMORY) {
    get->status = zarrc_fail(get->error, ZARRC_NO_MEMORY, "no memory for a transfer");
    return false;
  }
  if (end->outcome == ZARRC_CURL_NO_CONNECTION && tries > CONNECT_TRIES) tries = CONNECT_TRIES;
  bool is_first = end->outcome == ZARRC_CURL_BROKEN && get->ntries == 1; /* no sign of load: again at once */
  if (try_again(t, get, tries, 0, is_first ? 0 : t->http.backoff_ms)) return true;
  get->status = zarrc_fail(get->error, ZARRC_NETWORK, "%s", end->words);
  if (get->error) get->error->os_error = end->os_error;
  if (get->error) get->error->transient = end->outcome != ZARRC_CURL_REFUSED;
  if (get->ntries > 1) zarrc_error_append(get->error, " (tried %u times)", get->ntries);
  return false;
}

/* Ends the requests whose transfers have ended, or goes on with them. Returns how many there were. */
static size_t end_some(zarrc_transport *t) {
  zarrc_curl_end end;
  size_t n = 0;
  for (; zarrc_curl_next(t->curl, &end); n++) {
    zarrc_get *get = end.get;
    list_remove(&t->active, get);
    bool again = !get->status && (end.outcome == ZARRC_CURL_ANSWERED ? continue_after_answer(t, &end, get)
                                                                     : continue_after_failure(t, &end, get));
    if (!again) finish(t, get);
  }
  return n;
}

static void cancel_list(zarrc_transport *t, list *l) {
  zarrc_get *next;
  for (zarrc_get *get = l->first; get; get = next) {
    next = get->own.next;
    if (!get->own.batch->is_canceled) continue;
    if (l == &t->active) zarrc_curl_stop(t->curl, get);
    list_remove(l, get);
    get->status = zarrc_fail(get->error, ZARRC_CANCELED, "canceled");
    finish(t, get);
  }
}

/* --------------------------------------------------------------------------------------------------- the driver */

/* Looks whether the work is to stop. The lock is not held meanwhile. */
static void look(zarrc_transport *t, batch *b) {
  zarrc_lock_give(&t->lock);
  bool stop = zarrc_ctx_check_canceled(t->ctx, NULL) != ZARRC_OK;
  zarrc_lock_take(&t->lock);
  if (stop) b->is_canceled = true;
}

static void perform(zarrc_transport *t, int wait) {
  zarrc_lock_give(&t->lock);
  if (wait) zarrc_curl_wait(t->curl, wait);
  zarrc_curl_perform(t->curl);
  zarrc_lock_take(&t->lock);
}

/* Makes requests until those of the call are done. */
static void drive_until_done(zarrc_transport *t, batch *b) {
  uint64_t looked = now_ms();
  size_t ended = 1;
  while (b->nleft > 0) {
    cancel_list(t, &t->ready);
    cancel_list(t, &t->waiting);
    cancel_list(t, &t->active);
    start_some(t);
    if (b->nleft == 0) return;
    perform(t, ended ? 0 : wait_of(t));
    ended = end_some(t);
    if (now_ms() - looked < LOOK_MS || b->nleft == 0) continue;
    look(t, b);
    looked = now_ms();
  }
}

/* Does so without the signal that a library might raise by writing to a connection that the server has closed. */
static void drive(zarrc_transport *t, batch *b) {
  sigset_t pipe, before, pending;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  sigpending(&pending);
  pthread_sigmask(SIG_BLOCK, &pipe, &before);
  t->is_driven = true;
  drive_until_done(t, b);
  t->is_driven = false;
  pthread_cond_broadcast(&t->changed);
  if (!sigismember(&pending, SIGPIPE)) sigtimedwait(&pipe, NULL, &(struct timespec){0, 0});
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Waits a moment while another thread drives. */
static void wait_for_driver(zarrc_transport *t, batch *b) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += LOOK_MS * 1000000L;
  if (until.tv_nsec >= 1000000000L) {
    until.tv_nsec -= 1000000000L;
    until.tv_sec++;
  }
  if (pthread_cond_timedwait(&t->changed, &t->lock.mutex, &until) != ETIMEDOUT || b->is_canceled) return;
  look(t, b);
  if (b->is_canceled && t->is_driven) zarrc_curl_wake(t->curl);
}

static void init_changed(zarrc_transport *t) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&t->changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
}

/* Takes the lock. In the child of a fork, leaves to the parent what was in progress. */
static void enter(zarrc_transport *t) {
  zarrc_lock_take(&t->lock);
  long process = zarrc_process_number(&t->ctx->process);
  if (t->process == process) return;
  t->process = process;
  t->is_driven = false;
  t->ready = t->waiting = t->active = (list){0};
  init_changed(t);
  zarrc_curl_forget(t->curl);
}

zarrc_status zarrc_transport_run(zarrc_transport *t, zarrc_get *const *gets, size_t n, zarrc_error *error) {
  batch b = {.nleft = n};
  zarrc_status status = zarrc_ctx_check_canceled(t->ctx, error);
  if (status || n == 0) return status;
  enter(t);
  for (size_t i = 0; i < n; i++) {
    gets[i]->own.batch = &b;
    gets[i]->own.deadline = 0;
    gets[i]->ntries = 1;
    list_add(&t->ready, gets[i]);
  }
  t->nrounds++;
  if (t->is_driven) zarrc_curl_wake(t->curl);
  while (b.nleft > 0) {
    if (t->is_driven)
      wait_for_driver(t, &b);
    else
      drive(t, &b);
  }
  zarrc_lock_give(&t->lock);
  return b.is_canceled ? zarrc_fail(error, ZARRC_CANCELED, "canceled") : ZARRC_OK;
}

void zarrc_transport_count(zarrc_transport *t, zarrc_http_counts *out) {
  enter(t);
  *out = (zarrc_http_counts){.retries = t->nretries, .rounds = t->nrounds};
  zarrc_curl_count(t->curl, out);
  zarrc_lock_give(&t->lock);
}

/* --------------------------------------------------------------------------------------------- opening and closing */

zarrc_status zarrc_transport_open(zarrc_ctx *ctx, const zarrc_transport_options *options, zarrc_transport **out,
                                  zarrc_error *error) {
  zarrc_transport *t = zarrc_malloc(ctx, sizeof *t);
  if (!t) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a store");
  memset(t, 0, sizeof *t);
  t->ctx = ctx;
  t->http = *options->http;
  if (options->signer) t->signer = *options->signer;
  t->most = t->http.max_requests;
  t->random = (now_ms() << 20 ^ (uint64_t)(uintptr_t)t) | 1;
  t->process = zarrc_process_number(&ctx->process);
  zarrc_lock_init(&t->lock, ctx);
  init_changed(t);
  t->root = zarrc_text_new(ctx, options->root, strlen(options->root));
  t->query = zarrc_text_new(ctx, options->query, strlen(options->query));
  zarrc_status status = t->root && t->query ? zarrc_curl_open(ctx, options, &t->curl, error)
                                            : zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a store");
  if (status)
    zarrc_transport_close(t);
  else
    *out = t;
  return status;
}

void zarrc_transport_close(zarrc_transport *t) {
  if (!t) return;
  if (t->process == zarrc_process_number(&t->ctx->process)) pthread_cond_destroy(&t->changed);
  zarrc_curl_close(t->curl);
  zarrc_lock_destroy(&t->lock);
  char *const texts[] = {t->root, t->query, t->moved};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) zarrc_free(t->ctx, texts[i]);
  zarrc_free(t->ctx, t);
}
