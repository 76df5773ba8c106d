// CVODES (SUNDIALS) as a peer: x(t₁) and, by its adjoint with quadratures, the gradient of a loss of it.
#pragma once

#include <cvodes/cvodes.h>
#include <nvector/nvector_serial.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace costate::testing {

namespace cvodes {

/// What an N_Vector, a solver and the like are freed by.
template <class Handle>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, void (*)(Handle)>;

inline void require(int flag, const char* call) {
    if (flag < 0) throw std::runtime_error(std::string(call) + " returned " + std::to_string(flag));
}

}  // namespace cvodes

/// λ' = −(∂f/∂x)ᵀλ from λ(t₁) = ∇L back to t₀, and p̄ = ∫ (∂f/∂p)ᵀλ dt as a quadrature under error control; every forward step is kept.
/// P has states, parameters, slope(p, t, x, dx), jacobian(p, t, x, ∂f/∂x) and by_parameters(p, t, x, ∂f/∂p), row by row.
template <class P>
class CvodesAdjoint {
public:
    static constexpr std::size_t n = P::states, m = P::parameters;
    std::vector<double> x1, x_bar, p_bar;  ///< of the last call

    /// Adams with fixed-point iteration, or BDF with Newton's; the adjoint reads the state from cubics of Hermite or from polynomials of variable order.
    CvodesAdjoint(std::vector<double> p, double rtol, double atol, bool adams, bool hermite)
        : p_(std::move(p)), rtol_(rtol), atol_(atol), adams_(adams), hermite_(hermite) {
        SUNContext context = nullptr;
        cvodes::require(SUNContext_Create(nullptr, &context), "SUNContext_Create");
        context_ = std::shared_ptr<std::remove_pointer_t<SUNContext>>(context, [](SUNContext c) { SUNContext_Free(&c); });
        for (auto* v : {&x_, &lambda_}) v->reset(N_VNew_Serial(n, context));
        p_integral_.reset(N_VNew_Serial(m, context));
        forward_ = made();
        adjoint_ = made();
        cvodes::require(CVodeAdjInit(adjoint_.get(), 50'000, hermite_ ? CV_HERMITE : CV_POLYNOMIAL), "CVodeAdjInit");
    }

    CvodesAdjoint(const CvodesAdjoint&) = delete;  // the solvers point here
    CvodesAdjoint& operator=(const CvodesAdjoint&) = delete;

    void forward(double t0, double t1, const std::vector<double>& x0) {
        std::copy(x0.begin(), x0.end(), data(x_));
        cvodes::require(CVodeReInit(forward_.get(), t0, x_.get()), "CVodeReInit");
        double reached = t0;
        cvodes::require(CVode(forward_.get(), t1, x_.get(), &reached, CV_NORMAL), "CVode");
        x1.assign(data(x_), data(x_) + n);
    }

    /// loss(x₁, ∇L): assigns the latter.
    template <class L>
    void gradient(double t0, double t1, const std::vector<double>& x0, const L& loss) {
        std::copy(x0.begin(), x0.end(), data(x_));
        cvodes::require(CVodeReInit(adjoint_.get(), t0, x_.get()), "CVodeReInit");
        if (which_ >= 0) cvodes::require(CVodeAdjReInit(adjoint_.get()), "CVodeAdjReInit");
        double reached = t0;
        int checkpoints = 0;
        cvodes::require(CVodeF(adjoint_.get(), t1, x_.get(), &reached, CV_NORMAL, &checkpoints), "CVodeF");
        x1.assign(data(x_), data(x_) + n);
        loss(x1.data(), data(lambda_));
        N_VConst(0.0, p_integral_.get());
        begin_backward(t1);
        cvodes::require(CVodeB(adjoint_.get(), t0, CV_NORMAL), "CVodeB");
        cvodes::require(CVodeGetB(adjoint_.get(), which_, &reached, lambda_.get()), "CVodeGetB");
        cvodes::require(CVodeGetQuadB(adjoint_.get(), which_, &reached, p_integral_.get()), "CVodeGetQuadB");
        x_bar.assign(data(lambda_), data(lambda_) + n);
        p_bar.assign(data(p_integral_), data(p_integral_) + m);
    }

private:
    struct FreeVector {
        void operator()(N_Vector v) const { N_VDestroy(v); }
    };
    using Vector = std::unique_ptr<std::remove_pointer_t<N_Vector>, FreeVector>;
    struct FreeSolver {
        void operator()(void* memory) const { CVodeFree(&memory); }
    };
    using Solver = std::unique_ptr<void, FreeSolver>;

    static double* data(const Vector& v) { return N_VGetArrayPointer(v.get()); }
    static double* data(N_Vector v) { return N_VGetArrayPointer(v); }
    static const double* parameters(void* self) { return static_cast<CvodesAdjoint*>(self)->p_.data(); }

    static int slope(double t, N_Vector x, N_Vector dx, void* self) { return P::slope(parameters(self), t, data(x), data(dx)), 0; }
    static int jacobian(double t, N_Vector x, N_Vector, SUNMatrix j, void* self, N_Vector, N_Vector, N_Vector) {
        std::array<double, n * n> rows;
        P::jacobian(parameters(self), t, data(x), rows.data());
        for (std::size_t r = 0; r < n; ++r)
            for (std::size_t c = 0; c < n; ++c) SM_ELEMENT_D(j, r, c) = rows[r * n + c];
        return 0;
    }
    static int slope_back(double t, N_Vector x, N_Vector lambda, N_Vector d_lambda, void* self) {
        std::array<double, n * n> rows;
        P::jacobian(parameters(self), t, data(x), rows.data());
        for (std::size_t c = 0; c < n; ++c) {
            double sum = 0;
            for (std::size_t r = 0; r < n; ++r) sum += rows[r * n + c] * data(lambda)[r];
            data(d_lambda)[c] = -sum;
        }
        return 0;
    }
    static int jacobian_back(double t, N_Vector x, N_Vector, N_Vector, SUNMatrix j, void* self, N_Vector, N_Vector, N_Vector) {
        std::array<double, n * n> rows;
        P::jacobian(parameters(self), t, data(x), rows.data());
        for (std::size_t r = 0; r < n; ++r)
            for (std::size_t c = 0; c < n; ++c) SM_ELEMENT_D(j, r, c) = -rows[c * n + r];
        return 0;
    }
    /// −(∂f/∂p)ᵀλ: the integral runs from t₁ down to t₀.
    static int quadrature_back(double t, N_Vector x, N_Vector lambda, N_Vector rate, void* self) {
        std::array<double, n * m> rows;
        P::by_parameters(parameters(self), t, data(x), rows.data());
        for (std::size_t c = 0; c < m; ++c) {
            double sum = 0;
            for (std::size_t r = 0; r < n; ++r) sum += rows[r * m + c] * data(lambda)[r];
            data(rate)[c] = -sum;
        }
        return 0;
    }

    Solver made() {
        Solver solver(CVodeCreate(adams_ ? CV_ADAMS : CV_BDF, context_.get()));
        N_VConst(0.0, x_.get());
        cvodes::require(CVodeInit(solver.get(), slope, 0.0, x_.get()), "CVodeInit");
        cvodes::require(CVodeSStolerances(solver.get(), rtol_, atol_), "CVodeSStolerances");
        cvodes::require(CVodeSetUserData(solver.get(), this), "CVodeSetUserData");
        cvodes::require(CVodeSetMaxNumSteps(solver.get(), 1'000'000), "CVodeSetMaxNumSteps");
        if (adams_) {
            cvodes::require(CVodeSetNonlinearSolver(solver.get(), fixed_point(x_)), "CVodeSetNonlinearSolver");
        } else {
            const SUNMatrix j = matrix();
            cvodes::require(CVodeSetLinearSolver(solver.get(), linear(x_, j), j), "CVodeSetLinearSolver");
            cvodes::require(CVodeSetJacFn(solver.get(), jacobian), "CVodeSetJacFn");
        }
        return solver;
    }

    void begin_backward(double t1) {
        void* const solver = adjoint_.get();
        if (which_ >= 0) {
            cvodes::require(CVodeReInitB(solver, which_, t1, lambda_.get()), "CVodeReInitB");
            cvodes::require(CVodeQuadReInitB(solver, which_, p_integral_.get()), "CVodeQuadReInitB");
            return;
        }
        cvodes::require(CVodeCreateB(solver, adams_ ? CV_ADAMS : CV_BDF, &which_), "CVodeCreateB");
        cvodes::require(CVodeInitB(solver, which_, slope_back, t1, lambda_.get()), "CVodeInitB");
        cvodes::require(CVodeSStolerancesB(solver, which_, rtol_, atol_), "CVodeSStolerancesB");
        cvodes::require(CVodeSetUserDataB(solver, which_, this), "CVodeSetUserDataB");
        cvodes::require(CVodeSetMaxNumStepsB(solver, which_, 1'000'000), "CVodeSetMaxNumStepsB");
        if (adams_) {
            cvodes::require(CVodeSetNonlinearSolverB(solver, which_, fixed_point(lambda_)), "CVodeSetNonlinearSolverB");
        } else {
            const SUNMatrix j = matrix();
            cvodes::require(CVodeSetLinearSolverB(solver, which_, linear(lambda_, j), j), "CVodeSetLinearSolverB");
            cvodes::require(CVodeSetJacFnB(solver, which_, jacobian_back), "CVodeSetJacFnB");
        }
        cvodes::require(CVodeQuadInitB(solver, which_, quadrature_back, p_integral_.get()), "CVodeQuadInitB");
        cvodes::require(CVodeSetQuadErrConB(solver, which_, 1), "CVodeSetQuadErrConB");
        cvodes::require(CVodeQuadSStolerancesB(solver, which_, rtol_, atol_), "CVodeQuadSStolerancesB");
    }

    SUNNonlinearSolver fixed_point(const Vector& like) {
        fixed_points_.emplace_back(SUNNonlinSol_FixedPoint(like.get(), 0, context_.get()), [](SUNNonlinearSolver s) { SUNNonlinSolFree(s); });
        return fixed_points_.back().get();
    }
    SUNMatrix matrix() {
        matrices_.emplace_back(SUNDenseMatrix(n, n, context_.get()), SUNMatDestroy);
        return matrices_.back().get();
    }
    SUNLinearSolver linear(const Vector& like, SUNMatrix j) {
        linears_.emplace_back(SUNLinSol_Dense(like.get(), j, context_.get()), [](SUNLinearSolver s) { SUNLinSolFree(s); });
        return linears_.back().get();
    }

    // freed in the opposite order: solvers first, the context last
    std::shared_ptr<std::remove_pointer_t<SUNContext>> context_;
    std::vector<double> p_;
    double rtol_, atol_;
    bool adams_, hermite_;
    std::vector<cvodes::Owned<SUNNonlinearSolver>> fixed_points_;
    std::vector<cvodes::Owned<SUNMatrix>> matrices_;
    std::vector<cvodes::Owned<SUNLinearSolver>> linears_;
    Vector x_, lambda_, p_integral_;
    Solver forward_, adjoint_;
    int which_ = -1;
};

}  // namespace costate::testing
