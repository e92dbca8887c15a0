"""Reading result files into columns: what is wrong with them is found, and every way of reading says the same."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from examples import at_most
from model_evaluation.kinds.llm_as_judge.runtime import result_rows as readresults
from model_evaluation.kinds.llm_as_judge.runtime import shaped_rows as shapedrows
from model_evaluation.kinds.llm_as_judge.runtime.result_blocks import ANSWER_FORMS, PROMPT_FORMS, pa, quick_rows
from model_evaluation.kinds.llm_as_judge.runtime.result_files import prompt_text, response_text
from model_evaluation.kinds.llm_as_judge.runtime.result_rows import ResultBlocks, read_judged, text_tables
from model_evaluation.runtime import blocks
from model_evaluation.runtime.statistics.scored_rows import (
    EXPLANATION,
    JudgedRows,
    careful_rows,
    careful_texts,
    judged_texts,
)
from model_evaluation.runtime.text_columns import blank_texts, text_keys, texts_without_repr
from unit.runtime.results_world import NASTY, result_line


class Files:
    """An S3 client whose objects can be counted."""

    def __init__(self, **bodies: bytes) -> None:
        self.bodies, self.asked = bodies, 0

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - the client's own names
        self.asked += 1
        return {"Body": self}

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        stream = io.BytesIO(self.bodies["k"])
        yield from iter(lambda: stream.read(min(size, 900)), b"")


def read(body: bytes) -> JudgedRows:
    return read_judged(ResultBlocks(Files(k=body), "bucket", ["k"]))


GOOD = result_line("p", "r", {"Correctness": 1})


class TestWhatIsWrong:
    def test_broken_lines_are_reported_and_the_rest_is_kept(self) -> None:
        found = read(f"{GOOD}\n\n{{broken\n[1]\n{json.dumps({'inputRecord': {}})}\n{GOOD}\n{GOOD[:40]}".encode())
        assert len(found) == 2
        assert [(p.key, p.line) for p in found.problems] == [("k", 3), ("k", 4), ("k", 5), ("k", 7)]
        assert "ends in the middle of this line" in found.problems[-1].message
        assert "ends in the middle" not in found.problems[0].message

    def test_one_bad_line_among_many_has_its_number(self) -> None:
        lines = [result_line(f"p{i}", "it's", {"A": i / 100, "B": None}) for i in range(100)]
        lines[70] = lines[70].replace('"A"', "A")
        found = read("\n".join(lines).encode())
        assert (len(found), [p.line for p in found.problems]) == (99, [71])
        assert found.scores["A"].numbers[found.scores["A"].at].tolist() == [i / 100 for i in range(100) if i != 70]

    def test_last_line_without_newline_counts(self) -> None:
        assert (len(read(GOOD.encode())), read(GOOD.encode()).problems) == (1, [])

    def test_invalid_utf8_is_a_problem(self) -> None:
        found = read(b'{"inputRecord": {"prompt": "\xff"}}\n')
        assert (len(found), found.problems[0].line) == (0, 1)

    def test_an_empty_file_has_no_rows(self) -> None:
        assert len(read(b"")) == len(read(b"\n\n")) == 0


class TestTexts:
    def test_small_files_are_asked_for_once_and_large_ones_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for kept, asked in ((10_000, 1), (10, 2)):
            monkeypatch.setattr(readresults, "KEPT_BYTES", kept)
            files = Files(k=f"{GOOD}\n".encode())
            source = ResultBlocks(files, "bucket", ["k"])
            assert len(read_judged(source)) == sum(map(len, text_tables(source))) == 1
            assert files.asked == asked

    @given(st.lists(st.text(max_size=8) | st.sampled_from(NASTY), max_size=4), st.data())
    def test_texts_out_of_their_reprs(self, texts: list[str], data: st.DataObject) -> None:
        held = [
            data.draw(st.sampled_from([repr([t]), repr([{"role": "user", "content": t}]), t, f" {t}"])) for t in texts
        ]
        held = [text.encode("utf-8", "replace").decode() for text in held]
        column = pa.array(held, pa.string())
        assert texts_without_repr(column, PROMPT_FORMS, prompt_text).to_pylist() == [prompt_text(t) for t in held]
        assert texts_without_repr(column, ANSWER_FORMS, response_text).to_pylist() == [response_text(t) for t in held]

    def test_white_space_is_what_python_takes_for_it(self) -> None:
        signs = [chr(code) for code in range(0x3100)]
        assert blank_texts(pa.array(signs, pa.string())).tolist() == [not sign.strip() for sign in signs]

    @given(st.lists(st.text(alphabet=" \r\n\x1c\u3000aé", max_size=5), max_size=4))
    def test_keys_are_those_of_the_trimmed_texts(self, texts: list[str]) -> None:
        plain = [text.replace("\r\n", "\n").strip() for text in texts]
        assert text_keys(pa.array(texts, pa.string())).tolist() == text_keys(pa.array(plain, pa.string())).tolist()


# -- every way of reading against reading line by line --------------------------------------------------------

text = st.text(max_size=6) | st.sampled_from(
    ["", " ", "it's", 'say "x"', "\\", "a\\nb", "x\ny", "\u2028", "🦜", "\x00", "\ud800", "[", "result"]
)
result = st.sampled_from(
    [
        "1",
        "0.5",
        "0",
        "-0.0",
        "-0",
        "-12",
        "0.30000000000000004",
        '""',
        "1e2",
        "null",
        '"Good"',
        '"N/A"',
        '" "',
        "NaN",
        "1e999",
        "true",
        "[1]",
        "0.5.1",
        '"\\u0031"',
        "",
        "{}",
    ]
)
said = '"evaluatorDetails":'
details = st.sampled_from(
    [
        "",
        f",{said}[]",
        f",{said}null",
        f',{said}[{{"explanation":"so"}}]',
        f',{said}[{{"explanation":"a\\"b"}}]',
        f',{said}[{{"modelIdentifier":"j"}},{{"explanation":"late"}}]',
        ',"result":0.25',
    ]
)
name = st.sampled_from(['"Builtin.A"', '"A"', '"B"', '"own"', "null"])
ascii_json = st.booleans()


@st.composite
def entry(draw: st.DrawFn) -> str:
    value = draw(result)
    shown = f',"result":{value}' if value else ""
    return f'{{"metricName":{draw(name)}{shown}{draw(details)}}}'


@st.composite
def line(draw: st.DrawFn) -> bytes:
    prompt = draw(text)
    held = draw(st.sampled_from([repr([{"role": "user", "content": prompt}]), repr([prompt]), prompt]))
    record = {"prompt": held, "referenceResponse": draw(text | st.none())}
    if draw(st.integers(0, 9)) == 0:
        del record[draw(st.sampled_from(sorted(record)))]
    answer = draw(text)
    said = json.dumps([{"response": repr([answer])}], ensure_ascii=draw(ascii_json))
    answers = draw(st.sampled_from([said, said, said, "[]", "null", "[null]", '[{"response":null}]', "3"]))
    scores = ",".join(draw(st.lists(entry(), max_size=3)))
    full = (
        f'{{"inputRecord":{json.dumps(record, ensure_ascii=draw(ascii_json))},"modelResponses":{answers},'
        f'"automatedEvaluationResult":{{"scores":[{scores}]}}}}'
    ).encode("utf-8", "surrogatepass")
    return draw(
        st.sampled_from([full] * 12 + [full[:-3], b"", b"  ", b" " + full, full + b"\r", b"[1]", b"{}", full + full])
    )


@st.composite
def alike(draw: st.DrawFn) -> list[bytes]:
    """Lines of one pattern with other values in it."""
    names = draw(st.lists(name, max_size=3))
    more, last, escaped = draw(details), draw(st.sampled_from(["", ',"by":"judge"'])), draw(ascii_json)
    lines = []
    for _ in range(draw(st.integers(1, 6))):
        prompt, answer, reference = (json.dumps(draw(text), ensure_ascii=escaped) for _ in range(3))
        scores = ",".join(f'{{"metricName":{n},"result":{draw(result) or "null"}{more}}}' for n in names)
        record = f'{{"prompt":{prompt},"referenceResponse":{reference}}}'
        lines.append(
            f'{{"inputRecord":{record},"modelResponses":[{{"response":{answer}}}],'
            f'"automatedEvaluationResult":{{"scores":[{scores}]}}{last}}}'.encode("utf-8", "surrogatepass")
        )
    return lines


def meaning(found: JudgedRows) -> Any:
    """What was read; 0 and -0 are one score."""
    scores = {
        name: [(str(own.numbers[at] + 0.0), own.kinds[own.codes[at]]) for at in own.at.tolist()]
        for name, own in found.scores.items()
    }
    return found.rows.tolist(), scores, sorted(found.problems)


@settings(max_examples=at_most(120), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(line(), max_size=8)
    | alike()
    | st.tuples(alike(), st.lists(line(), max_size=3)).map(lambda x: x[0] + x[1]),
    st.booleans(),
)
def test_every_way_of_reading_says_the_same(monkeypatch: pytest.MonkeyPatch, lines: list[bytes], ended: bool) -> None:
    monkeypatch.setattr(blocks, "FEW_LINES", 1)
    monkeypatch.setattr(shapedrows, "FEW_LINES", 0)
    block = b"\n".join(lines) + b"\n" * ended
    numbers = np.arange(1, len(blocks.line_starts(block)))
    careful = careful_rows(block, numbers, "k")
    assert meaning(read_judged([("k", block)])) == meaning(careful)
    by_arrow = (
        blocks.decoded_parts(block, numbers, quick_rows, lambda few, n: careful_rows(few, n, "k")) if block else []
    )
    assert [row for part in by_arrow for row in part.rows.tolist()] == careful.rows.tolist()
    texts = pa.concat_tables([judged_texts([]), *text_tables([("k", block)])], promote_options="default")
    plain = careful_texts(block, numbers)
    names = {n for table in (texts, plain) for n in table.column_names}
    for column in names:
        shown = [
            table[column].to_pylist() if column in table.column_names else [None] * len(table)
            for table in (texts, plain)
        ]
        assert shown[0] == shown[1], column
    assert {"prompt", "reference", "response"} <= names
    assert all(n.startswith(EXPLANATION) for n in names - {"prompt", "reference", "response", "line"})


@pytest.mark.parametrize("few", [0, 10_000])
def test_half_a_character_inside_a_repr_becomes_a_question_mark(monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(shapedrows, "FEW_LINES", few)
    block = f"{result_line('q', chr(0xD83D) + ' half', {'Correctness': 1.0})}\n".encode() * 100
    assert len(read_judged([("k", block)])) == 100
    (texts,) = text_tables([("k", block)])
    assert set(texts["response"].to_pylist()) == {"? half"}
