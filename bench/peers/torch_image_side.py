"""PyTorch's side of W6: eager, eager with channels last, and the whole of it compiled; the fastest of them answers, for either question."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from common import arguments, fastest, load_unet, serve

args = arguments()
import torch
from torch.nn.functional import conv2d, interpolate, silu

torch.set_num_threads(args.threads)


def calls(layout):
    layers, start, target = load_unet(args, lambda a: torch.tensor(a, dtype=torch.float32))
    layers = [(w.contiguous(memory_format=layout), b) for w, b in layers]
    start, target = start.contiguous(memory_format=layout), target.contiguous(memory_format=layout)

    def field(t, x):
        conv = lambda i, v, stride=1: conv2d(v, *layers[i], stride=stride, padding=1)
        high = silu(conv(0, torch.cat([x, torch.full_like(x, t)], 1)))
        low = silu(conv(2, silu(conv(1, high, 2))))
        return conv(4, silu(conv(3, torch.cat([high, interpolate(low, scale_factor=2.0, mode="nearest")], 1))))

    def end_of(x):
        h = 1.0 / args.steps
        for n in range(args.steps):
            x = x + h * field(n * h + h / 2, x + h / 2 * field(n * h, x))
        return x

    def loss(x):
        return 0.5 * ((end_of(x) - target) ** 2).sum()

    def forward_of(f):
        def run():
            with torch.no_grad():
                return f(start)

        return run

    def gradient_of(f):
        def run():
            x = start.detach().requires_grad_(True)
            return torch.autograd.grad(f(x), x)[0]

        return run

    return end_of, loss, forward_of, gradient_of


forwards, gradients = {}, {}
for name, layout in (("eager", torch.contiguous_format), ("eager, channels last", torch.channels_last)):
    end_of, loss, forward_of, gradient_of = calls(layout)
    forwards[name], gradients[name] = forward_of(end_of), gradient_of(loss)
    if name == "eager" and args.method != "eager":
        forwards["compiled"] = forward_of(torch.compile(end_of, fullgraph=True, dynamic=False))
        gradients["compiled"] = gradient_of(torch.compile(loss, fullgraph=True, dynamic=False))
forward, forward_name = fastest(forwards)
gradient, gradient_name = fastest(gradients)
print(f"forward {forward_name}, gradient {gradient_name}", file=sys.stderr)
serve(forward, gradient, lambda: gradient().flatten().tolist())
