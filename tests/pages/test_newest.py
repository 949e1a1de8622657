"""What pages remember is true, and no more of it is kept than that."""

from __future__ import annotations

from pages.parts import newest


def test_an_answer_is_remembered_until_the_next_event_and_then_goes() -> None:
    asked: list[tuple[str, int]] = []

    @newest.newest
    def read(who: str, as_of: int) -> list[str]:
        asked.append((who, as_of))
        return [who] * as_of

    assert read("a", 1) is read("a", 1)
    for event in range(2, 500):
        read("a", event)
    assert read("a", 499) == ["a"] * 499
    assert len(read) == 1
    assert asked == [("a", event) for event in range(1, 500)]


def test_the_oldest_question_goes_where_there_are_too_many() -> None:
    read = newest.newest(lambda who, as_of: (who, as_of))
    for who in range(newest.KEPT + 50):
        read(who, 1)
    assert len(read) == newest.KEPT
    read.cache_clear()
    assert len(read) == 0
