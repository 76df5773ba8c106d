"""Reads a PyTorch module's layers off torch.fx: what tools/export_torch.py writes as the architecture of a network file.

trace(module, x, t) runs the module symbolically, follows every value from x and t to the result, and returns the list of layers
(docs/networks.md). What has no layer is refused in one sentence that names it and says what there is.
"""

import inspect
import operator

import torch
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp
from torch.nn import functional


class ExportError(Exception):
    """One sentence: what cannot be exported and what to do."""


ACTIVATIONS = {nn.SiLU: "silu", nn.Tanh: "tanh", nn.GELU: "gelu", nn.Softplus: "softplus", nn.ReLU: "relu", nn.Sigmoid: "sigmoid"}
FUNCTIONS = {functional.silu: "silu", functional.gelu: "gelu", functional.softplus: "softplus", functional.relu: "relu", functional.tanh: "tanh",
             functional.sigmoid: "sigmoid", torch.tanh: "tanh", torch.relu: "relu", torch.sigmoid: "sigmoid"}
BINARY = {"add": (operator.add, operator.iadd, torch.add, "add", "add_"), "mul": (operator.mul, operator.imul, torch.mul, "mul", "mul_"),
          "sub": (operator.sub, operator.isub, torch.sub, "sub"), "div": (operator.truediv, operator.itruediv, torch.div, "div"),
          "maximum": (torch.maximum,), "minimum": (torch.minimum,), "matmul": (operator.matmul, torch.matmul, torch.bmm, "matmul", "bmm")}
UNARY = {op: (getattr(torch, op), op) for op in ("exp", "log", "sqrt", "erf", "abs", "floor", "ceil", "round", "sign")}
NEGATE = (operator.neg, torch.neg, "neg")
POWER = (operator.pow, torch.pow, "pow")
SOFTMAX = (torch.softmax, functional.softmax, "softmax")
ORDER = (torch.permute, torch.transpose, "permute", "transpose", "swapaxes")
REDUCE = {"mean": (torch.mean, "mean"), "sum": (torch.sum, "sum")}
PARTS = (torch.chunk, torch.split, "chunk", "split")
CAT = (torch.cat, torch.concat, torch.concatenate)
RESHAPE = (torch.flatten, torch.reshape, torch.unsqueeze, operator.getitem, "flatten", "reshape", "view", "unsqueeze")
WAVES = {torch.sin: "sin", torch.cos: "cos", "sin": "sin", "cos": "cos"}
NUMBERS = (getattr, "size", "dim", "numel")
TENSORS = ("weight", "bias", "frequencies", "mean", "variance", "value")
SAME = (nn.Identity, nn.Dropout, nn.Dropout2d)
KNOWN = ("Linear, Conv2d, ConvTranspose2d, GroupNorm, LayerNorm, BatchNorm2d, InstanceNorm2d, AvgPool2d, MaxPool2d, "
         "Embedding, Softmax, Upsample, Flatten, Identity, Dropout, " + ", ".join(kind.__name__ for kind in ACTIVATIONS) +
         ", cat, arithmetic, reshape, permute, chunk, mean, sum, softmax, matmul, scaled_dot_product_attention and the embedding "
         "cat([sin(t f), cos(t f)])")


def number(value, what):
    """The one number of an option that PyTorch keeps for both directions."""
    values = set(value) if isinstance(value, (tuple, list)) else {value}
    if len(values) != 1 or isinstance(value, str):
        raise ExportError(f"{what} is {value}; only one number for both directions exists")
    return values.pop()


def tensor(text):
    """A parameter or buffer of the module by its name in state_dict()."""
    return {"tensor": text}


