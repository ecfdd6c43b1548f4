"""ST-GCN, AGCN, AAGCN and CTR-GCN: parity with the published codes, and with literal forms."""

import copy

import golden_model
import numpy as np
import oracle_zoo
import pytest
import small_data
import torch

from graph import kinetics, ntu_rgb_d, ucla
from graph.named import shipped, skeleton_class
from graph.subsets import directed_subsets, distance_subsets
from model import aagcn, agcn, ctrgcn, stgcn
from utils.config import build

TIGHT = 1e-9  # nothing is float32 here but the stored A, which is the same float32
SLOW = ("stgcn_kinetics", "agcn_kinetics", "aagcn_kinetics", "ctrgcn_ntu120", "ctrgcn_ucla")
TRAINED = [
    pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name
    for name in golden_model.ZOO
]
CLASSES = {"ntu60": ntu_rgb_d, "ntu120": ntu_rgb_d, "kinetics": kinetics, "ucla": ucla}


@pytest.mark.parametrize("name", golden_model.ZOO)
def test_state_dict_has_the_published_keys_and_shapes(name):
    contract, model = golden_model.contract(name), golden_model.build_zoo(name)
    shapes = {key: list(value.shape) for key, value in model.state_dict().items()}
    assert shapes == contract["state_dict"]
    assert {key for key, _ in model.named_parameters()} == set(contract["parameters"])
    assert sum(p.numel() for p in model.parameters()) == contract["num_parameters"]


@pytest.mark.parametrize("name", golden_model.ZOO)
def test_the_graph_is_the_published_one(name):
    model, golden = golden_model.build_zoo(name), golden_model.numbers(name)["graph_A"]
    if name.startswith("stgcn"):
        found = model.A
    else:
        found = CLASSES[name.partition("_")[2]].Graph(labeling_mode="spatial").A
    np.testing.assert_allclose(found, golden, atol=1e-7)


@pytest.mark.parametrize("name", golden_model.ZOO)
def test_logits_and_ten_stages_equal_the_published(name):
    model, golden = golden_model.build_zoo(name).eval(), golden_model.numbers(name)
    stages = sorted({key.split("/")[1] for key in golden if key.startswith("stage/")})
    assert len(stages) == 10
    golden_model.check_outputs(model, golden, golden_model.clips(name), stages, TIGHT)


@pytest.mark.parametrize("name", TRAINED)
def test_gradients_and_three_sgd_steps_equal_the_published(name):
    model, golden = golden_model.build_zoo(name).train(), golden_model.numbers(name)
    contract, x = golden_model.contract(name), golden_model.clips(name)
    num_class, parameters = contract["num_class"], contract["parameters"]
    golden_model.check_training(
        model, golden, x, num_class, parameters, TIGHT, losses=1e-8, scores=1e-6
    )


# ---- where the code goes other ways than the published one ---------------------------------------

NETWORKS = {
    "stgcn": (stgcn.Model, {"in_channels": 3, "num_class": 7, "graph": "coco17"}),
    "agcn": (agcn.Model, {"num_class": 7, "num_point": 17, "num_person": 2, "graph": "coco17"}),
    "aagcn": (aagcn.Model, {"num_class": 7, "num_point": 17, "num_person": 2, "graph": "coco17"}),
    "ctrgcn": (ctrgcn.Model, {"num_class": 7, "num_point": 17, "num_person": 2, "graph": "coco17"}),
}


