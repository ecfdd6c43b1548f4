"""What is needed to use trained weights: settings, data set, classes, results.

A work dir has it as config.yaml, dataset.json and summary.json; an exported file (.onnx, .pt2,
.safetensors) as JSON text in its metadata, under the name `KEY`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from formats.class_names import class_names
from formats.clip_names import stream_of_file
from formats.kinds import COUNT, MAPPING, TEXT, WHOLE, check_kinds, list_of
from formats.known import KNOWN, dataset_of_folder
from formats.manifest import KINDS as MANIFEST_KINDS
from formats.manifest import NAME, read_manifest
from utils.files import at_home
from utils.text import one_line

KEY = "skeleton_network"
MAX_CHARACTERS = 10**6
SUMMARY = "summary.json"
BEST_WEIGHTS = "best.pt"  # a link in the folder weights of a work dir
# A class of this project, the short name of one, a shipped skeleton, or a skeleton's YAML file.
OWN_NAME = re.compile(r"(?:(?:model|feeders|graph)\.\w+\.)?\w+|.+\.ya?ml")

KINDS = {"settings": MAPPING, "dataset": MAPPING, "classes": list_of(TEXT), "results": MAPPING}
OF_ARGS = ("model_args", "test_feeder_args", "train_feeder_args")
ARGS_KINDS = {
    **dict.fromkeys(("graph", "stream", "data_path", "split"), TEXT),
    **dict.fromkeys(("num_point", "num_person", "in_channels"), COUNT),
    "window_size": WHOLE,
}
SETTINGS_KINDS = {
    **dict.fromkeys(OF_ARGS, MAPPING),
    **dict.fromkeys(("model", "feeder", "task"), TEXT),
}


@dataclass(frozen=True)
class NetworkInfo:
    """The description of a trained network.

    Args:
        settings: those of its training or test, as in config.yaml.
        dataset: the data set's dataset.json; empty if unknown.
        classes: their names in the order of labels; empty if unknown.
        results: `best`, `last` and `test` of summary.json; empty if unknown.
    """

    settings: dict[str, Any]
    dataset: dict[str, Any] = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)
    results: dict[str, Any] = field(default_factory=dict)

    @property
    def feeder_args(self) -> dict[str, Any]:
        return self.settings.get("test_feeder_args") or {}

    @property
    def model_args(self) -> dict[str, Any]:
        return self.settings.get("model_args") or {}

    @property
    def skeleton(self) -> str | None:
        """Name of the skeleton, as in model_args."""
        return self.model_args.get("graph") or self.dataset.get("skeleton")

    @property
    def stream(self) -> str:
        """What its clips are; a file of another stream is read with `stream: joint`."""
        stream = self.feeder_args.get("stream") or "joint"
        in_name = stream_of_file(Path(str(self.feeder_args.get("data_path", ""))))
        return in_name or stream

    @property
    def num_frames(self) -> int | None:
        """Frames of the clips that the network reads; None if unknown."""
        args, data = self.feeder_args, self.dataset
        window = max(int(args.get("window_size") or 0), 0)
        if window and (args.get("resize") or args.get("random_choose")):
            return window
        of_arrays = data.get("chunk_size") or (data.get("clip_shape") or (0, 0))[1]
        if not of_arrays and (known := KNOWN.get(str(data.get("dataset")))):
            of_arrays = known.num_frames or 0
        return max(window, of_arrays) or None

    def clip_shape(self, num_frames: int | None = None) -> tuple[int, int, int, int] | None:
        """(C, T, V, M) of the clips that the network reads; None if unknown.

        Args:
            num_frames: T, where it is not that of its data.
        """
        args = self.model_args
        shape = (
            args.get("in_channels", 3),
            num_frames or self.num_frames,
            args.get("num_point"),
            args.get("num_person"),
        )
        return tuple(map(int, shape)) if all(shape) else None

    @property
    def is_of_traits(self) -> bool:
        return self.settings.get("task") == "traits"

    def as_text(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, default=str)

    @classmethod
    def from_text(cls, text: str, path: Path) -> "NetworkInfo":
        """Of an exported file's metadata.

        Args:
            path: what to call the file in errors.

        Raises:
            ValueError: the text is something else.
        """
        try:
            content = json.loads(text[: MAX_CHARACTERS + 1])
            info = cls(**content)
            info.check()
        except (ValueError, TypeError, RecursionError) as error:
            raise ValueError(
                f"{path} does not say what it was trained on ({one_line(error, 200)}). Export it "
                "again with tools/export.py, or name its settings with --config."
            ) from error
        for name in info._names_of_classes():
            if not OWN_NAME.fullmatch(name):
                raise ValueError(
                    f"{path} names {name!r:.80}, which is not a part of this project, and is not "
                    "imported. If you trust the file, name its settings with --config."
                )
        return info

    def check(self) -> None:
        """Whether all values are of a kind that they can be.

        Raises:
            ValueError: one is not.
        """
        check_kinds(vars(self), KINDS, never_empty=KINDS)
        check_kinds(self.settings, SETTINGS_KINDS, "settings: ")
        for args in OF_ARGS:
            check_kinds(self.settings.get(args) or {}, ARGS_KINDS, f"{args}: ")
        check_kinds(self.dataset, MANIFEST_KINDS, "dataset: ")

    def _names_of_classes(self) -> list[str]:
        """All that would be imported."""
        settings, dataset = self.settings, self.dataset
        feeders = (settings.get(args) or {} for args in ("test_feeder_args", "train_feeder_args"))
        named = (
            settings.get("model"),
            settings.get("feeder"),
            self.model_args.get("graph"),
            *(feeder.get("graph") for feeder in feeders),
            dataset.get("skeleton"),
            (dataset.get("settings") or {}).get("skeleton"),
        )
        return [str(name) for name in named if name is not None]


def weights_file(text: str) -> Path:
    """Type of flags that take weights: a training's work dir stands for its best ones."""
    path = Path(at_home(text))
    best = path / "weights" / BEST_WEIGHTS
    return best if best.is_file() else path


