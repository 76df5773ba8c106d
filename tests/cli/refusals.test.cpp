// Bad input: one sentence on standard error, exit 2, nothing on standard output, no file left behind.
#include "program.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

namespace {

using program::model;
using program::refuses;
using program::Scratch;

void write(const std::string& file, const std::string& contents) { std::ofstream(file, std::ios::binary) << contents; }

// A .npy file of doubles 1, 1, … of that shape.
std::string npy(const std::string& shape, std::size_t count, double value = 1) {
    std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + ", }";
    header.resize((header.size() + 10 + 63) / 64 * 64 - 10 - 1, ' ');
    header += '\n';
    std::string text = std::string("\x93NUMPY\x01\x00", 8);
    text += static_cast<char>(header.size() & 0xff);
    text += static_cast<char>(header.size() >> 8);
    text += header;
    for (std::size_t i = 0; i < count; ++i) text.append(reinterpret_cast<const char*>(&value), sizeof value);
    return text;
}

}  // namespace

TEST_CASE("wrong words are refused in one sentence") {
    refuses({}, "--help");
    refuses({"frobnicate"}, "'frobnicate'");
    refuses({"--frobnicate"}, "info, convert, list, check");
    refuses({"info"}, "MODEL");
    refuses({"list"}, "WHAT");
    refuses({"list", "cheeses"}, "methods");
    refuses({"check", model("moons.safetensors")}, "GOLDEN");
    refuses({"study"}, "SUBJECT");
    refuses({"study", "lotka-volterra", "--frobnicate"}, "--help");
    refuses({"study", "lotka-volterra", "--methods", "magic"}, "backsolve");
    refuses({"study", "gaussian-mixture", "--methods", "greedy:2"}, "'greedy': its parameters are 1; it has none");
    refuses({"study", "gaussian-mixture", "--methods", "dto,adjoint-deis-1:"}, "'adjoint-deis-1': its parameters are 1");
    refuses({"study", "lotka-volterra", "--methods", "backsolve:0"}, "a positive number of states");
    refuses({"study", "lotka-volterra", "--methods", "mccallum-foster:nan"}, "at most 1");
    refuses({"study", "lotka-volterra", "--methods", "memory:1e30"}, "KiB");
    refuses({"study", "lotka-volterra", "--memory", "-64MB"}, "less than a byte");
    refuses({"study", "lotka-volterra", "--memory", "64МБ"}, "KiB");
    refuses({"study", "lotka-volterra", "--tableaus", "rk5"}, "rk4");
    refuses({"study", "lotka-volterra", "--precisions", "f16"}, "mpfr50");
    refuses({"study", "lotka-volterra", "--steps", "0"}, "at least 1");
    refuses({"study", "lotka-volterra", "--steps", "-4"}, "--steps");
    refuses({"study", "lotka-volterra", "--steps", "4,x"}, "--steps");
    refuses({"study", "lotka-volterra", "--steps", ""}, "--steps");
    refuses({"study", "lotka-volterra", "--steps", "99999999999"}, "at most");
    for (const char* wrong : {"0", "-1e-3", "1", "nan", "1e-20", "x", ""}) refuses({"study", "lotka-volterra", "--tolerances", wrong}, "--tolerances");
    for (const char* wrong : {"1e-3,,1e-6", "1e-3,", ",1e-3"}) refuses({"study", "lotka-volterra", "--tolerances", wrong}, "an empty entry");
    refuses({"study", "lotka-volterra", "--methods=dto,,backsolve"}, "'dto,,backsolve' has an empty entry");
    refuses({"guide", "gaussian-mixture", "--task", "projection:1", "--methods", "d-flow,"}, "--methods");
    refuses({"study", "lotka-volterra", "--input", "x"}, "--input x: lotka-volterra is no network file");
    refuses({"guide", "gaussian-mixture", "--task", "projection:1", "--time", "t"}, "--time t: gaussian-mixture is no network file");
    refuses({"study", model("moons.safetensors"), "--input", "x"}, "for ONNX files");
    refuses({"verify", "--model", model("moons.safetensors"), "--input", "x"}, "for ONNX files");
    refuses({"verify", "grid-times", "--time", "t"}, "add --model FILE");
    refuses({"verify", "--set", "time=t", "--model", model("moons.safetensors")}, "--time");
    refuses({"convert", model("moons.safetensors"), "nowhere.onnx", "--path", "cosin"}, "cosine");
    refuses({"profile", model("moons.safetensors"), "--time", "x"}, "for ONNX files");
    refuses({"study", "lotka-volterra", "--tolerances", "1e-3", "--steps", "4"}, "--steps");
    refuses({"study", "lotka-volterra", "--tolerances", "1e-3", "--tableaus", "rk4"}, "dormand-prince");
    refuses({"study", "lotka-volterra", "--tolerances", "1e-3", "--tableaus", "rk5"}, "rk5");
    refuses({"study", "lotka-volterra", "--tolerances", "1e-3", "--methods", "partner"}, "sensitive");
    refuses({"study", "lotka-volterra", "--tolerances", "1e-3", "--methods", "backsolve:fast"}, "FACTOR");
    refuses({"study", "lotka-volterra", "--tolerances", "1e-3", "--precisions", "mpfr50"}, "f64");
    refuses({"study", "lotka-volterra", "--tolerances", "1e-3", "--memory", "1MB"}, "online");
    refuses({"study", "lotka-volterra", "--methods", "controlled"}, "--tolerances");
    refuses({"study", "lotka-volterra", "--atol", "1e-9"}, "--tolerances");
    for (const char* wrong : {"-1", "nan", "inf", "x", ""}) refuses({"study", "lotka-volterra", "--tolerances", "1e-3", "--atol", wrong}, "--atol");
    refuses({"study", "lotka-volterra", "--samples", "0"}, "--samples");
    refuses({"study", "lotka-volterra", "--samples", "1000000000"}, "--samples");
    refuses({"study", "lotka-volterra", "--loss", "hinge"}, "squared-distance");
    refuses({"study", "lotka-volterra", "--loss", "observation:"}, "H.npy");
    refuses({"study", "lotka-volterra", "--path", "ve"}, "gaussian-mixture");
    refuses({"study", "lotka-volterra", "--methods", "greedy"}, "gaussian-mixture");
    refuses({"study", "gaussian-mixture", "--path", "straight"}, "cond-ot");
    refuses({"study", "gaussian-mixture", "--variables", "polar"}, "regular");
    refuses({"study", "gaussian-mixture", "--dim", "0"}, "--dim");
    refuses({"study", "gaussian-mixture", "--dim", "-3"}, "--dim");
    refuses({"study", "gaussian-mixture", "--variables", "regular", "--t0", "0"}, "infinite");
    refuses({"study", "gaussian-mixture", "--methods", "look-ahead", "--t0", "0"}, "infinite");
    refuses({"study", "lotka-volterra", "--t0", "1", "--t1", "1"}, "different");
    refuses({"study", "lotka-volterra", "--t1", "inf"}, "finite");
    refuses({"study", "lotka-volterra", "--t1", "soon"}, "--t1");
    refuses({"study", "lotka-volterra", "--digits", "60"}, "38");
    refuses({"study", "lotka-volterra", "--seed", "-1"}, "--seed");
    refuses({"study", "lotka-volterra", "--seed", "99999999999999999999"}, "--seed");
    refuses({"study", "lotka-volterra", "--threads", "-1"}, "--threads");
    refuses({"study", "lotka-volterra", "--out", ""}, "--out");
    refuses({"study", "lotka-volterra", "--x0", ""}, "--x0");
    refuses({"check", model("moons.safetensors"), model("moons.golden.safetensors"), "--tolerance-f64", "nan"}, "tolerance");
    refuses({"study", "van-der-waals"}, "van-der-pol");
    refuses({"check", model("moons.safetensors"), model("moons.golden.safetensors"), "--tolerance-f64", "-1"}, "tolerance");
}

