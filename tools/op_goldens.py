#!/usr/bin/env python3
"""Write tests/nn/operations.golden.safetensors: single operations of networks, computed by PyTorch in float64.

    python tools/op_goldens.py tests/nn/operations.golden.safetensors

A case NAME has operands NAME/x0 NAME/x1 …, the first axis the batch unless it is named in the metadata `NAME.shared`,
all with a derivative but those of `NAME.fixed`; NAME/d0 … are directions and
NAME/v an adjoint (given); NAME/y, NAME/y_dot and NAME/bar0 … are PyTorch's value, product with the Jacobian, and products from the other side.
What PyTorch gives no derivative (comparisons) has the derivative 0. The metadata NAME.float32 is the largest error of the same numbers
computed by PyTorch in float32, in units of max(1, |y|). Seed 20261122.
"""

import pathlib
import sys

import torch
from torch.nn import functional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from export_torch import write_safetensors

SAMPLES, SEED = 2, 20261122


def attention(causal):
    return lambda q, k, v: functional.scaled_dot_product_attention(q, k, v, is_causal=causal, scale=0.75)


def interpolate(size, mode, **options):
    return lambda x: functional.interpolate(x, size=size, mode=mode, **options)


def pool(kind, **options):
    return lambda x: getattr(functional, kind)(x, **options)


def transpose(**options):
    return lambda x, w, b: functional.conv_transpose2d(x, w, b, **options)


def case(call, *shapes, shared=(), values=None):
    return call, shapes, shared, values


def segment_sum(x):
    """Into four segments, of which one is empty; the third value is in none."""
    return torch.zeros(len(x), 4, dtype=x.dtype).index_add(1, torch.tensor([2, 0, 1, 2, 2, 0]), x[:, [0, 1, 3, 4, 5, 6]])


def broadcast(operation):
    """Of 3 x 1 x 4 and 2 x 1."""
    return lambda a, b: operation(a, b[:, None])


def compare(operation):
    return lambda a, b: operation(a, b).to(a.dtype)


