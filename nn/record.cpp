// Networks recorded in the scalars of the library.
#include "nn/record_impl.hpp"

namespace costate::nn {

using autodiff::Program;
using autodiff::ProgramField;
using autodiff::Tape;
using autodiff::Var;

template Var<float> record(const Network&, Tape<float>&, const Var<float>&, const Var<float>&);
template Var<double> record(const Network&, Tape<double>&, const Var<double>&, const Var<double>&);
template Var<long double> record(const Network&, Tape<long double>&, const Var<long double>&, const Var<long double>&);
template Var<Mpfr50> record(const Network&, Tape<Mpfr50>&, const Var<Mpfr50>&, const Var<Mpfr50>&);
template Var<Mpfr100> record(const Network&, Tape<Mpfr100>&, const Var<Mpfr100>&, const Var<Mpfr100>&);

template std::unordered_map<std::string, Var<double>> record_values(const Network&, Tape<double>&, std::unordered_map<std::string, Var<double>>);

template Program<float> program(const Network&, const ProgramOptions&);
template Program<double> program(const Network&, const ProgramOptions&);
template Program<long double> program(const Network&, const ProgramOptions&);
template Program<Mpfr50> program(const Network&, const ProgramOptions&);
template Program<Mpfr100> program(const Network&, const ProgramOptions&);

template ProgramField<float> field(const Network&, const ProgramOptions&);
template ProgramField<double> field(const Network&, const ProgramOptions&);
template ProgramField<long double> field(const Network&, const ProgramOptions&);
template ProgramField<Mpfr50> field(const Network&, const ProgramOptions&);
template ProgramField<Mpfr100> field(const Network&, const ProgramOptions&);

template std::vector<float> parameter_values(const Network&);
template std::vector<double> parameter_values(const Network&);
template std::vector<long double> parameter_values(const Network&);
template std::vector<Mpfr50> parameter_values(const Network&);
template std::vector<Mpfr100> parameter_values(const Network&);

}  // namespace costate::nn
