"""What every layer that tools/export_torch.py writes means, in PyTorch: the description of a network read literally."""

import math

import torch
from torch.nn import functional

SIMPLE = ("exp", "log", "sqrt", "sin", "cos", "erf", "abs", "floor", "ceil", "round", "sign", "tanh", "relu", "sigmoid", "maximum", "minimum", "pow")


def sizes(layer, key, count, usual):
    """The list, or the number `count` times."""
    value = layer.get(key, usual)
    return tuple(value) if isinstance(value, list) else (value,) * count


def padded(layer, x):
    top, left, bottom, right = sizes(layer, "padding", 4, 0)
    return functional.pad(x, (left, right, top, bottom))


def convolve(layer, tensor, x):
    return functional.conv2d(padded(layer, x), tensor("weight"), tensor("bias"), sizes(layer, "stride", 2, 1), 0, sizes(layer, "dilation", 2, 1),
                             layer.get("groups", 1))


def convolve_transposed(layer, tensor, x):
    return functional.conv_transpose2d(x, tensor("weight"), tensor("bias"), sizes(layer, "stride", 2, 1), sizes(layer, "padding", 4, 0)[:2],
                                       sizes(layer, "output_padding", 2, 0), layer.get("groups", 1), sizes(layer, "dilation", 2, 1))


def pool(layer, function, **options):
    """Padding is the same on both sides, as PyTorch has it."""
    kernel = sizes(layer, "kernel", 2, None)
    stride = sizes(layer, "stride", 2, None) if "stride" in layer else kernel
    return lambda x: function(x, kernel, stride, sizes(layer, "padding", 4, 0)[:2], ceil_mode=bool(layer.get("ceil")), **options)


def resize(layer, tensor, x):
    mode = {("nearest", "asymmetric"): "nearest", ("nearest", "half_pixel"): "nearest-exact"}.get((layer["mode"], layer["coordinates"]), "bilinear")
    place = {"scale_factor": (layer["scale_y"], layer["scale_x"])} if "scale_y" in layer else {"size": (layer["height"], layer["width"])}
    return functional.interpolate(x, mode=mode, align_corners=True if layer["coordinates"] == "align_corners" else None, **place)


def embed(layer, tensor, t):
    phase = t * tensor("frequencies")
    return torch.cat([torch.sin(phase), torch.cos(phase)], dim=1)


def join(layer, tensor, *parts):
    """A part that is the same for every sample is repeated."""
    batch = max(len(part) for part in parts)
    return torch.cat([part.expand(batch, *part.shape[1:]) for part in parts], dim=layer.get("axis", 0) + 1)


def heads_mixed(layer, tensor, x):
    """softmax(q k'/√depth) v of columns q | k | v, head by head."""
    q, k, v = x.reshape(*x.shape[:2], 3, layer["heads"], -1).permute(2, 0, 3, 1, 4)
    return (torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), -1) @ v).transpose(1, 2).flatten(2)


def take(layer, tensor, x):
    step = layer.get("step", 1)
    return x.index_select(layer["axis"] + 1, torch.arange(layer["begin"], layer["begin"] + (layer["count"] - 1) * step + 1, step))


def surround(layer, tensor, x):
    around = [n for pair in zip(layer["before"][::-1], layer["after"][::-1]) for n in pair]
    return functional.pad(x, around, value=layer.get("value", 0))


def over(function):
    """A reduction, the axes of a sample."""
    return lambda layer, tensor, x: function(x, [a + 1 for a in layer["axes"]])


def product(layer, tensor, x):
    for axis in sorted(layer["axes"], reverse=True):
        x = x.prod(axis + 1)
    return x


