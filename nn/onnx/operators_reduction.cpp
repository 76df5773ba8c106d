#include "nn/onnx/fold.hpp"
#include "nn/onnx/operators.hpp"

#include <array>
#include <numeric>

namespace costate::nn::onnx {

namespace {

/// The axes: an attribute, from opset 13 (ReduceSum) or 18 (the others) an input; none given means all.
std::vector<std::size_t> axes(const Translation& t) {
    const auto given = list_argument(t.node, t.tensors(), 1, "axes");
    if (given && !given->empty()) return axes_of(*given, t.in(0).rank());
    std::vector<std::size_t> all;
    if (t.node.integer("noop_with_empty_axes", 0) != 0) return all;
    for (std::size_t i = 0; i < t.in(0).rank(); ++i) all.push_back(i);
    return all;
}

Value over_axes(Translation& t, const char* op, const Value& x) { return t.reduced(op, x, axes(t), t.node.integer("keepdims", 1) != 0); }

void plain(Translation& t, const char* op) { t.result(over_axes(t, op, t.in(0))); }
Value squares(Translation& t) { return t.unary("power", t.in(0), {{"exponent", 2}}); }

/// log Σ exp(x - m) + m with m the largest, which no derivative has to know of.
void log_sum_exp(Translation& t) {
    const Value& x = t.in(0);
    const std::vector<std::size_t> along = axes(t);
    const Value most = t.reduced("max", x, along, true);
    const Value sum = t.reduced("sum", t.unary("exp", t.binary("sub", x, most)), along, true);
    const Value y = t.binary("add", t.unary("log", sum), most);
    if (t.node.integer("keepdims", 1) != 0) return t.result(y);
    t.result(t.reduced("sum", y, along, false));
}

/// Running sums: a product with a triangle of ones, which is no weight.
void cumulated(Translation& t) {
    const Value& x = t.in(0);
    const std::size_t axis = axis_of(plain_integers(t.constant(1, "an axis"), "an axis").at(0), x.rank()), n = x.dims[axis];
    const bool exclusive = t.node.integer("exclusive", 0) != 0, reverse = t.node.integer("reverse", 0) != 0;
    if (n > 1024) throw GraphError("sums along an axis of " + std::to_string(n) + ", more than the 1024 there is a matrix for; export the network otherwise");
    std::size_t room = t.budget;  // charged where it is kept: once for all that are equal
    Tensor triangle = made(Type::real, {n, n}, room);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) triangle.values[i * n + j] = (reverse ? i > j : i < j) || (j == i && !exclusive) ? 1 : 0;
    std::vector<std::size_t> order(x.rank());
    std::iota(order.begin(), order.end(), 0);
    std::swap(order[axis], order.back());
    (void)x.sample_axis(axis);
    const Value turned = t.transposed(x, order);
    const std::string ones = t.emitter.constant(triangle, triangle.shape, "triangle");
    t.result(t.transposed(t.layer("matmul", {t.read(turned, {count_of(turned.dims) / n, n}), ones}, turned), order));
}

constexpr std::array<Operator, 11> reduction_table{{{"CumSum", cumulated},
                                                    {"ReduceL1", [](Translation& t) { t.result(over_axes(t, "sum", t.unary("abs", t.in(0)))); }},
                                                    {"ReduceL2", [](Translation& t) { t.result(t.unary("sqrt", over_axes(t, "sum", squares(t)))); }},
                                                    {"ReduceLogSum", [](Translation& t) { t.result(t.unary("log", over_axes(t, "sum", t.in(0)))); }},
                                                    {"ReduceLogSumExp", log_sum_exp},
                                                    {"ReduceMax", [](Translation& t) { plain(t, "max"); }},
                                                    {"ReduceMean", [](Translation& t) { plain(t, "mean"); }},
                                                    {"ReduceMin", [](Translation& t) { plain(t, "min"); }},
                                                    {"ReduceProd", [](Translation& t) { plain(t, "prod"); }},
                                                    {"ReduceSum", [](Translation& t) { plain(t, "sum"); }},
                                                    {"ReduceSumSquare", [](Translation& t) { t.result(over_axes(t, "sum", squares(t))); }}}};

}  // namespace

std::span<const Operator> reduction_operators() { return reduction_table; }

}  // namespace costate::nn::onnx