INTEGERS, POSITIVE, ROWS, HALVES = "integers", "positive", "rows", "halves"
CASES = {
    "maximum": case(torch.maximum, (8,), (8,), values=(INTEGERS, INTEGERS)),
    "minimum": case(torch.minimum, (8,), (8,), values=(INTEGERS, INTEGERS)),
    "clamp": case(lambda x: torch.clamp(x, -1, 1), (12,), values=(INTEGERS,)),
    "abs": case(torch.abs, (12,), values=(INTEGERS,)),
    "where": case(lambda c, a, b: torch.where(c != 0, a, b), (8,), (8,), (8,), values=(INTEGERS, None, None)),
    "softmax": case(lambda x: torch.softmax(x, 2), (3, 4, 2)),
    "log-softmax": case(lambda x: torch.log_softmax(x, 3), (3, 2, 37)),
    "amax": case(lambda x: torch.amax(x, (1, 3)), (3, 4, 2)),
    "max-first": case(lambda x: torch.max(x, 2).values, (3, 6), values=(INTEGERS,)),
    "prod": case(lambda x: torch.prod(x, 2), (3, 5)),
    "matmul": case(torch.matmul, (3, 5, 7), (3, 7, 4)),
    "matmul-transposed": case(lambda a, b: torch.matmul(a.transpose(-1, -2), b.transpose(-1, -2)), (2, 17, 9), (33, 17), shared=(1,)),
    "attention": case(attention(False), (2, 5, 3), (2, 7, 3), (2, 7, 4)),
    "attention-causal": case(attention(True), (2, 6, 3), (2, 6, 3), (2, 6, 2)),
    "attention-tiles": case(attention(False), (1, 70, 2), (1, 140, 2), (1, 140, 3)),
    "max-pool": case(pool("max_pool2d", kernel_size=3, stride=2, padding=1), (2, 6, 7)),
    "max-pool-dilated": case(pool("max_pool2d", kernel_size=(2, 3), stride=(1, 2), padding=(0, 1), dilation=2, ceil_mode=True), (2, 6, 8)),
    "avg-pool": case(pool("avg_pool2d", kernel_size=3, stride=2, padding=1), (2, 6, 7)),
    "avg-pool-inside": case(pool("avg_pool2d", kernel_size=(3, 2), stride=2, padding=(1, 0), ceil_mode=True, count_include_pad=False), (2, 6, 7)),
    "avg-pool-ceil": case(pool("avg_pool2d", kernel_size=3, stride=2, padding=1, ceil_mode=True), (2, 6, 6)),
    "conv-transpose": case(transpose(stride=2, padding=1, output_padding=1), (3, 4, 5), (3, 2, 3, 3), (2,), shared=(1, 2)),
    "conv-transpose-groups": case(transpose(stride=(1, 2), groups=2, dilation=2), (4, 3, 4), (4, 3, 2, 3), (6,), shared=(1, 2)),
    "bilinear": case(interpolate((7, 5), "bilinear", align_corners=False), (2, 4, 6)),
    "bilinear-corners": case(interpolate((3, 8), "bilinear", align_corners=True), (2, 4, 6)),
    "nearest": case(interpolate((7, 5), "nearest"), (2, 4, 6)),
    "nearest-exact": case(interpolate((7, 4), "nearest-exact"), (2, 4, 6)),
    "embedding": case(lambda table, i: functional.embedding(i.long(), table), (5, 3), (6,), shared=(0,), values=(None, ROWS)),
    "layer-norm": case(lambda x, w, b: functional.layer_norm(x, (40,), w, b, 1e-3), (3, 40), (40,), (40,), shared=(1, 2)),
    "rms-norm": case(lambda x, w: functional.rms_norm(x, (40,), w, 1e-3), (3, 40), (40,), shared=(1,)),
    "instance-norm": case(lambda x, w, b: functional.instance_norm(x, weight=w, bias=b, eps=1e-3), (3, 4, 5), (3,), (3,), shared=(1, 2)),
    "batch-norm": case(lambda x, m, s, w, b: functional.batch_norm(x, m, s, w, b, eps=1e-3), (3, 2, 4), (3,), (3,), (3,), (3,), shared=(1, 2, 3, 4),
                       values=(None, None, POSITIVE, None, None)),
    "segment-sum": case(segment_sum, (7,)),
    "gather": case(lambda x: x[:, [4, 0, 0, 2]], (6,)),
    "gather-outside": case(lambda x: torch.cat([x, torch.zeros(len(x), 1, dtype=x.dtype)], 1)[:, [4, 6, 1, 6]], (6,)),
    "gather-axis": case(lambda x: x[:, :, [3, 0, 0]], (2, 4, 2)),
    "transpose": case(lambda x: x.permute(0, 3, 1, 2), (3, 2, 4)),
    "reshape": case(lambda x: x.reshape(len(x), 6, 4).transpose(1, 2), (3, 2, 4)),
    "slice": case(lambda x: x[:, 2:5], (7,)),
    "slice-axes": case(lambda x: x[:, 1:3, ::2, 1:], (3, 4, 3)),
    "pad": case(lambda x: functional.pad(x, (1, 2, 0, 1, 2, 0)), (2, 1, 3)),
    "pad-number": case(lambda x: functional.pad(x, (0, 2, 1, 0), value=-0.75), (3, 2)),
    "expand": case(lambda x: x.expand(-1, 3, 2, 4), (3, 1, 4)),
    "concat": case(lambda a, b: torch.cat([a, b, a], 2), (2, 3), (2, 1)),
    "sum": case(lambda x: x.sum((1, 3)), (3, 4, 2)),
    "sum-all": case(lambda x: x.sum((1, 2), keepdim=True), (5, 7)),
    "mean": case(lambda x: x.mean((2, 3)), (3, 4, 2)),
    "amin": case(lambda x: torch.amin(x, (1, 3)), (3, 4, 2)),
    "min-first": case(lambda x: torch.min(x, 2).values, (3, 6), values=(INTEGERS,)),
    "add-broadcast": case(broadcast(torch.add), (3, 1, 4), (2, 1)),
    "sub-broadcast": case(broadcast(torch.sub), (3, 1, 4), (2, 1)),
    "mul-broadcast": case(broadcast(torch.mul), (3, 1, 4), (2, 1)),
    "div-broadcast": case(broadcast(torch.div), (3, 1, 4), (2, 1), values=(None, POSITIVE)),
    "mul-scalar": case(torch.mul, (1,), (9,)),
    "pow": case(broadcast(torch.pow), (3, 1, 4), (2, 1), values=(POSITIVE, None)),
    "power-3": case(lambda x: x**3, (8,), values=(INTEGERS,)),
    "power-minus-2": case(lambda x: x**-2, (8,), values=(POSITIVE,)),
    "power-real": case(lambda x: x**2.5, (8,), values=(POSITIVE,)),
    "floor": case(torch.floor, (16,), values=(HALVES,)),
    "ceil": case(torch.ceil, (16,), values=(HALVES,)),
    "round": case(torch.round, (16,), values=(HALVES,)),
    "sign": case(torch.sign, (16,), values=(HALVES,)),
    "less": case(compare(torch.lt), (12,), (12,), values=(INTEGERS, INTEGERS)),
    "less-equal": case(compare(torch.le), (12,), (12,), values=(INTEGERS, INTEGERS)),
    "equal": case(compare(torch.eq), (12,), (12,), values=(INTEGERS, INTEGERS)),
    "where-broadcast": case(lambda c, a, b: torch.where(c != 0, a[:, None], b), (2, 3, 1), (3, 2), (2, 1, 1), values=(INTEGERS, None, None)),
    "clamp-low": case(lambda x: torch.clamp(x, min=-1), (12,), values=(INTEGERS,)),
    "clamp-high": case(lambda x: torch.clamp(x, max=1), (12,), values=(INTEGERS,)),
}
FIXED = {"where": (0,), "where-broadcast": (0,), "embedding": (1,), "batch-norm": (1, 2)}  # operands without a derivative in PyTorch


