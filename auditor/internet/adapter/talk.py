"""Proxy layers for protocols in which the client waits for the server: each says what a dialogue says.

Not the protocols themselves: those are in `auditor.internet.dialogues`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mitmproxy.proxy import commands
from mitmproxy.proxy import events
from mitmproxy.proxy import layer

from auditor.internet.flows import IN
from auditor.internet.flows import OUT
from auditor.internet.sniff import Speaks
from auditor.internet.sniff import sniff

if TYPE_CHECKING:
    from mitmproxy.proxy.context import Context
    from mitmproxy.proxy.layer import CommandGenerator

    from auditor.internet.dialogues.contract import Dialogue
    from auditor.internet.recorder import Recorder

PATIENCE_S = 0.1
"""How long a client may take to speak first where servers do."""

Wrap = Callable[["Context", layer.Layer], layer.Layer]
"""(context, what is inside) -> a TLS layer."""


class Talk(layer.Layer):
    """Answers as a dialogue does, and writes both sides down."""

    def __init__(
        self, context: Context, recorder: Recorder, dialogue: Dialogue, wrap: Wrap, *, greet: bool = True
    ) -> None:
        super().__init__(context)
        self._recorder = recorder
        self._flow = recorder.flow
        self._dialogue = dialogue
        self._wrap = wrap
        self._greet = greet
        self._inner: layer.Layer | None = None
        """TLS, once it was asked for."""

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        if self._inner is not None:
            yield from self._inner.handle_event(event)
        elif isinstance(event, events.Start):
            self._flow.protocol = self._dialogue.protocol
            yield from self._say(self._dialogue.greeting if self._greet else b"")
        elif isinstance(event, events.DataReceived):
            yield from self._hear(event.data)
        elif isinstance(event, events.ConnectionClosed):
            yield commands.CloseConnection(self.context.client)

    def _hear(self, data: bytes) -> CommandGenerator[None]:
        answer = self._dialogue.receive(data)
        rest = self._dialogue.secured() if self._dialogue.wants_tls else b""
        self._flow.keep(OUT, data[: len(data) - len(rest)])
        yield from self._say(answer)
        if self._dialogue.over:
            yield commands.CloseConnection(self.context.client)
        elif self._dialogue.secure and not self.context.client.tls:
            inside = Talk(self.context, self._recorder, self._dialogue, self._wrap, greet=False)
            self._inner = self._wrap(self.context, inside)
            yield from self._inner.handle_event(events.Start())
            if rest:
                yield from self._inner.handle_event(events.DataReceived(self.context.client, rest))

    def _say(self, data: bytes) -> CommandGenerator[None]:
        if data:
            self._flow.keep(IN, data)
            yield commands.SendData(self.context.client, data)


class Greeter(layer.Layer):
    """Speaks first where servers do, unless the client begins with TLS or HTTP."""

    def __init__(self, context: Context, recorder: Recorder, dialogue: Dialogue, wrap: Wrap) -> None:
        super().__init__(context)
        self._recorder = recorder
        self._dialogue = dialogue
        self._wrap = wrap
        self._chosen: layer.Layer | None = None
        self._wakeup = commands.RequestWakeup(PATIENCE_S)

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        if isinstance(event, events.Start):
            yield self._wakeup
        elif self._chosen is None:
            yield from self._choose(event)
        elif not (isinstance(event, events.Wakeup) and event.command is self._wakeup):
            yield from self._chosen.handle_event(event)

    def _choose(self, event: events.Event) -> CommandGenerator[None]:
        early = sniff(event.data) if isinstance(event, events.DataReceived) else None
        if early in (None, Speaks.RAW):
            self._chosen = Talk(self.context, self._recorder, self._dialogue, self._wrap)
        else:
            self._chosen = layer.NextLayer(self.context)
        yield from self._chosen.handle_event(events.Start())
        if not isinstance(event, events.Wakeup):
            yield from self._chosen.handle_event(event)
