#include "nn/onnx/graph.hpp"

namespace costate::nn::onnx {

namespace {

const Attribute* find(const Node& node, std::string_view key) {
    const auto found = node.attributes.find(key);
    return found == node.attributes.end() ? nullptr : &found->second;
}

template <class T>
const T& of(const std::optional<T>& value, std::string_view key, const char* type) {
    if (!value) throw GraphError("has an attribute " + in_quotes(key) + " that is no " + type + "; export the network again");
    return *value;
}

}  // namespace

std::int64_t Node::integer(std::string_view key, std::int64_t otherwise) const {
    const Attribute* found = find(*this, key);
    return found ? of(found->integer, key, "integer") : otherwise;
}

double Node::real(std::string_view key, double otherwise) const {
    const Attribute* found = find(*this, key);
    return found ? of(found->real, key, "number") : otherwise;
}

std::string Node::text(std::string_view key, std::string otherwise) const {
    const Attribute* found = find(*this, key);
    return found ? of(found->text, key, "text") : otherwise;
}

std::optional<std::vector<std::int64_t>> Node::integers(std::string_view key) const {
    const Attribute* found = find(*this, key);
    if (found == nullptr) return std::nullopt;
    return of(found->integers, key, "list of integers");
}

}  // namespace costate::nn::onnx
