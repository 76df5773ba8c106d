#include "guidance/report_schedules.hpp"

#include "guidance/colours.hpp"
#include "ode/checkpoint/check.hpp"
#include "ode/checkpoint/counts.hpp"
#include "ode/gradient/checkpointed.hpp"
#include "ode/gradient/methods.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <type_traits>
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

Chart schedule_picture(const Schedule& schedule, const std::string& method) {
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

namespace {

// Studies have methods beside those of the solvers.
bool of_the_solvers(std::string_view method) {
    const std::string_view base = ode::split_spelling(method).front();
    const auto known = ode::gradient_methods();
    return std::any_of(known.begin(), known.end(), [&](const ode::MethodName& name) { return name.base == base; });
}

}  // namespace

bool is_checkpointed(std::string_view method) { return schedule_of(method) || ode::split_spelling(method).front() == ode::dto::WithinMemory::names.front().base; }

std::optional<Spec> schedule_of(std::string_view method) {
    std::optional<Spec> spec;
    if (!of_the_solvers(method)) return spec;
    ode::with_gradient_method(method, [&]<class Method>(const Method& named) {
        if constexpr (std::is_same_v<Method, ode::dto::Checkpointed>) spec = named.spec;
    });
    return spec;
}

namespace {

// What the curves of theory start from: dto's time and record, and what a binomial schedule holds beside its slots.
constexpr double slot_handles = ode::dto::CheckpointWorkspace<ode::detail::NoRecord, double>::slot_bytes;  // of a slot beside what it holds
struct Costs {
    double n, seconds, state, record, beside;
};

std::optional<Costs> costs_of(std::span<const StudyRow* const> rows, double state) {
    std::optional<Costs> costs;
    for (const StudyRow* row : rows)
        if (row->method == "dto") costs = {static_cast<double>(row->steps), *row->seconds, state, static_cast<double>(row->peak_bytes) / static_cast<double>(row->steps), 0};
    if (!costs) return costs;
    for (const StudyRow* row : rows) {
        const auto spec = schedule_of(row->method);
        if (!spec || spec->rule != Rule::binomial) continue;
        const auto slots = static_cast<double>(std::min(spec->slots, row->steps));
        costs->beside = static_cast<double>(row->peak_bytes) - slots * (state + slot_handles);
        return costs;
    }
    return std::nullopt;
}

// Bytes and seconds for every number of slots that changes the count.
std::string theory(const Costs& costs, bool mixed) {
    std::string points;
    const auto n = static_cast<std::size_t>(costs.n);
    const double slot = (mixed ? std::max(costs.record, costs.state) : costs.state) + slot_handles;
    for (std::size_t s = 1; s < n && s <= 4096; s += 1 + s / 16) {
        const double forward = mixed ? static_cast<double>(mixed_total(n, s)) : costs.n + static_cast<double>(binomial_extra(n, s));
        points += fmt::format("{:.6e} {:.6e}\n", costs.beside + static_cast<double>(s) * slot, costs.seconds * (forward + costs.n) / (2 * costs.n));
    }
    return points;
}

constexpr std::array point_types{7, 6, 8, 10, 1, 4, 12, 3, 2, 5, 9};

std::size_t bytes_of(const std::string& precision) { return precision == "f32" ? 4 : 8; }

}  // namespace

std::optional<Chart> memory_picture(const StudyProblem& problem, std::span<const StudyRow> rows, const std::string& precision) {
    std::vector<const StudyRow*> shown;
    for (const StudyRow& row : rows)
        if (row.precision == precision && row.tableau == problem.tableaus.front() && row.steps == problem.steps.back() && row.seconds && row.peak_bytes > 0)
            shown.push_back(&row);
    const auto costs = costs_of(shown, static_cast<double>(problem.samples * problem.dimension * bytes_of(precision)));
    if (!costs) return std::nullopt;
    std::string data = "$theory0 << EOD\n" + theory(*costs, false) + "EOD\n", plot;
    plot = "$theory0 with lines lw 1.4 dt (6,5) lc rgb '#0072B2' title 'binomial, predicted'";
    if (costs->n <= 10000) {
        data += "$theory1 << EOD\n" + theory(*costs, true) + "EOD\n";
        plot += ", $theory1 with lines lw 1.4 dt (6,5) lc rgb '#E69F00' title 'mixed, predicted'";
    }
    for (std::size_t i = 0; i < shown.size(); ++i) {
        data += fmt::format("$row{} << EOD\n{:.6e} {:.6e}\nEOD\n", i, static_cast<double>(shown[i]->peak_bytes), *shown[i]->seconds);
        plot += fmt::format(", $row{} with points pt {} ps 1.3 lw 1.6 lc rgb '{}' title '{}'", i, point_types[i % point_types.size()], colours[i % colours.size()], shown[i]->method);
    }
    const std::string title = fmt::format("Time against memory, {} with {} steps", problem.tableaus.front(), problem.steps.back());
    return Chart{"memory-seconds", title,
                   "Each mark is a method on the finest grid. The thin lines are what the counts of optimal schedules predict from the time and the record of dto, "
                   "a step forward and a step reversed counted alike: more slots to the right, fewer steps taken again.",
                   fmt::format("set title '{}' font @title_font\nset xlabel 'bytes held at once'\nset ylabel 'seconds of the gradients of all samples'\nset logscale xy\n"
                               "set border 3 lc rgb '#444444'\nset tics nomirror out\nset grid lc rgb '#dddddd' lw 0.6\nset key outside right top Left reverse samplen 2 spacing 1.2 font @key_font\n"
                               "set format '10^{{%L}}'\n{}plot {}\n", title, data, plot)};
}

}  // namespace costate::guidance
