// The measurement's score in velocity form, two ways and by dense matrices; the slope of a divergence from probes; the unit of steps.
#include "guidance/guide/hutchinson.hpp"
#include "guidance/guide/measurement_score.hpp"
#include "guidance/guide/operators/tasks.hpp"
#include "guidance/guide/step_scale.hpp"
#include "tests/guidance/guide/guided.hpp"
#include "tests/guidance/mixtures.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

using namespace costate;
using namespace costate::testing;

namespace {

using Span = std::span<const double>;

const std::vector<MixtureComponent<Rational>>& three_dimensions() {
    static const std::vector<MixtureComponent<Rational>> value = [] {
        auto c = one_gaussian();
        c.front().weight = ratio(2, 3);
        c.push_back({ratio(1, 3), {ratio(-1), ratio(1, 2), ratio(0)}, SmallMatrix<Rational>::identity(3)});
        return c;
    }();
    return value;
}

}  // namespace

TEST_CASE("OT-ODE is PiGDM's correction in velocity form on cond-ot, and both are u + (1-t)/t of the dense formula") {
    FlowModel<double> model(mixture_in<double>(three_dimensions(), find_path("cond-ot")));
    auto exact = mixture_in<double>(three_dimensions(), find_path("cond-ot"));
    const SmallMatrix<double> H(2, 3, {1, 0.5, -0.3, 0.2, -1, 0.7});
    for (const double sigma_y : {0.0, 0.2}) {
        const auto measurement = dense_measurement(2, 3, H.values(), {0.4, -0.9}, sigma_y);
        MeasurementScore<double> score(model, measurement);
        double apart = 0, other = 0, dense = 0;
        for (std::uint32_t n = 0; n < 40; ++n) {
            const Vector x = normals(11, Draw::data, n, 3);
            const double t = 0.02 + 0.96 * NormalSource(11).uniform(Draw::probe, n, 0);
            Vector pigdm(3), ot_ode(3), less(3);
            pigdm_velocity(score, 1.0, t, Span(x), std::span<double>(pigdm));
            ot_ode_velocity(score, 1.0, t, Span(x), std::span<double>(ot_ode));
            ot_ode_velocity(score, 0.9, t, Span(x), std::span<double>(less));
            // u + (1-t)/t Jᵀ Hᵀ (s²HHᵀ + σ_y²)⁻¹ (y - Hx̂₁)
            Vector u(3), x1hat(3), pulled(3), bent(3);
            exact(t, Span(x), std::span<double>(u));
            exact.denoiser(t, Span(x), std::span<double>(x1hat));
            const double s2 = (1 - t) * (1 - t) / ((1 - t) * (1 - t) + t * t);
            SmallMatrix<double> gram = s2 * (H * H.transpose());
            for (std::size_t i = 0; i < 2; ++i) gram(i, i) += sigma_y * sigma_y;
            Vector miss = H(Span(x1hat));
            for (std::size_t i = 0; i < 2; ++i) miss[i] = measurement.y[i] - miss[i];
            Ldl<double>(gram).solve(std::span<double>(miss));
            H.multiply_transposed_add(Span(miss), pulled);
            exact.denoiser_jacobian(t, Span(x)).multiply_transposed_add(Span(pulled), bent);
            double size = 0;
            for (std::size_t i = 0; i < 3; ++i) size = std::max(size, std::abs(u[i] += (1 - t) / t * bent[i]));
            apart = std::max(apart, largest_gap(pigdm, ot_ode) / size);
            dense = std::max(dense, largest_gap(ot_ode, u) / size);
            other = std::max(other, largest_gap(pigdm, less) / size);
        }
        CHECK(apart < 1e-12);
        CHECK(dense < 1e-11);
        CHECK(other > 1e-3);
    }
}

TEST_CASE("the two forms agree on the other paths as well") {
    for (const char* name : {"polynomial", "cosine", "linear-vp", "vp", "ve", "edm"}) {
        INFO(name);
        FlowModel<double> model(mixture_in<double>(three_dimensions(), find_path(name)));
        const auto measurement = dense_measurement(1, 3, {1, 0.5, -0.3}, {0.4}, 0.1);
        MeasurementScore<double> score(model, measurement);
        double apart = 0, bent = 0;
        for (std::uint32_t n = 0; n < 10; ++n) {
            const Vector x = normals(12, Draw::data, n, 3);
            const double t = 0.05 + 0.9 * NormalSource(12).uniform(Draw::probe, n, 0);
            Vector pigdm(3), ot_ode(3), u(3);
            pigdm_velocity(score, 1.0, t, Span(x), std::span<double>(pigdm));
            ot_ode_velocity(score, 1.0, t, Span(x), std::span<double>(ot_ode));
            model(t, Span(x), std::span<double>(u));
            double size = 1;
            for (const double value : pigdm) size = std::max(size, std::abs(value));
            apart = std::max(apart, largest_gap(pigdm, ot_ode) / size);
            bent = std::max(bent, largest_gap(u, ot_ode) / size);
        }
        CHECK(apart < 1e-11);
        CHECK(bent > 1e-3);
    }
}