def values_of(kind, size, random):
    if kind == INTEGERS:
        return torch.randint(-2, 3, size, generator=random).double()
    if kind == ROWS:
        return torch.randint(0, 5, size, generator=random).double()
    if kind == HALVES:
        return torch.randint(-6, 7, size, generator=random).double() / 2
    normal = torch.randn(*size, dtype=torch.float64, generator=random)
    return normal.abs() + 0.5 if kind == POSITIVE else normal


def given(name, shapes, shared, kinds, random):
    """Operands and directions; those that are fixed have the direction 0."""
    operands = [values_of((kinds or [None] * len(shapes))[i], size if i in shared else (SAMPLES, *size), random) for i, size in enumerate(shapes)]
    directions = [torch.randn(x.shape, dtype=torch.float64, generator=random) for x in operands]
    return operands, [torch.zeros_like(d) if i in FIXED.get(name, ()) else d for i, d in enumerate(directions)]


def gradient(of, with_respect_to, **options):
    """0 for what PyTorch gives no derivative."""
    if not of.requires_grad:
        return [torch.zeros_like(x) for x in with_respect_to]
    return torch.autograd.grad(of, with_respect_to, materialize_grads=True, **options)


def answers(name, call, operands, directions, v):
    """The value, and the products with the Jacobian from both sides; forward mode as the transpose of the transpose, as not every
    kernel of PyTorch has a jvp."""
    moving = [i for i in range(len(operands)) if i not in FIXED.get(name, ())]
    tracked = [x.clone().requires_grad_(i in moving) for i, x in enumerate(operands)]
    y = call(*tracked)
    bars = dict(zip(moving, gradient((y * v).sum(), [tracked[i] for i in moving])))
    w = torch.zeros_like(y).requires_grad_()
    pulled = gradient((call(*tracked) * w).sum(), [tracked[i] for i in moving], create_graph=True)
    y_dot = gradient(sum((g * directions[i]).sum() for i, g in zip(moving, pulled)), [w])[0]
    return {"y": y, "y_dot": y_dot, **{f"bar{i}": bars.get(i, torch.zeros_like(x)) for i, x in enumerate(operands)}}


def float32_error(exact, name, call, operands, directions, v):
    single = answers(name, call, [x.float() for x in operands], [d.float() for d in directions], v.float())
    return max(float(((single[key].double() - value).abs() / value.abs().clamp(min=1)).detach().max()) for key, value in exact.items())


def main(out):
    torch.set_num_threads(1)
    random = torch.Generator().manual_seed(SEED)
    tensors, metadata = {}, {"torch": torch.__version__, "seed": SEED, "script": "tools/op_goldens.py"}
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):  # the one that has second derivatives
        for name, (call, shapes, shared, kinds) in CASES.items():
            operands, directions = given(name, shapes, shared, kinds, random)
            v = torch.randn(call(*operands).shape, dtype=torch.float64, generator=random)
            exact = answers(name, call, operands, directions, v)
            of_operands = {f"{key}{i}": x for key, values in (("x", operands), ("d", directions)) for i, x in enumerate(values)}
            tensors.update({f"{name}/{key}": x.detach().contiguous().numpy() for key, x in {"v": v, **exact, **of_operands}.items()})
            metadata[f"{name}.shared"], metadata[f"{name}.fixed"] = " ".join(map(str, shared)), " ".join(map(str, FIXED.get(name, ())))
            metadata[f"{name}.float32"] = float32_error(exact, name, call, operands, directions, v)
    write_safetensors(out, tensors, metadata)


if __name__ == "__main__":
    main(*sys.argv[1:])
