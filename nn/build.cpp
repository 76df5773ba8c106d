#include "nn/build.hpp"

#include "nn/weights.hpp"
#include "scalar/philox.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace costate::nn {

namespace {

// Fowler, Noll and Vo's 1a, 64 bits
std::uint64_t hash(std::string_view text) {
    std::uint64_t value = 0xcbf29ce484222325;
    for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return value;
}

constexpr std::array<std::uint32_t, 2> halves(std::uint64_t value) {
    return {static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32)};
}

// On [-1, 1), 53 bits.
double symmetric(std::uint32_t high, std::uint32_t low) {
    const std::uint64_t bits = ((std::uint64_t{high} << 32) | low) >> 11;
    return std::ldexp(static_cast<double>(bits), -52) - 1;
}

std::vector<std::size_t> shape_of(const Array& values) {
    return {values.shape().begin(), values.shape().end()};
}

std::invalid_argument wrong(const Layer& layer, const std::string& sentence) {
    return std::invalid_argument("NetworkBuilder: the layer " + in_quotes(layer.out) + " (" + in_quotes(layer.op) + ") " + sentence);
}

/// The layers that the value depends on, in their order; the last one writes it.
std::vector<Layer> needed(const std::vector<Layer>& layers, const std::string& value) {
    std::set<std::string> wanted{value};
    std::vector<Layer> kept;
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer)
        if (wanted.contains(layer->out)) {
            wanted.insert(layer->in.begin(), layer->in.end());
            kept.push_back(*layer);
        }
    std::ranges::reverse(kept);
    return kept;
}

}  // namespace

NetworkBuilder::NetworkBuilder(Purpose purpose, std::uint64_t seed) : purpose_(std::move(purpose)), seed_(seed) {}

Array NetworkBuilder::uniform(std::string_view tensor, const std::vector<std::size_t>& shape, double bound) const {
    Array values(Array::shape_type(shape.begin(), shape.end()));
    const auto name = halves(hash(tensor));
    for (std::size_t i = 0; i < values.size(); i += 2) {
        const auto block = halves(i / 2);
        const auto words = philox({block[0], block[1], name[0], name[1]}, halves(seed_));
        values.flat(i) = bound * symmetric(words[0], words[1]);
        if (i + 1 < values.size()) values.flat(i + 1) = bound * symmetric(words[2], words[3]);
    }
    return values;
}

Value NetworkBuilder::layer(std::string_view op, const std::vector<Value>& in, const LayerNumbers& numbers, const std::vector<NewTensor>& tensors) {
    Layer layer{.op = std::string(op), .in = {}, .out = free_name(op, tensors), .texts = {}, .numbers = numbers};
    const LayerKind* kind = find_layer_kind(op);
    if (kind == nullptr) throw wrong(layer, "needs an op that does not exist; docs/networks.md names those that do");
    if (in.size() < kind->least_inputs || in.size() > kind->most_inputs)
        throw wrong(layer, "reads " + std::to_string(in.size()) + " values; it has to read from " + std::to_string(kind->least_inputs) + " to " +
                               std::to_string(kind->most_inputs));
    for (const Value& value : in) {
        check_belongs(value);
        layer.in.push_back(value.name());
        layer.in_shapes.push_back(value.shape());
    }
    for (const NewTensor& tensor : tensors) layer.texts[tensor.role] = tensor.name, layer.tensor_shapes[tensor.role] = shape_of(tensor.values);
    complete(layer, *kind);
    try {
        layer.out_shape = kind->shape(layer);
    } catch (const LayerError& error) {
        throw wrong(layer, error.what());
    }
    add_tensors(layer, tensors);
    names_.insert(layer.out);
    layer.numbers = numbers;  // a file says what was given
    layers_.push_back(layer);
    return {*this, layer.out, layer.out_shape};
}

void NetworkBuilder::check_belongs(const Value& value) const {
    if (&value.builder() != this)
        throw std::invalid_argument("NetworkBuilder: the value " + in_quotes(value.name()) + " belongs to another builder; build a network with one");
}

void NetworkBuilder::complete(Layer& layer, const LayerKind& kind) const {
    for (const auto& [key, value] : layer.numbers) {
        const auto role = std::ranges::find(kind.numbers, std::string_view(key), &NumberRole::name);
        if (role == kind.numbers.end()) throw wrong(layer, "has the number " + in_quotes(key) + ", which the op does not know; remove it");
        if (!(value >= role->least && value <= role->most) || (role->counts && value != std::floor(value)))
            throw wrong(layer, "has a " + in_quotes(key) + " that is none of the numbers it may be; correct it");
    }
    for (const NumberRole& role : kind.numbers) {
        if (role.required && !layer.numbers.contains(role.name)) throw wrong(layer, "has no number " + in_quotes(role.name) + "; give it");
        layer.numbers.try_emplace(std::string(role.name), role.otherwise);
    }
    for (const TensorRole& role : kind.roles)
        if (role.required && !layer.texts.contains(role.name)) throw wrong(layer, "has no " + in_quotes(role.name) + "; give the tensor");
}

void NetworkBuilder::add_tensors(Layer& layer, const std::vector<NewTensor>& tensors) {
    for (const NewTensor& tensor : tensors) {
        const auto [at, fresh] = index_.try_emplace(tensor.name, tensors_.size());
        if (fresh) tensors_.push_back(tensor);
        else if (const auto before = shape_of(tensors_[at->second].values); before != shape_of(tensor.values))
            throw wrong(layer, "wants the tensor " + in_quotes(tensor.name) + " of the shape " + shape_text(shape_of(tensor.values)) + ", which exists as " +
                                   shape_text(before) + "; choose another name");
    }
}

std::string NetworkBuilder::free_name(std::string_view op, const std::vector<NewTensor>& tensors) const {
    std::string name(op);
    if (!tensors.empty()) name = tensors[0].name.substr(0, tensors[0].name.rfind('.'));
    if (!names_.contains(name)) return name;
    std::size_t number = 2;
    while (names_.contains(name + "_" + std::to_string(number))) ++number;
    return name + "_" + std::to_string(number);
}

Network NetworkBuilder::network(const Value& u) const {
    check_belongs(u);
    std::vector<Layer> layers = needed(layers_, u.name());
    if (layers.empty()) throw std::invalid_argument("NetworkBuilder: the result is " + in_quotes(u.name()) + " itself; give the result of a layer");
    layers.back().out = "u";
    std::set<std::string> used;
    for (const Layer& layer : layers)
        for (const auto& [role, tensor] : layer.texts) used.insert(tensor);
    std::vector<TensorToWrite> tensors;
    for (const NewTensor& tensor : tensors_)
        if (used.contains(tensor.name)) tensors.push_back({tensor.name, tensor.values, DType::f64});
    const Metadata metadata{{"costate.format", "1"},
                            {"architecture", format_architecture(layers)},
                            {"input_shape", shape_text(purpose_.input_shape)},
                            {"parametrisation", purpose_.parametrisation},
                            {"path", purpose_.path}};
    return read_network(SafetensorsFile("a network built in C++", safetensors_bytes(tensors, metadata)));
}

}  // namespace costate::nn
