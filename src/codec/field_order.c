/* SPDX-License-Identifier: MIT */
/*
 * zarrc.field_order: swaps the bytes of those fields of a struct that have another byte order than `bytes` says. The
 * dtypes of Zarr format 2 may be like that, those of format 3 may not: the array layer alone writes this codec, into
 * chains of format 2, and refuses it in a zarr.json.
 */
#include "base/field_order.h"
#include "codec/builtin.h"
#include "codec/codec.h"
#include "codec/config.h"

#include <string.h>

typedef struct field_order {
  char *orders; /* see base/field_order.h */
} field_order;

static zarrc_status field_order_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  static const char *const keys[] = {"orders", NULL};
  zarrc_config config;
  (void)configuration;
  zarrc_status status = zarrc_config_of(codec, keys, &config, error);
  if (status) return status;
  const char *orders = zarrc_json_get_string(zarrc_json_get(config.root, "orders"), &n);
  if (!orders || strspn(orders, "<>|") != n)
    return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.orders must be a string of <, > and |");
  field_order *f = zarrc_codec_instance(codec);
  f->orders = zarrc_malloc(codec->ctx, n + 1);
  if (!f->orders) return zarrc_fail(error, ZARRC_NO_MEMORY, "no memory for the byte orders of fields");
  memcpy(f->orders, orders, n + 1);
  return ZARRC_OK;
}

static void field_order_close(zarrc_codec *codec) {
  zarrc_free(codec->ctx, ((field_order *)zarrc_codec_instance(codec))->orders);
}

static bool field_order_equal(const zarrc_codec *a, const zarrc_codec *b) {
  const field_order *x = zarrc_codec_instance(a), *y = zarrc_codec_instance(b);
  return strcmp(x->orders, y->orders) == 0;
}

static zarrc_status field_order_to_json(const zarrc_codec *codec, zarrc_buf *out, zarrc_error *error) {
  const field_order *f = zarrc_codec_instance(codec);
  return zarrc_buf_printf(out, error, "{\"name\": \"zarrc.field_order\", \"configuration\": {\"orders\": \"%s\"}}",
                          f->orders);
}

static zarrc_status field_order_validate(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_grid *grid,
                                         zarrc_error *error) {
  const field_order *f = zarrc_codec_instance(codec);
  (void)grid;
  if (spec->dtype.type == ZARRC_STRUCT && zarrc_field_orders_fit(&spec->dtype, f->orders)) return ZARRC_OK;
  return zarrc_fail(error, ZARRC_INVALID_METADATA, "configuration.orders does not fit the fields of the elements");
}

static void swap(const zarrc_codec *codec, const zarrc_view *from, const zarrc_view *to) {
  const field_order *f = zarrc_codec_instance(codec);
  if (from->data != to->data) zarrc_copy(to, from); /* else they are the same view */
  zarrc_field_orders_swap(to, f->orders);
}

static zarrc_status field_order_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                       const zarrc_view *encoded, zarrc_error *error) {
  (void)spec, (void)error;
  swap(codec, decoded, encoded);
  return ZARRC_OK;
}

static zarrc_status field_order_decode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *encoded,
                                       const zarrc_view *decoded, zarrc_error *error) {
  (void)spec, (void)error;
  swap(codec, encoded, decoded);
  return ZARRC_OK;
}

const zarrc_codec_class zarrc_field_order_class = {
    .struct_size = sizeof(zarrc_codec_class),
    .name = "zarrc.field_order",
    .kind = ZARRC_ARRAY_TO_ARRAY,
    .fixed_size = true,
    .instance_size = sizeof(field_order),
    .open = field_order_open,
    .close = field_order_close,
    .to_json = field_order_to_json,
    .equal = field_order_equal,
    .validate = field_order_validate,
    .u.aa = {.encode = field_order_encode, .decode = field_order_decode, .pointwise = true},
};
