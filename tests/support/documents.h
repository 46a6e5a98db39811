/* SPDX-License-Identifier: MIT */
/* Documents of a node that are not in a store. */
#ifndef ZARRC_TESTS_DOCUMENTS_H
#define ZARRC_TESTS_DOCUMENTS_H

#include "array/document.h"

#define DOCUMENTS(text, n) (&(zarrc_documents){.main = {.ptr = (const uint8_t *)(text), .len = (n)}})

#endif
