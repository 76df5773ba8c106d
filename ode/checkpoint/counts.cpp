#include "ode/checkpoint/counts.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace costate::ode::checkpoint {

std::uint64_t beta(std::uint64_t s, std::uint64_t r) {
    constexpr std::uint64_t limit = std::uint64_t{1} << 62;
    const std::uint64_t k = std::min(s, r), rest = std::max(s, r);
    std::uint64_t value = 1;
    for (std::uint64_t j = 1; j <= k; ++j) {
        if (value > 2 * limit / (rest + j)) return limit;
        value = value * (rest + j) / j;
    }
    return std::min(value, limit);
}

std::uint64_t repetitions(std::uint64_t n, std::uint64_t s) {
    if (n == 0 || (s == 0 && n > 1))
        throw std::invalid_argument("checkpoints: " + std::to_string(n) + " steps cannot be reversed with " + std::to_string(s) +
                                    " slots; give at least one step and one slot");
    if (n == 1) return 0;
    if (n <= s + 1) return 1;
    std::uint64_t low = 1, high = 2;  // β(s, low) < n ≤ β(s, high)
    if (n < std::uint64_t{1} << 31 && s < std::uint64_t{1} << 30) {  // few repetitions one by one: a division each
        for (std::uint64_t value = s + 1; high <= 16; low = high++)
            if ((value = value * (s + high) / high) >= n) return high;
    }
    while (beta(s, high) < n) {
        low = high;
        high *= 2;
    }
    while (high - low > 1) {
        const std::uint64_t middle = low + (high - low) / 2;
        (beta(s, middle) < n ? low : high) = middle;
    }
    return high;
}

std::uint64_t binomial_extra(std::uint64_t n, std::uint64_t s) {
    const std::uint64_t r = repetitions(n, s);
    return r == 0 ? 0 : r * n - beta(s + 1, r - 1);
}

std::uint64_t binomial_split(std::uint64_t n, std::uint64_t s) {
    const std::uint64_t r = repetitions(n, s);
    if (r < 2) return 1;
    const std::uint64_t least = beta(s, r - 2), most = beta(s, r - 1);
    return least + std::min(n - most, most - least);
}

namespace {

/// The groups [1 0^(s−j)] of P(s, r), j = 1 … s: c_j of length s − j + 1, a_j of which are those of P(s, r−1).
struct Groups {
    std::uint64_t s, r, j = 1, count = 1, from_left = 1;

    [[nodiscard]] std::uint64_t length() const { return s - j + 1; }
    void next() {
        count = count * (r - 2 + j) / j;
        ++j;
        from_left = r == 2 ? 0 : count - count * (j - 1) / (r - 3 + j);
    }
};

}  // namespace

std::uint64_t mixed_total(std::uint64_t n, std::uint64_t s) {
    if (const std::uint64_t r = repetitions(n, s); r >= 2) {
        const std::uint64_t corner = beta(s, r - 1);
        std::uint64_t left = n - corner, total = (r - 1) * corner - beta(s + 1, r - 2) + beta(s, r - 2) + r * left;
        for (Groups g{s, r}; left > 0; g.next()) {
            const std::uint64_t taken = std::min(left, g.count * g.length());
            total += (taken + g.length() - 1) / g.length();
            left -= taken;
        }
        return total;
    }
    return n;
}

std::uint64_t mixed_split(std::uint64_t n, std::uint64_t s) {
    const std::uint64_t r = repetitions(n, s);
    if (r < 2) return 1;
    std::uint64_t left = n - beta(s, r - 1), first = beta(s, r - 2);
    for (Groups g{s, r}; left > 0; g.next()) {
        const std::uint64_t taken = std::min(left, g.count * g.length());
        first += std::min(taken, g.from_left * g.length());
        left -= taken;
    }
    return first;
}

}  // namespace costate::ode::checkpoint
