// From what is asked of a study to its parts.
#pragma once

#include "guidance/study_compute.hpp"

namespace costate::guidance {

/// The subject with its path, variables and ends: what the rest of the request is checked against.
/// Throws std::invalid_argument or nn::FileError with one sentence.
Study::Parts study_subject(const StudyRequest& request);

/// Whether greedy (or look-ahead) means something for this subject between these ends; else a sentence that says why not.
std::optional<std::string> no_greedy(const Study::Parts& parts);
std::optional<std::string> no_look_ahead(const Study::Parts& parts);

/// Three anisotropic Gaussians with rational parameters whose covariances do not commute, in dimension d ≥ 1.
std::vector<MixtureComponent<Rational>> study_mixture(std::size_t d);
inline constexpr std::string_view mixture_name = "gaussian-mixture";

/// FNV-1a in hexadecimal digits.
std::string study_hash(std::string_view bytes);

/// The options by which a network file's inputs and output were named, path left out; empty where none was.
std::string load_text(const nn::LoadOptions& options);

/// Throws std::invalid_argument where one was named although the subject is no network file.
void refuse_load_options(const nn::LoadOptions& options, std::string_view subject);

/// The request checked, with every default filled in. Throws std::invalid_argument or nn::FileError with one sentence.
Study::Parts study_parts(const StudyRequest& request);

}  // namespace costate::guidance
