"""Only explicit assent counts."""

from __future__ import annotations

import pytest

from model_evaluation.conversation.assent import is_assent

PLAIN = """
yes | Yes. | YES! | I agree | yes 👍 | Sim, concordo com os termos | 我同意，请继续 | Klar, passt, mach weiter
is goed, akkoord | Já, souhlasím | i AGREE. | Yes, I agree | proceed | ok | OK! | okay | Go ahead. | I accept
yes I agree, go ahead | Yes, I've read the terms. I acknowledge and agree to proceed. | Oh haha, okay! I agree
sure, I agree with the terms | ja, einverstanden | Ich habe die Bedingungen gelesen und stimme zu
oui, d'accord | oui, d’accord, allez-y ! | sí, acepto | sim, concordo | tak, zgadzam się | да, согласен | 同意します
はい、同意します。 | 我同意 | 네, 동의합니다 | ＯＫ
"""
ANYTHING_ELSE = """
sure, whatever | 👍 | yes, my boss agrees | agree to disagree | non d'accord | không đồng ý | 同意しません | sure
fine | no | not ok | yes? | ok? | ok but what does it cost | I do not agree | I don't agree | I agree to nothing
what are the terms? | skip | later | true | 1 | --yes | yes yes no | y | ok if it is free
yes, unless it costs more than 5 dollars | I agree with conditions | sí, con condiciones | si es gratis
whatever | I have read the terms | nein | 不同意 | 동의하지 않습니다 | 如果便宜就同意 | yes？ | tak
"""


def phrases(text: str) -> list[str]:
    return [phrase.strip() for line in text.strip().splitlines() for phrase in line.split(" | ")]


@pytest.mark.parametrize("words", phrases(PLAIN))
def test_plain_assent_is_taken(words: str) -> None:
    assert is_assent(words)


@pytest.mark.parametrize("words", [*phrases(ANYTHING_ELSE), "", "yes " * 100])
def test_anything_else_is_not(words: str) -> None:
    assert not is_assent(words)


def test_what_is_assented_to_may_be_named() -> None:
    words = "I agree to the Acme Widget terms"
    assert not is_assent(words)
    assert is_assent(words, "acme widget")


@pytest.mark.parametrize("words", ["是的" * 140 + "x", "i do " * 58 + "z"])
def test_long_texts_are_judged_at_once(words: str) -> None:
    assert not is_assent(words)
