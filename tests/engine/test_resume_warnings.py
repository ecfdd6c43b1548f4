"""A resumed run names every setting that the result depends on and that is not as it was."""

from pathlib import Path

import pytest
import yaml

from engine.run_dir.resume import changed_settings
from engine.settings.table import ABOUT, DEFAULTS, Settings

OTHER = {
    "feeder": "my.Feeder",
    "train_feeder_args": {"stream": "bone"},
    "test_feeder_args": {"stream": "bone"},
    "val_by": "clip",
    "model": "my.Model",
    "model_args": {"width": 48},
    "weights": Path("w.pt"),
    "ignore_weights": ["fc"],
    "task": "traits",
    "amp_opt_level": 2,
    "amp_dtype": "bfloat16",
    "amp_backend": "native",
    "optimizer": "AdamW",
    "step": [7],
    "lr_schedule": "cosine",
    "folds": 5,
    "fold": 2,
}
COMPARED = [name for name, about in ABOUT.items() if about.recipe and not about.may_change]


def other(name):
    value = DEFAULTS[name]
    if name in OTHER:
        return OTHER[name]
    return not value if isinstance(value, bool) else value + 1


@pytest.mark.parametrize("name", COMPARED)
def test_each_setting_of_the_recipe_is_named(tmp_path, name):
    before = Settings.of({"work_dir": tmp_path})
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(before.as_yaml()))
    assert changed_settings(tmp_path, before.as_yaml()) == []
    now = before.replace(**{name: other(name)}).as_yaml()
    assert changed_settings(tmp_path, now) == [name]


def test_settings_that_no_result_depends_on_may_change(tmp_path):
    before = Settings.of({"work_dir": tmp_path})
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(before.as_yaml()))
    now = before.replace(num_worker=7, log_interval=3, keep_checkpoints=2, num_epoch=90)
    assert changed_settings(tmp_path, now.as_yaml()) == []
