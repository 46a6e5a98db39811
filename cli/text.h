/* SPDX-License-Identifier: MIT */
/* Numbers and names in command lines, and numbers in output. */
#ifndef ZARRC_CLI_TEXT_H
#define ZARRC_CLI_TEXT_H

#include <stdio.h>
#include <zarrc/zarrc.h>

/* Parse n bytes that are a decimal integer; return false if they are not, or if it does not fit. */
bool cli_parse_int(const char *text, size_t n, int64_t *out);
/* Parses 4096, 64k, 1G, 1.5GiB. Units are powers of 1024. */
bool cli_parse_size(const char *text, uint64_t *out);
/* Parses "10,20", "(10, 20)", "[10,20]", "" and "()" (none). Each number is at least min. */
zarrc_status cli_parse_dims(const char *what, const char *text, int64_t min, int64_t *dims, int *ndim,
                            zarrc_error *error);

#define CLI_HUMAN 32
/* Formats bytes: "812 B", "1.25 MiB". */
const char *cli_human_bytes(char buf[CLI_HUMAN], double nbytes);
/* Formats a number: "7", "1,048,576"; UINT64_MAX: "very many". */
const char *cli_human_count(char buf[CLI_HUMAN], uint64_t n);

#define CLI_DIMS 704
/* Formats dims: "512 x 512 x 64"; "()" for none. */
const char *cli_human_dims(char buf[CLI_DIMS], const int64_t *dims, int ndim);
/* Formats dims: "512,512,64"; "" for none. */
const char *cli_plain_dims(char buf[CLI_DIMS], const int64_t *dims, int ndim);

/* Return a sum or product, or UINT64_MAX if it does not fit. dims are not negative. */
uint64_t cli_plus(uint64_t a, uint64_t b);
uint64_t cli_times(uint64_t a, uint64_t b);
uint64_t cli_product(const int64_t *dims, int ndim);

/* Returns the length of the UTF-8 character at the start of n bytes; 0: none, or invalid. code may be NULL. */
size_t cli_char_next(const char *text, size_t n, uint32_t *code);
/* Returns whether a terminal could act on a character instead of showing it: control characters, and those that change
 * the direction of text. */
bool cli_char_is_hidden(uint32_t code);
/* Prints text from outside. Hidden characters and bytes that are not UTF-8 become '?'. */
void cli_print_safe(FILE *out, const char *text);

#endif
