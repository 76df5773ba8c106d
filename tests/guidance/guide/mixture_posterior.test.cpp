// p(x | y) of mixtures: against quadrature on a grid, and the two ways to hold it against each other.
#include "guidance/guide/mixture_posterior.hpp"
#include "guidance/guide/operators/tasks.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <vector>

using namespace costate;
using namespace costate::guidance;

namespace {

constexpr double sigma = 0.4;

std::vector<MixtureComponent<double>> three() {
    const auto component = [](double w, double a, double b, double xx, double xy, double yy) {
        return MixtureComponent<double>{w, {a, b}, SmallMatrix<double>(2, 2, {xx, xy, xy, yy})};
    };
    return {component(0.5, -1, 0.5, 0.5, 0.2, 0.3), component(0.3, 1.2, 1, 0.3, -0.1, 0.4), component(0.2, 0, -1.5, 0.2, 0, 0.6)};
}

double normal(const SmallMatrix<double>& C, double a, double b) {
    const double det = C(0, 0) * C(1, 1) - C(0, 1) * C(1, 0);
    return std::exp(-(C(1, 1) * a * a - 2 * C(0, 1) * a * b + C(0, 0) * b * b) / (2 * det)) / std::sqrt(det);
}

LinearOperator<double> projection() { return make_operator<double>("projection:1", {1, 1, 2}, 7); }

// weights, mean and covariance of p(x) N(y; Hx, σ²I) by the trapezoidal rule, which converges geometrically for such functions
struct Quadrature {
    std::array<double, 3> weights{};
    double mass = 0;
    std::array<double, 2> mean{};
    std::array<double, 4> covariance{};

    Quadrature(const LinearOperator<double>& H, double y) {
        const std::vector<MixtureComponent<double>> components = three();
        std::array<double, 4> square{};
        for (int i = -280; i <= 280; ++i)
            for (int j = -280; j <= 280; ++j) {
                const std::array<double, 2> x{i / 40.0, j / 40.0};
                std::array<double, 1> Hx{};
                H.apply(x, Hx);
                const double likelihood = std::exp(-(y - Hx[0]) * (y - Hx[0]) / (2 * sigma * sigma));
                for (std::size_t k = 0; k < 3; ++k) {
                    const double p = components[k].weight * normal(components[k].covariance, x[0] - components[k].mean[0], x[1] - components[k].mean[1]) * likelihood;
                    weights[k] += p;
                    mass += p;
                    for (std::size_t a = 0; a < 2; ++a) {
                        mean[a] += p * x[a];
                        for (std::size_t b = 0; b < 2; ++b) square[2 * a + b] += p * x[a] * x[b];
                    }
                }
            }
        for (double& w : weights) w /= mass;
        for (double& m : mean) m /= mass;
        for (std::size_t a = 0; a < 2; ++a)
            for (std::size_t b = 0; b < 2; ++b) covariance[2 * a + b] = square[2 * a + b] / mass - mean[a] * mean[b];
    }
};

double off(const MixturePosterior& posterior, const Quadrature& q) {
    double worst = 0;
    for (std::size_t k = 0; k < 3; ++k) worst = std::max(worst, std::abs(posterior.weights()[k] - q.weights[k]));
    for (std::size_t a = 0; a < 2; ++a) worst = std::max(worst, std::abs(posterior.mean()[a] - q.mean[a]));
    for (std::size_t i = 0; i < 4; ++i) worst = std::max(worst, std::abs(posterior.covariance()[i] - q.covariance[i]));
    return worst;
}

std::vector<double> draws(const MixturePosterior& posterior, std::size_t n) {
    std::vector<double> x(n * posterior.dim());
    for (std::size_t i = 0; i < n; ++i) posterior.draw(NormalSource(3, static_cast<std::uint32_t>(i)), std::span<double>(x).subspan(i * posterior.dim(), posterior.dim()));
    return x;
}

}  // namespace

