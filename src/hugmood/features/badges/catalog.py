"""The fourteen badges. None is for sad moods, for followers or for sheer volume."""

from typing import Final, Literal, NamedTuple

Slug = Literal[
    "first_feeling",
    "consistent_tracker",
    "steady_month",
    "hundred_days",
    "welcome_back",
    "word_explorer",
    "honest_heart",
    "pattern_seeker",
    "good_rest",
    "first_hug",
    "circle_of_care",
    "there_for_you",
    "brave_ask",
    "group_glow",
]


class Badge(NamedTuple):
    """One badge; `reason` ends the sentence "You've earned the badge for"."""

    slug: Slug
    name: str
    reason: str

    @property
    def description(self) -> str:
        """The reason as it stands in a list."""
        return self.reason[0].upper() + self.reason[1:]

    @property
    def body(self) -> str:
        """What is said when it is earned."""
        return f"You've earned the '{self.name}' badge for {self.reason}."

    @property
    def image(self) -> str:
        """Where its picture is, from the root of the server that one is connected to."""
        return f"/badges/{self.slug}.svg"


_ALL: Final = (
    Badge("first_feeling", "First Feeling", "saying for the first time how you feel"),
    Badge("consistent_tracker", "Consistent Tracker", "tracking your mood daily for 7 days"),
    Badge("steady_month", "Steady Month", "tracking your mood on 30 of 35 days"),
    Badge("hundred_days", "Hundred Days", "tracking your mood on 100 days"),
    Badge("welcome_back", "Welcome Back", "coming back after a week or more away"),
    Badge("word_explorer", "Word Explorer", "naming 12 different moods from all quarters"),
    Badge("honest_heart", "Honest Heart", "noting ups and downs on the same day, 7 times"),
    Badge("pattern_seeker", "Pattern Seeker", "recording one factor on 21 days"),
    Badge("good_rest", "Good Rest", "taking a rest day and coming back"),
    Badge("first_hug", "First Hug", "asking for a hug and getting one"),
    Badge("circle_of_care", "Circle of Care", "being hugged on request by 5 people"),
    Badge("there_for_you", "There for You", "answering 10 requests for a hug in time"),
    Badge("brave_ask", "Brave Ask", "asking for a hug for the first time"),
    Badge("group_glow", "Group Glow", "sharing 3 group hugs of 3 or more people"),
)
BADGES: Final[dict[Slug, Badge]] = {badge.slug: badge for badge in _ALL}
