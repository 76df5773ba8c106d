#!/usr/bin/env python3
"""Export modules of every kind that export_torch.py understands, and let `costate check` compare them with PyTorch.

    python tools/check_export.py build/default/cli/costate

Says what was compared; what has to be refused is exported too, and has to be refused in one sentence. Ends with 1 where something failed.
"""

import math
import pathlib
import subprocess
import sys
import tempfile

import torch
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from export_torch import ExportError, export


class Embedding(nn.Module):
    def __init__(self, count):
        super().__init__()
        self.register_buffer("frequencies", torch.logspace(0, 2, count))

    def forward(self, t):
        phase = t[:, None] * self.frequencies[None, :]
        return torch.cat([phase.sin(), torch.cos(phase)], dim=-1)


class Residual(nn.Module):
    """Lists: an embedding, a gate, a residual, functions instead of modules."""

    def __init__(self):
        super().__init__()
        self.embedding, self.inner, self.gate, self.outer = Embedding(8), nn.Linear(21, 32), nn.Linear(16, 32), nn.Linear(32, 5, bias=False)

    def forward(self, x, t):
        e = self.embedding(t)
        h = functional.gelu(self.inner(torch.cat((x, e), 1))) * torch.sigmoid(self.gate(e))
        return torch.add(self.outer(functional.softplus(h)), x)


class Block(nn.Module):
    def __init__(self, inputs, outputs, times):
        super().__init__()
        self.norm, self.first = nn.GroupNorm(2, inputs), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time, self.second = nn.Linear(times, outputs), nn.Conv2d(outputs, outputs, 3, padding="same", dilation=2, groups=2)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x, e):
        h = self.first(functional.silu(self.norm(x))) + self.time(e)[:, :, None, None]
        return self.second(nn.functional.relu(h)) + self.skip(x)


class Unet(nn.Module):
    """Images: convolutions, time added to each channel, pooling, upsampling, a skip."""

    def __init__(self):
        super().__init__()
        self.embedding, self.time = Embedding(4), nn.Sequential(nn.Linear(8, 12), nn.SiLU())
        self.enter, self.down, self.shrink = nn.Conv2d(2, 4, 3, padding=1), Block(4, 4, 12), nn.Conv2d(4, 6, 3, stride=2, padding=1)
        self.middle, self.grow, self.up = Block(6, 6, 12), nn.Upsample(scale_factor=2), Block(10, 4, 12)
        self.leave = nn.Conv2d(4, 2, 3, padding=1)

    def forward(self, x, t):
        e = self.time(self.embedding(t.reshape(-1)))
        wide = self.down(self.enter(x), e)
        deep = self.grow(self.middle(self.shrink(wide), e))
        return self.leave(self.up(torch.cat([deep, wide], dim=1), e))


class Tokens(nn.Module):
    """Attention on patches: strides, tokens, layer norms, heads, a positional parameter, the time as a gate, and back by a transposed convolution."""

    def __init__(self):
        super().__init__()
        self.embedding, self.gate = Embedding(4), nn.Linear(8, 6)
        self.patches, self.place = nn.Conv2d(2, 6, 2, stride=2), nn.Parameter(torch.randn(16, 6))
        self.norm, self.qkv, self.mix = nn.LayerNorm(6), nn.Linear(6, 18), nn.Linear(6, 6)
        self.batch, self.instance, self.grow = nn.BatchNorm2d(6), nn.InstanceNorm2d(6), nn.ConvTranspose2d(6, 2, 2, stride=2)
        self.batch.running_mean.normal_(), self.batch.running_var.uniform_(0.5, 2)

    def forward(self, x, t):
        h = self.patches(x)
        tokens = h.flatten(2).transpose(1, 2) + self.place
        heads = lambda part: part.reshape(h.shape[0], 16, 2, 3).transpose(1, 2)
        q, k, v = self.qkv(self.norm(tokens)).chunk(3, dim=-1)
        mixed = functional.scaled_dot_product_attention(heads(q), heads(k), heads(v)).permute(0, 2, 1, 3).reshape(-1, 16, 6)
        weights = torch.softmax(tokens @ tokens.transpose(-2, -1) / 4, dim=-1)
        both = self.mix(mixed) - 0.5 * (weights @ tokens)
        image = both.transpose(1, 2).reshape(x.shape[0], 6, 4, 4)
        image = image * torch.tanh(self.gate(self.embedding(t)))[:, :, None, None]
        image = self.batch(self.instance(image) + h) / (1 + image.mean(dim=(2, 3), keepdim=True).abs())
        return self.grow(torch.cat([image[:, :3], torch.exp(-(image[:, 3:] ** 2))], dim=1))


