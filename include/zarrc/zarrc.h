/* SPDX-License-Identifier: MIT */
/* zarrc: Zarr in C. Includes the whole public interface for programs that use zarr arrays; codecs and stores of your
 * own need <zarrc/plugin/codec.h> and <zarrc/plugin/store.h> as well. */
#ifndef ZARRC_ZARRC_H
#define ZARRC_ZARRC_H

#include <zarrc/array.h>
#include <zarrc/base.h>
#include <zarrc/blob.h>
#include <zarrc/codec.h>
#include <zarrc/codecs.h>
#include <zarrc/data.h>
#include <zarrc/pipeline.h>
#include <zarrc/store.h>
#include <zarrc/tools.h>

#endif
