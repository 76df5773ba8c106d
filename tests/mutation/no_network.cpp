// The mutants run without networks: what the field of --model would be made of is left out.
#include "claims/subjects/subjects_impl.hpp"

namespace costate::claims {

template <class T>
Field<T> network_field(const std::filesystem::path&) {
    throw std::invalid_argument("field 'network': the mutants run without networks; choose another field");
}

template Field<double> network_field<double>(const std::filesystem::path&);
template Field<Mpfr50> network_field<Mpfr50>(const std::filesystem::path&);

}  // namespace costate::claims
