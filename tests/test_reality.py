"""Files and machines as people have them: old formats, odd paths, long runs, lost processes."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import small_data
from golden_arrays import ASSETS
from small_run import epochs, write_settings

from feeders.feeder import Feeder
from utils.cli import PROJECT


@pytest.mark.parametrize("form", ["float16", "float64", "big-endian", "Fortran", "in memory"])
def test_arrays_of_every_form_give_the_same_clips(tmp_path, form):
    folder = small_data.learnable(tmp_path)
    path = folder / "train_data_joint.npy"
    clips = np.load(path).astype(np.float16)  # so that nothing is lost in any form
    np.save(path, clips.astype(np.float32))
    args = small_data.feeder_args(folder, "train")
    expected = [Feeder(**args)[i][0] for i in range(4)]
    forms = {
        "float16": clips,
        "float64": clips.astype(np.float64),
        "big-endian": clips.astype(">f4"),
        "Fortran": np.asfortranarray(clips.astype(np.float32)),
        "in memory": clips.astype(np.float32),
    }
    np.save(path, forms[form])
    dataset = Feeder(**args, use_mmap=form != "in memory")
    for i, clip in enumerate(expected):
        found = dataset[i][0]
        assert found.dtype == np.float32 and np.array_equal(found, clip)


def test_paths_with_spaces_and_umlauts_without_a_locale(tmp_path):
    out = tmp_path / "mit Ümlaut und Leerzeichen"
    command = [sys.executable, "data_gen/ntu_gendata.py", "--data_path", str(ASSETS / "ntu_raw")]
    command += ["--out_folder", str(out), "--keep-incomplete"]
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    argv = write_settings(tmp_path, small_data.learnable(out / "data"), num_epoch=1)
    command = [sys.executable, "main.py", *argv, "--work-dir", str(out / "run")]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (out / "run" / "summary.json").exists()


@pytest.mark.parametrize("script", ["tools/predict.py", "data_gen/ntu_gendata.py"])
def test_a_folder_with_packages_of_the_same_names_is_one_to_work_in(tmp_path, script):
    for name in ("tools", "data_gen", "utils", "formats", "feeders"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('another project')")
    command = [sys.executable, str(PROJECT / script), "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("usage: "), done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux only")  # noqa: PTH110
def test_a_full_standard_output_does_not_stop_a_training(tmp_path):
    argv = write_settings(tmp_path, small_data.learnable(tmp_path / "data"), num_epoch=1)
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "main.py", *argv], cwd=PROJECT, stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == 0
    assert done.stderr.decode().count("\n") == 1 and "closed or full" in done.stderr.decode()
    assert len(epochs(tmp_path / "run")) == 1


def test_a_command_whose_output_is_closed_ends_with_one_line(tmp_path):
    script = f"{sys.executable} main.py --help | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], cwd=PROJECT, capture_output=True, text=True)
    assert "Traceback" not in done.stderr and done.stderr.count("\n") <= 2


SOAK = """
import json, os, resource, sys, threading
import main
from engine import epochs
report, seen = epochs.report_step, []
def watch(run, result):
    report(run, result)
    if run.state.progress.step in (500, 1000, 1500, 2000):
        pages = int(open("/proc/self/statm").read().split()[1])
        seen.append([pages * resource.getpagesize() / 2**20, len(os.listdir("/proc/self/fd")),
                     threading.active_count()])
epochs.report_step = watch
main.main(sys.argv[2:])
json.dump(seen, open(sys.argv[1], "w"))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_two_thousand_steps_need_no_more_than_five_hundred(tmp_path):
    argv = write_settings(tmp_path, small_data.learnable(tmp_path / "data"))
    argv += ["--num-epoch", "667", "--eval-interval", "20", "--save-interval", "50"]
    argv += ["--keep-checkpoints", "1", "--num-worker", "2", "--step", "400", "--base-lr", "0.001"]
    command = [sys.executable, "-c", SOAK, str(tmp_path / "seen.json"), *argv]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (early, *_, late) = json.loads((tmp_path / "seen.json").read_text())
    assert late[0] - early[0] < 20  # MB
    assert late[1:] == early[1:]  # files, threads


@pytest.mark.slow
def test_one_of_two_processes_killed_ends_with_a_line_and_resumes(tmp_path):
    argv = write_settings(tmp_path, small_data.learnable(tmp_path / "data"), num_epoch=30)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [*torchrun, "--nproc-per-node", "2", "main.py", *argv, "--save-steps", "1"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=PROJECT, env=environment, stderr=subprocess.PIPE)
    checkpoints = tmp_path / "run" / "checkpoints"
    while not checkpoints.exists() or len(list(checkpoints.glob("[!.]*"))) < 3:
        assert process.poll() is None
        time.sleep(0.2)
    listed = ["pgrep", "-f", f"main.py --config {argv[1]}"]
    found = [int(line) for line in subprocess.check_output(listed, text=True).split()]
    os.kill(max(found), signal.SIGKILL)
    assert process.wait(timeout=120) != 0
    process.stderr.close()
    done = subprocess.run(
        [*command, "--resume", "auto"], cwd=PROJECT, env=environment, capture_output=True
    )
    assert done.returncode == 0
    assert len(epochs(tmp_path / "run")) == 30
