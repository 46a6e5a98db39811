/* SPDX-License-Identifier: MIT */
/*
 * New versions of a prefix. Beside the directory NAME of the prefix there is a directory ".NAME.zarrc-partial". It
 * contains a file "note", which is locked by the process at work and contains the inode number of the directory "new",
 * the unfinished version. To publish it the two directories are exchanged (renameat2), and the old one, now "new", is
 * removed; its inode number differs from the note, so it cannot be taken for an unfinished version. What cannot be
 * removed remains as "left.1" and so on. See docs/design/0011.
 */
#include "base/hash.h"
#include "store/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
  MAX_NOTE = 4096,
  LONG_NAME = 200,    /* longer names are replaced by a hash in the name of the stage */
  MAX_DEPTH = 300,    /* of directories that are searched */
  TRIES = 64,         /* for operations that other processes may disturb */
  POLL_NSEC = 5000000 /* between two looks at a stage that will soon be released */
};

typedef struct file_stage {
  zarrc_stage stage;
  zarrc_file_store *fs;
  zarrc_file_place place;
  char name[NAME_MAX + 1]; /* of the stage's directory, in place.holder */
  int dir, note;           /* that directory; the locked file */
  zarrc_store *aside;      /* that directory as a store */
  bool published;
  char url[]; /* its name in errors: that of what it will become */
} file_stage;

static const char note_name[] = "note", new_name[] = "new", old_name[] = "old";
static const char left_prefix[] = "left."; /* "left.1" and so on: what could not be removed */

static void name_stage(const char *name, char out[NAME_MAX + 1]) {
  size_t n = strlen(name);
  if (n == 0) {
    snprintf(out, NAME_MAX + 1, "%s", ZARRC_STAGE_SUFFIX);
  } else if (n <= LONG_NAME) {
    snprintf(out, NAME_MAX + 1, ".%.*s%s", LONG_NAME, name, ZARRC_STAGE_SUFFIX);
  } else {
    snprintf(out, NAME_MAX + 1, ".%016" PRIx64 "%s", zarrc_hash(ZARRC_HASH_EMPTY, name, n), ZARRC_STAGE_SUFFIX);
  }
}

static int open_retry(int dir, const char *name, int flags) {
  int fd;
  do fd = openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW, 0666);
  while (fd < 0 && errno == EINTR);
  return fd;
}

/* Opens a file store for a directory below `start`, with the same options. In errors it has the name of what it will
 * become. */
static zarrc_status open_like(const file_stage *s, int start, const char *path, zarrc_store **out, zarrc_error *error) {
  const zarrc_file_store *like = s->fs;
  zarrc_ctx *ctx = like->store.ctx;
  zarrc_file_store *fs = zarrc_malloc(ctx, sizeof *fs);
  size_t npath = strlen(path) + 1;
  char *copy = zarrc_malloc(ctx, npath + strlen(s->url) + 1);
  int base = fcntl(start, F_DUPFD_CLOEXEC, 0);
  if (!fs || !copy || base < 0) {
    int os_error = errno;
    zarrc_free(ctx, fs);
    zarrc_free(ctx, copy);
    if (base >= 0) close(base);
    return base < 0 ? zarrc_file_fail(error, os_error, "cannot open the new version")
                    : zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a store");
  }
  memcpy(copy, path, npath);
  strcpy(copy + npath, s->url);
  *fs = (zarrc_file_store){.store = {.ops = like->store.ops, .ctx = ctx, .url = copy + npath},
                           .path = copy,
                           .start = base,
                           .follow_links = like->follow_links,
                           .direct = like->direct,
                           .sync = like->sync,
                           .max_value_bytes = like->max_value_bytes};
  atomic_init(&fs->no_openat2, atomic_load(&like->no_openat2));
  atomic_init(&fs->has_links, false);
  *out = &fs->store;
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------ the note */

/* Reads the note, "INODE TEXT"; false: there is none. */
static bool read_note(int fd, uint64_t *inode, char *text, size_t size) {
  char note[MAX_NOTE], *end;
  ssize_t n;
  do n = pread(fd, note, sizeof note - 1, 0);
  while (n < 0 && errno == EINTR);
  if (n <= 0) return false;
  note[n] = '\0';
  *inode = strtoull(note, &end, 10);
  if (end == note || *end != ' ' || note[n - 1] != '\n') return false;
  note[n - 1] = '\0';
  snprintf(text, size, "%s", end + 1);
  return true;
}

static int write_note(int fd, uint64_t inode, const char *text) {
  char note[MAX_NOTE];
  int n = snprintf(note, sizeof note - 1, "%" PRIu64 " %s", inode, text);
  if (n > (int)sizeof note - 2) n = (int)sizeof note - 2;
  note[n++] = '\n';
  struct iovec piece = {note, (size_t)n};
  if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET)) return -1;
  return zarrc_file_write_pieces(fd, &piece, 1, NULL) ? -1 : 0;
}

