"""Who promised what by when, where the words are said in parts, put right, agreed with or taken back."""

from __future__ import annotations

import pytest

from nlp.language import analyse
from nlp.report import build
from tests.nlp_language.fresh_talks import Talk, dialogue

# Who owes by when (Wednesday 10 June is today), joined by semicolons, or "none"; then the turns.
TALKS = """
trader 2026-09-03
t: Would you like to be reminded before it falls due?
c: Yes, ring me the Thursday before. That's, um, September third.
t: September third it is.

client 2026-06-26
c: I can get it to you, let's see, not this Friday. Friday the twenty-sixth.
t: The twenty-sixth is fine.

client 2026-06-16
c: I'll come back to you when they have met.
t: So we hear from you on Tuesday?
c: Tuesday, yes.

trader None
c: If a bigger piece of those shows up, would you tell me?
t: Five million and up?
c: Five and up.
t: You'll be my first call if one does.

trader None
c: Should they trade wider than eighty, I'd be grateful to hear of it.
t: Outside eighty, you shall hear from me.

trader 2026-06-12
t: Shall I chase the other holders?
c: Yes, let me know on Friday what you find.
t: Friday it is.

none
c: I'll warn you now, I am in a foul mood.
t: Go on.

none
c: Please do, provided it stays there for an hour.
t: Naturally.

trader 2026-06-10
t: You'll have the confirmation before the day's out.
c: Thanks.

client 2026-06-11
c: I can send it, um, this aft-- no, my colleague has the log-in and he is away. Tomorrow.
t: Tomorrow's grand.

client 2026-06-22
t: We need a new certificate without him.
c: I'll get it to you by the end of next week. Actually no, that's the holiday. Monday the twenty-second.
t: Monday the twenty-second works.

client 2026-06-19
c: He's away on Thursday. Friday next week, the nineteenth. I send it to you myself.
t: The nineteenth works.

trader 2026-08-05
t: Shall I give you a bell before it comes round?
c: Please, but I'm on leave the first days of August. Ring me on the fifth.
t: Wednesday the fifth of August.

trader 2026-06-11
c: Send me a message tomorrow after the close with how much we have.
t: Tomorrow after the close, no problem.

trader 2026-06-10
t: You'll see the confirmation in your mail within the hour.
c: Thank you.

trader None
t: And if somebody turns up bidding inside seventy?
c: Then you must ring me.
t: Inside seventy, you get a ring.

trader None
t: If they move a lot, shall I tell you?
c: Only if they come in through one fifteen. Then I'd want to know.
t: Through one fifteen, I'll shout.

trader 2026-06-10
c: Drop me a line each evening with what you've bought. From tonight.
t: Each evening, starting tonight.

trader 2026-06-10
t: Would you like me to raise this as an official complaint?
c: I was going to insist on it.
t: Then I'll open the complaint today, in your name.

trader 2026-09-04
t: Would you like a nudge before that comes due?
c: Yes please, ring me on the fourth of September.
t: The fourth of September, that's a Friday.

trader None
c: And if they trade wider than two ten, ring me.
t: Wider than two ten, I ring you.

trader None
t: You want a tap on the shoulder if it gets to ninety?
c: Yeah, tap me.
t: Understood.

trader 2026-06-12
c: Nothing in the long one?
t: The chap who runs it is back Friday, I'll get you a bid then.
c: Friday's fine.

trader 2026-06-10
t: And I'll drop you a tally after the bell.
c: Ta.

trader 2026-06-10
t: Then what I'll do is drop your back office a line before lunch.
c: Thanks.

trader 2026-06-18
c: She'd want to see that drawn.
t: I can do drawings. The two side by side?
c: Please, month by month.
t: Would Thursday week suit, the eighteenth?
c: The eighteenth is ideal.

client 2026-06-19
t: Could you send me a new mandate?
c: I'd better. When by?
t: Shall we say Friday the nineteenth?
c: Friday the nineteenth.

client 2026-06-22
t: Could I have the new timetable?
c: Monday the twenty-second. I'll send it you myself.
t: Monday the twenty-second, fine.
c: And the pictures?
t: They come on Wednesday.
c: Good.
t: Have we left anything out?
c: No. And you'll have my timetable.

none
t: Take the twenty now, and I go and shout about the other ten.
c: What's it trading at?

none
c: I had some agency, Pallant, ring my office.
t: One of our partners, I should think.

none
t: Coming up.
c: I'll put the kettle on.

none
t: I can take the euros off you at eighty-seven twelve.
c: Hm.

none
c: E-mail me if it's important.
t: Okay.

trader None
c: I'd want a shout if it looks like going, so I can warn my boss.
t: I'll ring you when we're within ten paise.

none
t: I'll tell you up front, I looked at your limit.
c: Fair enough.

none
c: I'm in Norway that week. You'll have to eat my share on the second of July.
t: That's a pity.

trader 2026-06-10
t: btw ur metals statement bounced, resending this pm
c: yes never saw it

trader 2026-06-15
t: I can get you the spreadsheet.
c: Would you? I've to report back on Tuesday, so Monday at the latest.
t: Monday latest, I will send it.

client 2026-06-19
t: Could you get it renewed by Friday of next week, the nineteenth?
c: The nineteenth. Yes, I'll put young Miles on to it.
t: And just drop me a line when it's through.
c: Will do.

trader 2026-06-11; trader 2026-06-12
t: I'll mail you the file tomorrow, and I'll call you on Friday about the margin.
c: Good.

client 2026-06-24
c: My colleague in accounting, Frau Yildiz, sends them until the twenty-fourth of June.
t: Wednesday the twenty-fourth, I write it down.

trader 2026-06-11; trader 2026-06-19
c: Could I get those figures in Excel?
t: Sure, tomorrow morning okay?
c: Tomorrow is fine. If possible then every Friday also.
t: No problem, Fridays starting 19 June.

none
c: So now I have a fixed coupon that I don't want.
t: So you'd be receiving fixed from us.

none
t: I can send you our daily note if you like.
c: No thanks, I get too many.

none
c: Good till cancelled. I'll tell you when I've had enough.
t: Got it.

none
t: You can have it choice.
c: Thanks.
"""


