#include "claims/classics/otd_plain.hpp"

#include "claims/classics/common.hpp"

namespace costate::claims::classical {

namespace {

using Vector = std::vector<Rational>;

/// (x, λ)' = (f, -λᵀ∂f/∂x)
struct Pair {
    Vector x, lambda;
};

Pair slope(Field<Rational>& f, const Rational& t, const Pair& state) {
    Pair k{Vector(state.x.size()), Vector(state.x.size(), Rational(0))};
    Vector theta_bar(f.parameter_count(), Rational(0));
    Rational t_bar(0);
    f(t, state.x, k.x);
    f.vjp(t, state.x, state.lambda, k.lambda, theta_bar, t_bar);
    for (Rational& v : k.lambda) v = -v;
    return k;
}

void add(Pair& sum, const Rational& factor, const Pair& term) {
    for (std::size_t i = 0; i < sum.x.size(); ++i) {
        sum.x[i] += factor * term.x[i];
        sum.lambda[i] += factor * term.lambda[i];
    }
}

/// One step of length h, by the definition of a Runge–Kutta method.
Pair step(const ode::Tableau& tableau, Field<Rational>& f, const Rational& t, const Rational& h, const Pair& start) {
    std::vector<Pair> k;
    Pair end = start;
    for (std::size_t i = 0; i < tableau.stages(); ++i) {
        Pair stage = start;
        for (std::size_t j = 0; j < i; ++j) add(stage, h * tableau.A(i, j), k[j]);
        k.push_back(slope(f, t + tableau.c[i] * h, stage));
        add(end, h * tableau.b[i], k[i]);
    }
    return end;
}

}  // namespace

void otd_in_plain_loops(Setting setting, Evidence& evidence) {
    if (!rational(setting)) setting.field = "polynomial";
    const std::size_t steps = setting.tableau.stages() > 3 ? 1 : 2;
    Subject<Rational> subject = make_subject<Rational>(setting);
    const Rational h = (subject.t1 - subject.t0) / static_cast<int>(steps);
    std::vector<Vector> states{subject.x0};
    const auto at = [&](std::size_t n) { return Rational(subject.t0 + static_cast<int>(n) * h); };
    for (std::size_t n = 0; n < steps; ++n) states.push_back(solve<Rational>(setting.tableau, subject.field, at(n), at(n + 1), 1, states[n]));
    bool ends = true;
    for (const bool stored : {true, false}) {
        Pair state{states.back(), subject.v};
        for (std::size_t n = steps; n-- > 0;) {
            if (stored) state.x = states[n + 1];
            state = step(setting.tableau, subject.field, at(n + 1), -h, state);
        }
        const auto engine = gradient<Rational>(stored ? "stored-states" : "backsolve", subject.field, along(subject.v), setting.tableau, subject.t0, subject.t1, steps, subject.x0);
        const bool equal = engine.x_bar == state.lambda && engine.x1 == states.back();
        evidence.findings.push_back(equality(stored ? "stored states" : "backsolve", "the same by plain loops", equal ? "equal in ℚ" : "another", equal));
        Vector first(subject.x0.size()), last(subject.x0.size());
        subject.field(subject.t0, subject.x0, first);
        subject.field(subject.t1, states.back(), last);
        ends = ends && engine.t1_bar == dot(subject.v, last) && engine.t0_bar == -dot(engine.x_bar, first);
    }
    evidence.findings.push_back(equality("ends", R"($\frac{\partial L}{\partial t_1} = \lambda_1 \cdot f(t_1, x_1)$, $\frac{\partial L}{\partial t_0} = -\lambda_0 \cdot f(t_0, x_0)$)",
                                         ends ? "equal in ℚ" : "others", ends));
}

}  // namespace costate::claims::classical
