// Named fields behind one type.
#pragma once

#include "ode/any_field.hpp"
#include "ode/fields/scalar_field.hpp"

#include <utility>
#include <vector>

namespace costate::testing {

using ode::AnyField;

/// Any DifferentiableField, copied.
template <class T, class F>
AnyField<T> any(F field) {
    return ode::any_field<T>(std::move(field));
}

/// A named field's equation with these parameters.
template <class Field, class T>
AnyField<T> any_scalar(std::vector<T> parameters) {
    return any<T>(ode::ScalarField<Field, T>(std::move(parameters)));
}

}  // namespace costate::testing
