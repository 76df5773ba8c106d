#include "claims/classics/exact_routes.hpp"

#include <fmt/format.h>

namespace costate::claims::classical {

std::string by_how_much(double off) { return off > 0 ? fmt::format(" by {} % of it", number(100 * off, 4)) : ""; }

Finding in_both(const std::string& name, const std::string& what, bool in_q, std::size_t few, bool in_p, std::size_t many, double off) {
    const std::string same = fmt::format("equal in ℚ over {} step{} and in ℤ/p over {}", few, few == 1 ? "" : "s", many);
    const std::string differs = in_q ? "differs in ℤ/p" : (in_p ? "differs in ℚ" : off > 0 ? "differs in ℤ/p and in ℚ, there" : "differs in ℤ/p and in ℚ") + by_how_much(off);
    return equality(name, what, in_q && in_p ? same : differs, in_q && in_p);
}

}  // namespace costate::claims::classical
