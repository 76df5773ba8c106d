// The library's claims on a path of one's own: a copy of one of the library's paths brings the same to light.
#include "claims/greed/list.hpp"
#include "claims/list.hpp"
#include "claims/verify.hpp"
#include "guidance/paths/own_path.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace costate;
using namespace costate::claims;

namespace {

struct Straight {
    std::string name = "straight";
    auto alpha(const auto& t) const { return t; }
    auto sigma(const auto& t) const { return 1 - t; }
};
struct Square {
    static constexpr std::string_view name = "square";
    auto alpha(const auto& t) const { return t * t; }
    auto sigma(const auto& t) const { return (1 - t) * (1 + t); }
};
struct Wave {
    static constexpr std::string_view name = "wave";
    template <class T> T alpha(const T& t) const { return sin(guidance::pi<T>() / 2 * t); }
    template <class T> T sigma(const T& t) const { return sin(guidance::pi<T>() / 2 * (1 - t)); }
};
// σ₁ > 0
struct Exploding {
    static constexpr std::string_view name = "exploding";
    int alpha(const auto&) const { return 1; }
    template <class T> T sigma(const T& t) const { return exp((1 - t) * log(from_rational<T>(ratio(1000)))) / 100; }
};

// What was found, but for roundings that are told as such.
std::string text_of(const Evidence& evidence) {
    std::string text;
    for (const Finding& f : evidence.findings) {
        const bool exact = f.proof == Proof::exact || f.proof == Proof::coefficient;
        text += f.name + ": " + f.predicted + (exact ? ", " + f.measured : "") + ", " + name(f.proof) + (f.holds ? "" : ", not") + "\n";
    }
    for (const Hypothesis& h : evidence.hypotheses) text += h.text + (h.holds ? "" : ": not") + "\n";
    return text;
}

void same(const Claim& claim, const guidance::AnyPath& own, const guidance::AnyPath& known) {
    Setting on_own = default_setting(claim.axes), on_known = on_own;
    on_own.path = own;
    on_known.path = known;
    for (const Reading& reading : claim.readings) {
        INFO(claim.id << ", " << reading.name << ", " << guidance::name_of(own));
        CHECK(reading.expected(on_own) == reading.expected(on_known));
        const Evidence evidence = reading.run(on_own);
        CHECK(evidence.holds() == reading.expected(on_own));
        CHECK(text_of(evidence) == text_of(reading.run(on_known)));
        CHECK(noticed(reading.control, evidence, reading.control.run(on_own)));
    }
}

}  // namespace

TEST_CASE("claims find on a copy of a path what they find on the path") {
    for (const Claim& claim : {greedy_is_explicit_euler(), exact_solution(), greedy_convergence()}) {
        same(claim, guidance::own_path(Square{}), guidance::PolynomialPath{});
        same(claim, guidance::own_path(Wave{}), guidance::CosinePath{});
        same(claim, guidance::own_path(Exploding{}), guidance::Ve{});
    }
    // control: another path, another prediction
    const Claim claim = greedy_convergence();
    Setting straight = default_setting(claim.axes), wave = straight;
    straight.path = guidance::own_path(Straight{});
    wave.path = guidance::own_path(Wave{});
    CHECK(text_of(claim.readings[1].run(straight)) != text_of(claim.readings[1].run(wave)));
}

TEST_CASE("in exact arithmetic a claim stays exact on a rational path of one's own") {
    Claim claim = greedy_is_explicit_euler();
    Setting setting = default_setting(claim.axes);
    setting.path = guidance::own_path(Straight{});
    const Evidence evidence = claim.readings[0].run(setting);
    CHECK(evidence.holds());
    CHECK(evidence.proof() == Proof::exact);
    setting.path = guidance::own_path(Wave{});
    CHECK(claim.readings[0].run(setting).proof() == Proof::bound);
}

TEST_CASE("tasks on a path of one's own are told by its name, and rows of another one are not taken for theirs") {
    const std::vector<Claim> all = all_claims();
    std::vector<const Claim*> pointers;
    for (const Claim& claim : all) pointers.push_back(&claim);
    const auto tasks = tasks_on(pointers, guidance::own_path(Straight{"mine"}), Coverage::quick);
    std::size_t readings = 0;
    for (const Claim& claim : all) readings += claim.axes.contains("path") ? claim.readings.size() : 0;
    CHECK(tasks.size() == readings);
    CHECK(readings >= 15);
    for (const VerifyTask& task : tasks) {
        CHECK(task.setting_text.find("path=mine") != std::string::npos);
        CHECK(task.setting.text("path") == "mine");
        CHECK(command_of(task).ends_with("  # in your own program: the command line has no path of that name"));
    }
    CHECK(tasks_on(pointers, guidance::own_path(Straight{"mine"}), Coverage::pairwise).size() > tasks.size());

    const Claim euler = greedy_is_explicit_euler(), *one = &euler;
    const auto mine = tasks_on({&one, 1}, guidance::own_path(Straight{"mine"}), Coverage::quick),
               yours = tasks_on({&one, 1}, guidance::own_path(Straight{"yours"}), Coverage::quick);
    const std::vector<VerifyRow> rows = verify(mine, {});
    CHECK(std::all_of(rows.begin(), rows.end(), [](const VerifyRow& row) { return row.comes_out(); }));
    const auto computed = [&](const std::vector<VerifyTask>& asked) {
        std::size_t count = 0;
        (void)verify(asked, {.known = rows, .keep = [&](const VerifyRow&) { ++count; }});
        return count;
    };
    CHECK(computed(mine) == 0);
    CHECK(computed(yours) == yours.size());
}
