// Networks in tiles on threads and under checkpoint schedules: the gradient bitwise, its products belong together; parts of a loss; mixed precision of a network.
#include "autodiff/array_functions.hpp"
#include "autodiff/program_field.hpp"
#include "guidance/losses.hpp"
#include "guidance/study_random.hpp"
#include "nn/network.hpp"
#include "ode/gradient/checkpointed.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/gradient/tiled.hpp"
#include "ode/mixed_field.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <concepts>
#include <limits>
#include <string>
#include <vector>

using namespace costate;
using namespace costate::guidance;

namespace {

const nn::Network& moons() {
    static const nn::Network network = nn::load_network(std::string(COSTATE_SOURCE_DIR) + "/models/moons.safetensors");
    return network;
}

template <class T>
std::vector<T> normals(std::uint32_t stream, std::size_t count) {
    const auto z = standard_normals(7, stream, count);
    return {z.begin(), z.end()};
}

template <class F, class T>
ode::GradientResult<T> tiled(const F& field, const ode::SquaredDistance<T>& loss, const std::vector<T>& x0, ode::Tiling tiling) {
    ode::TiledGradient<ode::dto::StoreAll, F, T> gradient(field, ode::find_tableau("midpoint"), tiling);
    ode::GradientResult<T> result;
    gradient(loss, T(0), T(1), 3, x0, ode::GradientOptions{true, true}, result);
    return result;
}

template <class T>
void check_network(double rounding) {
    auto field = nn::field<T>(moons());
    const std::size_t d = field.dim();
    for (const std::size_t batch : {1, 64, 100}) {
        const auto x0 = normals<T>(0, batch * d);
        const ode::SquaredDistance<T> loss(normals<T>(1, batch * d));
        const auto whole = ode::dto::StoreAll{}(field, loss, ode::find_tableau("midpoint"), T(0), T(1), 3, x0);
        for (const std::size_t rows : {1, 7, 56, 64}) {
            INFO("batch " << batch << ", rows " << rows);
            const auto one = tiled(field, loss, x0, {rows, 1}), two = tiled(field, loss, x0, {rows, 2});
            CHECK(one.x_bar == whole.x_bar);
            CHECK(one.x1 == whole.x1);
            CHECK(two.x_bar == one.x_bar);
            CHECK(two.theta_bar == one.theta_bar);
            CHECK(two.loss == one.loss);
            CHECK(two.t0_bar == one.t0_bar);
            T far(0), size(0);
            for (std::size_t i = 0; i < whole.theta_bar.size(); ++i) {
                far = std::max(far, std::abs(one.theta_bar[i] - whole.theta_bar[i]));
                size = std::max(size, std::abs(whole.theta_bar[i]));
            }
            CHECK(far <= rounding * size);
        }
    }
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
    double far = 0, size = 0;
    for (std::size_t i = 0; i < a.size(); ++i) far += (a[i] - b[i]) * (a[i] - b[i]), size += b[i] * b[i];
    return std::sqrt(far / size);
}

}  // namespace

TEST_CASE("a network's gradient does not depend on the tiles, its sums not on the threads") {
    check_network<float>(1e-5);
    check_network<double>(1e-14);
}

