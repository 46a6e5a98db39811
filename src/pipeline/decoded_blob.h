/* SPDX-License-Identifier: MIT */
/*
 * A blob that decodes another blob with a bytes→bytes codec. A read decodes only as much as it needs, and the whole
 * value directly to the reader's memory. What it had to decode otherwise is stored for later reads.
 */
#ifndef ZARRC_PIPELINE_DECODED_BLOB_H
#define ZARRC_PIPELINE_DECODED_BLOB_H

#include "pipeline/pipeline.h"

#include <pthread.h>

typedef struct zarrc_decoded_blob {
  zarrc_blob blob;
  zarrc_blob *encoded;
  const zarrc_codec *codec;
  const zarrc_chunk_options *options;
  uint64_t max;         /* most decoded bytes */
  bool exact;           /* there are exactly max */
  uint64_t max_encoded; /* most encoded bytes */
  bool encoded_exact;   /* there are exactly max_encoded */
  pthread_mutex_t lock; /* protects the following */
  zarrc_bytes prefix;   /* the first decoded bytes, as many as the first read needed */
  zarrc_bytes value;    /* all decoded bytes */
  bool whole;           /* value is valid */
} zarrc_decoded_blob;

/* Makes a decoded blob for every bytes→bytes codec, on top of the stored blob, and returns the one that the array→bytes
 * codec reads (`stored` if there are none). blobs has room for ZARRC_MAX_CODECS. */
zarrc_blob *zarrc_decoded_blobs_stack(const zarrc_pipeline *pipeline, zarrc_blob *stored, zarrc_decoded_blob *blobs);
void zarrc_decoded_blobs_clear(const zarrc_pipeline *pipeline, zarrc_decoded_blob *blobs);

#endif
