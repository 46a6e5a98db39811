# SPDX-License-Identifier: MIT
# What `cmake --install` puts where. Nothing installed names the prefix, so the tree may be moved.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/zarrc)

install(DIRECTORY include/zarrc DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(TARGETS zarrc EXPORT zarrcShared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS zarrc_static EXPORT zarrcStatic ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT zarrcShared NAMESPACE zarrc:: DESTINATION ${package_dir})
install(EXPORT zarrcStatic NAMESPACE zarrc:: DESTINATION ${package_dir})

configure_package_config_file(cmake/zarrcConfig.cmake.in zarrcConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(zarrcConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/zarrcConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/zarrcConfigVersion.cmake
  cmake/ZarrcDependencies.cmake DESTINATION ${package_dir})

file(RELATIVE_PATH ZARRC_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" ZARRC_PC_PREFIX ${ZARRC_PC_PREFIX})
# zarrc: the shared library. zarrc-static: libzarrc.a by its path, so that it is taken although the shared one lies beside
# it; the libraries that it stands on stay shared where they are.
set(ZARRC_PC_LIBS "-L\${libdir} -lzarrc")
set(ZARRC_PC_PRIVATE "${ZARRC_LIBS_PRIVATE}")
configure_file(cmake/zarrc.pc.in zarrc.pc @ONLY)
set(ZARRC_PC_LIBS "\${libdir}/libzarrc.a ${ZARRC_LIBS_PRIVATE}")
set(ZARRC_PC_PRIVATE)
configure_file(cmake/zarrc.pc.in zarrc-static.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/zarrc.pc ${CMAKE_CURRENT_BINARY_DIR}/zarrc-static.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(TARGET zarrc-command)
  install(FILES docs/zarrc.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
