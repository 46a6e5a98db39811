/* SPDX-License-Identifier: MIT */
/* Times as HTTP and S3 write them, in seconds since 1970, in UTC. */
#ifndef ZARRC_STORE_S3_TIME_H
#define ZARRC_STORE_S3_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZARRC_S3_TIME_NBYTES 24

/* Reads "Sun, 06 Nov 1994 08:49:37 GMT". Returns false if it is something else. */
bool zarrc_http_date_read(const char *text, int64_t *out);

/* Reads "1994-11-06T08:49:37Z", with fractions of a second, and +02:00 or -0530 instead of Z, too. Returns false if it
 * is something else. */
bool zarrc_iso_date_read(const char *text, size_t n, int64_t *out);

/* Writes "19941106T084937Z". */
void zarrc_s3_time_write(int64_t time, char out[ZARRC_S3_TIME_NBYTES]);

#endif
