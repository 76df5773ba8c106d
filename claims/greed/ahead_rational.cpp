#include "claims/greed/ahead_impl.hpp"

namespace costate::claims::ahead {

template Model<Rational> make_ahead<Rational>(const Setting&);
template Model<Rational> constant_noise<Rational>(const guidance::AnyPath&, std::vector<Rational>);
template Place<Rational> place_at<Rational>(const guidance::AnyPath&, const Rational&);
template std::vector<Rational> value<Rational>(Field<Rational>&, const Rational&, In<Rational>);
template Matrix<Rational> jacobian<Rational>(Field<Rational>&, const Rational&, In<Rational>);
template Loss<Rational> squared_distance<Rational>(std::vector<Rational>);
template Loss<Rational> linear_functional<Rational>(std::vector<Rational>);
template Loss<PrimeField> linear_functional<PrimeField>(std::vector<PrimeField>);
template ode::GradientResult<Rational> greedy<Rational>(Model<Rational>&, const Loss<Rational>&, const Rational&, In<Rational>);
template ode::GradientResult<Rational> in_regular<Rational>(std::string_view, Model<Rational>&, const Loss<Rational>&,
                                                            const ode::Tableau&, const Place<Rational>&, const Place<Rational>&,
                                                            std::size_t, In<Rational>);
template Matrix<Rational> jacobian_in_regular<Rational>(Model<Rational>&, const ode::Tableau&, const Place<Rational>&,
                                                        const Place<Rational>&, In<Rational>);
template std::vector<Rational> solve_linear<Rational>(Matrix<Rational>, std::vector<Rational>);
template double size_of<Rational>(std::span<const Rational>);
template double relative_difference<Rational>(std::span<const Rational>, std::span<const Rational>);
template Finding equality<Rational>(std::string, std::string, std::span<const Rational>, std::span<const Rational>);

}  // namespace costate::claims::ahead
