/* SPDX-License-Identifier: MIT */
/* zarrc --array_path=DIR: prints the elements in C order, one JSON scalar a line, for conformance tests of Zarr. */
#include "stream.h"

zarrc_status cli_array_path(cli *c, const char *url, zarrc_error *error) {
  zarrc_ctx *ctx = NULL;
  cli_node node = {0};
  cli_selection selection = {.ndim = 0};
  cli_output out = {.fd = -1};
  cli_values values = {0};
  zarrc_status status = cli_ctx_open(c, CLI_HALF, &ctx, error);
  if (!status) status = cli_array_open(c, ctx, url, false, NULL, &node, error);
  if (!status)
    status = cli_selection_parse(NULL, zarrc_array_ndim(node.array), zarrc_array_shape(node.array), &selection, error);
  if (!status) status = cli_output_open(NULL, false, false, &out, error);
  if (!status)
    status = cli_values_begin(&values, ctx, CLI_FORMAT_LINES, zarrc_array_dtype(node.array), selection.ndim,
                              selection.shape, &out, error);
  values.scalars = true;
  if (!status) status = cli_read_values(node.array, &selection, (uint64_t)1 << 30, &values, NULL, error);
  if (!status) status = cli_values_end(&values, error);
  if (!status) status = cli_output_finish(&out, error);
  cli_values_close(&values);
  cli_selection_clear(&selection);
  cli_output_close(&out);
  cli_node_close(&node);
  zarrc_ctx_close(ctx);
  return status;
}
