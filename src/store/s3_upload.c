/* SPDX-License-Identifier: MIT */
/* Uploads of long values in parts. What is not completed is aborted, so that the server does not keep the parts. */
#include "store/answer.h"
#include "store/s3_answer.h"
#include "store/s3_write.h"

#include <stdio.h>
#include <string.h>
#include <zarrc/plugin/blob.h>

enum { AT_ONCE = 32, NAME_NBYTES = 4 << 10, LIST_NBYTES = 4 << 20, ETAG_NBYTES = 64 };

/* What is known of a part that the server has. */
typedef struct sent {
  char etag[ETAG_NBYTES], sum[ZARRC_S3_SUM_NBYTES];
} sent;

typedef struct upload {
  zarrc_s3_store *s3;
  const zarrc_s3_value *value;
  zarrc_buf name;
  uint64_t part_nbytes;
  size_t nparts;
  sent *sent;
} upload;

static bool accept_any(zarrc_get *get) {
  (void)get;
  return true;
}

static zarrc_status begin(upload *u, zarrc_error *error) {
  zarrc_sign_pair query = {"uploads", ""}, header = {"x-amz-checksum-algorithm", "CRC32C"};
  zarrc_s3_extra extra = {.query = &query, .nquery = 1, .headers = &header, .nheaders = 1};
  zarrc_get get = {0};
  zarrc_status status = zarrc_s3_change(u->s3, &get, "POST", u->value->path, &extra, error);
  if (!status && get.answer.status != 200) status = zarrc_answer_fail(&get.answer, get.ntries, error);
  if (!status) status = zarrc_s3_upload_read(u->s3->http.store.ctx, get.body.ptr, get.body.len, &u->name, error);
  zarrc_buf_clear(&get.body);
  return status;
}

/* A request of a part, with what it points to. */
typedef struct part {
  zarrc_get get;
  char number[16];
  zarrc_sign_pair query[2], header;
  zarrc_s3_extra extra;
} part;

static void prepare_part(const upload *u, size_t i, part *p, zarrc_error *error) {
  uint64_t first = i * u->part_nbytes, left = u->value->nbytes - first;
  uint64_t nbytes = left < u->part_nbytes ? left : u->part_nbytes;
  memset(p, 0, sizeof *p);
  zarrc_s3_sum(u->value, first, nbytes, u->sent[i].sum);
  snprintf(p->number, sizeof p->number, "%zu", i + 1);
  p->query[0] = (zarrc_sign_pair){"partNumber", p->number};
  p->query[1] = (zarrc_sign_pair){"uploadId", (const char *)u->name.ptr};
  p->header = (zarrc_sign_pair){"x-amz-checksum-crc32c", u->sent[i].sum};
  p->extra = (zarrc_s3_extra){
      .query = p->query, .nquery = 2, .headers = &p->header, .nheaders = 1, .body_hash = "UNSIGNED-PAYLOAD"};
  p->get = (zarrc_get){.path = u->value->path,
                       .method = "PUT",
                       .send = u->value->parts,
                       .nsend = u->value->n,
                       .send_first = first,
                       .send_nbytes = nbytes,
                       .extra = &p->extra,
                       .accept = accept_any,
                       .error = error,
                       .body = zarrc_buf_new(u->s3->http.store.ctx, LIST_NBYTES)};
}

/* Takes the answer to a part. */
static zarrc_status take_part(upload *u, size_t i, const zarrc_get *get, zarrc_error *error) {
  const zarrc_answer *a = &get->answer;
  if (get->status) return get->status;
  if (a->status != 200) return zarrc_answer_fail(a, get->ntries, error);
  if (!*a->etag || strlen(a->etag) >= ETAG_NBYTES || strpbrk(a->etag, "<&>"))
    return zarrc_fail(error, ZARRC_NETWORK, "the server takes a part of a value without an ETag that can be used");
  strcpy(u->sent[i].etag, a->etag);
  return ZARRC_OK;
}

