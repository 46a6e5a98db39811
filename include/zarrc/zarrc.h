/* SPDX-License-Identifier: MIT */
/* zarrc: Zarr in C. Includes the whole public interface. */
#ifndef ZARRC_ZARRC_H
#define ZARRC_ZARRC_H

#include <zarrc/array.h>
#include <zarrc/base.h>
#include <zarrc/codec.h>
#include <zarrc/codecs.h>
#include <zarrc/data.h>
#include <zarrc/pipeline.h>
#include <zarrc/store.h>
#include <zarrc/tools.h>

#endif
