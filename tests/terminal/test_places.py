from pathlib import Path

import pytest

from hugmood.terminal.places import newest_state_file, state_file

URL = "ws://localhost:5000/ws"


def test_every_account_on_every_server_has_its_file(tmp_path: Path) -> None:
    """Names that differ only in what a file name may not hold, too."""
    places = {
        state_file(url, account, tmp_path)
        for url in (URL, "ws://localhost:5001/ws", "wss://localhost:5000/ws", "ws://[::1]/ws")
        for account in ("jo@example.com", "guest Jo!", "guest Jo?", "../../etc/passwd")
    }
    assert 12 == len(places)  # one server has two schemes
    assert {tmp_path} == {place.parent for place in places}


@pytest.mark.parametrize("account", ["jo@example.com", "guest Jo"])
def test_the_newest_is_that_of_the_same_server(tmp_path: Path, account: str) -> None:
    """Whoever starts again without a word goes on there."""
    assert newest_state_file(URL, tmp_path) is None
    mine = state_file(URL, account, tmp_path)
    mine.touch()
    state_file("ws://elsewhere/ws", account, tmp_path).touch()
    assert mine == newest_state_file(URL, tmp_path)
