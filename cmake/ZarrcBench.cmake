# SPDX-License-Identifier: MIT
# build/zarrc-bench, which speaks the protocol of benchmarks for command-line tools (bench/zarrc_bench.c). Its reencode
# is that of the command, whose objects it therefore links.
add_executable(zarrc-bench bench/zarrc_bench.c bench/operations.c bench/meter.c
  $<FILTER:$<TARGET_OBJECTS:zarrc-command>,EXCLUDE,/main\\.c\\.o$>)
target_link_libraries(zarrc-bench PRIVATE zarrc-flags zarrc_static m)
target_include_directories(zarrc-bench PRIVATE bench ${CMAKE_CURRENT_SOURCE_DIR})
