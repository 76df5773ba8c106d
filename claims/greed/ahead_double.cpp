#include "claims/greed/ahead_impl.hpp"

namespace costate::claims::ahead {

template Model<double> make_ahead<double>(const Setting&);
template Model<double> constant_noise<double>(const guidance::AnyPath&, std::vector<double>);
template Place<double> place_at<double>(const guidance::AnyPath&, const double&);
template std::vector<double> value<double>(Field<double>&, const double&, In<double>);
template Matrix<double> jacobian<double>(Field<double>&, const double&, In<double>);
template Loss<double> squared_distance<double>(std::vector<double>);
template Loss<double> linear_functional<double>(std::vector<double>);
template ode::GradientResult<double> greedy<double>(Model<double>&, const Loss<double>&, const double&, In<double>);
template ode::GradientResult<double> in_regular<double>(std::string_view, Model<double>&, const Loss<double>&,
                                                        const ode::Tableau&, const Place<double>&, const Place<double>&,
                                                        std::size_t, In<double>);
template Matrix<double> jacobian_in_regular<double>(Model<double>&, const ode::Tableau&, const Place<double>&,
                                                    const Place<double>&, In<double>);
template std::vector<double> solve_linear<double>(Matrix<double>, std::vector<double>);
template double size_of<double>(std::span<const double>);
template double relative_difference<double>(std::span<const double>, std::span<const double>);
template Finding equality<double>(std::string, std::string, std::span<const double>, std::span<const double>);

}  // namespace costate::claims::ahead
