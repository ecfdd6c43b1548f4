"""Which bodies are computed."""

import torch

from model.absent import merge_absent


def clips(present: list[list[int]]) -> torch.Tensor:
    """(N, 3, 4, 5, M) with ones where a body is present."""
    return torch.tensor(present)[:, None, None, None, :].float().expand(-1, 3, 4, 5, -1).clone()


def test_one_absent_body_stands_for_all_of_its_place():
    merged = merge_absent(clips([[1, 0], [1, 1], [0, 0], [0, 0], [1, 0]]))
    # Bodies are numbered clip by clip: 0 1, 2 3, 4 5, 6 7, 8 9. Absent are 1 5 7 9 and 4 6.
    assert merged.rows.tolist() == [0, 1, 2, 3, 4, 8]
    assert merged.repeats.tolist() == [1, 4, 1, 1, 2, 1]
    stands_for = merged.rows[merged.index].tolist()
    assert stands_for == [0, 1, 2, 3, 4, 1, 4, 1, 8, 1]


def test_nothing_is_merged_where_nothing_is_saved():
    assert merge_absent(clips([[1, 1], [1, 1]])) is None
    assert merge_absent(clips([[1, 0], [1, 1]])) is None
    assert merge_absent(clips([[1], [0], [1]])) is None


def test_a_body_that_is_seen_in_one_joint_of_one_frame_is_present():
    data = clips([[1, 0], [1, 0]])
    data[1, 2, 3, 4, 1] = 1e-9
    assert merge_absent(data) is None


def test_batches_without_any_body():
    merged = merge_absent(clips([[0, 0], [0, 0], [0, 0]]))
    assert merged.rows.tolist() == [0, 1]
    assert merged.repeats.tolist() == [3, 3]
