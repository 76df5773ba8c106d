#include "ode/tableaus/extrapolation.hpp"

#include "ode/rooted_trees.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace costate::ode {

namespace {

// One grid: the places of its stages among those of all grids (its first stage is stage 0, f(t, x₀)), and its end x₀ + h Σ weight_i k_i.
struct GridStages {
    std::size_t first, count;
    std::vector<Rational> weights;  // of stage 0, then of its own
};

std::size_t place(const GridStages& grid, std::size_t i) { return i == 0 ? 0 : grid.first + i - 1; }

Tableau with_stages(std::string name, std::string source, std::size_t stages) {
    Tableau tableau{std::move(name), {}, {}, {}, {}, std::move(source)};
    tableau.c.assign(stages, Rational(0));
    tableau.a.assign(stages * stages, Rational(0));
    tableau.b.assign(stages, Rational(0));
    return tableau;
}

// Lagrange's weights at 0 of the nodes node[first], node[first + 1], …
std::vector<Rational> at_zero(const std::vector<Rational>& node, std::size_t first) {
    std::vector<Rational> weights;
    for (std::size_t j = first; j < node.size(); ++j) {
        weights.emplace_back(1);
        for (std::size_t i = first; i < node.size(); ++i)
            if (i != j) weights.back() *= node[i] / (node[i] - node[j]);
    }
    return weights;
}

// b = Σ_j w_j (weights of grid j) over the grids from `first` on.
std::vector<Rational> combined(const std::vector<GridStages>& grids, const std::vector<Rational>& node, std::size_t first, std::size_t stages) {
    const std::vector<Rational> w = at_zero(node, first);
    std::vector<Rational> b(stages, Rational(0));
    for (std::size_t j = first; j < grids.size(); ++j)
        for (std::size_t i = 0; i < grids[j].weights.size(); ++i) b[place(grids[j], i)] += w[j - first] * grids[j].weights[i];
    return b;
}

void extrapolate_grids(Tableau& tableau, const std::vector<GridStages>& grids, const std::vector<Rational>& node, std::size_t order) {
    tableau.b = combined(grids, node, 0, tableau.stages());
    if (grids.size() > 1) tableau.b_hat = combined(grids, node, 1, tableau.stages());
    if (order > highest_order) tableau.beyond = order;
}

}  // namespace

Tableau extrapolation_euler(std::size_t order) {
    if (order == 0) throw std::invalid_argument("extrapolation_euler: order 0 is asked for; give at least 1");
    const std::size_t stages = 1 + order * (order - 1) / 2;
    Tableau tableau = with_stages(std::string(aitken_neville_name) + ":" + std::to_string(order), "Deuflhard 1983 (Euler, harmonic sequence)", stages);
    std::vector<GridStages> grids;
    std::vector<Rational> node;
    std::size_t first = 1;
    for (std::size_t n = 1; n <= order; first += n - 1, ++n) {
        const Rational part = Rational(1) / static_cast<int>(n);
        grids.push_back({first, n, std::vector<Rational>(n, part)});
        node.push_back(part);
        for (std::size_t i = 1; i < n; ++i) {
            tableau.c[place(grids.back(), i)] = part * static_cast<int>(i);
            for (std::size_t j = 0; j < i; ++j) tableau.A(place(grids.back(), i), place(grids.back(), j)) = part;
        }
    }
    extrapolate_grids(tableau, grids, node, order);
    return tableau;
}

Tableau gragg(std::size_t order) {
    if (order == 0 || order % 2 != 0)
        throw std::invalid_argument("gragg: order " + std::to_string(order) + " is asked for; its orders are even, give 2, 4, …");
    const std::size_t k = order / 2;
    Tableau tableau = with_stages(std::string(gragg_name) + ":" + std::to_string(order), "Gragg 1965; Bulirsch, Stoer 1966", 1 + k * k);
    std::vector<GridStages> grids;
    std::vector<Rational> node;
    std::size_t first = 1;
    for (std::size_t n = 2; n <= order; first += n - 1, n += 2) {
        const Rational part = Rational(1) / static_cast<int>(n);
        // x_i = x₀ + (h/n)(…): the slopes before i of the other parity, twice each, f(x₀) once
        const auto factor = [&](std::size_t i, std::size_t j) { return (i - j) % 2 == 0 ? Rational(0) : j == 0 ? part : Rational(2 * part); };
        grids.push_back({first, n, {}});
        node.push_back(part * part);
        for (std::size_t i = 1; i < n; ++i) {
            tableau.c[place(grids.back(), i)] = part * static_cast<int>(i);
            for (std::size_t j = 0; j < i; ++j) tableau.A(place(grids.back(), i), place(grids.back(), j)) = factor(i, j);
        }
        for (std::size_t j = 0; j < n; ++j) grids.back().weights.push_back(factor(n, j));
    }
    extrapolate_grids(tableau, grids, node, order);
    return tableau;
}

}  // namespace costate::ode
