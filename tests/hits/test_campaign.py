"""Campaigns in the query of a page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hits.campaign import campaign_of


@pytest.mark.parametrize(
    ("query", "source", "campaign"),
    [
        ("", "", ""),
        ("?", "", ""),
        ("a=b&c=d", "", ""),
        ("ref=AAA", "AAA", ""),
        ("?ref=AAA", "AAA", ""),
        ("utm_source=news&utm_campaign=june", "news", "june"),
        ("?utm_campaign=june&utm_source=news", "news", "june"),
        ("src=a", "a", ""),
        ("source=a", "a", ""),
        ("source=4&src=3&ref=2&utm_source=1", "1", ""),
        ("source=4&src=3&ref=2", "2", ""),
        ("source=4&src=3", "3", ""),
        ("utm_source=&ref=%20&src=real", "real", ""),
        ("campaign=b", "", "b"),
        ("campaign=b&utm_campaign=a", "", "a"),
        ("campaign=b&utm_campaign=", "", "b"),
        ("utm_campaign=a&utm_campaign=b", "", "a"),
        ("utm_source=two+words%21&utm_campaign=%C3%A9t%C3%A9", "two words!", "été"),
        ("utm_medium=mail&utm_term=x&utm_content=y", "", ""),
        ("utm_source=a=b", "a=b", ""),
        ("utm_source", "", ""),
        ("UTM_SOURCE=a", "", ""),
        ("utm_source=a%00b", "ab", ""),
        ("utm_source=%ff", "\N{REPLACEMENT CHARACTER}", ""),
    ],
)
def test_the_first_key_with_text_in_it_wins(query: str, source: str, campaign: str) -> None:
    assert campaign_of(query) == (source, campaign)


@given(
    st.text(st.characters(), max_size=200)
    | st.lists(st.sampled_from(["utm_source", "=", "&", "%", "campaign", "?", "é"])).map("".join)
)
def test_no_query_makes_it_fail(query: str) -> None:
    source, campaign = campaign_of(query)
    assert source == source.strip()
    assert campaign == campaign.strip()
