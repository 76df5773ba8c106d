// Guidance of one Gaussian with y_j = h_j x_j + noise: every method is a recursion of numbers, written here by hand, coordinate by coordinate.
#include "tests/guidance/guide/guided.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <vector>

using namespace costate;
using namespace costate::testing;

namespace {

/// α, σ and their derivatives at t, and x̂₁ = m + k (x - αm), u = α'm + a (x - αm), p_t = N(αm, S), of a coordinate N(m, v).
struct Path {
    double alpha, sigma, alpha_dot, sigma_dot;
};
Path cond_ot(double t) { return {t, 1 - t, 1, -1}; }
Path linear_vp(double t) { return {t, std::sqrt(1 - t * t), 1, -t / std::sqrt(1 - t * t)}; }

struct Coordinate {
    double m, v;
    [[nodiscard]] double variance(const Path& p) const { return p.alpha * p.alpha * v + p.sigma * p.sigma; }
    [[nodiscard]] double k(const Path& p) const { return p.alpha * v / variance(p); }
    [[nodiscard]] double a(const Path& p) const { return (p.alpha * p.alpha_dot * v + p.sigma * p.sigma_dot) / variance(p); }
    [[nodiscard]] double estimate(const Path& p, double x) const { return m + k(p) * (x - p.alpha * m); }
    [[nodiscard]] double velocity(const Path& p, double x) const { return p.alpha_dot * m + a(p) * (x - p.alpha * m); }
};

const std::vector<Coordinate> prior{{0.5, 2.0}, {-1.0, 0.3}, {0.2, 1.0}, {1.5, 0.7}};
const Vector h{1.0, 0.5, 2.0, 0.0}, y{1.2, -0.4, 0.3};  // the last coordinate is not seen; ‖H‖² = 4, in which steps are measured
constexpr std::size_t d = 4;

double y_of(std::size_t i) { return i < 3 ? y[i] : 0; }

FlowModel<double> model_of(const std::vector<Coordinate>& c, const char* path) {
    DiagonalGaussian<double> gaussian{{}, {}, find_path(path)};
    for (const Coordinate& i : c) {
        gaussian.mean.push_back(i.m);
        gaussian.variance.push_back(i.v);
    }
    return FlowModel<double>(gaussian.mixture());
}

Objective<double> objective(double sigma_y = 0) {
    return objective_of(dense_measurement(3, d, {1, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 2, 0}, y, sigma_y));
}

/// x ← step(n, t, dt, p, x) from x at `start`, `steps` times.
template <class PathAt, class Step>
Vector recursion(PathAt&& path, double start, std::size_t steps, Vector x, Step&& step) {
    const double dt = (1 - start) / static_cast<double>(steps);
    for (std::size_t n = 0; n < steps; ++n) {
        const double t = start + static_cast<double>(n) * dt;
        step(n, t, dt, path(t), x);
    }
    return x;
}

constexpr std::uint64_t seed = 7;
Vector start() { return normals(seed, Draw::start, 0, d); }

}  // namespace

