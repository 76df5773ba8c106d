// Memory in large pages, for programs that load weights.
#pragma once

#include <cstddef>

namespace costate::kernels {

/// From now on blocks below 256 MiB come from the heap of the main thread and what is freed stays there, and the next `bytes` of that heap are asked for in pages of
/// 2 MiB: a network of 10 MB is then loaded with some hundred page faults instead of 20 000. For the main function of a program, before anything is
/// allocated; says whether the system agreed. The process does not grow by it until the memory is used.
bool prefer_huge_pages(std::size_t bytes = std::size_t{128} << 20);

}  // namespace costate::kernels
