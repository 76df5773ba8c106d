#include "guidance/report_schedules.hpp"

#include "ode/checkpoint/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace costate::guidance {

namespace {

using namespace ode::checkpoint;

// Polylines over (steps of work done, step of the solve), as gnuplot reads them.
struct Drawing {
    std::string advances, records, reverses, states, kept_records, files;
};

std::string segment(double x0, double y0, double x1, double y1) { return fmt::format("{:g} {:g}\n{:g} {:g}\n\n", x0, y0, x1, y1); }

// Plays the actions: each step forward and each reversed step is one unit of work.
class Player {
public:
    Drawing drawing;
    double work = 0;

    void play(const Action& action) {
        switch (action.kind) {
            case Kind::advance: return advance(action);
            case Kind::save: full_.insert_or_assign(key(action), Kept{work, action.from}); return;
            case Kind::discard: return discard(action);
            case Kind::reverse: return reverse(action);
            case Kind::restore: return;
        }
    }

private:
    struct Kept {
        double since;
        std::size_t step;
    };
    using Key = std::tuple<Level, std::uint32_t, Content>;

    static Key key(const Action& action) { return {action.level, action.slot, action.content}; }

    void advance(const Action& action) {
        const auto from = static_cast<double>(action.from), to = static_cast<double>(action.to);
        (action.content == Content::record ? drawing.records : drawing.advances) += segment(work, from, work + to - from, to);
        work += to - from;
    }
    void reverse(const Action& action) {
        const auto from = static_cast<double>(action.from);
        drawing.reverses += segment(work, from + 1, work + 1, from);
        work += 1;
    }
    void discard(const Action& action) {
        const auto found = full_.find(key(action));
        if (found == full_.end()) return;
        const auto [since, step] = found->second;
        std::string& lines = action.level == Level::file ? drawing.files : action.content == Content::record ? drawing.kept_records : drawing.states;
        const double y = static_cast<double>(step) + (action.content == Content::record ? 0.5 : 0);
        lines += segment(since, y, work, y);
        full_.erase(found);
    }

    std::map<Key, Kept> full_;
};

void add_lines(std::string& data, std::string& plot, const std::string& lines, std::string_view name, std::string_view look, std::string_view title) {
    if (lines.empty()) return;
    data += fmt::format("${} << EOD\n{}EOD\n", name, lines);
    plot += fmt::format("{}${} with lines {} title '{}'", plot.empty() ? "" : ", ", name, look, title);
}

}  // namespace

Picture schedule_picture(const Schedule& schedule, const std::string& method) {
    const Counts counts = check(schedule);
    Player player;
    for (const Action& action : schedule.actions) player.play(action);
    std::string data, plot;
    add_lines(data, plot, player.drawing.states, "states", "lc rgb '#56B4E9' lw 2.5", "a state in its slot");
    add_lines(data, plot, player.drawing.kept_records, "kept", "lc rgb '#E69F00' lw 2.5", "a record in its slot");
    add_lines(data, plot, player.drawing.files, "files", "lc rgb '#999999' lw 2.5", "a state on file");
    add_lines(data, plot, player.drawing.advances, "advances", "lc rgb '#0072B2' lw 1.6", "steps forward");
    add_lines(data, plot, player.drawing.records, "records", "lc rgb '#CC79A7' lw 2", "a step recorded");
    add_lines(data, plot, player.drawing.reverses, "reverses", "lc rgb '#D55E00' lw 2", "a step reversed");
    const std::string title = fmt::format("{} on {} steps", method, schedule.steps);
    std::string name = "schedule-" + method;
    std::replace(name.begin(), name.end(), ':', '-');
    const std::string script =
        fmt::format("set title '{}' font @title_font\nset xlabel 'work: steps forward and steps reversed'\nset ylabel 'step of the solve'\n"
                    "set border 3 lc rgb '#444444'\nset tics nomirror out\nset grid lc rgb '#eeeeee' lw 0.6\n"
                    "set key outside right top Left reverse samplen 2.2 spacing 1.25 font @key_font\nset xrange [0:{:g}]\nset yrange [0:{}]\n{}plot {}\n",
                    title, player.work, schedule.steps, data, plot);
    const std::string held = counts.memory_records == 0 ? fmt::format("{} states", counts.memory_states)
                             : counts.memory_states == 0 ? fmt::format("{} records", counts.memory_records)
                                                         : fmt::format("{} slots ({} states and {} records at most)", counts.memory_slots, counts.memory_states, counts.memory_records);
    const std::string files = counts.file_slots == 0 ? "" : fmt::format(" and {} states on file", counts.file_slots);
    return {std::move(name), title,
            fmt::format("The schedule at work, drawn from its list of {} actions: {} steps forward where store-all takes {}, with at most {} in memory{}. The solve climbs, "
                        "what it keeps lies flat as long as it is kept, and the reverse sweep comes down step by step, from records that are made again where they were not kept.",
                        schedule.actions.size(), counts.forward_steps, schedule.steps, held, files),
            script};
}

}  // namespace costate::guidance
