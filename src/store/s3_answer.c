/* SPDX-License-Identifier: MIT */
#include "store/s3_answer.h"
#include "store/xml.h"

#include "base/text.h"

#include <string.h>

enum { TEXT_NBYTES = 16 << 10 }; /* longest text of one element: a key of 1,024 bytes, percent-encoded, is shorter */

/* ------------------------------------------------------------------------------------------------------- errors */

static void take_excerpt(const zarrc_xml *x, char *out, size_t size) {
  size_t n = x->text.len < size ? x->text.len : size - 1, at = 0;
  const char *p = (const char *)x->text.ptr;
  for (size_t i = 0; i < n;) {
    uint32_t c;
    size_t length = zarrc_char_next(p + i, n - i, &c);
    bool shown = length > 0 && !zarrc_char_is_hidden(c);
    if (shown) memcpy(out + at, p + i, length);
    if (!shown) out[at] = '?';
    at += shown ? length : 1;
    i += length > 0 ? length : 1;
  }
  out[at] = '\0';
}

bool zarrc_s3_refusal_read(const void *text, size_t n, zarrc_s3_refusal *out) {
  char room[1024];
  zarrc_xml x = {.at = text, .end = (const char *)text + n, .text = zarrc_buf_over(room, sizeof room)};
  zarrc_xml_event event;
  memset(out, 0, sizeof *out);
  bool is_error = n > 0 && !zarrc_xml_next(&x, &event, NULL) && event == ZARRC_XML_BEGIN && zarrc_xml_is(&x, "Error");
  while (is_error && !zarrc_xml_next(&x, &event, NULL) && event != ZARRC_XML_DONE) {
    if (event != ZARRC_XML_END || x.depth != 2) continue;
    if (zarrc_xml_is(&x, "Code")) take_excerpt(&x, out->code, sizeof out->code);
    if (zarrc_xml_is(&x, "Message")) take_excerpt(&x, out->words, sizeof out->words);
    if (zarrc_xml_is(&x, "Region")) take_excerpt(&x, out->region, sizeof out->region);
  }
  return is_error;
}

/* ----------------------------------------------------------------------------------------------------- listings */

typedef struct page {
  zarrc_xml xml;
  bool is_encoded; /* keys and prefixes are percent-encoded */
  bool is_more;
  zarrc_buf key, next;
  uint64_t nbytes;
  zarrc_s3_entry_fn fn;
  void *arg;
} page;

/* Decodes %XX and + in place. Returns the length; SIZE_MAX: there is something that is no such text. */
static size_t decode(uint8_t *text, size_t n) {
  size_t at = 0;
  for (size_t i = 0; i < n; i++) {
    uint8_t c = text[i];
    if (c == '+') c = ' ';
    if (c == '%') {
      int high = n - i > 2 ? zarrc_hex_digit((char)text[i + 1]) : -1;
      int low = high < 0 ? -1 : zarrc_hex_digit((char)text[i + 2]);
      if (low < 0) return SIZE_MAX;
      c = (uint8_t)(high << 4 | low);
      i += 2;
    }
    text[at++] = c;
  }
  return at;
}

/* Keeps the text as the key that an entry is about. */
static zarrc_status take_key(page *p, zarrc_error *error) {
  p->key.len = 0;
  zarrc_status status = zarrc_buf_append(&p->key, p->xml.text.ptr, p->xml.text.len, error);
  if (!status && p->is_encoded && p->key.len > 0) {
    size_t n = decode(p->key.ptr, p->key.len);
    if (n == SIZE_MAX) return zarrc_fail(error, ZARRC_CORRUPT, "the server lists a key with a wrong percent sign");
    p->key.len = n;
  }
  return status ? status : zarrc_buf_append(&p->key, "", 1, error);
}

/* Calls fn for the key, if a store can have it. */
static zarrc_status give_entry(page *p, bool is_prefix, zarrc_error *error) {
  size_t n = p->key.len > 0 ? p->key.len - 1 : 0;
  char *key = (char *)p->key.ptr;
  if (is_prefix && n > 0 && key[n - 1] == '/') key[--n] = '\0';
  bool is_key = n > 0 && key[n - 1] != '/' && !memchr(key, '\0', n);
  p->key.len = 0;
  return is_key ? p->fn(p->arg, key, is_prefix, p->nbytes, error) : ZARRC_OK;
}

static zarrc_status take_size(page *p, zarrc_error *error) {
  p->nbytes = 0;
  for (size_t i = 0; i < p->xml.text.len; i++) {
    int digit = zarrc_hex_digit((char)p->xml.text.ptr[i]);
    if (digit < 0 || digit > 9 || p->nbytes > (INT64_MAX - 9) / 10)
      return zarrc_fail(error, ZARRC_CORRUPT, "the server lists a key with a size that is no number");
    p->nbytes = p->nbytes * 10 + (uint64_t)digit;
  }
  return ZARRC_OK;
}

