# SPDX-License-Identifier: MIT
# The libraries that zarrc stands on, as targets zarrc::dep_<name>. The build uses this file, and so does the installed
# package for whoever links zarrc statically.
find_package(Threads REQUIRED)
find_package(PkgConfig QUIET)

# zarrc_find(<name> <pkg-config module> <header> <library>): makes zarrc::dep_<name> where header and library are there.
# <NAME>_ROOT names a prefix to look in first; there a static library is preferred, as an installed libzarrc.so has no
# run path that would find a shared one again.
function(zarrc_find name module header library)
  if(TARGET zarrc::dep_${name})
    return()
  endif()
  string(TOUPPER ${name} upper)
  if(PkgConfig_FOUND)
    pkg_check_modules(ZARRC_PC_${upper} QUIET ${module})
  endif()
  set(root ${${upper}_ROOT})
  set(names ${library})
  if(root)
    list(PREPEND names lib${library}.a)
  endif()
  find_path(ZARRC_${upper}_INCLUDE ${header} HINTS ${root}/include ${ZARRC_PC_${upper}_INCLUDE_DIRS})
  find_library(ZARRC_${upper}_LIBRARY NAMES ${names} HINTS ${root}/lib ${ZARRC_PC_${upper}_LIBRARY_DIRS})
  mark_as_advanced(ZARRC_${upper}_INCLUDE ZARRC_${upper}_LIBRARY)
  if(ZARRC_${upper}_INCLUDE AND ZARRC_${upper}_LIBRARY)
    add_library(zarrc::dep_${name} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(zarrc::dep_${name} PROPERTIES
      IMPORTED_LOCATION ${ZARRC_${upper}_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${ZARRC_${upper}_INCLUDE})
  endif()
endfunction()

zarrc_find(blosc blosc blosc.h blosc)
zarrc_find(lz4 liblz4 lz4.h lz4)
zarrc_find(zstd libzstd zstd.h zstd)
zarrc_find(libdeflate libdeflate libdeflate.h deflate)
zarrc_find(zlib zlib zlib.h z)
zarrc_find(isal libisal isa-l.h isal)
zarrc_find(bz2 bzip2 bzlib.h bz2)
zarrc_find(lzma liblzma lzma.h lzma)
zarrc_find(zfp zfp zfp/bitstream.h zfp) # of version 1.0 or later
zarrc_find(curl libcurl curl/curl.h curl) # of version 7.84 or later
zarrc_find(crypto libcrypto openssl/evp.h crypto)
