"""What entries say, in GraphQL."""

from operator import itemgetter
from typing import Final

from hugmood.features.analytics.messages import FetchMoodAnalytics
from hugmood.operations import query

SDL: Final = '''
extend type Query {
  """
  What your entries of some time say, or with `userId` those of somebody who shares them with you.
  What the figures are is in the documentation on insights.
  """
  moodAnalytics(
    userId: ID
    "A rolling one, up to now; a month if left out."
    timeRange: TimeRange
    "Whether to look for what goes with how you feel, too."
    includeCorrelations: Boolean
  ): MoodAnalytics!
}

"How far back, up to now."
enum TimeRange {
  DAY
  WEEK
  MONTH
  YEAR
}

"What a factor is."
enum FactorKind {
  "A number that was said with an entry, such as hours of sleep."
  NUMBER
  TAG
}

"What is known of a factor."
enum FactorFinding {
  "It goes with how you feel."
  CLEAR
  "Nothing that could not be chance."
  NONE_FOUND
  "Too little to say anything: see `missing`."
  NEED_MORE_DATA
}

"Whether one is better or worse with much of it."
enum CorrelationDirection {
  POSITIVE
  NEGATIVE
}

"What a finding is about."
enum InsightType {
  PATTERN
  CORRELATION
  TREND
}

"All figures; scores are from 0 to 10."
type MoodAnalytics {
  "The share of each mood that was had, 0 to 1, by its word."
  moodFrequency: Numbers!
  "By weekday."
  moodByDayOfWeek: [DayOfWeekMood!]!
  "By the hour of the day."
  moodByTimeOfDay: [TimeOfDayMood!]!
  "The mean score of the days; null if there are none."
  averageMood: Float
  "What goes with how you feel, beyond chance; null unless asked for."
  correlations: [Correlation!]
  "Findings in words; null unless asked for."
  insights: [Insight!]
  "What is known of each factor; null unless asked for."
  factors: [FactorState!]
  "What correlations look at; null unless asked for."
  window: AnalyticsWindow
}

"The mean score of days."
type DayOfWeekMood {
  "In English, such as `Monday`."
  day: String!
  "0 to 10."
  averageMood: Float!
  "How many days there are."
  n: Int!
}

"The mean score of entries around an hour."
type TimeOfDayMood {
  "0 to 23."
  hour: Int!
  "0 to 10."
  averageMood: Float!
  "How many entries there are."
  n: Int!
}

"A factor that goes with how you feel."
type Correlation {
  factor: String!
  "-1 to 1."
  correlationStrength: Float!
  direction: CorrelationDirection!
  kind: FactorKind!
  "How many days it is of."
  n: Int!
  "The bounds within which the strength lies, with 95 percent confidence."
  interval: [Float!]!
  "0 if it is of the same day, 1 if the mood follows on the next."
  lag: Int!
  "How many points of the score lie between much and little of it."
  difference: Float!
  state: CorrelationState!
}

"What is known of a factor."
enum CorrelationState {
  "It goes with how you feel: others are not among correlations."
  CLEAR
}

"What is known of a factor."
type FactorState {
  factor: String!
  kind: FactorKind!
  state: FactorFinding!
  "How many days have it."
  n: Int!
  "How many more days are needed."
  missing: Int
}

"What correlations look at."
type AnalyticsWindow {
  "How many days back."
  days: Int!
  "How many of them have an entry."
  n: Int!
}

"A finding, in words."
type Insight {
  id: ID!
  type: InsightType!
  title: String!
  description: String!
}
'''

OPERATIONS: Final = (query("moodAnalytics", FetchMoodAnalytics, result=itemgetter("analytics")),)
