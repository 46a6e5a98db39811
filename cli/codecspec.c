/* SPDX-License-Identifier: MIT */
#include "codecspec.h"

#include "file.h"
#include "json.h"
#include "memstream.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The arguments of known codecs in the order of the short form. kind: 'n' number or null, 's' one of the words or any
 * string, 'f' a flag whose name alone means true, 'l' a list of all arguments. */
typedef struct parameter {
  const char *name;
  char kind;
} parameter;
typedef struct known {
  const char *name;
  char stage; /* 'a' array to array, 's' array to bytes, 'b' bytes to bytes */
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

static const known *find_known(const char *name, size_t n) {
  for (size_t i = 0; i < sizeof knowns / sizeof knowns[0]; i++)
    if (strlen(knowns[i].name) == n && memcmp(knowns[i].name, name, n) == 0) return &knowns[i];
  return NULL;
}

/* The codec parameters that the library fills in itself when the short form leaves them out; these it does not. */
static const char *missing_default(const known *codec, const parameter *p) {
  if (strcmp(codec->name, "bytes") == 0) return "\"little\"";
  if (strcmp(codec->name, "gzip") == 0) return "5";
  if (strcmp(codec->name, "zstd") == 0) return strcmp(p->name, "level") == 0 ? "3" : "false";
  return NULL;
}

/* ---------------------------------------------------------------------------------------------------- parsing */

typedef struct parser {
  const char *p, *start;
  FILE *out;
  zarrc_ctx *ctx;
  const zarrc_dtype *dtype;
  bool serialized, written; /* a codec from array to bytes was written; any codec was */
  zarrc_error *error;
} parser;

static zarrc_status fail(const parser *s, const char *why) {
  if (*s->p == 0) return zarrc_fail(s->error, ZARRC_INVALID_ARGUMENT, "--codecs: %s at the end", why);
  return zarrc_fail(s->error, ZARRC_INVALID_ARGUMENT, "--codecs: %s at '%.60s'", why, s->p);
}

static void blanks(parser *s) {
  s->p += strspn(s->p, " \t\n");
}

static bool is_number(const char *text, size_t n) {
  size_t digits = 0;
  for (size_t i = 0; i < n; i++) {
    if (isdigit((unsigned char)text[i]))
      digits++;
    else if (strchr("+-.eE", text[i]) == NULL)
      return false;
  }
  return digits > 0 && text[0] != '+' && text[0] != '.';
}

static void put_value(FILE *out, const char *text, size_t n) {
  cli_span v = {text, n};
  if (is_number(text, n) || cli_span_is(v, "true") || cli_span_is(v, "false") || cli_span_is(v, "null"))
    fwrite(text, 1, n, out);
  else
    cli_json_quote(out, text, n);
}

/* One argument: up to a comma or bracket that is not inside brackets or quotes. */
static cli_span argument(parser *s) {
  blanks(s);
  const char *start = s->p;
  int depth = 0;
  bool quoted = false;
  for (; *s->p != 0; s->p++) {
    if (*s->p == '"') quoted = !quoted;
    if (quoted) continue;
    if (depth == 0 && (*s->p == ',' || *s->p == ')')) break;
    depth += (*s->p == '[' || *s->p == '{') - (*s->p == ']' || *s->p == '}');
  }
  const char *end = s->p;
  while (end > start && isspace((unsigned char)end[-1])) end--;
  return (cli_span){start, (size_t)(end - start)};
}

static void put_parameter(parser *s, bool *comma, const char *name, size_t n) {
  if (*comma) fputs(", ", s->out);
  *comma = true;
  cli_json_quote(s->out, name, n);
  fputs(": ", s->out);
}

/* The place of a positional argument: the next parameter, or a flag by its name. -1: there is none. */
static int place(const known *codec, unsigned given, cli_span arg) {
  for (int i = 0; i < 6 && codec->parameters[i].name != NULL; i++)
    if (codec->parameters[i].kind == 'f' && cli_span_is(arg, codec->parameters[i].name)) return i;
  for (int i = 0; i < 6 && codec->parameters[i].name != NULL; i++)
    if ((given & 1u << i) == 0) return i;
  return -1;
}

static zarrc_status parse_argument(parser *s, const known *codec, unsigned *given, bool *comma) {
  const char *at = s->p;
  cli_span arg = argument(s), key = {0};
  const char *equals = arg.len > 0 && arg.ptr[0] != '"' ? memchr(arg.ptr, '=', arg.len) : NULL;
  int i = -1;
  if (arg.len == 0) return fail(s, "an argument is missing");
  if (equals != NULL) {
    key = (cli_span){arg.ptr, (size_t)(equals - arg.ptr)};
    arg = (cli_span){equals + 1, (size_t)(arg.ptr + arg.len - equals - 1)};
    for (int k = 0; codec != NULL && k < 6 && codec->parameters[k].name != NULL; k++)
      if (cli_span_is(key, codec->parameters[k].name)) i = k;
  } else if (codec != NULL) {
    i = place(codec, *given, arg);
    if (i >= 0) key = (cli_span){codec->parameters[i].name, strlen(codec->parameters[i].name)};
  }
  if (key.len == 0 || (codec != NULL && i < 0)) {
    s->p = at;
    return fail(s, codec != NULL ? "too many or unknown arguments" : "arguments of this codec need names (name=value)");
  }
  if (i >= 0 && (*given & 1u << i) != 0) {
    s->p = at;
    return fail(s, "an argument is there twice");
  }
  if (i >= 0) *given |= 1u << i;
  put_parameter(s, comma, key.ptr, key.len);
  if (i >= 0 && codec->parameters[i].kind == 'f' && equals == NULL && cli_span_is(arg, codec->parameters[i].name))
    fputs("true", s->out);
  else if (arg.len > 0 && strchr("[{\"", arg.ptr[0]) != NULL)
    fwrite(arg.ptr, 1, arg.len, s->out);
  else
    put_value(s->out, arg.ptr, arg.len);
  return ZARRC_OK;
}

/* transpose(2,1,0) */
static zarrc_status parse_list(parser *s, const known *codec, unsigned *given, bool *comma) {
  bool some = false;
  put_parameter(s, comma, codec->parameters[0].name, strlen(codec->parameters[0].name));
  putc('[', s->out);
  for (blanks(s); *s->p != ')' && *s->p != 0; blanks(s)) {
    cli_span arg = argument(s);
    if (arg.len == 0) return fail(s, "a number is missing");
    if (some) fputs(", ", s->out);
    put_value(s->out, arg.ptr, arg.len);
    some = true;
    if (*s->p == ',') s->p++;
  }
  putc(']', s->out);
  *given |= 1;
  return ZARRC_OK;
}

static zarrc_status parse_configuration(parser *s, const known *codec) {
  unsigned given = 0;
  bool comma = false, list = codec != NULL && codec->parameters[0].kind == 'l';
  zarrc_status status = ZARRC_OK;
  fputs(", \"configuration\": {", s->out);
  if (*s->p == '(') {
    s->p++;
    blanks(s);
    if (list && strncmp(s->p, codec->parameters[0].name, strlen(codec->parameters[0].name)) == 0) list = false;
    if (list) status = parse_list(s, codec, &given, &comma);
    while (status == ZARRC_OK && !list && *s->p != ')' && *s->p != 0) {
      status = parse_argument(s, codec, &given, &comma);
      if (status == ZARRC_OK && *s->p == ',') {
        s->p++;
        blanks(s);
        if (*s->p == ')') status = fail(s, "an argument is missing");
      } else if (status == ZARRC_OK && *s->p != ')') {
        status = fail(s, "a closing bracket is missing");
      }
    }
    if (status == ZARRC_OK && *s->p != ')') status = fail(s, "a closing bracket is missing");
    if (status != ZARRC_OK) return status;
    s->p++;
  }
  for (int i = 0; codec != NULL && i < 6 && codec->parameters[i].name != NULL; i++) {
    const char *value = (given & 1u << i) == 0 ? missing_default(codec, &codec->parameters[i]) : NULL;
    if (value == NULL) continue;
    put_parameter(s, &comma, codec->parameters[i].name, strlen(codec->parameters[i].name));
    fputs(value, s->out);
  }
  putc('}', s->out);
  return ZARRC_OK;
}

static void put_serializer(parser *s) {
  if (s->written) fputs(", ", s->out);
  s->serialized = s->written = true;
  if (s->dtype != NULL && zarrc_dtype_is_variable(s->dtype))
    fprintf(s->out, "{\"name\": \"%s\"}", s->dtype->type == ZARRC_STRING ? "vlen-utf8" : "vlen-bytes");
  else
    fputs("{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}", s->out);
}

static char stage_of(const parser *s, const known *codec, const char *name, size_t n) {
  char text[128];
  if (codec != NULL) return codec->stage;
  snprintf(text, sizeof text, "%.*s", (int)(n < sizeof text ? n : sizeof text - 1), name);
  const zarrc_codec_class *class = zarrc_find_codec(s->ctx, text);
  return class == NULL || class->kind == ZARRC_BYTES_TO_BYTES ? 'b' : class->kind == ZARRC_ARRAY_TO_BYTES ? 's' : 'a';
}

static bool is_registered(const parser *s, const char *name, size_t n) {
  char text[128];
  snprintf(text, sizeof text, "%.*s", (int)(n < sizeof text ? n : sizeof text - 1), name);
  return zarrc_find_codec(s->ctx, text) != NULL;
}

static zarrc_status parse_codec(parser *s) {
  blanks(s);
  const char *name = s->p;
  while (isalnum((unsigned char)*s->p) || (*s->p != 0 && strchr("_-.", *s->p) != NULL)) s->p++;
  size_t n = (size_t)(s->p - name);
  if (n == 0) return fail(s, "a name of a codec is missing");
  const known *codec = find_known(name, n);
  if (codec == NULL && !is_registered(s, name, n))
    return zarrc_fail(s->error, ZARRC_UNSUPPORTED, "--codecs: unknown codec %.*s", (int)(n < 60 ? n : 60), name);
  char stage = stage_of(s, codec, name, n);
  blanks(s);
  if (stage == 'b' && !s->serialized) put_serializer(s);
  if (stage == 's') s->serialized = true;
  if (s->written) fputs(", ", s->out);
  s->written = true;
  fputs("{\"name\": ", s->out);
  cli_json_quote(s->out, name, n);
  bool empty = *s->p != '(' && (codec == NULL || missing_default(codec, &codec->parameters[0]) == NULL);
  bool none = codec != NULL && codec->parameters[0].name == NULL;
  if (none && s->p[0] == '(' && s->p[1] == ')') s->p += 2;
  zarrc_status status = empty || (none && *s->p != '(') ? ZARRC_OK : parse_configuration(s, codec);
  putc('}', s->out);
  return status;
}

static zarrc_status parse_short(parser *s) {
  zarrc_status status;
  putc('[', s->out);
  for (;;) {
    status = parse_codec(s);
    blanks(s);
    if (status != ZARRC_OK || *s->p == 0) break;
    if (*s->p != ',') return fail(s, "a comma is missing");
    s->p++;
  }
  if (status == ZARRC_OK && !s->serialized) put_serializer(s);
  putc(']', s->out);
  return status;
}

zarrc_status cli_codecs_parse(zarrc_ctx *ctx, const char *spec, const zarrc_dtype *dtype, char **json,
                              zarrc_error *error) {
  char *file = NULL;
  cli_memstream text;
  size_t n;
  parser s = {.p = spec, .ctx = ctx, .dtype = dtype, .error = error};
  zarrc_status status = ZARRC_OK;
  if (spec[0] == '@') status = cli_file_read(spec + 1, (uint64_t)1 << 20, &file, &n, error);
  if (status != ZARRC_OK) return status;
  if (file != NULL) s.p = file;
  blanks(&s);
  s.start = s.p;
  status = cli_memstream_open(&text, error);
  if (status != ZARRC_OK) goto done;
  s.out = text.out;
  if (*s.p == '{')
    fprintf(s.out, "[%s]", s.p);
  else if (*s.p == '[')
    fputs(s.p, s.out);
  else
    status = parse_short(&s);
  status = cli_memstream_close(&text, status, error);
  if (status == ZARRC_OK) *json = text.text;
done:
  free(file);
  return cli_as_usage(status, error);
}

/* --------------------------------------------------------------------------------------------------- printing */

static void print_words(FILE *out, cli_span value) {
  cli_span plain = cli_json_plain(value);
  cli_json_print(out, plain.ptr, plain.len);
}

static void print_known(FILE *out, const known *codec, cli_span configuration) {
  int n = 0;
  for (int i = 0; i < 6 && codec->parameters[i].name != NULL; i++) {
    cli_span value = cli_json_member(configuration, codec->parameters[i].name), item;
    if (value.ptr == NULL || cli_span_is(value, "false")) continue;
    if (codec->parameters[i].kind == 'l') {
      putc('(', out);
      n = 1;
      for (size_t at = 0, k = 0; cli_json_next(value, &at, NULL, &item); k++) {
        if (k > 0) putc(',', out);
        print_words(out, item);
      }
      continue;
    }
    putc(n++ == 0 ? '(' : ',', out);
    if (cli_span_is(value, "true"))
      fputs(codec->parameters[i].name, out);
    else
      print_words(out, value);
  }
  if (n > 0) putc(')', out);
}

static void print_any(FILE *out, cli_span configuration) {
  cli_span key, value;
  int n = 0;
  for (size_t at = 0; cli_json_next(configuration, &at, &key, &value);) {
    putc(n++ == 0 ? '(' : ',', out);
    cli_json_print(out, key.ptr, key.len);
    putc('=', out);
    if (value.ptr[0] == '[' && memchr(value.ptr, '{', value.len) != NULL) { /* a chain inside */
      putc('[', out);
      cli_codecs_print(out, value.ptr, value.len);
      putc(']', out);
    } else if (value.ptr[0] == '[' || value.ptr[0] == '{') {
      for (size_t i = 0; i < value.len; i++)
        if (!isspace((unsigned char)value.ptr[i])) putc(value.ptr[i], out);
    } else {
      print_words(out, value);
    }
  }
  if (n > 0) putc(')', out);
}

void cli_codecs_print(FILE *out, const char *json, size_t n) {
  cli_span list = cli_json_value(json, n), codec;
  for (size_t at = 0, i = 0; cli_json_next(list, &at, NULL, &codec); i++) {
    cli_span name = cli_json_plain(codec.ptr[0] == '{' ? cli_json_member(codec, "name") : codec);
    cli_span configuration = cli_json_member(codec, "configuration");
    if (i > 0) putc(',', out);
    if (name.ptr == NULL) continue;
    fwrite(name.ptr, 1, name.len, out);
    const known *k = find_known(name.ptr, name.len);
    if (k != NULL)
      print_known(out, k, configuration);
    else
      print_any(out, configuration);
  }
}
