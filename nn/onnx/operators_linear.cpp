#include "nn/onnx/operators.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace costate::nn::onnx {

namespace {

/// x Wᵀ for a known matrix of in × out (exchanged) or out × in.
Value linear(Translation& t, const Value& x, const Tensor& matrix, bool exchange) {
    const std::size_t out = exchange ? matrix.shape[1] : matrix.shape[0], in = exchange ? matrix.shape[0] : matrix.shape[1];
    if (x.rank() == 0 || x.dims.back() != in || x.batch_axis == x.rank() - 1)
        throw GraphError("multiplies the shapes " + text_of(x.dims) + " and " + text_of(matrix.shape) +
                         ", which do not go together; export the network again");
    Value like = x;
    like.dims.back() = out;
    const std::string weight = t.weight(matrix, {out, in}, "weight", exchange);
    return t.layer("linear", {t.read(x)}, like, {}, {}, {{"weight", weight}});
}

/// softmax(s q kᵀ) of a product that meets v: one layer. q kᵀ may be scaled before or after, k comes transposed.
std::optional<Value> attention(Translation& t, const Value& scores, const Value& v) {
    const Layer* softmax = scores.known() ? nullptr : t.emitter.source(scores.layer);
    const Shape s = scores.sample();
    if (!softmax || softmax->op != "softmax" || s.size() < 2 || softmax->numbers.find("axis")->second != static_cast<double>(s.size() - 1))
        return std::nullopt;
    double scale = 1;
    const Layer* product = t.emitter.source(softmax->in[0]);
    while (product && product->op == "affine" && product->numbers.find("shift")->second == 0) {
        scale *= product->numbers.find("scale")->second;
        product = t.emitter.source(product->in[0]);
    }
    if (!product || product->op != "matmul" || product->out_shape != s) return std::nullopt;
    const auto unscaled = [&](std::string name) {
        const Layer* layer = t.emitter.source(name);
        if (layer && layer->op == "affine" && layer->numbers.find("shift")->second == 0 && scale != 0) {
            scale *= layer->numbers.find("scale")->second;
            return layer->in[0];
        }
        return name;
    };
    const Shape q_shape = product->in_shapes[0], k_shape = product->in_shapes[1], v_shape = v.sample();
    const std::size_t rank = s.size();
    const auto blocks = [&](const Shape& shape) { return Shape(shape.begin(), shape.end() - 2); };
    if (q_shape.size() != rank || k_shape.size() != rank || v_shape.size() != rank || blocks(q_shape) != blocks(s) || blocks(k_shape) != blocks(s) ||
        blocks(v_shape) != blocks(s))
        return std::nullopt;
    const std::string left = unscaled(product->in[0]), right = unscaled(product->in[1]);  // what is written next moves the layers
    const std::string q = t.emitter.reshaped(left, q_shape), k = t.emitter.reshaped(right, k_shape);
    Value transposed_k;
    transposed_k.layer = k;
    transposed_k.dims = k_shape;
    std::vector<std::size_t> order(rank);
    for (std::size_t i = 0; i < rank; ++i) order[i] = i;
    std::swap(order[rank - 1], order[rank - 2]);
    const std::string keys = t.read(t.transposed(transposed_k, order));
    Value like = scores;
    like.dims.back() = v.dims.back();
    return t.layer("attention", {q, keys, t.read(v)}, like, {{"scale", scale}});
}

void check_product(const Value& a, const Value& b) {
    if (b.batch_axis && *b.batch_axis + 2 >= b.rank())
        throw GraphError("multiplies by a matrix of the batch; export the network so that its samples do not meet");
    if (a.batch_axis && *a.batch_axis + 1 == a.rank()) throw GraphError("sums over the batch; export the network so that its samples do not meet");
    if (a.dims.back() != b.dims[b.rank() - 2])
        throw GraphError("multiplies the shapes " + text_of(a.dims) + " and " + text_of(b.dims) + ", which do not go together; export the network again");
}

/// numpy's product of matrices, the axes before the last two broadcast; a batch has to be among those, or be the rows of the left factor.
Value product(Translation& t, Value a, Value b) {
    if (a.rank() < 2 || b.rank() < 2) throw GraphError("multiplies a matrix and a list; export the network with matrices");
    if (b.known() && b.rank() == 2) return linear(t, a, *b.constant, true);
    if (auto whole = attention(t, a, b)) return *whole;
    check_product(a, b);
    const std::size_t rows = a.dims[a.rank() - 2], columns = b.dims.back();
    const auto leading = [](const Value& value) {
        Value result = value;
        result.dims.resize(value.rank() - 2);
        if (value.batch_axis && *value.batch_axis + 2 >= value.rank()) result.batch_axis.reset();
        return result;
    };
    const Value left = leading(a), right = leading(b);
    Value like;
    like.dims = broadcast(left.dims, right.dims);
    for (const Value* value : {&left, &right}) {
        if (!value->batch_axis) continue;
        const std::size_t place = like.rank() - value->rank() + *value->batch_axis;
        const bool other = like.batch_axis && (*like.batch_axis != place || like.outer != value->outer);
        if (other) throw GraphError("multiplies values whose batches do not meet; export the network so that its samples do not meet");
        like.batch_axis = place;
        like.outer = value->outer;
    }
    if (a.batch_axis && !left.batch_axis) {
        if (like.batch_axis) throw GraphError("multiplies values whose batches do not meet; export the network so that its samples do not meet");
        like.batch_axis = like.rank();
        like.outer = a.outer;
    }
    like.dims.push_back(rows);
    like.dims.push_back(columns);
    const auto operand = [&](const Value& value) {
        Shape shape = value.dims;
        const std::size_t fresh = like.rank() - value.rank();
        if (like.batch_dropped() && *like.batch_axis >= fresh && *like.batch_axis + 2 < like.rank())
            shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(*like.batch_axis - fresh));
        return t.read(value, shape);
    };
    const std::string m = operand(a), n = operand(b);
    return t.layer("matmul", {m, n}, like);
}

