#include "nn/onnx/fold.hpp"

#include <array>
#include <cmath>

namespace costate::nn::onnx {

namespace {

GraphError depends() {
    return GraphError("makes a number of the size of the batch that is no multiple of it plus a constant; export the network with fixed shapes");
}

struct Unary {
    std::string_view op;
    double (*function)(double);
};
constexpr std::array<Unary, 22> unaries{{{"Neg", [](double x) { return -x; }},
                                         {"Abs", [](double x) { return std::abs(x); }},
                                         {"Sqrt", [](double x) { return std::sqrt(x); }},
                                         {"Exp", [](double x) { return std::exp(x); }},
                                         {"Log", [](double x) { return std::log(x); }},
                                         {"Sin", [](double x) { return std::sin(x); }},
                                         {"Cos", [](double x) { return std::cos(x); }},
                                         {"Tan", [](double x) { return std::tan(x); }},
                                         {"Tanh", [](double x) { return std::tanh(x); }},
                                         {"Erf", [](double x) { return std::erf(x); }},
                                         {"Floor", [](double x) { return std::floor(x); }},
                                         {"Ceil", [](double x) { return std::ceil(x); }},
                                         {"Round", [](double x) { return std::nearbyint(x); }},
                                         {"Reciprocal", [](double x) { return 1 / x; }},
                                         {"Sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
                                         {"Relu", [](double x) { return x > 0 ? x : 0; }},
                                         {"Sign", [](double x) { return x > 0   ? 1.0
                                                                        : x < 0 ? -1.0
                                                                                : 0.0; }},
                                         {"Not", [](double x) { return x == 0 ? 1.0 : 0.0; }},
                                         {"IsNaN", [](double x) { return std::isnan(x) ? 1.0 : 0.0; }},
                                         {"Softplus", [](double x) { return std::log1p(std::exp(-std::abs(x))) + std::max(x, 0.0); }},
                                         {"Sinh", [](double x) { return std::sinh(x); }},
                                         {"Cosh", [](double x) { return std::cosh(x); }}}};

/// Of n N + v, one sign for every N ≥ 1.
int sign_of(const Size& s) {
    if (s.plain()) return s.v > 0 ? 1 : s.v < 0 ? -1 : 0;
    if (s.n > 0 && s.n + s.v > 0) return 1;
    if (s.n < 0 && s.n + s.v < 0) return -1;
    throw depends();
}

Size difference(const Size& a, const Size& b) { return {a.n - b.n, a.v - b.v}; }
Size truth(bool value) { return {0, value ? 1.0 : 0.0}; }

Size product(const Size& a, const Size& b) {
    if (!a.plain() && !b.plain()) throw depends();
    return a.plain() ? Size{a.v * b.n, a.v * b.v} : Size{a.n * b.v, a.v * b.v};
}

Size quotient(const Size& a, const Size& b, bool integer) {
    if (a.plain() && b.plain()) {
        if (integer && b.v == 0) throw GraphError("divides an integer by zero; export the network again");
        return {0, integer ? std::trunc(a.v / b.v) : a.v / b.v};
    }
    if (!b.plain()) {
        if (a.v != 0 || b.v != 0 || (integer && std::fmod(a.n, b.n) != 0)) throw depends();
        return {0, a.n / b.n};
    }
    if (b.v == 0 || (integer && (std::fmod(a.n, b.v) != 0 || std::fmod(a.v, b.v) != 0))) throw depends();
    return {a.n / b.v, a.v / b.v};
}

double plain(const Size& s) {
    if (!s.plain()) throw depends();
    return s.v;
}

Size remainder(const Size& a, const Size& b, bool integer, bool truncated) {
    if (integer && plain(b) == 0) throw GraphError("divides an integer by zero; export the network again");
    const double r = std::fmod(plain(a), plain(b));
    return {0, !truncated && r != 0 && (r < 0) != (b.v < 0) ? r + b.v : r};
}

struct Binary {
    std::string_view op;
    bool decides;
    Size (*function)(const Size&, const Size&, bool integer);
};
constexpr std::array<Binary, 16> binaries{{
    {"Add", false,
     [](const Size& a, const Size& b, bool) {
         return Size{a.n + b.n, a.v + b.v};
     }},
    {"Sum", false,
     [](const Size& a, const Size& b, bool) {
         return Size{a.n + b.n, a.v + b.v};
     }},
    {"Sub", false, [](const Size& a, const Size& b, bool) { return difference(a, b); }},
    {"Mul", false, [](const Size& a, const Size& b, bool) { return product(a, b); }},
    {"Div", false, quotient},
    {"Pow", false,
     [](const Size& a, const Size& b, bool) {
         return Size{0, std::pow(plain(a), plain(b))};
     }},
    {"Min", false, [](const Size& a, const Size& b, bool) { return sign_of(difference(a, b)) <= 0 ? a : b; }},
    {"Max", false, [](const Size& a, const Size& b, bool) { return sign_of(difference(a, b)) >= 0 ? a : b; }},
    {"Equal", true, [](const Size& a, const Size& b, bool) { return truth(sign_of(difference(a, b)) == 0); }},
    {"Less", true, [](const Size& a, const Size& b, bool) { return truth(sign_of(difference(a, b)) < 0); }},
    {"LessOrEqual", true, [](const Size& a, const Size& b, bool) { return truth(sign_of(difference(a, b)) <= 0); }},
    {"Greater", true, [](const Size& a, const Size& b, bool) { return truth(sign_of(difference(a, b)) > 0); }},
    {"GreaterOrEqual", true, [](const Size& a, const Size& b, bool) { return truth(sign_of(difference(a, b)) >= 0); }},
    {"And", true, [](const Size& a, const Size& b, bool) { return truth(plain(a) != 0 && plain(b) != 0); }},
    {"Or", true, [](const Size& a, const Size& b, bool) { return truth(plain(a) != 0 || plain(b) != 0); }},
    {"Xor", true, [](const Size& a, const Size& b, bool) { return truth((plain(a) != 0) != (plain(b) != 0)); }},
}};

void store(Tensor& tensor, std::size_t i, const Size& value) {
    tensor.values[i] = value.v;
    if (value.plain()) return;
    if (tensor.batch.empty()) tensor.batch.assign(tensor.values.size(), 0);
    tensor.batch[i] = value.n;
}

template <class Function>
Tensor combined(const Tensor& left, const Tensor& right, Type type, std::size_t& budget, Function function) {
    const Shape shape = broadcast(left.shape, right.shape);
    const Tensor a = expanded(left, shape, budget), b = expanded(right, shape, budget);
    Tensor result = made(type, shape, budget);
    for (std::size_t i = 0; i < result.values.size(); ++i) store(result, i, function(size_at(a, i), size_at(b, i)));
    return result;
}

Tensor chosen(const Tensor& condition, const Tensor& yes, const Tensor& no, std::size_t& budget) {
    const Shape shape = broadcast(condition.shape, broadcast(yes.shape, no.shape));
    const Tensor c = expanded(condition, shape, budget), a = expanded(yes, shape, budget), b = expanded(no, shape, budget);
    Tensor result = made(yes.type, shape, budget);
    for (std::size_t i = 0; i < result.values.size(); ++i) store(result, i, size_at(plain(size_at(c, i)) != 0 ? a : b, i));
    return result;
}

}  // namespace

std::optional<Tensor> fold_arithmetic(const Node& node, std::span<const TensorPointer> inputs, std::size_t& budget) {
    for (const Unary& unary : unaries) {
        if (unary.op != node.op) continue;
        Tensor result = made(node.op == "IsNaN" ? Type::boolean : inputs[0]->type, inputs[0]->shape, budget);
        for (std::size_t i = 0; i < result.values.size(); ++i) result.values[i] = unary.function(plain(size_at(*inputs[0], i)));
        return result;
    }
    if (node.op == "Mod" && inputs.size() == 2) {
        const bool integer = inputs[0]->type == Type::integer, truncated = node.integer("fmod", 0) != 0;
        return combined(*inputs[0], *inputs[1], inputs[0]->type, budget, [&](const Size& a, const Size& b) { return remainder(a, b, integer, truncated); });
    }
    if (node.op == "Where" && inputs.size() == 3) return chosen(*inputs[0], *inputs[1], *inputs[2], budget);
    for (const Binary& binary : binaries) {
        if (binary.op != node.op) continue;
        if (inputs.size() == 1) charge(inputs[0]->values.size(), budget);
        Tensor result = *inputs[0];
        for (std::size_t i = 1; i < inputs.size(); ++i) {
            const Type type = binary.decides ? Type::boolean : inputs[0]->type;
            const bool integer = inputs[0]->type == Type::integer;
            result = combined(result, *inputs[i], type, budget, [&](const Size& a, const Size& b) { return binary.function(a, b, integer); });
        }
        return result;
    }
    return std::nullopt;
}

}  // namespace costate::nn::onnx
