// What the classical claims share: leading terms in powers of h, predicted and measured, and tableaus that are broken on purpose.
#pragma once

#include "claims/claim.hpp"
#include "claims/measure/series.hpp"
#include "claims/measure/slope.hpp"
#include "claims/subjects.hpp"
#include "ode/loss.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace costate::claims::classical {

/// ℓ(x) = ⟨v, x⟩.
template <class T>
Loss<T> along(std::vector<T> v) {
    return ode::any_loss<T>(ode::LinearFunctional<T>(std::move(v)));
}

template <class T>
T dot(const std::vector<T>& a, const std::vector<T>& b) {
    T sum(0);
    for (std::size_t i = 0; i < b.size(); ++i) sum += a[i] * b[i];
    return sum;
}

/// a - b, as many as b has.
template <class T>
std::vector<T> minus(std::vector<T> a, const std::vector<T>& b) {
    a.resize(b.size());
    for (std::size_t i = 0; i < b.size(); ++i) a[i] -= b[i];
    return a;
}

template <class T>
std::vector<T> first(const std::vector<T>& a, std::size_t count) {
    return {a.begin(), a.begin() + static_cast<std::ptrdiff_t>(count)};
}

/// The second direction of a subject, beside its v; no coordinate is 0.
std::vector<Rational> second_numbers(const Setting& setting, std::size_t dim);
template <class T>
std::vector<T> second_direction(const Setting& setting, std::size_t dim) {
    return numbers_in<T>(second_numbers(setting, dim));
}

/// The scalar C itself counts as 0 up to here: nowhere in ℚ, 1e-36 at 50 digits.
template <class C>
inline constexpr double negligible = ScalarTraits<C>::exact ? 0 : 1e-36;
template <class C>
std::string uncertainty_of() {
    return ScalarTraits<C>::exact ? "exact" : "1e-30 relative, at 50 digits";
}

/// coefficient · h^exponent, the first that is not 0; exponent series_terms where all that are looked at vanish.
template <class C>
struct Term {
    std::size_t exponent = series_terms;
    std::vector<C> coefficient{};
};

/// Whether all of them are 0 (negligible).
bool all_zero(const std::vector<Rational>& values);
bool all_zero(const std::vector<Mpfr50>& values);
/// The same exponent and coefficient; at 50 digits to 1e-30.
bool same(const Term<Rational>& a, const Term<Rational>& b);
bool same(const Term<Mpfr50>& a, const Term<Mpfr50>& b);

/// "3/16"; a number of more than 24 characters as 12 digits and dots.
std::string shown(const Rational& value);
std::string shown(const Mpfr50& value);
/// "$-3/16 \, h^{3}$", "$(1/2, 3)\,h^{2}$", "$O(h^{8})$".
std::string shown(const Term<Rational>& term);
std::string shown(const Term<Mpfr50>& term);
/// ‖coefficient‖₂ as a double.
template <class C>
double size_of(const Term<C>& term) {
    double sum = 0;
    for (const C& c : term.coefficient) sum = std::hypot(sum, ScalarTraits<C>::to_double(c));
    return sum;
}

/// The first coefficient of the series that does not vanish.
template <class C>
Term<C> leading(const std::vector<Expansion<C>>& series) {
    const std::size_t k = valuation<C>(std::span<const Expansion<C>>(series), negligible<C>);
    return k == series_terms ? Term<C>{} : Term<C>{k, coefficients<C>(std::span<const Expansion<C>>(series), k)};
}

/// The first k at which pick(error_expansion at k) is not 0, and what it is: usually p + 1, more where the field makes that vanish.
template <class C>
Term<C> predicted_term(const ode::Tableau& tableau, const Autonomous<C>& field, const std::vector<C>& y,
                       const std::function<std::vector<C>(const std::vector<C>&)>& pick) {
    const std::size_t usual = std::min(ode::order(tableau) + 1, series_terms - 1);
    for (const std::size_t highest : {usual, series_terms - 1}) {
        const std::vector<std::vector<C>> sums = error_expansion<C>(tableau, field, std::span<const C>(y), highest);
        for (std::size_t k = 1; k <= highest; ++k)
            if (std::vector<C> picked = pick(sums[k]); !all_zero(picked)) return {k, std::move(picked)};
        if (usual == series_terms - 1) break;
    }
    return {};
}

