"""PyTorch's side of compare.py: eager, one thread unless said."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from common import arguments, load, serve

args = arguments()
import torch

torch.set_num_threads(args.threads)
dtype = torch.float64 if args.precision == "f64" else torch.float32
p, x0, y, end = load(args, lambda a: torch.tensor(a, dtype=dtype))
with_time = args.workload != "w4"
act = torch.nn.functional.silu if with_time else torch.tanh
if not with_time:
    p = [(w.requires_grad_(), b.requires_grad_()) for w, b in p]
split = [(p[0][0][:, :-1].contiguous(), p[0][0][:, -1].contiguous(), p[0][1])] if with_time else None


def field(t, x):
    if with_time:
        w, column, b = split[0]
        h = torch.addmm(torch.add(b, column, alpha=t), x, w.T)
    else:
        h = torch.addmm(p[0][1], x, p[0][0].T)
    for w, b in p[1:]:
        h = torch.addmm(b, act(h), w.T)
    return h


def end_of(x):
    h = end / args.steps
    for n in range(args.steps):
        k = field(n * h, x)
        x = torch.add(x, field(n * h + h / 2, torch.add(x, k, alpha=h / 2)), alpha=h)
    return x


def forward():
    with torch.no_grad():
        end_of(x0)


def gradient():
    x = x0.detach().requires_grad_(with_time)
    loss = 0.5 * ((end_of(x) - y) ** 2).sum()
    return torch.autograd.grad(loss, [x] if with_time else [v for layer in p for v in layer])


serve(forward, gradient, lambda: [v for g in gradient() for v in g.ravel().tolist()])
