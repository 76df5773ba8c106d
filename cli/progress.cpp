#include "cli/progress.hpp"

#include "cli/command.hpp"
#include "guidance/report.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace costate::cli {

Progress::Progress(bool enabled) : enabled_(enabled), terminal_(isatty(STDERR_FILENO) == 1) {}
Progress::~Progress() { clear(); }

void Progress::show(std::string_view what, double fraction, double seconds_left) {
    using namespace std::chrono_literals;
    const auto now = Clock::now();
    if (!enabled_ || now - (terminal_ ? last_ : std::max(last_, begin_)) < (terminal_ ? 100ms : 10s)) return;
    last_ = now;
    const std::string left = seconds_left < 0 ? "" : ", " + guidance::readable_seconds(std::max(seconds_left, 1.0)) + " left";
    if (!terminal_) {
        whisper(fmt::format("costate: {:3.0f} %{}: {}\n", 100 * fraction, left, what));
        return;
    }
    constexpr int width = 24;
    const auto full = static_cast<std::size_t>(std::clamp(fraction, 0.0, 1.0) * width);
    whisper(fmt::format("\r\033[K[{}{}] {:3.0f} %{}  {}", std::string(full, '#'), std::string(width - full, '.'), 100 * fraction, left, what));
    drawn_ = true;
}

void Progress::clear() {
    if (drawn_) whisper("\r\033[K");
    drawn_ = false;
}

}  // namespace costate::cli