/// A finding on a leading term: exponent and coefficient at once.
template <class C>
Finding term_finding(std::string name, const Term<C>& predicted, const Term<C>& measured) {
    return {std::move(name), shown(predicted), shown(measured), uncertainty_of<C>(), Proof::coefficient, same(predicted, measured)};
}

/// A finding on equality in exact arithmetic.
Finding equality(std::string name, std::string predicted, std::string measured, bool holds);
/// A finding on a slope.
Finding slope_finding(std::string name, const Slope& slope, std::size_t predicted);

/// A finding on C of e(h) ~ C hᵖ over an interval: computed beforehand from the principal error, against the slope's, to 1e-4.
Finding constant_finding(double predicted, const Slope& slope);

/// Whether slopes over thousands of steps at 50 digits are affordable: linear and polynomial fields up to dimension 3.
bool affordable(const Setting& setting);
/// error(N) for N = 1, 2, 4, …, 4096 steps over an interval of that length.
Slope slope_over(double length, const std::function<Mpfr50(std::size_t)>& error);
/// The errors and their predicted powers, in logarithmic axes.
Figure slope_figure(std::string title, std::string y_label, std::vector<Curve> curves);

/// b with 1/16 moved to the first stage from the last that counts: Σ b_i = 1 stays, Σ b_i c_i = 1/2 does not. A single stage: b = 15/16.
ode::Tableau with_moved_weight(ode::Tableau tableau);
/// What that changes, for the control's sentence: "one sixteenth of the weight $b_{2}$ is moved to $b_{1}$".
std::string moved_weight(const ode::Tableau& tableau);
/// One entry a_sj enlarged by 1/16: s the last stage with a weight, j < s the last stage that it reads. A single stage: b = 15/16.
ode::Tableau with_changed_entry(ode::Tableau tableau);
/// "the coefficient $a_{21}$ is enlarged by one sixteenth"
std::string changed_entry(const ode::Tableau& tableau);

/// ⟨g_h - g, u⟩ of one step, g_h the gradient of ⟨v, x₁⟩ by `route` ("dto", "partner") through a step of `method`: predicted from the
/// setting's tableau on the field of (x, δ), h^(p+1) ⟨v, D_x(Σ e F) u⟩, then measured in powers of h. Adds the finding `name`, returns the prediction.
template <class C>
Term<C> gradient_error(const std::string& name, const Setting& setting, std::string_view route, const ode::Tableau& method, Evidence& evidence) {
    using Power = Expansion<C>;
    Subject<Power> subject = make_subject<Power>(setting);
    const std::size_t n = subject.x0.size();
    const std::vector<C> u = second_direction<C>(setting, n), v = coefficients<C>(std::span<const Power>(subject.v), 0);
    const Autonomous<C> tangent = tangent_field<C>(subject.field);
    std::vector<C> y = coefficients<C>(std::span<const Power>(subject.x0), 0);
    y.insert(y.end(), u.begin(), u.end());
    y.push_back(C(0));
    const auto along_v = [&](const std::vector<C>& sum) { return std::vector<C>{dot(std::vector<C>(sum.begin() + n, sum.end()), v)}; };
    const Term<C> predicted = predicted_term<C>(setting.tableau, tangent, y, along_v);

    const std::vector<Power> exact = flow_series<C>(tangent, std::span<const C>(y));
    const auto computed = gradient<Power>(route, subject.field, along(subject.v), method, 0, Power::variable(), 1, subject.x0);
    Power defect(0);
    for (std::size_t i = 0; i < n; ++i) defect += computed.x_bar[i] * u[i] - subject.v[i] * exact[n + i];
    evidence.findings.push_back(term_finding(name, predicted, leading<C>(std::vector<Power>{defect})));
    return predicted;
}

/// run<Rational>() where the field has values in ℚ, else run<Mpfr50>().
template <class Run>
void in_series(const Setting& setting, Run&& run) {
    if (rational(setting)) run(std::type_identity<Rational>{});
    else run(std::type_identity<Mpfr50>{});
}

}  // namespace costate::claims::classical
