/* SPDX-License-Identifier: MIT */
#include "support/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct http_connection {
  struct http_connection *next;
  http_server *server;
  unsigned number;
  int fd;
  pthread_t thread;
} http_connection;

static bool send_all(int fd, const char *bytes, size_t n) {
  while (n > 0) {
    ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes += sent;
    n -= (size_t)sent;
  }
  return true;
}

void http_header(const char *head, const char *name, char *out, size_t size) {
  size_t n = strlen(name);
  *out = '\0';
  for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
    const char *p = line + 2;
    if (strncasecmp(p, name, n) != 0 || p[n] != ':') continue;
    p += n + 1 + strspn(p + n + 1, " ");
    size_t length = strcspn(p, "\r\n");
    if (length < size) {
      memcpy(out, p, length);
      out[length] = '\0';
    }
  }
}

/* Reads the head of a request. Returns false if the client has gone. */
static bool read_head(int fd, http_asked *asked) {
  size_t n = 0;
  while (n < sizeof asked->head - 1) {
    ssize_t got = recv(fd, asked->head + n, 1, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    asked->head[++n] = '\0';
    if (n >= 4 && !memcmp(asked->head + n - 4, "\r\n\r\n", 4)) break;
  }
  if (sscanf(asked->head, "%7s %511s", asked->method, asked->target) != 2) return false;
  http_header(asked->head, "Range", asked->range, sizeof asked->range);
  http_header(asked->head, "If-Match", asked->if_match, sizeof asked->if_match);
  return true;
}

/* Reads what a client sends after the head. Returns false if it has gone. */
static bool read_body(int fd, http_asked *asked) {
  char length[32], expect[32];
  http_header(asked->head, "Content-Length", length, sizeof length);
  http_header(asked->head, "Expect", expect, sizeof expect);
  asked->nbody = (size_t)strtoull(length, NULL, 10);
  asked->body = malloc(asked->nbody + 1);
  if (!asked->body) abort();
  if (*expect && !send_all(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25)) return false;
  for (size_t n = 0; n < asked->nbody;) {
    ssize_t got = recv(fd, asked->body + n, asked->nbody - n, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    n += (size_t)got;
  }
  return true;
}

static const http_value *find_value(const http_server *s, const char *target) {
  size_t n = strcspn(target, "?");
  for (size_t i = 0; i < s->nvalues; i++)
    if (s->values[i].bytes && strlen(s->values[i].path) == n && !memcmp(s->values[i].path, target, n))
      return &s->values[i];
  return NULL;
}

/* Parses "bytes=a-b", "bytes=a-" and "bytes=-n". Returns false if the range is outside the value. */
static bool find_range(const char *text, size_t total, size_t *first, size_t *end) {
  unsigned long long a = 0, b = 0;
  const char *p = text + strlen("bytes=");
  if (*p == '-') {
    b = strtoull(p + 1, NULL, 10);
    *first = b < total ? total - (size_t)b : 0;
    *end = total;
    return b > 0 && total > 0;
  }
  a = strtoull(p, NULL, 10);
  p = strchr(p, '-');
  b = p && p[1] ? strtoull(p + 1, NULL, 10) : total;
  if (a >= total) return false;
  *first = (size_t)a;
  *end = b + 1 < total ? (size_t)b + 1 : total;
  return true;
}

static void add_line(http_reply *reply, const char *name, const char *value) {
  size_t n = strlen(reply->headers);
  snprintf(reply->headers + n, sizeof reply->headers - n, "%s: %s\r\n", name, value);
}

/* Answers as a well-behaved server does, but for its manners. */
static void make_reply(const http_server *s, const http_asked *asked, http_reply *reply) {
  const http_value *v = find_value(s, asked->target);
  const http_manners *m = &s->manners;
  bool has_range = *asked->range != '\0', is_suffix = strstr(asked->range, "=-") != NULL;
  char text[64];
  size_t first = 0, end = 0;
  *reply = (http_reply){.status = 404, .body = "<html>no such page</html>", .nbytes = 25, .claimed = 25};
  if (!v) return;
  if (*v->etag) add_line(reply, "ETag", v->etag);
  if (*v->modified) add_line(reply, "Last-Modified", v->modified);
  *reply = (http_reply){.status = 200, .body = v->bytes, .nbytes = v->nbytes, .claimed = v->nbytes};
  if (*v->etag) add_line(reply, "ETag", v->etag);
  if (*v->modified) add_line(reply, "Last-Modified", v->modified);
  if (*asked->if_match && !m->ignores_if_match && strcmp(asked->if_match, v->etag) != 0) {
    *reply = (http_reply){.status = 412, .body = ""};
    return;
  }
  if (!has_range || m->ignores_ranges || (is_suffix && m->suffix_is_whole) || (m->empty_is_200 && !v->nbytes)) return;
  if (is_suffix && m->lacks_suffixes) {
    *reply = (http_reply){.status = 400, .body = ""};
    return;
  }
  if (!find_range(asked->range, v->nbytes, &first, &end)) {
    *reply = (http_reply){.status = 416, .body = "<html>no</html>", .nbytes = 15, .claimed = 15};
    snprintf(text, sizeof text, "bytes */%zu", v->nbytes);
    if (!m->unknown_416) add_line(reply, "Content-Range", text);
    return;
  }
  reply->status = 206;
  reply->body += first;
  reply->nbytes = reply->claimed = end - first;
  if (m->unknown_total)
    snprintf(text, sizeof text, "bytes %zu-%zu/*", first, end - 1);
  else
    snprintf(text, sizeof text, "bytes %zu-%zu/%zu", first, end - 1, v->nbytes);
  add_line(reply, "Content-Range", text);
}

/* Waits until the client has gone, or the server stops. */
static void wait_for_end(http_server *s, int fd) {
  bool stops = false;
  char c;
  while (!stops) {
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLRDHUP};
    if (poll(&p, 1, 20) > 0 && recv(fd, &c, 1, 0) <= 0) return;
    pthread_mutex_lock(&s->lock);
    stops = s->stops;
    pthread_mutex_unlock(&s->lock);
  }
}

/* Sends an answer. Returns false if the connection ends with it. */
static bool send_reply(http_server *s, int fd, const http_asked *asked, const http_reply *r) {
  char head[2048], length[64];
  size_t n = r->fault == HTTP_FINE ? r->nbytes : r->cut_at;
  bool has_body = strcmp(asked->method, "HEAD") != 0 && r->status != 204 && r->status != 304;
  if (r->fault == HTTP_RESET) {
    struct linger now = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    return false;
  }
  if (r->fault == HTTP_CLOSE) return false;
  if (r->chunked)
    snprintf(length, sizeof length, "Transfer-Encoding: chunked\r\n");
  else if (r->claimed == SIZE_MAX)
    snprintf(length, sizeof length, "Connection: close\r\n");
  else
    snprintf(length, sizeof length, "Content-Length: %zu\r\n", r->claimed);
  snprintf(head, sizeof head, "HTTP/1.1 %d Words\r\n%s%s\r\n", r->status, r->headers, length);
  if (!send_all(fd, head, strlen(head))) return false;
  if (!has_body) return true;
  if (r->chunked && n > 0) {
    snprintf(length, sizeof length, "%zx\r\n", n);
    if (!send_all(fd, length, strlen(length))) return false;
  }
  if (!send_all(fd, r->body, n)) return false;
  if (r->fault == HTTP_STALL) wait_for_end(s, fd);
  if (r->fault != HTTP_FINE) return false;
  if (r->chunked) {
    snprintf(head, sizeof head, "%s0\r\n%s\r\n", n ? "\r\n" : "", r->trailers ? r->trailers : "");
    if (!send_all(fd, head, strlen(head))) return false;
  }
  return r->chunked || r->claimed == r->nbytes;
}

static void wait_for_others(http_server *s) {
  if (!s->gather) return;
  s->nwaiting++;
  if (s->nwaiting >= s->gather) {
    s->gather = 0;
    pthread_cond_broadcast(&s->changed);
  }
  while (s->gather && !s->stops) pthread_cond_wait(&s->changed, &s->lock);
  s->nwaiting--;
}

static void *serve_connection(void *arg) {
  http_connection *c = arg;
  http_server *s = c->server;
  http_asked asked;
  http_reply reply;
  bool goes_on = true;
  asked.body = NULL;
  while (goes_on) {
    memset(&asked, 0, sizeof asked);
    if (!read_head(c->fd, &asked) || !read_body(c->fd, &asked)) break;
    pthread_mutex_lock(&s->lock);
    asked.number = ++s->nrequests;
    s->nbusy++;
    asked.connection = c->number;
    if (s->nrequests <= sizeof s->log / sizeof *s->log) {
      s->log[s->nrequests - 1] = asked;
      s->log[s->nrequests - 1].body = NULL;
    }
    wait_for_others(s);
    make_reply(s, &asked, &reply);
    if (s->change) s->change(s->arg, s, &asked, &reply);
    pthread_mutex_unlock(&s->lock);
    goes_on = send_reply(s, c->fd, &asked, &reply);
    free(asked.body);
    asked.body = NULL;
    pthread_mutex_lock(&s->lock);
    s->nbusy--;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
  }
  free(asked.body);
  pthread_mutex_lock(&s->lock);
  s->nopen--;
  close(c->fd);
  c->fd = -1;
  pthread_mutex_unlock(&s->lock);
  return NULL;
}

static void *accept_connections(void *arg) {
  http_server *s = arg;
  bool stops = false;
  while (!stops) {
    struct pollfd p = {.fd = s->listener, .events = POLLIN};
    int fd = poll(&p, 1, 20) > 0 ? accept(s->listener, NULL, NULL) : -1;
    pthread_mutex_lock(&s->lock);
    stops = s->stops;
    if (fd >= 0) {
      http_connection *c = calloc(1, sizeof *c);
      if (!c) abort();
      *c = (http_connection){.next = s->connections, .server = s, .number = ++s->nconnections, .fd = fd};
      s->connections = c;
      if (++s->nopen > s->most_open) s->most_open = s->nopen;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
      if (pthread_create(&c->thread, NULL, serve_connection, c)) abort();
    }
    pthread_mutex_unlock(&s->lock);
  }
  return NULL;
}

http_server *http_server_start(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  http_server *s = calloc(1, sizeof *s);
  if (!s) abort();
  s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  pthread_mutex_init(&s->lock, NULL);
  pthread_cond_init(&s->changed, NULL);
  if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&address, size) || listen(s->listener, 1024) ||
      getsockname(s->listener, (struct sockaddr *)&address, &size) ||
      pthread_create(&s->thread, NULL, accept_connections, s))
    abort();
  s->port = ntohs(address.sin_port);
  return s;
}

