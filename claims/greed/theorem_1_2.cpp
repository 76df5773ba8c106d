#include "claims/greed/list.hpp"
#include "claims/greed/start.hpp"
#include "claims/measure/slope.hpp"

#include <cmath>
#include <type_traits>
#include <utility>

namespace costate::claims {

namespace {

using namespace ahead;

template <class T>
std::vector<T> scaled(const T& factor, std::vector<T> v) {
    for (T& value : v) value = factor * value;
    return v;
}

// x̃ = x/α
template <class T>
std::vector<T> regular_state(const Start<T>& s) {
    return scaled(T(T(1) / s.from.alpha), s.x);
}

// ---- the transpose of explicit Euler: the Jacobian at the new end, the incoming adjoint

// The backward step for ends σ₁ = 1/10 … 1/10⁴, α₁ = 1: its distance from the greedy gradient is σ₁ (I - α_tJᵀ)λ₁/σ_t.
template <class T>
Finding nearer_the_data(Start<T>& s, const Matrix<T>& J, Figure& figure) {
    const std::vector<T> limit = J.transpose()(s.y);
    std::vector<T> slope = limit;
    for (std::size_t i = 0; i < slope.size(); ++i) slope[i] = (s.y[i] - s.from.alpha * slope[i]) / s.from.sigma();
    const double size = size_of<T>(limit), constant = size_of<T>(slope) / size;
    Curve curve{"partner of explicit Euler", {}, {}, {}};
    Rational sigma1 = 1;
    std::vector<T> all, expected;
    for (int k = 1; k <= 4; ++k) {
        sigma1 /= 10;
        const auto found = in_regular<T>("partner", s.model, linear_functional<T>(s.y), ode::find_tableau("euler"), s.from,
                                         Place<T>{T(1), from_rational<T>(sigma1)}, 1, s.x);
        curve.x.push_back(ScalarTraits<Rational>::to_double(sigma1));
        curve.measured.push_back(relative_difference<T>(found.x_bar, limit));
        curve.predicted.push_back(constant * curve.x.back());
        for (std::size_t i = 0; i < limit.size(); ++i) {
            all.push_back(found.x_bar[i] - limit[i]);
            expected.push_back(from_rational<T>(sigma1) * slope[i]);
        }
    }
    Finding finding = equality<T>("decay", number(constant) + " $\\sigma_1$ of it from the greedy gradient, where the path ends at $\\sigma_1$, $\\alpha_1 = 1$", all, expected);
    finding.measured = number(curve.measured.front(), 3) + " … " + number(curve.measured.back(), 3) + " at $\\sigma_1 = 10^{-1}$ … $10^{-4}$; " + finding.measured;
    figure = {"Distance of the backward step from the greedy gradient, the path's end moved to $\\sigma_1$, $\\alpha_1 = 1$", "$\\sigma_1$", "relative distance",
              true, true, {std::move(curve)}};
    return finding;
}

// λ₁ = ∇L at the end x₁ of the step (σ₁/σ_t) x + (α₁ - σ₁α_t/σ_t) x̂₁, and that step's transpose applied to it.
template <class T>
std::pair<std::vector<T>, std::vector<T>> transposed_step(Start<T>& s, const Loss<T>& loss) {
    const T share = s.to.sigma() / s.from.sigma(), on_x1 = s.to.alpha - share * s.from.alpha;
    std::vector<T> x1 = value<T>(s.model.x1hat, s.t, s.x), lambda1(s.x.size()), back(s.x.size(), T(0));
    for (std::size_t i = 0; i < x1.size(); ++i) x1[i] = share * s.x[i] + on_x1 * x1[i];
    loss.gradient(x1, lambda1);
    T t_bar(0);
    s.model.x1hat.vjp(s.t, s.x, lambda1, back, {}, t_bar);
    for (std::size_t i = 0; i < x1.size(); ++i) back[i] = share * lambda1[i] + on_x1 * back[i];
    return {std::move(lambda1), std::move(back)};
}

template <class T>
Evidence precise_in(const Setting& setting, bool broken) {
    Start<T> s = start_of<T>(make_ahead<T>(setting), setting);
    Evidence evidence{.subject = describe(setting) + ", t = 3/5"};
    const Loss<T> loss = squared_distance<T>(s.y);
    add_hypotheses<T>(evidence, setting, s, loss);
    const ode::Tableau& euler = ode::find_tableau("euler");
    const ode::Tableau partner = ode::partner(euler).value();
    evidence.findings.push_back({"partner", "$\\hat{a}_{11} = 1$: implicit Euler",
                                 "$\\hat{a}_{11} = " + number(partner.A(0, 0)) + "$", "exact", Proof::exact,
                                 partner.A(0, 0) == 1 && partner.b[0] == 1});
    T t_bar(0);
    const auto [lambda1, expected] = transposed_step<T>(s, loss);

    // λ̃_t = λ̃₁ - h (∂ε̂/∂x̃)ᵀ λ̃₁ at (r_t, x̃_t), h = r_t - r₁
    const T h = (s.from.r - s.to.r) / (broken ? T(2) : T(1));
    const std::vector<T> incoming = scaled(s.to.alpha, lambda1);
    std::vector<T> back(s.x.size(), T(0));
    s.model.regular.vjp(s.from.r, regular_state(s), incoming, back, {}, t_bar);
    for (std::size_t i = 0; i < back.size(); ++i) back[i] = (incoming[i] - h * back[i]) / s.from.alpha;

    const auto found = in_regular<T>("partner", s.model, loss, euler, s.from, s.to, 1, s.x);
    evidence.findings.push_back(equality<T>("gradient",
                                            "$(\\sigma_1/\\sigma_t) \\lambda_1 + (\\alpha_1 - "
                                            "\\sigma_1\\alpha_t/\\sigma_t) J^\\top \\lambda_1$",
                                            found.x_bar, expected));
    evidence.findings.push_back(equality<T>("backward step",
                                            "one step of the adjoint equation, its Jacobian at $x_t$, applied "
                                            "to $\\lambda_1$",
                                            back, found.x_bar));
    if (guidance::reaches_data(setting.path))
        evidence.findings.push_back(
            equality<T>("greedy", "$J^\\top \\nabla L(\\hat{x}_1)$", found.x_bar, greedy<T>(s.model, loss, s.t, s.x).x_bar));
    evidence.figures.emplace_back();
    evidence.findings.push_back(nearer_the_data<T>(s, jacobian<T>(s.model.x1hat, s.t, s.x), evidence.figures.back()));
    return evidence;
}

// ---- implicit Euler as it stands: (I - hσJᵀ)⁻¹

// Mᵀ x = b with M = I + factor (I - αJ)
template <class T>
std::vector<T> solve_shifted(const Matrix<T>& J, const T& alpha, const T& factor, std::vector<T> b) {
    Matrix<T> m = Matrix<T>::identity(J.rows());
    for (std::size_t i = 0; i < J.rows(); ++i)
        for (std::size_t j = 0; j < J.rows(); ++j) m(i, j) += factor * ((i == j ? T(1) : T(0)) - alpha * J(j, i));
    return solve_linear<T>(std::move(m), std::move(b));
}

// The literal step minus the greedy gradient: (I + kQᵀ)⁻¹ [(α₁ - 1) + (1 - k) Qᵀ + k Qᵀ²] λ/α_t, Q = I - α_t J, k = 1 - r₁/r_t.
template <class T>
std::vector<T> predicted_gap(const Start<T>& s, const Matrix<T>& J) {
    const T k = T(1) - s.to.r / s.from.r;
    const auto Q = [&](const std::vector<T>& v) {
        std::vector<T> out(v.size(), T(0));
        J.multiply_transposed_add(v, out);
        for (std::size_t i = 0; i < v.size(); ++i) out[i] = v[i] - s.from.alpha * out[i];
        return out;
    };
    const std::vector<T> once = Q(s.y), twice = Q(once);
    std::vector<T> sum(once.size());
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = (s.to.alpha - T(1)) * s.y[i] + (T(1) - k) * once[i] + k * twice[i];
    return scaled(T(1) / s.from.alpha, solve_shifted<T>(J, s.from.alpha, k, std::move(sum)));
}

// (σ₁/σ_t)(I - hσ_tJᵀ)⁻¹λ with h = γ₁ - γ_t, α₁ = 1: -σ₁² J⁻ᵀλ/σ_t² as σ₁ → 0.
template <class T>
Finding limit(Start<T> s, Figure& figure) {
    const Matrix<T> J = jacobian<T>(s.model.x1hat, s.t, s.x), transposed = J.transpose();
    const T sigma = s.from.sigma();
    const double greedy_size = size_of<T>(transposed(s.y)),
                 constant = size_of<T>(solve_linear<T>(transposed, s.y)) / ScalarTraits<T>::to_double(sigma * sigma);
    std::vector<double> at, size;
    T sigma1 = from_rational<T>(ratio(1, 256));
    for (std::size_t k = 0; k <= certified_halvings; ++k, sigma1 = sigma1 / T(2)) {
        const T shift = sigma / sigma1 - s.from.alpha;
        const Matrix<T> m = Matrix<T>::identity(J.rows()) + T(-shift) * transposed;
        at.push_back(ScalarTraits<T>::to_double(sigma1));
        size.push_back(size_of<T>(scaled(T(sigma1 / sigma), solve_linear<T>(m, s.y))));
    }
    const Slope slope = slope_of(at, size);
    figure = {"Implicit Euler as printed, for smaller and smaller $\\sigma_1$", "$\\sigma_1$", "length of the gradient", true, true,
              {curve_of(slope, 2, constant, "implicit Euler in γ")}};
    figure.curves.push_back({"greedy gradient", at, std::vector<double>(at.size(), greedy_size), {}});
    const bool agrees = slope.agrees(2) && std::abs(slope.constant / constant - 1) < 1e-3;
    return {"limit",
            "$" + number(constant, 6) + " \\sigma_1^2$, to 0 and not to " + number(greedy_size),
            number(slope.constant, 6) + " times $\\sigma_1$ to the " + slope.text(),
            "± " + number(slope.uncertainty, 1),
            Proof::slope,
            agrees};
}

// T for the equations, S for the limit.
template <class T, class S>
Evidence literal(Start<T> s, Start<S> in_floating_point, const Setting& setting, std::string subject) {
    Evidence evidence{.subject = std::move(subject)};
    add_hypotheses<T>(evidence, setting, s, linear_functional<T>(s.y));
    const Matrix<T> J = jacobian<T>(s.model.x1hat, s.t, s.x);
    const std::vector<T> gap = predicted_gap<T>(s, J);
    // (I + h (∂ε̂/∂x̃)ᵀ) λ̃_t = λ̃₁, h = r_t - r₁
    const Matrix<T> noise = jacobian<T>(s.model.regular, s.from.r, regular_state(s)).transpose();
    const Matrix<T> m = Matrix<T>::identity(noise.rows()) + T(s.from.r - s.to.r) * noise;
    const std::vector<T> found = solve_linear<T>(m, scaled(T(s.to.alpha / s.from.alpha), s.y)), expected = J.transpose()(s.y);
    std::vector<T> difference = found, moved = expected;
    for (std::size_t i = 0; i < found.size(); ++i) {
        difference[i] -= expected[i];
        moved[i] += gap[i];
    }
    evidence.findings.push_back(equality<T>("gradient", "$J^\\top \\lambda_1$", found, expected));
    Finding size = equality<T>("gap",
                               "a vector of length " + number(size_of<T>(gap)) +
                                   ", $Q^2 (I + Q)^{-1} \\lambda_1/\\alpha_t$ with $Q = I - "
                                   "\\alpha_t J^\\top$ at $\\sigma_1 = 0$",
                               found, moved);
    size.measured = "length " + number(size_of<T>(difference)) + "; the vectors: " + size.measured;
    size.decides = false;
    evidence.findings.push_back(std::move(size));
    evidence.figures.emplace_back();
    evidence.findings.push_back(limit<S>(std::move(in_floating_point), evidence.figures.back()));
    evidence.findings.back().decides = false;
    return evidence;
}

template <class T, class S>
Evidence printed_in(const Setting& setting) {
    return literal<T, S>(start_of<T>(make_ahead<T>(setting), setting), start_of<S>(make_ahead<S>(setting), setting), setting,
                         describe(setting) + ", t = 3/5");
}

template <class T, class S>
Evidence zero_field_in(const Setting& setting, std::size_t d) {
    const std::vector<Rational> c = rational_numbers(setting.seed, 5, d);
    Start<T> s = start_of<T>(constant_noise<T>(setting.path, numbers_in<T>(c)), setting);
    s.to.alpha = T(1);
    return literal<T, S>(std::move(s), start_of<S>(constant_noise<S>(setting.path, numbers_in<S>(c)), setting), setting,
                         "constant noise on path " + guidance::name_of(setting.path));
}

// The scalar in which slopes are measured where equations hold in T.
template <class T>
using Floating = std::conditional_t<ScalarTraits<T>::exact, Mpfr50, T>;

Evidence precise(const Setting& setting, bool broken) {
    return in_scalar(setting, [&]<class T>() { return precise_in<T>(setting, broken); });
}

Evidence printed(const Setting& setting) {
    return in_scalar(setting, [&]<class T>() { return printed_in<T, Floating<T>>(setting); });
}

Evidence zero_field(const Setting& setting) {
    const std::size_t d = setting.field == "network" ? make_subject<double>(setting).field.dim() : setting.dim;
    return in_scalar(setting, [&]<class T>() { return zero_field_in<T, Floating<T>>(setting, d); });
}

}  // namespace

Claim greedy_is_implicit_euler() {
    Claim claim;
    claim.id = "greed-theorem-1-2";
    claim.title = "The greedy gradient and one implicit Euler step of the adjoint equation";
    claim.source = "Blasingame & Liu 2025, Theorem 1.2";
    claim.explanation =
        "Optimize-then-discretize integrates the adjoint equation $\\lambda' = -(D_x u)^\\top\\lambda$ from the end back to $t$, "
        "$u$ the velocity; in what follows $J = \\partial\\hat{x}_1/\\partial x$ is the Jacobian of the denoiser. One "
        "step of it can take the Jacobian at the end it comes from or at the end it goes to, and it can apply it to the "
        "adjoint that comes in or solve for the one that goes out.\n\n"
        "The transpose of explicit Euler takes the Jacobian at the new end $x_t$ and applies it to the incoming $\\lambda_1$: "
        "its tableau is the partner of explicit Euler, $\\hat{a}_{11} = 1$, and its step is the greedy gradient. Implicit "
        "Euler in the usual sense solves $(I - h\\sigma J^\\top)\\lambda_t = \\lambda_1$. It is not: the difference in the "
        "regular variables is $Q^2 (I + Q)^{-1}\\lambda_1/\\alpha_t$ with $Q = I - \\alpha_t J^\\top$, and with $h = \\gamma_1 "
        "- \\gamma_t$ the result shrinks like $\\sigma_1^2$ as the path's end comes closer to the data.";
    claim.axes = axes_of_one_euler_step();
    claim.readings = {
        {.name = "printed",
         .statement = "$\\nabla_x L(\\hat{x}_1(t, x))$ is one backward implicit Euler step of the adjoint equation, "
                      "$\\lambda_t = (I - h\\sigma J^\\top)^{-1}\\lambda_1$",
         .expected = always(false),
         .run = printed,
         .control = {"The model is exchanged for one whose noise is the same for every $x$: the field of the regular variables is constant, and "
                     "every Euler step is exact.",
                     "gradient", zero_field},
         .remark = "Read literally it solves for the adjoint; the greedy gradient only applies the Jacobian of the new end to "
                   "the adjoint that comes in."},
        {.name = "precise",
         .statement = "$\\nabla_x L(\\hat{x}_1(t, x))$ is one step of the adjoint equation with the Jacobian at the new end "
                      "$x_t$ applied to the incoming adjoint $\\lambda_1$: the partner of explicit Euler (where $\\sigma_1 = "
                      "0$, $\\alpha_1 = 1$; else it is the gradient of the DDIM step)",
         .expected = always(true),
         .run = [](const Setting& setting) { return precise(setting, false); },
         .control = {"The backward step is only half as long.", "backward step",
                     [](const Setting& setting) { return precise(setting, true); }}}};
    return claim;
}

}  // namespace costate::claims
