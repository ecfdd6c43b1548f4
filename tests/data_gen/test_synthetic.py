"""The synthetic data set: its format, its determinism, and whether its people move like people."""
# Shapes: M persons, T frames, V joints (25).

import h5py
import numpy as np
import pytest

from data_gen import synthetic
from data_gen.people.conversation import Temperament, talk
from data_gen.people.kinect import place_camera, view
from data_gen.people.kinematics import JOINT, rotation
from data_gen.people.performance import ACTIONS
from data_gen.readers.udiva import (
    find_metadata,
    find_recordings,
    read_frames,
    read_sessions,
    read_traits,
)
from graph import udiva
from graph.ntu_rgb_d import AdjMatrixGraph
from utils.cli import run

SMALL = ["--subjects", "2", "--repetitions", "1", "--cameras", "2", "--num-worker", "1"]


def write(folder, *flags):
    synthetic.main([*SMALL, "--out-folder", str(folder), *flags])
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.skeleton"))}


def parse(text):
    """The frames of a file: lists of (body id, (V, 12)). Fails where the counts disagree."""
    lines = iter(text.splitlines())
    frames = []
    for _ in range(int(next(lines))):
        bodies = []
        for _ in range(int(next(lines))):
            body = next(lines).split()
            assert len(body) == 10
            assert int(next(lines)) == 25
            bodies.append((body[0], np.array([next(lines).split() for _ in range(25)], float)))
        frames.append(bodies)
    assert next(lines, None) is None
    return frames


@pytest.fixture(scope="module")
def scenes():
    """{(subject, repetition, action): joints (M, T, V, 3)} without a sensor."""
    todo = synthetic.performances(8, 2, list(ACTIONS))
    return {(p.subject, p.repetition, p.action): synthetic.scene(p, 0) for p in todo}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write(tmp_path_factory.mktemp("all"))


def test_files_parse_and_hold_plausible_values(files):
    assert len(files) == 2 * 2 * 12
    for name, content in files.items():
        frames = parse(content.decode("ascii"))
        assert 30 <= len(frames) <= 120
        persons = ACTIONS[int(name[17:20])].persons
        assert np.median([len(bodies) for bodies in frames]) >= persons
        for bodies in frames:
            for body_id, joints in bodies:
                assert len(body_id) == 17
                x, y, z = joints[:, :3].T
                assert np.abs(x).max() < 2.5 and np.abs(y).max() < 2.5
                assert z.min() > 1.0 and z.max() < 5.5
                assert set(joints[:, 11]) <= {1.0, 2.0}
                length = np.linalg.norm(joints[:, 7:11], axis=1)
                assert np.all((length < 1e-3) | (np.abs(length - 1) < 1e-3))


def test_same_seed_same_bytes_and_another_seed_other_bytes(tmp_path):
    flags = ("--actions", "23", "58")
    first, again = write(tmp_path / "a", *flags), write(tmp_path / "b", *flags)
    other = write(tmp_path / "c", *flags, "--seed", "1")
    assert first == again
    assert first.keys() == other.keys()
    assert all(first[name] != other[name] for name in first)


def test_a_subset_equals_its_part_of_the_full_set(files, tmp_path):
    part = write(tmp_path, "--actions", "24", "8", "--subjects", "1", "--cameras", "1")
    assert sorted(part) == ["S001C001P001R001A008.skeleton", "S001C001P001R001A024.skeleton"]
    assert all(files[name] == content for name, content in part.items())


def test_worker_processes_write_the_same_bytes(tmp_path):
    flags = ("--subjects", "33", "--cameras", "1", "--actions", "35", "38")
    alone = write(tmp_path / "a", *flags)
    assert write(tmp_path / "b", *flags, "--num-worker", "2") == alone


def test_bones_keep_their_lengths_and_differ_between_subjects(scenes):
    child, parent = np.array(AdjMatrixGraph.edges).T
    heights = {}
    for (subject, _, _), bodies in scenes.items():
        lengths = np.linalg.norm(bodies[:, :, child] - bodies[:, :, parent], axis=-1)
        assert np.ptp(lengths, axis=1).max() < 1e-9
        heights.setdefault(subject, lengths[0, 0])
        np.testing.assert_allclose(lengths[0, 0], heights[subject])
    everyone = np.array(list(heights.values()))
    assert np.ptp(everyone.sum(1)) > 0.2
    assert len(np.unique(everyone[:, 0].round(6))) == len(everyone)


def test_all_cameras_see_the_same_motion(scenes):
    for bodies in (scenes[1, 1, 27], scenes[2, 2, 52]):
        points = bodies.reshape(-1, 3)
        seen = [
            view(points, place_camera(number, np.random.default_rng(number)))
            for number in (1, 2, 3)
        ]
        for other in seen[1:]:
            turn, shift = rigid_fit(seen[0], other)
            np.testing.assert_allclose(seen[0] @ turn + shift, other, atol=1e-9)
            assert np.linalg.det(turn) == pytest.approx(1.0)
            assert np.degrees(np.arccos((np.trace(turn) - 1) / 2)) == pytest.approx(45, abs=15)


