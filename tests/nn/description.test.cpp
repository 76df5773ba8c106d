// Descriptions written by hand, most of them damaged in one place.
#include "nn/description.hpp"
#include "tests/nn/network_files.hpp"
#include "tests/nn/temporary.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace costate::nn;

namespace {

const std::string linear = R"({"op":"linear","in":["x"],"out":"u","weight":"w","bias":"b"})";

std::vector<TensorToWrite> tensors() {
    return {waves("w", {2, 2}),    waves("b", {2}),          waves("f", {3}),       waves("flat", {4}),
            waves("wide", {2, 3}), waves("cube", {2, 2, 1}), waves("none", {0, 2}), waves("three", {3})};
}

/// The sentence of the NetworkError, empty when the description is accepted; anything else escapes.
std::string complaint(const std::filesystem::path& file, const Metadata& metadata) {
    write_safetensors(file, tensors(), metadata);
    try {
        (void)describe(SafetensorsFile(file));
    } catch (const NetworkError& error) {
        return error.what();
    }
    return {};
}

std::string repeated(std::string_view text, std::size_t times) {
    std::string out;
    out.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) out += text;
    return out;
}

struct Case {
    std::string what, architecture;
    std::vector<std::string> named;
};

std::vector<Case> malformed() {
    return {
        {"nothing", "", {"JSON"}},
        {"text", "linear", {"JSON"}},
        {"an object", "{}", {"an object"}},
        {"a number", "3", {"a number"}},
        {"no layer", "[]", {"no layer"}},
        {"unfinished", "[" + linear, {"JSON"}},
        {"two lists", "[" + linear + "][]", {"JSON"}},
        {"a list of numbers", "[1]", {"a number"}},
        {"a list of texts", "[\"linear\"]", {"a text"}},
        {"a million brackets", repeated("[", 1'000'000), {"a list"}},
        {"a million objects", "[" + repeated("{\"op\":", 1'000'000), {"layer 1", "\"op\""}},
        {"brackets in the inputs", "[{\"in\":" + repeated("[", 1'000'000), {"layer 1", "\"in\""}},
        {"a million layers",
         "[" + linear + repeated(R"(,{"op":"tanh","in":["u"],"out":"v"})", 1'000'000) + "]",
         {"100000 layers"}},
        {"no op", R"([{"in":["x"],"out":"u"}])", {"layer 1", "\"op\""}},
        {"no in", R"([{"op":"tanh","out":"u"}])", {"layer 1", "\"in\""}},
        {"no out", R"([{"op":"tanh","in":["x"]}])", {"layer 1", "\"out\""}},
        {"op twice", R"([{"op":"tanh","op":"relu","in":["x"],"out":"u"}])", {"layer 1", "\"op\"", "twice"}},
        {"in is a text", R"([{"op":"tanh","in":"x","out":"u"}])", {"layer 1", "\"in\""}},
        {"in holds numbers", R"([{"op":"tanh","in":[0],"out":"u"}])", {"layer 1", "\"in\""}},
        {"in holds an object", R"([{"op":"tanh","in":[{"x":1}],"out":"u"}])", {"layer 1", "\"in\""}},
        {"out is a list", R"([{"op":"tanh","in":["x"],"out":["u"]}])", {"layer 1", "\"out\""}},
        {"a list of texts as attribute", R"([{"op":"tanh","in":["x"],"out":"u","axes":["x"]}])", {"layer 1", "\"axes\"", "a text"}},
        {"a list that the op does not know", R"([{"op":"tanh","in":["x"],"out":"u","axes":[1]}])", {"layer 1", "\"axes\""}},
        {"out is null", R"([{"op":"tanh","in":["x"],"out":null}])", {"layer 1", "\"out\"", "null"}},
        {"a fraction as attribute", R"([{"op":"tanh","in":["x"],"out":"u","groups":2.5}])", {"layer 1", "\"groups\""}},
        {"a negative attribute", R"([{"op":"tanh","in":["x"],"out":"u","groups":-8}])", {"layer 1", "\"groups\""}},
        {"a number beyond all", R"([{"op":"tanh","in":["x"],"out":"u","groups":1e999}])", {"layer 1", "JSON"}},
        {"a number as op", R"([{"op":3,"in":["x"],"out":"u"}])", {"layer 1", "\"op\"", "a number"}},
        {"a truth as attribute", R"([{"op":"tanh","in":["x"],"out":"u","exact":true}])", {"layer 1", "\"exact\""}},
        {"a number as weight", R"([{"op":"linear","in":["x"],"out":"u","weight":7}])", {"layer 1", "\"weight\""}},
        {"65 inputs", R"([{"op":"concat","in":["x")" + repeated(R"(,"x")", 64) + R"(],"out":"u"}])", {"64 inputs"}},
    };
}

