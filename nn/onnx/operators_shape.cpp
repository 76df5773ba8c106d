#include "nn/onnx/operators.hpp"
#include "nn/onnx/fold.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace costate::nn::onnx {

namespace {

void same(Translation& t) { t.result(t.in(0)); }

/// As in evaluation: nothing is dropped, and the mask that may be wanted is 1 throughout.
void dropout(Translation& t) {
    const bool training = t.has(2) && t.constant(2, "a mode").values.at(0) != 0;
    if (training && (!t.has(1) || t.constant(1, "a ratio").values.at(0) != 0))
        throw GraphError("drops numbers at random (training_mode); export the network for evaluation");
    t.result(t.in(0));
    if (t.node.outputs.size() > 1) t.result(t.binary("less_equal", t.in(0), t.in(0)));
}

/// Numbers are real here: a cast to another kind of real is nothing, one to integers cuts, one to truths asks whether they are 0.
void cast(Translation& t) {
    const Value& x = t.in(0);
    const std::int64_t to = t.node.integer("to", 1);
    const Layer* layer = x.known() ? nullptr : t.emitter.source(x.layer);
    const bool decided = layer && (layer->op == "less" || layer->op == "less_equal" || layer->op == "equal");
    if (to == 1 || to == 10 || to == 11 || to == 16 || decided) return t.result(x);
    const Value zero = Translation::of({"", Type::real, {}, {0}});
    if (to == 9) return t.result(t.affine(t.binary("equal", x, zero), -1, 1));
    if (to == 8 || to > 16) throw GraphError("casts to a type that this version does not compute with; export the network without that");
    t.result(t.binary("mul", t.unary("sign", x), t.unary("floor", t.unary("abs", x))));
}

/// Dims of the same numbers, of which one may be -1 and one hold N; the batch stays where it is in memory.
Value viewed(const Value& x, std::vector<Size> wanted) {
    if (wanted.size() > 16) throw GraphError("makes more than 16 axes; export the network again");
    Value result = x;
    result.dims.assign(wanted.size(), 1);
    result.batch_axis.reset();
    std::optional<std::size_t> open;
    std::size_t product = 1;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] == Size{0, -1}) {
            if (open) throw GraphError("leaves two sizes open; export the network again");
            open = i;
            continue;
        }
        if (!wanted[i].plain()) {
            if (wanted[i].v != 0 || wanted[i].n < 1 || result.batch_axis || !x.batch_axis)
                throw GraphError("makes a size of the batch that is no multiple of it; export the network again");
            result.batch_axis = i;
        }
        const double size = wanted[i].plain() ? wanted[i].v : wanted[i].n;
        if (!(size >= 0 && size <= 0x1p31)) throw GraphError("gives a negative or immense size; export the network again");
        result.dims[i] = static_cast<std::size_t>(size);
        product = count_of({product, result.dims[i]});
    }
    const std::size_t all = count_of(x.dims);
    if (open) {
        if (product == 0 || all % product != 0) throw GraphError("gives sizes that do not fit " + std::to_string(all) + " numbers; export the network again");
        result.dims[*open] = all / product;
        if (x.batch_axis && !result.batch_axis) result.batch_axis = open;
    } else if (product != all) {
        throw GraphError("gives sizes that do not fit " + std::to_string(all) + " numbers; export the network again");
    }
    if (x.batch_axis && !result.batch_axis) throw GraphError("gives the batch a fixed size; export the network with a symbolic batch");
    if (!x.batch_axis) return Translation::seen(result, result.dims, std::nullopt);
    const auto before = [](const Value& v) { return count_of(Shape(v.dims.begin(), v.dims.begin() + static_cast<std::ptrdiff_t>(*v.batch_axis))); };
    const std::size_t ahead = before(x) * x.outer, now = before(result);
    if (now == 0 || ahead % now != 0 || result.dims[*result.batch_axis] % (ahead / now) != 0)
        throw GraphError("mixes the batch with other axes; export the network so that its samples do not meet");
    result.outer = ahead / now;
    return result;
}

std::vector<Size> sizes_of(const Value& x) {
    std::vector<Size> sizes;
    for (std::size_t i = 0; i < x.rank(); ++i) sizes.push_back(x.size(i));
    return sizes;
}

