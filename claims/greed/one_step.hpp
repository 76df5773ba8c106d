// One step of order p against the flow: findings on the first coefficient of the error in h, and on its slope.
#pragma once

#include "claims/claim.hpp"
#include "claims/measure/series.hpp"
#include "claims/subjects.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace costate::claims::ahead {

/// What the rooted trees say: error = h^(p+1) constant + …; where the constant is zero the error is smaller.
struct Prediction {
    std::size_t order = 0;  ///< p
    std::vector<Mpfr50> constant;
    bool vanishes = false;
    double growth = 0;  ///< the length of the series' next coefficient over that of its first, 0 where it is not known
};
template <class C>
Prediction prediction_of(std::size_t order, std::span<const C> constant);
/// The same with the growth of that error.
template <class C>
Prediction prediction_of(std::size_t order, std::span<const C> constant, std::span<const Expansion<C>> error);

/// Findings "valuation" and "coefficient": the series of the error begins with h^(p+1), nothing before it, and with the predicted
/// coefficient. Exact in ℚ, to 1e-30 at 50 digits. Where the coefficient is predicted to vanish: at least h^(p+2).
template <class C>
void add_first_coefficient(Evidence& evidence, std::size_t order, std::span<const Expansion<C>> error,
                           std::span<const C> predicted);

/// The error at h, and how well (relative) it is known.
struct KnownError {
    Mpfr50 error;
    double known_to = 0;
};
/// Findings "order" and "constant" from 12 halvings, and a figure: slope p + 1 with the predicted constant, or at least p + 2. The steps
/// are 2^-finer times those of a field that changes over a time of about 1, and shorter where the error's second term is large.
void add_slope(Evidence& evidence, const Prediction& prediction, const std::function<KnownError(const Mpfr50&)>& error_at, int finer,
               const std::string& title, const std::string& label);

/// What differs between the claims on one step of an explicit method from t = 1 - h to the end. `used` is the setting's tableau
/// or, in the control, spoilt(tableau): predictions come from the setting's own. `guess` is the same subject in double precision,
/// where a solution is looked for first.
struct OneStep {
    std::function<Prediction(Evidence&, const ode::Tableau& used,
                             const Setting&)> add_series;  ///< findings in power series
    std::function<KnownError(Subject<Mpfr50>&, Subject<double>& guess, const ode::Tableau& used, std::size_t order,
                             const Mpfr50& h)>
        error_at;
    std::function<Hypothesis(Subject<Mpfr50>&, Subject<double>& guess, const ode::Tableau& used, const Mpfr50& h)>
        sequence;         ///< of states, where the theorem has one
    std::string picture;  ///< the title of the figure
};

/// Hypotheses, the findings of the series, and those of the slope.
Evidence run_one_step(const OneStep& parts, const Setting& setting, bool broken);

/// Axes and the one reading of such a claim, with its control: the weights of the tableau.
void complete(Claim& claim, std::string statement, OneStep parts);

}  // namespace costate::claims::ahead
