// A network file recorded on a tape.
#pragma once

#include "autodiff/program.hpp"
#include "autodiff/program_field.hpp"
#include "autodiff/var.hpp"
#include "nn/description.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace costate::nn {

/// A tensor with its values; `offset` is where it begins in θ, all parameters flat one after the other (constants have none: 0).
struct Weight {
    std::string name;
    Array values;
    std::size_t offset = 0;
};

/// θ is the parameters in the order of their data in the file.
struct Network {
    std::filesystem::path file;
    NetworkDescription description;
    std::vector<Weight> parameters, constants;

    /// Number of values of θ.
    [[nodiscard]] std::size_t parameter_count() const;
    /// The parameter of that name, nullptr when there is none.
    [[nodiscard]] const Weight* find_parameter(std::string_view name) const;
};

/// What an ONNX file may leave open: which inputs are x and t, what the output is and on which path. Empty: what the file says, or the default.
struct LoadOptions {
    std::string input = {}, time = {}, parametrisation = {}, path = {};
};

/// Reads description and weights of a network file (safetensors) or of an ONNX file (NAME.onnx); it is closed afterwards. Of a safetensors file
/// the options change what the output is and its path. Throws FileError (SafetensorsError, OnnxError, NetworkError): one sentence with the file
/// and the tensor, layer or node.
Network load_network(const std::filesystem::path& file, const LoadOptions& options = {});

/// NAME.onnx, in whatever case.
bool is_onnx(const std::filesystem::path& file);

/// What a network's program reads and differentiates.
struct ProgramOptions {
    autodiff::Sharing time = autodiff::Sharing::shared;  ///< t is common to the batch (a solver's) or one a sample
    bool frozen_time = false;  ///< no gradient with respect to t
    bool frozen_parameters = false;  ///< weights become constants: no gradient with respect to θ
    std::size_t row_threads = 1;     ///< threads that share the rows of large layers at batch 1 (0: all); same bits
};

/// u = network(t, x): records the layers at t (one value) and x (input_size values), both on `tape`; the weights become parameters of the tape,
/// by their names. Record a network once a tape: to use it several times freeze it and call() the program.
/// Throws std::invalid_argument for t or x of another size.
template <class T>
autodiff::Var<T> record(const Network& network, autodiff::Tape<T>& tape, const autodiff::Var<T>& t, const autodiff::Var<T>& x);

/// All values that the layers write, by name, from those given by name; records as above. For graphs with inputs of their own.
template <class T>
std::unordered_map<std::string, autodiff::Var<T>> record_values(const Network& network, autodiff::Tape<T>& tape, std::unordered_map<std::string, autodiff::Var<T>> given);

/// Inputs (t, x), output u.
template <class T>
autodiff::Program<T> program(const Network& network, const ProgramOptions& options = {});

/// ẋ = u(t, x), t common to the batch. Throws NetworkError when u is no velocity.
template <class T>
autodiff::ProgramField<T> field(const Network& network, const ProgramOptions& options = {});

/// θ in T, flat: what Program::set_parameters takes.
template <class T>
std::vector<T> parameter_values(const Network& network);

}  // namespace costate::nn
