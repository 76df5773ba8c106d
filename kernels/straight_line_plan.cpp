// From a trace to steps: what is needed, what is kept between the halves, and the slots of values.
#include "kernels/straight_line.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace costate::kernels {

namespace {

constexpr std::size_t most = std::numeric_limits<std::uint16_t>::max();
constexpr ValueId none = std::numeric_limits<ValueId>::max();

bool has_effect(const TracedNode& n) {
    return n.operation == Operation::store || n.operation == Operation::accumulate || n.operation == Operation::guard;
}
bool is_leaf(const TracedNode& n) {
    return n.operation == Operation::constant || n.operation == Operation::load || n.operation == Operation::accumulator;
}
bool is_cheap(const TracedNode& n) {
    return n.operation == Operation::add || n.operation == Operation::sub || n.operation == Operation::mul ||
           n.operation == Operation::negate;
}
bool is_binary(const TracedNode& n) {
    return n.operation == Operation::guard || n.operation == Operation::add || n.operation == Operation::sub ||
           n.operation == Operation::mul || n.operation == Operation::div;
}

/// The values that a node reads, first operand first.
template <class Visit>
void for_each_operand(const TracedNode& n, const Visit& visit) {
    if (is_leaf(n)) return;
    visit(n.a);
    if (is_binary(n)) visit(n.b);
}

/// How a value of the first half reaches the second.
enum class Passage : std::uint8_t { unused, leaf, recomputed, kept };

class Splitter {
public:
    explicit Splitter(const TraceTopology& trace) : trace_(trace), nodes_(trace.nodes()), kept_at_(nodes_.size(), none) {}

    /// Nodes in [begin, end) that effects there need, and what these read.
    std::vector<bool> needed(std::size_t begin, std::size_t end, const std::vector<std::uint16_t>& unwanted,
                             const std::vector<bool>& also = {}) const {
        std::vector<bool> need(nodes_.size());
        if (!also.empty()) need = also;
        for (std::size_t id = end; id-- > begin;) {
            const TracedNode& n = nodes_[id];
            const bool guard = n.operation == Operation::guard;
            if (has_effect(n)) need[id] = guard || std::find(unwanted.begin(), unwanted.end(), n.array) == unwanted.end();
            if (need[id]) for_each_operand(n, [&](ValueId a) { need[a] = true; });
        }
        return need;
    }

    /// Decides the passage of every value of the first half that the second reads: what is cheap is computed again, since a store
    /// and a load cost as much, and records stay small; a quotient that the first half does not need itself waits for the second.
    void pass(std::vector<bool> need) {
        const std::vector<bool> own = needed(0, trace_.cut(), {});
        passage_.assign(nodes_.size(), Passage::unused);
        for (std::size_t id = trace_.cut(); id-- > 0;) {
            if (!need[id]) continue;
            const TracedNode& n = nodes_[id];
            if (readable(n)) passage_[id] = Passage::leaf;
            else if (is_cheap(n) || (n.operation == Operation::div && !own[id])) passage_[id] = Passage::recomputed;
            else passage_[id] = Passage::kept;
            if (passage_[id] == Passage::recomputed) for_each_operand(n, [&](ValueId a) { need[a] = true; });
        }
        for (std::size_t id = 0; id < trace_.cut(); ++id)
            if (passage_[id] == Passage::kept) kept_at_[id] = static_cast<ValueId>(kept_++);
    }

    [[nodiscard]] const std::vector<Passage>& passage() const { return passage_; }
    [[nodiscard]] const std::vector<ValueId>& kept_at() const { return kept_at_; }
    [[nodiscard]] std::size_t kept() const { return kept_; }

private:
    /// The second half can read it itself.
    [[nodiscard]] bool readable(const TracedNode& n) const {
        return is_leaf(n) && (n.operation != Operation::load || trace_.arrays()[n.array].again);
    }

