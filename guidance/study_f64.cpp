#include "guidance/profile_impl.hpp"
#include "guidance/study_truth.hpp"

namespace costate::guidance::detail {

ComputeFactory compute_in_mixed(const Study::Parts& parts, const Watch& watch) {
    return compute_with<double>(parts, {MixedProgram(program_in_f32(parts)), parts.given, parts.path}, watch);
}

ComputeFactory compute_in_f64(const Study::Parts& parts, const Watch& watch) { return compute_in<double>(parts, watch); }

std::function<TrueGradient(std::size_t)> truth_in_f64(const Study::Parts& parts, const Watch& watch) { return truth_in<double>(parts, watch, 6); }

ProfileRuns profile_in_f64(const Study::Parts& parts, const ProfileRequest& request) { return profile_in<double>(parts, request); }

ProfileRuns profile_in_mixed(const Study::Parts& parts, const ProfileRequest& request) {
    const autodiff::ProgramField<float> program = program_in_f32(parts, profile_options(request));
    return profile_runs<double, float>(parts, request, {{MixedProgram(program), parts.given, parts.path}, program});
}

}  // namespace costate::guidance::detail
