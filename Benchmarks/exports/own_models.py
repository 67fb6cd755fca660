# SPDX-License-Identifier: Apache-2.0
"""Small models of the things that exporters make shape arithmetic of."""

import torch
from torch import nn
from torch.nn import functional as F

from cases import CASES, Case, Function, case, function, integers


def vector(*shape):
    return lambda: {"x": torch.randn(*shape)}


SEQ = {"x": {0: "batch", 1: "seq"}}
IMG = {"x": {0: "batch", 2: "height", 3: "width"}}
SEQ_DIMS = {"batch": 2, "seq": 9}
IMG_DIMS = {"batch": 1, "height": 30, "width": 44}


@case("lstm_bidirectional")
def lstm():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(8, 16, 2, batch_first=True, bidirectional=True)
            self.gru = nn.GRU(32, 12, batch_first=True)
            self.rnn = nn.RNN(12, 5, batch_first=True)

        def forward(self, x):
            y, (h, c) = self.lstm(x)
            z, _ = self.gru(y)
            return self.rnn(z)[0], h, c

    return Case(Model(), {"x": torch.randn(3, 7, 8)}, SEQ, SEQ_DIMS)


@case("lstm_projection")
def lstm_packed():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(8, 16, 1, batch_first=True)

        def forward(self, x, lengths):
            packed = nn.utils.rnn.pack_padded_sequence(
                x, lengths, batch_first=True, enforce_sorted=False)
            y, _ = self.lstm(packed)
            return nn.utils.rnn.pad_packed_sequence(y, batch_first=True)

    return Case(
        Model(), {"x": torch.randn(3, 7, 8), "lengths": torch.tensor([7, 4, 2])},
        {"x": {0: "batch", 1: "seq"}, "lengths": {0: "batch"}})


@case("moe_top2")
def moe():
    class Expert(nn.Module):
        def __init__(self):
            super().__init__()
            self.up, self.down = nn.Linear(16, 32), nn.Linear(32, 16)

        def forward(self, x):
            return self.down(F.silu(self.up(x)))

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.gate = nn.Linear(16, 4)
            self.experts = nn.ModuleList(Expert() for _ in range(4))

        def forward(self, x):
            flat = x.reshape(-1, x.shape[-1])
            weights, chosen = torch.topk(F.softmax(self.gate(flat), -1), 2)
            result = torch.zeros_like(flat)
            for index, expert in enumerate(self.experts):
                rows, slots = torch.where(chosen == index)
                part = expert(flat[rows]) * weights[rows, slots].unsqueeze(-1)
                result = result.index_add(0, rows, part)
            return result.reshape(x.shape)

    return Case(Model(), {"x": torch.randn(2, 6, 16)}, SEQ, SEQ_DIMS)


@function("nonzero_gather", vector(4, 10), SEQ, SEQ_DIMS)
def nonzero(x):
    places = torch.nonzero(x > 0)
    picked = x[x > 0.5]
    return places, picked * 2, places.shape[0] + torch.zeros(1, dtype=torch.int64)


@function("topk_computed", vector(4, 40), SEQ, {"batch": 2, "seq": 23})
def topk(x):
    count = min(x.shape[1], 30) if isinstance(x.shape[1], int) else torch.clamp(
        torch.as_tensor(x.shape[1]), max=30)
    values, places = torch.topk(x, count, dim=1)
    return values, torch.gather(x * 2, 1, places), torch.sort(x, dim=1)[0]


@function("unique_counts", lambda: {"x": integers(30, below=7)}, {"x": {0: "n"}}, {"n": 17})
def unique(x):
    values, places, counts = torch.unique(x, return_inverse=True, return_counts=True)
    return values + 1, places, counts


@function("masked_scatter", vector(4, 10), SEQ, SEQ_DIMS)
def masked(x):
    mask = x > 0
    y = x.masked_fill(mask, 0.0)
    y = torch.where(mask, y, x * 2)
    z = x.clone()
    z[mask] = 3.0
    z[:, 1:3] = y[:, 0:2]
    z[:, -1] = 0
    return y, z, torch.tril(torch.ones(x.shape[1], x.shape[1])), torch.masked_select(x, mask)


