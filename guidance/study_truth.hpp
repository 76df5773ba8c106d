// The gradient of the continuous problem of a study; included by the scalars that have digits to spare.
#pragma once

#include "guidance/study_compute_impl.hpp"
#include "ode/truth.hpp"

namespace costate::guidance::detail {

/// ∇ₓL of one sample to problem.digits digits, `spare` digits of T kept back.
template <class T>
std::function<TrueGradient(std::size_t)> truth_in(const Study::Parts& parts, const Watch& watch, int spare) {
    return [&parts, spare, shared = study_model<T>(parts).field(parts.problem.regular, watch)](std::size_t sample) -> TrueGradient {
        StudyField<T> field = shared;
        const StudyEnds<T> ends = study_ends<T>(parts, parts.problem.regular);
        ode::TruthOptions options;
        options.digits = parts.problem.digits;
        options.want_theta = false;
        options.spare = spare;
        std::vector<T> x0 = in_precision<T>(parts.start(sample, 1));
        scale(x0, ends.start);
        auto truth = ode::truth(field, study_loss<T>(parts, sample, 1, ends.end), ends.s0, ends.s1, x0, options);
        scale(truth.x_bar, ends.start);
        scale(truth.x1, ends.end);
        TrueGradient result{{}, {}, truth.error};
        for (const T& value : truth.x1) result.state.push_back(widened(value));
        for (const T& value : truth.x_bar) result.gradient.push_back(widened(value));
        return result;
    };
}

}  // namespace costate::guidance::detail
