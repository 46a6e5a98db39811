/* SPDX-License-Identifier: MIT */
#include "store/contract.h"
#include "support/faultio.h"
#include "support/files.h"
#include "support/said.h"

#include "store/file.h"

#include <ftw.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/wait.h>

static zarrc_ctx *ctx;
static char *tree;
static zarrc_store *store;
static size_t nfds;

static void reopen(zarrc_sync sync) {
  zarrc_error error;
  zarrc_file_store_options options = {.struct_size = sizeof options, .create = true, .sync = sync};
  char *path = path_in(tree, "root");
  zarrc_store_close(store);
  store = NULL;
  contract_ok(zarrc_file_store_open(ctx, path, &options, &store, &error), &error);
  free(path);
}

static char *root_path(const char *name) {
  char *root = path_in(tree, "root"), *path = path_in(root, name);
  free(root);
  return path;
}

static int open_all(void **state) {
  (void)state;
  nfds = contract_nfds();
  tree = tree_make();
  if (zarrc_ctx_open(NULL, &ctx, NULL)) return -1;
  reopen(ZARRC_SYNC_NONE);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  zarrc_store_close(store);
  store = NULL;
  zarrc_ctx_close(ctx);
  tree_remove(tree);
  return contract_nfds() == nfds ? 0 : -1;
}

static int ntemps;

static int count_temp(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type;
  ntemps += zarrc_file_is_temp(path + ftw->base);
  return 0;
}

static int count_temps(void) {
  ntemps = 0;
  assert_int_equal(nftw(tree, count_temp, 16, FTW_PHYS), 0);
  return ntemps;
}

/* The text of a value, or "" where there is none. */
static const char *value_of(const char *key, char out[64]) {
  zarrc_bytes got = {0};
  zarrc_error error;
  zarrc_status status = zarrc_store_get(store, key, 63, &got, &error);
  if (status != ZARRC_NOT_FOUND) contract_ok(status, &error);
  memcpy(out, got.ptr ? got.ptr : (const uint8_t *)"", got.len);
  out[got.len] = '\0';
  zarrc_bytes_release(&got);
  return out;
}

/* ------------------------------------------------------------------------------------- each system call fails */

typedef struct deed {
  const char *name, *key, *before, *after; /* "" : no value */
  bool if_unchanged, in_new_directory;
  bool keeps; /* the first five bytes of the new value are the last ones of the old one, and are not read */
} deed;

static const deed deeds[] = {
    {"overwrite", "d/value", "old", "brand new", false, false, false},
    {"create", "x/y/z/value", "", "brand new", false, true, false},
    {"update", "d/value", "old", "brand new", true, false, false},
    {"update of nothing", "d/value", "", "brand new", true, false, false},
    {"erase", "d/value", "old", "", false, false, false},
    {"erase if unchanged", "d/value", "old", "", true, false, false},
    {"update that keeps", "d/value", "an old brand", "brand new", true, false, true},
};

static void prepare(const deed *d) {
  zarrc_error error;
  contract_ok(zarrc_store_erase_prefix(store, "", &error), &error);
  if (!d->in_new_directory) contract_set(store, "d/other", "other");
  if (*d->before) contract_set(store, d->key, d->before);
}

/* armed: what faultio is, from the moment when the blob has read. */
static zarrc_status perform(const deed *d, unsigned at, int os_error, bool forever, zarrc_error *error) {
  zarrc_key_blob blob;
  contract_ok(zarrc_key_blob_open(&blob, store, d->key, error), error);
  if (d->if_unchanged) {
    zarrc_bytes got = contract_read(&blob);
    zarrc_bytes_release(&got);
  }
  zarrc_bytes parts[] = {{.ptr = (const uint8_t *)d->after, .len = 4},
                         {.ptr = NULL, .len = 0},
                         {.ptr = (const uint8_t *)d->after + 4, .len = strlen(d->after) - 4}};
  if (d->keeps) assert_true(zarrc_blob_keep(blob.blob, strlen(d->before) - 5, 5, &parts[0]));
  if (d->keeps) parts[2] = (zarrc_bytes){.ptr = (const uint8_t *)d->after + 5, .len = strlen(d->after) - 5};
  faultio_arm(FAULTIO_ALL, at, os_error, forever);
  zarrc_status status = *d->after ? zarrc_blob_replace(blob.blob, parts, 3, d->if_unchanged, error)
                                  : zarrc_blob_erase(blob.blob, d->if_unchanged, error);
  faultio.armed = false;
  zarrc_key_blob_close(&blob);
  return status;
}

