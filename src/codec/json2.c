/* SPDX-License-Identifier: MIT */
/* numcodecs.json2: a chunk of strings as JSON. It is written as numcodecs writes it by default: on one line without
 * blanks, and in ASCII. Whatever else the settings say, that is JSON too. */
#include "base/json_scan.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"
#include "codec/objects.h"

#include <inttypes.h>
#include <stdlib.h>

/* A setting that changes how a chunk is read or written; the others do not matter. */
static const char *encoding_name(int i) {
  static const char *const names[] = {"utf-8", "utf8", "UTF-8", "ascii"};
  return i < 4 ? names[i] : NULL;
}

static zarrc_status json2_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)configuration, (void)n;
  static const char *const keys[] = {"encoding", "skipkeys",   "ensure_ascii", "check_circular", "allow_nan",
                                     "indent",   "separators", "sort_keys",    "strict",         NULL};
  int encoding;
  zarrc_config config;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  return status ? status : zarrc_config_choice(&config, "encoding", encoding_name, &encoding, error);
}

/* ------------------------------------------------------------------------------------------------------ spelling */

_Static_assert(sizeof(zarrc_json_scan) <= ZARRC_OBJECTS_STATE, "the state of a reader is too small");

static void json_begin(void *state, const uint8_t *bytes, size_t n) {
  zarrc_json_scan *scan = state;
  *scan = (zarrc_json_scan){.text = (const char *)bytes, .nbytes = n, .nan = true};
}

/* Reads an integer that fits; else it is another number. */
static void read_integer(const zarrc_json_scan *scan, zarrc_object *out) {
  size_t n = scan->end - scan->start;
  out->kind = ZARRC_OBJECT_OTHER;
  if (n > 18 || scan->text[scan->start] == '-') return;
  out->kind = ZARRC_OBJECT_INTEGER;
  for (size_t i = scan->start; i < scan->end; i++) out->integer = 10 * out->integer + (scan->text[i] - '0');
}

static zarrc_status json_next(void *state, zarrc_object *out, zarrc_error *error) {
  zarrc_json_scan *scan = state;
  zarrc_json_event event = ZARRC_JSON_DONE;
  zarrc_status status = zarrc_json_scan_next(scan, &event, error);
  *out = (zarrc_object){.kind = ZARRC_OBJECT_OTHER, .words = zarrc_json_kind_name(scan->kind)};
  if (status) {
    if (error) error->code = ZARRC_CORRUPT;
    return ZARRC_CORRUPT;
  }
  if (event == ZARRC_JSON_DONE) {
    out->kind = ZARRC_OBJECT_DONE;
    out->words = "the end";
  } else if (event == ZARRC_JSON_CLOSE) {
    out->kind = ZARRC_OBJECT_END;
    out->words = "the end of a list";
  } else if (event == ZARRC_JSON_VALUE && scan->kind == ZARRC_JSON_ARRAY) {
    out->kind = ZARRC_OBJECT_LIST;
  } else if (event == ZARRC_JSON_VALUE && scan->kind == ZARRC_JSON_NULL) {
    out->kind = ZARRC_OBJECT_NULL;
  } else if (event == ZARRC_JSON_VALUE && scan->kind == ZARRC_JSON_INTEGER) {
    read_integer(scan, out);
  } else if (event == ZARRC_JSON_VALUE && scan->kind == ZARRC_JSON_STRING) {
    out->kind = ZARRC_OBJECT_TEXT;
    out->token = (const uint8_t *)scan->text + scan->start;
    out->ntoken = scan->end - scan->start;
    out->ntext = scan->ndecoded;
  }
  return ZARRC_OK;
}

static void json_text(const zarrc_object *object, uint8_t *out) {
  zarrc_json_decode((const char *)object->token, object->ntoken, (char *)out);
}

static zarrc_status json_put_list(const zarrc_codec *codec, size_t n, zarrc_buf *out, zarrc_error *error) {
  (void)codec, (void)n;
  return zarrc_buf_append(out, "[", 1, error);
}

static zarrc_status json_put_comma(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  (void)codec;
  return zarrc_buf_append(out, ",", 1, error);
}

static zarrc_status json_put_end(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  (void)codec;
  return zarrc_buf_append(out, "]", 1, error);
}

static zarrc_status json_put_text(const zarrc_codec *codec, const void *text, size_t n, zarrc_buf *out,
                                  zarrc_error *error) {
  (void)codec;
  return zarrc_json_put_string(out, n ? text : "", n, error);
}

static zarrc_status json_put_integer(const zarrc_codec *codec, uint64_t x, zarrc_buf *out, zarrc_error *error) {
  (void)codec;
  return zarrc_buf_printf(out, error, "%" PRIu64, x);
}

static const zarrc_objects_spelling json = {
    .begin = json_begin,
    .next = json_next,
    .text = json_text,
    .least = 2, /* 0 and a comma */
    .put_list = json_put_list,
    .put_comma = json_put_comma,
    .put_end = json_put_end,
    .put_text = json_put_text,
    .put_integer = json_put_integer,
};

static zarrc_status json2_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                 zarrc_parts *parts, zarrc_error *error) {
  return zarrc_objects_encode(codec, &json, spec, decoded, parts, error);
}

static zarrc_status json2_read(const zarrc_codec *codec, const zarrc_spec *spec, zarrc_blob *blob,
                               const zarrc_region *region, const zarrc_view *to, zarrc_error *error) {
  return zarrc_objects_read(codec, &json, spec, blob, region, to, error);
}

const zarrc_codec_class zarrc_json2_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "numcodecs.json2",
    .kind = ZARRC_ARRAY_TO_BYTES,
    .lossy = true,      /* null is read as an empty string; what is no string at all cannot be read, but copied */
    .instance_size = 1, /* so that the settings are kept, though none is used */
    .open = json2_open,
    .to_json = zarrc_codec_written_json,
    .validate = zarrc_objects_validate,
    .encoded_size = zarrc_objects_size,
    .u.ab = {.encode = json2_encode, .read = json2_read},
};
