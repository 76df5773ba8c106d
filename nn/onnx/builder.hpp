// Nodes and initialisers of an ONNX graph that is written; names protobuf, so only what writes ONNX includes it.
#pragma once

#include "nn/layers/layer.hpp"

#include <onnx/onnx_pb.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace costate::nn::onnx {

/// Writes the nodes of one layer after the other; every value has N as its first axis, a sample's after it.
class Builder {
public:
    explicit Builder(::onnx::GraphProto& graph) : graph_(graph) {}

    using Integers = std::vector<std::int64_t>;
    struct Attribute {
        std::string name;
        Integers integers = {};
        std::string text = {};
        std::optional<double> real = {};
        bool list = true;
    };
    static Attribute integer(std::string name, std::int64_t value) { return {std::move(name), {value}, {}, {}, false}; }
    static Attribute number(std::string name, double value) { return {std::move(name), {}, {}, value, false}; }
    static Attribute text(std::string name, std::string value) { return {std::move(name), {}, std::move(value), {}, false}; }

    /// The name of the node's output: `out`, or a new one.
    std::string node(const std::string& op, const std::vector<std::string>& in, const std::vector<Attribute>& attributes = {}, std::string out = {}) {
        auto& made = *graph_.add_node();
        made.set_op_type(op);
        if (out.empty()) out = fresh();
        made.set_name("n" + std::to_string(graph_.node_size()));
        for (const std::string& name : in) made.add_input(name);
        made.add_output(out);
        for (const Attribute& a : attributes) add(*made.add_attribute(), a);
        return out;
    }

    std::string integers(const Integers& values) {
        auto& tensor = initialiser(::onnx::TensorProto::INT64);
        tensor.add_dims(static_cast<std::int64_t>(values.size()));
        for (const std::int64_t v : values) tensor.add_int64_data(v);
        return tensor.name();
    }
    std::string numbers(const std::vector<double>& values, const std::vector<std::size_t>& shape = {}) {
        auto& tensor = initialiser(::onnx::TensorProto::FLOAT);
        for (const std::size_t n : shape) tensor.add_dims(static_cast<std::int64_t>(n));
        for (const double v : values) tensor.add_float_data(static_cast<float>(v));
        return tensor.name();
    }
    /// Names that are taken.
    void take(const std::string& name) { taken_.insert(name); }

    std::string reshape(const std::string& x, const std::vector<std::size_t>& sample, std::string out = {}) {
        Integers shape{-1};
        shape.insert(shape.end(), sample.begin(), sample.end());
        return node("Reshape", {x, integers(shape)}, {}, std::move(out));
    }
    std::string transpose(const std::string& x, const std::vector<std::size_t>& axes, std::string out = {}) {
        Integers order{0};
        for (const std::size_t a : axes) order.push_back(static_cast<std::int64_t>(a) + 1);
        return node("Transpose", {x}, {{"perm", order}}, std::move(out));
    }

private:
    static void add(::onnx::AttributeProto& proto, const Attribute& a) {
        proto.set_name(a.name);
        if (a.real) proto.set_type(::onnx::AttributeProto::FLOAT), proto.set_f(static_cast<float>(*a.real));
        else if (!a.text.empty()) proto.set_type(::onnx::AttributeProto::STRING), proto.set_s(a.text);
        else if (!a.list) proto.set_type(::onnx::AttributeProto::INT), proto.set_i(a.integers[0]);
        else {
            proto.set_type(::onnx::AttributeProto::INTS);
            for (const std::int64_t v : a.integers) proto.add_ints(v);
        }
    }
    std::string fresh() {
        std::string name;
        do name = "value" + std::to_string(++next_);
        while (taken_.contains(name));
        return name;
    }
    ::onnx::TensorProto& initialiser(int type) {
        auto& tensor = *graph_.add_initializer();
        tensor.set_name(fresh());
        tensor.set_data_type(type);
        return tensor;
    }

    ::onnx::GraphProto& graph_;
    std::set<std::string> taken_;
    std::size_t next_ = 0;
};

/// Writes a layer as nodes, the last of which writes the layer's `out`. `in` are the values it reads, `tensors` its tensors by role.
/// Throws std::invalid_argument for a layer that has no like.
void write_layer(Builder& builder, const Layer& layer);

}  // namespace costate::nn::onnx
