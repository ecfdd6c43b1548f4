"""Importance of joints for each class: the drop in probability when a joint is replaced.

Permutation importance (Breiman, 2001), class by class.
"""
# Shapes: N clips, C channels, T frames, V joints, M persons, K classes, L classes with clips.

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.data.clips import Clips
from utils.metrics import softmax

BATCH = 32  # clips


@dataclass(frozen=True)
class JointImportance:
    """
    Args:
        classes: (L,) the classes that have clips.
        counts: (L,) number of clips of each.
        probability: (L,) of the true class, mean over its clips.
        fall: (L, V) drop of it when a joint is replaced by that of another clip.
    """

    classes: np.ndarray
    counts: np.ndarray
    probability: np.ndarray
    fall: np.ndarray

    def strongest(self, number: int, count: int = 3) -> np.ndarray:
        """The joints of a row with the largest drop."""
        return np.argsort(-self.fall[number], kind="stable")[:count]


def chosen_clips(clips: Clips, per_class: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, C, T, V, M) float32 and labels (N,): up to `per_class` clips of every class, in order of
    class, evenly spread over its clips.
    """
    labels = np.asarray(clips.label)
    chosen = []
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        places = np.linspace(0, len(own) - 1, min(per_class, len(own))).round().astype(int)
        chosen.append(own[places])
    numbers = np.concatenate(chosen)
    return np.stack([np.asarray(clips[i][0], np.float32) for i in numbers]), labels[numbers]


def importance_of(
    network: Callable[[np.ndarray], np.ndarray],
    clips: np.ndarray,
    labels: np.ndarray,
    progress: Callable[[int], None] = lambda joints: None,
) -> JointImportance:
    """The importance of each joint for the network's probability of the true class.

    Args:
        network: clips (N, C, T, V, M) -> scores (N, K) before the softmax.
        progress: called with the number of joints done.

    Raises:
        ValueError: there is only one class.
    """
    classes, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if len(classes) < 2:
        raise ValueError(f"joints are exchanged between classes, but all clips are of {classes}.")
    before = _true_probability(network, clips, labels)
    donors = _with_bodies(clips, clips[donors_of(place)])
    joints = clips.shape[3]
    fall = np.zeros((len(classes), joints))
    swapped = clips.copy()
    for joint in range(joints):
        swapped[:, :, :, joint] = donors[:, :, :, joint]
        lost = before - _true_probability(network, swapped, labels)
        swapped[:, :, :, joint] = clips[:, :, :, joint]
        fall[:, joint] = np.bincount(place, lost, len(classes)) / counts
        progress(1)
    return JointImportance(classes, counts, np.bincount(place, before) / counts, fall)


def donors_of(place: np.ndarray) -> np.ndarray:
    """For each clip the index of one of another class; the clips of a class use all other classes.

    Args:
        place: (N,) classes, from 0 without gaps.
    """
    members = [np.flatnonzero(place == label) for label in range(place.max() + 1)]
    donors = np.empty(len(place), int)
    for label, own in enumerate(members):
        for rank, number in enumerate(own):
            other = members[(label + 1 + rank % (len(members) - 1)) % len(members)]
            donors[number] = other[rank % len(other)]
    return donors


def _with_bodies(clips: np.ndarray, donors: np.ndarray) -> np.ndarray:
    """The donors, with bodies where the clips have bodies."""
    present, given = (x.any(axis=(1, 2, 3))[:, None, None, None] for x in (clips, donors))
    return np.where(present, np.where(given, donors, donors[..., :1]), 0)


def _true_probability(
    network: Callable[[np.ndarray], np.ndarray], clips: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """(N,) of the softmax."""
    parts = np.split(clips, range(BATCH, len(clips), BATCH))
    scores = np.concatenate([network(part) for part in parts])
    return softmax(scores)[np.arange(len(labels)), labels]
