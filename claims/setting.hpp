// What a claim is run with: tableau, path, field, dimension, seed, network.
#pragma once

#include "guidance/paths/path.hpp"
#include "ode/tableau.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace costate::claims {

/// A network file, and what is said of it: which inputs of an ONNX file are x and t, and what the output is (empty: what the file says).
struct NetworkFile {
    std::filesystem::path file;
    std::string input = {}, time = {}, parametrisation = {};

    NetworkFile() = default;
    NetworkFile(std::filesystem::path path) : file(std::move(path)) {}
};

/// Values, not names: a user's own tableau or path goes in like any other.
struct Setting {
    ode::Tableau tableau = ode::find_tableau("midpoint");
    guidance::AnyPath path = guidance::CondOt{};
    std::string field = "polynomial";                 ///< one of field_names(), see claims/subjects.hpp
    std::size_t dim = 2;                              ///< 1 … 10
    std::uint64_t seed = 0;                           ///< of rational coefficients, points and directions
    std::optional<NetworkFile> model = {};            ///< where field is "network"
    bool unit_flow = false;  ///< a network that is regular on [t0, t1] only is followed there, and told as a flow over [0, 1]

    /// The value of "tableau", "path", "field", "dim", "seed" or "model" as text, or of the model's "input", "time" or "parametrisation",
    /// which are set after it. Throws std::invalid_argument for another key.
    [[nodiscard]] std::string text(std::string_view key) const;
    /// Sets it from text. Throws std::invalid_argument in one sentence for an unknown key or value.
    void set(std::string_view key, std::string_view value);
};

/// The settings that change a claim, the default of each first; an empty list: the claim does not depend on it.
struct Axes {
    std::vector<std::string> tableaus{}, paths{}, fields{};
    std::vector<std::size_t> dims{};
    bool seed = false;   ///< --set seed=N changes it
    bool model = false;  ///< --model FILE adds the field "network"; see claims/networks.hpp
    bool any_tableau = false;  ///< --set tableau=… takes all of the library, of decimals and of any order too
    std::string no_model{};  ///< where model is false: why a network says nothing here, words that follow a colon

    /// Whether key (as in Setting::text) changes the claim.
    [[nodiscard]] bool contains(std::string_view key) const;
};

/// The first value of every axis, and the defaults of Setting elsewhere.
[[nodiscard]] Setting default_setting(const Axes& axes);

/// Only the keys that the axes contain: "tableau=rk4 path=cosine dim=3".
[[nodiscard]] std::string text_of(const Setting& setting, const Axes& axes);

/// Every combination of the axes' values, in lexicographic order.
[[nodiscard]] std::vector<Setting> full_product(const Axes& axes);

/// Settings in which every pair of values of two different axes occurs: deterministic, the default setting first.
[[nodiscard]] std::vector<Setting> pairwise_cover(const Axes& axes);

/// All names that the axis "tableaus" may hold ("tableaus of the library"), and likewise the seven paths.
[[nodiscard]] std::vector<std::string> all_tableaus(std::string_view first);
[[nodiscard]] std::vector<std::string> all_paths(std::string_view first);

}  // namespace costate::claims
