"""YAML files to train and test on a user's data set: one per stream."""

import logging
from pathlib import Path
from typing import Any

import yaml

from data_gen.pipeline.plan import Plan
from graph.streams import STREAMS
from utils.files import atomic_write

OF_DATA = ("num_class", "num_point", "num_person", "in_channels", "graph")  # of model_args

logger = logging.getLogger(__name__)


def write_configs(plan: Plan, format_: str, folder: Path) -> list[Path]:
    """Write {train,test}_{stream}.yaml of the four streams over recipe.yaml; existing files stay,
    with a warning if the data have changed.

    The recipe suits small data sets: half of the published width, AdamW, a cosine, small batches,
    and BatchNorm's statistics recomputed, since few steps leave the running ones far behind.
    """
    channels, frames, joints, persons = plan.clip_shape
    labels = {clip.label for clip in plan.clips}
    batch_size = min(16, len(plan.members["train"]))
    recipe = {
        "model": "model.msg3d.Model",
        "model_args": {
            "num_class": max(len(plan.classes), max(labels, default=0) + 1),
            "num_point": joints,
            "num_person": persons,
            "in_channels": channels,
            "num_gcn_scales": 8,
            "num_g3d_scales": 4,
            "width": 48,
            "graph": plan.skeleton,
        },
        "feeder": "feeders.feeder.Feeder",
        "train_feeder_args": _where(plan, format_, "train")
        | {"window_size": min(frames, 64), "resize": True, "random_crop": 0.7},
        "test_feeder_args": _where(plan, format_, "val")
        | {"window_size": min(frames, 64), "resize": True},
        "optimizer": "AdamW", "base_lr": 0.002, "weight_decay": 0.2, "lr_schedule": "cosine",
        "warmup_epochs": 2, "label_smoothing": 0.1, "precise_bn": True, "half": True,
        "num_epoch": 60, "eval_interval": 5, "keep_checkpoints": 2,
        "batch_size": batch_size, "forward_batch_size": batch_size, "test_batch_size": 64,
    }  # fmt: skip
    network = {k: recipe[k] for k in ("model", "model_args", "feeder", "test_feeder_args", "half",
                                      "test_batch_size")}  # fmt: skip
    rest = {key: value for key, value in recipe.items() if key not in network}
    name = plan.dataset
    files = {
        "network.yaml": (f"# {name}: clips to test on and network, for all streams.", network),
        "recipe.yaml": (f"# {name}: recipe, for all streams.", {"base": "network.yaml", **rest}),
    }
    for stream in STREAMS:
        work_dir = f"./work_dir/{name}/{stream}"
        args = {"test_feeder_args": {"stream": stream}}
        train = {"base": "recipe.yaml", "work_dir": work_dir,
                 "train_feeder_args": {"stream": stream}, **args}  # fmt: skip
        test = {"base": "network.yaml", "work_dir": f"{work_dir}_eval", "phase": "test",
                "weights": f"{work_dir}/weights/best.pt", "save_score": True, **args}  # fmt: skip
        for phase, content in (("train", train), ("test", test)):
            command = f"# python3 main.py --config {folder / f'{phase}_{stream}.yaml'}"
            files[f"{phase}_{stream}.yaml"] = (command, content)
    _warn_of_changes(folder / "network.yaml", network["model_args"])
    return [
        _write(folder / file, comment, content)
        for file, (comment, content) in files.items()
        if not (folder / file).exists()
    ]


def _warn_of_changes(path: Path, model_args: dict[str, Any]) -> None:
    """Warn of an existing file that no longer fits the data."""
    try:
        kept = yaml.safe_load(path.read_text("utf-8"))["model_args"]
        changed = [name for name in OF_DATA if name in kept and kept[name] != model_args[name]]
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError):
        return  # there is none, or main.py says what is wrong with it
    if changed:
        told = ", ".join(f"{name}: {kept[name]}, now {model_args[name]}" for name in changed)
        logger.warning("%s stays as it is, but the data have changed (%s). Remove it to have "
                       "it rewritten.", path, told)  # fmt: skip


def _where(plan: Plan, format_: str, part: str) -> dict[str, Any]:
    if format_ == "compact":
        return {"data_path": str(plan.store), "split": part}
    return {
        "data_path": str(plan.out_folder / f"{part}_data_joint.npy"),
        "label_path": str(plan.out_folder / f"{part}_label.pkl"),
    }


def _write(path: Path, comment: str, content: dict[str, Any]) -> Path:
    with atomic_write(path) as temporary:
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        temporary.write_text(f"{comment}\n{text}", encoding="utf-8")
    return path
