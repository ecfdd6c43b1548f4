"""Recorded clips -> outputs of one or several networks."""
# Shapes: N clips, C channels, T frames, V joints, M persons, K outputs.

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from data_gen.raw_formats import RawFormat
from feeders.transform import ClipTransform, transform_of
from formats.manifest import has_score
from tools.predicting.networks import Opened
from tools.predicting.spans import Span

FEEDER, TRAIT_FEEDER = "feeders.feeder.Feeder", "feeders.traits.TraitFeeder"


class Predictor:
    """Networks for the clips of one data set, whose outputs are fused.

    Args:
        networks: at least one.
        alpha: one weight per network.
        raw: the format of raw clips, which prepares them as the arrays.
        batch_size: clips per forward pass.

    Raises:
        ValueError: the networks do not belong together.
    """

    def __init__(
        self,
        networks: Sequence[Opened],
        alpha: Sequence[float],
        raw: RawFormat,
        batch_size: int,
    ) -> None:
        self.networks, self.alpha, self.raw, self.batch_size = networks, alpha, raw, batch_size
        self._prepare = [preparation_of(opened) for opened in networks]
        self._crops = [int(opened.info.settings.get("num_clips", 1)) for opened in networks]

    def __call__(
        self, spans: Iterable[Span], is_due: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[Span, np.ndarray]]:
        """Yield each span with its outputs (K,), in order, batch by batch.

        Args:
            is_due: whether to compute an incomplete batch now.

        Raises:
            ValueError: a clip is bad, or an output not finite.
        """
        waiting: list[tuple[Span, np.ndarray]] = []
        for span in spans:
            waiting.append((span, self.raw.array(span.sample)))
            if len(waiting) == self.batch_size or is_due():
                yield from self._outputs(waiting)
                waiting = []
        if waiting:
            yield from self._outputs(waiting)

    def _outputs(
        self, items: Sequence[tuple[Span, np.ndarray]]
    ) -> Iterator[tuple[Span, np.ndarray]]:
        total = None
        for opened, prepare, alpha, crops in zip(
            self.networks, self._prepare, self.alpha, self._crops, strict=True
        ):
            parts = [
                self._outputs_of(opened, [prepare(clip, (number, crops)) for _, clip in items])
                for number in range(crops)
            ]
            scores = parts[0] if crops == 1 else sum(parts) / crops
            if total is not None and scores.shape != total.shape:
                raise ValueError(
                    f"{opened.path} has {scores.shape[1]} outputs, {self.networks[0].path} "
                    f"{total.shape[1]}. Fuse networks of one data set."
                )
            weighted = scores if len(self.networks) == 1 else alpha * scores
            total = weighted if total is None else total + weighted
        total = total if len(self.networks) == 1 else total / sum(self.alpha)
        if not np.isfinite(total).all():
            raise ValueError("the outputs are not finite. Check the clips and the weights for NaN.")
        yield from zip((span for span, _ in items), total, strict=True)

    def _outputs_of(self, opened: Opened, clips: Sequence[np.ndarray]) -> np.ndarray:
        """Clips (C, T, V, M), perhaps of different lengths -> (N, K), in their order."""
        outputs: list[np.ndarray | None] = [None] * len(clips)
        for shape in sorted({clip.shape for clip in clips}):
            rows = [i for i, clip in enumerate(clips) if clip.shape == shape]
            for i, output in zip(
                rows, opened.network(np.stack([clips[i] for i in rows])), strict=True
            ):
                outputs[i] = output
        return np.stack(outputs)


def of_recordings(
    answers: Iterable[tuple[Span, np.ndarray]],
) -> Iterator[tuple[Span, np.ndarray]]:
    """The mean over the chunks of each recording, of which the first begins with frame 0."""
    parts: list[tuple[Span, np.ndarray]] = []
    for answer in answers:
        if parts and answer[0].start == 0:
            yield _mean_of(parts)
            parts = []
        parts.append(answer)
    if parts:
        yield _mean_of(parts)


def _mean_of(parts: Sequence[tuple[Span, np.ndarray]]) -> tuple[Span, np.ndarray]:
    span, outputs = parts[0]
    if len(parts) > 1:
        outputs = np.mean([each for _, each in parts], axis=0, dtype=np.float64)
    return span._replace(whole=True), outputs


def preparation_of(opened: Opened) -> Callable[[np.ndarray, tuple[int, int]], np.ndarray]:
    """The function that turns a clip of the arrays (C, T, V, M) into a network's input, for a crop.

    Raises:
        ValueError: the network was trained with an unknown feeder.
    """
    feeder = opened.info.settings.get("feeder", FEEDER)
    if feeder == TRAIT_FEEDER:
        start = 0 if opened.info.feeder_args.get("positions", True) else 3
        return lambda clip, crop: clip[start:]
    if feeder != FEEDER:
        raise ValueError(
            f"{opened.path} was trained with clips of {feeder}. Only those of {FEEDER} and "
            f"{TRAIT_FEEDER} can be made of raw files."
        )
    joints = int(opened.info.model_args.get("num_point") or 0)
    info, scored = opened.info, has_score(opened.info.dataset)
    transform: ClipTransform = transform_of(info.feeder_args, info.skeleton, joints, scored)
    return lambda clip, crop: transform(clip, np.random.default_rng((0, 0, 0, crop[0])), crop)
