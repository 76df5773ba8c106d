// Store-all, partner, forward sensitivities, forward mode through the whole solve: one and the same gradient, == in ℚ and ℤ/p.
#include "ode/gradient/methods.hpp"
#include "scalar/dual.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;

namespace {

template <class T>
struct Inputs {
    std::vector<T> x0 = batch_of_two<T>(), p = parameters<T>();
    T t0 = from_rational<T>(ratio(1, 5)), t1 = from_rational<T>(ratio(3, 4));
};

// dL/d(one input) of the whole discrete solve: the solver run on dual numbers. Nothing of the reverse sweeps takes part.
template <class T>
T whole_solve(const Tableau& tableau, std::size_t steps, const Inputs<Dual<T>>& in) {
    Polynomial<Dual<T>> f{in.p};
    const std::vector<Dual<T>> x1 = solve(tableau, f, in.t0, in.t1, steps, in.x0);
    return SquaredDistance<Dual<T>>(target<Dual<T>>())(x1).tangent;
}

template <class T>
GradientResult<T> reference(const Tableau& tableau, std::size_t steps) {
    const Inputs<Dual<T>> plain;
    GradientResult<T> g;
    const auto along = [&](auto&& seed) {
        Inputs<Dual<T>> in = plain;
        seed(in).tangent = T(1);
        return whole_solve<T>(tableau, steps, in);
    };
    for (std::size_t i = 0; i < plain.x0.size(); ++i) g.x_bar.push_back(along([i](auto& in) -> auto& { return in.x0[i]; }));
    for (std::size_t i = 0; i < plain.p.size(); ++i) g.theta_bar.push_back(along([i](auto& in) -> auto& { return in.p[i]; }));
    g.t0_bar = along([](auto& in) -> auto& { return in.t0; });
    g.t1_bar = along([](auto& in) -> auto& { return in.t1; });
    return g;
}

template <class T, class F, class Method>
GradientResult<T> by(const Method& method, const Tableau& tableau, std::size_t steps) {
    const Inputs<T> in;
    F f{in.p};
    return method(f, SquaredDistance<T>(target<T>()), tableau, in.t0, in.t1, steps, in.x0);
}

template <class T>
bool same(const GradientResult<T>& a, const GradientResult<T>& b) {
    return a.x_bar == b.x_bar && a.theta_bar == b.theta_bar && a.t0_bar == b.t0_bar && a.t1_bar == b.t1_bar;
}

template <class T>
void check_all(const Tableau& tableau, std::size_t steps) {
    INFO(tableau.name << ", " << steps << " steps");
    const GradientResult<T> expected = reference<T>(tableau, steps);
    CHECK(same(by<T, Polynomial<T>>(dto::StoreAll{}, tableau, steps), expected));
    CHECK(same(by<T, RecordingPolynomial<T>>(dto::StoreAll{}, tableau, steps), expected));
    CHECK(same(by<T, Polynomial<T>>(dto::Partner{}, tableau, steps), expected));
    CHECK(same(by<T, RecordingPolynomial<T>>(dto::Partner{}, tableau, steps), expected));
    CHECK(same(by<T, Polynomial<T>>(ForwardSensitivities{}, tableau, steps), expected));
    CHECK(same(by<T, RecordingPolynomial<T>>(ForwardSensitivities{}, tableau, steps), expected));
}

}  // namespace

TEST_CASE("every way to the discrete gradient is == in the rationals") {
    // numbers grow by a factor 2^stages a step, so the longest solves have few stages
    for (const Tableau& tableau : tableaus())
        check_all<Rational>(tableau, effective_stages(tableau) <= 3 ? 3 : effective_stages(tableau) == 4 ? 2 : 1);
}

TEST_CASE("every way to the discrete gradient is == in the prime field over 1000 steps") {
    for (const Tableau& tableau : tableaus()) check_all<PrimeField>(tableau, 1000);
}

TEST_CASE("and with every tableau of the library, of decimals and generated ones too") {
    for (const Tableau& tableau : tableau_library().subspan(tableaus().size())) check_all<PrimeField>(tableau, 50);
    for (const char* name : {"gragg:6", "aitken-neville:4"}) check_all<PrimeField>(find_tableau(name), 50);
    check_all<Rational>(find_tableau("ssprk3"), 3);
    check_all<Rational>(find_tableau("gragg:4"), 1);
}

TEST_CASE("the equality notices one wrong coefficient of the partner") {
    using F = Polynomial<PrimeField>;
    for (const Tableau& tableau : tableaus()) {
        if (effective_stages(tableau) == 1) continue;
        INFO(tableau.name);
        const Inputs<PrimeField> in;
        F f{in.p};
        const SquaredDistance<PrimeField> loss(target<PrimeField>());
        const GradientResult<PrimeField> expected = by<PrimeField, F>(dto::StoreAll{}, tableau, 3);
        dto::Partner::Workspace<F, PrimeField> ws(tableau);
        GradientResult<PrimeField> found;
        dto::Partner{}(f, loss, in.t0, in.t1, 3, in.x0, {}, ws, found);
        CHECK(same(found, expected));
        ws.adjoint.rows.front().r.back() += 1;
        dto::Partner{}(f, loss, in.t0, in.t1, 3, in.x0, {}, ws, found);
        CHECK_FALSE(found.x_bar == expected.x_bar);
        CHECK_FALSE(found.t1_bar == expected.t1_bar);
        // the continuous adjoint on the same states is another gradient
        CHECK_FALSE(by<PrimeField, F>(otd::StoredStates{}, tableau, 3).x_bar == expected.x_bar);
    }
}

TEST_CASE("an autonomous solve depends on t1 - t0 alone: == in the prime field, by every discrete method") {
    const auto sum = [](const auto& method, const Tableau& tableau) {
        Linear<PrimeField> f{scalars<PrimeField>({ratio(1, 3), ratio(2), ratio(-1), ratio(1, 2)})};
        const auto g = method(f, SquaredDistance<PrimeField>(target<PrimeField>()), tableau, PrimeField(3), PrimeField(7), 20,
                              batch_of_two<PrimeField>());
        CHECK_FALSE(g.t1_bar == PrimeField(0));
        return g.t0_bar + g.t1_bar;
    };
    for (const Tableau& tableau : tableaus()) {
        CHECK(sum(dto::StoreAll{}, tableau) == PrimeField(0));
        CHECK(sum(dto::Partner{}, tableau) == PrimeField(0));
        CHECK(sum(ForwardSensitivities{}, tableau) == PrimeField(0));
    }
}
