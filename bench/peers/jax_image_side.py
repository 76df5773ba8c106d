"""JAX's side of W6: the steps unrolled, channels first and last, jitted; the faster of them answers, for either question."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from common import arguments, fastest, load_unet, serve

args = arguments()
os.environ["XLA_FLAGS"] = "" if args.threads > 1 else "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
import jax
import jax.numpy as jnp


def calls(last):
    order = ("NHWC", "HWIO", "NHWC") if last else ("NCHW", "OIHW", "NCHW")
    channels, rows = (3, 1) if last else (1, 2)
    layers, x0, y = load_unet(args, lambda a: jnp.asarray(a, jnp.float32))
    if last:
        layers = [(w.transpose(2, 3, 1, 0), b) for w, b in layers]
        x0, y = x0.transpose(0, 2, 3, 1), y.transpose(0, 2, 3, 1)

    def conv(p, i, v, stride=1):
        w, b = p[i]
        out = jax.lax.conv_general_dilated(v, w, (stride, stride), ((1, 1), (1, 1)), dimension_numbers=order)
        return out + (b if last else b[:, None, None])

    def field(p, t, x):
        high = jax.nn.silu(conv(p, 0, jnp.concatenate([x, jnp.full_like(x, t)], channels)))
        low = jax.nn.silu(conv(p, 2, jax.nn.silu(conv(p, 1, high, 2))))
        twice = jnp.repeat(jnp.repeat(low, 2, rows), 2, rows + 1)
        return conv(p, 4, jax.nn.silu(conv(p, 3, jnp.concatenate([high, twice], channels))))

    def end_of(p, x):
        h = 1.0 / args.steps
        for n in range(args.steps):
            x = x + h * field(p, n * h + h / 2, x + h / 2 * field(p, n * h, x))
        return x

    def loss(p, x):
        return 0.5 * jnp.sum((end_of(p, x) - y) ** 2)

    forward, gradient = jax.jit(end_of), jax.jit(jax.value_and_grad(loss, argnums=1))
    return (lambda: jax.block_until_ready(forward(layers, x0)), lambda: jax.block_until_ready(gradient(layers, x0)))


ways = {"channels first": calls(False), "channels last": calls(True)}
forward, forward_name = fastest({name: both[0] for name, both in ways.items()})
gradient, gradient_name = fastest({name: both[1] for name, both in ways.items()})
print(f"forward {forward_name}, gradient {gradient_name}", file=sys.stderr)
serve(forward, gradient, lambda: gradient()[1].ravel().tolist())  # one channel: either order is the same
