"""`report.html`: one self-contained page that needs no network, no script and no second file.

Not the content: that is the result document; here it is grouped, escaped and laid out.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from typing import Any

import jinja2
from markupsafe import Markup
from markupsafe import escape

from auditor.judge.paired import answer
from auditor.report import headline
from auditor.report import ledger
from auditor.report import text
from auditor.report import wire
from auditor.report import words
from auditor.report.contacts import host_of
from auditor.report.contacts import organisations
from auditor.report.document import Result
from auditor.report.timeline import timeline

MOST_ROWS = 1000
"""Rows of any one table; a note says how many more `result.json` holds."""
_BLOCK_LIMIT = 4000
_LONG_WORD = 18
_STYLESHEET = "report.css"


def render_html(result: Result) -> str:
    """The whole page; equal results give equal pages."""
    environment = _environment()
    style = environment.loader.get_source(environment, _STYLESHEET)[0]  # type: ignore[union-attr]
    return environment.get_template("report.html.j2").render(
        result=result,
        style=Markup(style),  # noqa: S704 - our own file
        policy=_content_security_policy(style),
        app=headline.app_name(result.run.command),
        summary=headline.summary(result),
        repeat=headline.repeat_command(result.run),
        reference_line=headline.reference_line(result),
        ledger=ledger.ledger(result),
        not_judged=ledger.not_judged(result),
        organisations=organisations(result),
        paired_answer=answer(result.paired) if result.paired else "",
        timeline=timeline(result),
        unread=wire.unread(result),
        wire=wire.rows(result),
    )


def _content_security_policy(style: str) -> str:
    # The hash covers the exact text between the style tags (CSP3, section 6.7.3.2). No script at all.
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("auditor.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        block=_block,
        breakable=_breakable,
        host=text.host_name,
        marked=text.marked,
        seconds=text.seconds,
        size=text.size,
        tilde=text.tilde,
        who=headline.process_name,
    )
    environment.globals.update(
        most_rows=MOST_ROWS, words=words, plural=text.plural, endpoint=text.endpoint, host_of=host_of
    )
    return environment


def _finalize(value: Any) -> Any:  # noqa: ANN401 - whatever a template prints
    """Every string that a template prints passes here, so none reaches the page unneutralised."""
    return text.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _breakable(value: str) -> Markup:
    """A headline in which a long host name may break after its dots."""
    words_ = escape(text.visible(value)).split(" ")
    return Markup(" ").join(
        word.replace(".", Markup(".<wbr>")) if len(word) > _LONG_WORD else word for word in words_
    )


def _block(value: str) -> Markup:
    """Text of several lines, for `<pre>` and the like."""
    return escape(text.visible(value, limit=_BLOCK_LIMIT, lines=True))