class Tracer:
    """Follows the graph: `values` maps a node to the name of a value, or to a dictionary for what is no value of the file by itself."""

    def __init__(self, module, graph, samples):
        self.module, self.graph, self.samples = module, graph, samples
        self.layers, self.values = [], {}

    def run(self):
        for node in self.graph.nodes:
            handler = getattr(self, node.op, None)
            if handler is None:
                raise ExportError(f"the graph has a node of the kind {node.op}; {self.remedy()}")
            self.values[node] = handler(node)
        return self.layers

    @staticmethod
    def remedy():
        return f"make the module of {KNOWN}, or give it a costate_architecture()"

    def refuse(self, node, what):
        raise ExportError(f"{self.where(node)} is {what}" + ("" if ";" in what else f"; {self.remedy()}"))

    @staticmethod
    def where(node):
        return f"layer {node.target.removeprefix('inner.')}" if node.op == "call_module" else f"the operation {node.name}"

    def shape(self, node):
        meta = node.meta.get("tensor_meta")
        return tuple(meta.shape) if hasattr(meta, "shape") else None

    def sample_size(self, node):
        """Values a sample, None for what is not one row a sample."""
        shape = self.shape(node)
        return None if not shape or shape[0] != self.samples else int(torch.Size(shape).numel() // self.samples)

    def name(self, node):
        """The value of the file that a node is."""
        found = self.values.get(node)
        if not isinstance(found, str):
            raise ExportError(f"the operation that reads {node} cannot be written: {node} is no value of its own; {self.remedy()}")
        return found

    def layer(self, node, op, inputs, **more):
        self.layers.append({"op": op, "in": inputs, "out": node.name, **more})
        return node.name

    def placeholder(self, node):
        if node.name not in ("x", "t"):
            raise ExportError(f"forward() has an argument {node.name}; a network reads x and t")
        return node.name

    def get_attr(self, node):
        """By its name; a view that forward() made of a buffer, say of another shape, by the values."""
        state = self.module.state_dict()
        if node.target in state:
            return tensor(node.target)
        values = operator.attrgetter(node.target)(self.module).detach().flatten()
        same = [name for name, other in state.items() if other.numel() == values.numel() and torch.equal(other.flatten().to(values), values)]
        if not same:
            raise ExportError(f"forward() uses a tensor of {values.numel()} values that is neither a parameter nor a buffer; register it as a buffer")
        return tensor(same[0])

    def output(self, node):
        result = node.args[0]
        if not isinstance(result, fx.Node) or not isinstance(self.values[result], str):
            raise ExportError("forward() returns no single tensor that a layer wrote; return the velocity alone")
        wanted, kept = {self.values[result]}, []
        for layer in reversed(self.layers):  # what the result does not depend on is left out
            if layer["out"] in wanted:
                wanted |= set(layer["in"])
                kept.insert(0, layer)
        if not kept:
            raise ExportError("forward() returns what it was given; return the result of a layer")
        kept[-1]["out"] = "u"
        self.layers = kept

    # modules

    def call_module(self, node):
        leaf, x = self.module.get_submodule(node.target), node.args[0]
        if isinstance(leaf, SAME):
            return self.values[x]
        if type(leaf) in ACTIVATIONS:
            return self.activation(node, ACTIVATIONS[type(leaf)], leaf)
        handler = getattr(self, "module_" + type(leaf).__name__.lower(), None)
        if handler is None:
            self.refuse(node, f"a {type(leaf).__name__}, which no layer of a network file is")
        return handler(node, leaf, self.name(x))

    def activation(self, node, op, options):
        get = (lambda key, default: getattr(options, key, default)) if isinstance(options, nn.Module) else lambda key, default: options.get(key, default)
        if op == "gelu" and get("approximate", "none") != "none":
            self.refuse(node, f"a GELU(approximate={get('approximate', 'none')!r}); only the exact one exists: use GELU()")
        if op == "softplus" and get("beta", 1) != 1:
            self.refuse(node, f"a Softplus(beta={get('beta', 1)}); only beta=1 exists: scale the neighbouring Linear layers")
        return self.layer(node, op, [self.name(node.args[0])])

    def weights(self, node, leaf):
        names = {"weight": f"{node.target}.weight"}
        return {**names, "bias": f"{node.target}.bias"} if leaf.bias is not None else names

    def module_linear(self, node, leaf, x):
        return self.layer(node, "linear", [x], **self.weights(node, leaf))

    def module_conv2d(self, node, leaf, x):
        what = f"{self.where(node)}: its"
        if leaf.padding_mode != "zeros":
            self.refuse(node, f"a Conv2d with padding_mode {leaf.padding_mode!r}; only zeros exist")
        dilation, padding = number(leaf.dilation, f"{what} dilation"), leaf.padding
        if padding == "same":
            padding = tuple(dilation * (k - 1) // 2 for k in leaf.kernel_size)
        padding = 0 if padding == "valid" else number(padding, f"{what} padding")
        return self.layer(node, "conv2d", [x], **self.weights(node, leaf), stride=number(leaf.stride, f"{what} stride"), padding=padding,
                          dilation=dilation, groups=leaf.groups)

    def module_convtranspose2d(self, node, leaf, x):
        options = {key: number(getattr(leaf, key), f"{self.where(node)}: its {key}") for key in ("stride", "padding", "output_padding", "dilation")}
        return self.layer(node, "conv_transpose2d", [x], **self.weights(node, leaf), **options, groups=leaf.groups)

    def normalisation(self, node, leaf, x, op, **options):
        roles = {role: f"{node.target}.{role}" for role in ("weight", "bias") if getattr(leaf, role, None) is not None}
        return self.layer(node, op, [x], **roles, **options, eps=leaf.eps)

    def module_groupnorm(self, node, leaf, x):
        return self.normalisation(node, leaf, x, "groupnorm", groups=leaf.num_groups)

    def module_instancenorm2d(self, node, leaf, x):
        if leaf.track_running_stats:
            self.refuse(node, "an InstanceNorm2d with running statistics; use track_running_stats=False")
        return self.normalisation(node, leaf, x, "groupnorm", groups=self.shape(node)[1])

    def module_layernorm(self, node, leaf, x):
        if len(leaf.normalized_shape) != 1:
            self.refuse(node, "a LayerNorm over several axes; only the last one exists")
        return self.normalisation(node, leaf, x, "layernorm")

    def module_batchnorm2d(self, node, leaf, x):
        if leaf.running_mean is None:
            self.refuse(node, "a BatchNorm2d without running statistics; use track_running_stats=True")
        return self.normalisation(node, leaf, x, "batchnorm", mean=f"{node.target}.running_mean", variance=f"{node.target}.running_var")

    def module_maxpool2d(self, node, leaf, x):
        options = {key: number(getattr(leaf, torch_key), f"{self.where(node)}: its {key}") for key, torch_key in
                   (("kernel", "kernel_size"), ("stride", "stride"), ("padding", "padding"), ("dilation", "dilation"))}
        return self.layer(node, "max_pool2d", [x], **options, **({"ceil": 1} if leaf.ceil_mode else {}))

    def module_embedding(self, node, leaf, x):
        if leaf.max_norm is not None:
            self.refuse(node, "an Embedding with max_norm; use one without")
        return self.layer(node, "embedding", [x], weight=f"{node.target}.weight")

    def module_softmax(self, node, leaf, x):
        return self.layer(node, "softmax", [x], axis=self.axis(node, leaf.dim))

    def axis(self, node, dim, rank=None):
        """An axis of a sample."""
        rank = len(self.shape(node)) if rank is None else rank
        if dim is None or dim % rank == 0:
            self.refuse(node, f"an operation along the axis {dim}; name one after the batch")
        return dim % rank - 1

    def module_avgpool2d(self, node, leaf, x):
        return self.pool(node, x, leaf.kernel_size, leaf.stride, leaf.padding, leaf.ceil_mode)

    def module_upsample(self, node, leaf, x):
        return self.upsample(node, x, leaf.scale_factor, leaf.mode)

    def module_flatten(self, node, leaf, x):
        return self.reshape(node)

    def pool(self, node, x, kernel, stride=None, padding=0, ceil_mode=False):
        kernel = number(kernel, f"{self.where(node)}: its kernel")
        stride = kernel if stride is None else number(stride, f"{self.where(node)}: its stride")
        if stride != kernel or number(padding, f"{self.where(node)}: its padding") != 0 or ceil_mode:
            self.refuse(node, "a mean over squares that overlap or are padded; give it stride = kernel_size and padding 0")
        return self.layer(node, "avg_pool2d", [x], kernel=kernel, stride=stride)

    def upsample(self, node, x, scale, mode):
        if mode != "nearest" or scale is None or number(scale, f"{self.where(node)}: its scale") != int(number(scale, "it")):
            self.refuse(node, f"an upsampling with mode {mode!r} and scale_factor {scale}; only mode='nearest' with an integer scale_factor exists")
        return self.layer(node, "upsample_nearest", [x], scale=int(number(scale, "it")))

    # functions and methods

    def call_function(self, node):
        target = node.target
        if target in FUNCTIONS:
            return self.activation(node, FUNCTIONS[target], node.kwargs)
        if target is functional.interpolate:
            arguments = dict(zip(("size", "scale_factor", "mode"), node.args[1:])) | dict(node.kwargs)
            return self.upsample(node, self.name(node.args[0]), arguments.get("scale_factor"), arguments.get("mode", "nearest"))
        if target is functional.avg_pool2d:
            arguments = dict(zip(("kernel", "stride", "padding", "ceil_mode"), node.args[1:])) | dict(node.kwargs)
            arguments["kernel"] = arguments.pop("kernel_size", arguments.get("kernel"))
            return self.pool(node, self.name(node.args[0]), **arguments)
        if target is functional.scaled_dot_product_attention:
            scale = node.kwargs.get("scale")
            if len(node.args) != 3 or set(node.kwargs) - {"scale"}:
                self.refuse(node, "an attention with a mask, a causal one or dropout; only softmax(scale q k') v exists")
            return self.layer(node, "attention", [self.name(arg) for arg in node.args], **({} if scale is None else {"scale": scale}))
        if target in (functional.dropout, functional.dropout2d):
            return self.values[node.args[0]]
        return self.operation(node, getattr(target, "__name__", str(target)))

    def call_method(self, node):
        if node.target in ("silu", "tanh", "relu", "sigmoid"):
            return self.activation(node, node.target, node.kwargs)
        if node.target in ("contiguous", "clone", "to", "float", "double"):
            return self.values[node.args[0]]
        return self.operation(node, f"a method {node.target}")

    def operation(self, node, called):
        target = node.target
        if target in PARTS:
            return {"parts": node}
        if target in NUMBERS or self.shape(node) is None:
            return {"number": node}
        if target in CAT:
            return self.cat(node)
        if target in WAVES:
            return self.wave(node, WAVES[target])
        if target in RESHAPE:
            return self.reshape(node)
        if target in SOFTMAX:
            return self.layer(node, "softmax", [self.name(node.args[0])], axis=self.axis(node, node.kwargs.get("dim", (*node.args, None)[1])))
        if target in ORDER:
            return self.order(node)
        for op, targets in REDUCE.items():
            if target in targets:
                return self.reduce(node, op)
        for op, targets in UNARY.items():
            if target in targets:
                return self.layer(node, op, [self.name(node.args[0])])
        if target in NEGATE:
            return self.layer(node, "affine", [self.name(node.args[0])], scale=-1)
        if target in POWER and isinstance(node.args[1], (int, float)):
            return self.layer(node, "power", [self.name(node.args[0])], exponent=node.args[1])
        for op, targets in BINARY.items():
            if target in targets and len(node.args) == 2 and not (set(node.kwargs) - {"alpha"}) and node.kwargs.get("alpha", 1) == 1:
                return self.binary(node, op)
        self.refuse(node, f"{called}, which no layer of a network file is")

    def binary(self, node, op):
        a, b = (self.values.get(arg) if isinstance(arg, fx.Node) else arg for arg in node.args)
        if op == "mul" and "t" in (a, b):
            frequencies = b if a == "t" else a
            if isinstance(frequencies, dict) and "tensor" in frequencies:
                return {"phase": frequencies["tensor"]}
        if isinstance(a, (int, float)) or isinstance(b, (int, float)):
            return self.affine(node, op, a, b)
        for image, channels in ((a, b), (b, a)):
            if op == "add" and isinstance(image, str) and isinstance(channels, dict) and "channels" in channels:
                return self.layer(node, "add_channel", [image, channels["channels"]])
        return self.layer(node, op, [self.operand(node, arg, value) for arg, value in zip(node.args, (a, b))])

    def operand(self, node, arg, value):
        """A value; one number for each channel as C x 1 x 1; a parameter or buffer of the shape of a sample."""
        if isinstance(value, str) and len(self.shape(arg)) == len(self.shape(node)) and self.shape(arg)[0] == self.samples:
            return value
        if isinstance(value, dict) and "channels" in value and len(self.shape(arg)) == 4:
            self.layers.append({"op": "reshape", "in": [value["channels"]], "out": f"{arg.name}_for_{node.name}", "shape": [self.shape(arg)[1], 1, 1]})
            return f"{arg.name}_for_{node.name}"
        if isinstance(value, dict) and "tensor" in value and len(self.module.state_dict()[value["tensor"]].shape) < len(self.shape(node)):
            op = "parameter" if value["tensor"] in dict(self.module.named_parameters()) else "constant"
            self.layers.append({"op": op, "in": [], "out": f"{arg.name}_for_{node.name}", "value": value["tensor"]})
            return f"{arg.name}_for_{node.name}"
        self.refuse(node, "arithmetic on other things than values of as many axes, one number for each channel, and parameters of the shape of a sample")

    def affine(self, node, op, a, b):
        constant, value, first = (a, b, True) if isinstance(a, (int, float)) else (b, a, False)
        if not isinstance(value, str) or (op == "div" and first) or op not in ("add", "sub", "mul", "div"):
            self.refuse(node, f"{op} of {a} and {b}, which no layer of a network file is")
        numbers = {"add": {"shift": constant}, "sub": {"scale": -1, "shift": constant} if first else {"shift": -constant}, "mul": {"scale": constant},
                   "div": {"scale": 1 / constant if constant else 0}}[op]
        return self.layer(node, "affine", [value], **numbers)

    def order(self, node):
        x, rank = node.args[0], len(self.shape(node))
        dims = node.args[1:] if len(node.args) > 2 or not isinstance(node.args[1], (tuple, list)) else tuple(node.args[1])
        order = list(range(rank))
        if node.target in (torch.permute, "permute"):
            order = [d % rank for d in dims]
        else:
            i, j = (d % rank for d in dims)
            order[i], order[j] = order[j], order[i]
        if order[0] != 0:
            self.refuse(node, "a change of the batch's axis; leave it the first")
        return self.layer(node, "transpose", [self.name(x)], axes=[d - 1 for d in order[1:]])

    def reduce(self, node, op):
        x = node.args[0]
        rank, dims = len(self.shape(x)), node.kwargs.get("dim", (*node.args, None)[1])
        dims = [dims] if not isinstance(dims, (tuple, list)) else dims
        axes = sorted(self.axis(node, d, rank) for d in dims)
        kept = node.kwargs.get("keepdim", (*node.args, False, False)[2])
        name = self.layer(node, op, [self.name(x)], axes=axes)
        if kept or len(axes) == rank - 1:
            self.layers[-1]["out"] = name + "_reduced"
            self.layer(node, "reshape", [name + "_reduced"], shape=list(self.shape(node)[1:]) or [1])
        return name

    def part(self, node, parts, index):
        """One of the parts that chunk or split made."""
        x, rank = parts.args[0], len(self.shape(parts.args[0]))
        dim = parts.kwargs.get("dim", (*parts.args, 0, 0)[2])
        axis, count = self.axis(node, dim, rank), self.shape(node)[dim % rank]
        begin = sum(part.shape[dim] for part in parts.meta["tensor_meta"][:index])
        return self.layer(node, "slice", [self.name(x)], axis=axis, begin=begin, count=count)

    def window(self, node):
        """x[:, a:b] along one axis."""
        x, index = node.args
        index = index if isinstance(index, tuple) else (index,)
        cut = [i for i, s in enumerate(index) if s != slice(None) and s is not Ellipsis]
        if len(cut) != 1 or not isinstance(index[cut[0]], slice) or Ellipsis in index:
            self.refuse(node, "an index that is no range along one axis after the batch")
        at = cut[0]
        begin, _, step = index[at].indices(self.shape(x)[at])
        return self.layer(node, "slice", [self.name(x)], axis=self.axis(node, at), begin=begin, count=self.shape(node)[at], step=step)

    def wave(self, node, wave):
        phase = self.values.get(node.args[0])
        if isinstance(phase, str):
            return self.layer(node, wave, [phase])
        if not isinstance(phase, dict) or "phase" not in phase:
            self.refuse(node, f"{wave} of something else than a value or t times a buffer of frequencies")
        return {wave: phase["phase"]}

    def cat(self, node):
        parts = node.args[0] if node.args else node.kwargs["tensors"]
        dim = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
        rank = len(self.shape(node))
        values = [self.values[part] for part in parts]
        axis = self.axis(node, dim, rank)
        if [next(iter(v)) if isinstance(v, dict) else "" for v in values] == ["sin", "cos"] and values[0]["sin"] == values[1]["cos"]:
            return self.layer(node, "time_embedding", ["t"], frequencies=values[0]["sin"], order="sin,cos")
        names = [self.name(part) for part in parts]
        if axis > 0:
            return self.layer(node, "concat", names, axis=axis)
        op = "concat_skip" if rank == 4 else "concat_time" if len(names) == 2 and names[1] == "t" else "concat"
        return self.layer(node, op, names)

    def reshape(self, node):
        """What keeps a value's numbers in their order: of t, of frequencies, an image as a list, a list as one number for each channel."""
        x = node.args[0]
        value, shape, before = self.values[x], self.shape(node), self.shape(x)
        if isinstance(value, dict) and "parts" in value:
            return self.part(node, value["parts"], node.args[1])
        if shape == before or (value == "t" and self.sample_size(node) == 1):
            return value
        if isinstance(value, dict) and "tensor" in value and torch.Size(shape).numel() == torch.Size(before).numel():
            return value
        if isinstance(value, str) and shape == (*before[:2], 1, 1) and len(before) == 2:
            return {"channels": value}
        if isinstance(value, dict) and "channels" in value and shape == (*before[:2], 1, 1):
            return value
        if isinstance(value, str) and len(shape) == 3 and shape == (*before, 1):
            return {"channels": value}  # on its way to one number for each channel
        if isinstance(value, str) and len(before) == 4 and shape == (before[0], self.sample_size(x)):
            return self.layer(node, "flatten", [value])
        if isinstance(value, str) and node.target is operator.getitem and len(shape) == len(before) and self.sample_size(node) != self.sample_size(x):
            return self.window(node)
        if isinstance(value, str) and shape[0] == self.samples == before[0] and self.sample_size(node) == self.sample_size(x):
            return self.layer(node, "reshape", [value], shape=list(shape[1:]))
        self.refuse(node, f"a change of shape from {before} to {shape}; leave the batch the first axis")


def arguments_of(module):
    """The names of forward's arguments that have to be given."""
    parameters = inspect.signature(module.forward).parameters.values()
    return [p.name for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


class Named(nn.Module):
    """The module with arguments named x and t, or x alone, the time as its last column where `timed`."""

    def __init__(self, inner, timed, count):
        super().__init__()
        self.inner, self.timed, self.count = inner, timed, count

    def forward(self, x, t):
        if self.timed:
            return self.inner(torch.cat([x, t[:, None]], dim=1))
        return self.inner(x, t) if self.count == 2 else self.inner(x)


def trace(module, timed, x, t):
    """The layers of module(x, t), of module(x) where it takes one argument, of module(cat([x, t])) where `timed`. Raises ExportError."""
    named = Named(module, timed, len(arguments_of(module))).eval()
    try:
        graph = fx.symbolic_trace(named)
        ShapeProp(graph).propagate(x, t)
    except ExportError:
        raise
    except Exception as error:
        text = " ".join(str(error).split())[:150]
        raise ExportError(f"torch.fx cannot follow the module ({type(error).__name__}: {text}); write forward() without branches on "
                          "values, or give the module a costate_architecture()") from error
    layers = Tracer(named, graph.graph, len(x)).run()
    strip = lambda text: text.removeprefix("inner.")
    return [{key: strip(v) if key in TENSORS else v for key, v in layer.items()} for layer in layers]
