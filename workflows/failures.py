"""How failures are told. A refusal is an answer to who asked, not a fault of ours: it goes out without our stack."""

from temporalio.api.failure.v1 import Failure
from temporalio.converter import DefaultFailureConverter, DefaultFailureConverterWithEncodedAttributes, PayloadConverter
from temporalio.exceptions import ApplicationError

from workflows.contract import ERROR_TYPES


class AnswerConverter(DefaultFailureConverter):
    """Leaves out the stack of refusals: their senders have no use for the names of our files, and it is most of their size."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        super().to_failure(without_stack(exception), payload_converter, failure)


class SealedAnswerConverter(DefaultFailureConverterWithEncodedAttributes):
    """The same where payloads are sealed: message and stack are sealed with them."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        super().to_failure(without_stack(exception), payload_converter, failure)


def without_stack(exception: BaseException) -> BaseException:
    """The same exception; one of the contract's refusals has forgotten where it was raised."""
    if isinstance(exception, ApplicationError) and exception.type in ERROR_TYPES:
        exception.__traceback__ = None
    return exception
