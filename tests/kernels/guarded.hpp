// Arrays that may not be left.
#pragma once

#include <catch2/catch.hpp>

#include <cstddef>
#include <cstdlib>

#include <sys/mman.h>

/// n elements of 0.5 that end where a forbidden page begins; an allowed one in an emulator that touches what a masked load leaves out.
template <class T>
class Guarded {
public:
    explicit Guarded(std::size_t n) : bytes_((n * sizeof(T) + page - 1) / page * page + page) {
        start_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        REQUIRE(start_ != MAP_FAILED);
        char* const guard = static_cast<char*>(start_) + bytes_ - page;
        REQUIRE((std::getenv("COSTATE_READS_BEYOND") != nullptr || mprotect(guard, page, PROT_NONE) == 0));
        data_ = reinterpret_cast<T*>(guard) - n;
        for (std::size_t i = 0; i < n; ++i) data_[i] = T(0.5);
    }
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;
    ~Guarded() { munmap(start_, bytes_); }
    operator T*() { return data_; }

private:
    static constexpr std::size_t page = 4096;
    std::size_t bytes_;
    void* start_;
    T* data_;
};
