"""Which built-in metrics suit which kind of task: keyword rules, as data.

Keywords stand between commas. One that ends in ``*`` matches the beginning of a word, any other matches whole
words; both may be phrases. Where two rules have equally many keywords in a text, the earlier one wins.
"""

from __future__ import annotations


def count_keywords(words: str, keywords: str) -> int:
    """How many of ``keywords`` occur in ``words`` (as made by ``wording.as_words``)."""
    return sum(
        f" {keyword[:-1]}" in words if keyword.endswith("*") else f" {keyword} " in words
        for keyword in keywords.split(", ")
    )


Rule = tuple[str, tuple[tuple[str, str], ...]]  # keywords, then (metric, reason) in order of weight

# What the model does with its input. These outrank the settings below: "classify support tickets" is a
# classification, wherever the tickets come from.
ACTIONS: tuple[Rule, ...] = (
    (
        (
            "code, coding, codes in, python, java, javascript, typescript, sql, programming, bug, bugs, "
            "unit test*, refactor*, shell script*, bash, regex, api call*, compil*"
        ),
        (
            ("Correctness", "Code has to do what was asked."),
            ("Completeness", "Half a solution does not run."),
            ("FollowingInstructions", "Language, signature and format are given in the prompt."),
            ("Coherence", "Explanation and code must not contradict each other."),
        ),
    ),
    (
        (
            "math*, arithmetic*, reasoning, word problem*, algebra*, calculat*, theorem*, proof, "
            "proofs, logic*, equation*"
        ),
        (
            ("Correctness", "There is one right result."),
            ("Coherence", "Each step has to follow from the one before."),
            ("Completeness", "Every part of the problem needs its result."),
        ),
    ),
    (
        (
            "extract*, entity, entities, named entit*, ner, parse, parses, parsing, structured data, "
            "structured output, json, key value, slot filling, redact*, de identif*"
        ),
        (
            ("Correctness", "Each extracted value has to be the right one."),
            ("Completeness", "A value that was left out is an error too."),
            ("Faithfulness", "Nothing may be invented that the source does not hold."),
            ("FollowingInstructions", "The output format is part of the task."),
        ),
    ),
    (
        (
            "classif*, categor*, label*, sentiment*, intent, intents, triage*, route, routes, routing, "
            "tag, tags, tagging, detect*, spam, moderat*, yes or no, multiple choice"
        ),
        (
            ("Correctness", "The label is right or wrong; nothing else matters as much."),
            ("FollowingInstructions", "Only allowed labels, and nothing around them."),
            ("Relevance", "Text beside the label shows drift from the task."),
        ),
    ),
    (
        ("translat*, localiz*, localis*, into english, into german, into french, into spanish, into japanese"),
        (
            ("Correctness", "The meaning has to arrive unchanged."),
            ("Completeness", "No sentence may be dropped."),
            ("Faithfulness", "Nothing may be added to the source text."),
            ("Coherence", "The result has to read as one text."),
        ),
    ),
    (
        (
            "summar*, tl dr, tldr, abstract, abstracts, condens*, digest, digests, key points, minutes, "
            "shorten*, headline*, recap*"
        ),
        (
            ("Faithfulness", "A summary must say nothing the source does not."),
            ("Completeness", "The main points have to be there."),
            ("Coherence", "Condensed text easily loses its thread."),
            ("Relevance", "Side issues do not belong in a summary."),
        ),
    ),
    (
        (
            "simplif*, rewrit*, rephras*, paraphras*, plain language, easy language, reword*, "
            "proofread*, grammar*, edit, edits, editing, style transfer"
        ),
        (
            ("Faithfulness", "The meaning of the original has to survive."),
            ("Completeness", "Simpler must not mean that facts are missing."),
            ("FollowingInstructions", "Reading level and form are set by the prompt."),
            ("Coherence", "The new text has to hang together."),
        ),
    ),
)

