/* SPDX-License-Identifier: MIT */
/* zarrc shard ls and extract: show the contents of shards. */
#include "shard.h"

#include "describe.h"
#include "file.h"
#include "memstream.h"
#include "out.h"
#include "signals.h"
#include "slab.h"
#include "stream.h"
#include "text.h"
#include "values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------- inner chunks */

/* A shard that is looked at. */
typedef struct shard {
  zarrc_ctx *ctx;
  const char *key;
  zarrc_stored_shard *stored;
  zarrc_stored_shard_info info;
} shard;

/* Opens a shard; the caller closes s->stored, which is NULL after a failure. */
static zarrc_status open_shard(const cli_shards *shards, const int64_t *chunk, const char *key, shard *s,
                               zarrc_error *error) {
  *s = (shard){.ctx = shards->node.ctx, .key = key, .info.struct_size = sizeof s->info};
  bool placed = shards->placed || !shards->single;
  zarrc_status status =
      zarrc_stored_shard_open(shards->node.array, shards->files, key, placed ? chunk : NULL, &s->stored, error);
  return status ? status : zarrc_stored_shard_describe(s->stored, &s->info, error);
}

static zarrc_status decode(const shard *s, uint64_t i, const zarrc_dtype *dtype, cli_slab_memory *memory,
                           zarrc_error *error) {
  zarrc_status status =
      cli_slab_memory_take(memory, s->ctx, dtype, cli_product(s->info.chunk_shape, s->info.ndim), error);
  if (status) return status;
  zarrc_view view = zarrc_view_c(dtype, s->info.ndim, s->info.chunk_shape, memory->data);
  view.arena = memory->arena;
  return zarrc_stored_shard_decode(s->stored, i, &view, error);
}

/* Returns the coordinates of an inner chunk as text, "1,7". */
static const char *inner_name(const shard *s, const zarrc_inner_chunk *inner, char buf[CLI_DIMS]) {
  return s->info.ndim > 0 ? cli_plain_dims(buf, inner->chunk, s->info.ndim) : cli_human_dims(buf, inner->chunk, 0);
}

/* ----------------------------------------------------------------------------------------------------------- ls */

typedef struct listing {
  cli *c;
  const cli_shards *shards;
  cli_json *json; /* NULL: text */
  cli_slab_memory memory;
  uint64_t nshards, nfaults;
  zarrc_error first; /* the first fault */
  bool hidden;       /* the index of a shard could not be read */
} listing;

static void note_fault(listing *l, const zarrc_error *why) {
  if (l->nfaults++ == 0) l->first = *why;
}

static bool is_damage(zarrc_status status) {
  return zarrc_status_exit_code(status) == 6;
}

/* Prints the heading of a shard; with its coordinates, if they are known. */
static void put_title(const listing *l, const shard *s, const int64_t *chunk, const char *key) {
  char a[CLI_DIMS], b[CLI_HUMAN];
  int ndim = zarrc_array_ndim(l->shards->node.array);
  if (l->nshards > 1) putchar('\n');
  printf("%s", cli_ansi(stdout, CLI_BOLD));
  cli_print_safe(stdout, key);
  printf("%s: shard", cli_ansi(stdout, CLI_PLAIN));
  if (l->shards->placed || !l->shards->single) printf(" %s", cli_plain_dims(a, chunk, ndim));
  if (!s) return;
  printf(" of %s", cli_human_dims(a, s->info.shape, s->info.ndim));
  if (s->info.nbytes != ZARRC_UNKNOWN) printf(", %s bytes", cli_human_count(b, s->info.nbytes));
  puts(s->info.wrapped ? " behind further codecs" : "");
  printf("  index of %s bytes at the %s, %s\n", cli_human_count(b, s->info.index_nbytes),
         s->info.index_location == ZARRC_INDEX_START ? "start" : "end",
         s->info.index_has_checksum ? "crc32c ok" : "no checksum");
  printf("  %s inner chunks", cli_human_dims(a, s->info.grid, s->info.ndim));
  printf(" of %s\n", cli_human_dims(a, s->info.chunk_shape, s->info.ndim));
  printf("  %s%-16s %16s %14s  %s%s\n", cli_ansi(stdout, CLI_DIM), "inner chunk", "offset", "nbytes", "state",
         cli_ansi(stdout, CLI_PLAIN));
}

