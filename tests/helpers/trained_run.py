"""A work dir as a training leaves it, with random weights; and what main.py's test makes of it."""

from pathlib import Path

import numpy as np
import torch
import yaml

import main
from formats.scores import load_scores
from utils.config import build

BATCHNORM = ("running_mean", "running_var")


def make(work_dir: Path, settings: dict, seed: int = 0) -> Path:
    """The work dir's weights, in no way trained: but no two classes score the same.

    Args:
        settings: as a YAML file has them.
    """
    torch.manual_seed(seed)
    model = build(settings.get("model", "model.msg3d.Model"), settings["model_args"])
    state = model.state_dict()
    for name, tensor in state.items():
        if name.endswith("running_mean"):
            tensor.normal_(0, 0.1)
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
    (work_dir / "weights").mkdir(parents=True)
    path = work_dir / "weights" / "best.pt"
    torch.save(state, path)
    complete = {"device": ["cpu"], "num_worker": 0, "test_batch_size": 4, **settings}
    (work_dir / "config.yaml").write_text(
        yaml.safe_dump({**complete, "work_dir": str(work_dir), "phase": "train"})
    )
    return path


def test_scores(weights: Path, *flags: str) -> dict[str, np.ndarray]:
    """What main.py --phase test scores the arrays with, by name."""
    work_dir = weights.parents[1]
    out = work_dir.with_name(work_dir.name + "_eval")
    argv = ["--config", str(work_dir / "config.yaml"), "--phase", "test", "--weights", str(weights)]
    main.main([*argv, "--work-dir", str(out), "--save-score", "yes", *flags])
    return load_scores(out) if out.is_file() else load_scores(next(out.glob("*test*.pkl")))


test_scores.__test__ = False  # no test of pytest's