/* The name of the call that was made to fail. */
static const char *failed_call(char out[32], unsigned at) {
  const char *name = faultio.log;
  for (unsigned i = 1; i < at && name; i++) name = strchr(name, ' ') + 1;
  snprintf(out, 32, "%.*s", (int)strcspn(name, " "), name);
  return out;
}

/* Once each: the old value or the new one, nothing left over, and no failure hidden but those that do not matter. */
static void test_each_call_fails_once(void **state) {
  (void)state;
  static const int errors[] = {EIO, ENOSPC, ENOENT, EDQUOT, EACCES, EROFS, EMFILE};
  for (int sync = ZARRC_SYNC_NONE; sync <= ZARRC_SYNC_DATA; sync++) {
    reopen((zarrc_sync)sync);
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
      for (size_t e = 0; e < sizeof errors / sizeof *errors; e++) {
        bool clean = (errors[e] == ENOENT && !*deeds[i].after) || /* then it is as good as erased */
                     (e > 2 && i > 0);                            /* one errno is like another */
        for (unsigned at = 1; !clean; at++) {
          const deed *d = &deeds[i];
          zarrc_error error = {0};
          char text[64], call[32];
          prepare(d);
          size_t before = contract_nfds();
          zarrc_status status = perform(d, at, errors[e], false, &error);
          clean = faultio.failed == 0;
          failed_call(call, at);
          value_of(d->key, text);
          bool is_old = !strcmp(text, d->before), is_new = !strcmp(text, d->after);
          /* Without locks, without knowing that the root is still there, and with descriptors that do not close the
           * work is done as well; what is gone is tried again; a value that cannot be looked at counts as changed. */
          bool no_matter = !strcmp(call, "stat") || !strcmp(call, "lock") || !strcmp(call, "unlock") ||
                           !strcmp(call, "close") ||
                           (!strcmp(call, "copy") && errors[e] != EIO && errors[e] != ENOSPC && errors[e] != EDQUOT);
          bool is_io = status == zarrc_status_of_errno(errors[e]);
          bool good = clean                      ? status == ZARRC_OK && is_new
                      : status == ZARRC_OK       ? is_new && (no_matter || errors[e] == ENOENT)
                      : status == ZARRC_CONFLICT ? is_old && !strcmp(call, "stat")
                      : !strcmp(call, "fsync")   ? is_io && (is_old || is_new)
                                                 : is_io && is_old;
          bool gone = errors[e] == ENOENT && error.os_error == ESTALE; /* the root, as it seems */
          if (!clean && is_io && !gone) assert_int_equal(error.os_error, errors[e]);
          if (!good || count_temps() != 0 || contract_nfds() != before)
            fail_msg("%s: %s (call %u) fails with %d: %s, value \"%s\", %d left over; calls %s", d->name, call, at,
                     errors[e], zarrc_status_name(status), text, ntemps, faultio.log);
          contract_set(store, d->key, "again"); /* and the next write works */
        }
      }
    }
  }
}

/* From some call on nothing works any more, not even tidying up. */
static void test_each_call_fails_for_ever(void **state) {
  (void)state;
  reopen(ZARRC_SYNC_DATA);
  for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
    bool clean = false;
    for (unsigned at = 1; !clean; at++) {
      const deed *d = &deeds[i];
      zarrc_error error;
      char text[64];
      prepare(d);
      size_t before = contract_nfds();
      zarrc_status status = perform(d, at, EIO, true, &error);
      clean = faultio.failed == 0;
      value_of(d->key, text);
      bool is_old = !strcmp(text, d->before), is_new = !strcmp(text, d->after);
      if (!(status == ZARRC_OK ? is_new : is_old || is_new) || contract_nfds() != before)
        fail_msg("%s: call %u: %s, value \"%s\"", d->name, at, zarrc_status_name(status), text);
    }
  }
}

