# SPDX-License-Identifier: MIT
# What the build found: ZARRC_LINK (targets to link), ZARRC_FEATURES (definitions), ZARRC_LIBS_PRIVATE (for pkg-config),
# ZARRC_STATIC_NEEDS (names that the static library was built with).
set(ZARRC_LINK Threads::Threads m)
set(ZARRC_STATIC_NEEDS)
set(ZARRC_FEATURES)
# From 7.84 on libcurl can be started by any thread.
set(curl_is_new 0)
if(TARGET zarrc::dep_curl)
  file(STRINGS ${ZARRC_CURL_INCLUDE}/curl/curlver.h curl_version REGEX "^#define LIBCURL_VERSION_NUM +0x")
  string(REGEX REPLACE ".*(0x[0-9a-fA-F]+).*" "\\1" curl_version "${curl_version}")
  math(EXPR curl_version "${curl_version}")
  if(NOT curl_version LESS 480256) # 0x075400
    set(curl_is_new 1)
  endif()
endif()

foreach(name blosc lz4 zstd libdeflate zlib isal bz2 lzma zfp curl crypto)
  string(TOUPPER ${name} upper)
  option(ZARRC_WITH_${upper} "Use ${name} where it is found" ON)
  set(have 0)
  if(ZARRC_WITH_${upper} AND TARGET zarrc::dep_${name} AND (NOT name STREQUAL curl OR curl_is_new))
    set(have 1)
    list(APPEND ZARRC_LINK zarrc::dep_${name})
    list(APPEND ZARRC_STATIC_NEEDS ${name})
  else()
    message(STATUS "zarrc: without ${name}")
  endif()
  list(APPEND ZARRC_FEATURES ZARRC_HAVE_${upper}=${have})
endforeach()

# zstd 1.5.4 as released can write damaged frames; Debian's 1.5.4+dfsg2 carries the fix.
set(zstd_154_ok 1)
if(ZARRC_WITH_ZSTD AND TARGET zarrc::dep_zstd)
  file(STRINGS ${ZARRC_ZSTD_INCLUDE}/zstd.h lines REGEX "^#define ZSTD_VERSION_(MAJOR|MINOR|RELEASE) +[0-9]+")
  list(TRANSFORM lines REPLACE "^#define ZSTD_VERSION_[A-Z]+ +([0-9]+).*" "\\1")
  list(JOIN lines "." zstd_version)
  if(zstd_version VERSION_EQUAL 1.5.4)
    set(zstd_154_ok 0)
    if(NOT ZSTD_ROOT)
      execute_process(COMMAND dpkg-query -W -f "\${Version}" libzstd-dev
        OUTPUT_VARIABLE zstd_package ERROR_QUIET RESULT_VARIABLE zstd_package_rc)
      if(zstd_package_rc EQUAL 0 AND zstd_package MATCHES "^1\\.5\\.4\\+dfsg2-")
        set(zstd_154_ok 1)
      endif()
    endif()
  endif()
  message(STATUS "zarrc: zstd ${zstd_version}, fit to write: ${zstd_154_ok}")
endif()
set(ZARRC_ZSTD_154_OK ${zstd_154_ok} CACHE STRING "1: this zstd is not the faulty 1.5.4")
list(APPEND ZARRC_FEATURES ZARRC_ZSTD_154_OK=${ZARRC_ZSTD_154_OK})

# The calls of libzstd that take an allocator, and that decode a stream in place, are not in its stable interface.
set(zstd_advanced 0)
if(ZARRC_WITH_ZSTD AND TARGET zarrc::dep_zstd)
  include(CheckCSourceCompiles)
  set(CMAKE_REQUIRED_LIBRARIES zarrc::dep_zstd)
  check_c_source_compiles("
    #define ZSTD_STATIC_LINKING_ONLY
    #include <zstd.h>
    int main(void) {
      ZSTD_customMem memory = {0, 0, 0};
      ZSTD_DCtx *d = ZSTD_createDCtx_advanced(memory);
      ZSTD_freeCCtx(ZSTD_createCCtx_advanced(memory));
      return (int)ZSTD_DCtx_setParameter(d, ZSTD_d_stableOutBuffer, 1);
    }" ZARRC_ZSTD_HAS_ADVANCED)
  unset(CMAKE_REQUIRED_LIBRARIES)
  if(ZARRC_ZSTD_HAS_ADVANCED)
    set(zstd_advanced 1)
  endif()
endif()
list(APPEND ZARRC_FEATURES ZARRC_ZSTD_ADVANCED=${zstd_advanced})

# Only Libs.private: Requires.private would make `pkg-config --cflags` fail for a user of the shared library who has not
# the development files of the rest, and the public headers need none of them.
set(ZARRC_LIBS_PRIVATE)
foreach(name ${ZARRC_STATIC_NEEDS})
  string(TOUPPER ${name} upper)
  get_filename_component(folder ${ZARRC_${upper}_LIBRARY} DIRECTORY)
  get_filename_component(file ${ZARRC_${upper}_LIBRARY} NAME)
  if(file MATCHES "\\.a$")
    list(APPEND ZARRC_LIBS_PRIVATE ${ZARRC_${upper}_LIBRARY})
  else()
    if(NOT folder IN_LIST CMAKE_C_IMPLICIT_LINK_DIRECTORIES)
      list(APPEND ZARRC_LIBS_PRIVATE -L${folder})
    endif()
    string(REGEX REPLACE "^lib([^.]+)\\..*" "-l\\1" flag ${file})
    list(APPEND ZARRC_LIBS_PRIVATE ${flag})
  endif()
endforeach()
list(APPEND ZARRC_LIBS_PRIVATE -lpthread -lm)
list(JOIN ZARRC_LIBS_PRIVATE " " ZARRC_LIBS_PRIVATE)

set(ZARRC_SANITIZED OFF)
if(CMAKE_C_FLAGS MATCHES "-fsanitize")
  set(ZARRC_SANITIZED ON) # clang leaves the sanitizer's symbols open in shared libraries
endif()
