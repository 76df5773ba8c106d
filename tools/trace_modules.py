"""What a module of PyTorch is as layers of a network file, for tools/trace_torch.py.

MODULES maps each to a function of (tracer, node, module) that writes the layers and returns the node's value.
"""

from torch import nn

import trace_images as images
import trace_shapes as shapes
import trace_values as values
from trace_arguments import every, given, unchanged


def like(handler, *names):
    """The function of that name, with the module's options as its arguments."""
    return lambda trace, node, leaf: handler(trace, node, *(getattr(leaf, name) for name in names))


def plain(handler):
    return lambda trace, node, leaf: handler(trace, node)


def tensors(node, leaf, *roles):
    """Those of the module by role: its parameters and buffers."""
    return {role: f"{node.target}.{role}" for role in roles or ("weight", "bias") if getattr(leaf, role, None) is not None}


def linear(trace, node, leaf):
    return trace.layer(node, "linear", [trace.read(node)], **tensors(node, leaf))


def only_zeros(trace, node, leaf):
    if leaf.padding_mode != "zeros":
        trace.refuse(node, f"a {type(leaf).__name__} with padding_mode {leaf.padding_mode!r}, and the layer pads with zeros; use padding_mode='zeros'")


def conv2d(trace, node, leaf):
    only_zeros(trace, node, leaf)
    return images.convolved(trace, node, leaf.kernel_size, tensors(node, leaf), leaf.stride, leaf.padding, leaf.dilation, leaf.groups)


def conv_transpose2d(trace, node, leaf):
    only_zeros(trace, node, leaf)
    options = {key: images.both(getattr(leaf, key)) for key in ("stride", "output_padding", "dilation")}
    return trace.layer(node, "conv_transpose2d", [images.image(trace, node)], **tensors(node, leaf), **options, padding=images.around(leaf.padding),
                       groups=leaf.groups)


def group_norm(trace, node, leaf):
    return images.channels_normalised(trace, node, "groupnorm", tensors(node, leaf), groups=leaf.num_groups, eps=leaf.eps)


def instance_norm(trace, node, leaf):
    if leaf.track_running_stats:
        trace.refuse(node, "an InstanceNorm2d with running statistics; use track_running_stats=False")
    return images.channels_normalised(trace, node, "groupnorm", tensors(node, leaf), groups=trace.shape(node)[1], eps=leaf.eps)


def batch_norm(trace, node, leaf):
    if leaf.running_mean is None:
        trace.refuse(node, f"a {type(leaf).__name__} without running statistics, by which samples of a batch would meet; use track_running_stats=True")
    statistics = {"mean": f"{node.target}.running_mean", "variance": f"{node.target}.running_var"}
    return images.channels_normalised(trace, node, "batchnorm", {**tensors(node, leaf), **statistics}, eps=leaf.eps)


def row_norm(op):
    return lambda trace, node, leaf: images.rows_normalised(trace, node, op, leaf.normalized_shape, leaf.eps, tensors(node, leaf))


def max_pool(trace, node, leaf):
    if leaf.return_indices:
        trace.refuse(node, "a MaxPool2d with return_indices; leave them out")
    return images.pooled(trace, node, "max_pool2d", leaf.kernel_size, leaf.stride, leaf.padding, leaf.dilation, leaf.ceil_mode)


def avg_pool(trace, node, leaf):
    if leaf.divisor_override is not None:
        trace.refuse(node, "an AvgPool2d with divisor_override; multiply its result instead")
    return images.pooled(trace, node, "avg_pool2d", leaf.kernel_size, leaf.stride, leaf.padding, 1, leaf.ceil_mode, leaf.count_include_pad)


def embedding(trace, node, leaf):
    if leaf.max_norm is not None:
        trace.refuse(node, "an Embedding with max_norm; use one without")
    return trace.layer(node, "embedding", [trace.read(node)], weight=f"{node.target}.weight")


def along(op):
    return lambda trace, node, leaf: trace.layer(node, op, [trace.read(node)], axis=trace.axis(node, leaf.dim))


def pad(trace, node, leaf):
    return shapes.padded(trace, node, leaf.padding, value=getattr(leaf, "value", 0))


def attention(trace, node, leaf):
    """Self-attention: columns q | k | v, heads, and a linear map."""
    arguments = given(trace, node, "query", "key", "value", "key_padding_mask", "need_weights", "attn_mask", "average_attn_weights", "is_causal")
    if len({arguments[key] for key in ("query", "key", "value")}) > 1 or leaf.in_proj_weight is None or not leaf.batch_first:
        trace.refuse(node, "a MultiheadAttention of different inputs or without batch_first=True; this exporter translates attention(x, x, x) on "
                           "batch x tokens x width, other kinds as Linear layers and scaled_dot_product_attention")
    masks = [arguments.get(key) for key in ("key_padding_mask", "attn_mask")]
    if any(mask is not None for mask in masks) or arguments.get("is_causal") or leaf.bias_k is not None or leaf.add_zero_attn:
        trace.refuse(node, "a MultiheadAttention with a mask or further keys, and the layer self_attention has none; use Linear layers and "
                           "softmax(q @ k.mT + mask, -1) @ v, the mask of finite numbers")
    roles = {role: f"{node.target}.in_proj_{role}" for role in ("weight", "bias") if getattr(leaf, f"in_proj_{role}") is not None}
    columns = trace.step(node, "linear", [trace.name(arguments["query"])], **roles)
    mixed = trace.step(node, "self_attention", [columns], heads=leaf.num_heads)
    outer = {role: f"{node.target}.out_proj.{role}" for role in ("weight", "bias") if getattr(leaf.out_proj, role) is not None}
    return {"first": trace.layer(node, "linear", [mixed], **outer)}


MODULES = {
    **every((nn.Identity, nn.Dropout, nn.Dropout2d), plain(unchanged)), nn.Flatten: plain(shapes.reshape),
    nn.SiLU: plain(values.unary("silu")), nn.Tanh: plain(values.unary("tanh")), nn.ReLU: plain(values.unary("relu")),
    nn.Sigmoid: plain(values.unary("sigmoid")), nn.GELU: like(values.gelu, "approximate"), nn.Softplus: like(values.softplus, "beta"),
    nn.LeakyReLU: like(values.leaky_relu, "negative_slope"), nn.ELU: like(values.elu, "alpha"), nn.Mish: plain(values.mish),
    **every((nn.Hardtanh, nn.ReLU6), like(values.clamp, "min_val", "max_val")),
    nn.Linear: linear, nn.Conv2d: conv2d, nn.ConvTranspose2d: conv_transpose2d, nn.Embedding: embedding, nn.MultiheadAttention: attention,
    nn.GroupNorm: group_norm, nn.InstanceNorm2d: instance_norm, nn.BatchNorm1d: batch_norm, nn.BatchNorm2d: batch_norm,
    nn.LayerNorm: row_norm("layernorm"), nn.RMSNorm: row_norm("rmsnorm"), nn.Softmax: along("softmax"), nn.LogSoftmax: along("log_softmax"),
    nn.MaxPool2d: max_pool, nn.AvgPool2d: avg_pool, nn.AdaptiveAvgPool2d: plain(images.adaptive("avg_pool2d")),
    nn.AdaptiveMaxPool2d: plain(images.adaptive("max_pool2d")), **every((nn.ConstantPad2d, nn.ZeroPad2d), pad),
    nn.Upsample: like(images.resized, "scale_factor", "mode", "align_corners", "recompute_scale_factor"),
}
