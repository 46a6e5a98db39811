/* SPDX-License-Identifier: MIT */
/* One member of a zip archive: whether it can be read, where its bytes are, what they decode to, and who holds them. */
#include "store/common.h"
#include "store/zip.h"
#include "store/zip_stored.h"

#include "base/endian.h"
#include "base/sized.h"
#include "codec/deflate.h"

#include <stdlib.h>
#include <string.h>

const bool zarrc_zip_is_built_in = ZARRC_HAVE_DEFLATE;

#define LOCAL_MARK UINT32_C(0x04034B50)

/* ------------------------------------------------------------------------------------------------- shared bytes */

zarrc_zip_shared *zarrc_zip_share(zarrc_ctx *ctx, const zarrc_bytes *bytes) {
  zarrc_zip_shared *s = zarrc_malloc(ctx, sizeof *s);
  if (!s) return NULL;
  *s = (zarrc_zip_shared){.ctx = ctx, .bytes = *bytes};
  atomic_init(&s->nowners, 1);
  return s;
}

void zarrc_zip_drop(zarrc_zip_shared *s) {
  if (!s || atomic_fetch_sub(&s->nowners, 1) != 1) return;
  zarrc_bytes_release(&s->bytes);
  zarrc_free(s->ctx, s);
}

static void release(zarrc_bytes *bytes) {
  zarrc_zip_drop(bytes->owner);
}

zarrc_bytes zarrc_zip_lend(zarrc_zip_shared *s, size_t at, size_t n) {
  atomic_fetch_add(&s->nowners, 1);
  return (zarrc_bytes){n > 0 ? s->bytes.ptr + at : s->bytes.ptr, n, release, s};
}

/* ------------------------------------------------------------------------------------------------- the archive */

zarrc_status zarrc_zip_blame(zarrc_status status, zarrc_error *error) {
  if (status) zarrc_error_in_codec(error, "zip");
  return status;
}

static zarrc_status refuse(const zarrc_zip_member *m, zarrc_error *error) {
  switch ((zarrc_zip_trouble)m->trouble) {
  case ZARRC_ZIP_FINE:
    return ZARRC_OK;
  case ZARRC_ZIP_ENCRYPTED:
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "this member of the zip archive is encrypted");
  case ZARRC_ZIP_METHOD:
    return zarrc_fail(error, ZARRC_UNSUPPORTED,
                      "this member of the zip archive is compressed with method %u; only "
                      "stored and deflated members can be read",
                      (unsigned)m->method);
  case ZARRC_ZIP_ELSEWHERE:
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "this member is in another file of a divided zip archive");
  case ZARRC_ZIP_NO_SIZES:
    return zarrc_fail(error, ZARRC_CORRUPT, "the zip archive does not say where this member is, or how long");
  case ZARRC_ZIP_SIZES:
    return zarrc_fail(error, ZARRC_CORRUPT, "%llu bytes are stored in the zip archive where %llu are expected",
                      (unsigned long long)m->nstored, (unsigned long long)m->nbytes);
  case ZARRC_ZIP_OUTSIDE:
    break;
  }
  return zarrc_fail(error, ZARRC_CORRUPT, "this member is longer than the zip archive");
}

zarrc_status zarrc_zip_check(const zarrc_zip_blob *b, zarrc_error *error) {
  const zarrc_zip_member *m = b->member;
  if (!m) return zarrc_fail(error, ZARRC_NOT_FOUND, "the zip archive has no such member");
  zarrc_status status = refuse(m, error);
  if (!status && m->method && (m->nbytes / ZARRC_DEFLATE_MAX_RATIO > m->nstored || m->nbytes > SIZE_MAX))
    status = zarrc_fail(error, ZARRC_CORRUPT, "%llu bytes cannot be decoded to %llu", (unsigned long long)m->nstored,
                        (unsigned long long)m->nbytes);
  return zarrc_zip_blame(status, error);
}

zarrc_status zarrc_zip_take_header(zarrc_zip_blob *b, const uint8_t *p, zarrc_error *error) {
  const zarrc_zip_directory *d = &b->z->directory;
  const zarrc_zip_member *m = b->member;
  const char *name = d->names + m->name;
  size_t nname = strlen(name), nextra = p[28] | (size_t)p[29] << 8;
  bool is_it = zarrc_load_le32(p) == LOCAL_MARK && (p[26] | (size_t)p[27] << 8) == nname &&
               !memcmp(p + ZARRC_ZIP_LOCAL_NBYTES, name, nname);
  if (!is_it) return zarrc_fail(error, ZARRC_CORRUPT, "the zip archive has another member where this one should be");
  uint64_t data = m->at + ZARRC_ZIP_LOCAL_NBYTES + nname + nextra;
  if (data > d->end || m->nstored > d->end - data)
    return zarrc_fail(error, ZARRC_CORRUPT, "this member is longer than the zip archive");
  b->data = data;
  return ZARRC_OK;
}

/* --------------------------------------------------------------------------------------------- deflated members */

#if ZARRC_HAVE_DEFLATE

static zarrc_status inflate(const zarrc_zip_blob *b, const zarrc_bytes *stored, zarrc_buf *out, zarrc_error *error) {
  const zarrc_zip_member *m = b->member;
  zarrc_ctx *ctx = b->z->store.ctx;
  zarrc_inflater inflater = {.ctx = ctx, .stream = zarrc_inflate_by_stream(SIZE_MAX, (size_t)m->nbytes)};
  zarrc_inflating t = {.in = stored->ptr, .n = stored->len, .need = SIZE_MAX, .out = out};
  t.bound = zarrc_inflate_bound(t.n, out);
  zarrc_status status = zarrc_inflater_open(&inflater, error);
  if (status) return status;
  status = zarrc_inflate(&inflater, &t, error);
  zarrc_inflater_close(&inflater);
  if (!status && (out->len != m->nbytes || t.used != stored->len))
    status = zarrc_fail(error, ZARRC_SIZE_MISMATCH, "decodes to %zu bytes, the zip archive says %llu", out->len,
                        (unsigned long long)m->nbytes);
  if (!status) status = zarrc_zip_check_crc(m->crc, &(zarrc_bytes){.ptr = out->ptr, .len = out->len}, error);
  return status;
}

#else

static zarrc_status inflate(const zarrc_zip_blob *b, const zarrc_bytes *stored, zarrc_buf *out, zarrc_error *error) {
  (void)b, (void)stored, (void)out;
  return zarrc_fail(error, ZARRC_UNSUPPORTED, "zlib and libdeflate are not built in");
}

#endif

zarrc_status zarrc_zip_decode(zarrc_zip_blob *b, const zarrc_bytes *stored, zarrc_error *error) {
  zarrc_buf out = zarrc_buf_new(b->z->store.ctx, (size_t)b->member->nbytes);
  zarrc_status status = inflate(b, stored, &out, error);
  if (status) {
    zarrc_buf_clear(&out);
    return status;
  }
  zarrc_bytes bytes = zarrc_buf_take(&out);
  b->decoded = zarrc_zip_share(b->z->store.ctx, &bytes);
  if (b->decoded) return ZARRC_OK;
  zarrc_bytes_release(&bytes);
  return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for a member of the zip archive");
}
