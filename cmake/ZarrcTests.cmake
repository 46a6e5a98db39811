# SPDX-License-Identifier: MIT
# Everything that is built but not installed. Tests are called layer/test_name, fuzz/name, examples/name.
find_path(CMOCKA_INCLUDE cmocka.h REQUIRED)
find_library(CMOCKA_LIBRARY cmocka REQUIRED)

set(ZARRC_TEST_TIMEOUT 900 CACHE STRING "Seconds after which a test is taken to hang, however busy the machine is")

# A locale with a decimal comma, for the tests that none matters.
find_program(ZARRC_LOCALEDEF localedef)
if(ZARRC_LOCALEDEF AND EXISTS /usr/share/i18n/locales/de_DE AND NOT EXISTS ${CMAKE_CURRENT_BINARY_DIR}/locale)
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/locale)
  execute_process(COMMAND ${ZARRC_LOCALEDEF} -i de_DE -f UTF-8 ${CMAKE_CURRENT_BINARY_DIR}/locale/de_DE.UTF-8
    OUTPUT_QUIET ERROR_QUIET)
endif()
set(test_environment LOCPATH=${CMAKE_CURRENT_BINARY_DIR}/locale)

file(GLOB support_sources CONFIGURE_DEPENDS tests/support/*.c)
add_library(zarrc-test INTERFACE)
target_link_libraries(zarrc-test INTERFACE zarrc-flags zarrc_static ${CMOCKA_LIBRARY} Threads::Threads m)
target_include_directories(zarrc-test INTERFACE src tests ${CMOCKA_INCLUDE})
target_compile_definitions(zarrc-test INTERFACE ${ZARRC_FEATURES}
  ZARRC_TEST_DATA="${CMAKE_CURRENT_SOURCE_DIR}/tests/data" ZARRC_COMMAND="${CMAKE_CURRENT_BINARY_DIR}/zarrc"
  ZARRC_EMULATED=$<BOOL:${CMAKE_CROSSCOMPILING_EMULATOR}>)
if(support_sources)
  add_library(zarrc-test-support STATIC ${support_sources})
  target_link_libraries(zarrc-test-support PRIVATE zarrc-test)
  set(support zarrc-test-support)
endif()

# zarrc_program(<folder> <file>): the program build/<folder>/<name>, target <folder>-<name>.
function(zarrc_program folder file)
  get_filename_component(name ${file} NAME_WE)
  string(REPLACE / - target ${folder}-${name})
  add_executable(${target} ${file} ${ARGN})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${folder})
endfunction()

file(GLOB test_sources CONFIGURE_DEPENDS tests/*/test_*.c)
foreach(file ${test_sources})
  get_filename_component(layer ${file} DIRECTORY)
  get_filename_component(layer ${layer} NAME)
  if(layer MATCHES "^(install|header|interop|support|data)$")
    continue()
  endif()
  get_filename_component(name ${file} NAME_WE)
  zarrc_program(tests/${layer} ${file})
  target_link_libraries(tests-${layer}-${name} PRIVATE ${support} zarrc-test)
  if(layer STREQUAL cli AND TARGET zarrc-command)
    add_dependencies(tests-${layer}-${name} zarrc-command)
  endif()
  add_test(NAME ${layer}/${name} COMMAND tests-${layer}-${name})
  set(labels unit ${layer})
  if(NOT layer STREQUAL codec OR name MATCHES "shard|parallel|gzip_fast") # the other codecs start no threads
    list(APPEND labels threads)
  endif()
  set_tests_properties(${layer}/${name} PROPERTIES TIMEOUT ${ZARRC_TEST_TIMEOUT} LABELS "${labels}" ENVIRONMENT "${test_environment}")
endforeach()

# Every parsing of JSON in the library passes the test's counter.
target_link_options(tests-array-test_parses PRIVATE LINKER:--wrap=zarrc_json_parse)

# The file store's tests once more without the system call openat2.
if(NOT ZARRC_SANITIZED AND NOT CMAKE_CROSSCOMPILING)
  add_library(tests-no-openat2 MODULE tests/store/no_openat2.c)
  target_compile_definitions(tests-no-openat2 PRIVATE _GNU_SOURCE)
  set_target_properties(tests-no-openat2 PROPERTIES C_VISIBILITY_PRESET default)
  target_link_libraries(tests-no-openat2 PRIVATE ${CMAKE_DL_LIBS})
  foreach(name test_file test_file_direct test_file_list test_file_root test_file_write test_url)
    add_test(NAME store/${name}/no_openat2 COMMAND tests-store-${name})
    set_tests_properties(store/${name}/no_openat2 PROPERTIES TIMEOUT ${ZARRC_TEST_TIMEOUT} LABELS "unit;store"
      ENVIRONMENT "${test_environment};LD_PRELOAD=$<TARGET_FILE:tests-no-openat2>")
  endforeach()
