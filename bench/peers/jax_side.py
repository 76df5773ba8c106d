"""JAX's side of compare.py: the same gradient, jitted; a scan over the steps, unrolled where they are few."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from common import arguments, load, serve

args = arguments()
os.environ["XLA_FLAGS"] = "" if args.threads > 1 else "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
import jax
import jax.numpy as jnp

if args.precision == "f64":
    jax.config.update("jax_enable_x64", True)
dtype = jnp.float64 if args.precision == "f64" else jnp.float32
p, x0, y, end = load(args, lambda a: jnp.asarray(a, dtype))
with_time = args.workload != "w4"
act = jax.nn.silu if with_time else jnp.tanh


def field(p, t, x):
    w, b = p[0]
    # the column of time apart, so that nothing is concatenated
    h = x @ w[:, :-1].T + (t * w[:, -1] + b) if with_time else x @ w.T + b
    for w, b in p[1:]:
        h = act(h) @ w.T + b
    return h


def end_of(p, x, steps):
    h = dtype(end / steps)

    def step(x, n):
        t = n * h
        return x + h * field(p, t + h / 2, x + h / 2 * field(p, t, x)), None

    if steps <= 4:
        for n in range(steps):
            x, _ = step(x, dtype(n))
        return x
    return jax.lax.scan(step, x, jnp.arange(steps, dtype=dtype), unroll=10 if args.workload == "w4" else 1)[0]


def loss(p, x):
    d = end_of(p, x, args.steps) - y
    return 0.5 * jnp.sum(d * d)


wanted = 1 if with_time else 0
gradient = jax.jit(jax.value_and_grad(loss, argnums=wanted))
forward = jax.jit(lambda p, x: end_of(p, x, args.steps))


def result():
    g = gradient(p, x0)[1]
    return g.ravel().tolist() if with_time else [v for w, b in g for v in w.ravel().tolist() + b.ravel().tolist()]


serve(lambda: jax.block_until_ready(forward(p, x0)), lambda: jax.block_until_ready(gradient(p, x0)), result)
