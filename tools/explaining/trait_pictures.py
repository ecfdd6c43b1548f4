"""A picture for each trait: which efforts of which joints matter, and when in a clip."""
# Shapes: N clips, T frames, V joints, P parts, 5 traits.

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from formats.chunks import TRAITS
from tools.explaining.features import Explanation
from utils.figures import names_as_written

TITLES = {
    "O": "Openness",
    "C": "Conscientiousness",
    "E": "Extraversion",
    "A": "Agreeableness",
    "N": "Neuroticism",
}
MOMENTS = 20  # of a clip, whatever its length


@names_as_written()
def figure_of(explanation: Explanation, trait: str, joints: Sequence[str]) -> Figure:
    """Efforts and joints as a map, and below it the effect of moments, over all clips."""
    index = list(TRAITS).index(trait)
    shares = explanation.importance[index] / explanation.error[index]  # (P, V)
    rows = len(explanation.parts)
    figure = Figure((11, 2.6 + 0.42 * rows), dpi=110, layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=(0.5 + 0.42 * rows, 1.3))
    reach = max(float(np.abs(shares).max()), 1e-6)
    image = upper.imshow(100 * shares, cmap="RdBu_r", vmin=-100 * reach, vmax=100 * reach,
                         aspect="auto")  # fmt: skip
    upper.set_xticks(range(len(joints)), joints, rotation=60, ha="right", fontsize=8)
    upper.set_yticks(range(rows), explanation.parts, fontsize=9)
    upper.set_title(f"{TITLES[trait]}: growth of the squared error when replaced by another clip's")
    figure.colorbar(image, ax=upper, label="% of the error", fraction=0.03, pad=0.01)
    over_time = _over_time(explanation, index)
    lower.plot(np.linspace(0, 100, MOMENTS), over_time, color="#2f7ed8")
    lower.set(xlim=(0, 100), ylim=(0, 1.2 * over_time.max() or 1), xlabel="moment of a clip, %")
    lower.set_ylabel("effect on the\nprediction", fontsize=8)
    lower.spines[["top", "right"]].set_visible(False)
    return figure


def _over_time(explanation: Explanation, index: int) -> np.ndarray:
    """The size of the effect at `MOMENTS` of a clip, mean over clips."""
    moments = np.linspace(0, 1, MOMENTS)
    curves = [
        np.interp(moments, np.linspace(0, 1, len(effect)), np.abs(effect[:, index]))
        for effect in explanation.effect
    ]
    return np.mean(curves, axis=0)


def strongest(explanation: Explanation, joints: Sequence[str], count: int = 3) -> dict[str, list]:
    """By trait, the most important features: (part, joint, % of the error)."""
    found = {}
    for index, trait in enumerate(TRAITS):
        shares = explanation.importance[index] / explanation.error[index]
        order = np.argsort(-shares, axis=None)[:count]
        places = zip(*np.unravel_index(order, shares.shape), strict=True)
        found[trait] = [
            (explanation.parts[p], joints[v], float(100 * shares[p, v])) for p, v in places
        ]
    return found
