"""Pictures of skeletons: drawn, distinct, with left and right on their sides."""

import matplotlib.image
import numpy as np
import pytest

from graph.named import shipped, skeleton_class
from tools import visualize
from utils.cli import run


@pytest.mark.parametrize("name", shipped())
def test_joints_have_places_of_their_own_and_sides(name):
    skeleton = skeleton_class(name)
    places = visualize.places_of(skeleton.joint_names, skeleton.bones)
    assert len(np.unique(places.round(4), axis=0)) == len(places)
    for joint, (x, _) in zip(skeleton.joint_names, places, strict=True):
        side = visualize.side_of(joint)
        assert np.sign(x) == {"left": 1, "right": -1, "": 0}[side], joint


def test_names_that_say_nothing_are_drawn_as_a_tree():
    bones = [(0, 0), (1, 0), (2, 0), (3, 1)]
    places = visualize.places_of(["a", "b", "c", "d"], bones)
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), [0, 1, 1, 2], atol=1e-9)


def test_a_picture_is_written(tmp_path):
    visualize.main(["--skeleton", "coco17", "smpl24", "--out", str(tmp_path / "a.png")])
    picture = matplotlib.image.imread(tmp_path / "a.png")
    assert picture.shape[1] > 400 and 0.005 < (picture[..., :3].min(axis=2) < 0.5).mean() < 0.3


def test_what_cannot_be_is_one_line(tmp_path, capsys):
    for argv, said in ((["--skeleton", "x", "--out", "a.png"], "no skeleton 'x'"),
                       (["--skeleton", "coco17", "--out", "a.gif"], "must end with")):  # fmt: skip
        with pytest.raises(SystemExit):
            run(lambda argv=argv: visualize.main(argv))
        assert said in capsys.readouterr().err