static void test_short_and_interrupted(void **state) {
  (void)state;
  enum { N = 1000 };
  uint8_t value[N];
  zarrc_bytes parts[N / 4];
  zarrc_error error;
  for (size_t i = 0; i < N; i++) value[i] = (uint8_t)(i * 7 >> 1);
  for (size_t i = 0; i < N / 4; i++) parts[i] = (zarrc_bytes){.ptr = value + i * 4, .len = 4};
  reopen(ZARRC_SYNC_DATA);
  for (int way = 1; way < 4; way++) {
    zarrc_key_blob blob;
    contract_ok(zarrc_key_blob_open(&blob, store, way == 1 ? "a/b" : way == 2 ? "c/d/e" : "f", &error), &error);
    faultio_arm(FAULTIO_ALL, 0, 0, false);
    faultio.is_short = way & 1;
    faultio.eintr = way & 2;
    contract_ok(zarrc_blob_replace(blob.blob, parts, N / 4, false, &error), &error);
    faultio.armed = false;
    zarrc_bytes got = contract_read(&blob);
    assert_int_equal(got.len, N);
    assert_memory_equal(got.ptr, value, N);
    zarrc_bytes_release(&got);
    zarrc_key_blob_close(&blob);
  }
}

/* What is done, and in which order: the data is on the disk before it has its name, and the name before success. */
static void test_calls(void **state) {
  (void)state;
  zarrc_error error;
  contract_set(store, "d/value", "old");
  if (atomic_load(&((zarrc_file_store *)store)->no_openat2)) return; /* has more calls of open */
  contract_ok(perform(&deeds[0], 0, 0, false, &error), &error);
  assert_string_equal(faultio.log, "open create lock write close lock rename unlock close ");
  contract_ok(perform(&deeds[2], 0, 0, false, &error), &error);
  assert_string_equal(faultio.log, "open create lock write close lock stat rename unlock close close ");
  contract_set(store, "d/value", deeds[6].before);
  contract_ok(perform(&deeds[6], 0, 0, false, &error), &error);
  assert_string_equal(faultio.log, "open create lock copy write close lock stat rename unlock close close ");
  reopen(ZARRC_SYNC_DATA);
  contract_set(store, "d/value", "old"); /* the first write looks for what others have left */
  contract_ok(perform(&deeds[0], 0, 0, false, &error), &error);
  assert_string_equal(faultio.log, "open create lock write fdatasync close lock rename unlock fsync close ");
  contract_ok(perform(&deeds[4], 0, 0, false, &error), &error);
  assert_string_equal(faultio.log, "open lock unlink unlock fsync close ");
  contract_ok(zarrc_store_erase_prefix(store, "x", &error), &error);
  contract_ok(perform(&deeds[1], 0, 0, false, &error), &error);
  char *first = strstr(faultio.log, "mkdir open fsync close"), *last = strstr(faultio.log, "create");
  assert_true(first && last && first < last);
}

/* A failure of close counts, and a failed sync is final: it is not tried again. */
static void test_late_failures(void **state) {
  (void)state;
  zarrc_error error;
  for (int sync = ZARRC_SYNC_NONE; sync <= ZARRC_SYNC_DATA; sync++) {
    reopen((zarrc_sync)sync);
    prepare(&deeds[0]);
    contract_ok(perform(&deeds[0], 0, 0, false, &error), &error);
    unsigned at = 1;
    for (const char *p = faultio.log; strncmp(p, sync ? "fdatasync " : "close ", sync ? 10 : 6) != 0; at++)
      p = strchr(p, ' ') + 1;
    prepare(&deeds[0]);
    assert_int_equal(perform(&deeds[0], at, EIO, false, &error), ZARRC_IO);
    assert_string_equal(SAID(error), sync ? "cannot sync: Input/output error" : "cannot close: Input/output error");
    if (sync) assert_null(strstr(strstr(faultio.log, "fdatasync") + 1, "fdatasync"));
    contract_expect(store, "d/value", "old");
    assert_int_equal(count_temps(), 0);
  }
}

/* A file system without locks is written all the same. */
static void test_no_locks(void **state) {
  (void)state;
  static const int errors[] = {ENOLCK, EOPNOTSUPP, EBADF, EINVAL};
  for (int i = 0; i < 4; i++) {
    zarrc_error error;
    prepare(&deeds[2]);
    zarrc_key_blob blob;
    contract_ok(zarrc_key_blob_open(&blob, store, "d/value", &error), &error);
    zarrc_bytes got = contract_read(&blob);
    faultio_arm(FAULTIO_FLOCK, 1, errors[i], true);
    assert_int_equal(contract_replace(&blob, "new", true), ZARRC_OK);
    faultio.armed = false;
    zarrc_bytes_release(&got);
    zarrc_key_blob_close(&blob);
    contract_expect(store, "d/value", "new");
  }
}

