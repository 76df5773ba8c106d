#include "kernels/huge_pages.hpp"

#include <cstdint>
#include <cstdlib>

#include <sys/mman.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace costate::kernels {

bool prefer_huge_pages(std::size_t bytes) {
#if defined(__GLIBC__)
    constexpr int most = 1 << 28;
    constexpr std::uintptr_t page = std::uintptr_t{2} << 20;
    if (mallopt(M_MMAP_THRESHOLD, most) == 0 || mallopt(M_TRIM_THRESHOLD, most) == 0) return false;
    void* const block = std::malloc(bytes);
    if (block == nullptr) return false;
    const auto begin = reinterpret_cast<std::uintptr_t>(block), first = (begin + page - 1) / page * page, last = (begin + bytes) / page * page;
    const bool agreed = last > first && madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE) == 0;
    std::free(block);
    return agreed;
#else
    (void)bytes;
    return false;
#endif
}

}  // namespace costate::kernels
