"""What a client asks for at its beginning, so that lines can refer to it."""

from typing import Final

from hugmood.client import Client
from hugmood.features.follows.messages import FetchFollowers, FetchFollowing, FollowPage
from hugmood.features.group_hugs.messages import FetchGroupHugs
from hugmood.features.hugs.messages import FetchHugCatalog, FetchHugRequests, HugRequestFilters
from hugmood.features.moods.messages import FetchMoodCatalog, FetchMoodHistory
from hugmood.features.notifications.messages import FetchNotifications
from hugmood.terminal.known import Known
from hugmood.terminal.subjects import group_hugs, hugs, moods, notifications

MANY: Final = 100
"""People whose names are learnt, of each kind."""


async def learn(hug: Client, known: Known) -> None:
    """Learn words, names, and what waits for an answer; raises what `request` does."""
    catalog = await hug.request(FetchMoodCatalog())
    known.people.me = hug.user_id
    known.moods = {one.mood: one.quadrant for one in catalog.mood_catalog}
    known.hugs = (await hug.request(FetchHugCatalog())).hug_catalog.hug_types
    meet(await hug.request(FetchFollowers(limit=MANY)), known)
    meet(await hug.request(FetchFollowing(limit=MANY)), known)
    asked = HugRequestFilters(direction="received", status="open")
    hugs.learn(await hug.request(FetchHugRequests(filters=asked)), known)
    group_hugs.learn(await hug.request(FetchGroupHugs()), known)
    notifications.learn(await hug.request(FetchNotifications()), known)
    moods.learn(await hug.request(FetchMoodHistory(limit=1)), known)


def meet(page: FollowPage, known: Known) -> None:
    """Remember people's names."""
    for item in page.items:
        known.people.seen(item.user_id, item.name)
