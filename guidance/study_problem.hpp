// From what is asked of a study to its parts.
#pragma once

#include "guidance/study_compute.hpp"

namespace costate::guidance {

/// The request checked, with every default filled in. Throws std::invalid_argument or nn::FileError with one sentence.
Study::Parts study_parts(const StudyRequest& request);

}  // namespace costate::guidance
