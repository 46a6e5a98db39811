/* SPDX-License-Identifier: MIT */
#include "store/contract.h"
#include "support/faultio.h"
#include "support/files.h"

#include "store/file.h"

#include <sys/wait.h>

static zarrc_ctx *ctx;
static char *tree;
static zarrc_store *store;

static const char *const names[] = {".zattrs", ".zarray"}, *const unless[] = {"zarr.json", ".zarray", ".zgroup", NULL};

static zarrc_store *open_root(zarrc_ctx *c, bool read_only) {
  zarrc_error error;
  zarrc_store *out = NULL;
  zarrc_file_store_options options = {
      .struct_size = sizeof options, .create = true, .read_only = read_only, .sync = ZARRC_SYNC_DATA};
  char *path = path_in(tree, "root");
  contract_ok(zarrc_file_store_open(c, path, &options, &out, &error), &error);
  free(path);
  return out;
}

static int open_all(void **state) {
  (void)state;
  tree = tree_make();
  if (zarrc_ctx_open(NULL, &ctx, NULL)) return -1;
  store = open_root(ctx, false);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
  tree_remove(tree);
  return 0;
}

/* with NULL: there are no attributes. */
static zarrc_status create(zarrc_store *in, const char *folder, const char *with, const char *text,
                           zarrc_error *error) {
  const zarrc_bytes values[] = {{.ptr = (const uint8_t *)with, .len = with ? strlen(with) : 0},
                                {.ptr = (const uint8_t *)text, .len = strlen(text)}};
  return zarrc_store_create(in, folder, names, values, 2, unless, error);
}

/* Both are there, or neither; and no temporary file. */
static void test_all_or_nothing(void **state) {
  static const char *const folders[] = {"", "a", "deep/er"};
  (void)state;
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    zarrc_error error;
    char keys[3][32];
    const char *slash = *folders[i] ? "/" : "";
    snprintf(keys[0], 32, "%s%s.zattrs", folders[i], slash);
    snprintf(keys[1], 32, "%s%s.zarray", folders[i], slash);
    contract_ok(create(store, folders[i], "one", "first", &error), &error);
    assert_int_equal(create(store, folders[i], "two", "second", &error), ZARRC_CONFLICT);
    assert_string_equal(error.key, keys[1]);
    contract_expect(store, keys[0], "one");
    contract_expect(store, keys[1], "first");
    for (size_t other = 0; other < 3; other += 2) {
      snprintf(keys[2], 32, "%s%s%s", folders[i], slash, unless[other]);
      contract_ok(zarrc_store_erase(store, keys[1], &error), &error);
      contract_set(store, keys[2], "other");
      assert_int_equal(create(store, folders[i], NULL, "second", &error), ZARRC_CONFLICT);
      contract_expect(store, keys[0], "one");
      contract_expect(store, keys[1], NULL);
      contract_ok(zarrc_store_erase(store, keys[2], &error), &error);
    }
    contract_ok(create(store, folders[i], NULL, "", &error), &error);
    contract_expect(store, keys[0], NULL);
    contract_expect(store, keys[1], "");
  }
  contract_expect_list(store, "", true, false, ".zarray a/.zarray deep/er/.zarray ");
}

