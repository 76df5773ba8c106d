// This program's allocations and its bytes on the heap, now and at most, counted by the operator new of allocations.cpp.
#pragma once

#include <atomic>
#include <cstddef>

inline std::atomic<std::size_t> allocations = 0, allocated_bytes = 0, most_allocated_bytes = 0;