static void put_inner(const listing *l, const shard *s, const zarrc_inner_chunk *e, const char *state,
                      const char *why) {
  char name[CLI_DIMS];
  bool has_place = e->present || e->status;
  if (l->json) {
    cli_json_open(l->json, NULL, '{');
    cli_json_dims(l->json, "inner_chunk", e->chunk, s->info.ndim);
    cli_json_string(l->json, "state", state);
    if (has_place) cli_json_uint(l->json, "offset", e->offset);
    if (has_place) cli_json_uint(l->json, "nbytes", e->nbytes);
    if (why) cli_json_string(l->json, "error", why);
    cli_json_close(l->json, '}');
    return;
  }
  printf("  %-16s ", inner_name(s, e, name));
  if (has_place)
    printf("%16llu %14llu  ", (unsigned long long)e->offset, (unsigned long long)e->nbytes);
  else
    printf("%16s %14s  ", "-", "-");
  fputs(state, stdout);
  if (why) {
    fputs(": ", stdout);
    cli_print_safe(stdout, why);
  }
  putchar('\n');
}

static zarrc_status list_inner(listing *l, const shard *s, uint64_t i, zarrc_error *error) {
  zarrc_inner_chunk e;
  zarrc_error why = {0};
  char text[ZARRC_ERROR_TEXT];
  zarrc_bytes bytes;
  zarrc_status status = ZARRC_OK;
  if (cli_canceled(NULL)) return zarrc_fail(error, ZARRC_CANCELED, "interrupted");
  zarrc_stored_shard_get(s->stored, i, &e);
  if (e.status)
    status = zarrc_stored_shard_read(s->stored, i, &bytes, &why);
  else if (e.present && cli_has(l->c, CLI_DEEP))
    status = decode(s, i, s->info.dtype, &l->memory, &why);
  if (status && !is_damage(status)) {
    if (error) *error = why;
    return status;
  }
  if (status) note_fault(l, &why);
  put_inner(l, s, &e,
            e.status    ? "corrupt entry"
            : status    ? "damaged"
            : e.present ? "ok"
                        : "missing",
            status ? cli_reason(&why, false, text) : NULL);
  return ZARRC_OK;
}

static void put_sums(const listing *l, const zarrc_stored_shard_info *sums) {
  char a[CLI_HUMAN], b[CLI_HUMAN], c[CLI_HUMAN], d[CLI_HUMAN], e[CLI_HUMAN];
  if (!l->json) {
    printf("  %s present, %s missing", cli_human_count(a, sums->npresent), cli_human_count(b, sums->nmissing));
    if (sums->ncorrupt > 0) printf(", %s corrupt entries", cli_human_count(c, sums->ncorrupt));
    printf("; %s bytes of data, %s in holes, %s overlapping\n", cli_human_count(c, sums->data_nbytes),
           cli_human_count(d, sums->hole_nbytes), cli_human_count(e, sums->overlap_nbytes));
    return;
  }
  cli_json_uint(l->json, "present", sums->npresent);
  cli_json_uint(l->json, "missing", sums->nmissing);
  cli_json_uint(l->json, "corrupt_entries", sums->ncorrupt);
  cli_json_uint(l->json, "data_nbytes", sums->data_nbytes);
  cli_json_uint(l->json, "hole_nbytes", sums->hole_nbytes);
  cli_json_uint(l->json, "overlap_nbytes", sums->overlap_nbytes);
}

/* Begins the JSON object of a shard. s NULL: its index could not be read. */
static void json_title(const listing *l, const shard *s, const int64_t *chunk, const char *key) {
  cli_json *j = l->json;
  cli_json_open(j, NULL, '{');
  cli_json_string(j, "key", key);
  if (l->shards->placed || !l->shards->single)
    cli_json_dims(j, "chunk", chunk, zarrc_array_ndim(l->shards->node.array));
  else
    cli_json_raw(j, "chunk", NULL, 0);
  if (!s) return;
  if (s->info.nbytes != ZARRC_UNKNOWN)
    cli_json_uint(j, "nbytes", s->info.nbytes);
  else
    cli_json_raw(j, "nbytes", NULL, 0);
  cli_json_bool(j, "further_codecs", s->info.wrapped);
  cli_json_dims(j, "shape", s->info.shape, s->info.ndim);
  cli_json_dims(j, "inner_shape", s->info.chunk_shape, s->info.ndim);
  cli_json_dims(j, "inner_grid", s->info.grid, s->info.ndim);
  cli_json_open(j, "index", '{');
  cli_json_string(j, "location", s->info.index_location == ZARRC_INDEX_START ? "start" : "end");
  cli_json_uint(j, "nbytes", s->info.index_nbytes);
  cli_json_string(j, "checksum", s->info.index_has_checksum ? "ok" : NULL);
  cli_json_close(j, '}');
  cli_json_open(j, "inner_chunks", '[');
}

static void put_title_or_json(const listing *l, const shard *s, const int64_t *chunk, const char *key) {
  if (l->json)
    json_title(l, s, chunk, key);
  else
    put_title(l, s, chunk, key);
}

