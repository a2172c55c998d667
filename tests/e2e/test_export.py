"""A download from a real server, and a deletion beside it."""

import json
import urllib.error
import urllib.request
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.e2e.server import hugmood, serving, until
from tests.e2e.talk import talking

MOODS = 600


def fetched(url: str) -> bytes:
    """What a GET request brings."""
    with urllib.request.urlopen(url) as response:  # noqa: S310 (our own server)
        body: bytes = response.read()
        return body


@pytest.mark.slow
async def test_download_and_delete(tmp_path: Path) -> None:
    """All entries are in the file; the token is in no log; the account can be deleted."""
    database = f"sqlite:///{tmp_path}/new.db"
    with serving(tmp_path, database, rate_limit="off") as service:
        await service.ready()
        async with talking(service) as ada:
            await ada.register("Ada")
            for number in range(MOODS):
                mood = {"mood": "calm", "intensity": 0.5, "note": f"Note {number}"}
                await ada.request("mood_update", mood, f"mood-{number}")
            reply = await ada.request("export_data", {}, "export-1")
            path = reply["data"]["url"]
            address = f"http://127.0.0.1:{service.port}{path}"
            with ZipFile(BytesIO(fetched(address))) as archive:
                assert archive.testzip() is None
                data = json.loads(archive.read("data.json"))
                lines = archive.read("moods.csv").splitlines()
            assert [f"Note {n}" for n in range(MOODS)] == [mood["note"] for mood in data["moods"]]
            assert MOODS + 1 == len(lines)
            email = data["profile"]["email"]
            file = str(tmp_path / "ada.zip")
            for words in (
                ("user", "export", email, "--output", file),
                ("user", "import", file, "--email", email),
                ("user", "delete", email, "--yes"),
            ):
                run = hugmood(tmp_path, *words, database_url=database)
                assert 0 == run.returncode, run.stderr
            closing = await ada.heard("connection_close")
            assert "session_revoked" == closing["data"]["code"]
        with pytest.raises(urllib.error.HTTPError, match="403"):
            fetched(address)
        await until(lambda: len(service.logged("connection closed")) == 1)
        assert path.removeprefix("/export/") not in service.log
        assert "Traceback" not in service.log
