// 50 digits: the rows that show orders, the truth, and the leading error coefficients.
#include "guidance/study_truth.hpp"
#include "ode/leading.hpp"

namespace costate::guidance::detail {

namespace {

using Field = StudyField<Mpfr50>;
using Loss = StudyLoss<Mpfr50>;

/// A place on the first sample's trajectory, with a loss whose gradient there is the true λ.
struct Place {
    Mpfr50 s;
    std::vector<Mpfr50> x;
    Loss loss;
};

ode::TruthOptions dozen_digits() {
    ode::TruthOptions options;
    options.digits = 12;
    options.want_theta = false;
    return options;
}

// The whole problem for the first sample, in the variables asked for.
struct Course {
    StudyEnds<Mpfr50> ends;
    std::vector<Mpfr50> x0;
    Loss loss;

    Course(const Study::Parts& parts, bool regular)
        : ends(study_ends<Mpfr50>(parts, regular)), x0(in_precision<Mpfr50>(parts.start(0, 1))), loss(study_loss<Mpfr50>(parts, 0, 1, ends.end)) {
        scale(x0, ends.start);
    }

    // x with the loss ½‖x - y‖² whose gradient there is λ
    static Place with_gradient(const Mpfr50& s, const std::vector<Mpfr50>& x, const std::vector<Mpfr50>& lambda) {
        std::vector<Mpfr50> y = x;
        for (std::size_t i = 0; i < y.size(); ++i) y[i] -= lambda[i];
        return {s, x, Loss(ode::SquaredDistance<Mpfr50>(std::move(y)))};
    }
    // x(s₀) with λ(s₀) and x(s₁) with λ(s₁), to a dozen digits: enough to see whether a coefficient vanishes.
    [[nodiscard]] std::vector<Place> both_ends(Field& field) const {
        const auto truth = ode::truth(field, loss, ends.s0, ends.s1, x0, dozen_digits());
        return {with_gradient(ends.s0, x0, truth.x_bar), {ends.s1, truth.x1, loss}};
    }
    // The same three fifths of the way: a field may be stationary at both ends, as edm's is.
    [[nodiscard]] Place inside(Field& field) const {
        const Mpfr50 s = ends.s0 + (ends.s1 - ends.s0) * Mpfr50(3) / Mpfr50(5);
        const auto there = ode::truth(field, loss, ends.s0, s, x0, dozen_digits()).x1;
        return with_gradient(s, there, ode::truth(field, loss, s, ends.s1, there, dozen_digits()).x_bar);
    }
};

}  // namespace

ComputeFactory compute_in_mpfr50(const Study::Parts& parts, const Watch& watch) { return compute_in<Mpfr50>(parts, watch); }

bool smooth_subject(const Study::Parts& parts) { return study_model<double>(parts).smooth(); }

std::function<TrueGradient(std::size_t)> truth_in_mpfr50(const Study::Parts& parts, const Watch& watch) {
    return truth_in<Mpfr50>(parts, watch, ode::TruthOptions{}.spare);
}

std::function<bool(std::string_view, const ode::Tableau&)> leading_in_mpfr50(const Study::Parts& parts, bool regular, const Watch& watch) {
    Field field = study_model<Mpfr50>(parts).field(regular, watch);
    const Course course(parts, regular);
    return [course, shared = field, ends = course.both_ends(field)](std::string_view name, const ode::Tableau& tableau) {
        Field own = shared;
        bool vanishes = true;
        ode::with_gradient_method(name, [&](const auto& method) {
            const auto vanishes_at = [&](const Place& place) {
                return ode::leading_coefficient(method, own, place.loss, tableau, place.s, place.x, method.predicted_order(tableau)).vanishes;
            };
            vanishes = vanishes_at(ends[0]) && vanishes_at(ends[1]) && vanishes_at(course.inside(own));
        });
        return vanishes;
    };
}

}  // namespace costate::guidance::detail
