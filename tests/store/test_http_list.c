/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/http_store.h"

#include <stdlib.h>

typedef struct listed {
  char text[1024];
} listed;

static zarrc_status note(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  listed *l = arg;
  char line[256];
  (void)error;
  snprintf(line, sizeof line, "%s%s%lld ", entry->key, entry->is_prefix ? "/" : "=", (long long)entry->nbytes);
  strcat(l->text, line);
  return ZARRC_OK;
}

static void put_listing(const http_fixture *f, const char *path, const char *json) {
  http_server_put(f->server, path, json, strlen(json), "");
}

static const char *type;

static void set_type(void *arg, http_server *server, const http_asked *asked, http_reply *reply) {
  (void)arg, (void)server;
  if (asked->target[strlen(asked->target) - 1] != '/' || reply->status != 200) return;
  snprintf(reply->headers, sizeof reply->headers, "Content-Type: %s\r\n", type);
}

static zarrc_status list(const http_fixture *f, const char *prefix, bool deep, listed *l, zarrc_error *error) {
  l->text[0] = '\0';
  return zarrc_store_list(f->store, prefix, deep, true, note, l, error);
}

static void listings(void **state) {
  http_fixture *f = *state;
  listed l;
  zarrc_error error;
  needs_curl();
  put_listing(
      f, "/a/",
      "[{\"name\":\"zarr.json\", \"type\":\"file\", \"size\":12}, {\"name\":\"x y\", \"type\":\"directory\"},"
      "{\"name\":\"..\", \"type\":\"directory\"}, {\"name\":\"a/b\", \"type\":\"file\"}, {\"type\":\"file\"}, 7,"
      "{\"name\":\"\", \"type\":\"file\"}, {\"name\":\"odd\", \"type\":\"other\"}]");
  put_listing(f, "/a/x%20y/", "[{\"name\":\"c\", \"type\":\"directory\"}]");
  put_listing(f, "/a/x%20y/c/", "[{\"name\":\"0\", \"type\":\"file\", \"size\":7}]");
  type = "application/json";
  http_server_change(f->server, set_type, NULL);
  assert_int_equal(list(f, "", false, &l, &error), ZARRC_OK);
  assert_string_equal(l.text, "zarr.json=12 x y/-1 odd=-1 ");
  assert_int_equal(f->server->nrequests, 1);
  assert_int_equal(list(f, "x y", false, &l, &error), ZARRC_OK);
  assert_string_equal(l.text, "x y/c/-1 ");
  assert_int_equal(list(f, "", true, &l, &error), ZARRC_OK);
  assert_string_equal(l.text, "zarr.json=12 odd=-1 x y/c/0=7 ");
  assert_int_equal(list(f, "none", true, &l, &error), ZARRC_OK);
  assert_string_equal(l.text, "");
}

/* A folder that is missing is empty if the server lists folders, and otherwise not listed. */
static void missing(void **state) {
  http_fixture *f = *state;
  listed l;
  zarrc_error error;
  needs_curl();
  type = "application/json";
  http_server_change(f->server, set_type, NULL);
  assert_int_equal(list(f, "c", true, &l, &error), ZARRC_UNSUPPORTED);
  assert_int_equal(list(f, "", true, &l, &error), ZARRC_UNSUPPORTED);
  assert_int_equal(f->server->nrequests, 3);
  put_listing(f, "/a/", "[]");
  http_server_begin(f->server);
  assert_int_equal(list(f, "c", true, &l, &error), ZARRC_OK);
  assert_int_equal(list(f, "c", true, &l, &error), ZARRC_OK);
  assert_int_equal(f->server->nrequests, 3); /* the root once */
}

/* A listing that is none is no empty one. */
static void no_listings(void **state) {
  http_fixture *f = *state;
  listed l;
  zarrc_error error;
  needs_curl();
  http_server_change(f->server, set_type, NULL);
  static const struct {
    const char *type, *text;
  } rows[] = {{"text/html", "<html></html>"},
              {"application/json", "{\"name\":\"a\"}"},
              {"application/json", "[{\"name\":\"a\""},
              {"application/json", ""}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    type = rows[i].type;
    put_listing(f, "/a/", rows[i].text);
    assert_int_equal(list(f, "", false, &l, &error), ZARRC_UNSUPPORTED);
    assert_non_null(strstr(error.message, "consolidated metadata"));
  }
}

static int status_to_send;

static void send_status(void *arg, http_server *server, const http_asked *asked, http_reply *reply) {
  (void)arg, (void)server, (void)asked;
  *reply = (http_reply){.status = status_to_send, .body = ""};
}

static void refused(void **state) {
  http_fixture *f = *state;
  listed l;
  zarrc_error error;
  needs_curl();
  static const struct {
    int http;
    zarrc_status status;
  } rows[] = {{403, ZARRC_UNSUPPORTED}, {404, ZARRC_UNSUPPORTED}, {400, ZARRC_NETWORK}, {500, ZARRC_NETWORK}};
  http_server_change(f->server, send_status, NULL);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    status_to_send = rows[i].http;
    assert_int_equal(list(f, "", false, &l, &error), rows[i].status);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, http_setup, http_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {TEST(listings), TEST(missing), TEST(no_listings), TEST(refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
