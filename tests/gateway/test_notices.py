"""Notices, folded: the latest of each thing, to those who can take it."""

from typing import Final

from hugmood.engine.records import Transient
from hugmood.errors import CloseCode
from hugmood.gateway.notices import BEHIND, MOST_OWED, Notices
from hugmood.gateway.outgoing import Outgoing

ADA: Final = 1
BOB: Final = 2


class Recorder:
    """A connection that writes down what it is told."""

    def __init__(self, client_id: str = "") -> None:
        self.client_id = client_id or f"client-{id(self)}"
        self.unsent = 0
        self.heard: list[bytes] = []
        self.closed: CloseCode | None = None

    def notify(self, notice: Outgoing) -> None:
        """Send this now."""
        self.heard.append(notice.prefix)

    def close(self, code: CloseCode) -> None:
        """Say why and close."""
        self.closed = code


def notice(text: bytes, *users: int, fold: str = "", spare: str = "") -> Transient:
    """A notice to these users."""
    return Transient.of(text, users, fold=fold, spare=spare)


def test_without_a_fold() -> None:
    """A notice that is about nothing is sent at once to all who are there."""
    ada, bob = Recorder(), Recorder()
    Notices[Recorder]().take(notice(b"1", ADA, BOB, 3), {ADA: [ada], BOB: [bob]})
    assert [ada.heard, bob.heard] == [[b"1"], [b"1"]]


def test_held() -> None:
    """One that can be folded waits until it is released, and is sent once."""
    ada = Recorder()
    connected = {ADA: [ada]}
    notices = Notices[Recorder]()
    notices.take(notice(b"1", ADA, fold="x"), connected)
    assert ada.heard == []
    notices.release(connected)
    notices.release(connected)
    assert ada.heard == [b"1"]


def test_latest_wins() -> None:
    """Of several about the same thing the latest is sent, to each device."""
    phone, laptop = Recorder(), Recorder()
    connected = {ADA: [phone, laptop]}
    notices = Notices[Recorder]()
    for text, fold in ((b"1", "x"), (b"2", "y"), (b"3", "x")):
        notices.take(notice(text, ADA, fold=fold), connected)
    notices.release(connected)
    assert [sorted(phone.heard), sorted(laptop.heard)] == [[b"2", b"3"]] * 2


def test_each_user_has_a_latest() -> None:
    """Who is not among the recipients of the latest keeps the one before."""
    ada, bob = Recorder(), Recorder()
    connected = {ADA: [ada], BOB: [bob]}
    notices = Notices[Recorder]()
    notices.take(notice(b"1", ADA, BOB, fold="x"), connected)
    notices.take(notice(b"2", ADA, fold="x"), connected)
    notices.release(connected)
    assert [ada.heard, bob.heard] == [[b"2"], [b"1"]]


def test_nobody_there() -> None:
    """Nothing is held for those who are not connected."""
    ada = Recorder()
    notices = Notices[Recorder]()
    notices.take(notice(b"1", ADA, fold="x"), {})
    notices.release({ADA: [ada]})
    assert ada.heard == []


def test_gone_meanwhile() -> None:
    """What was held for somebody who has gone is forgotten."""
    ada = Recorder()
    notices = Notices[Recorder]()
    notices.take(notice(b"1", ADA, fold="x"), {ADA: [ada]})
    notices.release({})
    notices.release({ADA: [ada]})
    assert ada.heard == []


def test_spare() -> None:
    """The connection that caused it is spared, and is not told of what was before."""
    phone, laptop = Recorder("phone"), Recorder("laptop")
    connected = {ADA: [phone, laptop]}
    notices = Notices[Recorder]()
    notices.take(notice(b"1", ADA, fold="x", spare="laptop"), connected)
    notices.take(notice(b"2", ADA, fold="x", spare="phone"), connected)
    notices.release(connected)
    assert [phone.heard, laptop.heard] == [[], [b"2"]]


def behind(*texts: bytes) -> tuple[Notices[Recorder], Recorder]:
    """A connection that is behind, and was to be told these about one thing."""
    ada = Recorder("ada")
    ada.unsent = BEHIND + 1
    notices = Notices[Recorder]()
    for text in texts:
        notices.take(notice(text, ADA, fold="x"), {ADA: [ada]})
        notices.release({ADA: [ada]})
    return notices, ada


def test_behind() -> None:
    """Who is behind is told the latest after having caught up, once."""
    notices, ada = behind(b"1", b"2")
    assert ada.heard == []
    ada.unsent = BEHIND
    for _ in range(2):
        notices.release({ADA: [ada]})
    assert ada.heard == [b"2"]


def test_behind_without_a_fold() -> None:
    """Who is behind does not get what is about nothing, now or later."""
    notices, ada = behind()
    notices.take(notice(b"1", ADA), {ADA: [ada]})
    ada.unsent = 0
    notices.release({ADA: [ada]})
    assert ada.heard == []


def test_newer_than_owed() -> None:
    """What is newer is sent, and what was owed before it is not."""
    notices, ada = behind(b"1")
    ada.unsent = 0
    notices.take(notice(b"2", ADA, fold="x"), {ADA: [ada]})
    notices.release({ADA: [ada]})
    assert ada.heard[-1] == b"2"
    assert notices._owed == {}


def test_spared_and_owed() -> None:
    """Who caused something newer is no longer owed what was before."""
    notices, ada = behind(b"1")
    notices.take(notice(b"2", ADA, fold="x", spare="ada"), {ADA: [ada]})
    notices.release({ADA: [ada]})
    ada.unsent = 0
    notices.release({ADA: [ada]})
    assert ada.heard == []


def test_discard() -> None:
    """Nothing is owed to a connection that is gone."""
    notices, ada = behind(b"1")
    notices.discard(ada)
    ada.unsent = 0
    notices.release({ADA: [ada]})
    assert ada.heard == []


def test_bound() -> None:
    """Who would be owed too much is closed: it fetches afresh when it comes back."""
    notices, ada = behind()
    for number in range(MOST_OWED):
        notices.take(notice(b"1", ADA, fold=f"{number}"), {ADA: [ada]})
    notices.release({ADA: [ada]})
    assert ada.closed is None
    notices.take(notice(b"1", ADA, fold="one more"), {ADA: [ada]})
    notices.release({ADA: [ada]})
    assert ada.closed == "slow_consumer"
