#include "guidance/profile_impl.hpp"

namespace costate::guidance::detail {

autodiff::ProgramField<float> program_in_f32(const Study::Parts& parts, const nn::ProgramOptions& options) {
    return std::get<autodiff::ProgramField<float>>(study_model<float>(parts, options).n);
}

ComputeFactory compute_in_f32(const Study::Parts& parts, const Watch& watch) { return compute_in<float>(parts, watch); }

ProfileRuns profile_in_f32(const Study::Parts& parts, const ProfileRequest& request) { return profile_in<float>(parts, request); }

}  // namespace costate::guidance::detail
