"""Pictures, animations and pages of clips and skeletons: what they show, not only their files."""

import base64
import gzip
import zipfile

import browser
import matplotlib.image
import numpy as np
import pytest
import trained_run
import yaml
from golden_arrays import ASSETS
from one_error import error_of
from PIL import Image

from data_gen import ntu_gendata, synthetic
from graph.named import shipped, skeleton_class
from tools import visualize
from tools.drawing import canvas, chosen, limbs, player, skeletons
from tools.drawing.drawable import Choice, without_replay
from tools.drawing.shown import shown_clip
from tools.drawing.sources import drawables

NTU_ARGS = {"num_class": 60, "num_point": 25, "num_person": 2, "num_gcn_scales": 2,
            "num_g3d_scales": 2, "graph": "ntu_rgb_d", "width": 6}  # fmt: skip


@pytest.fixture(scope="module")
def ntu(tmp_path_factory):
    """Five synthetic clips of NTU RGB+D, raw and as arrays; one of two persons."""
    root = tmp_path_factory.mktemp("ntu")
    synthetic.main(["--out-folder", str(root / "all"), "--subjects", "1"])
    (root / "raw").mkdir()
    for action in ("A001", "A008", "A023", "A027", "A052"):
        path = next(iter(sorted((root / "all").glob(f"*{action}.skeleton"))))
        path.rename(root / "raw" / path.name)
    argv = f"--data_path {root / 'raw'} --out_folder {root / 'ntu'} --benchmark xsub --part train"
    ntu_gendata.main([*argv.split(), "--keep-incomplete", "--num-worker", "0"])
    return root


def draw(*argv: object) -> None:
    visualize.main([str(word) for word in argv])


def failing(capsys, *argv: object) -> str:
    return error_of(lambda: draw(*argv), capsys)


# ---- skeletons -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped())
def test_joints_have_places_of_their_own_and_sides(name):
    skeleton = skeleton_class(name)
    places = skeletons.places_of(skeleton.joint_names, skeleton.bones)
    assert len(np.unique(places.round(4), axis=0)) == len(places)
    for joint, (x, _) in zip(skeleton.joint_names, places, strict=True):
        side = skeletons.side_of(joint)
        is_finger = name.startswith("hand") and "_" in joint
        assert is_finger or np.sign(x) == {"left": 1, "right": -1, "": 0}[side], joint


def test_names_that_say_nothing_are_drawn_as_a_tree():
    bones = [(0, 0), (1, 0), (2, 0), (3, 1)]
    places = skeletons.places_of(["a", "b", "c", "d"], bones)
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), [0, 1, 1, 2], atol=1e-9)


def test_a_picture_of_skeletons_is_written(tmp_path):
    draw("--skeleton", "coco17", "smpl24", "--out", tmp_path / "a.png")
    picture = matplotlib.image.imread(tmp_path / "a.png")
    assert picture.shape[1] > 400 and 0.005 < (picture[..., :3].min(axis=2) < 0.5).mean() < 0.3


@pytest.mark.parametrize("name", shipped())
def test_arms_and_legs_are_told_by_their_names(name):
    for joint in skeleton_class(name).joint_names:
        limb = limbs.limb_of(joint)
        for side in ("left", "right"):
            if f"{side}_elbow" in joint or f"{side}_hand" in joint:
                assert limb == f"{side} arm"
            if f"{side}_knee" in joint or f"{side}_heel" in joint or f"{side}_foot" in joint:
                assert limb == f"{side} leg"
        if joint in ("head", "nose", "neck", "left_ear", "spine", "spine_middle", "palm"):
            assert limb == "trunk"
        if name.startswith("hand") and "_" in joint:
            assert limb == joint.split("_")[0] and limb in limbs.FINGERS


# ---- what is drawn -------------------------------------------------------------------------------


