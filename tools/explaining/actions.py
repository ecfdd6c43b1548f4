"""Importance of joints for the classes of a trained network: computed, drawn and written."""

import json
from pathlib import Path

from tqdm import tqdm

from engine.data.datasets import build_test_clips
from engine.trained import load_network, settings_of
from formats.exported import weights_file
from graph.named import skeleton_class
from tools.drawing.files import write_figure
from tools.explaining.action_pictures import figure_of
from tools.explaining.joints import chosen_clips, importance_of
from tools.predicting.networks import info_beside
from utils.files import atomic_write


def explain_actions(work_dir: Path, per_class: int, out: Path) -> list[str]:
    """Write importance.png and importance.json, for the best weights on the test clips.

    Returns the lines to print.

    Args:
        per_class: number of clips per class.

    Raises:
        FileNotFoundError, ValueError: weights or clips are missing or do not fit.
    """
    weights = weights_file(str(work_dir))
    if not weights.is_file():
        raise FileNotFoundError(f"{work_dir} has no weights/best.pt. Name a training's.")
    info = info_beside(weights, None)
    settings = settings_of(info)
    graph = str(info.model_args.get("graph"))
    skeleton = skeleton_class(graph)
    if not hasattr(skeleton, "joint_names"):
        raise ValueError(f"graph: {graph} does not name its joints.")
    clips = build_test_clips(settings.data, model_args=info.model_args)
    network = load_network(settings, weights)
    chosen, labels = chosen_clips(clips, per_class)
    with tqdm(total=chosen.shape[3], disable=None, unit=" joints") as bar:
        found = importance_of(network, chosen, labels, bar.update)
    known = dict(enumerate(info.classes))
    names = [known.get(number, f"class {number}") for number in found.classes.tolist()]
    joints = list(skeleton.joint_names)
    content = {
        "stream": clips.stream,
        "classes": names,
        "labels": found.classes.tolist(),
        "clips": found.counts.tolist(),
        "joints": joints,
        "probability": found.probability.round(6).tolist(),
        "fall": found.fall.round(6).tolist(),
    }
    out.mkdir(parents=True, exist_ok=True)
    title = f"{work_dir.name}, stream: {clips.stream}. In brackets: mean probability"
    write_figure(out / "importance.png", figure_of(found, names, skeleton, title))
    with atomic_write(out / "importance.json") as path:
        path.write_text(json.dumps(content, allow_nan=False) + "\n", encoding="utf-8")
    said = []
    for number, name in enumerate(names):
        parts = (f"{joints[v]} {100 * found.fall[number, v]:.0f}" for v in found.strongest(number))
        said.append(f"{name}: {100 * found.probability[number]:.0f} %, of which {', '.join(parts)}")
    return [*said, f"{out}/importance.png, importance.json"]
