// Pictures in and out. The PNG and gzip files are bytes put together by Python's zlib as the formats' specifications say, read alike by Pillow.
#include "guidance/guide/images.hpp"
#include "guidance/guide/operators/masks.hpp"
#include "nn/npy.hpp"
#include "tests/nn/temporary.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace costate::guidance;
using costate::nn::FileError;

namespace {

std::string bytes_of(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return bytes;
}

const std::string grey8 = bytes_of(
        "89504e470d0a1a0a0000000d4948445200000003000000020800000000b81f39c6000000104944415478da636030fecf9036f30c00096502fe497633"
        "660000000049454e44ae426082"),
    interlaced = bytes_of(
        "89504e470d0a1a0a0000000d4948445200000003000000020800000001cf180950000000124944415478da636060f8cf60cc9036f30c000b3202fe6c"
        "09bfeb0000000049454e44ae426082"),
    grey16 = bytes_of(
        "89504e470d0a1a0a0000000d494844520000000200000001100000000081d9fc150000000d4944415478da63f8ffdfd81800079702655598c47c0000"
        "000049454e44ae426082"),
    grey1 = bytes_of(
        "89504e470d0a1a0a0000000d4948445200000003000000020100000000b50f5bb70000000c4944415478da6358c09000000244010150b8206c000000"
        "0049454e44ae426082"),
    grey_alpha = bytes_of(
        "89504e470d0a1a0a0000000d49484452000000020000000108040000005e2bb7010000000d4944415478da63306638f31f00036801ff0b6185c90000"
        "000049454e44ae426082"),
    colour = bytes_of(
        "89504e470d0a1a0a0000000d49484452000000020000000108020000007b40e8dd0000000f4944415478da6360304e9b79e63f00070002fe29618edd"
        "0000000049454e44ae426082"),
    palette = bytes_of(
        "89504e470d0a1a0a0000000d4948445200000002000000010803000000c3fc8fb800000006504c544500336699ccffe52427f60000000174524e5300"
        "40e6d8660000000b4944415478da63606400000005000242c2449f0000000049454e44ae426082"),
    gamma_one = bytes_of(
        "89504e470d0a1a0a0000000d4948445200000002000000010800000000d14920560000000467414d41000186a031e8965f0000000b4944415478da63"
        "303e0300013501007d17a1960000000049454e44ae426082"),
    huge_png = bytes_of("89504e470d0a1a0a0000000d49484452000dbba0000dbba00806000000d0bd918f"),
    idx_gz = bytes_of("1f8b08000000000002036360e06066606000612630364e9b79e63fc37f632000004231dede1c000000");

const std::string six_pgm = std::string("P5\n3 2\n255\n") + bytes_of("0033ff6699cc");

std::string idx(std::vector<unsigned> numbers, const std::string& data) {
    std::string bytes = bytes_of(numbers.size() == 3 ? "00000803" : "00000801");
    for (const unsigned n : numbers)
        for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(n >> shift & 255);
    return bytes + data;
}
const std::string three_images = idx({3, 2, 2}, bytes_of("00336699ccff00ff33333333"));

// v of 0 … 255 or 65535
std::vector<double> levels(std::vector<double> v, double most = 255) {
    for (double& x : v) x = 2 * x / most - 1;
    return v;
}

bool same(const std::vector<double>& a, const std::vector<double>& b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](double x, double y) { return std::abs(x - y) < 1e-15; });
}

struct Folder {
    TemporaryFolder folder;
    std::filesystem::path put(const char* name, const std::string& bytes) const {
        write_bytes(folder / name, bytes);
        return folder / name;
    }
};

void refused(const std::filesystem::path& file, std::size_t first = 0, std::size_t count = all_images, const std::optional<ImageShape>& expected = {}) {
    INFO(file.string());
    std::string said;
    try {
        (void)read_images(file, first, count, expected);
    } catch (const FileError& error) {
        said = error.what();
    }
    CHECK(said.find(file.filename().string()) != std::string::npos);
    CHECK(said.find("; ") != std::string::npos);
    CHECK(said.find('\n') == std::string::npos);
}

}  // namespace

