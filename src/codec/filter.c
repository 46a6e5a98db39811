/* SPDX-License-Identifier: MIT */
#include "codec/filter.h"
#include "base/copy.h"
#include "base/json.h"
#include "codec/codec.h"
#include "codec/config.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------- settings */

/* The types of numbers by NumPy's letters. */
static const struct {
  char text[4];
  zarrc_type type;
} letters[] = {{"?", ZARRC_BOOL},     {"b1", ZARRC_BOOL},      {"i1", ZARRC_INT8},       {"i2", ZARRC_INT16},
               {"i4", ZARRC_INT32},   {"i8", ZARRC_INT64},     {"u1", ZARRC_UINT8},      {"u2", ZARRC_UINT16},
               {"u4", ZARRC_UINT32},  {"u8", ZARRC_UINT64},    {"f2", ZARRC_FLOAT16},    {"f4", ZARRC_FLOAT32},
               {"f8", ZARRC_FLOAT64}, {"c8", ZARRC_COMPLEX64}, {"c16", ZARRC_COMPLEX128}};

/* The types by NumPy's names, which are zarr's. */
static const char *const names[] = {"bool",   "int8",   "int16",   "int32",   "int64",   "uint8",     "uint16",
                                    "uint32", "uint64", "float16", "float32", "float64", "complex64", "complex128"};

/* The byte order of an element's bytes, which a spec has relative to the machine, and back: native stands for little.
 */
static zarrc_endian turn_order(zarrc_endian endian) {
  return ZARRC_NATIVE_IS_BIG ? (endian == ZARRC_BIG ? ZARRC_LITTLE : ZARRC_BIG) : endian;
}

static bool parse_dtype(const char *text, zarrc_setting *out) {
  const char *rest = text;
  out->endian = ZARRC_LITTLE;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(text, names[i]) != 0) continue;
    out->type = (zarrc_type)i;
    return true;
  }
  if (*rest && strchr("<>=|", *rest)) rest++;
  if (*text == '>') out->endian = ZARRC_BIG;
  for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
    if (strcmp(rest, letters[i].text) != 0) continue;
    out->type = letters[i].type;
    if (zarrc_copy_unit(out->type) == 1) out->endian = ZARRC_LITTLE;
    return true;
  }
  return false;
}

static zarrc_status read_dtype(const char *name, const zarrc_json *value, zarrc_setting *out, zarrc_error *error) {
  size_t n;
  const char *text = zarrc_json_get_string(value, &n);
  if (!text)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s must be a data type, not %s", name,
                      zarrc_json_kind_name(zarrc_json_get_kind(value)));
  if (n >= sizeof out->text || strlen(text) != n || !parse_dtype(text, out))
    return zarrc_fail(error, ZARRC_UNSUPPORTED, "configuration.%s: %.40s is no type of numbers that zarrc knows", name,
                      text);
  memcpy(out->text, text, n + 1);
  out->kind = ZARRC_SETTING_DTYPE;
  return ZARRC_OK;
}

zarrc_status zarrc_setting_read_dtype(const char *name, const char *missing, const zarrc_json *value,
                                      zarrc_setting *out, zarrc_error *error) {
  if (value) return read_dtype(name, value, out, error);
  out->kind = ZARRC_SETTING_DTYPE;
  strcpy(out->text, missing);
  parse_dtype(missing, out);
  return ZARRC_OK;
}

static zarrc_status read_number(const char *name, bool real, const zarrc_json *value, zarrc_setting *out,
                                zarrc_error *error) {
  bool integer = zarrc_json_is(value, ZARRC_JSON_INTEGER);
  size_t n;
  const char *text = zarrc_json_text(value, &n);
  if (!integer && !(real && zarrc_json_is(value, ZARRC_JSON_REAL)))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s must be %s, not %s", name,
                      real ? "a number" : "an integer", zarrc_json_kind_name(zarrc_json_get_kind(value)));
  if (!zarrc_json_get_double(value, &out->real) || (integer && n >= sizeof out->text))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s is out of range", name);
  if (integer) memcpy(out->text, text, n);
  out->kind = integer ? ZARRC_SETTING_INTEGER : ZARRC_SETTING_REAL;
  return ZARRC_OK;
}