    const TraceTopology& trace_;
    const std::vector<TracedNode>& nodes_;
    std::vector<Passage> passage_;
    std::vector<ValueId> kept_at_;
    std::size_t kept_ = 0;
};

/// One emission: a node, or a kept value stored or loaded.
struct Item {
    enum Kind : std::uint8_t { node, keep, recall } kind;
    ValueId id;
};

/// Whether the node is a call of a kernel: several at once cost little more than one.
bool is_call(const TracedNode& n) {
    const auto f = static_cast<Function>(n.detail);
    return n.operation == Operation::slope ? f != Function::relu
                                           : n.operation == Operation::value && f != Function::relu && f != Function::sqrt;
}

/// Items by the number of calls that their values wait for, calls first: then calls of one function lie side by side. Otherwise the
/// order stays, and what is accumulated in one place keeps its own. Nothing moves where no two calls wait for equally many.
class Levels {
public:
    explicit Levels(const std::vector<TracedNode>& nodes) : nodes_(nodes), level_(nodes.size(), 0) {}

    std::vector<Item> operator()(std::vector<Item> items) {
        std::vector<std::size_t> key(items.size());
        std::vector<std::size_t> calls;
        for (std::size_t i = 0; i < items.size(); ++i) {
            const TracedNode& n = nodes_[items[i].id];
            const bool call = items[i].kind == Item::node && is_call(n);
            if (items[i].kind == Item::node) rise(items[i].id, n, call);
            key[i] = 2 * level_[items[i].id] + (call ? 0 : 1);
            if (call) calls.push_back(key[i]);
        }
        std::sort(calls.begin(), calls.end());
        if (std::adjacent_find(calls.begin(), calls.end()) == calls.end()) return items;
        std::vector<std::size_t> order(items.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rank(items, key, a) < rank(items, key, b); });
        std::vector<Item> sorted;
        for (const std::size_t i : order) sorted.push_back(items[i]);
        return sorted;
    }

private:
    void rise(ValueId id, const TracedNode& n, bool call) {
        std::size_t level = 0;
        for_each_operand(n, [&](ValueId a) { level = std::max(level, level_[a]); });
        if (n.operation == Operation::accumulate) {
            std::size_t& last = target_[std::uint64_t{n.array} << 32 | n.b];
            last = level = std::max(level, last);
        }
        level_[id] = level + (call ? 1 : 0);
    }
    /// Of two calls the function decides, so that equal ones are neighbours.
    [[nodiscard]] std::pair<std::size_t, int> rank(const std::vector<Item>& items, const std::vector<std::size_t>& key, std::size_t i) const {
        return {key[i], key[i] % 2 == 0 ? static_cast<int>(nodes_[items[i].id].detail) : 0};
    }

    const std::vector<TracedNode>& nodes_;
    std::vector<std::size_t> level_;
    std::unordered_map<std::uint64_t, std::size_t> target_;
};

/// The order of a half's steps: leaves where they are first read, stores last.
class Order {
public:
    Order(const TraceTopology& trace, const Splitter& split, bool keeps)
        : nodes_(trace.nodes()), split_(split), keeps_(keeps), done_(nodes_.size()) {}

    std::vector<Item> first_half(const std::vector<bool>& need, std::size_t cut) {
        for (ValueId id = 0; id < cut; ++id) {
            if (need[id] && !is_leaf(nodes_[id])) place(id, false);
            else if (need[id] && keeps_ && split_.kept_at()[id] != none) place(id, false);
        }
        return finish();
    }
    std::vector<Item> second_half(const std::vector<bool>& need, std::size_t cut) {
        for (auto id = static_cast<ValueId>(cut); id < nodes_.size(); ++id) {
            if (need[id] && !is_leaf(nodes_[id])) place(id, true);
        }
        return finish();
    }

private:
    void place(ValueId id, bool second) {
        if (done_[id]) return;
        done_[id] = true;
        const TracedNode& n = nodes_[id];
        if (second && id < split_.passage().size() && split_.passage()[id] == Passage::kept) {
            items_.push_back({Item::recall, id});
            return;
        }
        for_each_operand(n, [&](ValueId a) { place(a, second); });
        if (n.operation == Operation::store) stores_.push_back({Item::node, id});
        else items_.push_back({Item::node, id});
        if (keeps_ && !second && split_.kept_at()[id] != none) items_.push_back({Item::keep, id});
    }
    std::vector<Item> finish() {
        std::vector<Item> items = Levels(nodes_)(std::move(items_));
        items.insert(items.end(), stores_.begin(), stores_.end());
        return items;
    }

    const std::vector<TracedNode>& nodes_;
    const Splitter& split_;
    bool keeps_;
    std::vector<bool> done_;
    std::vector<Item> items_, stores_;
};

