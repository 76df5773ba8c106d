#include "claims/subjects/subjects_impl.hpp"

namespace costate::claims {

template <class T>
Field<T> network_field(const std::filesystem::path& file) {
    return ode::any_field<T>(nn::field<T>(nn::load_network(file), {.frozen_parameters = true}));
}

template Field<double> network_field<double>(const std::filesystem::path&);
template Field<Mpfr50> network_field<Mpfr50>(const std::filesystem::path&);

}  // namespace costate::claims
