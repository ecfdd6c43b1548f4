"""Files are complete or not there."""

import os
import stat

import pytest

from utils.files import at_home, atomic_write


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.txt"]  # noqa: PTH208


def test_a_finished_write_replaces_the_file_and_makes_its_folder(tmp_path):
    path = tmp_path / "new" / "file.txt"
    with atomic_write(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"


@pytest.mark.skipif(os.name == "nt", reason="Windows opens no folders")
@pytest.mark.parametrize("flush", [True, False])
def test_a_flushed_write_brings_the_rename_to_the_disk_as_well(tmp_path, monkeypatch, flush):
    path, flushed, fsync = tmp_path / "file.txt", [], os.fsync

    def record(descriptor):
        flushed.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), path.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    with atomic_write(path, flush=flush) as temporary:
        temporary.write_text("new")
    assert flushed == ([(False, False), (True, True)] if flush else [])


def test_a_folder_that_cannot_be_flushed_is_no_error(tmp_path, monkeypatch):
    open_ = os.open

    def refuse_folders(path, *args):
        if os.path.isdir(path):  # noqa: PTH112
            raise PermissionError
        return open_(path, *args)

    monkeypatch.setattr(os, "open", refuse_folders)
    with atomic_write(tmp_path / "file.txt") as temporary:
        temporary.touch()
    assert (tmp_path / "file.txt").exists()


def test_paths_in_the_users_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert at_home({"a": ["~/x.npy", "~other/x", "a~/b", 3], "~/k": None}) == {
        "a": ["/home/me/x.npy", "~other/x", "a~/b", 3],
        "~/k": None,
    }
