/* SPDX-License-Identifier: MIT */
/* URLs of http and https, and keys as parts of them. */
#ifndef ZARRC_STORE_HTTP_URL_H
#define ZARRC_STORE_HTTP_URL_H

#include <zarrc/store.h>

/* The parts of a URL, in one block of memory. */
typedef struct zarrc_http_url {
  char *root;            /* "https://host:8080/a/b": without user, query, fragment and final slashes */
  char *query;           /* "?sig=...", or "" */
  char *user, *password; /* decoded; NULL: there are none */
} zarrc_http_url;

bool zarrc_http_url_is(const char *url);

/* Takes a URL apart. Characters that a URL cannot have are percent-encoded, what is percent-encoded stays as it is. */
zarrc_status zarrc_http_url_open(zarrc_ctx *ctx, const char *url, zarrc_http_url *out, zarrc_error *error);
void zarrc_http_url_close(zarrc_ctx *ctx, zarrc_http_url *url);

/* Returns whether a byte is a letter, a digit or one of - . _ ~, which stand for themselves in every part of a URL. */
bool zarrc_http_is_unreserved(unsigned char c);

/* Writes n bytes of a URL and a NUL, with those percent-encoded that no URL can have. out has room for 3 * n + 1 bytes.
 * Returns the end. */
char *zarrc_http_text_encode(const char *text, size_t n, char *out);

/* Writes a key of n bytes as part of a URL, with each byte percent-encoded, once, that is not a letter, a digit, a
 * slash or one of - . _ ~. out has room for 3 * n + 1 bytes. ZARRC_INVALID_ARGUMENT: a control character. */
zarrc_status zarrc_http_key_encode(const char *key, char *out, zarrc_error *error);

#endif
