"""Sums over axes, joined and reordered values and parts of them as layers of a network file: (tracer, node) -> the node's value."""

import torch
from torch import fx

from trace_arguments import given


def reduce(op):
    def handler(trace, node):
        arguments = given(trace, node, "input", "dim", "keepdim")
        rank, dims = len(trace.shape(trace.input(node))), arguments.get("dim")
        axes = sorted(trace.axis(node, d, rank) for d in (dims if isinstance(dims, (tuple, list)) and dims else [dims]))
        if not arguments.get("keepdim") and len(axes) < rank - 1:
            return trace.layer(node, op, [trace.read(node)], axes=axes)
        return trace.layer(node, "reshape", [trace.step(node, op, [trace.read(node)], axes=axes)], shape=list(trace.shape(node)[1:]) or [1])

    return handler


def along(op):
    def handler(trace, node):
        dim = given(trace, node, "input", "dim", "_stacklevel", "dtype").get("dim")
        return trace.layer(node, op, [trace.read(node)], axis=trace.axis(node, dim))

    return handler


def cat(trace, node):
    arguments = given(trace, node, "tensors", "dim")
    parts, axis, rank = arguments["tensors"], trace.axis(node, arguments.get("dim", 0)), len(trace.shape(node))
    values = [trace.values[part] for part in parts]
    if [next(iter(v)) if isinstance(v, dict) else "" for v in values] == ["sin", "cos"] and values[0]["sin"] == values[1]["cos"]:
        return trace.layer(node, "time_embedding", ["t"], frequencies=values[0]["sin"], order="sin,cos")
    names = [trace.operand(node, part) for part in parts]
    if axis > 0:
        return trace.layer(node, "concat", names, axis=axis)
    op = "concat_skip" if rank == 4 else "concat_time" if len(names) == 2 and names[1] == "t" else "concat"
    return trace.layer(node, op, names)


def stack(trace, node):
    arguments = given(trace, node, "tensors", "dim")
    axis, shape = trace.axis(node, arguments.get("dim", 0)), list(trace.shape(node)[1:])
    shape[axis] = 1
    return trace.layer(node, "concat", [trace.step(node, "reshape", [trace.name(part)], shape=shape) for part in arguments["tensors"]], axis=axis)


# shapes


def spread(values):
    """Several numbers, or a list of them, of a method as permute(0, 2, 1) or permute((0, 2, 1))."""
    return tuple(values[0]) if len(values) == 1 and isinstance(values[0], (tuple, list)) else tuple(values)


def permute(trace, node):
    rank = len(trace.shape(node))
    return ordered(trace, node, [d % rank for d in spread(node.args[1:] or tuple(node.kwargs["dims"]))])


def exchange(trace, node):
    arguments, order = given(trace, node, "input", "dim0", "dim1"), list(range(len(trace.shape(node))))
    i, j = arguments["dim0"], arguments["dim1"]
    order[i], order[j] = order[j], order[i]
    return ordered(trace, node, order)


def attribute(trace, node):
    """x.mT: the last two axes exchanged."""
    order = list(range(len(trace.shape(node))))
    if node.args[1] != "mT" or len(order) < 3:
        trace.untranslated(node, f"the attribute {node.args[1]} of a value of the shape {trace.shape(node)}")
    return ordered(trace, node, [*order[:-2], order[-1], order[-2]])


def ordered(trace, node, order):
    if order[0] != 0:
        trace.refuse(node, "a change of the batch's axis; leave it the first")
    return trace.layer(node, "transpose", [trace.read(node)], axes=[d - 1 for d in order[1:]])


def reshape(trace, node):
    """What keeps a value's numbers in their order: of t, of frequencies, an image as a list, a list as one number for each channel."""
    x = trace.input(node)
    value, shape, before = trace.values[x], trace.shape(node), trace.shape(x)
    if shape == before or (value == "t" and trace.sample_size(node) == 1):
        return value
    if trace.is_shared(x):
        return value
    channels = value if isinstance(value, dict) and "channels" in value else {"channels": value} if isinstance(value, str) and len(before) == 2 else None
    if channels and len(shape) in (3, 4) and shape == (*before[:2], *[1] * (len(shape) - 2)):
        return channels  # one number for each channel, or on the way to it
    if shape[:1] != before[:1] or shape[:1] != (trace.samples,):
        trace.refuse(node, f"a change of shape from {before} to {shape}; leave the batch the first axis")
    if len(before) == 4 and len(shape) == 2:
        return trace.layer(node, "flatten", [trace.name(x)])
    return trace.layer(node, "reshape", [trace.name(x)], shape=list(shape[1:]) or [1])


def expand(trace, node):
    """Repeated along axes of length 1; a parameter for every sample."""
    x, shape = trace.input(node), list(trace.shape(node)[1:])
    if trace.shape(node) == trace.shape(x):
        return trace.values[x]
    return trace.layer(node, "expand", [trace.operand(node, x)], shape=shape)


