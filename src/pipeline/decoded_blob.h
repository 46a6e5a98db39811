/* SPDX-License-Identifier: MIT */
/*
 * A blob seen through a bytes→bytes codec: reads of it decode what they need of the blob behind, straight into the
 * reader's memory where the whole value is wanted there. What had to be decoded is kept for later reads.
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
  uint64_t max;         /* of decoded bytes */
  bool exact;           /* there are so many in any case */
  uint64_t max_encoded; /* of encoded bytes */
  bool encoded_exact;   /* likewise */
  pthread_mutex_t lock; /* of what follows */
  zarrc_bytes prefix;   /* decoded bytes from the first on, as many as were needed at first */
  zarrc_bytes value;    /* all decoded bytes */
  bool whole;           /* value is there */
} zarrc_decoded_blob;

/* Puts a decoded blob before every bytes→bytes codec of the pipeline, the stored one last in the chain, and returns the
 * blob that the array→bytes codec reads: `stored` itself if there are none. blobs: ZARRC_MAX_CODECS of them. */
zarrc_blob *zarrc_decoded_blobs_stack(const zarrc_pipeline *pipeline, zarrc_blob *stored, zarrc_decoded_blob *blobs);
void zarrc_decoded_blobs_clear(const zarrc_pipeline *pipeline, zarrc_decoded_blob *blobs);

#endif
