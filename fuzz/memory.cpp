#include "fuzz/memory.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#include <malloc.h>

namespace costate::fuzz {

namespace {

std::atomic<std::size_t> held{0}, most{0}, before{0};

void* counted(void* block) {
    if (block == nullptr) throw std::bad_alloc();
    const std::size_t now = held += malloc_usable_size(block);
    std::size_t peak = most;
    while (peak < now && !most.compare_exchange_weak(peak, now)) {}
    return block;
}

void returned(void* block) {
    if (block != nullptr) held -= malloc_usable_size(block);
    std::free(block);
}

}  // namespace

void restart_peak() {
    before = most = held.load();
}

std::size_t peak_bytes() {
    return most - before;
}

}  // namespace costate::fuzz

using costate::fuzz::counted;
using costate::fuzz::returned;

void* operator new(std::size_t size) {
    return counted(std::malloc(size == 0 ? 1 : size));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {  // libFuzzer's own, freed by the operators below
    void* block = std::malloc(size == 0 ? 1 : size);
    return block == nullptr ? nullptr : counted(block);
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept {
    return operator new(size, tag);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    const auto unit = static_cast<std::size_t>(alignment);
    if (size > static_cast<std::size_t>(-1) - unit) throw std::bad_alloc();
    return counted(std::aligned_alloc(unit, (size + unit) / unit * unit));
}
void operator delete(void* block) noexcept {
    returned(block);
}
void operator delete(void* block, std::size_t) noexcept {
    returned(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
    returned(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
    returned(block);
}