def upright(clip) -> None:
    """The head is above the feet, and the right hand at the viewer's left of the left one."""
    middle = np.nanmean(clip.joints[0], axis=0)  # (V, 3)
    joint = dict(zip(clip.names, middle, strict=True))
    head = joint["head"] if "head" in joint else joint["nose"]
    feet = [joint[name][1] for name in joint if name.endswith(("_ankle", "_foot"))]
    assert head[1] > max(feet)
    assert joint["right_shoulder"][0] < joint["left_shoulder"][0]


def test_raw_clips_and_arrays_stand_upright_and_face_us(ntu):
    raw = [*drawables([str(ntu / "raw")], Choice(limit=9))]
    arrays = [*drawables([str(ntu / "ntu/xsub/train_data_joint.npy")], Choice(limit=9))]
    assert [each.name for each in raw] == [each.name for each in arrays]
    facing = [each for each in (*raw, *arrays) if "A052" not in each.name]  # two push each other
    for each in facing:
        upright(shown_clip("", each.clip, each.skeleton, each.up, centre=each.centre))


def test_kinetics_stands_upright():
    path = next(iter(sorted((ASSETS / "kinetics_raw/kinetics_val").glob("*.json"))))
    (each,) = drawables([str(path)], Choice())
    clip = shown_clip("", each.clip, each.skeleton, each.up, has_score=each.has_score)
    assert clip.flat and each.skeleton == "openpose_coco"
    joints = np.nanmean(clip.joints[0], axis=0)
    assert joints[0, 1] > np.nanmin(joints[:, 1])


def test_the_joint_that_normalisation_puts_at_0_is_drawn(ntu):
    (each,) = drawables([str(ntu / "ntu/xsub/train_data_joint.npy")], Choice(pick=("0",)))
    clip = shown_clip("", each.clip, each.skeleton, each.up, centre=each.centre)
    assert np.isfinite(clip.joints[0]).all()
    assert not np.isfinite(shown_clip("", each.clip, each.skeleton, each.up).joints[0]).all()


def test_replays_that_fill_arrays_are_left_out(ntu):
    raw = {e.name: e for e in drawables([str(ntu / "raw")], Choice(limit=9))}
    for each in drawables([str(ntu / "ntu/xsub/train_data_joint.npy")], Choice(limit=9)):
        assert each.clip.shape[1] == raw[each.name].clip.shape[1]
    clip = np.arange(12, dtype=float).reshape(1, 4, 3, 1)
    assert without_replay(np.concatenate([clip, clip, clip[:, :2]], axis=1)).shape[1] == 4
    assert without_replay(clip).shape[1] == 4


def test_a_store_an_archive_and_picks(ntu, tmp_path):
    ntu_gendata.main(
        [*f"--data_path {ntu / 'raw'} --out_folder {tmp_path / 'ntu'} --benchmark xsub".split(),
         "--part", "train", "--keep-incomplete", "--num-worker", "0", "--format", "compact"]
    )  # fmt: skip
    dense = [*drawables([str(ntu / "ntu/xsub/train_data_joint.npy")], Choice(pick=("1", "3")))]
    store = [*drawables([str(tmp_path / "ntu")], Choice(pick=(dense[0].name, "3")))]
    for one, other in zip(dense, store, strict=True):
        assert one.name == other.name and one.label == other.label
        assert np.array_equal(one.clip, other.clip)
    with zipfile.ZipFile(tmp_path / "clips.zip", "w") as archive:
        for path in sorted((ntu / "raw").iterdir()):
            archive.write(path, f"nturgb+d_skeletons/{path.name}")
    archived = drawables([str(tmp_path / "clips.zip")], Choice(format="ntu", pick=("1",)))
    assert [each.name for each in archived] == [dense[0].name]