static void test_refused(void **state) {
  zarrc_error error;
  zarrc_store *memory;
  (void)state;
  contract_set(store, "v", "1");
  zarrc_store *reader = open_root(ctx, true);
  contract_ok(zarrc_store_erase(store, "v", &error), &error);
  assert_int_equal(create(reader, "a", NULL, "x", &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(create(store, "../a", NULL, "x", &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_store_create(store, "a", names, NULL, 0, unless, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_store_create(store, "a", names, NULL, 5, unless, &error), ZARRC_INVALID_ARGUMENT);
  contract_ok(zarrc_memory_store_open(ctx, &memory, &error), &error);
  assert_int_equal(create(memory, "a", NULL, "x", &error), ZARRC_UNSUPPORTED);
  contract_expect_list(store, "", true, false, "");
  /* a folder is no value, and cannot be replaced by one */
  contract_set(store, "a/.zattrs/x", "1");
  assert_int_equal(create(store, "a", "x", "x", &error), ZARRC_IO);
  contract_expect_list(store, "", true, false, "a/.zattrs/x ");
  contract_set(store, "b/.zarray/x", "1");
  assert_int_equal(create(store, "b", "x", "x", &error), ZARRC_CONFLICT);
  contract_set(store, "c", "1");
  assert_int_equal(create(store, "c", "x", "x", &error), ZARRC_IO);
  assert_string_equal(error.key, "c/.zarray");
  contract_expect_list(store, "", true, false, "a/.zattrs/x b/.zarray/x c ");
  zarrc_store_close(memory);
  zarrc_store_close(reader);
}

/* Behind a prefix the same happens, and errors name what the caller knows. */
static void test_prefix(void **state) {
  zarrc_error error;
  zarrc_store *below;
  (void)state;
  contract_ok(zarrc_prefix_store_open(store, "p/q", &below, &error), &error);
  contract_ok(create(below, "", "one", "root", &error), &error);
  contract_ok(create(below, "a", "two", "array", &error), &error);
  assert_int_equal(create(below, "a", "two", "array", &error), ZARRC_CONFLICT);
  assert_string_equal(error.key, "a/.zarray");
  contract_expect_list(store, "", true, false, "p/q/.zarray p/q/.zattrs p/q/a/.zarray p/q/a/.zattrs ");
  zarrc_store_close(below);
}

/* Returns whether there is an array, which is then whole. */
static bool is_there(void) {
  zarrc_bytes got = {0};
  if (zarrc_store_get(store, "a/.zarray", 100, &got, NULL)) return false;
  zarrc_bytes_release(&got);
  contract_expect(store, "a/.zarray", "first");
  contract_expect(store, "a/.zattrs", "one");
  return true;
}

/* Whatever system call fails, or is the last of a process that is killed: there is the whole array or none, and the
 * next creator finds nothing in its way. */
static void test_failures(void **state) {
  zarrc_error error = {0};
  (void)state;
  for (int kill = 0; kill < 2; kill++) {
    bool more = true;
    for (unsigned at = 1; more; at++) {
      zarrc_store_close(store);
      tree_remove(tree);
      tree = tree_make();
      store = open_root(ctx, false);
      contract_set(store, "a/.zattrs", "left");
      if (kill) {
        int how;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
          faultio_arm(FAULTIO_ALL, at, FAULTIO_KILL, false);
          _exit(create(store, "a", "one", "first", NULL) ? 2 : 0);
        }
        assert_int_equal(waitpid(child, &how, 0), child);
        more = WIFSIGNALED(how);
        assert_true(more || WEXITSTATUS(how) == 0);
      } else {
        faultio_arm(FAULTIO_ALL & ~FAULTIO_UNLINK, at, EIO, false);
        zarrc_status status = create(store, "a", "one", "first", &error);
        faultio.armed = false;
        more = faultio.failed > 0;
        assert_true(more || !status);
        assert_true(status || is_there());
      }
      if (!is_there()) contract_ok(create(store, "a", "one", "first", &error), &error);
      assert_true(is_there());
      assert_int_equal(create(store, "a", "two", "second", &error), ZARRC_CONFLICT);
      contract_expect_list(store, "", true, false, "a/.zarray a/.zattrs ");
      assert_true(at < 100);
    }
  }
}

/* ------------------------------------------------------------------------------------------------------- at once */

enum { CREATORS = 4, ROUNDS = 300 };

/* Creates nodes 0, 1, 2, … with its own context and store; returns how many. Every other creator has no attributes. */
static int create_all(int which) {
  zarrc_ctx *own;
  zarrc_error error;
  int n = 0;
  if (zarrc_ctx_open(NULL, &own, NULL)) return -1;
  zarrc_store *mine = open_root(own, false);
  for (int i = 0; i < ROUNDS; i++) {
    char folder[16], text[16];
    snprintf(folder, sizeof folder, "%d", i);
    snprintf(text, sizeof text, "%d", which);
    zarrc_status status = create(mine, folder, which % 2 ? text : NULL, text, &error);
    if (status && status != ZARRC_CONFLICT) n = -ROUNDS;
    n += !status;
  }
  zarrc_store_close(mine);
  zarrc_ctx_close(own);
  return n;
}

static void *thread_main(void *arg) {
  *(int *)arg = create_all(*(int *)arg);
  return NULL;
}

/* Each node is of one creator as a whole. */
static void expect_whole(int ncreated) {
  assert_int_equal(ncreated, ROUNDS);
  for (int i = 0; i < ROUNDS; i++) {
    char attributes[32], main[32];
    zarrc_bytes got = {0};
    zarrc_error error;
    snprintf(attributes, sizeof attributes, "%d/.zattrs", i);
    snprintf(main, sizeof main, "%d/.zarray", i);
    contract_ok(zarrc_store_get(store, main, 1, &got, &error), &error);
    char text[2] = {(char)got.ptr[0], 0};
    zarrc_bytes_release(&got);
    contract_expect(store, attributes, (text[0] - '0') % 2 ? text : NULL);
  }
}

static void test_threads(void **state) {
  pthread_t threads[CREATORS];
  int n[CREATORS], sum = 0;
  (void)state;
  for (int i = 0; i < CREATORS; i++) {
    n[i] = i;
    assert_int_equal(pthread_create(&threads[i], NULL, thread_main, &n[i]), 0);
  }
  for (int i = 0; i < CREATORS; i++) {
    pthread_join(threads[i], NULL);
    sum += n[i];
  }
  expect_whole(sum);
}

static void test_processes(void **state) {
  (void)state;
  for (int i = 0; i < CREATORS; i++) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(create_all(i) >= 0 ? 0 : 1);
  }
  for (int i = 0; i < CREATORS; i++) {
    int how;
    assert_true(wait(&how) > 0);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
  }
  expect_whole(ROUNDS);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
  const struct CMUnitTest tests[] = {TEST(test_all_or_nothing), TEST(test_refused), TEST(test_prefix),
                                     TEST(test_failures),       TEST(test_threads), TEST(test_processes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