TEST_CASE("the posterior of a mixture is that of quadrature") {
    const auto H = projection();
    const std::array<double, 1> y{0.8};
    const Quadrature q(H, y[0]);
    CHECK(off({three(), H, y, sigma}, q) < 1e-10);
    CHECK(off({three(), H, y, 1.1 * sigma}, q) > 1e-3);  // the control: another noise
}

TEST_CASE("points of one width are a mixture of equal covariances") {
    const std::vector<double> points{-1, 0.5, 1, 1, 0.2, -1, -0.3, -0.4};
    const double tau = 0.6;
    std::vector<MixtureComponent<double>> components;
    for (std::size_t k = 0; k < 4; ++k) components.push_back({0.25, {points[2 * k], points[2 * k + 1]}, (tau * tau) * SmallMatrix<double>::identity(2)});
    const auto H = projection();
    const std::array<double, 1> y{0.3};
    const MixturePosterior a(points, 2, tau, H, y, sigma), b(components, H, y, sigma);
    for (std::size_t k = 0; k < 4; ++k) CHECK(a.weights()[k] == Approx(b.weights()[k]).epsilon(1e-12));
    for (std::size_t i = 0; i < 4; ++i) CHECK(a.covariance()[i] == Approx(b.covariance()[i]).margin(1e-13));
    for (std::size_t i = 0; i < 2; ++i) CHECK(a.mean()[i] == Approx(b.mean()[i]).margin(1e-13));
    const std::vector<double> x{0.1, 0.2};
    for (std::size_t k = 0; k < 4; ++k) CHECK(a.shares(x)[k] == Approx(b.shares(x)[k]).epsilon(1e-11));
    // one's draws are the other's, number by number
    const std::vector<double> of_a = draws(a, 20), of_b = draws(b, 20);
    for (std::size_t i = 0; i < of_a.size(); ++i) CHECK(of_a[i] == Approx(of_b[i]).margin(1e-12));
    CHECK(MixturePosterior(points, 2, 0.5, H, y, sigma).weights()[0] != Approx(b.weights()[0]).epsilon(1e-6));
}

TEST_CASE("draws have the posterior's moments, and lie at the floor") {
    const auto H = projection();
    const std::array<double, 1> y{0.8};
    const MixturePosterior posterior(three(), H, y, sigma), other(three(), H, std::array<double, 1>{-0.8}, sigma);
    const std::size_t n = 4000;
    const PosteriorDistance exact = distance_to(posterior, draws(posterior, n), 1), wrong = distance_to(posterior, draws(other, n), 1);
    CHECK(exact.sliced_w2 < 2.5 * exact.floor);
    CHECK(wrong.sliced_w2 > 10 * exact.floor);
    CHECK(exact.mean < 5 / std::sqrt(n));  // five deviations of a mean
    CHECK(wrong.mean > 0.3);
    CHECK(exact.covariance < 0.1);
    for (std::size_t k = 0; k < 3; ++k) CHECK(exact.weights[k] == Approx(exact.exact_weights[k]).margin(5 * 0.5 / std::sqrt(n)));
    CHECK(std::abs(wrong.weights[0] - exact.exact_weights[0]) > 0.1);
}

TEST_CASE("a posterior without a density is refused") {
    const auto H = projection();
    const std::array<double, 1> y{0.8};
    CHECK_THROWS_WITH((MixturePosterior(three(), H, y, 0)), Catch::Contains("--noise above 0"));
    CHECK_THROWS_WITH((MixturePosterior(three(), H, std::array<double, 2>{}, 1)), Catch::Contains("make them fit"));
    CHECK_THROWS_WITH((MixturePosterior(std::vector<double>{1, 2}, 2, 0, H, y, 1)), Catch::Contains("--tau above 0"));
    const MixturePosterior posterior(three(), H, y, sigma);
    CHECK_THROWS_WITH(distance_to(posterior, std::vector<double>{1, 2}, 0), Catch::Contains("two samples"));
}
