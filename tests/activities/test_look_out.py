"""Looking out: every kind of question, from what the store, the weather service and the traffic service know."""

from collections.abc import Collection, Mapping

import pytest

from activities.look_out import LookingOut, NobodyKnows
from domain.guards import About, Answer, Disrupted, FeedState, LookOut, Question
from domain.instant import HOUR, MINUTE, Instant, Span
from domain.order import Destination

NOW: Instant = 1_795_413_600_000
HOME = Destination("Europe/Helsinki")


class Known:
    """A register, a weather service and a traffic service in one."""

    def __init__(self) -> None:
        self.parked: list[tuple[str, str]] = []
        self.told: list[str] = []

    async def feeds(self, names: Collection[str]) -> Mapping[str, FeedState]:
        known = {"acme": FeedState(NOW - 3 * HOUR), "zipvan": FeedState(NOW - 3 * HOUR, 4 * HOUR)}
        return {name: state for name, state in known.items() if name in names}

    async def disruptions(self, places: Collection[str], at: Instant) -> Mapping[str, tuple[Disrupted, ...]]:
        return {
            place: (Disrupted(until=NOW + HOUR), Disrupted("snow", NOW + 2 * HOUR)) for place in places if place == "zone:north"
        }

    async def park(self, feeds: Collection[str], delivery_id: str, at: Instant) -> None:
        self.parked += [(feed, delivery_id) for feed in feeds]

    async def warning(self, destination: Destination, at: Instant) -> str | None:
        return "orange"

    async def delay(self, route_id: str, at: Instant) -> Span | None:
        return 10 * MINUTE if route_id == "R1" else None

    async def join(self, question: Question, delivery_id: str, at: Instant) -> Answer:
        return Answer(question, question.at_least <= 3, "3", "7 D0" if question.at_least <= 3 else "")

    async def leave(self, question: Question, delivery_id: str, at: Instant) -> Answer:
        return Answer(question, True, "left")

    async def tell(self, place: str) -> None:
        self.told.append(place)


ASKED = [
    pytest.param(Question(About.FEED_STALE, "acme", span=2 * HOUR, cadence=HOUR), True, id="stale by the directory's cadence"),
    pytest.param(Question(About.FEED_STALE, "acme", span=2 * HOUR), False, id="no cadence, never stale"),
    pytest.param(Question(About.FEED_STALE, "zipvan", span=2 * HOUR, cadence=HOUR), False, id="the feed's own cadence counts"),
    pytest.param(Question(About.FEED_STALE, "nobody", span=HOUR, cadence=HOUR), None, id="never heard of"),
    pytest.param(Question(About.FEED_SILENT, "acme", cadence=HOUR), True, id="silent"),
    pytest.param(Question(About.FEED_SILENT, "zipvan", cadence=HOUR), False, id="not silent"),
    pytest.param(Question(About.DISRUPTION, "zone:north"), True, id="disrupted"),
    pytest.param(Question(About.DISRUPTION, "zone:north", "snow"), True, id="of the kind"),
    pytest.param(Question(About.DISRUPTION, "zone:north", "strike"), False, id="of another kind"),
    pytest.param(Question(About.DISRUPTION, "hub:HEL1"), False, id="not disrupted"),
    pytest.param(Question(About.WEATHER, "north", "orange"), True, id="warned"),
    pytest.param(Question(About.WEATHER, "north", "red"), False, id="warned of less"),
    pytest.param(Question(About.TRAFFIC, "R1", span=10 * MINUTE), False, id="not over"),
    pytest.param(Question(About.TRAFFIC, "R1", span=10 * MINUTE - 1), True, id="over"),
    pytest.param(Question(About.TRAFFIC, "R2", span=MINUTE), None, id="a route that nobody knows"),
]


@pytest.mark.parametrize(("question", "truth"), ASKED)
async def test_each_question_gets_its_answer(question: Question, truth: bool | None) -> None:
    known = Known()

    (answer,) = await LookingOut(known, known, known, known, known).look_out(LookOut("D1", NOW, (question,), HOME))

    assert (answer.question, answer.truth) == (question, truth)


async def test_all_questions_are_answered_in_one_go_and_who_waits_for_a_silent_feed_is_noted() -> None:
    known = Known()
    questions = tuple(question for param in ASKED for question in param.values if isinstance(question, Question))

    answers = await LookingOut(known, known, known, known, known).look_out(LookOut("D1", NOW, questions, HOME))

    assert [answer.truth for answer in answers] == [param.values[1] for param in ASKED]
    assert known.parked == [("acme", "D1")]


async def test_without_a_source_weather_and_traffic_are_unknown() -> None:
    questions = (Question(About.WEATHER, "north", "orange"), Question(About.TRAFFIC, "R1", span=1))

    answers = await LookingOut(Known(), NobodyKnows(), NobodyKnows(), Known(), Known()).look_out(
        LookOut("D1", NOW, questions, HOME)
    )

    assert [answer.truth for answer in answers] == [None, None]


async def test_once_a_group_has_come_together_the_workflow_of_its_place_is_told() -> None:
    known = Known()
    question = Question(About.TOGETHER, "route:R7", "b/van", at_least=3)

    (answer,) = await LookingOut(known, known, known, known, known).look_out(LookOut("D1", NOW, (question,), HOME))

    assert (answer.truth, answer.of, known.told) == (True, "7 D0", ["route:R7"])


async def test_as_long_as_there_are_too_few_nobody_is_told_and_whoever_leaves_may_have_ended_it() -> None:
    known = Known()
    questions = (Question(About.TOGETHER, "route:R7", "b/van", at_least=4), Question(About.APART, "route:R8", "b/van"))

    answers = await LookingOut(known, known, known, known, known).look_out(LookOut("D1", NOW, questions, HOME))

    assert [answer.truth for answer in answers] == [False, True]
    assert known.told == ["route:R8"]
