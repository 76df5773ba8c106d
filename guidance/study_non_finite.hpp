// Where the first value that is not finite came from: op, stage, step, time and sample, in one line.
#pragma once

#include "autodiff/first_non_finite.hpp"
#include "guidance/study_field.hpp"
#include "ode/first_non_finite.hpp"
#include "ode/tableau.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace costate::guidance::detail {

/// "op exp (instruction 3 of 7)": what first is not finite in f(t, x); empty where all ops are finite or nothing is known of them.
template <class T>
std::string non_finite_op(autodiff::ProgramField<T>& field, const T& t, std::span<const T> x) {
    const std::array<std::span<const T>, 2> inputs{std::span<const T>(&t, 1), x};
    const auto found = autodiff::first_non_finite(field.program(), autodiff::Inputs<T>(inputs), x.size() / field.dim());
    return found ? fmt::format("op {} (instruction {} of {})", found->op, found->instruction, found->count) : "";
}
inline std::string non_finite_op(MixedProgram& field, double t, std::span<const double> x) {
    autodiff::ProgramField<float> narrow = field.narrow();
    std::vector<float> low;
    for (const double value : x) low.push_back(static_cast<float>(value));
    return non_finite_op<float>(narrow, static_cast<float>(t), low);
}
template <class T>
std::string non_finite_op(GaussianMixture<T>&, const T&, std::span<const T>) {
    return "";
}
template <class Inner, class Map, class T>
std::string non_finite_op(AffineOf<Inner, Map, T>& field, const T& tau, std::span<const T> z) {
    return field.at_inner(tau, z, [](auto& inner, const T& t, std::span<const T> x) { return non_finite_op(inner, t, x); });
}
template <class T>
std::string non_finite_op(StudyField<T>& field, const T& t, std::span<const T> x) {
    return field.visit([&](auto& own) { return non_finite_op(own, t, x); });
}

/// The line; samples are counted from `first`.
inline std::string non_finite_line(ode::NonFinite place, const std::string& op, std::size_t first) {
    place.sample += first;
    return ode::place_of(place) + (op.empty() ? "" : ", made by " + op);
}

/// Of a gradient that is not finite on equal steps: the place on the tableau's way forward, or that the way back is to blame.
template <class T>
std::string where_not_finite(StudyField<T>& field, const ode::Tableau& tableau, const ode::Grid<T>& grid, std::span<const T> x0, std::string_view method,
                             std::size_t first) {
    const ode::Coefficients<T> coefficients(ode::without_idle_stages(tableau));
    const auto found = ode::first_non_finite<StudyField<T>, T>(coefficients, field, grid, x0);
    if (!found) return fmt::format("the way back of {}: the {} steps of {} forward are finite", method, ode::step_count(grid), tableau.name);
    return non_finite_line(found->place, found->place.in == ode::NonFinite::In::slope ? non_finite_op<T>(field, found->t, found->y) : "", first);
}

}  // namespace costate::guidance::detail
