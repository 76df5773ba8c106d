// The template behind comparison_run.hpp; included by the source file of each scalar.
#pragma once

#include "guidance/guide/comparison_run.hpp"
#include "guidance/guide/metrics.hpp"
#include "guidance/guide/operators/tasks.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <stdexcept>

namespace costate::guidance::detail {

template <class T>
std::vector<T> narrowed(std::span<const double> values) {
    return {values.begin(), values.end()};
}

template <class T>
FlowModel<T> make_flow_model(const GuideSetup& setup) {
    if (setup.network) return FlowModel<T>(*setup.network, *setup.flow_path);
    if (!setup.mixture.empty()) return FlowModel<T>(mixture_in<T>(setup.mixture, *setup.flow_path));
    return FlowModel<T>(EmpiricalData<T>(narrowed<T>(setup.data.values), setup.shape.size(), static_cast<T>(setup.tau()), *setup.flow_path));
}

template <class T>
std::optional<LinearOperator<T>> make_operator_of(const GuideSetup& setup) {
    if (!setup.H) return std::nullopt;
    return make_operator<T>(setup.request.task, setup.shape, setup.request.seed);
}

template <class T>
Objective<T> make_objective(const GuideSetup& setup, const std::optional<LinearOperator<T>>& H, std::size_t i) {
    const GuideRequest& request = setup.request;
    std::vector<typename Objective<T>::Term> terms;
    if (H) terms.push_back(Measurement<T>{*H, narrowed<T>(setup.measurement_of(i)), static_cast<T>(setup.sigma_y), request.task_weight});
    for (std::size_t k = 0; k < request.losses.size(); ++k) {
        const LossRequest& loss = request.losses[k];
        const auto label = loss.targets.empty() ? std::nullopt : std::optional(loss.targets[(request.first + i) % loss.targets.size()]);
        terms.push_back(NetworkLoss<T>(setup.loss_networks[k], {label, loss.value.value_or(0), loss.output}, setup.shape.size(), loss.weight));
    }
    if (setup.references.count > 0) {
        const std::size_t d = setup.shape.size(), at = setup.references.count == 1 ? 0 : request.first + i;
        terms.push_back(Reference<T>{narrowed<T>(std::span<const double>(setup.references.values).subspan(at * d, d)), request.reference_weight});
    }
    return Objective<T>(std::move(terms));
}

/// The class of the truth, by its label or else by the classifier itself.
template <class T>
std::optional<NetworkLoss<T>> make_judge(const GuideSetup& setup, std::size_t i) {
    if (!setup.classifier || setup.truth.count == 0) return std::nullopt;
    std::size_t label = 0;
    if (i < setup.truth.labels.size()) label = static_cast<std::size_t>(setup.truth.labels[i]);
    else {
        NetworkLoss<T> classifier(*setup.classifier, {std::size_t{0}, 0, 0}, setup.shape.size());
        const std::vector<T> truth = narrowed<T>(setup.truth_of(i));
        const std::span<const T> f = classifier.output(std::span<const T>(truth));
        label = static_cast<std::size_t>(std::max_element(f.begin(), f.end()) - f.begin());
    }
    return NetworkLoss<T>(*setup.classifier, {label, 0, 0}, setup.shape.size());
}

/// A PSNR beyond this is rounding, and counts as this in a mean.
inline constexpr double most_decibels = 200;

template <class T>
class GuideComputer {
public:
    GuideComputer(const GuideSetup& setup, const FlowModel<T>& model, const std::optional<LinearOperator<T>>& H) : setup_(setup), model_(model), H_(H) {}

