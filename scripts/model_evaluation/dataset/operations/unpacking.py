"""Files that hold the rows in another shape: unpacked into one object per line, when that is certain."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator

from model_evaluation.dataset.rows.file_types import split_head, whole_file_fault
from model_evaluation.dataset.rows.json_lines import RefusedValueError, unique_keys
from model_evaluation.dataset.rows.lines import whole_document
from model_evaluation.dataset.rows.tables import TABLES, table_lines
from model_evaluation.errors import Refused

UNPACKABLE = frozenset({"gzip", "json_array", "json_over_lines", "utf16", *TABLES})
_DECODED_PIECE = 1 << 20


def unpacked(chunks: Iterable[bytes], kind: str) -> Iterator[bytes]:
    """The rows of a file that was recognised as ``kind`` (one of ``UNPACKABLE``), as JSON Lines bytes. What is packed
    may be of another shape itself: a compressed table."""
    if kind in TABLES:
        yield from table_lines(chunks, kind)
    elif kind in ("gzip", "utf16"):
        head, is_all, stream = split_head(_gunzipped(chunks) if kind == "gzip" else _recoded(chunks))
        inner = whole_file_fault(head, is_all)
        packed = inner is not None and inner.kind != kind and inner.kind in UNPACKABLE
        yield from unpacked(stream, inner.kind) if inner is not None and packed else stream
    else:
        for value in _values(_decoded(whole_document(chunks), "utf-8-sig")):
            yield json.dumps(value, ensure_ascii=False).encode("utf-8") + b"\n"


def _recoded(chunks: Iterable[bytes]) -> Iterator[bytes]:
    data = whole_document(chunks)
    encoding = "utf-16-le" if data[1:2] == b"\x00" else "utf-16-be"
    if data[:4] in (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"):
        encoding = "utf-32"
    elif data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    yield _decoded(data, encoding).encode("utf-8")


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _damaged(f"the text cannot be decoded ({error.reason} at byte {error.start:,})") from None


def _gunzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """All members of a gzip stream, a piece at a time."""
    stream = zlib.decompressobj(wbits=31)
    try:
        for chunk in chunks:
            data = chunk
            while data:
                if stream.eof:  # another member follows
                    stream = zlib.decompressobj(wbits=31)
                yield stream.decompress(data, _DECODED_PIECE)
                data = stream.unused_data if stream.eof else stream.unconsumed_tail
    except zlib.error as error:
        raise _damaged(f"the gzip data is damaged ({error})") from None
    if not stream.eof:
        raise _damaged("the gzip data breaks off before its end")


def _damaged(message: str) -> Refused:
    return Refused(f"{message[0].upper()}{message[1:]}.", fix="Make or upload the file again.", code="file_damaged")


def _values(text: str) -> Iterator[object]:
    """The elements of one array, or objects one after the other with white space or commas between."""
    decoder = json.JSONDecoder(object_pairs_hook=unique_keys)
    at = _skip(text, 0)
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except RefusedValueError as error:
            raise Refused(
                "An object names a key twice, and it cannot be known which value counts.",
                fix="Keep one of the two values.",
                code="duplicate_key",
            ) from error
        except (json.JSONDecodeError, RecursionError) as error:
            line = text.count("\n", 0, error.pos) + 1 if isinstance(error, json.JSONDecodeError) else "?"
            raise Refused(
                f"The file is not valid JSON (near its line {line}).", fix="Correct it there.", code="invalid_json"
            ) from None
        yield from value if isinstance(value, list) else [value]
        at = _skip(text, at)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return at
