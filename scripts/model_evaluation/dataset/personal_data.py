"""Likely personal data and secrets: told apart, counted, and hidden. Never printed.

Patterns find what is likely, not what is certain; a product number may look like a telephone number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

HIDDEN = "•"

_EMAIL = re.compile(r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,4}\.[A-Za-z]{2,24}\b")
# Mailboxes of an office, not of a person (RFC 2142 and what companies use).
_OFFICE_NAMES = """
    abuse accounting accounts admin administrator billing booking bookings bounce careers compliance contact
    customerservice customersupport desk donotreply enquiries enquiry example feedback finance ftp hello help helpdesk
    hostmaster hr info inquiries invoice invoices jobs kontakt legal mail mailer-daemon marketing media news
    newsletter noc no-reply noreply office operations ops order orders payments postmaster press privacy purchasing
    reception reservations returns root sales security service services shop status subscribe support team test
    unsubscribe usenet user webmaster welcome www
"""
_OFFICES = frozenset(_OFFICE_NAMES.split())
_PHONES = (
    re.compile(
        r"(?<![\w.+-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)[ .-]?)?\d{2,4}(?:[ .-]\d{2,4}){2,3}(?![\w-]|\.\d|\s?%)"
    ),
    re.compile(r"(?<![\w.+-])(?:\+\d{1,3}[ .-]?)?\(\d{2,4}\)[ .-]?\d{3,4}[ .-]\d{3,4}(?![\w-]|\.\d)"),
    re.compile(r"(?<![\w+])\+\d{1,3}(?:[ .-]\d{2,8}){2,4}(?![\w-])"),
    re.compile(r"(?<![\w+])\+\d{9,15}(?!\d)"),
)
_DATE = re.compile(r"(?:19|20)\d\d[ .-]\d{1,2}[ .-]\d{1,2}|\d{1,2}[ .-]\d{1,2}[ .-](?:19|20)\d\d")
_CARD = re.compile(r"(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d-]|\.\d)")
_SECRETS = (
    ("AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("private key", re.compile(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----")),
    (
        "API key",
        re.compile(r"\b(?:sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{36,}|xox[abp]-[A-Za-z0-9-]{10,})"),
    ),
)


def personal_spans(text: str) -> Iterator[tuple[str, int, int]]:
    """What it is ("email address", "phone number", "payment card number"), and where, for each find."""
    if "@" in text:
        for match in _EMAIL.finditer(text):
            if match.group().partition("@")[0].partition("+")[0].lower() not in _OFFICES:
                yield "email address", *match.span()
    if sum(map(text.count, "0123456789")) < 9:
        return
    for match in _CARD.finditer(text):
        digits = [int(char) for char in match.group() if char.isdigit()]
        if len(set(digits)) > 1 and _passes_luhn(digits):
            yield "payment card number", *match.span()
    for pattern in _PHONES:
        for match in pattern.finditer(text):
            digits_in = sum(char.isdigit() for char in match.group())
            if 9 <= digits_in <= 15 and not _DATE.match(match.group()):
                yield "phone number", *match.span()


def secret_spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Keys that would let somebody in: what kind, and where."""
    for what, pattern in _SECRETS:
        for match in pattern.finditer(text):
            yield what, *match.span()


def hidden(text: str) -> str:
    """The text, of the same length, with personal data and secrets replaced by dots."""
    for _, start, end in [*personal_spans(text), *secret_spans(text)]:
        text = text[:start] + HIDDEN * (end - start) + text[end:]
    return text


def _passes_luhn(digits: list[int]) -> bool:
    """The check digit of payment cards; about one random number in ten passes."""
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