/// Of a graph whose batch is fixed: a time without axes, which samples share, as a batch of times.
Value batched(const Translation& t, const Value& x) {
    Value result = x;
    if (t.fixed_batch == 0 || x.known() || x.rank() > 0) return x;
    result.dims = {1};
    result.batch_axis = 0;
    return result;
}

/// The axis of `wanted` that holds the fixed batch of x, a number in it. Memory alone leaves more than one: the batch for itself, what is behind it as it
/// was, the batch first in an axis (heads of attention are n·heads) but the last, the batch last in an axis.
std::optional<std::size_t> batch_place(const Value& x, const Shape& wanted, std::size_t n) {
    const std::size_t batch = *x.batch_axis;
    const auto product = [](const Shape& s, std::size_t from, std::size_t to) {
        return count_of(Shape(s.begin() + static_cast<std::ptrdiff_t>(from), s.begin() + static_cast<std::ptrdiff_t>(to)));
    };
    const std::size_t ahead = product(x.dims, 0, batch) * x.outer, behind = x.rank() - batch - 1, inner = x.dims[batch] / x.outer;
    const std::size_t after = inner * product(x.dims, batch + 1, x.rank());
    const auto first = [&](std::size_t i) { return product(wanted, 0, i) == ahead && wanted[i] % n == 0; };
    const auto last = [&](std::size_t i) { return product(wanted, i + 1, wanted.size()) == after && wanted[i] % n == 0; };
    const auto kept = [&](std::size_t i) {
        return inner == 1 && last(i) && wanted.size() - i - 1 == behind && std::equal(x.dims.end() - static_cast<std::ptrdiff_t>(behind), x.dims.end(),
                                                                                       wanted.end() - static_cast<std::ptrdiff_t>(behind));
    };
    const auto find = [&](auto holds) -> std::optional<std::size_t> {
        for (std::size_t i = 0; i < wanted.size(); ++i)
            if (holds(i)) return i;
        return std::nullopt;
    };
    if (const auto place = find([&](std::size_t i) { return first(i) && wanted[i] == n; })) return place;
    if (const auto place = find(kept)) return place;
    if (const auto place = find([&](std::size_t i) { return first(i) && i + 1 < wanted.size(); })) return place;
    if (const auto place = find(last)) return place;
    return find(first);
}

/// Sizes in which the fixed batch is a number, with N in its place.
std::vector<Size> with_batch(const Translation& t, const Value& x, std::vector<Size> wanted) {
    if (t.fixed_batch == 0 || !x.batch_axis) return wanted;
    Shape shape;
    std::size_t product = 1;
    for (const Size& size : wanted) {
        const double plain = at(size, t.fixed_batch).v;
        if (!(plain >= -1 && plain <= 0x1p31)) return wanted;  // which is refused
        shape.push_back(plain < 0 ? 0 : static_cast<std::size_t>(plain));
        product = count_of({product, plain < 0 ? 1 : shape.back()});
    }
    for (std::size_t i = 0; i < wanted.size(); ++i)
        if (wanted[i] == Size{0, -1}) shape[i] = product == 0 ? 0 : count_of({count_of(x.dims), t.fixed_batch}) / product;
    const auto place = batch_place(x, shape, t.fixed_batch);
    for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = {0, static_cast<double>(shape[i])};
    if (place) wanted[*place] = {wanted[*place].v / static_cast<double>(t.fixed_batch), 0};
    return wanted;
}

void reshape(Translation& t) {
    const Tensor& shape = t.constant(1, "sizes");
    const Value x = batched(t, t.in(0));
    std::vector<Size> wanted;
    for (std::size_t i = 0; i < shape.values.size(); ++i) {
        Size size = size_at(shape, i);
        if (size == Size{} && t.node.integer("allowzero", 0) == 0) {
            if (i >= t.in(0).rank()) throw GraphError("copies a size that there is not; export the network again");
            size = x.size(i);
        }
        wanted.push_back(size);
    }
    t.result(viewed(x, with_batch(t, x, wanted)));
}

