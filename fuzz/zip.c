/* SPDX-License-Identifier: MIT */
/* Zip archives: listing one and reading its members. What is read whole has the CRC-32 that the archive says. */
#include "fuzz.h"

#include <zarrc/store.h>

static zarrc_status read_member(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  zarrc_bytes got;
  zarrc_error why;
  (void)error;
  must(!entry->is_prefix && !zarrc_key_check(entry->key, NULL));
  zarrc_status status = zarrc_store_get(arg, entry->key, 1 << 20, &got, &why);
  fuzz_check_error(status, &why);
  must(status != ZARRC_NOT_FOUND);
  if (status) return ZARRC_OK;
  must(got.len == entry->nbytes);
  zarrc_bytes_release(&got);
  return ZARRC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  zarrc_ctx *ctx = fuzz_ctx();
  zarrc_store *memory, *zip = NULL;
  zarrc_error error;
  must(!zarrc_memory_store_open(ctx, &memory, NULL));
  must(!zarrc_store_set(memory, "a.zip", data, size, NULL));
  zarrc_status status = zarrc_zip_store_open(memory, "a.zip", NULL, &zip, &error);
  fuzz_check_error(status, &error);
  if (!status) must(!zarrc_store_list(zip, "", true, true, read_member, zip, &error));
  zarrc_store_close(zip);
  zarrc_store_close(memory);
  zarrc_ctx_close(ctx);
  return 0;
}
