# `cmake --install` and find_package(costate): targets costate::<room>, headers under include/costate/<room>.
include(CMakePackageConfigHelpers)
set(COSTATE_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/costate)
install(EXPORT costate NAMESPACE costate:: FILE costateTargets.cmake DESTINATION ${COSTATE_CMAKE_DIR})
configure_package_config_file(cmake/costateConfig.cmake.in ${PROJECT_BINARY_DIR}/costateConfig.cmake INSTALL_DESTINATION ${COSTATE_CMAKE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/costateConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/costateConfig.cmake ${PROJECT_BINARY_DIR}/costateConfigVersion.cmake DESTINATION ${COSTATE_CMAKE_DIR})
