/* SPDX-License-Identifier: MIT */
#include "store/s3_account.h"
#include "store/environment.h"
#include "store/profile.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define MOST_PATH 4096

/* What the account is made of. */
typedef struct sources {
  const zarrc_s3_options *options;
  const char *profile;
  bool is_named; /* the user has named the profile */
  zarrc_profile_file credentials, config;
  zarrc_s3_account *account;
  zarrc_error *error;
} sources;

static const char *variable(const char *name) {
  const char *names[] = {name, NULL};
  return zarrc_environment(names);
}

static bool is_set(const char *text) {
  return text && *text;
}

static bool means_yes(const char *text, size_t n) {
  static const char *const words[] = {"true", "yes", "on", "1"};
  for (size_t i = 0; text && i < sizeof words / sizeof *words; i++)
    if (n == strlen(words[i]) && !strncasecmp(text, words[i], n)) return true;
  return false;
}

static bool variable_means_yes(const char *name) {
  const char *value = variable(name);
  return value && means_yes(value, strlen(value));
}

static zarrc_status set_text(zarrc_s3_account *a, char **out, const char *text, size_t n, zarrc_error *error) {
  char *copy;
  zarrc_status status = zarrc_text_copy(a->ctx, text, n, &copy, error);
  if (status) return status;
  zarrc_free(a->ctx, *out);
  *out = copy;
  return ZARRC_OK;
}

/* ---------------------------------------------------------------------------------------------------- profiles */

/* Gets a setting of the profile, which either file may have. */
static const char *setting_of(const sources *s, const char *setting, size_t *n) {
  const char *kind = !strcmp(s->profile, "default") ? "" : "profile";
  const char *found = zarrc_profile_get(&s->credentials, "", s->profile, NULL, setting, n);
  if (!found) found = zarrc_profile_get(&s->config, kind, s->profile, NULL, setting, n);
  if (!found && !*kind) found = zarrc_profile_get(&s->config, "profile", s->profile, NULL, setting, n);
  return found;
}

/* Reads a file at the place that a variable names, or else in the user's home. */
static zarrc_status read_file(const char *name, const char *otherwise, zarrc_ctx *ctx, zarrc_profile_file *out,
                              zarrc_error *error) {
  char path[MOST_PATH];
  const char *place = variable(name), *home = variable("HOME");
  *out = (zarrc_profile_file){.ctx = ctx};
  if (place && strncmp(place, "~/", 2) != 0) return zarrc_profile_open(ctx, place, out, error);
  const char *below = place ? place + 2 : otherwise;
  if (!home || strlen(home) + strlen(below) + 2 > sizeof path) return ZARRC_OK;
  stpcpy(stpcpy(stpcpy(path, home), "/"), below);
  return zarrc_profile_open(ctx, path, out, error);
}

static zarrc_status read_files(sources *s) {
  zarrc_ctx *ctx = s->account->ctx;
  const char *named = variable("AWS_PROFILE");
  s->profile = is_set(s->options->profile) ? s->options->profile : named ? named : "default";
  s->is_named = is_set(s->options->profile) || named;
  zarrc_status status = read_file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", ctx, &s->credentials, s->error);
  if (!status) status = read_file("AWS_CONFIG_FILE", ".aws/config", ctx, &s->config, s->error);
  errno = 0; /* what is wrong with an account is no error of the system */
  bool is_there = zarrc_profile_has(&s->credentials, "", s->profile) || zarrc_profile_has(&s->config, "", s->profile) ||
                  zarrc_profile_has(&s->config, "profile", s->profile);
  if (!status && is_set(s->options->profile) && !is_there)
    status = zarrc_fail(s->error, ZARRC_ACCESS, "there is no AWS profile \"%.60s\"", s->profile);
  return status;
}

/* -------------------------------------------------------------------------------------------------- credentials */

static zarrc_status fail_half(const sources *s, const char *has, const char *lacks) {
  return zarrc_fail(s->error, ZARRC_ACCESS, "S3 needs two credentials: there is %s, but no %s", has, lacks);
}

bool zarrc_s3_is_credential(const char *text, size_t n) {
  for (size_t i = 0; i < n; i++)
    if ((unsigned char)text[i] <= ' ' || text[i] == 0x7F) return false;
  return true;
}

/* Takes credentials. from: where they stand. */
static zarrc_status take_credentials(sources *s, const char *from, const char *id, size_t nid, const char *secret,
                                     size_t nsecret, const char *token, size_t ntoken) {
  zarrc_s3_account *a = s->account;
  if (!zarrc_s3_is_credential(id, nid) || !zarrc_s3_is_credential(secret, nsecret) ||
      !zarrc_s3_is_credential(token, ntoken))
    return zarrc_fail(s->error, ZARRC_ACCESS,
                      "the credentials for S3 in %s have a blank, an end of line or another character that none has",
                      from);
  zarrc_status status = set_text(a, &a->key_id, id, nid, s->error);
  if (!status) status = set_text(a, &a->secret, secret, nsecret, s->error);
  return status ? status : set_text(a, &a->token, token, ntoken, s->error);
}

