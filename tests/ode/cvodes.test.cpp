// CVODES 6 (SUNDIALS; Hindmarsh et al. 2005, Serban and Hindmarsh 2005), multistep methods and a continuous adjoint with Jacobians written here by hand:
// another solver, another way to a gradient and other derivatives than ours. A test's peer alone, and built only where libsundials-dev is.
#include "ode/fields/lotka_volterra.hpp"
#include "ode/fields/scalar_field.hpp"
#include "ode/fields/van_der_pol.hpp"
#include "ode/gradient/adaptive_dto.hpp"
#include "ode/loss.hpp"
#include "tests/ode/cvodes.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace costate;
using namespace costate::ode;
using costate::testing::CvodesAdjoint;

namespace {

/// Robertson's reaction A → B, B + B → C + B, B + C → A + C (1966) with rates that differ by 10 instead of 10⁹, so that it is not stiff.
struct MildRobertson {
    static constexpr std::size_t dim = 3;
    template <class T>
    void operator()(const T&, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        const T decay = p[0] * x[0], pair = p[1] * x[1] * x[1], back = p[2] * x[1] * x[2];
        dx[0] = back - decay;
        dx[1] = decay - back - pair;
        dx[2] = pair;
    }
};

/// What CVODES is given: the field itself, and its Jacobians by hand.
template <class Field, std::size_t Parameters>
struct Given {
    static constexpr int states = Field::dim, parameters = Parameters;
    static void slope(const double* p, double t, const double* x, double* dx) {
        Field{}(t, std::span<const double>(x, Field::dim), std::span<const double>(p, Parameters), std::span<double>(dx, Field::dim));
    }
};
struct GivenLotkaVolterra : Given<LotkaVolterra, 4> {
    static void jacobian(const double* p, double, const double* x, double* j) {
        j[0] = p[0] - p[1] * x[1], j[1] = -p[1] * x[0];
        j[2] = p[3] * x[1], j[3] = p[3] * x[0] - p[2];
    }
    static void by_parameters(const double*, double, const double* x, double* j) {
        std::fill(j, j + 8, 0.0);
        j[0] = x[0], j[1] = -x[0] * x[1];
        j[6] = -x[1], j[7] = x[0] * x[1];
    }
};
/// One entry of ∂f/∂x has the other sign.
struct WrongLotkaVolterra : GivenLotkaVolterra {
    static void jacobian(const double* p, double t, const double* x, double* j) {
        GivenLotkaVolterra::jacobian(p, t, x, j);
        j[2] = -j[2];
    }
};
struct GivenRobertson : Given<MildRobertson, 3> {
    static void jacobian(const double* p, double, const double* x, double* j) {
        const double pair = 2 * p[1] * x[1], back2 = p[2] * x[2], back3 = p[2] * x[1];
        j[0] = -p[0], j[1] = back2, j[2] = back3;
        j[3] = p[0], j[4] = -back2 - pair, j[5] = -back3;
        j[6] = 0, j[7] = pair, j[8] = 0;
    }
    static void by_parameters(const double*, double, const double* x, double* j) {
        const double square = x[1] * x[1], meetings = x[1] * x[2];
        j[0] = -x[0], j[1] = 0, j[2] = meetings;
        j[3] = x[0], j[4] = -square, j[5] = -meetings;
        j[6] = 0, j[7] = square, j[8] = 0;
    }
};
struct GivenVanDerPol : Given<VanDerPol, 1> {
    static void jacobian(const double* p, double, const double* x, double* j) {
        j[0] = 0, j[1] = 1;
        j[2] = -2 * p[0] * x[0] * x[1] - 1, j[3] = p[0] * (1 - x[0] * x[0]);
    }
    static void by_parameters(const double*, double, const double* x, double* j) { j[0] = 0, j[1] = (1 - x[0] * x[0]) * x[1]; }
};

struct Problem {
    std::vector<double> p, x0, target;
    double t1;
};

double distance(const std::vector<double>& a, const std::vector<double>& b) {
    double apart = 0, size = 0;
    for (std::size_t i = 0; i < b.size(); ++i) {
        apart += (a[i] - b[i]) * (a[i] - b[i]);
        size += b[i] * b[i];
    }
    return a.size() == b.size() ? std::sqrt(apart / size) : HUGE_VAL;
}

/// How far apart, relative to their size: x(t₁), ∇_{x₀} and ∇_p.
struct Apart {
    double state, x_bar, p_bar;
};

template <class Field, class Peer>
Apart apart(const Problem& problem, double tol, bool adams, bool hermite) {
    using F = ScalarField<Field, double>;
    F f(problem.p);
    const SquaredDistance<double> loss(problem.target);
    AdaptiveOptions<double> options;
    options.tolerance.rtol = options.tolerance.atol = tol;
    dto::AdaptiveDtoWorkspace<F, double> ws(find_tableau("dop853"));
    GradientResult<double> ours;
    REQUIRE(dto::Adaptive{}(f, loss, 0.0, std::vector<double>{problem.t1}, problem.x0, options, {true, false}, ws, ours).ok());
    CvodesAdjoint<Peer> theirs(problem.p, tol, tol, adams, hermite);
    const auto bar = [&](const double* x, double* out) { loss.gradient(std::span<const double>(x, Field::dim), std::span<double>(out, Field::dim)); };
    theirs.forward(0, problem.t1, problem.x0);
    const std::vector<double> x1 = theirs.x1;
    theirs.gradient(0, problem.t1, problem.x0, bar);
    CHECK(distance(theirs.x1, x1) <= 1e-14);  // the way forward is the same with the adjoint's memory
    theirs.gradient(0, problem.t1, problem.x0, bar);  // and so is a second call
    return {distance(x1, ours.x1), distance(theirs.x_bar, ours.x_bar), distance(theirs.p_bar, ours.theta_bar)};
}

const Problem lotka_volterra{{1.5, 1, 3, 1}, {1, 1}, {0.5, 2}, 10};
const Problem robertson{{0.4, 3, 1}, {1, 0, 0}, {0.2, 0.2, 0.2}, 5};
const Problem van_der_pol{{2}, {2, 0}, {1, 1}, 6};

/// Either solver keeps each step's error below the tolerance and no more. CVODES takes some hundred to a thousand steps here, without local
/// extrapolation, so as many tolerances may have gathered at the end, and its adjoint is solved along a state that is as far off: 1000 tolerances are
/// allowed. At two tolerances 10³ apart: a part that does not fall with the tolerance would be too large at the second.
template <class Field, class Peer>
void check(const Problem& problem, bool adams, bool hermite) {
    for (const double tol : {1e-6, 1e-9}) {
        INFO("tolerance " << tol << (adams ? ", Adams" : ", BDF") << (hermite ? ", Hermite" : ", polynomial"));
        const Apart far = apart<Field, Peer>(problem, tol, adams, hermite);
        CHECK(far.state <= 1000 * tol);
        CHECK(far.x_bar <= 1000 * tol);
        CHECK(far.p_bar <= 1000 * tol);
    }
}

}  // namespace

