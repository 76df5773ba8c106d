#include "claims/dflow/adjointdeis_steps.hpp"

#include "claims/dflow/trajectory.hpp"
#include "claims/measure/series.hpp"
#include "claims/measure/slope.hpp"
#include "claims/networks.hpp"
#include "claims/subjects.hpp"

#include <cmath>
#include <memory>
#include <string>

namespace costate::claims {

namespace {

double real(const Mpfr50& value) { return ScalarTraits<Mpfr50>::to_double(value); }

template <class C>
std::vector<Mpfr50> in_digits(const std::vector<C>& values) {
    std::vector<Mpfr50> result;
    for (const C& value : values) result.push_back(Mpfr50(value));
    return result;
}

// αr' = σ' - σα'/α, x' = (α'/α) x + αr' ε̂
template <class T>
struct Drift {
    T on_x, on_n;
};
template <class T>
Drift<T> drift(const guidance::AnyPath& path, const T& t) {
    const auto p = guidance::at<T>(path, t);
    return {p.alpha_dot / p.alpha, p.sigma_dot() - p.sigma() * p.alpha_dot / p.alpha};
}

// Where σ is rational on the rational paths.
Rational first_time(const Setting& setting) {
    return std::holds_alternative<guidance::LinearVp>(setting.path) ? ratio(3, 5) : ratio(1, 4);
}

template <class C>
StepGap one_step(const Setting& setting, Exponent exponent) {
    using S = Series<C, series_terms>;
    NoiseModel<S> model = noise_model<S>(setting);
    const Subject<C> subject = make_subject<C>(setting);
    const C t0 = from_rational<C>(first_time(setting));
    const std::vector<S> x0(subject.x0.begin(), subject.x0.end()), lambda(subject.v.begin(), subject.v.end());
    const Knot<S> s = knot_at<S>(setting.path, S(t0)), t = knot_at<S>(setting.path, S(t0) + S::variable());
    // predicted: d/dt(λᵀε̂_x) is the first coefficient along x₀ + h x'
    const Drift<C> rate = drift<C>(setting.path, t0);
    const std::vector<S> along = combined<S>(S(1) + S::variable() * S(rate.on_x), x0, S::variable() * S(rate.on_n), model(S(t0), x0));
    const std::vector<S> pulled = model.pulled(t.t, along, lambda);
    std::vector<C> predicted;
    for (const S& value : pulled) predicted.push_back(rate.on_n * (rate.on_x * value[0] + value[1]));
    const std::vector<S> x1 = ddim(model, s, t, x0);
    const std::vector<S> gap =
        combined<S>(S(1), deis_reverse(model, s, t, x1, lambda, exponent), S(-1), ddim_reverse(model, s, t, x0, lambda));
    const std::size_t first = valuation<C>(gap, ScalarTraits<C>::exact ? 0 : 1e-38);
    const std::vector<C> measured = coefficients<C>(gap, 2);
    const double size = real(norm(in_digits(predicted)));
    const bool agrees =
        ScalarTraits<C>::exact ? measured == predicted : real(distance(in_digits(measured), in_digits(predicted))) <= 1e-35 * (1 + size);
    Curve curve{"AdjointDEIS-1 minus the reverse of DDIM", {}, {}, {}};
    for (double h = 0.125; h > 1e-3; h /= 2) {
        std::vector<Mpfr50> values;
        for (const S& g : gap) values.push_back(Mpfr50(g.evaluate(C(h))));
        curve.x.push_back(h);
        curve.measured.push_back(real(norm(values)));
        curve.predicted.push_back(size * h * h);
    }
    const std::string terms = first == series_terms ? "no term" : "first term $\\Delta t^" + std::to_string(first) + "$", start = number(first_time(setting));
    return {{"gap over one step", (size > 0 ? "first term $\\Delta t^2$, coefficient of length " + number(size, 8) : std::string("no term in $\\Delta t^2$")) + ", from $s = " + start + "$",
             terms + ", coefficient of $\\Delta t^2$ of length " + number(real(norm(in_digits(measured))), 8),
             ScalarTraits<C>::exact ? "exact" : "coefficients at 50 digits", Proof::coefficient,
             agrees && (size == 0 ? first > 2 : first == 2)},
            {"One step from $s = " + start + "$ to $s + \\Delta t$", "$\\Delta t$", "difference of the gradients", true, true, {std::move(curve)}}};
}

// From r = σ/α = 1/2 to 2/5: short enough for equations of degree 3, whose solutions may become infinite.
template <class T>
struct Interval {
    T t0, t1;
    explicit Interval(const guidance::AnyPath& path)
        : t0(guidance::time_of_ratio<T>(path, T(1) / T(2))), t1(guidance::time_of_ratio<T>(path, T(2) / T(5))) {}
};

// Equal steps of the finest grid; a coarser one takes every n-th knot.
template <class T>
struct ManySteps {
    std::vector<Knot<T>> knots;
    NoiseModel<T> model;
    std::vector<T> x0, lambda;

