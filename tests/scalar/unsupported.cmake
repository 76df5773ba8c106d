# An operation that a scalar cannot support is exactly one error of the compiler, with the sentence of require_transcendental or
# require_ordered in it; the same call compiles in a scalar that supports it. Needs COMPILER, ROOT and SCRATCH (emptied).
file(REMOVE_RECURSE ${SCRATCH})
file(WRITE ${SCRATCH}/scalars.hpp "#include \"scalar/dual.hpp\"\n#include \"scalar/series_functions.hpp\"\n")
set(compile ${CMAKE_COMMAND} -E env LC_ALL=C ${COMPILER} -std=c++20 -I${ROOT})
# the headers are parsed once for all calls
execute_process(COMMAND ${compile} -x c++-header ${SCRATCH}/scalars.hpp -o ${SCRATCH}/scalars.hpp.gch COMMAND_ERROR_IS_FATAL ANY)

function(compile_call type call)
  file(WRITE ${SCRATCH}/call.cpp "#include \"scalars.hpp\"
using namespace costate;
auto function(const ${type}& x) {
    using std::exp, std::log, std::log1p, std::sqrt, std::sin, std::cos, std::tanh, std::erf, std::erfc;
    return ${call};
}
")
  execute_process(COMMAND ${compile} -fsyntax-only ${SCRATCH}/call.cpp RESULT_VARIABLE result ERROR_VARIABLE errors OUTPUT_QUIET)
  set(result ${result} PARENT_SCOPE)
  set(errors "${errors}" PARENT_SCOPE)
endfunction()

function(expect_success type call)
  compile_call("${type}" "${call}")
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${call} should compile for ${type}, but:\n${errors}")
  endif()
endfunction()

function(expect_message message type call)
  compile_call("${type}" "${call}")
  string(REGEX MATCHALL "error: " found "${errors}")
  list(LENGTH found count)
  string(FIND "${errors}" "${message}" position)
  if(result EQUAL 0 OR NOT count EQUAL 1 OR position EQUAL -1)
    message(FATAL_ERROR "${call} for ${type} should be one error with \"${message}\", not these ${count}:\n${errors}")
  endif()
endfunction()

set(elementary exp log log1p sqrt sin cos tanh erf erfc)
set(activations sigmoid silu gelu softplus sigmoid_slope silu_slope gelu_slope softplus_slope tanh_slope erf_slope)
set(needs_function "static assertion failed: this scalar is exact (Rational, PrimeField or built on them) and has no exp, log, sqrt")
set(needs_order "static assertion failed: this scalar (PrimeField or built on it) has no order")

list(TRANSFORM elementary APPEND "(x)" OUTPUT_VARIABLE calls)
list(TRANSFORM activations APPEND "(x)" OUTPUT_VARIABLE more)
string(JOIN " + " every ${calls} ${more})
foreach(type double Mpfr50 "Series<long double, 3>" "Dual<float>")
  expect_success("${type}" "${every} + relu(x)")
endforeach()
foreach(call IN LISTS calls)
  expect_message("${needs_function}" Rational "${call}")
endforeach()
foreach(call IN LISTS more)
  expect_message("${needs_function}" PrimeField "${call}")
endforeach()
expect_message("${needs_function}" PrimeField "${every}")
expect_message("${needs_function}" "Series<Rational, 3>" "exp(x) + erf(x)")
expect_message("${needs_function}" "Dual<Rational>" "gelu(x)")
expect_message("${needs_order}" PrimeField "relu(x)")
expect_message("${needs_order}" "Series<PrimeField, 2>" "relu_slope(x)")
expect_success(Rational "relu(x)")
expect_success("Series<Rational, 3>" "exp(x) + sin(x) + silu(x)")
file(REMOVE_RECURSE ${SCRATCH})