/* Lists a shard whose index cannot be read. The listing goes on. */
static zarrc_status list_damaged(listing *l, const int64_t *chunk, const char *key, const zarrc_error *why) {
  note_fault(l, why);
  l->hidden = true;
  if (l->shards->single) return ZARRC_OK;
  char text[ZARRC_ERROR_TEXT];
  cli_reason(why, false, text);
  put_title_or_json(l, NULL, chunk, key);
  if (l->json) {
    cli_json_string(l->json, "error", text);
    cli_json_close(l->json, '}');
  } else {
    fputs("\n  ", stdout);
    cli_print_safe(stdout, text);
    putchar('\n');
  }
  return ZARRC_OK;
}

static zarrc_status list_shard(void *arg, const int64_t *chunk, const char *key, zarrc_error *error) {
  listing *l = arg;
  shard s;
  zarrc_error why = {0};
  l->nshards++;
  zarrc_status status = open_shard(l->shards, chunk, key, &s, &why);
  if (is_damage(status)) {
    status = list_damaged(l, chunk, key, &why);
    goto done;
  }
  if (status) {
    if (error) *error = why;
    goto done;
  }
  put_title_or_json(l, &s, chunk, key);
  for (uint64_t i = 0; i < s.info.nchunks && !status; i++) status = list_inner(l, &s, i, error);
  if (l->json) cli_json_close(l->json, ']');
  put_sums(l, &s.info);
  if (l->json) cli_json_close(l->json, '}');
done:
  zarrc_stored_shard_close(s.stored);
  return status;
}

static zarrc_status list_text(listing *l, zarrc_error *error) {
  zarrc_status status = cli_shards_each(l->shards, list_shard, l, error);
  if (!status && l->nshards == 0) puts("no shard is stored");
  return status;
}

static zarrc_status list_json(listing *l, zarrc_error *error) {
  cli_json j;
  cli_memstream text;
  char url[4096];
  zarrc_status status = cli_memstream_open(&text, error);
  if (status) return status;
  l->json = &j;
  cli_json_begin(&j, text.out, "shard");
  cli_json_string(&j, "action", "ls");
  cli_json_string(&j, "url", zarrc_url_shown(l->c->args.operand[1], url, sizeof url));
  cli_json_open(&j, "shards", '[');
  status = cli_shards_each(l->shards, list_shard, l, error);
  cli_json_close(&j, ']');
  cli_json_end(&j);
  status = cli_memstream_close(&text, status, error);
  bool nothing = l->shards->single && l->hidden;
  if (!status && !nothing) status = cli_print(text.text, text.len, error);
  free(text.text);
  return status;
}

static zarrc_status list(cli *c, const cli_shards *shards, zarrc_error *error) {
  listing l = {.c = c, .shards = shards};
  zarrc_status status = c->json ? list_json(&l, error) : list_text(&l, error);
  cli_slab_memory_clear(&l.memory);
  if (status || l.nfaults == 0) return status;
  if (error) *error = l.first;
  if (l.nfaults > 1) zarrc_error_append(error, " (the first of %llu faults)", (unsigned long long)l.nfaults);
  return l.first.code;
}

/* ------------------------------------------------------------------------------------------------------ extract */

typedef struct extracting {
  cli *c;
  cli_output out;
} extracting;

/* Finds the inner chunk that --inner names. */
static zarrc_status find_inner(const cli *c, const shard *s, uint64_t *out, zarrc_error *error) {
  int64_t at[ZARRC_MAX_NDIM];
  char grid[CLI_DIMS];
  int ndim;
  uint64_t number = 0;
  zarrc_status status = cli_parse_dims("inner", cli_value(c, CLI_INNER), 0, at, &ndim, error);
  if (status) return status;
  bool inside = ndim == s->info.ndim;
  for (int i = 0; inside && i < ndim; i++) {
    inside = at[i] < s->info.grid[i];
    number = number * (uint64_t)s->info.grid[i] + (uint64_t)at[i];
  }
  *out = number;
  if (inside) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--inner: '%.100s' is none of the shard's %.200s inner chunks",
                    cli_value(c, CLI_INNER), cli_human_dims(grid, s->info.grid, s->info.ndim));
}

static zarrc_status write_elements(extracting *x, const shard *s, uint64_t i, zarrc_error *error) {
  zarrc_dtype dtype = *s->info.dtype;
  uint64_t nitems = cli_product(s->info.chunk_shape, s->info.ndim);
  cli_slab_memory memory = {0};
  dtype.endian = ZARRC_LITTLE;
  zarrc_status status = decode(s, i, &dtype, &memory, error);
  if (!status && zarrc_dtype_is_variable(&dtype))
    status = cli_texts_write(&x->out, memory.data, nitems, error);
  else if (!status)
    status = cli_output_write(&x->out, memory.data, (size_t)nitems * dtype.item_size, error);
  cli_slab_memory_clear(&memory);
  return status;
}

