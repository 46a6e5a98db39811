/* SPDX-License-Identifier: MIT */
/*
 * A store over HTTP or S3, for tests that are written in Python.
 *
 *     store URL [OPTION=VALUE...]
 *
 * Reads lines from standard input, their fields separated by tabs, and answers each with one line: the name of the
 * status, what it has found, and the message of a failure. Bytes are hexadecimal.
 *
 *     fetch KEY OFFSET,NBYTES...   of each range, in one call: TOTAL,BYTES ("?" if the length is unknown)
 *     get KEY                      BYTES
 *     set KEY BYTES
 *     erase KEY
 *     open KEY                     keeps the value open ...
 *     read OFFSET NBYTES           ... and reads from it
 *     list PREFIX [deep]           the keys, with a slash after prefixes
 *     erase_prefix PREFIX
 *     update KEY THREADS TIMES     each thread adds 1 to its own of THREADS numbers of 8 bytes, so many times, by
 *                                  reading the value and replacing it unless it has changed
 *     fork KEY                     BYTES, as a child process has read them while the parent reads them too
 *     counts                       requests, retries, connections, bytes
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zarrc/plugin/store.h>

enum { MAX_FIELDS = 64, MAX_NBYTES = 1 << 28, MAX_THREADS = 64 };

static void put_bytes(const void *bytes, size_t n) {
  for (size_t i = 0; i < n; i++) printf("%02x", ((const unsigned char *)bytes)[i]);
}

/* Decodes hexadecimal digits in their place. Returns the number of bytes. */
static size_t take_bytes(char *text) {
  size_t n = strlen(text) / 2;
  for (size_t i = 0; i < n; i++) {
    char digits[] = {text[2 * i], text[2 * i + 1], '\0'};
    text[i] = (char)strtoul(digits, NULL, 16);
  }
  return n;
}

static void end_line(zarrc_status status, const zarrc_error *error) {
  char text[2048];
  printf("\t%s\t%s\n", zarrc_status_name(status), status ? zarrc_error_text(error, text, sizeof text) : "");
  fflush(stdout);
}

/* ------------------------------------------------------------------------------------------------------- values */

static zarrc_status fetch(zarrc_store *store, char **fields, size_t n, zarrc_error *error) {
  zarrc_key_blob blob;
  zarrc_range ranges[MAX_FIELDS] = {0};
  zarrc_status status = zarrc_key_blob_open(&blob, store, fields[1], error);
  zarrc_request request = {.blob = blob.blob, .ranges = ranges, .n = n - 2, .error = error};
  for (size_t i = 2; i < n; i++) {
    char *end;
    ranges[i - 2].offset = strtoll(fields[i], &end, 10);
    ranges[i - 2].nbytes = strtoull(end + 1, NULL, 10);
  }
  if (!status) status = zarrc_store_fetch(store, &request, 1, error);
  if (!status) status = request.status;
  for (size_t i = 0; i < n - 2 && !status; i++) {
    if (i) putchar(' ');
    if (ranges[i].total == ZARRC_UNKNOWN)
      printf("?,");
    else
      printf("%llu,", (unsigned long long)ranges[i].total);
    put_bytes(ranges[i].got.ptr, ranges[i].got.len);
  }
  if (!status) zarrc_ranges_release(ranges, n - 2);
  zarrc_key_blob_close(&blob);
  return status;
}

static zarrc_status get(zarrc_store *store, const char *key, zarrc_error *error) {
  zarrc_bytes got = {0};
  zarrc_status status = zarrc_store_get(store, key, MAX_NBYTES, &got, error);
  if (!status) put_bytes(got.ptr, got.len);
  zarrc_bytes_release(&got);
  return status;
}

static zarrc_status read_open(zarrc_key_blob *blob, char **fields, zarrc_error *error) {
  zarrc_range range = {.offset = strtoll(fields[1], NULL, 10), .nbytes = strtoull(fields[2], NULL, 10)};
  zarrc_status status = zarrc_blob_read(blob->blob, &range, 1, error);
  if (!status) put_bytes(range.got.ptr, range.got.len);
  zarrc_bytes_release(&range.got);
  return status;
}

