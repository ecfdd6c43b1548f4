"""What weights were trained on, stored with them, so that tests can warn of a mismatch."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from engine.data.clips import Clips
from engine.run_dir.torch_files import SAFETENSORS, read
from formats.exported import KEY, NetworkInfo
from formats.manifest import read_manifest
from formats.safetensors_header import metadata_of

ATTRIBUTE = "about"  # of the OrderedDict in the file; torch and the published code pass it over
WORDS = {
    "stream": "the stream",
    "skeleton": "the skeleton",
    "dataset": "the data set",
    "classes": "the names of the classes",
}

logger = logging.getLogger(__name__)


def about_clips(clips: Clips, model_args: Mapping[str, Any]) -> dict[str, Any]:
    """Stream, skeleton, data set and class names, as far as they are known; plain values."""
    manifest = read_manifest(clips.data_path) if clips.data_path else None
    known = {
        "stream": clips.stream,
        "skeleton": model_args.get("graph"),
        "dataset": (manifest or {}).get("dataset"),
        "classes": list(clips.class_names),
    }
    return {name: value for name, value in known.items() if value}


def about_weights(path: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """What weights were trained on, by their own record or their work dir's config.yaml; {} if
    unknown.
    """
    about = getattr(content, ATTRIBUTE, None)
    if isinstance(about, Mapping):
        return {name: value for name, value in about.items() if name in WORDS}
    if path.suffix == SAFETENSORS and (text := metadata_of(path).get(KEY)):
        info = NetworkInfo.from_text(text, path)
        known = {
            "stream": info.stream,
            "skeleton": info.skeleton,
            "dataset": info.dataset.get("dataset"),
            "classes": info.classes,
        }
        return {name: value for name, value in known.items() if value}
    config = path.resolve().parent.parent / "config.yaml"
    try:
        settings = yaml.safe_load(config.read_text(encoding="utf-8"))
        feeder, model = settings["train_feeder_args"], settings["model_args"]
        known = {"stream": feeder.get("stream"), "skeleton": model.get("graph")}
    except (OSError, yaml.YAMLError, UnicodeDecodeError, LookupError, TypeError, AttributeError):
        return {}
    return {name: value for name, value in known.items() if isinstance(value, str)}


def compare_with_training(weights: Path, tested: Mapping[str, Any]) -> None:
    """Warn where the clips of a test are not of the kind that its weights were trained on.

    Args:
        tested: of the clips, as `about_clips` gives it.
    """
    trained = about_weights(weights, read(weights))
    for name, words in WORDS.items():
        before, now = trained.get(name), tested.get(name)
        if before and now and before != now:
            shown = f" ({before}, now {now})" if isinstance(before, str) else ""
            logger.warning(
                "%s was trained with other clips: %s differs%s. The scores mean little.",
                weights,
                words,
                shown,
            )
