# SPDX-License-Identifier: MIT
# build/zarrc-bench, which speaks the protocol of benchmarks for command-line tools (bench/zarrc_bench.c). And, by the
# target bench-programs or with the tests, the programs of bench/run.py in build/bench.
add_library(zarrc-bench-shared STATIC bench/measure.c bench/memory.c)
target_link_libraries(zarrc-bench-shared PRIVATE zarrc-flags)

add_executable(zarrc-bench bench/zarrc_bench.c bench/operations.c)
target_link_libraries(zarrc-bench PRIVATE zarrc-flags zarrc-bench-shared zarrc_static m)
target_include_directories(zarrc-bench PRIVATE bench)

add_custom_target(bench-programs DEPENDS zarrc-bench)
# zarrc_bench_program(<name> <libraries it needs>... SOURCES <files>...): left out where a library is missing.
function(zarrc_bench_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;NEEDS")
  foreach(library ${arg_NEEDS})
    if(NOT TARGET zarrc::dep_${library})
      message(STATUS "zarrc: no benchmark ${name} without ${library}")
      return()
    endif()
  endforeach()
  list(TRANSFORM arg_NEEDS PREPEND zarrc::dep_)
  add_executable(bench-${name} ${arg_SOURCES})
  target_link_libraries(bench-${name} PRIVATE zarrc-flags zarrc-bench-shared zarrc_static ${arg_NEEDS} Threads::Threads m)
  target_include_directories(bench-${name} PRIVATE bench)
  set_target_properties(bench-${name} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/bench)
  if(NOT ZARRC_TESTS)
    set_target_properties(bench-${name} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  add_dependencies(bench-programs bench-${name})
endfunction()

zarrc_bench_program(ideal SOURCES bench/ideal.c bench/ideal_codec.c bench/ideal_place.c
  NEEDS blosc zstd libdeflate zlib isal)
zarrc_bench_program(codecs SOURCES bench/codecs.c bench/ideal_codec.c NEEDS blosc zstd libdeflate zlib isal)
zarrc_bench_program(kernels SOURCES bench/kernels.c)
zarrc_bench_program(make_data SOURCES bench/make_data.c)
zarrc_bench_program(remote SOURCES bench/remote.c)
