/* SPDX-License-Identifier: MIT */
#include <zarrc/plugin/codec.h>
#include <zarrc/tools.h>

#include "base/json.h"

#include <string.h>

/* The parameters of the known codecs in the order of the short form, such as blosc(zstd,5). */
typedef struct parameter {
  const char *name;
  char kind; /* 'n': a number or null; 's': a string; 'f': a flag, whose name alone means true; 'l': a list */
} parameter;
typedef struct known {
  const char *name;
  char stage; /* 'a': array to array, 's': array to bytes, 'b': bytes to bytes */
  parameter parameters[6];
} known;

static const known knowns[] = {
    {"bytes", 's', {{"endian", 's'}}},
    {"transpose", 'a', {{"order", 'l'}}},
    {"gzip", 'b', {{"level", 'n'}}},
    {"zstd", 'b', {{"level", 'n'}, {"checksum", 'f'}}},
    {"blosc", 'b', {{"cname", 's'}, {"clevel", 'n'}, {"shuffle", 's'}, {"typesize", 'n'}, {"blocksize", 'n'}}},
    {"crc32c", 'b', {{NULL, 0}}},
    {"vlen-utf8", 's', {{NULL, 0}}},
    {"vlen-bytes", 's', {{NULL, 0}}},
};

/* A piece of text. ptr NULL: none. */
typedef struct span {
  const char *ptr;
  size_t len;
} span;

static span span_of(const char *text) {
  return (span){text, strlen(text)};
}

static bool is(span s, const char *text) {
  return s.ptr && strlen(text) == s.len && memcmp(s.ptr, text, s.len) == 0;
}

static const known *find_known(span name) {
  for (size_t i = 0; i < sizeof knowns / sizeof knowns[0]; i++)
    if (is(name, knowns[i].name)) return &knowns[i];
  return NULL;
}

/* Returns the value that is written if the short form leaves a parameter out; NULL: the codec has a default itself. */
static const char *missing_default(const known *codec, const parameter *p) {
  if (!strcmp(codec->name, "bytes")) return "\"little\"";
  if (!strcmp(codec->name, "gzip")) return "5";
  if (!strcmp(codec->name, "zstd")) return !strcmp(p->name, "level") ? "3" : "false";
  return NULL;
}

/* ----------------------------------------------------------------------------------------------------- writing */

/* Writes JSON. After a failure nothing more is written. */
typedef struct writer {
  zarrc_buf *out;
  zarrc_status status;
  zarrc_error *error;
} writer;

static void put(writer *w, span s) {
  if (!w->status) w->status = zarrc_buf_append(w->out, s.ptr, s.len, w->error);
}

static void put_text(writer *w, const char *text) {
  put(w, span_of(text));
}

static void put_string(writer *w, span s) {
  if (!w->status) w->status = zarrc_json_put_string(w->out, s.ptr, s.len, w->error);
}

/* ----------------------------------------------------------------------------------------------------- reading */

typedef struct parser {
  const char *p;
  zarrc_ctx *ctx;
  const zarrc_dtype *dtype;
  bool serialized, written; /* an array-to-bytes codec has been written; any codec has been written */
  writer w;
} parser;

static bool is_space(char ch) {
  return ch != 0 && strchr(" \t\n\v\f\r", ch);
}

static bool is_name(char ch) {
  return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
         (ch != 0 && strchr("_-.", ch));
}

static zarrc_status fail(const parser *s, const char *why) {
  if (!*s->p) return zarrc_fail(s->w.error, ZARRC_INVALID_ARGUMENT, "%s at the end", why);
  return zarrc_fail(s->w.error, ZARRC_INVALID_ARGUMENT, "%s at '%.60s'", why, s->p);
}

static void skip_blanks(parser *s) {
  s->p += strspn(s->p, " \t\n");
}

static bool is_number(span s) {
  size_t digits = 0;
  for (size_t i = 0; i < s.len; i++) {
    if (s.ptr[i] >= '0' && s.ptr[i] <= '9')
      digits++;
    else if (!strchr("+-.eE", s.ptr[i]))
      return false;
  }
  return digits > 0 && s.ptr[0] != '+' && s.ptr[0] != '.';
}

static void put_value(writer *w, span s) {
  if (is_number(s) || is(s, "true") || is(s, "false") || is(s, "null"))
    put(w, s);
  else
    put_string(w, s);
}

