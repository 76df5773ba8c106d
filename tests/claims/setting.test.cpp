// What a claim is run with: text to values and back, and covers counted by hand.
#include "claims/setting.hpp"

#include "claims/subjects.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <stdexcept>

namespace {

using namespace costate::claims;

const std::array keys{"tableau", "path", "field", "dim"};

// The sentence that was thrown: one line, with what it is about.
void refuses(std::string_view key, std::string_view value, const std::string& word) {
    INFO(key << "=" << value);
    Setting setting;
    try {
        setting.set(key, value);
        FAIL_CHECK("nothing was thrown");
    } catch (const std::invalid_argument& error) {
        const std::string sentence = error.what();
        CHECK(sentence.find(word) != std::string::npos);
        CHECK(sentence.find('\n') == std::string::npos);
    }
}

// The first n names of each list, and dimensions 1, 2, …
Axes axes_of(std::size_t tableaus, std::size_t paths, std::size_t fields, std::size_t dims) {
    Axes axes;
    const auto names = all_tableaus("rk4"), roads = all_paths("cosine");
    axes.tableaus.assign(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(tableaus));
    axes.paths.assign(roads.begin(), roads.begin() + static_cast<std::ptrdiff_t>(paths));
    for (std::size_t i = 0; i < fields; ++i) axes.fields.emplace_back(field_names()[i]);
    for (std::size_t i = 0; i < dims; ++i) axes.dims.push_back(i + 1);
    return axes;
}

std::vector<std::string> values(const Axes& axes, std::string_view key) {
    if (key == "tableau") return axes.tableaus;
    if (key == "path") return axes.paths;
    if (key == "field") return axes.fields;
    std::vector<std::string> dims;
    for (const std::size_t dim : axes.dims) dims.push_back(std::to_string(dim));
    return dims;
}

using Pair = std::array<std::string, 4>;  // key, value, key, value

std::set<Pair> wanted_pairs(const Axes& axes) {
    std::set<Pair> pairs;
    for (const std::string a : keys)
        for (const std::string b : keys)
            for (const std::string& x : values(axes, a))
                for (const std::string& y : values(axes, b))
                    if (a < b) pairs.insert({a, x, b, y});
    return pairs;
}

std::set<Pair> shown_pairs(const Axes& axes, const std::vector<Setting>& settings) {
    std::set<Pair> pairs;
    for (const Setting& setting : settings)
        for (const std::string a : keys)
            for (const std::string b : keys)
                if (a < b && axes.contains(a) && axes.contains(b)) pairs.insert({a, setting.text(a), b, setting.text(b)});
    return pairs;
}

std::vector<std::string> texts(const Axes& axes, const std::vector<Setting>& settings) {
    std::vector<std::string> all;
    for (const Setting& setting : settings) all.push_back(text_of(setting, axes));
    return all;
}

}  // namespace

TEST_CASE("a setting is set from text and told as text") {
    Setting setting;
    for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{
             {"tableau", "rk4"}, {"path", "polynomial:3"}, {"field", "linear"}, {"dim", "10"}, {"seed", "7"}}) {
        setting.set(key, value);
        CHECK(setting.text(key) == value);
    }
    CHECK(setting.tableau.stages() == 4);
    CHECK(setting.dim == 10);
    CHECK(setting.text("model").empty());
    setting.set("model", "a network.safetensors");
    CHECK(setting.field == "network");
    CHECK(setting.text("model") == "a network.safetensors");
}

TEST_CASE("what is no setting is refused in a sentence that says what is") {
    refuses("tableau", "rk5", "rk4");
    refuses("path", "straight", "cond-ot");
    refuses("path", "polynomial:0", "polynomial:0");
    for (const char* value : {"polynomial:7", "polynomial:20", "polynomial:40"}) refuses("path", value, "50 digits");
    Setting steep;
    steep.set("path", "polynomial:6");
    CHECK(steep.text("path") == "polynomial:6");
    refuses("field", "gravity", "polynomial");
    for (const char* value : {"0", "11", "-1", "+2", " 2", "2 ", "2.0", "two", "", "99999999999999999999"}) refuses("dim", value, "from 1 to 10");
    for (const char* value : {"-1", "1e3", "1000000000000000000", ""}) refuses("seed", value, "seed");
    refuses("model", "", "model");
    refuses("colour", "red", "tableau, path, field, dim, seed, model");
    CHECK_THROWS_AS(Setting().text("colour"), std::invalid_argument);
}

