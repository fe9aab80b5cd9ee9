"""The lot by which deliveries get a canary."""

import subprocess
import sys

from domain.lot import lot
from rules.scope import percentile

IDS = [f"D-{number}" for number in range(10_000)]

LOTS = (77, 54)


def test_the_lot_of_a_delivery_never_changes() -> None:
    asked_elsewhere = "from domain.lot import lot; print(lot('D-1'), lot('D-2'))"

    out = subprocess.run([sys.executable, "-c", asked_elsewhere], capture_output=True, text=True, check=True).stdout

    assert out.split() == [str(lot("D-1")), str(lot("D-2"))]
    assert (lot("D-1"), lot("D-2")) == LOTS


def test_a_tenth_of_all_deliveries_has_a_lot_below_ten() -> None:
    lots = [lot(one) for one in IDS]

    assert (min(lots), max(lots)) == (0, 99)
    assert 900 < sum(drawn < 10 for drawn in lots) < 1_100


def test_the_rollout_of_a_rule_takes_its_share_of_a_canary_too() -> None:
    of_canary = [one for one in IDS if lot(one) < 10]

    taken = sum(percentile(one) < 10 for one in of_canary)

    assert 60 < taken < 150