TEST_CASE("the mean over all probes of signs of Hutchinson's slope is the gradient of the divergence") {
    const auto exact_slope = [](const auto& components, const Vector& x, double t) {
        using D = Dual<double>;
        auto model = mixture_in<D>(components, find_path("cond-ot"));
        Vector slope;
        for (std::size_t i = 0; i < x.size(); ++i) {
            std::vector<D> at(x.begin(), x.end());
            at[i] = D(x[i], 1);
            slope.push_back(model.divergence(D(t), std::span<const D>(at)).tangent);
        }
        return slope;
    };
    const auto mean_slope = [](FlowModel<double>& model, const Vector& x, double t, std::size_t probes) {
        HutchinsonSlope<double> slope(model);
        Vector mean(x.size()), probe(x.size());
        for (std::size_t bits = 0; bits < probes; ++bits) {
            for (std::size_t i = 0; i < x.size(); ++i) probe[i] = (bits >> i & 1) == 0 ? 1 : -1;
            slope.add(1.0 / static_cast<double>(probes), t, Span(x), Span(probe), std::span<double>(mean));
        }
        return mean;
    };
    FlowModel<double> plane(mixture_in<double>(gmm2(), find_path("cond-ot"))), space(mixture_in<double>(three_dimensions(), find_path("cond-ot")));
    for (const double t : {0.3, 0.6, 0.8}) {
        const Vector x{0.4, 0.1}, z{0.1, -0.2, 0.6};
        const Vector in_plane = exact_slope(gmm2(), x, t), in_space = exact_slope(three_dimensions(), z, t);
        const double plane_size = largest_gap(Vector(2), in_plane), space_size = largest_gap(Vector(3), in_space);
        CHECK(largest_gap(mean_slope(plane, x, t, 4), in_plane) < 1e-8 * plane_size);
        CHECK(largest_gap(mean_slope(space, z, t, 8), in_space) < 1e-8 * space_size);
        CHECK(largest_gap(mean_slope(plane, x, t, 1), in_plane) > 1e-2 * plane_size);  // one probe alone is not
    }
}

TEST_CASE("steps are measured in 1/w|H|^2 of what is quadratic, and in 1 for anything else") {
    const auto scale_of = [](const char* task) {
        auto H = make_operator<double>(task, {1, 8, 8}, 3);
        const std::size_t rows = H.rows();
        return step_scale(objective_of(Measurement<double>{std::move(H), Vector(rows)}));
    };
    CHECK(std::abs(scale_of("inpaint:box:4") - 1) < 1e-14);
    CHECK(std::abs(scale_of("super-resolution:2") - 4) < 1e-13);
    CHECK(std::abs(scale_of("super-resolution:4") - 16) < 1e-12);
    CHECK(std::abs(scale_of("denoise") - 1) < 1e-14);
    CHECK(std::abs(scale_of("blur:gaussian:1") - 1) < 1e-3);  // ‖H‖ is that of constants, sum of the kernel
    // [[3, 0], [4, 5]]: HᵀH has the eigenvalues 45 and 5
    CHECK(std::abs(step_scale(objective_of(dense_measurement(2, 2, {3, 0, 4, 5}, {0, 0}))) - 1.0 / 45) < 1e-14);
    Measurement<double> heavy = dense_measurement(2, 2, {3, 0, 4, 5}, {0, 0});
    heavy.weight = 100;
    CHECK(std::abs(step_scale(objective_of(heavy)) - 1.0 / 4500) < 1e-16);
    // in a sum all that bends, at most 4500 + 3 here; of a loss of one's own nothing is known
    const OwnLoss<double> own{[](std::span<const double>, std::span<double>) { return 0.0; }, 7};
    CHECK(std::abs(step_scale(Objective<double>({Reference<double>{{0, 0}, 3}, heavy, own})) - 1.0 / 4503) < 1e-16);
    CHECK(step_scale(Objective<double>({Reference<double>{{0, 0}}})) == 1);
    CHECK(step_scale(Objective<double>({own})) == 1);
}
