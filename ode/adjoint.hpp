// (x, λ, g)' = (f, −λᵀ∂f/∂x, −λᵀ∂f/∂θ): the continuous adjoint is another vector field.
#pragma once

#include "kernels/elementwise.hpp"
#include "ode/step_workspace.hpp"
#include "ode/vector_field.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace costate::ode {

/// The augmented field of the adjoint equation (Pontryagin; Chen, Rubanova, Bettencourt, Duvenaud 2018, App. B).
/// Its state is [x | λ | g]: n = batch · dim values of x, n of λ, and P = parameter_count values of g, summed over the batch
/// (none of it when θ is not wanted). It is one sample, so dim() = 2n + P. One evaluation and one vjp of f a call (a pullback
/// where f records). Refers to f, which must outlive it; owns a record where f records.
template <class F, Scalar T>
    requires DifferentiableField<F, T>
class AdjointField {
public:
    AdjointField(F& f, std::size_t n, bool want_theta) : f_(&f), n_(n), parameters_(want_theta ? f.parameter_count() : 0) {
        if constexpr (RecordingField<F, T>) record_.push_back(f.make_record());
    }

    [[nodiscard]] std::size_t dim() const { return 2 * n_ + parameters_; }

    void operator()(const T& t, std::span<const T> state, std::span<T> slope) {
        const std::span<const T> x = state.first(n_), lambda = state.subspan(n_, n_);
        const std::span<T> dx = slope.first(n_), x_bar = slope.subspan(n_, n_), theta_bar = slope.subspan(2 * n_);
        T t_bar = T(0);
        const std::span<T> bars = slope.subspan(n_);
        std::fill(bars.begin(), bars.end(), T(0));
        if constexpr (RecordingField<F, T>) {
            f_->forward(t, x, dx, record_.front());
            f_->pullback(record_.front(), lambda, x_bar, theta_bar, t_bar);
        } else {
            (*f_)(t, x, dx);
            f_->vjp(t, x, lambda, x_bar, theta_bar, t_bar);
        }
        kernels::negate<T>(bars, bars);
    }

    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = 0;
        for (const auto& record : record_) total += detail::record_bytes(record);
        return total;
    }

private:
    F* f_;
    std::size_t n_, parameters_;
    std::vector<typename detail::FieldRecord<F, T>::type> record_;
};

}  // namespace costate::ode
