/* SPDX-License-Identifier: MIT */
#include "store/s3_time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Reads n digits. */
static bool read_digits(const char *p, int n, int *out) {
  *out = 0;
  for (int i = 0; i < n; i++) {
    if (p[i] < '0' || p[i] > '9') return false;
    *out = *out * 10 + (p[i] - '0');
  }
  return true;
}

bool zarrc_http_date_read(const char *text, int64_t *out) {
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec", form[] = "Ddd, 00 Mmm 0000 00:00:00 GMT";
  struct tm t = {0};
  int year, month = 0;
  if (strlen(text) != sizeof form - 1 || strcmp(text + 25, form + 25) != 0) return false;
  for (size_t i = 3; i < 25; i++)
    if (strchr(", :", form[i]) && text[i] != form[i]) return false;
  while (month < 12 && strncmp(text + 8, months + 3 * (size_t)month, 3) != 0) month++;
  bool is_date = month < 12 && read_digits(text + 5, 2, &t.tm_mday) && read_digits(text + 12, 4, &year) &&
                 read_digits(text + 17, 2, &t.tm_hour) && read_digits(text + 20, 2, &t.tm_min) &&
                 read_digits(text + 23, 2, &t.tm_sec);
  if (!is_date || t.tm_mday < 1 || t.tm_mday > 31 || t.tm_hour > 23 || t.tm_min > 59 || t.tm_sec > 60 || year < 1970)
    return false;
  t.tm_mon = month;
  t.tm_year = year - 1900;
  *out = (int64_t)timegm(&t);
  return true;
}

/* Reads Z, or how far a clock is ahead of UTC: +02:00, -0530. */
static bool read_offset(const char *p, size_t n, int *seconds) {
  size_t colon = n == 6 && p[3] == ':';
  int hours, minutes;
  *seconds = 0;
  if (n == 1) return *p == 'Z';
  if (n != 5 + colon || (*p != '+' && *p != '-') || !read_digits(p + 1, 2, &hours) ||
      !read_digits(p + 3 + colon, 2, &minutes) || hours > 23 || minutes > 59)
    return false;
  *seconds = (*p == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
  return true;
}

bool zarrc_iso_date_read(const char *text, size_t n, int64_t *out) {
  static const char form[] = "0000-00-00T00:00:00";
  struct tm t = {0};
  int year;
  size_t at = sizeof form - 1;
  if (n <= at) return false;
  for (size_t i = 0; i < at; i++)
    if (form[i] != '0' && text[i] != form[i]) return false;
  if (text[at] == '.')
    for (at++; at < n && text[at] >= '0' && text[at] <= '9';) at++;
  int ahead;
  bool is_date = read_offset(text + at, n - at, &ahead) && read_digits(text, 4, &year) &&
                 read_digits(text + 5, 2, &t.tm_mon) && read_digits(text + 8, 2, &t.tm_mday) &&
                 read_digits(text + 11, 2, &t.tm_hour) && read_digits(text + 14, 2, &t.tm_min) &&
                 read_digits(text + 17, 2, &t.tm_sec);
  if (!is_date || year < 1970 || t.tm_mon < 1 || t.tm_mon > 12 || t.tm_mday < 1 || t.tm_mday > 31 || t.tm_hour > 23 ||
      t.tm_min > 59 || t.tm_sec > 60)
    return false;
  t.tm_mon--;
  t.tm_year = year - 1900;
  *out = (int64_t)timegm(&t) - ahead;
  return true;
}

void zarrc_s3_time_write(int64_t time, char out[ZARRC_S3_TIME_NBYTES]) {
  struct tm t = {0};
  time_t seconds = (time_t)time;
  gmtime_r(&seconds, &t);
  snprintf(out, ZARRC_S3_TIME_NBYTES, "%04u%02u%02uT%02u%02u%02uZ", (unsigned)(t.tm_year + 1900) % 10000u,
           (unsigned)(t.tm_mon + 1) % 100u, (unsigned)t.tm_mday % 100u, (unsigned)t.tm_hour % 100u,
           (unsigned)t.tm_min % 100u, (unsigned)t.tm_sec % 100u);
}
