// The eight problems on which errors are held against tolerances, in any scalar, and what SciPy leaves on them.
#pragma once

#include "ode/fields/arenstorf.hpp"
#include "ode/fields/brusselator.hpp"
#include "ode/fields/kepler.hpp"
#include "ode/fields/lorenz.hpp"
#include "ode/fields/lotka_volterra.hpp"
#include "ode/fields/pleiades.hpp"
#include "ode/fields/scalar_field.hpp"
#include "ode/fields/van_der_pol.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::tests {

/// States by extrapolation in long double, errors of SciPy: see tools/scipy_errors.py.
struct Reference {
    std::string name;
    double t1;
    std::vector<double> states;
    std::vector<double> rk45, dop853;
};

inline const std::vector<Reference>& references() {
    static const std::vector<Reference> all{
#include "tests/ode/scipy_errors.inc"
    };
    return all;
}

/// One instantiation of the solver for all fields.
template <class T>
struct AnyField {
    std::size_t dimension = 0;
    std::function<void(const T&, std::span<const T>, std::span<T>)> f;
    [[nodiscard]] std::size_t dim() const { return dimension; }
    void operator()(const T& t, std::span<const T> x, std::span<T> dx) { f(t, x, dx); }
};

template <class T>
struct Problem {
    AnyField<T> field;
    std::vector<T> x0;
};

/// Parameters and starts are doubles in every scalar: the problem is SciPy's to the bit.
template <class T, class Named>
Problem<T> problem(std::vector<double> parameters = {}) {
    if (parameters.empty()) parameters = ode::in_scalar<double>(Named::parameters());
    const auto x0 = ode::in_scalar<double>(Named::x0());
    const auto f = [p = std::vector<T>(parameters.begin(), parameters.end())](const T& t, std::span<const T> x, std::span<T> dx) {
        Named{}(t, x, std::span<const T>(p), dx);
    };
    return {{Named::dim, f}, std::vector<T>(x0.begin(), x0.end())};
}

template <class T>
Problem<T> problem_named(const std::string& name) {
    if (name == "lotka-volterra") return problem<T, ode::LotkaVolterra>();
    if (name == "van-der-pol 1") return problem<T, ode::VanDerPol>();
    if (name == "van-der-pol 10") return problem<T, ode::VanDerPol>({10});
    if (name == "arenstorf") return problem<T, ode::Arenstorf>();
    if (name == "brusselator") return problem<T, ode::Brusselator>();
    if (name == "kepler") return problem<T, ode::Kepler>();
    if (name == "lorenz") return problem<T, ode::Lorenz>();
    if (name == "pleiades") return problem<T, ode::Pleiades>();
    throw std::invalid_argument("no problem " + name);
}

}  // namespace costate::tests
