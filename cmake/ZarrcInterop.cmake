# SPDX-License-Identifier: MIT
# What tests/interop needs beside the command, made by the target `interop-programs`: a store that is driven by lines, and a
# library in front of the C library's that refuses connections to other machines.
add_executable(interop-store EXCLUDE_FROM_ALL tests/interop/store.c)
target_link_libraries(interop-store PRIVATE zarrc-flags zarrc_static Threads::Threads m)
add_library(interop-loopback MODULE EXCLUDE_FROM_ALL tests/interop/loopback.c)
target_compile_definitions(interop-loopback PRIVATE _GNU_SOURCE)
target_link_libraries(interop-loopback PRIVATE ${CMAKE_DL_LIBS})
set_target_properties(interop-loopback PROPERTIES PREFIX "" C_VISIBILITY_PRESET default)
set_target_properties(interop-store interop-loopback PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/interop LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/interop)
add_custom_target(interop-programs DEPENDS interop-store interop-loopback)
