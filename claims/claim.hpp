// A theorem as code: what it says, what is predicted before anything is measured, what is measured, and a control that must fail.
#pragma once

#include "claims/setting.hpp"

#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace costate::claims {

/// How strong the proof of a finding is, the strongest first.
enum class Proof {
    exact,        ///< == in ℚ or ℤ/p
    coefficient,  ///< first non-zero coefficient in ℚ[[h]]
    slope,        ///< slope at 50 to 100 digits over 12 halvings and more
    bound,        ///< equality to within a stated error at 50 digits and more
    statistics,   ///< confidence interval of a sample
    illustration, ///< double precision
};

/// "exact", "coefficient", …: the JSON key; and a phrase for a reader: "equality in exact arithmetic".
std::string name(Proof proof);
std::string meaning(Proof proof);

/// A condition of the theorem, looked at and not assumed.
struct Hypothesis {
    std::string text;   ///< what is asked, mathematics in $…$
    std::string found;  ///< what was found: "\\sigma_1 = 0"
    bool holds = false;
    bool decides = true;  ///< false: told, but the statement does not ask for it
};

/// One thing predicted and measured. A name is unique within its evidence; a control refers to it.
struct Finding {
    std::string name;
    std::string predicted, measured;  ///< plain text or $…$
    std::string uncertainty;          ///< "exact", "± 3e-9", "truncation below 1e-31"
    Proof proof = Proof::exact;
    bool holds = false;
    bool decides = true;  ///< false: not the statement itself, but what it says about its failure (a predicted gap); it has to hold all the same
};

/// Points of a picture: what was measured at x, and what was predicted there (as many values, or none).
struct Curve {
    std::string label;
    std::vector<double> x, measured, predicted;
};

struct Figure {
    std::string title, x_label, y_label;
    bool logarithmic_x = false, logarithmic_y = false;
    std::vector<Curve> curves;
    std::vector<std::string> names{};  ///< of x = 1, 2, …, where they are things and not numbers: no line joins them
};

/// What running a reading brought to light.
struct Evidence {
    std::string subject;  ///< what it was run on, one line: "two polynomial equations of degree 3, seed 0"
    std::vector<Hypothesis> hypotheses{};
    std::vector<Finding> findings{};
    std::vector<Figure> figures{};
    std::string numbers{};  ///< the subject in numbers, to compute it again elsewhere; empty: what in_numbers(setting) says

    /// Every hypothesis and every finding that decides holds, and there is at least one finding.
    [[nodiscard]] bool holds() const;
    /// Every finding that does not decide holds: without that nothing comes out as predicted.
    [[nodiscard]] bool accompanied() const;
    /// Whether the hypothesis or finding of that name holds. Throws std::out_of_range where there is none.
    [[nodiscard]] bool holds(const std::string& name) const;
    /// The weakest proof among the findings that decide: all of these where the evidence holds, else those that fail.
    [[nodiscard]] Proof proof() const;
};

using Run = std::function<Evidence(const Setting&)>;

/// A sentence, or where it depends on the setting a function that says it of one. It may throw what the function throws.
class Told {
public:
    Told(const char* sentence) : Told(std::string(sentence)) {}
    Told(std::string sentence) : of_([sentence = std::move(sentence)](const Setting&) { return sentence; }) {}
    template <class Of>
        requires std::is_invocable_r_v<std::string, const Of&, const Setting&>
    Told(Of of) : of_(std::move(of)) {}

    [[nodiscard]] std::string in(const Setting& setting) const { return of_(setting); }

private:
    std::function<std::string(const Setting&)> of_;
};

/// The same computation with one hypothesis or coefficient broken; for a reading that fails, a subject on which it holds.
struct Control {
    Told broken;             ///< what is changed in this setting: a whole sentence
    std::string noticed_by;  ///< the finding (or the hypothesis, by its text) whose verdict has to turn
    Run run;
};

/// One way to read a statement. Where print and mathematics agree there is one, named "precise".
struct Reading {
    std::string name;                                    ///< "printed" or "precise"
    std::string statement;                               ///< mathematics in $…$, a subset of TeX (claims/report/mathematics.hpp)
    std::function<bool(const Setting&)> expected;        ///< the verdict that is expected of it in this setting
    Run run;
    Control control;
    std::string remark{};                                ///< why print and mathematics differ, where they do
    std::string shown{};                                 ///< "path=ve": in its default setting, instead of the claim's, where print fails there only
};

struct Claim {
    std::string id;          ///< the name on the command line: "greed-theorem-4"
    std::string title;
    std::string source;      ///< authors, year, number: "Blasingame & Liu 2025, Theorem 4"
    std::string explanation; ///< what is computed and why it settles the matter: paragraphs, mathematics in $…$
    std::vector<Reading> readings;
    Axes axes{};             ///< the settings that change it, the default of each first
};

/// A reading that is expected to hold (or not) whatever the setting.
std::function<bool(const Setting&)> always(bool verdict);

/// Whether the control's evidence turned the verdict of the named finding against that of the reading's own evidence.
bool noticed(const Control& control, const Evidence& own, const Evidence& controlled);

}  // namespace costate::claims