/* Takes the end of an element. Only what stands where it belongs is looked at. */
static zarrc_status take_end(page *p, zarrc_error *error) {
  zarrc_xml *x = &p->xml;
  const zarrc_xml_name *parent = x->depth == 3 ? &x->open[1] : NULL;
  bool in_contents = parent && parent->n == 8 && !memcmp(parent->ptr, "Contents", 8);
  bool in_prefixes = parent && parent->n == 14 && !memcmp(parent->ptr, "CommonPrefixes", 14);
  if (in_contents && zarrc_xml_is(x, "Key")) return take_key(p, error);
  if (in_contents && zarrc_xml_is(x, "Size")) return take_size(p, error);
  if (in_prefixes && zarrc_xml_is(x, "Prefix")) return take_key(p, error);
  if (x->depth != 2) return ZARRC_OK;
  if (zarrc_xml_is(x, "Contents")) return give_entry(p, false, error);
  if (zarrc_xml_is(x, "CommonPrefixes")) return give_entry(p, true, error);
  if (zarrc_xml_is(x, "IsTruncated")) p->is_more = zarrc_xml_says(x, "true");
  if (zarrc_xml_is(x, "NextContinuationToken")) {
    p->next.len = 0;
    return zarrc_buf_append(&p->next, x->text.ptr, x->text.len, error);
  }
  return ZARRC_OK;
}

/* Returns whether keys are percent-encoded, which the document says before its first key, or after the last. */
static bool is_encoded(const char *text, size_t n) {
  static const char says[] = "EncodingType>url<";
  return memmem(text, n, says, sizeof says - 1) != NULL;
}

/* A key that holds the words of is_encoded cannot deceive it: its < would be written &lt;. */
static zarrc_status read_page(page *p, zarrc_error *error) {
  zarrc_xml_event event;
  zarrc_status status = zarrc_xml_next(&p->xml, &event, error);
  if (!status && !zarrc_xml_is(&p->xml, "ListBucketResult"))
    return zarrc_fail(error, ZARRC_CORRUPT, "the server answers with something else than a listing");
  while (!status && event != ZARRC_XML_DONE) {
    if (event == ZARRC_XML_END) status = take_end(p, error);
    if (!status && event == ZARRC_XML_BEGIN && p->xml.depth == 2) p->nbytes = ZARRC_UNKNOWN;
    if (!status) status = zarrc_xml_next(&p->xml, &event, error);
  }
  if (!status && p->is_more && p->next.len == 0)
    status = zarrc_fail(error, ZARRC_CORRUPT, "the server lists a part only, and does not say how to go on");
  return status;
}

zarrc_status zarrc_s3_page_read(zarrc_ctx *ctx, const void *text, size_t n, zarrc_s3_entry_fn fn, void *arg,
                                zarrc_buf *token, zarrc_error *error) {
  page p = {.xml = {.at = text, .end = (const char *)text + n, .text = zarrc_buf_new(ctx, TEXT_NBYTES)},
            .is_encoded = is_encoded(text, n),
            .key = zarrc_buf_new(ctx, TEXT_NBYTES + 1),
            .next = zarrc_buf_new(ctx, TEXT_NBYTES),
            .nbytes = ZARRC_UNKNOWN,
            .fn = fn,
            .arg = arg};
  zarrc_status status = read_page(&p, error);
  token->len = 0;
  if (!status && p.is_more) status = zarrc_buf_append(token, p.next.ptr, p.next.len, error);
  if (!status && p.is_more) status = zarrc_buf_append(token, "", 1, error);
  zarrc_buf_clear(&p.xml.text);
  zarrc_buf_clear(&p.key);
  zarrc_buf_clear(&p.next);
  return status;
}

/* ------------------------------------------------------------------------------------------------------ uploads */

zarrc_status zarrc_s3_upload_read(zarrc_ctx *ctx, const void *text, size_t n, zarrc_buf *out, zarrc_error *error) {
  zarrc_xml x = {.at = text, .end = (const char *)text + n, .text = zarrc_buf_new(ctx, TEXT_NBYTES)};
  zarrc_xml_event event = ZARRC_XML_BEGIN;
  zarrc_status status = ZARRC_OK;
  out->len = 0;
  while (!status && event != ZARRC_XML_DONE) {
    status = zarrc_xml_next(&x, &event, error);
    if (status || event != ZARRC_XML_END || x.depth != 2 || !zarrc_xml_is(&x, "UploadId") || out->len > 0) continue;
    status = zarrc_buf_append(out, x.text.ptr, x.text.len, error);
    if (!status) status = zarrc_buf_append(out, "", 1, error);
  }
  zarrc_buf_clear(&x.text);
  if (!status && out->len < 2) status = zarrc_fail(error, ZARRC_CORRUPT, "the server begins an upload without a name");
  return status;
}
