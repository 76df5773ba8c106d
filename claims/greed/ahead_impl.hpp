// The bodies of claims/greed/ahead.hpp, for ahead_*.cpp only.
#pragma once

#include "claims/greed/ahead.hpp"
#include "claims/measure/slope.hpp"
#include "guidance/fields/regular_field.hpp"
#include "guidance/gradient/greedy.hpp"
#include "ode/loss.hpp"

#include <cmath>
#include <memory>
#include <stdexcept>
#include <utility>

namespace costate::claims::ahead {

namespace detail {

// (t, x) ↦ posterior mean, with its own derivatives.
template <class T>
Field<T> posterior_mean(const Setting& setting) {
    auto model = std::make_shared<guidance::GaussianMixture<T>>(make_model<T>(setting));
    Field<T> f;
    f.dimension = model->dim();
    f.value = [model](const T& t, std::span<const T> x, std::span<T> out) { model->denoiser(t, x, out); };
    f.reverse = [model](const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T>, T&) {
        model->denoiser_vjp(t, x, lambda, x_bar);
    };
    f.forward = [model](const T& t, std::span<const T> x, const T&, std::span<const T> x_dot, std::span<const T>,
                        std::span<T> out, std::span<T> out_dot) {
        model->denoiser(t, x, out);
        const std::vector<T> along = model->denoiser_jacobian(t, x)(x_dot);
        std::copy(along.begin(), along.end(), out_dot.begin());
    };
    return f;
}

// (r, x̃) ↦ ε̂ from the velocity, values only.
template <class T>
Field<T> regular_values(Field<T> velocity, const guidance::AnyPath& path) {
    Field<T> f;
    f.dimension = velocity.dim();
    f.value = [velocity, path](const T& r, std::span<const T> z, std::span<T> out) mutable {
        const T t = guidance::time_of_ratio(path, r), alpha = guidance::at<T>(path, t).alpha;
        const guidance::Affine<T> epsilon = guidance::epsilon_from_velocity(path, t);
        std::vector<T> x(z.begin(), z.end());
        for (T& v : x) v = alpha * v;
        velocity(t, x, out);
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = epsilon.on_x * x[i] + epsilon.on_n * out[i];
    };
    return f;
}

// (t, x) ↦ x̂₁ from the velocity, values only.
template <class T>
Field<T> denoiser_values(Field<T> velocity, const guidance::AnyPath& path) {
    Field<T> f;
    f.dimension = velocity.dim();
    f.value = [velocity, path](const T& t, std::span<const T> x, std::span<T> out) mutable {
        const guidance::Affine<T> x1 = guidance::x1_from_velocity(path, t);
        velocity(t, x, out);
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = x1.on_x * x[i] + x1.on_n * out[i];
    };
    return f;
}

template <class T>
Field<T> regular_of(const Field<T>& f, guidance::Parametrisation given, const guidance::AnyPath& path) {
    return ode::any_field<T>(guidance::RegularField<Field<T>, T>(f, given, path));
}

}  // namespace detail

template <class T>
Model<T> make_ahead(const Setting& setting) {
    using enum guidance::Parametrisation;
    const Field<T> field = make_subject<T>(setting).field;
    const guidance::AnyPath& path = setting.path;
    if constexpr (is_expansion<T>) {
        if (setting.field == "network")
            return {path, field, detail::denoiser_values<T>(field, path), detail::regular_values<T>(field, path)};
        if (!on_a_path(setting))
            throw std::invalid_argument("field '" + setting.field +
                                        "' is no flow model with power "
                                        "series; choose gaussian, a mixture, data-set or a network");
        return {path, field, detail::posterior_mean<T>(setting), detail::regular_values<T>(field, path)};
    } else {
        if (on_a_path(setting))
            return {path, field, detail::posterior_mean<T>(setting), detail::regular_of<T>(field, velocity, path)};
        if (setting.field == "network")
            return {path, field, ode::any_field<T>(guidance::DenoiserOf<Field<T>, T>(field, velocity, path)),
                    detail::regular_of<T>(field, velocity, path)};
        return {path, ode::any_field<T>(guidance::VelocityOf<Field<T>, T>(field, x1, path)), field,
                detail::regular_of<T>(field, x1, path)};
    }
}

template <class T>
Model<T> constant_noise(const guidance::AnyPath& path, std::vector<T> c) {
    Field<T> noise;
    noise.dimension = c.size();
    noise.value = [c](const T&, std::span<const T>, std::span<T> out) { std::copy(c.begin(), c.end(), out.begin()); };
    noise.reverse = [](const T&, std::span<const T>, std::span<const T>, std::span<T>, std::span<T>, T&) {};
    noise.forward = [c](const T&, std::span<const T>, const T&, std::span<const T>, std::span<const T>, std::span<T> out,
                        std::span<T> out_dot) {
        std::copy(c.begin(), c.end(), out.begin());
        std::fill(out_dot.begin(), out_dot.end(), T(0));
    };
    using guidance::Parametrisation;
    return {path, ode::any_field<T>(guidance::VelocityOf<Field<T>, T>(noise, Parametrisation::epsilon, path)),
            ode::any_field<T>(guidance::DenoiserOf<Field<T>, T>(noise, Parametrisation::epsilon, path)),
            detail::regular_of<T>(noise, Parametrisation::epsilon, path)};
}

template <class T>
Place<T> place_at(const guidance::AnyPath& path, const T& t) {
    const guidance::PathPoint<T> point = guidance::at<T>(path, t);
    return {point.alpha, point.ratio()};
}

template <class T>
std::vector<T> value(Field<T>& f, const T& t, In<T> x) {
    std::vector<T> out(x.size());
    f(t, x, std::span<T>(out));
    return out;
}

template <class T>
Matrix<T> jacobian(Field<T>& f, const T& t, In<T> x) {
    const std::size_t n = x.size();
    Matrix<T> m(n, n);
    for (std::size_t i = 0; i < n; ++i) {
        std::vector<T> unit(n, T(0)), row(n, T(0));
        unit[i] = T(1);
        T t_bar(0);
        f.vjp(t, x, std::span<const T>(unit), std::span<T>(row), {}, t_bar);
        for (std::size_t j = 0; j < n; ++j) m(i, j) = row[j];
    }
    return m;
}

template <class T>
Loss<T> squared_distance(std::vector<T> y) {
    return ode::any_loss<T>(ode::SquaredDistance<T>(std::move(y)));
}

template <class T>
Loss<T> linear_functional(std::vector<T> v) {
    return ode::any_loss<T>(ode::LinearFunctional<T>(std::move(v)));
}

template <class T>
ode::GradientResult<T> greedy(Model<T>& model, const Loss<T>& loss, const T& t, In<T> x) {
    return guidance::greedy_gradient(model.x1hat, guidance::Parametrisation::x1, model.path, loss, t, x, {false, false});
}

template <class T>
ode::GradientResult<T> in_regular(std::string_view method, Model<T>& model, const Loss<T>& loss, const ode::Tableau& tableau,
                                  const Place<T>& from, const Place<T>& to, std::size_t steps, In<T> x) {
    std::vector<T> z(x.begin(), x.end());
    for (T& v : z) v = v / from.alpha;
    const Loss<T> scaled = ode::any_loss<T>(guidance::ScaledLoss<Loss<T>, T>{loss, to.alpha});
    auto result = gradient<T>(method, model.regular, scaled, tableau, from.r, to.r, steps, z);
    for (T& v : result.x_bar) v = v / from.alpha;
    for (T& v : result.x1) v = to.alpha * v;
    return result;
}

template <class T>
Matrix<T> jacobian_in_regular(Model<T>& model, const ode::Tableau& tableau, const Place<T>& from, const Place<T>& to, In<T> x) {
    std::vector<T> z(x.begin(), x.end());
    for (T& v : z) v = v / from.alpha;
    const std::size_t n = x.size();
    return (to.alpha / from.alpha) * Matrix<T>(n, n, discrete_jacobian<T>(tableau, model.regular, from.r, to.r, 1, z));
}

template <class T>
std::vector<T> solve_linear(Matrix<T> m, std::vector<T> b) {
    const std::size_t n = b.size();
    for (std::size_t k = 0; k < n; ++k) {
        std::size_t pivot = k;
        while (pivot < n && !is_unit(m(pivot, k))) ++pivot;
        if constexpr (std::floating_point<T> || std::same_as<T, Mpfr50>) {  // the largest: small ones lose digits
            const auto size = [&](std::size_t i) { return std::abs(ScalarTraits<T>::to_double(m(i, k))); };
            for (std::size_t i = pivot + 1; i < n; ++i)
                if (size(i) > size(pivot)) pivot = i;
        }
        if (pivot == n)
            throw std::domain_error("linear equations: the matrix is singular in column " + std::to_string(k) +
                                    "; "
                                    "change the setting");
        for (std::size_t j = 0; j < n; ++j) std::swap(m(k, j), m(pivot, j));
        std::swap(b[k], b[pivot]);
        for (std::size_t i = 0; i < n; ++i) {
            if (i == k) continue;
            const T factor = m(i, k) / m(k, k);
            for (std::size_t j = k; j < n; ++j) m(i, j) -= factor * m(k, j);
            b[i] -= factor * b[k];
        }
    }
    for (std::size_t k = 0; k < n; ++k) b[k] = b[k] / m(k, k);
    return b;
}

template <class T>
double size_of(std::span<const T> a) {
    T sum(0);
    for (const T& v : a) sum += v * v;
    return std::sqrt(ScalarTraits<T>::to_double(sum));
}

template <class T>
double relative_difference(std::span<const T> a, std::span<const T> b) {
    std::vector<T> d(a.begin(), a.end());
    for (std::size_t i = 0; i < d.size(); ++i) d[i] -= b[i];
    const double scale = size_of<T>(b);
    return size_of<T>(d) / (scale > 0 ? scale : 1.0);
}

template <class T>
Finding equality(std::string name, std::string predicted, std::span<const T> a, std::span<const T> b) {
    Finding finding{std::move(name), std::move(predicted), "", "", Proof::exact, false};
    const double difference = relative_difference<T>(a, b);
    const std::string off = "relative difference " + number(difference);
    if constexpr (ScalarTraits<T>::exact) {
        finding.holds = std::equal(a.begin(), a.end(), b.begin(), b.end());
        finding.measured = !finding.holds ? off : a.size() == 1 ? "equal" : "equal, all " + std::to_string(a.size()) + " numbers";
        finding.uncertainty = "exact";
    } else {
        const bool fine = ScalarTraits<T>::digits10 >= 50;
        finding.holds = difference <= (fine ? 1e-40 : 1e-9);
        finding.measured = off;
        finding.uncertainty = fine ? "rounding below 1e-40" : "rounding below 1e-9";
        finding.proof = fine ? Proof::bound : Proof::illustration;
    }
    return finding;
}

}  // namespace costate::claims::ahead