TEMPLATE_TEST_CASE("a network's gradient under checkpoints is bitwise that of every step kept: values do not depend on what is kept beside them", "", float,
                   double, Mpfr50) {
    using T = TestType;
    auto field = nn::field<T>(moons());
    const auto same = [](const ode::GradientResult<T>& a, const ode::GradientResult<T>& b) {
        return a.loss == b.loss && a.x1 == b.x1 && a.x_bar == b.x_bar && a.theta_bar == b.theta_bar && a.t0_bar == b.t0_bar && a.t1_bar == b.t1_bar;
    };
    for (const std::size_t batch : {1, 5, 64}) {
        if (batch > 1 && !std::floating_point<T>) break;  // 50 digits take their time
        const auto x0 = normals<T>(0, batch * field.dim());
        const ode::SquaredDistance<T> loss(normals<T>(1, batch * field.dim()));
        const auto gradient = [&](const auto& method, T t1) { return method(field, loss, ode::find_tableau("midpoint"), T(0), t1, 12, x0); };
        const auto whole = gradient(ode::dto::StoreAll{}, T(1));
        using ode::checkpoint::Rule;
        for (const ode::checkpoint::Spec& spec : {ode::checkpoint::Spec{Rule::states_only, 0, 0}, {Rule::every, 4, 0}, {Rule::binomial, 2, 0}, {Rule::mixed, 3, 0},
                                                  {Rule::two_level, 2, 2}, {Rule::online, 3, 0}}) {
            if (spec.rule == Rule::two_level && !std::floating_point<T>) continue;  // 50 digits are not written to files
            const ode::dto::Checkpointed method(spec);
            INFO(method.name << ", batch " << batch);
            CHECK(same(gradient(method, T(1)), whole));
            CHECK_FALSE(same(gradient(method, T(1) + std::numeric_limits<T>::epsilon()), whole));  // what is compared sees the last bit of a step
        }
    }
}

TEST_CASE("a network in single precision inside a solver in double") {
    auto wide = nn::field<double>(moons());
    ode::MixedField<autodiff::ProgramField<float>> mixed(nn::field<float>(moons()));
    const auto x0 = normals<double>(0, 8 * wide.dim());
    const ode::SquaredDistance<double> loss(normals<double>(1, 8 * wide.dim()));
    const auto gradient = [&](auto& field) { return ode::dto::StoreAll{}(field, loss, ode::find_tableau("rk4"), 0.0, 1.0, 20, x0); };
    const auto exact = gradient(wide), rounded = gradient(mixed);
    CHECK(distance(rounded.x_bar, exact.x_bar) < 2e-6);
    CHECK(distance(rounded.theta_bar, exact.theta_bar) < 2e-6);
    CHECK(distance(rounded.x_bar, exact.x_bar) > 1e-9);  // and it is single precision
    // through tiles as well
    ode::TiledGradient<ode::dto::StoreAll, decltype(mixed), double> tiles(mixed, ode::find_tableau("rk4"), {3, 2});
    ode::GradientResult<double> result;
    tiles(loss, 0.0, 1.0, 20, x0, {true, true}, result);
    CHECK(result.x_bar == rounded.x_bar);
}

TEST_CASE("parts of a linear observation are its rows") {
    using Q = Rational;
    const SmallMatrix<Q> H(1, 2, {ratio(2, 3), ratio(-1, 2)});
    const std::vector<Q> x{ratio(3), ratio(4), ratio(0), ratio(2), ratio(-1), ratio(5)};
    for (const LinearObservation<Q>& loss : {LinearObservation<Q>(H, {ratio(1), ratio(-1), ratio(2)}), LinearObservation<Q>(H, {ratio(1)})}) {
        std::vector<Q> whole(6), parts(6);
        loss.gradient(x, whole);
        Q sum(0);
        for (const auto& [first, count] : {std::pair<std::size_t, std::size_t>{0, 4}, {4, 2}}) {
            sum += loss.part(first, count)(std::span<const Q>(x).subspan(first, count));
            loss.part(first, count).gradient(std::span<const Q>(x).subspan(first, count), std::span<Q>(parts).subspan(first, count));
        }
        CHECK(sum == loss(x));
        CHECK(parts == whole);
        CHECK_THROWS_AS(loss.part(1, 2), std::invalid_argument);
    }
    // control: the rows of another sample
    const LinearObservation<Q> each(H, {ratio(1), ratio(-1), ratio(2)});
    CHECK(each.part(4, 2)(std::span<const Q>(x).first(2)) != each.part(0, 2)(std::span<const Q>(x).first(2)));
    const LinearObservation<Q> two(H, {ratio(1), ratio(-1)});
    CHECK_THROWS_AS(two.part(4, 2), std::invalid_argument);
}
