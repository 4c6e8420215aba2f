"""Damaged and strange input: values, and files that were right before something in them was changed."""

import copy
from typing import Any

from hypothesis import strategies as st

WORDS = [
    *(
        "",
        " ",
        "x",
        "null",
        "NaN",
        "1:10",
        "010",
        "1e5",
        "9e99999",
        "-1",
        "0",
        "1/2",
        "1/0",
        "${depth}",
        "${oc.env:HOME}",
    ),
    *(
        "AnyNetX_A",
        "RegNetX",
        "values",
        "log_uniform",
        "[/x]",
        "a$\\frac{$",
        "_A",
        "\x1b[31m",
        "😀",
        "../..",
        "360M:400M",
    ),
    *("5:1", ":", "d1 <= d2", "w_0", "same", "X", "simple", "1-12:00:00", "--wait", "a,b", "x" * 5_000),
]
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -1, 2, 3, 8, 64, 10**6, 10**12, 2**63, 10**400, -(10**30)]),
    st.integers(-100, 2_000),
    st.sampled_from([0.0, 0.5, -0.5, 1e-300, 1e30, 1e308, float("inf"), float("-inf"), float("nan")]),
    st.floats(-1e3, 1e3),
    st.sampled_from(WORDS),
    st.text(max_size=8),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), st.text(max_size=6)), inner, max_size=3),
    ),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside of a value."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


@st.composite
def damaged(draw: st.DrawFn, originals: list[Any], keys: list[str]) -> Any:
    """One of these mappings or lists, with one to three values changed, left out, put twice or added."""
    whole = copy.deepcopy(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 3))):
        ways = places(whole)
        if not ways:
            break
        *way, last = draw(st.sampled_from(ways))
        holder = whole
        for key in way:
            holder = holder[key]
        action = draw(st.sampled_from(["change", "change", "remove", "add"]))
        if action == "change":
            holder[last] = draw(values)
        elif action == "remove":
            del holder[last]
        elif isinstance(holder, dict):
            holder[draw(st.one_of(st.sampled_from(keys), st.text(max_size=6)))] = draw(values)
        else:
            holder.insert(last, draw(values))
    return whole


@st.composite
def damaged_text(draw: st.DrawFn, originals: list[str]) -> bytes:
    """One of these texts with some bytes changed, left out, doubled or put in."""
    content = bytearray(draw(st.sampled_from(originals)).encode())
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        end = min(len(content), at + draw(st.integers(0, 30)))
        action = draw(st.sampled_from(["cut", "double", "insert", "replace"]))
        odd = draw(st.one_of(st.binary(max_size=4), st.sampled_from(ODD)))
        if action == "cut":
            del content[at:end]
        elif action == "double":
            content[at:at] = content[at:end]
        elif action == "insert":
            content[at:at] = odd
        else:
            content[at:end] = odd
    return bytes(content)


ODD = [
    *(b",", b"\n", b"\r\n", b'"', b"'", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\t", b": ", b"- ", b"[", b"]", b"{", b"}"),
    *(b"&a ", b"*a", b"!!int ", b"1e999", b"NaN", b"null", b"Infinity", b"1,234", b"\x1b[2J", b"#", b"%", b"| "),
    *(b"[" * 2_000, b"{" * 2_000, b"9" * 400),
]
