"""Finding pieces of text."""

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from dispatch.aeds.searching.text_index import TextIndex, plain


def found(index: TextIndex, *words: str) -> set[UUID]:
    return {key for some in index.containing(list(words)) for key, _ in some}


texts = st.text(st.sampled_from("文三路图书馆ab 1"), max_size=12).map(plain)
words = st.text(st.sampled_from("文三路图书馆ab1"), min_size=1, max_size=3)


@given(st.lists(texts, max_size=40), st.lists(words, min_size=1, max_size=3), st.sets(st.integers(0, 39)))
def test_it_finds_what_a_look_at_each_text_finds(all_texts: list[str], sought: list[str], removed: set[int]) -> None:
    index = TextIndex()
    held = {uuid4(): text for text in all_texts}
    for key, text in held.items():
        index.put(key, text)
    for number, key in enumerate(list(held)):
        if number in removed:
            index.remove(key)
            del held[key]
    assert found(index, *sought) == {key for key, text in held.items() if all(word in text for word in sought)}


def test_a_text_that_changes_is_found_by_its_new_words_only() -> None:
    index, key = TextIndex(), uuid4()
    index.put(key, "浙江图书馆")
    assert found(index, "图书馆") == {key}
    index.put(key, "浙江博物馆")
    assert found(index, "图书馆") == set()
    assert found(index, "博物") == {key}
    assert len(index) == 1


def test_it_stays_small_when_devices_come_and_go() -> None:
    index = TextIndex()
    keys = [uuid4() for _ in range(2000)]
    for _ in range(3):
        for key in keys:
            index.put(key, "x")
        for key in keys:
            index.remove(key)
    assert len(index) == 0
    assert len(index._shards) <= 5


def test_width_and_case_make_no_difference() -> None:
    assert plain("  ＡＥＤ　３号\n口 ") == "aed 3号 口"
