// A network written in C++: layer by layer the description and the tensors that a file would hold.
#pragma once

#include "nn/network.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace costate::nn {

class NetworkBuilder;

/// A value of a network being built: its name and the shape of a sample. A handle: its builder outlives it.
class Value {
public:
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::vector<std::size_t>& shape() const { return shape_; }
    [[nodiscard]] NetworkBuilder& builder() const { return *builder_; }

private:
    friend class NetworkBuilder;
    Value(NetworkBuilder& builder, std::string name, std::vector<std::size_t> shape)
        : builder_(&builder), name_(std::move(name)), shape_(std::move(shape)) {}

    NetworkBuilder* builder_;
    std::string name_;
    std::vector<std::size_t> shape_;
};

/// What a network reads and what it gives.
struct Purpose {
    std::vector<std::size_t> input_shape;    ///< of x, a sample
    std::string parametrisation = "velocity";  ///< velocity, epsilon, x1 or logits
    std::string path = "cond-ot";              ///< the probability path, or none
};

/// A tensor of a layer: what it is to the layer, its name in the network, its first values.
struct NewTensor {
    std::string role, name;
    Array values;
};

/// What else a layer is told, by the names in docs/networks.md.
struct LayerOptions {
    std::map<std::string, double, std::less<>> numbers = {};
    std::map<std::string, std::vector<std::int64_t>, std::less<>> lists = {};
    std::map<std::string, std::string, std::less<>> texts = {};
};

/// Collects layers; nn/modules.hpp has one function or struct a layer, which is what most programs call. A tensor of the same name in two
/// layers is one tensor. Owned by its caller, in place as long as its Values are used.
class NetworkBuilder {
public:
    /// Tensors begin as the layers say, random ones from the seed.
    explicit NetworkBuilder(Purpose purpose, std::uint64_t seed = 0);
    NetworkBuilder(const NetworkBuilder&) = delete;
    NetworkBuilder& operator=(const NetworkBuilder&) = delete;

    /// The state, and the time (one number).
    [[nodiscard]] Value x() { return {*this, "x", purpose_.input_shape}; }
    [[nodiscard]] Value t() { return {*this, "t", {1}}; }

    /// The result of a layer (docs/networks.md names them), named after its tensors or its op.
    /// Throws std::invalid_argument: one sentence with the layer, for an unknown op, what does not fit, or a value of another builder.
    Value layer(std::string_view op, const std::vector<Value>& in, const LayerOptions& options = {}, const std::vector<NewTensor>& tensors = {});

    /// Uniform on [-bound, bound). A value depends on the seed, the tensor's name and its place in the tensor, not on what else there is.
    [[nodiscard]] Array uniform(std::string_view tensor, const std::vector<std::size_t>& shape, double bound) const;

    /// The same from N(0, 1): √(−2 log u₁) cos 2πu₂ (Box and Muller 1958).
    [[nodiscard]] Array normal(std::string_view tensor, const std::vector<std::size_t>& shape) const;

    /// The network whose result is u: the layers that u depends on, checked as those of a file are; θ in the order of the layers.
    /// Throws NetworkError; std::invalid_argument where u is x or t, or of another builder.
    [[nodiscard]] Network network(const Value& u) const;

private:
    void check_belongs(const Value& value) const;
    std::vector<std::string> add_tensors(Layer& layer, const std::vector<NewTensor>& tensors);
    [[nodiscard]] std::string free_name(std::string_view op, const std::vector<NewTensor>& tensors) const;

    Purpose purpose_;
    std::uint64_t seed_;
    std::vector<Layer> layers_;       // as they were given
    std::vector<NewTensor> tensors_;  // each name once
    TensorShapes shapes_;             // theirs
    LayerChecker checker_;
};

}  // namespace costate::nn