/* Takes texts that may be NULL. */
static zarrc_status take_texts(sources *s, const char *from, const char *id, const char *secret, const char *token) {
  if (!token) token = "";
  return take_credentials(s, from, id, strlen(id), secret, strlen(secret), token, strlen(token));
}

static zarrc_status take_source(sources *s, zarrc_s3_source source, const char *place, size_t n) {
  s->account->source = source;
  zarrc_status status = set_text(s->account, &s->account->place, place, n, s->error);
  return status ? status : take_texts(s, "", "", "", "");
}

/* Takes a value of the environment, or else of the profile. */
static zarrc_status take_setting(sources *s, const char *name, const char *setting, char **out) {
  const char *text = name ? variable(name) : NULL;
  size_t n = text ? strlen(text) : 0;
  if (!text) text = setting_of(s, setting, &n);
  return set_text(s->account, out, text ? text : "", text ? n : 0, s->error);
}

/* Takes the role for which there is a token. from_profile: the environment is not looked at. */
static zarrc_status take_identity(sources *s, bool from_profile) {
  static const char *const names[] = {"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL", NULL};
  zarrc_s3_account *a = s->account;
  const char *url = zarrc_environment(names);
  zarrc_status status =
      take_setting(s, from_profile ? NULL : "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file", &a->token_file);
  if (!status) status = take_setting(s, from_profile ? NULL : "AWS_ROLE_ARN", "role_arn", &a->role);
  if (!status)
    status = take_setting(s, from_profile ? NULL : "AWS_ROLE_SESSION_NAME", "role_session_name", &a->session);
  if (!status && !*a->session) status = set_text(a, &a->session, "zarrc", strlen("zarrc"), s->error);
  if (!status && !*a->role)
    return zarrc_fail(s->error, ZARRC_ACCESS, "there is a file with a web identity token, but no AWS_ROLE_ARN");
  return status ? status : take_source(s, ZARRC_S3_IDENTITY, url ? url : "", url ? strlen(url) : 0);
}

/* Returns whether a secret may be sent to a URL: to one that proves who it is, or to the machine itself, or to where
 * containers find their server. */
