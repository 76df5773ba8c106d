// Networks recorded in double alone: what nn/record.cpp does for every scalar of the library.
#include "nn/record_impl.hpp"

namespace costate::nn {

template autodiff::Var<double> record(const Network&, autodiff::Tape<double>&, const autodiff::Var<double>&, const autodiff::Var<double>&);
template autodiff::Program<double> program(const Network&, const ProgramOptions&);

}  // namespace costate::nn
