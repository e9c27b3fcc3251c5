import re
from html.parser import HTMLParser

from scenarios import report
from scenarios.report.html import render
from tests.scenarios.report.made import OUTCOMES, result


class Page(HTMLParser):
    """Which elements a page has, and where its links go."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        self.ids += [found["id"]] if tag == "section" else []
        self.links += [found["href"]] if tag == "a" else []


def held(title="fine"):
    good = result(state="held", reason="", outcomes=OUTCOMES[:2])
    good.case.scenario.title = title
    return good


async def test_the_page_stands_alone_and_escapes_what_it_shows():
    page = render([result()])
    assert "t &lt;b&gt;" in page
    assert "why &amp; how" in page
    assert "<pre>it &lt;said&gt;</pre>" in page
    assert not {"script", "link", "img", "iframe"} & set(Page(page).tags)
    assert not re.search(r"https?:|@import|url\((?!#)", page)


async def test_what_failed_comes_first_in_the_index_and_below():
    page = render([held(), result(), held("other")])
    assert Page(page).ids == ["run-1", "run-0", "run-2"]
    assert Page(page).links == ["#run-1", "#run-0", "#run-2"]
    assert "<title>1 of 3 scenarios failed - Edge</title>" in page
    assert "failed: line 5: expect three" in page


async def test_a_failure_says_expected_observed_and_since_when_before_anything_else():
    page = render([result()])
    why = page[page.index('class="why"') : page.index('class="lanes"')]
    assert re.search(r"line 5: expect three.*<dt>expected<dd>3<dt>observed<dd>1.*<dt>since<dd>0\.50 s into", why)
    assert "<dt>said<dd>no such process" in why


async def test_steps_are_open_where_something_failed_and_logs_are_only_there():
    assert "<details open><summary>9 steps and invariants" in render([result()])
    page = render([held()])
    assert "<details><summary>2 steps and invariants" in page
    assert "log of admin" not in page


async def test_the_timeline_is_there_as_text_too():
    assert "    0.600 s  API requests: list /api 401" in render([result()])


async def test_a_skipped_run_says_why_and_draws_nothing():
    page = render([result(state="skipped", reason="needs the simulator", outcomes=[], traffic={}, logs={})])
    assert "<p>needs the simulator</p>" in page
    assert 'class="lanes"' not in page


async def test_all_reports_are_written_into_a_new_folder(tmp_path):
    report.write(tmp_path / "new" / "folder", [result()])
    written = sorted(path.name for path in (tmp_path / "new/folder").iterdir())
    assert written == ["junit.xml", "report.html", "report.json"]
