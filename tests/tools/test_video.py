"""Videos -> skeletons -> predictions and data to train on."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import trained_run
import yaml
from one_error import error_of

from data_gen import custom_gendata
from data_gen.raw_formats import Custom, Kinetics, Ntu, raw_format
from formats.labels import load_labels
from formats.manifest import read_manifest
from graph.named import skeleton_class
from tools import extract, predict
from tools.video import estimators, frames
from tools.video.estimators import Poses, RTMLib, estimator
from tools.video.frames import Video, open_video
from tools.video.skeletons import (
    METRES,
    PIXELS,
    SCORED_METRES,
    as_dataset,
    coordinates_for,
    in_dataset,
    skeletons_of,
)

NAMES = skeleton_class("mediapipe33").joint_names


class Standing:
    """An estimator that sees a person whose left is at the viewer's right, from the second on."""

    skeleton, has_world = "mediapipe33", True

    def __init__(self):
        self.count = 0

    def __call__(self, picture, seconds):
        self.count += 1
        if self.count == 1:
            return Poses(np.zeros((0, 33, 3)), np.zeros((0, 33, 3)))
        world = np.zeros((1, 33, 3))
        world[0, :, 1] = np.linspace(-0.9, 0.9, 33)  # y down: the nose is first
        world[0, :, 0] = [0.2 if "left" in name else -0.2 for name in NAMES]
        image = np.concatenate([100 + 100 * world[..., :2], np.full((1, 33, 1), 0.8)], axis=-1)
        return Poses(image, world)


def video(count: int) -> Video:
    picture = np.zeros((200, 200, 3), np.uint8)
    return Video("a.mp4", 200, 200, 25.0, count, (picture for _ in range(count)))


def test_a_kinect_sees_the_person_upright_and_mirrored():
    sample = as_dataset(skeletons_of(video(4), Standing(), METRES), Ntu())
    names = skeleton_class("ntu_rgb_d").joint_names
    assert sample.clip.shape == (1, 4, 25, 3) and not sample.clip[0, 0].any()
    joints = dict(zip(names, sample.clip[0, 1], strict=True))
    assert joints["head"][1] > joints["spine_base"][1] > joints["left_foot"][1]
    assert joints["right_hand"][0] > joints["left_hand"][0]  # as in the data set's own files


def test_kinetics_has_shares_of_the_image_and_scores():
    sample = as_dataset(skeletons_of(video(4), Standing(), PIXELS), Kinetics())
    joints = dict(zip(skeleton_class("openpose_coco").joint_names, sample.clip[0, 1], strict=True))
    x, y, score = joints["left_shoulder"]
    expected = -0.9 + 1.8 * NAMES.index("left_shoulder") / 32
    assert (x, y, score) == pytest.approx((0.1, -expected / 2, 0.8))


def test_metres_need_an_estimator_that_knows_them():
    flat = SimpleNamespace(skeleton="coco17", has_world=False)
    with pytest.raises(ValueError, match="knows pixels only"):
        skeletons_of(video(2), flat, METRES)


def test_nobody_in_a_video_is_said():
    def nobody(picture, seconds):
        return Poses(np.zeros((0, 33, 3)), np.zeros((0, 33, 3)))

    nobody.skeleton, nobody.has_world = "mediapipe33", True
    with pytest.raises(ValueError, match="nobody is seen in 3 frames"):
        skeletons_of(video(3), nobody, METRES)


@pytest.mark.parametrize("name", [*estimators.ESTIMATORS])
def test_a_missing_package_is_one_line(name, monkeypatch):
    for package in ("mediapipe", "rtmlib"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ValueError, match="requires its package"):
        estimator(name, None)


def test_releases_without_models_ask_for_a_file(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "mediapipe", SimpleNamespace())
    with pytest.raises(ValueError, match="--pose-model"):
        estimator("mediapipe", None)