def parts(trace, node):
    return {"parts": node}


def part(trace, node, of, index):
    """One of the parts that chunk, split or unbind made."""
    x, dim = of.args[0], of.kwargs.get("dim", (*of.args, 0)[1] if of.target in (torch.unbind, "unbind") else (*of.args, 0, 0)[2])
    rank, sizes = len(trace.shape(x)), [tuple(piece.shape) for piece in of.meta["tensor_meta"]]
    axis, single = trace.axis(node, dim, rank), len(sizes[0]) < rank
    counts = [1 if single else size[axis + 1] for size in sizes]
    place = {"axis": axis, "begin": sum(counts[:index % len(counts)]), "count": counts[index]}
    if not single:
        return trace.layer(node, "slice", [trace.name(x)], **place)
    return trace.layer(node, "reshape", [trace.step(node, "slice", [trace.name(x)], **place)], shape=list(trace.shape(node)[1:]) or [1])


def item(trace, node):
    """x[...]: one of several results, new axes, or ranges, single indices and a list of them along axes."""
    x, index = node.args
    value = trace.values[x]
    if isinstance(value, dict) and "parts" in value:
        return part(trace, node, value["parts"], index)
    if isinstance(value, dict) and "first" in value:
        return value["first"] if index == 0 else trace.refuse(node, f"the result {index} of {x}; this exporter translates the first alone")
    index = index if isinstance(index, tuple) else (index,)
    if not any(isinstance(entry, (int, list, fx.Node)) or (isinstance(entry, slice) and entry != slice(None)) for entry in index):
        return reshape(trace, node)
    return window(trace, node, x, [entry for entry in whole(index, len(trace.shape(x))) if entry is not None])


def whole(index, rank):
    """An index with a range for every axis in the place of an ellipsis and of what is left out."""
    named = sum(entry is not None and entry is not Ellipsis for entry in index)
    at = next((i for i, entry in enumerate(index) if entry is Ellipsis), len(index))
    return [*index[:at], *[slice(None)] * (rank - named), *index[at + 1:]]


def window(trace, node, x, index):
    """Along one axis after the other, and the result's shape at the end."""
    name, shape = trace.name(x), list(trace.shape(x))
    if index[0] != slice(None) or (any(isinstance(i, int) for i in index) and any(isinstance(i, (list, fx.Node)) for i in index)):
        trace.refuse(node, "an index of samples, or a list of indices beside a single one; leave the batch's axis a colon and index twice")
    for at, entry in enumerate(index):
        if isinstance(entry, (list, fx.Node)):
            indices = [i % shape[at] for i in listed_indices(trace, node, entry)]
            name, shape[at] = trace.step(node, "gather", [name], axis=at - 1, indices=indices), len(indices)
        elif entry != slice(None):
            taken = range(shape[at])[entry] if isinstance(entry, slice) else [entry % shape[at]]
            step = taken.step if isinstance(entry, slice) else 1
            name, shape[at] = trace.step(node, "slice", [name], axis=at - 1, begin=taken[0], count=len(taken), step=step), len(taken)
    if tuple(shape) != trace.shape(node):
        return trace.layer(node, "reshape", [name], shape=list(trace.shape(node)[1:]) or [1])
    trace.layers[-1]["out"] = node.name
    return node.name


def listed_indices(trace, node, entry):
    """The numbers of a list of indices, or of a buffer of them."""
    found = trace.values[entry] if isinstance(entry, fx.Node) else {}
    values = trace.state[found["tensor"]].tolist() if isinstance(found, dict) and "tensor" in found else entry
    if not isinstance(values, list) or not values or not all(type(i) is int for i in values):
        trace.refuse(node, "an index that is no list of integers; take constant ones, or rows of a table by an Embedding")
    return values


def index_select(trace, node):
    arguments = given(trace, node, "input", "dim", "index")
    axis, length = trace.axis(node, arguments["dim"]), trace.shape(trace.input(node))[arguments["dim"]]
    return trace.layer(node, "gather", [trace.read(node)], axis=axis, indices=[i % length for i in listed_indices(trace, node, arguments["index"])])


def pad(trace, node):
    arguments = given(trace, node, "input", "pad", "mode", "value")
    return padded(trace, node, arguments["pad"], arguments.get("mode", "constant"), arguments.get("value"))


def padded(trace, node, sizes, mode="constant", value=0):
    """`sizes` counts from the last axis on: [left, right, top, bottom, ...]."""
    rank = len(trace.shape(node)) - 1
    if mode != "constant" or min(sizes) < 0 or len(sizes) > 2 * rank:
        trace.refuse(node, f"a padding of mode {mode!r} by {list(sizes)}; this exporter translates mode='constant' by numbers from 0 on, of axes after "
                           "the batch's")
    around = [*sizes, *[0] * (2 * rank - len(sizes))]
    return trace.layer(node, "pad", [trace.read(node)], before=around[-2::-2], after=around[::-2], **({"value": value} if value else {}))