TEST_CASE("only what a claim depends on is told") {
    Axes axes = axes_of(1, 1, 0, 1);
    Setting setting = default_setting(axes);
    CHECK(text_of(setting, axes) == "tableau=rk4 path=cosine dim=1");
    axes.seed = true;
    setting.seed = 3;
    CHECK(text_of(setting, axes) == "tableau=rk4 path=cosine dim=1 seed=3");
    CHECK(text_of(setting, Axes{}).empty());
    CHECK_FALSE(axes.contains("field"));
    CHECK_FALSE(axes.contains("model"));
    CHECK_FALSE(axes.contains("colour"));
    axes.model = true;
    setting.set("model", "net.safetensors");  // which has its own dimension
    CHECK(text_of(setting, axes) == "tableau=rk4 path=cosine field=network seed=3 model=net.safetensors");
    for (const auto& [key, value] : {std::pair{"time", "when"}, {"input", "sample"}, {"parametrisation", "x1"}}) setting.set(key, value);
    CHECK(text_of(setting, axes) == "tableau=rk4 path=cosine field=network seed=3 model=net.safetensors input=sample time=when parametrisation=x1");
    CHECK(setting.text("time") == "when");
}

TEST_CASE("the lists begin with the name that is asked for and hold every name once") {
    for (const auto& [list, size] : {std::pair{all_tableaus("heun"), costate::ode::tableaus().size()}, std::pair{all_paths("vp"), costate::guidance::paths().size()}})
        CHECK(std::set<std::string>(list.begin(), list.end()).size() == size);
    CHECK(all_tableaus("heun").front() == "heun");
    CHECK(all_paths("vp").front() == "vp");
    CHECK_THROWS_AS(all_paths("straight"), std::invalid_argument);
}

TEST_CASE("the full product has every combination, the last axis fastest") {
    const Axes axes = axes_of(3, 2, 2, 2);
    const auto all = texts(axes, full_product(axes));
    CHECK(all.size() == 24);
    CHECK(std::set<std::string>(all.begin(), all.end()).size() == 24);
    CHECK(all[0] == text_of(default_setting(axes), axes));
    CHECK(all[1] == "tableau=rk4 path=cosine field=" + axes.fields[0] + " dim=2");
    CHECK(all[2] == "tableau=rk4 path=cosine field=" + axes.fields[1] + " dim=1");
    CHECK(full_product(Axes{}).size() == 1);
}

TEST_CASE("a pairwise cover shows every pair, begins with the default and is small") {
    std::vector<std::array<std::size_t, 4>> shapes = {{11, 7, 6, 4}, {11, 7, 0, 4}, {11, 0, 0, 0}, {0, 0, 0, 0}, {0, 7, 0, 4},
                                                      {1, 1, 1, 1},  {2, 2, 2, 2},  {3, 3, 3, 3},  {1, 5, 1, 5}, {7, 7, 7, 7}};
    std::mt19937 random(1);
    for (int i = 0; i < 40; ++i) shapes.push_back({random() % 12, random() % 8, random() % 8, random() % 7});
    for (const auto& [t, p, f, d] : shapes) {
        INFO(t << " tableaus, " << p << " paths, " << f << " fields, " << d << " dimensions");
        const Axes axes = axes_of(t, p, f, d);
        const auto cover = pairwise_cover(axes);
        CHECK(shown_pairs(axes, cover) == wanted_pairs(axes));
        REQUIRE_FALSE(cover.empty());
        CHECK(text_of(cover.front(), axes) == text_of(default_setting(axes), axes));
        std::vector<std::size_t> sizes = {std::max<std::size_t>(t, 1), std::max<std::size_t>(p, 1), std::max<std::size_t>(f, 1), std::max<std::size_t>(d, 1)};
        std::sort(sizes.rbegin(), sizes.rend());
        CHECK(cover.size() >= sizes[0] * sizes[1]);  // each row shows one pair of the two longest axes
        CHECK(static_cast<double>(cover.size()) <= 1.4 * static_cast<double>(sizes[0] * sizes[1]) + 10);
        CHECK(texts(axes, pairwise_cover(axes)) == texts(axes, cover));
        const auto told = texts(axes, cover);
        CHECK(std::set<std::string>(told.begin(), told.end()).size() == told.size());
        // control: without its last row a pair of the two longest axes is missing
        if (sizes[1] > 1 && cover.size() == sizes[0] * sizes[1]) CHECK(shown_pairs(axes, {cover.begin(), cover.end() - 1}) != wanted_pairs(axes));
    }
}
