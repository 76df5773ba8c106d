// The bytes of every file are put together here by hand, as NumPy's format description says.
#include "nn/npy.hpp"
#include "tests/nn/temporary.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace costate::nn;

namespace {

template <class T>
std::string raw(std::initializer_list<T> values) {
    std::string bytes(values.size() * sizeof(T), '\0');
    std::memcpy(bytes.data(), values.begin(), bytes.size());
    return bytes;
}

bool same(const Array& a, const Array& b) {
    return a.shape() == b.shape() && std::equal(a.begin(), a.end(), b.begin());
}

}  // namespace

TEST_CASE(".npy files are read in every format and order, and damaged ones refused") {
    const TemporaryFolder folder;
    const auto file = folder / "x.npy";
    const Array values{{1.0, 2.0, 3.0}, {4.0, 5.0, 6.5}};
    write_npy(file, values);
    CHECK(same(read_npy(file), values));
    CHECK(read_bytes(file).find('\n') % 64 == 63);
    const auto npy = [](std::string header, const std::string& data) {
        header += '\n';
        return std::string("\x93NUMPY\1\0", 8) + static_cast<char>(header.size()) + '\0' + header + data;
    };
    write_bytes(file, npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", raw<float>({1, 2, 3, 4})));
    CHECK(same(read_npy(file), Array{{1.0, 3.0}, {2.0, 4.0}}));
    const std::string good = "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", one = raw<double>({1});
    for (const std::string& bytes : {std::string(),
                                     std::string("\x93NUMPY"),
                                     npy(good, ""),
                                     npy(good, one + "x"),
                                     npy(good + " {}", one),
                                     npy("", one),
                                     npy("{", one),
                                     npy("{}", one),
                                     npy("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", one),
                                     npy("{'descr': '>f8', 'fortran_order': False, 'shape': (1,)}", one),
                                     npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", one),
                                     npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}", one),
                                     npy("{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}", one),
                                     npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", one),
                                     npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1.5,)}", one),
                                     npy("{'descr': '<f8', 'fortran_order': False, 'shape': 1}", one),
                                     npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693953,)}", one),
                                     npy("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}", one),
                                     npy("{'descr': '<f8' 'fortran_order': False, 'shape': (1,)}", one),
                                     npy("{'descr': '<f8", one),
                                     npy(good, raw<double>({NAN})),
                                     std::string("\x93NUMPY\7\0\1\0{", 11),
                                     std::string("\x93NUMPY\2\0\xff\xff\xff\xff{", 13)}) {
        write_bytes(file, bytes);
        INFO(bytes);
        CHECK_THROWS_AS(read_npy(file), NpyError);
    }
    CHECK_THROWS_AS(read_npy(folder / "absent.npy"), NpyError);
}
