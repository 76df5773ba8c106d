// A path of your own: two formulas. The library's theorems run on it, and a claim of your own about it, in ℚ.
#include "claims/list.hpp"
#include "claims/measure/slope.hpp"
#include "claims/subjects.hpp"
#include "claims/verify.hpp"
#include "guidance/paths/own_path.hpp"

#include <cstdio>

using namespace costate;
using namespace costate::claims;

// A quarter of the unit circle, α² + σ² = 1, with rational coordinates.
struct Circle {
    static constexpr std::string_view name = "circle";
    auto alpha(const auto& t) const { return 2 * t / (1 + t * t); }
    auto sigma(const auto& t) const { return (1 - t) * (1 + t) / (1 + t * t); }
};

// One Gaussian of covariance C keeps it where α²C + σ² = C: for C = 1 on a circle its flow stands still, whatever the parametrisation.
Evidence velocity(const Setting& setting) {
    Evidence evidence{.subject = "the normal distribution at t = 1/7, 2/7, …, 6/7"};
    guidance::GaussianMixture<Rational> normal({{1, {0}, guidance::SmallMatrix<Rational>::identity(1)}}, setting.path);
    Rational fastest = 0;
    for (int k = 1; k < 7; ++k) {
        const std::vector<Rational> x{ratio(3, 2)};
        std::vector<Rational> u(1);
        normal(ratio(k, 7), x, u);
        fastest = std::max<Rational>(fastest, abs(u[0]));
    }
    evidence.findings = {{"velocity", "0", number(fastest), "exact", Proof::exact, fastest == 0}};
    return evidence;
}

int main() {
    const guidance::AnyPath path = guidance::own_path(Circle{});
    const Claim claim{"at-rest", "A normal distribution is at rest", "your own", "The velocity is computed in ℚ.",
                        {{.name = "precise",
                          .statement = R"($u_t(x) = 0$ where $\alpha^2 + \sigma^2 = 1$)",
                          .expected = always(true),
                          .run = velocity,
                          .control = {"the path is cond-ot, where $\\alpha^2 + \\sigma^2 < 1$", "velocity",
                                      [](Setting setting) { return setting.path = guidance::CondOt{}, velocity(setting); }}}},
                        {.paths = {"cond-ot"}}};
    std::vector<Claim> all = all_claims();
    all.push_back(claim);
    std::vector<const Claim*> chosen;
    for (const Claim& one : all)
        if (one.id == "greed-theorem-3" || one.id == "at-rest") chosen.push_back(&one);
    bool fine = true;
    for (const VerifyRow& row : claims::verify(tasks_on(chosen, path, Coverage::quick), {})) {
        std::printf("%s (%s) on %s: %s, the control was %s\n", row.id.c_str(), row.reading.c_str(), row.setting.c_str(),
                    row.holds ? "holds" : "does not hold", row.control_noticed ? "noticed" : "not noticed");
        fine = fine && row.comes_out();
    }
    return fine ? 0 : 1;
}
