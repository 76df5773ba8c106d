// Tableaus beyond the classical ones: orders proved in ℚ or bounded at 100 digits, what one changed coefficient does, observed orders.
#include "ode/gradient/store_all.hpp"
#include "ode/leading.hpp"
#include "ode/rooted_trees.hpp"
#include "ode/solve.hpp"
#include "ode/tableaus/builder.hpp"
#include "ode/tableaus/extrapolation.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <map>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;
using Catch::Matchers::Contains;

namespace {

// The coefficients as doubles hold them, still of a tableau of decimals.
Tableau in_double(Tableau tableau) {
    const auto rounded = [](std::vector<Rational>& values) {
        for (Rational& q : values) q = Rational(from_rational<double>(q));
    };
    rounded(tableau.a);
    rounded(tableau.b);
    return tableau;
}

double digits_shared(const Rational& found, const char* published) {
    return -std::log10(std::abs(from_rational<double>(found - ode::detail::tableau_from_text("", "", "0", {}, published).b[0])));
}

// T_kk of Aitken and Neville by their recursion, each grid walked in plain loops: no tableau takes part. power: 1 Euler, 2 the midpoint rule.
template <class T, class F>
std::vector<T> by_recursion(F& f, const T& t, const T& h, const std::vector<T>& x0, std::size_t columns, int power) {
    std::vector<std::vector<T>> row;
    std::vector<int> n;
    for (std::size_t j = 0; j < columns; ++j) {
        n.push_back(static_cast<int>(j + 1) * power);
        const T part = h / T(n.back());
        std::vector<T> before = x0, x = x0, slope(x0.size());
        for (int i = 0; i < n.back(); ++i) {
            f(t + T(i) * part, std::span<const T>(x), std::span<T>(slope));
            std::vector<T> next = power == 1 || i == 0 ? x : before;
            for (std::size_t m = 0; m < x.size(); ++m) next[m] += (power == 1 || i == 0 ? part : part + part) * slope[m];
            before = std::exchange(x, next);
        }
        row.push_back(x);
        for (std::size_t k = j; k-- > 0;) {  // row[k] becomes T_{j, j−k}
            const T quotient = T(n[j]) / T(n[k]), factor = (power == 1 ? quotient : quotient * quotient) - T(1);
            for (std::size_t m = 0; m < x.size(); ++m) row[k][m] = row[k + 1][m] + (row[k + 1][m] - row[k][m]) / factor;
        }
    }
    return row[0];
}

}  // namespace

TEST_CASE("order, embedded order and stages, as their authors give them") {
    struct Expected {
        std::size_t order, embedded, stages;
        bool exact, fsal;
    };
    const std::map<std::string, Expected> table{{"ssprk3", {3, 0, 3, true, false}},    {"tsitouras", {5, 4, 7, false, true}},
                                                {"verner-65", {6, 5, 9, true, true}},  {"verner-87", {8, 7, 13, true, false}},
                                                {"dop853", {8, 5, 12, false, false}}};
    REQUIRE(tableau_library().size() == tableaus().size() + table.size());
    for (const Tableau& tableau : tableau_library().subspan(tableaus().size())) {
        INFO(tableau.name);
        const Expected& e = table.at(tableau.name);
        CHECK(is_explicit(tableau));
        CHECK(consistent(tableau));
        CHECK(order(tableau) == e.order);
        CHECK(embedded_order(tableau) == e.embedded);
        CHECK(tableau.stages() == e.stages);
        CHECK(tableau.exact == e.exact);
        CHECK(is_fsal(tableau) == e.fsal);
        CHECK(order(without_idle_stages(tableau)) == e.order);
        CHECK(without_idle_stages(tableau).exact == e.exact);
        CHECK(&find_tableau(tableau.name) == &tableau);
    }
    for (const Tableau& tableau : tableaus()) CHECK(tableau.exact);
    // they are the methods that they are called: printed digits of the authors, which another member of the family does not share
    CHECK(digits_shared(find_tableau("tsitouras").c[4], "0.9800255409045097") > 15.9);
    CHECK(digits_shared(find_tableau("tsitouras").A(3, 2), "4.3622954328695815") > 15.5);
    CHECK(digits_shared(find_tableau("dop853").c[2], "0.0789002279381515978178381316732") > 27);
    CHECK(digits_shared(find_tableau("dop853").b[9], "-0.152160949662516078556178806805") > 27);
    CHECK(digits_shared(find_tableau("dop853").c[8], "0.651282051282051282051282051282") > 27);
    CHECK(find_tableau("verner-65").c[6] == ratio(1999, 2000));
    CHECK(find_tableau("verner-87").c[8] == ratio(7067558016280, 7837150160667));
}

