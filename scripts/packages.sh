# Sourced by scripts/demo and scripts/test: the Debian packages, and how the missing ones are installed.

build_packages="g++ cmake ninja-build libboost-dev libmpfr-dev libgmp-dev libtbb-dev libxsimd-dev libxtensor-dev
  libfmt-dev nlohmann-json3-dev libcli11-dev
  libonnx-dev libprotobuf-dev libpng-dev zlib1g-dev mold"
demo_packages="$build_packages gnuplot-nox libasmjit-dev"
test_packages="$demo_packages catch2 qemu-user libonnx-testdata"
peer_packages="libsundials-dev"  # a test compares with CVODES where it is; it brings half a gigabyte of its own

# install_missing PACKAGE...   installs those that are not installed, and nothing when none is missing
install_missing() {
  command -v dpkg-query >/dev/null || { echo "costate: this script installs Debian packages; elsewhere install the like of: $*" >&2; exit 2; }
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "costate: become root or install sudo, then run this again; missing packages: ${missing[*]}" >&2; exit 2; }
    as_root=(sudo)
  fi
  echo "costate: installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
