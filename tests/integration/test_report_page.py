# SPDX-License-Identifier: GPL-3.0-or-later
"""The report in a real browser: on a phone and a desk, light and dark, on paper; with 3 hosts and with 300."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from ansible_collections.cloudbgp.exabgp.plugins.plugin_utils._report import model, printing
from tests import fleet

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 900}}
HOSTILE = '"><img src=x onerror="document.title=1"><script>document.title=1</script>'

# The elements whose text is wider than they are, and the texts of a drawing that leave it or their box.
CUT = """() => {
  const found = [];
  for (const e of document.querySelectorAll('td, th, p, li, dd, h1, h2, figcaption, summary'))
    if (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline' && e.clientWidth > 1)
      found.push(e.tagName + ': ' + e.textContent.slice(0, 60));
  for (const e of document.querySelectorAll('svg g')) {
    const box = e.querySelector('rect');
    if (!box) continue;
    const outer = box.getBoundingClientRect();
    for (const text of e.querySelectorAll('text')) {
      const inner = text.getBoundingClientRect();
      if (inner.right > outer.right + 1 || inner.bottom > outer.bottom + 1 || inner.left < outer.left - 1)
        found.push('svg: ' + text.textContent);
    }
  }
  return found;
}"""

# WCAG 2: the contrast of each text with what is behind it, where that is less than 4.5.
CONTRAST = """() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => { const f = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
  const behind = e => { for (; e; e = e.parentElement) {
      const r = e.tagName === 'g' && e.querySelector('rect, circle');
      if (r) return parse(getComputedStyle(r).fill);
      const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
    return [255, 255, 255]; };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    if (e.tagName === 'title' || e.tagName === 'STYLE' || !e.getClientRects().length) continue;
    const style = getComputedStyle(e);
    const [a, b] = [light(parse(e.tagName === 'text' ? style.fill : style.color)), light(behind(e))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) found.push([e.tagName, e.className, ratio.toFixed(2), e.textContent.slice(0, 40)].join(' '));
  }
  return [...new Set(found)];
}"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    if not CHROMIUM.exists():
        words = f"{CHROMIUM} is missing: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    with sync_playwright() as playwright:
        directory = tmp_path_factory.mktemp("browser")
        context = playwright.chromium.launch_persistent_context(
            str(directory), executable_path=str(CHROMIUM), args=ARGUMENTS, chromium_sandbox=False
        )
        yield context
        context.close()


def written(directory: Path, count: int, **changes: Any) -> tuple[Path, dict[str, Any]]:
    hosts, cloud = fleet.fleet(count, **changes)
    before = {name: host["daemon"] for name, host in fleet.fleet(count, **{**changes, "spoiled": False})[0].items()}
    title = changes.get("prefix", "ExaBGP")
    report = model.build(hosts, title=title, generated=fleet.GENERATED, cloud=cloud, before=before)
    page = directory / "report.html"
    page.write_text(printing.as_html(report), encoding="utf-8")
    return page, report


def opened(browser: BrowserContext, path: Path, told: list[str]) -> Page:
    page = browser.new_page()
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: told.append(request.url) if request.url.startswith("http") else None)
    page.goto(path.as_uri())
    return page


@pytest.mark.parametrize("count", [3, 300])
def test_the_page_is_readable_everywhere(browser: BrowserContext, tmp_path: Path, count: int) -> None:
    path, report = written(tmp_path, count)
    told: list[str] = []
    page = opened(browser, path, told)
    looks = [(size, scheme, "screen") for size in SIZES for scheme in ("light", "dark")] + [
        ("desktop", "light", "print")
    ]
    for size, scheme, medium in looks:
        page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme, media=medium)  # type: ignore[arg-type]
        look = f"{count}-{size}-{scheme}-{medium}"
        page.screenshot(path=tmp_path / f"{look}.png", full_page=count == 3)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= SIZES[size]["width"], look
        assert page.evaluate(CUT) == [], look
        assert page.evaluate(CONTRAST) == [], look
    drawn = page.locator("svg [data-host]").evaluate_all("all => all.map(one => one.dataset.host)")
    assert sorted(drawn) == sorted(host["name"] for host in report["hosts"])
    assert page.locator("svg .host.fault").count() == 2
    page.pdf(path=tmp_path / f"{count}.pdf", format="A4")
    page.close()
    assert told == []


def test_what_an_inventory_says_stays_text(browser: BrowserContext, tmp_path: Path) -> None:
    path, _report = written(tmp_path, 3, prefix=HOSTILE)
    told: list[str] = []
    page = opened(browser, path, told)
    page.set_viewport_size(SIZES["phone"])  # type: ignore[arg-type]
    assert page.title().startswith(HOSTILE)
    assert page.locator("script, img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
    assert told == []
