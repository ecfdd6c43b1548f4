"""ST-GCN, AGCN, AAGCN and CTR-GCN as their papers spell them: subset by subset, joints last.

Functions of a state_dict, in the published layout (N*M, C, T, V). Slow and plain: what the models
are compared with, and what benchmarks/bench_models.py calls the literal form.
"""
# Shapes: N clips, C channels, T frames, V joints, M persons.

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

State = Mapping[str, Tensor]
STRIDES = (1, 1, 1, 1, 2, 1, 1, 2, 1, 1)


def scores(name: str, state: State, subsets: Tensor, clips: Tensor, training: bool) -> Tensor:
    """Clips (N, C, T, V, M) -> (N, K).

    Args:
        name: stgcn, agcn, aagcn or ctrgcn.
        subsets: the graph, (3, V, V).
    """
    n, c, t, v, m = clips.shape
    x = clips.permute(0, 4, 3, 1, 2)
    x = x.reshape(n * m, v * c, t) if name == "stgcn" else x.reshape(n, m * v * c, t)
    x = norm(state, "data_bn", x, training).view(n * m, v, c, t).permute(0, 2, 3, 1)
    for number, stride in enumerate(STRIDES):
        if name == "stgcn":
            x = stgcn_unit(state, number, x, subsets, stride, training)
        else:
            x = unit(name, state, f"l{number + 1}.", x, subsets, stride, training, number > 0)
    x = x.mean((2, 3)).view(n, m, -1).mean(1)
    if name == "stgcn":
        return F.conv2d(x[..., None, None], state["fcn.weight"], state["fcn.bias"])[..., 0, 0]
    return F.linear(x, state["fc.weight"], state["fc.bias"])


def norm(state: State, key: str, x: Tensor, training: bool) -> Tensor:
    entries = (state[f"{key}.{name}"] for name in ("running_mean", "running_var"))
    mean, variance = (entry.clone() for entry in entries)
    weight, bias = state[f"{key}.weight"], state[f"{key}.bias"]
    return F.batch_norm(x, mean, variance, weight, bias, training)


def conv(state: State, key: str, x: Tensor, **options: object) -> Tensor:
    return F.conv2d(x, state[f"{key}.weight"], state[f"{key}.bias"], **options)


def temporal(state: State, key: str, x: Tensor, stride: int, training: bool, dilation: int = 1):
    """A convolution along time and BatchNorm."""
    size = state[f"{key}.conv.weight"].shape[2]
    padding = (size - 1) * dilation // 2
    options = {"stride": (stride, 1), "padding": (padding, 0), "dilation": (dilation, 1)}
    return norm(state, f"{key}.bn", conv(state, f"{key}.conv", x, **options), training)


def stgcn_unit(
    state: State, number: int, x: Tensor, subsets: Tensor, stride: int, training: bool
) -> Tensor:
    key = f"st_gcn_networks.{number}."
    adjacency = subsets * state.get(f"edge_importance.{number}", 1.0)
    y = conv(state, f"{key}gcn.conv", x)
    y = y.view(len(x), 3, -1, *y.shape[2:])
    y = torch.einsum("nkctv,kvw->nctw", y, adjacency)
    y = F.relu(norm(state, f"{key}tcn.0", y, training))
    y = conv(state, f"{key}tcn.2", y, stride=(stride, 1), padding=(4, 0))
    y = norm(state, f"{key}tcn.3", y, training)
    if number == 0:
        return F.relu(y)
    if f"{key}residual.0.weight" in state:
        x = conv(state, f"{key}residual.0", x, stride=(stride, 1))
        x = norm(state, f"{key}residual.1", x, training)
    return F.relu(y + x)


