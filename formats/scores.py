"""Scores of a whole data set on disk: sample name -> one score per class.

Published are pickles of a dict. A `.npz` of the same name, with the arrays `names` and `scores`, is
written beside it and preferred where it is as new.
"""

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from formats.arrays import npz_beside, read_npz, write_npz
from formats.pickles import load_pickle
from utils.files import atomic_write, regular_file


def score_file(folder: Path, epoch: int | str = 1, part: str = "test") -> Path:
    """The file of a run's scores; a test counts as epoch 1."""
    return folder / f"epoch{epoch}_{part}_score.pkl"


def find_test_scores(path: Path) -> Path:
    """A score file itself, or the one that a test or a training with --val-split left in a folder.

    Raises:
        FileNotFoundError: there is none.
        ValueError: there are several.
    """
    found = [path] if path.is_file() else sorted(path.glob(score_file(path, "*").name))
    if not found:
        raise FileNotFoundError(
            f"no scores {score_file(path)}. Make them with main.py --phase test --save-score yes."
        )
    if len(found) > 1:
        raise ValueError(
            f"{path} holds {len(found)} files of test scores ({found[0].name}, ...). Name the one "
            "that you mean."
        )
    return found[0]


def validation_scores_beside(test_scores: Path) -> Path:
    """The validation scores of the epoch that test scores are of, in the same folder.

    Raises:
        FileNotFoundError: there are none.
        ValueError: the test scores can be those of a later epoch.
    """
    path = test_scores.with_name(test_scores.name.replace("_test_", "_validation_"))
    if path == test_scores or not path.is_file():
        raise FileNotFoundError(
            f"no validation scores beside {test_scores}. Train with main.py --val-split 0.2 "
            "--save-score yes, which leaves both in its work dir."
        )
    others = list(path.parent.glob(score_file(path.parent, "*", "validation").name))
    if test_scores == score_file(path.parent) and len(others) > 1:
        raise ValueError(
            f"{test_scores} can be of a test, which counts as epoch 1, of the weights of another "
            f"epoch: {path.parent} holds validation scores of {len(others)} epochs. Let the "
            "training end, which tests its best epoch, and test into another folder."
        )
    return path


def save_scores(path: Path, names: Sequence[str], scores: np.ndarray) -> None:
    """Pickle {name: (classes,) float32}, as published, and write the same as .npz.

    Raises:
        ValueError: samples share a name, so that one would lose its scores.
    """
    if len(set(names)) < len(names):
        raise ValueError(f"samples of {path} share names: their scores would be lost. Rename them.")
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        pickle.dump(dict(zip(names, scores, strict=True)), file)
    write_npz(path.with_suffix(".npz"), names=np.array(names, dtype=np.str_), scores=scores)


def load_scores(path: Path) -> dict[str, np.ndarray]:
    """The scores of `save_scores` (.pkl or .npz) or of the published code, float64.

    Raises:
        FileNotFoundError: no such file.
        ValueError: something else is in it, or score vectors differ in length or are not finite.
    """
    if not path.exists():
        raise FileNotFoundError(
            f"no scores {path}. Make them with main.py --phase test --save-score yes."
        )
    npz = path if path.suffix == ".npz" else npz_beside(path)
    try:
        scores = _from_npz(npz) if npz else _from_pickle(regular_file(path))
    except (ValueError, TypeError) as error:
        what = "the arrays names and scores" if npz else "a pickled dict name -> scores"
        raise ValueError(f"{npz or path} must hold {what}: {error}.") from error
    shapes = {score.shape for score in scores.values()}
    if len(shapes) != 1 or len(shape := shapes.pop()) != 1 or not shape[0]:
        raise ValueError(f"{path} must hold one score vector per sample, all of one length.")
    if bad := [name for name, score in scores.items() if not np.isfinite(score).all()]:
        raise ValueError(f"{path}: the scores of {len(bad)} samples are not finite, e.g. {bad[0]}.")
    return scores


def _from_npz(path: Path) -> dict[str, np.ndarray]:
    arrays = read_npz(path, ("names", "scores"))
    names, scores = arrays["names"].tolist(), arrays["scores"]
    if scores.dtype.kind != "f" or len(set(names)) < len(names):
        raise ValueError("scores must be floats, and names unique")
    return dict(zip(names, scores.astype(np.float64), strict=True))


def _from_pickle(path: Path) -> dict[str, np.ndarray]:
    content = load_pickle(path)
    if not isinstance(content, dict):
        raise ValueError(f"it holds a {type(content).__name__}")
    return {_name(name): _vector(score) for name, score in content.items()}


def _name(name: object) -> str:
    return name.decode("latin1") if isinstance(name, bytes) else str(name)


def _vector(score: object) -> np.ndarray:
    vector = np.asarray(score)
    if vector.dtype.kind not in "fiu":
        raise ValueError(f"a score is {vector.dtype}")
    return vector.astype(np.float64)


def delete_scores(folder: Path, part: str = "*", but: Path | None = None) -> None:
    """Delete the scores of all epochs except one file."""
    for path in folder.glob(score_file(folder, "*", part).name):
        if path != but:
            path.unlink()
            path.with_suffix(".npz").unlink(missing_ok=True)
