"""The feed: what those one follows say of how they feel."""

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx, handles
from hugmood.errors import denied
from hugmood.features.moods import feed_store
from hugmood.features.moods.feed_store import Wanted
from hugmood.features.moods.messages import Feed, FeedFilters, FeedItem, FetchFeed
from hugmood.wire.message import given


@handles
def fetch_feed(ctx: Ctx, query: FetchFeed) -> Feed:
    """List public moods of those whom the caller follows, newest first."""
    if query.user_id and query.user_id != ctx.caller.user_id:
        raise denied("What others follow is private")
    filters = query.filters or FeedFilters()
    start, end = filters.bounds()
    wanted = Wanted(ctx.caller.key, start=start, end=end, moods=given(filters.moods))
    return Feed(
        data_type=query.data_type,
        total_count=feed_store.count(ctx.tx, wanted),
        as_of_sequence=ctx.position(),
        items=[
            FeedItem(
                id=told.id,
                user_id=told.user_id,
                user_name=told.user_name,
                mood=told.mood,
                intensity=told.intensity,
                created_at=Instant(told.occurred_at),
            )
            for told in feed_store.page(ctx.tx, wanted, query.limit, query.offset)
        ],
    )