static uint64_t inode_of(int dir, const char *name) {
  struct stat st;
  return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) ? 0 : (uint64_t)st.st_ino;
}

/* Returns whether directory and note still have the names of the stage. */
static bool is_current(const file_stage *s) {
  struct stat a, b;
  if (fstat(s->dir, &a) || fstat(s->note, &b)) return false;
  return inode_of(s->place.holder, s->name) == (uint64_t)a.st_ino && inode_of(s->dir, note_name) == (uint64_t)b.st_ino;
}

/* ------------------------------------------------------------------------------------------------------- the lock */

static void drop(file_stage *s) {
  if (s->note >= 0) close(s->note);
  if (s->dir >= 0) close(s->dir);
  s->note = s->dir = -1;
}

static zarrc_status refuse_busy(const file_stage *s, zarrc_error *error) {
  char text[200] = "";
  uint64_t inode;
  read_note(s->note, &inode, text, sizeof text);
  return zarrc_fail(error, ZARRC_CONFLICT, "a new version is being made here by another process (%s)",
                    *text ? text : s->name);
}

static bool is_canceled(const zarrc_ctx *ctx) {
  const zarrc_ctx_options *o = zarrc_ctx_get_options(ctx);
  return o->canceled && o->canceled(o->canceled_ud);
}

/* Waits a moment for a process without a note, which will soon end. */
static zarrc_status wait_for_other(const file_stage *s, zarrc_error *error) {
  const struct timespec pause = {.tv_nsec = POLL_NSEC};
  char text[8] = "";
  uint64_t inode;
  if (read_note(s->note, &inode, text, sizeof text) && *text) return refuse_busy(s, error);
  if (is_canceled(s->fs->store.ctx)) return zarrc_fail(error, ZARRC_CANCELED, "canceled");
  nanosleep(&pause, NULL);
  return ZARRC_OK;
}

/* Opens and locks the stage. If the file system has no locks, only the creator of the note may proceed. */
static zarrc_status lock_stage(file_stage *s, zarrc_error *error) {
  for (int tries = 0; tries < TRIES;) {
    drop(s);
    if (mkdirat(s->place.holder, s->name, 0777) && errno != EEXIST)
      return zarrc_file_fail(error, errno, "cannot make %s", s->name);
    s->dir = open_retry(s->place.holder, s->name, O_RDONLY | O_DIRECTORY);
    s->note = s->dir < 0 ? -1 : open_retry(s->dir, note_name, O_RDWR | O_CREAT | O_EXCL);
    bool made = s->note >= 0;
    if (s->dir >= 0 && !made && errno == EEXIST) s->note = open_retry(s->dir, note_name, O_RDWR);
    if (s->note < 0 && errno != ENOENT) return zarrc_file_fail(error, errno, "cannot open %s", s->name);
    int failed = s->note < 0 ? 0 : flock(s->note, LOCK_EX | LOCK_NB);
    if (failed && errno == EWOULDBLOCK) {
      zarrc_status status = wait_for_other(s, error);
      if (status) return status;
      continue;
    }
    if (failed && errno != EINTR && !made) return refuse_busy(s, error);
    if (s->note >= 0 && !(failed && errno == EINTR) && is_current(s)) return ZARRC_OK;
    tries++;
  }
  return zarrc_fail(error, ZARRC_CONFLICT, "others keep making new versions here");
}

/* ------------------------------------------------------------------------------------------------------- beginning */