TEST_CASE("greedy, dps and flowchef on one Gaussian are recursions of numbers") {
    for (const bool vp : {false, true}) {
        const auto path = [&](double t) { return vp ? linear_vp(t) : cond_ot(t); };
        FlowModel<double> model = model_of(prior, vp ? "linear-vp" : "cond-ot");
        Objective<double> loss = objective();
        const auto greedy = [&](double rate, bool with_jacobian) {
            return recursion(path, 0, 25, start(), [&](std::size_t, double, double dt, const Path& p, Vector& x) {
                for (int inner = 0; inner < 2; ++inner)
                    for (std::size_t i = 0; i < d; ++i)
                        x[i] -= rate * (with_jacobian ? prior[i].k(p) : 1.0) * h[i] * (h[i] * prior[i].estimate(p, x[i]) - y_of(i));
                for (std::size_t i = 0; i < d; ++i) x[i] += dt * prior[i].velocity(p, x[i]);
            });
        };
        const Vector found = guided("greedy:steps=25:inner=2:rate=0.8", model, loss, seed).x;
        CHECK(largest_gap(found, greedy(0.2, true)) < 1e-13);
        CHECK(largest_gap(found, greedy(0.2, false)) > 1e-3);  // the Jacobian shows
        CHECK(largest_gap(found, greedy(0.21, true)) > 1e-4);  // and the rate

        const auto dps = [&](bool norm) {
            return recursion(path, 0, 25, start(), [&](std::size_t, double, double dt, const Path& p, Vector& x) {
                Vector miss(d);
                double square = 0;
                for (std::size_t i = 0; i < d; ++i) square += std::pow(miss[i] = h[i] * prior[i].estimate(p, x[i]) - y_of(i), 2);
                for (std::size_t i = 0; i < d; ++i)
                    x[i] += dt * prior[i].velocity(p, x[i]) - 0.1 * prior[i].k(p) * h[i] * miss[i] / (norm ? std::sqrt(square) : 1.0);
            });
        };
        const Vector of_dps = guided("dps:steps=25:zeta=0.1", model, loss, seed).x;
        CHECK(largest_gap(of_dps, dps(true)) < 1e-12);
        CHECK(largest_gap(of_dps, dps(false)) > 1e-3);  // the gradient of the norm, not of its square

        const Vector chef = recursion(path, 0, 25, start(), [&](std::size_t, double, double dt, const Path& p, Vector& x) {
            for (std::size_t i = 0; i < d; ++i)
                x[i] += dt * prior[i].velocity(p, x[i]) - 0.2 * h[i] * (h[i] * prior[i].estimate(p, x[i]) - y_of(i));
        });
        const Vector of_chef = guided("flowchef:steps=25:rate=0.8", model, loss, seed).x;
        CHECK(largest_gap(of_chef, chef) < 1e-13);
        CHECK(largest_gap(of_chef, guided("greedy:steps=25:rate=0.8", model, loss, seed).x) > 1e-3);
    }
}

TEST_CASE("a measurement's weight alone changes nothing; in a sum steps stay bounded") {
    FlowModel<double> model = model_of(prior, "cond-ot");
    Objective<double> one = objective();
    Measurement<double> heavy = *one.measurement();
    heavy.weight = 100;
    Objective<double> weighted = objective_of(heavy), sum({heavy, Reference<double>{Vector(d, 0.5), 50}});
    for (const std::string method : {"greedy", "flowchef", "pnp-flow", "red-diff", "dps"}) {
        INFO(method);
        const Vector x = guided(method, model, one, seed).x;
        CHECK(largest_gap(guided(method, model, weighted, seed).x, x) < 1e-9);
        CHECK(largest_gap(guided(method, model, sum, seed).x, x) < 5);
        // what a weight of 100 did
        if (method == "dps") CHECK(largest_gap(guided("dps:zeta=10", model, one, seed).x, x) > 1);
        else if (method != "red-diff") CHECK_FALSE(largest_gap(guided(method + ":rate=100", model, one, seed).x, x) < 1e6);
    }
    const std::pair<std::string, std::string> descents[]{{"flowgrad:rate=0.2", "flowgrad:rate=20"},
                                                         {"oc-flow:rate=0.2", "oc-flow:rate=20"},
                                                         {"control-signal:cost=0:rate=0.2", "control-signal:cost=0:rate=20"},
                                                         {"end-to-end:optimiser=gd", "end-to-end:optimiser=gd:rate=10"}};
    for (const auto& [method, longer] : descents) {
        INFO(method);
        const auto x = guided(method, model, one, seed).x;
        CHECK(largest_gap(guided(method, model, weighted, seed).x, x) < 1e-9);
        CHECK_FALSE(largest_gap(guided(longer, model, one, seed).x, x) < 1e-2);
    }
}