TEST_CASE("PNG and PGM in all their forms") {
    const Folder files;
    const auto six = levels({0, 51, 255, 102, 153, 204});
    for (const auto& [bytes, shape, values] : std::vector<std::tuple<std::string, ImageShape, std::vector<double>>>{
             {grey8, {1, 2, 3}, six}, {interlaced, {1, 2, 3}, six}, {grey16, {1, 1, 2}, levels({65535, 13107}, 65535)},
             {grey1, {1, 2, 3}, levels({255, 0, 255, 0, 255, 255})}, {grey_alpha, {1, 1, 2}, levels({51, 204})},
             {colour, {3, 1, 2}, levels({0, 153, 51, 204, 102, 255})}, {palette, {3, 1, 2}, levels({153, 0, 204, 51, 255, 102})},
             {gamma_one, {1, 1, 2}, levels({51, 204})}, {six_pgm, {1, 2, 3}, six},
             {"P2 # by hand\n3 2 # width, height\n5\n0 1 5\n2 3 4", {1, 2, 3}, six},
             {"P5 2 1 65535\n" + bytes_of("ffff3333"), {1, 1, 2}, levels({65535, 13107}, 65535)},
             {"P6\n2 1\n255\n" + bytes_of("00336699ccff"), {3, 1, 2}, levels({0, 153, 51, 204, 102, 255})}}) {
        const Images images = read_images(files.put("x", bytes));
        INFO(bytes.substr(0, 40));
        CHECK(images.shape == shape);
        CHECK(images.count == 1);
        CHECK(same(images.values, values));
        CHECK(images.labels.empty());
    }
    // what is written is read back; beyond [-1, 1] it is cut
    const std::vector<double> wide = {-1, -0.6, 7, -0.2, 0.2, 0.6};
    write_png(files.folder / "out.png", {1, 2, 3}, wide);
    CHECK(same(read_images(files.folder / "out.png").values, six));
    write_pgm(files.folder / "out.pgm", {1, 2, 3}, wide);
    CHECK(read_bytes(files.folder / "out.pgm") == six_pgm);
    const auto pixels = levels({0, 153, 51, 204, 102, 255});
    write_png(files.folder / "out.png", {3, 1, 2}, pixels);
    CHECK(same(read_images(files.folder / "out.png", 0, 1, ImageShape{3, 1, 2}).values, pixels));
    write_pgm(files.folder / "out.ppm", {3, 1, 2}, pixels);
    CHECK(same(read_images(files.folder / "out.ppm").values, pixels));
    CHECK(png_bytes({3, 1, 2}, pixels).starts_with("\x89PNG"));
    CHECK_THROWS_AS(png_bytes({2, 1, 3}, pixels), std::invalid_argument);
    CHECK_THROWS_AS(png_bytes({1, 1, 5}, pixels), std::invalid_argument);
    CHECK_THROWS_AS(png_bytes({1, 1, 1}, std::vector<double>{NAN}), std::invalid_argument);
    CHECK_THROWS_AS(png_bytes({1, 0, 1}, std::vector<double>{}), std::invalid_argument);
}

