/* SPDX-License-Identifier: MIT */
/*
 * Requests of values by HTTP. Retries, redirects, limits and time limits are in here; what an answer means for a store
 * is not.
 */
#ifndef ZARRC_STORE_TRANSPORT_H
#define ZARRC_STORE_TRANSPORT_H

#include <zarrc/store.h>

typedef struct zarrc_transport zarrc_transport;
typedef struct zarrc_get zarrc_get;

/* What a server has answered: the head of the answer. Texts that are too long are "". */
typedef struct zarrc_answer {
  int status;             /* such as 200; 0: there was none */
  uint64_t length;        /* Content-Length; ZARRC_UNKNOWN */
  bool has_range;         /* there is a Content-Range */
  uint64_t first, end;    /* bytes [first, end) of the value; 0, 0 in an answer of status 416 */
  uint64_t total;         /* length of the value; ZARRC_UNKNOWN */
  bool is_json;           /* by its Content-Type */
  bool is_malformed;      /* a Content-Range that says nothing */
  char etag[128];         /* with its quotes, and with W/ if it is a weak one */
  char modified[40];      /* Last-Modified */
  char encoding[32];      /* Content-Encoding, unless it is "identity" */
  char date[40];          /* Date */
  char region[64];        /* x-amz-bucket-region */
  char reason[72];        /* what else is said about a failure, by a signer: "NoSuchBucket"; "" */
  int64_t retry_after_ms; /* -1: the server does not say */
} zarrc_answer;

/* Which bytes are asked for. */
typedef enum zarrc_get_kind {
  ZARRC_GET_ALL,
  ZARRC_GET_RANGE, /* nbytes bytes from `first` on */
  ZARRC_GET_SUFFIX /* the last nbytes bytes */
} zarrc_get_kind;

/* A request, zeroed but for its first part. */
struct zarrc_get {
  const char *path;   /* below the root of the transport, percent-encoded */
  const char *method; /* NULL: GET */
  /* What is sent with it: bytes [send_first, send_first + send_nbytes) of nsend pieces. */
  const zarrc_bytes *send;
  size_t nsend;
  uint64_t send_first, send_nbytes;
  unsigned stall_timeout_ms; /* instead of that of the options; 0: that */
  const void *extra;         /* for the signer */
  zarrc_get_kind kind;
  uint64_t first, nbytes;
  char if_match[48]; /* the request is for the version with this ETag; "": for any */
  zarrc_buf body;    /* gets the bytes; a longer body ends the transfer at `max` */
  /* Called when the head of an answer with status 200 or 206 is there. Returns whether its body is wanted. May change
   * body.max while the body is empty. Not called by several threads at once for the requests of one call. */
  bool (*accept)(zarrc_get *get);
  void *arg;

  zarrc_status status; /* out: ZARRC_OK: there is an answer, with whatever status */
  zarrc_error *error;  /* of the status; may be NULL */
  zarrc_answer answer; /* out */
  bool is_cut;         /* out: the transfer was ended because the body was not wanted, or too long */
  char told[1024];     /* out: beginning of the body of an answer whose status is neither 200 nor 206, with a NUL */
  size_t ntold;
  unsigned ntries; /* out: requests that were made for it, without redirects */

  struct { /* of the transport */
    zarrc_get *next;
    struct zarrc_batch *batch;
    char *location;    /* where redirects have led; NULL: nowhere */
    bool is_elsewhere; /* that is another server, which gets no secrets */
    bool is_temporary; /* one of the redirects was */
    bool resumes;      /* `body` has the beginning of what `head` announces */
    unsigned nredirects, ncorrections;
    zarrc_answer head;
    uint64_t deadline;   /* of retries, in milliseconds */
    uint64_t not_before; /* of the next one */
  } own;
};

/* What to do after an answer that is no success. */
typedef enum zarrc_again {
  ZARRC_AGAIN_AS_USUAL, /* what its status asks for; redirects are not followed */
  ZARRC_AGAIN_AT_ONCE,  /* sign it again, and make it again, a few times at most */
  ZARRC_AGAIN_LATER     /* make it again as after status 503 */
} zarrc_again;

/* Who addresses and signs requests, each time they are made. The functions are called by one thread at a time. */
typedef struct zarrc_signer {
  /* Appends the URL of a request, and its headers, each "Name: value" with a NUL. */
  zarrc_status (*sign)(void *arg, const zarrc_get *get, zarrc_buf *url, zarrc_buf *headers, zarrc_error *error);
  /* Looks at an answer with another status than 200 to 299. May set `status` of the request, which ends it. */
  zarrc_again (*judge)(void *arg, zarrc_get *get);
  void *arg;
} zarrc_signer;

/* How to make requests. The strings must outlive zarrc_transport_open only. */
typedef struct zarrc_transport_options {
  const char *root;               /* URL without user, query and final slash */
  const char *query;              /* added to every URL: "?sig=...", or "" */
  const char *user, *password;    /* or NULL */
  const zarrc_http_options *http; /* with all defaults filled in */
  bool is_direct;                 /* no proxy is used, whatever the environment says */
  const zarrc_signer *signer;     /* NULL: URLs consist of root, path and query. Is copied */
} zarrc_transport_options;

/* ZARRC_UNSUPPORTED: libcurl is not built in. */
zarrc_status zarrc_transport_open(zarrc_ctx *ctx, const zarrc_transport_options *options, zarrc_transport **out,
                                  zarrc_error *error);
/* No request may be in progress. */
void zarrc_transport_close(zarrc_transport *transport);

/* Makes n requests at once, as many at the same time as the options allow, together with those of other threads, and
 * waits for all of them. Each has a status of its own; the function fails only with ZARRC_CANCELED. A redirect to the
 * same URL with a slash at its end is not followed, nor are more than five, nor one from https to http. */
zarrc_status zarrc_transport_run(zarrc_transport *transport, zarrc_get *const *gets, size_t n, zarrc_error *error);

void zarrc_transport_count(zarrc_transport *transport, zarrc_http_counts *out);

#endif
