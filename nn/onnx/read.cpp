#include "nn/onnx/read.hpp"

#include "nn/dtype.hpp"
#include "nn/mapped_file.hpp"
#include "nn/onnx/arguments.hpp"
#include "nn/onnx/operators.hpp"
#include "nn/onnx/scan.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

#include <array>
#include <charconv>
#include <cstring>
#include <limits>

namespace costate::nn::onnx {

namespace {

using ::onnx::AttributeProto;
using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::TensorProto;

constexpr std::int64_t last_opset = 20, last_checked = 17, last_ir = 8;
constexpr std::size_t longest_name = 512, largest_file = std::numeric_limits<std::int32_t>::max();

template <class Message>
bool parse(Message& message, std::span<const std::byte> bytes) {
    google::protobuf::io::ArrayInputStream raw(bytes.data(), static_cast<int>(bytes.size()));
    google::protobuf::io::CodedInputStream in(&raw);
    in.SetTotalBytesLimit(std::numeric_limits<int>::max());
    in.SetRecursionLimit(40);
    return message.ParseFromCodedStream(&in) && in.ConsumedEntireMessage();
}

Type type_of(int data_type) {
    switch (data_type) {
        case TensorProto::FLOAT:
        case TensorProto::DOUBLE:
        case TensorProto::FLOAT16:
        case TensorProto::BFLOAT16:
            return Type::real;
        case TensorProto::INT8:
        case TensorProto::INT16:
        case TensorProto::INT32:
        case TensorProto::INT64:
        case TensorProto::UINT8:
        case TensorProto::UINT16:
        case TensorProto::UINT32:
        case TensorProto::UINT64:
            return Type::integer;
        case TensorProto::BOOL:
            return Type::boolean;
        default:
            return Type::other;
    }
}

template <class Stored>
std::vector<double> integers(std::string_view raw) {
    std::vector<double> values(raw.size() / sizeof(Stored));
    for (std::size_t i = 0; i < values.size(); ++i) {
        Stored value;
        std::memcpy(&value, raw.data() + i * sizeof(Stored), sizeof(Stored));
        values[i] = static_cast<double>(value);
    }
    return values;
}

std::vector<double> reals(DType format, std::string_view raw) {
    std::vector<double> values(raw.size() / width(format));
    (void)decode(format, std::as_bytes(std::span(raw.data(), values.size() * width(format))), values);
    return values;
}

std::vector<double> from_raw(int type, std::string_view raw) {
    switch (type) {
        case TensorProto::FLOAT:
            return reals(DType::f32, raw);
        case TensorProto::DOUBLE:
            return reals(DType::f64, raw);
        case TensorProto::FLOAT16:
            return reals(DType::f16, raw);
        case TensorProto::BFLOAT16:
            return reals(DType::bf16, raw);
        case TensorProto::INT8:
            return integers<std::int8_t>(raw);
        case TensorProto::INT16:
            return integers<std::int16_t>(raw);
        case TensorProto::INT32:
            return integers<std::int32_t>(raw);
        case TensorProto::INT64:
            return integers<std::int64_t>(raw);
        case TensorProto::UINT16:
            return integers<std::uint16_t>(raw);
        case TensorProto::UINT32:
            return integers<std::uint32_t>(raw);
        case TensorProto::UINT64:
            return integers<std::uint64_t>(raw);
        default:
            return integers<std::uint8_t>(raw);
    }
}

std::vector<double> from_fields(const TensorProto& tensor) {
    const auto copy = [](const auto& field) { return std::vector<double>(field.begin(), field.end()); };
    switch (tensor.data_type()) {
        case TensorProto::FLOAT:
            return copy(tensor.float_data());
        case TensorProto::DOUBLE:
            return copy(tensor.double_data());
        case TensorProto::INT64:
            return copy(tensor.int64_data());
        case TensorProto::UINT32:
        case TensorProto::UINT64:
            return copy(tensor.uint64_data());
        case TensorProto::FLOAT16:
        case TensorProto::BFLOAT16: {
            std::string raw(2 * static_cast<std::size_t>(tensor.int32_data_size()), '\0');
            for (int i = 0; i < tensor.int32_data_size(); ++i) {
                const auto bits = static_cast<std::uint16_t>(tensor.int32_data(i));
                std::memcpy(raw.data() + 2 * static_cast<std::size_t>(i), &bits, 2);
            }
            return from_raw(tensor.data_type(), raw);
        }
        default:
            return copy(tensor.int32_data());
    }
}

/// Names are repeated in what is made of them, so that long ones would take more memory than a file has bytes.
const std::string& checked_name(const std::string& name) {
    if (name.size() > longest_name)
        throw GraphError("the model has a name of " + std::to_string(name.size()) + " bytes, more than 512; export it with shorter names");
    return name;
}

Tensor tensor_of(const TensorProto& proto) {
    Tensor tensor;
    tensor.name = checked_name(proto.name());
    const auto wrong = [&](const std::string& what) { return GraphError("tensor " + in_quotes(proto.name()) + " " + what); };
    if (proto.external_data_size() > 0 || proto.data_location() == TensorProto::EXTERNAL)
        throw wrong("keeps its data in another file, which is not opened; export the network with its weights inside");
    if (proto.has_segment()) throw wrong("is one segment of several; export the network again");
    tensor.type = type_of(proto.data_type());
    std::size_t size = 1;
    for (const std::int64_t axis : proto.dims()) {
        if (axis < 0 || (axis > 0 && size > largest_file / static_cast<std::size_t>(axis)) || tensor.shape.size() == 16)
            throw wrong("has an axis of " + std::to_string(axis) + ", a size beyond 2^31 or more than 16 axes; export the network again");
        tensor.shape.push_back(static_cast<std::size_t>(axis));
        size *= static_cast<std::size_t>(axis);
    }
    if (tensor.type == Type::other) return tensor;  // a node that needs its numbers says so
    tensor.values = proto.has_raw_data() ? from_raw(proto.data_type(), proto.raw_data()) : from_fields(proto);
    if (tensor.values.size() != size)
        throw wrong("has " + std::to_string(tensor.values.size()) + " numbers where its shape needs " + std::to_string(size) +
                    "; the file is damaged: export it again");
    return tensor;
}

/// The number whose shortest decimal a float is: 1e-5 for the float nearest to it, which is what its author wrote.
double as_written(float value) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    double result = value;
    std::from_chars(text.data(), end, result);
    return result;
}

Attribute attribute_of(const AttributeProto& proto) {
    Attribute attribute;
    switch (proto.type()) {
        case AttributeProto::INT:
            attribute.integer = proto.i();
            break;
        case AttributeProto::FLOAT:
            attribute.real = as_written(proto.f());
            break;
        case AttributeProto::STRING:
            attribute.text = proto.s();
            break;
        case AttributeProto::INTS:
            attribute.integers.emplace(proto.ints().begin(), proto.ints().end());
            break;
        case AttributeProto::FLOATS:
            attribute.reals.emplace();
            for (const float value : proto.floats()) attribute.reals->push_back(as_written(value));
            break;
        case AttributeProto::TENSOR:
            attribute.tensor = std::make_shared<const Tensor>(tensor_of(proto.t()));
            break;
        default:
            break;  // graphs and the like: the operators that have them are not supported, and are named
    }
    return attribute;
}

Node node_of(const ::onnx::NodeProto& proto) {
    for (const auto* names : {&proto.input(), &proto.output()})
        for (const std::string& name : *names) (void)checked_name(name);
    Node node{proto.op_type(), checked_name(proto.name()), proto.domain() == "ai.onnx" ? "" : proto.domain(), {}, {}, {}};
    node.inputs.assign(proto.input().begin(), proto.input().end());
    node.outputs.assign(proto.output().begin(), proto.output().end());
    for (const AttributeProto& attribute : proto.attribute())
        if (!node.attributes.emplace(attribute.name(), attribute_of(attribute)).second)
            throw GraphError("node " + in_quotes(proto.name()) + " gives the attribute " + in_quotes(attribute.name()) + " twice; export the network again");
    return node;
}

Input input_of(const ::onnx::ValueInfoProto& proto) {
    if (!proto.type().has_tensor_type()) throw GraphError("input " + in_quotes(proto.name()) + " is no tensor; export the network again");
    const auto& type = proto.type().tensor_type();
    Input input{checked_name(proto.name()), type_of(type.elem_type()), {}};
    if (!type.has_shape()) throw GraphError("input " + in_quotes(proto.name()) + " has no shape; export the network with the shapes of its inputs");
    for (const auto& axis : type.shape().dim()) {
        if (!axis.has_dim_value() && input.axes.size() < 16) {
            input.axes.emplace_back();
            continue;
        }
        if (axis.dim_value() <= 0 || axis.dim_value() > std::int64_t{1} << 31 || input.axes.size() == 16)
            throw GraphError("input " + in_quotes(proto.name()) + " has an axis of " + std::to_string(axis.dim_value()) +
                             " or more than 16 axes; export the network again");
        input.axes.emplace_back(static_cast<std::size_t>(axis.dim_value()));
    }
    return input;
}

Graph graph_of(ModelProto& model) {
    Graph graph;
    for (const auto& import : model.opset_import())
        if (import.domain().empty() || import.domain() == "ai.onnx") graph.opset = import.version();
    GraphProto& proto = *model.mutable_graph();
    for (auto& tensor : *proto.mutable_initializer()) {
        auto pointer = std::make_shared<Tensor>(tensor_of(tensor));
        tensor.Clear();  // its numbers are held once
        pointer->trained = true;
        if (pointer->shape.empty()) pointer->trained = is_parameter(*pointer);
        const std::string name = pointer->name;
        if (!graph.initialisers.emplace(name, std::move(pointer)).second)
            throw GraphError("there are two initialisers " + in_quotes(name) + "; export the network again");
    }
    for (const auto& input : proto.input())
        if (!graph.initialisers.contains(input.name())) graph.inputs.push_back(input_of(input));
    for (const auto& output : proto.output()) graph.outputs.push_back(output.name());
    for (const auto& node : proto.node()) graph.nodes.push_back(node_of(node));
    for (const auto& entry : model.metadata_props()) graph.metadata.emplace(entry.key(), entry.value());
    return graph;
}

/// First line of a complaint, at most 240 bytes: the checker repeats what the file says as it stands there.
std::string first_line(const std::string& text) {
    constexpr std::size_t longest = 240;
    std::string line = text.substr(0, text.find('\n'));
    if (line.size() > longest) {
        line.resize(longest);
        while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0x80) != 0) line.pop_back();
    }
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    while (!line.empty() && (line.back() == '.' || line.back() == ' ')) line.pop_back();
    return line;
}

