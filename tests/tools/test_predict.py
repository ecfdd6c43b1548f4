"""Raw clips -> predictions: those of main.py's test on the arrays, to the bit; and in words."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pytest
import torch
import trained_run
import udiva_data
import yaml
from golden_arrays import ASSETS
from one_error import error_of

from data_gen import (
    custom_gendata,
    kinetics_gendata,
    laban_gendata,
    ntu_gendata,
    synthetic,
    ucla_gendata,
    udiva_gendata,
)
from data_gen.raw_formats import find_clips, raw_format
from formats.chunks import mean_by_name
from tools import predict
from tools.predicting import inputs
from tools.predicting.networks import open_network
from tools.predicting.predictor import Predictor
from utils.cli import PROJECT, run

NTU_ARGS = {"num_class": 60, "num_point": 25, "num_person": 2, "num_gcn_scales": 2,
            "num_g3d_scales": 2, "graph": "ntu_rgb_d", "width": 6}  # fmt: skip


@pytest.fixture(scope="module")
def ntu(tmp_path_factory):
    """Synthetic clips of NTU RGB+D, raw and as arrays."""
    root = tmp_path_factory.mktemp("ntu")
    synthetic.main(["--out-folder", str(root / "all"), "--subjects", "2"])
    (root / "raw").mkdir()
    for path in sorted((root / "all").glob("*.skeleton"))[::16]:
        path.rename(root / "raw" / path.name)
    argv = f"--data_path {root / 'raw'} --out_folder {root / 'ntu'} --benchmark xsub --part train"
    ntu_gendata.main([*argv.split(), "--keep-incomplete", "--num-worker", "0"])
    return root


def ntu_weights(folder: Path, ntu: Path, seed: int = 0, **feeder_args: object) -> Path:
    where = {
        "data_path": str(ntu / "ntu/xsub/train_data_joint.npy"),
        "label_path": str(ntu / "ntu/xsub/train_label.pkl"),
    }
    settings = {"model_args": NTU_ARGS, "test_feeder_args": {**where, **feeder_args}}
    return trained_run.make(folder / f"run{seed}", settings, seed)


def asked(weights: Path, clips: list[str], only: Collection[str] = ()) -> dict[str, np.ndarray]:
    """The outputs of the network for raw clips, by name, in batches of the settings.

    Args:
        only: names; a batch of other clips gives other last bits.
    """
    networks = [open_network(weights, None, ["cpu"])]
    info = networks[0].info
    raw = raw_format(info.dataset, info.feeder_args.get("features", "none"))
    predictor = Predictor(networks, [1.0], raw, info.settings["test_batch_size"])
    samples = [s for r in find_clips(clips, raw) for s in raw.read(r)]
    samples = [sample for sample in samples if not only or sample.name in only]
    cut = inputs.chunks if raw.chunk else lambda sample, _: [inputs.whole(sample)]
    spans = [span for sample in samples for span in cut(sample, raw.chunk)]
    names, outputs = zip(*((s.sample.name, out) for s, out in predictor(spans)), strict=True)
    return mean_by_name(np.stack(outputs), names)


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert set(one) == set(other) and one
    for name in one:
        assert np.array_equal(one[name], other[name].astype(one[name].dtype)), name


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stream": "bone"},
        {"stream": "bone_motion", "window_size": 32, "resize": True},
        {"stream": "joint_motion", "window_size": 32, "resize": True, "fit_axes": True},
    ],
    ids=["joint", "bone", "resized-bone-motion", "fit-axes"],
)
def test_ntu_to_the_bit(tmp_path, ntu, options):
    weights = ntu_weights(tmp_path, ntu, **options)
    assert_same(trained_run.test_scores(weights), asked(weights, [str(ntu / "raw")]))


def test_a_bone_file_is_derived_as_its_command_does(tmp_path, ntu):
    from data_gen import gen_bone_data

    folder = ntu / "ntu" / "xsub"
    gen_bone_data.main(["--dataset", "ntu", "--data-folder", str(ntu)])
    weights = ntu_weights(tmp_path, ntu, data_path=str(folder / "train_data_bone.npy"))
    assert_same(trained_run.test_scores(weights), asked(weights, [str(ntu / "raw")]))


def test_several_crops_are_averaged(tmp_path, ntu):
    options = {"window_size": 16, "resize": True, "uniform_crop": 0.8}
    weights = ntu_weights(tmp_path, ntu, **options)
    config = weights.parents[1] / "config.yaml"
    config.write_text(config.read_text() + "num_clips: 3\n")
    assert_same(trained_run.test_scores(weights), asked(weights, [str(ntu / "raw")]))


def test_kinetics_to_the_bit(tmp_path):
    raw, out = ASSETS / "kinetics_raw", tmp_path / "kinetics"
    kinetics_gendata.main(["--data_path", str(raw), "--out_folder", str(out), "--num-worker", "0"])
    model = {"num_class": 400, "num_point": 18, "num_person": 2, "num_gcn_scales": 2,
             "num_g3d_scales": 2, "graph": "openpose_coco", "width": 6}  # fmt: skip
    where = {"data_path": str(out / "val_data_joint.npy"), "label_path": str(out / "val_label.pkl")}
    weights = trained_run.make(tmp_path / "run", {"model_args": model, "test_feeder_args": where})
    scores = trained_run.test_scores(weights)
    found = asked(weights, [str(raw / "kinetics_val" / name) for name in scores])
    assert_same(scores, found)


def test_ucla_to_the_bit_from_an_archive(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "all_sqe.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, frames in enumerate((9, 4, 7)):
            clip = {"skeletons": rng.normal(size=(frames, 20, 3)).tolist(), "label": number + 1}
            archive.writestr(
                f"all_sqe/a0{number + 1}_s01_e00_v0{number + 1}.json", json.dumps(clip)
            )
    ucla_gendata.main(["--data-path", str(path), "--out-folder", str(tmp_path / "nw-ucla")])
    model = {"num_class": 10, "num_point": 20, "num_person": 1, "num_gcn_scales": 2,
             "num_g3d_scales": 2, "graph": "kinect_v1", "width": 6}  # fmt: skip
    where = {
        "data_path": str(tmp_path / "nw-ucla/train_data_joint.npy"),
        "label_path": str(tmp_path / "nw-ucla/train_label.pkl"),
        "window_size": 8,
        "resize": True,
    }
    weights = trained_run.make(tmp_path / "run", {"model_args": model, "test_feeder_args": where})
    scores = trained_run.test_scores(weights)
    assert_same(scores, asked(weights, [str(path)], only=scores))


@pytest.mark.parametrize("reader", ["{format: npz}", "{format: npz, score: keep}"])
def test_recordings_of_ones_own_to_the_bit(tmp_path, reader, capsys, monkeypatch):
    rng = np.random.default_rng(0)
    (tmp_path / "raw").mkdir()
    for number in range(6):
        clip = rng.normal(size=(5 + number, 17, 3)).astype(np.float32)
        np.savez(tmp_path / f"raw/a{number % 2}_s{number % 3}_{number}.npz", joints=clip)
    (tmp_path / "my.yaml").write_text(
        f"name: own\nfiles: raw\nreader: {reader}\nskeleton: coco17\n"
        "label: {regex: 'a(\\d)'}\nsubject: {regex: 's(\\d)'}\n"
        "split: {by: subject, train: [0, 1]}\nnormalise: centre+scale\nframes: 8\n"
    )
    custom_gendata.main(
        ["--config", str(tmp_path / "my.yaml"), "--out-folder", str(tmp_path / "own"),
         "--config-folder", str(tmp_path / "config"), "--format", "compact", "--num-worker", "0"]
    )  # fmt: skip
    model = {"num_class": 2, "num_point": 17, "num_person": 1, "num_gcn_scales": 2,
             "num_g3d_scales": 2, "graph": "coco17", "width": 6}  # fmt: skip
    where = {"data_path": str(tmp_path / "own/clips"), "split": "train"}
    weights = trained_run.make(tmp_path / "run", {"model_args": model, "test_feeder_args": where})
    scores = trained_run.test_scores(weights)
    assert_same(scores, asked(weights, [str(tmp_path / "raw")], only=scores))
    state = torch.load(weights, weights_only=True)
    torch.save(state | {"fc.weight": state["fc.weight"] / 1000}, weights)  # or all are 1.000000
    name = tmp_path / "raw/a0_s0_0.npz"
    text = "\n".join(json.dumps(frame.tolist()) for frame in np.load(name)["joints"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    capsys.readouterr()
    (piped,) = lines(capsys, "-", "--weights", weights, "--json")
    (read,) = lines(capsys, name, "--weights", weights, "--json")
    assert json.loads(piped)["top"] == json.loads(read)["top"]


def test_traits_to_the_bit(tmp_path):
    root, out = tmp_path / "raw", tmp_path / "udiva"
    traits = {7: (0.1, 0.2, 0.3, 0.4, 0.5), 12: (-1.0, 0.0, 1.0, 2.0, -2.0)}
    for split in ("train", "test"):
        udiva_data.metadata(root, split, {31: (7, 12)}, traits)
        for part in (1, 2):
            folder = udiva_data.folder(root, split, 31, part, "T")
            udiva_data.recording(folder, udiva_data.bodies(9, part))
    udiva_gendata.main(
        ["--data-path", str(root), "--out-folder", str(out), "--chunk-size", "4", "--tasks", "T",
         "--num-worker", "0"]
    )  # fmt: skip
    laban_gendata.main(["--data-folder", str(out), "--num-worker", "0"])
    model = {"num_class": 5, "num_point": 24, "num_person": 1, "num_gcn_scales": 2,
             "num_g3d_scales": 2, "graph": "graph.udiva.AdjMatrixGraph",
             "in_channels": 15}  # fmt: skip
    settings = {
        "task": "traits",
        "model": "model.msg3d_laban.Model",
        "model_args": model,
        "feeder": "feeders.traits.TraitFeeder",
        "test_feeder_args": {"data_path": str(out), "split": "test", "features": "laban"},
    }
    weights = trained_run.make(tmp_path / "run", settings)
    scores = trained_run.test_scores(weights)
    by_recording = mean_by_name(
        np.stack([*scores.values()]), [name.rpartition("_")[0] for name in scores]
    )
    found = asked(weights, [str(root / "test")])
    assert len(by_recording) == len(found) == 2
    for mean in by_recording.values():
        assert any(np.array_equal(mean, other) for other in found.values())


def lines(capsys, *argv: object) -> list[str]:
    predict.main([str(word) for word in argv])
    return capsys.readouterr().out.splitlines()


def failing(capsys, *argv: object) -> str:
    return error_of(lambda: predict.main([str(word) for word in argv]), capsys, may_warn=True)


def test_text_json_and_csv_say_the_same(tmp_path, ntu, capsys):
    weights, clip = ntu_weights(tmp_path, ntu), sorted((ntu / "raw").iterdir())[0]
    (text,) = lines(capsys, clip, "--weights", weights)
    (answer,) = lines(capsys, clip, "--weights", weights, "--json")
    header, row = lines(capsys, clip, "--weights", weights, "--csv")
    answer = json.loads(answer)
    assert answer["clip"] == clip.name and set(answer) == {"clip", "top"}
    assert [set(one) for one in answer["top"]] == [{"class", "name", "probability"}] * 5
    chances = [one["probability"] for one in answer["top"]]
    assert chances == sorted(chances, reverse=True) and 0 < sum(chances) <= 1
    best = answer["top"][0]
    assert text.startswith(f"{clip.name}: {best['class']} {best['name']} ")
    assert dict(zip(header.split(","), row.split(","), strict=True))["name1"] == best["name"]


@pytest.mark.parametrize("more", [[], ["--window", "1000"]])
def test_recordings_of_one_name_in_two_folders_are_two(tmp_path, ntu, capsys, more):
    weights, clips = ntu_weights(tmp_path, ntu), sorted((ntu / "raw").iterdir())[:2]
    alone = [json.loads(*lines(capsys, c, "--weights", weights, "--json", *more)) for c in clips]
    for name, clip in zip("ab", clips, strict=True):
        (tmp_path / name).mkdir()
        (tmp_path / name / "clip.skeleton").write_bytes(clip.read_bytes())
    argv = [tmp_path / "a", tmp_path / "b", "--weights", weights, "--batch-size", "1", "--json"]
    found = [json.loads(line) for line in lines(capsys, *argv, *more)]
    assert [one["clip"] for one in found] == ["a/clip.skeleton", "b/clip.skeleton"]
    assert [one["top"] for one in found] == [one["top"] for one in alone]


def test_several_networks_are_fused(tmp_path, ntu, capsys):
    weights = [ntu_weights(tmp_path, ntu, seed) for seed in (0, 1)]
    clip = sorted((ntu / "raw").iterdir())[0]
    outputs = [asked(path, [str(clip)])[clip.name] for path in weights]
    trainings = [path.parents[1] for path in weights]  # stand for their best weights
    (line,) = lines(capsys, clip, "--weights", *trainings, "--alpha", "1", "3", "--json")
    fused = (outputs[0] + 3 * outputs[1]) / 4
    best = json.loads(line)["top"][0]
    assert best["class"] == fused.argmax()
    chance = np.exp(fused - fused.max()) / np.exp(fused - fused.max()).sum()
    assert best["probability"] == pytest.approx(chance.max(), abs=1e-5)


def test_windows_cover_a_recording_and_end_with_it(tmp_path, ntu, capsys):
    weights, clip = ntu_weights(tmp_path, ntu), sorted((ntu / "raw").iterdir())[0]
    argv = [clip, "--weights", weights, "--window", "30", "--stride", "20", "--json"]
    found = [json.loads(line) for line in lines(capsys, *argv)]
    length = found[-1]["end"]
    starts = [one["start"] for one in found]
    assert all(one["end"] - one["start"] == 30 for one in found)
    assert starts[:-1] == list(range(0, length - 30, 20))[: len(starts) - 1]
    assert found[-1]["end_seconds"] == pytest.approx(length / 30, abs=1e-3)


def test_a_window_is_a_clip_of_its_own(tmp_path, ntu, capsys):
    weights, clip = ntu_weights(tmp_path, ntu), sorted((ntu / "raw").iterdir())[0]
    (whole,) = lines(capsys, clip, "--weights", weights, "--json")
    (window,) = lines(capsys, clip, "--weights", weights, "--json", "--window", "1000")
    assert json.loads(window)["top"] == json.loads(whole)["top"]


def frames_of(ntu: Path) -> list[list]:
    raw = raw_format({"dataset": "ntu"})
    (first, *_) = find_clips([str(ntu / "raw")], raw)
    clip = raw.read(first)[0].clip
    return [clip[:, t][clip[:, t].any(axis=(1, 2))].tolist() for t in range(clip.shape[1])]


def test_lines_of_json_are_the_clip(tmp_path, ntu, capsys, monkeypatch):
    weights, clip = ntu_weights(tmp_path, ntu), sorted((ntu / "raw").iterdir())[0]
    text = "\n".join(json.dumps({"bodies": frame}) for frame in frames_of(ntu))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    (piped,) = lines(capsys, "-", "--weights", weights, "--json")
    (read,) = lines(capsys, clip, "--weights", weights, "--json")
    assert json.loads(piped)["top"] == json.loads(read)["top"]


def test_a_pipe_is_answered_while_it_is_written(tmp_path, ntu):
    weights, frames = ntu_weights(tmp_path, ntu), frames_of(ntu)
    command = [sys.executable, "tools/predict.py", "-", "--weights", str(weights), "--json",
               "--window", "8", "--stride", "4"]  # fmt: skip
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        for frame in frames[:12]:
            process.stdin.write(json.dumps(frame) + "\n")
        process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(2)]  # more are to come
        assert [one["end"] for one in answers] == [8, 12]
        for frame in frames[12:16]:
            process.stdin.write(json.dumps(frame) + "\n")
        process.stdin.close()
        assert json.loads(process.stdout.readline())["end"] == 16
        said = process.stderr.read()
    assert process.returncode == 0 and "a label is known 8 frames after" in said


def test_traits_are_said_in_letters(capsys):
    from tools.predicting.results import as_csv, as_text, csv_header, result_of

    sample = inputs.Sample("talk", np.zeros((1, 8, 24, 3)))
    result = result_of(inputs.whole(sample), np.arange(5) / 10, (), traits=True)
    assert result["traits"] == {"O": 0.0, "C": 0.1, "E": 0.2, "A": 0.3, "N": 0.4}
    assert as_text(result, ()) == "talk: O +0.000  C +0.100  E +0.200  A +0.300  N +0.400"
    assert csv_header(True).count(",") == as_csv(result).count(",")


def test_bad_clips_are_left_out_and_named(tmp_path, ntu, capsys):
    weights = ntu_weights(tmp_path, ntu)
    (tmp_path / "clips").mkdir()
    good = sorted((ntu / "raw").iterdir())[0]
    (tmp_path / "clips" / good.name).write_bytes(good.read_bytes())
    (tmp_path / "clips" / "S001C001P001R001A002.skeleton").write_bytes(good.read_bytes()[:500])
    with pytest.raises(SystemExit) as exit_:
        run(lambda: predict.main([str(tmp_path / "clips"), "--weights", str(weights)]))
    out, err = capsys.readouterr()
    assert exit_.value.code == 1 and out.count("\n") == 1
    assert "S001C001P001R001A002.skeleton" in err and "1 of 2 clips are bad" in err


def test_a_bad_clip_of_a_file_of_many_is_left_out(tmp_path, ntu, capsys):
    clips = np.random.default_rng(0).normal(size=(4, 30, 25, 3))
    clips[2, 7, 3, 0] = np.inf
    np.savez(tmp_path / "all.npz", x=clips)
    settings = {
        "name": "own", "files": "all.npz", "reader": {"format": "npz", "axes": "NTVC"},
        "skeleton": "ntu_rgb_d", "label": {"field": "y"}, "split": {"fraction": 0.5},
        "normalise": "none", "persons": 2,
    }  # fmt: skip
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(settings))
    argv = [tmp_path / "all.npz", "--weights", ntu_weights(tmp_path, ntu), "--format"]
    with pytest.raises(SystemExit) as exit_:
        run(lambda: predict.main([str(word) for word in [*argv, tmp_path / "own.yaml"]]))
    out, err = capsys.readouterr()
    shown = [line.partition(":")[0] for line in out.splitlines()]
    assert shown == ["all_000000", "all_000001", "all_000003"]
    assert exit_.value.code == 1 and "all_000002, holds numbers beyond" in err
    assert "1 of 4 clips are bad" in err


def test_faults_are_one_line(tmp_path, ntu, capsys):
    weights, clip = ntu_weights(tmp_path, ntu), sorted((ntu / "raw").iterdir())[0]
    assert "--weights is required" in failing(capsys, clip)
    assert "no weights" in failing(capsys, clip, "--weights", tmp_path / "none.pt")
    alone = tmp_path / "a/b/alone.pt"
    alone.parent.mkdir(parents=True)
    alone.write_bytes(weights.read_bytes())
    assert "--config" in failing(capsys, clip, "--weights", alone)
    assert "missing" in failing(capsys, tmp_path / "no.skeleton", "--weights", weights)
    assert "--alpha" in failing(capsys, clip, "--weights", weights, "--alpha", "1", "2")
    assert "--window" in failing(capsys, clip, "--weights", weights, "--stride", "3")
    assert "--format" in failing(capsys, clip, "--weights", weights, "--format", "unheard")


def test_released_weights_need_their_settings_only(tmp_path, ntu, capsys):
    weights, clip = ntu_weights(tmp_path, ntu), sorted((ntu / "raw").iterdir())[0]
    config = weights.parents[1] / "config.yaml"
    released = tmp_path / "pretrained-models" / "joint.pt"
    released.parent.mkdir()
    released.write_bytes(weights.read_bytes())
    text = config.read_text().replace(str(ntu / "ntu"), "data/ntu")  # arrays that nobody has here
    (tmp_path / "test_joint.yaml").write_text(text)
    argv = [clip, "--weights", released, "--config", tmp_path / "test_joint.yaml", "--json"]
    (found,) = lines(capsys, *argv)
    (own,) = lines(capsys, clip, "--weights", weights, "--json")
    assert json.loads(found) == json.loads(own)


SOURCE = inputs.LiveSource("-", has_score=False, rate=None)


def test_live_windows_keep_no_more_than_one(monkeypatch):
    frames = (np.zeros((1, 25, 3)) for _ in range(1000))
    sizes = {s.sample.clip.shape[1] for s in inputs.live_windows(frames, SOURCE, 8, 4)}
    assert sizes == {8}
