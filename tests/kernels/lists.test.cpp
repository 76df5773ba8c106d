// Lists of indices: bitwise the plain loops, on every instruction set, and inside their arrays.
#include "guarded.hpp"
#include "kernels/simd/table.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>

using namespace costate::kernels;
using simd::IndexList;

namespace {

constexpr std::uint32_t none = 0xffffffff;

struct Listed {
    std::string name;
    std::size_t size;
    std::vector<std::uint32_t> index;
};

/// The patterns that have ways of their own, mixtures of them, and none at all, over `size` values.
std::vector<Listed> lists(std::size_t n, std::size_t size) {
    std::mt19937 random(static_cast<unsigned>(n * 31 + size));
    std::vector<Listed> all;
    const auto list = [&](const char* name, auto index) {
        all.push_back({name, size, {}});
        for (std::size_t i = 0; i < n; ++i) all.back().index.push_back(static_cast<std::uint32_t>(index(i)));
    };
    list("neighbours", [&](std::size_t i) { return i % size; });
    list("backwards", [&](std::size_t i) { return size - 1 - i % size; });
    list("pairs", [&](std::size_t i) { return i / 2 % size; });
    list("triples", [&](std::size_t i) { return i / 3 % size; });
    list("every second", [&](std::size_t i) { return 2 * i % size; });
    list("one", [&](std::size_t) { return size - 1; });
    list("runs of 20", [&](std::size_t i) { return i / 20 % size; });
    list("runs of 37 backwards", [&](std::size_t i) { return size - 1 - i / 37 % size; });
    list("at random", [&](std::size_t) { return random() % size; });
    list("close at random", [&](std::size_t i) { return std::min(size - 1, i / 2 + random() % 3); });
    list("padded", [&](std::size_t i) { return i % 24 < 3 ? none : std::min<std::size_t>(size - 1, i % 24 - 3); });
    list("nothing", [&](std::size_t) { return none; });
    list("runs and nothing", [&](std::size_t i) { return i / 18 % 3 == 1 ? none : i / 18 % size; });
    list("rows of 24", [&, row = std::size_t{0}](std::size_t i) mutable {
        if (i % 24 == 0) row = random() % size;
        return (row + i % 24) % size;
    });
    return all;
}

template <class F>
void for_lists(F f) {
    for (const std::size_t n : {1, 3, 4, 7, 8, 15, 16, 17, 33, 64, 100, 333})
        for (const std::size_t size : {1, 2, 5, 15, 16, 31, 32, 33, 150})
            for (const Listed& l : lists(n, size)) f(l);
}

template <class T>
void fill(T* x, std::size_t n, bool special, unsigned seed) {
    std::mt19937 random(seed);
    const T infinity = std::numeric_limits<T>::infinity(), values[] = {std::numeric_limits<T>::quiet_NaN(), infinity, -infinity, T(-0.0), T(0.0)};
    for (std::size_t i = 0; i < n; ++i) x[i] = special && random() % 4 == 0 ? values[random() % 5] : T(static_cast<int>(random() % 19) - 9) / T(7);
}
/// Bit by bit, but that a NaN is a NaN.
template <class T>
bool same(const T* a, const std::vector<T>& b) {
    for (std::size_t i = 0; i < b.size(); ++i)
        if (std::memcmp(a + i, &b[i], sizeof(T)) != 0 && !(std::isnan(a[i]) && std::isnan(b[i]))) return false;
    return true;
}

}  // namespace

TEMPLATE_TEST_CASE("values picked and added up by indices are those of the loops, bit by bit", "[quick]", float, double) {
    using T = TestType;
    for_lists([](const Listed& l) {
        const std::size_t n = l.index.size(), m = l.size, rows = 1 + n % 7;
        Guarded<T> x(rows * m), y(rows * n);
        Guarded<std::uint32_t> index(n);
        std::copy(l.index.begin(), l.index.end(), static_cast<std::uint32_t*>(index));
        const IndexList list{index, n, 1, rows, m};
        fill<T>(x, rows * m, true, 1);
        std::vector<T> start(rows * n), picked(rows * n), added(rows * n), from(rows * n), sums(rows * m, T(0.1));
        fill(start.data(), start.size(), false, 2);
        fill(from.data(), from.size(), false, 3);
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t i = 0; i < n; ++i) {
                const std::uint32_t k = l.index[i];
                picked[r * n + i] = k == none ? T(0) : x[r * m + k];
                added[r * n + i] = k == none ? start[r * n + i] : start[r * n + i] + x[r * m + k];
                if (k != none) sums[r * m + k] += from[r * n + i];
            }
        for (const Isa isa : supported_isas()) {
            INFO(name(isa) << ": " << n << " of " << m << ", " << l.name);
            const auto& t = simd::table<T>(isa);
            t.pick(list, x, y, false);
            CHECK(same<T>(y, picked));
            std::copy(start.begin(), start.end(), static_cast<T*>(y));
            t.pick(list, x, y, true);
            CHECK(same<T>(y, added));
            Guarded<T> bar(rows * m);
            std::fill_n(static_cast<T*>(bar), rows * m, T(0.1));
            std::copy(from.begin(), from.end(), static_cast<T*>(y));
            t.scatter(list, y, bar);
            CHECK(same<T>(bar, sums));
        }
    });
}