def unit(
    name: str, state: State, key: str, x: Tensor, subsets: Tensor, stride: int, training: bool,
    has_residual: bool,
) -> Tensor:  # fmt: skip
    gcn = {"agcn": adaptive, "aagcn": adaptive, "ctrgcn": refined}[name]
    y = gcn(state, f"{key}gcn1.", x, subsets, training)
    if f"{key}gcn1.conv_sa.weight" in state:
        y = attended(state, f"{key}gcn1.", y)
    if name == "ctrgcn":
        y = multi_scale(state, f"{key}tcn1.branches.", y, stride, training)
    else:
        y = temporal(state, f"{key}tcn1", y, stride, training)
    if f"{key}residual.conv.weight" in state:
        x = temporal(state, f"{key}residual", x, stride, training)
    return F.relu(y + x) if has_residual else F.relu(y)


def down(state: State, key: str, x: Tensor, training: bool) -> Tensor:
    if f"{key}down.0.weight" not in state:
        return x
    return norm(state, f"{key}down.1", conv(state, f"{key}down.0", x), training)


def adaptive(state: State, key: str, x: Tensor, subsets: Tensor, training: bool) -> Tensor:
    total = 0
    for k in range(3):
        one, other = conv(state, f"{key}conv_a.{k}", x), conv(state, f"{key}conv_b.{k}", x)
        size = one.shape[1] * one.shape[2]
        similar = torch.einsum("ncti,nctj->nij", one, other) / size
        mask = state[f"{key}PA"][k]
        if f"{key}alpha" in state:
            graph = mask + state[f"{key}alpha"] * torch.tanh(similar)
        else:
            graph = subsets[k] + mask + torch.softmax(similar, dim=1)
        gathered = torch.einsum("nctv,nvw->nctw", x, graph)
        total = total + conv(state, f"{key}conv_d.{k}", gathered)
    return F.relu(norm(state, f"{key}bn", total, training) + down(state, key, x, training))


def attended(state: State, key: str, y: Tensor) -> Tensor:
    def along(name: str, mean: Tensor) -> Tensor:
        weight = state[f"{key}{name}.weight"]
        return torch.sigmoid(
            F.conv1d(mean, weight, state[f"{key}{name}.bias"], padding=weight.shape[2] // 2)
        )

    y = y * along("conv_sa", y.mean(2))[:, :, None] + y
    y = y * along("conv_ta", y.mean(3))[..., None] + y
    hidden = F.relu(F.linear(y.mean((2, 3)), state[f"{key}fc1c.weight"], state[f"{key}fc1c.bias"]))
    weights = torch.sigmoid(F.linear(hidden, state[f"{key}fc2c.weight"], state[f"{key}fc2c.bias"]))
    return y * weights[..., None, None] + y


def refined(state: State, key: str, x: Tensor, subsets: Tensor, training: bool) -> Tensor:
    total = 0
    for k in range(3):
        own = f"{key}convs.{k}."
        one, other = (conv(state, f"{own}conv{i}", x).mean(2) for i in (1, 2))  # (N, C_e, V)
        differences = torch.tanh(one[..., :, None] - other[..., None, :])
        graph = conv(state, f"{own}conv4", differences) * state[f"{key}alpha"]
        graph = graph + state[f"{key}PA"][k]
        total = total + torch.einsum("ncuv,nctv->nctu", graph, conv(state, f"{own}conv3", x))
    return F.relu(norm(state, f"{key}bn", total, training) + down(state, key, x, training))


def multi_scale(state: State, key: str, x: Tensor, stride: int, training: bool) -> Tensor:
    def head(branch: int, **options: object) -> Tensor:
        return norm(state, f"{key}{branch}.1", conv(state, f"{key}{branch}.0", x, **options),
                    training)  # fmt: skip

    outputs = [
        temporal(state, f"{key}{branch}.3", F.relu(head(branch)), stride, training, dilation)
        for branch, dilation in enumerate((1, 2))
    ]
    pooled = F.max_pool2d(F.relu(head(2)), (3, 1), (stride, 1), (1, 0))
    outputs.append(norm(state, f"{key}2.4", pooled, training))
    return torch.cat([*outputs, head(3, stride=(stride, 1))], dim=1)
