"""Reports: their numbers against other ways to get them, and the page as a reader uses it."""

import csv
import json
import re
import shutil
import time

import browser
import numpy as np
import pytest
import small_data
import trained_run
import yaml

from formats.labels import save_labels
from formats.scores import save_scores, score_file
from tools import report
from tools.reporting import measures
from tools.reporting.content import content_of
from tools.reporting.runs import differing_settings, read_runs
from utils.cli import run
from utils.metrics import worst_pairs

RNG = np.random.default_rng(0)


# ---- measures ------------------------------------------------------------------------------------


def test_a_calibrated_network_has_no_calibration_error():
    chances = RNG.uniform(0.5, 1, 200_000)
    labels = (RNG.uniform(size=len(chances)) > chances).astype(int)
    scores = np.log(np.stack([chances, 1 - chances], axis=1))
    assert measures.reliability(scores, labels).ece < 0.01
    sure = measures.reliability(100 * scores, labels)
    assert sure.ece == pytest.approx(0.25, abs=0.02)  # always sure, right in 75 %
    assert sure.counts.sum() == len(labels)


def test_rows_of_classes_and_pairs():
    counts = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])
    rows = measures.class_rows(counts)
    assert [(row.label, row.samples, row.right) for row in rows] == [(0, 10, 8), (1, 10, 9)]
    assert rows[0].precision == pytest.approx(8 / 9) and rows[1].recall == 0.9
    assert worst_pairs(counts, 5) == [(0, 1, 2, 10), (1, 0, 1, 10)]


# ---- runs ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two tests of different random weights on the same small data, with class names."""
    root = tmp_path_factory.mktemp("report")
    data = small_data.learnable(root / "nw-ucla")
    names = {"dataset": "own", "classes": ["<b>wave</b>", "clap", "jump"], "skeleton": "kinect_v1"}
    (data / "dataset.json").write_text(json.dumps(names))
    folders = []
    for seed in (0, 1):
        settings = {
            "model_args": small_data.MODEL_ARGS,
            "seed": seed,
            "test_feeder_args": small_data.feeder_args(data, "val", window_size=8, resize=True),
        }
        weights = trained_run.make(root / f"run{seed}", settings, seed)
        trained_run.test_scores(weights, "--device", "cpu")
        folders.append(root / f"run{seed}_eval")
    return folders


def test_content_is_what_scores_and_labels_say(runs):
    found = read_runs(runs)
    content = content_of(found, {})
    scores, labels = found[0].scores, np.array(found[0].labels)
    first = content["runs"][0]
    assert first["name"] == "run0_eval" and first["samples"] == 10
    assert first["top1"] == (scores.argmax(1) == labels).mean()
    assert np.sum(first["confusion"]) == 10 and np.trace(first["confusion"]) == 10 * first["top1"]
    assert first["classes"][0]["name"] == "0 <b>wave</b>"
    fused = (found[0].scores + found[1].scores).argmax(1)
    assert content["fusion"]["top1"] == (fused == labels).mean()
    (pair,) = content["pairs"]
    assert pair["only_first"] == (found[0].right & ~found[1].right).sum()
    (seeds,) = content["seeds"]
    assert seeds["std"] == pytest.approx(np.std([r.accuracy() for r in found], ddof=1))
    assert set(content["settings"]) == {"seed", "work_dir", "weights"}


def test_seeds_stand_for_themselves(tmp_path):
    for seed in (2, 10):
        folder = tmp_path / "work" / f"seed-{seed}"
        folder.mkdir(parents=True)
        (folder / "config.yaml").write_text(yaml.safe_dump({"seed": seed}))
    found = read_runs([tmp_path / "work"])
    assert [each.name for each in found] == ["seed-2", "seed-10"]
    assert differing_settings(found) == {"seed": [2, 10]}


def test_a_test_is_told_by_the_settings_of_its_training(tmp_path):
    for name, lr in (("a", 0.1), ("b", 0.2)):
        training, test = tmp_path / name, tmp_path / f"{name}_eval"
        (training / "weights").mkdir(parents=True)
        (training / "weights" / "best.pt").touch()
        (training / "metrics.jsonl").touch()
        (training / "config.yaml").write_text(yaml.safe_dump({"base_lr": lr, "num_clips": 3}))
        test.mkdir()
        used = {"base_lr": 0.01, "num_clips": 5, "weights": str(training / "weights" / "best.pt")}
        (test / "config.yaml").write_text(yaml.safe_dump(used))
    found = read_runs([tmp_path / "a_eval", tmp_path / "b_eval"])
    assert differing_settings(found)["base_lr"] == [0.1, 0.2]
    assert [each.info.settings["num_clips"] for each in found] == [5, 5]