TEST_CASE("pigdm and ot-ode on one Gaussian are recursions of numbers, on any path, with noise and without") {
    for (const bool vp : {false, true})
        for (const double sigma_y : {0.0, 0.3}) {
            const auto path = [&](double t) { return vp ? linear_vp(t) : cond_ot(t); };
            FlowModel<double> model = model_of(prior, vp ? "linear-vp" : "cond-ot");
            Objective<double> loss = objective(sigma_y);
            const auto bent = [&](double from, std::size_t steps, Vector x, double weight, bool spread) {
                return recursion(path, from, steps, std::move(x), [&](std::size_t, double, double dt, const Path& p, Vector& at) {
                    const double s2 = spread ? p.sigma * p.sigma / (p.alpha * p.alpha + p.sigma * p.sigma) : 1.0;
                    const double g = p.alpha == 0 ? 0 : weight * (p.sigma * p.sigma * p.alpha_dot / p.alpha - p.sigma * p.sigma_dot);
                    for (std::size_t i = 0; i < d; ++i) {
                        const double miss = y_of(i) - h[i] * prior[i].estimate(p, at[i]);
                        const double b = h[i] == 0 ? 0 : prior[i].k(p) * h[i] * miss / (s2 * h[i] * h[i] + sigma_y * sigma_y);
                        at[i] += dt * (prior[i].velocity(p, at[i]) + g * b);
                    }
                });
            };
            const Vector of_pigdm = guided("pigdm:steps=40:weight=0.8", model, loss, seed).x;
            CHECK(largest_gap(of_pigdm, bent(0, 40, start(), 0.8, true)) < 1e-12);
            CHECK(largest_gap(of_pigdm, bent(0, 40, start(), 1, true)) > 1e-3);
            CHECK(largest_gap(of_pigdm, bent(0, 40, start(), 0.8, false)) > 1e-3);
            // 40 steps of [0, 1] are 30 from 1/4 on; from α Hᵀ(HHᵀ + σ_y²)⁻¹y + σ z
            const Path p = path(0.25);
            Vector mixed = start();
            for (std::size_t i = 0; i < d; ++i) mixed[i] = p.sigma * mixed[i] + (h[i] == 0 ? 0 : p.alpha * h[i] * y_of(i) / (h[i] * h[i] + sigma_y * sigma_y));
            const Vector of_ot = guided("ot-ode:steps=40:start=0.25", model, loss, seed).x;
            CHECK(largest_gap(of_ot, bent(0.25, 30, mixed, 1, true)) < 1e-12);
            CHECK(largest_gap(of_ot, bent(0.25, 30, start(), 1, true)) > 1e-3);
        }
}

// Of N(m, I) the spread s² of the method is that of X₁ given x, so its flow is that of the posterior.
TEST_CASE("pigdm on N(m, I) reaches the closed-form posterior of its start, at Euler's order; on another prior it does not") {
    const double sigma_y = 0.5;
    const auto error = [&](const std::vector<Coordinate>& c, std::size_t steps) {
        FlowModel<double> model = model_of(c, "cond-ot");
        Objective<double> loss = objective(sigma_y);
        Vector exact = start();
        for (std::size_t i = 0; i < d; ++i) {
            const double precision = 1 / c[i].v + h[i] * h[i] / (sigma_y * sigma_y);
            exact[i] = (c[i].m / c[i].v + h[i] * y_of(i) / (sigma_y * sigma_y) + exact[i] * std::sqrt(precision)) / precision;
        }
        return largest_gap(guided("pigdm:steps=" + std::to_string(steps), model, loss, seed).x, exact);
    };
    const std::vector<Coordinate> unit{{0.5, 1}, {-1.0, 1}, {0.2, 1}, {1.5, 1}};
    const double coarse = error(unit, 200), middle = error(unit, 400), fine = error(unit, 800);
    CHECK(fine < 0.01);
    CHECK((coarse / middle > 1.8 && coarse / middle < 2.2));
    CHECK((middle / fine > 1.8 && middle / fine < 2.2));
    CHECK(error(prior, 800) > 0.05);
}

