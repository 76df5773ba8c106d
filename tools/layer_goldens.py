#!/usr/bin/env python3
"""Write tests/nn/layers.golden.safetensors: every layer on images by itself, computed by PyTorch in float64.

    python tools/layer_goldens.py tests/nn/layers.golden.safetensors

A case is a network of one or a few layers. Its metadata are `NAME.architecture` and `NAME.input_shape`; its tensors, all float64, are
NAME/weight… (the network's own), NAME//x t v w (given) and NAME//u vjp jvp theta_bar.WEIGHT (PyTorch's answers). Seed 20261122.
"""

import json
import math
import pathlib
import sys

import torch
from torch.nn import functional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from export_torch import write_safetensors

SAMPLES, SEED = 3, 20261122


def conv(name, channels, outputs, kernel, bias=True, groups=1, **numbers):
    """(architecture, tensors) of one convolution reading `x`."""
    layer = {"op": "conv2d", "in": ["x"], "out": "u", "weight": "weight", "groups": groups, **numbers}
    tensors = {"weight": (outputs, channels // groups, *kernel)}
    if bias:
        layer["bias"], tensors["bias"] = "bias", (outputs,)
    return [layer], tensors


def then(case, op, **numbers):
    layers, tensors = case
    return [*layers[:-1], {**layers[-1], "out": "h"}, {"op": op, "in": ["h"], "out": "u", **numbers}], tensors


def norm(groups, channels, **numbers):
    layer = {"op": "groupnorm", "in": ["x"], "out": "u", "weight": "weight", "bias": "bias", "groups": groups, **numbers}
    return [layer], {"weight": (channels,), "bias": (channels,)}


ADD_CHANNEL = ([{"op": "time_embedding", "in": ["t"], "out": "e", "frequencies": "frequencies"},
                {"op": "linear", "in": ["e"], "out": "a", "weight": "weight"},
                {"op": "add_channel", "in": ["x", "a"], "out": "u"}], {"frequencies": (2,), "weight": (3, 4)})
CONCAT = ([{"op": "conv2d", "in": ["x"], "out": "h", "weight": "weight", "padding": 1}, {"op": "concat_skip", "in": ["h", "x", "h"], "out": "u"}],
          {"weight": (2, 3, 3, 3)})
FLATTEN = ([{"op": "flatten", "in": ["x"], "out": "h"}, {"op": "linear", "in": ["h"], "out": "u", "weight": "weight"}], {"weight": (4, 24)})

CASES = {
    "conv": ((3, 5, 6), conv("conv", 3, 4, (3, 3), padding=1)),
    "conv-stride": ((2, 7, 6), conv("conv", 2, 5, (3, 3), stride=2, padding=1)),
    "conv-dilated": ((2, 8, 9), conv("conv", 2, 3, (3, 3), dilation=2, padding=2)),
    "conv-groups": ((4, 5, 4), conv("conv", 4, 6, (2, 3), groups=2)),
    "conv-depthwise": ((4, 8, 7), conv("conv", 4, 4, (3, 3), groups=4, stride=3, padding=2, bias=False)),
    "conv-1x1": ((5, 4, 4), conv("conv", 5, 3, (1, 1))),
    "conv-wide": ((6, 6, 6), conv("conv", 6, 17, (5, 5), padding=2, stride=2)),
    "conv-silu": ((3, 6, 6), then(conv("conv", 3, 4, (3, 3), padding=1), "silu")),
    "groupnorm": ((6, 3, 4), norm(3, 6, eps=1e-5)),
    "groupnorm-silu": ((8, 5, 5), then(norm(2, 8, eps=1e-3), "silu")),
    "add-channel": ((3, 2, 4), ADD_CHANNEL),
    "upsample": ((2, 3, 2), ([{"op": "upsample_nearest", "in": ["x"], "out": "u", "scale": 3}], {})),
    "avg-pool": ((2, 5, 7), ([{"op": "avg_pool2d", "in": ["x"], "out": "u", "kernel": 2, "stride": 2}], {})),
    "concat-skip": ((3, 4, 3), CONCAT),
    "flatten": ((2, 3, 4), FLATTEN),
}


def evaluate(layers, state, x, t):
    """What PyTorch calls each layer."""
    values = {"x": x, "t": t[:, None]}
    for layer in layers:
        inputs = [values[name] for name in layer["in"]]
        tensor = lambda role: state[layer[role]] if role in layer else None
        op = layer["op"]
        if op == "conv2d":
            options = {key: layer.get(key, default) for key, default in (("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1))}
            result = functional.conv2d(inputs[0], tensor("weight"), tensor("bias"), **options)
        elif op == "groupnorm":
            result = functional.group_norm(inputs[0], layer["groups"], tensor("weight"), tensor("bias"), layer["eps"])
        elif op == "silu":
            result = functional.silu(inputs[0])
        elif op == "time_embedding":
            result = torch.cat([torch.sin(inputs[0] * tensor("frequencies")), torch.cos(inputs[0] * tensor("frequencies"))], dim=1)
        elif op == "linear":
            result = functional.linear(inputs[0], tensor("weight"))
        elif op == "add_channel":
            result = inputs[0] + inputs[1][:, :, None, None]
        elif op == "upsample_nearest":
            result = functional.interpolate(inputs[0], scale_factor=layer["scale"], mode="nearest")
        elif op == "avg_pool2d":
            result = functional.avg_pool2d(inputs[0], layer["kernel"], layer["stride"])
        elif op == "concat_skip":
            result = torch.cat(inputs, dim=1)
        elif op == "flatten":
            result = inputs[0].flatten(1)
        values[layer["out"]] = result
    return values["u"]


def answers(shape, layers, sizes, random):
    normal = lambda *size: torch.randn(*size, dtype=torch.float64, generator=random)
    state = {name: normal(*size) / math.sqrt(math.prod(size[1:]) or 1) for name, size in sizes.items()}
    x, w, t = normal(SAMPLES, *shape), normal(SAMPLES, *shape), torch.rand(SAMPLES, dtype=torch.float64, generator=random)
    weights = [name for name in state if name != "frequencies"]
    wanted = [x.requires_grad_()] + [state[name].requires_grad_() for name in weights]
    u = evaluate(layers, state, x, t)
    v = normal(*u.shape)
    grads = torch.autograd.grad((u * v).sum(), wanted)
    _, jvp = torch.func.jvp(lambda at: evaluate(layers, state, at, t), (x.detach(),), (w,))
    result = {name: value for name, value in state.items()}
    result.update({"/x": x, "/t": t, "/v": v, "/w": w, "/u": u, "/vjp": grads[0], "/jvp": jvp})
    result.update({f"/theta_bar.{name}": grad for name, grad in zip(weights, grads[1:])})
    return {name: value.detach().numpy() for name, value in result.items()}


def main(out):
    torch.set_num_threads(1)
    random = torch.Generator().manual_seed(SEED)
    tensors, metadata = {}, {"torch": torch.__version__, "seed": SEED, "script": "tools/layer_goldens.py"}
    for name, (shape, (layers, sizes)) in CASES.items():
        tensors.update({f"{name}/{key}": value for key, value in answers(shape, layers, sizes, random).items()})
        metadata[f"{name}.architecture"], metadata[f"{name}.input_shape"] = json.dumps(layers), json.dumps(shape)
    write_safetensors(out, tensors, metadata)


if __name__ == "__main__":
    main(*sys.argv[1:])
