#include "claims/subjects.hpp"

#include "claims/networks.hpp"
#include "claims/subjects/components.hpp"

#include <array>

namespace costate::claims {

namespace {

template <class Values>
std::string list(const Values& values) {
    std::string text;
    for (const Rational& q : values) text += (text.empty() ? "" : ", ") + q.str();
    return "(" + text + ")";
}

std::string equations(const Setting& setting) {
    const std::size_t d = setting.dim;
    if (setting.field == "linear") return R"($\dot{x} = A x$, the rows of $A$ one after the other $)" + list(rational_numbers(setting.seed, 1, d * d)) + "$";
    return R"($\dot{x}_i = p_i x_{i+1} - q_i x_i^3 + r_i x_i x_{i+1} + s_i t x_i$, $i + 1$ modulo the dimension, $(p_1, q_1, r_1, s_1, p_2, \ldots) = )" +
           list(rational_numbers(setting.seed, 2, 4 * d)) + "$";
}

}  // namespace

std::string in_numbers(const Setting& setting) {
    if (setting.field == "network" || setting.dim > 3) return "";
    if (!on_a_path(setting)) return equations(setting);
    std::string text;
    for (const auto& part : components(setting)) {
        std::vector<Rational> covariance(part.covariance.values().begin(), part.covariance.values().end());
        text += (text.empty() ? "" : "; ") + std::string("weight $") + part.weight.str() + "$, mean $" + list(part.mean) + "$, covariance by rows $" + list(covariance) + "$";
    }
    return text;
}

std::span<const std::string_view> field_names() {
    static constexpr std::array<std::string_view, 8> names{"linear",   "polynomial", "gaussian", "mixture", "mixture-isotropic", "mixture-commuting",
                                                           "data-set", "network"};
    return names;
}

bool on_a_path(const Setting& setting) { return setting.field != "linear" && setting.field != "polynomial" && setting.field != "network"; }

bool rational(const Setting& setting) {
    if (setting.field == "linear" || setting.field == "polynomial") return true;
    return setting.field == "gaussian" && !guidance::is_transcendental(setting.path);
}

std::string describe(const Setting& setting) {
    const std::string d = std::to_string(setting.dim), seed = ", seed " + std::to_string(setting.seed);
    const std::string path = ", path " + guidance::name_of(setting.path);
    const auto in_dimensions = [&] { return setting.dim == 1 ? std::string("1 dimension") : d + " dimensions"; };
    if (setting.field == "linear") return "linear equations with rational coefficients in " + in_dimensions() + seed;
    if (setting.field == "polynomial") return "equations of degree 3 with rational coefficients in " + in_dimensions() + seed;
    if (setting.field == "gaussian") return "one Gaussian in " + in_dimensions() + path + seed;
    if (setting.field == "mixture") return "three anisotropic Gaussians in " + in_dimensions() + path + seed;
    if (setting.field == "mixture-isotropic") return "three isotropic Gaussians in " + in_dimensions() + path + seed;
    if (setting.field == "mixture-commuting") return "three Gaussians with one eigenbasis in " + in_dimensions() + path + seed;
    if (setting.field == "data-set") return "eight points widened by τ = 1/20 in " + in_dimensions() + path + seed;
    return network_text(setting) + seed;
}

}  // namespace costate::claims
