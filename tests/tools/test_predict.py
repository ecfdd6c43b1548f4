"""Predictions in words, of windows and of live frames; files that cannot be predicted."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from one_error import error_of
from predicted import asked, lines, ntu_weights

from data_gen.raw_formats import find_clips, raw_format
from data_gen.readers.sample import Sample
from tools import predict
from tools.predicting import live
from tools.predicting.spans import whole
from utils.cli import PROJECT, run


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

    sample = Sample("talk", np.zeros((1, 8, 24, 3)))
    result = result_of(whole(sample), np.arange(5) / 10, (), traits=True)
    assert result["traits"] == {"O": 0.0, "C": 0.1, "E": 0.2, "A": 0.3, "N": 0.4}
    assert as_text(result, ()) == "talk: O +0.000  C +0.100  E +0.200  A +0.300  N +0.400"
    assert csv_header(True).count(",") == as_csv(result).count(",")


def test_rows_of_csv_are_as_long_as_the_header_whatever_the_number_of_classes():
    from tools.predicting.results import as_csv, csv_header, result_of

    span = whole(Sample("wave", np.zeros((1, 8, 25, 3))))
    for num_class in (2, 5, 9):
        row = as_csv(result_of(span, np.arange(num_class) / 10, (), traits=False))
        assert row.count(",") == csv_header(False).count(",")


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
    assert "no_run is neither." in failing(capsys, clip, "--weights", tmp_path / "no_run")
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


SOURCE = live.LiveSource("-", has_score=False, rate=None)


def test_live_windows_keep_no_more_than_one(monkeypatch):
    frames = (np.zeros((1, 25, 3)) for _ in range(1000))
    sizes = {s.sample.clip.shape[1] for s in live.live_windows(frames, SOURCE, 8, 4)}
    assert sizes == {8}
