"""Explain predictions of traits: importance of features and joints, and of moments of a clip.

Every clip is explained by the model that has not seen its recording.
"""
# Shapes: N clips, T frames, V joints, C channels, 5 traits, P parts (efforts), W windows.

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.data.folds import Fold
from engine.run_dir.summary import epochs_of
from engine.settings.parse import read_values
from engine.trained import load_network, settings_of
from formats.chunks import TRAITS, chunk_starts
from formats.exported import NetworkInfo, config_of_test, info_of
from tools.crossvalidating.baselines import fitted_on_folds, table_of
from tools.crossvalidating.rated import PARTS, RatedClips

WINDOW = 0.5  # seconds that are left out at a time
STEPS = 3  # windows that cover a frame
BATCH = 64  # chunks

Predict = Callable[[Sequence[np.ndarray]], np.ndarray]  # (T, V, C) each -> (N, 5)


class FeaturePart(NamedTuple):
    """Channels that belong together, such as those of an effort."""

    name: str
    channels: slice


class HeldOut(NamedTuple):
    """A model, and the indices of the clips that it was not trained on."""

    predict: Predict
    clips: np.ndarray


@dataclass(frozen=True)
class Explanation:
    """
    Args:
        parts: names of the features that were replaced.
        importance: (5, P, V) growth of the squared error when that of a joint is replaced by
            another clip's.
        error: (5,) the squared error without replacement.
        effect: by clip, (T, 5): by how much a frame and those around it raise the prediction.
        predicted: (N, 5).
    """

    parts: list[str]
    importance: np.ndarray
    error: np.ndarray
    effect: list[np.ndarray]
    predicted: np.ndarray


def parts_of(sets: Sequence[str]) -> list[FeaturePart]:
    """The parts of sets of features whose channels stand one after the other."""
    names = [(name, part) for name in sets for part in PARTS[name]]
    repeated = {part for _, part in names if [p for _, p in names].count(part) > 1}
    found, start = [], 0
    for name, part in names:
        width = 1 if name == "descriptors" else 3
        title = f"{part} ({name})" if part in repeated else part
        found.append(FeaturePart(title, slice(start, start + width)))
        start += width
    return found


def baseline_models(
    clips: RatedClips, method: str, sets: Sequence[str], folds: int, seed: int
) -> Iterator[HeldOut]:
    """A method of `METHODS` on each part."""
    x = table_of(clips.joined(sets))
    for fitted, held_out in fitted_on_folds(clips, x, method, folds, seed):

        def predict(clips: Sequence[np.ndarray], fitted: Callable = fitted) -> np.ndarray:
            return fitted(table_of(clips))

        yield HeldOut(predict, held_out)


def network_models(work_dir: Path, clips: RatedClips) -> Iterator[HeldOut]:
    """The networks of a work dir of main.py --folds.

    Raises:
        FileNotFoundError, ValueError: there are none, or they do not fit.
    """
    info = read_info(work_dir)
    settings = settings_of(info)
    size = int(clips.about["chunk_size"])
    for number in range(1, settings.run.folds + 1):
        folder = work_dir / f"fold-{number}"
        kind = "ema" if settings.recipe.ema_decay else "weights"
        found = sorted((folder / "weights").glob(f"{kind}-{epochs_of(folder)}-*.pt"))
        if not found:
            raise FileNotFoundError(f"{folder / 'weights'} has no weights of the last epoch.")
        network = load_network(settings, found[-1], ["cpu"])

        def predict(clips: Sequence[np.ndarray], network: Callable = network) -> np.ndarray:
            return _mean_over_chunks(network, [_chunks(clip, size) for clip in clips])

        yield HeldOut(predict, clips.split(Fold(number, settings.run.folds, settings.run.seed))[1])


def read_info(work_dir: Path) -> NetworkInfo:
    """Settings of a work dir of main.py --folds.

    Raises:
        FileNotFoundError, ValueError: it is not one.
    """
    if not (work_dir / "config.yaml").is_file():
        seeds = " Name one of its seeds." if list(work_dir.glob("seed-*")) else ""
        raise FileNotFoundError(f"{work_dir} has no config.yaml: no work dir of main.py.{seeds}")
    info = info_of(read_values(config_of_test(work_dir)), work_dir)
    if not info.settings.get("folds"):
        raise ValueError(f"{work_dir} was not trained with --folds. Train it so.")
    return info


