#!/usr/bin/env python3
"""Write tests/nn/operations.golden.safetensors: single operations of networks, computed by PyTorch in float64.

    python tools/op_goldens.py tests/nn/operations.golden.safetensors

A case NAME has operands NAME/x0 NAME/x1 …, the first axis the batch unless it is named in the metadata `NAME.shared`,
all with a derivative but those of `NAME.fixed`; NAME/d0 … are directions and
NAME/v an adjoint (given); NAME/y, NAME/y_dot and NAME/bar0 … are PyTorch's value, product with the Jacobian, and products from the other side.
Seed 20261122.
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


INTEGERS, POSITIVE, ROWS = "integers", "positive", "rows"
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
}
FIXED = {"where": (0,), "embedding": (1,), "batch-norm": (1, 2)}  # operands without a derivative in PyTorch


def values_of(kind, size, random):
    if kind == INTEGERS:
        return torch.randint(-2, 3, size, generator=random).double()
    if kind == ROWS:
        return torch.randint(0, 5, size, generator=random).double()
    normal = torch.randn(*size, dtype=torch.float64, generator=random)
    return normal.abs() + 0.5 if kind == POSITIVE else normal


def answers(name, call, shapes, shared, kinds, random):
    operands = [values_of((kinds or [None] * len(shapes))[i], size if i in shared else (SAMPLES, *size), random) for i, size in enumerate(shapes)]
    moving = [i for i in range(len(operands)) if i not in FIXED.get(name, ())]
    directions = [torch.randn(x.shape, dtype=torch.float64, generator=random) for x in operands]
    tracked = [x.clone().requires_grad_(i in moving) for i, x in enumerate(operands)]
    y = call(*tracked)
    v = torch.randn(y.shape, dtype=torch.float64, generator=random)
    bars = dict(zip(moving, torch.autograd.grad((y * v).sum(), [tracked[i] for i in moving])))

    def pulled(w):  # forward mode as the transpose of the transpose: not every kernel of PyTorch has a jvp
        again = call(*tracked)
        return sum((g * directions[i]).sum() for i, g in zip(moving, torch.autograd.grad((again * w).sum(), [tracked[i] for i in moving], create_graph=True)))

    w = torch.zeros_like(y).requires_grad_()
    y_dot = torch.autograd.grad(pulled(w), w)[0]
    result = {"v": v, "y": y, "y_dot": y_dot}
    for i, x in enumerate(operands):
        result.update({f"x{i}": x, f"d{i}": directions[i] if i in moving else torch.zeros_like(x), f"bar{i}": bars.get(i, torch.zeros_like(x))})
    return {key: value.detach().contiguous().numpy() for key, value in result.items()}


def main(out):
    torch.set_num_threads(1)
    random = torch.Generator().manual_seed(SEED)
    tensors, metadata = {}, {"torch": torch.__version__, "seed": SEED, "script": "tools/op_goldens.py"}
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):  # the one that has second derivatives
        for name, (call, shapes, shared, kinds) in CASES.items():
            tensors.update({f"{name}/{key}": value for key, value in answers(name, call, shapes, shared, kinds, random).items()})
            metadata[f"{name}.shared"], metadata[f"{name}.fixed"] = " ".join(map(str, shared)), " ".join(map(str, FIXED.get(name, ())))
    write_safetensors(out, tensors, metadata)


if __name__ == "__main__":
    main(*sys.argv[1:])