endif()

# Makes allocations of the command fail. The sanitizers have an allocator of their own.
if(TARGET zarrc-command AND NOT ZARRC_SANITIZED)
  add_library(tests-cli-faultalloc MODULE tests/cli/faultalloc.c)
  target_compile_definitions(tests-cli-faultalloc PRIVATE _GNU_SOURCE)
  target_link_libraries(tests-cli-faultalloc PRIVATE ${CMAKE_DL_LIBS})
  set_target_properties(tests-cli-faultalloc PROPERTIES PREFIX "" C_VISIBILITY_PRESET default
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/tests/cli)
  set(faultalloc ZARRC_FAULTALLOC=${CMAKE_CURRENT_BINARY_DIR}/tests/cli/tests-cli-faultalloc.so)
endif()

# A library to be loaded in front of the C library's, in which calls of the command fail or end it.
add_library(tests-faultcalls MODULE tests/cli/faultcalls.c)
target_compile_definitions(tests-faultcalls PRIVATE _GNU_SOURCE)
set_target_properties(tests-faultcalls PROPERTIES C_VISIBILITY_PRESET default)
target_link_libraries(tests-faultcalls PRIVATE ${CMAKE_DL_LIBS})

# Command tests that are scripts: run with the command's path in ZARRC.
file(GLOB cli_scripts CONFIGURE_DEPENDS tests/cli/test_*.sh)
foreach(file ${cli_scripts})
  get_filename_component(name ${file} NAME_WE)
  add_test(NAME cli/${name} COMMAND sh ${file})
  set_tests_properties(cli/${name} PROPERTIES TIMEOUT ${ZARRC_TEST_TIMEOUT} COST 1000 LABELS "unit;cli;threads"
    ENVIRONMENT "ZARRC=$<TARGET_FILE:zarrc-command>;${faultalloc};ZARRC_TEST_DATA=${CMAKE_CURRENT_SOURCE_DIR}/tests/data;ZARRC_FAULTCALLS=$<TARGET_FILE:tests-faultcalls>")
endforeach()

# Those that take longest under a sanitizer.
foreach(name copy overwrite_kill streams text values)
  set_property(TEST cli/test_${name} APPEND PROPERTY LABELS long)
endforeach()

file(GLOB example_sources CONFIGURE_DEPENDS examples/*.c)
foreach(file ${example_sources})
  get_filename_component(name ${file} NAME_WE)
  zarrc_program(examples ${file})
  if(name STREQUAL pipeline_only)
    target_link_libraries(examples-${name} PRIVATE zarrc-flags zarrc-core m) # proves that the core stands alone
  else()
    target_link_libraries(examples-${name} PRIVATE zarrc-flags zarrc_static m)
  endif()
  add_test(NAME examples/${name} COMMAND examples-${name})
  set_tests_properties(examples/${name} PROPERTIES
    TIMEOUT ${ZARRC_TEST_TIMEOUT} LABELS "examples;threads" WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/examples
    SKIP_REGULAR_EXPRESSION "zarrc was built without")
endforeach()

# Each fuzz target twice at most: with a main of ours that replays files, and with libFuzzer.
file(GLOB fuzz_sources CONFIGURE_DEPENDS fuzz/*.c)
list(FILTER fuzz_sources EXCLUDE REGEX "/replay\\.c$")
foreach(file ${fuzz_sources})
  get_filename_component(name ${file} NAME_WE)
  if(ZARRC_LIBFUZZER)
    zarrc_program(fuzz ${file})
    target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
  else()
    zarrc_program(fuzz ${file} fuzz/replay.c)
    add_test(NAME fuzz/${name} COMMAND fuzz-${name} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
    set_tests_properties(fuzz/${name} PROPERTIES TIMEOUT ${ZARRC_TEST_TIMEOUT} LABELS fuzz)
  endif()
  target_link_libraries(fuzz-${name} PRIVATE zarrc-flags zarrc_static m)
  target_include_directories(fuzz-${name} PRIVATE src fuzz)
  target_compile_definitions(fuzz-${name} PRIVATE ${ZARRC_FEATURES})
endforeach()