void matmul(Translation& t) {
    Value a = t.in(0), b = t.in(1);
    const bool row = a.rank() == 1, column = b.rank() == 1;
    if ((row && a.batch_axis) || (column && b.batch_axis))
        throw GraphError("multiplies lists over the batch; export the network so that its samples do not meet");
    if (row) a = Translation::seen(a, {1, a.dims[0]}, std::nullopt);
    if (column && !b.known()) b = Translation::seen(b, {b.dims[0], 1}, std::nullopt);
    if (column && b.known()) {
        Tensor list = *b.constant;
        list.shape = {list.shape[0], 1};
        b = Translation::of(std::move(list));
    }
    Value y = product(t, a, b);
    Shape dims = y.dims;
    std::optional<std::size_t> batch = y.batch_axis;
    if (column) dims.pop_back();
    if (row) {
        dims.erase(dims.end() - (column ? 1 : 2));
        if (batch && *batch >= dims.size()) batch.reset();
    }
    t.result(Translation::seen(y, dims, batch, y.outer));
}

/// α A' B' + β C
void gemm(Translation& t) {
    Value a = t.in(0), b = t.in(1);
    if (a.rank() != 2 || b.rank() != 2)
        throw GraphError("multiplies the shapes " + text_of(a.dims) + " and " + text_of(b.dims) + "; they have to be matrices");
    if (t.node.integer("transA", 0) != 0) a = t.transposed(a, {1, 0});
    const bool transposed = t.node.integer("transB", 0) != 0;
    Value y;
    if (b.known()) y = linear(t, a, *b.constant, !transposed);
    else y = product(t, a, transposed ? t.transposed(b, {1, 0}) : b);
    y = t.affine(y, t.node.real("alpha", 1), 0);
    if (!t.has(2)) return t.result(y);
    const double beta = t.node.real("beta", 1);
    if (beta == 0) return t.result(y);
    t.result(t.add(y, beta == 1 ? t.in(2) : t.multiply(t.in(2), Translation::of({"", Type::real, {}, {beta}}))));
}

constexpr std::array<Operator, 2> linear_table{{{"Gemm", gemm}, {"MatMul", matmul}}};

}  // namespace

std::span<const Operator> linear_operators() { return linear_table; }

}  // namespace costate::nn::onnx