/* Restores the old version if it was moved aside and the new one did not take its place. */
static void bring_back(file_stage *s) {
  if (s->place.inside)
    zarrc_file_undo_move_in(s->place.holder, s->dir);
  else if (inode_of(s->dir, old_name) != 0 && inode_of(s->place.holder, s->place.name) == 0)
    renameat(s->dir, old_name, s->place.holder, s->place.name);
}

/* Removes temporary files of the previous process; thanks to the lock there can be no others. */
static void remove_temporaries(int dir, const char *name, int depth) {
  int fd = open_retry(dir, name, O_RDONLY | O_DIRECTORY);
  DIR *entries = fd < 0 ? NULL : fdopendir(fd);
  const struct dirent *e;
  if (!entries && fd >= 0) close(fd);
  while (entries && (e = readdir(entries))) {
    if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || e->d_type == DT_LNK) continue;
    if (zarrc_file_is_temp(e->d_name) && e->d_type != DT_DIR)
      unlinkat(fd, e->d_name, 0);
    else if (e->d_type != DT_REG && depth < MAX_DEPTH)
      remove_temporaries(fd, e->d_name, depth + 1);
  }
  if (entries) closedir(entries);
}

/* Gives the new version the permissions of the old one, and `more` while it is being made. */
static int take_over_mode(const file_stage *s, mode_t more) {
  struct stat st;
  if (s->place.inside || fstatat(s->place.holder, s->place.name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISDIR(st.st_mode))
    return 0;
  return fchmodat(s->dir, new_name, (st.st_mode & 07777) | more, 0);
}

/* Returns the name of the next remainder of a version; NULL: there are no more. */
static const char *next_left(DIR *entries) {
  const struct dirent *e;
  while (entries && (e = readdir(entries)))
    if (!strncmp(e->d_name, left_prefix, sizeof left_prefix - 1)) return e->d_name;
  return NULL;
}

static DIR *list_stage(int dir) {
  int fd = open_retry(dir, ".", O_RDONLY | O_DIRECTORY);
  DIR *entries = fd < 0 ? NULL : fdopendir(fd);
  if (!entries && fd >= 0) close(fd);
  return entries;
}

/* Removes a version. What cannot be removed (it contains a mount point, or files of another user) is renamed, so that
 * it does not get in the way. */
static zarrc_status discard(file_stage *s, const char *name, zarrc_error *error) {
  char left[sizeof left_prefix + 16];
  zarrc_error why = {0};
  zarrc_status status = zarrc_file_erase_prefix(s->aside, name, &why);
  for (int i = 1; status && i < INT_MAX; i++) {
    snprintf(left, sizeof left, "%s%d", left_prefix, i);
    if (inode_of(s->dir, left) != 0) continue;
    if (!renameat(s->dir, name, s->dir, left)) return ZARRC_OK;
    break;
  }
  if (status && error) *error = why;
  return status;
}

/* Tries again to remove remainders. */
static void remove_left(file_stage *s) {
  char name[NAME_MAX + 1];
  const char *next;
  DIR *entries = list_stage(s->dir);
  while ((next = next_left(entries))) {
    snprintf(name, sizeof name, "%s", next);
    zarrc_file_erase_prefix(s->aside, name, NULL);
  }
  if (entries) closedir(entries);
}

/* Removes everything of earlier versions except the target and the note. */
static zarrc_status clean(file_stage *s, zarrc_error *error) {
  bring_back(s);
  if (ftruncate(s->note, 0)) return zarrc_file_fail(error, errno, "cannot write the note");
  remove_left(s);
  zarrc_status status = discard(s, old_name, error);
  return status ? status : discard(s, new_name, error);
}

static zarrc_status begin(file_stage *s, zarrc_stage_mode mode, const char *note, zarrc_error *error) {
  char text[MAX_NOTE] = "";
  uint64_t inode = 0;
  zarrc_status status = ZARRC_OK;
  bool unfinished = read_note(s->note, &inode, text, sizeof text) && inode_of(s->dir, new_name) == inode && *text;
  if (unfinished && mode == ZARRC_STAGE_NEW)
    return zarrc_fail(error, ZARRC_CONFLICT, "there is an unfinished version already (%.200s)", text);
  s->stage.resumed = unfinished && mode == ZARRC_STAGE_RESUME;
  if (s->stage.resumed) {
    bring_back(s);
    remove_temporaries(s->dir, new_name, 0);
    return open_like(s, s->dir, new_name, &s->stage.store, error);
  }
  status = clean(s, error);
  if (!status && (mkdirat(s->dir, new_name, 0777) || take_over_mode(s, S_IRWXU)))
    status = zarrc_file_fail(error, errno, "cannot make a directory");
  if (!status && write_note(s->note, inode_of(s->dir, new_name), note))
    status = zarrc_file_fail(error, errno ? errno : EIO, "cannot write the note");
  return status ? status : open_like(s, s->dir, new_name, &s->stage.store, error);
}

static void free_stage(file_stage *s) {
  zarrc_store_close(s->stage.store);
  zarrc_store_close(s->aside);
  drop(s);
  zarrc_file_place_close(&s->place);
  zarrc_free(s->fs->store.ctx, s);
}

/* Removes the stage's directory as far as possible. The lock is held until the note is removed. */
static void remove_stage(file_stage *s) {
  if (s->aside && (discard(s, new_name, NULL) || discard(s, old_name, NULL))) return;
  if (s->dir < 0) return;
  unlinkat(s->dir, note_name, 0);
  unlinkat(s->place.holder, s->name, AT_REMOVEDIR);
}

static zarrc_status stage_open(zarrc_store *store, const char *prefix, zarrc_stage_mode mode, const char *note,
                               zarrc_stage **out, zarrc_error *error) {
  size_t room = strlen(store->url) + strlen(prefix) + 2;
  file_stage *s = zarrc_malloc(store->ctx, sizeof *s + room);
  if (!s) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a new version");
  *s = (file_stage){
      .stage = {.target = store}, .fs = (zarrc_file_store *)store, .place = {.holder = -1}, .dir = -1, .note = -1};
  zarrc_url_join(store->url, prefix, s->url, room);
  zarrc_status status = ZARRC_OK;
  if (zarrc_file_place_open(s->fs, prefix, true, &s->place))
    status = zarrc_file_fail(error, errno, "cannot open the directory above");
  name_stage(s->place.name, s->name);
  if (!status) status = lock_stage(s, error);
  if (!status) status = open_like(s, s->place.holder, s->name, &s->aside, error);
  if (!status) status = begin(s, mode, note, error);
  if (status)
    free_stage(s);
  else
    *out = &s->stage;
  return status;
}

static void stage_close(zarrc_stage *stage, bool keep) {
  file_stage *s = (file_stage *)stage;
  if (s->published || !keep) remove_stage(s);
  free_stage(s);
}

static zarrc_status stage_find(zarrc_store *store, const char *prefix, char *note, size_t size, bool *found,
                               zarrc_error *error) {
  file_stage s = {.fs = (zarrc_file_store *)store, .dir = -1, .note = -1};
  uint64_t inode = 0;
  (void)error;
  if (zarrc_file_place_open(s.fs, prefix, false, &s.place)) return ZARRC_OK;
  name_stage(s.place.name, s.name);
  s.dir = open_retry(s.place.holder, s.name, O_RDONLY | O_DIRECTORY);
  s.note = s.dir < 0 ? -1 : open_retry(s.dir, note_name, O_RDWR);
  if (s.note < 0 && s.dir >= 0) s.note = open_retry(s.dir, note_name, O_RDONLY);
  /* a process that was killed between two renames has left the old version there */
  bool moves_back = !store->read_only && s.note >= 0 && inode_of(s.dir, old_name) != 0;
  if (moves_back && !flock(s.note, LOCK_EX | LOCK_NB)) bring_back(&s);
  *found = s.note >= 0 && read_note(s.note, &inode, note, size) && *note && inode_of(s.dir, new_name) == inode;
  drop(&s);
  zarrc_file_place_close(&s.place);
  return ZARRC_OK;
}

static zarrc_status stage_left(zarrc_store *store, const char *prefix, char *path, size_t size, bool *found,
                               zarrc_error *error) {
  file_stage s = {.fs = (zarrc_file_store *)store, .dir = -1, .note = -1};
  char link[32], holder[PATH_MAX] = "";
  (void)error;
  if (zarrc_file_place_open(s.fs, prefix, false, &s.place)) return ZARRC_OK;
  name_stage(s.place.name, s.name);
  s.dir = open_retry(s.place.holder, s.name, O_RDONLY | O_DIRECTORY);
  DIR *entries = s.dir < 0 ? NULL : list_stage(s.dir);
  *found = next_left(entries) != NULL;
  snprintf(link, sizeof link, "/proc/self/fd/%d", s.place.holder);
  ssize_t n = *found ? readlink(link, holder, sizeof holder - 1) : -1;
  holder[n > 0 ? n : 0] = '\0';
  if (*found) snprintf(path, size, "%s%s%s", holder, n > 1 ? "/" : "", s.name);
  if (entries) closedir(entries);
  drop(&s);
  zarrc_file_place_close(&s.place);
  return ZARRC_OK;
}

/* ------------------------------------------------------------------------------------------------------ publishing */

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE (1 << 0)
#define RENAME_EXCHANGE  (1 << 1)
#endif

static int rename_with(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
#if defined(__GLIBC__)
  return renameat2(from_dir, from, to_dir, to, flags);
#elif defined(SYS_renameat2)
  return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
#else
  (void)from_dir, (void)from, (void)to_dir, (void)to, (void)flags;
  errno = ENOSYS;
  return -1;
#endif
}

static bool is_unknown(int os_error) {
  return os_error == ENOSYS || os_error == EINVAL || os_error == EOPNOTSUPP || os_error == EPERM;
}

static zarrc_status refuse_existing(zarrc_error *error) {
  return zarrc_fail(error, ZARRC_CONFLICT, "something is there already");
}

/* Without renameat2: for a moment there is nothing, and after a crash in that moment the next stage restores the old
 * version. */
static int move_aside(file_stage *s) {
  if (renameat(s->place.holder, s->place.name, s->dir, old_name)) return -1;
  if (!renameat(s->dir, new_name, s->place.holder, s->place.name)) return 0;
  int os_error = errno;
  renameat(s->dir, old_name, s->place.holder, s->place.name);
  errno = os_error;
  return -1;
}

/* Publishes where there is nothing, or an empty directory. */
static zarrc_status put_new(file_stage *s, zarrc_error *error) {
  int failed = rename_with(s->dir, new_name, s->place.holder, s->place.name, RENAME_NOREPLACE);
  if (failed && (is_unknown(errno) || errno == EEXIST))
    failed = renameat(s->dir, new_name, s->place.holder, s->place.name);
  if (!failed) return ZARRC_OK;
  if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR) return refuse_existing(error);
  return zarrc_file_fail(error, errno, "cannot rename the new version");
}

