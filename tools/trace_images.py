"""Images, and calls that are given their weights, as layers of a network file: (tracer, node) -> the node's value."""

import math

from trace_arguments import given


def image(trace, node):
    """The name of a value of channels x height x width."""
    if len(trace.shape(trace.input(node))) != 4:
        trace.refuse(node, "an operation on images that reads another number of axes; reshape its input to channels x height x width")
    return trace.read(node)


def pair(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def both(value):
    """[down, across], or one number for both."""
    down, across = pair(value)
    return down if down == across else [down, across]


def around(value):
    """[top, left, bottom, right], or one number for all."""
    down, across = pair(value)
    return down if down == across else [down, across, down, across]


def pooled(trace, node, op, kernel, stride=None, padding=0, dilation=1, ceil_mode=False, count_include_pad=True):
    numbers = {"kernel": both(kernel), "stride": both(stride or kernel), "padding": around(padding), "dilation": both(dilation), "ceil": int(ceil_mode),
               "count_padding": int(count_include_pad)}
    usual = {"padding": 0, "dilation": 1, "ceil": 0, "count_padding": 1}
    return trace.layer(node, op, [image(trace, node)], **{key: value for key, value in numbers.items() if value != usual.get(key)})


def max_pool(trace, node):
    arguments = given(trace, node, "input", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
    if arguments.pop("return_indices", False):
        trace.refuse(node, "a max_pool2d with return_indices; leave them out")
    return pooled(trace, node, "max_pool2d", arguments.pop("kernel_size"), **{key: arguments[key] for key in arguments if key != "input"})


def avg_pool(trace, node):
    arguments = given(trace, node, "input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")
    return pooled(trace, node, "avg_pool2d", arguments.pop("kernel_size"), **{key: arguments[key] for key in arguments if key != "input"})


def adaptive(op):
    def handler(trace, node):
        before, after = trace.shape(trace.input(node))[2:], trace.shape(node)[2:]
        if len(after) != 2 or any(n % m for n, m in zip(before, after)):
            trace.refuse(node, f"an adaptive pooling from {before} to {after}, whose windows differ in size; choose sizes that divide the input's")
        return pooled(trace, node, op, tuple(n // m for n, m in zip(before, after)))

    return handler


def interpolate(trace, node):
    arguments = given(trace, node, "input", "size", "scale_factor", "mode", "align_corners", "recompute_scale_factor", "antialias")
    if arguments.get("antialias"):
        trace.refuse(node, "an antialiased interpolation, and the layer resize has none; leave antialias=False")
    return resized(trace, node, arguments.get("scale_factor"), arguments.get("mode", "nearest"), arguments.get("align_corners"),
                   arguments.get("recompute_scale_factor"))


def resized(trace, node, scale, mode, align_corners=None, recompute=None):
    """Coordinates by the given scale, or where there is none by the sizes."""
    modes = {"nearest": {"mode": "nearest", "coordinates": "asymmetric", "rounding": "floor"},
             "nearest-exact": {"mode": "nearest", "coordinates": "half_pixel", "rounding": "round_prefer_ceil"},
             "bilinear": {"mode": "linear", "coordinates": "align_corners" if align_corners else "half_pixel"}}
    if mode not in modes:
        trace.refuse(node, f"an interpolation of mode {mode!r}, and the layer resize has nearest and linear; use one of {', '.join(modes)}")
    x, (height, width), down, across = image(trace, node), trace.shape(node)[2:], *pair(scale)
    if mode == "nearest" and scale and down == across == int(down):
        return trace.layer(node, "upsample_nearest", [x], scale=int(down))
    scales = {"scale_y": down, "scale_x": across} if scale and not recompute and not align_corners else {}
    return trace.layer(node, "resize", [x], height=height, width=width, **modes[mode], **scales)


def weights(trace, node, arguments, *roles):
    """The parameters that a call is given."""
    found = {role: arguments[role] for role in roles if arguments.get(role) is not None}
    values = {role: trace.values[arg] for role, arg in found.items()}
    for role, value in values.items():
        if not isinstance(value, dict) or "tensor" not in value or trace.shape(found[role]) != tuple(trace.state[value["tensor"]].shape):
            trace.refuse(node, f"a call whose {role} is no parameter or buffer as it is; this exporter translates weights that are in state_dict()")
    return {role: value["tensor"] for role, value in values.items()}


def linear(trace, node):
    arguments = given(trace, node, "input", "weight", "bias")
    return trace.layer(node, "linear", [trace.read(node)], **weights(trace, node, arguments, "weight", "bias"))


def conv2d(trace, node):
    arguments = given(trace, node, "input", "weight", "bias", "stride", "padding", "dilation", "groups")
    tensors, kernel = weights(trace, node, arguments, "weight", "bias"), trace.shape(arguments["weight"])[2:]
    usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    return convolved(trace, node, kernel, tensors, *(arguments.get(key, number) for key, number in usual.items()))


def convolved(trace, node, kernel, tensors, stride, padding, dilation, groups):
    if padding == "same":  # what is odd goes below and to the right
        total = [d * (k - 1) for d, k in zip(pair(dilation), kernel)]
        sides = [total[0] // 2, total[1] // 2, total[0] - total[0] // 2, total[1] - total[1] // 2]
        padding = sides[0] if len(set(sides)) == 1 else sides
    else:
        padding = 0 if padding == "valid" else around(padding)
    return trace.layer(node, "conv2d", [image(trace, node)], **tensors, stride=both(stride), padding=padding, dilation=both(dilation), groups=groups)


def row_norm(op, *roles):
    def handler(trace, node):
        arguments = given(trace, node, "input", "normalized_shape", *roles, "eps")
        return rows_normalised(trace, node, op, arguments["normalized_shape"], arguments.get("eps", None if op == "rmsnorm" else 1e-5),
                               weights(trace, node, arguments, *roles))

    return handler


def rows_normalised(trace, node, op, shape, eps, tensors):
    if len(shape) != 1:
        trace.refuse(node, f"a normalisation over {len(shape)} axes, and the layer {op} is over the last one; flatten them first")
    if eps is None:
        trace.refuse(node, "an RMS normalisation whose eps depends on the precision; give it one, 1.2e-7 is that of float32")
    return trace.layer(node, op, [trace.read(node)], **tensors, eps=eps)


def group_norm(trace, node):
    arguments = given(trace, node, "input", "num_groups", "weight", "bias", "eps")
    tensors = weights(trace, node, arguments, "weight", "bias")
    return channels_normalised(trace, node, "groupnorm", tensors, groups=arguments["num_groups"], eps=arguments.get("eps", 1e-5))


def channels_normalised(trace, node, op, tensors, **numbers):
    """By channels; what is no image is read as one of a single column."""
    shape, x = list(trace.shape(node)[1:]), trace.read(node)
    if len(shape) == 3:
        return trace.layer(node, op, [x], **tensors, **numbers)
    columns = trace.step(node, "reshape", [x], shape=[shape[0], math.prod(shape[1:]), 1])
    return trace.layer(node, "reshape", [trace.step(node, op, [columns], **tensors, **numbers)], shape=shape)