    struct Gradients {
        std::vector<T> ddim, deis;
    };
    Gradients operator()(std::size_t steps, Exponent exponent) {
        const std::size_t stride = (knots.size() - 1) / steps;
        std::vector<std::vector<T>> x{x0};
        for (std::size_t n = 0; n < steps; ++n) x.push_back(claims::ddim(model, knots[n * stride], knots[(n + 1) * stride], x.back()));
        Gradients back{lambda, lambda};
        for (std::size_t n = steps; n-- > 0;) {
            const Knot<T>&s = knots[n * stride], &t = knots[(n + 1) * stride];
            back.ddim = ddim_reverse(model, s, t, x[n], back.ddim);
            back.deis = deis_reverse(model, s, t, x[n + 1], back.deis, exponent);
        }
        return back;
    }
};

template <class T>
ManySteps<T> many(const Setting& setting, std::size_t finest) {
    const Subject<T> subject = make_subject<T>(setting);
    ManySteps<T> run{{}, noise_model<T>(setting), subject.x0, subject.v};
    const Interval<T> part(setting.path);
    for (std::size_t k = 0; k <= finest; ++k)
        run.knots.push_back(
            knot_at<T>(setting.path, T(part.t0 + (part.t1 - part.t0) * T(static_cast<int>(k)) / T(static_cast<int>(finest)))));
    return run;
}

// x' = (α'/α) x + αr' ε̂(t, x)
template <class T>
Field<T> flow_of(const Setting& setting) {
    const auto model = std::make_shared<NoiseModel<T>>(noise_model<T>(setting));
    Field<T> field;
    field.dimension = model->field.dim();
    field.value = [model, path = setting.path](const T& t, std::span<const T> x, std::span<T> dx) {
        const Drift<T> rate = drift<T>(path, t);
        const std::vector<T> n = (*model)(t, {x.begin(), x.end()});
        for (std::size_t i = 0; i < x.size(); ++i) dx[i] = rate.on_x * x[i] + rate.on_n * n[i];
    };
    field.reverse = [model, path = setting.path](const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar,
                                                 std::span<T>, T&) {
        const Drift<T> rate = drift<T>(path, t);
        const std::vector<T> n = model->pulled(t, {x.begin(), x.end()}, {lambda.begin(), lambda.end()});
        for (std::size_t i = 0; i < x.size(); ++i) x_bar[i] += rate.on_x * lambda[i] + rate.on_n * n[i];
    };
    return field;
}

// ∫ D(t)ᵀ c(t) dt by the nodes of the trajectory; d/dt(λᵀε̂_x) by a central difference of length 1e-15.
double gap_constant(const Setting& setting, const Trajectory& way, const std::vector<Mpfr50>& lambda1) {
    NoiseModel<Mpfr50> model = noise_model<Mpfr50>(setting);
    const Mpfr50 delta = Mpfr50("1e-15");
    std::vector<Mpfr50> sum(lambda1.size(), Mpfr50(0));
    const std::vector<Mpfr50> gradient = way.D.transpose()(lambda1);
    for (const TrajectoryPiece& piece : way.pieces)
        for (const TrajectoryNode& node : piece.nodes) {
            const Drift<Mpfr50> rate = drift<Mpfr50>(setting.path, node.t);
            const std::vector<Mpfr50> lambda = solved(node.D.transpose(), gradient);
            const std::vector<Mpfr50> slope = combined<Mpfr50>(rate.on_x, node.x, rate.on_n, model(node.t, node.x));
            const auto pulled = [&](const Mpfr50& h) { return model.pulled(node.t + h, combined<Mpfr50>(1, node.x, h, slope), lambda); };
            const std::vector<Mpfr50> derivative = combined<Mpfr50>(1 / (2 * delta), pulled(delta), -1 / (2 * delta), pulled(-delta));
            const std::vector<Mpfr50> c = combined<Mpfr50>(rate.on_n * rate.on_x, pulled(0), rate.on_n, derivative);
            sum = combined<Mpfr50>(1, sum, node.weight, node.D.transpose()(c));
        }
    return real(norm(sum));
}

Finding of_order_one(std::string name, const Slope& slope, Proof proof) {
    return {std::move(name), "order 1", "order " + slope.text(), std::to_string(slope.local.size()) + " halvings", proof, slope.agrees(1)};
}

struct Errors {
    std::vector<double> h, ddim, deis, gap;
};

void certified(const Setting& setting, Exponent exponent, Evidence& evidence) {
    const std::size_t halvings = certified_halvings;
    ManySteps<Mpfr50> run = many<Mpfr50>(setting, std::size_t{1} << halvings);
    const Interval<Mpfr50> part(setting.path);
    const double length = real(Mpfr50(part.t1 - part.t0));
    const Trajectory way = follow({flow_of<Mpfr50>(setting), flow_of<double>(setting)}, part.t0, part.t1, run.x0);
    const std::vector<Mpfr50> exact = way.D.transpose()(run.lambda);
    const double constant = gap_constant(setting, way, run.lambda);
    Errors e;
    for (std::size_t k = 0; k <= halvings; ++k) {
        const auto back = run(std::size_t{1} << k, exponent);
        e.h.push_back(std::ldexp(length, -static_cast<int>(k)));
        e.ddim.push_back(real(distance(back.ddim, exact)));
        e.deis.push_back(real(distance(back.deis, exact)));
        e.gap.push_back(real(distance(back.deis, back.ddim)));
    }
    const Slope ddim = slope_of(e.h, e.ddim), deis = slope_of(e.h, e.deis);
    evidence.findings.push_back(of_order_one("order of DDIM", ddim, Proof::slope));
    evidence.findings.push_back(of_order_one("order of AdjointDEIS-1", deis, Proof::slope));
    Figure figure{"Many steps, from $\\sigma/\\alpha = 1/2$ to $2/5$", "length of a step", "error of the gradient", true, true, {}};
    figure.curves.push_back({"reverse of DDIM against the flow", e.h, e.ddim, {}});
    figure.curves.push_back({"AdjointDEIS-1 against the flow", e.h, e.deis, {}});
    if (constant > 1e-12) {
        const Slope gap = slope_of(e.h, e.gap);
        Finding limit = of_order_one("common limit", gap, Proof::slope);
        limit.predicted += ", constant " + number(constant, 6);
        limit.measured += ", constant " + number(gap.constant, 6);
        limit.holds = limit.holds && std::abs(gap.constant - constant) < 0.005 * constant;
        evidence.findings.push_back(std::move(limit));
        figure.curves.push_back(curve_of(gap, 1, constant, "AdjointDEIS-1 against the reverse of DDIM"));
    }
    evidence.figures.push_back(std::move(figure));
}

void of_network(const Setting& setting, Exponent exponent, Evidence& evidence) {
    const std::size_t halvings = dimension_of(setting) > 100 ? 7 : 9;
    ManySteps<double> run = many<double>(setting, std::size_t{1} << halvings);
    const Interval<double> part(setting.path);
    Errors e;
    for (std::size_t k = 0; k <= halvings; ++k) {
        const auto back = run(std::size_t{1} << k, exponent);
        double square = 0;
        for (std::size_t i = 0; i < back.ddim.size(); ++i) square += (back.deis[i] - back.ddim[i]) * (back.deis[i] - back.ddim[i]);
        e.h.push_back(std::ldexp(part.t1 - part.t0, -static_cast<int>(k)));
        e.gap.push_back(std::sqrt(square));
    }
    evidence.findings.push_back(of_order_one("common limit", slope_of(e.h, e.gap, 1e-9), Proof::illustration));
    evidence.figures.push_back({"Many steps, from $\\sigma/\\alpha = 1/2$ to $2/5$",
                                "length of a step",
                                "difference of the gradients",
                                true,
                                true,
                                {{"AdjointDEIS-1 against the reverse of DDIM", e.h, e.gap, {}}}});
}

}  // namespace

// At 1/4 and 1/2, or 3/5 and 4/5, σ is rational on the library's rational paths; on one's own where it is given without a root.
bool exact_noise_model(const Setting& setting) {
    if (setting.field == "network" || guidance::is_transcendental(setting.path)) return false;
    const auto* own = std::get_if<guidance::OwnPath>(&setting.path);
    return own == nullptr || own->has_sigma;
}

template <class T>
NoiseModel<T> noise_model(const Setting& setting) {
    if constexpr (std::is_same_v<T, double> || std::is_same_v<T, Mpfr50>) {
        if (setting.field == "network" && setting.model && gives_noise(*setting.model))
            return {network_output<T>(*setting.model), false, setting.path};
    }
    return {make_subject<T>(setting).field, setting.field == "network", setting.path};
}
template NoiseModel<Rational> noise_model<Rational>(const Setting&);
template NoiseModel<double> noise_model<double>(const Setting&);
template NoiseModel<RationalSeries> noise_model<RationalSeries>(const Setting&);
template NoiseModel<Mpfr50> noise_model<Mpfr50>(const Setting&);
template NoiseModel<RealSeries> noise_model<RealSeries>(const Setting&);

StepGap gap_over_one_step(const Setting& setting, Exponent exponent) {
    return exact_noise_model(setting) ? one_step<Rational>(setting, exponent) : one_step<Mpfr50>(setting, exponent);
}

void many_steps(const Setting& setting, Exponent exponent, Evidence& evidence) {
    if (setting.field == "network") of_network(setting, exponent, evidence);
    else certified(setting, exponent, evidence);
}

}  // namespace costate::claims
