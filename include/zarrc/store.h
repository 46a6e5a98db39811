/* SPDX-License-Identifier: MIT */
/*
 * Stores: values under keys. A key is a UTF-8 path such as "a/zarr.json"; keys with an empty, "." or ".." segment are
 * refused. How to write a store: docs/write-a-store.md.
 */
#ifndef ZARRC_STORE_H
#define ZARRC_STORE_H

#include <zarrc/blob.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct zarrc_store zarrc_store;

/* An entry of a listing: a key, or a prefix that keys have in common. */
typedef struct zarrc_entry {
  const char *key; /* the whole key, or the prefix without its trailing slash */
  bool is_prefix;
  uint64_t nbytes; /* of the value; ZARRC_UNKNOWN if it would cost something to find out */
  bool is_circle;  /* a symbolic link to a directory that contains it; it is not followed */
  void *room[2];
} zarrc_entry;
typedef zarrc_status (*zarrc_list_fn)(void *arg, const zarrc_entry *entry, zarrc_error *error);

/* A new version of everything below a prefix. It is made beside the old version, and replaces it as a whole when it is
 * complete; until then readers see the old version. Other members belong to the store. */
typedef struct zarrc_stage {
  zarrc_store *target;
  zarrc_store *store; /* write the new version here: key "a" becomes "prefix/a" */
  bool resumed;       /* this continues an unfinished version */
  bool never_kept;    /* an unfinished version is removed by zarrc_stage_close in any case */
  void *room[2];
} zarrc_stage;

/* What to do with an unfinished version that an earlier stage has left. */
typedef enum zarrc_stage_mode {
  ZARRC_STAGE_NEW,    /* fail with ZARRC_CONFLICT */
  ZARRC_STAGE_RESUME, /* continue it */
  ZARRC_STAGE_DISCARD /* remove it */
} zarrc_stage_mode;

/* The first member of every store. */
struct zarrc_store {
  const struct zarrc_store_ops *ops; /* zarrc/plugin/store.h */
  zarrc_ctx *ctx;
  bool read_only;
  const char *url; /* its name in errors: a URL, or the path of its root; NULL: errors name only keys */
  void *room[2];
};

ZARRC_API void zarrc_store_close(zarrc_store *store);
ZARRC_API zarrc_status zarrc_key_check(const char *key, zarrc_error *error);

/* An open value. Do not move this struct: the blob may be in it. Only `blob` is for the caller. */
typedef struct zarrc_key_blob {
  zarrc_blob *blob; /* NULL: none is open */
  zarrc_bytes memory;
  union {
    uint64_t align;
    unsigned char bytes[256];
  } room;
} zarrc_key_blob;

/* Opens the value under a key for reading and writing, without any input or output yet. Borrows the key until
 * zarrc_key_blob_close, which may be called after a failure, and twice. */
ZARRC_API zarrc_status zarrc_key_blob_open(zarrc_key_blob *blob, zarrc_store *store, const char *key,
                                           zarrc_error *error);
ZARRC_API void zarrc_key_blob_close(zarrc_key_blob *blob);

/* Read, write and erase a whole value. max: the most bytes to read, else ZARRC_LIMIT. What zarrc_store_get lends is
 * released by the caller. Erasing a value that does not exist is no error. */
ZARRC_API zarrc_status zarrc_store_get(zarrc_store *store, const char *key, uint64_t max, zarrc_bytes *out,
                                       zarrc_error *error);
ZARRC_API zarrc_status zarrc_store_set(zarrc_store *store, const char *key, const void *bytes, size_t nbytes,
                                       zarrc_error *error);
ZARRC_API zarrc_status zarrc_store_erase(zarrc_store *store, const char *key, zarrc_error *error);

