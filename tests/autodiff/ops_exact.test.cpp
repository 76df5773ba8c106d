// Every op in ℚ and ℤ/p: all equalities with ==.
#include "op_checks.hpp"

#include <catch2/catch.hpp>

using namespace costate;
using namespace costate::autodiff;
using namespace costate::autodiff::test;

TEMPLATE_TEST_CASE("value, adjointness, vjp against jvp: exact", "", Rational, PrimeField) {
    for (const auto& c : all_cases<TestType>()) {
        for_all_settings(c, [&](unsigned mask, std::size_t batch) {
            INFO(c.name << ", shared " << mask << ", batch " << batch);
            const auto s = make_setting(c, mask, batch);
            CHECK(worst(forward(s.program, s.in, batch)[0], reference_value(c, s)) == 0);
            CHECK(adjointness_defect(s) == TestType(0));
            const auto j = jacobian_by_vjp(s);
            CHECK(j.values == jacobian_by_jvp(s).values);
        });
    }
}

TEST_CASE(
    "Jacobians in Z/p are those of Q reduced; those of Q are derivatives (difference quotients of low-degree polynomials are "
    "exact)") {
    const auto rational = all_cases<Rational>();
    const auto prime = all_cases<PrimeField>();
    std::size_t compared = 0;
    for (const auto& q : rational) {
        const auto p = std::find_if(prime.begin(), prime.end(), [&](const auto& c) { return c.name == q.name; });
        if (p == prime.end()) continue;
        ++compared;
        for_all_settings(q, [&](unsigned mask, std::size_t batch) {
            INFO(q.name << ", shared " << mask << ", batch " << batch);
            const auto exact = jacobian_by_vjp(make_setting(q, mask, batch)).values;
            const auto reduced = jacobian_by_vjp(make_setting(*p, mask, batch)).values;
            REQUIRE(exact.size() == reduced.size());
            for (std::size_t i = 0; i < exact.size(); ++i) CHECK(from_rational<PrimeField>(exact[i]) == reduced[i]);
        });
    }
    CHECK(compared == prime.size());
}

TEST_CASE("negative control: a program whose reverse sweep has another op's vjp is noticed") {
    for (const auto& c : all_cases<Rational>()) {
        if (c.name != "sub 3 3" && c.name != "mul 3 3") continue;
        const auto s = make_setting(c, 0, 2);
        REQUIRE(adjointness_defect(s) == 0);
        auto& reverse = const_cast<autodiff::detail::Plan<Rational>&>(*s.program.plan()).routine(autodiff::detail::Mode::reverse);
        reverse.code.at(0).op = ops::index_of<ops::Add>;
        CHECK(adjointness_defect(s) != 0);
        CHECK(jacobian_by_vjp(s).values != jacobian_by_jvp(s).values);
    }
}