static zarrc_status see_entry(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  bool *any = arg;
  (void)error;
  printf("%s%s%s", *any ? " " : "", entry->key, entry->is_prefix ? "/" : "");
  *any = true;
  return ZARRC_OK;
}

/* In the child of a fork there is nobody else who would print. */
static zarrc_status read_in_child(zarrc_store *store, const char *key, zarrc_error *error) {
  zarrc_bytes got = {0};
  int state = 0;
  zarrc_status status = zarrc_store_get(store, key, MAX_NBYTES, &got, error); /* the parent has connections */
  zarrc_bytes_release(&got);
  fflush(stdout);
  pid_t child = status ? -1 : fork();
  if (child == 0) {
    status = get(store, key, error);
    fflush(stdout);
    _exit(status ? 1 : 0);
  }
  if (!status) status = zarrc_store_get(store, key, MAX_NBYTES, &got, error);
  zarrc_bytes_release(&got);
  if (child > 0) waitpid(child, &state, 0);
  return status || child < 0 || state ? ZARRC_INTERNAL : ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------ updates */

typedef struct updates {
  zarrc_store *store;
  const char *key;
  unsigned nthreads, times;
} updates;

typedef struct updater {
  const updates *u;
  unsigned number;
  zarrc_status status;
  zarrc_error error;
} updater;

/* Adds 1 to a number of the value, however often others change it meanwhile. */
static zarrc_status update_once(const updates *u, unsigned number, zarrc_error *error) {
  zarrc_key_blob blob;
  uint64_t numbers[MAX_THREADS];
  zarrc_status status = zarrc_key_blob_open(&blob, u->store, u->key, error);
  if (status) return status;
  do {
    memset(numbers, 0, sizeof numbers);
    zarrc_range range = {.nbytes = u->nthreads * sizeof *numbers, .into = numbers};
    status = zarrc_blob_read(blob.blob, &range, 1, error);
    if (status == ZARRC_NOT_FOUND) status = ZARRC_OK;
    if (status == ZARRC_CONFLICT) continue;
    if (status) break;
    numbers[number]++;
    zarrc_bytes part = {.ptr = (const uint8_t *)numbers, .len = u->nthreads * sizeof *numbers};
    status = zarrc_blob_replace(blob.blob, &part, 1, true, error);
  } while (status == ZARRC_CONFLICT);
  zarrc_key_blob_close(&blob);
  return status;
}

static void *run_updater(void *arg) {
  updater *me = arg;
  for (unsigned i = 0; i < me->u->times && !me->status; i++) me->status = update_once(me->u, me->number, &me->error);
  return NULL;
}

static zarrc_status update(zarrc_store *store, char **fields, zarrc_error *error) {
  updates u = {store, fields[1], (unsigned)strtoul(fields[2], NULL, 10), (unsigned)strtoul(fields[3], NULL, 10)};
  static updater each[MAX_THREADS];
  pthread_t threads[MAX_THREADS];
  zarrc_status status = ZARRC_OK;
  for (unsigned i = 0; i < u.nthreads; i++) {
    each[i] = (updater){.u = &u, .number = i};
    if (pthread_create(&threads[i], NULL, run_updater, &each[i])) abort();
  }
  for (unsigned i = 0; i < u.nthreads; i++) {
    pthread_join(threads[i], NULL);
    if (!each[i].status) continue;
    status = each[i].status;
    *error = each[i].error;
  }
  return status;
}

/* ------------------------------------------------------------------------------------------------------ the lines */

static zarrc_status run_line(zarrc_store *store, zarrc_key_blob *blob, char **fields, size_t n, zarrc_error *error) {
  static char key[4096];
  const char *verb = fields[0];
  bool any = false;
  if (!strcmp(verb, "fetch") && n > 2) return fetch(store, fields, n, error);
  if (!strcmp(verb, "get") && n == 2) return get(store, fields[1], error);
  if (!strcmp(verb, "set") && n == 3) {
    size_t nbytes = take_bytes(fields[2]);
    return zarrc_store_set(store, fields[1], fields[2], nbytes, error);
  }
  if (!strcmp(verb, "erase") && n == 2) return zarrc_store_erase(store, fields[1], error);
  if (!strcmp(verb, "erase_prefix") && n == 2) return zarrc_store_erase_prefix(store, fields[1], error);
  if (!strcmp(verb, "open") && n == 2) {
    zarrc_key_blob_close(blob);
    snprintf(key, sizeof key, "%s", fields[1]);
    return zarrc_key_blob_open(blob, store, key, error);
  }
  if (!strcmp(verb, "read") && n == 3 && blob->blob) return read_open(blob, fields, error);
  if (!strcmp(verb, "list") && n >= 2) return zarrc_store_list(store, fields[1], n > 2, true, see_entry, &any, error);
  if (!strcmp(verb, "update") && n == 4) return update(store, fields, error);
  if (!strcmp(verb, "fork") && n == 2) return read_in_child(store, fields[1], error);
  if (!strcmp(verb, "counts")) {
    zarrc_http_counts c = {.struct_size = sizeof c};
    zarrc_status status = zarrc_http_store_count(store, &c, error);
    printf("%llu %llu %llu %llu", (unsigned long long)c.requests, (unsigned long long)c.retries,
           (unsigned long long)c.connections, (unsigned long long)c.nbytes);
    return status;
  }
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "no such line");
}