def rigid_fit(source, target):
    """The affine map that takes source to target, which must come out orthogonal."""
    augmented = np.concatenate([source, np.ones((len(source), 1))], 1)
    solution = np.linalg.lstsq(augmented, target, rcond=None)[0]
    turn, shift = solution[:3], solution[3]
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-8)
    return turn, shift


def test_people_stand_on_the_floor_upright_with_knees_bent_forward(scenes):
    for (_, _, action), bodies in scenes.items():
        feet = bodies[:, :, [JOINT["left_foot"], JOINT["right_foot"]], 1]
        assert feet.min() > -0.08
        if action != 27:  # a jump leaves the floor
            assert feet.min(2).max() < 0.1
        assert (bodies[:, :, JOINT["head"], 1] > bodies[:, :, JOINT["spine_base"], 1]).all()
        hips = bodies[:, :, JOINT["left_hip"]] - bodies[:, :, JOINT["right_hip"]]
        ahead = np.cross(hips, (0.0, 1.0, 0.0))
        for side in ("left", "right"):
            hip, knee, ankle = (
                bodies[:, :, JOINT[f"{side}_{part}"]] for part in ("hip", "knee", "ankle")
            )
            assert (((knee - 0.5 * (hip + ankle)) * ahead).sum(-1) > -0.005).all()


def test_hands_meet_where_the_action_says_so(scenes):
    def gap(first, second):
        return np.linalg.norm(first - second, axis=-1).min()

    for (_, _, action), bodies in scenes.items():
        hands = {side: bodies[:, :, JOINT[f"{side}_hand"]] for side in ("left", "right")}
        if action == 10:
            assert gap(hands["left"][0], hands["right"][0]) < 0.12
        if action == 58:
            assert gap(hands["right"][0], hands["right"][1]) < 0.12
        if action == 1:
            drinking = [gap(hand[0], bodies[0, :, JOINT["head"]]) for hand in hands.values()]
            assert min(drinking) < 0.3


def motion_features(bodies):
    """(M, T, V, 3) -> a vector: mean, range and net change of the joints around the spine, the
    first body turned to face z; left and right hands exchangeable.
    """
    body = bodies[0] - bodies[0, :, [JOINT["spine_mid"]]].transpose(1, 0, 2)
    across = body[0, JOINT["left_shoulder"]] - body[0, JOINT["right_shoulder"]]
    body = body @ rotation(np.array([0.0, np.arctan2(-across[2], across[0]), 0.0]))
    arms = body[:, [JOINT["left_wrist"], JOINT["right_wrist"]]]
    arms = arms[:, np.argsort(np.ptp(arms, axis=0).sum(-1))]
    legs = body[:, [JOINT["head"], JOINT["left_knee"], JOINT["right_knee"]]]
    joints = np.concatenate([np.abs(arms[..., :1]), arms[..., 1:]], -1), legs
    joints = np.concatenate([part.reshape(len(body), -1) for part in joints], 1)
    return np.concatenate([joints.mean(0), np.ptp(joints, axis=0), joints[-1] - joints[0]])


def test_actions_differ_between_subjects_who_share_nothing(scenes):
    keys = list(scenes)
    features = np.array([motion_features(scenes[key]) for key in keys])
    features = (features - features.mean(0)) / features.std(0)
    subjects, actions = np.array(keys)[:, 0], np.array(keys)[:, 2]
    known = subjects <= 5
    classes = sorted(ACTIONS)
    centroids = np.array([features[known & (actions == a)].mean(0) for a in classes])
    distance = np.linalg.norm(features[~known, None] - centroids, axis=-1)
    accuracy = (np.array(classes)[distance.argmin(1)] == actions[~known]).mean()
    assert accuracy > 0.6  # chance is 0.08


