"""Things owed without a word of promise, and requests that get their day in a later turn."""

from __future__ import annotations

import pytest

from nlp.language import analyse
from tests.nlp_language.fresh_talks import Talk, dialogue

# Who owes something by when (Wednesday 10 June is today), or "none", then the turns.
TALKS = """
trader 2026-06-10
t: Close fills to you tonight by email.
c: Ta.

trader 2026-06-10
t: The written confirmation'll be in your inbox this evening.
c: Thanks.

client 2026-06-16
c: We move clearing next month. Docs come from me by Tuesday.
t: Tuesday, okay.

client 2026-06-22
t: We need your cash-flow forecast, the rolling one.
c: It's being redone.
t: When could that be?
c: Monday week is the best I can do.

client 2026-06-17
t: Then we need the trust deed.
c: It's at the solicitor's. A week today?
t: A week today, that's fine.

client 2026-06-30
t: UBO declaration needs a refresh, due 30 june
c: company sec will send it by then

trader 2026-06-15
c: auditors need mtm of all open trades
t: will have that w u on mon 15

trader 2026-06-12
c: Can your team do a scenario table for the board?
t: We can do that. By when?
c: Would Friday work?
t: Friday, yes.

none
t: Your LEI lapses on 30 June.
c: It was renewed last week.
t: Oh yes, I see it. Sorry.

trader 2026-07-06
c: Could we also get that one every month?
t: Gladly, starting Monday the sixth of July.

trader 2026-06-11
t: I can draw up a two-page overview for you. Tomorrow okay?
c: Tomorrow is fine.

client 2026-06-19
c: You receive the signed mandate on Friday the nineteenth.
t: Noted.

none
t: That's between us then.
c: You'll get no business from me this year.

none
c: The confirmation came this morning, thanks.
t: Good.

none
c: I read the report on Monday.
t: And?
"""


@pytest.mark.parametrize("row", TALKS.strip().split("\n\n"), ids=lambda row: row.splitlines()[1][3:45])
def test_what_is_owed_has_its_owner_and_day(row: str) -> None:
    expected, *lines = row.splitlines()
    talk = dialogue(Talk("owed", "call", "\n".join(lines)))
    tasks = analyse(talk).follow_ups
    assert [f"{task.owner} {task.due}" for task in tasks] == ([] if expected == "none" else [expected])
