// Tries at adaptive steps of scalar programs as straight lines against the same tries stage by stage (==): grids, counts, states, slopes, gradients, failures.
#include "autodiff/program_field.hpp"
#include "ode/adaptive/whole_attempt.hpp"
#include "ode/fields/lotka_volterra.hpp"
#include "ode/gradient/adaptive_dto.hpp"
#include "ode/loss.hpp"
#include "tests/ode/allocations.hpp"

#include <catch2/catch.hpp>


using namespace costate;
using namespace costate::autodiff;

namespace {

template <class T>
using Attempted = ode::AttemptedField<T, ProgramField<T>>;

template <class T>
ProgramField<T> predators(T p0 = T(1.5)) {
    const auto equation = [](const auto& t, auto x, auto p, auto dx) {
        ode::LotkaVolterra{}(t, x, p, dx);
        dx[0] = dx[0] + t * x[1] / T(16);  // time takes part
    };
    return ProgramField<T>(record_field<T>(2, std::vector<T>{p0, 1, 3, 1}, equation));
}

template <class T>
struct Solved {
    ode::Status status;
    ode::AdaptiveCounts counts;
    std::vector<T> times, slopes, x1, saved, x_bar, theta_bar;
    T t0_bar, t1_bar;
    friend bool operator==(const Solved& a, const Solved& b) {
        return a.status.outcome == b.status.outcome && a.status.sentence() == b.status.sentence() && a.counts == b.counts && a.times == b.times &&
               a.slopes == b.slopes && a.x1 == b.x1 && a.saved == b.saved && a.x_bar == b.x_bar && a.theta_bar == b.theta_bar && a.t0_bar == b.t0_bar &&
               a.t1_bar == b.t1_bar;
    }
};

template <class T, class F>
Solved<T> solved(F field, const char* tableau, const std::vector<T>& x0, T end, T tol) {
    ode::AdaptiveOptions<T> options;
    options.tolerance.rtol = options.tolerance.atol = tol;
    ode::GradientResult<T> g;
    ode::dto::AdaptiveDtoWorkspace<F, T> ws(ode::find_tableau(tableau));
    const ode::SquaredDistance<T> loss({T(1), T(1)});
    ode::dto::Adaptive{}(field, loss, T(0), std::vector<T>{end}, x0, options, {true, true}, ws, g);
    Solved<T> s{ws.forward.status, ws.forward.counts, {}, {}, g.x1, {}, g.x_bar, g.theta_bar, g.t0_bar, g.t1_bar};
    options.save_at = {end / 3, end / 2};
    const auto result = ode::solve_adaptive<T>(ode::find_tableau(tableau), field, T(0), end, x0, options, [&](const ode::AcceptedStep<T>& step) {
        s.slopes.insert(s.slopes.end(), step.k.begin(), step.k.end());
    });
    s.times = result.times;
    s.saved = result.saved;
    return s;
}

}  // namespace

TEMPLATE_TEST_CASE("tries as straight lines equal the stages, bitwise", "", float, double) {
    using T = TestType;
    for (const char* tableau : {"bogacki-shampine", "dormand-prince", "fehlberg", "verner-65", "dop853"}) {
        const auto stages = predators<T>();
        Attempted<T> whole(stages, ode::find_tableau(tableau)), compiled = whole;
        compiled.compile();
        for (const std::size_t batch : {1u, 3u, 33u}) {
            std::vector<T> x0;
            for (std::size_t b = 0; b < batch; ++b) x0.insert(x0.end(), {T(1) + T(b) / 64, T(1)});
            const Solved<T> expected = solved<T>(stages, tableau, x0, 6, T(1e-3));
            CHECK(expected.status.ok());
            CHECK(expected.counts.rejected > 0);
            for (const Attempted<T>& field : {whole, compiled}) {
                INFO(tableau << ", batch " << batch);
                Solved<T> got = solved<T>(field, tableau, x0, 6, T(1e-3));
                if (batch > 1) {  // sums over the samples are rounded in another order
                    for (std::size_t i = 0; i < 4; ++i) CHECK(got.theta_bar[i] == Approx(expected.theta_bar[i]).epsilon(sizeof(T) == 4 ? 1e-3 : 1e-11));
                    CHECK(got.t1_bar == Approx(expected.t1_bar).epsilon(sizeof(T) == 4 ? 1e-3 : 1e-11));
                    got.theta_bar = expected.theta_bar, got.t0_bar = expected.t0_bar, got.t1_bar = expected.t1_bar;
                }
                CHECK(got == expected);
            }
        }
        CHECK_FALSE(solved<T>(Attempted<T>(predators<T>(T(1.5001)), ode::find_tableau(tableau)), tableau, {1, 1}, 6, T(1e-3)) ==
                    solved<T>(stages, tableau, {1, 1}, 6, T(1e-3)));
    }
}

TEST_CASE("a pair that the lines are not of is tried stage by stage") {
    const auto stages = predators<double>();
    Attempted<double> field(stages, ode::find_tableau("dormand-prince"));
    std::vector<double> x{1, 1}, k(14), x_next(2), e(2), zeros(2);
    const ode::Attempt<double> place{x, k, x_next, e, {}, zeros};
    const auto tried = [&](const char* tableau) { return field.attempt(ode::PairCoefficients<double>(tableau).fingerprint, 0.0, 0.1, place); };
    CHECK(tried("dormand-prince") == 6);
    CHECK(tried("tsitouras") == 0);
    CHECK(solved<double>(field, "tsitouras", {1, 1}, 6, 1e-4) == solved<double>(stages, "tsitouras", {1, 1}, 6, 1e-4));
}

TEST_CASE("a solve that ends at a pole fails as it does stage by stage") {
    const auto square = [](auto, auto x, auto, auto dx) { dx[0] = x[0] * x[0], dx[1] = x[0] / x[1]; };
    const ProgramField<double> stages(record_field<double>(2, std::span<const double>{}, square));
    const Attempted<double> field(stages, ode::find_tableau("dormand-prince"));
    const Solved<double> expected = solved<double>(stages, "dormand-prince", {1, 1}, 2, 1e-6), got = solved<double>(field, "dormand-prince", {1, 1}, 2, 1e-6);
    CHECK_FALSE(expected.status.ok());
    CHECK(got == expected);
    const Solved<double> bad = solved<double>(field, "dormand-prince", {1, 0}, 2, 1e-6);
    CHECK(bad.status.outcome == ode::Outcome::non_finite);
    CHECK(bad == solved<double>(stages, "dormand-prince", {1, 0}, 2, 1e-6));
}

TEST_CASE("a warm gradient through tries as straight lines allocates nothing") {
    Attempted<double> field(predators<double>(), ode::find_tableau("dop853"));
    field.compile();
    const ode::AdaptiveOptions<double> options;
    const ode::SquaredDistance<double> loss({1, 1});
    const std::vector<double> x0{1, 1}, end{6};
    ode::dto::AdaptiveDtoWorkspace<Attempted<double>, double> ws(ode::find_tableau("dop853"));
    ode::GradientResult<double> g;
    const auto call = [&] {
        const std::size_t before = allocations;
        REQUIRE(ode::dto::Adaptive{}(field, loss, 0.0, end, x0, options, {true, true}, ws, g).ok());
        return allocations - before;
    };
    CHECK(call() > 0);
    CHECK(call() == 0);
}
