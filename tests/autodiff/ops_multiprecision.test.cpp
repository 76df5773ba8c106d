// Every op at 50 and 100 digits: values at 150 digits, Jacobians against central differences of the replay itself.
#include "op_checks.hpp"

#include <catch2/catch.hpp>

using namespace costate;
using namespace costate::autodiff;
using namespace costate::autodiff::test;

namespace {

/// Column c of the Jacobian by (f(x + h) - f(x - h)) / 2h, h = 10^(-digits/3): error of order h².
template <class T>
std::vector<T> difference_column(Setting<T> s, std::size_t c, const T& h) {
    const auto shifted = [&](const T& by) {
        Setting<T> moved = s;
        std::size_t k = c;
        for (auto& a : moved.in) {
            if (k < a.size()) {
                a[k] += by;
                return forward(moved.program, moved.in, s.batch)[0];
            }
            k -= a.size();
        }
        std::vector<T> theta(moved.program.parameters().begin(), moved.program.parameters().end());
        theta[k] += by;
        moved.program.set_parameters(theta);
        return forward(moved.program, moved.in, s.batch)[0];
    };
    auto plus = shifted(h);
    const auto minus = shifted(T(-h));
    for (std::size_t r = 0; r < plus.size(); ++r) plus[r] = (plus[r] - minus[r]) / (2 * h);
    return plus;
}

template <class T>
double difference_error(const Setting<T>& s, const Matrix<T>& j) {
    const T h = pow(T(10), -static_cast<int>(ScalarTraits<T>::digits10 / 3));
    double w = 0;
    for (std::size_t c = 0; c < j.cols; ++c) {
        const auto column = difference_column(s, c, h);
        for (std::size_t r = 0; r < j.rows; ++r) w = std::max(w, static_cast<double>(T(abs(column[r] - j(r, c)) / (h * h))));
    }
    return w;
}

}  // namespace

TEMPLATE_TEST_CASE("value, adjointness, vjp, jvp, difference quotient: multiprecision", "", Mpfr50, Mpfr100) {
    for (const auto& c : all_cases<TestType>()) {
        for_all_settings(c, [&](unsigned mask, std::size_t batch) {
            INFO(c.name << ", shared " << mask << ", batch " << batch);
            const auto s = make_setting(c, mask, batch);
            CHECK(worst(forward(s.program, s.in, batch)[0], reference_value(c, s)) <= 32);
            const auto j = jacobian_by_vjp(s);
            CHECK(worst(jacobian_by_jvp(s).values, j.values) <= 64);
            CHECK(static_cast<double>(TestType(abs(adjointness_defect(s)) / std::numeric_limits<TestType>::epsilon())) <=
                  64.0 * static_cast<double>(j.cols * batch));
            // third derivatives here are below 6·4⁴ (x⁻² at 1/4), so the quotient's error is below that over six, times h²
            if (batch == 3 || mask == 0) CHECK(difference_error(s, j) <= 4096);
        });
    }
}

TEST_CASE("negative control: the difference quotient notices a vjp of another op") {
    for (const auto& c : all_cases<Mpfr50>()) {
        if (c.name != "sub 3 3") continue;
        const auto s = make_setting(c, 0, 2);
        const_cast<autodiff::detail::Plan<Mpfr50>&>(*s.program.plan()).routine(autodiff::detail::Mode::reverse).code.at(0).op =
            ops::index_of<ops::Add>;
        CHECK(difference_error(s, jacobian_by_vjp(s)) > 4096);
    }
}
