// A field in single precision inside a solver in double precision: between the two, and still the derivative of what it computes.
#include "ode/gradient/store_all.hpp"
#include "ode/mixed_field.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;

namespace {

using Narrow = RecordingPolynomial<float>;
using Mixed = MixedField<Narrow>;
static_assert(RecordingField<Mixed, double>);

constexpr double unit = std::numeric_limits<float>::epsilon();

double distance(const std::vector<double>& a, const std::vector<double>& b) {
    double far = 0, size = 0;
    for (std::size_t i = 0; i < a.size(); ++i) far += (a[i] - b[i]) * (a[i] - b[i]), size += b[i] * b[i];
    return std::sqrt(far / size);
}

// p and states that float holds exactly
std::vector<double> rounded(std::vector<double> values) {
    for (double& v : values) v = static_cast<float>(v);
    return values;
}

template <class F, class T>
GradientResult<T> gradient(F f, std::size_t steps) {
    const auto x0 = rounded(batch_of_two<double>()), y = rounded(target<double>());
    const SquaredDistance<T> loss(std::vector<T>(y.begin(), y.end()));
    const std::vector<T> start(x0.begin(), x0.end());
    return dto::StoreAll{}(f, loss, find_tableau("rk4"), T(0), T(1), steps, start);
}

std::vector<double> widened(const std::vector<float>& v) { return {v.begin(), v.end()}; }

}  // namespace

TEST_CASE("mixed precision agrees with double precision to single rounding, and stays there on many steps") {
    const auto p = rounded(parameters<double>());
    for (const std::size_t steps : {4u, 4096u}) {
        const auto wide = gradient<RecordingPolynomial<double>, double>(RecordingPolynomial<double>{p}, steps);
        const auto mixed = gradient<Mixed, double>(Mixed(Narrow{std::vector<float>(p.begin(), p.end())}), steps);
        const auto narrow = gradient<Narrow, float>(Narrow{std::vector<float>(p.begin(), p.end())}, steps);
        INFO(steps << " steps");
        CHECK(distance(mixed.x1, wide.x1) < 4 * unit);
        CHECK(distance(mixed.x_bar, wide.x_bar) < 8 * unit);
        CHECK(distance(mixed.theta_bar, wide.theta_bar) < 8 * unit);
        CHECK(mixed.t0_bar == Approx(wide.t0_bar).epsilon(64 * unit));
        CHECK(mixed.t1_bar == Approx(wide.t1_bar).epsilon(64 * unit));
        CHECK(mixed.cost.evaluations == wide.cost.evaluations);
        CHECK(distance(mixed.x_bar, wide.x_bar) > 0);
        // control: single precision throughout loses digits step by step
        if (steps == 4096) CHECK(distance(widened(narrow.x1), wide.x1) > 10 * distance(mixed.x1, wide.x1));
    }
}

TEST_CASE("the products of a mixed field belong together") {
    const auto p = rounded(parameters<double>());
    Mixed f(Narrow{std::vector<float>(p.begin(), p.end())});
    const auto x = rounded(batch_of_two<double>()), x_dot = scalars<double>({ratio(1, 3), ratio(-2, 5), ratio(7, 8), ratio(1, 9)});
    const auto lambda = scalars<double>({ratio(-1, 3), ratio(5, 7), ratio(2, 9), ratio(1, 5)});
    const auto theta_dot = scalars<double>({ratio(1, 6), ratio(2, 7), ratio(-3, 8), ratio(4, 9)});
    const double t = 0.3, t_dot = 0.7;
    std::vector<double> dx(4), dx_dot(4), dx_again(4);
    f.jvp(t, x, t_dot, x_dot, theta_dot, dx, dx_dot);
    f(t, x, dx_again);
    CHECK(dx == dx_again);
    const auto adjoint = [&](const auto& pull) {
        std::vector<double> x_bar(4, 1), theta_bar(4, 2);  // accumulated
        double t_bar = 3, right = 0, left = 0;
        pull(std::span<double>(x_bar), std::span<double>(theta_bar), t_bar);
        for (std::size_t i = 0; i < 4; ++i) {
            left += lambda[i] * dx_dot[i];
            right += (x_bar[i] - 1) * x_dot[i] + (theta_bar[i] - 2) * theta_dot[i];
        }
        return std::abs(left - right - (t_bar - 3) * t_dot);
    };
    auto record = f.make_record();
    f.forward(t, x, dx, record);
    CHECK(dx == dx_again);
    CHECK(adjoint([&](auto x_bar, auto theta_bar, double& t_bar) { f.pullback(record, lambda, x_bar, theta_bar, t_bar); }) < 8 * unit);
    CHECK(adjoint([&](auto x_bar, auto theta_bar, double& t_bar) { f.vjp(t, x, lambda, x_bar, theta_bar, t_bar); }) < 8 * unit);
    // control: the products at another point do not belong to it
    CHECK(adjoint([&](auto x_bar, auto theta_bar, double& t_bar) { f.vjp(t + 0.1, x, lambda, x_bar, theta_bar, t_bar); }) > 1e-3);
    // what is not wanted is left out
    double t_bar = 0;
    std::vector<double> x_bar(4, 0), none;
    f.vjp(t, x, lambda, x_bar, none, t_bar);
    std::vector<double> x_only(4, 0), theta_bar(4, 0);
    f.vjp(t, x, lambda, x_only, theta_bar, t_bar);
    CHECK(x_bar == x_only);
}
