#include "kernels/straight_line.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
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
    const std::size_t count = run_of(steps->op);
    const LineOp op = first_of(steps->op);
    T x[most_calls], y[most_calls], slope[most_calls];
    for (std::size_t k = 0; k < count; ++k) x[k] = s[steps[k].a];
    if (family_of(op) == LineOp::value) table.apply(function_of(op), count, x, y);
    else table.apply_with_slope(function_of(op), count, x, y, slope);
    for (std::size_t k = 0; k < count; ++k) s[steps[k].d] = family_of(op) == LineOp::slope ? slope[k] : y[k];
    for (std::size_t k = 0; family_of(op) == LineOp::both && k < count; ++k) s[steps[k].b] = slope[k];
    return count;
}

/// body(step) for each of a run, of `size` steps each; moves i behind them.
template <class Body>
[[gnu::always_inline]] inline void each(const LineStep*& i, std::size_t size, const Body& body) {
    std::size_t rest = run_of(i->op);
    do {
        body(*i);
        i += size;
    } while (--rest > 0);
}

/// Whether the guards of a run held; moves i behind them.
template <class T>
bool guards_hold(const LineStep*& i, const T* s) {
    bool all = true;
    each(i, 1, [&](const LineStep& j) { all = all && holds(j.d, s[j.a], s[j.b]); });
    return all;
}

/// The code at batch 1. Equal steps side by side run without a look at what they are.
template <class T>
bool run_one(const LineView<T>& line, const simd::Table<T>& table, T* const* arrays, T* kept, T* s) {
    std::copy_n(line.constants, line.constant_count, s);
    const LineStep* i = line.steps;
    while (true) {
        // clang-format off
        switch (code_of(first_of(i->op))) {
        case code_of(LineOp::add): each(i, 1, [&](const LineStep& j) { s[j.d] = s[j.a] + s[j.b]; }); break;
        case code_of(LineOp::sub): each(i, 1, [&](const LineStep& j) { s[j.d] = s[j.a] - s[j.b]; }); break;
        case code_of(LineOp::mul): each(i, 1, [&](const LineStep& j) { s[j.d] = s[j.a] * s[j.b]; }); break;
        case code_of(LineOp::div): each(i, 1, [&](const LineStep& j) { s[j.d] = s[j.a] / s[j.b]; }); break;
        case code_of(product_add): each(i, 2, [&](const LineStep& j) { s[j.d] = s[(&j)[1].a] + s[j.a] * s[j.b]; }); break;
        case code_of(product_from): each(i, 2, [&](const LineStep& j) { s[j.d] = s[(&j)[1].a] - s[j.a] * s[j.b]; }); break;
        case code_of(product_sub): each(i, 2, [&](const LineStep& j) { s[j.d] = s[j.a] * s[j.b] - s[(&j)[1].a]; }); break;
        case code_of(LineOp::negate): each(i, 1, [&](const LineStep& j) { s[j.d] = -s[j.a]; }); break;
        case code_of(LineOp::sqrt): each(i, 1, [&](const LineStep& j) { s[j.d] = std::sqrt(s[j.a]); }); break;
        case code_of(LineOp::relu): each(i, 1, [&](const LineStep& j) { s[j.d] = s[j.a] < T(0) ? T(0) : s[j.a]; }); break;
        case code_of(LineOp::relu_slope): each(i, 1, [&](const LineStep& j) { s[j.d] = s[j.a] > T(0) ? T(1) : T(0); }); break;
        case code_of(LineOp::load_row):
        case code_of(LineOp::load_shared): each(i, 1, [&](const LineStep& j) { s[j.d] = arrays[j.a][j.b]; }); break;
        case code_of(LineOp::load_kept): each(i, 1, [&](const LineStep& j) { s[j.d] = kept[j.a]; }); break;
        case code_of(LineOp::store_row): each(i, 1, [&](const LineStep& j) { arrays[j.d][j.b] = s[j.a]; }); break;
        case code_of(LineOp::store_kept): each(i, 1, [&](const LineStep& j) { kept[j.d] = s[j.a]; }); break;
        case code_of(LineOp::accumulate): each(i, 1, [&](const LineStep& j) { arrays[j.d][j.b] += s[j.a]; }); break;
        case code_of(LineOp::guard):
            if (!guards_hold(i, s)) return false;
            break;
        case code_of(LineOp::end): return true;
        default: i += call_functions(i, table, s); break;
        }
        // clang-format on
    }
}

