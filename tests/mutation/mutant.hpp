// The seam of the mutation test: copies of the engine's sources ask here which of their mutants is active. One program holds all.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace costate::mutation {

/// The number of the active mutant, 0: none. Set once by main, before anything else runs.
inline int active = 0;

inline bool on(int id) { return active == id; }

/// Factor{id, kinds} * v is v, and under mutant id -v, id + 1 twice v, id + 2 nothing of v; `kinds` of these exist.
struct Factor {
    int first, kinds;
};

template <class T>
T operator*(const Factor& factor, const T& v) {
    const int kind = active - factor.first;
    if (kind < 0 || kind >= factor.kinds) return v;
    if (kind == 1) return v + v;
    const T none = v - v;
    if (kind == 0) return none - v;
    return none;
}

/// n values: those at p, or the values of a mutant in a place that lives through the next few hundred calls.
template <class T>
const T* values(int first, int kinds, const T* p, std::size_t n) {
    thread_local std::vector<std::vector<T>> places(256);
    thread_local std::size_t next = 0;
    if (active < first || active >= first + kinds || p == nullptr) return p;
    std::vector<T>& place = places[next++ % places.size()];
    place.assign(p, p + n);
    for (T& v : place) v = Factor{first, kinds} * v;
    return place.data();
}

/// f'(x) of elementwise function number f, in place: mutants first + 2 f (the sign) and first + 2 f + 1 (twice).
template <class Function, class Values>
void slopes(int first, Function f, Values values) {
    const int own = first + 2 * static_cast<int>(f);
    if (active < own || active > own + 1) return;
    for (auto& v : values) v = Factor{own, 2} * v;
}

/// A list "0 1/2 -3" of rational numbers whose non-zero members are the mutants first, first + 1, …: the active one is made larger by 1/7.
inline std::string coefficients(int first, std::string_view list) {
    std::string text;
    for (std::size_t at = 0; at < list.size();) {
        const std::size_t end = list.find(' ', at) == std::string_view::npos ? list.size() : list.find(' ', at);
        std::string word(list.substr(at, end - at));
        if (!word.empty() && word != "0" && active == first++) {
            const std::size_t bar = word.find('/');
            const long long above = std::atoll(word.c_str()), below = bar == std::string::npos ? 1 : std::atoll(word.c_str() + bar + 1);
            word = std::to_string(7 * above + below) + "/" + std::to_string(7 * below);
        }
        text += (text.empty() ? "" : " ") + word;
        at = end + 1;
    }
    return text;
}

}  // namespace costate::mutation