def network(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    cls, args = NETWORKS[name]
    model = cls(**args).double()
    for parameter in model.parameters():  # so that nothing is nearly nothing
        if parameter.dim() == 1:
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
    return model


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("name", NETWORKS)
def test_absent_persons_are_computed_once_with_the_same_result(name, training, monkeypatch):
    clips = torch.randn(4, 3, 8, 17, 2, dtype=torch.float64)
    clips[1:, ..., 1] = 0
    results = []
    for merge in (True, False):
        model = network(name).train(training)
        if not merge:
            monkeypatch.setattr("model.absent.can_merge", lambda clips, data_bn: False)
        with torch.set_grad_enabled(training):
            scores = model(clips)
        if training:
            scores.square().mean().backward()
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        results.append([scores.detach(), *gradients, *model.buffers()])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_network_equals_the_literal_form(name, training):
    """Scores and the gradient of every parameter, in a graph that no golden file has."""
    model = network(name).train(training)
    clips = torch.randn(3, 3, 9, 17, 2, dtype=torch.float64)
    subsets = model.A if name == "stgcn" else directed_subsets(17, skeleton_class("coco17").edges)
    subsets = torch.as_tensor(subsets).double()
    parameters = {key: p.detach().clone().requires_grad_() for key, p in model.named_parameters()}
    state = {**model.state_dict(), **parameters}
    literal = oracle_zoo.scores(name, state, subsets, clips, training)
    literal.square().mean().backward()
    scores = model(clips)
    scores.square().mean().backward()
    torch.testing.assert_close(scores, literal, rtol=1e-9, atol=1e-9)
    for key, parameter in model.named_parameters():
        size = parameters[key].grad.abs().max().item()
        torch.testing.assert_close(
            parameter.grad, parameters[key].grad, rtol=1e-6, atol=1e-9 * max(size, 1), msg=key
        )


def test_ctrgcn_takes_flat_arrays():
    args = {"num_class": 5, "num_point": 20, "num_person": 1, "graph": "graph.ucla.Graph"}
    model = ctrgcn.Model(**args).eval()
    flat = torch.randn(2, 9, 60)
    clips = flat.view(2, 9, 20, 3).permute(0, 3, 1, 2)[..., None]
    with torch.no_grad():
        assert torch.equal(model(flat), model(clips))


@pytest.mark.parametrize("name", shipped())
def test_every_skeleton_has_subsets(name):
    skeleton = skeleton_class(name)
    joints = len(skeleton.joint_names)
    for subsets in (
        directed_subsets(joints, skeleton.edges),
        distance_subsets(joints, skeleton.edges, 0),
    ):
        assert subsets.shape == (3, joints, joints) and (subsets >= 0).all()
        columns = subsets.sum(axis=1)
        assert (columns <= 1 + 1e-6).all()
    whole = distance_subsets(joints, skeleton.edges, 0).sum(axis=0)
    np.testing.assert_allclose(whole.sum(axis=0), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "args", "said"),
    [
        ("agcn", {"graph": "graph.ntu_rgb_d.Graph", "num_point": 20}, "num_point is 20"),
        ("agcn", {}, "graph is missing"),
        ("aagcn", {"graph": "ntu_rgb_d", "adaptive": False}, "adaptive"),
        ("ctrgcn", {"graph": "ntu_rgb_d", "graph_args": {"labeling_mode": "x"}}, "labeling_mode"),
        ("stgcn", {"in_channels": 3, "num_class": 5}, "layout"),
        ("stgcn", {"in_channels": 3, "num_class": 5, "graph": "coco17", "num_point": 9}, "17"),
        ("stgcn", {"in_channels": 3, "num_class": 5, "graph_args": {"strategy": "x"}}, "strategy"),
        ("stgcn", {"in_channels": 3, "num_class": 5, "graph_args": {"hop": 2}}, "hop"),
    ],
)
def test_what_cannot_be_is_said(name, args, said):
    with pytest.raises(ValueError, match=said):
        build(f"model.{name}.Model", args)


@pytest.mark.parametrize("network", [name for name in small_data.NETWORKS if name != "msg3d"])
def test_rows_that_only_fill_up_change_nothing(network):
    """As CUDA graphs need them: their number of rows is fixed."""
    torch.manual_seed(0)
    args = {**small_data.NETWORKS[network], "num_person": 2}
    model = build(f"model.{network}.Model", args).double().train()
    clips = torch.randn(4, 3, 4, 20, 2, dtype=torch.float64)
    clips[1:, ..., 1] = 0
    assert model.rows_needed(clips) == 6
    found = []
    for rows in (8, 7):  # all, and one more than needed
        own = copy.deepcopy(model)
        with own.fixed_rows(rows):
            outputs = own(clips)
        outputs.square().sum().backward()
        found.append((outputs, own))
    (outputs, own), (filled_up, other) = found
    torch.testing.assert_close(filled_up, outputs)
    for one, same in zip(own.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(same.grad, one.grad)
    for key, value in own.state_dict().items():
        torch.testing.assert_close(other.state_dict()[key], value)
