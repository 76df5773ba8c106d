// Progress of long work on standard error: a bar with the time left on a terminal, a line now and then elsewhere.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace costate::cli {

/// Owned by one thread at a time. Erases its bar when it goes.
class Progress {
public:
    explicit Progress(bool enabled);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// `fraction` of the work named `what` is done; `seconds_left` < 0 when unknown. Cheap to call often.
    void show(std::string_view what, double fraction, double seconds_left);
    /// Removes the bar, so that other text can be written.
    void clear();

private:
    using Clock = std::chrono::steady_clock;
    bool enabled_, terminal_, drawn_ = false;
    Clock::time_point last_{}, begin_ = Clock::now();
};

}  // namespace costate::cli
