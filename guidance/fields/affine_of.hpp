// F(τ, z) = A(τ) z + B(τ) n(t(τ), k(τ) z): what a network or model returns, seen in other variables; one mechanism for all of them.
#pragma once

#include "guidance/paths/conversions.hpp"
#include "ode/step_workspace.hpp"
#include "ode/vector_field.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace costate::guidance {

/// A, B, k and t at one τ.
template <class T>
struct Coordinates {
    T A, B, k, t;
};

/// A Map is {Parametrisation of n, AnyPath} with coordinates(τ) → Coordinates for every scalar; on Dual<T> it yields A', B', k', t'.
/// Inner is the field n, held by value, or F& to refer to one that outlives this. The result records: forward keeps n and what n
/// records, pullback costs one vjp or pullback of n. θ is n's. τ̄ is exact, through the coordinates' own derivatives.
/// Throws what coordinates throw: std::domain_error with a sentence at a singular end.
template <class Inner, class Map, Scalar T>
class AffineOf {
    using Field = std::remove_reference_t<Inner>;

public:
    struct Record {
        typename ode::detail::FieldRecord<Field, T>::type inner;
        Coordinates<Dual<T>> c;
        std::vector<T> z, x, n;

        [[nodiscard]] std::size_t bytes() const {
            std::size_t total = sizeof(c) + ode::detail::record_bytes(inner);
            for (const std::vector<T>* v : {&z, &x, &n}) total += ode::detail::bytes_of(*v);
            return total;
        }
    };

    AffineOf(Inner inner, Parametrisation given, AnyPath path)
        : inner_(std::forward<Inner>(inner)), map_{given, std::move(path)}, scratch_(make_record()) {}

    [[nodiscard]] std::size_t dim() const { return inner_.dim(); }
    [[nodiscard]] std::size_t parameter_count() const { return inner_.parameter_count(); }
    [[nodiscard]] const AnyPath& path() const { return map_.path; }
    [[nodiscard]] Field& inner() { return inner_; }

    /// use(inner, t, x) at the n's own variables.
    template <class Use>
    auto at_inner(const T& tau, std::span<const T> z, Use&& use) {
        const Coordinates<T> c = map_.coordinates(tau);
        scaled(c.k, z, scratch_.x);
        return use(inner_, c.t, std::span<const T>(scratch_.x));
    }

    Record make_record() {
        if constexpr (ode::RecordingField<Field, T>) return {inner_.make_record(), {}, {}, {}, {}};
        else return {};
    }

    void operator()(const T& tau, std::span<const T> z, std::span<T> dz) {
        const Coordinates<T> c = map_.coordinates(tau);
        scaled(c.k, z, scratch_.x);
        inner_(c.t, std::span<const T>(scratch_.x), dz);
        for (std::size_t i = 0; i < z.size(); ++i) dz[i] = c.A * z[i] + c.B * dz[i];
    }

    void forward(const T& tau, std::span<const T> z, std::span<T> dz, Record& record) {
        record.c = map_.coordinates(Dual<T>::variable(tau));
        record.z.assign(z.begin(), z.end());
        record.n.resize(z.size());
        scaled(record.c.k.value, z, record.x);
        const std::span<const T> x = record.x;
        if constexpr (ode::RecordingField<Field, T>) inner_.forward(record.c.t.value, x, std::span<T>(record.n), record.inner);
        else inner_(record.c.t.value, x, std::span<T>(record.n));
        for (std::size_t i = 0; i < z.size(); ++i) dz[i] = record.c.A.value * z[i] + record.c.B.value * record.n[i];
    }

    /// z̄ += Aλ + k x̄ with x̄ = (∂n/∂x)ᵀBλ;  τ̄ += λ·(A'z + B'n) + k' x̄·z + t' t̄.
    void pullback(const Record& record, std::span<const T> lambda, std::span<T> z_bar, std::span<T> theta_bar, T& tau_bar) {
        const Coordinates<Dual<T>>& c = record.c;
        on_n_.resize(lambda.size());
        x_bar_.assign(lambda.size(), T(0));
        for (std::size_t i = 0; i < lambda.size(); ++i) on_n_[i] = c.B.value * lambda[i];
        T t_bar(0);
        const std::span<const T> on_n = on_n_;
        if constexpr (ode::RecordingField<Field, T>) inner_.pullback(record.inner, on_n, std::span<T>(x_bar_), theta_bar, t_bar);
        else inner_.vjp(c.t.value, std::span<const T>(record.x), on_n, std::span<T>(x_bar_), theta_bar, t_bar);
        T from_A(0), from_B(0), from_k(0);
        for (std::size_t i = 0; i < lambda.size(); ++i) {
            from_A += lambda[i] * record.z[i];
            from_B += lambda[i] * record.n[i];
            from_k += x_bar_[i] * record.z[i];
            if (!z_bar.empty()) z_bar[i] += c.A.value * lambda[i] + c.k.value * x_bar_[i];
        }
        tau_bar += c.A.tangent * from_A + c.B.tangent * from_B + c.k.tangent * from_k + c.t.tangent * t_bar;
    }

    void vjp(const T& tau, std::span<const T> z, std::span<const T> lambda, std::span<T> z_bar, std::span<T> theta_bar, T& tau_bar) {
        dz_.resize(z.size());
        forward(tau, z, dz_, scratch_);
        pullback(scratch_, lambda, z_bar, theta_bar, tau_bar);
    }

    void jvp(const T& tau, std::span<const T> z, const T& tau_dot, std::span<const T> z_dot, std::span<const T> theta_dot,
             std::span<T> dz, std::span<T> dz_dot) {
        const Coordinates<Dual<T>> c = map_.coordinates(Dual<T>(tau, tau_dot));
        scaled(c.k.value, z, scratch_.x);
        x_bar_.resize(z.size());  // here ẋ = k ż + k' z
        for (std::size_t i = 0; i < z.size(); ++i) x_bar_[i] = c.k.value * z_dot[i] + c.k.tangent * z[i];
        inner_.jvp(c.t.value, std::span<const T>(scratch_.x), c.t.tangent, std::span<const T>(x_bar_), theta_dot, dz, dz_dot);
        for (std::size_t i = 0; i < z.size(); ++i) {
            dz_dot[i] = c.A.value * z_dot[i] + c.A.tangent * z[i] + c.B.value * dz_dot[i] + c.B.tangent * dz[i];
            dz[i] = c.A.value * z[i] + c.B.value * dz[i];
        }
    }

private:
    static void scaled(const T& k, std::span<const T> z, std::vector<T>& x) {
        x.resize(z.size());
        for (std::size_t i = 0; i < z.size(); ++i) x[i] = k * z[i];
    }

    Inner inner_;
    Map map_;
    Record scratch_;
    std::vector<T> on_n_, x_bar_, dz_;
};

}  // namespace costate::guidance
