#include "claims/subjects.hpp"

#include "claims/networks.hpp"
#include "claims/subjects/components.hpp"

#include <array>
#include <ios>

namespace costate::claims {

namespace {

// A decimal where that is as exact and shorter: 0.43024254314984806 and not a quotient of 17 digits each.
std::string shortest(const Rational& q) {
    const std::string fraction = q.str();
    std::string decimal = from_rational<Mpfr50>(q).str(20, std::ios_base::fixed);
    if (const std::size_t last = decimal.find_last_not_of('0'); last != std::string::npos) decimal.resize(last + 1);
    if (fraction.size() < 16 || decimal.size() >= fraction.size() || decimal.back() == '.') return fraction;
    Rational value = 0, unit = 1;
    bool behind = false;
    for (const char c : decimal) {
        if (c == '.') behind = true;
        if (c == '-' || c == '.') continue;
        value = value * 10 + (c - '0');
        if (behind) unit *= 10;
    }
    const Rational read = decimal.front() == '-' ? Rational(-value / unit) : Rational(value / unit);
    return read == q ? decimal : fraction;
}

template <class Values>
std::string list(const Values& values) {
    std::string text;
    for (const Rational& q : values) text += (text.empty() ? "" : ", ") + shortest(q);
    return "(" + text + ")";
}

std::string equations(const Setting& setting, const std::string& slope) {
    const std::size_t d = setting.dim;
    if (setting.field == "linear") return "$" + slope + " = A x$, the rows of $A$ one after the other $" + list(rational_numbers(setting.seed, 1, d * d)) + "$";
    return "$" + slope + R"(_i = p_i x_{i+1} - q_i x_i^3 + r_i x_i x_{i+1} + s_i t x_i$, $i + 1$ modulo the dimension, $(p_1, q_1, r_1, s_1, p_2, \ldots) = )" +
           list(rational_numbers(setting.seed, 2, 4 * d)) + "$";
}

// As make_subject: no zeros.
std::vector<Rational> vector_of(const Setting& setting, std::uint32_t stream) {
    std::vector<Rational> values = rational_numbers(setting.seed, stream, setting.dim);
    for (Rational& q : values)
        if (q == 0) q = ratio(1, 16);
    return values;
}

}  // namespace

std::string in_numbers(const Setting& setting, std::span<const Rational> start, const std::string& slope) {
    if (setting.field == "network" || setting.dim > 3) return "";
    std::string text;
    if (!on_a_path(setting)) {
        text = equations(setting, slope);
    } else {
        for (const auto& part : components(setting)) {
            std::vector<Rational> covariance(part.covariance.values().begin(), part.covariance.values().end());
            text += (text.empty() ? "" : "; ") + std::string("weight $") + part.weight.str() + "$, mean $" + list(part.mean) + "$, covariance by rows $" + list(covariance) + "$";
        }
    }
    if (start.empty() && setting.field == "data-set") return text + ".";  // it starts beside one of its points
    const std::string first = start.empty() ? list(vector_of(setting, 3)) : list(start);
    return text + ".\n\nA state, where it starts or the optimum $x_1^*$: $" + first + "$. A second vector, the direction of a linear loss or the target of a squared distance: $" +
           list(vector_of(setting, 4)) + "$.";
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
