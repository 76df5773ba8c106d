// W6, our side: the gradient through a small U-Net, a tile of samples at a time.
#pragma once

#include "bench/images.hpp"
#include "bench/peers/side.hpp"
#include "bench/timing.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/gradient/tile_rows.hpp"
#include "ode/gradient/tiled.hpp"

#include <memory>

namespace costate::bench {

/// The limit: the convolutions of forward and pullback in the best dense kernel.
inline Side image_side(const Unet& network, std::size_t steps, std::size_t batch, std::size_t threads) {
    using Field = autodiff::ProgramField<float>;
    struct Data {
        std::vector<float> x0, x1;
        ode::SquaredDistance<float> loss;
        ode::TiledSolve<Field, float> solve;
        ode::TiledGradient<ode::dto::StoreAll, Field, float> gradient;
        ode::GradientResult<float> result{};
        Dense<float> dense{};
    };
    const auto part = [&](const std::vector<double>& v) { return in_scalar<float>(std::span(v).first(batch * Unet::pixels)); };
    const auto f = field<float>(network);
    std::size_t weights = 0;
    for (const ConvolutionLayer& layer : Unet::layers) weights += 2 * layer.shape().weight_size() * sizeof(float);
    const auto summary = f.program().summary();
    const std::size_t sample = summary.workspace_bytes + summary.record_bytes + 6 * Unet::pixels * sizeof(float);
    const ode::Tiling tiling{ode::tile_rows({sample, weights, kernels::second_level_cache()}, batch, threads), threads};
    const ode::Tableau tableau = ode::find_tableau("midpoint");
    auto data = std::make_shared<Data>(Data{part(network.x0), part(network.x0), ode::SquaredDistance<float>(part(network.y)), {f, tableau, tiling}, {f, tableau, tiling}});
    Side side{[data, steps] { data->solve(0.0F, 1.0F, steps, data->x0, data->x1); },
              [data, steps] { data->gradient(data->loss, 0.0F, 1.0F, steps, data->x0, {false, false}, data->result); },
              [data] { return std::vector<double>(data->result.x_bar.begin(), data->result.x_bar.end()); }};
    side.end = [data, steps] {
        data->solve(0.0F, 1.0F, steps, data->x0, data->x1);
        return std::vector<double>(data->x1.begin(), data->x1.end());
    };
    side.limit = [data] { data->dense(); };
    side.limit_times = 2 * Unet::flops() * static_cast<double>(2 * steps * batch) / Dense<float>::flops;
    return side;
}

}  // namespace costate::bench
