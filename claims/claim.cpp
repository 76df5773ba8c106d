#include "claims/claim.hpp"

#include <algorithm>
#include <stdexcept>

namespace costate::claims {

std::string name(Proof proof) {
    switch (proof) {
        case Proof::exact: return "exact";
        case Proof::coefficient: return "coefficient";
        case Proof::slope: return "slope";
        case Proof::bound: return "bound";
        case Proof::statistics: return "statistics";
        case Proof::illustration: return "illustration";
    }
    throw std::invalid_argument("this is no proof; use one of the enumeration's names");
}

std::string meaning(Proof proof) {
    switch (proof) {
        case Proof::exact: return "equality in exact arithmetic";
        case Proof::coefficient: return "first non-zero coefficient of an exact power series";
        case Proof::slope: return "slope over many halvings at 50 digits and more";
        case Proof::bound: return "equality to within a stated error at 50 digits and more";
        case Proof::statistics: return "confidence interval of a sample";
        case Proof::illustration: return "double precision";
    }
    throw std::invalid_argument("this is no proof; use one of the enumeration's names");
}

bool Evidence::holds() const {
    const auto fine = [](const auto& part) { return part.holds || !part.decides; };
    return !findings.empty() && std::all_of(hypotheses.begin(), hypotheses.end(), fine) && std::all_of(findings.begin(), findings.end(), fine);
}

bool Evidence::accompanied() const {
    return std::all_of(findings.begin(), findings.end(), [](const Finding& finding) { return finding.holds || finding.decides; });
}

bool Evidence::holds(const std::string& name) const {
    for (const Finding& finding : findings)
        if (finding.name == name) return finding.holds;
    for (const Hypothesis& hypothesis : hypotheses)
        if (hypothesis.text == name) return hypothesis.holds;
    std::string known;
    for (const Finding& finding : findings) known += (known.empty() ? "" : ", ") + finding.name;
    throw std::out_of_range("there is no finding or hypothesis '" + name + "'; the findings are: " + (known.empty() ? "none" : known));
}

Proof Evidence::proof() const {
    const bool failing = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) { return finding.decides && !finding.holds; });
    Proof weakest = findings.empty() ? Proof::illustration : Proof::exact;
    for (const Finding& finding : findings)
        if (finding.decides && (!failing || !finding.holds)) weakest = std::max(weakest, finding.proof);
    return weakest;
}

std::function<bool(const Setting&)> always(bool verdict) {
    return [verdict](const Setting&) { return verdict; };
}

bool noticed(const Control& control, const Evidence& own, const Evidence& controlled) {
    return own.holds(control.noticed_by) != controlled.holds(control.noticed_by);
}

}  // namespace costate::claims
