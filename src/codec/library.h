/* SPDX-License-Identifier: MIT */
/* Versions of the libraries that deflate.c uses; NULL: none. For other libraries see the headers of their codecs. */
#ifndef ZARRC_CODEC_LIBRARY_H
#define ZARRC_CODEC_LIBRARY_H

const char *zarrc_libdeflate_version(void); /* the one zarrc was compiled with; libdeflate does not tell at run time */
const char *zarrc_zlib_version(void);
const char *zarrc_zfp_version(void); /* the one zarrc was compiled with */

#endif