/* ---------------------------------------------------------------------------------------------- sudden ends */

/* The process ends at each system call in turn. */
static void test_killed_at_each_call(void **state) {
  (void)state;
  for (int sync = ZARRC_SYNC_NONE; sync <= ZARRC_SYNC_DATA; sync++) {
    reopen((zarrc_sync)sync);
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
      bool clean = false;
      for (unsigned at = 1; !clean; at++) {
        const deed *d = &deeds[i];
        char text[64];
        int status = -1;
        prepare(d);
        pid_t child = fork();
        if (child == 0) _exit(perform(d, at, FAULTIO_KILL, false, NULL) == ZARRC_OK ? 0 : 1);
        assert_int_equal(waitpid(child, &status, 0), child);
        clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (!clean) assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        value_of(d->key, text);
        if (strcmp(text, d->after) != 0 && (clean || strcmp(text, d->before) != 0))
          fail_msg("%s, killed at call %u: \"%s\"", d->name, at, text);
        contract_set(store, d->key, "again");
        contract_expect_list(store, "", true, false, d->in_new_directory ? "x/y/z/value " : "d/other d/value ");
      }
    }
  }
}

enum { KILL_N = 1 << 16 };

static void fill_counter(uint32_t *value, uint32_t count) {
  for (size_t i = 0; i < KILL_N; i++) value[i] = count;
}

/* kill -9 at any time: the value is whole, and what was reported as written is there. */
static void test_killed_at_any_time(void **state) {
  (void)state;
  uint32_t *value = malloc(KILL_N * sizeof *value), seed = 4711;
  for (int kills = 0; kills < 50; kills++) {
    int ends[2];
    zarrc_error error;
    fill_counter(value, 0);
    contract_ok(zarrc_store_set(store, "d/value", value, KILL_N * sizeof *value, &error), &error);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
      for (uint32_t count = 1;; count++) {
        fill_counter(value, count);
        if (zarrc_store_set(store, "d/value", value, KILL_N * sizeof *value, NULL)) _exit(1);
        if (write(ends[1], "", 1) != 1) _exit(1);
      }
    }
    close(ends[1]);
    uint32_t done = 0, whole;
    char byte;
    for (uint32_t wait = 1 + (seed = seed * 1664525 + 1013904223) % 4; done < wait; done++)
      assert_int_equal(read(ends[0], &byte, 1), 1);
    for (volatile uint32_t spin = (seed = seed * 1664525 + 1013904223) % 300000; spin > 0;) spin = spin - 1;
    kill(child, SIGKILL);
    while (read(ends[0], &byte, 1) == 1) done++;
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    close(ends[0]);
    zarrc_bytes got = {0};
    contract_ok(zarrc_store_get(store, "d/value", KILL_N * sizeof *value, &got, &error), &error);
    assert_int_equal(got.len, KILL_N * sizeof *value);
    memcpy(&whole, got.ptr, sizeof whole);
    assert_true(whole == done || whole == done + 1);
    fill_counter(value, whole);
    assert_memory_equal(got.ptr, value, got.len);
    zarrc_bytes_release(&got);
  }
  free(value);
}

/* --------------------------------------------------------------------------------------------- many at once */

