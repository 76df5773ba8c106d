// One Runge–Kutta step of a field of scalar code as one straight line, forward and reverse: ode::step and ode::step_vjp, run once
// on Symbols, say what there is to compute.
#pragma once

#include "kernels/straight_line.hpp"
#include "kernels/symbol.hpp"
#include "ode/step.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace costate::ode {

/// A field that can be run on Symbols: f.traced(θ) is the same field over Symbol<T>, for one sample.
template <class F, class T>
concept TraceableField = kernels::simd::Vectorised<T> && DifferentiableField<F, T> &&
    requires(const F& f, std::vector<kernels::Symbol<T>> theta) {
    { f.traced(theta) } -> DifferentiableField<kernels::Symbol<T>>;
    { f.parameters() } -> std::convertible_to<std::span<const T>>;
};

/// The lines of a step. Arrays in this order: x₀, t, h, θ, x₁; for the reverse then λ₁, λ₀, θ̄, t̄, h̄.
template <class T>
struct StepLines {
    kernels::StraightLine<T> value, first;
    std::array<kernels::StraightLine<T>, 4> reverse;  ///< everything; without time; without θ̄; without both
    std::size_t kept = 0;                             ///< values a sample between the two
};

namespace detail {

template <class T>
class StepTracer {
public:
    using S = kernels::Symbol<T>;

    /// Empty when the step is too long for a straight line.
    template <class F>
    std::optional<StepLines<T>> operator()(const Tableau& tableau, const F& field) {
        using enum kernels::ArrayLayout;
        const std::size_t n = field.dim();
        const std::vector<S> x0 = loads(declare(rows, n, true), n), t = loads(declare(shared, 1, true), 1),
                             h = loads(declare(shared, 1, true), 1);
        const std::size_t p = field.parameter_count();
        auto f = field.traced(loads(declare(shared, p, true), p));
        using Traced = decltype(f);
        const Coefficients<S> method(tableau);
        StepWorkspace<S> ws;
        StepRecord<Traced, S> record;
        std::vector<S> x1(n);
        step<S>(method, f, t[0], h[0], x0, x1, record, ws);
        stores(declare(rows, n, false), x1);
        trace_.begin_second_half();
        std::vector<S> lambda = loads(declare(rows, n, false), n);
        const std::uint16_t lambda0 = declare(rows, n, false), theta = declare(shared, p, false),
                            t_bar = declare(shared, 1, false), h_bar = declare(shared, 1, false);
        std::vector<S> theta_bar;
        for (std::size_t i = 0; i < p; ++i) theta_bar.push_back(accumulator(theta, i));
        TimeBars<S> time{accumulator(t_bar, 0), accumulator(h_bar, 0)};
        step_vjp<S>(method, f, t[0], h[0], x0, record, lambda, lambda, theta_bar, &time, ws);
        stores(lambda0, lambda);
        return lines({{}, {t_bar, h_bar}, {theta}, {t_bar, h_bar, theta}});
    }

private:
    std::uint16_t declare(kernels::ArrayLayout layout, std::size_t size, bool again) {
        return trace_.declare({layout, size, again});
    }
    S accumulator(std::uint16_t array, std::size_t i) { return {trace_, trace_.accumulator(array, i)}; }
    std::vector<S> loads(std::uint16_t array, std::size_t size) {
        std::vector<S> values;
        for (std::size_t i = 0; i < size; ++i) values.emplace_back(trace_, trace_.load(array, i));
        return values;
    }
    void stores(std::uint16_t array, const std::vector<S>& values) {
        for (std::size_t i = 0; i < values.size(); ++i) trace_.store(array, i, values[i].in(trace_));
    }
    std::optional<StepLines<T>> lines(const std::vector<std::vector<std::uint16_t>>& unwanted) {
        auto plans = kernels::split(trace_, unwanted);
        if (!plans) return std::nullopt;
        const auto line = [this](kernels::LinePlan& plan) {
            return kernels::StraightLine<T>(std::move(plan), trace_.constants());
        };
        StepLines<T> lines;
        lines.value = line(plans->value);
        lines.first = line(plans->first);
        for (std::size_t v = 0; v < 4; ++v) lines.reverse[v] = line(plans->second[v]);
        lines.kept = plans->kept;
        return lines;
    }

