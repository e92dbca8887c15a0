"""Whether somebody's own words are a plain yes, in the languages that people often answer in.

A text is assent when all of it consists of phrases that assent, joined in any way, with polite or thinking-aloud words
around them. Whatever else it holds (a question mark, "if", "but", "whatever", a no) makes it something to talk about.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

ASSENT = """
yes|yeah|yep|yup|aye|ok|okay|agree|agreed|i do|accept|accepted|proceed|confirm|confirmed|acknowledge|acknowledged
approve|approved|go ahead|carry on|go for it|continue|i consent|it is fine with me|i'm fine with that|let's go|ok go
ja|jawohl|jep|einverstanden|ich stimme zu|stimme zu|ich stimme den bedingungen zu|ich akzeptiere|akzeptiert
akzeptiere|ich bin einverstanden|ich bestätige|bestätigt|in ordnung|mach weiter|leg los|fortfahren|zugestimmt
oui|d'accord|je suis d'accord|j'accepte|accepté|je confirme|je consens|allez-y|vas-y|entendu|ça marche
sí|si|acepto|aceptado|de acuerdo|estoy de acuerdo|conforme|confirmo|adelante|vale|procede|proceda
sim|aceito|concordo|eu concordo|eu aceito|de acordo|estou de acordo|pode prosseguir|prossiga
sì|accetto|accettato|sono d'accordo|d'accordo|va bene|procedi|proceda pure|acconsento
akkoord|is goed|ik ga akkoord|ik ben akkoord|ik accepteer|geaccepteerd|ga door
jag godkänner|jag accepterar|jag samtycker|jeg godtar|jeg aksepterer|jeg accepterer|jeg er enig|hyväksyn|kyllä
zgadzam się|akceptuję|potwierdzam|souhlasím|ano|áno|súhlasím|elfogadom|igen|egyetértek
да|согласен|согласна|я согласен|я согласна|принимаю|подтверждаю|згоден|згодна|погоджуюсь
evet|kabul ediyorum|onaylıyorum|katılıyorum|đồng ý|tôi đồng ý|ya|setuju|saya setuju|sang-ayon ako
हाँ|हां|मैं सहमत हूँ|मैं सहमत हूं|सहमत|स्वीकार है|نعم|أوافق|موافق|כן|אני מסכים|אני מסכימה|מסכים|ใช่|ตกลง|ยอมรับ|ฉันยอมรับ
"""
# Written without spaces between words.
JOINED_ASSENT = """
はい|同意します|同意いたします|同意しました|同意する|承諾します|了承します|了解しました|了解です|承知しました|問題ありません
進めてください|お願いします|同意|我同意|是的|是|好的|好|接受|我接受|可以|请继续|請繼續|没问题|沒問題|确认|確認|继续|繼續
네|예|동의합니다|동의해요|동의함|승인합니다|좋습니다|진행해 주세요|진행해주세요
"""
# Words that assent to nothing by themselves and take nothing back. "With" stands in phrases only: "with conditions" is
# a condition.
AROUND = """
i|i've|i have|we|we have|have|having|hereby|fully|read|understood|understand|reviewed|the|these|those|this|that|them|it
all|of|to|and|both|so|then|now|just|please|thanks|thank you|thx|cheers|sure|of course|certainly|absolutely|definitely
terms|terms and conditions|terms of service|service terms|agreement|statement|to the conditions|read the conditions
with the terms|with the terms and conditions|with them|with it|with that|with this|with all of it|with the evaluation
indeed|right|all right|alright|fine|good|great|perfect|cool|oh|ah|aha|haha|hehe|lol|well|hi|hello|hey|hmm|sounds good
that's fine|that is fine|looks good|no problem|very well|let's
ich|habe|die bedingungen|den bedingungen|mit den bedingungen|gelesen|verstanden|und|danke|bitte|gern|gerne|klar
natürlich|passt|gut|super|alles klar|je|j'ai|lu|les conditions|aux conditions|et|merci|bien sûr|très bien|parfait
s'il vous plaît|he leído|los términos|las condiciones|con los términos|y|gracias|claro|por favor|muy bien|perfecto
li os termos|os termos|com os termos|e|obrigado|obrigada
ho letto|i termini|grazie|certo|ik heb|gelezen|met de voorwaarden|dank je
tak|tak!|я прочитал|я прочитала|условия|и|с условиями|спасибо|хорошо|já
👍|👌|✅|✔|🙂|😀|😄|😊|😅|🙏|🎉
"""


LONGEST = 300  # characters; a longer answer says more than yes
_SEPARATORS = re.compile(r"[\s,.;:!…。、，！・~\-–—()\"“”]+")


def is_assent(text: str, subject: str = "") -> bool:
    """Whether the whole text is a plain yes. Case, punctuation and width of letters do not matter; a question mark
    does. The words of ``subject``, what is assented to, may stand in it."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'").replace("`", "'")
    if not plain.strip() or plain.startswith("-") or len(plain) > LONGEST or any(mark in plain for mark in "?؟¿"):
        return False
    named = frozenset(subject.casefold().split())
    words = " ".join(word for word in _SEPARATORS.sub(" ", plain).split() if word not in named)
    whole, core = _patterns()
    return bool(whole.fullmatch(words)) and bool(core.search(words))


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What the whole text has to be, and what has to stand in it."""
    apart = rf"(?:{_phrases(ASSENT)}|{_phrases(AROUND)})(?= |$)"
    return (
        re.compile(rf"(?:(?:{apart}|{_phrases(JOINED_ASSENT)}) ?)+"),
        re.compile(rf"(?:^| )(?:{_phrases(ASSENT)})(?= |$)|{_phrases(JOINED_ASSENT)}"),
    )


def _phrases(text: str) -> str:
    lines = unicodedata.normalize("NFKC", text).casefold().replace("\n", "|")
    phrases = {_SEPARATORS.sub(" ", phrase).strip() for phrase in lines.split("|")}
    return "|".join(re.escape(phrase) for phrase in sorted(phrases - {""}, key=len, reverse=True))
