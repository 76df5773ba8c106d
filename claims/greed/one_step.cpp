#include "claims/greed/one_step.hpp"

#include "claims/greed/ahead.hpp"
#include "claims/hypotheses.hpp"
#include "claims/measure/slope.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace costate::claims::ahead {

namespace {

constexpr double rounding = 1e-35;

Mpfr50 in_50_digits(const Mpfr50& c) { return c; }
Mpfr50 in_50_digits(const Rational& c) { return from_rational<Mpfr50>(c); }

std::string power(std::size_t k) { return "$h^{" + std::to_string(k) + "}$"; }

std::string length(double size, bool zero) { return zero ? "0" : number(size); }

// A data set's field changes over a time of about τ² = 1/400 where σ² falls like 1 - t, others over about 1.
int finer_steps(const Setting& setting) { return setting.field == "data-set" ? 8 : 0; }

// Below this a truth is too coarse for its error to be looked at.
constexpr double coarsest = 1e-3;

}  // namespace

template <class C>
Prediction prediction_of(std::size_t order, std::span<const C> constant) {
    Prediction prediction{order, {}, size_of<C>(constant) <= (ScalarTraits<C>::exact ? 0.0 : rounding)};
    for (const C& c : constant) prediction.constant.push_back(in_50_digits(c));
    return prediction;
}

template <class C>
Prediction prediction_of(std::size_t order, std::span<const C> constant, std::span<const Expansion<C>> error) {
    Prediction prediction = prediction_of<C>(order, constant);
    if (prediction.vanishes || order + 2 >= series_terms) return prediction;
    const std::vector<C> next = coefficients<C>(error, order + 2);
    prediction.growth = size_of<C>(std::span<const C>(next)) / size_of<C>(constant);
    return prediction;
}

template <class C>
void add_first_coefficient(Evidence& evidence, std::size_t order, std::span<const Expansion<C>> error,
                           std::span<const C> predicted) {
    constexpr bool exact = ScalarTraits<C>::exact;
    const bool vanishes = prediction_of<C>(order, predicted).vanishes;
    const std::size_t first = std::min(valuation<C>(error, exact ? 0.0 : rounding), order + 2);
    const Proof proof = exact ? Proof::coefficient : Proof::bound;
    const std::string uncertainty = exact ? "exact" : "rounding below 1e-30";
    evidence.findings.push_back({"valuation", (vanishes ? "at least " : "") + power(order + (vanishes ? 2 : 1)),
                                 (first == order + 2 ? "at least " : "") + power(first), uncertainty, proof,
                                 first == order + (vanishes ? 2 : 1)});
    std::vector<C> found, wanted(order * predicted.size() + predicted.size(), C(0));
    for (std::size_t k = 0; k <= order + 1; ++k) {
        const std::vector<C> c = coefficients<C>(error, k);
        found.insert(found.end(), c.begin(), c.end());
    }
    wanted.insert(wanted.end(), predicted.begin(), predicted.end());
    const double off = relative_difference<C>(found, wanted);
    const bool holds = exact ? found == wanted : vanishes ? size_of<C>(found) <= rounding : off < 1e-30;
    evidence.findings.push_back(
        {"coefficient", "nothing below " + power(order + 1) + ", there a vector of length " + length(size_of<C>(predicted), vanishes),
         first <= order ? "a term in " + power(first) + " already"
                        : "length " + length(size_of<C>(found), size_of<C>(found) <= rounding) + (vanishes ? "" : ", relative difference " + number(off)),
         uncertainty, proof, holds});
}

