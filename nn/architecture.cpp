#include "nn/architecture.hpp"

#include "nn/file_error.hpp"

#include <nlohmann/json.hpp>

#include <set>

namespace costate::nn {

namespace {

using Json = nlohmann::json;

constexpr std::size_t most_layers = 100'000, most_inputs = 64, most_input_axes = 8;
constexpr std::uint64_t largest_integer = std::uint64_t{1} << 53;

/// What both readers answer to events that they have no place for.
class Reader {
public:
    std::string problem;

    bool null() { return misplaced("null"); }
    bool boolean(bool) { return misplaced("true or false"); }
    bool binary(Json::binary_t&) { return misplaced("binary data"); }
    bool parse_error(std::size_t position, const std::string&, const Json::exception&) {
        return fail(what_ + " is not valid JSON at its byte " + std::to_string(position) + where() +
                    "; export the network again");
    }

protected:
    explicit Reader(std::string what) : what_(std::move(what)) {}
    ~Reader() = default;

    bool fail(std::string sentence) {
        problem = std::move(sentence);
        return false;
    }
    bool misplaced(const std::string& thing) {
        return fail(what_ + " has " + thing + where() + ", where none belongs; export the network again");
    }

    std::string place_;  // what is being read, for messages

private:
    [[nodiscard]] std::string where() const { return place_.empty() ? "" : " (" + place_ + ")"; }
    std::string what_;
};

class ArchitectureReader : public Reader {
public:
    std::vector<Layer> layers;

    ArchitectureReader() : Reader("the architecture") {}

    bool number_unsigned(Json::number_unsigned_t number) {
        if (state_ == State::numbers && number > largest_integer) return misplaced("an integer beyond 2^53");
        return state_ == State::numbers ? integer(static_cast<std::int64_t>(number)) : this->number(static_cast<double>(number));
    }
    bool number_integer(Json::number_integer_t number) {
        return state_ == State::numbers ? integer(number) : this->number(static_cast<double>(number));
    }
    bool number_float(Json::number_float_t number, const std::string&) { return this->number(number); }

    bool string(std::string& text) {
        if (state_ == State::inputs) {
            if (layers.back().in.size() == most_inputs)
                return fail(place_ + " has more than 64 inputs; write it as several layers");
            layers.back().in.push_back(std::move(text));
            return true;
        }
        if (state_ != State::layer || key_ == "in") return misplaced("a text");
        if (key_ == "op") layers.back().op = std::move(text);
        else if (key_ == "out") layers.back().out = std::move(text);
        else layers.back().texts.emplace(key_, std::move(text));
        return true;
    }

    bool start_object(std::size_t) {
        if (state_ != State::list) return misplaced("an object");
        if (layers.size() == most_layers)
            return fail("the architecture has more than 100000 layers; export a smaller network");
        state_ = State::layer;
        layers.emplace_back();
        keys_.clear();
        place_ = "layer " + std::to_string(layers.size());
        return true;
    }

    bool key(std::string& text) {
        key_ = text;
        place_ = "layer " + std::to_string(layers.size()) + ", " + in_quotes(text);
        return keys_.insert(text).second ||
               fail("layer " + std::to_string(layers.size()) + " gives " + in_quotes(text) + " twice; remove one");
    }

    bool end_object() {
        state_ = State::list;
        for (const char* key : {"op", "in", "out"})
            if (!keys_.contains(key))
                return fail("layer " + std::to_string(layers.size()) + " has no " + in_quotes(key) +
                            "; export the network again");
        return true;
    }

    bool start_array(std::size_t) {
        if (state_ == State::start) state_ = State::list;
        else if (state_ == State::layer && key_ == "in") state_ = State::inputs;
        else if (state_ == State::layer && key_ != "op" && key_ != "out") {
            state_ = State::numbers;
            layers.back().lists.emplace(key_, std::vector<std::int64_t>());
        } else return misplaced("a list");
        return true;
    }

    bool end_array() {
        state_ = state_ == State::inputs || state_ == State::numbers ? State::layer : State::end;
        return true;
    }

private:
    bool number(double value) {
        if (state_ != State::layer || key_ == "op" || key_ == "in" || key_ == "out") return misplaced("a number");
        layers.back().numbers.emplace(key_, value);
        return true;
    }

    bool integer(std::int64_t value) {
        if (value < -static_cast<std::int64_t>(largest_integer)) return misplaced("an integer beyond 2^53");
        layers.back().lists.find(key_)->second.push_back(value);
        return true;
    }

    enum class State { start, list, layer, inputs, numbers, end };
    State state_ = State::start;
    std::string key_;
    std::set<std::string> keys_;
};

class ShapeReader : public Reader {
public:
    std::vector<std::size_t> shape;

    ShapeReader() : Reader("the input_shape") {}

    bool number_unsigned(Json::number_unsigned_t number) {
        if (!inside_) return misplaced("a number");
        if (number == 0 || shape.size() == most_input_axes)
            return fail("the input_shape has an axis of 0 values or more than 8 axes; export the network again");
        shape.push_back(number);
        return true;
    }
    bool number_integer(Json::number_integer_t) { return misplaced("a negative number"); }
    bool number_float(Json::number_float_t, const std::string&) { return misplaced("a number that is no integer"); }
    bool string(std::string&) { return misplaced("a text"); }
    bool start_object(std::size_t) { return misplaced("an object"); }
    bool key(std::string&) { return true; }
    bool end_object() { return true; }
    bool start_array(std::size_t) {
        if (inside_) return misplaced("a list");
        return inside_ = true;
    }
    bool end_array() { return true; }

private:
    bool inside_ = false;
};

template <class R>
R parsed(const std::filesystem::path& file, std::string_view text) {
    R reader;
    if (!Json::sax_parse(text.begin(), text.end(), &reader)) throw NetworkError(file, reader.problem);
    return reader;
}

}  // namespace

std::vector<Layer> parse_architecture(const std::filesystem::path& file, std::string_view text) {
    auto layers = parsed<ArchitectureReader>(file, text).layers;
    if (layers.empty()) throw NetworkError(file, "the architecture has no layer; export the network again");
    return layers;
}

std::vector<std::size_t> parse_input_shape(const std::filesystem::path& file, std::string_view text) {
    auto shape = parsed<ShapeReader>(file, text).shape;
    if (shape.empty()) throw NetworkError(file, "the input_shape is empty; give the shape of one sample");
    return shape;
}

}  // namespace costate::nn
