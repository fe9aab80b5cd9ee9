"""`quick_dataclass`: for what every report makes anew.

Frozen for the type checker, which sees every line of ours, but not at run time: Python takes six times as long to make a frozen
one, since it then sets each field by a call.
"""

from typing import TYPE_CHECKING

__all__ = ["quick_dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass as quick_dataclass
else:
    from dataclasses import dataclass

    def quick_dataclass(*, frozen: bool, slots: bool):
        """`dataclasses.dataclass`, with the hash of a frozen one but without its guard."""
        return dataclass(slots=slots, unsafe_hash=frozen)
