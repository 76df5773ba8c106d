#include "tests/ode/allocations.hpp"

#include <cstdlib>
#include <new>

namespace {
constexpr std::size_t size_in_front = alignof(std::max_align_t);  // where a block keeps its size
}  // namespace

// never inlined: the compiler would otherwise pair malloc with the library's delete and warn
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    auto* block = static_cast<std::byte*>(std::malloc(size + size_in_front));
    if (!block) throw std::bad_alloc();
    ::new (block) std::size_t(size);
    const std::size_t now = allocated_bytes += size;
    for (std::size_t most = most_allocated_bytes; most < now && !most_allocated_bytes.compare_exchange_weak(most, now);) continue;
    return block + size_in_front;
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
    if (!p) return;
    std::byte* block = static_cast<std::byte*>(p) - size_in_front;
    allocated_bytes -= *std::launder(reinterpret_cast<std::size_t*>(block));
    std::free(block);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { ::operator delete(p); }