TEST_CASE("IDX, plain and packed, with the labels beside it") {
    const Folder files;
    for (const std::string& bytes : {three_images, idx_gz}) {
        const auto file = files.put("t10k-images-idx3-ubyte", bytes);
        CHECK(read_images(file).labels.empty());
        files.put("t10k-labels-idx1-ubyte", idx({3}, bytes_of("070102")));
        const Images all = read_images(file), last = read_images(file, 1, 2, ImageShape{1, 2, 2});
        CHECK(all.shape == ImageShape{1, 2, 2});
        CHECK(all.count == 3);
        CHECK(same(all.values, levels({0, 51, 102, 153, 204, 255, 0, 255, 51, 51, 51, 51})));
        CHECK(all.labels == std::vector<int>{7, 1, 2});
        CHECK(last.count == 2);
        CHECK(std::equal(last.values.begin(), last.values.end(), all.values.begin() + 4));
        CHECK(std::equal(last.image(1).begin(), last.image(1).end(), all.values.begin() + 8));
        CHECK(last.labels == std::vector<int>{1, 2});
        std::filesystem::remove(files.folder / "t10k-labels-idx1-ubyte");
    }
    const auto file = files.put("images-idx3", three_images);
    refused(file, 3, 1);
    refused(file, 1, 3);
    refused(file, 0, 0);
    refused(file, 0, 1, ImageShape{1, 4, 4});
    for (std::size_t length = 0; length < three_images.size(); ++length) refused(files.put("cut", three_images.substr(0, length)));
    for (std::size_t length = 0; length < idx_gz.size(); ++length) refused(files.put("cut", idx_gz.substr(0, length)));
    refused(files.put("long", three_images + "x"));
    CHECK(read_images(files.put("cut", three_images.substr(0, 20)), 0, 1).count == 1);  // control: what is asked for is there
    refused(files.put("none", idx({0, 2, 2}, "")));
    refused(files.put("flat", idx({3, 0, 2}, "")));
    refused(files.put("vast", idx({4294967295U, 16384, 16384}, "x")));
    refused(files.put("wide", idx({1, 1, 4294967295U}, "x")));
    const auto labels = [&](const std::string& bytes) {
        files.put("labels-idx1", bytes);
        CHECK_THROWS_AS(read_images(file), ImageError);
    };
    labels(idx({2}, bytes_of("0701")));
    labels(idx({3}, bytes_of("0701")));
    labels(three_images);
}

TEST_CASE(".npy arrays as images, and folders") {
    const Folder files;
    using costate::nn::Array;
    const auto put = [&](std::vector<std::size_t> axes) {
        Array values = xt::zeros<double>(axes);
        for (std::size_t i = 0; i < values.size(); ++i) values.data()[i] = static_cast<double>(i);
        costate::nn::write_npy(files.folder / "x.npy", values);
        return files.folder / "x.npy";
    };
    struct Layout {
        std::vector<std::size_t> axes;
        std::optional<ImageShape> expected;
        ImageShape shape;
        std::size_t count;
    };
    const ImageShape grey{1, 4, 5}, rgb{3, 2, 2}, plain{1, 1, 7};
    for (const Layout& l : std::vector<Layout>{{{6}, {}, {1, 1, 6}, 1}, {{3, 6}, {}, {1, 1, 6}, 3}, {{3, 4, 5}, {}, grey, 3}, {{2, 3, 2, 2}, {}, rgb, 2},
                                               {{4, 5}, grey, grey, 1}, {{2, 4, 5}, grey, grey, 2}, {{2, 1, 4, 5}, grey, grey, 2}, {{3, 20}, grey, grey, 3},
                                               {{20}, grey, grey, 1}, {{3, 2, 2}, rgb, rgb, 1}, {{1, 3, 2, 2}, rgb, rgb, 1}, {{7}, plain, plain, 1},
                                               {{9, 7}, plain, plain, 9}}) {
        const Images images = read_images(put(l.axes), 0, all_images, l.expected);
        CHECK(images.shape == l.shape);
        CHECK(images.count == l.count);
        CHECK(images.values.size() == l.shape.size() * l.count);
        CHECK(images.values.back() == static_cast<double>(images.values.size() - 1));
    }
    CHECK(read_images(put({9, 7}), 2, 1, plain).values[0] == 14);
    for (const std::vector<std::size_t>& axes : std::vector<std::vector<std::size_t>>{{5, 4}, {19}, {2, 5, 4}, {1, 1, 1, 4, 5}})
        refused(put(axes), 0, all_images, grey);
    refused(put({1, 1, 1, 4, 5}));
    refused(put({0, 4}));

    const auto folder = files.folder / "many";
    std::filesystem::create_directory(folder);
    refused(folder);
    write_bytes(folder / "b.PNG", interlaced);
    write_bytes(folder / "a.pgm", "P2 3 2 1 0 0 0 0 0 0");
    write_bytes(folder / "c.txt", "no picture");
    const Images both = read_images(folder);
    CHECK(both.count == 2);
    CHECK(both.values[1] == -1);
    CHECK(both.values[7] == Approx(2 * 51 / 255.0 - 1));
    CHECK(same(read_images(folder, 1, 1).values, levels({0, 51, 255, 102, 153, 204})));
    refused(folder, 0, 3);
    write_bytes(folder / "d.png", grey1.substr(0, 60));
    CHECK_THROWS_AS(read_images(folder), ImageError);
    write_bytes(folder / "d.png", grey16);
    CHECK_THROWS_AS(read_images(folder), ImageError);
    CHECK(read_images(folder, 2, 1).shape == ImageShape{1, 1, 2});  // control: alone it is fine
}

