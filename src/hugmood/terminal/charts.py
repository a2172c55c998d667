"""What the entries of some time say, drawn with characters."""

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from hugmood.features.analytics.messages import Analytics, FactorState
from hugmood.terminal.lines import DIM
from hugmood.terminal.names import clean

TOP: Final = 10.0
"""The highest score there is."""
WIDTH: Final = 30
"""Characters that a bar has at most."""
WORDS: Final = 6
"""How many moods are shown, the most frequent ones."""

_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_LOW: Final = 4.0
_HIGH: Final = 6.0


def chart(analytics: Analytics) -> list[Text]:
    """Draw averages, weekdays, hours, words, and what goes with them."""
    if not analytics.mood_frequency:
        return [Text("Nothing to draw yet: /mood says how you feel", style=DIM)]
    lines: list[Text] = []
    if analytics.average_mood:
        lines.append(Text(f"on average {analytics.average_mood:.1f} of {TOP:.0f}", style="bold"))
    for title, rows in _scores(analytics):
        lines += [Text(title, style=DIM), *_bars(rows)]
    lines += [Text("words", style=DIM), *_shares(analytics.mood_frequency)]
    return lines + list(_findings(analytics))


def bar(share: float, width: int = WIDTH) -> str:
    """Draw a share of 1 with a bar of at most so many characters."""
    eighths = round(min(1.0, max(0.0, share)) * width * 8)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def _scores(analytics: Analytics) -> Iterator[tuple[str, list[tuple[str, float, int]]]]:
    days = analytics.mood_by_day_of_week
    hours = analytics.mood_by_time_of_day
    if days:
        yield "weekdays", [(clean(one.day)[:3], one.average_mood, one.n) for one in days]
    if hours:
        yield "hours", [(f"{one.hour:02}h", one.average_mood, one.n) for one in hours]


def _bars(rows: list[tuple[str, float, int]]) -> Iterator[Text]:
    for name, score, count in rows:
        text = Text(f"{name:>5} ").append(bar(score / TOP), style=_color(score))
        yield text.append(f" {score:.1f}").append(f"  of {count}", style=DIM)


def _shares(frequency: dict[str, float]) -> Iterator[Text]:
    usual = sorted(frequency.items(), key=lambda item: (-item[1], item[0]))[:WORDS]
    width = max(len(clean(mood)) for mood, _ in usual)
    for mood, share in usual:
        yield (
            Text(f"  {clean(mood):{width}} ")
            .append(bar(share), style="cyan")
            .append(f" {share:.0%}")
        )


def _findings(analytics: Analytics) -> Iterator[Text]:
    for insight in analytics.insights or ():
        title = Text(f"★ {clean(insight.title)}: ", style="bold")
        yield title.append(clean(insight.description), style="not bold")
    for factor in analytics.factors or ():
        yield Text(f"· {_state(factor)}", style=DIM)


def _state(factor: FactorState) -> str:
    name = clean(factor.factor)
    if factor.state == "need_more_data":
        return f"{name} needs {factor.missing or 0} more days before anything can be said"
    if factor.state == "clear":
        return f"{name} goes with your mood"
    return f"{name}: nothing that could not be chance"


def _color(score: float) -> str:
    if score < _LOW:
        return "blue"
    return "green" if score > _HIGH else "yellow"