def config_of_test(work_dir: Path) -> Path:
    """The settings of the test in a work dir, or where there was none of the training."""
    own = work_dir / "config-test.yaml"
    return own if own.is_file() else work_dir / "config.yaml"


def info_of(settings: Mapping[str, Any], work_dir: Path | None = None) -> NetworkInfo:
    """From settings as in config.yaml; data set and results as far as files tell them.

    The data set's dataset.json is looked for in the work dir, then beside the arrays; without one
    the arrays' folder tells a known data set, as data/ntu does.

    Raises:
        ValueError: a file is damaged.
    """
    dataset = _dataset_of(settings, work_dir)
    results: dict[str, Any] = {}
    if work_dir and (work_dir / SUMMARY).is_file():
        try:
            summary = json.loads((work_dir / SUMMARY).read_text(encoding="utf-8"))
            results = {k: summary[k] for k in ("best", "last", "test") if summary.get(k)}
        except (ValueError, AttributeError) as error:
            raise ValueError(f"{work_dir / SUMMARY} is damaged: {error}.") from error
    plain = {k: str(v) if isinstance(v, Path) else v for k, v in settings.items()}
    return NetworkInfo(plain, dataset, class_names(dataset), results)


def _dataset_of(settings: Mapping[str, Any], work_dir: Path | None) -> dict[str, Any]:
    if work_dir and (work_dir / NAME).is_file():
        return read_manifest(work_dir) or {}
    paths = [
        Path(str(settings[args]["data_path"]))
        for args in ("test_feeder_args", "train_feeder_args")
        if (settings.get(args) or {}).get("data_path")
    ]
    for path in paths:
        if path.exists() and (manifest := read_manifest(path)):
            return manifest
    name = next(filter(None, map(dataset_of_folder, paths)), None)
    return {"dataset": name} if name else {}
