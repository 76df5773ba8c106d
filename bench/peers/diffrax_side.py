"""diffrax's side of compare.py: constant steps, the gradient with so many checkpoints (the method's name is their number)."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from common import arguments, load, serve

args = arguments()
os.environ["XLA_FLAGS"] = "" if args.threads > 1 else "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
import diffrax
import jax
import jax.numpy as jnp

if args.precision == "f64":
    jax.config.update("jax_enable_x64", True)
dtype = jnp.float64 if args.precision == "f64" else jnp.float32
p, x0, y, end = load(args, lambda a: jnp.asarray(a, dtype))


def field(t, x, p):
    w, b = p[0]
    h = x @ w.T + b
    for w, b in p[1:]:
        h = jnp.tanh(h) @ w.T + b
    return h


def end_of(p, x):
    solution = diffrax.diffeqsolve(diffrax.ODETerm(field), diffrax.Midpoint(), 0.0, end, end / args.steps, x, p, max_steps=args.steps + 1,
                                   adjoint=diffrax.RecursiveCheckpointAdjoint(checkpoints=int(args.method)))
    return solution.ys[-1]


def loss(p, x):
    d = end_of(p, x) - y
    return 0.5 * jnp.sum(d * d)


gradient, forward = jax.jit(jax.value_and_grad(loss)), jax.jit(end_of)
serve(lambda: jax.block_until_ready(forward(p, x0)), lambda: jax.block_until_ready(gradient(p, x0)),
      lambda: [v for w, b in gradient(p, x0)[1] for v in w.ravel().tolist() + b.ravel().tolist()])