/// Gives slots and writes steps.
class Emitter {
public:
    Emitter(const TraceTopology& trace, const Splitter& split, std::vector<Item> items)
        : nodes_(trace.nodes()),
          arrays_(trace.arrays()),
          split_(split),
          items_(std::move(items)),
          slot_(nodes_.size(), none),
          last_(nodes_.size(), 0),
          partner_(nodes_.size(), none) {}

    std::optional<LinePlan> emit() {
        for (const TracedArray& a : arrays_) {
            if (a.size > most) return std::nullopt;
            plan_.rows.push_back(a.size);
        }
        give_constants();
        pair_slopes();
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if (items_[i].kind == Item::keep) last_[items_[i].id] = i;
            else if (items_[i].kind == Item::node) for_each_operand(nodes_[items_[i].id], [&](ValueId a) { last_[a] = i; });
        }
        for (position_ = 0; position_ < items_.size(); ++position_) step(items_[position_]);
        push(LineOp::end, 0, 0, 0);
        group_calls();
        sort_targets();
        if (plan_.slots > most || split_.kept() > most || arrays_.size() > most) return std::nullopt;
        return std::move(plan_);
    }

private:
    void give_constants() {
        for (const Item& i : items_) {
            if (i.kind == Item::node && nodes_[i.id].operation == Operation::constant) {
                slot_[i.id] = static_cast<ValueId>(plan_.constants.size());
                plan_.constants.push_back(nodes_[i.id].a);
            }
        }
        plan_.slots = plan_.constants.size();
    }
    /// f(x) and f'(x) at once where both are wanted and neither is one instruction: the earlier brings the later.
    void pair_slopes() {
        std::unordered_map<std::uint64_t, ValueId> seen;
        for (const Item& i : items_) {
            const TracedNode& n = nodes_[i.id];
            if (i.kind != Item::node || (n.operation != Operation::value && n.operation != Operation::slope)) continue;
            const auto f = static_cast<Function>(n.detail);
            if (f == Function::relu || f == Function::sqrt) continue;
            const auto [known, fresh] = seen.try_emplace(std::uint64_t{n.a} << 8 | n.detail, i.id);
            if (!fresh) partner_[known->second] = i.id;
        }
    }

    ValueId take() {
        if (!free_.empty()) {
            const ValueId s = free_.back();
            free_.pop_back();
            return s;
        }
        return static_cast<ValueId>(plan_.slots++);
    }
    void give(ValueId id) {
        if (last_[id] == position_ && nodes_[id].operation != Operation::constant) free_.push_back(slot_[id]);
    }
    void give_operands(const TracedNode& n) {
        if (is_leaf(n)) return;
        give(n.a);
        if (is_binary(n) && n.b != n.a) give(n.b);
    }
    void push(LineOp op, std::size_t d, std::size_t a, std::size_t b) {
        plan_.steps.push_back(
            {op, static_cast<std::uint16_t>(d), static_cast<std::uint16_t>(a), static_cast<std::uint16_t>(b)});
    }

    void step(const Item& item) {
        const ValueId id = item.id;
        if (item.kind == Item::keep) {
            push(LineOp::store_kept, split_.kept_at()[id], slot_[id], 0);
            give(id);
            return;
        }
        if (item.kind == Item::recall) {
            slot_[id] = take();
            push(LineOp::load_kept, slot_[id], split_.kept_at()[id], 0);
            return;
        }
        const TracedNode& n = nodes_[id];
        if (is_leaf(n)) return leaf(id, n);
        const ValueId a = slot_[n.a], b = is_binary(n) ? slot_[n.b] : a;
        give_operands(n);
        if (has_effect(n)) return effect(n, a, b);
        if (slot_[id] != none) return;  // it came with its partner
        slot_[id] = take();
        operation(id, n, a, b);
    }
    void leaf(ValueId id, const TracedNode& n) {
        if (n.operation != Operation::load) return;
        slot_[id] = take();
        push(arrays_[n.array].layout == ArrayLayout::rows ? LineOp::load_row : LineOp::load_shared, slot_[id], n.array, n.a);
    }
    void effect(const TracedNode& n, ValueId a, ValueId b) {
        if (n.operation == Operation::guard) return push(LineOp::guard, n.detail, a, b);
        if (n.operation == Operation::store) return push(LineOp::store_row, n.array, a, n.b);
        push(LineOp::accumulate, n.array, a, n.b);
        plan_.targets.push_back({n.array, static_cast<std::uint16_t>(n.b)});
    }
    void operation(ValueId id, const TracedNode& n, ValueId a, ValueId b) {
        switch (n.operation) {
            case Operation::add:
                return push(LineOp::add, slot_[id], a, b);
            case Operation::sub:
                return push(LineOp::sub, slot_[id], a, b);
            case Operation::mul:
                return push(LineOp::mul, slot_[id], a, b);
            case Operation::div:
                return push(LineOp::div, slot_[id], a, b);
            case Operation::negate:
                return push(LineOp::negate, slot_[id], a, a);
            default:
                return function(id, n, a);
        }
    }
    void function(ValueId id, const TracedNode& n, ValueId a) {
        const bool value = n.operation == Operation::value;
        const auto f = static_cast<Function>(n.detail);
        if (value && f == Function::sqrt) return push(LineOp::sqrt, slot_[id], a, a);
        if (f == Function::relu) return push(value ? LineOp::relu : LineOp::relu_slope, slot_[id], a, a);
        const auto named = [&](LineOp family) { return static_cast<LineOp>(static_cast<std::uint16_t>(family) + n.detail); };
        if (partner_[id] == none) return push(named(value ? LineOp::value : LineOp::slope), slot_[id], a, 0);
        const ValueId other = slot_[partner_[id]] = take();
        push(named(LineOp::both), value ? slot_[id] : other, a, value ? other : slot_[id]);
    }

    /// The first of several equal calls that lie side by side, none of which reads what another writes, says how many they are.
    void group_calls() {
        std::vector<LineStep>& steps = plan_.steps;
        for (std::size_t i = 0; i < steps.size();) {
            std::size_t count = 1;
            const LineOp op = steps[i].op;
            const auto depends = [&](const LineStep& later) {
                return std::any_of(&steps[i], &steps[i + count], [&](const LineStep& earlier) {
                    return later.a == earlier.d || (family_of(op) == LineOp::both && later.a == earlier.b);
                });
            };
            if (op >= LineOp::functions)
                while (count < most_calls && steps[i + count].op == op && !depends(steps[i + count])) ++count;
            steps[i].op = static_cast<LineOp>(static_cast<std::uint16_t>(op) + 256 * (count - 1));
            i += count;
        }
    }

    void sort_targets() {
        for (std::uint32_t k = 0; k < plan_.targets.size(); ++k) plan_.chain.push_back(k);
        std::stable_sort(plan_.chain.begin(), plan_.chain.end(), [&](std::uint32_t i, std::uint32_t j) {
            const LinePlan::Target &s = plan_.targets[i], &t = plan_.targets[j];
            return s.array != t.array ? s.array < t.array : s.index < t.index;
        });
    }

    const std::vector<TracedNode>& nodes_;
    const std::vector<TracedArray>& arrays_;
    const Splitter& split_;
    std::vector<Item> items_;
    std::vector<ValueId> slot_;
    std::vector<std::size_t> last_;
    std::vector<ValueId> partner_, free_;
    std::size_t position_ = 0;
    LinePlan plan_;
};

}  // namespace

std::optional<SplitPlan> split(const TraceTopology& trace, const std::vector<std::vector<std::uint16_t>>& unwanted) {
    const std::size_t cut = trace.cut(), end = trace.nodes().size();
    Splitter splitter(trace);
    std::vector<bool> kept(end);
    splitter.pass(unwanted.empty() ? kept : splitter.needed(cut, end, unwanted.front()));
    for (std::size_t id = 0; id < end; ++id) kept[id] = splitter.kept_at()[id] != none;
    const auto emit = [&](std::vector<Item> items) { return Emitter(trace, splitter, std::move(items)).emit(); };
    SplitPlan result;
    result.kept = splitter.kept();
    const auto value = emit(Order(trace, splitter, false).first_half(splitter.needed(0, cut, {}), cut));
    const auto first = emit(Order(trace, splitter, true).first_half(splitter.needed(0, cut, {}, kept), cut));
    if (!value || !first) return std::nullopt;
    result.value = *value;
    result.first = *first;
    for (const auto& variant : unwanted) {
        const auto second = emit(Order(trace, splitter, false).second_half(splitter.needed(cut, end, variant), cut));
        if (!second) return std::nullopt;
        result.second.push_back(*second);
    }
    return result;
}

}  // namespace costate::kernels
