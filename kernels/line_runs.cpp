// From steps to runs by way of values, each assigned once.
#include "kernels/line_runs.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace costate::kernels {

namespace {

constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

bool is_call(LineOp op) { return op >= LineOp::functions; }
bool is_load(LineOp op) { return op == LineOp::load_row || op == LineOp::load_shared || op == LineOp::load_kept; }
bool is_store(LineOp op) { return op == LineOp::store_row || op == LineOp::store_kept || op == LineOp::accumulate; }
bool is_binary(LineOp op) {
    return op == LineOp::guard || op == LineOp::add || op == LineOp::sub || op == LineOp::mul || op == LineOp::div;
}
/// Calls lie together already, and what is stored may be what is loaded.
bool stays(const LineStep& s) { return is_call(s.op) || s.op == LineOp::store_row; }

/// A step on values, each assigned once, in place of slots.
struct Node {
    LineStep step;
    std::array<std::uint32_t, 3> in{none, none, none};
    std::array<std::uint32_t, 2> out{none, none};
};

/// From slots to values. Values 0 … constants - 1 are the constants.
class Values {
public:
    Values(const std::vector<LineStep>& steps, std::size_t constants, std::size_t slots) : in_slot_(slots, none), maker_(constants, none) {
        for (std::uint32_t c = 0; c < constants; ++c) in_slot_[c] = c;
        for (const LineStep& s : steps) add(s);
        join_products();
    }

    [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
    /// The node that makes the value; none for constants.
    [[nodiscard]] const std::vector<std::uint32_t>& maker() const { return maker_; }

private:
    void add(const LineStep& s) {
        if (s.op == LineOp::end) return;
        Node n{s};
        const LineOp op = first_of(s.op);
        if (!is_load(op)) n.in[0] = in_slot_[s.a];
        if (is_binary(op)) n.in[1] = in_slot_[s.b];
        if (!is_store(op) && op != LineOp::guard) n.out[0] = make(s.d);
        if (is_call(op) && family_of(op) == LineOp::both) n.out[1] = make(s.b);
        nodes_.push_back(n);
    }
    std::uint32_t make(std::size_t slot) {
        maker_.push_back(static_cast<std::uint32_t>(nodes_.size()));
        return in_slot_[slot] = static_cast<std::uint32_t>(maker_.size() - 1);
    }

    /// A product that one sum or difference alone reads becomes part of it.
    void join_products() {
        std::vector<std::uint32_t> readers(maker_.size(), 0);
        for (const Node& n : nodes_)
            for (const std::uint32_t v : n.in)
                if (v != none) ++readers[v];
        std::vector<bool> joined(nodes_.size());
        for (Node& n : nodes_) {
            if (n.step.op != LineOp::add && n.step.op != LineOp::sub) continue;
            for (const std::size_t k : {1u, 0u}) {
                const std::uint32_t product = maker_[n.in[k]];
                if (product == none || readers[n.in[k]] != 1 || nodes_[product].step.op != LineOp::mul) continue;
                n.step.op = n.step.op == LineOp::add ? product_add : k == 1 ? product_from : product_sub;
                n.in = {nodes_[product].in[0], nodes_[product].in[1], n.in[1 - k]};
                joined[product] = true;
                break;
            }
        }
        drop(joined);
    }
    void drop(const std::vector<bool>& joined) {
        std::vector<Node> rest;
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (joined[i]) continue;
            for (const std::uint32_t v : nodes_[i].out)
                if (v != none) maker_[v] = static_cast<std::uint32_t>(rest.size());
            rest.push_back(nodes_[i]);
        }
        nodes_ = std::move(rest);
    }

    std::vector<std::uint32_t> in_slot_, maker_;
    std::vector<Node> nodes_;
};

/// Greedy, over a window of the next nodes that wait: of those that are ready, the operation with the most goes first.
class Schedule {
public:
    explicit Schedule(const Values& values) : nodes_(values.nodes()), maker_(values.maker()), done_(nodes_.size()) {}

    std::vector<std::uint32_t> operator()() {
        for (std::uint32_t begin = 0; begin < nodes_.size();) {
            std::uint32_t end = begin;
            while (end < nodes_.size() && !stays(nodes_[end].step)) ++end;
            between(begin, end);
            if (end < nodes_.size()) take(end);
            begin = end + 1;
        }
        return std::move(order_);
    }

private:
    static constexpr std::size_t window = 32;