TEST_CASE("greedy with enough inner steps meets a noiseless measurement and leaves alone what is not seen") {
    FlowModel<double> model = model_of(prior, "cond-ot");
    Objective<double> loss = objective();
    const Vector met = guided("greedy:steps=20:inner=300:rate=1.2", model, loss, seed).x, free = guided("unconditional:steps=20", model, loss, seed).x;
    for (std::size_t i = 0; i < 3; ++i) CHECK(std::abs(h[i] * met[i] - y[i]) < 1e-9);
    CHECK(met[3] == free[3]);
    CHECK(std::abs(h[0] * free[0] - y[0]) > 0.01);
}

TEST_CASE("pnp-flow on one Gaussian: its recursion with the same noises, and in mean the one without noise") {
    const auto path = [](double t) { return cond_ot(t); };
    FlowModel<double> model = model_of(prior, "cond-ot");
    Objective<double> loss = objective();
    const auto by_hand = [&](std::uint64_t from_seed, double noise, double power) {
        return recursion(path, 0, 30, Vector(d), [&](std::size_t n, double t, double, const Path& p, Vector& x) {
            Vector mean(d);
            for (std::uint32_t k = 0; k < 3; ++k) {
                const Vector e = normals(from_seed, Draw::step, static_cast<std::uint32_t>(3 * n) + k, d);
                for (std::size_t i = 0; i < d; ++i) {
                    const double z = x[i] - 0.2 * std::pow(1 - t, power) * h[i] * (h[i] * x[i] - y_of(i));
                    mean[i] += prior[i].estimate(p, p.alpha * z + noise * p.sigma * e[i]) / 3;
                }
            }
            x = mean;
        });
    };
    const std::string method = "pnp-flow:steps=30:noises=3:rate=0.8:power=0.7";
    const Vector found = guided(method, model, loss, seed).x;
    CHECK(largest_gap(found, by_hand(seed, 1, 0.7)) < 1e-13);
    CHECK(largest_gap(found, by_hand(seed, 1, 0.8)) > 1e-4);
    CHECK(largest_gap(found, by_hand(seed + 1, 1, 0.7)) > 1e-4);

    constexpr std::size_t count = 400;
    Vector mean(d), square(d);
    for (std::size_t s = 0; s < count; ++s) {
        const Vector x = guided(method, model, loss, 100 + s).x;
        for (std::size_t i = 0; i < d; ++i) {
            mean[i] += x[i] / count;
            square[i] += x[i] * x[i] / count;
        }
    }
    const Vector calm = by_hand(seed, 0, 0.7);
    for (std::size_t i = 0; i < d; ++i) {
        const double interval = 4 * std::sqrt((square[i] - mean[i] * mean[i]) / count);
        CHECK(interval > 0);
        CHECK(std::abs(mean[i] - calm[i]) < interval);
    }
    const double prior_mean = std::abs(mean[0] - prior[0].m), interval = 4 * std::sqrt((square[0] - mean[0] * mean[0]) / count);
    CHECK(prior_mean > interval);  // the interval is narrow enough to tell the measurement's pull
}

TEST_CASE("red-diff on one Gaussian: Adam on the gradient as the paper writes it, with the noise's own estimate") {
    const auto path = [](double t) { return cond_ot(t); };
    FlowModel<double> model = model_of(prior, "cond-ot");
    Objective<double> loss = objective();
    Vector first(d);
    for (std::size_t i = 0; i < 3; ++i) first[i] = y[i] / h[i];
    const auto by_hand = [&](double weight) {
        Vector mean(d), square(d);
        return recursion(path, 0, 40, first, [&](std::size_t n, double t, double, const Path& p, Vector& mu) {
            const Vector e = normals(seed, Draw::step, static_cast<std::uint32_t>(n), d);
            const double count = static_cast<double>(n + 1);
            for (std::size_t i = 0; i < d; ++i) {
                const double x = p.alpha * mu[i] + p.sigma * e[i], noise = (x - p.alpha * prior[i].estimate(p, x)) / p.sigma;
                const double pull = t == 0 ? mu[i] - prior[i].m : p.sigma / p.alpha * (noise - e[i]);
                const double g = h[i] * (h[i] * mu[i] - y_of(i)) / 4 + weight * pull;
                mean[i] = 0.9 * mean[i] + 0.1 * g;
                square[i] = 0.99 * square[i] + 0.01 * g * g;
                mu[i] -= 0.05 * mean[i] / (1 - std::pow(0.9, count)) / (std::sqrt(square[i] / (1 - std::pow(0.99, count))) + 1e-8);
            }
        });
    };
    const Vector found = guided("red-diff:steps=40:rate=0.05", model, loss, seed).x;
    CHECK(largest_gap(found, by_hand(0.25)) < 1e-10);
    CHECK(largest_gap(found, by_hand(0.26)) > 1e-5);
}