@function("reshapes", vector(4, 10, 12), SEQ, SEQ_DIMS)
def reshapes(x):
    b, s, c = x.shape
    y = x.reshape(b, s, 3, c // 3).permute(0, 2, 1, 3)
    z = y.reshape(b * 3, s, -1).transpose(1, 2)
    w = x.view(b, -1).unflatten(1, (s, c)).flatten(0, 1)
    v = x.unsqueeze(1).expand(b, 5, s, c).reshape(-1, s, c)
    u = x.repeat(2, 1, 3).repeat_interleave(2, dim=1)
    t = torch.cat([x, x[:, -1:], x.new_zeros(b, 2, c)], dim=1)
    chunks = torch.chunk(x, 3, dim=2)
    parts = torch.split(x, [5, 7], dim=2)
    return y, z, w, v, u, t, chunks[1], parts[0], x.unfold(2, 4, 2), x.movedim(0, 2), x.squeeze()


@function("positions", vector(4, 10, 12), SEQ, SEQ_DIMS)
def positions(x):
    b, s, c = x.shape
    place = torch.arange(s)
    grid = torch.meshgrid(place, torch.arange(0, c, 2), indexing="ij")
    mask = torch.triu(torch.full((s, s), float("-inf")), diagonal=1)
    relative = place[:, None] - place[None, :]
    wave = torch.outer(place.float(), 1.0 / 10000 ** (torch.arange(0, c, 2).float() / c))
    line = torch.linspace(0, 1, 7)
    hot = F.one_hot(place % 5, 6)
    ahead = torch.arange(1, s + 1).flip(0)
    buckets = torch.bucketize(x, torch.tensor([-1.0, 0.0, 1.0]))
    steps = torch.arange(0, s * 2, 3)
    return (grid[0], grid[1], mask, relative, wave.sin(), line, hot, ahead, buckets, steps,
            x.cumsum(1), torch.zeros(b, s + 1, dtype=torch.bool))


@function("images", vector(2, 6, 32, 40), IMG, IMG_DIMS)
def images(x):
    h, w = x.shape[2], x.shape[3]
    up = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
    down = F.interpolate(x, scale_factor=0.37, mode="nearest")
    sized = F.interpolate(x, size=(h // 2 + 1, w * 2 - 3), mode="bicubic", align_corners=True)
    like = F.interpolate(x, size=(17, 19), mode="nearest")
    padded = F.pad(x, (1, 2, 3, 0), mode="reflect")
    constant = F.pad(x, (0, (8 - w % 8) % 8, 0, (8 - h % 8) % 8))
    pooled = F.adaptive_avg_pool2d(x, 1)
    area = F.max_pool2d(x, 3, 2, 1, ceil_mode=True)
    mean = F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False)
    shuffled = F.pixel_shuffle(x[:, :4], 2)
    unshuffled = F.pixel_unshuffle(x[:, :, : h // 2 * 2, : w // 2 * 2], 2)
    columns = F.unfold(x, 3, padding=1, stride=2)
    rolled = torch.roll(x, (2, -3), (2, 3))
    flipped = x.flip(3)
    return (up, down, sized, like, padded, constant, pooled, area, mean, shuffled, unshuffled,
            columns, rolled, flipped, x.amax((2, 3)), x.std(1), x.norm(dim=1))


@function("windows", vector(2, 8, 32, 48), IMG, {"batch": 1, "height": 40, "width": 16})
def windows(x):
    b, c, h, w = x.shape
    size = 8
    y = x.view(b, c, h // size, size, w // size, size).permute(0, 2, 4, 3, 5, 1)
    y = y.reshape(-1, size * size, c)
    z = y.view(b, h // size, w // size, size, size, -1).permute(0, 1, 3, 2, 4, 5)
    return y, z.reshape(b, h, w, -1)


@function("grids", lambda: {"x": torch.randn(2, 3, 16, 20), "t": torch.randn(2, 2, 3)},
          {"x": {0: "batch", 2: "height", 3: "width"}, "t": {0: "batch"}},
          {"batch": 2, "height": 11, "width": 13}, opset=20)
def grids(x, t):
    grid = F.affine_grid(t, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


@function("einsums", lambda: {"x": torch.randn(3, 7, 8), "y": torch.randn(3, 5, 8)},
          {"x": {0: "batch", 1: "seq"}, "y": {0: "batch", 1: "keys"}},
          {"batch": 2, "seq": 4, "keys": 6})
def einsums(x, y):
    return (torch.einsum("bqd,bkd->bqk", x, y), torch.einsum("bqd->bd", x),
            torch.einsum("...d,...d->...", x, x), torch.baddbmm(torch.zeros(1), x, y.mT),
            torch.cdist(x, y))


@case("convolutions")
def convolutions():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Conv1d(4, 6, 5, 2, 2, 2)
            self.b = nn.ConvTranspose1d(6, 3, 4, 2, 1, 1)
            self.c = nn.Conv2d(1, 4, 3, padding="same")
            self.d = nn.ConvTranspose2d(4, 2, 3, 2, 1, output_padding=1)
            self.e = nn.Conv3d(1, 2, 3)
            self.n = nn.InstanceNorm1d(6, affine=True)
            self.g = nn.GroupNorm(2, 4)

        def forward(self, x):
            y = self.b(self.n(self.a(x)))
            z = self.d(self.g(self.c(x.unsqueeze(1))))
            return y, z, self.e(z.unsqueeze(1)), F.glu(z, 1), F.lrelu(z) if False else z.abs()

    return Case(Model(), {"x": torch.randn(2, 4, 50)}, {"x": {0: "batch", 2: "length"}},
                {"batch": 3, "length": 37})


@function("spectra", lambda: {"x": torch.randn(2, 800)}, {"x": {0: "batch", 1: "length"}},
          {"batch": 1, "length": 1200}, opset=17)
def spectra(x):
    window = torch.hann_window(64)
    y = torch.stft(x, 64, 16, 64, window, return_complex=False)
    power = y.pow(2).sum(-1)
    return torch.matmul(torch.ones(10, 33), power).clamp(min=1e-5).log()


@case("attention")
def attention():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
            self.decoder = nn.TransformerDecoderLayer(16, 4, 32, batch_first=True)
            self.attention = nn.MultiheadAttention(16, 2, batch_first=True)

        def forward(self, x, mask):
            y = self.layer(x, src_key_padding_mask=mask == 0)
            z = self.decoder(x, y)
            w, scores = self.attention(x, y, z)
            return w, scores, F.scaled_dot_product_attention(x, y, z, is_causal=True)

    return Case(
        Model(), {"x": torch.randn(2, 6, 16), "mask": torch.ones(2, 6, dtype=torch.int64)},
        {"x": {0: "batch", 1: "seq"}, "mask": {0: "batch", 1: "seq"}}, SEQ_DIMS)


@function("boxes", lambda: {"x": torch.rand(20, 4), "scores": torch.rand(20)},
          {"x": {0: "n"}, "scores": {0: "n"}}, {"n": 31})
def boxes(x, scores):
    keep = torch.where(scores > 0.3)[0]
    best = scores[keep].topk(min(5, keep.shape[0]))[1] if not torch.jit.is_tracing() else (
        scores[keep].topk(torch.min(torch.tensor(5), torch._shape_as_tensor(keep)[0]))[1])
    return x[keep][best], x[keep].clamp(0, 1), keep


@function("padded_batch", lambda: {"x": torch.randn(3, 12, 4), "lengths": integers(3, below=12)},
          {"x": {0: "batch", 1: "seq"}, "lengths": {0: "batch"}}, {"batch": 2, "seq": 8})
def padded_batch(x, lengths):
    mask = torch.arange(x.shape[1])[None, :] < lengths[:, None]
    total = mask.sum()
    packed = x[mask]
    back = torch.zeros_like(x)
    back[mask] = packed * 2
    return packed, back, total, mask.sum(1), mask.sum(1).max()


@function("expanded_lengths", lambda: {"x": torch.randn(1, 6, 4), "d": integers(6, below=4) + 1},
          {"x": {1: "seq"}, "d": {0: "seq"}})
def expanded(x, d):
    return torch.repeat_interleave(x[0], d, dim=0)


@function("dtypes", lambda: {"x": torch.randn(3, 4), "i": integers(3, 4)},
          {"x": {0: "n"}, "i": {0: "n"}}, {"n": 5})
def dtypes(x, i):
    return (x.half() * 2, x.double(), i.float() + x, (i % 3).to(torch.int32), i // 2, -i >> 1,
            (x > 0) & (i > 1), x.argmax(1), x.min(1)[1], torch.sign(x), i.clamp(1, 3),
            torch.logical_xor(x > 0, i > 2), x.to(torch.uint8), x.pow(2).mean(), x.var(0))
