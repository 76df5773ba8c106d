// A warmed-up step, solve or gradient allocates nothing: counted by the program's own operator new.
#include "ode/gradient/methods.hpp"
#include "tests/ode/allocations.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;

namespace {

template <class Call>
std::size_t counted(Call&& call) {
    const std::size_t before = allocations;
    call();
    return allocations - before;
}

template <class F, class T>
void check_scalar() {
    const std::vector<T> x0 = batch_of_two<T>();
    const SquaredDistance<T> loss(target<T>());
    F f{parameters<T>()};
    for (const char* name : {"midpoint", "rk4", "dormand-prince"}) {
        const Tableau& tableau = find_tableau(name);
        const Coefficients<T> method(tableau);
        StepWorkspace<T> ws;
        std::vector<T> x1 = x0;
        const auto whole = [&] { solve<T>(method, f, {T(0), T(1), 10}, x0, x1, ws); };
        CHECK(counted(whole) > 0);
        CHECK(counted(whole) == 0);
        for_each_gradient_method([&](const auto& gradient) {
            INFO(gradient.name << ", " << name);
            using Method = std::decay_t<decltype(gradient)>;
            typename Method::template Workspace<F, T> workspace(tableau);
            GradientResult<T> result;
            const auto call = [&] { gradient(f, loss, T(0), T(1), 10, x0, GradientOptions{}, workspace, result); };
            CHECK(counted(call) > 0);
            const GradientResult<T> first = result;
            CHECK(counted(call) == 0);
            CHECK(result.x_bar == first.x_bar);  // and gives the same again
            CHECK(result.theta_bar == first.theta_bar);
            CHECK(result.t0_bar == first.t0_bar);
            const Cost cost = result.cost;  // a first call may look at sizes before
            CHECK(counted(call) == 0);
            CHECK(result.cost == cost);
        });
    }
}

}  // namespace

TEST_CASE("warm calls allocate nothing") {
    check_scalar<Polynomial<double>, double>();
    check_scalar<RecordingPolynomial<double>, double>();
}
