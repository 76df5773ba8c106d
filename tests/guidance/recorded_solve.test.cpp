// One gradient, three routes that share no reverse code: step_vjp over stored records (dto), the adjoint equation with the partner tableau
// (Matsubara's rule where some b_i = 0), and the whole solve recorded on one tape as scalar code and pulled back. All are the exact
// derivative of the same discrete map, so they agree with == in ℚ and ℤ/p.
#include "autodiff/program_field.hpp"
#include "ode/fields/named_fields.hpp"
#include "ode/fields/scalar_field.hpp"
#include "ode/gradient/methods.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

namespace {

using namespace costate;
using autodiff::Sharing;
using autodiff::Var;

template <class T>
struct Gradient {
    T loss;
    std::vector<T> x_bar, theta_bar, time_bars;  // time_bars: t̄₀, t̄₁
};

// The named field on Var<T>, with recorded parameters.
template <class Field, class T>
struct RecordedField {
    std::span<const Var<T>> p;
    static std::size_t dim() { return Field::dim; }
    void operator()(const Var<T>& t, std::span<const Var<T>> x, std::span<Var<T>> dx) const { Field{}(t, x, p, dx); }
};

template <class T>
std::vector<T> start() {
    return ode::in_scalar<T>(ode::RationalPolynomial::x0());
}
template <class T>
std::vector<T> target() {
    return ode::in_scalar<T>(ode::RationalPolynomial::target());
}
template <class T>
std::vector<T> parameters() {
    return ode::in_scalar<T>(ode::RationalPolynomial::parameters());
}

// t₁ of the tests: steps of about 1/8, so that nothing blows up in floating point.
template <class T>
T end(std::size_t steps) {
    return steps > 8 ? from_rational<T>(ratio(1)) : from_rational<T>(ratio(static_cast<int>(steps), 8));
}

template <class T>
Gradient<T> by_whole_tape(const ode::Tableau& tableau, std::size_t steps) {
    autodiff::Tape<T> tape;
    const Var<T> t0 = tape.input(1, Sharing::per_sample, "t0"), t1 = tape.input(1, Sharing::per_sample, "t1");
    const auto x0 = elements(tape.input(2, Sharing::per_sample, "x0"));
    const auto theta = elements(tape.parameter(parameters<T>(), "theta"));
    RecordedField<ode::RationalPolynomial, T> field{theta};
    const auto x1 = ode::solve<Var<T>>(tableau, field, t0, t1, steps, x0);
    const ode::SquaredDistance<Var<T>> loss([] {
        std::vector<Var<T>> y;
        for (const T& v : target<T>()) y.emplace_back(v);
        return y;
    }());
    tape.output(loss(x1), "L");
    const auto program = freeze(tape);

    Gradient<T> g{T(0), std::vector<T>(2, T(0)), std::vector<T>(program.parameter_count(), T(0)), std::vector<T>(2, T(0))};
    const std::vector<T> from{T(0)}, to{end<T>(steps)}, x = start<T>(), one{T(1)};
    const std::vector<std::span<const T>> inputs{from, to, x}, out_bar{one};
    std::vector<T> value{T(0)};
    const std::vector<std::span<T>> outputs{value}, in_bar{std::span<T>(g.time_bars).first(1), std::span<T>(g.time_bars).last(1), g.x_bar};
    autodiff::Record<T> record;
    autodiff::Workspace<T> workspace;
    program.forward(inputs, outputs, 1, record, workspace);
    program.pullback(record, out_bar, in_bar, g.theta_bar, workspace);
    g.loss = value[0];
    return g;
}

template <class T>
auto recorded_field() {
    return autodiff::ProgramField<T>(autodiff::record_field<T>(2, parameters<T>(), ode::RationalPolynomial{}));
}

template <class T, class Method, class Field>
Gradient<T> by_method(const Method& method, Field field, const ode::Tableau& tableau, std::size_t steps) {
    const auto r = method(field, ode::SquaredDistance<T>(target<T>()), tableau, T(0), end<T>(steps), steps, start<T>());
    return {r.loss, r.x_bar, r.theta_bar, {r.t0_bar, r.t1_bar}};
}

template <class T>
bool same(const Gradient<T>& a, const Gradient<T>& b) {
    return a.loss == b.loss && a.x_bar == b.x_bar && a.theta_bar == b.theta_bar && a.time_bars == b.time_bars;
}

template <class T, class Steps>
void all_routes_agree(Steps&& steps_for) {
    for (const ode::Tableau& tableau : ode::tableaus()) {
        const std::size_t steps = steps_for(ode::effective_stages(tableau));
        INFO(tableau.name << ", " << steps << " steps");
        const auto whole = by_whole_tape<T>(tableau, steps);
        CHECK(same(whole, by_method<T>(ode::dto::StoreAll{}, recorded_field<T>(), tableau, steps)));
        CHECK(same(whole, by_method<T>(ode::dto::Partner{}, recorded_field<T>(), tableau, steps)));
        CHECK(same(whole, by_method<T>(ode::dto::StoreAll{}, ode::ScalarField<ode::RationalPolynomial, T>{}, tableau, steps)));
    }
}

double relative_distance(const std::vector<double>& a, const std::vector<double>& b) {
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < a.size(); ++i) difference += (a[i] - b[i]) * (a[i] - b[i]), norm += b[i] * b[i];
    return std::sqrt(difference / norm);
}

double worst(const Gradient<double>& a, const Gradient<double>& b) {
    return std::max({relative_distance({a.loss}, {b.loss}), relative_distance(a.x_bar, b.x_bar), relative_distance(a.theta_bar, b.theta_bar),
                     relative_distance(a.time_bars, b.time_bars)});
}

}  // namespace

TEST_CASE("store-all, partner and the whole solve on one tape are == in the rationals") {
    // a cubic field triples the digits with every stage
    all_routes_agree<Rational>([](std::size_t stages) { return stages <= 2 ? 3u : stages == 3 ? 2u : 1u; });
}

TEST_CASE("store-all, partner and the whole solve on one tape are == over 1000 steps in the prime field") {
    all_routes_agree<PrimeField>([](std::size_t) { return 1000u; });
}

TEST_CASE("store-all, partner and the whole solve on one tape agree to 1e-12 in double") {
    for (const ode::Tableau& tableau : ode::tableaus()) {
        INFO(tableau.name);
        const auto whole = by_whole_tape<double>(tableau, 1000);
        CHECK(worst(by_method<double>(ode::dto::StoreAll{}, recorded_field<double>(), tableau, 1000), whole) <= 1e-12);
        CHECK(worst(by_method<double>(ode::dto::Partner{}, recorded_field<double>(), tableau, 1000), whole) <= 1e-12);
    }
}

TEST_CASE("control: a gradient that is not the discrete map's is told apart") {
    const auto& rk4 = ode::find_tableau("rk4");
    const auto whole = by_whole_tape<PrimeField>(rk4, 20);
    // the adjoint equation discretised by itself, and the transpose of another map
    CHECK_FALSE(same(whole, by_method<PrimeField>(ode::otd::StoredStates{}, recorded_field<PrimeField>(), rk4, 20)));
    CHECK_FALSE(same(whole, by_method<PrimeField>(ode::dto::StoreAll{}, recorded_field<PrimeField>(), ode::find_tableau("three-eighths"), 20)));
    CHECK(worst(by_method<double>(ode::otd::StoredStates{}, recorded_field<double>(), rk4, 20), by_whole_tape<double>(rk4, 20)) > 1e-12);
}
