/* SPDX-License-Identifier: MIT */
#include "npy.h"

#include "json.h"
#include "memstream.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC      "\x93NUMPY"
#define MAX_HEADER ((size_t)1 << 20)

/* The types that NumPy and Zarr share: kind and bytes an element (0: any number). */
static const struct {
  char kind;
  uint32_t nbytes;
  zarrc_type type;
} shared[] = {
    {'b', 1, ZARRC_BOOL},
    {'i', 1, ZARRC_INT8},
    {'i', 2, ZARRC_INT16},
    {'i', 4, ZARRC_INT32},
    {'i', 8, ZARRC_INT64},
    {'u', 1, ZARRC_UINT8},
    {'u', 2, ZARRC_UINT16},
    {'u', 4, ZARRC_UINT32},
    {'u', 8, ZARRC_UINT64},
    {'f', 2, ZARRC_FLOAT16},
    {'f', 4, ZARRC_FLOAT32},
    {'f', 8, ZARRC_FLOAT64},
    {'c', 8, ZARRC_COMPLEX64},
    {'c', 16, ZARRC_COMPLEX128},
    {'V', 0, ZARRC_RAW},
    {'U', 0, ZARRC_FIXED_UTF32},
    {'S', 0, ZARRC_NULL_TERMINATED},
    {'M', 8, ZARRC_DATETIME64},
    {'m', 8, ZARRC_TIMEDELTA64},
};
#define NSHARED (sizeof shared / sizeof shared[0])

static const char *const type_names[ZARRC_NTYPES] = {
#define ZARRC_X(name, json, nbytes, unit) json,
    ZARRC_TYPES(ZARRC_X)
#undef ZARRC_X
};

/* ---------------------------------------------------------------------------------------------------- reading */

/* The header is a Python literal: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } */
typedef struct reader {
  const char *p, *end;
  FILE *json; /* receives the data type as in zarr.json */
  char order; /* byte order: '<', '>', or 0: none yet */
  zarrc_error *error;
} reader;

static zarrc_status fail(const reader *r, const char *why) {
  size_t left = (size_t)(r->end - r->p);
  return zarrc_fail(r->error, ZARRC_INVALID_ARGUMENT, ".npy header: %s at '%.*s'", why, (int)(left < 40 ? left : 40),
                    r->p);
}

static bool take(reader *r, const char *text) {
  while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\t')) r->p++;
  size_t n = strlen(text);
  if ((size_t)(r->end - r->p) < n || memcmp(r->p, text, n) != 0) return false;
  r->p += n;
  return true;
}

/* Takes a string without escapes. */
static bool take_string(reader *r, cli_span *out) {
  char quote = 0;
  if (take(r, "'"))
    quote = '\'';
  else if (take(r, "\""))
    quote = '"';
  if (quote == 0) return false;
  const char *start = r->p;
  while (r->p < r->end && *r->p != quote && *r->p != '\\') r->p++;
  if (r->p >= r->end || *r->p != quote) return false;
  *out = (cli_span){start, (size_t)(r->p - start)};
  r->p++;
  return true;
}

static zarrc_status unsupported(const reader *r, cli_span descr) {
  bool objects = descr.len > 1 && descr.ptr[1] == 'O';
  return zarrc_fail(r->error, ZARRC_UNSUPPORTED, ".npy: the type '%.*s' %s", (int)(descr.len < 40 ? descr.len : 40),
                    descr.ptr, objects ? "holds pickled objects, which are never read" : "is not one of Zarr's");
}

/* Takes the unit of a time type, as in "M8[25us]". */
static zarrc_status read_time(reader *r, cli_span descr, cli_span unit) {
  size_t digits = 0;
  int64_t scale = 1;
  while (digits < unit.len && unit.ptr[digits] >= '0' && unit.ptr[digits] <= '9') digits++;
  if (digits > 0 && !cli_parse_int(unit.ptr, digits, &scale)) return unsupported(r, descr);
  unit.ptr += digits;
  unit.len -= digits;
  for (uint8_t i = 0; zarrc_time_unit_name(i); i++) {
    if (!cli_span_is(unit, zarrc_time_unit_name(i))) continue;
    fprintf(r->json, ", \"configuration\": {\"unit\": \"%s\", \"scale_factor\": %lld}", zarrc_time_unit_name(i),
            (long long)scale);
    return ZARRC_OK;
  }
  return unsupported(r, descr);
}

