#include "ode/rooted_trees.hpp"

#include <stdexcept>
#include <string>

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

// The tests run order by order, so that a method of order p never meets the trees beyond p + 1.
std::size_t proved_order(const Tableau& tableau, const std::vector<Rational>& b) {
    std::vector<RootedTree> trees;
    for (std::size_t p = 1; p <= highest_order; ++p) {
        const std::size_t first = trees.size();
        append_order(trees, p);
        const std::vector<Rational> weights = elementary_weights(tableau, b, trees);
        for (std::size_t i = first; i < trees.size(); ++i)
            if (weights[i] * trees[i].density != 1) return p - 1;
    }
    return highest_order;
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
    const std::size_t s = tableau.stages();
    std::vector<std::vector<Rational>> a_g(trees.size());  // Σ_j a_ij g_j(τ), the factor that a child τ contributes at stage i
    std::vector<Rational> weights;
    for (std::size_t tree = 0; tree < trees.size(); ++tree) {
        std::vector<Rational> g(s, Rational(1));
        for (std::size_t child : trees[tree].children)
            for (std::size_t i = 0; i < s; ++i) g[i] *= a_g[child][i];
        a_g[tree].assign(s, Rational(0));
        Rational weight = 0;
        for (std::size_t i = 0; i < s; ++i) {
            weight += b[i] * g[i];
            for (std::size_t j = 0; j < s; ++j)
                if (tableau.A(i, j) != 0) a_g[tree][i] += tableau.A(i, j) * g[j];
        }
        weights.push_back(weight);
    }
    return weights;
}

std::vector<Rational> error_coefficients(const Tableau& tableau, const std::vector<RootedTree>& trees) {
    std::vector<Rational> errors = elementary_weights(tableau, tableau.b, trees);
    for (std::size_t tree = 0; tree < trees.size(); ++tree)
        errors[tree] = (errors[tree] - Rational(1) / trees[tree].density) / trees[tree].symmetry;
    return errors;
}

std::size_t order(const Tableau& tableau) { return proved_order(tableau, tableau.b); }

std::size_t embedded_order(const Tableau& tableau) { return tableau.b_hat.empty() ? 0 : proved_order(tableau, tableau.b_hat); }

}  // namespace costate::ode
