#include "kernels/cache.hpp"

#include "kernels/isa.hpp"

#include <immintrin.h>
#include <unistd.h>

namespace costate::kernels {

namespace {

std::uint64_t tail(const std::uint64_t* words, std::size_t begin, std::size_t end) {
    std::uint64_t sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += words[i];
    return sum;
}

[[gnu::target("avx512f")]] std::uint64_t read_avx512(const std::uint64_t* words, std::size_t count) {
    __m512i sum[8];
    for (__m512i& s : sum) s = _mm512_setzero_si512();
    std::size_t i = 0;
    for (; i + 64 <= count; i += 64)
        for (int j = 0; j < 8; ++j) sum[j] = _mm512_add_epi64(sum[j], _mm512_loadu_si512(words + i + 8 * j));
    std::uint64_t lanes[64];
    for (int j = 0; j < 8; ++j) _mm512_storeu_si512(lanes + 8 * j, sum[j]);
    return tail(lanes, 0, 64) + tail(words, i, count);
}

[[gnu::target("avx2")]] std::uint64_t read_avx2(const std::uint64_t* words, std::size_t count) {
    __m256i sum[8];
    for (__m256i& s : sum) s = _mm256_setzero_si256();
    std::size_t i = 0;
    for (; i + 32 <= count; i += 32)
        for (int j = 0; j < 8; ++j) sum[j] = _mm256_add_epi64(sum[j], _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words + i + 4 * j)));
    std::uint64_t lanes[32];
    for (int j = 0; j < 8; ++j) _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes + 4 * j), sum[j]);
    return tail(lanes, 0, 32) + tail(words, i, count);
}

std::uint64_t read_baseline(const std::uint64_t* words, std::size_t count) {
    __m128i sum[8];
    for (__m128i& s : sum) s = _mm_setzero_si128();
    std::size_t i = 0;
    for (; i + 16 <= count; i += 16)
        for (int j = 0; j < 8; ++j) sum[j] = _mm_add_epi64(sum[j], _mm_loadu_si128(reinterpret_cast<const __m128i*>(words + i + 2 * j)));
    std::uint64_t lanes[16];
    for (int j = 0; j < 8; ++j) _mm_storeu_si128(reinterpret_cast<__m128i*>(lanes + 2 * j), sum[j]);
    return tail(lanes, 0, 16) + tail(words, i, count);
}

}  // namespace

std::size_t second_level_cache() {
    const long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
    return bytes > 0 ? static_cast<std::size_t>(bytes) : std::size_t{1} << 20;
}

std::uint64_t read_all(std::span<const std::uint64_t> words) {
    switch (chosen_isa()) {
    case Isa::avx512: return read_avx512(words.data(), words.size());
    case Isa::avx2: return read_avx2(words.data(), words.size());
    default: return read_baseline(words.data(), words.size());
    }
}

}  // namespace costate::kernels