    GuideOutcome operator()(const GuidanceMethod& method, std::size_t image, std::uint32_t draw, const std::function<void(double)>& watch) {
        using Clock = std::chrono::steady_clock;
        GuideOutcome outcome;
        GuideRow& row = outcome.row;
        row.method = method.spelling();
        row.task = setup_.task();
        row.image = setup_.request.first + image;
        const NormalSource random(setup_.request.seed, draw);
        Objective<T> objective = make_objective<T>(setup_, H_, image);
        model_.reset_cost();
        const auto begin = Clock::now();
        double done = 0;
        std::size_t calls = 0;
        const auto progress = [&](double fraction) { watch(done = fraction); };
        model_.watch([&] {
            if (++calls % 64 == 0) watch(done);  // within a long solve
        });
        GuidanceProblem<T> problem{model_, objective, random, setup_.request.options, progress};
        const GuidanceResult<T> result = method(problem);
        model_.watch({});
        row.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
        row.evaluations = model_.cost().evaluations;
        row.vjps = model_.cost().vjps;
        row.jvps = model_.cost().jvps;
        row.peak_bytes = result.peak_bytes;
        row.restarts = result.restarts;
        row.note = result.note;
        judge(objective, image, result.x, outcome);
        for (const std::vector<T>& state : result.trajectory) outcome.way.emplace_back(state.begin(), state.end());
        return outcome;
    }

private:
    /// Everything that is said of a sample; what is not finite is no sample.
    void judge(Objective<T>& objective, std::size_t image, const std::vector<T>& x, GuideOutcome& outcome) {
        GuideRow& row = outcome.row;
        if (!std::all_of(x.begin(), x.end(), [](T v) { return std::isfinite(v); })) {
            row.note = "the sample is not finite; give the method smaller steps (costate list guidance), or --tune" + (row.note.empty() ? "" : "; " + row.note);
            return;
        }
        const std::span<const T> sample(x);
        const double loss = static_cast<double>(objective(sample));
        if (!std::isfinite(loss)) {
            row.note = "the loss of the sample is not finite; scale what is asked for";
            return;
        }
        row.loss = loss;
        row.class_ok = objective.class_ok(sample);
        if (const Measurement<T>* m = objective.any_measurement()) row.measurement_psnr = measurement_psnr(*m, sample);
        outcome.sample.assign(x.begin(), x.end());
        std::vector<double> shown = outcome.sample;
        if (setup_.shape.is_image())
            for (double& v : shown) v = std::clamp(v, -1.0, 1.0);
        if (setup_.truth.count > 0) {
            row.psnr = std::min(psnr(shown, setup_.truth_of(image)), most_decibels);
            if (setup_.shape.height >= 3 && setup_.shape.width >= 3) row.ssim = ssim(setup_.shape, shown, setup_.truth_of(image));
        }
        if (!row.class_ok)
            if (auto judge = make_judge<T>(setup_, image)) {
                const std::vector<T> cut = narrowed<T>(shown);
                row.class_ok = judge->hits(std::span<const T>(cut));
            }
    }

    static double measurement_psnr(const Measurement<T>& m, std::span<const T> x) {
        std::vector<T> y(m.y.size());
        m.H.apply(x, std::span<T>(y));
        double square = 0;
        for (std::size_t i = 0; i < y.size(); ++i) square += (static_cast<double>(y[i]) - m.y[i]) * (static_cast<double>(y[i]) - m.y[i]);
        return std::min(10 * std::log10(4 * static_cast<double>(y.size()) / square), most_decibels);
    }

    const GuideSetup& setup_;
    FlowModel<T> model_;
    std::optional<LinearOperator<T>> H_;
};

template <class T>
std::function<GuideCompute()> guide_in(const GuideSetup& setup) {
    return [&setup, model = make_flow_model<T>(setup), H = make_operator_of<T>(setup)]() -> GuideCompute {
        return [computer = std::make_shared<GuideComputer<T>>(setup, model, H)](const GuidanceMethod& method, std::size_t image, std::uint32_t draw,
                                                                              const std::function<void(double)>& watch) {
            return (*computer)(method, image, draw, watch);
        };
    };
}

}  // namespace costate::guidance::detail