/// Where the checker finds something, an operator that there is not is said as it is for newer opsets.
void refuse_unsupported(const GraphProto& graph) {
    for (const auto& proto : graph.node()) {
        Node node{proto.op_type(), checked_name(proto.name()), proto.domain() == "ai.onnx" ? "" : proto.domain(), {}, {}, {}};
        if (proto.output_size() > 0) node.outputs.push_back(checked_name(proto.output(0)));
        if (const std::string why = unsupported(node); !why.empty()) throw GraphError(place_of(node) + why);
    }
}

void check(ModelProto& model, std::int64_t opset) {
    if (opset > last_checked) return;  // newer than the checker: the rules of the translation are all there is
    if (model.ir_version() > last_ir) model.set_ir_version(last_ir);
    try {
        ::onnx::checker::check_model(model);
    } catch (const std::exception& error) {
        refuse_unsupported(model.graph());
        throw GraphError("the checker of ONNX refuses the model: " + first_line(error.what()) + "; export the network again");
    }
}

std::int64_t opset_of(const ModelProto& model, std::int64_t oldest) {
    std::int64_t opset = 0;
    for (const auto& import : model.opset_import())
        if (import.domain().empty() || import.domain() == "ai.onnx") opset = import.version();
    if (opset < oldest || opset > last_opset)
        throw GraphError("the model is of opset " + std::to_string(opset) + "; this version reads 11 to 20: export it with one of these");
    return opset;
}