class Plus(nn.Module):
    """A function of a list, after a layer whose result is not used."""

    def __init__(self, what):
        super().__init__()
        self.what, self.linear = what, nn.Linear(2, 2)

    def forward(self, x, t):
        _ = functional.silu(self.linear(x))
        return self.what(self.linear(x))


class OfList(nn.Module):
    """A function of lists of 4 values."""

    def __init__(self, what):
        super().__init__()
        self.what, self.linear = what, nn.Linear(4, 4)

    def forward(self, x, t):
        return self.what(self.linear(x))


class OfImage(nn.Module):
    """A function of images of 2 x 5 x 6."""

    def __init__(self, what):
        super().__init__()
        self.what, self.enter = what, nn.Conv2d(2, 2, 1)

    def forward(self, x, t):
        return self.what(self.enter(x))


class Given(nn.Module):
    """Parameters and buffers in arithmetic, as weights, as indices; the cosine first; a product with t; a number of the shape."""

    def __init__(self):
        super().__init__()
        self.scalar, self.row, self.token = nn.Parameter(torch.tensor(0.7)), nn.Parameter(torch.randn(1, 4)), nn.Parameter(torch.randn(1, 1, 4))
        self.column, self.kernel = nn.Parameter(torch.randn(3)), nn.Parameter(torch.randn(3, 4))
        self.register_buffer("order", torch.tensor([2, 0, 3, 1]))
        self.register_buffer("allowed", torch.tensor([True, False, True, True]))
        self.register_buffer("f", torch.tensor([1.0, 2.5, 7.0, 0.3]))

    def forward(self, x, t):
        phase = t[:, None] * self.f
        e = torch.cat([phase.cos(), phase.sin()], dim=1) * t[:, None]
        h = torch.where(self.allowed, x[:, self.order] * self.scalar, -1.5) + self.row - e[:, 4:] * x.shape[1] ** -0.5
        tokens = torch.cat([self.token.expand(h.shape[0], -1, -1), torch.stack([h, e[:, :4]], 1)], dim=1) * self.column[:, None]
        return functional.layer_norm(functional.linear(tokens, self.kernel), (3,), self.column).flatten(1) * torch.tensor([[0.1]])


class Cast(nn.Module):
    """Frequencies made in forward() in single precision, random ones that are not trained, trained ones, a logarithm of a scale."""

    def __init__(self):
        super().__init__()
        self.random, self.trained = nn.Parameter(torch.randn(3), requires_grad=False), nn.Parameter(torch.randn(3))
        self.logarithm, self.inner, self.outer = nn.Parameter(torch.randn(1, 2)), nn.Linear(14, 5), nn.Linear(5, 2)

    def forward(self, x, t):
        phase = t[:, None].float() * torch.exp(-math.log(1e4) * torch.arange(0, 4, dtype=torch.float32) / 4)[None]
        turns = t[:, None] * self.random[None, :] * 2 * math.pi
        e = torch.cat([torch.cos(phase), torch.sin(phase), torch.sin(turns), torch.sin(t.unsqueeze(-1) * self.trained)], dim=-1)
        return self.outer(functional.silu(self.inner(e))) * x.to(torch.float32) * (1 + 0.5 * self.logarithm.exp())


