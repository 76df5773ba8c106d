#include "nn/onnx/write.hpp"

#include "nn/dtype.hpp"
#include "nn/mapped_file.hpp"
#include "nn/onnx/builder.hpp"
#include "nn/onnx/graph.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

namespace costate::nn {

namespace {

using ::onnx::TensorProto;

void add_tensor(::onnx::GraphProto& graph, const Weight& weight) {
    const bool single = std::ranges::all_of(weight.values.storage(), [](double v) { return static_cast<double>(static_cast<float>(v)) == v; });
    if (!single) throw std::invalid_argument("tensor " + in_quotes(weight.name) + " has numbers of double precision, which a model of floats does not hold; convert a network of floats");
    TensorProto& tensor = *graph.add_initializer();
    tensor.set_name(weight.name);
    tensor.set_data_type(TensorProto::FLOAT);
    for (const std::size_t n : weight.values.shape()) tensor.add_dims(static_cast<std::int64_t>(n));
    std::string raw(weight.values.size() * sizeof(float), '\0');
    encode(DType::f32, std::span(weight.values.data(), weight.values.size()), std::as_writable_bytes(std::span(raw)));
    tensor.set_raw_data(std::move(raw));
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

/// The layers with values renamed so that none is called as a tensor is, t as a list of one number, and the last one u.
void add_layers(::onnx::GraphProto& graph, const NetworkDescription& about) {
    onnx::Builder builder(graph);
    std::map<std::string, std::string> names{{"x", "x"}};
    std::set<std::string> taken{"x", "t", "u"};
    for (const TensorProto& tensor : graph.initializer()) taken.insert(tensor.name());
    for (const Layer& layer : about.layers) taken.insert(layer.out);
    for (const std::string& name : taken) builder.take(name);
    if (reads(about, "t")) names["t"] = builder.node("Unsqueeze", {"t", builder.integers({1})});
    for (const Layer& layer : about.layers) {
        Layer renamed = layer;
        for (std::string& in : renamed.in) in = names.at(in);
        const bool last = &layer == &about.layers.back(), tensor = std::ranges::any_of(graph.initializer(), [&](const TensorProto& t) { return t.name() == layer.out; });
        renamed.out = last ? "u" : tensor || layer.out == "u" ? "layer " + std::to_string(names.size()) + ": " + layer.out : layer.out;
        names[layer.out] = renamed.out;
        onnx::write_layer(builder, renamed);
    }
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
        for (const Weight& weight : network.parameters) add_tensor(graph, weight);
        for (const Weight& weight : network.constants)
            if (network.find_parameter(weight.name) == nullptr) add_tensor(graph, weight);
        add_layers(graph, about);
        add_metadata(model, about);
        std::string bytes;
        if (!model.SerializeToString(&bytes)) throw std::invalid_argument("it is larger than the 2^31 bytes that an ONNX file may have; write a safetensors file");
        write_whole(file, std::as_bytes(std::span(bytes)));
    } catch (const std::invalid_argument& problem) {
        throw OnnxError(file, problem.what());
    } catch (const std::runtime_error& problem) {
        throw OnnxError(file, problem.what());
    }
}

}  // namespace costate::nn
