#include "autodiff/lines.hpp"

#include "autodiff/impl/replay.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace costate::autodiff::detail {

namespace {

constexpr std::size_t most_values = 50'000;  // of one replay
constexpr std::size_t most_elements = 8;     // of one operand of arithmetic: longer arrays fill vectors by themselves

bool only_moves(std::uint16_t op) {
    return op == ops::index_of<ops::Concat> || op == ops::index_of<ops::Slice> || op == ops::index_of<ops::Expand>;
}

}  // namespace

bool is_scalar_code(const Blueprint& plan) {
    const Routine& routine = plan.routine(Mode::recording);
    for (const Instruction& i : routine.code)
        if (!facts(i.op).traces) return false;
    if (plan.small) return true;
    std::size_t values = 0, computed = 0, ports = 0;
    for (const Instruction& i : routine.code) {
        if (facts(i.op).fuses || i.op == ops::index_of<ops::Call>) return false;
        std::size_t largest = i.size;
        for (std::uint32_t k = 0; k < i.operand_count; ++k)
            largest = std::max<std::size_t>(largest, routine.operands[i.first_operand + k].size);
        if (largest > most_elements && !only_moves(i.op)) return false;
        values += largest * (i.operand_count + 1);
        if (!only_moves(i.op)) computed += largest;
    }
    for (const auto* list : {&plan.inputs, &plan.outputs})
        for (const Port& port : *list) ports += port.size;
    return values <= most_values && !mostly_moves(ports, computed);
}

/// The plan and the parameters over Symbols.
template <class T>
struct SymbolicReplay<T>::Interior {
    Plan<S> plan;
    Store<S> store;
};

template <class T>
SymbolicReplay<T>::SymbolicReplay(const Plan<T>& plan, std::vector<S> theta) {
    auto interior = std::make_shared<Interior>();
    static_cast<Blueprint&>(interior->plan) = plan;
    interior->plan.coefficients.assign(plan.coefficients.begin(), plan.coefficients.end());
    interior->plan.constants.assign(plan.constants.begin(), plan.constants.end());
    interior->store.parameters = std::move(theta);
    interior_ = std::move(interior);
}

template <class T>
const Blueprint& SymbolicReplay<T>::blueprint() const {
    return interior_->plan;
}
template <class T>
std::size_t SymbolicReplay<T>::parameter_count() const {
    return interior_->store.parameters.size();
}

namespace {

/// One replay at batch 1 with scratch of its own.
template <class S>
struct Run {
    std::vector<Base<S>> bases;
    std::vector<S> lanes, shared;
    Replay<S> replay;
    Mode mode;

    Run(const Plan<S>& plan, const Store<S>& store, Mode m)
        : bases(plan.base_count()),
          lanes(plan.routine(m).work.lanes),
          shared(plan.routine(m).work.shared),
          replay(plan, store, bases.data(), 1),
          mode(m) {
        replay.base(work_lanes) = {lanes.data(), 1};
        replay.base(work_shared) = {shared.data(), 1};
    }
    template <class Spans>
    void bind(std::size_t first, const Spans& spans) {
        for (std::size_t i = 0; i < spans.size(); ++i)
            if (!spans[i].empty()) replay.base(first + i) = {const_cast<S*>(spans[i].data()), 1};
    }
    void bind(std::size_t place, const std::vector<S>& values) { replay.base(place) = {const_cast<S*>(values.data()), 1}; }
    void operator()() const { replay.run(mode); }
};

}  // namespace

template <class T>
void SymbolicReplay<T>::forward(const std::vector<std::span<const S>>& inputs, const std::vector<std::span<S>>& outputs) const {
    Run<S> run(interior_->plan, interior_->store, Mode::inference);
    run.bind(interior_->plan.input(0), inputs);
    run.bind(interior_->plan.output(0), outputs);
    run();
}

template <class T>
void SymbolicReplay<T>::forward(const std::vector<std::span<const S>>& inputs, const std::vector<std::span<S>>& outputs,
                                Record& record) const {
    Run<S> run(interior_->plan, interior_->store, Mode::recording);
    record.lanes.assign(interior_->plan.record.lanes, S());
    record.shared.assign(interior_->plan.record.shared, S());
    run.bind(record_lanes, record.lanes);
    run.bind(record_shared, record.shared);
    run.bind(interior_->plan.input(0), inputs);
    run.bind(interior_->plan.output(0), outputs);
    run();
}

template <class T>
void SymbolicReplay<T>::pullback(const Record& record, const std::vector<std::span<const S>>& out_bar,
                                 const std::vector<std::span<S>>& in_bar, std::span<S> theta_bar) const {
    Run<S> run(interior_->plan, interior_->store, Mode::reverse);
    run.bind(record_lanes, record.lanes);
    run.bind(record_shared, record.shared);
    run.bind(interior_->plan.output_other(0), out_bar);
    run.bind(interior_->plan.input_other(0), in_bar);
    if (!theta_bar.empty()) run.replay.base(theta) = {theta_bar.data(), 1};
    run();
}

template <class T>
void SymbolicReplay<T>::pushforward(const std::vector<std::span<const S>>& inputs,
                                    const std::vector<std::span<const S>>& in_dot, std::span<const S> theta_dot,
                                    const std::vector<std::span<S>>& outputs, const std::vector<std::span<S>>& out_dot) const {
    Run<S> run(interior_->plan, interior_->store, Mode::tangent);
    run.bind(interior_->plan.input(0), inputs);
    run.bind(interior_->plan.output(0), outputs);
    run.bind(interior_->plan.input_other(0), in_dot);
    run.bind(interior_->plan.output_other(0), out_dot);
    if (!theta_dot.empty()) run.replay.base(theta) = {const_cast<S*>(theta_dot.data()), 1};
    run();
}