/* Takes one argument, which ends at a comma or parenthesis outside brackets and quotes. */
static span take_argument(parser *s) {
  skip_blanks(s);
  const char *start = s->p;
  int depth = 0;
  bool quoted = false;
  for (; *s->p; s->p++) {
    if (*s->p == '"') quoted = !quoted;
    if (quoted) continue;
    if (depth == 0 && (*s->p == ',' || *s->p == ')')) break;
    depth += (*s->p == '[' || *s->p == '{') - (*s->p == ']' || *s->p == '}');
  }
  const char *end = s->p;
  while (end > start && is_space(end[-1])) end--;
  return (span){start, (size_t)(end - start)};
}

static void put_parameter(parser *s, bool *comma, span name) {
  if (*comma) put_text(&s->w, ", ");
  *comma = true;
  put_string(&s->w, name);
  put_text(&s->w, ": ");
}

/* Returns the index of the parameter that an argument without a name is for: a flag that it names, or the next
 * parameter that has no value yet. -1: there is none. */
static int place_of(const known *codec, unsigned given, span arg) {
  for (int i = 0; i < 6 && codec->parameters[i].name; i++)
    if (codec->parameters[i].kind == 'f' && is(arg, codec->parameters[i].name)) return i;
  for (int i = 0; i < 6 && codec->parameters[i].name; i++)
    if (!(given & 1u << i)) return i;
  return -1;
}

static zarrc_status parse_argument(parser *s, const known *codec, unsigned *given, bool *comma) {
  const char *at = s->p;
  span arg = take_argument(s), key = {0};
  const char *equals = arg.len > 0 && arg.ptr[0] != '"' ? memchr(arg.ptr, '=', arg.len) : NULL;
  int i = -1;
  if (arg.len == 0) return fail(s, "an argument is missing");
  if (equals) {
    key = (span){arg.ptr, (size_t)(equals - arg.ptr)};
    arg = (span){equals + 1, (size_t)(arg.ptr + arg.len - equals - 1)};
    for (int k = 0; codec && k < 6 && codec->parameters[k].name; k++)
      if (is(key, codec->parameters[k].name)) i = k;
  } else if (codec) {
    i = place_of(codec, *given, arg);
    if (i >= 0) key = span_of(codec->parameters[i].name);
  }
  if (key.len == 0 || (codec && i < 0)) {
    s->p = at;
    return fail(s, codec ? "too many or unknown arguments" : "arguments of this codec need names (name=value)");
  }
  if (i >= 0 && (*given & 1u << i)) {
    s->p = at;
    return fail(s, "an argument is there twice");
  }
  if (i >= 0) *given |= 1u << i;
  put_parameter(s, comma, key);
  if (i >= 0 && codec->parameters[i].kind == 'f' && !equals && is(arg, codec->parameters[i].name))
    put_text(&s->w, "true");
  else if (arg.len > 0 && strchr("[{\"", arg.ptr[0]))
    put(&s->w, arg);
  else
    put_value(&s->w, arg);
  return s->w.status;
}

/* Parses the list of a codec that has a single parameter, as in transpose(2,1,0). */
static zarrc_status parse_list(parser *s, const known *codec, unsigned *given, bool *comma) {
  bool some = false;
  put_parameter(s, comma, span_of(codec->parameters[0].name));
  put_text(&s->w, "[");
  for (skip_blanks(s); *s->p != ')' && *s->p; skip_blanks(s)) {
    span arg = take_argument(s);
    if (arg.len == 0) return fail(s, "a number is missing");
    if (some) put_text(&s->w, ", ");
    put_value(&s->w, arg);
    some = true;
    if (*s->p == ',') s->p++;
  }
  put_text(&s->w, "]");
  *given |= 1;
  return s->w.status;
}

static zarrc_status parse_arguments(parser *s, const known *codec, unsigned *given, bool *comma) {
  zarrc_status status = ZARRC_OK;
  bool list = codec && codec->parameters[0].kind == 'l';
  s->p++;
  skip_blanks(s);
  if (list && !strncmp(s->p, codec->parameters[0].name, strlen(codec->parameters[0].name))) list = false;
  if (list) status = parse_list(s, codec, given, comma);
  while (!status && !list && *s->p != ')' && *s->p) {
    status = parse_argument(s, codec, given, comma);
    if (!status && *s->p == ',') {
      s->p++;
      skip_blanks(s);
      if (*s->p == ')') status = fail(s, "an argument is missing");
    } else if (!status && *s->p != ')') {
      status = fail(s, "a closing bracket is missing");
    }
  }
  if (!status && *s->p != ')') status = fail(s, "a closing bracket is missing");
  if (!status) s->p++;
  return status;
}