@pytest.mark.parametrize("row", TALKS.strip().split("\n\n"), ids=lambda row: row.splitlines()[1][3:45])
def test_a_promise_has_its_owner_and_day_once(row: str) -> None:
    expected, *lines = row.splitlines()
    tasks = analyse(dialogue(Talk("promises", "call", "\n".join(lines)))).follow_ups
    assert [f"{task.owner} {task.due}" for task in tasks] == ([] if expected == "none" else expected.split("; "))


def test_an_alert_says_on_what_it_waits() -> None:
    lines = "t: I can watch them.\nc: Yes, if they come inside two hundred then tell me.\nt: I'll let you know."
    (task,) = analyse(dialogue(Talk("alert", "call", lines))).follow_ups
    assert "if they come inside two hundred" in task.what


def test_a_client_who_begins_with_a_complaint_is_quoted() -> None:
    talk = dialogue(Talk("twice", "call", "t: Good morning.\nc: You have taken the premium twice.\nt: I'm sorry."))
    assert "You have taken the premium twice." in build(talk, analyse(talk)).summary


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (
            "c: Has your analyst done anything on rail?\nt: She's got a preview of the results.\n"
            "c: I want that. When?\nt: You'll have it Friday.",
            "Send the preview of the results",
        ),
        (
            "t: They'll ask for the signed loan agreement, ours is only a draft.\n"
            "c: The lawyers release it this week. You'll have it Friday.",
            "Send the signed loan agreement",
        ),
        (
            "t: The dealer list still has Ms Orme on it. Could you send me a fresh list?\nc: Sure, by Friday.",
            "Send the desk a fresh dealer list",
        ),
        (
            "c: So the other ten?\nt: You'll hear from me on Friday with a yes or a no.",
            "Come back to the client with a yes or a no",
        ),
        (
            "c: send me the risk sheet pls, fri is ok\nt: fri np\n"
            "c: n then same thing evry thu\nt: on auto from thu 18",
            "Send the risk sheet every Thursday",
        ),
        ("t: I'll get Odette to scan it over to you tomorrow.\nc: Thanks.", "Get Odette to scan it over to the client"),
    ],
)
def test_the_thing_that_is_meant_is_named(lines: str, what: str) -> None:
    tasks = analyse(dialogue(Talk("meant", "chat", lines))).follow_ups
    assert what in [task.what.split(" (“")[0] for task in tasks]
