"""Archives of raw files."""

import zipfile

from data_gen.readers.archives import members_of


def test_the_index_of_an_archive_is_read_once(tmp_path, monkeypatch):
    """Not for every member, which took hours for the 56,880 clips of NTU RGB+D."""
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(20):
            archive.writestr(f"{number:02d}.json", str(number))
    opened = []
    original = zipfile.ZipFile.__init__

    def counted(self, *args, **kwargs):
        opened.append(args)
        original(self, *args, **kwargs)

    monkeypatch.setattr(zipfile.ZipFile, "__init__", counted)
    assert [raw.content() for raw in members_of(path)] == [b"%d" % i for i in range(20)]
    assert len(opened) == 1
