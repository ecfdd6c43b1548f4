"""Which bodies are computed."""

import torch

from model.absent import fixed_rows, merge_absent, rows_needed


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


def test_a_fixed_number_of_rows_is_filled_up_with_rows_that_count_0_times():
    data = clips([[1, 0], [1, 1], [0, 0], [0, 0], [1, 0]])
    assert rows_needed(data) == 6
    with fixed_rows(8):
        merged = merge_absent(data)
    assert merged.rows.tolist()[:6] == [0, 1, 2, 3, 4, 8] and len(merged.rows) == 8
    assert merged.repeats.tolist() == [1, 4, 1, 1, 2, 1, 0, 0]
    assert merged.rows[merged.index].tolist() == [0, 1, 2, 3, 4, 1, 4, 1, 8, 1]
    with fixed_rows(10):
        assert merge_absent(data) is None


def test_the_number_of_rows_needed_is_that_of_merging():
    for present in ([[1, 1], [1, 1]], [[1, 0], [1, 1]], [[0, 0], [0, 0], [0, 0]]):
        data = clips(present)
        with fixed_rows(rows_needed(data)):
            merged = merge_absent(data)
        assert merged is None or (merged.repeats > 0).all()
