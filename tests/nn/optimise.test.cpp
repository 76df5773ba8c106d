// Adam against PyTorch, L-BFGS against the dense formula, on quadratics and where minima are known, and the Wolfe conditions of every step.
#include "nn/optimise/adam.hpp"
#include "nn/optimise/lbfgs.hpp"
#include "scalar/rational.hpp"
#include "tests/ode/allocations.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <numeric>

using namespace costate;
using namespace costate::nn;
using Catch::Matchers::Contains;
using Catch::Matchers::Message;

namespace {

template <class T>
using Read = std::span<const T>;
template <class T>
using Write = std::span<T>;

/// Σ 100 (x_{i+1} − x_i²)² + (1 − x_i)², over pairs (i, i + 1): 0 at (1, 1, …), i even.
struct Rosenbrock {
    template <class T>
    T operator()(Read<T> x, Write<T> g) const {
        T sum(0);
        for (std::size_t i = 0; i + 1 < x.size(); i += 2) {
            const T a = x[i + 1] - x[i] * x[i], b = T(1) - x[i];
            sum += T(100) * a * a + b * b;
            g[i] = -T(400) * x[i] * a - T(2) * b;
            g[i + 1] = T(200) * a;
        }
        return sum;
    }
    double operator()(Read<double> x, Write<double> g) const { return operator()<double>(x, g); }
    float operator()(Read<float> x, Write<float> g) const { return operator()<float>(x, g); }
};

/// e^{x+3y−.1} + e^{x−3y−.1} + e^{−x−.1}: at its minimum y = 0 and e^{2x} = ½.
double exponentials(Read<double> x, Write<double> g) {
    const double a = std::exp(x[0] + 3 * x[1] - 0.1), b = std::exp(x[0] - 3 * x[1] - 0.1), c = std::exp(-x[0] - 0.1);
    g[0] = a + b - c;
    g[1] = 3 * a - 3 * b;
    return a + b + c;
}

/// Σ i xᵢ²/2 + the coupling of neighbours, made symmetric and positive definite.
double quadratic(Read<double> x, Write<double> g) {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        g[i] = static_cast<double>(i * i + 2) * x[i] - 1;
        if (i > 0) g[i] += 0.5 * x[i - 1];
        if (i + 1 < x.size()) g[i] += 0.5 * x[i + 1];
        sum += 0.5 * (g[i] - 1) * x[i];
    }
    return sum;
}

double largest(Read<double> v) {
    double most = 0;
    for (const double entry : v) most = std::max(most, std::abs(entry));
    return most;
}

/// Whether going from a to b, p = b − a, lowers the loss by c₁ pᵀg(a) and leaves |pᵀg(b)| ≤ c₂ |pᵀg(a)|; 1 ulp of L is given for p's rounding.
template <class F>
bool wolfe(const F& f, const std::vector<double>& a, const std::vector<double>& b, double c1, double c2) {
    std::vector<double> ga(a.size()), gb(a.size());
    const double la = f(Read<double>(a), Write<double>(ga)), lb = f(Read<double>(b), Write<double>(gb));
    double before = 0, after = 0;
    for (std::size_t i = 0; i < a.size(); ++i) before += (b[i] - a[i]) * ga[i], after += (b[i] - a[i]) * gb[i];
    return before < 0 && lb <= la + c1 * before + 2.3e-16 * std::abs(la) && std::abs(after) <= c2 * std::abs(before) * (1 + 1e-9);
}

/// Steps until the search ends; every one meets the conditions, and what it says is where it stands.
template <class F>
std::vector<double> descend(const F& f, std::vector<double> x, const LbfgsOptions<double>& options, std::size_t most, MinimiserStatus* end = nullptr) {
    Lbfgs<double> method(x.size(), options);
    std::size_t calls = 0, steps = 0;
    const auto counted = [&](Read<double> at, Write<double> g) { return ++calls, f(at, g); };
    method.begin(counted, x);
    std::vector<double> before = x;
    for (; steps < most && method.step(counted, x).steps > steps; ++steps) {
        CHECK(wolfe(f, before, x, options.wolfe.descent, options.wolfe.curvature));
        CHECK_FALSE(wolfe(f, x, before, options.wolfe.descent, options.wolfe.curvature));
        before = x;
    }
    std::vector<double> g(x.size());
    CHECK(method.loss() == f(Read<double>(x), Write<double>(g)));
    CHECK(std::equal(g.begin(), g.end(), method.gradient().begin()));
    CHECK(method.status().evaluations == calls);
    CHECK(method.status().steepest == largest(g));
    if (end) *end = method.status();
    return x;
}

