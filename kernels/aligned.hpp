// Storage that starts on a cache line: what vector loads read fastest.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace costate::kernels {

inline constexpr std::size_t cache_line = 64;

/// std::allocator with every block on a 64-byte boundary, whatever the compiler's flags.
template <class T>
struct AlignedAllocator {
    using value_type = T;

    AlignedAllocator() = default;
    template <class U>
    constexpr AlignedAllocator(const AlignedAllocator<U>&) noexcept {}

    T* allocate(std::size_t count) {
        if (count > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
        return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t{alignment}));
    }
    void deallocate(T* block, std::size_t) noexcept { ::operator delete(block, std::align_val_t{alignment}); }

    template <class U>
    friend bool operator==(const AlignedAllocator&, const AlignedAllocator<U>&) noexcept {
        return true;
    }

private:
    static constexpr std::size_t alignment = alignof(T) > cache_line ? alignof(T) : cache_line;
};

template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace costate::kernels
