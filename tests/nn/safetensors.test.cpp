// The bytes of every damaged file are put together here by hand; none comes from the writer under test.
#include "nn/safetensors.hpp"
#include "tests/nn/temporary.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include <sys/stat.h>

using namespace costate::nn;

namespace {

std::string little_endian(std::uint64_t n) {
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &n, 8);
    return bytes;
}

std::string file_of(const std::string& header, const std::string& data = {}) {
    return little_endian(header.size()) + header + data;
}

template <class T>
std::string raw(std::initializer_list<T> values) {
    std::string bytes(values.size() * sizeof(T), '\0');
    std::memcpy(bytes.data(), values.begin(), bytes.size());
    return bytes;
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

std::string repeated(std::string_view text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += text;
    return out;
}

struct Damaged {
    std::string what, bytes;
    std::vector<std::string> named;  // what the sentence has to mention besides the file
};

std::vector<Damaged> damaged_lengths_and_json() {
    const std::string good = entry("a", "F32", "[2]", "[0,8]");
    const std::string eight(8, '\0');
    return {
        {"empty file", "", {"0 bytes"}},
        {"one byte", "x", {"1 bytes"}},
        {"seven bytes", "1234567", {"7 bytes"}},
        {"length beyond the file", little_endian(1000) + "{}", {"1000", "2"}},
        {"length one beyond the file", little_endian(3) + "{}", {"cut short"}},
        {"largest length", little_endian(~std::uint64_t{0}) + "{}", {"18446744073709551615"}},
        {"length that overflows when 8 is added", little_endian(~std::uint64_t{0} - 7) + "{}", {"100000000"}},
        {"length above the limit", little_endian(100'000'001) + "{}", {"100000001"}},
        {"no header", little_endian(0), {"does not begin with {"}},
        {"header is a list", file_of("[]"), {"does not begin with {"}},
        {"header is a number", file_of("17"), {"does not begin with {"}},
        {"byte order mark", file_of("\xEF\xBB\xBF{}"), {"does not begin with {"}},
        {"leading blank", file_of(" {}"), {"does not begin with {"}},
        {"unfinished object", file_of("{"), {"JSON"}},
        {"unfinished name", file_of("{\"a"), {"JSON"}},
        {"two objects", file_of("{}{}"), {"JSON"}},
        {"text after the object", file_of("{} x"), {"JSON"}},
        {"zero bytes as padding", file_of(std::string("{}\0\0", 4)), {"JSON"}},
        {"trailing comma", file_of("{" + good + ",}", eight), {"JSON", "\"a\""}},
        {"single quotes", file_of("{'a':1}"), {"JSON"}},
        {"comment", file_of("{/*a*/}"), {"JSON"}},
        {"name that is not UTF-8", file_of("{\"\xff\xfe\":1}"), {"UTF-8"}},
        {"overlong UTF-8", file_of("{\"\xc0\xaf\":1}"), {"UTF-8"}},
        {"lone surrogate", file_of("{\"\\ud800\":1}"), {"JSON"}},
        {"control character in a name", file_of("{\"a\nb\":1}"), {"JSON"}},
        {"a million brackets", file_of("{\"deep\":" + repeated("[", 1'000'000)), {"deep", "a list"}},
        {"a million objects", file_of("{\"deep\":" + repeated("{\"dtype\":", 1'000'000)), {"deep"}},
        {"brackets in the shape", file_of("{\"s\":{\"shape\":" + repeated("[", 100'000)), {"\"s\"", "shape"}},
        {"objects in the metadata", file_of("{\"__metadata__\":{\"k\":{\"l\":1}}}"), {"\"k\""}},
    };
}

std::vector<Damaged> damaged_entries() {
    const std::string good = entry("a", "F32", "[2]", "[0,8]"), eight(8, '\0');
    return {
        {"name twice", file_of("{" + good + "," + good + "}", eight), {"\"a\"", "twice"}},
        {"name twice, once escaped",
         file_of("{" + good + "," + entry("\\u0061", "F32", "[0]", "[8,8]") + "}", eight),
         {"\"a\"", "twice"}},
        {"metadata twice", file_of("{\"__metadata__\":{},\"__metadata__\":{}}"), {"__metadata__", "twice"}},
        {"metadata key twice", file_of("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}"), {"\"k\"", "twice"}},
        {"metadata number", file_of("{\"__metadata__\":{\"k\":1}}"), {"\"k\"", "texts"}},
        {"metadata null", file_of("{\"__metadata__\":{\"k\":null}}"), {"\"k\"", "null"}},
        {"metadata list", file_of("{\"__metadata__\":[]}"), {"__metadata__"}},
        {"tensor is a number", file_of("{\"a\":1}"), {"\"a\"", "a number"}},
        {"tensor is null", file_of("{\"a\":null}"), {"\"a\"", "null"}},
        {"tensor is text", file_of("{\"a\":\"F32\"}"), {"\"a\"", "text"}},
        {"tensor is true", file_of("{\"a\":true}"), {"\"a\"", "true"}},
        {"no dtype", file_of("{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", eight), {"\"a\"", "no dtype"}},
        {"no shape", file_of("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", eight), {"\"a\"", "no shape"}},
        {"no offsets", file_of("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", eight), {"\"a\"", "no data_offsets"}},
        {"nothing", file_of("{\"a\":{}}"), {"\"a\"", "no dtype"}},
        {"dtype twice", file_of("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F64\"}}"), {"\"a\"", "dtype", "twice"}},
        {"shape twice", file_of("{\"a\":{\"shape\":[1],\"shape\":[2]}}"), {"\"a\"", "shape", "twice"}},
        {"unknown field", file_of("{\"a\":{\"stride\":[1]}}"), {"\"a\"", "stride"}},
        {"dtype is a number", file_of("{\"a\":{\"dtype\":32}}"), {"\"a\"", "dtype"}},
        {"unknown dtype", file_of("{" + entry("a", "F8_E4M3", "[8]", "[0,8]") + "}", eight), {"\"a\"", "F8_E4M3", "BF16"}},
        {"dtype in small letters", file_of("{" + entry("a", "f32", "[2]", "[0,8]") + "}", eight), {"\"a\"", "f32"}},
        {"empty dtype", file_of("{" + entry("a", "", "[2]", "[0,8]") + "}", eight), {"\"a\"", "dtype"}},
        {"shape is a number", file_of("{\"a\":{\"shape\":2}}"), {"\"a\"", "shape"}},
        {"shape holds text", file_of("{\"a\":{\"shape\":[\"2\"]}}"), {"\"a\"", "shape"}},
        {"negative shape", file_of("{" + entry("a", "F32", "[-2]", "[0,8]") + "}", eight), {"\"a\"", "negative"}},
        {"fractional shape", file_of("{" + entry("a", "F32", "[2.0]", "[0,8]") + "}", eight), {"\"a\"", "integer"}},
        {"shape beyond 64 bits",
         file_of("{" + entry("a", "F32", "[36893488147419103232]", "[0,8]") + "}", eight),
         {"\"a\"", "integer"}},
        {"seventeen axes",
         file_of("{" + entry("a", "F32", "[1" + repeated(",1", 16) + "]", "[0,4]") + "}", "1234"),
         {"\"a\"", "16"}},
        {"shape whose product wraps to 2",
         file_of("{" + entry("a", "F32", "[9223372036854775809,2]", "[0,8]") + "}", eight),
         {"\"a\"", "overflow"}},
        {"shape whose bytes wrap to 8",
         file_of("{" + entry("a", "F32", "[4611686018427387906]", "[0,8]") + "}", eight),
         {"\"a\"", "overflow"}},
        {"overflow hidden by a zero",
         file_of("{" + entry("a", "F32", "[0,9223372036854775807,9]", "[0,0]") + "}"),
         {"\"a\"", "overflow"}},
    };
}

std::vector<Damaged> damaged_offsets() {
    const std::string good = entry("a", "F32", "[2]", "[0,8]"), eight(8, '\0');
    return {
        {"one offset", file_of("{" + entry("a", "F32", "[2]", "[0]") + "}", eight), {"\"a\"", "1 data_offsets"}},
        {"three offsets", file_of("{" + entry("a", "F32", "[2]", "[0,8,8]") + "}", eight), {"\"a\"", "3 data_offsets"}},
        {"no offsets in the list", file_of("{" + entry("a", "F32", "[2]", "[]") + "}", eight), {"\"a\"", "0 data_offsets"}},
        {"negative offset", file_of("{" + entry("a", "F32", "[2]", "[-8,0]") + "}", eight), {"\"a\"", "negative"}},
        {"offsets swapped", file_of("{" + entry("a", "F32", "[2]", "[8,0]") + "}", eight), {"\"a\"", "before it begins"}},
        {"offsets beyond the data", file_of("{" + entry("a", "F32", "[4]", "[0,16]") + "}", eight), {"\"a\"", "16", "cut short"}},
        {"offsets near 2^64",
         file_of("{" + entry("a", "F32", "[2]", "[18446744073709551607,18446744073709551615]") + "}", eight),
         {"\"a\""}},
        {"shape larger than offsets", file_of("{" + entry("a", "F32", "[3]", "[0,8]") + "}", eight), {"\"a\"", "12", "8"}},
        {"shape smaller than offsets", file_of("{" + entry("a", "F32", "[1]", "[0,8]") + "}", eight), {"\"a\"", "4", "8"}},
        {"dtype wider than offsets", file_of("{" + entry("a", "F64", "[2]", "[0,8]") + "}", eight), {"\"a\"", "16"}},
        {"empty shape over bytes", file_of("{" + entry("a", "F32", "[0]", "[0,8]") + "}", eight), {"\"a\"", "0 bytes"}},
        {"overlap",
         file_of("{" + good + "," + entry("b", "F32", "[2]", "[4,12]") + "}", eight + "1234"),
         {"\"a\"", "\"b\"", "overlap"}},
        {"the same bytes twice",
         file_of("{" + good + "," + entry("b", "F32", "[2]", "[0,8]") + "}", eight),
         {"\"b\"", "overlap"}},
        {"hole in front", file_of("{" + entry("a", "F32", "[1]", "[4,8]") + "}", eight), {"\"a\"", "hole of 4"}},
        {"hole between",
         file_of("{" + good + "," + entry("b", "F32", "[1]", "[12,16]") + "}", eight + eight),
         {"\"b\"", "hole of 4"}},
        {"bytes after the last tensor", file_of("{" + good + "}", eight + "x"), {"\"a\"", "1 bytes follow"}},
        {"data without tensors", file_of("{}", "x"), {"belong to no tensor"}},
        {"data cut by one byte", file_of("{" + good + "}", "1234567"), {"\"a\"", "cut short"}},
    };
}

bool one_sentence(const std::string& text) {
    return text.find('\n') == std::string::npos && text.find('\r') == std::string::npos && text.size() > 20 && text.size() < 2000;
}

/// The sentence of the SafetensorsError that reading all of the file gives, empty when it gives none; anything else escapes.
std::string complaint(const std::filesystem::path& file) {
    try {
        const SafetensorsFile opened(file);
        for (const auto& tensor : opened.tensors()) (void)opened.values(tensor.name);
    } catch (const SafetensorsError& error) {
        return error.what();
    }
    return {};
}

bool same(const Array& a, const Array& b) {
    return a.shape() == b.shape() && std::equal(a.begin(), a.end(), b.begin());
}

}  // namespace

TEST_CASE("every damaged file gives one sentence with the file, the tensor and what is wrong") {
    const TemporaryFolder folder;
    const auto file = folder / "damaged.safetensors";
    std::size_t count = 0;
    for (const auto& list : {damaged_lengths_and_json(), damaged_entries(), damaged_offsets()}) {
        for (const Damaged& damaged : list) {
            write_bytes(file, damaged.bytes);
            const std::string sentence = complaint(file);
            INFO(damaged.what << ": " << sentence);
            CHECK(one_sentence(sentence));
            CHECK(sentence.find(file.string()) == 0);
            for (const auto& word : damaged.named) CHECK(sentence.find(word) != std::string::npos);
            ++count;
        }
    }
    CHECK(count >= 70);
}

TEST_CASE("the same files undamaged are read") {
    const TemporaryFolder folder;
    const auto file = folder / "good.safetensors";
    for (const std::string& bytes :
         {file_of("{}"), file_of("{}      "), file_of("{\"__metadata__\":{}}"),
          file_of("{" + entry("a", "F32", "[2]", "[0,8]") + "}", std::string(8, '\0')),
          file_of("{" + entry("a", "F32", "[0]", "[0,0]") + "," + entry("b", "F32", "[]", "[0,4]") + "}", std::string(4, '\0')),
          file_of("{" + entry("b", "F32", "[1]", "[4,8]") + "," + entry("a", "F32", "[1]", "[0,4]") + "}",
                  std::string(8, '\0'))}) {
        write_bytes(file, bytes);
        CHECK(complaint(file).empty());
    }
}

TEST_CASE("what is not finite is named by tensor and position") {
    const TemporaryFolder folder;
    const auto file = folder / "weights.safetensors";
    const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
    const std::vector<std::pair<std::string, std::string>> cases{
        {file_of("{" + entry("w", "F64", "[2]", "[0,16]") + "}", raw<double>({1, nan})), "value 1 "},
        {file_of("{" + entry("w", "F64", "[2]", "[0,16]") + "}", raw<double>({inf, 1})), "value 0 "},
        {file_of("{" + entry("w", "F32", "[2]", "[0,8]") + "}", raw<float>({1, -std::numeric_limits<float>::infinity()})),
         "value 1 "},
        {file_of("{" + entry("w", "F16", "[1]", "[0,2]") + "}", raw<std::uint16_t>({0x7c00})), "value 0 "},
        {file_of("{" + entry("w", "F16", "[1]", "[0,2]") + "}", raw<std::uint16_t>({0x7e01})), "value 0 "},
        {file_of("{" + entry("w", "BF16", "[1]", "[0,2]") + "}", raw<std::uint16_t>({0xff80})), "value 0 "},
        {file_of("{" + entry("w", "I64", "[1]", "[0,8]") + "}", raw<std::int64_t>({(std::int64_t{1} << 53) + 1})), "2^53"}};
    for (const auto& [bytes, word] : cases) {
        write_bytes(file, bytes);
        const std::string sentence = complaint(file);
        INFO(sentence);
        CHECK(sentence.find(word) != std::string::npos);
        CHECK(sentence.find("\"w\"") != std::string::npos);
        CHECK(one_sentence(sentence));
    }
}

TEST_CASE("places that hold no file give one sentence") {
    const TemporaryFolder folder;
    const auto pipe = folder / "pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK(complaint(folder / "absent").find("cannot be opened") != std::string::npos);
    CHECK(complaint(folder / ".").find("not a regular file") != std::string::npos);
    CHECK(complaint(pipe).find("not a regular file") != std::string::npos);
    CHECK(complaint("/dev/zero").find("not a regular file") != std::string::npos);
    CHECK(one_sentence(complaint(folder / "line\nbreak")));
}

TEST_CASE("a file that is cut or rewritten while mapped is noticed before it is touched") {
    const TemporaryFolder folder;
    const auto file = folder / "shrinking.safetensors";
    const std::size_t n = 1 << 20;
    write_bytes(file, file_of("{" + entry("w", "F64", "[" + std::to_string(n) + "]", "[0," + std::to_string(8 * n) + "]") + "}",
                              std::string(8 * n, '\0')));
    const SafetensorsFile opened(file);
    CHECK(opened.values("w").size() == n);
    std::filesystem::resize_file(file, 4096);
    CHECK_THROWS_AS(opened.values("w"), SafetensorsError);
    CHECK_THROWS_WITH(opened.values("w"), Catch::Contains("changed after it was opened") && Catch::Contains("\"w\""));
}

TEST_CASE("numbers of every format are exact") {
    const TemporaryFolder folder;
    const auto file = folder / "formats.safetensors";
    const std::string data = raw<std::uint16_t>({0x3c00, 0xc000, 0x0001, 0x83ff, 0x7bff, 0x8000}) +
                             raw<std::uint16_t>({0x3f80, 0xc049, 0x0001, 0x7f7f}) + raw<float>({0.1f, -0x1p-149f}) +
                             raw<double>({0.1}) + raw<std::int64_t>({-(std::int64_t{1} << 53), 7});
    write_bytes(file, file_of("{" + entry("half", "F16", "[2,3]", "[0,12]") + "," + entry("brain", "BF16", "[4]", "[12,20]") +
                                  "," + entry("single", "F32", "[2]", "[20,28]") + "," + entry("double", "F64", "[]", "[28,36]") +
                                  "," + entry("label", "I64", "[2]", "[36,52]") + "}",
                              data));
    const SafetensorsFile opened(file);
    // IEEE 754 half: 1, -2, 2^-24, -(1023/1024) 2^-14, 65504, -0;  bfloat16: the upper halves of floats
    CHECK(same(opened.values("half"), Array{{1.0, -2.0, 0x1p-24}, {-0x3ffp-24, 65504.0, -0.0}}));
    CHECK(std::signbit(opened.values("half")(1, 2)));
    CHECK(same(opened.values("brain"), Array{1.0, -3.140625, 0x1p-133, 0x1.fep127}));
    CHECK(same(opened.values("single"), Array{double{0.1f}, -0x1p-149}));
    CHECK(opened.values("double")() == 0.1);
    CHECK(same(opened.values("label"), Array{-0x1p53, 7.0}));
    CHECK(opened.entry("half").shape == std::vector<std::size_t>{2, 3});
    CHECK_THROWS_WITH(opened.entry("third"), Catch::Contains("\"third\"") && Catch::Contains("\"brain\""));
}

TEST_CASE("what is written is read again, bit by bit, and small formats round to even") {
    const TemporaryFolder folder;
    const auto file = folder / "written.safetensors";
    const Array values{{0.1, -2.0, 0x1p-1074}, {0x1.fffffffffffffp1023, 0.0, -7.5}};
    const Array halves{1.0 + 0x1p-11, 1.0 + 3 * 0x1p-11, 0x1p-25, 3 * 0x1p-25, -65504.0, 0x1.ffcp-15};
    const Metadata metadata{{"note", "a \"quoted\" line\nand ∇"}, {"costate.format", "1"}};
    write_safetensors(
        file,
        std::vector<TensorToWrite>{{"w", values, DType::f64}, {"h", halves, DType::f16}, {"i", Array{3.0, -4.0}, DType::i64}},
        metadata);
    const SafetensorsFile opened(file);
    CHECK(same(opened.values("w"), values));
    CHECK(same(opened.values("h"), Array{1.0, 1.0 + 0x1p-9, 0.0, 0x1p-23, -65504.0, 0x1p-14}));
    CHECK(same(opened.values("i"), Array{3.0, -4.0}));
    CHECK(opened.metadata() == metadata);
    CHECK(read_bytes(file).size() % 2 == 0);
    std::uint64_t header = 0;
    std::memcpy(&header, read_bytes(file).data(), 8);
    CHECK(header % 8 == 0);
}

TEST_CASE("a half or bfloat16 that is read and written again keeps its bits") {
    for (const DType dtype : {DType::f16, DType::bf16}) {
        std::size_t finite = 0;
        for (unsigned bits = 0; bits < 0x10000; ++bits) {
            const auto before = static_cast<std::uint16_t>(bits);
            std::uint16_t after = 0;
            double value = 0;
            const bool bad = decode(dtype, std::as_bytes(std::span(&before, 1)), std::span(&value, 1)) == 0;
            if (bad) continue;
            encode(dtype, std::span<const double>(&value, 1), std::as_writable_bytes(std::span(&after, 1)));
            if (before != after) FAIL("bits " << bits << " became " << after);
            ++finite;
        }
        CHECK(finite == (dtype == DType::f16 ? 63488u : 65280u));
    }
}

TEST_CASE("a file that cannot be written leaves the old one alone") {
    const TemporaryFolder folder;
    const auto file = folder / "kept.safetensors";
    write_safetensors(file, std::vector<TensorToWrite>{{"w", Array{1.0}, DType::f64}});
    const std::string before = read_bytes(file);
    const std::vector<TensorToWrite> twice{{"w", Array{1.0}, DType::f64}, {"w", Array{2.0}, DType::f64}};
    CHECK_THROWS_WITH(write_safetensors(file, twice), Catch::Contains("twice"));
    CHECK_THROWS_AS(write_safetensors(file, std::vector<TensorToWrite>{{"\xff", Array{1.0}, DType::f64}}), SafetensorsError);
    CHECK(read_bytes(file) == before);
    CHECK_THROWS_AS(write_safetensors(folder / "absent" / "x", std::span<const TensorToWrite>{}), SafetensorsError);
}

TEST_CASE("ten thousand random mutations of a valid file end in numbers or in one sentence") {
    const TemporaryFolder folder;
    const auto file = folder / "mutated.safetensors";
    const std::string valid = file_of("{\"__metadata__\":{\"costate.format\":\"1\"}," + entry("w", "F32", "[2,3]", "[0,24]") +
                                          "," + entry("b", "F64", "[2]", "[24,40]") + "," + entry("l", "I64", "[1]", "[40,48]") +
                                          "," + entry("h", "BF16", "[4]", "[48,56]") + "}",
                                      std::string(40, '\x3f') + raw<std::int64_t>({7}) + std::string(8, '\x3f'));
    write_bytes(file, valid);
    REQUIRE(complaint(file).empty());
    std::mt19937_64 random(20240611);
    std::size_t refused = 0;
    for (int round = 0; round < 10000; ++round) {
        std::string bytes = valid;
        const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
        for (std::size_t k = 0; k <= below(3); ++k) {
            const std::size_t at = below(bytes.size()), from = below(valid.size()), length = below(valid.size() - from) + 1;
            switch (below(4)) {
                case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8))); break;
                case 1: bytes.resize(at + 1); break;
                case 2: bytes.insert(at, valid, from, length); break;
                default: bytes.replace(at, std::min(length, bytes.size() - at), valid, from, length);
            }
        }
        write_bytes(file, bytes);
        const std::string sentence = complaint(file);
        if (!sentence.empty() && !one_sentence(sentence)) FAIL("not one sentence: " << sentence);
        refused += sentence.empty() ? 0 : 1;
    }
    CHECK(refused > 5000);
    CHECK(refused < 10000);
}
