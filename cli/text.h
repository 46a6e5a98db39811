/* SPDX-License-Identifier: MIT */
/* Numbers and names in command lines, and numbers for people. */
#ifndef ZARRC_CLI_TEXT_H
#define ZARRC_CLI_TEXT_H

#include <stdio.h>
#include <zarrc/zarrc.h>

/* n bytes that are a decimal integer and nothing else; false: they are not, or it does not fit. */
bool cli_parse_int(const char *text, size_t n, int64_t *out);
/* 4096, 64k, 1G, 1.5GiB; units are powers of 1024. */
bool cli_parse_size(const char *text, uint64_t *out);
/* "10,20", "(10, 20)", "[10,20]", "" and "()" (none): numbers of at least min. */
zarrc_status cli_parse_dims(const char *what, const char *text, int64_t min, int64_t *dims, int *ndim,
                            zarrc_error *error);

#define CLI_HUMAN 32
/* "812 B", "1.25 MiB" */
const char *cli_human_bytes(char buf[CLI_HUMAN], double nbytes);
/* "7", "1,048,576"; "very many" for UINT64_MAX */
const char *cli_human_count(char buf[CLI_HUMAN], uint64_t n);

#define CLI_DIMS 704
/* "512 x 512 x 64"; "()" for none */
const char *cli_human_dims(char buf[CLI_DIMS], const int64_t *dims, int ndim);
/* "512,512,64"; "" for none */
const char *cli_plain_dims(char buf[CLI_DIMS], const int64_t *dims, int ndim);

/* Sum or product, or UINT64_MAX where it does not fit. dims are not negative. */
uint64_t cli_plus(uint64_t a, uint64_t b);
uint64_t cli_times(uint64_t a, uint64_t b);
uint64_t cli_product(const int64_t *dims, int ndim);

/* Bytes of the UTF-8 character at text, which has n bytes before it ends; 0: none, or not valid. code may be NULL. */
size_t cli_char_next(const char *text, size_t n, uint32_t *code);
/* Whether a terminal might obey the character instead of showing it: control characters, and those that turn the
 * direction of writing. */
bool cli_char_is_hidden(uint32_t code);
/* Prints text from outside: each hidden character and each byte that is no UTF-8 becomes '?'. */
void cli_print_safe(FILE *out, const char *text);

#endif
