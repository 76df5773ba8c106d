// Counts this program's bytes on the heap, now and at most, and its allocations. Included by one source of a program.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

/// Of one thread.
struct AllocatedBytes {
    std::size_t now = 0, most = 0, allocations = 0;
};
AllocatedBytes allocated;
constexpr std::size_t size_in_front = alignof(std::max_align_t);

}  // namespace
// never inlined: the compiler would otherwise pair malloc with the library's delete and warn
[[gnu::noinline]] void* operator new(std::size_t size) {
    auto* block = static_cast<std::byte*>(std::malloc(size + size_in_front));
    if (!block) throw std::bad_alloc();
    ::new (block) std::size_t(size);
    allocated.now += size;
    allocated.most = std::max(allocated.most, allocated.now);
    ++allocated.allocations;
    return block + size_in_front;
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
    if (!p) return;
    std::byte* block = static_cast<std::byte*>(p) - size_in_front;
    allocated.now -= *std::launder(reinterpret_cast<std::size_t*>(block));
    std::free(block);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { ::operator delete(p); }