static zarrc_status read_setting(const char *name, char kind, const zarrc_json *value, zarrc_setting *out,
                                 zarrc_error *error) {
  bool required = kind >= 'A' && kind <= 'Z';
  if (required) kind = (char)(kind - 'A' + 'a');
  if (!required && zarrc_json_is(value, ZARRC_JSON_NULL)) {
    out->kind = ZARRC_SETTING_NULL;
    return ZARRC_OK;
  }
  return kind == 'd' ? read_dtype(name, value, out, error) : read_number(name, kind == 'n', value, out, error);
}

static int find_setting(const zarrc_filter_schema *schema, const char *key) {
  int i = 0;
  while (schema->names[i] && strcmp(schema->names[i], key) != 0) i++;
  return schema->names[i] ? i : -1;
}

/* Returns ZARRC_INVALID_METADATA unless the member `id`, which format 2 has, is the codec's. */
static zarrc_status check_id(const zarrc_filter_schema *schema, const zarrc_json *value, zarrc_error *error) {
  if (!value || zarrc_json_string_is(value, schema->id)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.id must be %s", schema->id);
}

/* Takes a failure to read a setting, if only encoding needs that. */
static zarrc_status forgive(zarrc_codec *codec, const zarrc_filter_schema *schema, int i, zarrc_status status,
                            const zarrc_error *why, zarrc_error *error) {
  if (schema->encoding_only >> i & 1) return zarrc_codec_forgive(codec, status, why, error);
  if (status && error) *error = *why;
  return status;
}

zarrc_status zarrc_filter_open(zarrc_codec *codec, const zarrc_filter_schema *schema, zarrc_error *error) {
  zarrc_filter *filter = zarrc_codec_instance(codec);
  filter->schema = schema;
  const char *keys[ZARRC_FILTER_SETTINGS + 2] = {"id"};
  for (int i = 0; schema->names[i]; i++) keys[i + 1] = schema->names[i];
  zarrc_config config;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (!status) status = check_id(schema, zarrc_json_get(config.root, "id"), error);
  for (size_t k = 0; !status && config.root && k < zarrc_json_length(config.root); k++) {
    int i = find_setting(schema, zarrc_json_key(config.root, k));
    if (i < 0) continue;
    zarrc_error why = {0};
    status = read_setting(schema->names[i], schema->kinds[i], zarrc_json_at(config.root, k), &filter->setting[i], &why);
    status = forgive(codec, schema, i, status, &why, error);
    filter->order[filter->nprinted++] = (uint8_t)i;
  }
  for (int i = 0; !status && schema->names[i]; i++)
    if (schema->kinds[i] < 'a' && !filter->setting[i].kind && !codec->decodes_only)
      status = zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.%s is missing", schema->names[i]);
  return status;
}

static zarrc_status put_setting(const zarrc_setting *setting, zarrc_buf *out, zarrc_error *error) {
  if (setting->kind == ZARRC_SETTING_DTYPE)
    return zarrc_json_put_string(out, setting->text, strlen(setting->text), error);
  if (setting->kind == ZARRC_SETTING_REAL) return zarrc_json_put_double(out, setting->real, error);
  return zarrc_buf_printf(out, error, "%s", setting->kind == ZARRC_SETTING_NULL ? "null" : setting->text);
}

zarrc_status zarrc_filter_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const zarrc_filter *filter = zarrc_codec_instance(codec);
  zarrc_status status =
      zarrc_buf_printf(out, error, "{\"name\": \"%s\", \"configuration\": {", zarrc_codec_name(codec));
  for (int k = 0; !status && k < filter->nprinted; k++) {
    int i = filter->order[k];
    status = zarrc_buf_printf(out, error, k ? ", \"%s\": " : "\"%s\": ", filter->schema->names[i]);
    if (!status) status = put_setting(&filter->setting[i], out, error);
  }
  return status ? status : zarrc_buf_append(out, "}}", 2, error);
}

