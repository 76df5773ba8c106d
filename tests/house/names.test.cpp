// A header includes what it uses of the standard library and of Boost, itself or by its includes among ours: house/headers hands these to all of them.
#include "tests/house/headers.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace house;

// What a standard header is included for. A name may stand at several.
const std::map<std::string, std::string> standard = {
    {"<algorithm>", "adjacent_find all_of any_of clamp copy copy_if copy_n count count_if equal fill fill_n find find_if find_if_not for_each generate "
                    "includes is_sorted lexicographical_compare lower_bound max max_element merge min min_element minmax minmax_element mismatch "
                    "next_permutation none_of nth_element partition ranges remove remove_if replace reverse reverse_copy rotate search shuffle sort "
                    "stable_sort swap_ranges transform unique upper_bound"},
    {"<array>", "array get to_array tuple_element tuple_size"},
    {"<atomic>", "atomic memory_order_acquire memory_order_relaxed memory_order_release"},
    {"<bit>", "bit_cast bit_ceil bit_floor bit_width countl_zero countr_zero endian has_single_bit popcount"},
    {"<charconv>", "chars_format from_chars to_chars"},
    {"<chrono>", "chrono"},
    {"<cmath>", "abs acos asin atan atan2 cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs floor fma fmod frexp hypot ilogb isfinite isinf "
                "isnan ldexp lgamma llround log log10 log1p log2 lround nextafter pow remainder round signbit sin sinh sqrt tan tanh tgamma trunc"},
    {"<compare>", "partial_ordering strong_ordering weak_ordering"},
    {"<complex>", "complex"},
    {"<concepts>", "common_with constructible_from convertible_to copyable default_initializable derived_from equality_comparable floating_point "
                   "integral invocable movable regular same_as semiregular signed_integral totally_ordered unsigned_integral"},
    {"<cstddef>", "byte max_align_t nullptr_t ptrdiff_t size_t to_integer"},
    {"<cstdint>", "int16_t int32_t int64_t int8_t intptr_t uint16_t uint32_t uint64_t uint8_t uintptr_t"},
    {"<cstdlib>", "abs free getenv malloc size_t strtod"},
    {"<cstring>", "memcmp memcpy memmove memset size_t strlen"},
    {"<exception>", "current_exception exception exception_ptr rethrow_exception"},
    {"<filesystem>", "filesystem"},
    {"<fstream>", "fstream ifstream ofstream"},
    {"<functional>", "bind_front divides equal_to function greater greater_equal hash identity invoke less less_equal minus multiplies negate plus ref "
                     "reference_wrapper"},
    {"<initializer_list>", "initializer_list"},
    {"<iterator>", "advance back_inserter begin data distance empty end forward_iterator input_iterator inserter istreambuf_iterator next prev "
                   "reverse_iterator size ssize"},
    {"<limits>", "numeric_limits"},
    {"<map>", "map multimap"},
    {"<memory>", "addressof allocator construct_at destroy_at make_shared make_unique shared_ptr unique_ptr weak_ptr"},
    {"<mutex>", "call_once lock_guard mutex once_flag scoped_lock unique_lock"},
    {"<new>", "align_val_t bad_alloc bad_array_new_length launder"},
    {"<numbers>", "numbers"},
    {"<numeric>", "accumulate exclusive_scan gcd inclusive_scan inner_product iota lcm midpoint partial_sum reduce transform_reduce"},
    {"<optional>", "make_optional nullopt nullopt_t optional"},
    {"<ostream>", "endl ostream"},
    {"<random>", "mt19937 mt19937_64 normal_distribution uniform_int_distribution uniform_real_distribution"},
    {"<ranges>", "ranges views"},
    {"<set>", "multiset set"},
    {"<span>", "as_bytes as_writable_bytes dynamic_extent span"},
    {"<sstream>", "istringstream ostringstream stringstream"},
    {"<stdexcept>", "domain_error invalid_argument length_error logic_error out_of_range overflow_error range_error runtime_error underflow_error"},
    {"<string>", "char_traits getline stod stoi stol stoull string to_string"},
    {"<string_view>", "string_view"},
    {"<tuple>", "apply forward_as_tuple get ignore make_tuple tie tuple tuple_cat tuple_element_t tuple_size tuple_size_v"},
    {"<type_traits>", "bool_constant common_type common_type_t conditional conditional_t conjunction_v decay_t disjunction_v enable_if_t false_type "
                      "integral_constant invoke_result_t is_arithmetic_v is_base_of_v is_const_v is_constant_evaluated is_convertible_v "
                      "is_default_constructible_v is_empty_v is_enum_v is_floating_point is_floating_point_v is_integral_v is_invocable_r_v "
                      "is_invocable_v is_lvalue_reference_v is_nothrow_move_constructible_v is_pointer_v is_reference_v is_same is_same_v is_signed_v "
                      "is_trivially_copyable_v is_unsigned_v is_void_v make_signed_t make_unsigned_t remove_const_t remove_cv_t remove_cvref_t "
                      "remove_pointer_t remove_reference_t true_type type_identity type_identity_t underlying_type_t void_t"},
    {"<unordered_map>", "unordered_map"},
    {"<unordered_set>", "unordered_set"},
    {"<utility>", "as_const cmp_equal cmp_greater cmp_less cmp_less_equal cmp_not_equal declval exchange forward get in_place in_place_t in_place_type "
                  "index_sequence index_sequence_for integer_sequence make_index_sequence make_integer_sequence make_pair move pair piecewise_construct "
                  "swap unreachable"},
    {"<variant>", "get get_if holds_alternative monostate variant variant_alternative_t variant_size_v visit"},
    {"<vector>", "vector"},
};

