#include "kernels/straight_line.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace costate::kernels {

namespace {

/// The slots of a tile stay in the smallest L1 in use, 32 KiB, and leave room for the caller's rows.
constexpr std::size_t tile_bytes = 28 << 10;
constexpr std::size_t most_lanes = 64;

template <class T>
bool holds(std::uint16_t detail, T a, T b) {
    const auto comparison = static_cast<Comparison>(detail / 2);
    const bool result = comparison == Comparison::less ? a < b : comparison == Comparison::less_equal ? a <= b : a == b;
    return result == (detail % 2 != 0);
}

/// Function steps at one sample, as many as the first says; returns how many.
template <class T>
[[gnu::noinline]] std::size_t call_functions(const LineStep* steps, const simd::Table<T>& table, T* s) {
    const std::size_t count = calls_of(steps->op);
    const LineOp op = first_of(steps->op);
    T x[most_calls], y[most_calls], slope[most_calls];
    for (std::size_t k = 0; k < count; ++k) x[k] = s[steps[k].a];
    if (family_of(op) == LineOp::value) table.apply(function_of(op), count, x, y);
    else table.apply_with_slope(function_of(op), count, x, y, slope);
    for (std::size_t k = 0; k < count; ++k) s[steps[k].d] = family_of(op) == LineOp::slope ? slope[k] : y[k];
    for (std::size_t k = 0; family_of(op) == LineOp::both && k < count; ++k) s[steps[k].b] = slope[k];
    return count;
}

/// The code at batch 1.
template <class T>
bool run_one(const LineView<T>& line, const simd::Table<T>& table, T* const* arrays, T* kept, T* s) {
    std::copy_n(line.constants, line.constant_count, s);
    for (const LineStep* i = line.steps;; ++i) {
        // clang-format off
        switch (i->op) {
        case LineOp::add: s[i->d] = s[i->a] + s[i->b]; break;
        case LineOp::sub: s[i->d] = s[i->a] - s[i->b]; break;
        case LineOp::mul: s[i->d] = s[i->a] * s[i->b]; break;
        case LineOp::div: s[i->d] = s[i->a] / s[i->b]; break;
        case LineOp::negate: s[i->d] = -s[i->a]; break;
        case LineOp::sqrt: s[i->d] = std::sqrt(s[i->a]); break;
        case LineOp::relu: s[i->d] = s[i->a] < T(0) ? T(0) : s[i->a]; break;
        case LineOp::relu_slope: s[i->d] = s[i->a] > T(0) ? T(1) : T(0); break;
        case LineOp::load_row:
        case LineOp::load_shared: s[i->d] = arrays[i->a][i->b]; break;
        case LineOp::load_kept: s[i->d] = kept[i->a]; break;
        case LineOp::store_row: arrays[i->d][i->b] = s[i->a]; break;
        case LineOp::store_kept: kept[i->d] = s[i->a]; break;
        case LineOp::accumulate: arrays[i->d][i->b] += s[i->a]; break;
        case LineOp::guard:
            if (!holds(i->d, s[i->a], s[i->b])) return false;
            break;
        case LineOp::end: return true;
        default: i += call_functions(i, table, s) - 1; break;
        }
        // clang-format on
    }
}

}  // namespace

template <class T>
StraightLine<T>::StraightLine(LinePlan plan, const std::vector<T>& constants, const simd::Table<T>& table)
    : plan_(std::move(plan)), table_(&table), lanes_(most_lanes) {
    for (const ValueId id : plan_.constants) constants_.push_back(constants[id]);
    while (lanes_ > 16 && plan_.slots * lanes_ * sizeof(T) > tile_bytes) lanes_ /= 2;
}

template <class T>
LineView<T> StraightLine<T>::view() const {
    return {plan_.steps.data(), constants_.data(), constants_.size(), plan_.rows.data()};
}

template <class T>
std::size_t StraightLine<T>::scratch(std::size_t batch) const {
    return batch == 1 ? plan_.slots : (plan_.slots + plan_.targets.size() + 1) * lanes_;
}

template <class T>
bool StraightLine<T>::run(T* const* arrays, T* kept, std::size_t batch, std::span<T> scratch) const {
    if (batch != 1) return run_tiles(arrays, kept, batch, scratch.data());
    if (machine_) return machine_->run(arrays, kept);
    return run_one(view(), *table_, arrays, kept, scratch.data());
}

template <class T>
bool StraightLine<T>::compile() {
    if (!machine_) machine_ = make_machine_code(view(), plan_.slots, *table_);
    return compiled();
}

template <class T>
bool StraightLine<T>::run_tiles(T* const* arrays, T* kept, std::size_t batch, T* scratch) const {
    const LineView<T> line = view();
    T* const terms = scratch + plan_.slots * lanes_;
    for (std::size_t first = 0; first < batch; first += lanes_) {
        const std::size_t count = std::min(lanes_, batch - first);
        if (!table_->straight_line(line, {arrays, kept, batch, first, count, lanes_, scratch, terms})) return false;
        add_terms(arrays, count, terms);
    }
    return true;
}

template <class T>
void StraightLine<T>::add_terms(T* const* arrays, std::size_t count, const T* terms) const {
    const auto& chain = plan_.chain;
    for (std::size_t begin = 0, end = 0; begin < chain.size(); begin = end) {
        const LinePlan::Target target = plan_.targets[chain[begin]];
        while (end < chain.size() && plan_.targets[chain[end]] == target) ++end;
        T total = arrays[target.array][target.index];
        for (std::size_t b = 0; b < count; ++b)
            for (std::size_t k = begin; k < end; ++k) total = total + terms[chain[k] * lanes_ + b];
        arrays[target.array][target.index] = total;
    }
}

template class StraightLine<float>;
template class StraightLine<double>;

}  // namespace costate::kernels
