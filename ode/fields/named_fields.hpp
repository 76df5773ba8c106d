// The fields that a study knows by name: each is scalar code f(t, x, p, dx) for any scalar, a tape's Var included.
#pragma once

#include "ode/fields/arenstorf.hpp"
#include "ode/fields/brusselator.hpp"
#include "ode/fields/kepler.hpp"
#include "ode/fields/lorenz.hpp"
#include "ode/fields/lotka_volterra.hpp"
#include "ode/fields/pendulum.hpp"
#include "ode/fields/pleiades.hpp"
#include "ode/fields/polynomial.hpp"
#include "ode/fields/van_der_pol.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace costate::ode {

/// The list: adding a field touches its file, its test and this line.
using NamedFields = std::tuple<LotkaVolterra, VanDerPol, Pendulum, RationalPolynomial, VanDerPol10, Arenstorf, Brusselator, Kepler, Lorenz, Pleiades>;

/// visit(field) for every named field, in the order of the list.
template <class Visitor>
void for_each_field(Visitor&& visit) {
    std::apply([&](const auto&... field) { (visit(field), ...); }, NamedFields{});
}

/// Whether a field has this name.
inline bool is_named_field(std::string_view name) {
    bool found = false;
    for_each_field([&](const auto& field) { found = found || field.name == name; });
    return found;
}

/// visit(field) for the field of that name. Throws std::invalid_argument with the list of names for any other.
template <class Visitor>
void with_field(std::string_view name, Visitor&& visit) {
    std::string names;
    bool found = false;
    for_each_field([&](const auto& field) {
        if (field.name == name) {
            found = true;
            visit(field);
        }
        names += (names.empty() ? "" : ", ") + std::string(field.name);
    });
    if (!found) throw std::invalid_argument("field: there is no field named '" + std::string(name) + "'; choose one of " + names);
}

}  // namespace costate::ode
