/* SPDX-License-Identifier: MIT */
/* A server that speaks S3, for tests: a bucket "b" in memory, which checks signatures and keeps versions apart. */
#ifndef ZARRC_TESTS_S3_SERVER_H
#define ZARRC_TESTS_S3_SERVER_H

#include "support/http_server.h"

#include <zarrc/store.h>

typedef struct s3_server {
  http_server *http;
  zarrc_ctx *ctx; /* of the signatures */
  const char *id, *secret, *token, *region;
  bool is_public;          /* who does not sign may read */
  bool ignores_conditions; /* of writes */
  bool lacks_conditions;   /* 501 for them */
  unsigned page;           /* keys in a page of a listing */
  int ahead;               /* seconds that its clock is ahead */
  char region_told[64];    /* x-amz-bucket-region of a redirect, instead of any other answer; "": there is none */
  unsigned nlists, nputs, ndeletes, nrefused; /* so far; nrefused: for their signature, their time or their region */
  /* Called with the lock held, after the answer was made; may be NULL. */
  void (*change)(void *arg, struct s3_server *server, const http_asked *asked, http_reply *reply);
  void *arg;
  unsigned netags;
  char upload[64]; /* the name of the one upload that is in progress, or "" */
  char *parts[16];
  size_t nparts[16];
  char *texts[4096]; /* of answers and values, freed at the end */
  size_t ntexts;
} s3_server;

s3_server *s3_server_start(zarrc_ctx *ctx);
void s3_server_stop(s3_server *server);

/* Opens what is below a prefix of the bucket, with the right credentials unless options say otherwise. */
zarrc_status s3_server_open(const s3_server *server, zarrc_ctx *ctx, const char *prefix, bool read_only,
                            const zarrc_s3_options *options, zarrc_store **out, zarrc_error *error);

/* Number of keys that have a value. */
size_t s3_server_nkeys(s3_server *server);

#endif
