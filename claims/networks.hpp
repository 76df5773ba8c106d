// A network file as the subject of claims: what it offers, what each claim asks of it, and the flow that is made of its output.
#pragma once

#include "claims/claim.hpp"
#include "claims/engine.hpp"
#include "guidance/paths/conversions.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

namespace costate::nn {
struct Network;
}

namespace costate::claims {

/// What a file says, and what it costs.
struct NetworkFacts {
    std::string file;  ///< its name, for messages
    guidance::Parametrisation given = guidance::Parametrisation::velocity;
    std::string path_name;                          ///< as the file has it: "linear-vp", "none"
    std::optional<guidance::AnyPath> path = {};     ///< where path_name is a path of the library
    std::size_t inputs = 0;
    double operations = 0;  ///< of one evaluation, floating point
    std::string kink = {};  ///< the layer that has no derivative, or none that is known; empty: every layer has
};

/// Throws nn::SafetensorsError and nn::NetworkError for what is no network file, std::invalid_argument in one sentence for a network that is
/// no flow: logits, or another number of outputs than of inputs.
[[nodiscard]] NetworkFacts network_facts(const NetworkFile& file);

/// [t₀, t₁]: where the velocity that an output gives on a path is finite: 0, else 1/20; 1, else 99/100.
struct RegularTimes {
    Rational t0, t1;
};
[[nodiscard]] RegularTimes regular_times(guidance::Parametrisation given, const guidance::AnyPath& path);

/// Why the claim says nothing on such a network on that path (none: unknown); empty where it does.
[[nodiscard]] std::optional<std::string> no_claim(const Claim& claim, const NetworkFacts& facts, const std::optional<guidance::AnyPath>& path);
/// Seconds of one core, about, for all readings of the claim with their controls: to compare claims, from the sizes of the network alone; 0 where the
/// claim follows none.
[[nodiscard]] double seconds_on(const Claim& claim, const NetworkFacts& facts);
/// Why the claim would take minutes; empty where it does not. From the sizes of the network alone, the same on every machine.
[[nodiscard]] std::optional<std::string> long_claim(const Claim& claim, const NetworkFacts& facts);
/// Whether the claim takes a flow over [0, 1] whatever its path, so that a part of it does (Setting::unit_flow).
[[nodiscard]] bool takes_unit_flow(const Claim& claim);

/// Whether a claim that looks at one state forms its Jacobians at 50 digits, and not in double: from the sizes of the setting's file alone.
[[nodiscard]] bool fifty_digits_affordable(const Setting& setting);

/// ẋ = u(t, x) of the setting's file: the output, or what becomes of it on the setting's path; with unit_flow that of the regular times, told over
/// [0, 1]. Defined for double, Mpfr50 and RealSeries. Throws nn::NetworkError, nn::SafetensorsError, std::domain_error at a singular time.
template <class T>
Field<T> network_field(const Setting& setting);
/// (t, x) ↦ the output as it is.
template <class T>
Field<T> network_output(const NetworkFile& file);

/// Whether the output of a network file is ε̂.
[[nodiscard]] bool gives_noise(const NetworkFile& file);
/// What nn::load_network reads of it.
[[nodiscard]] nn::Network load_network(const NetworkFile& file);
/// "the network mnist.safetensors", and how its output became a velocity, between which times.
[[nodiscard]] std::string network_text(const Setting& setting);

}  // namespace costate::claims
