// A try at an adaptive step of a field of scalar code as one straight line: detail::attempt, run once on Symbols, says what there is to compute.
#pragma once

#include "kernels/straight_line.hpp"
#include "kernels/symbol.hpp"
#include "ode/adaptive/attempt.hpp"
#include "ode/whole_step.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace costate::ode {

namespace detail {

/// Arrays in this order: x, t, h, θ, k_1 … k_S, x', e, e₂ where the pair has one. Empty when it is too long for a straight line.
template <class T, class F>
std::optional<kernels::StraightLine<T>> attempt_line(const EmbeddedPair& tableau, const F& field) {
    using S = kernels::Symbol<T>;
    using enum kernels::ArrayLayout;
    kernels::Trace<T> trace;
    const std::size_t n = field.dim();
    const auto loads = [&trace](kernels::ArrayLayout layout, std::size_t size) {
        const std::uint16_t array = trace.declare({layout, size, true});
        std::vector<S> values;
        for (std::size_t i = 0; i < size; ++i) values.emplace_back(trace, trace.load(array, i));
        return values;
    };
    const auto stores = [&](std::span<const S> values) {
        const std::uint16_t array = trace.declare({rows, n, false});
        for (std::size_t i = 0; i < n; ++i) trace.store(array, i, values[i].in(trace));
    };
    const PairCoefficients<S> pair(tableau);
    const std::vector<S> x = loads(rows, n), t = loads(shared, 1), h = loads(shared, 1), zeros(n);
    auto f = field.traced(loads(shared, field.parameter_count()));
    std::vector<S> k = loads(rows, n), x_next(n), e(n), second(pair.second.empty() ? 0 : n);
    k.resize(pair.stages * n);
    StepWorkspace<S> ws;
    ws.stage(pair.stages, n);
    const std::size_t made = attempt<S>(pair, f, t[0], h[0], {x, k, x_next, e, second, zeros}, ws);
    for (std::size_t i = 1; i < pair.stages; ++i)
        if (i <= made) stores(std::span<const S>(k).subspan(i * n, n));
        else trace.declare({rows, n, false});
    stores(x_next);
    stores(e);
    if (!second.empty()) stores(second);
    trace.begin_second_half();
    auto plans = kernels::split(trace, {});
    if (!plans) return std::nullopt;
    return kernels::StraightLine<T>(std::move(plans->value), trace.constants());
}

}  // namespace detail

/// F with whole steps, and whole tries at adaptive steps, of one embedded pair as straight lines; everything else is F's own, and so are steps
/// of other pairs. States, slopes and estimates are bitwise those of the stages.
template <Scalar T, class F>
    requires TraceableField<F, T>
class AttemptedField : public SteppedField<T, F> {
public:
    /// Throws std::invalid_argument as embedded_pair and SteppedField.
    AttemptedField(F field, const Tableau& tableau) : SteppedField<T, F>(std::move(field), tableau) {
        const EmbeddedPair pair = embedded_pair(tableau);
        const PairCoefficients<T> coefficients(pair);
        auto line = detail::attempt_line<T>(pair, static_cast<const F&>(*this));
        if (!line)
            throw std::invalid_argument("AttemptedField: a try at a step of '" + tableau.name + "' is too long for a straight line; take it stage by stage");
        line_ = std::make_shared<const kernels::StraightLine<T>>(std::move(*line));
        pair_ = coefficients.fingerprint;
        stages_ = coefficients.stages;
        evaluations_ = coefficients.late_end ? stages_ - 2 : stages_ - 1;
    }

    /// As machine code from now on, where costate is built with asmjit; says whether it will. Same results, bitwise.
    bool compile() {
        auto line = std::make_shared<kernels::StraightLine<T>>(*line_);
        const bool all = line->compile();
        line_ = std::move(line);
        return SteppedField<T, F>::compile() && all;
    }

    std::size_t attempt(std::size_t fingerprint, const T& t, const T& h, const Attempt<T>& at) {
        if (fingerprint != pair_) return 0;
        const std::size_t n = at.x.size(), batch = n / this->dim(), scratch = line_->scratch(batch);
        if (tries_.size() < scratch) tries_.resize(scratch);
        // the code writes to results alone
        places_.assign({const_cast<T*>(at.x.data()), const_cast<T*>(&t), const_cast<T*>(&h), const_cast<T*>(this->parameters().data())});
        for (std::size_t i = 0; i < stages_; ++i) places_.push_back(at.k.data() + i * n);
        for (const std::span<T> out : {at.x_next, at.e, at.second}) places_.push_back(out.data());
        return line_->run(places_.data(), nullptr, batch, tries_) ? evaluations_ : 0;
    }

private:
    std::shared_ptr<const kernels::StraightLine<T>> line_;
    std::size_t pair_ = 0, stages_ = 0, evaluations_ = 0;
    std::vector<T> tries_;
    std::vector<T*> places_;
};

}  // namespace costate::ode
