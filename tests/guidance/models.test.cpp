// The exact flow model of a Gaussian mixture: goldens from elsewhere, its products three ways, and its digits at the end of the path.
#include "guidance/models/gaussian_mixture.hpp"
#include "guidance/paths/conversions.hpp"
#include "ode/gradient/store_all.hpp"
#include "tests/guidance/field_checks.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

using namespace costate;
using namespace costate::guidance;
using namespace costate::testing;

namespace {

using T = Mpfr50;

struct Golden {
    const char* path;
    const char* u[2];
    const char* x1[2];
    const char* log_density;
};

// gmm2 at t = 3/5, x = (.3, -.2), by mpmath at 60 digits from the densities themselves: x̂₁ = Σ w_k N(x; αm_k, S_k) m̂_k / Σ,
// u = (σ'/σ)x + (α' - ασ'/σ)x̂₁ with α' and σ' by mpmath's numerical differentiation. No regular form there.
const Golden goldens[] = {
    {"cond-ot", {"0.3620854198435088056629093286218173496714", "-0.1463929426466499965183109946789136368007"},
     {"0.4448341679374035222651637314487269398686", "-0.2585571770586599986073243978715654547203"},
     "-2.312503072849152608866404183831175547038"},
    {"polynomial", {"-0.2700118124164785578111833106963768763286", "-0.2310137921528079936472894393758991857897"},
     {"0.1559937000445447691673689009619323326247", "-0.3232073558148309299452210343338128990879"},
     "-1.517609943626425719149856790338442246542"},
    {"cosine", {"0.03980903951124210843400097258286177855034", "-0.09476217893483056280008719144080660263554"},
     {"0.2576014702567584323873331032365643416056", "-0.1972630000357876848607204669443143813615"},
     "-2.801906191460161878864494858045757577554"},
    {"linear-vp", {"-0.05142384398806713412537893319717044105398", "-0.2404072483421749581724546492537995459568"},
     {"0.1470887398476370341597574827538109177255", "-0.2738606389389919732303709755224317094123"},
     "-2.215822139666156705317381743520878688052"},
    {"vp", {"-0.2162424035662868269620141567360870148662", "-0.4640770191269490633338007403742795613895"},
     {"0.03504204328550532104117767235785631493148", "-0.297934926293858499940301182481128045156"},
     "-2.043756498859885302819796440795294251863"},
    {"ve", {"-0.946007946472796892741098286860086546716", "0.7893514049936685113341320078996185823042"},
     {"0.1630513230034124954081823071654798930513", "-0.08572968017622360878819432958999720664555"},
     "-5.210913486417334622753840297252840017017"},
    {"edm", {"0.01524270816626040345055517894127694453352", "-0.02652890261250590779835472374959173171912"},
     {"0.2576087565108762284585629539912446973706", "-0.1777624498071031432178106341317165203008"},
     "-2.977273062411153269103472609106164889547"}};

std::vector<T> digits(const char* const (&values)[2]) { return {T(values[0]), T(values[1])}; }

// Both of two samples, so that the layout of a batch is seen.
const std::vector<T> batch = {T("0.3"), T("-0.2"), T("1.1"), T("0.4")};

// J and D_xu as rows, from n vjps
template <class Apply>
SmallMatrix<T> rows(std::size_t d, Apply&& apply) {
    SmallMatrix<T> m(d, d);
    for (std::size_t i = 0; i < d; ++i) {
        std::vector<T> lambda(d, T(0)), row(d, T(0));
        lambda[i] = 1;
        apply(std::span<const T>(lambda), std::span<T>(row));
        for (std::size_t j = 0; j < d; ++j) m(i, j) = row[j];
    }
    return m;
}

}  // namespace

TEST_CASE("velocity, posterior mean and density of a mixture on all paths, against mpmath") {
    for (const Golden& golden : goldens) {
        INFO(golden.path);
        auto model = mixture_in<T>(gmm2(), find_path(golden.path));
        std::vector<T> x{T("0.3"), T("-0.2")}, u(2), x1(2);
        const T t = T(3) / 5;
        model(t, x, u);
        model.denoiser(t, x, x1);
        CHECK(relative(u, digits(golden.u)) < 1e-36);
        CHECK(relative(x1, digits(golden.x1)) < 1e-36);
        CHECK(abs(model.log_density(t, x) - T(golden.log_density)) < 1e-36);
        // a mixture with one changed covariance is another one
        auto parts = gmm2();
        parts[1].covariance(0, 0) += ratio(1, 1000);
        auto other = mixture_in<T>(parts, find_path(golden.path));
        other(t, x, u);
        CHECK(relative(u, digits(golden.u)) > 1e-7);
    }
}

