#include "nn/onnx/operators.hpp"

#include <array>
#include <cmath>
#include <limits>

namespace costate::nn::onnx {

namespace {

void layer_of(Translation& t, const char* op) { t.result(t.unary(op, t.in(0))); }

/// e^{kx}
Value exponential(Translation& t, const Value& x, double k) { return t.unary("exp", t.affine(x, k, 0)); }
/// max(-x, 0)
Value negative_part(Translation& t, const Value& x) { return t.unary("relu", t.affine(x, -1, 0)); }

/// max(x, 0) + slope · min(x, 0)
void leaky_relu(Translation& t) {
    const Value& x = t.in(0);
    t.result(t.binary("add", t.unary("relu", x), t.affine(negative_part(t, x), -t.node.real("alpha", 0.01), 0)));
}
/// scale (max(x, 0) + α (exp(min(x, 0)/width) - 1))
Value elu(Translation& t, double alpha, double width, double scale) {
    const Value& x = t.in(0);
    const Value below = t.affine(exponential(t, negative_part(t, x), -1 / width), alpha, -alpha);
    return t.affine(t.binary("add", t.unary("relu", x), below), scale, 0);
}
void plain_elu(Translation& t) { t.result(elu(t, t.node.real("alpha", 1), 1, 1)); }
void selu(Translation& t) { t.result(elu(t, t.node.real("alpha", 1.67326319217681884765625), 1, t.node.real("gamma", 1.05070102214813232421875))); }
void celu(Translation& t) { t.result(elu(t, t.node.real("alpha", 1), t.node.real("alpha", 1), 1)); }
Value hard_sigmoid_of(Translation& t, double alpha, double beta) { return t.unary("clamp", t.affine(t.in(0), alpha, beta), {{"low", 0}, {"high", 1}}); }
void hard_sigmoid(Translation& t) { t.result(hard_sigmoid_of(t, t.node.real("alpha", 0.2), t.node.real("beta", 0.5))); }
void hard_swish(Translation& t) { t.result(t.binary("mul", t.in(0), hard_sigmoid_of(t, 1.0 / 6, 0.5))); }
void softsign(Translation& t) { t.result(t.binary("div", t.in(0), t.affine(t.unary("abs", t.in(0)), 1, 1))); }
void thresholded_relu(Translation& t) {
    Value alpha = Translation::of({"", Type::real, {}, {t.node.real("alpha", 1)}});
    t.result(t.binary("mul", t.in(0), t.binary("less", alpha, t.in(0))));
}
void prelu(Translation& t) { t.result(t.binary("sub", t.unary("relu", t.in(0)), t.binary("mul", negative_part(t, t.in(0)), t.in(1)))); }
void mish(Translation& t) { t.result(t.binary("mul", t.in(0), t.unary("tanh", t.unary("softplus", t.in(0))))); }
void shrink(Translation& t) {
    const Value& x = t.in(0);
    const double lambda = t.node.real("lambd", 0.5), bias = t.node.real("bias", 0);
    const Value limit = Translation::of({"", Type::real, {}, {lambda}}), low = Translation::of({"", Type::real, {}, {-lambda}});
    const Value above = t.binary("mul", t.affine(x, 1, -bias), t.binary("less", limit, x));
    t.result(t.binary("add", above, t.binary("mul", t.affine(x, 1, bias), t.binary("less", x, low))));
}
/// ½ x (1 + erf(x/√2)), or with tanh(√(2/π) (x + 0.044715 x³)) in place of erf.
void gelu(Translation& t) {
    const Value& x = t.in(0);
    if (t.node.text("approximate", "none") != "tanh") return layer_of(t, "gelu");
    const Value cube = t.binary("add", x, t.affine(t.unary("power", x, {{"exponent", 3}}), 0.044715, 0));
    const Value gate = t.affine(t.unary("tanh", t.affine(cube, 0.79788456080286535588, 0)), 0.5, 0.5);
    t.result(t.binary("mul", x, gate));
}

Value over(Translation& t, const Value& a, const Value& b) { return t.binary("div", a, b); }
void tangent(Translation& t) { t.result(over(t, t.unary("sin", t.in(0)), t.unary("cos", t.in(0)))); }
void hyperbolic(Translation& t, double sign) {
    const Value up = exponential(t, t.in(0), 1), down = exponential(t, t.in(0), -1);
    t.result(t.affine(t.binary(sign < 0 ? "sub" : "add", up, down), 0.5, 0));
}
/// log(x + √(x² + c))
void area(Translation& t, double c) {
    const Value root = t.unary("sqrt", t.affine(t.unary("power", t.in(0), {{"exponent", 2}}), 1, c));
    t.result(t.unary("log", t.binary("add", t.in(0), root)));
}
void area_tangent(Translation& t) {
    const Value quotient = over(t, t.affine(t.in(0), 1, 1), t.affine(t.in(0), -1, 1));
    t.result(t.affine(t.unary("log", quotient), 0.5, 0));
}

void clip(Translation& t) {
    const Value& x = t.in(0);
    if (t.opset < 11 || t.node.has("min") || t.node.has("max")) throw GraphError("has bounds as attributes; export the network with opset 11 or newer");
    const bool known = (!t.has(1) || t.in(1).known()) && (!t.has(2) || t.in(2).known());
    if (!known) {
        Value y = t.has(1) ? t.binary("maximum", x, t.in(1)) : x;
        return t.result(t.has(2) ? t.binary("minimum", y, t.in(2)) : y);
    }
    Numbers bounds;
    if (t.has(1)) bounds["low"] = t.constant(1, "bounds").values.at(0);
    if (t.has(2)) bounds["high"] = t.constant(2, "bounds").values.at(0);
    for (auto& [key, bound] : bounds) bound = std::clamp(bound, -std::numeric_limits<double>::max(), std::numeric_limits<double>::max());
    t.result(bounds.empty() ? x : t.unary("clamp", x, bounds));
}

void power(Translation& t) {
    const Value &x = t.in(0), &p = t.in(1);
    const auto exponent = Translation::scalar(p);
    if (exponent && !x.known() && p.rank() <= x.rank()) {
        if (*exponent == 1) return t.result(x);
        if (*exponent == 0.5) return t.result(t.unary("sqrt", x));
        return t.result(t.unary("power", x, {{"exponent", *exponent}}));
    }
    t.result(t.binary("pow", x, p));
}

template <Value (Translation::*operation)(const Value&, const Value&)>
void arithmetic(Translation& t) {
    Value result = t.in(0);
    for (std::size_t i = 1; i < t.count(); ++i) result = (t.*operation)(result, t.in(i));
    t.result(result);
}
void extreme(Translation& t, const char* op) {
    Value result = t.in(0);
    for (std::size_t i = 1; i < t.count(); ++i) result = t.binary(op, result, t.in(i));
    t.result(result);
}
void mean(Translation& t) {
    Value sum = t.in(0);
    for (std::size_t i = 1; i < t.count(); ++i) sum = t.add(sum, t.in(i));
    t.result(t.affine(sum, 1 / static_cast<double>(t.count()), 0));
}
/// c a + (1 - c) b would turn an infinite part into NaN: a layer of its own.
void where(Translation& t) {
    const Value &c = t.in(0), &a = t.in(1), &b = t.in(2);
    Value whole = Translation::of({"", Type::real, {}, {0}});
    whole.dims = broadcast(c.dims, broadcast(a.dims, b.dims));
    for (const Value* value : {&c, &a, &b}) {
        if (!value->batch_axis) continue;
        const std::size_t place = whole.rank() - value->rank() + *value->batch_axis;
        if (whole.batch_axis && (*whole.batch_axis != place || whole.outer != value->outer))
            throw GraphError("has inputs whose batches do not meet; export the network otherwise");
        whole.batch_axis = place;
        whole.outer = value->outer;
    }
    const auto operand = [&](const Value& value) {
        Shape shape = value.dims;
        const std::size_t fresh = whole.rank() - value.rank();
        if (whole.batch_dropped() && *whole.batch_axis >= fresh) shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(*whole.batch_axis - fresh));
        return t.read(value, shape);
    };
    const std::vector<std::string> in{operand(c), operand(a), operand(b)};
    t.result(t.layer("where", in, whole));
}

constexpr std::array<Operator, 55> elementwise_table{{
    {"Abs", [](Translation& t) { layer_of(t, "abs"); }},
    {"Acosh", [](Translation& t) { area(t, -1); }},
    {"Add", arithmetic<&Translation::add>},
    {"And", [](Translation& t) { t.result(t.binary("mul", t.in(0), t.in(1))); }},
    {"Asinh", [](Translation& t) { area(t, 1); }},
    {"Atanh", area_tangent},
    {"Ceil", [](Translation& t) { layer_of(t, "ceil"); }},
    {"Celu", celu},
    {"Clip", clip},
    {"Cos", [](Translation& t) { layer_of(t, "cos"); }},
    {"Cosh", [](Translation& t) { hyperbolic(t, 1); }},
    {"Div", arithmetic<&Translation::divide>},
    {"Elu", plain_elu},
    {"Equal", [](Translation& t) { t.result(t.binary("equal", t.in(0), t.in(1))); }},
    {"Erf", [](Translation& t) { layer_of(t, "erf"); }},
    {"Exp", [](Translation& t) { layer_of(t, "exp"); }},
    {"Floor", [](Translation& t) { layer_of(t, "floor"); }},
    {"Gelu", gelu},
    {"Greater", [](Translation& t) { t.result(t.binary("less", t.in(1), t.in(0))); }},
    {"GreaterOrEqual", [](Translation& t) { t.result(t.binary("less_equal", t.in(1), t.in(0))); }},
    {"HardSigmoid", hard_sigmoid},
    {"HardSwish", hard_swish},
    {"LeakyRelu", leaky_relu},
    {"Less", [](Translation& t) { t.result(t.binary("less", t.in(0), t.in(1))); }},
    {"LessOrEqual", [](Translation& t) { t.result(t.binary("less_equal", t.in(0), t.in(1))); }},
    {"Log", [](Translation& t) { layer_of(t, "log"); }},
    {"Max", [](Translation& t) { extreme(t, "maximum"); }},
    {"Mean", mean},
    {"Min", [](Translation& t) { extreme(t, "minimum"); }},
    {"Mish", mish},
    {"Mul", arithmetic<&Translation::multiply>},
    {"Neg", [](Translation& t) { t.result(t.affine(t.in(0), -1, 0)); }},
    {"Not", [](Translation& t) { t.result(t.affine(t.in(0), -1, 1)); }},
    {"Or", [](Translation& t) { t.result(t.binary("maximum", t.in(0), t.in(1))); }},
    {"PRelu", prelu},
    {"Pow", power},
    {"Reciprocal",
     [](Translation& t) {
         t.result(t.unary("power", t.in(0), {{"exponent", -1}}));
     }},
    {"Relu", [](Translation& t) { layer_of(t, "relu"); }},
    {"Round", [](Translation& t) { layer_of(t, "round"); }},
    {"Selu", selu},
    {"Shrink", shrink},
    {"Sigmoid", [](Translation& t) { layer_of(t, "sigmoid"); }},
    {"Sign", [](Translation& t) { layer_of(t, "sign"); }},
    {"Sin", [](Translation& t) { layer_of(t, "sin"); }},
    {"Sinh", [](Translation& t) { hyperbolic(t, -1); }},
    {"Softplus", [](Translation& t) { layer_of(t, "softplus"); }},
    {"Softsign", softsign},
    {"Sqrt", [](Translation& t) { layer_of(t, "sqrt"); }},
    {"Sub", arithmetic<&Translation::subtract>},
    {"Sum", arithmetic<&Translation::add>},
    {"Tan", tangent},
    {"Tanh", [](Translation& t) { layer_of(t, "tanh"); }},
    {"ThresholdedRelu", thresholded_relu},
    {"Where", where},
    {"Xor", [](Translation& t) { t.result(t.unary("abs", t.binary("sub", t.in(0), t.in(1)))); }},
}};

}  // namespace

std::span<const Operator> elementwise_operators() { return elementwise_table; }

}  // namespace costate::nn::onnx
