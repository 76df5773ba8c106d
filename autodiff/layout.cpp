// Freeze, second half: instructions of the four routines and the places of their blocks.
#include "autodiff/blueprint.hpp"
#include "autodiff/impl/memory.hpp"

#include <cstdint>
#include <vector>

namespace costate::autodiff::detail {

namespace {

class Layout {
public:
    Layout(const Topology& graph, const Called& called, const std::vector<bool>& active, const std::vector<bool>& wanted,
           const std::vector<Ref>& homes, Blueprint& plan)
        : graph_(graph), called_(called), active_(active), wanted_(wanted), homes_(homes), plan_(plan), output_of_(count(), none),
          last_use_(count()) {
        for (std::size_t k = 0; k < graph.outputs.size(); ++k) output_of_[graph.outputs[k]] = k;
        for (NodeId id = 0; id < count(); ++id) {
            last_use_[id] = id;
            for (const NodeId a : graph.arguments_of(id)) last_use_[a] = id;
        }
        inference();
        recording();
        reverse();
        tangent();
    }

private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    [[nodiscard]] std::size_t count() const { return graph_.nodes.size(); }
    [[nodiscard]] const Node& node(NodeId id) const { return graph_.nodes[id]; }
    [[nodiscard]] bool shared(NodeId id) const { return node(id).sharing == Sharing::shared; }
    [[nodiscard]] bool runs(NodeId id) const { return node(id).kind == Kind::operation; }
    static Ref port(std::size_t place) { return {0, static_cast<std::uint16_t>(place)}; }
    [[nodiscard]] Space space(NodeId id, Mode mode) const { return facts(node(id).op).space(node(id), graph_, mode, called_); }

    /// The set of operands with an adjoint.
    [[nodiscard]] std::uint64_t wanted_operands(NodeId id) const {
        std::uint64_t set = 0;
        const auto arguments = graph_.arguments_of(id);
        for (std::size_t i = 0; i < arguments.size() && i < 64; ++i) set |= std::uint64_t{wanted_[arguments[i]]} << i;
        return set;
    }

    /// Appends the instruction of a node; others (adjoints or tangents) may be empty, assign too.
    Instruction& emit(Routine& routine, NodeId id, const std::vector<Ref>& values, const std::vector<Ref>& others) {
        const Node& n = node(id);
        const auto first = static_cast<std::uint32_t>(routine.operands.size());
        for (const NodeId a : graph_.arguments_of(id))
            routine.operands.push_back({values[a], others.empty() ? Ref{} : others[a], node(a).size, shared(a), false});
        routine.code.push_back({n.op,
                                shared(id),
                                n.size,
                                first,
                                n.argument_count,
                                n.extra,
                                n.number,
                                n.words,
                                values[id],
                                others.empty() ? Ref{} : others[id],
                                {},
                                {},
                                {},
                                {}});
        return routine.code.back();
    }

    void take_scratch(Instruction& i, const Space& s, Memory& memory) {
        i.scratch = memory.take(s.scratch, i.shared);
        i.scratch_shared = memory.take(s.scratch_shared, true);
    }
    void give_scratch(const Instruction& i, const Space& s, Memory& memory) {
        memory.give(i.scratch, s.scratch);
        memory.give(i.scratch_shared, s.scratch_shared);
    }
    /// Gives back what node `id` was the last to use.
    void give_used(NodeId id, std::vector<Ref>& places, Memory& memory) {
        const auto give = [&](NodeId a) {
            if (last_use_[a] != id || !runs(a)) return;
            memory.give(places[a], node(a).size);
            places[a] = {};
        };
        for (const NodeId a : graph_.arguments_of(id)) give(a);
        give(id);
    }

    void inference() {
        Memory memory;
        std::vector<Ref> values = homes_;
        for (NodeId id = 0; id < count(); ++id) {
            if (!runs(id)) continue;
            values[id] = output_of_[id] != none ? port(plan_.output(output_of_[id])) : memory.take(node(id).size, shared(id));
            const Space s = space(id, Mode::inference);
            Instruction& i = emit(plan_.routine(Mode::inference), id, values, {});
            take_scratch(i, s, memory);
            give_scratch(i, s, memory);
            give_used(id, values, memory);
        }
        plan_.routine(Mode::inference).work = memory.extent();
    }

    Ref take_record(std::size_t size, bool once) {
        if (size == 0) return {};
        std::size_t& end = once ? plan_.record.shared : plan_.record.lanes;
        end += size;
        return {end - size, static_cast<std::uint16_t>(once ? record_shared : record_lanes)};
    }

    /// Values that some vjp reads go to the record; leaves that are stored anyway stay where they are.
    void choose_kept() {
        std::vector<bool> kept(count());
        for (NodeId id = 0; id < count(); ++id) {
            if (!runs(id) || !wanted_[id]) continue;
            const std::uint64_t set = wanted_operands(id);
            const auto arguments = graph_.arguments_of(id);
            for (std::size_t i = 0; i < arguments.size(); ++i) {
                if (facts(node(id).op).reads(node(id), i, set)) kept[arguments[i]] = true;
            }
            if (facts(node(id).op).reads_result(set)) kept[id] = true;
        }
        kept_.assign(count(), {});
        for (NodeId id = 0; id < count(); ++id) {
            if (!kept[id]) continue;
            const bool stored = node(id).kind == Kind::constant || node(id).kind == Kind::parameter;
            kept_[id] = stored ? homes_[id] : take_record(node(id).size, shared(id));
            if (node(id).kind == Kind::input)
                plan_.routine(Mode::recording).before.push_back({homes_[id], kept_[id], node(id).size, shared(id)});
        }
    }

