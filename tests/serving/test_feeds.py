"""A feed is alive when any prefecture's time moves on, whatever that time is."""

from __future__ import annotations

from serving.feeds import Feed, Feeds


def test_the_newest_event_and_when_it_was_heard() -> None:
    feeds = Feeds()
    feeds.note("540400", {"sales": 100, "quotes": 40}, 1000.0)
    feeds.note("540400", {"sales": 130, "quotes": 40}, 1010.0)
    assert feeds.told() == {"sales": Feed(130, 1010.0), "quotes": Feed(40, 1000.0)}


def test_a_prefecture_that_is_behind_keeps_the_feed_alive() -> None:
    feeds = Feeds()
    feeds.note("540400", {"sales": 900}, 1000.0)
    feeds.note("540100", {"sales": 100}, 1005.0)
    feeds.note("540100", {"sales": 101}, 1010.0)
    assert feeds.told() == {"sales": Feed(900, 1010.0)}


def test_the_same_time_again_is_no_news() -> None:
    feeds = Feeds()
    feeds.note("540400", {"sales": 900}, 1000.0)
    feeds.note("540400", {"sales": 900}, 2000.0)
    feeds.note("540400", {}, 3000.0)
    assert feeds.told()["sales"].heard == 1000.0


def test_the_newest_of_a_prefecture_or_of_all() -> None:
    feeds = Feeds()
    assert feeds.newest() == 0
    feeds.note("540400", {"sales": 900, "stock": 950}, 1000.0)
    feeds.note("540100", {"sales": 990}, 1000.0)
    assert (feeds.newest("540400"), feeds.newest("540100"), feeds.newest("540200"), feeds.newest()) == (
        950,
        990,
        0,
        990,
    )
