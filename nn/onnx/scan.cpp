#include "nn/onnx/scan.hpp"

#include "nn/onnx/graph.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace costate::nn::onnx {

namespace {

constexpr std::size_t most_fields = std::size_t{1} << 20, deepest = 32;

enum class Message { model, graph, node, attribute, tensor, value, type, tensor_type, shape, leaf, refused };

/// What a length-delimited field of a message is, by the numbers in onnx.proto; other fields are bytes.
struct Field {
    Message in;
    std::uint32_t number;
    Message is;
    const char* name = "";
};
constexpr std::array<Field, 29> fields{{{Message::model, 7, Message::graph},
                                        {Message::model, 8, Message::leaf},
                                        {Message::model, 14, Message::leaf},
                                        {Message::model, 20, Message::refused, "training information"},
                                        {Message::model, 25, Message::refused, "functions of its own"},
                                        {Message::graph, 1, Message::node},
                                        {Message::graph, 5, Message::tensor},
                                        {Message::graph, 11, Message::value},
                                        {Message::graph, 12, Message::value},
                                        {Message::graph, 13, Message::value},
                                        {Message::graph, 14, Message::refused, "annotations of quantisation"},
                                        {Message::graph, 15, Message::refused, "sparse tensors"},
                                        {Message::node, 5, Message::attribute},
                                        {Message::attribute, 5, Message::tensor},
                                        {Message::attribute, 6, Message::graph},
                                        {Message::attribute, 10, Message::tensor},
                                        {Message::attribute, 11, Message::graph},
                                        {Message::attribute, 14, Message::refused, "types as attributes"},
                                        {Message::attribute, 15, Message::refused, "types as attributes"},
                                        {Message::attribute, 22, Message::refused, "sparse tensors"},
                                        {Message::attribute, 23, Message::refused, "sparse tensors"},
                                        {Message::tensor, 13, Message::leaf},
                                        {Message::value, 2, Message::type},
                                        {Message::type, 1, Message::tensor_type},
                                        {Message::type, 4, Message::refused, "sequences"},
                                        {Message::type, 5, Message::refused, "maps"},
                                        {Message::type, 9, Message::refused, "optional values"},
                                        {Message::tensor_type, 2, Message::shape},
                                        {Message::shape, 1, Message::leaf}}};

class Scanner {
public:
    explicit Scanner(std::span<const std::byte> bytes) : bytes_(bytes) {}

    void walk(Message message, std::size_t begin, std::size_t end, std::size_t depth) {
        if (depth > deepest) throw GraphError("the model has messages nested deeper than 32; export the network again");
        while (begin < end) {
            const std::uint64_t tag = varint(begin, end);
            const std::uint32_t number = static_cast<std::uint32_t>(tag >> 3);
            // the numbers of a tensor may stand one by one: its bytes explain them
            const bool counts = !(message == Message::tensor && number != 6) && !(message == Message::attribute && (number == 7 || number == 8));
            if (counts && ++count_ > most_fields) throw GraphError("the model has more than 2^20 parts; export a smaller network");
            const std::size_t size = length(tag & 7, begin, end);
            if ((tag & 7) == 2) descend(message, number, begin, begin + size, depth);
            begin += size;
        }
    }

private:
    void descend(Message message, std::uint32_t number, std::size_t begin, std::size_t end, std::size_t depth) {
        const auto field = std::ranges::find_if(fields, [&](const Field& f) { return f.in == message && f.number == number; });
        if (field == fields.end()) return;
        if (field->is == Message::refused)
            throw GraphError("the model has " + std::string(field->name) + ", which this version does not read; export the network without");
        walk(field->is, begin, end, depth + 1);
    }

    [[noreturn]] static void damaged() { throw GraphError("the file is no ONNX model, or a damaged or cut one; export or fetch it again"); }

    std::uint64_t varint(std::size_t& at, std::size_t end) const {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (at >= end) damaged();
            const auto byte = std::to_integer<std::uint64_t>(bytes_[at++]);
            value |= (byte & 0x7f) << shift;
            if ((byte & 0x80) == 0) return value;
        }
        damaged();
    }

    std::size_t length(std::uint64_t wire, std::size_t& at, std::size_t end) const {
        std::uint64_t size = 0;
        if (wire == 0) (void)varint(at, end);
        else if (wire == 1) size = 8;
        else if (wire == 2) size = varint(at, end);
        else if (wire == 5) size = 4;
        else damaged();
        if (size > end - at) damaged();
        return size;
    }

    std::span<const std::byte> bytes_;
    std::size_t count_ = 0;
};

}  // namespace

void scan_model(std::span<const std::byte> bytes) {
    if (bytes.empty()) throw GraphError("the file is empty; export or fetch it again");
    Scanner(bytes).walk(Message::model, 0, bytes.size(), 0);
}

}  // namespace costate::nn::onnx