/* Options of zarrc_store_each; zeroed means all defaults. */
typedef struct zarrc_each_options {
  size_t struct_size;
  size_t at_once; /* calls in progress at the same time; 0: as many as wait for 64 values, or for more small ones */
  uint64_t value_nbytes; /* expected size of values that are read completely, to plan memory; 0: unknown */
  bool stores; /* fn stores a value, for which it waits: more calls run at once than the context has threads */
} zarrc_each_options;

/* Calls fn(arg, from, i, &error) for each i in [0, n), like zarrc_for_each, for functions that read values of a store.
 * fn reads from `from`, which is the store itself unless that can fetch many values at once. Then reads of values that
 * have not been fetched return ZARRC_PENDING, and fn must return that status. What the calls in progress wait for is
 * fetched at once, as much as fits into a quarter of max_memory (or 256 MiB), and they are repeated. So fn may be
 * called several times for each i. It should store at most one value, and only after it has read everything. */
ZARRC_API zarrc_status zarrc_store_each(zarrc_store *store, size_t n, const zarrc_each_options *options,
                                        zarrc_status (*fn)(void *arg, zarrc_store *from, size_t i, zarrc_error *error),
                                        void *arg, zarrc_error *error);

/* Erases all keys below a prefix ("": all keys). */
ZARRC_API zarrc_status zarrc_store_erase_prefix(zarrc_store *store, const char *prefix, zarrc_error *error);
/* Calls fn for each key below a prefix, or, unless deep, for each key and prefix directly below it, in no particular
 * order. sizes asks for nbytes. A failure of fn ends the listing. ZARRC_UNSUPPORTED: the store cannot list. */
ZARRC_API zarrc_status zarrc_store_list(zarrc_store *store, const char *prefix, bool deep, bool sizes, zarrc_list_fn fn,
                                        void *arg, zarrc_error *error);
/* Calls fn for each temporary file that a killed writer has left below a prefix; the next writer there removes it. */
ZARRC_API zarrc_status zarrc_store_list_temporary(zarrc_store *store, const char *prefix, zarrc_list_fn fn, void *arg,
                                                  zarrc_error *error);

/* Begins a new version of what is below a prefix ("": of the whole store). note: a line of text that is stored with the
 * unfinished version; without a note ("" or NULL) an unfinished version is discarded, never resumed. ZARRC_CONFLICT:
 * somebody else has a stage of this prefix; if that has no note it is waited for. ZARRC_UNSUPPORTED: no stages here. */
ZARRC_API zarrc_status zarrc_stage_open(zarrc_store *store, const char *prefix, zarrc_stage_mode mode, const char *note,
                                        zarrc_stage **out, zarrc_error *error);
/* Puts the new version in the place of the old one, which zarrc_stage_close removes; without `replace` ZARRC_CONFLICT.
 */
ZARRC_API zarrc_status zarrc_stage_publish(zarrc_stage *stage, bool replace, zarrc_error *error);
/* Ends the work. A version that was not published is removed, or left for ZARRC_STAGE_RESUME if `keep` is set. */
ZARRC_API void zarrc_stage_close(zarrc_stage *stage, bool keep);
/* Finds an unfinished version of a prefix and gets its note (truncated to size). Unless the store is read-only this
 * also puts back an old version that a killed process had just moved aside. */
ZARRC_API zarrc_status zarrc_stage_find(zarrc_store *store, const char *prefix, char *note, size_t size, bool *found,
                                        zarrc_error *error);
/* Finds an old version that could not be removed completely, say because of files of another user, and gets its path
 * (truncated to size). The next stage of the prefix tries again. */
ZARRC_API zarrc_status zarrc_stage_left(zarrc_store *store, const char *prefix, char *place, size_t size, bool *found,
                                        zarrc_error *error);
/* Returns whether a store has stages. */
ZARRC_API bool zarrc_stage_possible(const zarrc_store *store);

/* Opens a store in memory. Closing it frees the values. */
ZARRC_API zarrc_status zarrc_memory_store_open(zarrc_ctx *ctx, zarrc_store **out, zarrc_error *error);

