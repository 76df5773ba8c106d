// A Program of scalar code as a field over Symbols: what a stepper traces when it writes down a whole step.
#pragma once

#include "autodiff/lines.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace costate::autodiff {

/// ẋ = f(t, x; θ) for one sample of Symbols; offers what a field over any scalar offers, records included.
template <class T>
class SymbolicField {
public:
    using S = kernels::Symbol<T>;
    using Record = typename detail::SymbolicReplay<T>::Record;

    explicit SymbolicField(detail::SymbolicReplay<T> replay) : replay_(std::move(replay)) {}

    [[nodiscard]] std::size_t dim() const { return replay_.blueprint().inputs[1].size; }
    [[nodiscard]] std::size_t parameter_count() const { return replay_.parameter_count(); }
    [[nodiscard]] Record make_record() const { return {}; }

    void operator()(const S& t, std::span<const S> x, std::span<S> dx) const { replay_.forward({{&t, 1}, x}, {dx}); }
    void forward(const S& t, std::span<const S> x, std::span<S> dx, Record& record) const {
        replay_.forward({{&t, 1}, x}, {dx}, record);
    }
    void pullback(const Record& record, std::span<const S> lambda, std::span<S> x_bar, std::span<S> theta_bar, S& t_bar) const {
        const auto wanted = [this](std::size_t i, std::span<S> bar) {
            return replay_.blueprint().differentiates[i] ? bar : std::span<S>{};
        };
        replay_.pullback(record, {lambda}, {wanted(0, {&t_bar, 1}), wanted(1, x_bar)}, theta_bar);
    }
    void vjp(const S& t, std::span<const S> x, std::span<const S> lambda, std::span<S> x_bar, std::span<S> theta_bar,
             S& t_bar) const {
        std::vector<S> dx(x.size());
        Record record;
        forward(t, x, dx, record);
        pullback(record, lambda, x_bar, theta_bar, t_bar);
    }
    void jvp(const S& t, std::span<const S> x, const S& t_dot, std::span<const S> x_dot, std::span<const S> theta_dot,
             std::span<S> dx, std::span<S> dx_dot) const {
        const auto given = [this](std::size_t i, std::span<const S> dot) {
            return replay_.blueprint().differentiates[i] ? dot : std::span<const S>{};
        };
        replay_.pushforward({{&t, 1}, x}, {given(0, {&t_dot, 1}), given(1, x_dot)}, theta_dot, {dx}, {dx_dot});
    }

private:
    detail::SymbolicReplay<T> replay_;
};

}  // namespace costate::autodiff
