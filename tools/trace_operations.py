"""What a function or a method of PyTorch is as layers of a network file, for tools/trace_torch.py.

OPERATIONS maps each to a function of (tracer, node) that writes the layers and returns the node's value. Arguments are found by
PyTorch's names for them; a call with others is refused.
"""

import operator

import torch
from torch.nn import functional

import trace_images as images
import trace_shapes as shapes
import trace_values as values
from trace_arguments import every, listed, unchanged, with_arguments

UNARY = ("exp", "log", "sqrt", "erf", "abs", "floor", "ceil", "round", "sign", "tanh", "relu", "sigmoid", "silu")
ARITHMETIC = {"add": (operator.add, operator.iadd, torch.add, "add", "add_"), "mul": (operator.mul, operator.imul, torch.mul, "mul", "mul_"),
              "sub": (operator.sub, operator.isub, torch.sub, "sub"), "div": (operator.truediv, operator.itruediv, torch.div, "div"),
              "maximum": (torch.maximum, "maximum"), "minimum": (torch.minimum, "minimum")}
COMPARISONS = {"less": (operator.lt, torch.lt, torch.less, "lt"), "less_equal": (operator.le, torch.le, "le"), "equal": (operator.eq, torch.eq, "eq")}
TURNED = {"less": (operator.gt, torch.gt, torch.greater, "gt"), "less_equal": (operator.ge, torch.ge, "ge")}
REDUCTIONS = {"mean": (torch.mean, "mean"), "sum": (torch.sum, "sum"), "max": (torch.amax, "amax"), "min": (torch.amin, "amin"),
              "prod": (torch.prod, "prod")}
POWERS = {-0.5: (torch.rsqrt, "rsqrt"), -1: (torch.reciprocal, "reciprocal"), 2: (torch.square, "square")}
ACTIVATIONS = {functional.gelu: with_arguments(values.gelu, approximate="approximate"),
               functional.softplus: with_arguments(values.softplus, beta="beta", threshold=""),
               functional.leaky_relu: with_arguments(values.leaky_relu, negative_slope="slope"),
               functional.elu: with_arguments(values.elu, alpha="alpha"), functional.mish: values.mish,
               functional.hardtanh: with_arguments(values.hardtanh, min_val="low", max_val="high"), functional.relu6: values.relu6}

ELEMENTWISE = {  # what may also be computed of parameters and buffers alone
    **{target: values.unary(op) for op in UNARY for target in (getattr(torch, op, None), getattr(functional, op, None), op) if target},
    **listed(ARITHMETIC, values.binary), **listed(COMPARISONS, values.compare), **listed(TURNED, values.compare_turned),
    **listed(POWERS, values.fixed_power), **ACTIVATIONS, **listed({"sin": (torch.sin, "sin"), "cos": (torch.cos, "cos")}, values.wave),
    **every((operator.neg, torch.neg, "neg"), values.unary("affine", scale=-1)), torch.zeros_like: values.unary("affine", scale=0),
    **every((operator.pow, torch.pow, "pow"), values.power), **every((operator.ne, torch.ne, "ne"), values.unequal),
    torch.where: values.where, **every((torch.masked_fill, "masked_fill"), values.masked_fill),
    **every((torch.clamp, torch.clip, "clamp", "clip"), with_arguments(values.clamp, min="low", max="high")),
}

OPERATIONS = {
    **ELEMENTWISE, **every((operator.matmul, torch.matmul, torch.bmm, "matmul", "bmm"), values.binary("matmul")),
    functional.scaled_dot_product_attention: values.attention, **listed(REDUCTIONS, shapes.reduce),
    **listed({"softmax": (torch.softmax, functional.softmax, "softmax"),
              "log_softmax": (torch.log_softmax, functional.log_softmax, "log_softmax")}, shapes.along),
    **every((functional.dropout, functional.dropout2d), values.dropout), **every(("contiguous", "clone", "to", "float", "double", "type_as"), unchanged),
    **every((torch.cat, torch.concat, torch.concatenate), shapes.cat), torch.stack: shapes.stack,
    **every((torch.permute, "permute"), shapes.permute), getattr: shapes.attribute,
    **every((torch.transpose, torch.swapaxes, "transpose", "swapaxes"), shapes.exchange),
    **every((torch.flatten, torch.reshape, "flatten", "reshape", "view"), shapes.reshape),
    **every((torch.unsqueeze, torch.squeeze, "unsqueeze", "squeeze"), shapes.reshape), **every(("expand", "expand_as"), shapes.expand),
    operator.getitem: shapes.item, **every((torch.index_select, "index_select"), shapes.index_select),
    **every((torch.chunk, torch.split, torch.unbind, "chunk", "split", "unbind"), shapes.parts), functional.pad: shapes.pad,
    functional.max_pool2d: images.max_pool, functional.adaptive_max_pool2d: images.adaptive("max_pool2d"),
    functional.avg_pool2d: images.avg_pool, functional.adaptive_avg_pool2d: images.adaptive("avg_pool2d"),
    functional.interpolate: images.interpolate, functional.linear: images.linear, functional.conv2d: images.conv2d,
    functional.group_norm: images.group_norm, functional.layer_norm: images.row_norm("layernorm", "weight", "bias"),
    functional.rms_norm: images.row_norm("rmsnorm", "weight"),
}
