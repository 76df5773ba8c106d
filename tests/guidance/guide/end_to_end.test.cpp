// D-Flow and first-order descent on the start of the flow of one Gaussian: they reach the end that linear algebra says.
#include "tests/guidance/guide/linear_gaussian.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

using namespace costate;
using namespace costate::testing;

namespace {

const GuidanceOptions fine{.steps = 40, .tableau = "rk4"};
const std::vector<double> seen{1.5, -2};

/// x₀ = √b Φ⁻¹(H⁺y) + √(1 - b) z
std::vector<double> blended(const DiagonalGaussian<double>& model, const RowMatrix& h, double b, std::vector<double> z) {
    std::vector<double> back = shortest(h, seen);
    model.flow(1, 0, back, back);
    for (std::size_t i = 0; i < z.size(); ++i) z[i] = std::sqrt(b) * back[i] + std::sqrt(1 - b) * z[i];
    return z;
}

/// The end of the x₀ nearest to the start among those whose end has Hx = y: every gradient lies in the range of AHᵀ, so descents stay in x₀ + AHᵀ(…).
std::vector<double> nearest_end(const DiagonalGaussian<double>& model, const RowMatrix& h, std::vector<double> x0) {
    const std::vector<double> a = model.flow_scale(0, 1);
    std::vector<double> end(x0.size());
    model.flow(0, 1, x0, end);
    const std::vector<double> shift = shortest(scaled_columns(h, a), missed(h, seen, end));
    for (std::size_t i = 0; i < x0.size(); ++i) end[i] += a[i] * shift[i];
    return end;
}

}  // namespace

TEST_CASE("d-flow reaches the end nearest to its start that agrees with the measurement") {
    const auto gaussian = gaussian3<double>();
    FlowModel<double> model(gaussian.mixture());
    Objective<double> objective({measured<double>(matrix23(), seen)});
    const GuidanceMethod to_the_end = find_guidance_method("d-flow:target=150");
    for (const double b : {0.1, 0.5, 0.0}) {
        INFO("blend " << b);
        const auto result = guided(to_the_end.with("blend", b), model, objective, fine);
        const std::vector<double> expected = nearest_end(gaussian, matrix23(), blended(gaussian, matrix23(), b, start_of<double>(1, 0, 3)));
        CHECK(gap(result.x, expected) < 1e-6);
        CHECK(gap(result.x, nearest_end(gaussian, matrix23(), blended(gaussian, matrix23(), b + 0.2, start_of<double>(1, 0, 3)))) > 1e-2);
        CHECK(result.restarts == 0);
        CHECK(result.note.find("reached; 0 restarts") != std::string::npos);
    }
}

TEST_CASE("d-flow stops at the target, and with noise at the noise") {
    FlowModel<double> model(gaussian3<double>().mixture());
    const auto psnr = [&](const GuidanceResult<double>& r) {
        const std::vector<double> miss = missed(matrix23(), seen, r.x);
        return 10 * std::log10(4 * 2 / (miss[0] * miss[0] + miss[1] * miss[1]));
    };
    const GuidanceMethod method = find_guidance_method("d-flow");
    Objective<double> clean({measured<double>(matrix23(), seen)}), noisy({measured<double>(matrix23(), seen, 0.3)});
    const auto at_45 = guided(method, model, clean), at_60 = guided(method.with("target", 60), model, clean), at_noise = guided(method, model, noisy);
    CHECK((psnr(at_45) >= 45 && psnr(at_45) < 60));
    CHECK(psnr(at_60) >= 60);
    const double noise = 10 * std::log10(4 / 0.09);
    CHECK((psnr(at_noise) >= noise && psnr(at_noise) < 45));
}

TEST_CASE("class guidance by D-Flow reaches its target") {
    // the cross entropy of three linear logits f_k = w_kᵀx, as a loss of one's own
    const RowMatrix w{3, 3, {2, 0, 0, 0, 1, 1, -1, -1, 0.5}};
    FlowModel<double> model(gaussian3<double>().mixture());
    const auto logits = [&w](std::span<const double> x) {
        std::vector<double> f;
        for (std::size_t k = 0; k < w.rows; ++k) f.push_back(inner_product<double>(w.row(k), x));
        return f;
    };
    for (std::size_t wanted = 0; wanted < 3; ++wanted) {
        INFO("class " << wanted);
        const auto entropy = [&, wanted](std::span<const double> x, std::span<double> x_bar) {
            const std::vector<double> f = logits(x);
            double sum = 0;
            for (const double value : f) sum += std::exp(value - f[wanted]);
            std::fill(x_bar.begin(), x_bar.end(), 0.0);
            for (std::size_t k = 0; k < w.rows; ++k)
                for (std::size_t i = 0; i < x_bar.size(); ++i) x_bar[i] += w.row(k)[i] * (std::exp(f[k] - f[wanted]) / sum - (k == wanted ? 1 : 0));
            return std::log(sum);
        };
        Objective<double> objective({OwnLoss<double>{entropy}});
        const auto result = guided(find_guidance_method("d-flow"), model, objective), nearer = guided(find_guidance_method("d-flow:enough=1e-4"), model, objective);
        const double loss = objective(std::span<const double>(result.x));
        CHECK(loss <= 0.01);
        CHECK(objective(std::span<const double>(nearer.x)) <= 1e-4);
        const std::vector<double> f = logits(result.x);
        CHECK(f[wanted] == *std::max_element(f.begin(), f.end()));
        CHECK(result.note.find("the 0.01 wanted reached; 0 restarts") != std::string::npos);
        // the start alone is not there
        CHECK(objective(std::span<const double>(guided(find_guidance_method("unconditional"), model, objective).x)) > 0.01);
    }
}