TEST_CASE("CVODES, forward and adjoint, agrees on Lotka-Volterra") {
    check<LotkaVolterra, GivenLotkaVolterra>(lotka_volterra, true, true);
    check<LotkaVolterra, GivenLotkaVolterra>(lotka_volterra, true, false);
}

TEST_CASE("CVODES, forward and adjoint, agrees on Robertson's reaction with mild rates") {
    check<MildRobertson, GivenRobertson>(robertson, true, true);
    check<MildRobertson, GivenRobertson>(robertson, false, true);
}

TEST_CASE("CVODES, forward and adjoint, agrees on van der Pol's oscillator") {
    check<VanDerPol, GivenVanDerPol>(van_der_pol, true, true);
    check<VanDerPol, GivenVanDerPol>(van_der_pol, false, false);
}

TEST_CASE("a wrong entry of the Jacobian shows in the gradient alone") {
    const Apart far = apart<LotkaVolterra, WrongLotkaVolterra>(lotka_volterra, 1e-6, true, true);
    CHECK(far.state <= 1e-3);
    CHECK(far.x_bar > 1e-2);
    CHECK(far.p_bar > 1e-2);
}

TEST_CASE("another parameter shows in the state and in the gradient") {
    Problem other = robertson;
    const SquaredDistance<double> loss(other.target);
    CvodesAdjoint<GivenRobertson> as_given(robertson.p, 1e-9, 1e-9, true, true);
    other.p[2] *= 1.001;
    CvodesAdjoint<GivenRobertson> moved(other.p, 1e-9, 1e-9, true, true);
    const auto bar = [&](const double* x, double* out) { loss.gradient(std::span<const double>(x, 3), std::span<double>(out, 3)); };
    as_given.gradient(0, 5, robertson.x0, bar);
    moved.gradient(0, 5, robertson.x0, bar);
    CHECK(distance(moved.x1, as_given.x1) > 1e-5);
    CHECK(distance(moved.p_bar, as_given.p_bar) > 1e-5);
}
