#include "nn/onnx/import.hpp"

#include "nn/onnx/read.hpp"
#include "nn/onnx/translate.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>

namespace costate::nn {

namespace {

using onnx::GraphError;
using onnx::Input;

std::string names(const onnx::Graph& graph) {
    std::string text;
    for (const Input& input : graph.inputs) text += (text.empty() ? "" : ", ") + in_quotes(input.name);
    return text.empty() ? "none" : text;
}

const Input* find(const onnx::Graph& graph, const std::string& name) {
    const auto found = std::ranges::find(graph.inputs, name, &Input::name);
    return found == graph.inputs.end() ? nullptr : &*found;
}

/// Values a sample; the batch is symbolic.
std::size_t numbers(const Input& input) {
    std::vector<std::size_t> shape;
    for (const auto& axis : input.axes) shape.push_back(axis.value_or(1));
    return values_of(shape);
}

const Input& chosen(const onnx::Graph& graph, const std::string& name, const char* option) {
    const Input* found = find(graph, name);
    if (found == nullptr)
        throw GraphError("there is no input " + in_quotes(name) + "; the graph's inputs are " + names(graph) + ": give one of them as --" + option);
    return *found;
}

/// The length of the first axis of an input that has no symbolic one; 0 where there is none.
std::size_t fixed(const Input& input) {
    const bool known = !input.axes.empty() && std::ranges::all_of(input.axes, [](const auto& axis) { return axis.has_value(); });
    return known ? *input.axes[0] : 0;
}

/// How to export what has a fixed batch.
std::string symbolic(std::initializer_list<const Input*> inputs) {
    std::string axes;
    for (const Input* input : inputs) axes += (axes.empty() ? "" : ", ") + in_quotes(input->name) + ": {0: \"N\"}";
    return "export the network with a symbolic batch (dynamic_axes={" + axes + "}) or with a batch of one";
}

/// Graph inputs by what the layers call them: x, and t where there is one.
std::map<std::string, std::string> roles(const onnx::Graph& graph, const LoadOptions& options) {
    const Input* x = options.input.empty() ? find(graph, "x") : &chosen(graph, options.input, "input");
    const Input* t = options.time.empty() ? find(graph, "t") : &chosen(graph, options.time, "time");
    if (graph.inputs.size() > 2 || graph.inputs.empty())
        throw GraphError("the graph has the inputs " + names(graph) + "; a network has x and perhaps t: export it with these");
    if (x == nullptr && graph.inputs.size() == 1) x = &graph.inputs[0];
    if (x == nullptr && t != nullptr) x = &graph.inputs[t == &graph.inputs[0] ? 1 : 0];
    if (x == nullptr && numbers(graph.inputs[1]) == 1 && numbers(graph.inputs[0]) != 1) x = &graph.inputs[0];
    if (x == nullptr && numbers(graph.inputs[0]) == 1 && numbers(graph.inputs[1]) != 1) x = &graph.inputs[1];
    if (x == nullptr || x == t)
        throw GraphError("which of the inputs " + names(graph) +
                         " is x and which t cannot be told; say so with --input and --time (costate convert keeps the answer in a network file)");
    if (t == nullptr && graph.inputs.size() == 2) t = &graph.inputs[x == &graph.inputs[0] ? 1 : 0];
    if (t != nullptr && numbers(*t) != 1 && fixed(*x) > 1 && numbers(*t) == fixed(*t) && fixed(*t) == fixed(*x))
        throw GraphError("the inputs " + names(graph) + " have a fixed batch of " + std::to_string(fixed(*x)) + "; " + symbolic({x, t}));
    if (t != nullptr && numbers(*t) != 1)
        throw GraphError("input " + in_quotes(t->name) + " is no time: it has " + std::to_string(numbers(*t)) +
                         " numbers a sample; export a network of x and t");
    std::map<std::string, std::string> result{{x->name, "x"}};
    if (t != nullptr) result[t->name] = "t";
    return result;
}

/// The graph as it says; where its exporter fixed the batch to one the first axis of x and of t is the batch, if the graph can be read so. What treats
/// several rows one by one has a fixed batch too, which is no part of a sample.
onnx::Translated translated(const onnx::Graph& graph, const std::map<std::string, std::string>& named) {
    const auto of = [&](const Input& input) { return named.find(input.name)->second; };
    const Input& x = *std::ranges::find(graph.inputs, std::string("x"), of);
    const std::size_t n = x.axes.size() < 2 ? 0 : fixed(x);
    const bool alike = std::ranges::all_of(graph.inputs, [&](const Input& input) { return &input == &x || input.axes.empty() || fixed(input) == 1; });
    if (n == 0 || !alike) return onnx::translate(graph, named, {graph.outputs[0]});
    std::optional<onnx::Translated> batched;
    try {
        batched = onnx::translate(graph, named, {graph.outputs[0]}, n);
    } catch (const GraphError&) {  // the first axis is one of the sample
        return onnx::translate(graph, named, {graph.outputs[0]});
    }
    if (n == 1) return std::move(*batched);
    throw GraphError("input " + in_quotes(x.name) + " has a fixed first axis of " + std::to_string(n) + ", along which nothing meets, as in a batch; " +
                     symbolic({&x}) + " (where it is no batch: with an axis of one before it)");
}

std::string metadata(const onnx::Graph& graph, const std::string& key) {
    const auto found = graph.metadata.find(key);
    return found == graph.metadata.end() ? "" : found->second;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// What the output is: said by option or metadata, else by its name, else a velocity.
std::string parametrisation(const onnx::Graph& graph, const LoadOptions& options, bool as_many) {
    if (!options.parametrisation.empty()) return options.parametrisation;
    if (const std::string said = metadata(graph, "parametrisation"); !said.empty()) return said;
    const std::string& name = graph.outputs[0];
    if (!as_many || contains(name, "logit")) return "logits";
    return contains(name, "eps") || contains(name, "noise") ? "epsilon" : "velocity";
}

std::string path(const onnx::Graph& graph, const LoadOptions& options, const std::string& given) {
    if (!options.path.empty()) return options.path;
    if (const std::string said = metadata(graph, "path"); !said.empty()) return said;
    return given == "velocity" ? "cond-ot" : "none";
}

Array array(const onnx::NamedTensor& tensor) {
    Array values(Array::shape_type(tensor.shape.begin(), tensor.shape.end()));
    std::ranges::copy(tensor.values, values.begin());
    return values;
}

void take_weights(Network& network, std::vector<onnx::NamedTensor> tensors) {
    const auto contains_name = [](const std::vector<std::string>& list, const std::string& name) { return std::ranges::find(list, name) != list.end(); };
    std::size_t offset = 0;
    for (onnx::NamedTensor& tensor : tensors) {
        if (contains_name(network.description.parameters, tensor.name)) {
            network.parameters.push_back({tensor.name, array(tensor), offset});
            offset += tensor.values.size();
        }
        if (contains_name(network.description.constants, tensor.name)) network.constants.push_back({tensor.name, array(tensor), 0});
        tensor.values = {};
    }
}

}  // namespace

Network import_network(const std::filesystem::path& file, const onnx::Graph& graph, const LoadOptions& options) {
    try {
        if (graph.outputs.empty()) throw GraphError("the graph has no output; export the network again");
        onnx::Translated made = translated(graph, roles(graph, options));
        Network network{file, {}, {}, {}};
        NetworkDescription& about = network.description;
        about.layers = std::move(made.layers);
        about.metadata = {graph.metadata.begin(), graph.metadata.end()};
        about.input_shape = std::ranges::find(made.inputs, "x", &InputShape::name)->shape;
        if (about.input_shape.empty()) about.input_shape = {1};
        about.parametrisation = parametrisation(graph, options, values_of(made.output_dims[0]) == values_of(about.input_shape));
        about.path = path(graph, options, about.parametrisation);
        std::vector<std::pair<std::string, std::vector<std::size_t>>> shapes;
        for (const onnx::NamedTensor& tensor : made.tensors) shapes.emplace_back(tensor.name, tensor.shape);
        complete(file, shapes, about);
        take_weights(network, std::move(made.tensors));
        return network;
    } catch (const GraphError& problem) {
        throw OnnxError(file, problem.what());
    }
}

Network import_network(const std::filesystem::path& file, const LoadOptions& options) { return import_network(file, onnx::read_graph(file), options); }

}  // namespace costate::nn