def test_some_clips_have_lost_frames_and_a_third_body():
    num_bodies = []
    for subject in range(1, 41):
        performance = synthetic.Performance(subject, 1, 58)
        text = synthetic.record(synthetic.scene(performance, 0), performance, 1, 0)
        num_bodies.append([len(bodies) for bodies in parse(text)])
    third, lost = ([n in frames for frames in num_bodies] for n in (3, 0))
    assert 1 <= sum(third) <= 15
    assert 1 <= sum(lost) <= 12
    assert sum(set(frames) == {2} for frames in num_bodies) > 20


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--actions", "8", "7"], "--actions must be among 1, 8, "),
        (["--subjects", "0"], "--subjects must be from 1 to 999. Got 0."),
        (["--cameras", "4"], "--cameras must be from 1 to 3. Got 4."),
        (["--repetitions", "-1"], "--repetitions must be from 1"),
        (["--seed", "-1"], "--seed must be from 0"),
        (["--clips", "0"], "--clips must be from 1 to 1000000. Got 0."),
    ],
)
def test_bad_flags_are_named_before_anything_is_written(flags, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        synthetic.main(["--out-folder", str(tmp_path / "none"), *flags])
    assert not (tmp_path / "none").exists()


def test_recordings_are_never_overwritten(tmp_path):
    recording = tmp_path / "S001C001P001R001A008.skeleton"
    recording.write_text("0\n")
    with pytest.raises(ValueError, match="holds clips that this command did not write"):
        synthetic.main([*SMALL, "--out-folder", str(tmp_path)])
    assert recording.read_text() == "0\n"


@pytest.mark.parametrize(
    ("clips", "subjects", "repetitions"),
    [(1, 10, 2), (720, 10, 2), (721, 11, 2), (3000, 42, 2), (100_000, 999, 3)],
)
def test_clips_raise_the_subjects_and_then_the_repetitions(clips, subjects, repetitions):
    args = synthetic.make_parser().parse_args([])
    synthetic.raise_to(clips, args)
    assert (args.subjects, args.repetitions) == (subjects, repetitions)
    assert subjects * repetitions * 3 * 12 >= clips


def test_at_least_as_many_clips_are_written_as_asked_for(tmp_path):
    flags = "--clips 5 --actions 10 --cameras 1 --subjects 1 --repetitions 1 --num-worker 1"
    synthetic.main([*flags.split(), "--out-folder", str(tmp_path)])
    assert len(list(tmp_path.glob("*.skeleton"))) == 5


# ---- UDIVA -------------------------------------------------------------------------------------


def write_udiva(folder, *flags):
    argv = ["--dataset", "udiva", "--subjects", "8", "--frames", "60", "--num-worker", "1", *flags]
    synthetic.main([*argv, "--out-folder", str(folder)])
    return {str(p.relative_to(folder)): p for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("udiva")
    write_udiva(folder)
    return folder


def test_sessions_are_in_udivas_layout(sessions):
    """As its own reader finds them: all recordings are there, participants differ by split."""
    seen = []
    for split in ("train", "val", "test"):
        table, people = find_metadata(sessions, split)
        traits, absent = read_traits(people)
        pairs = read_sessions(table)
        assert not absent and {who for pair in pairs.values() for who in pair} == set(traits)
        seen.append(set(traits))
        recordings = find_recordings(sessions, split, pairs, "TAGL")
        assert len(recordings) == 8 * len(pairs)
        frames = list(read_frames(recordings[0].folder))
        bodies = np.stack([frame.body for frame in frames if frame.fault is None])
        assert len(frames) == 60 and len(bodies) > 30
        for child, parent in udiva.AdjMatrixGraph.edges:
            lengths = np.linalg.norm(bodies[:, child] - bodies[:, parent], axis=-1)
            assert lengths.min() > 0.02 and lengths.max() < 0.6
    assert not seen[0] & seen[1] and not seen[0] & seen[2] and not seen[1] & seen[2]


def test_the_same_seed_gives_the_same_sessions(sessions, tmp_path):
    again = write_udiva(tmp_path / "again")
    path = "train/annotations/000001/FC2_G/annotations_raw.hdf5"
    with h5py.File(again[path]) as one, h5py.File(sessions / path) as other:
        assert sorted(one) == sorted(other)
        np.testing.assert_array_equal(one["00005/body/landmarks"], other["00005/body/landmarks"])
    table = "train/metadata/parts_train.csv"
    assert again[table].read_bytes() == (sessions / table).read_bytes()
    other_seed = write_udiva(tmp_path / "other", "--seed", "1")
    assert again[table].read_bytes() != other_seed[table].read_bytes()


def moved(**habits):
    """Two minutes of somebody with these habits, the others average: (T, 24, 3)."""
    average = dict.fromkeys(("speed", "amplitude", "smoothness", "directness", "nodding"), 0.0)
    rngs = np.random.default_rng(0), np.random.default_rng(1)
    return talk(3000, Temperament(**{**average, **habits}), *rngs)


@pytest.mark.parametrize("habit", ["speed", "amplitude", "smoothness", "directness", "nodding"])
def test_habits_show_in_movement(habit):
    hand, head, pelvis = 22, 15, 0
    low, high = moved(**{habit: -1.5}), moved(**{habit: 1.5})

    def steps(x, order=1):
        return np.linalg.norm(np.diff(x[:, hand] - x[:, pelvis], order, axis=0), axis=-1).mean()

    shown = {
        "speed": lambda x: steps(x),
        "amplitude": lambda x: (x[:, hand] - x[:, pelvis]).std(),
        "smoothness": lambda x: -steps(x, 3),
        "directness": lambda x: -steps(x),  # an arc is longer
        "nodding": lambda x: np.abs(np.diff(x[:, head, 1])).mean(),
    }[habit]
    assert shown(high) > shown(low)


def test_udiva_needs_two_participants_a_split_and_spares_recordings(tmp_path, capsys):
    for folder, subjects, message in ((tmp_path / "a", "7", "must be 8 or more"),
                                      (tmp_path / "b", "8", "did not write")):  # fmt: skip
        if subjects == "8":
            (folder / "train/metadata").mkdir(parents=True)
            (folder / "train/metadata/sessions_train.csv").write_text("ID")
        with pytest.raises(SystemExit) as exit_:
            run(
                lambda folder=folder, subjects=subjects: write_udiva(folder, "--subjects", subjects)
            )
        assert exit_.value.code == 1 and message in capsys.readouterr().err
