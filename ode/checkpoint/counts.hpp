// How many forward steps the reverse of n steps takes with s slots, and where the first slot is best refilled.
#pragma once

#include <cstddef>
#include <cstdint>

namespace costate::ode::checkpoint {

/// β(s, r) = C(s + r, s): the most steps that s slots reverse with no step taken forward more than r times before it is recorded.
/// From 2⁶² on the result is 2⁶².
std::uint64_t beta(std::uint64_t s, std::uint64_t r);

/// r(n, s) = min{r : β(s, r) ≥ n}. Throws std::invalid_argument for n = 0, or s = 0 and n > 1.
std::uint64_t repetitions(std::uint64_t n, std::uint64_t s);

/// E(n, s) = r n − β(s+1, r−1): the fewest forward steps beyond n when a slot holds a state; the step that is recorded counts each
/// time, s counts the slot of x₀, and the n-th step is recorded when it is first taken. E(n, n−1) = n − 1.
/// (Griewank & Walther, "Algorithm 799: revolve", 2000.) Throws as repetitions.
std::uint64_t binomial_extra(std::uint64_t n, std::uint64_t s);

/// i(n, s), 1 ≤ i < n, with E(n, s) = i + E(i, s) + E(n−i, s−1): save x₀, advance i steps. n ≥ 2. Throws as repetitions.
std::uint64_t binomial_split(std::uint64_t n, std::uint64_t s);

/// M(n, s) = n for n ≤ s + 1, else min{1 + M(n−1, s−1), min_{2≤i<n} i + M(i, s) + M(n−i, s−1)}: the fewest forward steps, n included,
/// when a slot holds a state or a step's record (Maddison, "Step-based checkpointing with high-level algorithmic differentiation",
/// 2024, who tabulates the recursion). In closed form, with β(s, r−1) < n ≤ β(s, r), q = n − β(s, r−1):
///   M(β(s, r), s) = r β(s, r) − β(s+1, r−1) + β(s, r−1),   M(n, s) = M(β(s, r−1), s) + r q + #(ones among the first q of P(s, r)),
///   P(s, r) = [1 0^(s−1)]^c₁ [1 0^(s−2)]^c₂ … [1]^c_s,  c_j = C(r−3+j, j−1),  r ≥ 2.
/// By c_j(s, r) = c_j(s, r−1) + c_{j−1}(s−1, r) P(s, r) is made of the groups of P(s, r−1) and P(s−1, r): the split below.
/// Throws as repetitions.
std::uint64_t mixed_total(std::uint64_t n, std::uint64_t s);

/// i(n, s), 1 ≤ i < n, that attains M(n, s): i = 1 is "record the first step, keep its record", i ≥ 2 "save x₀, advance i steps".
/// n ≥ 2. Throws as repetitions.
std::uint64_t mixed_split(std::uint64_t n, std::uint64_t s);

}  // namespace costate::ode::checkpoint
