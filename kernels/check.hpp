// The one check at the boundary of a kernel: a span has the size that the others imply.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace costate::kernels {

namespace detail {
[[noreturn]] inline void throw_size(const char* kernel, const char* argument, std::size_t size, std::size_t expected) {
    throw std::invalid_argument(std::string("kernels::") + kernel + ": the span '" + argument + "' has " + std::to_string(size) +
                                " elements instead of " + std::to_string(expected) + "; pass one of that size");
}
}  // namespace detail

/// Throws std::invalid_argument, naming kernel and argument, unless size == expected.
inline void check_size(const char* kernel, const char* argument, std::size_t size, std::size_t expected) {
    if (size != expected) [[unlikely]]
        detail::throw_size(kernel, argument, size, expected);
}

}  // namespace costate::kernels