def test_tasks_of_later_releases(monkeypatch, tmp_path):
    """MediaPipe 1.x as its documentation has it: a landmarker from a file, times in ms."""
    asked = []

    class Landmarker:
        @staticmethod
        def create_from_options(options):
            asked.append(options)
            return Landmarker()

        def detect_for_video(self, image, milliseconds):
            asked.append(milliseconds)
            point = SimpleNamespace(x=0.5, y=0.25, z=0.0, visibility=0.9)
            person = [point] * 33
            return SimpleNamespace(pose_landmarks=[person] * 2, pose_world_landmarks=[person] * 2)

    def record(**options):
        return SimpleNamespace(**options)

    vision = SimpleNamespace(
        PoseLandmarkerOptions=record, PoseLandmarker=Landmarker,
        RunningMode=SimpleNamespace(VIDEO="video"),
    )  # fmt: skip
    package = SimpleNamespace(
        tasks=SimpleNamespace(vision=vision, BaseOptions=record),
        Image=record, ImageFormat=SimpleNamespace(SRGB="srgb"),
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "mediapipe", package)
    (tmp_path / "pose.task").write_bytes(b"model")
    poses = estimator("mediapipe", tmp_path / "pose.task")(np.zeros((100, 200, 3), np.uint8), 0.5)
    assert asked[0].base_options.model_asset_path == str(tmp_path / "pose.task")
    assert asked[1] == 500
    assert poses.image.shape == poses.world.shape == (2, 33, 3)
    assert poses.image[0, 0].tolist() == [100, 25, 0.9]


def test_rtmlib_keeps_the_persons_it_is_surest_of(monkeypatch):
    class Body:
        def __init__(self, **options):
            pass

        def __call__(self, picture):
            places = np.arange(3)[:, None, None] * np.ones((3, 17, 2))
            return places, np.array([0.1, 0.9, 0.5])[:, None] * np.ones((3, 17))

    monkeypatch.setitem(sys.modules, "rtmlib", SimpleNamespace(Body=Body))
    poses = RTMLib()(np.zeros((10, 10, 3), np.uint8), 0.0)
    assert poses.image[:, 0].tolist() == [[1, 1, 0.9], [2, 2, 0.5]]


def failing(capsys, command, *argv):
    return error_of(lambda: command.main([str(word) for word in argv]), capsys, may_warn=True)


@pytest.mark.filterwarnings("ignore")  # imageio-ffmpeg leaves the pipes of a failed ffmpeg open
def test_what_is_no_video_is_one_line(tmp_path, capsys):
    pytest.importorskip("imageio_ffmpeg", reason="pip install -r requirements-video.txt")
    (tmp_path / "a.mp4").write_bytes(b"no video" * 100)
    with pytest.raises(ValueError, match="is not a video that ffmpeg reads"):
        open_video(str(tmp_path / "a.mp4"))
    with pytest.raises(FileNotFoundError, match="no video"):
        open_video(str(tmp_path / "none.mp4"))
    if sys.platform == "linux":
        with pytest.raises(FileNotFoundError, match="no camera 99"):
            open_video("99")


@pytest.fixture
def short_video(tmp_path):
    """Ten pictures."""
    writer = pytest.importorskip("imageio_ffmpeg", reason="pip install -r requirements-video.txt")
    path = tmp_path / "short.mp4"
    video = writer.write_frames(str(path), (64, 48), fps=10)
    video.send(None)
    for number in range(10):
        video.send(np.full((48, 64, 3), 20 * number, np.uint8))
    video.close()
    return path


@pytest.mark.filterwarnings("ignore")  # as above, or of its process
@pytest.mark.parametrize("name", ["take:1.mp4", "-x.mp4", "50%d.mp4", "a|b.mp4"])
def test_a_video_may_have_any_name(short_video, name, monkeypatch):
    if sys.platform == "win32":
        pytest.skip("which allows none of them")
    short_video.rename(short_video.with_name(name))
    monkeypatch.chdir(short_video.parent)
    found = open_video(name)
    assert (found.width, found.height, found.rate) == (64, 48, 10.0)
    assert len(list(found.frames)) == 10


@pytest.mark.filterwarnings("ignore")  # as above
@pytest.mark.parametrize(
    "script",
    [
        "ffconcat version 1.0\nfile short.mp4\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nshort.mp4\n#EXT-X-ENDLIST\n",
    ],
)
def test_a_file_that_names_others_is_no_video(short_video, script):
    path = short_video.with_name("list.mp4")
    path.write_text(script)
    with pytest.raises(ValueError, match="is not a video that ffmpeg reads"):
        open_video(str(path))


