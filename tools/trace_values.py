"""Functions of one value and of several, element by element, and products, as layers of a network file: (tracer, node) -> the node's value."""

import math

from torch import fx

from trace_arguments import given, unchanged


def dropout(trace, node):
    if given(trace, node, "input", "p", "training", "inplace").get("training", True):
        trace.refuse(node, "a dropout that is always on; call it with training=self.training")
    return unchanged(trace, node)


def unary(op, **numbers):
    def handler(trace, node):
        given(trace, node, "input", "inplace")
        return trace.layer(node, op, [trace.read(node)], **numbers)

    return handler


def wave(op):
    """sin or cos, of t times a buffer as half of an embedding."""

    def handler(trace, node):
        phase = trace.values.get(trace.input(node))
        return {op: phase["phase"]} if isinstance(phase, dict) and "phase" in phase else trace.layer(node, op, [trace.read(node)])

    return handler


def gelu(trace, node, approximate="none"):
    if approximate != "none":
        trace.refuse(node, f"a GELU(approximate={approximate!r}), and the layer gelu is the exact one; use GELU()")
    return trace.layer(node, "gelu", [trace.read(node)])


def softplus(trace, node, beta=1):
    if beta != 1:
        trace.refuse(node, f"a Softplus(beta={beta}), and the layer softplus has beta=1; scale its input and its result")
    return trace.layer(node, "softplus", [trace.read(node)])


def leaky_relu(trace, node, slope=0.01):
    x = trace.read(node)
    positive = trace.step(node, "less", [trace.number(node, 0), x])
    return trace.layer(node, "where", [positive, x, trace.step(node, "affine", [x], scale=slope)])


def elu(trace, node, alpha=1.0):
    """x where 0 < x, else α(eˣ - 1)."""
    x = trace.read(node)
    positive, low = trace.step(node, "less", [trace.number(node, 0), x]), trace.step(node, "clamp", [x], high=0)
    return trace.layer(node, "where", [positive, x, trace.step(node, "affine", [trace.step(node, "exp", [low])], scale=alpha, shift=-alpha)])


def mish(trace, node):
    x = trace.read(node)
    return trace.layer(node, "mul", [x, trace.step(node, "tanh", [trace.step(node, "softplus", [x])])])


def clamp(trace, node, low=None, high=None):
    if any(isinstance(bound, fx.Node) for bound in (low, high)):
        trace.refuse(node, "a clamp between tensors, and the layer clamp has numbers; use torch.maximum and torch.minimum")
    bounds = {key: bound for key, bound in (("low", low), ("high", high)) if bound is not None}
    return trace.layer(node, "clamp", [trace.read(node)], **bounds)


def hardtanh(trace, node, low=-1.0, high=1.0):
    return clamp(trace, node, low, high)


def relu6(trace, node):
    return clamp(trace, node, 0, 6)


# two values and more


def binary(op):
    def handler(trace, node):
        arguments = given(trace, node, "input", "other", "alpha")
        if arguments.get("alpha", 1) != 1:
            trace.refuse(node, f"{op} with alpha; multiply first")
        a, b = arguments["input"], arguments["other"]
        if op in ("add", "sub", "mul", "div") and not (isinstance(a, fx.Node) and isinstance(b, fx.Node)):
            return affine(trace, node, op, a, b)
        return special(trace, node, op, a, b) or trace.layer(node, op, [trace.operand(node, a), trace.operand(node, b)])

    return handler


def is_buffer(trace, value):
    return isinstance(value, dict) and "tensor" in value and value["tensor"] not in trace.parameters


def special(trace, node, op, a, b):
    """t times a buffer of frequencies; an image plus one number for each channel. None for what is neither."""
    for value, other in ((trace.values[a], trace.values[b]), (trace.values[b], trace.values[a])):
        if op == "mul" and value == "t" and is_buffer(trace, other) and len(trace.shape(node)) == 2:
            return {"phase": other["tensor"]}
        if op == "add" and isinstance(value, str) and isinstance(other, dict) and "channels" in other and trace.shape(a)[:2] == trace.shape(b)[:2]:
            return trace.layer(node, "add_channel", [value, other["channels"]])
    return None


def affine(trace, node, op, a, b):
    """Arithmetic with a number."""
    first = not isinstance(a, fx.Node)
    constant, x = (a, trace.name(b)) if first else (b, trace.name(a))
    if op == "div" and first:
        return trace.layer(node, "affine", [trace.step(node, "power", [x], exponent=-1)], scale=constant)
    if op == "div" and constant == 0:
        trace.refuse(node, "a division by 0; divide by another number")
    numbers = {"add": {"shift": constant}, "sub": {"scale": -1, "shift": constant} if first else {"shift": -constant}, "mul": {"scale": constant},
               "div": {"scale": 1 / constant if op == "div" else 1}}[op]
    return trace.layer(node, "affine", [x], **numbers)


def power(trace, node):
    arguments = given(trace, node, "input", "exponent")
    base, exponent = arguments["input"], arguments["exponent"]
    if isinstance(exponent, (int, float)):
        return trace.layer(node, "power", [trace.name(base)], exponent=exponent)
    if isinstance(base, (int, float)) and base > 0:  # bˣ = exp(x log b)
        return trace.layer(node, "exp", [trace.step(node, "affine", [trace.name(exponent)], scale=math.log(base))])
    return trace.layer(node, "pow", [trace.operand(node, base), trace.operand(node, exponent)])


def fixed_power(exponent):
    return lambda trace, node: trace.layer(node, "power", [trace.read(node)], exponent=exponent)


def compare(op, keys=("input", "other")):
    def handler(trace, node):
        arguments = given(trace, node, "input", "other")
        return trace.layer(node, op, [trace.operand(node, arguments[key]) for key in keys])

    return handler


def compare_turned(op):
    return compare(op, ("other", "input"))


def unequal(trace, node):
    arguments = given(trace, node, "input", "other")
    equal = trace.step(node, "equal", [trace.operand(node, arguments[key]) for key in ("input", "other")])
    return trace.layer(node, "affine", [equal], scale=-1, shift=1)


def where(trace, node):
    arguments = given(trace, node, "condition", "input", "other")
    if len(arguments) != 3:
        trace.refuse(node, "a where of a condition alone, which has as many results as are true; give it two values to choose from")
    return trace.layer(node, "where", [trace.operand(node, arguments[key]) for key in ("condition", "input", "other")])


def masked_fill(trace, node):
    arguments = given(trace, node, "input", "mask", "value")
    return trace.layer(node, "where", [trace.operand(node, arguments[key]) for key in ("mask", "value", "input")])


def attention(trace, node):
    arguments = given(trace, node, "query", "key", "value", "attn_mask", "dropout_p", "is_causal", "scale")
    if arguments.get("attn_mask") is not None or arguments.get("dropout_p") or arguments.get("is_causal"):
        trace.refuse(node, "an attention with a mask, a causal one or dropout, and the layer attention is softmax(scale q k') v; "
                           "write a mask as softmax(scale * q @ k.mT + mask, -1) @ v, of finite numbers")
    scale = arguments.get("scale")
    return trace.layer(node, "attention", [trace.name(arguments[key]) for key in ("query", "key", "value")], **({} if scale is None else {"scale": scale}))