    void recording() {
        choose_kept();
        Memory memory;
        std::vector<Ref> values = homes_;
        saved_.assign(count(), {});
        for (NodeId id = 0; id < count(); ++id) {
            if (!runs(id)) continue;
            const Node& n = node(id);
            const bool is_output = output_of_[id] != none, is_kept = kept_[id].base != nowhere;
            values[id] = is_kept ? kept_[id] : is_output ? port(plan_.output(output_of_[id])) : memory.take(n.size, shared(id));
            if (is_kept && is_output)
                plan_.routine(Mode::recording).after.push_back({values[id], port(plan_.output(output_of_[id])), n.size, false});
            const Space s = space(id, wanted_[id] ? Mode::recording : Mode::inference);
            Instruction& i = emit(plan_.routine(Mode::recording), id, values, {});
            i.saved = saved_[id].block = take_record(s.saved, shared(id));
            i.saved_shared = saved_[id].once = take_record(s.saved_shared, true);
            take_scratch(i, s, memory);
            give_scratch(i, s, memory);
            give_used(id, values, memory);
        }
        plan_.routine(Mode::recording).work = memory.extent();
    }

    /// Where the adjoint of leaf or output `id` begins; intermediates begin nowhere.
    Ref first_adjoint(NodeId id, Memory& memory, const std::vector<bool>& contributed) {
        const Node& n = node(id);
        if (n.kind == Kind::input) return port(plan_.input_other(n.number));
        if (n.kind == Kind::parameter) return {graph_.parameters[n.number].offset, theta};
        if (output_of_[id] == none) return {};
        const Ref given = port(plan_.output_other(output_of_[id]));
        if (!contributed[id]) return given;
        const Ref own = memory.take(n.size, false);
        plan_.routine(Mode::reverse).before.push_back({given, own, n.size, false});
        return own;
    }

    void reverse() {
        Memory memory;
        std::vector<bool> contributed(count());
        for (NodeId id = 0; id < count(); ++id) {
            if (!wanted_[id]) continue;
            for (const NodeId a : graph_.arguments_of(id)) contributed[a] = true;
        }
        std::vector<Ref> bars(count());
        for (NodeId id = 0; id < count(); ++id) {
            if (wanted_[id]) bars[id] = first_adjoint(id, memory, contributed);
        }
        for (NodeId id = static_cast<NodeId>(count()); id-- > 0;) {
            if (!runs(id) || !wanted_[id]) continue;
            Instruction& i = emit(plan_.routine(Mode::reverse), id, kept_, bars);
            i.saved = saved_[id].block;
            i.saved_shared = saved_[id].once;
            const auto arguments = graph_.arguments_of(id);
            for (std::size_t k = 0; k < arguments.size(); ++k) {
                const NodeId a = arguments[k];
                Operand& operand = plan_.routine(Mode::reverse).operands[i.first_operand + k];
                if (!wanted_[a]) continue;
                operand.assign = bars[a].base == nowhere;
                if (operand.assign) bars[a] = memory.take(node(a).size, shared(a));
                operand.other = bars[a];
            }
            const Space s = space(id, Mode::reverse);
            take_scratch(i, s, memory);
            give_scratch(i, s, memory);
            memory.give(bars[id], node(id).size);
        }
        plan_.routine(Mode::reverse).work = memory.extent();
    }

    void tangent() {
        Memory memory;
        std::vector<Ref> values = homes_, dots(count());
        for (NodeId id = 0; id < count(); ++id) {
            const Node& n = node(id);
            if (n.kind == Kind::input && active_[id]) dots[id] = port(plan_.input_other(n.number));
            if (n.kind == Kind::parameter) dots[id] = {graph_.parameters[n.number].offset, theta};
            if (!runs(id)) continue;
            const std::size_t k = output_of_[id];
            values[id] = k != none ? port(plan_.output(k)) : memory.take(n.size, shared(id));
            if (active_[id]) dots[id] = k != none ? port(plan_.output_other(k)) : memory.take(n.size, shared(id));
            else if (k != none) plan_.routine(Mode::tangent).after.push_back({{}, port(plan_.output_other(k)), n.size, false});
            const Space s = space(id, active_[id] ? Mode::tangent : Mode::inference);
            Instruction& i = emit(plan_.routine(Mode::tangent), id, values, dots);
            i.saved = memory.take(s.saved, i.shared);
            take_scratch(i, s, memory);
            give_scratch(i, s, memory);
            memory.give(i.saved, s.saved);
            give_used(id, values, memory);
            give_used(id, dots, memory);
        }
        plan_.routine(Mode::tangent).work = memory.extent();
    }

    struct Saved {
        Ref block, once;
    };

    const Topology& graph_;
    const Called& called_;
    const std::vector<bool>&active_, &wanted_;
    const std::vector<Ref>& homes_;
    Blueprint& plan_;
    std::vector<std::size_t> output_of_;
    std::vector<NodeId> last_use_;
    std::vector<Ref> kept_;  // where reverse finds a value
    std::vector<Saved> saved_;
};

}  // namespace

void lay_out(const Topology& graph, const Called& called, const std::vector<bool>& active, const std::vector<bool>& wanted,
             const std::vector<Ref>& homes, Blueprint& plan) {
    Layout(graph, called, active, wanted, homes, plan);
}

}  // namespace costate::autodiff::detail