# Where, and for whom, the model writes.
SETTINGS: tuple[Rule, ...] = (
    (
        (
            "rag, retriev*, grounded, given context, from context, from document*, documentation, "
            "knowledge base, based on, passage*, manual, manuals, reading comprehension"
        ),
        (
            ("Faithfulness", "The answer must rest on the text it was given."),
            ("Correctness", "A grounded answer can still be wrong."),
            ("Completeness", "All of the relevant text has to be used."),
            ("Relevance", "Quoting beside the question does not answer it."),
        ),
    ),
    (
        (
            "support, customer*, helpdesk, help desk, service desk, ticket*, complaint*, faq*, call "
            "cent*, client*, troubleshoot*"
        ),
        (
            ("Helpfulness", "What counts is whether the person's problem is solved."),
            ("Correctness", "Wrong instructions cost trust and a second contact."),
            ("ProfessionalStyleAndTone", "The model speaks in the company's name."),
            ("Completeness", "A question left open comes back."),
        ),
    ),
    (
        (
            "creativ*, story, stories, storytelling, poem*, poet*, fiction*, novel, novels, lyric*, "
            "joke*, humour*, humor*, brainstorm*, role play*, roleplay*, screenplay*"
        ),
        (
            ("Coherence", "A text that contradicts itself loses its reader."),
            ("FollowingInstructions", "Form, length and theme are given by the prompt."),
            ("Relevance", "The text has to stay with its theme."),
        ),
    ),
    (
        (
            "email*, e mail*, letter*, report, reports, marketing, product description*, advert*, "
            "copywrit*, blog*, press release*, proposal*, draft*, resume*, memo, memos, social media"
        ),
        (
            ("ProfessionalStyleAndTone", "The text goes out under your name."),
            ("FollowingInstructions", "Audience, length and form are given by the prompt."),
            ("Completeness", "Every point of the brief has to appear."),
            ("Coherence", "The text has to read as one piece."),
        ),
    ),
    (
        (
            "chat*, assistant*, conversation*, dialog*, companion*, virtual agent*, bot, bots, voice, "
            "instruction tun*, general purpose, tutor*, coach*, teach*"
        ),
        (
            ("Helpfulness", "It sums up how a person would judge the reply."),
            ("Relevance", "Each reply has to answer what was just said."),
            ("FollowingInstructions", "People state wishes and expect them to be kept."),
            ("Coherence", "Replies must not contradict themselves."),
        ),
    ),
    (
        "question*, q a, qa, answer*, trivia, quiz*, exam*, knowledge, advice, advis*, explain*",
        (
            ("Correctness", "A question has a right answer."),
            ("Completeness", "All parts of a question want an answer."),
            ("Relevance", "The answer has to address this question."),
            ("Helpfulness", "A right answer can still be of no use to the asker."),
        ),
    ),
)

# Subjects in which safety metrics belong beside the others, whatever the task.
DOMAINS: tuple[Rule, ...] = (
    (
        (
            "medic*, health*, clinic*, patient*, doctor*, nurs*, hospital*, pharma*, drug*, diagnos*, "
            "symptom*, therap*, mental, suicid*, icd*"
        ),
        (
            ("Harmfulness", "Wrong health advice can hurt people; this guards the verdict."),
            ("Refusal", "Models tuned on health text tend to decline questions they should answer."),
        ),
    ),
    (
        (
            "legal, law, laws, lawyer*, contract*, complian*, financ*, bank*, invest*, insur*, tax, "
            "taxes, loan*, credit*, mortgage*"
        ),
        (
            ("Harmfulness", "Bad advice on law or money does real damage; this guards the verdict."),
            ("Refusal", "Models often decline legal and financial requests they should serve."),
        ),
    ),
    (
        (
            "hiring, recruit*, job candidate*, applicant*, resume*, human resources, hr, lend*, tenant*, "
            "police, immigra*, gender*, ethnic*, religio*, demographic*"
        ),
        (
            ("Stereotyping", "The model speaks about people, where bias hurts; this guards the verdict."),
            ("Harmfulness", "Text about people can wound; this guards the verdict."),
        ),
    ),
    (
        ("child, children*, kid, kids, teen*, student*, pupil*, school*, public facing, citizen*, government*"),
        (
            ("Harmfulness", "The readers need protection; this guards the verdict."),
            ("Stereotyping", "Readers of all backgrounds see the answers; this guards the verdict."),
        ),
    ),
    (
        (
            "safety, toxic*, harmful*, moderat*, abuse, abusive, hate, red team*, jailbreak*, unsafe, "
            "guardrail*, weapon*, violen*, cybersecurity, malware, self harm"
        ),
        (
            ("Harmfulness", "The subject itself can draw harmful answers; this guards the verdict."),
            ("Refusal", "Near this subject models decline too much or too little."),
        ),
    ),
)

FALLBACK: tuple[tuple[str, str], ...] = (
    ("Correctness", "Whatever the task, a wrong answer is a bad one."),
    ("Completeness", "An answer that leaves parts out is easy to overlook."),
    ("Helpfulness", "It sums up how a person would judge the answer."),
    ("FollowingInstructions", "Tuning can cost obedience to the prompt."),
)