std::size_t lanes_of(Isa isa, std::size_t value_bytes) {
    return (isa == Isa::avx512 ? 64 : isa == Isa::avx2 ? 32 : 16) / value_bytes;
}

VectorCode with_places(MachineCode code, std::size_t lanes, const std::vector<LineStep>& steps) {
    VectorCode v{std::move(code), lanes, {}, {}, {}};
    for (const LineStep& i : steps) {
        const LineOp op = i.op;
        if (op == LineOp::load_row) v.rows.push_back({true, i.a, i.b});
        if (op == LineOp::store_row) v.rows.push_back({false, i.d, i.b});
        if (op == LineOp::load_kept) v.kept_in.push_back(i.a);
        if (op == LineOp::store_kept) v.kept_out.push_back(i.d);
    }
    for (const auto& list : {v.kept_in, v.kept_out})
        for (const std::uint16_t i : list) v.kept = std::max<std::size_t>(v.kept, i + 1u);
    return v;
}

/// to[to_step b] = from[from_step b], b < count
template <class T>
void copy_strided(const T* from, std::size_t from_step, T* to, std::size_t to_step, std::size_t count) {
    std::size_t b = 0;
    for (; b + 4 <= count; b += 4, from += 4 * from_step, to += 4 * to_step) {
        const T v0 = from[0], v1 = from[from_step], v2 = from[2 * from_step], v3 = from[3 * from_step];
        to[0] = v0;
        to[to_step] = v1;
        to[2 * to_step] = v2;
        to[3 * to_step] = v3;
    }
    for (; b < count; ++b, from += from_step, to += to_step) *to = *from;
}

/// One block of a batch: samples first … first + count, count at most the lanes; lanes beyond repeat the last sample.
template <class T>
class Block {
public:
    Block(const VectorCode& v, const std::vector<std::size_t>& sizes, T* const* arrays, T* rows, std::size_t first, std::size_t count)
        : v_(v), sizes_(sizes), arrays_(arrays), rows_(rows), first_(first), count_(count) {}

    void load_rows() const {
        for (std::size_t k = 0; k < v_.rows.size(); ++k) {
            if (!v_.rows[k].load) continue;
            T* const to = rows_ + k * v_.lanes;
            const std::size_t size = sizes_[v_.rows[k].array];
            const T* const from = arrays_[v_.rows[k].array] + first_ * size + v_.rows[k].index;
            copy_strided(from, size, to, 1, count_);
            pad(to);
        }
    }
    void store_rows() const {
        for (std::size_t k = 0; k < v_.rows.size(); ++k) {
            if (v_.rows[k].load) continue;
            const T* const from = rows_ + k * v_.lanes;
            const std::size_t size = sizes_[v_.rows[k].array];
            T* const to = arrays_[v_.rows[k].array] + first_ * size + v_.rows[k].index;
            copy_strided(from, 1, to, size, count_);
        }
    }
    /// Between the kept values of a batch and whole vectors.
    void load_kept(const T* kept, std::size_t batch, T* whole) const {
        for (const std::size_t i : v_.kept_in) {
            std::copy_n(kept + i * batch + first_, count_, whole + i * v_.lanes);
            pad(whole + i * v_.lanes);
        }
    }
    void store_kept(T* kept, std::size_t batch, const T* whole) const {
        for (const std::size_t i : v_.kept_out) std::copy_n(whole + i * v_.lanes, count_, kept + i * batch + first_);
    }

private:
    void pad(T* values) const { std::fill(values + count_, values + v_.lanes, values[count_ - 1]); }

    const VectorCode& v_;
    const std::vector<std::size_t>& sizes_;
    T* const* arrays_;
    T* rows_;
    std::size_t first_, count_;
};

/// The next address that a whole cache line starts at.
template <class T>
T* aligned(T* p) {
    return p + (64 - reinterpret_cast<std::uintptr_t>(p) % 64) % 64 / sizeof(T);
}

}  // namespace

template <class T>
StraightLine<T>::StraightLine(LinePlan plan, const std::vector<T>& constants, const simd::Table<T>& table)
    : plan_(std::move(plan)), table_(&table), lanes_(most_lanes) {
    for (const ValueId id : plan_.constants) constants_.push_back(constants[id]);
    runs_ = make_runs(plan_.steps, constants_.size(), plan_.slots);
    while (lanes_ > 16 && runs_.slots * lanes_ * sizeof(T) > tile_bytes) lanes_ /= 2;
}