bool zarrc_filter_equal(const zarrc_codec *one, const zarrc_codec *other) {
  const zarrc_filter *a = zarrc_codec_instance(one), *b = zarrc_codec_instance(other);
  for (int i = 0; i < ZARRC_FILTER_SETTINGS; i++) {
    const zarrc_setting *x = &a->setting[i], *y = &b->setting[i];
    bool number = x->kind == ZARRC_SETTING_INTEGER || x->kind == ZARRC_SETTING_REAL;
    if (x->kind != y->kind || strcmp(x->text, y->text) != 0) return false;
    if (number && !(x->real >= y->real && x->real <= y->real)) return false;
  }
  return true;
}

zarrc_status zarrc_filter_set_dtype(zarrc_filter *filter, int i, const zarrc_spec *spec, zarrc_error *error) {
  zarrc_setting *setting = &filter->setting[i];
  bool printed = setting->kind == ZARRC_SETTING_NULL;
  if (setting->kind == ZARRC_SETTING_DTYPE) return ZARRC_OK;
  if (!zarrc_is_number(spec->dtype.type))
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "the elements of the chunk are no numbers");
  setting->kind = ZARRC_SETTING_DTYPE;
  setting->type = spec->dtype.type;
  setting->endian = zarrc_copy_unit(setting->type) == 1 ? ZARRC_LITTLE : turn_order(spec->dtype.endian);
  if (setting->endian == ZARRC_LITTLE) {
    strcpy(setting->text, names[setting->type]);
  } else {
    size_t k = 0;
    while (letters[k].type != setting->type) k++;
    setting->text[0] = '>';
    strcpy(setting->text + 1, letters[k].text);
  }
  if (!printed) filter->order[filter->nprinted++] = (uint8_t)i;
  return ZARRC_OK;
}

const char *zarrc_filter_type_name(zarrc_type type) {
  return names[type];
}

bool zarrc_setting_is_dtype(const zarrc_setting *setting) {
  return setting->kind == ZARRC_SETTING_DTYPE;
}

bool zarrc_setting_integer(const zarrc_setting *setting, bool *negative, uint64_t *bits) {
  const char *digit = setting->text + (setting->text[0] == '-');
  uint64_t value = 0;
  for (; *digit; digit++) {
    uint64_t next = (uint64_t)(*digit - '0');
    if (value > (UINT64_MAX - next) / 10) return false;
    value = 10 * value + next;
  }
  *negative = setting->text[0] == '-' && value > 0;
  *bits = *negative ? 0 - value : value;
  return !*negative || value <= (uint64_t)1 << 63;
}

/* ------------------------------------------------------------------------------------------------------------ specs */

zarrc_status zarrc_filter_check(const zarrc_spec *spec, const zarrc_setting *dtype, const char *name,
                                zarrc_error *error) {
  unsigned unit = zarrc_copy_unit(spec->dtype.type);
  size_t item = zarrc_dtype_of(dtype->type).item_size;
  if (zarrc_dtype_is_variable(&spec->dtype) || unit == 0)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "the elements of the chunk are no numbers");
  if (spec->dtype.item_size == item && (unit == 1 || unit == zarrc_copy_unit(dtype->type))) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA,
                    "configuration.%s is %s, and elements of %u bytes cannot be read as such", name, dtype->text,
                    (unsigned)spec->dtype.item_size);
}

void zarrc_filter_set_fill(zarrc_filter *filter, const zarrc_spec *spec, zarrc_type type) {
  _Alignas(16) uint8_t in[16] = {0}, out[16] = {0};
  filter->has_fill = spec->fill && zarrc_is_number(spec->dtype.type);
  if (!filter->has_fill) return;
  memcpy(in, spec->fill, spec->dtype.item_size);
  zarrc_convert(spec->dtype.type, type, in, out, 1);
  memcpy(filter->fill, out, sizeof out);
}

const zarrc_setting *zarrc_filter_encoded(const zarrc_filter *filter) {
  const zarrc_setting *encoded = &filter->setting[filter->schema->encoded];
  return zarrc_setting_is_dtype(encoded) ? encoded : &filter->setting[filter->schema->decoded];
}

void zarrc_filter_set_encoded(const zarrc_setting *encoded, zarrc_spec *out) {
  out->dtype = zarrc_dtype_of(encoded->type);
  out->dtype.endian = turn_order(encoded->endian);
}