TEST_CASE("the flow of the mixture and its derivative: the golden of D-Flow's Theorem 4.1 (40-digit Taylor, cond-ot, x0 = (.5, .5))") {
    struct Component {
        std::size_t i;
        double operator()(std::span<const double> x) const { return x[i]; }
        void gradient(std::span<const double>, std::span<double> x_bar) const {
            x_bar[i] = 1;
            x_bar[1 - i] = 0;
        }
    };
    auto model = mixture_in<double>(gmm2(), CondOt{});
    const double D[2][2] = {{.39212182831954, .16703171386474}, {.39039287848144, .96677689555373}};
    const std::vector<double> x0{.5, .5};
    for (std::size_t i = 0; i < 2; ++i) {
        const auto g = ode::dto::StoreAll{}(model, Component{i}, ode::find_tableau("dormand-prince"), 0.0, 1.0, 200, x0);
        CHECK(g.x1[0] == Approx(1.15849779912024).epsilon(1e-12));
        CHECK(g.x1[1] == Approx(.78608918322057).epsilon(1e-12));
        for (std::size_t j = 0; j < 2; ++j) CHECK(g.x_bar[j] == Approx(D[i][j]).epsilon(1e-12));
        // the transpose, which a symmetric Jacobian would not tell apart, is far off
        CHECK(std::abs(g.x_bar[1 - i] - D[1 - i][i]) > .2);
    }
}

TEST_CASE("vjp and jvp of the mixture: adjoint, difference quotients, the Jacobian, dual numbers") {
    for (const char* name : {"cond-ot", "linear-vp", "vp", "edm"})
        for (const char* time : {"0.25", "0.999"}) {
            INFO(name << " at " << time);
            const T t(time);
            auto model = mixture_in<T>(gmm2(), find_path(name));
            const ProductErrors errors = product_errors(model, t, batch);
            CHECK(errors.value == 0);
            CHECK(errors.adjoint < 1e-43);
            CHECK(errors.difference < 1e-18);
            const std::vector<T> x(batch.begin(), batch.begin() + 2);
            const SmallMatrix<T> A = model.velocity_jacobian(t, x);
            T t_bar(0);
            CHECK(relative(rows(2, [&](auto lambda, auto row) { model.vjp(t, x, lambda, row, {}, t_bar); }).values(), A.values()) < 1e-45);
            CHECK(abs(model.divergence(t, x) - A(0, 0) - A(1, 1)) < 1e-45);
            // second route: the forward evaluation on dual numbers
            auto dual = mixture_in<Dual<T>>(gmm2(), find_path(name));
            std::vector<Dual<T>> y{{x[0], T(2)}, {x[1], T(-1)}}, dy(2);
            dual(Dual<T>(t, T(3)), y, dy);
            std::vector<T> u(2), u_dot(2), x_dot{T(2), T(-1)};
            model.jvp(t, x, T(3), x_dot, {}, u, u_dot);
            CHECK(relative(u_dot, std::vector<T>{dy[0].tangent, dy[1].tangent}) < 1e-42);
        }
}

// u, and the λᵀ∂u/∂t of a vjp, at one (t, x): everything that a model may keep of a t.
std::vector<T> of_one_call(GaussianMixture<T>& model, int step, int of) {
    std::vector<T> values(2), x_bar(2, T(0));
    T t_bar(0);
    const T t = T(step) / of;
    model(t, std::vector<T>{T("0.3"), T("-0.2")}, values);
    model.vjp(t, std::vector<T>{T("1.1"), T("0.4")}, values, x_bar, {}, t_bar);
    values.insert(values.end(), x_bar.begin(), x_bar.end());
    values.push_back(t_bar);
    return values;
}

TEST_CASE("what a mixture keeps of earlier times is that of these times: bitwise a fresh model's, and a copy's") {
    GaussianMixture<T> model = mixture_in<T>(gmm2(), CondOt{});
    for (const int of : {5, 40}) {  // fewer times than it keeps, and more
        for (int round = 0; round < 3; ++round) {
            for (int step = 0; step <= of; ++step) {
                GaussianMixture<T> fresh = mixture_in<T>(gmm2(), CondOt{}), copy = model;
                const std::vector<T> expected = of_one_call(fresh, step, of);
                CHECK(of_one_call(model, step, of) == expected);
                CHECK(of_one_call(copy, step, of) == expected);
                CHECK_FALSE(of_one_call(fresh, step + 1, of) == expected);
            }
        }
    }
}