template <class T>
LineView<T> StraightLine<T>::view(const std::vector<LineStep>& steps) const {
    return {steps.data(), constants_.data(), constants_.size(), plan_.rows.data()};
}

template <class T>
std::size_t StraightLine<T>::scratch(std::size_t batch) const {
    if (batch == 1) return runs_.slots;
    if (vector_) return (2 * vector_->rows.size() + vector_->kept + plan_.targets.size()) * vector_->lanes + 64 / sizeof(T);
    return (runs_.slots + plan_.targets.size() + 2) * stride();
}

template <class T>
bool StraightLine<T>::run(T* const* arrays, T* kept, std::size_t batch, std::span<T> scratch) const {
    if (batch != 1 && vector_) return run_vectors(arrays, kept, batch, aligned(scratch.data()));
    if (batch != 1) return run_tiles(arrays, kept, batch, aligned(scratch.data()));
    if (one_) return one_->run(arrays, kept);
    return run_one(view(runs_.steps), *table_, arrays, kept, scratch.data());
}

template <class T>
bool StraightLine<T>::compile() {
    if (one_) return true;
    const std::size_t lanes = lanes_of(table_->isa, sizeof(T));
    one_ = make_machine_code(view(plan_.steps), plan_.slots, *table_, 1);
    if (auto code = make_machine_code(view(plan_.steps), plan_.slots, *table_, lanes)) vector_ = with_places(std::move(*code), lanes, plan_.steps);
    return compiled();
}

template <class T>
bool StraightLine<T>::run_tiles(T* const* arrays, T* kept, std::size_t batch, T* scratch) const {
    const LineView<T> line = view(runs_.steps);
    T* const terms = scratch + runs_.slots * stride();
    for (std::size_t first = 0; first < batch; first += lanes_) {
        const std::size_t count = std::min(lanes_, batch - first);
        if (!table_->straight_line(line, {arrays, kept, batch, first, count, stride(), scratch, terms})) return false;
        add_terms(arrays, count, terms, stride());
    }
    return true;
}

template <class T>
bool StraightLine<T>::run_vectors(T* const* arrays, T* kept, std::size_t batch, T* scratch) const {
    const std::size_t lanes = vector_->lanes;
    std::array<T*, 2> rows{scratch, scratch + vector_->rows.size() * lanes};
    T* const whole = rows[1] + vector_->rows.size() * lanes;
    T* const terms = whole + vector_->kept * lanes;
    const auto block_at = [&](std::size_t first, T* its_rows) {
        return Block<T>(*vector_, plan_.rows, arrays, its_rows, first, std::min(lanes, batch - first));
    };
    block_at(0, rows[0]).load_rows();
    for (std::size_t first = 0; first < batch; first += lanes) {
        const std::size_t count = std::min(lanes, batch - first);
        const Block<T> block = block_at(first, rows[0]);
        const bool part = count < lanes;
        if (part) block.load_kept(kept, batch, whole);
        if (first + lanes < batch) block_at(first + lanes, rows[1]).load_rows();
        if (!vector_->code.run(arrays, {part ? whole : kept + first, (part ? lanes : batch) * sizeof(T), rows[0], terms})) return false;
        block.store_rows();
        if (part) block.store_kept(kept, batch, whole);
        add_terms(arrays, count, terms, lanes);
        std::swap(rows[0], rows[1]);
    }
    return true;
}

template <class T>
void StraightLine<T>::add_terms(T* const* arrays, std::size_t count, const T* terms, std::size_t stride) const {
    const auto& chain = plan_.chain;
    for (std::size_t begin = 0, end = 0; begin < chain.size(); begin = end) {
        const LinePlan::Target target = plan_.targets[chain[begin]];
        while (end < chain.size() && plan_.targets[chain[end]] == target) ++end;
        T total = arrays[target.array][target.index];
        for (std::size_t b = 0; b < count; ++b)
            for (std::size_t k = begin; k < end; ++k) total = total + terms[chain[k] * stride + b];
        arrays[target.array][target.index] = total;
    }
}

template class StraightLine<float>;
template class StraightLine<double>;

}  // namespace costate::kernels