static zarrc_status write_stored(extracting *x, const shard *s, uint64_t i, zarrc_error *error) {
  zarrc_bytes bytes;
  zarrc_status status = zarrc_stored_shard_read(s->stored, i, &bytes, error);
  if (!status) status = cli_output_write(&x->out, bytes.ptr, bytes.len, error);
  zarrc_bytes_release(&bytes);
  return status;
}

static void put_report(const extracting *x, const shard *s, uint64_t i) {
  cli_json j;
  zarrc_inner_chunk e;
  zarrc_stored_shard_get(s->stored, i, &e);
  cli_json_begin(&j, stdout, "shard");
  cli_json_string(&j, "action", "extract");
  cli_json_string(&j, "key", s->key);
  cli_json_dims(&j, "inner_chunk", e.chunk, s->info.ndim);
  cli_json_uint(&j, "offset", e.offset);
  cli_json_uint(&j, "nbytes", e.nbytes);
  cli_json_string(&j, "output", x->out.name);
  cli_json_uint(&j, "output_nbytes", x->out.total);
  cli_json_end(&j);
}

static zarrc_status extract_from(extracting *x, const cli_shards *shards, const int64_t *chunk, const char *key,
                                 zarrc_error *error) {
  cli *c = x->c;
  shard s;
  uint64_t i = 0;
  zarrc_status status = open_shard(shards, chunk, key, &s, error);
  if (!status) status = find_inner(c, &s, &i, error);
  if (!status) {
    status = cli_output_open(cli_value(c, CLI_OUTPUT), true, cli_has(c, CLI_FORCE), &x->out, error);
    if (status == ZARRC_INVALID_ARGUMENT) snprintf(c->hint, sizeof c->hint, "-f, or -o FILE");
  }
  if (!status) status = cli_has(c, CLI_DECODE) ? write_elements(x, &s, i, error) : write_stored(x, &s, i, error);
  if (!status) status = cli_output_finish(&x->out, error);
  if (!status && c->json) put_report(x, &s, i);
  cli_output_close(&x->out);
  zarrc_stored_shard_close(s.stored);
  return status;
}

static zarrc_status extract(cli *c, const cli_shards *shards, zarrc_error *error) {
  extracting x = {.c = c, .out.fd = -1};
  const zarrc_array *array = shards->node.array;
  char key[CLI_KEY];
  int64_t first[ZARRC_MAX_NDIM] = {0};
  zarrc_chunk_layout layout;
  cli_layout_of(array, &layout);
  if (shards->single) return extract_from(&x, shards, shards->chunk, shards->key, error);
  if (layout.nobjects != 1) {
    snprintf(c->hint, sizeof c->hint, "--chunk");
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "the array has several shards: which one is meant?");
  }
  zarrc_status status = zarrc_array_chunk_key(array, first, key, sizeof key, error);
  return status ? status : extract_from(&x, shards, first, key, error);
}

/* ---------------------------------------------------------------------------------------------------------- all */

/* Refuses options of the other action, and missing ones. */
static zarrc_status check_options(cli *c, bool extracting_one, zarrc_error *error) {
  static const struct {
    cli_option_id id;
    const char *name;
    bool extract;
  } options[] = {{CLI_INNER, "--inner", true},
                 {CLI_DECODE, "--decode", true},
                 {CLI_OUTPUT, "--output", true},
                 {CLI_FORCE, "--force", true},
                 {CLI_DEEP, "--deep", false}};
  for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
    if (cli_has(c, options[i].id) && options[i].extract != extracting_one)
      return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "shard %s has no option %s", c->args.operand[0],
                        options[i].name);
  if (extracting_one && !cli_has(c, CLI_INNER)) {
    snprintf(c->hint, sizeof c->hint, "--inner 0,0");
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "shard extract wants --inner");
  }
  if (extracting_one && c->json && cli_is_stream(cli_value(c, CLI_OUTPUT)))
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "--json and the data do not fit on one stream: -o FILE is needed");
  return ZARRC_OK;
}

zarrc_status cli_shard_verb(cli *c, zarrc_error *error) {
  const char *action = c->args.operand[0];
  bool one = strcmp(action, "extract") == 0;
  zarrc_ctx *ctx = NULL;
  cli_shards shards = {0};
  if (!one && strcmp(action, "ls") != 0) {
    snprintf(c->hint, sizeof c->hint, "zarrc help shard");
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "shard: '%.80s' is neither ls nor extract", action);
  }
  zarrc_status status = check_options(c, one, error);
  if (!status) status = cli_ctx_open(c, CLI_HALF, &ctx, error);
  if (!status) status = cli_shards_open(c, ctx, &shards, error);
  if (!status) status = one ? extract(c, &shards, error) : list(c, &shards, error);
  cli_shards_close(&shards);
  zarrc_ctx_close(ctx);
  return status;
}