def test_a_pick_is_of_any_source_and_an_error_where_none_has_it(ntu):
    one, other = sorted((ntu / "raw").iterdir())[:2]
    sources = [str(one), str(other), str(ntu / "ntu/xsub/train_data_joint.npy")]
    found = [each.name for each in drawables(sources, Choice(pick=(other.name,)))]
    assert found == [other.name, other.name]  # of the file and of the array
    with pytest.raises(ValueError, match="--pick nobody 99: no clip"):
        list(drawables(sources, Choice(pick=("nobody", other.name, "99"))))


def test_a_plain_file_needs_its_skeleton_only(tmp_path):
    clip = np.random.default_rng(0).normal(size=(2, 5, 17, 3))
    np.savez(tmp_path / "two.npz", joints=clip)
    (each,) = drawables([str(tmp_path / "two.npz")], Choice(skeleton="coco17"))
    assert each.clip.shape == (2, 5, 17, 3)


# ---- files ---------------------------------------------------------------------------------------


def ink(picture: np.ndarray) -> float:
    """The share of coloured pixels."""
    picture = picture[..., :3].astype(int)
    return float((picture.max(axis=2) - picture.min(axis=2) > 60).mean())


def test_a_gif_moves_at_its_true_speed(ntu, tmp_path):
    (clip,) = drawables([str(ntu / "raw")], Choice(pick=("2",)))
    draw(ntu / "raw", "--pick", "2", "--out", tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as gif:
        frames, times = [], []
        for number in range(gif.n_frames):
            gif.seek(number)
            frames.append(np.asarray(gif.convert("RGB")))
            times.append(gif.info["duration"])
    assert len(frames) == clip.clip.shape[1]
    assert sum(times) == pytest.approx(1000 * len(frames) / 30, abs=10)
    assert all(0.002 < ink(frame) < 0.2 for frame in frames)
    assert (frames[0] != frames[len(frames) // 2]).any() and (frames[0][0, 0] == 255).all()


def test_a_video_has_all_frames(ntu, tmp_path):
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    (clip,) = drawables([str(ntu / "raw")], Choice(pick=("2",)))
    draw(ntu / "raw", "--pick", "2", "--out", tmp_path / "a.mp4")
    count, seconds = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "a.mp4"))
    assert count == clip.clip.shape[1] and seconds == pytest.approx(count / 30, abs=0.05)


def test_a_sheet_has_a_row_a_clip(ntu, tmp_path):
    draw(ntu / "raw", "--pick", "0", "4", "--out", tmp_path / "a.png")
    rows = np.array_split(matplotlib.image.imread(tmp_path / "a.png") * 255, 2)
    assert all(0.005 < ink(row) < 0.2 for row in rows)


@pytest.mark.parametrize("lines", [1, 2, 3])
@pytest.mark.parametrize("rows", [1, 4])
def test_titles_are_in_the_picture_and_over_no_panel(lines, rows):
    title = "\n".join(["Agj clip"] * lines)
    clip = shown_clip(title, np.random.default_rng(0).normal(size=(1, 3, 17, 3)), "coco17", "y")
    figure = canvas.contact_sheet([clip] * rows, moments=2)
    figure.canvas.draw()
    titles = [axes._left_title.get_window_extent() for axes in figure.axes[::2]]
    panels = [axes.get_window_extent() for axes in figure.axes[::2]]
    assert all(
        one.y1 < figure.bbox.y1 and one.y0 >= p.y1 for one, p in zip(titles, panels, strict=True)
    )
    assert all(one.y1 <= above.y0 for one, above in zip(titles[1:], panels[:-1], strict=True))


def test_motion_is_drawn_over_the_joints(ntu, tmp_path):
    pictures = []
    for name, more in (("a.png", ()), ("b.png", ("--stream", "joint_motion"))):
        draw(ntu / "raw", "--pick", "2", "--out", tmp_path / name, *more)
        pictures.append(matplotlib.image.imread(tmp_path / name))
    assert 0 < (pictures[0] != pictures[1]).any(axis=2).mean() < 0.1


def test_raw_beside_array(ntu, tmp_path):
    args = visualize.make_parser().parse_args(
        [str(ntu / "raw"), "--pick", "0", "--compare", "raw,array", "--out", "a.png"]
    )
    raw, array = chosen.chosen_clips(args)
    assert "as recorded" in raw.title and "in the arrays" in array.title
    assert np.isfinite(array.joints[0]).all() and raw.joints.shape == array.joints.shape
    centre = array.names.index("spine_mid")
    assert not array.joints[0, :, centre].any() and raw.joints[0, :, centre].any()


def test_eight_draws_of_the_augmentation(ntu, tmp_path):
    config = tmp_path / "train.yaml"
    config.write_text(yaml.safe_dump({"train_feeder_args": {"random_rotation": [30]}}))
    argv = [str(ntu / "raw"), "--pick", "0", "--augment", "--config", str(config), "--out", "a.png"]
    clips = chosen.chosen_clips(visualize.make_parser().parse_args(argv))
    assert [clip.title for clip in clips[1:]] == [f"draw {i}" for i in range(1, 9)]
    assert len({clip.joints.tobytes() for clip in clips}) == 9


def test_predictions_and_the_surest_mistakes(ntu, tmp_path):
    where = {
        "data_path": str(ntu / "ntu/xsub/train_data_joint.npy"),
        "label_path": str(ntu / "ntu/xsub/train_label.pkl"),
    }
    weights = trained_run.make(
        tmp_path / "run", {"model_args": NTU_ARGS, "test_feeder_args": {**where, "stream": "bone"}}
    )
    scores = trained_run.test_scores(weights)
    work_dir = tmp_path / "run_eval"
    parse = visualize.make_parser().parse_args
    clips = chosen.chosen_clips(parse(["--predictions", str(work_dir), "--out", "a.html"]))
    label = {e.name: e.label for e in drawables([where["data_path"]], Choice(limit=9))}
    for clip in clips:
        name, said = clip.title.split("\n")
        chance = np.exp(scores[name]) / np.exp(scores[name]).sum()
        assert said.startswith(f"true: {label[name]} ")
        assert f"predicted: {scores[name].argmax()} " in said
        assert said.endswith(f" {chance.max():.2f}")
    wrong = [n for n in scores if scores[n].argmax() != label[n]]
    argv = ["--predictions", str(work_dir), "--wrong", "2", "--out", "a.html"]
    surest = [clip.title.split("\n")[0] for clip in chosen.chosen_clips(parse(argv))]
    chances = {n: float(1 / np.exp(scores[n] - scores[n].max()).sum()) for n in wrong}
    assert surest == sorted(wrong, key=lambda n: -chances[n])[:2]


# ---- the page ------------------------------------------------------------------------------------


def test_packed_numbers_come_back(tmp_path):
    places = np.random.default_rng(0).uniform(-1.2, 1.2, size=(2, 7, 4, 3))
    places[1, 2:4, 1] = np.nan
    steps = np.frombuffer(
        gzip.decompress(base64.b64decode(player.packed_numbers(places))), "<i2"
    ).reshape(2, 4, 3, 7)
    with np.errstate(over="ignore"):
        found = np.cumsum(steps, axis=3, dtype=np.int16).transpose(0, 3, 1, 2)
    assert ((found == player.UNSEEN) == np.isnan(places)).all()
    seen = np.isfinite(places)
    np.testing.assert_allclose(found[seen] / player.STEPS, places[seen], atol=0.51 / player.STEPS)


def test_fifty_clips_are_below_3_mb(tmp_path):
    rng = np.random.default_rng(0)
    clips = []
    for number in range(50):
        walk = rng.normal(0, 0.01, size=(2, 100, 25, 3)).cumsum(axis=1) + rng.normal(size=(25, 3))
        clips.append(shown_clip(f"clip {number}", walk, "ntu_rgb_d", "y"))
    player.write_page(tmp_path / "a.html", clips, "fifty")
    assert (tmp_path / "a.html").stat().st_size < 3_000_000


def test_a_name_cannot_end_the_script(tmp_path):
    clip = shown_clip("</script><b>&", np.ones((1, 3, 17, 3)), "coco17", "-y")
    player.write_page(tmp_path / "a.html", [clip], "<i>")
    text = (tmp_path / "a.html").read_text()
    assert text.count("</script>") == 1 and "<title>&lt;i&gt;</title>" in text


def test_the_player_plays_turns_and_names_joints(ntu, tmp_path):
    page_at = tmp_path / "clips.html"
    draw(ntu / "raw", "--pick", "0", "4", "--out", page_at)
    with browser.opened(page_at) as page:
        page.wait_for_selector("body[data-ready]")
        assert page.locator("figure").count() == 2
        picture = "document.querySelectorAll('canvas')[1].toDataURL()"
        page.wait_for_function("document.getElementById('scrub').value > 3")  # it plays
        page.click("#play")
        still = page.evaluate(picture)
        page.keyboard.press("ArrowRight")
        assert page.evaluate(picture) != still
        page.evaluate("goTo(10)")
        # Pixels of the canvas against the clip's own numbers: the head of the first person.
        (clip, _) = chosen.chosen_clips(visualize.checked(visualize.make_parser().parse_args(
            [str(ntu / "raw"), "--pick", "0", "4", "--out", "a.html"])))  # fmt: skip
        middle, half = clip.box()
        head = clip.names.index("head")
        point = (clip.joints[0, 10, head] - middle) / half
        x, y, _ = canvas.turned(point, canvas.AZIMUTH, canvas.ELEVATION)
        box = page.locator("canvas").first.bounding_box()
        page.mouse.move(
            box["x"] + box["width"] * (0.5 + x / 2.3), box["y"] + box["height"] * (0.5 - y / 2.3)
        )
        assert page.locator("#tip").inner_text() == f"{head} head"
        before = page.evaluate(picture)
        page.mouse.down()
        page.mouse.move(box["x"] + 20, box["y"] + 20)
        page.mouse.up()
        assert page.evaluate(picture) != before  # both turn together
        page.click("#reset")
        assert page.evaluate(picture) == before
        page.check("#trails")
        assert page.evaluate(picture) != before


# ---- what cannot be ------------------------------------------------------------------------------


def test_what_cannot_be_is_one_line(ntu, tmp_path, capsys):
    raw, out = ntu / "raw", tmp_path / "a.gif"
    cut = tmp_path / "val_data_joint.npy"
    cut.write_bytes((ntu / "ntu/xsub/train_data_joint.npy").read_bytes()[:-1])
    for argv, said in (
        (["--skeleton", "x", "--out", "a.png"], "no skeleton 'x'"),
        (["--skeleton", "coco17", "--out", "a.gif"], "must end with"),
        ([raw, "--out", tmp_path / "a.bmp"], "must end with"),
        (["--out", out], "name clips"),
        ([tmp_path / "none", "--out", out], f"no file {tmp_path / 'none'}"),
        ([tmp_path / "none.skeleton", "--out", out], f"no file {tmp_path / 'none.skeleton'}"),
        ([tmp_path / "*.skeleton", "--out", out], "missing"),
        ([tmp_path, "--out", out], "unknown format"),
        ([raw, "--pick", "0", "77", "--out", out], "--pick 77: no clip"),
        ([raw, "--augment", "--out", out], "--config"),
        ([raw, "--compare", "a,b", "--out", out], "raw,array"),
        ([raw, "--wrong", "3", "--out", out], "--predictions"),
        (["--predictions", tmp_path, "--out", out], str(tmp_path)),
        ([ntu / "ntu/xsub/train_data_joint.npy", "--pick", "x", "--out", out], "--pick x"),
        ([cut, "--out", out], f"{cut}: it is not an .npy file: it has"),
    ):
        message = failing(capsys, *argv)
        assert said in message, argv
    assert not list(tmp_path.glob("a.*"))