def test_files_beside_the_page(runs, tmp_path, capsys):
    out = tmp_path / "report.html"
    report.main([*map(str, runs), "--out", str(out), "--no-speed"])
    said = capsys.readouterr().out
    content = json.loads(out.with_suffix(".json").read_text())
    assert f"{100 * content['runs'][0]['top1']:.2f} %" in said and "McNemar" in said
    cost = content["runs"][0]["cost"]
    assert cost["flops"] == 2 * cost["macs"] > 0 and cost["clip_shape"] == [3, 8, 20, 1]
    rows = [*csv.DictReader(out.with_suffix(".csv").read_text().splitlines())]
    assert [row["class"] for row in rows] == ["0", "1", "2"] * 2
    assert sum(int(row["samples"]) for row in rows) == 20
    page = out.read_text()
    assert "<b>wave" not in page and "http" not in re.sub(r"http://www\.w3\.org", "", page)


def test_weights_are_tested_for_the_report(runs, tmp_path):
    pytest.importorskip("safetensors", reason="pip install -r requirements-extra.txt")
    from tools import export

    weights = runs[0].with_name("run0") / "weights" / "best.pt"
    shipped = tmp_path / "models" / "a.safetensors"
    export.main(["--weights", str(weights), "--out", str(shipped)])
    out = tmp_path / "report.html"
    report.main(["--weights", str(shipped), "--out", str(out), "--no-speed"])
    content = json.loads(out.with_suffix(".json").read_text())
    (found,) = content["runs"]
    assert found["name"] == "models/a" and found["classes"][1]["name"] == "1 clap"
    assert found["confusion"] == content_of(read_runs(runs[:1]), {})["runs"][0]["confusion"]


def test_a_work_dir_stands_for_its_best_weights(runs, tmp_path):
    trainings = [runs[0].with_name(name) for name in ("run0", "run1")]
    out = tmp_path / "report.html"
    report.main(["--weights", *map(str, trainings), "--out", str(out), "--no-speed"])
    found = json.loads(out.with_suffix(".json").read_text())["runs"]
    assert [each["name"] for each in found] == ["run0/best", "run1/best"]
    tested = content_of(read_runs(runs), {})["runs"]
    assert [each["top1"] for each in found] == [each["top1"] for each in tested]


def test_a_run_without_scores_is_said(runs, tmp_path, caplog):
    training = tmp_path / "training"
    shutil.copytree(runs[0].with_name("run0"), training)
    (training / "metrics.jsonl").write_text('{"epoch": 1, "train": {"loss": 1.0, "acc": 0.5}}\n')
    report.main([str(training), "--out", str(tmp_path / "a.html"), "--no-speed"])
    assert f"--weights {training / 'weights' / 'best.pt'}" in caplog.text


def test_the_published_form_counts_65_gflops():
    """What PUBLISHED_GFLOPS says, of the literal form of every block."""
    import oracle
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from tools.reporting.content import PUBLISHED_GFLOPS

    shape, width, gflops = PUBLISHED_GFLOPS["model.msg3d.Model"]
    args = {"num_class": 60, "num_point": 25, "num_person": 2, "num_gcn_scales": 13,
            "num_g3d_scales": 6, "graph": "graph.ntu_rgb_d.AdjMatrixGraph"}  # fmt: skip
    counts = []
    for frames in (8, 16):  # a clip of 300 would take seconds: operations grow with frames
        model = oracle.Model(**args, width=width).eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(torch.zeros(1, shape[0], frames, *shape[2:]))
        counts.append(counter.get_total_flops())
    each = (counts[1] - counts[0]) / 8
    assert (counts[0] + each * (shape[1] - 8)) / 1e9 == pytest.approx(gflops, abs=0.06)


