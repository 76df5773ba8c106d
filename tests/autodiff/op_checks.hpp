// What is asked of every op: its value, its Jacobian by vjp and by jvp, in every combination of sharing.
#pragma once

#include "op_cases.hpp"
#include "support.hpp"

#include <limits>
#include <utility>

namespace costate::autodiff::test {

/// A case with a choice of sharing, frozen, and where it is evaluated.
template <class T>
struct Setting {
    Program<T> program;
    Arrays<T> in;
    std::vector<std::size_t> input_of;  // operand → input, or none for parameters
    std::size_t batch;
};

template <class T>
std::vector<T> case_values(std::size_t n, bool positive, std::mt19937_64& random) {
    std::vector<T> v;
    for (std::size_t i = 0; i < n; ++i) {
        if (positive) v.push_back(T(static_cast<int>(random() % 64) + 16) / T(64));
        else v.push_back(random_value<T>(random));
    }
    return v;
}

/// Operand i of the free ones is shared where bit i of `mask` is set. The same values in every scalar.
template <class T>
Setting<T> make_setting(const Case<T>& c, unsigned mask, std::size_t batch) {
    std::mt19937_64 random(11);
    Tape<T> tape;
    Arrays<T> in;
    std::vector<Var<T>> operands;
    std::vector<std::size_t> input_of;
    for (std::size_t i = 0; i < c.operands.size(); ++i) {
        const auto& [size, role] = c.operands[i];
        const bool shared = role != Role::free || (mask >> i & 1) != 0;
        auto values = case_values<T>(size * (shared ? 1 : batch), c.positive, random);
        const std::string name = std::string("x").append(std::to_string(i));
        if (role == Role::parameter) {
            operands.push_back(tape.parameter(values, name));
            input_of.push_back(static_cast<std::size_t>(-1));
        } else {
            operands.push_back(tape.input(size, shared ? Sharing::shared : Sharing::per_sample, name));
            input_of.push_back(in.size());
            in.push_back(std::move(values));
        }
    }
    tape.output(c.record(operands));
    return {freeze(tape), std::move(in), std::move(input_of), batch};
}

template <class T>
struct Matrix {
    std::size_t rows, cols;
    std::vector<T> values;
    T& operator()(std::size_t r, std::size_t c) { return values[r * cols + c]; }
    const T& operator()(std::size_t r, std::size_t c) const { return values[r * cols + c]; }
};

template <class T>
std::size_t variables(const Setting<T>& s) {
    std::size_t n = s.program.parameter_count();
    for (const auto& a : s.in) n += a.size();
    return n;
}

/// ∂output/∂(inputs, θ) row by row.
template <class T>
Matrix<T> jacobian_by_vjp(const Setting<T>& s) {
    const std::size_t rows = s.batch * s.program.outputs()[0].size;
    Matrix<T> j{rows, variables(s), {}};
    for (std::size_t r = 0; r < rows; ++r) {
        Arrays<T> bar{std::vector<T>(rows, T(0))};
        bar[0][r] = T(1);
        const auto pulled = pullback(s.program, s.in, bar, s.batch);
        for (const auto& a : pulled.in_bar) j.values.insert(j.values.end(), a.begin(), a.end());
        j.values.insert(j.values.end(), pulled.theta_bar.begin(), pulled.theta_bar.end());
    }
    return j;
}

/// The same column by column.
template <class T>
Matrix<T> jacobian_by_jvp(const Setting<T>& s) {
    const std::size_t rows = s.batch * s.program.outputs()[0].size, cols = variables(s);
    Matrix<T> j{rows, cols, std::vector<T>(rows * cols, T(0))};
    for (std::size_t c = 0; c < cols; ++c) {
        Arrays<T> in_dot = zeros<T>(s.program.inputs(), s.batch);
        std::vector<T> theta_dot(s.program.parameter_count(), T(0));
        std::size_t k = c;
        for (auto& a : in_dot) {
            if (k < a.size()) {
                a[k] = T(1);
                k = cols;
                break;
            }
            k -= a.size();
        }
        if (k < theta_dot.size()) theta_dot[k] = T(1);
        const auto pushed = pushforward(s.program, s.in, in_dot, theta_dot, s.batch);
        for (std::size_t r = 0; r < rows; ++r) j(r, c) = pushed.out_dot[0][r];
    }
    return j;
}

/// f(case, mask, batch) over all combinations of sharing, at 1 and 3 samples.
template <class T, class F>
void for_all_settings(const Case<T>& c, F f) {
    for (const std::size_t batch : {1u, 3u}) {
        for (unsigned mask = 0; mask < 1u << c.operands.size(); ++mask) {
            bool fits = true;
            for (std::size_t i = 0; i < c.operands.size(); ++i)
                fits = fits && !((mask >> i & 1) && c.operands[i].role != Role::free);
            if (fits) f(mask, batch);
        }
    }
}

/// Largest |a - b| / max(1, |b|) in units of the scalar's precision; exact scalars: 0 or 1.
template <class T, class R>
double worst(const std::vector<T>& a, const std::vector<R>& b) {
    if (a.size() != b.size()) return HUGE_VAL;
    double w = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if constexpr (ScalarTraits<T>::exact) {
            w = std::max(w, a[i] == T(b[i]) ? 0.0 : 1.0);
        } else {
            const R scale = b[i] > R(1) ? b[i] : b[i] < R(-1) ? R(-b[i]) : R(1);
            const R error = (R(a[i]) - b[i]) / scale / R(std::numeric_limits<T>::epsilon());
            const double e = std::abs(static_cast<double>(error));
            w = e == e ? std::max(w, e) : HUGE_VAL;
        }
    }
    return w;
}

/// The case's value sample by sample, by its second definition.
template <class T>
std::vector<Reference<T>> reference_value(const Case<T>& c, const Setting<T>& s) {
    using R = Reference<T>;
    std::vector<R> y;
    for (std::size_t b = 0; b < s.batch; ++b) {
        std::vector<std::vector<R>> operands;
        std::size_t offset = 0;
        for (std::size_t i = 0; i < c.operands.size(); ++i) {
            const std::size_t n = c.operands[i].size;
            const bool parameter = s.input_of[i] == static_cast<std::size_t>(-1);
            const T* data = parameter ? s.program.parameters().data() + offset : s.in[s.input_of[i]].data();
            if (parameter) offset += n;
            else if (s.program.inputs()[s.input_of[i]].sharing == Sharing::per_sample) data += b * n;
            operands.emplace_back(data, data + n);
        }
        const auto one = c.value(operands);
        y.insert(y.end(), one.begin(), one.end());
    }
    return y;
}

/// ⟨v, J u⟩ - ⟨Jᵀ v, u⟩ for random u, v.
template <class T>
T adjointness_defect(const Setting<T>& s) {
    std::mt19937_64 random(5);
    const auto v = random_arrays<T>(s.program.outputs(), s.batch, random),
               u = random_arrays<T>(s.program.inputs(), s.batch, random);
    const auto w = random_values<T>(s.program.parameter_count(), random);
    const auto pulled = pullback(s.program, s.in, v, s.batch);
    const auto pushed = pushforward(s.program, s.in, u, w, s.batch);
    return inner(v, pushed.out_dot) - (inner(pulled.in_bar, u) + inner(pulled.theta_bar, w));
}

}  // namespace costate::autodiff::test
