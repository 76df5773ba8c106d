// The body of make_subject, for subjects/*.cpp only.
#pragma once

#include "claims/networks.hpp"
#include "claims/subjects.hpp"
#include "claims/subjects/components.hpp"
#include "claims/subjects/linear.hpp"
#include "claims/subjects/polynomial.hpp"
#include "guidance/models/empirical.hpp"

#include <stdexcept>
#include <utility>
#include <vector>

namespace costate::claims {

template <class T>
guidance::GaussianMixture<T> make_model(const Setting& setting) {
    return guidance::mixture_in<T>(components(setting), setting.path);
}

namespace detail {

// The same flow as that of make_model, in O(N d): no matrices.
template <class T>
guidance::EmpiricalData<T> make_data(const Setting& setting) {
    std::vector<T> points;
    for (const auto& part : components(setting))
        for (const Rational& q : part.mean) points.push_back(from_rational<T>(q));
    return {std::move(points), setting.dim, from_rational<T>(data_width()), setting.path};
}

template <class T>
Field<T> make_field(const Setting& setting) {
    const std::size_t d = setting.dim;
    if (setting.field == "linear") return ode::any_field<T>(LinearField<T>(d, numbers_in<T>(rational_numbers(setting.seed, 1, d * d))));
    if (setting.field == "polynomial") return ode::any_field<T>(PolynomialField<T>(d, numbers_in<T>(rational_numbers(setting.seed, 2, 4 * d))));
    if (setting.field == "network") {
        if constexpr (!ScalarTraits<T>::exact) {
            if (!setting.model) throw std::invalid_argument("field 'network': no file is given; add --model FILE");
            return network_field<T>(setting);
        } else {
            throw std::invalid_argument("field 'network': a network has no values in exact arithmetic; this claim needs another field");
        }
    }
    if (ScalarTraits<T>::exact && !rational(setting))
        throw std::invalid_argument("field '" + setting.field + "' on path " + guidance::name_of(setting.path) +
                                    " has no values in exact arithmetic; choose linear, polynomial, or gaussian on cond-ot, polynomial or linear-vp");
    if constexpr (!ScalarTraits<T>::exact)
        if (setting.field == "data-set") return ode::any_field<T>(make_data<T>(setting));
    return ode::any_field<T>(make_model<T>(setting));
}

}  // namespace detail

template <class T>
Subject<T> make_subject(const Setting& setting) {
    Subject<T> subject{detail::make_field<T>(setting), T(0), T(1), {}, {}};
    const std::size_t d = subject.field.dim();
    // no zeros: in one dimension a direction 0 would see nothing
    const auto numbers = [&](std::uint32_t stream) {
        std::vector<Rational> values = rational_numbers(setting.seed, stream, d);
        for (Rational& q : values)
            if (q == 0) q = ratio(1, 16);
        return numbers_in<T>(values);
    };
    subject.x0 = numbers(3);
    subject.v = numbers(4);
    if (setting.field == "data-set") {
        const std::vector<T> point = numbers_in<T>(components(setting).front().mean);
        for (std::size_t i = 0; i < d; ++i) subject.x0[i] = point[i] + subject.x0[i] / T(40);
    }
    return subject;
}

}  // namespace costate::claims
