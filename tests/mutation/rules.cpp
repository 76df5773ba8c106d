#include "rules.hpp"

#include <iterator>

namespace costate::mutation {

namespace {

using enum Kind;
using Rules = std::vector<Rule>;
const std::vector<std::string> everywhere = {};

Rules tableau_rules() {
    const std::string tableau = "ode/tableau.cpp", classical = "ode/tableaus/classical.cpp", in_scalar = "ode/coefficients.hpp";
    return {
        {"tableau coefficient", {classical}, everywhere, coefficients},
        {"partner", {tableau}, {"partner"}, term},
        {"transpose", {tableau}, {"partner"}, replace, R"(forward\.A\(j, i\))", "forward.A(i, j)"},
        {"stage index", {tableau}, {"partner"}, replace, R"(forward\.b\[i\])", "forward.b[j]"},
        {"stage index", {tableau}, {"partner"}, replace, R"(forward\.b\[j\])", "forward.b[i]"},
        {"transpose", {tableau}, {"without_idle_stages"}, replace, R"(tableau\.A\(i, j\))", "tableau.A(j, i)"},
        {"stage index", {in_scalar}, everywhere, replace, R"(tableau\.(c|b)\[i\])", "tableau.$1[stages - 1 - i]"},
        {"transpose", {in_scalar}, everywhere, replace, R"(tableau\.A\(i, j\))", "tableau.A(j, i)"},
        {"transpose", {in_scalar}, everywhere, replace, R"(tableau\.A\(j, i\))", "tableau.A(i, j)"},
        {"stage index", {in_scalar}, everywhere, replace, R"(tableau\.A\(i, j\))", "tableau.A(i, i - 1 - j)"},
        {"stage index", {in_scalar}, everywhere, replace, R"(tableau\.A\(j, i\))", "tableau.A(stages + i - j, i)"},
        {"step", {in_scalar}, everywhere, replace, R"(ones\.assign\(stages, T\(1\)\))", "ones.assign(stages, T(2))"},
    };
}

Rules step_rules() {
    const std::string step = "ode/step.hpp";
    const std::vector<std::string> steps = {"stage_state", "finish", "step", "stage_vjp", "step_vjp", "step_jvp"};
    return {
        {"step", {step}, steps, term},
        {"step", {step}, steps, increment},
        {"step", {step}, steps, factor, R"((time->h|\bh)(?=, (row|method|terms|column)\.))"},
        {"step", {step}, steps, factor, R"(\bh(?=, ws\.nu))"},
        {"step", {step}, {"step_vjp"}, replace, R"(lambda1(?=, one))", "View<T>(ws.zeros)"},
        {"step", {step}, {"step_jvp"}, drop, R"(if \(time\) kernels::rk_combine)"},
        {"stage index", {step}, steps, replace, R"(method\.c\[i\])", "method.c[(i + 1) % method.stages]"},
        {"stage index", {step}, {"stage_state"}, replace, R"(method\.rows\[i\])", "method.rows[i == 0 ? 0 : i - 1]"},
        {"stage index", {step}, {"step_jvp"}, replace, R"(method\.rows\[i\](?=, ))", "method.rows[i == 0 ? 0 : i - 1]"},
        {"stage index", {step}, {"step_vjp"}, replace, R"(method\.columns\[i\])", "method.columns[(i + 1) % method.stages]"},
        {"stage index", {step}, steps, replace, R"((\w+|std::span<const T>\(record\.k\))\.subspan\(i \* n, n\))",
         "$1.subspan((i + 1) % method.stages * n, n)"},
        {"stage index", {step}, {"stage_vjp"}, replace, R"(stage_state<T>\(method, i, h, x0, record\.k, ws\))",
         "stage_state<T>(method, (i + 1) % method.stages, h, x0, record.k, ws)"},
    };
}

Rules solver_rules() {
    const std::string solve = "ode/solve.hpp", discrete = "ode/gradient/discrete.hpp", bars = "ode/gradient/grid_bars.hpp",
                      stored = "ode/gradient/stored_states.hpp", sweep = "ode/gradient/otd_sweep.hpp";
    const std::string tangents = "ode/gradient/forward_sensitivities.hpp", continuous = "ode/gradient/continuous.hpp";
    return {
        {"step", {solve}, {"at"}, term},
        {"step", {solve}, everywhere, factor, R"(h / number\(count\))"},
        {"step", {solve}, {"solve", "solve_states"}, replace, R"(grid\.at\(n\))", "grid.at(n + 1)"},
        {"adjoint", {"ode/adjoint.hpp"}, everywhere, drop, "kernels::negate"},
        {"adjoint", {"ode/adjoint.hpp"}, everywhere, replace, R"(state\.subspan\(n_, n_\))", "state.first(n_)"},
        {"time bar", {bars}, everywhere, assigned, R"(result_\.t._bar)"},
        {"time bar", {bars}, everywhere, term},
        {"time bar", {bars}, everywhere, increment},
        {"step", {discrete}, {"record_steps", "sweep"}, replace, R"(grid\.at\(n\))", "grid.at(n + 1)"},
        {"step", {discrete}, {"sweep"}, replace, R"(states\.subspan\(n \* size, size\))", "states.subspan((n + 1) * size, size)"},
        {"time bar", {continuous}, {"start", "finish"}, assigned, R"(result\.t._bar)"},
        {"adjoint", {continuous}, {"pairing"}, returned},
        {"adjoint", {continuous}, {"finish"}, replace, R"(augmented\.subspan\(x0\.size\(\), x0\.size\(\)\))", "augmented.first(x0.size())"},
        {"adjoint", {sweep}, {"by_augmented_state"}, factor, R"(-grid_\.step\(n\))"},
        {"adjoint", {sweep}, {"by_augmented_state"}, replace, R"(grid_\.at\(n \+ 1\))", "grid_.at(n)"},
        {"adjoint", {stored}, everywhere, replace, R"(states\.subspan\(n \* size, size\))", "states.subspan((n + 1) * size, size)"},
        {"adjoint", {stored}, everywhere, drop, R"(std::copy\(stored)"},
        {"tangent", {tangents}, everywhere, assigned, R"(result\.(t._bar|x_bar\[row \+ j\]|theta_bar\[p\]))"},
        {"tangent", {solve}, {"moved"}, term},
        {"tangent", {tangents}, everywhere, factor, R"(-?part(?=, ws))"},
        {"tangent", {tangents}, {"tangent"}, replace, R"(grid\.at\(n\))", "grid.at(n + 1)"},
        {"tangent", {tangents}, everywhere, factor, R"(T\(1\)(?=;))"},
    };
}

Rules partner_rules() {
    const std::string partner = "ode/gradient/partner.hpp";
    const std::vector<std::string> steps = {"partner_stage", "partner_finish", "partner_step"};
    return {
        {"transpose", {partner}, everywhere, replace, R"(forward\.A\(j, i\))", "forward.A(i, j)"},
        {"transpose", {partner}, everywhere, replace, R"(partner_tableau->A\(i, j\))", "partner_tableau->A(j, i)"},
        {"stage index", {partner}, everywhere, replace, R"(partner_tableau->b\[j\])", "partner_tableau->b[i]"},
        {"stage index", {partner}, everywhere, replace, R"(\bweight\[j\])", "weight[i]"},
        {"stage index", {partner}, everywhere, replace, R"(\bweight\[i\])", "weight[j]"},
        {"partner", {partner}, everywhere, factor, R"(partner_tableau->A\(i, j\))"},
        {"partner", {partner}, everywhere, replace, R"(1 \+ zero_weight\[j\] - zero_weight\[i\])", "1 - zero_weight[j] + zero_weight[i]"},
        {"partner", {partner}, everywhere, replace, R"(1 \+ zero_weight\[j\] - zero_weight\[i\])", "1"},
        {"partner", {partner}, everywhere, replace, R"(b == 0 \? 1 : 0)", "0"},
        {"partner", {partner}, steps, replace, R"(h_power\[row\.power\[k\]\])", "h_power[1]"},
        {"partner", {partner}, steps, replace, R"(h_power\[0\])", "h_power[1]"},
        {"partner", {partner}, steps, replace, R"(h_power\[1\])", "h_power[2]"},
        {"partner", {partner}, steps, replace, R"(h_power\[adjoint\.zero_weight\[i\]\])", "h_power[0]"},
        {"partner", {partner}, {"partner_stage"}, replace, R"(adjoint\.zero_weight\[i\])", "1 - adjoint.zero_weight[i]"},
        {"partner", {partner}, steps, factor, R"(h \* nu|\bmu(?=, stage_theta, )|row\.r\[k\])"},
        {"partner", {partner}, steps, term},
        {"partner", {partner}, steps, increment},
        {"stage index", {partner}, steps, replace, R"(adjoint\.rows\[i\])", "adjoint.rows[(i + 1) % adjoint.rows.size()]"},
        {"stage index", {partner}, steps, replace, R"(adjoint\.beta\[i\])", "adjoint.beta[(i + 1) % adjoint.rows.size()]"},
        {"stage index", {partner}, steps, replace, R"(method\.c\[i\])", "method.c[(i + 1) % method.stages]"},
        {"stage index", {partner}, steps, replace, R"((\bm|std::span<const T>\(record\.k\))\.subspan\(i \* n, n\))",
         "$1.subspan((i + 1) % method.stages * n, n)"},
    };
}

Rules op_rules() {
    const std::string ops = "autodiff/ops";
    return {
        {"vjp of an op", {ops}, {"vjp", "pull_x"}, factor, R"((y_bar|part)\[[^\]]*\]|\*z_bar\b)"},
        {"vjp of an op", {ops}, {"vjp"}, values, R"(f\.y_bar\(\)(?=[,\)]))"},
        {"vjp of an op", {"autodiff/ops/multiply.hpp"}, {"vjp"}, replace, R"(1 - i\b)", "i"},
        {"vjp of an op", {ops}, {"vjp"}, replace, R"((\bfactor)\(o, j\))", "T(1)"},
        {"vjp of an op", {ops}, {"vjp"}, replace, R"(\bb\(o, j\))", "T(1)"},
        {"vjp of an op", {ops}, {"vjp"}, replace, R"(\bc\[k\])", "T(1)"},
        {"vjp of an op", {ops}, {"vjp"}, replace, R"(\by\[k\])", "T(1)"},
        {"vjp of an op", {ops}, {"vjp", "pull_x"}, drop, R"(kernels::(outer|column_sums)_accumulate)"},
        {"vjp of an op", {ops}, {"contribute"}, factor, R"(term\(o, j\))"},
        {"transpose", {ops}, {"pull_x"}, replace, R"(w->transposed\b)", "w->forward"},
        {"slope of a function", {ops}, {"forward"}, slopes, R"(kernels::apply_with_slope<T>\(F, )"},
        {"slope of a function", {"autodiff/ops/power.hpp"}, everywhere, factor, R"(T\(n\) \* integer_power\(x\[i\], n - 1\))"},
        {"jvp of an op", {ops}, {"jvp"}, returned},
    };
}

Rules path_rules() {
    const std::vector<std::string> paths = {"guidance/paths/rational_paths.hpp", "guidance/paths/transcendental_paths.hpp"};
    const std::string conversions = "guidance/paths/conversions.hpp";
    return {
        {"path", paths, {"alpha", "sigma", "sigma2", "time_of_ratio"}, returned},
        {"derivative of a path", paths, {"alpha_dot", "sigma_dot", "sigma2_dot"}, returned},
        {"derivative of a path", {"guidance/paths/path.hpp"}, {"sigma_dot"}, returned},
        {"derivative of a path", {"guidance/paths/path.hpp"}, {"at"}, assigned, R"(point\.s_dot)"},
        {"path", {"guidance/paths/path.hpp"}, {"sigma", "ratio"}, returned},
        {"conversion", {conversions}, everywhere, entry},
        {"conversion", {conversions}, {"determinant"}, term},
        {"conversion", {"guidance/fields/regular_field.hpp"}, {"coordinates"}, entry},
        {"conversion", {"guidance/fields/affine_of.hpp"}, {"operator()", "forward", "pullback", "jvp"}, term},
        {"conversion", {"guidance/fields/affine_of.hpp"}, {"pullback"}, increment},
    };
}

Rules model_rules() {
    const std::string terms = "guidance/models/mixture_terms.hpp", matrix = "guidance/models/small_matrix.hpp";
    const std::vector<std::string> both = {"guidance/models/gaussian_mixture_impl.hpp", "guidance/models/gaussian_mixture_posterior.hpp"};
    const std::vector<std::string> members = {"at_time", "at_point", "component_mean", "add_jacobian_times", "add_transposed_times", "add_time_slope",
                                              "denoiser", "denoiser_vjp", "score", "denoiser_jacobian", "posterior_covariance", "velocity_jacobian"};
    return {
        {"model", {terms}, {"set", "add_trace", "inner"}, increment},
        {"model", {terms}, {"set"}, assigned, R"((\bs|half_S_dot)\(i, j\))"},
        {"model", {terms}, {"set"}, replace, R"(T\(2\))", "T(1)"},
        {"model", both, members, term},
        {"model", both, members, increment},
        {"model", both, members, replace, R"(T\(2\))", "T(1)"},
        {"model", both, everywhere, factor, R"(-(c\.)?pi\b)"},
        {"transpose", {matrix}, {"transpose"}, replace, R"(\(\*this\)\(i, j\))", "(*this)(rows_ == columns_ ? j : i, rows_ == columns_ ? i : j)"},
        {"transpose", {matrix}, {"multiply_add"}, replace, R"(\(\*this\)\(i, j\))", "(*this)(rows_ == columns_ ? j : i, rows_ == columns_ ? i : j)"},
        {"transpose", {matrix}, {"operator*"}, replace, R"(a\(i, k\))", "a(a.rows_ == a.columns_ ? k : i, a.rows_ == a.columns_ ? i : k)"},
        {"transpose", {matrix}, {"operator*"}, replace, R"(b\(k, j\))", "b(b.rows_ == b.columns_ ? j : k, b.rows_ == b.columns_ ? k : j)"},
        {"transpose", {matrix}, {"solve"}, replace, R"(factor_\((i|j), (i|j)\))", "factor_($2, $1)"},
        {"transpose", {matrix}, {"solve"}, replace, R"(columns\.transpose\(\))", "columns"},
        {"transpose", {matrix}, {"add_outer"}, replace, R"(v\[i\] \* w\[j\])", "v[j] * w[i]"},
        {"matrix", {matrix}, {"operator+=", "operator-=", "operator*", "trace", "multiply_add", "solve", "add_outer"}, increment},
    };
}

}  // namespace

std::vector<Rule> rules() {
    std::vector<Rule> all;
    for (const auto part : {tableau_rules, step_rules, solver_rules, partner_rules, op_rules, path_rules, model_rules}) {
        Rules more = part();
        std::move(more.begin(), more.end(), std::back_inserter(all));
    }
    return all;
}

}  // namespace costate::mutation
