/* SPDX-License-Identifier: MIT */
/* The versions of the libraries that gzip.c uses, NULL: none. Those of the others stand beside what they do. */
#ifndef ZARRC_CODEC_LIBRARY_H
#define ZARRC_CODEC_LIBRARY_H

const char *zarrc_libdeflate_version(void); /* that zarrc was compiled with: libdeflate does not tell */
const char *zarrc_zlib_version(void);

#endif