std::vector<Case> contradictory() {
    return {
        {"unknown op", R"([{"op":"fourier","in":["x"],"out":"u"}])", {"\"fourier\"", "linear", "softplus"}},
        {"an op of images on a list", R"([{"op":"flatten","in":["x"],"out":"h"},{"op":"conv2d","in":["h"],"out":"u","weight":"w"}])", {"layer 2", "[2]"}},
        {"an op in capitals", R"([{"op":"SiLU","in":["x"],"out":"u"}])", {"\"SiLU\""}},
        {"two unknown ops",
         R"([{"op":"lstm","in":["x"],"out":"h"},{"op":"pool","in":["h"],"out":"u"}])",
         {"the ops \"lstm\", \"pool\"", "export", "conv2d"}},
        {"empty op", R"([{"op":"","in":["x"],"out":"u"}])", {"\"\""}},
        {"unknown value", R"([{"op":"tanh","in":["y"],"out":"u"}])", {"layer 1", "\"y\""}},
        {"a value of itself", R"([{"op":"tanh","in":["u"],"out":"u"}])", {"layer 1", "\"u\""}},
        {"a circle", R"([{"op":"tanh","in":["b"],"out":"a"},{"op":"tanh","in":["a"],"out":"b"}])", {"layer 1", "\"b\""}},
        {"wrong order", R"([{"op":"tanh","in":["h"],"out":"u"},{"op":"tanh","in":["x"],"out":"h"}])", {"layer 1", "\"h\""}},
        {"a name written twice",
         R"([{"op":"tanh","in":["x"],"out":"h"},{"op":"relu","in":["x"],"out":"h"}])",
         {"layer 2", "\"h\""}},
        {"x written", R"([{"op":"tanh","in":["x"],"out":"x"}])", {"layer 1", "\"x\""}},
        {"t written", R"([{"op":"tanh","in":["x"],"out":"t"}])", {"layer 1", "\"t\""}},
        {"empty out", R"([{"op":"tanh","in":["x"],"out":""}])", {"layer 1", "no name"}},
        {"no inputs", R"([{"op":"tanh","in":[],"out":"u"}])", {"layer 1", "0 values"}},
        {"too many inputs", R"([{"op":"tanh","in":["x","x"],"out":"u"}])", {"layer 1", "2 values"}},
        {"one summand", R"([{"op":"add","in":["x"],"out":"u"}])", {"layer 1", "1 values"}},
        {"sizes that do not add", R"([{"op":"concat_time","in":["x","t"],"out":"h"},{"op":"add","in":["x","h"],"out":"u"}])", {"layer 2", "[2] and [3]"}},
        {"sizes that do not multiply", R"([{"op":"concat_time","in":["x","t"],"out":"h"},{"op":"mul","in":["h","x"],"out":"u"}])", {"layer 2", "[3] and [2]"}},
        {"x as time", R"([{"op":"concat_time","in":["x","x"],"out":"u"}])", {"layer 1", "time"}},
        {"x embedded as time", R"([{"op":"time_embedding","in":["x"],"out":"u","frequencies":"f"}])", {"layer 1", "time"}},
        {"another order of the embedding",
         R"([{"op":"time_embedding","in":["t"],"out":"u","frequencies":"f","order":"cos,sin"}])",
         {"layer 1", "cos,sin"}},
        {"frequencies as matrix", R"([{"op":"time_embedding","in":["t"],"out":"u","frequencies":"w"}])", {"layer 1", "[2, 2]"}},
        {"no frequencies", R"([{"op":"time_embedding","in":["t"],"out":"u"}])", {"layer 1", "\"frequencies\""}},
        {"no weight", R"([{"op":"linear","in":["x"],"out":"u"}])", {"layer 1", "\"weight\""}},
        {"a weight that is not there", R"([{"op":"linear","in":["x"],"out":"u","weight":"W"}])", {"layer 1", "\"W\""}},
        {"a weight for other sizes",
         R"([{"op":"linear","in":["x"],"out":"u","weight":"wide"}])",
         {"layer 1", "[2, 3]", "2 values"}},
        {"a weight that is a list", R"([{"op":"linear","in":["x"],"out":"u","weight":"flat"}])", {"layer 1", "[4]"}},
        {"a weight of three axes", R"([{"op":"linear","in":["x"],"out":"u","weight":"cube"}])", {"layer 1", "[2, 2, 1]"}},
        {"a weight of no rows", R"([{"op":"linear","in":["x"],"out":"u","weight":"none"}])", {"layer 1", "[0, 2]"}},
        {"a bias of another size", R"([{"op":"linear","in":["x"],"out":"u","weight":"w","bias":"three"}])", {"layer 1", "[3]"}},
        {"an attribute that linear has not",
         R"([{"op":"linear","in":["x"],"out":"u","weight":"w","stride":"2"}])",
         {"layer 1", "\"stride\""}},
        {"a weight of an activation", R"([{"op":"tanh","in":["x"],"out":"u","weight":"w"}])", {"layer 1", "\"weight\""}},
        {"a result of another size", R"([{"op":"concat_time","in":["x","t"],"out":"u"}])", {"3 values", "x has 2"}},
    };
}

