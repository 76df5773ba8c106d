#include "claims/classics/forest.hpp"

#include <fmt/format.h>

namespace costate::claims::classical {

std::vector<Rational> forest_step(const ode::Tableau& tableau, std::size_t highest) {
    const std::vector<ode::RootedTree> trees = ode::rooted_trees(highest);
    Field<Rational> forest;
    forest.dimension = trees.size();
    forest.value = [&trees](const Rational&, std::span<const Rational> y, std::span<Rational> slope) {
        forest_slope<Rational>(trees, y, slope);
    };
    std::vector<Rational> y = solve<Rational>(tableau, forest, 0, 1, 1, std::vector<Rational>(trees.size(), Rational(0)));
    for (std::size_t k = 0; k < trees.size(); ++k) y[k] *= trees[k].density;
    return y;
}

std::vector<Rational> forest_step_in_series(const ode::Tableau& tableau, std::size_t highest) {
    const std::vector<ode::RootedTree> trees = ode::rooted_trees(highest);
    const Autonomous<Rational> forest = [&trees](std::span<const RationalSeries> y, std::span<RationalSeries> slope) {
        forest_slope<RationalSeries>(trees, y, slope);
    };
    const auto step = implicit_step<Rational>(tableau, forest, std::vector<Rational>(trees.size(), Rational(0)));
    std::vector<Rational> shown;
    for (std::size_t k = 0; k < trees.size(); ++k) shown.emplace_back(step[k][trees[k].order] * trees[k].density);
    return shown;
}

template <class C>
std::vector<Expansion<C>> implicit_step(const ode::Tableau& tableau, const Autonomous<C>& field, const std::vector<C>& y0) {
    const std::size_t n = y0.size(), s = tableau.stages();
    const Expansion<C> h = Expansion<C>::variable();
    std::vector<std::vector<Expansion<C>>> k(s, std::vector<Expansion<C>>(n));
    std::vector<Expansion<C>> y(n), x1(y0.begin(), y0.end());
    for (std::size_t sweep = 0; sweep < series_terms; ++sweep)
        for (std::size_t i = 0; i < s; ++i) {
            y.assign(y0.begin(), y0.end());
            for (std::size_t j = 0; j < s; ++j) {
                const C a = from_rational<C>(tableau.A(i, j));
                for (std::size_t m = 0; m < n; ++m) y[m] += h * k[j][m] * a;
            }
            field(y, k[i]);
        }
    for (std::size_t i = 0; i < s; ++i)
        for (std::size_t m = 0; m < n; ++m) x1[m] += h * k[i][m] * from_rational<C>(tableau.b[i]);
    return x1;
}

template std::vector<RationalSeries> implicit_step<Rational>(const ode::Tableau&, const Autonomous<Rational>&,
                                                             const std::vector<Rational>&);
template std::vector<RealSeries> implicit_step<Mpfr50>(const ode::Tableau&, const Autonomous<Mpfr50>&,
                                                       const std::vector<Mpfr50>&);

namespace {

bool is_one(const Rational& shown, bool exact) { return exact ? shown == 1 : abs(shown - 1) <= ode::decimal_tolerance(); }

}  // namespace

std::size_t order_shown(const std::vector<Rational>& shown, std::size_t highest, bool exact) {
    const std::vector<ode::RootedTree> trees = ode::rooted_trees(highest);
    for (std::size_t k = 0; k < trees.size(); ++k)
        if (!is_one(shown[k], exact)) return trees[k].order - 1;
    return highest;
}

Finding order_finding(std::string name, std::size_t predicted, const std::vector<Rational>& shown, std::size_t highest, bool exact) {
    const std::size_t p = order_shown(shown, highest, exact);
    const auto held = static_cast<std::size_t>(std::count_if(shown.begin(), shown.end(), [&](const Rational& one) { return is_one(one, exact); }));
    return equality(
        std::move(name), fmt::format("{} (all rooted trees)", predicted),
        fmt::format(R"({} (of {} equations $y_\tau' = \prod_k y_{{\tau_k}}$ one step solves {}{}))", p, shown.size(), held,
                    exact ? "" : ", each to 1e-45: the coefficients are decimals"),
        p == predicted);
}

namespace {

// •, [•], [•,•], [[•]], …
std::string name_of(const std::vector<ode::RootedTree>& trees, std::size_t k) {
    if (trees[k].children.empty()) return "•";
    std::string inside;
    for (const std::size_t child : trees[k].children) inside += (inside.empty() ? "" : ",") + name_of(trees, child);
    return "[" + inside + "]";
}

// Of all trees; of many their numbers, every fifth.
std::vector<std::string> names_of(const std::vector<ode::RootedTree>& trees) {
    constexpr std::size_t readable = 17;
    std::vector<std::string> names;
    for (std::size_t k = 0; k < trees.size(); ++k)
        names.push_back(trees.size() <= readable ? name_of(trees, k) : (k + 1) % 5 == 0 ? std::to_string(k + 1) : "");
    return names;
}

}  // namespace

Figure forest_figure(const ode::Tableau& tableau, const std::vector<Rational>& shown, std::size_t highest) {
    const std::vector<ode::RootedTree> trees = ode::rooted_trees(highest);
    const std::vector<Rational> weights = ode::elementary_weights(tableau, tableau.b, trees);
    Curve curve{tableau.name, {}, {}, {}};
    for (std::size_t k = 0; k < trees.size(); ++k) {
        curve.x.push_back(static_cast<double>(k + 1));
        curve.measured.push_back(ScalarTraits<Rational>::to_double(shown[k]));
        curve.predicted.push_back(ScalarTraits<Rational>::to_double(Rational(weights[k] * trees[k].density)));
    }
    return {fmt::format("The conditions of order, tree by tree up to {} "
                        "vertices: 1 where one holds",
                        highest),
            R"(rooted tree $\tau$)",
            R"($\gamma(\tau) \sum_i b_i g_i(\tau)$)",
            false,
            false,
            {std::move(curve)},
            names_of(trees)};
}

}  // namespace costate::claims::classical