def _mean_over_chunks(network: Callable, clips: Sequence[np.ndarray]) -> np.ndarray:
    """(chunks, C, T, V, 1) of each clip -> (N, 5), with full batches of chunks of one length."""
    outputs: list[np.ndarray] = [np.empty(0)] * len(clips)
    for length in {clip.shape[2] for clip in clips}:
        own = [i for i, clip in enumerate(clips) if clip.shape[2] == length]
        joined = np.concatenate([clips[i] for i in own])
        parts = np.split(joined, range(BATCH, len(joined), BATCH))
        scores = np.concatenate([network(part) for part in parts])
        ends = np.cumsum([len(clips[i]) for i in own])
        for i, of in zip(own, np.split(scores, ends[:-1]), strict=True):
            outputs[i] = of.mean(axis=0)
    return np.stack(outputs)


def _chunks(clip: np.ndarray, size: int) -> np.ndarray:
    """(T, V, C) -> (chunks, C, T, V, 1) float32; a clip shorter than a chunk is one by itself."""
    size = min(size, len(clip))
    chunks = np.stack([clip[start : start + size] for start in chunk_starts(len(clip), size)])
    return np.ascontiguousarray(chunks.transpose(0, 3, 1, 2)[..., None], np.float32)


def explained(
    clips: RatedClips,
    sets: Sequence[str],
    models: Sequence[HeldOut],
    progress: Callable[[int], None] = lambda steps: None,
) -> Explanation:
    """Permutation importance (Breiman, 2001) and occlusion in time, clip by clip.

    Args:
        progress: called with the number of steps done, out of `num_steps`.
    """
    features, parts = clips.joined(sets), parts_of(sets)
    joints = features[0].shape[1]
    growth = np.zeros((len(parts), joints, *clips.traits.shape))
    predicted = np.empty_like(clips.traits)
    effect: list[np.ndarray] = [np.empty(0)] * len(features)
    for model in models:
        own = [features[i] for i in model.clips]
        true = clips.traits[model.clips]
        predicted[model.clips] = model.predict(own)
        before = np.square(predicted[model.clips] - true)
        donors = [own[i] for i in np.roll(np.arange(len(own)), len(own) // 2)]
        for p, part in enumerate(parts):
            for v in range(joints):
                swapped = [_with(c, d, v, part.channels) for c, d in zip(own, donors, strict=True)]
                growth[p, v, model.clips] = np.square(model.predict(swapped) - true) - before
                progress(1)
        for i, clip in zip(model.clips, own, strict=True):
            effect[i] = occlusion(clip, predicted[i], model.predict, clips.rate)
            progress(1)
    return Explanation(
        parts=[part.name for part in parts],
        importance=growth.mean(axis=2).transpose(2, 0, 1),
        error=np.square(predicted - clips.traits).mean(axis=0),
        effect=effect,
        predicted=predicted,
    )


def num_steps(clips: RatedClips, sets: Sequence[str], folds: int) -> int:
    """Number of steps of `explained`."""
    return folds * len(parts_of(sets)) * len(clips.joint_names) + len(clips.names)


def _with(clip: np.ndarray, donor: np.ndarray, joint: int, channels: slice) -> np.ndarray:
    """A clip with some channels of a joint from another one, stretched to its length."""
    moments = np.linspace(0, len(donor) - 1, len(clip)).round().astype(int)
    swapped = clip.copy()
    swapped[:, joint, channels] = donor[moments, joint, channels]
    return swapped


def occlusion(clip: np.ndarray, whole: np.ndarray, predict: Predict, rate: float) -> np.ndarray:
    """(T, V, C), its prediction (5,) -> (T, 5): the prediction less that of the clip without the
    frames around each, mean over the windows that hold it.
    """
    frames = len(clip)
    size = max(1, min(round(WINDOW * rate), frames // 2))
    starts = np.unique(np.append(np.arange(0, frames - size, max(1, size // STEPS)), frames - size))
    without = [np.delete(clip, np.s_[start : start + size], axis=0) for start in starts]
    change = whole - predict(without)  # (W, 5)
    total, count = np.zeros((frames, len(TRAITS))), np.zeros((frames, 1))
    for start, difference in zip(starts, change, strict=True):
        total[start : start + size] += difference
        count[start : start + size] += 1
    return total / np.maximum(count, 1)