static bool take_option(char *text, zarrc_http_options *http, const char **header) {
  char *value = strchr(text, '=');
  if (!value) return false;
  *value++ = '\0';
  unsigned number = (unsigned)strtoul(value, NULL, 10);
  if (!strcmp(text, "ca_file"))
    http->ca_file = value;
  else if (!strcmp(text, "tries"))
    http->tries = number;
  else if (!strcmp(text, "max_requests"))
    http->max_requests = number;
  else if (!strcmp(text, "stall_timeout_ms"))
    http->stall_timeout_ms = number;
  else if (!strcmp(text, "http2"))
    http->http2 = number != 0;
  else if (!strcmp(text, "missing_403"))
    http->missing_403 = number != 0;
  else if (!strcmp(text, "header"))
    *header = value;
  else
    return false;
  http->nheaders = *header != NULL;
  return true;
}

static zarrc_status open_store(zarrc_ctx *ctx, char *url, const zarrc_http_options *http, zarrc_store **out,
                               zarrc_error *error) {
  zarrc_open_options options = {.struct_size = sizeof options, .read_only = true, .http = http};
  char *path = NULL;
  if (!strncmp(url, "references:", 11)) {
    zarrc_status status = zarrc_store_open(ctx, url, &options, out, &path, error);
    zarrc_free(ctx, path);
    return status;
  }
  if (strncmp(url, "s3://", 5) != 0) return zarrc_http_store_open(ctx, url, http, out, error);
  char *bucket = url + 5, *prefix = strchr(bucket, '/');
  if (prefix) *prefix++ = '\0';
  return zarrc_s3_store_open(ctx, bucket, prefix, false, NULL, http, out, error);
}

int main(int argc, char **argv) {
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_error error = {0};
  const char *header = NULL;
  zarrc_http_options http = {.struct_size = sizeof http, .headers = &header};
  zarrc_key_blob blob = {0};
  char *line = NULL;
  size_t room = 0;
  for (int i = 2; i < argc; i++)
    if (!take_option(argv[i], &http, &header)) return 2;
  if (argc < 2 || zarrc_ctx_open(NULL, &ctx, &error)) return 2;
  zarrc_status status = open_store(ctx, argv[1], &http, &store, &error);
  end_line(status, &error);
  while (!status && getline(&line, &room, stdin) > 0) {
    char *fields[MAX_FIELDS], *at = line;
    size_t n = 0;
    line[strcspn(line, "\n")] = '\0';
    while (n < MAX_FIELDS && (fields[n] = strsep(&at, "\t"))) n++;
    zarrc_status ended = run_line(store, &blob, fields, n, &error);
    end_line(ended, &error);
  }
  free(line);
  zarrc_key_blob_close(&blob);
  if (!status) zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  return 0;
}
