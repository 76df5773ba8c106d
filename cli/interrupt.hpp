// Ctrl-C: the first one asks long work to stop, the second one kills.
#pragma once

namespace costate::cli {

/// From here on SIGINT and SIGTERM ask; each is asked for once.
void stop_on_signals();

/// Whether it was asked. Any thread.
bool asked_to_stop();

}  // namespace costate::cli