TEST_CASE("decimals: what is left of every condition is below 1e-50, and of their doubles or their first 30 digits it is not") {
    for (const char* name : {"tsitouras", "dop853"}) {
        INFO(name);
        const Tableau& tableau = find_tableau(name);
        const std::size_t p = order(tableau);
        CHECK(order_residual(tableau, p) < 1e-50);
        CHECK(order_residual(tableau, p) > 0);  // not claimed to be exact
        CHECK(order_residual(tableau, p + 1) > 1e-3);
        CHECK(order_residual(in_double(tableau), p) > 1e-18);
        CHECK(order(in_double(tableau)) < p);
        Tableau exact = tableau;
        exact.exact = true;  // taken at their word the decimals have no order beyond the first few
        CHECK(order(exact) < p);
    }
    CHECK(order_residual(find_tableau("verner-87"), 8) < 1e-85);
    CHECK(order_residual(find_tableau("rk4"), 5) > 1e-3);
    CHECK_THROWS_WITH(order_residual(find_tableau("rk4"), 11), Contains("11"));
    CHECK_THROWS_WITH(ode::detail::tableau_from_text("mine", "", "0", {}, "1/2x"), Contains("'mine'") && Contains("'1/2x' is no number"));
}

TEST_CASE("every coefficient matters here too: any one changed, the order is lost") {
    const auto check = [](const Tableau& tableau) {
        const std::size_t p = order(tableau), s = effective_stages(tableau);
        for (std::size_t i = 0; i < s; ++i) {
            Tableau weight = tableau;
            weight.b[i] += ratio(1, 1000000);
            CHECK(order(weight) == 0);
            CHECK_FALSE(consistent(weight));
            for (std::size_t j = 0; j < i; ++j) {
                INFO(tableau.name << " a[" << i << "][" << j << "]");
                const Tableau changed = perturbed(tableau, i, j, ratio(1, 1000000));
                CHECK(order(changed) < p);
                CHECK_FALSE(consistent(changed));
            }
        }
    };
    for (const Tableau& tableau : tableau_library().subspan(tableaus().size())) check(tableau);
    check(find_tableau("gragg:6"));
    check(find_tableau("aitken-neville:5"));
}

TEST_CASE("extrapolation methods: order by all trees up to order 10, stages by counting") {
    for (std::size_t k = 1; k <= 5; ++k) {
        const Tableau tableau = gragg(2 * k);
        INFO(tableau.name);
        CHECK(is_explicit(tableau));
        CHECK(consistent(tableau));
        CHECK(order(tableau) == 2 * k);
        CHECK(embedded_order(tableau) == 2 * k - 2);
        CHECK(tableau.stages() == 1 + k * k);
        CHECK(find_tableau(tableau.name).b == tableau.b);
    }
    for (std::size_t p = 1; p <= 10; ++p) {
        const Tableau tableau = extrapolation_euler(p);
        INFO(tableau.name);
        CHECK(consistent(tableau));
        CHECK(order(tableau) == p);
        CHECK(embedded_order(tableau) == p - 1);
        CHECK(tableau.stages() == 1 + p * (p - 1) / 2);
        CHECK(find_tableau(tableau.name).b == tableau.b);
    }
    CHECK(gragg(2).A(1, 0) == ratio(1, 2));  // the midpoint rule
    // beyond the trees the order is that of the construction, unless a condition up to there fails
    Tableau twelve = gragg(12);
    CHECK(order(twelve) == 12);
    CHECK(order(perturbed(twelve, 7, 3)) < 10);
    twelve.b[5] += ratio(1, 1000);
    CHECK(order(twelve) == 0);
    CHECK_THROWS_WITH(gragg(7), Contains("7") && Contains("even"));
    CHECK_THROWS_WITH(extrapolation_euler(0), Contains("at least 1"));
    for (const char* name : {"gragg", "gragg:7", "gragg:18", "gragg:4x", "aitken-neville:0", "dop54"})
        CHECK_THROWS_WITH(find_tableau(name), Contains("'" + std::string(name) + "'") && Contains("dop853") && Contains("gragg:ORDER") && Contains("aitken-neville:ORDER"));
}