namespace {

template <class T>
class Tracer {
public:
    using S = kernels::Symbol<T>;
    using Block = std::vector<S>;

    explicit Tracer(const Plan<T>& plan) : plan_(plan) {}

    std::shared_ptr<const Lines<T>> operator()(std::size_t parameter_count, bool machine_code) {
        const auto layout = [](const Port& p) {
            return p.sharing == Sharing::shared ? kernels::ArrayLayout::shared : kernels::ArrayLayout::rows;
        };
        std::vector<Block> in, out;
        for (const Port& p : plan_.inputs) in.push_back(loads(declare(p.size, layout(p), false), p.size));
        std::vector<std::uint16_t> out_arrays;
        for (const Port& p : plan_.outputs) {
            out_arrays.push_back(declare(p.size, kernels::ArrayLayout::rows, false));
            out.emplace_back(p.size);
        }
        const SymbolicReplay<T> replay(plan_,
                                       loads(declare(parameter_count, kernels::ArrayLayout::shared, true), parameter_count));
        typename SymbolicReplay<T>::Record record;
        replay.forward({in.begin(), in.end()}, {out.begin(), out.end()}, record);
        for (std::size_t k = 0; k < out.size(); ++k) stores(out_arrays[k], out[k]);
        trace_.begin_second_half();
        const std::uint16_t theta_array = reverse(replay, record, parameter_count);
        return lines(theta_array, machine_code);
    }

private:
    std::uint16_t declare(std::size_t size, kernels::ArrayLayout layout, bool again) {
        return trace_.declare({layout, size, again});
    }
    Block loads(std::uint16_t array, std::size_t size) {
        Block block;
        for (std::size_t i = 0; i < size; ++i) block.emplace_back(trace_, trace_.load(array, i));
        return block;
    }
    Block accumulators(std::uint16_t array, std::size_t size) {
        Block block;
        for (std::size_t i = 0; i < size; ++i) block.emplace_back(trace_, trace_.accumulator(array, i));
        return block;
    }
    void stores(std::uint16_t array, const Block& values) {
        for (std::size_t i = 0; i < values.size(); ++i) trace_.store(array, i, values[i].in(trace_));
    }

    std::uint16_t reverse(const SymbolicReplay<T>& replay, const typename SymbolicReplay<T>::Record& record,
                          std::size_t parameter_count) {
        std::vector<Block> out_bar, in_bar;
        for (const Port& p : plan_.outputs)
            out_bar.push_back(loads(declare(p.size, kernels::ArrayLayout::rows, false), p.size));
        std::vector<std::uint16_t> arrays;
        for (const Port& p : plan_.inputs) {
            const bool once = p.sharing == Sharing::shared;
            arrays.push_back(declare(p.size, once ? kernels::ArrayLayout::shared : kernels::ArrayLayout::rows, false));
            in_bar.push_back(once ? accumulators(arrays.back(), p.size) : loads(arrays.back(), p.size));
        }
        const std::uint16_t theta_array = declare(parameter_count, kernels::ArrayLayout::shared, false);
        Block theta_bar = accumulators(theta_array, parameter_count);
        const auto given = in_bar;
        replay.pullback(record, {out_bar.begin(), out_bar.end()}, {in_bar.begin(), in_bar.end()}, theta_bar);
        for (std::size_t i = 0; i < in_bar.size(); ++i) {
            for (std::size_t j = 0; j < in_bar[i].size(); ++j) {
                const kernels::ValueId before = given[i][j].in(trace_), after = in_bar[i][j].in(trace_);
                if (before != after) trace_.store(arrays[i], j, after);
            }
        }
        return theta_array;
    }

    std::shared_ptr<const Lines<T>> lines(std::uint16_t theta_array, bool machine_code) {
        auto plans = kernels::split(trace_, {{}, {theta_array}});
        if (!plans) return nullptr;
        auto lines = std::make_shared<Lines<T>>();
        const auto line = [&](kernels::LinePlan& p) {
            kernels::StraightLine<T> made(std::move(p), trace_.constants());
            if (machine_code) made.compile();  // where that fails the line is interpreted
            return made;
        };
        lines->value = line(plans->value);
        lines->first = line(plans->first);
        for (std::size_t v = 0; v < 2; ++v) lines->second[v] = line(plans->second[v]);
        lines->kept = plans->kept;
        return lines;
    }

    const Plan<T>& plan_;
    kernels::Trace<T> trace_;
};

}  // namespace

template <class T>
std::shared_ptr<const Lines<T>> make_lines(const Plan<T>& plan, const Store<T>& store, bool machine_code) {
    return is_scalar_code(plan) ? Tracer<T>(plan)(store.parameters.size(), machine_code) : nullptr;
}

template std::shared_ptr<const Lines<float>> make_lines(const Plan<float>&, const Store<float>&, bool);
template std::shared_ptr<const Lines<double>> make_lines(const Plan<double>&, const Store<double>&, bool);
template class SymbolicReplay<float>;
template class SymbolicReplay<double>;
template struct Replay<kernels::Symbol<float>>;
template struct Replay<kernels::Symbol<double>>;

}  // namespace costate::autodiff::detail
