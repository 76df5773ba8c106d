#include "nn/onnx/translate.hpp"

#include "nn/onnx/fold.hpp"
#include "nn/onnx/operators.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <tuple>

namespace costate::nn::onnx {

namespace {

constexpr std::size_t most_axes = 16;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::array<std::string_view, 3> measuring{"Constant", "Shape", "Size"};
constexpr std::array<std::string_view, 4> constants_only{"EyeLike", "IsNaN", "Range", "Trilu"};

using Table = std::span<const Operator> (*)();
constexpr std::array<Table, 6> tables{elementwise_operators,   shape_operators, linear_operators,
                                      normalisation_operators, image_operators, reduction_operators};

std::string list_of(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

/// The value of an input that the layers call `name`.
Value input_value(Input input, const std::string& name, std::size_t fixed_batch) {
    Value value;
    value.layer = name;
    if (fixed_batch != 0 && !input.axes.empty()) input.axes[0].reset();
    for (std::size_t i = 0; i < input.axes.size(); ++i) {
        value.dims.push_back(input.axes[i].value_or(1));
        if (input.axes[i]) continue;
        if (value.batch_axis)
            throw GraphError("input " + in_quotes(input.name) + " has two symbolic axes; export the network with one, the batch, and fixed sizes else");
        value.batch_axis = i;
    }
    return value;
}

/// Of initialisers and of attributes.
std::size_t numbers_in(const Graph& graph) {
    std::size_t count = 0;
    for (const auto& [name, tensor] : graph.initialisers) count += tensor->values.size();
    for (const Node& node : graph.nodes)
        for (const auto& [key, attribute] : node.attributes) count += attribute.tensor ? attribute.tensor->values.size() : 1;
    return count;
}

/// The values of which nothing is read but a softmax, through sums, choices and other shapes.
std::set<std::string> scores(const Graph& graph) {
    constexpr std::array<std::string_view, 9> through{"Add", "Where", "Cast", "Expand", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"};
    std::set<std::string> some, others(graph.outputs.begin(), graph.outputs.end());
    for (std::size_t i = graph.nodes.size(); i-- > 0;) {
        const Node& node = graph.nodes[i];
        const bool passes = std::ranges::find(through, node.op) != through.end() && node.outputs.size() == 1 && some.contains(node.outputs[0]) &&
                            !others.contains(node.outputs[0]);
        (node.op == "Softmax" || passes ? some : others).insert(node.inputs.begin(), node.inputs.end());
    }
    for (const std::string& name : others) some.erase(name);
    return some;
}

/// e^{-∞ - m} = 0 = e^{-10³⁰ - m} in float and double, for every other number m of a row: a mask that is finite.
std::optional<Value> finite_mask(const Value* value, std::size_t& budget) {
    if (value == nullptr || !value->known() || value->constant->type != Type::real)
        return std::nullopt;
    if (std::ranges::find(value->constant->values, -infinity) == value->constant->values.end()) return std::nullopt;
    charge(value->constant->values.size(), budget);
    Tensor mask = *value->constant;
    std::ranges::replace(mask.values, -infinity, -1e30);
    mask.trained = false;
    Value result = *value;
    result.constant = std::make_shared<const Tensor>(std::move(mask));
    return result;
}

class Translator {
public:
    Translator(const Graph& graph, const std::map<std::string, std::string>& names, std::size_t fixed_batch)
        : graph_(graph), scores_(scores(graph)), fixed_batch_(fixed_batch), inputs_(inputs(names)), emitter_(inputs_, numbers_in(graph), budget_) {
        for (const auto& [name, tensor] : graph.initialisers) values_[name] = known(tensor);
    }

    Translated run(const std::vector<std::string>& outputs) {
        for (const Node& node : graph_.nodes) {
            const std::string where = place_of(node);
            try {
                work_on(node);
            } catch (const GraphError& problem) {
                throw GraphError(where + problem.what());
            } catch (const std::logic_error&) {
                throw GraphError(where + "has inputs that do not fit its operator; export the network again");
            }
        }
        Translated result;
        std::vector<std::string> names;
        for (const std::string& output : outputs) {
            const auto found = values_.find(output);
            if (found == values_.end()) throw GraphError("the graph has no value " + in_quotes(output) + " to give out; export the network again");
            const Value& value = found->second;
            names.push_back(value.known() ? emitter_.constant(*value.constant, value.dims, output) : emitter_.reshaped(value.layer, value.sample()));
            result.output_dims.push_back(value.dims);
        }
        result.outputs = outputs;
        std::tie(result.layers, result.tensors) = emitter_.network(names, result.outputs);
        result.inputs = inputs_;
        return result;
    }

private:
    std::vector<InputShape> inputs(const std::map<std::string, std::string>& names) {
        std::vector<InputShape> shapes;
        for (const Input& input : graph_.inputs) {
            const auto named = names.find(input.name);
            const std::string& name = named == names.end() ? input.name : named->second;
            values_[input.name] = input_value(input, name, fixed_batch_);
            Shape shape = values_[input.name].sample();
            if (name == "t" && count_of(shape) == 1) shape = {1};
            if (count_of(shape) > std::size_t{1} << 24)
                throw GraphError("input " + in_quotes(input.name) + " has more than 2^24 numbers a sample; export a smaller network");
            shapes.push_back({name, shape});
        }
        return shapes;
    }

    static Value known(TensorPointer tensor) {
        Value value;
        value.dims = tensor->shape;
        value.constant = std::move(tensor);
        return value;
    }

    void work_on(const Node& node) {
        if (!node.domain.empty()) throw GraphError(unsupported(node));
        std::vector<const Value*> inputs;
        for (const std::string& name : node.inputs) {
            const auto found = values_.find(name);
            if (!name.empty() && found == values_.end())
                throw GraphError("reads " + in_quotes(name) +
                                 ", which nothing before it writes: the graph has a cycle or a wrong order; export the network again");
            inputs.push_back(name.empty() ? nullptr : &found->second);
        }
        std::vector<Value> outputs;
        if (node.op == "Constant") outputs.push_back(known(constant(node)));
        else if (node.op == "Shape" || node.op == "Size") outputs.push_back(known(measured(node, inputs)));
        else outputs = worked(node, inputs);
        store(node, std::move(outputs));
    }

    void store(const Node& node, std::vector<Value> outputs) {
        for (std::size_t i = 0; i < node.outputs.size(); ++i) {
            const std::string& name = node.outputs[i];
            if (name.empty()) continue;
            if (i >= outputs.size()) throw GraphError("has more outputs than this version gives; export the network without the further ones");
            if (outputs[i].rank() > most_axes) throw GraphError("makes more than 16 axes; export the network again");
            if (!values_.emplace(name, std::move(outputs[i])).second)
                throw GraphError("writes " + in_quotes(name) + ", which exists already; export the network again");
        }
    }

    static TensorPointer constant(const Node& node) {
        const auto tensor = [](Type type, Shape shape, std::vector<double> values) {
            return std::make_shared<const Tensor>(Tensor{"", type, std::move(shape), std::move(values)});
        };
        for (const auto& [key, attribute] : node.attributes) {
            if (key == "value" && attribute.tensor) return attribute.tensor;
            if (key == "value_float" && attribute.real) return tensor(Type::real, {}, {*attribute.real});
            if (key == "value_int" && attribute.integer) return tensor(Type::integer, {}, {static_cast<double>(*attribute.integer)});
            if (key == "value_floats" && attribute.reals) return tensor(Type::real, {attribute.reals->size()}, *attribute.reals);
            if (key == "value_ints" && attribute.integers)
                return tensor(Type::integer, {attribute.integers->size()}, {attribute.integers->begin(), attribute.integers->end()});
        }
        throw GraphError("gives no tensor of numbers; export the network again");
    }

    TensorPointer measured(const Node& node, const std::vector<const Value*>& inputs) const {
        if (inputs.size() != 1 || !inputs[0]) throw GraphError("has no input; export the network again");
        const Value& x = *inputs[0];
        Tensor result{"", Type::integer, {}, {}, {}, false};
        std::vector<Size> sizes;
        const auto rank = static_cast<std::int64_t>(x.rank());
        const auto bounded = [&](std::int64_t i) { return std::clamp<std::int64_t>(i < 0 ? i + rank : i, 0, rank); };
        const bool size = node.op == "Size";
        for (std::int64_t i = size ? 0 : bounded(node.integer("start", 0)); i < (size ? rank : bounded(node.integer("end", rank))); ++i)
            sizes.push_back(at(x.size(static_cast<std::size_t>(i)), fixed_batch_));
        if (size) {
            Size all{0, 1};
            for (const Size& s : sizes) all = s.plain() ? Size{all.n * s.v, all.v * s.v} : Size{all.v * s.n, 0};
            sizes = {all};
        } else result.shape = {sizes.size()};
        for (const Size& s : sizes) result.values.push_back(s.v), result.batch.push_back(s.n);
        if (std::ranges::all_of(result.batch, [](double n) { return n == 0; })) result.batch.clear();
        return std::make_shared<const Tensor>(std::move(result));
    }

    std::vector<Value> worked(const Node& node, std::vector<const Value*> inputs) {
        std::vector<TensorPointer> tensors;
        for (const Value* value : inputs) tensors.push_back(value ? value->constant : nullptr);
        for (const TensorPointer& tensor : tensors)
            if (tensor && tensor->type == Type::other)
                throw GraphError("reads a tensor of a type that this version does not compute with; export the network without it");
        const bool sized_by_batch = (node.op == "ConstantOfShape" && tensors[0] && tensors[0]->symbolic()) ||
                                    (node.op == "Expand" && tensors.size() > 1 && tensors[1] && tensors[1]->symbolic());
        if (!sized_by_batch)
            if (auto folded = fold(node, tensors, graph_.opset, budget_)) return named(node, std::move(*folded));
        const Operator* found = find_operator(node.op);
        if (std::ranges::find(constants_only, node.op) != constants_only.end())
            throw GraphError("works on what depends on x or t; this version works the operator out for constants only: export the network otherwise");
        if (found == nullptr) throw GraphError(unsupported(node));
        if (inputs.empty()) throw GraphError("has no input; export the network again");
        std::vector<std::optional<Value>> masks(inputs.size());
        const bool masked = node.op == "Softmax" || (!node.outputs.empty() && scores_.contains(node.outputs[0]) && (node.op == "Add" || node.op == "Where"));
        for (std::size_t i = 0; masked && i < inputs.size(); ++i)
            if ((masks[i] = finite_mask(inputs[i], budget_))) inputs[i] = &*masks[i];
        Translation translation(emitter_, node, inputs, graph_.opset, budget_, fixed_batch_);
        found->work(translation);
        for (std::size_t i = 0; i < std::min(translation.outputs.size(), node.outputs.size()); ++i)
            if (!translation.outputs[i].known()) emitter_.call(translation.outputs[i].layer, node.outputs[i]);
        return std::move(translation.outputs);
    }

    static std::vector<Value> named(const Node& node, std::vector<Tensor> tensors) {
        std::vector<Value> values;
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            if (tensors[i].name.empty() && i < node.outputs.size()) tensors[i].name = node.outputs[i];
            values.push_back(known(std::make_shared<const Tensor>(std::move(tensors[i]))));
        }
        return values;
    }

    const Graph& graph_;
    std::set<std::string> scores_;
    std::size_t fixed_batch_;
    std::map<std::string, Value> values_;
    std::vector<InputShape> inputs_;
    std::size_t budget_ = largest_folded;
    Emitter emitter_;
};

}  // namespace

const Operator* find_operator(std::string_view name) {
    for (const Table table : tables) {
        const auto all = table();
        if (const auto found = std::ranges::find(all, name, &Operator::name); found != all.end()) return &*found;
    }
    return nullptr;
}

std::vector<std::string> operator_names() {
    std::vector<std::string> names(measuring.begin(), measuring.end());
    names.insert(names.end(), constants_only.begin(), constants_only.end());
    for (const Table table : tables)
        for (const Operator& op : table()) names.emplace_back(op.name);
    std::ranges::sort(names);
    return names;
}

std::string place_of(const Node& node) {
    return "node " + in_quotes(node.name.empty() && !node.outputs.empty() ? node.outputs[0] : node.name) + " (" + in_quotes(node.op) + ") ";
}

std::string unsupported(const Node& node) {
    if (!node.domain.empty()) return "is of the domain " + in_quotes(node.domain) + "; this version supports the operators of ONNX itself";
    const auto has = [&](const auto& names) { return std::ranges::find(names, node.op) != names.end(); };
    if (find_operator(node.op) != nullptr || has(measuring) || has(constants_only)) return {};
    return "is of an operator that this version does not support; it supports " + list_of(operator_names());
}

Translated translate(const Graph& graph, const std::map<std::string, std::string>& names, const std::vector<std::string>& outputs,
                     std::size_t fixed_batch) {
    return Translator(graph, names, fixed_batch).run(outputs);
}

}  // namespace costate::nn::onnx