def test_without_ffmpeg_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ValueError, match="imageio-ffmpeg"):
        frames.open_video("a.mp4")


@pytest.fixture(scope="module")
def astronaut(tmp_path_factory):
    """A video of a picture that moves to the right: a person from the hips up."""
    writer = pytest.importorskip("imageio_ffmpeg", reason="pip install -r requirements-video.txt")
    pytest.importorskip("mediapipe", reason="requirements-video.txt says how to install it")
    data = pytest.importorskip("skimage.data")
    path = tmp_path_factory.mktemp("video") / "wave_01.mp4"
    video = writer.write_frames(str(path), (512, 512), fps=25, macro_block_size=16)
    video.send(None)
    for t in range(16):
        video.send(np.ascontiguousarray(np.roll(data.astronaut(), 2 * t, axis=1)))
    video.close()
    return path


@pytest.mark.filterwarnings("ignore")  # mediapipe's own
def test_a_person_is_found_predicted_and_becomes_data(astronaut, tmp_path, capsys):
    model = {"num_class": 60, "num_point": 25, "num_person": 2, "num_gcn_scales": 2,
             "num_g3d_scales": 2, "graph": "ntu_rgb_d", "width": 6}  # fmt: skip
    args = {"data_path": "data/ntu/xsub/val_data_joint.npy"}
    weights = trained_run.make(tmp_path / "run", {"model_args": model, "test_feeder_args": args})
    saved = tmp_path / "seen.npz"
    argv = ["--video", str(astronaut), "--weights", str(weights), "--save-skeletons", str(saved)]
    predict.main(argv)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("wave_01.mp4: ")
    with np.load(saved) as seen:
        joints = seen["joints"]
    assert joints.shape[1:] == (16, 33, 3) and joints.any(axis=(0, 2, 3)).all()
    nose, hip = (joints[0, -1, NAMES.index(name)] for name in ("nose", "left_hip"))
    assert 0.3 < hip[1] - nose[1] < 1.2  # metres, y down

    extract.main([str(astronaut), "--out", str(tmp_path / "raw"), "--coordinates", "pixels"])
    with np.load(tmp_path / "raw/wave_01.npz") as seen:
        noses = seen["joints"][0, :, NAMES.index("nose")]
    assert noses[-1, 0] - noses[0, 0] == pytest.approx(30, abs=6)  # 15 frames of 2 pixels
    (tmp_path / "raw/clap_01.npz").write_bytes((tmp_path / "raw/wave_01.npz").read_bytes())
    settings = tmp_path / "raw/skeletons.yaml"
    content = yaml.safe_load(settings.read_text())
    assert content["reader"]["score"] == "keep"
    content["split"] = {"fraction": 0.5, "by": "clip"}
    settings.write_text(yaml.safe_dump(content))
    out = ["--out-folder", str(tmp_path / "own"), "--config-folder", str(tmp_path / "config")]
    custom_gendata.main(["--config", str(settings), *out])
    shapes = [np.load(tmp_path / f"own/{part}_data_joint.npy").shape for part in ("train", "val")]
    assert [shape[1] for shape in shapes] == [3, 3] and all(shape[3] == 33 for shape in shapes)


def custom(channels: int, **reader) -> Custom:
    """The format of recordings, as their manifest tells it."""
    settings = {
        "name": "own", "files": "*.npz", "skeleton": "mediapipe33", "label": {"folder": 1},
        "split": {"fraction": 0.5}, "normalise": "none", "frames": {"max": 300},
        "reader": reader if "format" in reader else {"format": "npz", "axes": "MTVC", **reader},
    }  # fmt: skip
    return raw_format(
        {
            "dataset": "own",
            "settings": settings,
            "clip_shape": [channels, 300, 33, 1],
            "has_score": reader.get("score") == "keep",
        }
    )


