#include "claims/subjects/network_impl.hpp"

namespace costate::claims {

namespace {

using guidance::Parametrisation;

Parametrisation parametrisation_of(const NetworkFile& file) {
    return guidance::find_parametrisation(load_network(file).description.parametrisation);
}

}  // namespace

nn::Network load_network(const NetworkFile& file) {
    return nn::load_network(file.file, {.input = file.input, .time = file.time, .parametrisation = file.parametrisation});
}

bool gives_noise(const NetworkFile& file) { return parametrisation_of(file) == Parametrisation::epsilon; }

std::string network_text(const Setting& setting) {
    if (!setting.model) return "the network that is not given";
    const std::string text = "the network " + setting.model->file.filename().string();
    const Parametrisation given = parametrisation_of(*setting.model);
    if (given == Parametrisation::velocity) return text;
    const std::string flow = text + ", its " + std::string(name_of(given)) + " as a velocity on " + guidance::name_of(setting.path);
    const RegularTimes times = regular_times(given, setting.path);
    return !setting.unit_flow ? flow : flow + " followed from t = " + times.t0.str() + " to " + times.t1.str();
}

template Field<double> network_output<double>(const NetworkFile&);
template Field<Mpfr50> network_output<Mpfr50>(const NetworkFile&);
template Field<double> network_field<double>(const Setting&);
template Field<Mpfr50> network_field<Mpfr50>(const Setting&);

}  // namespace costate::claims