TEST_CASE("with noise, and only then, d-flow's regulariser holds the start at the radius where a normal has most of its mass") {
    FlowModel<double> model(gaussian3<double>().mixture());
    // noise so small that the target is as good as y itself
    Objective<double> noisy({measured<double>(matrix23(), seen, 1e-7)}), clean({measured<double>(matrix23(), seen)});
    const auto radius2 = [&](Objective<double>& objective, const char* spelling) {
        const auto result = guided(find_guidance_method(spelling), model, objective, {.keep_trajectory = true});
        double square = 0;
        for (const double z : result.trajectory.front()) square += z * z;
        return square;
    };
    // the minimum of ½r² - (d - 1) log r
    CHECK(radius2(noisy, "d-flow:chi=1e5:restarts=0") == Approx(2).epsilon(1e-3));
    CHECK(std::abs(radius2(noisy, "d-flow:chi=0:restarts=0") - 2) > 0.1);
    CHECK(radius2(clean, "d-flow:chi=1e5") == radius2(clean, "d-flow:chi=0"));
}

TEST_CASE("first-order descents reach the same kind of end, Adam where it is the only one") {
    const auto gaussian = gaussian3<double>();
    FlowModel<double> model(gaussian.mixture());
    Objective<double> objective({measured<double>(matrix23(), seen)});
    const std::vector<double> expected = nearest_end(gaussian, matrix23(), start_of<double>(1, 0, 3));
    for (const char* spelling : {"end-to-end:optimiser=gd:rate=0.5:iterations=200", "end-to-end:optimiser=momentum:rate=0.1:iterations=400"}) {
        INFO(spelling);
        CHECK(gap(guided(find_guidance_method(spelling), model, objective, fine).x, expected) < 1e-6);
    }
    CHECK(gap(guided(find_guidance_method("end-to-end:optimiser=gd:rate=0.5:iterations=2"), model, objective, fine).x, expected) > 1e-3);
    // Adam scales each entry on its own: it leaves x₀ + AHᵀ(…)
    const GuidanceMethod adam = find_guidance_method("end-to-end:optimiser=adam:rate=0.05:iterations=400");
    CHECK(gap(guided(adam, model, objective, fine).x, expected) > 1e-2);
    const std::vector<double> y{0.75, -2, 1};
    Objective<double> all({measured<double>(identity3(), y)});
    CHECK(gap(guided(adam, model, all, fine).x, y) < 1e-3);
    Objective<double> reference({Reference<double>{y}});
    CHECK(guided(adam, model, reference, fine).x == guided(adam, model, all, fine).x);
}

TEST_CASE("the same result again, near it in float, and by another gradient method") {
    FlowModel<double> model(gaussian3<double>().mixture());
    FlowModel<float> single(gaussian3<float>().mixture());
    Objective<double> objective({measured<double>(matrix23(), seen)});
    Objective<float> objective_f({measured<float>(matrix23(), {1.5F, -2.F})});
    for (const char* spelling : {"d-flow", "end-to-end", "end-to-end:optimiser=momentum:rate=0.1"}) {
        INFO(spelling);
        const GuidanceMethod method = find_guidance_method(spelling);
        const auto result = guided(method, model, objective);
        CHECK(guided(method, model, objective).x == result.x);
        CHECK(gap(guided(method, single, objective_f).x, result.x) < 2e-4);
        CHECK(gap(guided(method, model, objective, {}, 1, 1).x, result.x) > 1e-2);  // another image's start
        const auto stored = guided(method, model, objective, {.steps = 30}), checkpointed = guided(method, model, objective, {.steps = 30, .gradient = "binomial:2"});
        CHECK(checkpointed.x == stored.x);
        CHECK(checkpointed.peak_bytes < stored.peak_bytes);
        CHECK(gap(guided(method, model, objective, {.steps = 8, .gradient = "backsolve"}).x, guided(method, model, objective, {.steps = 8}).x) < 0.05);
    }
}

TEST_CASE("a trajectory begins at the start that was found and ends with the sample") {
    FlowModel<double> model(gaussian3<double>().mixture());
    Objective<double> objective({measured<double>(matrix23(), seen)});
    for (const char* spelling : {"d-flow", "end-to-end"}) {
        INFO(spelling);
        const auto result = guided(find_guidance_method(spelling), model, objective, {.keep_trajectory = true});
        REQUIRE(result.trajectory.size() == 4);
        CHECK(result.trajectory.back() == result.x);
        CHECK(gap(flow<double>(model, ode::find_tableau("midpoint"), 0, 1, 3, result.trajectory.front()), result.x) < 1e-13);
        CHECK(gap(flow<double>(model, ode::find_tableau("midpoint"), 2.0 / 3, 1, 1, result.trajectory[2]), result.x) < 1e-13);
    }
}

TEST_CASE("a watch stops a method, and a rate that is too large is a sentence") {
    FlowModel<double> model(gaussian3<double>().mixture());
    Objective<double> objective({measured<double>(matrix23(), seen)});
    const NormalSource random(1);
    double last = 0;
    GuidanceProblem<double> problem{model, objective, random, {}, [&](double done) {
        CHECK((done >= last && done <= 1));
        last = done;
        if (done > 0.5) throw GuidanceStopped{};
    }};
    CHECK_THROWS_AS(find_guidance_method("end-to-end")(problem), GuidanceStopped);
    const auto result = guided(find_guidance_method("end-to-end:optimiser=gd:rate=1e200"), model, objective);
    CHECK(result.note.find("not finite; lower the rate") != std::string::npos);
    CHECK(std::isfinite(result.x[0]));
}