void flatten(Translation& t) {
    const Value& x = t.in(0);
    const auto rank = static_cast<std::int64_t>(x.rank());
    const std::int64_t axis = t.node.integer("axis", 1);
    if (axis < -rank || axis > rank) throw GraphError("names an axis that there is not; export the network again");
    const auto cut = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
    std::array<Size, 2> sizes{Size{0, 1}, Size{0, 1}};
    for (std::size_t i = 0; i < x.rank(); ++i) {
        Size& size = sizes[i < cut ? 0 : 1];
        const auto n = static_cast<double>(x.dims[i]);
        size = x.batch_axis == i ? Size{size.v * n, 0} : Size{size.n * n, size.v * n};
    }
    t.result(viewed(x, {sizes.begin(), sizes.end()}));
}

void unsqueeze(Translation& t) {
    const auto axes = list_argument(t.node, t.tensors(), 1, "axes");
    if (!axes) throw GraphError("names no axes; export the network again");
    std::vector<Size> sizes = sizes_of(t.in(0));
    for (const std::size_t axis : axes_of(*axes, sizes.size() + axes->size())) sizes.insert(sizes.begin() + static_cast<std::ptrdiff_t>(axis), Size{0, 1});
    const Value x = batched(t, t.in(0));
    if (x.rank() != t.in(0).rank()) sizes[0] = x.size(0);
    t.result(viewed(x, sizes));
}

void squeeze(Translation& t) {
    const Value& x = t.in(0);
    const auto axes = list_argument(t.node, t.tensors(), 1, "axes");
    const auto dropped = axes ? axes_of(*axes, x.rank()) : std::vector<std::size_t>();
    std::vector<Size> sizes;
    for (std::size_t i = 0; i < x.rank(); ++i)
        if (axes ? std::ranges::find(dropped, i) == dropped.end() : x.size(i) != Size{0, 1}) sizes.push_back(x.size(i));
    t.result(viewed(x, sizes));
}

void transpose(Translation& t) {
    const Value& x = t.in(0);
    std::vector<std::int64_t> order(x.rank());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(order.size() - 1 - i);
    if (const auto given = t.node.integers("perm")) order = *given;
    if (order.size() != x.rank() || axes_of(order, x.rank()).size() != x.rank())
        throw GraphError("has an order of axes that is none; export the network again");
    t.result(t.transposed(x, {order.begin(), order.end()}));
}

/// sin(t f) and cos(t f) side by side, f known: one embedding of the time.
std::optional<Value> time_embedding(Translation& t, const Value& sine, const Value& cosine) {
    const Layer* s = sine.known() ? nullptr : t.emitter.source(sine.layer);
    const Layer* c = cosine.known() ? nullptr : t.emitter.source(cosine.layer);
    if (!s || !c || s->op != "sin" || c->op != "cos" || s->in[0] != c->in[0] || sine.dims != cosine.dims) return std::nullopt;
    const Layer* product = t.emitter.source(s->in[0]);
    if (!product || product->op != "mul" || sine.sample().size() != 1) return std::nullopt;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        const Layer* frequencies = t.emitter.source(product->in[i]);
        const std::string time = t.emitter.origin(product->in[1 - i]);
        const bool known =
            frequencies && (frequencies->op == "parameter" || frequencies->op == "constant") && frequencies->tensor_shapes.at("value").size() == 1;
        if (!known || time != "t") continue;
        Value like = sine;
        like.dims.back() *= 2;
        return t.layer("time_embedding", {time}, like, {}, {}, {{"frequencies", frequencies->texts.at("value")}});
    }
    return std::nullopt;
}

void concat(Translation& t) {
    const std::size_t axis = axis_of(t.node.integer("axis", 0), t.in(0).rank());
    std::vector<Value> values;
    for (std::size_t i = 0; i < t.count(); ++i) {
        if (axis + 1 == t.in(i).rank() && !values.empty())
            if (const auto whole = time_embedding(t, values.back(), t.in(i))) {
                values.back() = *whole;
                continue;
            }
        values.push_back(t.in(i));
    }
    t.result(t.joined(values, axis));
}

void slice(Translation& t) {
    Value x = t.in(0);
    for (const Kept& kept : slices(t.node, t.tensors(), x.dims, x.batch_axis, t.fixed_batch)) x = t.sliced(x, kept);
    t.result(x);
}