void add_slope(Evidence& evidence, const Prediction& prediction, const std::function<KnownError(const Mpfr50&)>& error_at, int finer,
               const std::string& title, const std::string& label) {
    // Errors stay above 2^-126, and 2^-144 where the steps are finer: of 168 bits enough are left to know them.
    const int coarse = std::min(18, static_cast<int>(126 / (prediction.order + 2))),
              most = static_cast<int>(144 / (prediction.order + 1)),
              seen = prediction.growth > 1 ? std::ilogb(prediction.growth) + 10 : 0,  // the second term below 2^-9 of the first
              last = std::min(std::max(coarse + finer, seen), most),
              first = last - static_cast<int>(certified_halvings);
    double known_to = 0;
    const Slope slope = slope_of(
        [&](const Mpfr50& h) {
            const KnownError found = error_at(h);
            known_to = found.known_to;
            return found.error;
        },
        ldexp(Mpfr50(1), -first));
    const double order = static_cast<double>(prediction.order + 1),
                 constant = ScalarTraits<Mpfr50>::to_double(norm(prediction.constant));
    const std::string uncertainty =
        "± " + number(slope.uncertainty, 1) + (known_to == 0 ? ", truth exact in 50 digits" : ", truth known to " + number(known_to, 1) + " of the error");
    const bool known = known_to < coarsest, fits = prediction.vanishes ? slope.at_least(order + 1) : slope.agrees(order);
    evidence.findings.push_back({"order", prediction.vanishes ? "at least " + number(order + 1) : number(order), slope.text(),
                                 uncertainty, Proof::slope, known && fits});
    if (!prediction.vanishes)
        evidence.findings.push_back(
            size_finding("constant", constant, slope.constant, 1e-3, Proof::slope, "relative 1e-3, extrapolated"));
    Curve curve = curve_of(slope, order, constant, label);
    if (prediction.vanishes) curve.predicted.clear();
    evidence.figures.push_back({title, "h = 1 - t", "error", true, true, {std::move(curve)}});
}

Evidence run_one_step(const OneStep& parts, const Setting& setting, bool broken) {
    const bool pathless = setting.field == "polynomial" || setting.field == "linear";
    Evidence evidence{.subject = describe(setting) + ", tableau " + setting.tableau.name + (pathless ? "; they take the place of a flow model, the path plays no part" : "")};
    const std::size_t order = ode::order(setting.tableau);
    evidence.hypotheses.push_back({"the method is explicit and of order $\\alpha > 0$",
                                   "explicit, order " + std::to_string(order) + " by the rooted trees",
                                   ode::is_explicit(setting.tableau) && order > 0});
    evidence.hypotheses.push_back(smoothness(setting, order + 1));
    const ode::Tableau used = broken ? spoilt(setting.tableau) : setting.tableau;
    Subject<Mpfr50> subject = make_subject<Mpfr50>(setting);
    Subject<double> guess = make_subject<double>(setting);
    const int finer = finer_steps(setting);
    if (parts.sequence) evidence.hypotheses.push_back(parts.sequence(subject, guess, used, ldexp(Mpfr50(1), -10 - finer)));
    const Prediction prediction = parts.add_series(evidence, used, setting);
    add_slope(
        evidence, prediction, [&](const Mpfr50& h) { return parts.error_at(subject, guess, used, order, h); }, finer,
        parts.picture, setting.tableau.name);
    return evidence;
}

void complete(Claim& claim, std::string statement, OneStep parts) {
    claim.axes = {.tableaus = all_tableaus("midpoint"),
                  .paths = all_paths("cond-ot"),
                  .fields = {"polynomial", "mixture", "gaussian", "linear", "data-set"},
                  .dims = {2, 1, 3, 10},
                  .seed = true,
                  .model = true};
    claim.readings = {
        {.name = "precise",
         .statement = std::move(statement),
         .expected = always(true),
         .run = [parts](const Setting& setting) { return run_one_step(parts, setting, false); },
         .control = {[](const Setting& setting) { return "In the step that is taken " + spoilt_weight(setting.tableau) + ": the order is lost."; },
                     "coefficient", [parts](const Setting& setting) { return run_one_step(parts, setting, true); }}}};
}

template Prediction prediction_of<Rational>(std::size_t, std::span<const Rational>);
template Prediction prediction_of<Mpfr50>(std::size_t, std::span<const Mpfr50>);
template Prediction prediction_of<Rational>(std::size_t, std::span<const Rational>, std::span<const Expansion<Rational>>);
template Prediction prediction_of<Mpfr50>(std::size_t, std::span<const Mpfr50>, std::span<const Expansion<Mpfr50>>);
template void add_first_coefficient<Rational>(Evidence&, std::size_t, std::span<const Expansion<Rational>>,
                                              std::span<const Rational>);
template void add_first_coefficient<Mpfr50>(Evidence&, std::size_t, std::span<const Expansion<Mpfr50>>,
                                            std::span<const Mpfr50>);

}  // namespace costate::claims::ahead
