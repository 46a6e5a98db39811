/* SPDX-License-Identifier: MIT */
/*
 * A small HTTP server on loopback for tests. It serves values from memory as different servers would, counts, and does
 * to an answer what a test asks for.
 */
#ifndef ZARRC_TESTS_HTTP_SERVER_H
#define ZARRC_TESTS_HTTP_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct http_server http_server;

/* A request, as the server has read it. Texts are "" if there is no such header. */
typedef struct http_asked {
  unsigned number;     /* counted from 1 */
  unsigned connection; /* counted from 1 */
  char method[8];
  char target[512]; /* path and query, as they came */
  char range[64], if_match[160];
  char head[2048]; /* everything */
  char *body;      /* what the client sends; NULL in the log */
  size_t nbody;
} http_asked;

typedef enum http_fault {
  HTTP_FINE,
  HTTP_CUT,   /* the connection is closed after `cut_at` bytes of the body */
  HTTP_RESET, /* it is reset before the answer */
  HTTP_STALL, /* nothing comes any more after `cut_at` bytes of the body, until the client goes away */
  HTTP_CLOSE  /* it is closed before the answer */
} http_fault;

/* An answer, which a test may change. */
typedef struct http_reply {
  int status;
  char headers[1024]; /* more of them, each line with its end */
  const char *body;
  size_t nbytes;
  size_t claimed;       /* Content-Length; SIZE_MAX: none, and the connection ends with the body */
  bool chunked;         /* Transfer-Encoding: chunked instead */
  const char *trailers; /* lines after a chunked body; may be NULL */
  http_fault fault;
  size_t cut_at;
} http_reply;

/* A value that is served. */
typedef struct http_value {
  char path[512];
  const char *bytes; /* must stay */
  size_t nbytes;
  char etag[160];    /* with quotes; "": none */
  char modified[40]; /* "": none */
} http_value;

/* How a server answers. */
typedef struct http_manners {
  bool ignores_ranges;  /* 200 with the whole value */
  bool lacks_suffixes;  /* 400 for bytes=-n */
  bool suffix_is_whole; /* 200 for bytes=-n */
  bool unknown_416;     /* no Content-Range in answers of status 416 */
  bool empty_is_200;    /* any range of an empty value is answered with 200, as nginx does */
  bool ignores_if_match;
  bool unknown_total; /* Content-Range with * for the length */
} http_manners;

struct http_server {
  int port, listener;
  pthread_t thread;
  pthread_mutex_t lock; /* of all that follows */
  pthread_cond_t changed;
  bool stops;
  http_value values[4096];
  size_t nvalues;
  http_manners manners;
  /* Called with the lock held, after the server has made its answer; may be NULL. */
  void (*change)(void *arg, http_server *server, const http_asked *asked, http_reply *reply);
  void *arg;
  unsigned gather;          /* answers wait until so many requests are there at once; then 0 */
  unsigned nwaiting, nbusy; /* requests that wait, and that are being answered */
  unsigned nrequests, nconnections, nopen, most_open;
  http_asked log[4096]; /* the first requests */
  struct http_connection *connections;
};

/* Starts a server without values. Fails the test if that is impossible. Returns memory to be given to http_server_stop.
 */
http_server *http_server_start(void);
void http_server_stop(http_server *server);

/* The functions that follow wait until all requests have been answered. */
/* Sets what changes answers (NULL: nothing) and what it is given. */
void http_server_change(http_server *server,
                        void (*change)(void *arg, http_server *server, const http_asked *asked, http_reply *reply),
                        void *arg);
/* Adds a value, or changes it. bytes NULL: there is none any more. */
void http_server_put(http_server *server, const char *path, const void *bytes, size_t nbytes, const char *etag);
/* Counts anew. */
void http_server_begin(http_server *server);
/* Only waits; after that the server does not use bytes and arguments any more. */
void http_server_rest(http_server *server);

/* Copies the value of a header, "" if there is none or it is longer. */
void http_header(const char *head, const char *name, char *out, size_t size);
/* Writes "http://127.0.0.1:PORT/PATH". */
const char *http_server_url(const http_server *server, const char *path, char *out, size_t size);

#endif
