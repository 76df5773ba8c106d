// Random graphs as plain data.
#pragma once

#include <algorithm>
#include <random>
#include <vector>

namespace costate::autodiff::test::naive {

enum class Kind {
    input,
    parameter,
    number,
    add,
    sub,
    mul,
    div,
    neg,
    pow,
    sum,
    dot,
    combine,
    concat,
    slice,
    linear,
    sin,
    tanh,
    sigmoid
};

struct Step {
    Kind kind;
    std::vector<std::size_t> arguments;
    std::size_t size;
    int number = 0;       // exponent, begin of a slice, or the number itself
    bool shared = false;  // inputs; and what depends on shared values alone
};

/// A graph as plain data: leaves first, then ops, three outputs.
struct Description {
    std::vector<Step> steps;
    std::vector<std::size_t> outputs;
};

class Generator {
public:
    Generator(std::uint64_t seed, bool transcendental) : random_(seed), transcendental_(transcendental) {}

    Description make() {
        for (int i = 0; i < 3; ++i) push({Kind::input, {}, 1 + below(4), 0, i == 0});
        push({Kind::parameter, {}, 1 + below(4), 0, true});
        push({Kind::number, {}, 1, static_cast<int>(2 + below(5)), true});
        const std::size_t ops = 1 + below(200);
        for (std::size_t i = 0; i < ops; ++i) add_op();
        for (std::size_t k = 0; k < 3; ++k)
            d_.outputs.push_back(d_.steps.size() - 1 - below(std::min<std::size_t>(d_.steps.size(), 12)));
        return std::move(d_);
    }

private:
    std::size_t below(std::size_t n) { return random_() % n; }
    std::size_t any() { return below(d_.steps.size()); }
    std::size_t size(std::size_t i) const { return d_.steps[i].size; }

    void push(Step s) {
        if (!s.arguments.empty()) {
            s.shared = true;
            for (const std::size_t a : s.arguments) s.shared = s.shared && d_.steps[a].shared;
        }
        d_.steps.push_back(std::move(s));
    }
    /// Another node that goes with a: of its size, or a scalar, or a itself.
    std::size_t partner(std::size_t a) {
        for (int i = 0; i < 8; ++i) {
            const std::size_t b = any();
            if (size(b) == size(a) || size(b) == 1 || size(a) == 1) return b;
        }
        return a;
    }

    void add_op() {
        const std::size_t a = any(), b = partner(a), n = std::max(size(a), size(b));
        switch (below(transcendental_ ? 14 : 11)) {
        case 0: return push({Kind::add, {a, b}, n});
        case 1: return push({Kind::sub, {b, a}, n});
        case 2: return push({Kind::mul, {a, b}, n});
        case 3: return transcendental_ ? push({Kind::tanh, {a}, size(a)}) : push({Kind::div, {a, b}, n});
        case 4: return push({Kind::neg, {a}, size(a)});
        case 5: return push({Kind::pow, {a}, size(a), 2 + static_cast<int>(below(2))});
        case 6: return push({Kind::sum, {a}, 1});
        case 7: return size(a) == size(b) ? push({Kind::dot, {a, b}, 1}) : push({Kind::sum, {b}, 1});
        case 8: return push({Kind::combine, {a, b, a}, n});
        case 9: return size(a) + size(b) <= 6 ? push({Kind::concat, {a, b}, size(a) + size(b)}) : push({Kind::neg, {b}, size(b)});
        case 10: return add_slice_or_linear(a, b);
        case 11: return push({Kind::sin, {a}, size(a)});
        case 12: return push({Kind::tanh, {a}, size(a)});
        default: return push({Kind::sigmoid, {a}, size(a)});
        }
    }
    void add_slice_or_linear(std::size_t a, std::size_t b) {
        for (std::size_t w = 0; w < d_.steps.size(); ++w) {
            if (below(3) == 0 && d_.steps[w].shared && size(w) % size(a) == 0)
                return push({Kind::linear, {a, w}, size(w) / size(a)});
        }
        const std::size_t begin = below(size(b));
        push({Kind::slice, {b}, 1 + below(size(b) - begin), static_cast<int>(begin)});
    }

    std::mt19937_64 random_;
    bool transcendental_;
    Description d_;
};

}  // namespace costate::autodiff::test::naive