TEST_CASE("one step of the generated tableaus is the recursion of Aitken and Neville on the grids, == in the prime field") {
    using T = PrimeField;
    Polynomial<T> f{parameters<T>()};
    const T t = from_rational<T>(ratio(1, 5)), h = from_rational<T>(ratio(1, 8));
    const auto step_of = [&](const Tableau& tableau) { return solve(tableau, f, t, t + h, 1, batch_of_two<T>()); };
    for (std::size_t k = 1; k <= 6; ++k) {
        CHECK(step_of(extrapolation_euler(k)) == by_recursion(f, t, h, batch_of_two<T>(), k, 1));
        CHECK(step_of(gragg(2 * k)) == by_recursion(f, t, h, batch_of_two<T>(), k, 2));
    }
    CHECK_FALSE(step_of(gragg(4)) == by_recursion(f, t, h, batch_of_two<T>(), 4, 1));
}

namespace {

// The end and its gradient: x₁, then ∇ₓL, ∇_θL, ∂L/∂t₀, ∂L/∂t₁.
std::vector<Mpfr50> solved_with_gradient(const Tableau& tableau, std::size_t steps) {
    using T = Mpfr50;
    Polynomial<T> f{parameters<T>()};
    auto g = dto::StoreAll{}(f, SquaredDistance<T>(target<T>()), tableau, from_rational<T>(ratio(1, 5)), from_rational<T>(ratio(6, 5)), steps,
                             scalars<T>({ratio(1, 2), ratio(-2, 3)}));
    for (const auto* part : {&g.x_bar, &g.theta_bar}) g.x1.insert(g.x1.end(), part->begin(), part->end());
    g.x1.push_back(g.t0_bar);
    g.x1.push_back(g.t1_bar);
    return g.x1;
}

}  // namespace

TEST_CASE("observed orders at 50 digits, of the end and of the gradient: successive differences on N, 2N, 4N steps") {
    const auto check = [](const Tableau& tableau, double predicted, std::size_t steps = 64) {
        const auto coarse = solved_with_gradient(tableau, steps), middle = solved_with_gradient(tableau, 2 * steps), fine = solved_with_gradient(tableau, 4 * steps);
        const auto observed = [&](std::size_t first, std::size_t last) {
            const auto distance = [&](const auto& a, const auto& b) {
                Mpfr50 sum = 0;
                for (std::size_t i = first; i < last; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
                return static_cast<double>(sqrt(sum));
            };
            return std::log2(distance(coarse, middle) / distance(middle, fine));
        };
        INFO(tableau.name);
        CHECK(observed(0, 2) == Approx(predicted).margin(0.15));
        if (tableau.name == "verner-65") return;  // its constants are so small that the next order still shows: see one step, below
        CHECK(observed(2, 4) == Approx(predicted).margin(0.15));   // ∇ₓL
        CHECK(observed(4, 8) == Approx(predicted).margin(0.15));   // ∇_θL
        CHECK(observed(8, 10) == Approx(predicted).margin(0.15));  // ∂L/∂t₀, ∂L/∂t₁
    };
    for (const Tableau& tableau : tableau_library().subspan(tableaus().size()))
        check(tableau, static_cast<double>(dto::StoreAll::predicted_order(tableau)), 256);
    for (const char* name : {"gragg:4", "gragg:8", "gragg:12", "aitken-neville:5"}) {
        const Tableau& tableau = find_tableau(name);
        check(tableau, static_cast<double>(dto::StoreAll::predicted_order(tableau)));
    }
    check(perturbed(find_tableau("dop853"), 6, 3), 1);  // control
}

TEST_CASE("one step's gradient errs by C h^(p+1): the first coefficient that is not 0, at 50 digits") {
    using T = Mpfr50;
    Polynomial<T> f{parameters<T>()};
    const auto first_order = [&](const Tableau& tableau, std::size_t p) {
        const auto c = leading_coefficient(dto::StoreAll{}, f, SquaredDistance<T>(target<T>()), tableau, from_rational<T>(ratio(1, 5)),
                                           scalars<T>({ratio(1, 2), ratio(-2, 3)}), p);
        CHECK(c.norm > 0);
        return c.local_order;
    };
    const auto check = [&](const Tableau& tableau) {
        const std::size_t p = dto::StoreAll::predicted_order(tableau);
        INFO(tableau.name);
        CHECK(first_order(tableau, p) == Approx(static_cast<double>(p + 1)).margin(0.05));
        CHECK(first_order(perturbed(tableau, effective_stages(tableau) - 1, 0), p) < static_cast<double>(p) + 0.5);  // control
    };
    for (const Tableau& tableau : tableau_library().subspan(tableaus().size())) check(tableau);
    for (const char* name : {"gragg:4", "gragg:8", "gragg:12", "aitken-neville:5", "aitken-neville:9"}) check(find_tableau(name));
}
