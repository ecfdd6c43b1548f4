"""Networks are compiled whole: nothing in them sends torch.compile back to Python."""

import pytest
import torch

from model import aagcn, agcn, ctrgcn, msg3d, msg3d_laban, stgcn

UCLA = (4, 20, 1, "kinect_v1")
NETWORKS = {
    "stgcn": (lambda: stgcn.Model(3, 4, {"layout": "ntu-rgb+d"}), (2, 3, 8, 25, 2)),
    "agcn": (lambda: agcn.Model(*UCLA), (2, 3, 8, 20, 1)),
    "aagcn": (lambda: aagcn.Model(*UCLA), (2, 3, 8, 20, 1)),
    "ctrgcn": (lambda: ctrgcn.Model(*UCLA), (2, 3, 8, 20, 1)),
    "msg3d": (lambda: msg3d.Model(4, 5, 2, 3, 2, "small_graph.Chain", width=12), (2, 3, 8, 5, 2)),
    "laban": (lambda: msg3d_laban.Model(5, 5, 1, 3, 2, "small_graph.Chain"), (2, 15, 8, 5, 1)),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, of its autograd functions
@pytest.mark.parametrize(
    "training",
    [pytest.param(True, marks=pytest.mark.slow), False],
    ids=["training", "evaluation"],
)
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name == "msg3d" else pytest.mark.slow) for name in NETWORKS],
)
def test_no_graph_breaks(name, training):
    build, shape = NETWORKS[name]
    model = build().train(training)
    torch._dynamo.reset()
    with torch.set_grad_enabled(training):
        found = torch._dynamo.explain(model)(torch.randn(shape))
    assert (found.graph_count, found.graph_break_count) == (1, 0), found.break_reasons