static bool is_safe(const char *url) {
  static const char *const hosts[] = {"localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
  if (!strncasecmp(url, "https://", 8)) return !strchr(url, '@');
  if (strncasecmp(url, "http://", 7) != 0) return false;
  const char *host = url + 7;
  size_t n = strcspn(host, *host == '[' ? "]" : ":/?#@");
  n += host[n] == ']';
  if (host[n] && host[n] != ':' && host[n] != '/') return false;
  if (host[n] == ':' && host[n + strcspn(host + n, "/?#@")] == '@') return false;
  for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
    if (n == strlen(hosts[i]) && !strncasecmp(host, hosts[i], n)) return true;
  return n > 4 && !strncmp(host, "127.", 4) && strspn(host, "0123456789.") == n;
}

static zarrc_status take_container(sources *s, const char *relative, const char *full) {
  static const char server[] = "http://169.254.170.2";
  zarrc_s3_account *a = s->account;
  if (!relative && !is_safe(full))
    return zarrc_fail(s->error, ZARRC_ACCESS,
                      "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor a server of this machine");
  size_t n = strlen(relative ? relative : full) + sizeof server;
  char *url = zarrc_malloc(a->ctx, n);
  if (!url) return zarrc_fail(s->error, ZARRC_NO_MEMORY, "no memory for a URL");
  stpcpy(stpcpy(url, relative ? server : ""), relative ? relative : full);
  zarrc_status status = relative && *relative != '/'
                            ? zarrc_fail(s->error, ZARRC_ACCESS, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path")
                            : take_source(s, ZARRC_S3_CONTAINER, url, strlen(url));
  zarrc_free(a->ctx, url);
  const char *file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  return status || !file ? status : set_text(a, &a->token_file, file, strlen(file), s->error);
}

/* Finds whom to ask where neither the environment nor a profile has keys. *found: somebody. */
static zarrc_status take_others(sources *s, bool *found) {
  const char *relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const char *full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
             *url = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  *found = true;
  if (variable("AWS_WEB_IDENTITY_TOKEN_FILE")) return take_identity(s, false);
  if (relative || full) return take_container(s, relative, full);
  *found = !*s->account->endpoint && !variable_means_yes("AWS_EC2_METADATA_DISABLED");
  if (!url) url = "http://169.254.169.254";
  return *found ? take_source(s, ZARRC_S3_MACHINE, url, strlen(url)) : ZARRC_OK;
}

static zarrc_status take_profile_credentials(sources *s) {
  static const char *const others[] = {"sso_session", "sso_start_url", "role_arn", "source_profile"};
  bool found = false;
  size_t nid, nsecret, ntoken, n;
  const char *id = setting_of(s, "aws_access_key_id", &nid);
  const char *secret = setting_of(s, "aws_secret_access_key", &nsecret);
  const char *token = setting_of(s, "aws_session_token", &ntoken);
  if (id && secret) s->account->source = ZARRC_S3_FILES;
  if (id && secret) return take_credentials(s, "the AWS profile", id, nid, secret, nsecret, token, ntoken);
  if (id) return fail_half(s, "aws_access_key_id in the AWS profile", "aws_secret_access_key");
  if (secret) return fail_half(s, "aws_secret_access_key in the AWS profile", "aws_access_key_id");
  const char *command = setting_of(s, "credential_process", &n);
  if (command) return take_source(s, ZARRC_S3_PROCESS, command, n);
  if (setting_of(s, "web_identity_token_file", &n)) return take_identity(s, true);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (setting_of(s, others[i], &n))
      return zarrc_fail(s->error, ZARRC_ACCESS,
                        "the AWS profile has its credentials by %s, which zarrc does not know: put them into the "
                        "environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN)",
                        others[i]);
  if (s->is_named)
    return zarrc_fail(s->error, ZARRC_ACCESS, "there are no credentials in an AWS profile \"%.60s\"", s->profile);
  zarrc_status status = take_others(s, &found);
  if (status || found) return status;
  return zarrc_fail(s->error, ZARRC_ACCESS,
                    "there are no credentials for S3: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor an AWS "
                    "profile; public data can be read without them (anonymous, AWS_NO_SIGN_REQUEST=YES)");
}

static zarrc_status find_credentials(sources *s) {
  const zarrc_s3_options *o = s->options;
  const char *id = variable("AWS_ACCESS_KEY_ID"), *secret = variable("AWS_SECRET_ACCESS_KEY");
  bool has_id = is_set(o->access_key_id), has_secret = is_set(o->secret_access_key);
  if (o->anonymous && (has_id || has_secret))
    return zarrc_fail(s->error, ZARRC_INVALID_ARGUMENT, "S3 cannot be asked anonymously and with credentials");
  if (has_id && has_secret)
    return take_texts(s, "the options", o->access_key_id, o->secret_access_key, o->session_token);
  if (has_id) return fail_half(s, "a key id", "secret");
  if (has_secret) return fail_half(s, "a secret", "key id");
  s->account->is_anonymous = o->anonymous || variable_means_yes("AWS_NO_SIGN_REQUEST");
  if (s->account->is_anonymous) return take_texts(s, "", "", "", "");
  if (is_set(o->profile)) return take_profile_credentials(s);
  if (id && secret) return take_texts(s, "the environment", id, secret, variable("AWS_SESSION_TOKEN"));
  if (id) return fail_half(s, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
  if (secret) return fail_half(s, "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID");
  return take_profile_credentials(s);
}

/* ------------------------------------------------------------------------------------------ region and endpoint */

bool zarrc_s3_is_region(const char *text) {
  size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
  return n > 0 && n < ZARRC_S3_REGION_NBYTES && !text[n] && *text != '-' && text[n - 1] != '-';
}

static zarrc_status find_region(sources *s) {
  static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION", NULL};
  const char *region = is_set(s->options->region) ? s->options->region : zarrc_environment(names);
  size_t n = region ? strlen(region) : 0;
  if (!region) region = setting_of(s, "region", &n);
  if (!region) n = strlen(region = "us-east-1");
  char *out = s->account->region;
  if (n < ZARRC_S3_REGION_NBYTES) memcpy(out, region, n);
  return n < ZARRC_S3_REGION_NBYTES && zarrc_s3_is_region(out)
             ? ZARRC_OK
             : zarrc_fail(s->error, ZARRC_INVALID_ARGUMENT, "\"%.*s\" is no region of S3", (int)(n < 40 ? n : 40),
                          region);
}

/* Finds the endpoint that the environment or a profile names. */
static const char *configured_endpoint(const sources *s, size_t *n) {
  static const char *const names[] = {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", NULL};
  const char *found = zarrc_environment(names), *services;
  char name[128];
  *n = found ? strlen(found) : 0;
  if (found) return found;
  services = setting_of(s, "services", n);
  if (services && *n < sizeof name) {
    memcpy(name, services, *n);
    name[*n] = '\0';
    found = zarrc_profile_get(&s->config, "services", name, "s3", "endpoint_url", n);
  }
  return found ? found : setting_of(s, "endpoint_url", n);
}

static zarrc_status find_endpoint(sources *s) {
  size_t n, m;
  const char *endpoint = s->options->endpoint;
  const char *ignore = setting_of(s, "ignore_configured_endpoint_urls", &m);
  if (is_set(endpoint))
    n = strlen(endpoint);
  else if (variable_means_yes("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") || means_yes(ignore, m))
    endpoint = NULL;
  else
    endpoint = configured_endpoint(s, &n);
  if (!is_set(endpoint)) return set_text(s->account, &s->account->endpoint, "", 0, s->error);
  while (n > 0 && endpoint[n - 1] == '/') n--;
  size_t scheme = !strncasecmp(endpoint, "http://", 7) ? 7 : !strncasecmp(endpoint, "https://", 8) ? 8 : 0;
  bool is_plain = scheme > 0 && n > scheme;
  for (size_t i = 0; i < n && is_plain; i++) is_plain = endpoint[i] > 0x20 && !strchr("?#@\x7f", endpoint[i]);
  if (!is_plain)
    return zarrc_fail(s->error, ZARRC_INVALID_ARGUMENT,
                      "the endpoint of S3 has to be a URL such as https://host:9000, without user and query");
  return set_text(s->account, &s->account->endpoint, endpoint, n, s->error);
}

static void find_payer(sources *s) {
  const char *payer = variable("AWS_REQUEST_PAYER");
  s->account->requester_pays = s->options->requester_pays || (payer && !strcasecmp(payer, "requester"));
}

/* --------------------------------------------------------------------------------------------- opening, closing */

static zarrc_status set_option(zarrc_s3_account *a, char **out, const char *text, zarrc_error *error) {
  return set_text(a, out, text ? text : "", text ? strlen(text) : 0, error);
}

zarrc_status zarrc_s3_account_open(zarrc_ctx *ctx, const zarrc_s3_options *options, const char *ca_file,
                                   zarrc_s3_account *out, zarrc_error *error) {
  *out = (zarrc_s3_account){.ctx = ctx, .style = options->style};
  sources s = {.options = options, .account = out, .error = error};
  zarrc_status status = read_files(&s);
  if (!status) status = find_endpoint(&s);
  if (!status) status = find_credentials(&s);
  if (!status) status = find_region(&s);
  if (!status) status = set_option(out, &out->profile, options->profile, error);
  if (!status) status = set_option(out, &out->ca_file, ca_file, error);
  if (!status) find_payer(&s);
  zarrc_profile_close(&s.credentials);
  zarrc_profile_close(&s.config);
  if (status) zarrc_s3_account_close(out);
  return status;
}

void zarrc_s3_account_close(zarrc_s3_account *a) {
  char *const texts[] = {a->key_id, a->secret,  a->token,      a->endpoint, a->place,
                         a->role,   a->session, a->token_file, a->profile,  a->ca_file};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (texts[i]) explicit_bzero(texts[i], strlen(texts[i]));
    zarrc_free(a->ctx, texts[i]);
  }
  *a = (zarrc_s3_account){.ctx = a->ctx};
}

/* ------------------------------------------------------------------------------------------------------ buckets */

static bool is_bucket(const char *name) {
  size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
  return n > 0 && n <= 255 && !name[n] && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Returns whether a bucket's name can be part of a server's name that a certificate for all buckets covers. */
static bool is_label(const char *name) {
  size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
  return n > 0 && n < 64 && !name[n] && *name != '-' && name[n - 1] != '-';
}

zarrc_status zarrc_s3_bucket_url(const zarrc_s3_account *a, const char *bucket, const char *region, zarrc_buf *out,
                                 zarrc_error *error) {
  char aws[ZARRC_S3_REGION_NBYTES + 64];
  if (!is_bucket(bucket)) return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "\"%.60s\" is no name of a bucket", bucket);
  bool is_aws = !*a->endpoint, by_name = is_label(bucket);
  const char *end = !strncmp(region, "cn-", 3) ? ".cn" : "";
  stpcpy(stpcpy(stpcpy(stpcpy(aws, "https://s3."), region), ".amazonaws.com"), end);
  const char *endpoint = is_aws ? aws : a->endpoint;
  size_t n = strlen("https://") - (endpoint[4] == ':');
  size_t nhost = strcspn(endpoint + n, "/");
  is_aws = is_aws || (nhost > 14 && !strncasecmp(endpoint + n + nhost - 14, ".amazonaws.com", 14));
  bool in_host = a->style == ZARRC_S3_HOST || (a->style == ZARRC_S3_AUTO && is_aws && by_name);
  if (in_host && !by_name)
    return zarrc_fail(error, ZARRC_INVALID_ARGUMENT, "\"%.60s\" cannot be part of a server's name", bucket);
  return in_host ? zarrc_buf_printf(out, error, "%.*s%s.%s", (int)n, endpoint, bucket, endpoint + n)
                 : zarrc_buf_printf(out, error, "%s/%s", endpoint, bucket);
}