MEANING = {  # op: (layer, tensor by role, inputs) -> result
    "linear": lambda layer, tensor, x: functional.linear(x, tensor("weight"), tensor("bias")),
    "matmul": lambda layer, tensor, a, b: a @ b,
    "conv2d": convolve, "conv_transpose2d": convolve_transposed,
    "groupnorm": lambda layer, tensor, x: functional.group_norm(x, layer["groups"], tensor("weight"), tensor("bias"), layer.get("eps", 1e-5)),
    "layernorm": lambda layer, tensor, x: functional.layer_norm(x, x.shape[-1:], tensor("weight"), tensor("bias"), layer["eps"]),
    "rmsnorm": lambda layer, tensor, x: functional.rms_norm(x, x.shape[-1:], tensor("weight"), layer["eps"]),
    "batchnorm": lambda layer, tensor, x: functional.batch_norm(x, tensor("mean"), tensor("variance"), tensor("weight"), tensor("bias"), eps=layer["eps"]),
    **{op: (lambda function: lambda layer, tensor, *x: function(*x))(getattr(torch, op)) for op in SIMPLE},
    "silu": lambda layer, tensor, x: x * torch.sigmoid(x),
    "gelu": lambda layer, tensor, x: x * (1 + torch.erf(x / math.sqrt(2))) / 2,
    "softplus": lambda layer, tensor, x: functional.softplus(x, threshold=40.0),
    "affine": lambda layer, tensor, x: layer.get("scale", 1) * x + layer.get("shift", 0),
    "power": lambda layer, tensor, x: x ** layer["exponent"],
    "clamp": lambda layer, tensor, x: torch.clamp(x, layer.get("low"), layer.get("high")),
    "add": lambda layer, tensor, a, b: a + b, "sub": lambda layer, tensor, a, b: a - b,
    "mul": lambda layer, tensor, a, b: a * b, "div": lambda layer, tensor, a, b: a / b,
    "less": lambda layer, tensor, a, b: (a < b).to(a.dtype), "less_equal": lambda layer, tensor, a, b: (a <= b).to(a.dtype),
    "equal": lambda layer, tensor, a, b: (a == b).to(a.dtype), "where": lambda layer, tensor, c, a, b: torch.where(c != 0, a, b),
    "parameter": lambda layer, tensor: tensor("value")[None], "constant": lambda layer, tensor: tensor("value")[None],
    "add_channel": lambda layer, tensor, image, channels: image + channels[:, :, None, None],
    "concat": join, "concat_time": join, "concat_skip": join, "time_embedding": embed,
    "embedding": lambda layer, tensor, x: tensor("weight")[x.reshape(len(x), *x.shape[2:] if x.shape[1:] == (1,) else x.shape[1:]).long()],
    "reshape": lambda layer, tensor, x: x.reshape(len(x), *layer["shape"]), "flatten": lambda layer, tensor, x: x.reshape(len(x), -1),
    "expand": lambda layer, tensor, x: x.expand(len(x), *layer["shape"]),
    "transpose": lambda layer, tensor, x: x.permute(0, *(a + 1 for a in layer["axes"])),
    "slice": take, "gather": lambda layer, tensor, x: x.index_select(layer["axis"] + 1, torch.tensor(layer["indices"])), "pad": surround,
    "mean": over(torch.mean), "sum": over(torch.sum), "max": over(torch.amax), "min": over(torch.amin), "prod": product,
    "softmax": lambda layer, tensor, x: torch.softmax(x, layer["axis"] + 1),
    "log_softmax": lambda layer, tensor, x: torch.log_softmax(x, layer["axis"] + 1),
    "attention": lambda layer, tensor, q, k, v: torch.softmax(layer.get("scale", q.shape[-1] ** -0.5) * q @ k.transpose(-2, -1), -1) @ v,
    "self_attention": heads_mixed,
    "upsample_nearest": lambda layer, tensor, x: x.repeat_interleave(layer["scale"], 2).repeat_interleave(layer["scale"], 3), "resize": resize,
    "max_pool2d": lambda layer, tensor, x: pool(layer, functional.max_pool2d, dilation=sizes(layer, "dilation", 2, 1))(x),
    "avg_pool2d": lambda layer, tensor, x: pool(layer, functional.avg_pool2d, count_include_pad=bool(layer.get("count_padding", 1)))(x),
}


def evaluate(layers, state, x, t):
    """The result for a batch; KeyError, RuntimeError and TypeError say that the description means nothing."""
    values = {"x": x, "t": t[:, None]}
    for layer in layers:
        tensor = lambda role: state[layer[role]] if role in layer else None
        values[layer["out"]] = MEANING[layer["op"]](layer, tensor, *(values[name] for name in layer["in"]))
    return values[layers[-1]["out"]]