struct Run {
    AdamOptions<double> options;
    std::size_t steps;
    std::array<double, 2> theta;
};
// torch.optim.Adam of PyTorch 2.15.0, float64, gradients by its autograd, on Rosenbrock's function from (−1.2, 1).
const Run torch_runs[] = {
    {{0.05, 0.9, 0.999, 1e-8}, 1, {-1.1500000000023192, 1.0499999999943181}},
    {{0.05, 0.9, 0.999, 1e-8}, 2, {-1.102111023624808, 1.0980762212585684}},
    {{0.05, 0.9, 0.999, 1e-8}, 3, {-1.0590684779884367, 1.1413537305608294}},
    {{0.05, 0.9, 0.999, 1e-8}, 10, {-1.0149912069367495, 1.1573089781233625}},
    {{0.2, 0.5, 0.75, 1e-2}, 1, {-1.0000092760076063, 1.1999772753096238}},
    {{0.2, 0.5, 0.75, 1e-2}, 10, {-1.0208264722971701, 1.0137885151086932}},
};

/// H of the pairs by the formula itself, as a matrix, times v.
std::vector<Rational> dense(const std::vector<std::vector<Rational>>& s, const std::vector<std::vector<Rational>>& y, const std::vector<Rational>& v) {
    using Matrix = std::vector<std::vector<Rational>>;
    const std::size_t n = v.size();
    const auto dot = [&](const auto& a, const auto& b) { return std::inner_product(a.begin(), a.end(), b.begin(), Rational(0)); };
    const Rational gamma = dot(s.back(), y.back()) / dot(y.back(), y.back());
    Matrix h(n, std::vector<Rational>(n, Rational(0)));
    for (std::size_t i = 0; i < n; ++i) h[i][i] = gamma;
    for (std::size_t p = 0; p < s.size(); ++p) {
        const Rational rho = Rational(1) / dot(y[p], s[p]);
        const auto left = [&](std::size_t i, std::size_t j) { return Rational(i == j ? 1 : 0) - rho * s[p][i] * y[p][j]; };
        Matrix next(n, std::vector<Rational>(n, Rational(0)));
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) {
                next[i][j] = rho * s[p][i] * s[p][j];
                for (std::size_t k = 0; k < n; ++k)
                    for (std::size_t l = 0; l < n; ++l) next[i][j] += left(i, k) * h[k][l] * left(j, l);
            }
        h = next;
    }
    std::vector<Rational> product;
    for (const auto& row : h) product.push_back(dot(row, v));
    return product;
}

}  // namespace

TEST_CASE("Adam takes PyTorch's steps") {
    for (const Run& run : torch_runs) {
        std::vector<double> x{-1.2, 1}, g(2);
        Adam<double> adam(2, run.options);
        for (std::size_t n = 0; n < run.steps; ++n) {
            const double loss = Rosenbrock{}(Read<double>(x), Write<double>(g));
            const std::size_t before = allocations;
            adam.step(loss, g, x);
            CHECK(allocations == before);
        }
        CHECK(adam.steps() == run.steps);
        for (std::size_t i = 0; i < 2; ++i) CHECK(std::abs(x[i] - run.theta[i]) < 1e-14);
    }
    // control: without the correction of the bias the first step is (1 − β₁)/√(1 − β₂) = 3.16 times as long
    std::vector<double> g(2);
    Rosenbrock{}(Read<double>(std::vector<double>{-1.2, 1}), Write<double>(g));
    const double uncorrected = -1.2 - 0.05 * 0.1 * g[0] / (std::sqrt(0.001 * g[0] * g[0]) + 1e-8);
    CHECK(std::abs(uncorrected - torch_runs[0].theta[0]) > 0.1);
}

TEST_CASE("Adam's first step by hand, at any scale of the loss, in float too") {
    std::vector<float> x{1, 2, 3}, g{4e-6F, -8e6F, 0};
    Adam<float> adam(3, {.rate = 0.25F, .epsilon = 0});
    CHECK_THROWS_AS(adam.step(0.0F, std::vector<float>{1, 2}, x), std::invalid_argument);
    g[2] = 1;
    adam.step(0.0F, g, x);  // η g/|g|
    CHECK(x[0] == Approx(0.75).epsilon(1e-6));
    CHECK(x[1] == Approx(2.25).epsilon(1e-6));
    CHECK(x[2] == Approx(2.75).epsilon(1e-6));
    CHECK_THROWS_AS(Adam<float>(1, {.decay = 1}), std::invalid_argument);
    CHECK_THROWS_AS(Adam<float>(1, {.epsilon = -1}), std::invalid_argument);
}