def test_the_page_sorts_zooms_and_leads_to_clips(runs, tmp_path):
    out = tmp_path / "report.html"
    report.main([*map(str, runs), "--out", str(out), "--no-speed"])
    content = json.loads(out.with_suffix(".json").read_text())
    classes = content["runs"][0]["classes"]
    with browser.opened(out) as page:
        page.wait_for_selector("body[data-ready]")
        assert page.locator("#runs tbody tr").count() == 2
        assert "<b>wave</b>" in page.locator("#classes tbody").inner_text()  # as text
        page.click("#classes th:has-text('accuracy')")
        first = page.locator("#classes tbody tr").first.inner_text()
        best = max(classes, key=lambda row: row["recall"])
        assert f"{100 * best['recall']:.2f} %" in first
        page.click("#classes th:has-text('accuracy')")
        worst = min(classes, key=lambda row: row["recall"])
        assert f"{100 * worst['recall']:.2f} %" in page.locator("#classes tr").nth(1).inner_text()
        page.evaluate(
            "document.querySelector('#classes td').textContent = '0 take something out of a bag'"
        )
        assert page.locator("#classes").evaluate(  # no column is hidden
            "table => table.scrollWidth <= table.parentElement.clientWidth"
        )
        page.locator("#matrix").scroll_into_view_if_needed()
        box = page.locator("#matrix").bounding_box()
        room = 0.2  # of the names
        x = box["x"] + box["width"] * (room + (1 - room) * 0.5 / 3)
        y = box["y"] + box["height"] * (room + (1 - room) * 1.5 / 3)
        page.mouse.move(x, y)
        tip = page.locator("#tip").inner_text()
        assert tip.startswith("true: 1 clap\npredicted: 0 <b>wave</b>")
        assert f"{content['runs'][0]['confusion'][1][0]} of " in tip
        page.locator("#pairs-of-classes a").first.click()
        assert page.evaluate("location.hash").startswith("#clip-")
        assert page.locator("figure:target img").evaluate("image => image.naturalWidth") > 300
        page.select_option("#run", index=1)
        assert page.evaluate("shown.name") == "run1_eval"
        assert page.locator("#calibration svg").count() == 1


def test_ntu_in_full_is_quick_and_small(tmp_path):
    """16,487 samples x 60 classes: less than 20 s and 5 MB."""
    work_dir = tmp_path / "work"
    work_dir.mkdir()
    names = [f"S{i:06d}.skeleton" for i in range(16_487)]
    labels = RNG.integers(0, 60, len(names)).tolist()
    scores = RNG.normal(size=(len(names), 60)) + 4 * np.eye(60)[labels]
    save_labels(tmp_path / "val_label.pkl", names, labels)
    save_scores(score_file(work_dir), names, scores.astype(np.float32))
    args = {"data_path": "data/ntu/xsub/x.npy", "label_path": str(tmp_path / "val_label.pkl")}
    (work_dir / "config.yaml").write_text(yaml.safe_dump({"test_feeder_args": args}))
    begun = time.monotonic()
    report.main([str(work_dir), "--out", str(tmp_path / "a.html"), "--no-speed"])
    assert time.monotonic() - begun < 20
    assert (tmp_path / "a.html").stat().st_size < 5_000_000


def test_traits_are_a_table(tmp_path):
    (tmp_path / "work").mkdir()
    row = {"mse": 0.9, "mse_95": [0.8, 1.0], "pearson": 0.1, "baseline_mse": 1.0, "participants": 9}
    (tmp_path / "work" / "traits.json").write_text(json.dumps({"O": row, "mean": row}))
    (tmp_path / "work" / "config.yaml").write_text(yaml.safe_dump({"task": "traits"}))
    report.main([str(tmp_path / "work"), "--out", str(tmp_path / "a.html"), "--no-speed"])
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["runs"][0]["traits"]["O"]["mse"] == 0.9


def test_what_cannot_be_is_one_line(tmp_path, runs, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "config.yaml").write_text("seed: 1\n")
    for argv, said in (
        ([tmp_path / "none"], "is not a work dir"),
        ([], "name work dirs, or --weights"),
        ([tmp_path / "empty"], "neither scores nor curves"),
        ([runs[0], runs[0]], "named twice"),
        ([runs[0], "--out", tmp_path / "a.txt"], "--out must end with .html"),
    ):
        with pytest.raises(SystemExit) as exit_:
            run(lambda argv=argv: report.main([str(word) for word in argv]))
        message = capsys.readouterr().err
        assert exit_.value.code == 1 and said in message and message.count("\n") == 1
