// Velocities and regular variables of networks' outputs: products three ways, singular ends, and one flow in two sets of variables.
#include "guidance/fields/regular_field.hpp"
#include "guidance/fields/velocity_of.hpp"
#include "guidance/models/gaussian_mixture.hpp"
#include "ode/gradient/store_all.hpp"
#include "tests/guidance/field_checks.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace costate;
using namespace costate::guidance;
using namespace costate::testing;

namespace {

using T = Mpfr50;
using enum Parametrisation;

const std::vector<T> batch{T("0.3"), T("-0.2"), T("0.9"), T("0.25")};

template <class F>
void right(F&& f, const T& tau) {
    const ProductErrors errors = product_errors(f, tau, batch);
    CHECK(errors.value < 1e-47);
    CHECK(errors.adjoint < 1e-45);
    CHECK(errors.difference < 1e-20);
}

// ε̂ and x̂₁ of a mixture as fields, for the conversions to undo: only what a solver calls
template <class Model>
struct Output {
    Model& model;
    Parametrisation what;

    [[nodiscard]] std::size_t dim() const { return model.dim(); }
    void operator()(const T& t, std::span<const T> x, std::span<T> n) {
        if (what == x1) model.denoiser(t, x, n);
        else model.noise(t, x, n);
    }
};

}  // namespace

static_assert(ode::RecordingField<VelocityOf<Polynomial<double>, double>, double>);
static_assert(ode::RecordingField<RegularField<RecordingPolynomial<double>&, double>, double>);

TEST_CASE("vjp and jvp of a model's velocity, x1 and regular field, time and parameters included") {
    for (const char* name : {"cond-ot", "cosine", "vp", "edm"})
        for (const Parametrisation given : {velocity, epsilon, x1}) {
            INFO(name << ", " << name_of(given));
            const AnyPath path = find_path(name);
            const T t("0.35"), r = ratio_at<T>(path, t);
            right(VelocityOf<Polynomial<T>, T>({parameters<T>()}, given, path), t);
            right(DenoiserOf<Polynomial<T>, T>({parameters<T>()}, given, path), t);
            right(RegularField<RecordingPolynomial<T>, T>(RecordingPolynomial<T>(parameters<T>()), given, path), r);
        }
}

TEST_CASE("records: a pullback without another evaluation, and the values of the plain call") {
    RecordingPolynomial<T> model(parameters<T>());
    RegularField<RecordingPolynomial<T>&, T> f(model, x1, CosinePath{});
    auto record = f.make_record();
    std::vector<T> dz(4), plain(4), z_bar(4, T(0)), again(4, T(0)), theta_bar(4, T(0));
    const T r("0.8");
    T r_bar(0);
    f.forward(r, batch, dz, record);
    CHECK((model.evaluations == 1 && model.vjps == 0));
    f.pullback(record, batch, z_bar, theta_bar, r_bar);
    f.pullback(record, batch, again, {}, r_bar);
    CHECK((model.evaluations == 1 && model.vjps == 2 && z_bar == again));
    f(r, batch, plain);
    CHECK(relative(plain, dz) < 1e-49);
    CHECK(record.bytes() > 3 * 4 * sizeof(T));
}

TEST_CASE("a mixture's noise and posterior mean make its velocity, and its noise in the regular variables") {
    for (const AnyPath& path : paths()) {
        INFO(name_of(path));
        const T t("0.7"), r = ratio_at<T>(path, t), alpha = at<T>(path, t).alpha;
        auto model = mixture_in<T>(gmm2(), path);
        std::vector<T> u(4), noise(4), out(4), z = batch;
        for (T& value : z) value = value / alpha;
        model(t, batch, u);
        model.noise(t, batch, noise);
        for (const Parametrisation given : {epsilon, x1}) {
            // evaluated through the coordinates, since Output has no products
            Output<GaussianMixture<T>> output{model, given};
            std::vector<T> n(4);
            output(t, batch, n);
            const Coordinates<T> v = VelocityMap{given, path}.coordinates(t), e = RegularMap{given, path}.coordinates(r);
            for (std::size_t i = 0; i < 4; ++i) {
                CHECK(abs(v.A * batch[i] + v.B * n[i] - u[i]) < 1e-44);
                CHECK(abs(e.A * z[i] + e.B * n[i] - noise[i]) < 1e-43);
                CHECK(abs(e.k * z[i] - batch[i]) < 1e-43);
            }
            CHECK(abs(e.t - t) < 1e-44);
        }
        RegularField<GaussianMixture<T>&, T> regular(model, velocity, path);
        regular(r, z, out);
        CHECK(relative(out, noise) < 1e-42);
    }
}

TEST_CASE("one flow in two sets of variables: end and gradient agree, up to the data") {
    for (const char* name : {"cond-ot", "linear-vp"}) {
        INFO(name);
        const AnyPath path = find_path(name);
        auto model = mixture_in<double>(gmm2(), path);
        RegularField<GaussianMixture<double>&, double> regular(model, velocity, path);
        const ode::SquaredDistance<double> loss({1, 0});
        const std::vector<double> x{.5, .5};
        const auto& tableau = ode::find_tableau("dormand-prince");
        const auto in_time = ode::dto::StoreAll{}(model, loss, tableau, .3, 1., 400, x);
        const auto in_regular = regular_gradient(ode::dto::StoreAll{}, regular, loss, tableau, .3, 1., 400, x);
        CHECK(relative(in_regular.x1, in_time.x1) < 1e-10);
        CHECK(relative(in_regular.x_bar, in_time.x_bar) < 1e-9);
        CHECK(in_regular.loss == Approx(in_time.loss).epsilon(1e-10));
        // the gradient in x̃ without the way back is another
        CHECK(relative({in_regular.x_bar[0] * .3, in_regular.x_bar[1] * .3}, in_time.x_bar) > .1);
    }
}

TEST_CASE("singular ends of fields are sentences, and only those") {
    std::vector<double> x{1, 2}, dx(2);
    VelocityOf<Polynomial<double>, double> vp({parameters<double>()}, epsilon, LinearVp{}), flow({parameters<double>()}, x1, CondOt{});
    CHECK_THROWS_WITH(vp(1., x, dx), Catch::Contains("t = 1 on linear-vp") && Catch::Contains("--variables regular"));
    CHECK_THROWS_WITH(vp(0., x, dx), Catch::Contains("t = 0 on linear-vp"));
    CHECK_THROWS_WITH(flow(1., x, dx), Catch::Contains("--t1 below 1"));
    CHECK_NOTHROW(vp(.999999, x, dx));
    RegularField<Polynomial<double>, double> regular({parameters<double>()}, epsilon, LinearVp{});
    RegularField<Polynomial<double>, double> from_x1({parameters<double>()}, x1, LinearVp{});
    CHECK_NOTHROW(regular(0., x, dx));
    CHECK_THROWS_WITH(from_x1(0., x, dx), Catch::Contains("t = 1 on linear-vp"));
    CHECK_THROWS_WITH(to_regular<double>(CondOt{}, 0., x), Catch::Contains("alpha, which is 0"));
    CHECK(to_regular<double>(CondOt{}, .5, x) == std::vector<double>{2, 4});
}