void refuse_external(const GraphProto& graph) {
    for (const TensorProto& tensor : graph.initializer())
        if (tensor.external_data_size() > 0 || tensor.data_location() == TensorProto::EXTERNAL) (void)tensor_of(tensor);  // throws
    for (const auto& node : graph.node())
        for (const auto& attribute : node.attribute())
            if (attribute.t().external_data_size() > 0 || attribute.t().data_location() == TensorProto::EXTERNAL) (void)tensor_of(attribute.t());
}

}  // namespace

Graph read_graph(const std::filesystem::path& file, std::int64_t oldest) {
    try {
        const MappedFile mapped(file);
        if (mapped.bytes().size() > largest_file) throw GraphError("the file has more than 2^31 bytes; export a smaller network");
        scan_model(mapped.bytes());
        ModelProto model;
        if (!parse(model, mapped.bytes()) || !model.has_graph() || !mapped.still_whole())
            throw GraphError("the file is no ONNX model, or a damaged or cut one; export or fetch it again");
        const std::int64_t opset = opset_of(model, oldest);
        refuse_external(model.graph());
        check(model, opset);
        return graph_of(model);
    } catch (const OnnxError&) {
        throw;
    } catch (const std::runtime_error& error) {
        throw OnnxError(file, error.what());
    }
}

Tensor read_tensor(std::span<const std::byte> bytes) {
    TensorProto proto;
    if (bytes.size() > largest_file || !parse(proto, bytes)) throw GraphError("the file is no tensor of ONNX; fetch it again");
    return tensor_of(proto);
}

}  // namespace costate::nn::onnx