TEST_CASE("Adam refuses what is not finite in one sentence and stays as it was") {
    const double nan = std::numeric_limits<double>::quiet_NaN(), infinite = std::numeric_limits<double>::infinity();
    std::vector<double> x{1, 2}, y = x;
    const std::vector<double> good{1, -3};
    Adam<double> adam(2), untouched(2);
    CHECK_THROWS_MATCHES(adam.step(nan, good, x), std::domain_error, Message("Adam, step 1: the loss is not finite; lower the rate or begin elsewhere"));
    CHECK_THROWS_MATCHES(adam.step(1.0, std::vector<double>{0, infinite}, x), std::domain_error,
                         Message("Adam, step 1: entry 1 of the gradient is not finite; lower the rate or begin elsewhere"));
    CHECK(x == y);
    adam.step(1.0, good, x);
    untouched.step(1.0, good, y);
    CHECK(x == y);
    CHECK(x[0] < 1);
}

TEST_CASE("two loops are the product with the dense BFGS matrix, in the rationals") {
    const auto r = [](std::initializer_list<int> v) { return std::vector<Rational>(v.begin(), v.end()); };
    const std::vector<std::vector<Rational>> s{r({1, 2, 0}), r({-1, 1, 3}), r({2, 0, 1}), r({1, -1, 1})}, y{r({3, 1, 1}), r({1, 2, 2}), r({1, 1, 4}), r({2, 1, 3})};
    const std::vector<Rational> v = r({5, -7, 11});
    SecantPairs<Rational> pairs(3, 3);
    std::vector<Rational> product = v;
    pairs.multiply(product);
    CHECK(product == v);
    for (std::size_t count = 1; count <= 4; ++count) {
        pairs.push(s[count - 1], y[count - 1]);
        pairs.push(s[0], r({-3, -1, -1}));  // negative curvature: not kept
        const std::size_t kept = std::min<std::size_t>(count, 3), first = count - kept;
        CHECK(pairs.count() == kept);
        const std::vector<std::vector<Rational>> last_s(s.begin() + static_cast<std::ptrdiff_t>(first), s.begin() + static_cast<std::ptrdiff_t>(count)),
            last_y(y.begin() + static_cast<std::ptrdiff_t>(first), y.begin() + static_cast<std::ptrdiff_t>(count));
        product = v;
        pairs.multiply(product);
        CHECK(product == dense(last_s, last_y, v));
        // secant equation: H y = s for the newest pair; control: not for another y
        product = y[count - 1];
        pairs.multiply(product);
        CHECK(product == s[count - 1]);
        product = r({1, 2, 5});
        pairs.multiply(product);
        CHECK_FALSE(product == s[count - 1]);
    }
}

TEST_CASE("with a search for the minimum along the line a quadratic of n variables takes n steps") {
    for (const std::size_t n : {2, 5, 9}) {
        const std::vector<double> x0(n, 1.0);
        const LbfgsOptions<double> exact{.memory = 10, .wolfe = {.descent = 1e-8, .curvature = 1e-7}};
        std::vector<double> g(n), x = descend(quadratic, x0, exact, n);
        quadratic(x, g);
        CHECK(largest(g) < 1e-6);
        // one step fewer does not do, nor do n of steepest descent
        x = descend(quadratic, x0, exact, n - 1);
        quadratic(x, g);
        CHECK(largest(g) > 1e-4);
        x = descend(quadratic, x0, {.memory = 0, .wolfe = exact.wolfe}, n);
        quadratic(x, g);
        CHECK(largest(g) > 1e-4);
    }
}

TEST_CASE("L-BFGS meets the Wolfe conditions in every step and finds known minima") {
    for (const std::size_t memory : {1, 3, 10}) {
        MinimiserStatus end;
        const LbfgsOptions<double> options{.memory = memory, .tolerance = 1e-11};
        std::vector<double> x = descend(Rosenbrock{}, {-1.2, 1}, options, 500, &end);
        CHECK(end.progress == Progress::converged);
        for (const double entry : x) CHECK(std::abs(entry - 1) < 1e-10);
        x = descend(Rosenbrock{}, {-1.2, 1, 0, 0, 3, -2, 0.5, 4}, options, 500, &end);
        CHECK(end.progress == Progress::converged);
        CHECK_THAT(end.sentence(), Contains("converged: loss ") && Contains(" gradients"));
        for (const double entry : x) CHECK(std::abs(entry - 1) < 1e-10);
        x = descend(exponentials, {-1, 1}, {.memory = memory, .tolerance = 1e-8}, 500, &end);
        CHECK(end.progress == Progress::converged);
        CHECK(std::abs(x[0] + std::log(2.0) / 2) < 1e-8);
        CHECK(std::abs(x[1]) < 1e-8);
        CHECK(end.loss == Approx(2 * std::sqrt(2.0) * std::exp(-0.1)).epsilon(1e-14));
    }
    // the pairs are what does it
    MinimiserStatus steepest;
    descend(Rosenbrock{}, {-1.2, 1}, {.memory = 0, .tolerance = 1e-11}, 500, &steepest);
    CHECK(steepest.descending());
    CHECK(steepest.loss > 1e-9);
}

