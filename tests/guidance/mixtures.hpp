// Mixtures of the tests: parameters as rationals, so that every scalar gets the same model.
#pragma once

#include "guidance/models/gaussian_mixture.hpp"

#include <cstddef>
#include <initializer_list>
#include <vector>

namespace costate::testing {

using guidance::MixtureComponent;
using guidance::SmallMatrix;

/// n / 10^digits of a decimal.
inline Rational decimal(std::int64_t n, int digits) {
    std::int64_t power = 1;
    for (int i = 0; i < digits; ++i) power *= 10;
    return ratio(n, power);
}

/// Three anisotropic, non-commuting Gaussians: the `mixture` entry in the metadata of data/models/gmm2.safetensors.
inline std::vector<MixtureComponent<Rational>> gmm2() {
    const auto covariance = [](std::int64_t xx, std::int64_t xy, std::int64_t yy, int digits_xy, int digits_yy, int digits_xx) {
        return SmallMatrix<Rational>(2, 2, {decimal(xx, digits_xx), decimal(xy, digits_xy),
                                            decimal(xy, digits_xy), decimal(yy, digits_yy)});
    };
    return {{ratio(1, 2), {ratio(-3, 2), ratio(-1, 2)}, covariance(43024254314984806, 16499190090689025, 10975745685015197, 17, 17, 17)},
            {ratio(3, 10), {ratio(5, 4), ratio(1)}, covariance(31601200543928724, 22579201289578753, 3483987994560713, 18, 16, 18)},
            {ratio(1, 5), {ratio(3, 4), ratio(-7, 4)}, covariance(18194790761900648, -9109780609299817, 12805209238099352, 17, 17, 17)}};
}

/// One Gaussian in three dimensions with a full covariance: exact in ℚ on rational paths.
inline std::vector<MixtureComponent<Rational>> one_gaussian() {
    return {{ratio(1),
             {ratio(1, 2), ratio(-1, 3), ratio(2)},
             SmallMatrix<Rational>(3, 3, {ratio(2), ratio(1, 3), ratio(1, 5),    //
                                          ratio(1, 3), ratio(1), ratio(-1, 4),  //
                                          ratio(1, 5), ratio(-1, 4), ratio(3, 2)})}};
}

template <class T>
std::vector<T> numbers(std::initializer_list<Rational> values) {
    std::vector<T> result;
    for (const Rational& q : values) result.push_back(from_rational<T>(q));
    return result;
}

/// Σ a_i b_i
template <class T>
T product(const std::vector<T>& a, const std::vector<T>& b) {
    T sum(0);
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

/// max |a_i - b_i| / max |b_i|, as a double
template <class T>
double relative(const std::vector<T>& a, const std::vector<T>& b) {
    T gap(0), size(0);
    for (std::size_t i = 0; i < a.size(); ++i) {
        const T d = a[i] < b[i] ? T(b[i] - a[i]) : T(a[i] - b[i]), s = b[i] < T(0) ? T(-b[i]) : b[i];
        if (gap < d) gap = d;
        if (size < s) size = s;
        if (!(d == d)) return 1e300;  // NaN
    }
    return ScalarTraits<T>::to_double(T(gap / size));
}

}  // namespace costate::testing
