// What the lanes of a batch hold, and sums over them with a step size each.
#pragma once

#include "kernels/elementwise.hpp"
#include "kernels/reduce.hpp"
#include "ode/adaptive/accepted_step.hpp"
#include "ode/sample_time_field.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace costate::ode {

enum class BatchSteps {
    per_sample,  ///< every sample on a grid of its own
    common,      ///< one grid, as fine as the hardest sample asks
};

struct BatchOptions {
    BatchSteps steps = BatchSteps::per_sample;
    std::size_t lanes = 64;  ///< rows that f is given at once, at most
};

/// calls of f, samples evaluated in them, and how many they had room for: calls · lanes.
struct BatchCounts {
    std::size_t calls = 0, rows = 0, room = 0;
    [[nodiscard]] double occupancy() const { return room == 0 ? 1 : static_cast<double>(rows) / static_cast<double>(room); }
    friend bool operator==(const BatchCounts&, const BatchCounts&) = default;
};

template <Scalar T>
struct BatchResult {
    std::vector<AdaptiveResult<T>> samples;
    BatchCounts counts;

    /// How many arrived at t₁.
    [[nodiscard]] std::size_t successes() const {
        return static_cast<std::size_t>(std::count_if(samples.begin(), samples.end(), [](const auto& sample) { return sample.status.ok(); }));
    }
};

/// Scratch of solve_batch. k is rows of slopes, one block of lanes a stage.
template <Scalar T>
struct BatchWorkspace {
    std::vector<T> k, x, x_next, e, second, y, sum, h, none, weights;
    std::vector<T> times, packed, packed_slopes;  ///< of a call on some of the lanes
    std::vector<T> slopes, first_steps;           ///< f(t₀, x_b) and the first h of every sample
    std::vector<const T*> pointers;
    std::vector<std::size_t> waiting, going;
    AdaptiveWorkspace<T> common;
    AdaptiveResult<T> shared;

    void prepare(std::size_t stages, std::size_t extra, std::size_t lanes, std::size_t dim, std::size_t batch, bool two_estimates) {
        k.resize((stages + extra) * lanes * dim);
        for (std::vector<T>* v : {&x, &x_next, &e, &y, &sum, &h, &packed, &packed_slopes}) v->resize(lanes * dim);
        second.resize(two_estimates ? lanes * dim : 0);
        none.assign(lanes * dim, -T(0));  // −0 + s = s, also where s = −0
        weights.resize(stages + extra);
        times.resize(lanes);
        slopes.resize(batch * dim);
        first_steps.resize(batch);
        pointers.reserve(stages + extra + 1);
    }
};

/// Step n (counted from 0) of a sample, as a hook of solve_batch hears of it; the spans live as long as the call.
template <Scalar T>
struct LaneStep {
    std::size_t sample = 0, n = 0;
    T t{}, h{}, t_next{};
    double error = 0;
    std::span<const T> x, x_next;
    const T* slopes = nullptr;  ///< k_1 of this sample; those of the next stage are `stride` further
    std::size_t stride = 0;
    [[nodiscard]] std::span<const T> slope(std::size_t i) const { return {slopes + i * stride, x.size()}; }
};

namespace detail {

/// out = Σ_j coefficient_j v_j over the rows of all lanes, rounded as rk_combine does inside.
template <Scalar T>
void sum_rows(std::span<const T> none, const Terms<T>& terms, std::span<const T> blocks, std::size_t block, std::vector<const T*>& pointers,
              std::span<T> out) {
    pointers.clear();
    for (const std::size_t j : terms.index) pointers.push_back(blocks.data() + j * block);
    kernels::rk_combine<T>(none.first(out.size()), T(1), terms.coefficient, pointers, out);
}

/// out = x + h ⊙ s, h an element each: rk_combine's last two operations. out may be s.
template <Scalar T>
void add_scaled(std::span<const T> x, std::span<const T> h, std::span<T> s, std::span<T> out) {
    kernels::mul<T>(h.first(s.size()), s, s);
    kernels::add<T>(x, s, out);
}

/// Calls of f on some rows, each with a time, counted.
template <Scalar T, class F>
struct BatchCalls {
    F& f;
    std::size_t lanes;
    BatchCounts& counts;

    void operator()(std::span<const T> times, std::span<const T> x, std::span<T> dx) const {
        ++counts.calls;
        counts.rows += times.size();
        counts.room += lanes;
        const std::size_t size = times.size() * f.dim();
        evaluate_at_times<T>(f, times, x.first(size), dx.first(size));
    }
};

template <Scalar T>
void copy_row(std::span<const T> from, std::span<T> to) {
    std::copy(from.begin(), from.end(), to.begin());
}

/// The states asked for at t itself.
template <Scalar T>
void save_here(const AdaptiveOptions<T>& options, const T& t, std::span<const T> x, AdaptiveResult<T>& result) {
    for (std::size_t j = result.saved.size() / x.size(); j < options.save_at.size() && options.save_at[j] == t; ++j)
        result.saved.insert(result.saved.end(), x.begin(), x.end());
}

}  // namespace detail
}  // namespace costate::ode