@pytest.mark.parametrize("coordinates", [PIXELS, METRES])
def test_a_video_is_predicted_as_its_extracted_file_is(tmp_path, monkeypatch, coordinates):
    """Videos of any size and rate: the YAML file that extract writes knows where they are told."""
    sizes = {"wide_1.mp4": (400, 200), "tall_1.mp4": (200, 400)}

    def opened(name: str) -> Video:
        width, height = sizes[name]
        return video(5)._replace(name=name, width=width, height=height)

    monkeypatch.setattr(extract, "open_video", opened)
    monkeypatch.setattr(extract, "estimator", lambda *args: Standing())
    extract.main([*sizes, "--out", str(tmp_path / "raw"), "--coordinates", coordinates])
    path = tmp_path / "raw" / "skeletons.yaml"
    told = yaml.safe_load(path.read_text()) | {"normalise": "none", "persons": 1}
    path.write_text(yaml.safe_dump(told | {"split": {"fraction": 0.5, "by": "clip"}}))
    out = ["--out-folder", str(tmp_path / "own"), "--config-folder", str(tmp_path / "config")]
    custom_gendata.main(["--config", str(path), *out])
    raw = raw_format(read_manifest(tmp_path / "own"))
    assert coordinates_for(raw) == coordinates
    for part in ("train", "val"):
        (name,), _ = load_labels(tmp_path / f"own/{part}_label.pkl")
        (array,) = np.load(tmp_path / f"own/{part}_data_joint.npy")
        seen = skeletons_of(opened(name.replace(".npz", ".mp4")), Standing(), coordinates)
        sample = as_dataset(seen, raw)
        assert sample.rate == 25
        np.testing.assert_allclose(raw.array(sample), array, atol=1e-6)
        if coordinates == PIXELS:
            width, height = seen.size
            x, y, score = array[:, 1, 0, 0]  # the nose: in pixels at (80, 10)
            expected = (80 - width / 2) / width, (10 - height / 2) / width, 0.8
            assert (x, y, score) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("up", "expected"), [("-y", (0.2, -0.9, 0.3)), ("y", (-0.2, 0.9, 0.3)), ("z", (0.2, 0.3, 0.9))]
)
def test_metres_are_turned_to_the_axis_that_points_up(up, expected):
    raw = custom(4, score="keep")
    raw.up = up
    clip = np.zeros((1, 2, 33, 4))
    clip[0, 1] = 0.2, -0.9, 0.3, 0.8
    turned = in_dataset(clip, "mediapipe33", (200, 200), raw)
    assert tuple(turned[0, 1, 0]) == (*expected, 0.8) and not turned[0, 0].any()


@pytest.mark.parametrize(
    ("channels", "reader", "coordinates"),
    [
        (3, {}, METRES),
        (4, {"score": "keep"}, SCORED_METRES),
        (3, {"score": "keep"}, PIXELS),
        (2, {}, PIXELS),
        (2, {"format": "pyskl"}, PIXELS),
        (3, {"format": "pyskl"}, METRES),
        (2, {"image": ["width", "height"]}, PIXELS),
    ],
)
def test_a_video_gives_the_channels_of_the_network(channels, reader, coordinates):
    raw = custom(channels, **reader)
    assert coordinates_for(raw) == coordinates
    sample = as_dataset(skeletons_of(video(4), Standing(), coordinates), raw)
    assert raw.array(sample).shape == (channels, 300, 33, 1)
    assert sample.has_score == ("score" in reader)


def test_depth_in_an_image_is_not_known_from_a_video():
    raw = custom(4, format="mediapipe", image=[400, 200], score="keep")
    with pytest.raises(ValueError, match="a depth in the image, which --video does not estimate"):
        coordinates_for(raw)


def test_extract_resumes(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.npz").write_bytes(b"")
    extract.main([str(tmp_path / "a.mp4"), "--out", str(tmp_path / "out")])
    assert "exists already" in capsys.readouterr().out
    message = failing(capsys, extract, "x/a.mp4", "x/a.avi", "--out", tmp_path)
    assert "two videos of a folder have the same name" in message


def test_extract_keeps_the_folders_of_videos_of_one_name(tmp_path, monkeypatch):
    monkeypatch.setattr(extract, "open_video", lambda name: video(3))
    monkeypatch.setattr(extract, "estimator", lambda *args: Standing())
    extract.main(["x/wave/1.mp4", "x/clap/1.mp4", "--out", str(tmp_path)])
    made = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.npz"))
    assert made == ["clap/1.npz", "wave/1.npz"]
    proposed = yaml.safe_load((tmp_path / "skeletons.yaml").read_text())
    assert (proposed["files"], proposed["label"]) == ("**/*.npz", {"folder": 1})
