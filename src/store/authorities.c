/* SPDX-License-Identifier: MIT */
#include "store/authorities.h"
#include "store/environment.h"

#include <stddef.h>
#include <unistd.h>

void zarrc_find_authorities(const char *option, const char *built_file, const char *built_path, const char **file,
                            const char **path) {
  static const char *const files[] = {"CURL_CA_BUNDLE", "SSL_CERT_FILE", "AWS_CA_BUNDLE", NULL};
  static const char *const paths[] = {"SSL_CERT_DIR", NULL};
  static const char *const usual[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                      "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};
  *file = option ? option : zarrc_environment(files);
  *path = zarrc_environment(paths);
  if (*file || *path || (built_file && !access(built_file, R_OK)) || (built_path && !access(built_path, R_OK))) return;
  for (size_t i = 0; i < sizeof usual / sizeof *usual && !*file; i++)
    if (!access(usual[i], R_OK)) *file = usual[i];
}
