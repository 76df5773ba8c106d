# Debian packages: libboost-dev libmpfr-dev libgmp-dev libtbb-dev libxsimd-dev libxtensor-dev libfmt-dev nlohmann-json3-dev libcli11-dev
# libonnx-dev libprotobuf-dev libpng-dev zlib1g-dev.
find_package(Boost 1.74 REQUIRED)
find_package(TBB REQUIRED)
find_package(xsimd REQUIRED)
find_package(xtensor REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
# ONNX's targets name protobuf::libprotobuf, which has to be there before.
find_package(Protobuf REQUIRED)
find_package(ONNX REQUIRED)
find_package(PNG 1.6 REQUIRED)
find_package(ZLIB REQUIRED)
# libasmjit-dev, optional: machine code of scalar programs.
find_package(asmjit CONFIG QUIET)
