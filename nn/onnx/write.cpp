#include "nn/onnx/write.hpp"

#include "nn/dtype.hpp"
#include "nn/mapped_file.hpp"
#include "nn/onnx/builder.hpp"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <set>

namespace costate::nn {

namespace {

using ::onnx::TensorProto;

void fill(TensorProto& tensor, const std::string& name, std::span<const std::size_t> shape, std::span<const double> values) {
    if (!std::ranges::all_of(values, [](double v) { return static_cast<double>(static_cast<float>(v)) == v; }))
        throw std::invalid_argument("tensor " + in_quotes(name) +
                                    " has numbers of double precision, which a model of floats does not hold; convert a network of floats");
    tensor.set_name(name);
    tensor.set_data_type(TensorProto::FLOAT);
    for (const std::size_t n : shape) tensor.add_dims(static_cast<std::int64_t>(n));
    std::string raw(values.size() * sizeof(float), '\0');
    encode(DType::f32, values, std::as_writable_bytes(std::span(raw)));
    tensor.set_raw_data(std::move(raw));
}

/// Initialisers are weights, what nodes of constants give is none.
TensorProto& constant(::onnx::GraphProto& graph, const std::string& name) {
    auto& node = *graph.add_node();
    node.set_op_type("Constant");
    node.set_name("constant " + std::to_string(graph.node_size()));
    node.add_output(name);
    auto& attribute = *node.add_attribute();
    attribute.set_name("value");
    attribute.set_type(::onnx::AttributeProto::TENSOR);
    return *attribute.mutable_t();
}

void add_weights(::onnx::GraphProto& graph, const Network& network) {
    const auto fill_with = [](TensorProto& tensor, const Weight& weight) {
        const std::vector<std::size_t> shape(weight.values.shape().begin(), weight.values.shape().end());
        fill(tensor, weight.name, shape, std::span(weight.values.data(), weight.values.size()));
    };
    for (const Weight& weight : network.parameters) fill_with(*graph.add_initializer(), weight);
    for (const Weight& weight : network.constants)
        if (network.find_parameter(weight.name) == nullptr) fill_with(constant(graph, weight.name), weight);
}

void add_value(::onnx::ValueInfoProto& value, const std::string& name, std::span<const std::size_t> sample) {
    value.set_name(name);
    auto& type = *value.mutable_type()->mutable_tensor_type();
    type.set_elem_type(TensorProto::FLOAT);
    type.mutable_shape()->add_dim()->set_dim_param("N");
    for (const std::size_t n : sample) type.mutable_shape()->add_dim()->set_dim_value(static_cast<std::int64_t>(n));
}

bool reads(const NetworkDescription& description, const std::string& value) {
    return std::ranges::any_of(description.layers, [&](const Layer& layer) { return std::ranges::find(layer.in, value) != layer.in.end(); });
}

void add_metadata(::onnx::ModelProto& model, const NetworkDescription& about) {
    Metadata metadata = about.metadata;
    for (const char* key : {"architecture", "costate.format", "input_shape"}) metadata.erase(key);
    metadata["parametrisation"] = about.parametrisation;
    metadata["path"] = about.path;
    for (const auto& [key, text] : metadata) {
        auto& entry = *model.add_metadata_props();
        entry.set_key(key);
        entry.set_value(text);
    }
}

void add_attribute(::onnx::NodeProto& node, const std::string& name, const onnx::Attribute& attribute) {
    auto& proto = *node.add_attribute();
    proto.set_name(name);
    if (attribute.integer) proto.set_type(::onnx::AttributeProto::INT), proto.set_i(*attribute.integer);
    if (attribute.real) proto.set_type(::onnx::AttributeProto::FLOAT), proto.set_f(static_cast<float>(*attribute.real));
    if (attribute.text) proto.set_type(::onnx::AttributeProto::STRING), proto.set_s(*attribute.text);
    if (!attribute.integers) return;
    proto.set_type(::onnx::AttributeProto::INTS);
    for (const std::int64_t v : *attribute.integers) proto.add_ints(v);
}

void add_nodes(::onnx::GraphProto& graph, const onnx::Builder& builder) {
    for (const onnx::Tensor& tensor : builder.tensors) {
        TensorProto& proto = constant(graph, tensor.name);
        proto.set_name(tensor.name);
        proto.set_data_type(tensor.type == onnx::Type::integer ? TensorProto::INT64 : TensorProto::FLOAT);
        for (const std::size_t n : tensor.shape) proto.add_dims(static_cast<std::int64_t>(n));
        for (const double v : tensor.values) {
            if (tensor.type == onnx::Type::integer) proto.add_int64_data(static_cast<std::int64_t>(v));
            else proto.add_float_data(static_cast<float>(v));
        }
    }
    for (const onnx::Node& node : builder.nodes) {
        auto& proto = *graph.add_node();
        proto.set_op_type(node.op);
        proto.set_name(node.name);
        for (const std::string& in : node.inputs) proto.add_input(in);
        for (const std::string& out : node.outputs) proto.add_output(out);
        for (const auto& [name, attribute] : node.attributes) add_attribute(proto, name, attribute);
    }
}

/// The layers with values renamed so that none is called as a tensor is, t as a list of one number, and the last one u.
void add_layers(::onnx::GraphProto& graph, const NetworkDescription& about) {
    onnx::Builder builder;
    std::map<std::string, std::string> names{{"x", "x"}};
    std::set<std::string> tensors, taken{"x", "t", "u"};
    for (const TensorProto& tensor : graph.initializer()) tensors.insert(tensor.name());
    for (const auto& node : graph.node()) tensors.insert(node.output(0));
    taken.insert(tensors.begin(), tensors.end());
    for (const Layer& layer : about.layers) taken.insert(layer.out);
    for (const std::string& name : taken) builder.take(name);
    if (reads(about, "t")) names["t"] = builder.node("Unsqueeze", {"t", builder.integers({1})});
    for (const Layer& layer : about.layers) {
        Layer renamed = layer;
        for (std::string& in : renamed.in) in = names.at(in);
        const bool last = &layer == &about.layers.back();
        renamed.out = last ? "u" : tensors.contains(layer.out) || layer.out == "u" ? "layer " + std::to_string(names.size()) + ": " + layer.out : layer.out;
        names[layer.out] = renamed.out;
        onnx::write_layer(builder, renamed);
    }
    add_nodes(graph, builder);
}

}  // namespace

void write_onnx(const std::filesystem::path& file, const Network& network) {
    try {
        const NetworkDescription& about = network.description;
        ::onnx::ModelProto model;
        model.set_ir_version(8);
        model.set_producer_name("costate");
        model.add_opset_import()->set_version(17);
        auto& graph = *model.mutable_graph();
        graph.set_name("network");
        add_value(*graph.add_input(), "x", about.input_shape);
        if (reads(about, "t")) add_value(*graph.add_input(), "t", {});
        add_value(*graph.add_output(), "u", about.layers.back().out_shape);
        add_weights(graph, network);
        add_layers(graph, about);
        add_metadata(model, about);
        std::string bytes;
        if (!model.SerializeToString(&bytes))
            throw std::invalid_argument("it is larger than the 2^31 bytes that an ONNX file may have; write a safetensors file");
        write_whole(file, std::as_bytes(std::span(bytes)));
    } catch (const std::invalid_argument& problem) {
        throw OnnxError(file, problem.what());
    } catch (const std::runtime_error& problem) {
        throw OnnxError(file, problem.what());
    }
}

}  // namespace costate::nn