class SelfAttention(nn.Module):
    """As a module, and written out with a mask."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mask", torch.full((3, 3), -1e9).triu(1))
        self.norm, self.mix = nn.RMSNorm(4), nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x, t):
        h = self.norm(x.reshape(-1, 3, 4))
        h = h + self.mix(h, h, h, need_weights=False)[0]
        q, k, v = torch.stack([h, h.sin(), h.cos()], 2).unbind(2)
        return (torch.softmax(q @ k.mT / 2 + self.mask, -1) @ v).reshape(x.shape[0], 12)


class Crossed(SelfAttention):
    def forward(self, x, t):
        h = x.reshape(-1, 1, 4)
        return self.mix(h, self.norm(h), h)[0][:, 0]


class Still(nn.Module):
    """A last layer that begins as zero, as of diffusion transformers."""

    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Linear(2, 3), nn.Linear(3, 2)
        nn.init.zeros_(self.outer.weight), nn.init.zeros_(self.outer.bias)

    def forward(self, x, t):
        return self.outer(torch.tanh(self.inner(x)))


class InWords(nn.Module):
    """What torch.fx cannot follow, said in words, rightly or not."""

    def __init__(self, op):
        super().__init__()
        self.op, self.linear = op, nn.Linear(2, 2)

    def forward(self, x, t):
        h = self.linear(x)
        return torch.tanh(h) if len(x) > 0 else h

    def costate_architecture(self):
        return [{"op": "linear", "in": ["x"], "out": "h", "weight": "linear.weight", "bias": "linear.bias"}, {"op": self.op, "in": ["h"], "out": "u"}]


MLP = nn.Sequential(nn.Linear(3, 16), nn.SiLU(), nn.Sequential(nn.Linear(16, 16), nn.Tanh(), nn.Identity()), nn.Linear(16, 2))
CLASSIFIER = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.5), nn.Flatten(), nn.Linear(4 * 3 * 3, 5))
AGREE = {"mlp": (MLP, [2], "velocity"), "residual": (Residual(), [5], "velocity"), "unet": (Unet(), [2, 8, 8], "velocity"),
         "tokens": (Tokens(), [2, 8, 8], "velocity"), "in words": (InWords("tanh"), [2], "velocity"),
         "unused": (Plus(torch.tanh), [2], "velocity"), "classifier": (CLASSIFIER, [1, 8, 8], "logits")}
LISTS = {
    "clamp": lambda h: h.clamp(-0.5, 0.4) + torch.clamp(h, max=0.1) + functional.relu6(h) + functional.hardtanh(h, -0.2, 0.3),
    "where": lambda h: torch.where(h > 0, h, -h * h) + torch.where(h != h, 0.0, h) + h.masked_fill(h < -0.2, 3.0),
    "comparisons": lambda h: (h <= 0.1) * h + (h == h) * 2 + (h >= 0.3) + torch.lt(h, h * h),
    "amax": lambda h: h.amax(-1, keepdim=True) - h + torch.amin(h, dim=(1,))[:, None] * torch.prod(h, 1, True),
    "sums": lambda h: h - h.sum(1, keepdim=True) * h.mean(-1)[:, None],
    "log_softmax": lambda h: torch.log_softmax(h, -1) + h.softmax(1),
    "powers": lambda h: (h.abs() + 1) ** h + 2**h + 1 / (1 + h * h) + torch.pow(h * h + 1, 0.3),
    "roots": lambda h: torch.rsqrt(h.square() + 1) + torch.reciprocal(h * h + 2),
    "stack": lambda h: torch.stack([h, h.sin()], 1).sum(1) + torch.stack((h, h * h), dim=-1)[..., 1],
    "gather": lambda h: h[:, [2, 0, -3, 3]] * h.index_select(1, torch.tensor([3, 3, 1, 0])),
    "permutation": lambda h: h[:, [2, 0, 1, 3]],
    "slice": lambda h: h[:, 0:1] * h[:, -3::2] + h[:, 1:3] * h[:, 2:][:, :2],
    "single": lambda h: h[:, 0][:, None] * h[..., -1:] + (h[:, 1] * h[:, 2])[:, None],
    "layer_norm": lambda h: functional.layer_norm(h, (4,)),
    "rms_norm": lambda h: functional.rms_norm(h, (4,), eps=1e-3),
    "activations": lambda h: functional.leaky_relu(h, 0.2) + functional.elu(h, 0.7) + functional.mish(h),
    "expand": lambda h: h[:, None].expand(-1, 3, 4).flatten(1) + functional.pad(h, (1, 7), value=0.5) + torch.zeros_like(h[:, :1]),
}
IMAGES = {
    "bilinear": lambda h: functional.interpolate(h, scale_factor=(2, 1.5), mode="bilinear"),
    "sizes": lambda h: functional.interpolate(h, (7, 4), mode="bilinear"),
    "corners": lambda h: functional.interpolate(h, size=(8, 3), mode="bilinear", align_corners=True),
    "nearest": lambda h: functional.interpolate(h, (7, 4)) * functional.interpolate(h, size=(7, 4), mode="nearest-exact"),
    "nearest by a scale": lambda h: functional.interpolate(h, scale_factor=(1.7, 0.6)),
    "max_pool": lambda h: functional.max_pool2d(h, 3, 2, padding=1),
    "max_pool over the edge": lambda h: functional.max_pool2d(h, (2, 3), (2, 1), (0, 1), ceil_mode=True),
    "avg_pool": lambda h: functional.avg_pool2d(h, 3, 2, 1) * functional.avg_pool2d(h, (3, 2), stride=2, padding=(1, 0), count_include_pad=False),
    "avg_pool over the edge": lambda h: functional.avg_pool2d(h, (2, 3), 2, ceil_mode=True),
    "adaptive": lambda h: functional.adaptive_avg_pool2d(h, (1, 3)) * functional.adaptive_max_pool2d(h, (5, 1)),
    "pad": lambda h: functional.pad(h, (1, 2, 0, 3)),
    "pad with a number": lambda h: functional.pad(h, (0, 1, 2, 0, 1, 0), "constant", -0.5),
    "channel": lambda h: h[:, 0] * h[:, 1, :, :],
    "window": lambda h: h[:, :, 1:4, ::2] * h[:, [1, 0], :3, 3:],
    "over pixels": lambda h: h - h.mean(dim=(1, 2, 3), keepdim=True) + h.amax((2, 3))[..., None, None],
    "group_norm": lambda h: functional.group_norm(h, 2) + h * torch.softmax(h, 1),
}
ENTER = nn.Conv2d(2, 2, 1)
MODULES = {
    "Upsample": nn.Sequential(ENTER, nn.Upsample(scale_factor=2, mode="bilinear")),
    "corners of Upsample": nn.Sequential(ENTER, nn.Upsample((7, 9), mode="bilinear", align_corners=True)),
    "pools": nn.Sequential(ENTER, nn.AvgPool2d(3, 1, 1), nn.MaxPool2d((3, 2), (1, 2), (1, 0)), nn.AdaptiveAvgPool2d(1)),
    "strides": nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
    "same": nn.Conv2d(2, 2, (2, 5), padding="same"),
    "transposed": nn.ConvTranspose2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0), output_padding=(1, 0)),
    "norms": nn.Sequential(ENTER, nn.GroupNorm(1, 2, affine=False), nn.BatchNorm2d(2, affine=False), nn.ConstantPad2d((1, 0, 2, 1), 0.3), nn.ZeroPad2d(1)),
}
ROWS = nn.Sequential(nn.Linear(4, 4), nn.RMSNorm(4), nn.BatchNorm1d(4), nn.LeakyReLU(), nn.ELU(), nn.Mish(), nn.ReLU6(), nn.LogSoftmax(1))
AGREE |= {f"the list's {name}": (OfList(what), [4], "logits") for name, what in LISTS.items()}
AGREE |= {f"the image's {name}": (OfImage(what), [2, 5, 6], "logits") for name, what in IMAGES.items()}
AGREE |= {f"the modules' {name}": (nn.Sequential(module), [2, 5, 6], "logits") for name, module in MODULES.items()}
AGREE |= {"rows": (ROWS, [4], "logits"), "given": (Given(), [4], "logits"), "cast": (Cast(), [2], "velocity"),
          "self-attention": (SelfAttention(), [12], "velocity"),
          "still": (Still(), [2], "velocity")}
REFUSED = {
    "a PixelShuffle": nn.Sequential(nn.Conv2d(1, 4, 1), nn.PixelShuffle(2)),
    "GELU(approximate='tanh')": nn.Sequential(nn.Linear(2, 2), nn.GELU("tanh")),
    "an attention with a mask": Plus(lambda h: functional.scaled_dot_product_attention(h[:, None], h[:, None], h[:, None], is_causal=True)[:, 0]),
    "the axis 0": Plus(lambda h: torch.softmax(h, 0)),
    "fft_fft": Plus(lambda h: torch.fft.fft(h).real),
    "cannot follow": Plus(lambda h: h if h.sum() > 0 else -h),
    "the description and the module differ by": InWords("sigmoid"),
    "names the op 'swish', which does not exist": InWords("swish"),
    "what it was given": nn.Sequential(nn.Identity()),
    "a Conv1d, which this exporter does not translate": nn.Sequential(nn.Conv2d(1, 1, 1), nn.Flatten(2), nn.Conv1d(1, 1, 2)),
    "a call of einsum, which this exporter does not translate": OfList(lambda h: torch.einsum("bi,bi->b", h, h)[:, None] * h),
    "a call of the method repeat, which": OfList(lambda h: h.repeat(1, 2)),
    "a call of div with the argument rounding_mode": OfList(lambda h: torch.div(h, h + 3, rounding_mode="floor")),
    "the layer resize has nearest and linear": OfImage(lambda h: functional.interpolate(h, scale_factor=2, mode="bicubic")),
    "antialiased": OfImage(lambda h: functional.interpolate(h, (3, 3), mode="bilinear", antialias=True)),
    "windows differ in size": OfImage(lambda h: functional.adaptive_avg_pool2d(h, 2)),
    "a padding of mode 'reflect'": OfImage(lambda h: functional.pad(h, (1, 1, 1, 1), "reflect")),
    "a clamp between tensors": OfList(lambda h: torch.clamp(h, -h.abs(), h.abs())),
    "a dropout that is always on": OfList(functional.dropout),
    "a normalisation over 2 axes": nn.Sequential(nn.Conv2d(1, 1, 1), nn.LayerNorm((4, 4))),
    "no list of integers": OfList(lambda h: h[:, torch.tensor([True, False, True, True])]),
    "an index of samples": OfList(lambda h: h[1:]),
    "a list of indices beside a single one": OfImage(lambda h: h[:, 0, [1, 0]]),
    "where samples of a batch would meet": OfList(lambda h: h - h.mean()),
    "a condition alone": OfList(lambda h: torch.where(h)[0]),
    "arithmetic with getitem": OfImage(lambda h: h[:, :, :3] * h[:, 0, 0]),
    "does not run in float64 with x of the shape (3, 4)": OfList(lambda h: h @ h[:, :3]),
    "of different inputs": Crossed(),
}
SHAPES = {OfList: [4], Crossed: [4], OfImage: [2, 5, 6]}


def agrees(costate, place, module, shape, parametrisation):
    """What `costate check` says of the exported module, or the exporter; an empty text where they agree."""
    try:
        files = export(module, place, input_shape=shape, parametrisation=parametrisation, samples=4)
    except ExportError as error:
        return str(error)
    done = subprocess.run([costate, "check", *map(str, files)], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def refusal(place, module):
    """The sentence that refuses the module."""
    try:
        shape = SHAPES.get(type(module), [1, 4, 4] if isinstance(next(module.children()), nn.Conv2d) else [2])
        export(module, place, input_shape=shape, golden=False)
        return "nothing was refused"
    except ExportError as error:
        return str(error)


def main(costate):
    torch.manual_seed(0)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name, (module, shape, parametrisation) in AGREE.items():
            said = agrees(costate, f"{folder}/exported", module, shape, parametrisation)
            failed |= said != ""
            print(f"{name}: {said or 'agrees'}")
        for reason, module in REFUSED.items():
            sentence = refusal(f"{folder}/refused", module)
            failed |= reason not in sentence or "\n" in sentence or sentence.count("; ") != 1
            print(f"{reason}: {sentence}")
    print("something failed" if failed else "all as it should be")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