void split(Translation& t) {
    const Value& x = t.in(0);
    const std::size_t axis = axis_of(t.node.integer("axis", 0), x.rank());
    std::int64_t begin = 0;
    for (const std::size_t count : split_sizes(t.node, t.tensors(), x.dims[axis])) {
        t.result(t.sliced(x, {axis, begin, count, 1}));
        begin += static_cast<std::int64_t>(count);
    }
}

/// Rows of a table for values that are computed: numbers of rows.
void lookup(Translation& t) {
    const Tensor& table = t.constant(0, "a table, or indices,");
    const Value& indices = t.in(1);
    if (t.node.integer("axis", 0) != 0 || table.shape.size() != 2)
        throw GraphError("gathers by computed indices from what is no table along its first axis; export the network otherwise");
    Value like = indices;
    like.dims.push_back(table.shape[1]);
    t.result(t.layer("embedding", {t.read(indices)}, like, {}, {}, {{"weight", t.weight(table, table.shape, "weight")}}));
}

void gather(Translation& t) {
    if (!t.in(1).known()) return lookup(t);
    const Value& x = t.in(0);
    const std::size_t axis = axis_of(t.node.integer("axis", 0), x.rank());
    std::vector<std::int64_t> indices;
    for (const std::int64_t i : plain_integers(t.constant(1, "indices"), "indices")) indices.push_back(static_cast<std::int64_t>(axis_of(i, x.dims[axis])));
    if (indices.empty()) throw GraphError("keeps nothing of an axis; export the network without it");
    const Value taken = indices.size() == 1 ? t.sliced(x, {axis, indices[0], 1, 1}) : t.gathered(x, axis, indices);
    std::vector<Size> sizes = sizes_of(taken);
    const auto at = sizes.erase(sizes.begin() + static_cast<std::ptrdiff_t>(axis));
    std::vector<Size> between;
    for (const std::size_t n : t.in(1).dims) between.push_back({0, static_cast<double>(n)});
    sizes.insert(at, between.begin(), between.end());
    t.result(viewed(taken, sizes));
}

/// Repeated to sizes of which one may hold N: then each sample has the same numbers.
void expand(Translation& t) {
    const Tensor& shape = t.constant(1, "sizes");
    Value like = t.in(0);
    like.dims.insert(like.dims.begin(), shape.values.size() > like.rank() ? shape.values.size() - like.rank() : 0, 1);
    if (like.batch_axis) *like.batch_axis += like.rank() - t.in(0).rank();
    if (t.fixed_batch != 0 && t.in(0).rank() == 0 && !t.in(0).known() && like.rank() > 0) like.batch_axis = 0;
    const Value x = Translation::seen(t.in(0), like.dims, like.batch_axis, like.outer);
    for (std::size_t i = 0; i < shape.values.size(); ++i) {
        const std::size_t axis = like.rank() - shape.values.size() + i;
        const Size size = size_at(shape, i);
        if (size == at(like.size(axis), t.fixed_batch) || size == Size{0, 1}) continue;
        if (like.dims[axis] != 1 || like.batch_axis == axis || !(size.v >= 0 && size.n >= 0 && size.v <= 0x1p31) ||
            (!size.plain() && (size != Size{1, 0} || like.batch_axis)))
            throw GraphError("repeats a value to sizes that do not fit it; export the network again");
        if (!size.plain()) like.batch_axis = axis;
        else like.dims[axis] = static_cast<std::size_t>(size.v);
    }
    if (like.dims == x.dims && !x.known()) return t.result(Translation::seen(x, like.dims, like.batch_axis, like.outer));
    const Shape sample = like.sample();
    Shape from = x.dims;
    if (like.batch_dropped()) from.erase(from.begin() + static_cast<std::ptrdiff_t>(*like.batch_axis));
    t.result(t.layer("expand", {t.read(x, from)}, like, {}, {{"shape", {sample.begin(), sample.end()}}}));
}

