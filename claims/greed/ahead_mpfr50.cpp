#include "claims/greed/ahead_impl.hpp"

namespace costate::claims::ahead {

template Model<Mpfr50> make_ahead<Mpfr50>(const Setting&);
template Model<Mpfr50> constant_noise<Mpfr50>(const guidance::AnyPath&, std::vector<Mpfr50>);
template Place<Mpfr50> place_at<Mpfr50>(const guidance::AnyPath&, const Mpfr50&);
template std::vector<Mpfr50> value<Mpfr50>(Field<Mpfr50>&, const Mpfr50&, In<Mpfr50>);
template Matrix<Mpfr50> jacobian<Mpfr50>(Field<Mpfr50>&, const Mpfr50&, In<Mpfr50>);
template Loss<Mpfr50> squared_distance<Mpfr50>(std::vector<Mpfr50>);
template Loss<Mpfr50> linear_functional<Mpfr50>(std::vector<Mpfr50>);
template ode::GradientResult<Mpfr50> greedy<Mpfr50>(Model<Mpfr50>&, const Loss<Mpfr50>&, const Mpfr50&, In<Mpfr50>);
template ode::GradientResult<Mpfr50> in_regular<Mpfr50>(std::string_view, Model<Mpfr50>&, const Loss<Mpfr50>&,
                                                        const ode::Tableau&, const Place<Mpfr50>&, const Place<Mpfr50>&,
                                                        std::size_t, In<Mpfr50>);
template Matrix<Mpfr50> jacobian_in_regular<Mpfr50>(Model<Mpfr50>&, const ode::Tableau&, const Place<Mpfr50>&,
                                                    const Place<Mpfr50>&, In<Mpfr50>);
template std::vector<Mpfr50> solve_linear<Mpfr50>(Matrix<Mpfr50>, std::vector<Mpfr50>);
template double size_of<Mpfr50>(std::span<const Mpfr50>);
template double relative_difference<Mpfr50>(std::span<const Mpfr50>, std::span<const Mpfr50>);
template Finding equality<Mpfr50>(std::string, std::string, std::span<const Mpfr50>, std::span<const Mpfr50>);

}  // namespace costate::claims::ahead