/* Takes a data type: "<f4", "|S7", "<M8[ns]". */
static zarrc_status read_scalar(reader *r, cli_span descr) {
  static const char generic[] = "generic";
  cli_span unit = {generic, sizeof generic - 1};
  int64_t nbytes;
  if (descr.len < 3 || !strchr("<>|=", descr.ptr[0])) return unsupported(r, descr);
  const char *bracket = memchr(descr.ptr, '[', descr.len);
  size_t ndigits = (bracket ? (size_t)(bracket - descr.ptr) : descr.len) - 2;
  if (bracket) {
    unit = (cli_span){bracket + 1, (size_t)(descr.ptr + descr.len - bracket - 2)};
    if (descr.ptr[descr.len - 1] != ']' || !strchr("mM", descr.ptr[1])) return unsupported(r, descr);
  }
  if (!cli_parse_int(descr.ptr + 2, ndigits, &nbytes) || nbytes < 1 || nbytes > INT32_MAX) return unsupported(r, descr);
  size_t i = 0;
  while (i < NSHARED && (shared[i].kind != descr.ptr[1] || (shared[i].nbytes != 0 && shared[i].nbytes != nbytes))) i++;
  if (i == NSHARED) return unsupported(r, descr);
  zarrc_type type = shared[i].type;
  if (descr.ptr[0] == '<' || descr.ptr[0] == '>') {
    if (r->order != 0 && r->order != descr.ptr[0])
      return zarrc_fail(r->error, ZARRC_UNSUPPORTED, ".npy: fields of different byte orders");
    r->order = descr.ptr[0];
  }
  fprintf(r->json, "{\"name\": \"%s\"", type_names[type]);
  zarrc_status status = ZARRC_OK;
  if (type == ZARRC_DATETIME64 || type == ZARRC_TIMEDELTA64) status = read_time(r, descr, unit);
  if (shared[i].nbytes == 0)
    fprintf(r->json, ", \"configuration\": {\"length_bytes\": %lld}",
            (long long)(type == ZARRC_FIXED_UTF32 ? nbytes * 4 : nbytes));
  putc('}', r->json);
  return status;
}

static zarrc_status read_descr(reader *r, int depth);

/* Takes a field of a structured type: ('name', descr). */
static zarrc_status read_field(reader *r, int depth) {
  cli_span name;
  if (!take(r, "(") || !take_string(r, &name)) return fail(r, "a field is not a pair of a name and a type");
  if (name.len == 0) return zarrc_fail(r->error, ZARRC_UNSUPPORTED, ".npy: a struct with padding between its fields");
  fputs("{\"name\": ", r->json);
  cli_json_quote(r->json, name.ptr, name.len);
  fputs(", \"data_type\": ", r->json);
  if (!take(r, ",")) return fail(r, "the type of a field is missing");
  zarrc_status status = read_descr(r, depth + 1);
  if (status) return status;
  putc('}', r->json);
  if (take(r, ",") && !take(r, ")"))
    return zarrc_fail(r->error, ZARRC_UNSUPPORTED, ".npy: a field that is an array in itself");
  return r->p[-1] == ')' || take(r, ")") ? ZARRC_OK : fail(r, "a field does not end");
}

static zarrc_status read_descr(reader *r, int depth) {
  cli_span descr;
  if (depth > 16) return fail(r, "types nested too deep");
  if (take_string(r, &descr)) return read_scalar(r, descr);
  if (!take(r, "[")) return fail(r, "no data type");
  fputs("{\"name\": \"struct\", \"configuration\": {\"fields\": [", r->json);
  for (int i = 0; !take(r, "]"); i++) {
    if (i > 0) fputs(", ", r->json);
    zarrc_status status = read_field(r, depth);
    if (status) return status;
    if (!take(r, ",")) {
      if (take(r, "]")) break;
      return fail(r, "a list of fields does not end");
    }
  }
  fputs("]}}", r->json);
  return ZARRC_OK;
}