static zarrc_status parse_configuration(parser *s, const known *codec) {
  unsigned given = 0;
  bool comma = false;
  put_text(&s->w, ", \"configuration\": {");
  zarrc_status status = *s->p == '(' ? parse_arguments(s, codec, &given, &comma) : ZARRC_OK;
  if (status) return status;
  for (int i = 0; codec && i < 6 && codec->parameters[i].name; i++) {
    const char *value = !(given & 1u << i) ? missing_default(codec, &codec->parameters[i]) : NULL;
    if (!value) continue;
    put_parameter(s, &comma, span_of(codec->parameters[i].name));
    put_text(&s->w, value);
  }
  put_text(&s->w, "}");
  return s->w.status;
}

static void put_serializer(parser *s) {
  if (s->written) put_text(&s->w, ", ");
  s->serialized = s->written = true;
  if (!s->dtype || !zarrc_dtype_is_variable(s->dtype))
    put_text(&s->w, "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}");
  else
    put_text(&s->w, s->dtype->type == ZARRC_STRING ? "{\"name\": \"vlen-utf8\"}" : "{\"name\": \"vlen-bytes\"}");
}

static const zarrc_codec_class *find_class(const parser *s, span name) {
  char text[128];
  if (name.len >= sizeof text) return NULL;
  memcpy(text, name.ptr, name.len);
  text[name.len] = 0;
  return zarrc_find_codec(s->ctx, text);
}

static char stage_of(const parser *s, const known *codec, span name) {
  if (codec) return codec->stage;
  const zarrc_codec_class *class = find_class(s, name);
  return class->kind == ZARRC_BYTES_TO_BYTES ? 'b' : class->kind == ZARRC_ARRAY_TO_BYTES ? 's' : 'a';
}

static zarrc_status parse_codec(parser *s) {
  skip_blanks(s);
  span name = {s->p, 0};
  while (is_name(name.ptr[name.len])) name.len++;
  s->p += name.len;
  if (name.len == 0) return fail(s, "a name of a codec is missing");
  const known *codec = find_known(name);
  if (!codec && !find_class(s, name))
    return zarrc_fail(s->w.error, ZARRC_UNSUPPORTED, "unknown codec %.*s", (int)(name.len < 60 ? name.len : 60),
                      name.ptr);
  char stage = stage_of(s, codec, name);
  skip_blanks(s);
  if (stage == 'b' && !s->serialized) put_serializer(s);
  if (stage == 's') s->serialized = true;
  if (s->written) put_text(&s->w, ", ");
  s->written = true;
  put_text(&s->w, "{\"name\": ");
  put_string(&s->w, name);
  bool empty = *s->p != '(' && (!codec || !missing_default(codec, &codec->parameters[0]));
  bool none = codec && !codec->parameters[0].name;
  if (none && s->p[0] == '(' && s->p[1] == ')') s->p += 2;
  zarrc_status status = empty || (none && *s->p != '(') ? ZARRC_OK : parse_configuration(s, codec);
  put_text(&s->w, "}");
  return status ? status : s->w.status;
}

static zarrc_status parse_short(parser *s) {
  put_text(&s->w, "[");
  for (;;) {
    zarrc_status status = parse_codec(s);
    if (status) return status;
    skip_blanks(s);
    if (!*s->p) break;
    if (*s->p != ',') return fail(s, "a comma is missing");
    s->p++;
  }
  if (!s->serialized) put_serializer(s);
  put_text(&s->w, "]");
  return s->w.status;
}

zarrc_status zarrc_codecs_from_text(const char *text, const zarrc_dtype *dtype, zarrc_buf *out, zarrc_error *error) {
  parser s = {.p = text, .ctx = out->ctx, .dtype = dtype, .w = {.out = out, .error = error}};
  size_t before = out->len;
  skip_blanks(&s);
  zarrc_status status = ZARRC_OK;
  if (*s.p == '{') {
    put_text(&s.w, "[");
    put_text(&s.w, s.p);
    put_text(&s.w, "]");
  } else if (*s.p == '[') {
    put_text(&s.w, s.p);
  } else {
    status = parse_short(&s);
  }
  if (!status) status = s.w.status;
  if (status) out->len = before;
  return status;
}