static zarrc_status replace_old(file_stage *s, zarrc_error *error) {
  if (inode_of(s->place.holder, s->place.name) == 0) return put_new(s, error);
  if (take_over_mode(s, 0)) return zarrc_file_fail(error, errno, "cannot set the permissions of the new version");
  int failed = rename_with(s->dir, new_name, s->place.holder, s->place.name, RENAME_EXCHANGE);
  if (failed && errno == ENOENT) return put_new(s, error);
  if (failed && is_unknown(errno)) failed = move_aside(s);
  return failed ? zarrc_file_fail(error, errno, "cannot put the new version in its place") : ZARRC_OK;
}

static zarrc_status stage_publish(zarrc_stage *stage, bool replace, zarrc_error *error) {
  file_stage *s = (file_stage *)stage;
  zarrc_status status = s->place.inside ? zarrc_file_move_in(s->place.holder, s->dir, replace, error)
                        : replace       ? replace_old(s, error)
                                        : put_new(s, error);
  if (status) return status;
  s->published = true;
  if (s->fs->sync == ZARRC_SYNC_DATA && zarrc_file_sync_dir(s->place.holder))
    return zarrc_file_fail(error, errno, "cannot sync the directory");
  return ZARRC_OK;
}

const zarrc_stage_ops zarrc_file_stage_ops = {.struct_size = sizeof(zarrc_stage_ops),
                                              .open = stage_open,
                                              .publish = stage_publish,
                                              .close = stage_close,
                                              .find = stage_find,
                                              .left = stage_left};
