// Which settings a claim is run with: one of every combination, or as few as show every pair.
#include "claims/setting.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

namespace costate::claims {

namespace {

using Level = std::optional<std::size_t>;  // the value of an axis by its place; empty: any
using Row = std::vector<Level>;

// How many values the axes have, in the order tableau, path, field, dimension; 1 where the claim does not depend on it.
std::vector<std::size_t> sizes(const Axes& axes) {
    const auto at_least_one = [](std::size_t n) { return std::max<std::size_t>(n, 1); };
    return {at_least_one(axes.tableaus.size()), at_least_one(axes.paths.size()), at_least_one(axes.fields.size()), at_least_one(axes.dims.size())};
}

Setting setting_of(const Axes& axes, const std::vector<std::size_t>& levels) {
    Axes one;
    if (!axes.tableaus.empty()) one.tableaus = {axes.tableaus[levels[0]]};
    if (!axes.paths.empty()) one.paths = {axes.paths[levels[1]]};
    if (!axes.fields.empty()) one.fields = {axes.fields[levels[2]]};
    if (!axes.dims.empty()) one.dims = {axes.dims[levels[3]]};
    return default_setting(one);
}

// Pairs (value of an earlier axis, value of the new axis) that no row shows yet.
class Missing {
public:
    Missing(const std::vector<std::size_t>& earlier, std::size_t values) {
        for (const std::size_t n : earlier) missing_.emplace_back(n * values, true);
        values_ = values;
    }
    [[nodiscard]] bool at(std::size_t axis, std::size_t level, std::size_t value) const { return missing_[axis][level * values_ + value]; }
    [[nodiscard]] std::size_t gain(const Row& row, std::size_t value) const {
        std::size_t count = 0;
        for (std::size_t axis = 0; axis < missing_.size(); ++axis) count += row[axis] && at(axis, *row[axis], value) ? 1 : 0;
        return count;
    }
    void show(const Row& row, std::size_t value) {
        for (std::size_t axis = 0; axis < missing_.size(); ++axis)
            if (row[axis]) missing_[axis][*row[axis] * values_ + value] = false;
    }

private:
    std::vector<std::vector<bool>> missing_;
    std::size_t values_ = 1;
};

// The value that shows most pairs for the first time; of equals the one that was used least, then the first.
std::size_t best_value(const Missing& missing, const Row& row, const std::vector<std::size_t>& used) {
    std::size_t best = 0;
    for (std::size_t value = 1; value < used.size(); ++value) {
        const std::size_t gain = missing.gain(row, value), most = missing.gain(row, best);
        if (gain > most || (gain == most && used[value] < used[best])) best = value;
    }
    return best;
}

// Every row gets a value of the new axis; pairs that are then missing get rows of their own (Lei and Tai 1998, in-parameter-order).
void add_axis(std::vector<Row>& rows, const std::vector<std::size_t>& earlier, std::size_t values) {
    Missing missing(earlier, values);
    std::vector<std::size_t> used(values, 0);
    for (Row& row : rows) {
        const std::size_t value = best_value(missing, row, used);
        missing.show(row, value);
        ++used[value];
        row.push_back(value);
    }
    const std::size_t old = rows.size();
    for (std::size_t axis = 0; axis < earlier.size(); ++axis) {
        for (std::size_t level = 0; level < earlier[axis]; ++level) {
            for (std::size_t value = 0; value < values; ++value) {
                if (!missing.at(axis, level, value)) continue;
                const auto fits = [&](const Row& row) { return row.back() == value && !row[axis]; };
                auto row = std::find_if(rows.begin() + static_cast<std::ptrdiff_t>(old), rows.end(), fits);
                if (row == rows.end()) {
                    rows.emplace_back(earlier.size() + 1);
                    row = rows.end() - 1;
                    row->back() = value;
                }
                (*row)[axis] = level;
            }
        }
    }
}

}  // namespace

std::vector<Setting> full_product(const Axes& axes) {
    const std::vector<std::size_t> size = sizes(axes);
    const std::size_t count = std::accumulate(size.begin(), size.end(), std::size_t{1}, std::multiplies<>());
    std::vector<Setting> settings;
    for (std::size_t i = 0; i < count; ++i) {
        std::vector<std::size_t> levels(size.size());
        for (std::size_t axis = size.size(), rest = i; axis-- > 0; rest /= size[axis]) levels[axis] = rest % size[axis];
        settings.push_back(setting_of(axes, levels));
    }
    return settings;
}

std::vector<Setting> pairwise_cover(const Axes& axes) {
    const std::vector<std::size_t> size = sizes(axes);
    std::vector<std::size_t> order(size.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return size[a] > size[b]; });
    std::vector<Row> rows = {{}};
    std::vector<std::size_t> earlier;
    for (const std::size_t axis : order) {
        if (earlier.size() < 2) {  // the two longest: every pair is a row
            std::vector<Row> product;
            for (const Row& row : rows) {
                for (std::size_t value = 0; value < size[axis]; ++value) {
                    product.push_back(row);
                    product.back().push_back(value);
                }
            }
            rows = std::move(product);
        } else {
            add_axis(rows, earlier, size[axis]);
        }
        earlier.push_back(size[axis]);
    }
    std::vector<Setting> settings;
    for (const Row& row : rows) {
        std::vector<std::size_t> levels(size.size());
        for (std::size_t i = 0; i < order.size(); ++i) levels[order[i]] = row[i].value_or(0);
        settings.push_back(setting_of(axes, levels));
    }
    return settings;
}

}  // namespace costate::claims