/// A constant of every sample.
void fill(Translation& t) {
    const Tensor& shape = t.constant(0, "sizes");
    const auto value = t.node.attributes.find("value");
    Value x = Translation::of({"", Type::real, {}, {value != t.node.attributes.end() && value->second.tensor ? value->second.tensor->values.at(0) : 0}});
    x.dims.assign(shape.values.size(), 1);
    Value like = x;
    for (std::size_t i = 0; i < shape.values.size(); ++i) {
        const Size size = size_at(shape, i);
        if (!size.plain() && (size != Size{1, 0} || like.batch_axis))
            throw GraphError("fills sizes of the batch that are no multiple of it; export the network again");
        if (!size.plain()) like.batch_axis = i;
        else if (!(size.v >= 1 && size.v <= 0x1p31)) throw GraphError("fills sizes that are no sizes; export the network again");
        else like.dims[i] = static_cast<std::size_t>(size.v);
    }
    const Shape sample = like.sample();
    t.result(t.layer("expand", {t.read(x, {})}, like, {}, {{"shape", {sample.begin(), sample.end()}}}));
}

void tile(Translation& t) {
    const std::vector<std::int64_t> repeats = plain_integers(t.constant(1, "repeats"), "repeats");
    Value x = t.in(0);
    if (repeats.size() != x.rank()) throw GraphError("needs a number of repeats for each axis; export the network again");
    for (std::size_t axis = 0; axis < x.rank(); ++axis) {
        if (repeats[axis] < 1 || repeats[axis] > 1 << 24) throw GraphError("repeats an axis less than once or too often; export the network again");
        if (repeats[axis] == 1) continue;
        const std::vector<Value> copies(static_cast<std::size_t>(std::min<std::int64_t>(repeats[axis], 64)), x);
        if (repeats[axis] > 64) throw GraphError("repeats an axis more than 64 times; export the network with Expand");
        x = t.joined(copies, axis);
    }
    t.result(x);
}

/// Blocks of pixels to channels and back: dims split in two, their order changed, joined again.
Value regrouped(Translation& t, const Value& x, const Shape& split, const std::vector<std::size_t>& order, const Shape& joined) {
    const auto sizes = [&](const Shape& shape) {
        std::vector<Size> s;
        for (const std::size_t n : shape) s.push_back({0, static_cast<double>(n)});
        s[0] = x.size(0);
        return s;
    };
    return viewed(t.transposed(viewed(x, sizes(split)), order), sizes(joined));
}

std::size_t block(const Translation& t) {
    const std::int64_t b = t.node.integer("blocksize", 0);
    if (t.in(0).rank() != 4 || b < 1 || b > 1 << 16) throw GraphError("needs images and a positive block; export the network again");
    return static_cast<std::size_t>(b);
}

void depth_to_space(Translation& t) {
    const std::size_t b = block(t);
    const Shape d = t.in(0).dims;
    const Shape out{d[0], d[1] / (b * b), d[2] * b, d[3] * b};
    if (t.node.text("mode", "DCR") == "CRD") return t.result(regrouped(t, t.in(0), {d[0], d[1] / (b * b), b, b, d[2], d[3]}, {0, 1, 4, 2, 5, 3}, out));
    t.result(regrouped(t, t.in(0), {d[0], b, b, d[1] / (b * b), d[2], d[3]}, {0, 3, 4, 1, 5, 2}, out));
}

void space_to_depth(Translation& t) {
    const std::size_t b = block(t);
    const Shape d = t.in(0).dims;
    t.result(regrouped(t, t.in(0), {d[0], d[1], d[2] / b, b, d[3] / b, b}, {0, 3, 5, 1, 2, 4}, {d[0], d[1] * b * b, d[2] / b, d[3] / b}));
}

constexpr std::array<Operator, 18> shape_table{{{"Cast", cast},
                                                {"CastLike", same},
                                                {"Concat", concat},
                                                {"ConstantOfShape", fill},
                                                {"DepthToSpace", depth_to_space},
                                                {"Dropout", dropout},
                                                {"Expand", expand},
                                                {"Flatten", flatten},
                                                {"Gather", gather},
                                                {"Identity", same},
                                                {"Reshape", reshape},
                                                {"Slice", slice},
                                                {"SpaceToDepth", space_to_depth},
                                                {"Split", split},
                                                {"Squeeze", squeeze},
                                                {"Tile", tile},
                                                {"Transpose", transpose},
                                                {"Unsqueeze", unsqueeze}}};

}  // namespace

std::span<const Operator> shape_operators() { return shape_table; }

}  // namespace costate::nn::onnx