    [[nodiscard]] bool ready(std::uint32_t i) const {
        return std::all_of(nodes_[i].in.begin(), nodes_[i].in.end(), [&](std::uint32_t v) { return v == none || maker_[v] == none || done_[maker_[v]]; });
    }
    void take(std::uint32_t i) {
        done_[i] = true;
        order_.push_back(i);
    }
    void between(std::uint32_t begin, std::uint32_t end) {
        std::array<std::vector<std::uint32_t>, static_cast<std::size_t>(LineOp::functions)> found;
        while (true) {
            while (begin < end && done_[begin]) ++begin;
            if (begin == end) return;
            for (auto& list : found) list.clear();
            bool terms = true;  // none before waits
            auto most = static_cast<std::size_t>(nodes_[begin].step.op);
            std::size_t seen = 0;
            for (std::uint32_t i = begin; i < end && seen < window; ++i) {
                if (done_[i]) continue;
                ++seen;
                const LineOp op = nodes_[i].step.op;
                const bool now = ready(i) && (terms || op != LineOp::accumulate);
                if (op == LineOp::accumulate) terms = now;
                if (!now) continue;
                const auto k = static_cast<std::size_t>(op);
                found[k].push_back(i);
                if (found[k].size() > found[most].size()) most = k;
            }
            for (const std::uint32_t i : found[most]) take(i);
        }
    }

    const std::vector<Node>& nodes_;
    const std::vector<std::uint32_t>& maker_;
    std::vector<bool> done_;
    std::vector<std::uint32_t> order_;
};

/// From values back to slots.
class Writer {
public:
    Writer(const Values& values, std::size_t constants) : values_(values), slot_(values.maker().size()), last_(slot_.size(), none), slots_(constants) {
        for (std::uint32_t c = 0; c < constants; ++c) slot_[c] = c;
    }

    LineRuns operator()(const std::vector<std::uint32_t>& order) {
        for (std::uint32_t k = 0; k < order.size(); ++k)
            for (const std::uint32_t v : values_.nodes()[order[k]].in)
                if (v != none) last_[v] = k;
        for (std::uint32_t k = 0; k < order.size(); ++k) write(values_.nodes()[order[k]], k);
        runs_.steps.push_back({LineOp::end, 0, 0, 0});
        count();
        runs_.slots = slots_;
        return std::move(runs_);
    }

private:
    void write(const Node& n, std::uint32_t k) {
        LineStep s = n.step;
        const auto place = [&](std::size_t i) { return static_cast<std::uint16_t>(slot_[n.in[i]]); };
        if (n.in[0] != none) s.a = place(0);
        if (n.in[1] != none) s.b = place(1);
        const std::uint16_t c = n.in[2] != none ? place(2) : 0;
        // Calls that run as one read all before they write: their operands are free after the last of them.
        if (!is_call(s.op)) free(n, k);
        if (n.out[0] != none) s.d = take(n.out[0]);
        if (n.out[1] != none) s.b = take(n.out[1]);
        if (is_call(s.op)) free(n, k);
        runs_.steps.push_back(s);
        if (is_product(s.op)) runs_.steps.push_back({LineOp::end, 0, c, 0});
    }
    void free(const Node& n, std::uint32_t k) {
        for (const std::uint32_t v : n.in)
            if (v != none && last_[v] == k && values_.maker()[v] != none) {
                free_.push_back(slot_[v]);
                last_[v] = none;
            }
    }
    std::uint16_t take(std::uint32_t value) {
        if (free_.empty()) free_.push_back(static_cast<std::uint32_t>(slots_++));
        slot_[value] = free_.back();
        free_.pop_back();
        return static_cast<std::uint16_t>(slot_[value]);
    }
    void count() {
        std::vector<LineStep>& steps = runs_.steps;
        for (std::size_t i = 0, n = 1; i < steps.size(); i += n) {
            const LineOp op = steps[i].op;
            const std::size_t size = is_product(op) ? 2 : 1;
            n = size;
            if (is_call(op)) continue;
            while (n / size < most_runs && i + n < steps.size() && steps[i + n].op == op && op != LineOp::end) n += size;
            steps[i].op = static_cast<LineOp>(static_cast<std::size_t>(op) + 256 * (n / size - 1));
        }
    }

    const Values& values_;
    std::vector<std::uint32_t> slot_, last_, free_;
    std::size_t slots_;
    LineRuns runs_;
};

}  // namespace

LineRuns make_runs(const std::vector<LineStep>& steps, std::size_t constant_count, std::size_t slots) {
    const Values values(steps, constant_count, slots);
    LineRuns runs = Writer(values, constant_count)(Schedule(values)());
    if (runs.slots <= std::numeric_limits<std::uint16_t>::max()) return runs;
    return {steps, slots};
}

}  // namespace costate::kernels
