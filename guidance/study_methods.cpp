// What a study knows of its methods, and the rows that they make.
#include "guidance/study_compute.hpp"
#include "ode/gradient/methods.hpp"

#include <algorithm>

namespace costate::guidance {

namespace detail {

bool takes_tableaus(std::string_view method) {
    if (is_of_study(method)) return method == look_ahead_name;
    bool takes = true;
    ode::with_gradient_method(method, [&]<class Method>(const Method&) { takes = ode::only_tableau<Method>().empty(); });
    return takes;
}

bool has_own_map(std::string_view method) {
    if (is_of_study(method)) return false;
    bool own = false;
    ode::with_gradient_method(method, [&]<class Method>(const Method&) { own = ode::has_own_map<Method>(); });
    return own;
}

std::optional<std::size_t> order_of(std::string_view method, const ode::Tableau& tableau) {
    if (method == greedy_name) return std::nullopt;
    if (method == adjoint_deis_name) return 1;
    std::size_t order = 0;
    ode::with_gradient_method(method == look_ahead_name ? ode::dto::StoreAll::name : method,
                              [&](const auto& named) { order = named.predicted_order(tableau); });
    return order;
}

std::string share_of(const std::string& method, std::size_t samples) {
    const std::vector<std::string_view> parts = ode::split_spelling(method);
    const auto budget = ode::dto::WithinMemory::named(parts.front(), std::span(parts).subspan(1));
    return budget ? "memory:" + std::to_string(std::max<std::size_t>(budget->memory / samples, 1)) : method;
}

}  // namespace detail

std::vector<StudyRow> StudyProblem::questions() const {
    std::vector<StudyRow> list;
    for (const auto& precision : precisions) {
        for (const auto& tableau : tableaus)
            for (const auto& method : methods)
                for (const std::size_t n : steps)
                    if (detail::takes_tableaus(method)) list.push_back({.method = method, .tableau = tableau, .steps = n, .precision = precision});
        for (const auto& method : methods)
            for (const std::size_t n : steps)
                if (method != detail::greedy_name && !detail::takes_tableaus(method))
                    list.push_back({.method = method, .tableau = "euler", .steps = n, .precision = precision});
        if (std::find(methods.begin(), methods.end(), detail::greedy_name) != methods.end())
            list.push_back({.method = std::string(detail::greedy_name), .tableau = "euler", .steps = 1, .precision = precision});
    }
    return list;
}

}  // namespace costate::guidance
