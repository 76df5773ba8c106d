#!/usr/bin/env python3
"""Export modules of every kind that export_torch.py understands, and let `costate check` compare them with PyTorch.

    python tools/check_export.py build/default/cli/costate

Says what was compared; what has to be refused is exported too, and has to be refused in one sentence. Ends with 1 where something failed.
"""

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
}


def main(costate):
    torch.manual_seed(0)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name, (module, shape, parametrisation) in AGREE.items():
            files = export(module, f"{folder}/{name}", input_shape=shape, parametrisation=parametrisation, samples=4)
            done = subprocess.run([costate, "check", *map(str, files)], capture_output=True, text=True)
            failed |= done.returncode != 0
            print(f"{name}: {'agrees' if done.returncode == 0 else done.stdout + done.stderr}")
        for reason, module in REFUSED.items():
            shape = [1, 4, 4] if isinstance(next(module.children()), nn.Conv2d) else [2]
            try:
                export(module, f"{folder}/refused", input_shape=shape, golden=False)
                sentence = "nothing was refused"
            except ExportError as error:
                sentence = str(error)
            failed |= reason not in sentence or "\n" in sentence
            print(f"{reason}: {sentence}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
