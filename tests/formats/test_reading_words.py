"""What a reading says of one row is said in the singular."""

from __future__ import annotations

import pytest

from engine.errors import InputRefused
from engine.formats import read_table


def test_the_only_row_is_refused():
    with pytest.raises(InputRefused, match=r"the only row could not be taken; line 2"):
        read_table(b"score_a,score_b,label\n1,2,what\n", "one.csv", {"label": "label"})
    with pytest.raises(InputRefused, match=r"none of 2 rows could be taken; line 2"):
        read_table(b"score_a,score_b,label\n1,2,what\n1,2,so\n", "two.csv", {"label": "label"})


def test_votes_of_one_pair():
    votes = b"pair_id,annotator,score_a,score_b,label\np,x,1,2,0\np,y,1,2,1\n"
    _, report = read_table(votes, "votes.csv")
    assert [notice.message for notice in report.warnings if notice.code == "votes_gathered"] == [
        "2 votes were gathered into 1 pair"
    ]