TEST_CASE("a picture that cannot be read, or has another shape, is refused in one sentence") {
    const Folder files;
    refused(files.folder / "absent.png");
    const std::vector<std::string> wrong = {"", "GIF89a", "P7\n", "P4 1 1 x", huge_png, "P5", "P5 3", "P5 0 2 255\n", "P5 99999999 1 255\n",
                                            "P5 16384 16384 255\nx", "P5 1 1 0\nx", "P5 1 1 65536\nxx", "P5 1 1 255", "P5 2 2 255\nabc",
                                            "P2 2 1 3 1", "P2 2 1 3 1 4", "P2 2 1 3 1 x", "P2 9 9 1 1", "P5 1 1 3\n\x04", "P6 1 1 255\nab"};
    for (const std::string& bytes : wrong)
        refused(files.put("x", bytes));
    const auto picture = files.put("x", grey8);
    refused(picture, 1, 1);
    refused(picture, 0, 2);
    refused(picture, 0, 1, ImageShape{1, 3, 2});
    refused(files.put("x", colour), 0, 1, ImageShape{1, 1, 2});
    refused(files.put("x", grey16), 0, 1, ImageShape{3, 1, 2});
    CHECK(read_images(files.put("x", grey8), 0, 1, ImageShape{1, 1, 6}).shape == ImageShape{1, 2, 3});
    // every beginning of a PNG is refused, and a changed byte is at worst: nothing else is thrown, nothing read beyond
    for (const std::string& bytes : {grey8, interlaced, palette}) {
        for (std::size_t length = 0; length < bytes.size(); ++length) refused(files.put("cut", bytes.substr(0, length)));
        std::size_t noticed = 0;
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            std::string changed = bytes;
            changed[i] = static_cast<char>(changed[i] ^ 0x55);
            try {
                (void)read_images(files.put("changed", changed));
            } catch (const FileError&) {
                ++noticed;
            }
        }
        CHECK(noticed > bytes.size() / 2);
    }
}

TEST_CASE("a mask may be a picture") {
    const Folder files;
    CHECK(kept_in_file({1, 2, 3}, files.put("mask.png", grey1)) == std::vector<std::size_t>{0, 2, 4, 5});
    CHECK(kept_in_file({2, 2, 3}, files.folder / "mask.png") == std::vector<std::size_t>{0, 2, 4, 5, 6, 8, 10, 11});
    CHECK_THROWS_AS(kept_in_file({1, 3, 2}, files.put("black.pgm", "P2 3 2 1 0 0 0 0 0 0")), std::invalid_argument);
    CHECK_THROWS_AS(kept_in_file({1, 2, 3}, files.put("colour.png", colour)), std::invalid_argument);
    CHECK_THROWS_AS(kept_in_file({1, 2, 3}, files.put("cut.png", grey1.substr(0, 50))), FileError);
}
