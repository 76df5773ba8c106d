// Pages: what the reports of studies and profiles share.
#pragma once

#include <string>
#include <string_view>

namespace costate::guidance {

/// Text fit for HTML: the five special characters as entities, control characters as blanks.
std::string escaped(std::string_view text);

/// Everything up to and with <body>, the title escaped.
std::string page_head(std::string_view title);

/// The drawing without its XML prologue, which has no place inside a page; empty for what is no drawing.
std::string_view inline_svg(std::string_view svg);

}  // namespace costate::guidance
