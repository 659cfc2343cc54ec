"""Log records are sent to Blender as messages with their levels."""

import logging
import warnings

from edge_backend.protocol.codec import decode, encode
from edge_backend.protocol.log_messages import LONGEST, LogMessages, records_to
from edge_backend.protocol.messages import Log

OWN = logging.getLogger("edge_backend.audio.loading")
OTHER = logging.getLogger("library.part")


def sent(work, level=logging.INFO):
    messages = []
    with records_to(LogMessages(messages.append), level):
        work()
    return messages


def test_records_have_their_level_and_module():
    def work():
        OWN.debug("for -vv")
        OWN.info("%d samples", 7)
        OWN.warning("The GPU's memory is short.")
        OWN.error("broken")

    assert sent(work) == [
        Log("info", "audio.loading: 7 samples"),
        Log("warning", "The GPU's memory is short."),  # the user reads it as it stands
        Log("error", "audio.loading: broken"),
    ]
    assert sent(work, logging.DEBUG)[0] == Log("debug", "audio.loading: for -vv")


def test_what_libraries_warn_of_is_captured_and_is_not_for_the_user():
    def work():
        OTHER.info("nobody needs this")
        OTHER.warning("slow path")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)  # pytest has its own capture around each test
            warnings.warn("librosa is deprecated", stacklevel=1)

    slow, deprecated = sent(work)
    assert slow == Log("info", "library.part: slow path")
    assert deprecated.level == "info"
    assert deprecated.text.startswith("py.warnings: ") and "librosa is deprecated" in deprecated.text


def test_a_failure_comes_with_its_traceback_and_fits_into_a_message():
    def work():
        try:
            raise ValueError("x" * 2 * LONGEST)
        except ValueError:
            OWN.exception("it failed")

    (message,) = sent(work)
    assert message.text.startswith("audio.loading: it failed\nTraceback")
    assert len(message.text) == LONGEST
    assert decode(encode(message)) == message


def test_outside_nothing_is_sent():
    messages = []
    with records_to(LogMessages(messages.append), logging.INFO):
        pass
    OWN.warning("later")
    assert not messages
    assert OWN.parent.level == logging.NOTSET
