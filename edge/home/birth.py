"""The birth message that some firmwares wait for before they announce themselves again.

Home Assistant says ``online`` on ``<prefix>/status`` when it connects. Where there is none, its devices may wait for
ever; where there is one, the topic is its own. So this is done only if the person wants it, only once a connection,
never retained, and not while anybody else has been heard there.

Source: https://www.home-assistant.io/integrations/mqtt/#birth-and-last-will-messages
"""

from edge.home.broker import Message, Publication

_ONLINE, _OFFLINE = b"online", b"offline"


class Birth:
    """Listens to the topic, and knows whether it is free."""

    def __init__(self, prefix: str, *, wanted: bool) -> None:
        """``wanted``: whether we speak there at all."""
        self.topic = f"{prefix}/status"
        self.wanted = wanted
        self._somebody = False
        self._echoes = 0
        """Of our own messages, how many have not come back to us."""

    def take(self, message: Message) -> None:
        """Learn from a message on the topic who is there."""
        if message.payload == _ONLINE and self._echoes and not message.retained:
            self._echoes -= 1
        elif message.payload in (_ONLINE, _OFFLINE):
            self._somebody = message.payload == _ONLINE

    def message(self) -> Publication | None:
        """What to say once all that the broker retains has been heard; None where it is not ours to say."""
        if not self.wanted or self._somebody:
            return None
        self._echoes = 1
        return Publication(self.topic, _ONLINE)

    def begin(self) -> None:
        """A new connection: whoever was there may have gone meanwhile."""
        self._somebody, self._echoes = False, 0
