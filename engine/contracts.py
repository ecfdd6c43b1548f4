"""What the engine expects of networks, data sets, tasks and precisions, as protocols.

A class need not import anything from here: it only has to have what its protocol lists. How to add
one of each is in docs/extending.md.
"""
# Shapes: N clips, C channels, T frames, V joints, M persons, K outputs.

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

# ---- networks: --model, an nn.Module built from --model-args ------------------------------------


class Network(Protocol):
    """Clips (N, C, T, V, M) float32 -> scores (N, K) before the softmax, or traits (N, 5).

    Of `model_args` the engine itself reads, if given: `num_class` (K), `num_point` (V),
    `num_person` (M), `in_channels` (C) and `graph` (the skeleton).
    """

    def __call__(self, clips: Tensor) -> Tensor: ...


@runtime_checkable
class KeepsConstants(Protocol):
    """A network that can cache what depends only on its weights, while these are fixed."""

    def fixed_weights(self, kept: dict | None = None) -> AbstractContextManager[None]:
        """A context within which weights do not change.

        Args:
            kept: the cache, to be reused by later contexts; None: one for this context only.
        """


@runtime_checkable
class Recordable(KeepsConstants, Protocol):
    """A network whose passes can be recorded as CUDA graphs: it never synchronises with the GPU."""

    def rows_needed(self, clips: Tensor) -> int:
        """How many of the N*M bodies of clips (N, C, T, V, M), on the host, must be computed."""

    def fixed_rows(self, count: int) -> AbstractContextManager[None]:
        """A context within which exactly `count` rows are computed, which must suffice."""


@runtime_checkable
class Renamed(Protocol):
    """A network whose released files partly use older parameter names."""

    def current_key(self, key: str) -> str:
        """The current name of an entry of a released state_dict."""


# ---- data sets: --feeder, built from --train-feeder-args and --test-feeder-args ----------------


class ClipDataset(Protocol):
    """Clips by their number. The protocols below are optional; `engine.data.clips.Clips` fills in
    what a data set leaves out.

    Attributes:
        sample_name: a name for each clip, unique.
        label: one per clip: a class (int, from 0), or an array of numbers to predict.
    """

    sample_name: Sequence[str]
    label: Sequence[Any]

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> tuple[np.ndarray, Any, int]:
        """The clip (C, T, V, M) float32, its label and `index`."""


@runtime_checkable
class FromFiles(Protocol):
    """A data set that knows the files of its clips and labels, for messages and the manifest."""

    data_path: Path
    label_path: Path
    split: str | None


@runtime_checkable
class Seeded(Protocol):
    """A data set whose random draws follow from seed, epoch and clip."""

    def set_epoch(self, seed: int, epoch: int) -> None:
        """Seed the draws of the next epoch, also in running workers; called between epochs."""


@runtime_checkable
class Repeated(Protocol):
    """A data set each clip of which is seen several times per epoch.

    Attributes:
        repeat: how often; with N clips, numbers i + N, i + 2N ... are clip i, drawn again.
    """

    repeat: int


@runtime_checkable
class Cropped(Protocol):
    """A data set that can give several crops of each clip (--num-clips)."""

    def set_crop(self, number: int, count: int) -> None:
        """Let each clip be the crop `number` of `count`.

        Raises:
            ValueError: the crops would all be the same.
        """


@runtime_checkable
class Derived(Protocol):
    """A data set that derives its stream from joints and the bones of a skeleton.

    Attributes:
        resulting_stream: joint, bone, joint_motion or bone_motion.
    """

    resulting_stream: str

    def use_skeleton(self, name: str) -> None:
        """The network's skeleton (`model_args: graph`), for a data set that was given none.

        Raises:
            ValueError: the data set needs bones or mirror pairs, and its own skeleton has others.
        """


@runtime_checkable
class KnowsSubjects(Protocol):
    """A data set that knows who was recorded: one subject per clip, or None."""

    subjects: Sequence[str] | None


