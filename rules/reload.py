"""Another version of the rulebook for a delivery under watch."""

from dataclasses import replace

from domain.instant import Instant
from rules.adoption import Standing, Versions, in_force
from rules.adoption import adopted as take_over
from rules.compile import CompiledBook
from rules.decisions import Decision, Version
from rules.watch import Watch


def adopted(watch: Watch, version: str, versions: Versions, now: Instant) -> Watch:
    """The watch by another version, from now on; look again at once. The version that it has already changes nothing."""
    if watch.book == version:
        return watch
    force = book_of(watch, versions)
    standing = take_over(Standing(watch.cells, watch.kept), watch.book, force, versions(version), watch.delivery)
    book, before = (Version(versions(one).rulebook.name, one) for one in (version, watch.book))
    told = watch.remarked(now, f"rulebook {book.name} adopted in version {version[:12]}")
    told = told.decided(Decision(now, "adopt", book=book, before=before))
    return replace(told, book=version, cells=standing.cells, kept=standing.kept)


def book_of(watch: Watch, versions: Versions) -> CompiledBook:
    """What is in force for a delivery: its book, with the rules of earlier ones that stay for now."""
    return in_force(versions(watch.book), watch.kept, versions)
