# cmake -DNM=nm -DARCHIVE=libcostate_kernels.a -DMEMBERS=regex -P symbols.cmake
# An inline function that a file compiled for a wide instruction set emits as a weak symbol may be picked by the linker for the
# whole program, which then dies on a smaller processor. Matching members may export table functions only.
execute_process(COMMAND ${NM} -A -C --defined-only ${ARCHIVE} OUTPUT_VARIABLE symbols RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "nm failed on ${ARCHIVE}")
endif()
string(REPLACE ";" ":" symbols "${symbols}")
string(REPLACE "\n" ";" symbols "${symbols}")
set(seen 0)
foreach(symbol IN LISTS symbols)
  if(NOT symbol MATCHES ":(${MEMBERS})\\.cpp\\.o:[0-9a-f]+ ([A-Zuvw]) (.*)$")
    continue()
  endif()
  set(name "${CMAKE_MATCH_3}")
  if(name MATCHES "^costate::kernels::simd::Table<[a-z]+> const& costate::kernels::simd::(${MEMBERS})<(float|double)>\\(\\)$")
    math(EXPR seen "${seen} + 1")
  elseif(NOT name STREQUAL "DW.ref.__gxx_personality_v0")  # a pointer, no code
    message(SEND_ERROR "unexpected exported symbol: ${symbol}")
  endif()
endforeach()
if(seen EQUAL 0)
  message(SEND_ERROR "no table function found in ${ARCHIVE}: the check looks at the wrong file")
endif()
