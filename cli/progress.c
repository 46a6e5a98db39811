/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include "out.h"
#include "text.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

/* Where no line is redrawn and the total is not known, a line is printed so often. */
enum { SAY_MS = 10000 };

double cli_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void cli_progress_start(cli_progress *p, const cli *c, const char *unit, uint64_t total) {
  const char *when = cli_value(c, CLI_PROGRESS);
  memset(p, 0, sizeof *p);
  atomic_flag_clear(&p->drawing);
  p->verb = c->args.verb->name;
  p->unit = unit;
  p->total = total;
  p->always = when && strcmp(when, "always") == 0;
  p->on = total > 0 && (p->always || (!c->quiet && !c->json && (!when || strcmp(when, "never") != 0)));
  p->terminal = cli_is_smart(stderr);
  p->start = cli_seconds();
}

double cli_progress_seconds(const cli_progress *p) {
  return cli_seconds() - p->start;
}

static size_t describe(cli_progress *p, uint64_t done, double seconds, char *text, size_t n) {
  char a[CLI_HUMAN], b[CLI_HUMAN];
  uint64_t bytes = atomic_load(&p->bytes), stored = p->stored ? atomic_load(p->stored) : 0;
  int at;
  if (p->total == ZARRC_UNKNOWN)
    at = snprintf(text, n, "%llu %s", (unsigned long long)done, p->unit);
  else if (!p->unit)
    at = snprintf(text, n, "%s/%s", cli_human_bytes(a, (double)done), cli_human_bytes(b, (double)p->total));
  else
    at = snprintf(text, n, "%llu/%llu %s", (unsigned long long)done, (unsigned long long)p->total, p->unit);
  if (seconds > 0 && bytes > 0)
    at += snprintf(text + at, n - (size_t)at, " %s/s", cli_human_bytes(a, (double)bytes / seconds));
  if (stored > 0) at += snprintf(text + at, n - (size_t)at, " %.1fx", (double)bytes / (double)stored);
  if (done > 0 && done < p->total && p->total != ZARRC_UNKNOWN) {
    double left = seconds / (double)done * (double)(p->total - done);
    if (left < 360000)
      at += left < 3600 ? snprintf(text + at, n - (size_t)at, " eta %d:%02d", (int)left / 60, (int)left % 60)
                        : snprintf(text + at, n - (size_t)at, " eta %d:%02d:%02d", (int)left / 3600,
                                   (int)left / 60 % 60, (int)left % 60);
  }
  return (size_t)at;
}

static void draw_bar(cli_progress *p, uint64_t done, double seconds) {
  char text[160], bar[44];
  size_t ntext = describe(p, done, seconds, text, sizeof text);
  int room = cli_columns(stderr) - (int)ntext - (int)strlen(p->verb) - 5;
  int width = room < 8 || p->total == ZARRC_UNKNOWN ? 0 : room > 40 ? 40 : room;
  int filled = (int)((double)done / (double)p->total * width);
  if (filled > width) filled = width;
  for (int i = 0; i < width; i++) bar[i] = i < filled ? '=' : i == filled ? '>' : ' ';
  bar[width] = 0;
  if (width > 0)
    fprintf(stderr, "\r%s [%s] %s\033[K", p->verb, bar, text);
  else
    fprintf(stderr, "\r%s %s\033[K", p->verb, text);
  fflush(stderr);
  atomic_store(&p->visible, true);
}

/* Prints a line for a total that is not known. */
static void say_so_far(cli_progress *p, uint64_t done, double seconds) {
  char text[160];
  describe(p, done, seconds, text, sizeof text);
  fprintf(stderr, "%s: %s\n", p->verb, text);
}

static void say_tenth(cli_progress *p, uint64_t done, double seconds) {
  if (p->total == ZARRC_UNKNOWN) return;
  uint64_t tenth = (uint64_t)((double)done / (double)p->total * 10.0000001);
  char text[160];
  if (tenth <= atomic_load(&p->tenth)) return;
  atomic_store(&p->tenth, tenth);
  describe(p, done, seconds, text, sizeof text);
  fprintf(stderr, "%s: %llu%% %s\n", p->verb, (unsigned long long)tenth * 10, text);
}

void cli_progress_add(cli_progress *p, uint64_t units, uint64_t bytes) {
  uint64_t done = atomic_fetch_add(&p->done, units) + units;
  atomic_fetch_add(&p->bytes, bytes);
  if (!p->on) return;
  double seconds = cli_progress_seconds(p);
  uint64_t ms = (uint64_t)(seconds * 1000);
  if (!p->always && ms < 1000) return;
  if (p->terminal && done < p->total && ms < atomic_load(&p->drawn_ms) + 100) return;
  if (!p->terminal && p->total == ZARRC_UNKNOWN && ms < atomic_load(&p->drawn_ms) + SAY_MS) return;
  if (atomic_flag_test_and_set(&p->drawing)) return;
  atomic_store(&p->drawn_ms, ms);
  done = atomic_load(&p->done);
  if (p->terminal)
    draw_bar(p, done, seconds);
  else if (p->total == ZARRC_UNKNOWN)
    say_so_far(p, done, seconds);
  else
    say_tenth(p, done, seconds);
  atomic_flag_clear(&p->drawing);
}

void cli_progress_hide(cli_progress *p) {
  if (!p->on || !p->terminal || !atomic_exchange(&p->visible, false)) return;
  fputs("\r\033[K", stderr);
  fflush(stderr);
}

void cli_progress_end(cli_progress *p) {
  if (!p->on) return;
  cli_progress_hide(p);
  if (!p->terminal && (p->always || cli_progress_seconds(p) >= 1))
    say_tenth(p, atomic_load(&p->done), cli_progress_seconds(p));
  p->on = false;
}