    kernels::Trace<T> trace_;
};

}  // namespace detail

/// F with whole steps of one tableau as straight lines; everything else is F's own, and so are steps of other tableaus. The
/// states, λ and what a sample contributes are bitwise those of the stages; θ̄, t̄ and h̄ sum the samples one after the other.
template <Scalar T, class F>
requires TraceableField<F, T>
class SteppedField : public F {
public:
    /// Throws std::invalid_argument for an implicit tableau, or when the field is no scalar code or too long.
    SteppedField(F field, const Tableau& tableau) : F(std::move(field)), fingerprint_(Coefficients<T>(tableau).fingerprint) {
        auto lines = detail::StepTracer<T>()(tableau, static_cast<const F&>(*this));
        if (!lines)
            throw std::invalid_argument("SteppedField: a step of '" + tableau.name +
                                        "' is too long for a straight line; take it stage by stage");
        lines_ = std::make_shared<const StepLines<T>>(std::move(*lines));
    }

    /// As machine code from now on, where costate is built with asmjit; says whether it will. Same results, bitwise.
    bool compile() {
        auto lines = std::make_shared<StepLines<T>>(*lines_);
        bool all = lines->value.compile() && lines->first.compile();
        for (auto& line : lines->reverse) all = all && line.compile();
        lines_ = std::move(lines);
        return all;
    }

    [[nodiscard]] const StepLines<T>& lines() const { return *lines_; }

    bool take_step(std::size_t fingerprint, const T& t, const T& h, std::span<const T> x0, std::span<T> x1) {
        return fingerprint == fingerprint_ &&
               run(lines_->value, {x0.data(), &t, &h, this->parameters().data(), x1.data()}, nullptr, x0.size());
    }
    bool take_step(std::size_t fingerprint, const T& t, const T& h, std::span<const T> x0, std::span<T> x1,
                   std::vector<T>& kept) {
        if (fingerprint != fingerprint_) return false;
        kept.resize(x0.size() / this->dim() * lines_->kept);
        return run(lines_->first, {x0.data(), &t, &h, this->parameters().data(), x1.data()}, kept.data(), x0.size());
    }
    void reverse_step(const T& t, const T& h, std::span<const T> x0, const std::vector<T>& kept, std::span<const T> lambda1,
                      std::span<T> lambda0, std::span<T> theta_bar, T* t_bar, T* h_bar) {
        const auto& line = lines_->reverse[(t_bar ? 0 : 1) + (theta_bar.empty() ? 2 : 0)];
        // Nothing is kept and nothing checked in reverse.
        static_cast<void>(run(line,
                              {x0.data(), &t, &h, this->parameters().data(), nullptr, lambda1.data(), lambda0.data(),
                               theta_bar.data(), t_bar, h_bar},
                              const_cast<T*>(kept.data()), x0.size()));
    }

private:
    bool run(const kernels::StraightLine<T>& line, const std::array<const T*, 10>& arrays, T* kept, std::size_t size) {
        const std::size_t batch = size / this->dim(), scratch = line.scratch(batch);
        if (scratch_.size() < scratch) scratch_.resize(scratch);
        std::array<T*, 10> places;
        for (std::size_t i = 0; i < 10; ++i) places[i] = const_cast<T*>(arrays[i]);  // the code writes to results alone
        return line.run(places.data(), kept, batch, scratch_);
    }

    std::shared_ptr<const StepLines<T>> lines_;
    std::size_t fingerprint_;
    std::vector<T> scratch_;
};

}  // namespace costate::ode
