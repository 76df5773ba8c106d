"""diffrax's side of compare.py where steps are chosen: W3 by Tsit5 and its default adjoint, W5 by SOLVER-ADJOINT:TOLERANCE."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from common import arguments, load, serve, serve_methods

args = arguments()
os.environ["XLA_FLAGS"] = "" if args.threads > 1 else "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
import diffrax
import jax
import jax.numpy as jnp

if args.precision == "f64":
    jax.config.update("jax_enable_x64", True)
dtype = jnp.float64 if args.precision == "f64" else jnp.float32
ADJOINTS = {"checkpoints": diffrax.RecursiveCheckpointAdjoint, "backsolve": diffrax.BacksolveAdjoint}
SOLVERS = {"tsit5": diffrax.Tsit5, "dopri5": diffrax.Dopri5, "dopri8": diffrax.Dopri8}


def spiral():
    rtol, atol = (float(v) for v in args.method.split(":")[1:])
    p, x0, y, times = load(args, lambda a: jnp.asarray(a, dtype))

    def field(t, x, p):
        (w0, b0), (w1, b1) = p
        return w1 @ jnp.tanh(w0 @ (x * x * x) + b0) + b1

    def states(p, x):
        return diffrax.diffeqsolve(diffrax.ODETerm(field), diffrax.Tsit5(), times[0], times[-1], None, x, p, saveat=diffrax.SaveAt(ts=times), max_steps=256,
                                   stepsize_controller=diffrax.PIDController(rtol=rtol, atol=atol)).ys

    gradient, forward = jax.jit(jax.value_and_grad(lambda p, x: jnp.sum((states(p, x) - y) ** 2))), jax.jit(states)
    serve(lambda: jax.block_until_ready(forward(p, x0)), lambda: jax.block_until_ready(gradient(p, x0)),
          lambda: [v for w, b in gradient(p, x0)[1] for v in w.ravel().tolist() + b.ravel().tolist()])


compiled = {}  # the tolerance is an argument: one compilation a solver and adjoint


def lotka_volterra(method):
    name, tolerance = method.split(":")
    if name not in compiled:
        solver, adjoint = name.split("-")

        def end(p, u, tolerance):
            field = diffrax.ODETerm(lambda t, u, p: jnp.stack([p[0] * u[0] - p[1] * u[0] * u[1], p[3] * u[0] * u[1] - p[2] * u[1]]))
            return diffrax.diffeqsolve(field, SOLVERS[solver](), 0.0, 10.0, None, u, p, adjoint=ADJOINTS[adjoint](), max_steps=16384,
                                       stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance)).ys[-1]

        loss = lambda p, u, tolerance: 0.5 * jnp.sum((end(p, u, tolerance) - 1.0) ** 2)
        compiled[name] = jax.jit(end), jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))
    forward, gradient = compiled[name]
    given = jnp.asarray([1.5, 1.0, 3.0, 1.0], dtype), jnp.ones(2, dtype), jnp.asarray(float(tolerance), dtype)
    return (lambda: jax.block_until_ready(forward(*given)), lambda: jax.block_until_ready(gradient(*given)),
            lambda: [v for part in gradient(*given)[1] for v in part.tolist()])


if args.workload == "w3":
    spiral()
else:
    serve_methods(lotka_volterra)