TEST_CASE("red-diff in mean: a noiseless measurement is met, what is not seen goes to the prior's mean") {
    FlowModel<double> model = model_of(prior, "cond-ot");
    Objective<double> loss = objective();
    constexpr std::size_t count = 60;
    Vector mean(d), square(d);
    for (std::size_t s = 0; s < count; ++s) {
        const Vector x = guided("red-diff:steps=600:rate=0.02", model, loss, 500 + s).x;
        for (std::size_t i = 0; i < d; ++i) {
            mean[i] += x[i] / count;
            square[i] += x[i] * x[i] / count;
        }
    }
    const auto interval = [&](std::size_t i) { return 4 * std::sqrt((square[i] - mean[i] * mean[i]) / count); };
    CHECK(std::abs(mean[3] - prior[3].m) < interval(3));
    CHECK(interval(3) < 0.3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(std::abs(h[i] * mean[i] - y[i]) < 0.05);
    CHECK(std::abs(h[2] * prior[2].m - y[2]) > 0.05);  // which the prior's mean does not
}

TEST_CASE("flow-priors on one Gaussian: Adam on the local objective, whose divergence is constant in x") {
    for (const bool vp : {false, true}) {
        const auto path = [&](double t) { return vp ? linear_vp(t) : cond_ot(t); };
        FlowModel<double> model = model_of(prior, vp ? "linear-vp" : "cond-ot");
        Objective<double> loss = objective();
        const Vector z = start();
        const auto by_hand = [&](double lambda, bool density) {
            return recursion(path, 0, 20, z, [&](std::size_t, double t, double dt, const Path& p, Vector& x) {
                const Path next = path(std::min(t + dt, 1.0));
                Vector mean(d), square(d);
                for (int k = 1; k <= 2; ++k)
                    for (std::size_t i = 0; i < d; ++i) {
                        const double u = prior[i].velocity(p, x[i]), wanted = next.alpha * y_of(i) + next.sigma * h[i] * z[i];
                        const double score = -(x[i] - p.alpha * prior[i].m) / prior[i].variance(p);
                        const double g = 2 * lambda * (1 + dt * prior[i].a(p)) * h[i] * (h[i] * (x[i] + dt * u) - wanted) - (density ? score : 0.0);
                        mean[i] = 0.9 * mean[i] + 0.1 * g;
                        square[i] = 0.999 * square[i] + 0.001 * g * g;
                        x[i] -= 0.01 * mean[i] / (1 - std::pow(0.9, k)) / (std::sqrt(square[i] / (1 - std::pow(0.999, k))) + 1e-8);
                    }
                for (std::size_t i = 0; i < d; ++i) x[i] += dt * prior[i].velocity(p, x[i]);
            });
        };
        const Vector found = guided("flow-priors:steps=20:lambda=3:inner=2", model, loss, seed).x;
        CHECK(largest_gap(found, by_hand(3, true)) < 1e-8);
        CHECK(largest_gap(found, by_hand(3, false)) > 1e-4);
        CHECK(largest_gap(found, by_hand(1, true)) > 1e-6);
    }
}