/* Opens what is below a prefix of a store ("": everything) as a store. The inner store must stay open. */
ZARRC_API zarrc_status zarrc_prefix_store_open(zarrc_store *inner, const char *prefix, zarrc_store **out,
                                               zarrc_error *error);

/* Opens the keys of two stores as one store: a key that is in front is read and changed there, other keys behind. The
 * store in front should be a fast one, and read_only unless changes may stay there. Both must stay open. */
ZARRC_API zarrc_status zarrc_overlay_store_open(zarrc_store *front, zarrc_store *behind, zarrc_store **out,
                                                zarrc_error *error);

/* How a cache keeps what is read. Zeroed: all defaults. */
typedef struct zarrc_cache_options {
  size_t struct_size;
  uint64_t memory_nbytes; /* most memory of the context for what is kept; 0: 64 MiB, at most a quarter of max_memory */
  uint64_t trusted_ms;    /* how long to assume that the newest version of a value is still the newest; 0: ask the store
                             behind each time a value is opened. It is always asked about metadata documents */
  zarrc_store *disk;      /* where to keep ranges beyond this process; must stay open. NULL: nowhere, or in `folder` */
  uint64_t disk_nbytes;   /* approximate limit of the bytes there; 0: 1 GiB */
  const char *name; /* tells the store behind from others on the disk, where only a hash of it is stored; NULL: its url.
                       A URL with its query is a good name */
  const char *folder; /* instead of disk: the path of a folder, which is made for this user alone if it is missing */
} zarrc_cache_options;

/* What a cache has done so far. */
typedef struct zarrc_cache_counts {
  size_t struct_size;
  uint64_t hits, misses;            /* ranges of which nothing, and something, had to be read from the store behind */
  uint64_t checks;                  /* requests that only asked whether a version is still the newest one */
  uint64_t hit_nbytes, miss_nbytes; /* served from what is kept, and read from the store behind */
  uint64_t disk_hits;               /* pieces that were taken from the disk */
  uint64_t evictions;               /* pieces that had to leave the memory */
  uint64_t memory_nbytes;           /* kept there now */
  uint64_t disk_nbytes;             /* stored on the disk so far */
} zarrc_cache_counts;

/* Opens a store in front of another one, which must stay open. It keeps ranges of values that are read; if room runs
 * out, those that were read only once leave first. Each kept range belongs to one version of a value (its ETag, say):
 * it is never served for another version, and what is missing is requested of the same version. In this process, a
 * value that was stored through this store is never read in an older version afterwards. Missing values are not
 * remembered.
 *
 * Values whose versions the store behind cannot tell are kept only in memory, for trusted_ms, and only if they cannot
 * be written. Any number of processes may share a disk, such as a file store in a folder of its own (`folder` opens
 * one). Damaged files there, and files that are not the cache's, are ignored; but whoever can write there can change
 * what is read. Only values that are as far away as a network are kept on the disk. A full disk is not a failure. */
ZARRC_API zarrc_status zarrc_cache_store_open(zarrc_store *behind, const zarrc_cache_options *options,
                                              zarrc_store **out, zarrc_error *error);
/* Forgets what is kept in memory, and which versions are trusted. ZARRC_INVALID_ARGUMENT: the store is not a cache. */
ZARRC_API zarrc_status zarrc_cache_store_forget(zarrc_store *store, zarrc_error *error);
/* Gets the counts of a cache, which may be behind wrappers and zip archives. ZARRC_INVALID_ARGUMENT: there is none. Set
 * out->struct_size. */
ZARRC_API zarrc_status zarrc_cache_store_count(zarrc_store *store, zarrc_cache_counts *out, zarrc_error *error);

typedef struct zarrc_zip_store_options {
  size_t struct_size;
  bool replace; /* a stage of the prefix "" may replace the archive as a whole, or create it */
} zarrc_zip_store_options;