static zarrc_status read_shape(reader *r, cli_npy *out) {
  if (!take(r, "(")) return fail(r, "no shape");
  while (!take(r, ")")) {
    if (out->ndim == ZARRC_MAX_NDIM) return fail(r, "too many dimensions");
    take(r, "");
    const char *start = r->p;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9') r->p++;
    if (!cli_parse_int(start, (size_t)(r->p - start), &out->shape[out->ndim++])) return fail(r, "no whole number");
    if (!take(r, ",")) {
      if (take(r, ")")) break;
      return fail(r, "the shape does not end");
    }
  }
  return ZARRC_OK;
}

static zarrc_status read_members(reader *r, cli_npy *out) {
  unsigned seen = 0;
  if (!take(r, "{")) return fail(r, "no dictionary");
  while (!take(r, "}")) {
    cli_span key;
    zarrc_status status = ZARRC_OK;
    if (!take_string(r, &key) || !take(r, ":")) return fail(r, "no key");
    unsigned bit = cli_span_is(key, "descr")           ? 1u
                   : cli_span_is(key, "fortran_order") ? 2u
                   : cli_span_is(key, "shape")         ? 4u
                                                       : 0u;
    if (bit == 0 || (seen & bit) != 0) return fail(r, "a key that should not be there");
    seen |= bit;
    if (bit == 1) status = read_descr(r, 0);
    if (bit == 4) status = read_shape(r, out);
    if (bit == 2) {
      out->fortran = take(r, "True");
      if (!out->fortran && !take(r, "False")) return fail(r, "neither True nor False");
    }
    if (status) return status;
    if (!take(r, ",") && (r->p >= r->end || *r->p != '}')) return fail(r, "the dictionary does not end");
  }
  return seen == 7 ? ZARRC_OK : fail(r, "a key is missing");
}

static zarrc_status parse_header(zarrc_ctx *ctx, const char *text, size_t n, cli_npy *out, zarrc_error *error) {
  cli_memstream json;
  reader r = {.p = text, .end = text + n, .error = error};
  zarrc_status status = cli_memstream_open(&json, error);
  if (status) return status;
  r.json = json.out;
  status = cli_memstream_close(&json, read_members(&r, out), error);
  if (!status) status = zarrc_dtype_open(ctx, json.text, json.len, &out->dtype, error);
  if (!status && r.order != 0) out->dtype.endian = r.order == '>' ? ZARRC_BIG : ZARRC_LITTLE;
  free(json.text);
  return status;
}

zarrc_status cli_npy_read_header(zarrc_ctx *ctx, cli_input *in, cli_npy *out, zarrc_error *error) {
  uint8_t start[12];
  size_t got, nlength, n;
  char *text;
  *out = (cli_npy){.ndim = 0};
  zarrc_status status = cli_input_some(in, start, 10, &got, error);
  if (status) return status;
  if (got < 10 || memcmp(start, MAGIC, 6) != 0 || start[6] < 1 || start[6] > 3)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "%.300s is not a .npy file of version 1, 2 or 3", in->name);
  nlength = start[6] == 1 ? 2 : 4;
  if (nlength == 4) status = cli_input_read(in, start + 10, 2, error);
  if (status) return status;
  n = start[8] | (size_t)start[9] << 8;
  if (nlength == 4) n |= (size_t)start[10] << 16 | (size_t)start[11] << 24;
  if (n > MAX_HEADER) return zarrc_fail(error, ZARRC_LIMIT, ".npy header of %zu bytes", n);
  text = malloc(n + 1);
  if (!text) return zarrc_fail(error, ZARRC_NO_MEMORY, "out of memory");
  status = cli_input_read(in, text, n, error);
  if (!status) {
    text[n] = 0;
    status = parse_header(ctx, text, n, out, error);
  }
  free(text);
  return status;
}