@runtime_checkable
class Grouped(Protocol):
    """A data set that knows which clips belong together: one group per clip, for --folds."""

    groups: Sequence[str]


@runtime_checkable
class KnowsClasses(Protocol):
    """A data set that knows the names of its classes, in the order of labels; may be empty."""

    class_names: Sequence[str]


@runtime_checkable
class KnowsTraits(Protocol):
    """A data set of participants' traits.

    Attributes:
        training_mean: (5,) mean traits of the training participants, None where unknown.
    """

    training_mean: np.ndarray | None

    def efforts(self) -> dict[str, Any]:
        """`participant` and `curves`, {effort: (T,)}, of one chunk to be drawn; may be empty."""


# ---- tasks: --task -----------------------------------------------------------------------------


class Task(Protocol):
    """What a network's outputs mean: the loss, the metrics, the best epoch and the result files.

    Attributes:
        metric: name of the metric by which epochs are compared.
        higher_is_better: whether the best epoch has the highest one.
    """

    metric: str
    higher_is_better: bool

    def check(self, model_args: Mapping[str, Any], clips: Any) -> None:
        """Check labels against the network; here and below, `clips` are `engine.data.clips.Clips`.

        Raises:
            ValueError: they do not fit.
        """

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Outputs (N, K), labels (N, ...) -> mean loss ()."""

    def batch_metric(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """The metric of a training batch, ()."""

    def evaluate(self, outputs: np.ndarray, clips: Any) -> dict[str, float]:
        """Outputs (N, K) of all clips -> metrics by name."""

    def describe(self, metrics: Mapping[str, float]) -> str:
        """Metrics as part of a log line."""

    def pictures(self, outputs: np.ndarray, clips: Any) -> dict[str, np.ndarray]:
        """Images (H, W, 3) uint8 by name, for TensorBoard."""

    def write(self, work_dir: Path, outputs: np.ndarray, clips: Any) -> None:
        """The result files of a test."""


# ---- precisions --------------------------------------------------------------------------------


class Precision(Protocol):
    """How a network computes, from the cast of its weights to the step of its optimiser.

    Order of use: `cast` the network with its weights loaded, build the optimiser over `parameters`,
    `attach` both, and only then spread the network over devices.

    Attributes:
        keeps_gradients: whether gradients stay in the parameters that the network computes with.
    """

    keeps_gradients: bool

    def cast(self, model: nn.Module) -> nn.Module:
        """Cast the weights, in place."""

    def parameters(self, model: nn.Module) -> list[nn.Parameter]:
        """What the optimiser moves."""

    def attach(
        self, model: nn.Module, optimizer: torch.optim.Optimizer | None
    ) -> tuple[nn.Module, torch.optim.Optimizer | None]:
        """Model and optimiser, prepared for training."""

    def inputs(self, clips: Tensor) -> Tensor:
        """Clips in the dtype that the network reads."""

    def autocast(self) -> AbstractContextManager:
        """Around the forward pass."""

    def backward(self, loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
        """Gradients of the loss, perhaps scaled."""

    def gradient_norm(self, optimizer: torch.optim.Optimizer, max_norm: float) -> Tensor:
        """Unscale the gradients, clip them to `max_norm` (0: not at all); their norm () before."""

    def skips_by_itself(self, optimizer: torch.optim.Optimizer) -> bool:
        """Whether `step` itself skips the update if gradients are not finite."""

    def step(self, optimizer: torch.optim.Optimizer, norm: Tensor) -> None:
        """One step of the optimiser; `norm` is that of all gradients, ()."""

    def overflow_is_normal(self) -> bool:
        """Whether a non-finite gradient only means that the loss scale was too large."""

    def full_weights(self, model: nn.Module) -> dict[str, Tensor]:
        """The state_dict in float32, with all digits that training has."""

    def load_full_weights(self, state: dict[str, Tensor]) -> None:
        """The reverse of `full_weights`."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The reverse of `state_dict`."""
