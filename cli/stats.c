/* SPDX-License-Identifier: MIT */
#include "stats.h"

#include "json.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

/* Returns the counts of a URL, which are 0 at first; NULL: there is no room. */
static cli_stats *stats_of(cli *c, const char *url) {
  const size_t room = sizeof c->stats / sizeof c->stats[0];
  for (size_t i = 0; i < c->nstats; i++)
    if (strcmp(c->stats[i].url, url) == 0) return &c->stats[i];
  if (c->nstats == room) return NULL;
  cli_stats *s = &c->stats[c->nstats++];
  memset(s, 0, sizeof *s);
  snprintf(s->url, sizeof s->url, "%s", url);
  return s;
}

void cli_stats_add(cli *c, const cli_node *node) {
  zarrc_http_counts http = {.struct_size = sizeof http};
  zarrc_cache_counts cache = {.struct_size = sizeof cache};
  char url[sizeof c->stats[0].url];
  if (zarrc_http_store_count(node->store, &http, NULL)) return;
  cli_stats *s = stats_of(c, zarrc_url_shown(node->url, url, sizeof url));
  if (!s) return;
  s->requests += http.requests;
  s->retries += http.retries;
  s->connections += http.connections;
  s->rounds += http.rounds;
  s->nbytes += http.nbytes;
  if (zarrc_cache_store_count(node->store, &cache, NULL)) return;
  s->has_cache = true;
  s->hits += cache.hits;
  s->misses += cache.misses;
  s->checks += cache.checks;
  s->hit_nbytes += cache.hit_nbytes;
  s->disk_hits += cache.disk_hits;
}

static void print_json(const cli *c) {
  cli_json j;
  cli_json_begin(&j, stderr, "stats");
  cli_json_open(&j, "stores", '[');
  for (size_t i = 0; i < c->nstats; i++) {
    const cli_stats *s = &c->stats[i];
    cli_json_open(&j, NULL, '{');
    cli_json_string(&j, "url", s->url);
    cli_json_uint(&j, "requests", s->requests);
    cli_json_uint(&j, "retries", s->retries);
    cli_json_uint(&j, "connections", s->connections);
    cli_json_uint(&j, "rounds", s->rounds);
    cli_json_uint(&j, "bytes", s->nbytes);
    if (s->has_cache) {
      cli_json_open(&j, "cache", '{');
      cli_json_uint(&j, "hits", s->hits);
      cli_json_uint(&j, "misses", s->misses);
      cli_json_uint(&j, "checks", s->checks);
      cli_json_uint(&j, "hit_bytes", s->hit_nbytes);
      cli_json_uint(&j, "disk_hits", s->disk_hits);
      cli_json_close(&j, '}');
    }
    cli_json_close(&j, '}');
  }
  cli_json_close(&j, ']');
  cli_json_end(&j);
}

static void print_count(const char *lead, uint64_t n, const char *one, const char *many) {
  fprintf(stderr, "%s%llu %s", lead, (unsigned long long)n, n == 1 ? one : many);
}

static void print_text(const cli_stats *s) {
  fputs("zarrc: stats: ", stderr);
  cli_print_safe(stderr, s->url);
  print_count(": ", s->requests, "request", "requests");
  print_count(" (", s->retries, "retry", "retries");
  print_count(") in ", s->rounds, "round", "rounds");
  print_count(" over ", s->connections, "connection", "connections");
  print_count(", ", s->nbytes, "byte of values received", "bytes of values received");
  if (s->has_cache) {
    print_count("; cache: ", s->hits, "hit", "hits");
    print_count(" (", s->hit_nbytes, "byte", "bytes");
    print_count("), ", s->misses, "miss", "misses");
    print_count(", ", s->checks, "check", "checks");
    print_count(", ", s->disk_hits, "piece from the disk", "pieces from the disk");
  }
  fputc('\n', stderr);
}

void cli_stats_print(const cli *c) {
  if (!cli_has(c, CLI_STATS)) return;
  if (c->json) {
    print_json(c);
    return;
  }
  for (size_t i = 0; i < c->nstats; i++) print_text(&c->stats[i]);
  if (c->nstats == 0) fputs("zarrc: stats: nothing was asked of a store over a network\n", stderr);
}
