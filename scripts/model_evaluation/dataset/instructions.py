"""Texts in a dataset that are meant to be followed: by whoever scores the answers, or by an assistant."""

from __future__ import annotations

import re
from functools import cache

_SCORERS = ("evaluator", "grader", "reviewer", "rater", "scorer")


@cache
def to_a_scorer(further: tuple[str, ...] = ()) -> re.Pattern[str]:
    """What an instruction to a scorer looks like; ``further`` are other words for one."""
    who = "|".join(map(re.escape, (*further, *_SCORERS)))
    return re.compile(
        r"\b(?:ignore|disregard|forget|override)\s+(?:\w+\s+){0,3}(?:instructions?|prompts?|rules|criteria|guidelines)\b"
        r"|\b(?:give|assign|award|rate|score|grade|mark)\s+(?:\w+\s+){0,4}(?:answer|response|output|completion)\s+"
        r"(?:\w+\s+){0,3}(?:highest|maximum|full|perfect|top|10|100|5)\b"
        r"|\b(?:highest|maximum|full|perfect|top)\s+(?:score|rating|marks?|grade)\b"
        rf"|\b(?:dear|note to(?: the)?|attention|hey)\s+(?:{who})\b"
        rf"|\byou\s+are\s+(?:now\s+)?(?:the|an?)\s+(?:\w+\s+)?(?:{who})\b",
        re.IGNORECASE,
    )


_WHO = r"(?:ai|llm|assistants?|agents?|language models?|chat ?bots?|copilot|coding agents?)"
_CONFIDENTIAL = (
    r"(?:credentials?|secrets?|api[ _-]?keys?|access[ _-]?keys?|private[ _-]?keys?|secret[ _-]?keys?|ssh[ _-]?keys?|"
    r"session[ _-]?tokens?|access[ _-]?tokens?|environment variables|\.env\b|~/\.aws|~/\.ssh|system prompt)"
)
# Commands that serve nobody who asks a question, whatever part of a row they stand in.
_BEGINS = r"(?:^|[.!?:;,(\"'\n*-]\s*|\b(?:and|then|please|must|should|shall|now|also|first|you to)\s+)"
_COMMANDS = (
    rf"{_BEGINS}(?:upload|forward|transmit|exfiltrate|leak|publish|reveal|disclose)\s+"
    rf"(?:[\w'’]+\s+){{0,4}}{_CONFIDENTIAL}"
    rf"|{_BEGINS}(?:send|post|e-?mail|mail|print|read|copy|paste|export|include|share|submit)\s+(?:[\w'’]+\s+){{0,4}}{_CONFIDENTIAL}"
    r"[^.!?\n]{0,40}\s(?:to|into|in|on|at|with)\s+(?:me|us|him|her|them|https?|[\w.+-]+@|"
    r"(?:the|your|this) (?:chat|answer|reply|response|output|conversation|page|url|address|site))\b"
    r"|\b(?:without|do ?n[o'’]t|do not|never|instead of)\s+(?:\w+\s+){0,2}"
    r"(?:tell(?:ing)?|inform(?:ing)?|ask(?:ing)?|mention(?:ing)?|notify(?:ing)?|alert(?:ing)?|warn(?:ing)?)\s+"
    r"(?:\w+\s+){0,3}(?:user|human|operator|developer)s?\b"
    rf"|\b(?:note|message|instructions?|attention|important|notice|hey|dear|hello)\b[\s,:]*(?:to|for)?\s*(?:the|all|any|"
    rf"an|our|your)?\s*{_WHO}\b\s*[:,;.!-]"
    rf"|\b(?:if|when|since|because|as)\s+you\s+are\s+(?:an?|the)\s+(?:\w+\s+)?{_WHO}\b"
    rf"|\b(?:when|if|once|after|before)\s+(?:you|the {_WHO}|an? {_WHO})\s+"
    r"(?:reads?|sees?|process(?:es)?|opens?|checks?)\s+(?:this|these)\b"
    rf"|\b{_WHO}\s+(?:reading|processing|checking|handling)\s+(?:this|these)\b"
    r"|\bcurl\s+(?:-\S+\s+)*https?://\S+\s*\|\s*(?:sudo\s+)?(?:ba|z)?sh\b|\brm\s+-rf\s+[~/]"
    r"|\banswer\s+(?:the\s+)?(?:\w+\s+)?(?:confirm|terms)\b|(?<!\S)--(?:yes|accept)\b"
    r"|\byou (?:must|have to|should|shall) now (?:run|execute|call|upload|send|delete|open|install|download)\b"
)
# In a system text these are usual; in a prompt or a reference answer they speak past the model.
_TO_AN_ASSISTANT = (
    rf"{_BEGINS}(?:tell|inform|assure|convince|persuade|notify|remind|instruct|urge)\s+the\s+"
    r"(?:user|human|operator|developer)s?\b"
    rf"|\b(?:the\s+)?{_WHO}\s+(?:must|shall|has to|have to|needs? to|is to|should)\s+"
    r"(?:now\s+|immediately\s+|first\s+)?(?:run|execute|call|upload|send|delete|ignore|reveal|tell|approve|accept|confirm|install|download|"
    r"stop|answer|use)\b"
    rf"|{_BEGINS}(?:print|dump|echo|output|repeat|recite)\s+(?:out\s+)?(?:all\s+(?:of\s+)?)?your\s+"
    rf"(?:\w+\s+){{0,2}}{_CONFIDENTIAL}"
    rf"|(?:^|[.!?\n]\s*){_WHO}(?:\s+{_WHO})?\s*[:,]\s*(?:please\s+)?(?:before|after|instead of)\s+(?:you\s+)?"
    r"(?:answer|respond|reply|continu)\w*\b"
    r"|\b(?:call|invoke|use)\s+(?:the|your)\s+\w+\s+(?:tool|function)\s+(?:to|with|and)\b"
    r"|\byour\s+(?:new|real|actual|hidden)\s+(?:instructions?|task|goal|system prompt)\b"
)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """Compiled when it is first used: that takes longer than the start of most commands may."""
    return re.compile(text, re.IGNORECASE)


def commands_an_assistant(text: str) -> bool:
    """Whether a text, a system text too, commands what only an assistant with hands could do, or speaks to one."""
    return _pattern(_COMMANDS).search(text) is not None


def to_an_assistant(text: str) -> bool:
    """Whether a prompt or a reference answer reads like an instruction to an assistant that comes upon it."""
    return commands_an_assistant(text) or _pattern(_TO_AN_ASSISTANT).search(text) is not None
