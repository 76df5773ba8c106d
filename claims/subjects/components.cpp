#include "claims/subjects/components.hpp"

#include "claims/subjects.hpp"
#include "guidance/study_random.hpp"

#include <array>
#include <stdexcept>
#include <string_view>

namespace costate::claims {

namespace {

using Component = guidance::MixtureComponent<Rational>;
using Matrix = guidance::SmallMatrix<Rational>;

// "0.43024254314984806" as the rational number that it is.
Rational decimal(std::string_view text) {
    Rational value = 0, scale = 1;
    bool fraction = false, negative = false;
    for (const char c : text) {
        if (c == '-') negative = true;
        else if (c == '.') fraction = true;
        else {
            value = value * 10 + (c - '0');
            if (fraction) scale *= 10;
        }
    }
    return (negative ? Rational(-value) : value) / scale;
}

Matrix matrix(std::size_t d, const std::vector<Rational>& values) {
    Matrix m(d, d);
    for (std::size_t i = 0; i < d; ++i)
        for (std::size_t j = 0; j < d; ++j) m(i, j) = values[i * d + j];
    return m;
}

// Three anisotropic Gaussians: the data that the network gmm2 was trained on.
std::vector<Component> three_in_the_plane() {
    const auto plane = [](std::string_view a, std::string_view b, std::string_view c) {
        return matrix(2, {decimal(a), decimal(b), decimal(b), decimal(c)});
    };
    return {{ratio(1, 2), {ratio(-3, 2), ratio(-1, 2)}, plane("0.43024254314984806", "0.16499190090689025", "0.10975745685015197")},
            {ratio(3, 10), {ratio(5, 4), ratio(1)}, plane("0.031601200543928724", "0.022579201289578753", "0.3483987994560713")},
            {ratio(1, 5), {ratio(3, 4), ratio(-7, 4)}, plane("0.18194790761900648", "-0.09109780609299817", "0.12805209238099352")}};
}

// LLᵀ + I/8 with L lower triangular.
Matrix random_covariance(const Setting& setting, std::uint32_t stream) {
    const std::size_t d = setting.dim;
    const std::vector<Rational> l = rational_numbers(setting.seed, stream, d * d);
    Matrix c(d, d);
    for (std::size_t i = 0; i < d; ++i)
        for (std::size_t j = 0; j < d; ++j) {
            c(i, j) = i == j ? ratio(1, 8) : ratio(0);
            for (std::size_t k = 0; k <= std::min(i, j); ++k) c(i, j) += l[i * d + k] * l[j * d + k] / static_cast<int>(d);
        }
    return c;
}

Matrix isotropic(std::size_t d, const Rational& variance) {
    Matrix c(d, d);
    for (std::size_t i = 0; i < d; ++i)
        for (std::size_t j = 0; j < d; ++j) c(i, j) = i == j ? variance : ratio(0);
    return c;
}

// The eigenvalues of component k on the axes.
Matrix diagonal(std::size_t d, int k) {
    Matrix c = isotropic(d, ratio(1));
    for (std::size_t i = 0; i < d; ++i) c(i, i) = ratio(1 + (static_cast<int>(i) + k) % 3, 4);
    return c;
}

const std::array<Rational, 3>& three_weights() {
    static const std::array<Rational, 3> weights{ratio(1, 2), ratio(3, 10), ratio(1, 5)};
    return weights;
}

std::vector<Component> mixture(const Setting& setting) {
    std::vector<Component> list;
    for (int k = 0; k < 3; ++k) {
        const auto stream = static_cast<std::uint32_t>(100 + 10 * k);
        const std::vector<Rational> mean = rational_numbers(setting.seed, stream, setting.dim);
        if (setting.field == "mixture") {
            list.push_back({three_weights()[k], mean, random_covariance(setting, stream + 1)});
        } else if (setting.field == "mixture-isotropic") {
            list.push_back({three_weights()[k], mean, isotropic(setting.dim, ratio(k + 1, 6))});
        } else {
            std::vector<Rational> on_axis(setting.dim, ratio(0));
            on_axis[0] = mean[0];
            list.push_back({three_weights()[k], on_axis, diagonal(setting.dim, k)});
        }
    }
    return list;
}

std::vector<Component> data_set(const Setting& setting) {
    std::vector<Component> list;
    for (std::uint32_t k = 0; k < 8; ++k)
        list.push_back({ratio(1, 8), rational_numbers(setting.seed, 200 + k, setting.dim), isotropic(setting.dim, data_width() * data_width())});
    return list;
}

}  // namespace

std::vector<Component> components(const Setting& setting) {
    if (setting.field == "gaussian") return {{ratio(1), rational_numbers(setting.seed, 90, setting.dim), random_covariance(setting, 91)}};
    if (setting.field == "mixture" && setting.dim == 2 && setting.seed == 0) return three_in_the_plane();
    if (setting.field.starts_with("mixture")) return mixture(setting);
    if (setting.field == "data-set") return data_set(setting);
    throw std::invalid_argument("field '" + setting.field + "' is no Gaussian mixture; choose gaussian, mixture, mixture-isotropic, mixture-commuting or data-set");
}

Rational data_width() { return ratio(1, 20); }

std::vector<Rational> rational_numbers(std::uint64_t seed, std::uint32_t stream, std::size_t count) {
    std::vector<Rational> values;
    const auto low = static_cast<std::uint32_t>(seed), high = static_cast<std::uint32_t>(seed >> 32);
    for (std::uint32_t block = 0; values.size() < count; ++block)
        for (const std::uint32_t word : guidance::philox({block, stream, 0x636c61, 0}, {low, high}))
            if (values.size() < count) values.push_back(ratio(static_cast<int>(word % 49) - 24, 16));
    return values;
}

}  // namespace costate::claims
