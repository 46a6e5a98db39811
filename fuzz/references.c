/* SPDX-License-Identifier: MIT */
/* Documents of references: what is listed has a key that a store can have, and what stands in the document can be read.
 */
#include "fuzz.h"

#include "store/references.h"

static zarrc_status see(void *arg, const zarrc_entry *entry, zarrc_error *error) {
  const zarrc_references *r = arg;
  (void)error;
  must(!entry->is_prefix && !zarrc_key_check(entry->key, NULL));
  const zarrc_reference *f = zarrc_references_find(r, entry->key);
  must(f != NULL && entry->nbytes == f->nbytes);
  if (f->target == ZARRC_REFERENCES_INLINE)
    must(f->nbytes <= r->values.len && f->offset <= r->values.len - f->nbytes);
  else
    must(*zarrc_references_url(r, f->target));
  return ZARRC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  zarrc_ctx *ctx = fuzz_ctx();
  zarrc_references references;
  zarrc_store *store;
  zarrc_error error;
  const char *text = size ? (const char *)data : "";
  zarrc_status status = zarrc_references_read(ctx, text, size, &references, &error);
  fuzz_check_error(status, &error);
  const zarrc_references_opening how = {.text = text, .nbytes = size, .name = "x", .base = "/nonexistent"};
  zarrc_error again;
  zarrc_status opened = zarrc_references_open(ctx, &how, &store, &again);
  if (status) must(opened == status);
  if (!opened) {
    must(!zarrc_store_list(store, "", true, true, see, &references, &error));
    zarrc_store_close(store);
  }
  if (!status) zarrc_references_clear(&references);
  zarrc_ctx_close(ctx);
  return 0;
}