/* ---------------------------------------------------------------------------------------------------- writing */

static zarrc_status put_descr(FILE *out, const zarrc_dtype *dtype, zarrc_error *error);

static void put_python_string(FILE *out, const char *text) {
  putc('\'', out);
  for (; *text != 0; text++) {
    if (*text == '\'' || *text == '\\') putc('\\', out);
    if ((unsigned char)*text < 0x20)
      fprintf(out, "\\x%02x", (unsigned char)*text);
    else
      putc(*text, out);
  }
  putc('\'', out);
}

static zarrc_status put_struct(FILE *out, const zarrc_dtype *dtype, zarrc_error *error) {
  zarrc_status status = ZARRC_OK;
  putc('[', out);
  for (size_t i = 0; i < zarrc_dtype_nfields(dtype) && !status; i++) {
    const zarrc_field *field = zarrc_dtype_field(dtype, i);
    fputs(i > 0 ? ", (" : "(", out);
    put_python_string(out, field->name);
    fputs(", ", out);
    status = put_descr(out, &field->dtype, error);
    putc(')', out);
  }
  putc(']', out);
  return status;
}

static zarrc_status put_descr(FILE *out, const zarrc_dtype *dtype, zarrc_error *error) {
  size_t i = 0;
  if (dtype->type == ZARRC_STRUCT) return put_struct(out, dtype, error);
  while (i < NSHARED && shared[i].type != dtype->type) i++;
  if (i == NSHARED && zarrc_dtype_is_variable(dtype))
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "a .npy file cannot hold elements of variable length");
  if (i == NSHARED)
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "a .npy file cannot hold elements of type %s", type_names[dtype->type]);
  uint32_t length = dtype->type == ZARRC_FIXED_UTF32 ? dtype->item_size / 4 : dtype->item_size;
  fprintf(out, "'%c%c%u", zarrc_dtype_has_endian(dtype) ? '<' : '|', shared[i].kind, (unsigned)length);
  if (shared[i].kind == 'M' || shared[i].kind == 'm') {
    const char *unit = zarrc_time_unit_name(dtype->time_unit);
    if (strcmp(unit, "generic") != 0) {
      putc('[', out);
      if (dtype->time_scale != 1) fprintf(out, "%d", (int)dtype->time_scale);
      fprintf(out, "%s]", unit);
    }
  }
  putc('\'', out);
  return ZARRC_OK;
}

zarrc_status cli_npy_write_header(cli_output *out, const zarrc_dtype *dtype, int ndim, const int64_t *shape,
                                  zarrc_error *error) {
  cli_memstream text;
  uint8_t start[12] = MAGIC;
  size_t n, nstart, padded;
  bool ascii = true;
  zarrc_status status = cli_memstream_open(&text, error);
  if (status) return status;
  fputs("{'descr': ", text.out);
  status = put_descr(text.out, dtype, error);
  fputs(", 'fortran_order': False, 'shape': (", text.out);
  for (int i = 0; i < ndim; i++) fprintf(text.out, i > 0 && ndim > 1 ? ", %lld" : "%lld", (long long)shape[i]);
  fputs(ndim == 1 ? ",), }" : "), }", text.out);
  status = cli_memstream_close(&text, status, error);
  if (status) return status;
  n = text.len;
  for (size_t i = 0; i < n; i++) ascii &= (unsigned char)text.text[i] < 0x80;
  start[6] = !ascii ? 3 : n + 64 > 65535 ? 2 : 1;
  nstart = start[6] == 1 ? 10 : 12;
  padded = (nstart + n + 1 + 63) / 64 * 64 - nstart;
  for (size_t i = 8; i < nstart; i++) start[i] = (uint8_t)(padded >> 8 * (i - 8));
  status = cli_output_write(out, start, nstart, error);
  if (!status) status = cli_output_write(out, text.text, n, error);
  for (size_t i = n; i < padded && !status; i++) status = cli_output_text(out, i + 1 < padded ? " " : "\n", error);
  free(text.text);
  return status;
}
