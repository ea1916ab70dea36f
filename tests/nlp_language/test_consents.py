"""A client's word on being reached and on their data: asked for, offered, said unasked, indirectly, or read back."""

from __future__ import annotations

import pytest

from nlp.language import analyse
from tests.nlp_language.fresh_talks import Talk, dialogue

# What must be understood ("channel+", "channel-", "none"), then the turns.
TALKS = """
none
c: So the Kiwi is gone, and there's nothing on between us in that.
t: Nothing at all.

whatsapp+ email_newsletter-
t: Are you all right with us messaging you on WhatsApp?
c: WhatsApp? Yes, go ahead. What I could do without is that market e-mail every morning.
t: The daily one? You don't want it any more?
c: No more newsletters, thank you.

post- email+
c: And stop posting me those brochures. E-mail me if it's important.
t: So nothing by post, but e-mail's okay.

phone- email+
c: Don't phone, e-mail me.
t: So, no telephone, e-mail only?
c: E-mail only.

whatsapp+
t: May we send you WhatsApp messages?
c: WhatsApp on the work phone, I'm happy with that.

whatsapp-
t: Would you mind if we used WhatsApp for quick questions?
c: I would mind, actually. My phone's my own.
t: Fair enough, no WhatsApp.

whatsapp+
t: Is it okay to drop you a WhatsApp now and then?
c: Be my guest.
t: Thanks.

sms-
t: We can text you when orders fill.
c: Heavens, no. My thumbs are bigger than the keys.
t: Noted.

sms+
t: We can text you when orders fill.
c: That would be handy, yes.
t: Switched on.

none
c: Phone me, don't e-mail, I'm never at the desk in July.
t: Borrowing, then. You've fifteen million that went floating.

none
t: Shall I give you a nudge before it matures?
c: Would you? Monday the sixth, by phone, because I never see my e-mails.
t: Monday the sixth, I'll ring you.

none
c: The confirmation of last month went to Herr Stocker, who is retired. Take him off the distribution, yes?
t: I'll have him removed today, and you stay on it.

none
c: And the auction preview your strategist does, am I off the distribution? I didn't see it this week.
t: You shouldn't be. I'll look into it.

email_newsletter-
c: Before you go, that weekly thing you mail round, can you stop it? I delete it unread.
t: Of course, you're off it.

email_newsletter-
c: And get me off your newsletter, would you.
t: Done.

email_newsletter+
c: My colleague gets your morning note. Could you add me to the newsletter list?
t: Sure, you're on it.

email_newsletter+
t: Shall I put you on the distribution for our weekly commentary?
c: Why not, I'll give it a whirl.
t: You're on.

email_newsletter-
t: Shall I put you on the distribution for our weekly commentary?
c: I've more than enough to read, thanks.
t: No problem, I'll leave you off.

third_party_data_sharing-
t: We sometimes share contact details with our partner firms. Are you all right with that?
c: I'd sooner you didn't.
t: Understood.

third_party_data_sharing-
c: And who gave my number to that survey company? I never agreed to that, and it stops now.
t: I'm sorry, we won't pass it on again.

third_party_data_sharing+
t: Can I pass your details to our custody partner? They'd call you direct.
c: By all means.
t: Great.

third_party_data_sharing-
c: One thing, keep our names to yourselves, I don't want any outside firm having them.
t: Clear.

third_party_data_sharing+
t: An independent agency surveys our clients every spring. May we give them your e-mail address?
c: I don't see why not.
t: Thank you.

post-
c: Please stop sending me letters, it all goes in the recycling.
t: I'll stop the post.

post+
t: Do you still want the statements on paper?
c: Yes, I like to have something to file.
t: Paper it stays.

post-
t: Do you still want the printed outlook through the post?
c: Save the stamps.
t: No more post then.

phone-
c: Please don't ring me at home any more. In fact don't ring at all, write to me.
t: No calls, understood.

phone+
t: How should we reach you about orders?
c: Just call, any hour.
t: By phone then.

phone- whatsapp+
c: I can't take calls on the floor, so no phone please. WhatsApp's best.
t: WhatsApp it is, no calls.

sms- email+
t: Text or e-mail for the alerts?
c: E-mail. I never look at texts.
t: E-mail it is.

whatsapp-
c: pls dont whatsapp me, compliance monitors that
t: ok no whatsapp

whatsapp+
c: u can whatsapp me on this nr from now on
t: great

whatsapp- sms-
t: whatsapp or sms alerts ok for u?
c: neither pls, chat only
t: chat only, noted

email_newsletter-
t: do u still want our daily digest
c: nah kill it
t: killed

email_newsletter+
t: do u still want our daily digest
c: yep keep it coming
t: 👍

sms+
t: ok if i text u when its filled?
c: sure go for it
t: ty

third_party_data_sharing-
t: we'd like to share ur details w our prime broker partner, ok?
c: nope
t: np

email_newsletter-
c: I'm drowning in your mailings. Unsubscribe me from all of them.
t: All gone.

whatsapp-
t: Some clients like a WhatsApp for this.
c: I'm not some clients. Leave me out of that.
t: Ha, no WhatsApp then.

whatsapp-
t: And WhatsApp?
c: Our policy forbids it.
t: So not on WhatsApp. Fine.

post-
t: We'd send you the brochure and invitations by post.
c: Nothing on paper, we've gone digital.
t: No paper, good.

email_newsletter+
t: There's a Friday round-up, by e-mail, quite short.
c: Short I can do. Put me down.
t: You're on the list.

email_newsletter-
t: There's a Friday round-up, by e-mail, quite short.
c: Don't add me to anything, please.
t: I won't.

third_party_data_sharing+
t: Our lawyers are an outside firm and need your directors' names. Are you comfortable with us handing those over?
c: Yes, that's fine, go ahead.
t: Thank you.

none
c: I sent you the form by post last week, did it arrive?
t: It did.

none
t: I'll send you the confirmation by e-mail.
c: Thanks, great.
t: Bye.

none
c: Can you ring me back in ten minutes?
t: Sure, will do.

none
c: I got your text this morning, thanks.
t: Good. No problem.

none
t: I'll phone you when it's filled.
c: Fine.
t: Bye.

none
t: Shall I e-mail you the term sheet?
c: Yes please.
t: On its way.

none
c: No, I never saw that e-mail. Send it again?
t: Will do.

none
c: The letter you sent has the wrong address.
t: Sorry, I'll have it corrected.

none
t: Are you comfortable with the level?
c: Yes.
t: Done.

none
c: Did you read the newsletter? The piece on copper was wrong.
t: I'll tell the author.

none
c: my phone died, no calls for an hour
t: ok will chat

none
t: any objection if I call you at two?
c: no, two's good
t: ok

email_newsletter-
t: Do you actually read the Monday bulletin?
c: To be honest, no. You can spare yourself the trouble.
t: Then I'll take you off.

whatsapp+ phone-
c: Don't call me at work, WhatsApp me instead.
t: Will do.

phone+ sms-
t: May I ring or text you when it trades?
c: Ring, yes. Texts, no.
t: Ring, don't text. Got it.

third_party_data_sharing-
c: our fills turned up in some vendor's deck. nothing of ours goes to anyone outside
t: understood, it stops

third_party_data_sharing-
t: Could we pass your name to the organisers?
c: I'd rather my name stayed with you.
t: Of course.

post+
c: I like paper. Carry on with the letters.
t: We will.

email_newsletter+ sms-
t: The newsletter, still useful?
c: Yes, keep that.
t: And text alerts?
c: Not for me.
t: Okay.

phone+
t: While I'm away my colleague Nina covers. Can she call you?
c: Of course she can.
t: Thanks.

whatsapp-
c: I've come off WhatsApp altogether, so please take that number away.
t: Will do.

email-
c: Don't send me e-mails any more, nobody reads that inbox. Ring me.
t: No e-mails then.

email_newsletter+
c: can u put me on the list for the monthly credit mail
t: sure, adding you

email_newsletter+
t: One question, our weekly energy letter goes out by mail, would you like to get it?
c: Yes, please. But begin after my holiday.

none
t: Can we use WhatsApp for the fills?
c: That's for our compliance to say, not for me. I'll ask them.
t: Okay, until then we leave it.

none
t: By the way, would you be happy for us to text you when an order's done?
c: Oh, hang on, I've got the other line. Can I call you back?
t: Of course.

none
c: And an answer from somebody senior. Not one of those, those form letters.
t: It'll be in writing by Wednesday.

whatsapp+ sms-
t: Could we use WhatsApp for the price alerts?
c: WhatsApp, yes, that's grand, I'm never off it. The text messages, though, you can stop those.
t: WhatsApp's a yes and texting's a no.

sms- email+
c: I do not want any texts from you. Send a mail if there is something.
t: No texts, e-mail only.

third_party_data_sharing-
t: The golf club would like your address for its mailings. May we pass it on?
c: I'd rather you didn't.
t: Then we don't.

"""


@pytest.mark.parametrize("row", TALKS.strip().split("\n\n"), ids=lambda row: row.splitlines()[1][3:50])
def test_leave_is_understood(row: str) -> None:
    expected, *lines = row.splitlines()
    talk = dialogue(Talk("leave", "call", "\n".join(lines)))
    said = {f"{c.channel}{'+' if c.granted else '-'}" for c in analyse(talk).consents}
    assert said == set(expected.replace("none", "").split())