TEST_CASE("L-BFGS in float, and without allocations once it is made") {
    std::vector<float> x{-1.2F, 1};
    Lbfgs<float> method(2, {.tolerance = 1e-4F});
    const std::size_t before = allocations;
    const bool converged = method.minimise(Rosenbrock{}, x, 200).progress == Progress::converged;
    CHECK(allocations == before);
    CHECK(converged);
    for (const float entry : x) CHECK(std::abs(entry - 1) < 1e-4F);
}

TEST_CASE("the line search finds strong Wolfe points from first trials of any size") {
    // Moré and Thuente 1994, functions (5.1) and (5.2), with their c₁ and c₂ and first trials, and a pole to the right
    const auto first = [](double a) { return LinePoint<double>{a, -a / (a * a + 2), (a * a - 2) / ((a * a + 2) * (a * a + 2))}; };
    const auto second = [](double a) {
        const double u = a + 0.004;
        return LinePoint<double>{a, std::pow(u, 5) - 2 * std::pow(u, 4), 5 * std::pow(u, 4) - 8 * std::pow(u, 3)};
    };
    const auto pole = [](double a) { return LinePoint<double>{a, -1.5 * a - std::log(1 - a), -1.5 + 1 / (1 - a)}; };
    const auto check = [](auto phi, const WolfeOptions<double>& options) {
        for (const double trial : {1e-3, 1e-1, 10.0, 1000.0}) {
            LinePoint<double> last{};
            auto noted = [&](double a) { return last = phi(a); };
            StrongWolfe<double, decltype(noted)> search(noted, options);
            const LinePoint<double> start = phi(0.0);
            INFO("first trial " << trial << ", slope " << start.slope);
            REQUIRE(search(start.value, start.slope, trial));
            CHECK(search.point().at == last.at);
            CHECK(meets_wolfe(start, search.point(), options));
            CHECK_FALSE(meets_wolfe(start, phi(1e-9), options));  // too short
            CHECK_FALSE(meets_wolfe(start, phi(1e3), options));   // too far
        }
    };
    check(first, {.descent = 1e-3, .curvature = 1e-1});
    check(second, {.descent = 0.1, .curvature = 0.1});
    check(pole, {.descent = 1e-4, .curvature = 0.1});
}

TEST_CASE("L-BFGS steps back from what is not finite and says when it can do nothing") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    // x − log x: NaN for x < 0, where the first steps from 9 would go; minimum 1 at 1
    const auto barrier = [&](Read<double> x, Write<double> g) {
        g[0] = 100 - 100 / x[0];
        return x[0] > 0 ? 100 * x[0] - 100 * std::log(x[0]) : nan;
    };
    MinimiserStatus end;
    const std::vector<double> x = descend(barrier, {0.01}, {.tolerance = 1e-6}, 100, &end);
    CHECK(end.progress == Progress::converged);
    CHECK(x[0] == Approx(1).epsilon(1e-8));

    std::vector<double> y{-1};
    Lbfgs<double> method(1);
    CHECK(method.minimise(barrier, y, 5).progress == Progress::non_finite);
    CHECK(method.status().sentence() == "non-finite: the loss or its gradient is not finite at the parameters given; begin elsewhere");
    CHECK(y[0] == -1);
    CHECK(method.status().evaluations == 1);

    // the negative of the gradient: no step is found
    const auto wrong = [](Read<double> at, Write<double> g) { return g[0] = -2 * at[0], at[0] * at[0]; };
    std::vector<double> z{2};
    CHECK(method.minimise(wrong, z, 5).progress == Progress::stalled);
    CHECK_THAT(method.status().sentence(), Contains("stalled: loss 4 ") && Contains("or the gradient is not that of the loss"));
    CHECK(z[0] == 2);
    CHECK_THROWS_AS(method.begin(wrong, std::vector<double>{1, 2}), std::invalid_argument);
}