TEST_CASE("missing and damaged files are refused in one sentence") {
    const Scratch scratch;
    const std::string whole = program::read(model("moons.safetensors"));
    write(scratch / "half.safetensors", whole.substr(0, whole.size() / 2));
    write(scratch / "header.safetensors", whole.substr(0, 100));
    write(scratch / "empty.safetensors", "");
    write(scratch / "text.safetensors", "this is no network");
    refuses({"info", scratch / "missing.safetensors"}, "missing.safetensors");
    refuses({"info", scratch.path().string()}, scratch.path().filename().string());
    for (const char* name : {"half.safetensors", "header.safetensors", "empty.safetensors", "text.safetensors"}) {
        refuses({"info", scratch / name}, name);
        refuses({"study", scratch / name, "--out", scratch / "report"}, name);
        refuses({"check", scratch / name, model("moons.golden.safetensors")}, name);
        refuses({"check", model("moons.safetensors"), scratch / name}, name);
    }
    refuses({"check", model("moons.golden.safetensors"), model("moons.golden.safetensors")}, "moons.golden");
    refuses({"check", model("moons.safetensors"), model("moons.safetensors")}, "moons.safetensors");
    CHECK(scratch.files() == 4);
}

TEST_CASE("starts and targets that do not fit are refused in one sentence") {
    const Scratch scratch;
    write(scratch / "good.npy", npy("(3, 2)", 6));
    write(scratch / "odd.npy", npy("(3, 3)", 9));
    write(scratch / "short.npy", npy("(3, 2)", 5));
    write(scratch / "nan.npy", npy("(3, 2)", 6, NAN));
    write(scratch / "text.npy", "1, 2, 3");
    const auto study = [&](std::vector<std::string> more) {
        std::vector<std::string> words = {"study", "lotka-volterra", "--out", scratch / "report"};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    };
    for (const char* name : {"odd.npy", "short.npy", "nan.npy", "text.npy", "missing.npy"}) {
        refuses(study({"--x0", scratch / name}), name);
        refuses(study({"--y", scratch / name}), name);
        refuses(study({"--loss", "observation:" + (scratch / name)}), name);
    }
    refuses(study({"--x0", scratch / "good.npy", "--seed", "3"}), "--seed");
    refuses(study({"--x0", scratch / "good.npy", "--samples", "2"}), "good.npy");
    refuses(study({"--y", scratch / "good.npy", "--samples", "2"}), "good.npy");
    CHECK(scratch.files() == 5);
}

TEST_CASE("directories that cannot take a report are refused in one sentence") {
    const Scratch scratch;
    write(scratch / "file", "x");
    std::filesystem::create_directory(scratch / "other");
    write(scratch / "other/letter.txt", "not a study");
    refuses({"study", "lotka-volterra", "--out", scratch / "file"}, "file");
    refuses({"study", "lotka-volterra", "--out", scratch / "file/below"}, "below");
    refuses({"study", "lotka-volterra", "--out", scratch / "other"}, "other");
    refuses({"study", "lotka-volterra", "--out", "/proc/report"}, "/proc/report");
    CHECK(scratch.files() == 3);
}
