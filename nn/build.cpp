#include "nn/build.hpp"

#include "nn/file_error.hpp"
#include "scalar/philox.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <set>
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

NetworkBuilder::NetworkBuilder(Purpose purpose, std::uint64_t seed)
    : purpose_(std::move(purpose)), seed_(seed), checker_(shapes_, {{"x", purpose_.input_shape}, {"t", {1}}}) {}

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

Array NetworkBuilder::normal(std::string_view tensor, const std::vector<std::size_t>& shape) const {
    std::vector<std::size_t> twice = shape;
    twice.push_back(2);
    const Array pairs = uniform(tensor, twice, 1);
    Array values(Array::shape_type(shape.begin(), shape.end()));
    for (std::size_t i = 0; i < values.size(); ++i)  // 1 - u is in (0, 1]
        values.flat(i) = std::sqrt(-2 * std::log((1 - pairs.flat(2 * i)) / 2)) * std::cos(std::numbers::pi * pairs.flat(2 * i + 1));
    return values;
}

Value NetworkBuilder::layer(std::string_view op, const std::vector<Value>& in, const LayerOptions& options, const std::vector<NewTensor>& tensors) {
    Layer layer{.op = std::string(op), .in = {}, .out = free_name(op, tensors), .texts = options.texts, .numbers = options.numbers, .lists = options.lists};
    if (find_layer_kind(op) == nullptr) throw wrong(layer, "needs an op that does not exist; docs/networks.md names those that do");
    for (const Value& value : in) {
        check_belongs(value);
        layer.in.push_back(value.name());
    }
    const auto fresh = add_tensors(layer, tensors);
    Layer checked = layer;
    try {
        checker_.add(checked);
    } catch (const LayerError& error) {
        for (const std::string& name : fresh) shapes_.erase(name);
        tensors_.resize(tensors_.size() - fresh.size());
        throw wrong(layer, error.what());
    }
    layers_.push_back(std::move(layer));
    return {*this, checked.out, checked.out_shape};
}

void NetworkBuilder::check_belongs(const Value& value) const {
    if (&value.builder() != this)
        throw std::invalid_argument("NetworkBuilder: the value " + in_quotes(value.name()) + " belongs to another builder; build a network with one");
}

/// The names that are new.
std::vector<std::string> NetworkBuilder::add_tensors(Layer& layer, const std::vector<NewTensor>& tensors) {
    for (const NewTensor& tensor : tensors)
        if (const auto before = shapes_.find(tensor.name); before != shapes_.end() && before->second != shape_of(tensor.values))
            throw wrong(layer, "wants the tensor " + in_quotes(tensor.name) + " of the shape " + shape_text(shape_of(tensor.values)) + ", which exists as " +
                                   shape_text(before->second) + "; choose another name");
    std::vector<std::string> fresh;
    for (const NewTensor& tensor : tensors) {
        layer.texts[tensor.role] = tensor.name;
        if (!shapes_.try_emplace(tensor.name, shape_of(tensor.values)).second) continue;
        fresh.push_back(tensor.name);
        tensors_.push_back(tensor);
    }
    return fresh;
}

std::string NetworkBuilder::free_name(std::string_view op, const std::vector<NewTensor>& tensors) const {
    std::string name(op);
    if (!tensors.empty()) name = tensors[0].name.substr(0, tensors[0].name.rfind('.'));
    const auto taken = [&](const std::string& value) { return value == "u" || checker_.knows(value); };
    if (!taken(name)) return name;
    std::size_t number = 2;
    while (taken(name + "_" + std::to_string(number))) ++number;
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
    std::vector<std::pair<std::string, std::vector<std::size_t>>> tensors;
    for (const NewTensor& tensor : tensors_)
        if (used.contains(tensor.name)) tensors.emplace_back(tensor.name, shape_of(tensor.values));
    Network network{.file = "a network built in C++", .description = {}, .parameters = {}, .constants = {}};
    NetworkDescription& about = network.description;
    about.layers = std::move(layers);
    about.input_shape = purpose_.input_shape;
    about.parametrisation = purpose_.parametrisation;
    about.path = purpose_.path;
    nn::complete(network.file, tensors, about);
    const auto values = [&](const std::string& name) { return std::ranges::find(tensors_, name, &NewTensor::name)->values; };
    for (const std::string& name : about.parameters) network.parameters.push_back({name, values(name), network.parameter_count()});
    for (const std::string& name : about.constants) network.constants.push_back({name, values(name), 0});
    return network;
}

}  // namespace costate::nn
