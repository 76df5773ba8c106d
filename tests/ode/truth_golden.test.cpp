// The truth against independent references, to every printed digit.
#include "ode/fields/lotka_volterra.hpp"
#include "ode/fields/pendulum.hpp"
#include "ode/fields/van_der_pol.hpp"
#include "ode/truth.hpp"
#include "tests/ode/any_field.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace costate;
using namespace costate::ode;

namespace {

using Real = Mpfr50;

/// Whether value rounds to the printed decimal: |value - printed| is at most half a unit of the last printed digit.
bool prints_as(const Real& value, const std::string& printed) {
    const std::size_t point = printed.find('.');
    const auto decimals = static_cast<std::streamsize>(printed.size() - point - 1);
    return value.str(decimals, std::ios_base::fixed) == printed;
}

bool print_as(const std::vector<Real>& values, const std::vector<std::string>& printed) {
    bool all = values.size() == printed.size();
    for (std::size_t i = 0; all && i < values.size(); ++i) {
        all = prints_as(values[i], printed[i]);
        if (!all) UNSCOPED_INFO(values[i].str(45) << " is not " << printed[i]);
    }
    return all;
}

struct Golden {
    std::vector<std::string> x1, x_bar, theta_bar;
};

template <class Field>
Truth<Real> solve(const Real& t1, int digits, TruthRoute route) {
    auto f = testing::any<Real>(ScalarField<Field, Real>());
    TruthOptions options;
    options.digits = digits;
    options.route = route;
    return truth(f, SquaredDistance<Real>({Real(1), Real(1)}), Real(0), t1, in_scalar<Real>(Field::x0()), options);
}

template <class Field>
void check(const Real& t1, int digits, const Golden& golden) {
    for (const TruthRoute route : {TruthRoute::collocation, TruthRoute::extrapolation}) {
        const auto result = solve<Field>(t1, digits, route);
        CAPTURE(route == TruthRoute::collocation, result.cost.evaluations, result.cost.vjps, result.error);
        CHECK(print_as(result.x1, golden.x1));
        CHECK(print_as(result.x_bar, golden.x_bar));
        CHECK(print_as(result.theta_bar, golden.theta_bar));
    }
}

}  // namespace

// g = ½|1 - u(T)|², p = (1.5, 1, 3, 1), u₀ = (1, 1): 40-digit Taylor solutions of the variational equations by an oracle outside the project.
TEST_CASE("Lotka-Volterra, T = 1") {
    check<LotkaVolterra>(1, 30, {{"2.77285090184111211912558", "0.25871087814256395390038"},
                                 {"3.52025689526615482695779", "-2.19271337646507200755218"},
                                 {"4.34114754253340657075028", "-2.00093381679180462904156", "1.01012067676290601728075", "-1.39559432673380185034285"}});
}

TEST_CASE("Lotka-Volterra, T = 10") {
    check<LotkaVolterra>(10, 30, {{"1.026344767575089319139", "0.9096910781360416175482"},
                                  {"0.2995995083036823018343", "-0.01415181634485350553252"},
                                  {"0.6219615855512808840805", "0.06800140415087433655657", "0.1691764639958928173378", "0.272560693950007505131"}});
}

// mpmath 1.3.0, mp.dps = 50: odefun (Taylor series, tol = 1e-44) on the variational equations; y = (1, 1), the fields' default parameters and x₀.
TEST_CASE("van der Pol, T = 1 and T = 5") {
    check<VanDerPol>(1, 36, {{"1.508144236975608943235091837493066780", "-0.780218074629694906240135046236713094"},
                             {"-0.310017884789925782013224856837082668", "-0.259068134300783975377070730242203104"},
                             {"-0.905681674158005763332930214983460407"}});
    check<VanDerPol>(5, 34, {{"-0.837077450294765050573678827250437", "1.307088937799671841034792899837348"},
                             {"2.746111341641353693408145179642278", "1.012014529037008296092646220539745"},
                             {"1.932170395524988275556416966892801"}});
}

// The same, and for x₁ also Jacobi's elliptic functions (mpmath ellipfun): θ = 2 asin(k sn(K - t)), ω = -2k cn(K - t), k = sin(θ₀/2); the two
// references agree in all 40 digits printed.
TEST_CASE("pendulum, T = 2") {
    check<Pendulum>(2, 36, {{"-0.237070830020241250829738437232344023", "-1.342604093939314685983347821507771446"},
                            {"1.410248708111389815864355792371604650", "-1.113510162326422479215350377647865213"},
                            {"2.683315727954234675735996829829761455", "-4.168610849726572933474387106478841769"}});
}

TEST_CASE("a golden with one digit changed is not reached") {
    const auto result = solve<LotkaVolterra>(Real(1), 30, TruthRoute::collocation);
    CHECK(prints_as(result.x1[0], "2.77285090184111211912558"));
    CHECK_FALSE(prints_as(result.x1[0], "2.77285090184111211912557"));
    CHECK_FALSE(prints_as(result.x1[0], "2.77285090184111211922558"));
    // and eight digits are not enough
    CHECK_FALSE(prints_as(solve<LotkaVolterra>(Real(1), 8, TruthRoute::extrapolation).theta_bar[0], "4.34114754253340657075028"));
}
