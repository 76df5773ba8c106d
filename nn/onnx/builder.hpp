// The graph of an ONNX file that is to be written.
#pragma once

#include "nn/layers/layer.hpp"
#include "nn/onnx/graph.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace costate::nn::onnx {

/// Takes the nodes of one layer after the other; every value has N as its first axis, a sample's after it.
class Builder {
public:
    using Integers = std::vector<std::int64_t>;
    using Attributes = std::vector<std::pair<std::string, Attribute>>;
    static std::pair<std::string, Attribute> list(std::string name, Integers values) {
        return with(std::move(name), &Attribute::integers, std::move(values));
    }
    static std::pair<std::string, Attribute> integer(std::string name, std::int64_t value) { return with(std::move(name), &Attribute::integer, value); }
    static std::pair<std::string, Attribute> number(std::string name, double value) { return with(std::move(name), &Attribute::real, value); }
    static std::pair<std::string, Attribute> text(std::string name, std::string value) { return with(std::move(name), &Attribute::text, std::move(value)); }

    std::vector<Node> nodes;
    std::vector<Tensor> tensors;  ///< constants of the nodes

    /// The name of the node's output: `out`, or a new one.
    std::string node(const std::string& op, const std::vector<std::string>& in, const Attributes& attributes = {}, std::string out = {}) {
        if (out.empty()) out = fresh();
        nodes.push_back({op, "n" + std::to_string(nodes.size() + 1), "", in, {out}, {attributes.begin(), attributes.end()}});
        return out;
    }

    std::string integers(const Integers& values) {
        tensors.push_back({fresh(), Type::integer, {values.size()}, {values.begin(), values.end()}, {}, false});
        return tensors.back().name;
    }
    std::string numbers(const std::vector<double>& values, const Shape& shape = {}) {
        tensors.push_back({fresh(), Type::real, shape, values, {}, false});
        return tensors.back().name;
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
        return node("Transpose", {x}, {list("perm", order)}, std::move(out));
    }

private:
    template <class Value>
    static std::pair<std::string, Attribute> with(std::string name, std::optional<Value> Attribute::*member, Value value) {
        std::pair<std::string, Attribute> attribute;
        attribute.first = std::move(name);
        attribute.second.*member = std::move(value);
        return attribute;
    }
    std::string fresh() {
        std::string name;
        do name = "value" + std::to_string(++next_);
        while (taken_.contains(name));
        return name;
    }
    std::set<std::string> taken_;
    std::size_t next_ = 0;
};

/// A layer as nodes, the last of which writes the layer's `out`.
/// Throws std::invalid_argument for a layer that has no like.
void write_layer(Builder& builder, const Layer& layer);

}  // namespace costate::nn::onnx