void http_server_stop(http_server *s) {
  pthread_mutex_lock(&s->lock);
  s->stops = true;
  s->change = NULL; /* a test that has failed may leave requests */
  pthread_cond_broadcast(&s->changed);
  for (http_connection *c = s->connections; c; c = c->next)
    if (c->fd >= 0) shutdown(c->fd, SHUT_RDWR);
  pthread_mutex_unlock(&s->lock);
  pthread_join(s->thread, NULL);
  while (s->connections) {
    http_connection *c = s->connections;
    s->connections = c->next;
    pthread_mutex_lock(&s->lock);
    if (c->fd >= 0) shutdown(c->fd, SHUT_RDWR);
    pthread_mutex_unlock(&s->lock);
    pthread_join(c->thread, NULL);
    free(c);
  }
  close(s->listener);
  pthread_mutex_destroy(&s->lock);
  pthread_cond_destroy(&s->changed);
  free(s);
}

/* Takes the lock when no request is being answered. */
static void lock_idle(http_server *s) {
  pthread_mutex_lock(&s->lock);
  while (s->nbusy > 0) pthread_cond_wait(&s->changed, &s->lock);
}

void http_server_rest(http_server *s) {
  lock_idle(s);
  pthread_mutex_unlock(&s->lock);
}

void http_server_change(http_server *s, void (*change)(void *, http_server *, const http_asked *, http_reply *),
                        void *arg) {
  lock_idle(s);
  s->change = change;
  s->arg = arg;
  pthread_mutex_unlock(&s->lock);
}

void http_server_put(http_server *s, const char *path, const void *bytes, size_t nbytes, const char *etag) {
  size_t i = 0;
  lock_idle(s);
  while (i < s->nvalues && strcmp(s->values[i].path, path) != 0) i++;
  if (i == sizeof s->values / sizeof *s->values) abort();
  if (i == s->nvalues) s->nvalues++;
  s->values[i] = (http_value){.bytes = bytes, .nbytes = nbytes};
  snprintf(s->values[i].path, sizeof s->values[i].path, "%s", path);
  snprintf(s->values[i].etag, sizeof s->values[i].etag, "%s", etag);
  pthread_mutex_unlock(&s->lock);
}

void http_server_begin(http_server *s) {
  lock_idle(s);
  s->nrequests = s->nconnections = 0;
  s->most_open = s->nopen;
  pthread_mutex_unlock(&s->lock);
}

const char *http_server_url(const http_server *s, const char *path, char *out, size_t size) {
  snprintf(out, size, "http://127.0.0.1:%d/%s", s->port, path);
  return out;
}