/// Sixty layers that each write their input twice: 2⁶¹ values.
std::string doubling() {
    std::string text = R"([{"op":"concat","in":["x","x"],"out":"v0"})";
    std::string before = "v0";
    for (int i = 1; i < 60; ++i) {
        std::string next = "v";
        next += std::to_string(i);
        text.append(R"(,{"op":"concat","in":[")").append(before).append("\",\"").append(before);
        text.append(R"("],"out":")").append(next).append("\"}");
        before = next;
    }
    return text + "]";
}

void check_sentence(const std::filesystem::path& file, const std::string& sentence, const std::vector<std::string>& named) {
    CHECK(sentence.find(file.string()) == 0);
    CHECK(sentence.find('\n') == std::string::npos);
    CHECK(sentence.size() < 1500);
    for (const std::string& word : named) CHECK(sentence.find(word) != std::string::npos);
}

}  // namespace

TEST_CASE("every damaged description gives one sentence with the file, the layer and what is wrong") {
    const TemporaryFolder folder;
    const auto file = folder / "damaged.safetensors";
    std::size_t count = 0;
    for (const auto& cases :
         {malformed(), contradictory(), std::vector<Case>{{"sizes that explode", doubling(), {"too large"}}}}) {
        for (const Case& c : cases) {
            const std::string sentence = complaint(file, network_metadata(c.architecture));
            INFO(c.what << ": " << sentence);
            check_sentence(file, sentence, c.named);
            ++count;
        }
    }
    CHECK(count >= 55);
}

