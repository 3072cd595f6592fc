"""Loss, duplication and reordering: what any seed may do to any packets."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from halfclose.reference.link.weather import HOLD, Odds, Weather

PERCENT = st.floats(0, 99)
ODDS = st.builds(Odds, PERCENT, PERCENT, PERCENT)
SEEDS = st.integers(0, 1000)


def packets(count: int) -> list[bytes]:
    return [number.to_bytes(2, "big") for number in range(count)]


def through(weather: Weather, count: int) -> list[bytes]:
    """What arrives of so many packets, sent a moment apart, and the last after a pause."""
    arrived = []
    for number, packet in enumerate(packets(count)):
        weather.enter(packet, number / 1e6)
        arrived += weather.leave(number / 1e6)
    return arrived + weather.leave(1.0)


@given(SEEDS, st.integers(0, 100))
def test_calm_weather_changes_nothing(seed: int, count: int) -> None:
    weather = Weather(seed=seed)
    assert through(weather, count) == packets(count)
    assert weather.deadline is None


@given(ODDS, SEEDS, st.integers(0, 200))
def test_whatever_is_not_lost_arrives_and_nothing_else(odds: Odds, seed: int, count: int) -> None:
    weather = Weather(odds, seed)
    arrived = Counter(through(weather, count))
    assert arrived.total() == count - weather.tally.lost + weather.tally.duplicated
    assert arrived.keys() <= set(packets(count))
    assert max(arrived.values(), default=0) <= 2
    assert weather.deadline is None


@given(st.floats(1, 90), SEEDS, st.integers(0, 200))
def test_what_counts_as_reordered_was_overtaken_by_one_to_three(reorder: float, seed: int, count: int) -> None:
    weather = Weather(Odds(reorder=reorder), seed)
    arrived = through(weather, count)
    place = {packet: number for number, packet in enumerate(arrived)}
    later = [sum(place[after] < place[packet] for after in packets(count) if after > packet) for packet in arrived]
    assert sum(overtakers > 0 for overtakers in later) >= weather.tally.reordered
    assert (weather.tally.reordered > 0) == (arrived != packets(count))


@given(ODDS, SEEDS)
def test_the_same_seed_brings_the_same_weather(odds: Odds, seed: int) -> None:
    assert through(Weather(odds, seed), 50) == through(Weather(odds, seed), 50)


def test_the_last_packet_is_held_no_longer_than_hold() -> None:
    weather = Weather(Odds(reorder=99), seed=1)
    weather.enter(b"last", 5.0)
    assert weather.leave(5.0) == []
    assert weather.deadline == 5.0 + HOLD
    assert weather.leave(5.0 + HOLD) == [b"last"]
    assert weather.tally.reordered == 0


def test_each_mishap_befalls_about_as_many_packets_as_asked_for() -> None:
    weather = Weather(Odds(20, 20, 20), seed=1)
    through(weather, 10_000)
    tally = weather.tally
    assert 1800 < tally.lost < 2200
    assert 1400 < tally.duplicated < 1800  # of the 8,000 that are left
    assert 1600 < tally.reordered < 2100  # of the 9,600 with their copies


@given(SEEDS)
def test_on_a_busy_link_nothing_is_held_until_time_releases_it(seed: int) -> None:
    weather, arrived = Weather(Odds(reorder=20), seed), 0
    for packet in packets(200):
        weather.enter(packet, 0.0)
        arrived += len(weather.leave(0.0))
    assert arrived >= 175  # the last ones wait for packets that do not come