TEST_CASE("posterior mean, covariance, noise and score of the mixture agree with one another") {
    for (const AnyPath& path : paths()) {
        INFO(name_of(path));
        const T t("0.4");
        auto model = mixture_in<T>(gmm2(), path);
        const PathPoint<T> p = at<T>(path, t);
        const std::vector<T> x(batch.begin(), batch.begin() + 2);
        std::vector<T> u(2), x1(2), epsilon(2), score(2);
        model(t, x, u);
        model.denoiser(t, x, x1);
        model.noise(t, x, epsilon);
        model.score(t, x, score);
        for (std::size_t i = 0; i < 2; ++i) {
            CHECK(abs(p.alpha * x1[i] + p.sigma() * epsilon[i] - x[i]) < 1e-46);
            CHECK(abs(p.alpha_dot * x1[i] + p.sigma_dot() * epsilon[i] - u[i]) < 1e-44);
            CHECK(abs(p.sigma() * score[i] + epsilon[i]) < 1e-46);
            std::vector<T> ahead = x, behind = x;
            ahead[i] += T("1e-15");
            behind[i] -= T("1e-15");
            CHECK(abs((model.log_density(t, ahead) - model.log_density(t, behind)) / T("2e-15") - score[i]) < 1e-26);
        }
        const SmallMatrix<T> J = model.denoiser_jacobian(t, x), V = model.posterior_covariance(t, x);
        CHECK(relative((T(p.alpha / p.sigma2) * V).values(), J.values()) < 1e-45);
        CHECK(relative(rows(2, [&](auto lambda, auto row) { model.denoiser_vjp(t, x, lambda, row); }).values(), J.values()) < 1e-45);
        CHECK(relative(J.transpose().values(), J.values()) < 1e-45);
        T sum(0);
        for (const T& w : model.weights(t, x)) sum += w;
        CHECK(abs(sum - 1) < 1e-48);
    }
}

TEST_CASE("no cancellation near the data: double against 50 digits at 1 - 2^-40, and what the conversion from x1 would lose") {
    const double t = 1 - std::ldexp(1.0, -40);
    for (const AnyPath& path : paths()) {
        INFO(name_of(path));
        auto model = mixture_in<double>(gmm2(), path);
        auto exact = mixture_in<T>(gmm2(), path);
        const std::vector<double> x{.3, -.2};
        const std::vector<T> X(x.begin(), x.end());
        std::vector<double> u(2), epsilon(2), x1(2);
        std::vector<T> U(2), E(2);
        model(t, x, u);
        model.noise(t, x, epsilon);
        model.denoiser(t, x, x1);
        exact(T(t), X, U);
        exact.noise(T(t), X, E);
        const std::vector<double> J = model.denoiser_jacobian(t, x).values(), V = model.posterior_covariance(t, x).values();
        const auto rounded = [](const std::vector<T>& v) {
            std::vector<double> r;
            for (const T& value : v) r.push_back(static_cast<double>(value));
            return r;
        };
        CHECK(relative(u, rounded(U)) < 1e-13);
        CHECK(relative(epsilon, rounded(E)) < 1e-13);
        CHECK(relative(J, rounded(exact.denoiser_jacobian(T(t), X).values())) < 1e-13);
        CHECK(relative(V, rounded(exact.posterior_covariance(T(t), X).values())) < 1e-13);
        if (name_of(path) != "cond-ot" && name_of(path) != "cosine") continue;
        const Affine<double> c = velocity_from_x1(path, t);
        CHECK(relative({c.on_x * x[0] + c.on_n * x1[0], c.on_x * x[1] + c.on_n * x1[1]}, rounded(U)) > 1e-9);
    }
}

TEST_CASE("a mixture that makes no sense says so") {
    using Mixture = GaussianMixture<double>;
    CHECK_THROWS_WITH(Mixture({}, CondOt{}), Catch::Contains("no component"));
    CHECK_THROWS_WITH(Mixture({{1, {0, 0}, SmallMatrix<double>::identity(3)}}, CondOt{}),
                      Catch::Contains("component 0") && Catch::Contains("3 x 3"));
    Mixture point({{1, {0, 0}, SmallMatrix<double>(2, 2)}}, CondOt{});
    std::vector<double> x{1, 2}, u(2);
    CHECK_NOTHROW(point(.5, x, u));
    CHECK_THROWS_WITH(point(1., x, u), Catch::Contains("pivot 0"));
    CHECK_THROWS_WITH(point.divergence(.5, std::vector<double>(4)), Catch::Contains("4 values"));
}