/* Sends some parts at once. */
static zarrc_status send_some(upload *u, size_t first, size_t n, part *parts, zarrc_error *error) {
  zarrc_get *gets[AT_ONCE] = {0};
  zarrc_error errors[AT_ONCE];
  for (size_t i = 0; i < n; i++) {
    prepare_part(u, first + i, &parts[i], &errors[i]);
    gets[i] = &parts[i].get;
  }
  zarrc_status status = zarrc_transport_run(u->s3->http.transport, gets, n, error);
  for (size_t i = 0; i < n; i++) {
    if (!status) {
      status = take_part(u, first + i, gets[i], &errors[i]);
      if (status && error) *error = errors[i];
    }
    zarrc_buf_clear(&gets[i]->body);
  }
  return status;
}

static zarrc_status send_parts(upload *u, zarrc_error *error) {
  zarrc_ctx *ctx = u->s3->http.store.ctx;
  part *parts = zarrc_malloc(ctx, AT_ONCE * sizeof *parts);
  zarrc_status status = parts ? ZARRC_OK : zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for an upload");
  for (size_t i = 0; i < u->nparts && !status; i += AT_ONCE)
    status = send_some(u, i, u->nparts - i < AT_ONCE ? u->nparts - i : AT_ONCE, parts, error);
  zarrc_free(ctx, parts);
  return status;
}