/* ---------------------------------------------------------------------------------------------------- printing */

/* Returns the text of a value; for a string without escapes, without the quotes. */
static span plain(const zarrc_json *value) {
  span s;
  s.ptr = zarrc_json_text(value, &s.len);
  if (zarrc_json_is(value, ZARRC_JSON_STRING) && !memchr(s.ptr, '\\', s.len)) return (span){s.ptr + 1, s.len - 2};
  return s;
}

static void put_known(writer *w, const known *codec, const zarrc_json *configuration) {
  int n = 0;
  for (int i = 0; i < 6 && codec->parameters[i].name; i++) {
    const zarrc_json *value = zarrc_json_get(configuration, codec->parameters[i].name);
    bool flag;
    if (!value || (zarrc_json_get_bool(value, &flag) && !flag)) continue;
    if (codec->parameters[i].kind == 'l') {
      put_text(w, "(");
      n = 1;
      for (size_t k = 0; k < zarrc_json_length(value); k++) {
        if (k > 0) put_text(w, ",");
        put(w, plain(zarrc_json_at(value, k)));
      }
      continue;
    }
    put_text(w, n++ == 0 ? "(" : ",");
    if (zarrc_json_is(value, ZARRC_JSON_BOOL))
      put_text(w, codec->parameters[i].name);
    else
      put(w, plain(value));
  }
  if (n > 0) put_text(w, ")");
}

static void put_chain(writer *w, const zarrc_json *list);

/* Writes a list or an object without blanks. */
static void put_compact(writer *w, span s) {
  bool quoted = false, escaped = false;
  for (size_t i = 0; i < s.len; i++) {
    if (s.ptr[i] == '"' && !escaped) quoted = !quoted;
    escaped = s.ptr[i] == '\\' && !escaped;
    if (quoted || !is_space(s.ptr[i])) put(w, (span){s.ptr + i, 1});
  }
}

static bool holds_objects(const zarrc_json *list) {
  for (size_t i = 0; i < zarrc_json_length(list); i++)
    if (!zarrc_json_is(zarrc_json_at(list, i), ZARRC_JSON_OBJECT)) return false;
  return zarrc_json_length(list) > 0;
}

static void put_any(writer *w, const zarrc_json *configuration) {
  size_t n = zarrc_json_length(configuration);
  for (size_t i = 0; i < n; i++) {
    const zarrc_json *value = zarrc_json_at(configuration, i);
    put_text(w, i == 0 ? "(" : ",");
    put_text(w, zarrc_json_key(configuration, i));
    put_text(w, "=");
    if (zarrc_json_is(value, ZARRC_JSON_ARRAY) && holds_objects(value)) { /* a codec chain */
      put_text(w, "[");
      put_chain(w, value);
      put_text(w, "]");
    } else if (zarrc_json_is(value, ZARRC_JSON_ARRAY) || zarrc_json_is(value, ZARRC_JSON_OBJECT)) {
      put_compact(w, plain(value));
    } else {
      put(w, plain(value));
    }
  }
  if (n > 0) put_text(w, ")");
}

static void put_chain(writer *w, const zarrc_json *list) {
  for (size_t i = 0; i < zarrc_json_length(list); i++) {
    const zarrc_json *codec = zarrc_json_at(list, i), *configuration = zarrc_json_get(codec, "configuration");
    const zarrc_json *name = zarrc_json_is(codec, ZARRC_JSON_OBJECT) ? zarrc_json_get(codec, "name") : codec;
    if (i > 0) put_text(w, ",");
    if (!name) continue;
    span text = plain(name);
    put(w, text);
    const known *k = find_known(text);
    if (k)
      put_known(w, k, configuration);
    else
      put_any(w, configuration);
  }
}

zarrc_status zarrc_codecs_to_text(const char *json, size_t n, zarrc_buf *out, zarrc_error *error) {
  writer w = {.out = out, .error = error};
  zarrc_json_doc *doc;
  size_t before = out->len;
  zarrc_status status = zarrc_json_parse(out->ctx, json, n, NULL, &doc, error);
  if (status) return status;
  put_chain(&w, zarrc_json_root(doc));
  zarrc_json_close(doc);
  if (w.status) out->len = before;
  return w.status;
}
