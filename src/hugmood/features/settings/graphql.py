"""One's own choices in GraphQL."""

from operator import itemgetter
from typing import Final

from hugmood.features.settings.messages import FetchSettings, UpdateSettings
from hugmood.operations import mutation, query

SDL: Final = """
extend type Query {
  "What you let others see and do."
  settings: Settings!
}

extend type Mutation {
  "Choose what others may see and do; what is left out stays as it is."
  updateSettings(input: UpdateSettingsInput): UpdateSettingsPayload!
}

"Who may."
enum Audience {
  EVERYONE
  "Those who follow you."
  FOLLOWERS
  "Those who follow you and whom you follow."
  FRIENDS
  NOBODY
}

"What you let others see and do."
type Settings {
  "Who may hug you, and ask you for a hug."
  hugsFrom: Audience!
  "Who sees your status."
  statusTo: Audience!
  "The ids of those who see your analytics."
  analyticsTo: [ID!]!
  "Whether you want to see your streak."
  streaks: Boolean!
}

input UpdateSettingsInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  "Who may hug you, and ask you for a hug."
  hugsFrom: Audience
  "Who sees your status."
  statusTo: Audience
  "The ids of all who shall see your analytics, at most 100."
  analyticsTo: [ID!]
  "Whether you want to see your streak."
  streaks: Boolean
}

"All that holds now, whether it was changed or not."
type UpdateSettingsPayload {
  clientMutationId: String
  "Who may hug you, and ask you for a hug."
  hugsFrom: Audience!
  "Who sees your status."
  statusTo: Audience!
  "The ids of those who see your analytics."
  analyticsTo: [ID!]!
  "Whether you want to see your streak."
  streaks: Boolean!
}
"""

OPERATIONS: Final = (
    query("settings", FetchSettings, result=itemgetter("settings")),
    mutation("updateSettings", UpdateSettings),
)
