#include "claims/dflow/commutators.hpp"

#include "claims/measure/slope.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace costate::claims {

namespace {

double real(const Mpfr50& value) { return ScalarTraits<Mpfr50>::to_double(value); }

using Doubles = guidance::SmallMatrix<double>;

Doubles doubles(const Matrix& A) {
    std::vector<double> values;
    for (const Mpfr50& a : A.values()) values.push_back(real(a));
    return {A.rows(), A.columns(), std::move(values)};
}

double size_of(const Doubles& A) {
    double square = 0;
    for (const double a : A.values()) square += a * a;
    return std::sqrt(square);
}

// From one time to another in `parts` intervals, times D.
Doubles product_over(const Trajectory& way, const Mpfr50& from, const Mpfr50& to, int parts, Doubles D) {
    const Mpfr50 length = to - from;
    const double h = real(length) / parts, root = std::sqrt(3.0);
    for (int n = 0; n < parts; ++n) {
        const Mpfr50 middle = from + length * (2 * n + 1) / (2 * parts), off = h * root / 6;
        const Doubles first = doubles(way.jacobian(middle - off)), second = doubles(way.jacobian(middle + off));
        D = exponential(h / 2 * (first + second) + root * h * h / 12 * (second * first - first * second)) * D;
    }
    return D;
}

// Every piece in `parts` intervals.
Doubles product_of(const Trajectory& way, int parts) {
    Doubles D = Doubles::identity(way.x0.size());
    for (const TrajectoryPiece& piece : way.pieces) D = product_over(way, piece.start, piece.start + piece.length, parts, std::move(D));
    return D;
}

Matrix digits(const Doubles& D) { return {D.rows(), D.columns(), {D.values().begin(), D.values().end()}}; }

// A size that was predicted to within `error`, in a matrix of relative size 1.
Finding predicted_size(std::string name, const std::string& what, const Mpfr50& predicted, const Mpfr50& measured, double error) {
    const double off = std::abs(real(measured - predicted));
    return {std::move(name),
            what + " " + percent(predicted),
            percent(measured),
            "± " + percent(Mpfr50(error)),
            Proof::bound,
            off <= error,
            false};
}

}  // namespace

std::string percent(const Mpfr50& value) { return number(100 * real(value), 4) + " %"; }

Mpfr50 relative(const Matrix& A, const Matrix& B) { return size(A - B) / size(A); }

FromCommutators from_commutators(const Trajectory& way) {
    constexpr double enough = 1e-6;
    constexpr int most = 64;
    Doubles D = product_of(way, 1);
    double error = 1;
    for (int parts = 2; parts <= most && error > enough; parts *= 2) {
        Doubles finer = product_of(way, parts);
        error = size_of(finer - D) / size_of(finer);
        D = std::move(finer);
    }
    return {digits(D), error};
}

std::vector<Matrix> at_middle_nodes(const Trajectory& way) {
    constexpr int parts = 4;
    std::vector<Matrix> result;
    Doubles D = Doubles::identity(way.x0.size());
    for (const TrajectoryPiece& piece : way.pieces) {
        const Mpfr50 middle = piece.nodes[piece.nodes.size() / 2].t;
        D = product_over(way, piece.start, middle, parts, std::move(D));
        result.push_back(digits(D));
        D = product_over(way, middle, piece.start + piece.length, parts, std::move(D));
    }
    return result;
}

void predicted_gaps(const Trajectory& way, bool commute, Evidence& evidence) {
    constexpr double rounding = 1e-20;
    const Matrix printed = exponential(way.M);
    Mpfr50 gap = 0, asymmetry = 0;
    double error = rounding;
    if (!commute) {
        const FromCommutators predicted = from_commutators(way);
        gap = relative(predicted.D, printed);
        asymmetry = relative(predicted.D, predicted.D.transpose());
        error = 4 * predicted.error;  // of a quotient of norms, each off by as much
    }
    const std::string from = commute ? "the matrices commute:" : "from the commutators $[G(t_2), G(t_1)]$:";
    evidence.findings.push_back(predicted_size("gap", from, gap, relative(way.D, printed), error));
    evidence.findings.push_back(predicted_size("asymmetry", from, asymmetry, relative(way.D, way.D.transpose()), error));
}

}  // namespace costate::claims
