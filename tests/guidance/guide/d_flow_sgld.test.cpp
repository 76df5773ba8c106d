// D-Flow SGLD on one Gaussian: its ends have the mean and the variance of the posterior.
#include "tests/guidance/guide/linear_gaussian.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <vector>

using namespace costate;
using namespace costate::testing;

namespace {

struct Moments {
    std::vector<double> mean, variance;
};

/// Of the ends of many images.
Moments moments(const GuidanceMethod& method, FlowModel<double>& model, Objective<double>& objective, std::uint32_t count) {
    Moments m{std::vector<double>(3), std::vector<double>(3)};
    std::vector<std::vector<double>> ends;
    for (std::uint32_t k = 0; k < count; ++k) ends.push_back(guided(method, model, objective, {}, 5, k).x);
    for (std::size_t i = 0; i < 3; ++i) {
        for (const auto& x : ends) m.mean[i] += x[i] / count;
        for (const auto& x : ends) m.variance[i] += (x[i] - m.mean[i]) * (x[i] - m.mean[i]) / (count - 1);
    }
    return m;
}

/// Mean and variances of N(m, C) given Hx = y + noise: m + CHᵀ(HCHᵀ + σ²I)⁻¹(y - Hm), C - CHᵀ(…)⁻¹HC. m and C are those of the three midpoint
/// steps, which take N(0, I) to a Gaussian as the flow does: C is diagonal.
Moments posterior(FlowModel<double>& model, const std::vector<double>& y, double sigma) {
    const ode::Tableau& midpoint = ode::find_tableau("midpoint");
    const std::vector<double> centre = flow<double>(model, midpoint, 0, 1, 3, std::vector<double>(3, 0.0));
    std::vector<double> a = flow<double>(model, midpoint, 0, 1, 3, std::vector<double>(3, 1.0));
    for (std::size_t i = 0; i < 3; ++i) a[i] -= centre[i];
    const RowMatrix ha = scaled_columns(matrix23(), a);
    const std::vector<double> shift = shortest(ha, missed(matrix23(), y, centre), sigma * sigma);
    Moments p{centre, std::vector<double>(3)};
    for (std::size_t i = 0; i < 3; ++i) {
        p.mean[i] += a[i] * shift[i];
        const std::vector<double> gain = shortest(ha, {ha.values[i], ha.values[3 + i]}, sigma * sigma);
        p.variance[i] = a[i] * a[i] * (1 - gain[i]);
    }
    return p;
}

}  // namespace

TEST_CASE("the ends of d-flow-sgld have the posterior's mean and variance") {
    FlowModel<double> model(gaussian3<double>().mixture());
    const std::vector<double> y{1.5, -2};
    const double sigma = 0.4;
    Objective<double> objective({measured<double>(matrix23(), y, sigma)});
    const std::uint32_t count = 1500;
    const Moments found = moments(find_guidance_method("d-flow-sgld"), model, objective, count);
    const Moments expected = posterior(model, y, sigma), prior = posterior(model, y, 1e6);
    double from_prior = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        INFO("coordinate " << i);
        // four deviations of the mean and of the variance of `count` normals, and 5 % for the walk's own steps
        CHECK(std::abs(found.mean[i] - expected.mean[i]) < 4 * std::sqrt(expected.variance[i] / count));
        CHECK(std::abs(found.variance[i] / expected.variance[i] - 1) < 4 * std::sqrt(2.0 / count) + 0.05);
        from_prior = std::max(from_prior, std::abs(prior.mean[i] - expected.mean[i]) / std::sqrt(expected.variance[i] / count));
    }
    CHECK(from_prior > 20);
    CHECK(expected.variance[0] / prior.variance[0] < 0.6);
}

TEST_CASE("sigma stands in for a measurement without noise, and an objective of another kind has none") {
    FlowModel<double> model(gaussian3<double>().mixture());
    const std::vector<double> y{0.75, -2, 1};
    Objective<double> clean({measured<double>(identity3(), y)}), noisy({measured<double>(identity3(), y, 0.2)}), reference({Reference<double>{y, 25}});
    const GuidanceMethod method = find_guidance_method("d-flow-sgld:iterations=20");
    const std::vector<double> result = guided(method, model, noisy).x;
    CHECK(gap(guided(method.with("sigma", 0.2), model, clean).x, result) == 0);
    CHECK(gap(guided(method.with("sigma", 0.2), model, reference).x, result) < 1e-12);
    CHECK(gap(guided(method, model, clean).x, result) > 1e-3);
    CHECK(guided(method, model, noisy).x == result);
    FlowModel<float> single(gaussian3<float>().mixture());
    Objective<float> noisy_f({measured<float>(identity3(), {0.75F, -2.F, 1.F}, 0.2F)});
    CHECK(gap(guided(method, single, noisy_f).x, result) < 1e-4);
    CHECK(guided(find_guidance_method("d-flow-sgld:rate=1e200"), model, noisy).note.find("lower the rate") != std::string::npos);
}