static zarrc_status write_list(const upload *u, zarrc_buf *out, zarrc_error *error) {
  zarrc_status status =
      zarrc_buf_printf(out, error, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
  for (size_t i = 0; i < u->nparts && !status; i++)
    status = zarrc_buf_printf(out, error,
                              "<Part><PartNumber>%zu</PartNumber><ETag>%s</ETag><ChecksumCRC32C>%s</ChecksumCRC32C>"
                              "</Part>",
                              i + 1, u->sent[i].etag, u->sent[i].sum);
  return status ? status : zarrc_buf_printf(out, error, "</CompleteMultipartUpload>");
}

/* Asks for the upload to be completed. An answer of status 200 can say that this has failed: then *passes is whether it
 * may succeed later. */
static zarrc_status complete_once(upload *u, const zarrc_s3_condition *condition, const zarrc_buf *list,
                                  zarrc_answer *answer, unsigned *ntries, bool *passes, zarrc_error *error) {
  zarrc_sign_pair query = {"uploadId", (const char *)u->name.ptr}, header;
  zarrc_s3_extra extra = {.query = &query, .nquery = 1, .headers = &header, .body_hash = "UNSIGNED-PAYLOAD"};
  zarrc_bytes bytes = {.ptr = list->ptr, .len = list->len};
  zarrc_get get = {.send = &bytes, .nsend = 1, .send_nbytes = list->len};
  zarrc_s3_refusal refusal;
  extra.nheaders = zarrc_s3_condition_put(condition, &get, &header);
  zarrc_status status = zarrc_s3_change(u->s3, &get, "POST", u->value->path, &extra, error);
  *answer = get.answer;
  *ntries += get.ntries;
  *passes = false;
  bool is_200 = !status && get.answer.status == 200;
  if (is_200 && zarrc_s3_refusal_read(get.body.ptr, get.body.len, &refusal)) {
    bool has_changed = !strcmp(refusal.code, "PreconditionFailed");
    answer->status = has_changed ? 412 : 500;
    snprintf(answer->reason, sizeof answer->reason, "%s", refusal.code);
    *passes = !has_changed;
  }
  zarrc_buf_clear(&get.body);
  return status;
}

/* Returns whether a part of the value that is there is the one that was sent, by its sum. etag: of the first part. */
static bool is_part_there(const upload *u, size_t i, char *etag, size_t size) {
  uint64_t first = i * u->part_nbytes, left = u->value->nbytes - first;
  uint64_t nbytes = left < u->part_nbytes ? left : u->part_nbytes;
  zarrc_get get = {.path = u->value->path,
                   .kind = ZARRC_GET_RANGE,
                   .first = first,
                   .nbytes = nbytes,
                   .accept = accept_any,
                   .body = zarrc_buf_new(u->s3->http.store.ctx, (size_t)nbytes)};
  zarrc_get *gets[] = {&get};
  char sum[ZARRC_S3_SUM_NBYTES];
  memcpy(get.if_match, etag, size < sizeof get.if_match ? size : sizeof get.if_match);
  zarrc_status status = zarrc_transport_run(u->s3->http.transport, gets, 1, NULL);
  bool is_same = !status && !get.status && get.answer.status == 206 && get.body.len == nbytes &&
                 get.answer.total == u->value->nbytes;
  zarrc_bytes bytes = {.ptr = get.body.ptr, .len = get.body.len};
  if (is_same) zarrc_s3_sum(&(zarrc_s3_value){.parts = &bytes, .n = 1, .nbytes = nbytes}, 0, nbytes, sum);
  if (is_same && zarrc_answer_is_strong(&get.answer) && strlen(get.answer.etag) < size) strcpy(etag, get.answer.etag);
  zarrc_buf_clear(&get.body);
  return is_same && !strcmp(sum, u->sent[i].sum);
}

static bool is_there(const upload *u) {
  char etag[sizeof((zarrc_get *)0)->if_match] = "";
  for (size_t i = 0; i < u->nparts; i++)
    if (!is_part_there(u, i, etag, sizeof etag)) return false;
  return true;
}

/* Completes the upload. If that was asked for more than once, an answer that was lost may have been that of success:
 * then there is no upload any more, or the value has changed, but to what was sent. */
static zarrc_status complete(upload *u, const zarrc_s3_condition *condition, const zarrc_buf *list,
                             zarrc_answer *answer, unsigned *ntries, zarrc_error *error) {
  bool passes = true;
  zarrc_status status = ZARRC_OK;
  *ntries = 0;
  for (unsigned i = 0; i < u->s3->options.tries && passes && !status; i++)
    status = complete_once(u, condition, list, answer, ntries, &passes, error);
  bool may_be_ours = !status && *ntries > 1 && (answer->status == 404 || answer->status == 412);
  if (may_be_ours && is_there(u)) answer->status = 200;
  return status;
}

static void abort_it(upload *u) {
  zarrc_sign_pair query = {"uploadId", (const char *)u->name.ptr};
  zarrc_s3_extra extra = {.query = &query, .nquery = 1};
  zarrc_get get = {0};
  zarrc_s3_change(u->s3, &get, "DELETE", u->value->path, &extra, NULL);
  zarrc_buf_clear(&get.body);
}

static void divide(upload *u) {
  uint64_t nbytes = u->value->nbytes, least = (nbytes + ZARRC_S3_MOST_PARTS - 1) / ZARRC_S3_MOST_PARTS;
  u->part_nbytes = least > ZARRC_S3_PART_NBYTES ? least : ZARRC_S3_PART_NBYTES;
  u->nparts = (size_t)((nbytes + u->part_nbytes - 1) / u->part_nbytes);
}

zarrc_status zarrc_s3_upload(zarrc_s3_store *s3, const zarrc_s3_value *value, const zarrc_s3_condition *condition,
                             zarrc_answer *answer, unsigned *ntries, zarrc_error *error) {
  zarrc_ctx *ctx = s3->http.store.ctx;
  upload u = {.s3 = s3, .value = value, .name = zarrc_buf_new(ctx, NAME_NBYTES)};
  zarrc_buf list = zarrc_buf_new(ctx, LIST_NBYTES);
  divide(&u);
  u.sent = zarrc_malloc(ctx, u.nparts * sizeof *u.sent);
  zarrc_status status = u.sent ? begin(&u, error) : zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for an upload");
  bool has_begun = !status;
  if (!status) status = send_parts(&u, error);
  if (!status) status = write_list(&u, &list, error);
  if (!status) status = complete(&u, condition, &list, answer, ntries, error);
  if (has_begun && (status || answer->status != 200)) abort_it(&u);
  zarrc_buf_clear(&list);
  zarrc_buf_clear(&u.name);
  zarrc_free(ctx, u.sent);
  return status;
}