TEST_CASE("damaged layers on images: geometry, channels, sizes and work beyond the limits") {
    const TemporaryFolder folder;
    const auto file = folder / "image.safetensors";
    const auto refused = [&](const std::string& layers, const std::string& shape = "[2,4,6]") {
        const std::vector<TensorToWrite> tensors{waves("k", {4, 2, 3, 3}), waves("half", {4, 1, 3, 3}), waves("four", {4}),         waves("two", {2}),
                                                 waves("list", {18}),      waves("empty", {0, 2, 3, 3}), waves("large", {4, 2, 63, 63})};
        write_safetensors(file, tensors, network_metadata("[" + layers + "]", shape, "logits"));
        try {
            (void)describe(SafetensorsFile(file));
        } catch (const NetworkError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    const auto conv = [](const std::string& rest) { return R"({"op":"conv2d","in":["x"],"out":"u",)" + rest + "}"; };
    const auto one = [](const std::string& op, const std::string& rest) { return R"({"op":")" + op + R"(","in":["x"],"out":"u")" + rest + "}"; };
    REQUIRE(refused(conv(R"("weight":"k","bias":"four","stride":2,"padding":1,"dilation":1,"groups":1)")).empty());
    REQUIRE(refused(conv(R"("weight":"half","groups":2)")).empty());
    REQUIRE(describe(SafetensorsFile(file)).layers[0].out_shape == std::vector<std::size_t>{4, 2, 4});
    const std::vector<std::pair<std::string, std::vector<std::string>>> cases{
        {conv(R"("bias":"four")"), {"\"weight\""}},
        {conv(R"("weight":"list")"), {"[18]", "[2, 4, 6]"}},
        {conv(R"("weight":"empty")"), {"[0, 2, 3, 3]"}},
        {conv(R"("weight":"half")"), {"[4, 1, 3, 3]"}},
        {conv(R"("weight":"k","groups":3)"), {"3 groups"}},
        {conv(R"("weight":"k","bias":"two")"), {"[2]", "4 channels"}},
        {conv(R"("weight":"k","stride":0)"), {"\"stride\"", "integer"}},
        {conv(R"("weight":"k","stride":1.5)"), {"\"stride\""}},
        {conv(R"("weight":"k","padding":-1)"), {"\"padding\""}},
        {conv(R"("weight":"k","padding":1e300)"), {"\"padding\""}},
        {conv(R"("weight":"k","dilation":3)"), {"fit"}},
        {conv(R"("weight":"k","dilation":16777216)"), {"fit"}},
        {conv(R"("weight":"k","depth":1)"), {"\"depth\""}},
        {conv(R"("weight":"k","padding":16777216)"), {"too large"}},
        {one("groupnorm", R"(,"weight":"two","bias":"two")"), {"\"groups\""}},
        {one("groupnorm", R"(,"weight":"two","bias":"two","groups":4)"), {"4 groups", "2 channels"}},
        {one("groupnorm", R"(,"weight":"four","bias":"two","groups":2)"), {"[4]", "2 channels"}},
        {one("groupnorm", R"(,"weight":"two","bias":"two","groups":2,"eps":0)"), {"\"eps\""}},
        {one("upsample_nearest", R"(,"scale":16777216)"), {"too large"}},
        {one("upsample_nearest", ""), {"\"scale\""}},
        {one("avg_pool2d", R"(,"kernel":5)"), {"squares of 5"}},
        {one("avg_pool2d", R"(,"kernel":2,"padding":2)"), {"padding alone"}},
        {one("avg_pool2d", R"(,"kernel":[2])"), {"\"kernel\"", "list of 2"}},
        {one("max_pool2d", ""), {"\"kernel\""}},
        {one("resize", R"(,"height":3,"width":3,"mode":"cubic")"), {"\"mode\"", "linear"}},
        {one("resize", R"(,"height":0,"width":3)"), {"\"height\""}},
        {one("resize", R"(,"height":2049,"width":2048,"mode":"linear")"), {"2^22"}},
        {one("transpose", R"(,"axes":[0,1])"), {"\"axes\"", "[2, 4, 6]"}},
        {one("transpose", R"(,"axes":[0,1,1])"), {"\"axes\""}},
        {one("transpose", R"(,"axes":"k")"), {"\"axes\""}},
        {one("transpose", ""), {"\"axes\""}},
        {one("reshape", R"(,"shape":[7])"), {"[7]", "[2, 4, 6]"}},
        {one("reshape", R"(,"shape":[-48])"), {"\"shape\""}},
        {one("reshape", R"(,"shape":[4.5])"), {"\"shape\"", "a number"}},
        {one("reshape", R"(,"shape":[[48]])"), {"\"shape\"", "a list"}},
        {one("reshape", R"(,"shape":[9007199254740993])"), {"\"shape\"", "2^53"}},
        {one("slice", R"(,"axis":2,"begin":5,"count":2)"), {"index 6", "axis of 6"}},
        {one("slice", R"(,"axis":3,"count":1)"), {"axis 3"}},
        {one("gather", R"(,"axis":1,"indices":[0,4])"), {"index 4"}},
        {one("gather", R"(,"axis":1,"indices":[])"), {"at least one number"}},
        {one("concat", R"(,"axis":3)"), {"axis 3"}},
        {one("expand", R"(,"shape":[2,4,12])"), {"[2, 4, 12]"}},
        {one("expand", R"(,"shape":[16777216,2,4,6])"), {"too large"}},
        {one("pad", R"(,"before":[1,1],"after":[0,0])"), {"each axis"}},
        {one("sum", R"(,"axes":[3])"), {"\"axes\""}},
        {one("sum", R"(,"axes":[])"), {"\"axes\""}},
        {one("matmul", ""), {"1 values"}},
        {R"({"op":"matmul","in":["x","x"],"out":"u"})", {"[2, 4, 6]", "multiplied"}},
        {R"({"op":"attention","in":["x","x","t"],"out":"u"})", {"[2, 4, 6]", "[1]"}},
        {one("softmax", R"(,"axis":3)"), {"axis 3"}},
        {one("self_attention", R"(,"heads":2)"), {"[2, 4, 6]", "2 heads"}},
        {one("untokens", R"(,"height":2,"width":2)"), {"2 x 2"}},
        {one("layernorm", R"(,"weight":"four")"), {"[4]", "rows of 6"}},
        {one("batchnorm", R"(,"mean":"two")"), {"\"variance\""}},
        {one("embedding", R"(,"weight":"list")"), {"[18]", "rows x width"}},
        {R"({"op":"constant","in":[],"out":"u","value":"none"})", {"\"none\""}},
        {R"({"op":"constant","in":["x"],"out":"u","value":"four"})", {"1 values"}},
        {one("conv_transpose2d", R"(,"weight":"half")"), {"[4, 1, 3, 3]", "in x out/groups"}},
        {one("affine", R"(,"scale":[2])"), {"\"scale\"", "list"}},
        {one("power", ""), {"\"exponent\""}},
        {R"({"op":"add_channel","in":["x","t"],"out":"u"})", {"[1]", "2 channels"}},
        {R"({"op":"upsample_nearest","in":["x"],"out":"h","scale":2},{"op":"concat_skip","in":["x","h"],"out":"u"})", {"layer 2", "[2, 8, 12]"}},
        {R"({"op":"linear","in":["x"],"out":"u","weight":"k"})", {"out x in"}},
    };
    for (const auto& [layers, named] : cases) {
        const std::string sentence = refused(layers);
        INFO(layers << ": " << sentence);
        check_sentence(file, sentence, named);
    }
    // 2 · 2 · 63² operations for each of 2²⁴ values: four such layers are beyond 10¹², though their values are not too many
    const auto long_layers = [](int count) {
        std::string text;
        for (int i = 0; i < count; ++i)
            text += (i ? "," : "") + std::string(R"({"op":"conv2d","in":["x"],"out":"w)") + std::to_string(i) + R"(","weight":"large","padding":31})";
        return text;
    };
    CHECK(refused(long_layers(3), "[2,2048,2048]").empty());
    check_sentence(file, refused(long_layers(4), "[2,2048,2048]"), {"layer 4", "too long"});
}

TEST_CASE("metadata that are missing or senseless give one sentence") {
    const TemporaryFolder folder;
    const auto file = folder / "metadata.safetensors";
    const Metadata good = network_metadata("[" + linear + "]");
    REQUIRE(complaint(file, good).empty());
    for (const char* key : {"costate.format", "architecture", "input_shape", "parametrisation"}) {
        Metadata metadata = good;
        metadata.erase(key);
        check_sentence(file, complaint(file, metadata), {key});
    }
    check_sentence(file, complaint(file, {}), {"no network file"});
    for (const char* shape : {"",
                              "2",
                              "[]",
                              "[0]",
                              "[-2]",
                              "[2.0]",
                              "[\"2\"]",
                              "[[2]]",
                              "{}",
                              "null",
                              "[2",
                              "[1e1]",
                              "[2,0]",
                              "[1,1,1,1,1,1,1,1,2]",
                              "[2,1]",
                              "[18446744073709551615]",
                              "[4294967296]",
                              "[99999999999999999999]",
                              "[3]",
                              "[1]"}) {
        INFO(shape);
        check_sentence(file, complaint(file, network_metadata("[" + linear + "]", shape)), {});
    }
    CHECK(complaint(file, network_metadata("[" + linear + "]", "[2]", "score")).find("\"score\"") != std::string::npos);
    Metadata future = good;
    future["costate.format"] = std::string("2");
    CHECK(complaint(file, future).find("\"2\"") != std::string::npos);
}

TEST_CASE("a sound description says what it reads, writes and leaves") {
    const TemporaryFolder folder;
    const auto file = folder / "sound.safetensors";
    const std::string architecture = R"([{"op":"time_embedding","in":["t"],"out":"e","frequencies":"f","order":"sin,cos"},
        {"op":"linear","in":["x"],"out":"h","weight":"w"}, {"op":"concat","in":["h","e"],"out":"never read"},
        {"op":"linear","in":["h"],"out":"u","weight":"w","bias":"b"}])";
    REQUIRE(complaint(file, network_metadata(architecture)).empty());
    const NetworkDescription network = describe(SafetensorsFile(file));
    CHECK(network.input_size == 2);
    CHECK(network.output_size == 2);
    CHECK(network.layers.size() == 4);
    CHECK(network.layers[3].texts.at("bias") == "b");
    CHECK(network.parameters == std::vector<std::string>{"w", "b"});
    CHECK(network.constants == std::vector<std::string>{"f"});
    CHECK(network.unused == std::vector<std::string>{"flat", "wide", "cube", "none", "three"});
    CHECK(network.parametrisation == "velocity");
    CHECK(network.path == "cond-ot");
    CHECK(complaint(file, network_metadata(R"([{"op":"concat_time","in":["x","t"],"out":"u"}])", "[2]", "logits")).empty());
}

TEST_CASE("random mutations of a description end in a description or in one sentence") {
    const TemporaryFolder folder;
    const auto file = folder / "mutated.safetensors";
    const std::string valid = "[" + linear + R"(,{"op":"silu","in":["u"],"out":"h"},{"op":"add","in":["h","x"],"out":"v"}])";
    REQUIRE(complaint(file, network_metadata(valid)).empty());
    std::mt19937_64 random(7);
    const std::string alphabet = "[]{}\",:0-.xuhe tn";
    std::size_t refused = 0;
    const std::size_t rounds = 2000;
    for (std::size_t round = 0; round < rounds; ++round) {
        std::string text = valid;
        const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
        for (std::size_t k = 0; k <= below(3); ++k) {
            const std::size_t at = below(text.size());
            if (below(3) == 0) text.erase(at, below(20) + 1);
            else if (below(2) == 0) text.insert(at, valid, below(valid.size()), below(40) + 1);
            else text[at] = alphabet[below(alphabet.size())];
            if (text.empty()) text = "[";
        }
        const std::string sentence = complaint(file, network_metadata(text));
        if (sentence.find('\n') != std::string::npos) FAIL(sentence);
        refused += sentence.empty() ? 0 : 1;
    }
    CHECK(refused > rounds / 2);
    CHECK(refused < rounds);
}
