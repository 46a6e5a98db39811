/* SPDX-License-Identifier: MIT */
/* The head of an answer by HTTP, line by line as it comes from a server that nobody vouches for. */
#ifndef ZARRC_STORE_ANSWER_H
#define ZARRC_STORE_ANSWER_H

#include "store/transport.h"

/* Begins the head of another answer. */
void zarrc_answer_begin(zarrc_answer *answer, int status);

/* Takes a line of n bytes, with or without its end: "Name: value". */
void zarrc_answer_take(zarrc_answer *answer, const char *line, size_t n);

/* Returns whether the ETag is a strong one, which tells any two versions of a value apart. */
bool zarrc_answer_is_strong(const zarrc_answer *answer);

/* Returns NULL if an answer of status 206 is one to such a request; else what is wrong with it. */
const char *zarrc_answer_refuse(const zarrc_answer *answer, zarrc_get_kind kind, uint64_t first, uint64_t nbytes);

/* Fails because of the status of an answer that came after so many tries: ZARRC_ACCESS or ZARRC_NETWORK. */
zarrc_status zarrc_answer_fail(const zarrc_answer *answer, unsigned ntries, zarrc_error *error);

#endif
