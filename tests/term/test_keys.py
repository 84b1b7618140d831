"""Bytes from terminals, in whole and in pieces, and those that are no keys at all."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serialpass_tui.term.keyboard import GATHER, SILENCE, Keyboard
from serialpass_tui.term.keys import LONGEST, Decoder, Key, Paste, Token

DELAY = 0.6

NAMED = {
    b"\x1b[A": "up", b"\x1bOB": "down", b"\x1b[C": "right", b"\x1bOD": "left",
    b"\x1b[H": "home", b"\x1b[1~": "home", b"\x1b[7~": "home", b"\x1bOH": "home", b"\x1bh": "home",
    b"\x1b[F": "end", b"\x1b[4~": "end", b"\x1b[8~": "end", b"\x1b[K": "end", b"\x1bk": "end",
    b"\x1b[5~": "pageup", b"\x1b[V": "pageup", b"\x1b?": "pageup",
    b"\x1b[6~": "pagedown", b"\x1b[U": "pagedown", b"\x1b/": "pagedown",
    b"\x1b[2~": "insert", b"\x1b[3~": "delete",
    b"\x1b[[A": "f1", b"\x1bOP": "f1", b"\x1b[11~": "f1", b"\x1b1": "f1", b"\x1b[P": "f1",
    b"\x1b[[E": "f5", b"\x1b[15~": "f5", b"\x1b5": "f5",
    b"\x1bOR": "f3", b"\x1b[21~": "f10", b"\x1b0": "f10", b"\x1b!": "f11", b"\x1b@": "f12",
    b"\x1b[24~": "f12",
    b"\x1b[Z": "shift+tab", b"\x1b\t": "shift+tab",
    b"\x1b[1;5C": "ctrl+right", b"\x1b[1;2A": "shift+up", b"\x1b[3;3~": "alt+delete",
    b"\x1bOM": "enter", b"\r": "enter", b"\n": "enter", b"\r\n": "enter", b"\r\0": "enter",
    b"\x08": "backspace", b"\x7f": "backspace", b"\t": "tab", b"\x0c": "ctrl+l", b"\x03": "ctrl+c",
    b"\x1a": "ctrl+z",
}  # fmt: skip

ANSWERS = [
    b"\x1b[?62c", b"\x1b[24;80R", b"\x1b[0n", b"\x1b[>0;95;0c", b"\x1b[?2026;0$y", b"\x1b[1;1R",
    b"\x1b]11;rgb:0000/0000/0000\x07", b"\x1b]10;rgb:ff/ff/ff\x1b\\", b"\x1bP1$r0m\x1b\\",
    b"\x1bP>|XTerm(370)\x1b\\", b"\x1b_Gi=1;OK\x1b\\", b"\x1b^x\r\x1b\\", b"\x1b[M \x21\x21",
    b"\x1b[<0;3;4M", b"\x1b[8;24;80t", b"\x1b[I", b"\x1b[O", b"\x1b[?1;2c", b"\x1b[32;1;1;1u",
    b"\x1b[99999999999999999999~", b"\x1b[1;99A", b"\x1bOX",
]  # fmt: skip


def keys(*chunks: bytes) -> list[Token]:
    """What a decoder makes of bytes that come in these pieces."""
    decoder = Decoder()
    return [token for chunk in chunks for token in decoder.feed(chunk)]


@pytest.mark.parametrize(("data", "name"), NAMED.items())
def test_keys_have_names_however_they_are_cut(data: bytes, name: str) -> None:
    assert [Key(name)] == keys(data)
    assert [Key(name)] == keys(*(data[i : i + 1] for i in range(len(data))))
    assert [Key(name), Key(char="x"), Key(name)] == keys(data + b"x" + data)


@pytest.mark.parametrize("data", ANSWERS)
def test_an_answer_nobody_asked_for_is_swallowed_whole(data: bytes) -> None:
    decoder = Decoder()
    assert [] == [t for i in range(len(data)) for t in decoder.feed(data[i : i + 1])]
    assert not decoder.is_within
    assert [Key(char="q")] == keys(data + b"q")[-1:]


def test_letters_of_all_lengths() -> None:
    assert [Key(char=char) for char in "aé漢😀"] == keys("aé漢😀".encode())
    assert [Key(char="é")] == keys(b"\xc3", b"\xa9")


@pytest.mark.parametrize(
    "noise",
    [
        b"\xff",
        b"\xe9",
        b"\x80",
        b"\xc3(",
        b"\xed\xa0\x80",
        b"\xf5\x80",
        b"\0",
        b"\x11",
        b"\x13",
        b"\x1d",
    ],
)
def test_noise_is_no_key(noise: bytes) -> None:
    assert [Key(char="a")] == [key for key in keys(noise + b"a") if key != Key(char="(")]


def test_a_lone_escape_is_the_esc_key_after_a_while() -> None:
    decoder = Decoder()
    assert [] == decoder.feed(b"\x1b")
    assert decoder.holds_escape
    assert [Key("escape")] == decoder.expire()
    assert [Key("escape"), Key("escape"), Key(char="q")] == keys(b"\x1b\x1bq")
    assert [Key("escape"), Key("up")] == keys(b"\x1b\x1b[A")


def test_an_unfinished_sequence_is_dropped_after_a_while() -> None:
    for begun in (b"\x1b[", b"\x1b[12;", b"\x1bO", b"\x1b]0;title", b"\xc3"):
        decoder = Decoder()
        assert [] == decoder.feed(begun)
        assert decoder.is_within
        assert [] == decoder.expire()
        assert [Key(char="a")] == decoder.feed(b"a")


def test_an_endless_sequence_takes_no_memory() -> None:
    decoder = Decoder()
    for _ in range(50):
        assert [] == decoder.feed(b"\x1b]0;" + b"x" * LONGEST)
    assert len(decoder._held) <= 2 * LONGEST
    assert [] == decoder.feed(b"\x07")


def test_a_marked_paste_is_one_text() -> None:
    assert [Paste("rm -rf /\nq"), Key(char="z")] == keys(b"\x1b[200~rm -rf /\r\nq\x1b[A\x1b[201~z")
    decoder = Decoder()
    assert [] == decoder.feed(b"\x1b[200~cut off")
    assert [Paste("cut off")] == decoder.expire()


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_no_bytes_break_the_decoder_and_cutting_them_changes_nothing(chunks: list[bytes]) -> None:
    decoder = Decoder()
    tokens = [token for chunk in chunks for token in decoder.feed(chunk)]
    assert tokens == keys(b"".join(chunks))
    for token in tokens:
        if isinstance(token, Key):
            assert bool(token.name) != bool(token.char)
            assert token.char.isprintable()


# --- in time


def pressed(*pieces: tuple[float, bytes]) -> list[Token]:
    """What a keyboard makes of bytes at their times, asked at every time that it names."""
    keyboard = Keyboard(DELAY)
    found: list[Token] = []
    for at, data in (*pieces, (100.0, b"")):
        while (due_at := keyboard.due_at) <= at:
            found += keyboard.due(due_at)
        if data:
            keyboard.feed(data, at)
    assert inf == keyboard.due_at
    return found


def test_an_arrow_key_in_pieces_is_an_arrow_key() -> None:
    assert [Key("down")] == pressed((1.0, b"\x1b"), (1.15, b"["), (1.3, b"B"))
    assert [Key("escape"), Key(char="q")] == pressed((1.0, b"\x1b"), (1.7, b"q"))


@pytest.mark.parametrize("name", [b"xcp1.example", b"yes", b"rm -rf /"])
def test_a_line_end_in_a_pasted_text_is_no_enter(name: bytes) -> None:
    text = name.decode()
    assert [Paste(f"{text}\n")] == pressed((1.0, name + b"\r"))
    slow = [(1.0 + n / 960, bytes([byte])) for n, byte in enumerate(name + b"\r\n" + name)]
    assert [Paste(f"{text}\n{text}")] == pressed(*slow)
    if len(name) > 7:
        assert [Paste(text)] == pressed((1.0, name), (1.1, b"\r"))
        assert [Paste(text), Key("enter")] == pressed((1.0, name), (1.3, b"\r"))


def test_an_enter_at_once_behind_a_marked_paste_is_part_of_it() -> None:
    assert [Paste("a\n")] == pressed((1.0, b"\x1b[200~a\x1b[201~\r"))
    assert [Paste("a")] == pressed((1.0, b"\x1b[200~a\x1b[201~"), (1.1, b"\r"))
    assert [Paste("a"), Key("up")] == pressed((1.0, b"\x1b[200~a\x1b[201~"), (1.1, b"\x1b[A"))


def test_keys_typed_ahead_stay_keys() -> None:
    assert [Key(char=" "), Key("enter")] == pressed((1.0, b" \r"))
    assert [Key("tab"), *map(Key, [""] * 3, "pbx")] == pressed((1.0, b"\tpbx"))
    assert [Key("down")] * 40 == pressed((1.0, b"\x1b[B" * 40))
    hand = [(1.0 + n / 10, bytes([byte])) for n, byte in enumerate(b"xcp1.example\r")]
    assert [*map(Key, [""] * 12, "xcp1.example"), Key("enter")] == pressed(*hand)


def test_a_key_waits_for_no_more_than_a_moment() -> None:
    keyboard = Keyboard(DELAY)
    keyboard.feed(b"a", 1.0)
    assert 1.0 + GATHER == keyboard.due_at
    assert [Key(char="a")] == keyboard.due(1.0 + GATHER)
    keyboard.feed(b"\x1b]", 2.0)
    assert 2.0 + SILENCE == keyboard.due_at


@given(st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=60)), max_size=10))
def test_time_never_breaks_the_keyboard(pieces: list[tuple[float, bytes]]) -> None:
    now, timed = 0.0, []
    for pause, data in pieces:
        now += pause
        timed.append((now, data))
    for token in pressed(*timed):
        assert isinstance(token, Key | Paste)
