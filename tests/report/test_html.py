from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from html.parser import HTMLParser

import pytest

from auditor.model.finding import Outcome
from auditor.model.flow import Destination
from auditor.model.process import NOBODY
from auditor.report import html as html_module
from auditor.report.html import MOST_ROWS
from auditor.report.html import render_html
from auditor.report.result import build_result

VOID = {"meta", "br", "wbr", "link", "img", "input", "hr"}
SECTIONS = [
    "wire", "unseen", "findings", "principles", "contacts", "timeline", "reference", "machine", "answers", "rules", "method",
    "evidence",
]  # fmt: skip


class Page(HTMLParser):
    """Everything that the assertions below look at."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.headings, self.ids, self.open, self.text = [], [], [], [], ""
        self.style = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for key, value in attrs if key == "id"]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.text += data

    def attributes(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture
def page(any_result):
    return Page(render_html(any_result))


def test_every_tag_is_closed(page):
    assert page.open == []


def test_nothing_is_loaded_or_run(page):
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "form", "base"}
    for _, attrs in page.tags:
        assert not {"src", "srcset", "action", "style", "background", "xlink:href"} & set(attrs)
        assert not any(name.startswith("on") for name in attrs)
        assert attrs.get("href", "#").startswith("#")
    assert "url(" not in page.style
    assert "@import" not in page.style


def test_the_policy_allows_this_style_sheet_and_nothing_else(page):
    policy = next(a["content"] for a in page.attributes("meta") if a.get("http-equiv"))
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'", f"style-src 'sha256-{digest}'", "base-uri 'none'", "form-action 'none'",
    ]  # fmt: skip


def test_headings_do_not_skip_a_level(page):
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))


def test_landmarks_language_and_sections_in_order(page):
    assert page.attributes("html")[0]["lang"] == "en"
    assert {"main", "nav", "header", "footer"} <= {tag for tag, _ in page.tags}
    assert [name for name in page.ids if name in SECTIONS] == SECTIONS


def test_ids_are_unique_and_links_lead_somewhere(page):
    assert len(page.ids) == len(set(page.ids))
    assert {attrs["href"][1:] for attrs in page.attributes("a")} <= set(page.ids)


def test_tables_have_captions_and_scopes(page):
    tags = [tag for tag, _ in page.tags]
    assert tags.count("caption") == tags.count("table")
    assert all(attrs.get("scope") for attrs in page.attributes("th"))
    assert all(attrs.get("data-label") for attrs in page.attributes("td"))


def test_pictures_have_a_title_and_a_description(failing):
    source = render_html(failing)
    picture = next(a for a in Page(source).attributes("svg") if a.get("role") == "img")
    for name in picture["aria-labelledby"].split():
        assert f'id="{name}"' in source


def test_the_verdict_is_a_word_and_a_sentence(any_result):
    shown = " ".join(Page(render_html(any_result)).text.split())
    assert any_result.verdict.sentence in shown
    assert f"exit code {any_result.verdict.exit_code}" in shown


def test_no_word_promises_more_than_was_observed(page):
    assert not re.search(r"\b(safe|clean|spyware)\b", page.text, re.IGNORECASE)


def test_every_finding_is_told_in_full(failing):
    page = Page(render_html(failing))
    for finding in failing.findings:
        assert f"finding-{finding.fingerprint}" in page.ids
        for told in (finding.rule, finding.title, finding.message, finding.why, *finding.evidence):
            assert told in page.text
        for line in finding.remedy.splitlines():
            assert line in page.text
    assert "Behind the clinic's firewall" in page.text


def test_the_match_in_an_excerpt_is_marked(failing):
    assert "<mark>kestrel-48213</mark>" in render_html(failing)


def test_every_number_of_every_flow_is_there(failing):
    page = Page(render_html(failing))
    for flow in failing.flows:
        assert f"flow-{flow.id}" in page.ids
        for told in (
            f"{flow.bytes_out:,}",
            f"{flow.bytes_in:,}",
            flow.sni,
            flow.ja4,
            flow.note,
            *flow.evidence,
        ):
            assert told in page.text
        for request in flow.requests:
            assert request.method in page.text
            assert request.url[:80].partition("<")[0] in page.text


def test_every_gap_control_principle_rule_file_and_answer_is_there(any_result):
    page = Page(render_html(any_result))
    told = [
        *any_result.coverage.gaps,
        *(control.channel for control in any_result.coverage.controls),
        *(principle.title for principle in any_result.principles),
        *(rule.rule for rule in any_result.rules),
        *(file.path.removeprefix("/home/ann") for file in any_result.files),
        *(attempt.call for attempt in any_result.attempts),
        *(canary.planted_in for canary in any_result.canaries),
        *(answer.prompt for answer in any_result.answers),
        *(answer.error for answer in any_result.answers),
        *any_result.verdict.reasons,
    ]
    assert [text for text in told if text not in page.text] == []


def test_outcomes_are_words_not_only_colours(failing):
    principles = render_html(failing).partition('id="principles"')[2].partition('id="contacts"')[0]
    words = re.findall(
        r'class="chip [\w-]+"><span class="symbol" aria-hidden="true">.</span>([\w ]+)<', principles
    )
    assert words[:5] == ["fail", "pass", "fail", "not tested", "inconclusive"]


def test_text_of_the_app_cannot_become_markup_or_deceive(failing, hostile_text):
    source = render_html(failing)
    assert "<script" not in source
    assert "&lt;script&gt;" in source
    assert not [char for char in source if not char.isprintable() and char != "\n"]


def test_hostile_text_in_every_field_stays_text(cases, hostile_text):
    poisoned = _poison(build_result(*cases["fail"]), "\"'>" + hostile_text + "{{ 7 * 7 }}" + "A" * 20_000)
    source = render_html(poisoned)
    page = Page(source)
    assert page.open == []
    assert "script" not in {tag for tag, _ in page.tags}
    assert "{{ 7 * 7 }}" in page.text
    assert "A" * 5000 not in source
    assert not [char for char in source if not char.isprintable() and char != "\n"]


KEPT = {"id", "fingerprint", "phase", "severity", "outcome", "phases"}
"""Fields that only our own code writes."""


def _poison(value, text):
    """Every string that an app may influence, replaced."""
    if dataclasses.is_dataclass(value):
        fields = {
            field.name: _poison(getattr(value, field.name), text)
            for field in dataclasses.fields(value)
            if field.name not in KEPT
        }
        return dataclasses.replace(value, **fields)
    if isinstance(value, tuple):
        return tuple(_poison(item, text) for item in value)
    return text if type(value) is str else value


def test_a_look_alike_name_is_shown_in_both_spellings(failing):
    page = Page(render_html(failing))
    assert "xn--pypl-53dc.example" in page.text
    assert "pаypаl.example" in page.text  # noqa: RUF001 - look-alikes


def test_hosts_are_text_never_links(failing):
    assert not re.search(r'href="(?!#)', render_html(failing))


def test_the_home_directory_is_not_printed(failing):
    page = render_html(failing)
    assert "/home/ann" not in page
    owner = dataclasses.replace(failing.findings[0].process, argv=("/home/ann/app", "/home/ann/x"))
    one = dataclasses.replace(failing.findings[0], process=owner)
    page = render_html(dataclasses.replace(failing, findings=(one,)))
    assert "~/app ~/x" in page
    assert "/home/ann" not in page


def test_a_finding_about_a_file_says_what_is_not_known_in_words(failing):
    one = dataclasses.replace(failing.findings[0], process=NOBODY, phase="")
    text = Page(render_html(dataclasses.replace(failing, findings=(one,)))).text
    findings = text[text.index(one.message) : text.index("Ten principles of local software")]
    assert "by which of its processes is not known" in findings
    assert "it was seen afterwards" in findings
    assert "unknown process" not in findings
    assert "(phase )" not in text


def test_tables_are_bounded_and_say_so(failing):
    base = failing.flows[0]
    flows = tuple(
        dataclasses.replace(
            base, id=f"m{number}", destination=Destination(domain="one.example", ip="198.18.0.1", port=443)
        )
        for number in range(MOST_ROWS + 234)
    )
    page = Page(render_html(dataclasses.replace(failing, flows=flows)))
    assert sum(name.startswith("flow-") for name in page.ids) == MOST_ROWS
    assert "234 more rows" in page.text


def test_equal_results_give_equal_pages(cases):
    first, second = (render_html(build_result(*cases["fail"])) for _ in range(2))
    assert first == second


def test_an_empty_run_does_not_look_like_a_passed_one(cases):
    page = Page(render_html(build_result(*cases["empty"])))
    assert "Inconclusive" in page.text
    assert "chip pass" not in render_html(build_result(*cases["empty"])).partition("The box")[0]


def test_an_unjudged_principle_is_not_called_passed(failing):
    unjudged = dataclasses.replace(
        failing,
        principles=tuple(
            dataclasses.replace(item, outcome=Outcome.NOT_TESTED, findings=()) for item in failing.principles
        ),
    )
    principles = render_html(unjudged).partition('id="principles"')[2].partition('id="contacts"')[0]
    assert "chip pass" not in principles


def _luminance(colour):
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper", "least"),
    [
        *((ink, paper, 4.5) for ink in ("ink", "soft", "bad", "good", "unsure", "link") for paper in ("paper", "card")),
        ("bad", "bad-tint", 4.5), ("good", "good-tint", 4.5), ("unsure", "unsure-tint", 4.5),
        ("soft", "bad-tint", 4.5), ("soft", "good-tint", 4.5), ("soft", "unsure-tint", 4.5),
        ("ink", "code", 4.5), ("soft", "code", 4.5), ("mark-ink", "mark", 4.5), ("card", "bad", 4.5),
        ("card", "good", 4.5), ("card", "unsure", 4.5), ("soft", "band", 4.5), ("soft", "band-alt", 4.5),
        ("flow", "band", 3), ("flow", "band-alt", 3), ("bad", "band-alt", 3), ("unsure", "band-alt", 3),
    ],
)  # fmt: skip
def test_contrast_is_enough_in_both_themes(passing, theme, ink, paper, least):
    """WCAG 2.2, 1.4.3 (text 4.5:1) and 1.4.11 (graphics 3:1)."""
    style = Page(render_html(passing)).style
    colours = [
        dict(re.findall(r"--([\w-]+): (#\w{6})", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    ]
    lighter, darker = sorted((_luminance(colours[theme][name]) for name in (ink, paper)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= least


def test_templates_are_part_of_the_package():
    names = html_module._environment().list_templates()
    assert {"report.html.j2", "report.css"} <= set(names)


def test_paired_runs_are_told_with_their_chances(passing, failing):
    shown = render_html(passing)
    assert "not seen to depend on what was typed (18 paired runs of at most 24" in shown
    assert "14 runs with a prompt, 4 without" in shown
    assert "5e-05" in shown
    assert 'id="paired"' not in render_html(failing)