// The headers that give `name`; the standard says of some that they bring others along.
std::set<std::string> givers(const std::string& name) {
    static const std::map<std::string, std::set<std::string>> given = [] {
        std::map<std::string, std::set<std::string>> found;
        for (const auto& [header, names] : standard) {
            std::istringstream words(names);
            for (std::string word; words >> word;) found[word].insert(header);
        }
        const std::set<std::string> ranges{"<array>", "<map>", "<set>", "<span>", "<string>", "<string_view>", "<vector>"};
        for (const char* name : {"begin", "end", "size", "ssize", "data", "empty"}) found[name].insert(ranges.begin(), ranges.end());
        found["initializer_list"].insert({"<algorithm>", "<map>", "<set>", "<string>", "<utility>", "<vector>"});
        found["hash"].insert({"<memory>", "<optional>", "<string>", "<string_view>", "<variant>"});
        return found;
    }();
    const auto found = given.find(name);
    return found == given.end() ? std::set<std::string>{} : found->second;
}

// Sentences about names that come from nowhere.
std::vector<std::string> missing(const std::string& path, const Header& header) {
    static const std::regex name(R"(\bstd::(\w+))"), boost(R"(\bboost::)");
    std::vector<std::string> wrong;
    std::set<std::string> used;
    for (std::sregex_iterator it(header.code.begin(), header.code.end(), name), end; it != end; ++it) used.insert((*it)[1]);
    for (const std::string& word : used) {
        const std::set<std::string> any = givers(word);
        if (any.empty()) wrong.push_back(path + " uses std::" + word + ", which the table does not know: add it there");
        else if (std::none_of(any.begin(), any.end(), [&](const std::string& giver) { return header.reached.contains(giver); }))
            wrong.push_back(path + " uses std::" + word + " without " + *any.begin());
    }
    if (std::regex_search(header.code, boost) &&
        std::none_of(header.reached.begin(), header.reached.end(), [](const std::string& reached) { return reached.starts_with("<boost/"); }))
        wrong.push_back(path + " uses boost:: without a header of it");
    // without std:: they would be found in any header, and not by the table
    static const std::regex bare(R"((^|[^:\w])(u?int(8|16|32|64)_t|size_t|ptrdiff_t|mem(cpy|set|cmp|move))\b)");
    if (std::smatch match; std::regex_search(header.code, match, bare)) wrong.push_back(path + " names " + match[2].str() + " without std::");
    return wrong;
}

}  // namespace

TEST_CASE("a header includes what it uses of the standard library") {
    const std::vector<std::string> rooms = {"scalar", "kernels", "autodiff", "ode", "nn", "guidance", "claims", "cli"};
    const Headers headers = read_headers(COSTATE_SOURCE_DIR, rooms);
    REQUIRE(headers.size() > 60);
    for (const auto& [path, header] : headers)
        for (const std::string& sentence : missing(path, header)) FAIL_CHECK(sentence);
    // controls
    const auto noticed = [](const char* text) {
        const std::string code = code_of(text);
        return missing("ode/x.hpp", {code, included(code)}).size();
    };
    CHECK(noticed("inline std::vector<int> v() { return {}; }") == 1);
    CHECK(noticed("#include <vector>\ninline std::vector<int> v() { return {}; }") == 0);
    CHECK(noticed("#include <map>\n// std::vector\ninline std::map<int, int> m;") == 0);
    CHECK(noticed("std::no_such_name x;") == 1);
    CHECK(noticed("using Integer = boost::multiprecision::mpz_int;") == 1);
    CHECK(noticed("size_t n;") == 1);
}
