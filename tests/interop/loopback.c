/* SPDX-License-Identifier: MIT */
/*
 * To be loaded in front of the C library's: refuses connections to other machines, and writes their addresses, and the
 * names that are looked up, to the file that ZARRC_LEAVING names. At the end of the program, writes the most memory
 * that was resident, in KiB, to the file that ZARRC_PEAK names: what wait4 tells is at least that of the parent.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void note(const char *what) {
  const char *path = getenv("ZARRC_LEAVING");
  int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
  if (fd < 0) abort();
  if (write(fd, what, strlen(what)) < 0 || write(fd, "\n", 1) < 0) abort();
  close(fd);
}

__attribute__((destructor)) static void tell_peak(void) {
  const char *path = getenv("ZARRC_PEAK");
  char line[256];
  FILE *in = path ? fopen("/proc/self/status", "r") : NULL, *out = in ? fopen(path, "w") : NULL;
  while (out && fgets(line, sizeof line, in))
    if (!strncmp(line, "VmHWM:", 6)) fprintf(out, "%ld", strtol(line + 6, NULL, 10));
  if (out) fclose(out);
  if (in) fclose(in);
}

/* Returns whether an address is on this machine. */
static bool is_here(const struct sockaddr *address, char *text, size_t size) {
  const void *number = NULL;
  bool here = true;
  if (address->sa_family == AF_INET) {
    number = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    here = ntohl(((const struct in_addr *)number)->s_addr) >> 24 == 127;
  } else if (address->sa_family == AF_INET6) {
    number = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    here = IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)number);
  }
  if (!here) inet_ntop(address->sa_family, number, text, (socklen_t)size);
  return here;
}

int connect(int fd, const struct sockaddr *address, socklen_t n) {
  int (*real)(int, const struct sockaddr *, socklen_t);
  char text[64];
  *(void **)&real = dlsym(RTLD_NEXT, "connect");
  if (is_here(address, text, sizeof text)) return real(fd, address, n);
  note(text);
  errno = ENETUNREACH;
  return -1;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
  int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
  unsigned char number[16];
  *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
  bool is_number = name && (inet_pton(AF_INET, name, number) == 1 || inet_pton(AF_INET6, name, number) == 1);
  if (!name || is_number || !strcmp(name, "localhost")) return real(name, service, hints, out);
  note(name);
  return EAI_NONAME;
}