/* Opens the zip archive under a key as a store of its members, which may be stored or deflated, in zip64 too. The store
 * with the archive must stay open. options may be NULL. Reads see the archive as it was when it was opened, without
 * members if there was none; after it has been replaced they may return ZARRC_CONFLICT. A member that is read
 * completely is checked by its CRC-32. Members are written only through a stage, which writes a new archive (of stored
 * members) into the store with the archive; that store must take values piece by piece, as the file store does.
 * ZARRC_CORRUPT: it is not a zip archive; ZARRC_UNSUPPORTED: it is split into several files, or there is no library to
 * decode it. docs/format.md, "A zip archive". */
ZARRC_API zarrc_status zarrc_zip_store_open(zarrc_store *archives, const char *key,
                                            const zarrc_zip_store_options *options, zarrc_store **out,
                                            zarrc_error *error);

/* What a write to the file store survives. */
typedef enum zarrc_sync {
  ZARRC_SYNC_NONE, /* the end of the process */
  ZARRC_SYNC_DATA  /* a power failure: file and directory are synchronized with the disk */
} zarrc_sync;

typedef struct zarrc_file_store_options {
  size_t struct_size;
  bool read_only;
  bool create; /* make the root directory if there is none */
  zarrc_sync sync;
  bool follow_links;        /* also follow symbolic links that are absolute or lead out of the root */
  uint64_t max_value_bytes; /* largest value that is read; 0: whatever the reader allows */
  bool direct;              /* bypass the page cache (O_DIRECT) if the file system can */
} zarrc_file_store_options;

/* Opens a directory as a store with a file for each key. options may be NULL. Values are replaced atomically, also
 * between processes. A directory or device in the place of a value is ZARRC_IO; so is a root that has been removed
 * (ESTALE), because its values are not merely missing. More about files, locks and links: docs/format.md. */
ZARRC_API zarrc_status zarrc_file_store_open(zarrc_ctx *ctx, const char *path, const zarrc_file_store_options *options,
                                             zarrc_store **out, zarrc_error *error);

/* How to read over HTTP. Zeroed: all defaults. */
typedef struct zarrc_http_options {
  size_t struct_size;
  const char *const *headers; /* nheaders texts "Name: value", sent with every request, but to no other server */
  size_t nheaders;
  const char *ca_file;   /* certificates of trusted authorities, in PEM; NULL: as the environment or the system says */
  unsigned max_requests; /* requests at the same time, 1 to 512; 0: 64 */
  unsigned connect_timeout_ms; /* for a connection, which is tried twice; 0: 5,000 */
  unsigned stall_timeout_ms;   /* a request is repeated if no byte of the answer arrives for so long; 0: 5,000 */
  unsigned retry_timeout_ms;   /* no request is repeated later than that; 0: 60,000 */
  unsigned tries;              /* most attempts at a request; 0: 5 */
  unsigned backoff_ms;         /* longest wait before the second attempt, doubled for each further one. The wait is
                                  random, unless the server says how long; 0: 50 */
  uint64_t gap;                /* ranges of a value so close to each other are read in one request; 0: 16 KiB */
  bool http2;                  /* offer HTTP/2 where it is possible (TLS); otherwise HTTP/1.1, with many connections */
  bool missing_403;            /* status 403 means that there is no value, except for metadata documents */
} zarrc_http_options;

/* What a store has done so far over the network. */
typedef struct zarrc_http_counts {
  size_t struct_size;
  uint64_t requests; /* including retries and redirects */
  uint64_t retries;
  uint64_t connections; /* that were opened */
  uint64_t nbytes;      /* bytes of values that were received */
  uint64_t rounds;      /* calls that have waited for requests */
} zarrc_http_counts;

/* Opens what is below a URL (http or https) as a read-only store. No request is made yet. Every request carries the
 * user, the password and the query of the URL; no error shows them. options may be NULL. ZARRC_UNSUPPORTED: libcurl is
 * not built in. How values, versions and failures are told apart: docs/format.md, "Over HTTP". */
