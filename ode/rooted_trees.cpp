#include "ode/rooted_trees.hpp"

#include "scalar/traits.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace costate::ode {

namespace {

RootedTree join(const std::vector<RootedTree>& trees, const std::vector<std::size_t>& children) {
    RootedTree tree;
    tree.children = children;
    std::int64_t multiplicity = 0;
    for (std::size_t k = 0; k < children.size(); ++k) {
        const RootedTree& child = trees[children[k]];
        multiplicity = k > 0 && children[k] == children[k - 1] ? multiplicity + 1 : 1;
        tree.order += child.order;
        tree.symmetry *= child.symmetry * multiplicity;
        tree.density *= child.density;
    }
    tree.density *= static_cast<std::int64_t>(tree.order);
    return tree;
}

// Every multiset of trees with `vertices` vertices in all, in non-descending index order from `first` on.
void choose_children(std::vector<RootedTree>& trees, std::size_t listed, std::size_t first, std::size_t vertices,
                     std::vector<std::size_t>& children) {
    if (vertices == 0) {
        trees.push_back(join(trees, children));
        return;
    }
    for (std::size_t child = first; child < listed && trees[child].order <= vertices; ++child) {
        children.push_back(child);
        choose_children(trees, listed, child, vertices - trees[child].order, children);
        children.pop_back();
    }
}

void append_order(std::vector<RootedTree>& trees, std::size_t order) {
    std::vector<std::size_t> children;
    choose_children(trees, trees.size(), 0, order - 1, children);
}

// Φ(τ) tree by tree, each once: for trees of ascending order, whose children come before them.
template <class T>
class Weights {
public:
    Weights(const Tableau& tableau, const std::vector<Rational>& b) : s_(tableau.stages()), rows_(s_) {
        for (std::size_t i = 0; i < s_; ++i) {
            b_.push_back(from_rational<T>(b[i]));
            for (std::size_t j = 0; j < s_; ++j)
                if (tableau.A(i, j) != 0) rows_[i].emplace_back(j, from_rational<T>(tableau.A(i, j)));
        }
    }

    T operator()(const RootedTree& tree) {
        std::vector<T> g(s_, T(1)), a_g(s_, T(0));
        for (const std::size_t child : tree.children)
            for (std::size_t i = 0; i < s_; ++i) g[i] *= a_g_[child][i];
        T weight = T(0);
        for (std::size_t i = 0; i < s_; ++i) {
            weight += b_[i] * g[i];
            for (const auto& [j, a] : rows_[i]) a_g[i] += a * g[j];
        }
        a_g_.push_back(std::move(a_g));
        return weight;
    }

private:
    std::size_t s_;
    std::vector<T> b_;
    std::vector<std::vector<std::pair<std::size_t, T>>> rows_;  // the a_ij ≠ 0 of a row
    std::vector<std::vector<T>> a_g_;                           // Σ_j a_ij g_j(τ), the factor that a child τ contributes at stage i
};

// The largest p ≤ most such that holds(γ(τ) Φ(τ)) for all |τ| ≤ p; the tests run order by order, so that a method of order p never meets
// the trees beyond p + 1.
template <class T, class Holds>
std::size_t order_up_to(std::size_t most, const Tableau& tableau, const std::vector<Rational>& b, Holds&& holds) {
    Weights<T> weights(tableau, b);
    std::vector<RootedTree> trees;
    for (std::size_t p = 1; p <= most; ++p) {
        const std::size_t first = trees.size();
        append_order(trees, p);
        for (std::size_t i = first; i < trees.size(); ++i)
            if (!holds(weights(trees[i]) * from_rational<T>(trees[i].density))) return p - 1;
    }
    return most;
}

// What fails in ℤ/p fails in ℚ, where it costs a hundred times as much; what holds there is proved in ℚ.
std::size_t proved_order(const Tableau& tableau, const std::vector<Rational>& b) {
    if (!tableau.exact) {
        const Mpfr100 tolerance = from_rational<Mpfr100>(decimal_tolerance());
        return order_up_to<Mpfr100>(highest_order, tableau, b, [&](const Mpfr100& w) { return abs(w - 1) <= tolerance; });
    }
    const std::size_t at_most = order_up_to<PrimeField>(highest_order, tableau, b, [](const PrimeField& w) { return w == PrimeField(1); });
    return order_up_to<Rational>(at_most, tableau, b, [](const Rational& w) { return w == 1; });
}

}  // namespace

std::vector<RootedTree> rooted_trees(std::size_t max_order) {
    if (max_order > highest_order)
        throw std::invalid_argument("rooted_trees: order " + std::to_string(max_order) + " asked for; the highest is " +
                                    std::to_string(highest_order));
    std::vector<RootedTree> trees;
    for (std::size_t order = 1; order <= max_order; ++order) append_order(trees, order);
    return trees;
}

std::vector<Rational> elementary_weights(const Tableau& tableau, const std::vector<Rational>& b,
                                         const std::vector<RootedTree>& trees) {
    Weights<Rational> weight(tableau, b);
    std::vector<Rational> weights;
    for (const RootedTree& tree : trees) weights.push_back(weight(tree));
    return weights;
}

std::vector<Rational> error_coefficients(const Tableau& tableau, const std::vector<RootedTree>& trees) {
    std::vector<Rational> errors = elementary_weights(tableau, tableau.b, trees);
    for (std::size_t tree = 0; tree < trees.size(); ++tree)
        errors[tree] = (errors[tree] - Rational(1) / trees[tree].density) / trees[tree].symmetry;
    return errors;
}

std::size_t order(const Tableau& tableau) {
    const std::size_t proved = proved_order(tableau, tableau.b);
    return proved == highest_order ? std::max(proved, tableau.beyond) : proved;
}

std::size_t embedded_order(const Tableau& tableau) { return tableau.b_hat.empty() ? 0 : proved_order(tableau, tableau.b_hat); }

double order_residual(const Tableau& tableau, std::size_t p) {
    Weights<Mpfr100> weights(tableau, tableau.b);
    Mpfr100 most = 0;
    for (const RootedTree& tree : rooted_trees(p)) {
        const Mpfr100 residual = abs(weights(tree) * from_rational<Mpfr100>(tree.density) - 1);
        if (residual > most) most = residual;
    }
    return static_cast<double>(most);
}

}  // namespace costate::ode
