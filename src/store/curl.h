/* SPDX-License-Identifier: MIT */
/*
 * Transfers by libcurl, each of one request that is made once. To be used by one thread at a time, but for
 * zarrc_curl_wake.
 */
#ifndef ZARRC_STORE_CURL_H
#define ZARRC_STORE_CURL_H

#include "store/transport.h"

typedef struct zarrc_curl zarrc_curl;

/* How a transfer has ended. */
typedef enum zarrc_curl_outcome {
  ZARRC_CURL_ANSWERED,      /* there is an answer, or `status` of the request says what is wrong with it */
  ZARRC_CURL_NO_CONNECTION, /* the server cannot be reached */
  ZARRC_CURL_BROKEN,        /* the connection, or what came, ended too early, or nothing came for a while */
  ZARRC_CURL_REFUSED,       /* the server cannot prove who it is, or the URL or a setting is wrong */
  ZARRC_CURL_NO_MEMORY
} zarrc_curl_outcome;

/* A transfer that has ended. The strings are valid until the next one is started. */
typedef struct zarrc_curl_end {
  zarrc_get *get;
  zarrc_curl_outcome outcome;
  const char *words;          /* what libcurl says about the outcome */
  const char *url, *next_url; /* of the request, and where a redirect leads (or NULL) */
  int os_error;
  bool starts_again; /* the answer does not continue what the body has already */
} zarrc_curl_end;

/* ZARRC_UNSUPPORTED: libcurl is not built in. */
zarrc_status zarrc_curl_open(zarrc_ctx *ctx, const zarrc_transport_options *options, zarrc_curl **out,
                             zarrc_error *error);
/* In the child of a fork leaves the connections to the parent. */
void zarrc_curl_close(zarrc_curl *curl);

/* Makes connections and handles of its own for the child of a fork. */
void zarrc_curl_forget(zarrc_curl *curl);

/* What is sent. */
typedef struct zarrc_curl_head {
  const char *url;
  const char *range;        /* "0-9", or "" */
  const char *if_match;     /* an ETag, or "" */
  const zarrc_buf *headers; /* more of them, each with a NUL */
  bool secrets;             /* user, password and headers of the options, too */
} zarrc_curl_head;

/* Starts a request. *started false: there is no memory for another transfer, but others are in progress. */
zarrc_status zarrc_curl_start(zarrc_curl *curl, zarrc_get *get, const zarrc_curl_head *head, bool *started,
                              zarrc_error *error);
/* Ends a transfer that was started. */
void zarrc_curl_stop(zarrc_curl *curl, zarrc_get *get);

/* Goes on with all transfers; waits for something to do, so many milliseconds at most. */
void zarrc_curl_perform(zarrc_curl *curl);
void zarrc_curl_wait(zarrc_curl *curl, int ms);
/* Ends the wait of another thread. */
void zarrc_curl_wake(zarrc_curl *curl);

/* Gets a transfer that has ended; returns false if there is none. */
bool zarrc_curl_next(zarrc_curl *curl, zarrc_curl_end *out);

/* Number of transfers in progress. */
unsigned zarrc_curl_nactive(const zarrc_curl *curl);
/* Adds what this side of the transport counts: requests, connections, bytes. */
void zarrc_curl_count(const zarrc_curl *curl, zarrc_http_counts *out);

#endif
