/* SPDX-License-Identifier: MIT */
/* Files of the tests. Everything here ends the test program when it cannot do its work. */
#ifndef ZARRC_TESTS_FILES_H
#define ZARRC_TESTS_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A whole file, in a malloc of its exact size; freed with free. */
uint8_t *file_read(const char *path, size_t *nbytes);
/* The same for tests/data/NAME. */
uint8_t *data_read(const char *name, size_t *nbytes);
bool file_exists(const char *path);
/* Makes the directories above the file too. */
void file_write(const char *path, const void *bytes, size_t nbytes);
void file_write_text(const char *path, const char *text);

/* A new empty directory; freed with tree_remove, which removes everything in it and frees the path. */
char *tree_make(void);
void tree_remove(char *path);
/* "directory/name" in malloc'ed memory. */
char *path_in(const char *directory, const char *name);

#endif
