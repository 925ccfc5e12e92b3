"""The board: the last word of every shard, and whether anybody still waits."""

from __future__ import annotations

from rewardsmith.optimize.board import Board


def test_a_shard_that_begins_again_counts_from_there() -> None:
    board = Board()
    assert all(board.tell("a", 0, done) for done in (1, 5, 2))
    assert board.tell("a", 1, 3)
    assert board.read("a") == {0: 2, 1: 3}
    assert board.read("b") == {}


def test_a_stop_is_told_to_those_it_concerns() -> None:
    board = Board()
    board.stop("a")
    assert not board.tell("a", 0, 1)
    assert board.tell("b", 0, 1)
    board.forget("b")
    assert board.read("b") == {}
