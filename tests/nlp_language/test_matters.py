"""Complaints about the service and due diligence on the client: in whatever words, and what only sounds like them."""

from __future__ import annotations

import pytest

from nlp import report
from nlp.language import analyse
from nlp.language.model import Analysis
from nlp.report_text import to_text
from tests.nlp_language.fresh_talks import TALKS, Talk, dialogue
from tests.nlp_language.strange_talks import STRANGE_TALKS

# What must be understood ("complaint", "formal", or words of the KYC matters, "none"), then the turns.
COMPLAINTS = """
complaint
c: The recap of Monday's trade never came, and it's the second one this month.
t: I'm sorry, I'll resend it.

complaint
c: You booked us the wrong side on the Swissie, Ben. I'm really not happy.
t: Let me look at the ticket.

complaint
c: Nobody called me back on Thursday. Or on Friday, for that matter.
t: That should not have happened, I do apologise.

complaint
c: Your prices take forever to come up. By the time I see one it's gone, and it happens every single time.
t: I'll speak to the e-trading team.

complaint
c: My statement's missing three payments and I'm fed up with asking.
t: I'll get operations on it.

formal
c: I want to make a formal complaint about the way that rollover was handled.
t: Of course. I'll take the details.

formal
c: Our allocations were wrong again. Every fund had somebody else's fills.
t: Would you like me to register that as a complaint?
c: Please do.
t: It'll be with the complaints team by noon.

complaint
c: The margin call went to the wrong address. It's not good enough.
t: Do you want it logged as a formal complaint?
c: Not this time. Just get it fixed.
t: Understood.

complaint
c: Your confirmation was wrong twice this week. I want that logged as a complaint.
t: I'll open one now.
c: You know what, forget the formal complaint, just send me the right one.
t: Straight away.

complaint
c: still no confo for the 12m, thats 3 days now. third time this qtr
t: chasing it now

complaint
c: I'd like to complain. Your platform locked me out in the middle of an auction.
t: Oh no. Let me find out what happened.

none
c: How are things? Can't complain, it's Friday.
t: No complaints here either.

none
c: The market's a shambles today, I'm fed up with it.
t: It's been ugly, yes.

none
c: My boss isn't happy with the hedge ratio. Third time he's changed it.
t: They never are.

none
c: Ninety-eight forty? That's not good enough, you'll have to do better than that.
t: I'm sorry, that's the best I have.

none
t: Sorry, I was late with the confirmation this morning. My apologies.
c: Don't worry, I hadn't noticed.

none
c: Our back office booked it wrong, sorry. Can you send the confirmation again?
t: No problem.

none
c: If the confirmation is late again I'll complain to your boss, I swear.
t: It's in your inbox already.

none
c: Is anything wrong with the settlement?
t: Nothing wrong with it, it went this morning.

none
c: Has the confirmation gone out?
t: Ten minutes ago.

none
c: The payment was late again, the tenant never pays on time.
t: Annoying.

none
c: The dollar should have been higher after those numbers. It's the third time it failed there.
t: Indeed.

none
c: Not happy with 98.40, that's the third time you've shown me a wide price.
t: I'm really sorry, it's thin today.

none
c: We had a complaint from a customer about the colour of the boxes.
t: What did they want, pink?
"""
KYC = """
LEI expires on the thirtieth
t: Before you go, your LEI expires on the thirtieth.
c: I'll get it renewed.

certified copy of her passport
t: For the file I'd need a certified copy of her passport.
c: You'll have it on Monday.

proof of address
t: Compliance are asking for proof of address, a utility bill will do.
c: I'll dig one out.

authorised signatories have changed
c: By the way, our authorised signatories have changed, Marta has left.
t: Send us the new list and we'll update it.

register of beneficial owners
t: We still haven't got the register of beneficial owners from you.
c: It's with the notary.

source of funds
t: One for the file: could you confirm the source of funds for the new account?
c: It's the sale of the Leeds depot.

FATCA self-certification
t: The FATCA self-certification needs a new signature.
c: Send it over.

KYC review
t: It's time for the annual KYC review, I'm afraid.
c: Again? All right.

sanctions questionnaire
t: Could you complete the sanctions questionnaire by Friday?
c: I'll pass it to legal.

professional client
t: You're classified as a professional client, do you want to be treated as an eligible counterparty?
c: Let me ask.

account opening
c: What's outstanding on the account opening?
t: Only the certificate of incorporation.

LEI
t: ur LEI lapsed
c: no way. LEI is renewed every april
t: it says lapsed here, can u send the cert for the LEI

none
c: I couldn't find my passport at the airport, we nearly missed the flight.
t: Nightmare.

none
c: We won a new mandate from the insurance people, so there'll be more flow.
t: Congratulations.

none
t: Your KYC is all up to date, by the way, nothing outstanding.
c: Good.

none
c: Sell twenty million euros against Romanian lei, please.
t: Five oh four sixty.

none
c: Do you think there'll be new sanctions on the metal?
t: The market is worried about it.

none
t: If you ever change the signatories, let me know.
c: Will do.

none
c: Bought a new car, had to send my driving licence and a utility bill and everything.
t: Bureaucracy.

none
c: Due diligence on the target takes another month, then we need the dollars.
t: September, then.

none
t: The passport we've got, thanks.
c: Good.
"""


