// What a profile says: a table for the terminal, a picture of where the time goes, a page.
#pragma once

#include "guidance/profile.hpp"
#include "guidance/report.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace costate::guidance {

/// Names and values, one line each, and the ops below.
std::string profile_table(const Profile& profile);

/// Bars of the gradient's time by op, forward and pullback, and the solver's own.
Chart profile_picture(const Profile& profile);

/// One self-contained page. Every text is escaped.
std::string profile_page(const Profile& profile, const DrawnPicture& picture, const std::vector<std::string>& remarks);

/// Writes profile.json (`json`), report.html and the picture as .svg and .png; returns sentences about what could not be done.
/// Throws std::invalid_argument for a directory that holds something else than an earlier profile, std::runtime_error when the disk refuses.
std::vector<std::string> write_profile_report(const std::filesystem::path& directory, const Profile& profile, const std::string& json);

/// The check that write_profile_report makes, before anything is measured. A missing directory is fine. Throws the same.
void check_profile_directory(const std::filesystem::path& directory);

}  // namespace costate::guidance
