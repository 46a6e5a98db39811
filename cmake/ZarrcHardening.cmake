# SPDX-License-Identifier: MIT
# The protections that distributions compile with (-DZARRC_HARDENING=OFF leaves them out): a stack protector, checked
# string and memory functions where the build optimises, relocations that are read-only once the program runs, and a
# command that is loaded at a random address. Builds with sanitizers go without: those check more.
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

add_library(zarrc-hardening INTERFACE)
target_link_libraries(zarrc-flags INTERFACE zarrc-hardening)
if(ZARRC_HARDENING AND NOT CMAKE_C_FLAGS MATCHES "-fsanitize")
  target_compile_options(zarrc-hardening INTERFACE -fstack-protector-strong)
  # CFLAGS may ask for another level. Without optimisation the C library warns that it cannot check.
  if(NOT CMAKE_C_FLAGS MATCHES "_FORTIFY_SOURCE")
    target_compile_options(zarrc-hardening INTERFACE
      "$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")
  endif()
  if(NOT APPLE)
    target_link_options(zarrc-hardening INTERFACE LINKER:-z,relro LINKER:-z,now)
  endif()
endif()
