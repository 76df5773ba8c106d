// 50 digits: the rows that show orders, the truth, and the leading error coefficients.
#include "guidance/study_compute_impl.hpp"
#include "ode/leading.hpp"
#include "ode/truth.hpp"

namespace costate::guidance::detail {

namespace {

using Field = WatchedField<Mpfr50>;

/// A place on the first sample's trajectory, with the target y for which ½‖x - y‖² has the true λ(t) as its gradient there.
struct Place {
    Mpfr50 t;
    std::vector<Mpfr50> x, y;
};

Field watched(const Study::Parts& parts, const Watch& watch) { return {subject_field<Mpfr50>(parts), watch}; }

// x(t₀) with λ(t₀) and x(t₁) with λ(t₁), to a dozen digits: enough to see whether a coefficient vanishes.
std::vector<Place> places(const Study::Parts& parts, Field& field) {
    const auto x0 = in_precision<Mpfr50>(parts.start(0, 1)), y = in_precision<Mpfr50>(parts.target(0, 1));
    ode::TruthOptions options;
    options.digits = 12;
    options.want_theta = false;
    const Mpfr50 t0 = parts.problem.t0, t1 = parts.problem.t1;
    const auto truth = ode::truth(field, ode::SquaredDistance<Mpfr50>(y), t0, t1, x0, options);
    std::vector<Mpfr50> target = x0;
    for (std::size_t i = 0; i < target.size(); ++i) target[i] -= truth.x_bar[i];
    return {{t0, x0, target}, {t1, truth.x1, y}};
}

}  // namespace

ComputeFactory compute_in_mpfr50(const Study::Parts& parts, const Watch& watch) { return compute_in<Mpfr50>(parts, watch); }

bool smooth_subject(const Study::Parts& parts) { return subject_field<double>(parts).program().smooth(); }

std::function<TrueGradient(std::size_t)> truth_in_mpfr50(const Study::Parts& parts, const Watch& watch) {
    return [&parts, shared = watched(parts, watch)](std::size_t sample) -> TrueGradient {
        Field field = shared;
        const ode::SquaredDistance<Mpfr50> loss(in_precision<Mpfr50>(parts.target(sample, 1)));
        ode::TruthOptions options;
        options.digits = parts.problem.digits;
        options.want_theta = false;
        const auto x0 = in_precision<Mpfr50>(parts.start(sample, 1));
        const auto truth = ode::truth(field, loss, Mpfr50(parts.problem.t0), Mpfr50(parts.problem.t1), x0, options);
        return {truth.x_bar, truth.error};
    };
}

std::function<bool(std::string_view, const ode::Tableau&)> leading_in_mpfr50(const Study::Parts& parts, const Watch& watch) {
    Field field = watched(parts, watch);
    return [shared = field, along = places(parts, field)](std::string_view name, const ode::Tableau& tableau) {
        Field own = shared;
        bool vanishes = true;
        ode::with_gradient_method(name, [&]<class Method>(const Method& method) {
            const std::size_t order = Method::predicted_order(tableau);
            for (const Place& place : along) {
                if (!vanishes) break;
                const ode::SquaredDistance<Mpfr50> loss(place.y);
                vanishes = ode::leading_coefficient(method, own, loss, tableau, place.t, place.x, order).vanishes;
            }
        });
        return vanishes;
    };
}

}  // namespace costate::guidance::detail