/* Two processes with threads of their own update one value: none of the updates is lost. */
static void test_two_processes(void **state) {
  (void)state;
  enum { ROUNDS = 20, PER_PROCESS = 3 };
  pid_t child[2];
  for (int p = 0; p < 2; p++) {
    child[p] = fork();
    if (child[p] == 0) {
      pthread_t thread[PER_PROCESS];
      contract_race race[PER_PROCESS];
      atomic_int writing = PER_PROCESS;
      for (int i = 0; i < PER_PROCESS; i++) {
        race[i] = (contract_race){store, ROUNDS, p * PER_PROCESS + i, &writing};
        if (pthread_create(&thread[i], NULL, contract_writer, &race[i])) _exit(1);
      }
      for (int i = 0; i < PER_PROCESS; i++) pthread_join(thread[i], NULL);
      _exit(0);
    }
  }
  for (int p = 0; p < 2; p++) {
    int status = -1;
    assert_int_equal(waitpid(child[p], &status, 0), child[p]);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  zarrc_error error;
  zarrc_bytes got = {0};
  uint32_t counts[1 + CONTRACT_WRITERS];
  contract_ok(zarrc_store_get(store, "race/value", 1 << 20, &got, &error), &error);
  memcpy(counts, got.ptr, sizeof counts);
  assert_int_equal(counts[0], 2 * ROUNDS * PER_PROCESS);
  for (int i = 0; i < 2 * PER_PROCESS; i++) assert_int_equal(counts[1 + i], ROUNDS);
  zarrc_bytes_release(&got);
  assert_int_equal(count_temps(), 0);
}

/* Directories that are erased while others write into them. */
static void *write_many(void *arg) {
  atomic_int *writing = arg;
  char key[32];
  for (int i = 0; i < 200; i++) {
    snprintf(key, sizeof key, "d/%d/%d/value", i % 3, i % 2);
    zarrc_error error;
    if (zarrc_store_set(store, key, key, strlen(key), &error)) {
      fprintf(stderr, "%s\n", SAID(error));
      abort();
    }
  }
  atomic_fetch_sub(writing, 1);
  return NULL;
}

static void test_erased_below_the_feet(void **state) {
  (void)state;
  pthread_t thread[3];
  atomic_int writing = 3;
  for (int i = 0; i < 3; i++) assert_int_equal(pthread_create(&thread[i], NULL, write_many, &writing), 0);
  while (atomic_load(&writing) > 0) {
    zarrc_error error;
    contract_ok(zarrc_store_erase_prefix(store, "d", &error), &error);
  }
  for (int i = 0; i < 3; i++) pthread_join(thread[i], NULL);
  assert_int_equal(count_temps(), 0);
}

/* -------------------------------------------------------------------------------------------- what is written */

static void test_names(void **state) {
  (void)state;
  zarrc_error error;
  char name[NAME_MAX + 2], temp[ZARRC_TEMP_NAME], below[ZARRC_TEMP_NAME + 2];
  memset(name, 'n', sizeof name);
  name[NAME_MAX] = '\0';
  contract_set(store, name, "text");
  contract_expect(store, name, "text");
  name[NAME_MAX] = 'n';
  name[NAME_MAX + 1] = '\0';
  assert_int_equal(zarrc_store_set(store, name, "text", 4, &error), ZARRC_IO);
  assert_int_equal(error.os_error, ENAMETOOLONG);
  assert_int_equal(count_temps(), 0);
  zarrc_file_temp_name(temp, "x");
  snprintf(below, sizeof below, "a/%s", temp);
  assert_int_equal(zarrc_store_set(store, temp, "text", 4, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_store_set(store, below, "text", 4, &error), ZARRC_INVALID_ARGUMENT);
  contract_ok(zarrc_store_erase(store, temp, &error), &error);
  static const char *const odd[] = {"back\\slash", "new\nline", "\xf0\x9f\xa6\x93", " ", ".hidden", "c:", "a b/\x01"};
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
    contract_set(store, odd[i], odd[i]);
    contract_expect(store, odd[i], odd[i]);
  }
}

static void test_in_the_way(void **state) {
  (void)state;
  zarrc_error error;
  contract_set(store, "directory/value", "text");
  contract_set(store, "file", "text");
  assert_int_equal(zarrc_store_set(store, "directory", "x", 1, &error), ZARRC_IO);
  assert_int_equal(error.os_error, EISDIR);
  assert_int_equal(zarrc_store_erase(store, "directory", &error), ZARRC_IO);
  assert_int_equal(zarrc_store_set(store, "file/below", "x", 1, &error), ZARRC_IO);
  assert_int_equal(error.os_error, ENOTDIR);
  assert_non_null(strstr(SAID(error), "/file/below: cannot open the directory: Not a directory"));
  contract_ok(zarrc_store_erase(store, "file/below", &error), &error);
  contract_expect(store, "file", "text");
  contract_expect(store, "directory/value", "text");
  assert_int_equal(count_temps(), 0);
}

/* A link is replaced, and what it leads to stays as it is; a link out of the store is no way to write outside. */
static void test_links(void **state) {
  (void)state;
  zarrc_error error;
  char *link = root_path("link"), *out = root_path("out"), *secret = path_in(tree, "secret");
  file_write_text(secret, "secret");
  contract_set(store, "target", "target");
  assert_int_equal(symlink("target", link), 0);
  assert_int_equal(symlink("..", out), 0);
  zarrc_key_blob blob;
  contract_ok(zarrc_key_blob_open(&blob, store, "link", &error), &error);
  zarrc_bytes got = contract_read(&blob);
  assert_memory_equal(got.ptr, "target", 6);
  zarrc_bytes_release(&got);
  assert_int_equal(contract_replace(&blob, "new", true), ZARRC_OK);
  zarrc_key_blob_close(&blob);
  contract_expect(store, "link", "new");
  contract_expect(store, "target", "target");
  assert_int_equal(zarrc_store_set(store, "out/secret", "x", 1, &error), ZARRC_ACCESS);
  assert_int_equal(error.os_error, EXDEV);
  assert_int_equal(zarrc_store_erase(store, "out/secret", &error), ZARRC_ACCESS);
  assert_true(file_exists(secret));
  contract_ok(zarrc_store_erase(store, "out", &error), &error);
  assert_true(file_exists(secret) && !file_exists(out));
  free(link);
  free(out);
  free(secret);
}

/* What somebody else writes in place is seen too, by the size or by the time of the change. */
static void test_changed_in_place(void **state) {
  (void)state;
  zarrc_error error;
  char *path = root_path("value");
  for (int same_size = 0; same_size < 2; same_size++) {
    struct stat before, after;
    contract_set(store, "value", "old");
    zarrc_key_blob blob;
    contract_ok(zarrc_key_blob_open(&blob, store, "value", &error), &error);
    zarrc_bytes got = contract_read(&blob);
    zarrc_bytes_release(&got);
    assert_int_equal(stat(path, &before), 0);
    do {
      int fd = open(path, O_WRONLY | O_TRUNC);
      assert_int_equal(write(fd, "newer", same_size ? 3 : 5), same_size ? 3 : 5);
      close(fd);
      assert_int_equal(stat(path, &after), 0);
    } while (same_size && before.st_ctim.tv_sec == after.st_ctim.tv_sec &&
             before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(contract_replace(&blob, "mine", true), ZARRC_CONFLICT);
    contract_expect(store, "value", same_size ? "new" : "newer");
    zarrc_key_blob_close(&blob);
  }
  free(path);
}

static void test_mode(void **state) {
  (void)state;
  char *path = root_path("a/b"), *above = root_path("a");
  struct stat st;
  mode_t old = umask(027);
  contract_set(store, "a/b", "text");
  umask(old);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 07777, 0640);
  assert_int_equal(stat(above, &st), 0);
  assert_int_equal(st.st_mode & 07777, 0750);
  free(path);
  free(above);
}

/* Limits of the system, met for real: the size of a file, the number of open files. */
static void test_real_limits(void **state) {
  (void)state;
  contract_set(store, "d/value", "old");
  for (int which = 0; which < 2; which++) {
    pid_t child = fork();
    if (child == 0) {
      static char large[100000];
      signal(SIGXFSZ, SIG_IGN);
      struct rlimit limit = {which ? 0 : 65536, which ? 0 : 65536};
      if (which) limit.rlim_cur = limit.rlim_max = (rlim_t)dup(0) + 1; /* one more can be opened: the directory */
      if (setrlimit(which ? RLIMIT_NOFILE : RLIMIT_FSIZE, &limit)) _exit(2);
      if (which) close((int)limit.rlim_cur - 1);
      zarrc_error error = {0};
      zarrc_status status = zarrc_store_set(store, "d/value", large, sizeof large, &error);
      _exit(status == ZARRC_IO && error.os_error == (which ? EMFILE : EFBIG) ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    contract_expect(store, "d/value", "old");
    assert_int_equal(count_temps(), 0);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
  const struct CMUnitTest tests[] = {
      TEST(test_each_call_fails_once),
      TEST(test_each_call_fails_for_ever),
      TEST(test_short_and_interrupted),
      TEST(test_calls),
      TEST(test_late_failures),
      TEST(test_no_locks),
      TEST(test_killed_at_each_call),
      TEST(test_killed_at_any_time),
      TEST(test_two_processes),
      TEST(test_erased_below_the_feet),
      TEST(test_names),
      TEST(test_in_the_way),
      TEST(test_links),
      TEST(test_changed_in_place),
      TEST(test_mode),
      TEST(test_real_limits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
