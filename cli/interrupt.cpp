#include "cli/interrupt.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string_view>

namespace costate::cli {

namespace {

std::atomic<int> asked = 0;  // set by the signal handler, read by every thread
static_assert(std::atomic<int>::is_always_lock_free);

}  // namespace

void stop_on_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) {
        asked = 1;
        constexpr std::string_view told = "\ncostate: stopping when what is being computed is done; interrupt once more to stop at once\n";
        if (isatty(STDERR_FILENO) != 0 && write(STDERR_FILENO, told.data(), told.size()) < 0) return;
    };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

bool asked_to_stop() { return asked != 0; }

}  // namespace costate::cli