ZARRC_API zarrc_status zarrc_http_store_open(zarrc_ctx *ctx, const char *url, const zarrc_http_options *options,
                                             zarrc_store **out, zarrc_error *error);
/* Gets the counts of a store over HTTP or S3, which may be behind wrappers and zip archives. ZARRC_INVALID_ARGUMENT:
 * there is none. Set out->struct_size. */
ZARRC_API zarrc_status zarrc_http_store_count(zarrc_store *store, zarrc_http_counts *out, zarrc_error *error);

/* Where the name of a bucket stands in URLs. */
typedef enum zarrc_s3_style {
  ZARRC_S3_AUTO, /* in the server's name for AWS if that is possible, otherwise in the path */
  ZARRC_S3_PATH, /* https://server/bucket/key */
  ZARRC_S3_HOST  /* https://bucket.server/key */
} zarrc_s3_style;

/* Which S3, and on whose behalf. Zeroed: what AWS tools use, from the environment and from ~/.aws. */
typedef struct zarrc_s3_options {
  size_t struct_size;
  const char *access_key_id, *secret_access_key; /* both or none */
  const char *session_token;                     /* of temporary credentials; may be NULL */
  bool anonymous;                                /* send no credentials, whatever the environment has */
  bool requester_pays;                           /* agree to pay for the requests */
  zarrc_s3_style style;
  const char *region;   /* may be NULL */
  const char *endpoint; /* URL of a server that is not AWS; may be NULL */
  const char *profile;  /* in the files of AWS tools, whose credentials are used; may be NULL */
} zarrc_s3_options;

/* Opens what is below a prefix ("": everything) of a bucket in S3, or on a server with the same protocol. No request is
 * made yet, unless credentials have to be asked for. Requests are signed unless `anonymous` is set; no error shows a
 * secret. options and http may be NULL. ZARRC_ACCESS: there are no credentials; ZARRC_UNSUPPORTED: libcurl or libcrypto
 * is not built in. How credentials and servers are found, and what concurrent writers can rely on: docs/format.md,
 * "S3". */
ZARRC_API zarrc_status zarrc_s3_store_open(zarrc_ctx *ctx, const char *bucket, const char *prefix, bool read_only,
                                           const zarrc_s3_options *options, const zarrc_http_options *http,
                                           zarrc_store **out, zarrc_error *error);

typedef struct zarrc_open_options {
  size_t struct_size;
  bool read_only;
  bool create;
  zarrc_sync sync;
  bool follow_links; /* this and direct: as in zarrc_file_store_options */
  bool direct;
  bool by_stage; /* with create: only stages will write, as copiers do, so that a zip archive can be made or replaced */
  const zarrc_http_options *http;   /* for URLs of http, https and s3; may be NULL */
  const zarrc_s3_options *s3;       /* for URLs of s3; may be NULL */
  const zarrc_cache_options *cache; /* keep what is read over a network as this says; by default its `name` is the URL;
                                       NULL: keep nothing */
  bool local_targets;               /* references that come over a network may refer to files of this machine */
} zarrc_open_options;

/* Writes a URL in the form that may be shown: without user and password and, for http and https, without the query.
 * Text of more than size - 1 bytes is cut. Returns out. */
ZARRC_API const char *zarrc_url_shown(const char *url, char *out, size_t size);

/* Opens the store that a URL (a path, file:..., zip:..., references:..., memory:, http://..., https://...,
 * s3://bucket/...) is in, and gets the path of the node in that store, which is freed with zarrc_free. The root of the
 * store is the outermost directory of the hierarchy that contains the node; over HTTP it is the node itself, and on S3
 * too unless a name above it ends with ".zarr". Symbolic links in the URL itself are followed. options may be NULL. */
ZARRC_API zarrc_status zarrc_store_open(zarrc_ctx *ctx, const char *url, const zarrc_open_options *options,
                                        zarrc_store **out, char **path, zarrc_error *error);

#ifdef __cplusplus
}
#endif
#endif
