// Orders by rooted trees in ℚ; partners; what is derived from a tableau.
#include "ode/rooted_trees.hpp"
#include "ode/tableau.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace costate;
using namespace costate::ode;
using Catch::Matchers::Contains;

TEST_CASE("rooted trees: numbers, symmetries and densities") {
    const std::vector<RootedTree> trees = rooted_trees(highest_order);
    const std::vector<int> expected{0, 1, 1, 2, 4, 9, 20, 48, 115, 286, 719};  // OEIS A000081
    std::vector<int> count(highest_order + 1, 0);
    std::vector<Rational> labelled(highest_order + 1), ordered(highest_order + 1);
    Rational factorial[] = {1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800};
    std::set<std::vector<std::size_t>> distinct;
    for (const RootedTree& tree : trees) {
        ++count[tree.order];
        ordered[tree.order] += factorial[tree.order] / tree.symmetry / tree.density;
        labelled[tree.order] += factorial[tree.order] / tree.symmetry;
        distinct.insert(tree.children);
    }
    CHECK(count == expected);
    CHECK(distinct.size() == trees.size());
    for (std::size_t n = 1; n <= highest_order; ++n) {
        CHECK(ordered[n] == factorial[n - 1]);  // monotonically labelled trees: (n-1)!
        Rational cayley = 1;                    // labelled rooted trees: n^(n-1) (Cayley)
        for (std::size_t k = 1; k < n; ++k) cayley *= static_cast<int>(n);
        CHECK(labelled[n] == cayley);
    }
    CHECK_THROWS_WITH(rooted_trees(11), Contains("11") && Contains("10"));
}

TEST_CASE("order, embedded order, stages and partner of every tableau") {
    struct Expected {
        std::size_t order, embedded, stages;
        int partner_order;  // -1: no partner
        bool fsal;
    };
    // orders: the authors' own; partners: known by hand for Euler, Heun, RK4 and computed independently for the others
    const std::map<std::string, Expected> table{
        {"euler", {1, 0, 1, 1, false}},         {"midpoint", {2, 0, 2, -1, false}},       {"heun", {2, 0, 2, 2, false}},
        {"ralston", {2, 0, 2, 2, false}},       {"kutta3", {3, 0, 3, 3, false}},          {"rk4", {4, 0, 4, 4, false}},
        {"three-eighths", {4, 0, 4, 4, false}}, {"bogacki-shampine", {3, 2, 3, 2, true}}, {"fehlberg", {5, 4, 6, -1, false}},
        {"cash-karp", {5, 4, 6, -1, false}},    {"dormand-prince", {5, 4, 6, -1, true}}};
    CHECK(tableaus().size() == table.size());
    for (const Tableau& tableau : tableaus()) {
        INFO(tableau.name);
        const Expected& e = table.at(tableau.name);
        CHECK(is_explicit(tableau));
        CHECK(consistent(tableau));
        CHECK(order(tableau) == e.order);
        CHECK(embedded_order(tableau) == e.embedded);
        CHECK(effective_stages(tableau) == e.stages);
        CHECK(is_fsal(tableau) == e.fsal);
        CHECK(order(without_idle_stages(tableau)) == e.order);
        const std::optional<Tableau> adjoint = partner(tableau);
        CHECK(adjoint.has_value() == (e.partner_order >= 0));
        CHECK(has_zero_weight(tableau) == !adjoint.has_value());
        if (adjoint) CHECK(order(*adjoint) == static_cast<std::size_t>(e.partner_order));
        CHECK(&find_tableau(tableau.name) == &tableau);
        CHECK_FALSE(tableau.source.empty());
    }
}

TEST_CASE("every coefficient matters: any one changed, the order is lost") {
    for (const Tableau& tableau : tableaus()) {
        const std::size_t p = order(tableau), s = effective_stages(tableau);
        for (std::size_t i = 0; i < s; ++i) {
            Tableau weight = tableau;
            weight.b[i] += ratio(1, 1000000);
            CHECK(order(weight) == 0);
            CHECK_FALSE(consistent(weight));
            for (std::size_t j = 0; j < i && p > 1; ++j) {
                INFO(tableau.name << " a[" << i << "][" << j << "]");
                const Tableau changed = testing::perturbed(tableau, i, j, ratio(1, 1000000));
                CHECK(order(changed) < p);
                CHECK_FALSE(consistent(changed));
            }
        }
        if (tableau.b_hat.empty()) continue;
        Tableau estimate = tableau;
        estimate.b_hat.back() += 1;
        CHECK(embedded_order(estimate) == 0);
        CHECK_FALSE(consistent(estimate));
    }
}

TEST_CASE("the partner is symplectic with its method, and of Euler it is the implicit end") {
    for (const Tableau& tableau : tableaus()) {
        const std::optional<Tableau> adjoint = partner(tableau);
        if (!adjoint) continue;
        const Tableau forward = without_idle_stages(tableau);
        CHECK(adjoint->c == forward.c);
        for (std::size_t i = 0; i < forward.stages(); ++i)  // b_i Â_ij + b_j a_ji = b_i b_j
            for (std::size_t j = 0; j < forward.stages(); ++j)
                CHECK(forward.b[i] * adjoint->A(i, j) + forward.b[j] * forward.A(j, i) == forward.b[i] * forward.b[j]);
    }
    CHECK(partner(find_tableau("euler"))->A(0, 0) == 1);
    // the row sums of Â are not the c_i in general
    Tableau shampine = *partner(find_tableau("bogacki-shampine"));
    CHECK(consistent(*partner(find_tableau("rk4"))));
    CHECK_FALSE(consistent(shampine));
}

TEST_CASE("error coefficients: RK4 misses the tall tree of order 5 by 1/120, Euler that of order 2 by 1/2") {
    const std::vector<RootedTree> trees = rooted_trees(5);
    const auto tall = [&](std::size_t n) {  // [[…[•]…]]: γ = n!, the only one of that density
        std::size_t at = 0;
        std::int64_t factorial = 1;
        for (std::size_t k = 2; k <= n; ++k) factorial *= static_cast<std::int64_t>(k);
        while (trees[at].order != n || trees[at].density != factorial) ++at;
        return at;
    };
    CHECK(error_coefficients(find_tableau("rk4"), trees)[tall(5)] == ratio(-1, 120));
    CHECK(error_coefficients(find_tableau("rk4"), trees)[tall(4)] == 0);
    CHECK(error_coefficients(find_tableau("euler"), trees)[tall(2)] == ratio(-1, 2));
    CHECK(error_coefficients(find_tableau("midpoint"), trees)[tall(3)] == ratio(-1, 6));
}

TEST_CASE("what is not a tableau is refused in a sentence") {
    CHECK_THROWS_WITH(find_tableau("rk5"), Contains("'rk5'") && Contains("euler, midpoint") && Contains("dormand-prince"));
    Tableau ragged = find_tableau("heun");
    ragged.c.pop_back();
    CHECK_THROWS_WITH(consistent(ragged), Contains("heun") && Contains("c 1"));
}