TEMPLATE_TEST_CASE("a constant sparse matrix and its transpose are the loops, bit by bit", "[quick]", float, double) {
    using T = TestType;
    std::size_t different = 0;
    for_lists([&](const Listed& l) {
        const std::size_t entries = 1 + l.index.size() % 5, n = l.index.size() / entries, m = l.size, rows = 1 + 3 * (m % 8);
        if (n == 0) return;
        Guarded<T> x(rows * m), y(rows * n), c(entries * n), columns(m * simd::widest);
        Guarded<std::uint32_t> index(entries * n);
        std::copy_n(l.index.begin(), entries * n, static_cast<std::uint32_t*>(index));
        const IndexList list{index, n, entries, rows, m};
        fill<T>(x, rows * m, false, 1);
        fill<T>(c, entries * n, false, 2);
        std::vector<T> wanted(rows * n), turned(rows * n), y_bar(rows * n), bar(rows * m, T(0.1));
        fill(y_bar.data(), y_bar.size(), false, 3);
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t k = 0; k < entries; ++k) {
                    if (const std::uint32_t at = index[k * n + i]; at != none) {
                        wanted[r * n + i] += c[k * n + i] * x[r * m + at];
                        bar[r * m + at] += c[k * n + i] * y_bar[r * n + i];
                    }
                    if (const std::uint32_t at = index[(entries - 1 - k) * n + i]; at != none) turned[r * n + i] += c[(entries - 1 - k) * n + i] * x[r * m + at];
                }
        different += turned != wanted ? 1 : 0;  // the control: the opposite order
        for (const Isa isa : supported_isas()) {
            INFO(name(isa) << ": " << n << " of " << m << ", " << entries << " entries, " << rows << " rows, " << l.name);
            const auto& t = simd::table<T>(isa);
            t.sparse(list, c, x, y);
            CHECK(same<T>(y, wanted));
            for (const bool in_columns : {false, true}) {
                Guarded<T> x_bar(rows * m);
                std::fill_n(static_cast<T*>(x_bar), rows * m, T(0.1));
                std::copy(y_bar.begin(), y_bar.end(), static_cast<T*>(y));
                t.sparse_vjp(list, c, y, x_bar, in_columns ? static_cast<T*>(columns) : nullptr);
                CHECK(same<T>(x_bar, bar));
            }
        }
    });
    CHECK(different > 0);
}

TEMPLATE_TEST_CASE("the largest over entries and which it is are those of the loop, NaN and equal values included", "[quick]", float, double) {
    using T = TestType;
    for_lists([](const Listed& l) {
        const std::size_t entries = 1 + l.index.size() % 6, n = l.index.size() / entries, m = l.size, rows = 1 + m % 6;
        if (n == 0 || std::find(l.index.begin(), l.index.end(), none) != l.index.end()) return;
        Guarded<T> x(rows * m), y(rows * n), kept(rows * n);
        Guarded<std::uint32_t> index(entries * n);
        std::copy_n(l.index.begin(), entries * n, static_cast<std::uint32_t*>(index));
        for (const bool special : {false, true}) {
            fill<T>(x, rows * m, special, 5);
            std::vector<T> wanted, which;
            for (std::size_t r = 0; r < rows; ++r)
                for (std::size_t i = 0; i < n; ++i) {
                    wanted.push_back(x[r * m + index[i]]), which.push_back(T(0));
                    for (std::size_t k = 1; k < entries; ++k) {
                        const T next = x[r * m + index[k * n + i]];
                        if (next > wanted.back() || (std::isnan(next) && !std::isnan(wanted.back()))) wanted.back() = next, which.back() = T(k);
                    }
                }
            for (const Isa isa : supported_isas()) {
                INFO(name(isa) << ": " << n << " of " << m << ", " << entries << " entries, " << rows << " rows, " << l.name);
                const auto& t = simd::table<T>(isa);
                t.list_max({index, n, entries, rows, m}, x, y, nullptr);
                CHECK(same<T>(y, wanted));
                std::fill_n(static_cast<T*>(y), rows * n, T(9));
                t.list_max({index, n, entries, rows, m}, x, y, kept);
                CHECK(same<T>(y, wanted));
                CHECK(same<T>(kept, which));
            }
        }
    });
}