def understood(lines: list[str]) -> Analysis:
    return analyse(dialogue(Talk("matters", "call", "\n".join(lines))))


def rows(text: str) -> list[str]:
    return text.strip().split("\n\n")


@pytest.mark.parametrize("row", rows(COMPLAINTS), ids=lambda row: row.splitlines()[1][3:50])
def test_a_complaint_is_about_the_service_and_formal_when_it_is_to_be_registered(row: str) -> None:
    expected, *lines = row.splitlines()
    found = [matter for matter in understood(lines).matters if matter.kind == "complaint"]
    assert ["formal" if matter.formal else "complaint" for matter in found] == expected.replace("none", "").split()
    assert all(matter.raised_by == "client" for matter in found)


@pytest.mark.parametrize("row", rows(KYC), ids=lambda row: row.splitlines()[1][3:50])
def test_due_diligence_is_told_once_for_each_thing_in_the_words_of_the_talk(row: str) -> None:
    expected, *lines = row.splitlines()
    said = [matter.what for matter in understood(lines).matters if matter.kind == "kyc"]
    assert bool(said) == (expected != "none")
    assert expected == "none" or any(expected in what for what in said)
    assert len(said) == len(set(said))


@pytest.mark.parametrize("row", rows(COMPLAINTS) + rows(KYC), ids=lambda row: row.splitlines()[1][3:50])
def test_the_evidence_holds_the_words(row: str) -> None:
    analysis = understood(row.splitlines()[1:])
    for matter in analysis.matters:
        assert 0 < matter.confidence <= 1
        assert matter.spans[0].field == "what"
        assert matter.spans[0].text == matter.what
        for said in matter.spans:
            turn = analysis.turns[said.turn]
            assert said.turn in matter.evidence
            assert said.text == turn.text[said.start : said.end] != ""
            assert turn.start <= said.began < said.ended <= turn.end


def test_what_is_corrected_is_no_matter() -> None:
    lines = ["t: Your LEI lapses on Friday.", "c: It was renewed last week.", "t: Oh yes, the LEI we've got. Sorry."]
    assert understood(lines).matters == ()


def test_a_report_tells_them_and_is_silent_where_there_are_none() -> None:
    talk = dialogue(
        Talk("matters", "call", "c: I want to make a formal complaint.\nt: I see. And your LEI lapses on Friday.")
    )
    made = report.build(talk, analyse(talk))
    assert [(each["kind"], each["formal"], each["raised_by"]) for each in report.to_json(made)["matters"]] == [
        ("complaint", True, "client"),
        ("kyc", False, "trader"),
    ]
    for text in (report.to_html(made), to_text(made)):
        assert "Complaints and KYC" in text
        assert "formal complaint" in text
        assert "LEI lapses on Friday" in text
    quiet = dialogue(Talk("quiet", "call", "c: Good morning."))
    silent = report.build(quiet, analyse(quiet))
    assert "KYC" not in report.to_html(silent) + to_text(silent)


def test_plain_business_has_no_matters() -> None:
    assert not [talk.name for talk in (*TALKS, *STRANGE_TALKS) if analyse(dialogue(talk)).matters]
