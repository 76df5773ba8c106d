// Sums and products that are part of one layer here: activations, biases and scales of the layer before, numbers added to channels.
#include "nn/onnx/translation.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace costate::nn::onnx {

namespace {

bool close(double a, double b) { return std::abs(a - b) <= 1e-6 * std::abs(b); }

/// scale and shift of an affine layer.
double number(const Layer& layer, std::string_view key) { return layer.numbers.find(key)->second; }

/// Where a value is φ(x) of a layer φ, that layer.
const Layer* layer_of(const Emitter& emitter, const Value& value, std::string_view op) {
    const Layer* layer = value.known() ? nullptr : emitter.source(value.layer);
    return layer && layer->op == op ? layer : nullptr;
}

/// The axis of a sample that holds what a layer makes for each entry of its bias: features are the last axis, channels the first.
std::optional<std::size_t> bias_axis(const Layer& layer, std::size_t rank) {
    if (rank == 0) return std::nullopt;
    if (layer.op == "linear" || layer.op == "layernorm" || layer.op == "rmsnorm") return rank - 1;
    if (layer.op == "conv2d" || layer.op == "conv_transpose2d" || layer.op == "groupnorm") return 0;
    return std::nullopt;
}

/// Whether a value is x/√2.
bool root_of_half(const Emitter& emitter, const std::string& value, const std::string& x) {
    const Layer* divided = emitter.source(value);
    return divided && divided->op == "affine" && emitter.origin(divided->in[0]) == x && number(*divided, "shift") == 0 &&
           close(number(*divided, "scale"), std::numbers::sqrt2 / 2);
}

}  // namespace

/// The layer before x with its weight or its bias: x is a linear map or a norm that has none yet, the tensor one number for each output.
std::optional<Value> Translation::absorbed(const Value& x, const Value& with, bool bias) {
    if (x.known() || !with.known() || with.constant->type != Type::real || with.rank() > x.rank()) return std::nullopt;
    const Layer* before = emitter.source(x.layer);
    const Shape sample = x.sample();
    const auto axis = before ? bias_axis(*before, sample.size()) : std::nullopt;
    if (!axis || before->texts.contains("bias") || (!bias && (before->texts.contains("weight") || before->op == "linear"))) return std::nullopt;
    if (!bias && before->op.starts_with("conv")) return std::nullopt;
    Shape wanted(x.rank(), 1);
    const std::size_t place = x.batch_dropped() && *axis >= *x.batch_axis ? *axis + 1 : *axis;
    wanted[place] = sample[*axis];
    wanted.erase(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(x.rank() - with.rank()));
    if (with.dims != wanted || sample[*axis] != with.constant->values.size()) return std::nullopt;
    const Shape written = emitter.shape(before->out);
    Layer layer{before->op, before->in, {}, before->texts, before->numbers, before->lists};
    if (layer.op == "groupnorm" && !layer.texts.contains("weight")) {
        if (sample[0] % static_cast<std::size_t>(number(layer, "groups")) != 0) return std::nullopt;
        const std::string in = layer.in[0];
        layer.in = {emitter.reshaped(in, {sample[0], 1, count_of(sample) / sample[0]})};
        if (const Shape whole = emitter.shape(emitter.origin(in)); whole.size() == 3 && whole[0] == sample[0]) layer.in = {emitter.origin(in)};
    } else if (written[layer.op == "linear" || layer.op == "layernorm" || layer.op == "rmsnorm" ? written.size() - 1 : 0] != sample[*axis]) {
        return std::nullopt;
    }
    const std::string role = bias ? "bias" : "weight";
    layer.texts[role] = weight(*with.constant, {sample[*axis]}, role);
    Value result = x;
    result.layer = emitter.write(std::move(layer));
    return result;
}

/// x sigmoid(x), x tanh(softplus(x)) stays as it is.
std::optional<Value> Translation::activation(const Value& a, const Value& b) {
    for (const auto& [x, s] : {std::pair(&a, &b), std::pair(&b, &a)}) {
        const Layer* gate = layer_of(emitter, *s, "sigmoid");
        if (gate && !x->known() && x->dims == s->dims && emitter.origin(gate->in[0]) == emitter.origin(x->layer)) return unary("silu", *x);
    }
    return gelu(a, b);
}