zarrc_status zarrc_filter_resolve(const zarrc_codec *codec, const zarrc_spec *in, zarrc_spec *out, zarrc_error *error) {
  const zarrc_filter *filter = zarrc_codec_instance(codec);
  const zarrc_setting *encoded = zarrc_filter_encoded(filter);
  (void)error;
  if (!zarrc_setting_is_dtype(encoded)) return ZARRC_OK;
  zarrc_filter_set_encoded(encoded, out);
  if (encoded->type != in->dtype.type) out->fill = filter->has_fill ? filter->fill : NULL;
  return ZARRC_OK;
}

zarrc_size zarrc_filter_encoded_size(const zarrc_codec *codec, const zarrc_spec *spec, uint64_t nbytes) {
  const zarrc_setting *encoded = zarrc_filter_encoded(zarrc_codec_instance(codec));
  return zarrc_filter_size(spec, zarrc_setting_is_dtype(encoded) ? encoded->type : spec->dtype.type, nbytes);
}

zarrc_size zarrc_filter_size(const zarrc_spec *in, zarrc_type encoded, uint64_t nbytes) {
  uint64_t nitems = in->dtype.item_size ? nbytes / in->dtype.item_size : 0;
  return (zarrc_size){ZARRC_SIZE_EXACT, nitems * zarrc_dtype_of(encoded).item_size};
}

/* ------------------------------------------------------------------------------------------------------------ loops */

/* After so many bytes a loop asks whether it is canceled. */
#define PATIENCE ((size_t)4 << 20)

zarrc_filter_side zarrc_filter_side_of(const zarrc_view *view, zarrc_endian nominal, const zarrc_setting *dtype) {
  unsigned unit = zarrc_copy_unit(view->dtype.type), unit_2 = zarrc_copy_unit(dtype->type);
  bool swap = view->dtype.endian != turn_order(nominal) && unit > 1,
       swap_2 = dtype->endian != ZARRC_NATIVE && unit_2 > 1;
  if (swap && swap_2 && unit == unit_2) swap = swap_2 = false;
  return (zarrc_filter_side){view, view->dtype.item_size, swap ? unit : 1, swap_2 ? unit_2 : 1};
}

zarrc_filter_side zarrc_filter_side_native(const zarrc_view *view) {
  unsigned unit = zarrc_copy_unit(view->dtype.type);
  return (zarrc_filter_side){view, view->dtype.item_size, view->dtype.endian != ZARRC_NATIVE ? unit : 1, 1};
}

static void swap_units(uint8_t *bytes, size_t nbytes, unsigned unit) {
  if (unit == 2) {
    uint16_t x;
    for (size_t i = 0; i + 2 <= nbytes; i += 2) {
      memcpy(&x, bytes + i, 2);
      x = __builtin_bswap16(x);
      memcpy(bytes + i, &x, 2);
    }
  } else if (unit == 4) {
    uint32_t x;
    for (size_t i = 0; i + 4 <= nbytes; i += 4) {
      memcpy(&x, bytes + i, 4);
      x = __builtin_bswap32(x);
      memcpy(bytes + i, &x, 4);
    }
  } else if (unit == 8) {
    uint64_t x;
    for (size_t i = 0; i + 8 <= nbytes; i += 8) {
      memcpy(&x, bytes + i, 8);
      x = __builtin_bswap64(x);
      memcpy(bytes + i, &x, 8);
    }
  }
}

/* Copies n elements between memory with different strides. */
static void move_items(uint8_t *dst, int64_t d, const uint8_t *src, int64_t s, size_t item, size_t n) {
  if (d == (int64_t)item && s == d) {
    memcpy(dst, src, n * item);
  } else if (item <= 16 && (item & (item - 1)) == 0) {
    zarrc_copy_block block = {dst, src, {1, 0, 0}, {(int64_t)n, d, s}};
    zarrc_copy_items(&block, (unsigned)item, 1);
  } else {
    for (size_t i = 0; i < n; i++, dst += d, src += s) memcpy(dst, src, item);
  }
}

/* A row of elements on one side of a loop. */
typedef struct row {
  uint8_t *data;
  int64_t stride;
  const zarrc_filter_side *side;
  uint8_t *block; /* memory for the elements that are not used where they are */
} row;

