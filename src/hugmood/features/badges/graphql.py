"""Badges in GraphQL."""

from typing import Final

from hugmood.features.badges.messages import FetchBadges
from hugmood.operations import query

SDL: Final = """
extend type Query {
  "The badges you have, newest first, and those you can still earn."
  badges(limit: Int, offset: Int): BadgePage!
}

type BadgePage {
  items: [Badge!]!
  "Those you can still earn."
  available: [BadgeKind!]!
  "How many you have."
  totalCount: Int!
  "The number in your stream up to which events are in this page."
  asOfSequence: Long!
}

"A badge you have earned."
type Badge {
  id: ID!
  "Its word, such as `first_feeling`."
  badge: String!
  name: String!
  "What it is for."
  description: String!
  "A path on this server."
  image: String!
  earnedAt: DateTime!
}

"A badge that can be earned."
type BadgeKind {
  "Its word, such as `first_feeling`."
  badge: String!
  name: String!
  "What it is for."
  description: String!
  "A path on this server."
  image: String!
}
"""

OPERATIONS: Final = (query("badges", FetchBadges),)