/// x · ½ · (1 + erf(x/√2)), its factors in any order.
std::optional<Value> Translation::gelu(const Value& a, const Value& b) {
    double scale = 1;
    const Layer* gate = nullptr;
    std::string x;
    const auto take = [&](const std::string& name) {
        std::string at = name;
        const Layer* layer = emitter.source(at);
        if (layer && layer->op == "affine" && number(*layer, "scale") != 0) {
            const Layer* inside = emitter.source(layer->in[0]);
            if (inside && inside->op == "erf" && close(number(*layer, "scale"), number(*layer, "shift"))) {
                scale *= number(*layer, "scale");
                gate = inside;
                return;
            }
            if (number(*layer, "shift") == 0) {
                scale *= number(*layer, "scale");
                at = layer->in[0];
            }
        }
        x = emitter.origin(at);
    };
    const auto take_product = [&](const Value& value) {
        const Layer* product = emitter.source(value.layer);
        const double outside = product && product->op == "affine" && number(*product, "shift") == 0 ? number(*product, "scale") : 1;
        if (outside != 1 && emitter.source(product->in[0])) product = emitter.source(product->in[0]);
        if (!product || product->op != "mul") return false;
        scale *= outside;
        for (const std::string& factor : product->in) take(factor);
        return true;
    };
    if (b.known()) {
        const auto s = scalar(b);
        if (!s || a.known() || !take_product(a)) return std::nullopt;
        scale *= *s;
    } else if (!a.known() && a.dims == b.dims) {
        take(a.layer);
        take(b.layer);
    }
    if (!gate || x.empty() || !close(scale, 0.5) || !root_of_half(emitter, gate->in[0], x)) return std::nullopt;
    return layer("gelu", {emitter.reshaped(x, a.sample())}, a);
}

/// channels × height × width plus channels × 1 × 1.
std::optional<Value> Translation::channels_added(const Value& a, const Value& b) {
    for (const auto& [x, c] : {std::pair(&a, &b), std::pair(&b, &a)}) {
        if (x->known() || c->known() || x->rank() != 4 || c->rank() != 4 || !x->batch_dropped() || !c->batch_dropped()) continue;
        const Shape image = x->sample(), numbers = c->sample();
        if (*x->batch_axis != 0 || *c->batch_axis != 0 || numbers != Shape{image[0], 1, 1} || image[1] * image[2] == 1) continue;
        return layer("add_channel", {read(*x), read(*c, {image[0]})}, *x);
    }
    return std::nullopt;
}

Value Translation::add(const Value& a, const Value& b) {
    if (auto whole = absorbed(a, b, true)) return *whole;
    if (auto whole = absorbed(b, a, true)) return *whole;
    if (const auto s = scalar(b); s && !a.known() && b.rank() <= a.rank()) return affine(a, 1, *s);
    if (const auto s = scalar(a); s && !b.known() && a.rank() <= b.rank()) return affine(b, 1, *s);
    if (auto whole = channels_added(a, b)) return *whole;
    return binary("add", a, b);
}

Value Translation::subtract(const Value& a, const Value& b) {
    if (const auto s = scalar(b); s && !a.known() && b.rank() <= a.rank()) return affine(a, 1, -*s);
    if (const auto s = scalar(a); s && !b.known() && a.rank() <= b.rank()) return affine(b, -1, *s);
    return binary("sub", a, b);
}

Value Translation::multiply(const Value& a, const Value& b) {
    if (auto whole = absorbed(a, b, false)) return *whole;
    if (auto whole = absorbed(b, a, false)) return *whole;
    if (auto whole = activation(a, b)) return *whole;
    if (auto whole = a.known() ? activation(b, a) : std::nullopt) return *whole;
    if (const auto s = scalar(b); s && !a.known() && b.rank() <= a.rank()) return affine(a, *s, 0);
    if (const auto s = scalar(a); s && !b.known() && a.rank() <= b.rank()) return affine(b, *s, 0);
    return binary("mul", a, b);
}

Value Translation::divide(const Value& a, const Value& b) {
    if (const auto s = scalar(b); s && *s != 0 && !a.known() && b.rank() <= a.rank()) return affine(a, 1 / *s, 0);
    if (const auto s = scalar(a); s && !b.known() && a.rank() <= b.rank()) return affine(unary("power", b, {{"exponent", -1}}), *s, 0);
    return binary("div", a, b);
}

}  // namespace costate::nn::onnx