/* Returns whether elements can be used where they are. */
static bool is_direct(const row *r) {
  size_t unit = r->side->item > 8 ? 8 : r->side->item;
  return r->stride == (int64_t)r->side->item && r->side->swap == 1 && r->side->swap_2 == 1 &&
         (uintptr_t)r->data % unit == 0;
}

static void run_block(const row *from, const row *to, size_t n, zarrc_filter_fn fn, void *arg) {
  const zarrc_filter_side *in = from->side, *out = to->side;
  const uint8_t *source = from->data;
  uint8_t *target = is_direct(to) ? to->data : to->block;
  if (!is_direct(from) || from->data == to->data) {
    move_items(from->block, (int64_t)in->item, from->data, from->stride, in->item, n);
    swap_units(from->block, n * in->item, in->swap);
    swap_units(from->block, n * in->item, in->swap_2);
    source = from->block;
  }
  fn(arg, source, target, n);
  if (target == to->data) return;
  swap_units(target, n * out->item, out->swap_2);
  swap_units(target, n * out->item, out->swap);
  move_items(to->data, to->stride, target, (int64_t)out->item, out->item, n);
}

static void run_row(const row *from, const row *to, int64_t n, zarrc_filter_fn fn, void *arg) {
  row source = *from, target = *to;
  size_t item = from->side->item > to->side->item ? from->side->item : to->side->item;
  size_t most = ZARRC_FILTER_NBYTES / item;
  while (n > 0) {
    size_t count = (uint64_t)n < most ? (size_t)n : most;
    run_block(&source, &target, count, fn, arg);
    source.data += (int64_t)count * source.stride;
    target.data += (int64_t)count * target.stride;
    n -= (int64_t)count;
  }
}

/* Merges axes that are contiguous in both views, and drops those of length 1, without changing the order of elements.
 * Returns the number of axes left, at least 1. */
static int merge_axes(const zarrc_view *from, const zarrc_view *to, zarrc_copy_axis *axes) {
  int n = 0;
  for (int i = 0; i < from->ndim; i++) {
    zarrc_copy_axis axis = {from->shape[i], to->stride[i], from->stride[i]};
    if (axis.n == 1) continue;
    if (n && axes[n - 1].d == axis.d * axis.n && axes[n - 1].s == axis.s * axis.n)
      axes[n - 1] = (zarrc_copy_axis){axes[n - 1].n * axis.n, axis.d, axis.s};
    else
      axes[n++] = axis;
  }
  if (n == 0) axes[n++] = (zarrc_copy_axis){1, to->dtype.item_size, from->dtype.item_size};
  return n;
}

zarrc_status zarrc_filter_run(zarrc_ctx *ctx, const zarrc_filter_side *from, const zarrc_filter_side *to,
                              zarrc_filter_fn fn, void *arg, zarrc_error *error) {
  _Alignas(16) uint8_t in[ZARRC_FILTER_NBYTES], out[ZARRC_FILTER_NBYTES];
  zarrc_copy_axis axes[ZARRC_MAX_NDIM + 1];
  int64_t index[ZARRC_MAX_NDIM + 1] = {0};
  if (zarrc_view_nitems(from->view) == 0) return ZARRC_OK;
  int last = merge_axes(from->view, to->view, axes) - 1;
  row source = {from->view->data, axes[last].s, from, in}, target = {to->view->data, axes[last].d, to, out};
  size_t done = 0;
  for (;;) {
    for (int64_t at = 0; at < axes[last].n;) { /* long rows in portions, so that they can be canceled */
      int64_t n = axes[last].n - at, most = (int64_t)(PATIENCE / from->item);
      if (n > most) n = most;
      row a = source, b = target;
      a.data += at * a.stride;
      b.data += at * b.stride;
      run_row(&a, &b, n, fn, arg);
      at += n;
      done += (size_t)n * from->item;
      if (done < PATIENCE) continue;
      done = 0;
      zarrc_status status = zarrc_ctx_check_canceled(ctx, error);
      if (status) return status;
    }
    int i = last - 1;
    for (; i >= 0; i--) {
      source.data += axes[i].s;
      target.data += axes[i].d;
      if (++index[i] < axes[i].n) break;
      source.data -= axes[i].s * axes[i].n;
      target.data -= axes[i].d * axes[i].n;
      index[i] = 0;
    }
    if (i < 0) return ZARRC_OK;
  }
}
