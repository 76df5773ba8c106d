// Every op in float, double and long double: values at 150 digits, Jacobians against those of the 50-digit program.
#include "op_checks.hpp"

#include <catch2/catch.hpp>

using namespace costate;
using namespace costate::autodiff;
using namespace costate::autodiff::test;

namespace {
// A handful of roundings on values of order one (5-term sums, compositions of two ops, 4-ulp kernels).
constexpr double value_bound = 16, jacobian_bound = 48;
}  // namespace

TEMPLATE_TEST_CASE("value, adjointness, vjp, jvp: floating point", "", float, double, (long double)) {
    const auto precise = all_cases<Mpfr50>();
    const auto cases = all_cases<TestType>();
    REQUIRE(cases.size() == precise.size());
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const auto& c = cases[i];
        for_all_settings(c, [&](unsigned mask, std::size_t batch) {
            INFO(c.name << ", shared " << mask << ", batch " << batch);
            const auto s = make_setting(c, mask, batch);
            CHECK(worst(forward(s.program, s.in, batch)[0], reference_value(c, s)) <= value_bound);
            const auto expected = jacobian_by_vjp(make_setting(precise[i], mask, batch)).values;
            CHECK(worst(jacobian_by_vjp(s).values, expected) <= jacobian_bound);
            CHECK(worst(jacobian_by_jvp(s).values, expected) <= jacobian_bound);
            const double scale = static_cast<double>(variables(s) * s.batch);
            CHECK(std::abs(static_cast<double>(adjointness_defect(s))) <=
                  64 * scale * static_cast<double>(std::numeric_limits<TestType>::epsilon()));
        });
    }
}

TEST_CASE("every op of the list is in one of the cases (comparisons and outputs have their own tests)") {
    std::vector<std::string_view> seen{"guard", "expand"};
    for (const auto& c : all_cases<double>()) {
        const auto names = make_setting(c, 0, 1).program.summary().forward;
        seen.insert(seen.end(), names.begin(), names.end());
    }
    for (const auto name : ops::List::names) {
        INFO(name);
        CHECK(std::find(seen.begin(), seen.end(), name) != seen.end());
    }
}
