"""The page in a real browser, headless Chromium spoken to through its debugging pipe; skipped
where there is none.
"""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from experiments.page.page import page
from experiments.shared.places import PROJECT
from quadmeta.verification.ledger import ledger

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


class Browser:
    """One tab. ``errors`` and ``requests`` gather what the console and the network report."""

    def __init__(self, profile):
        (read, self.to), (self.back, write) = os.pipe(), os.pipe()
        self.process = subprocess.Popen(
            [
                "bash",
                "-c",
                f'exec "$0" "$@" 3<&{read} 4>&{write}',
                CHROMIUM,
                *FLAGS,
                f"--user-data-dir={profile}",
            ],
            pass_fds=(read, write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read)
        os.close(write)
        self.input, self.last, self.session, self.errors, self.requests = b"", 0, None, [], []
        self.loaded = 0
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params} | (
            {"sessionId": self.session} if self.session else {}
        )
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            found = self.receive()
            if found.get("id") == self.last:
                assert "error" not in found, found
                return found["result"]

    def receive(self):
        while b"\0" not in self.input:
            chunk = os.read(self.back, 1 << 20)
            assert chunk, "Chromium has closed its pipe"
            self.input += chunk
        message, self.input = self.input.split(b"\0", 1)
        found = json.loads(message)
        kind, params = found.get("method"), found.get("params", {})
        if (
            kind == "Runtime.exceptionThrown"
            or kind == "Runtime.consoleAPICalled"
            or kind == "Log.entryAdded"
        ):
            self.errors.append(params)
        if kind == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        self.loaded += kind == "Page.loadEventFired"
        return found

    def open(self, url, width=1280, scheme="light"):
        height, mobile = (844, True) if width < 600 else (900, False)
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )
        self.call("Page.navigate", url="about:blank")
        before = self.loaded
        self.call("Page.navigate", url=url)
        while (
            self.loaded < before + 1
            or self.run("location.href") == "about:blank"
            or self.run("document.readyState") != "complete"
        ):
            self.receive()

    def run(self, script):
        found = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def picture(self, path):
        Path(path).write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def close(self):
        self.call("Browser.close")
        self.process.wait(300)
        os.close(self.to)
        os.close(self.back)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    found = Browser(tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """The present figures with a page of the present ledger."""
    root = tmp_path_factory.mktemp("site")
    for folder in ("figures", "docs"):
        shutil.copytree(
            PROJECT.root / folder,
            root / folder,
            ignore=shutil.ignore_patterns("smoke", "index.html"),
        )
    (root / "figures" / "index.html").write_bytes(page(root / "figures"))
    return (root / "figures" / "index.html").as_uri()


CLAIMS = "[...document.querySelectorAll('tbody[id]')]"
SHOWN = f"{CLAIMS}.filter(item => item.getClientRects().length).map(item => item.id)"


@pytest.mark.parametrize("width", [390, 1280])
def test_it_loads_alone_and_fits_the_width(browser, url, width):
    browser.errors.clear()
    browser.requests.clear()
    browser.open(url, width)
    right = browser.run(
        "[...document.querySelectorAll('section *')].filter(part => !part.closest('.scroll, "
        ".formula')).reduce((right, part) => Math.max(right, part.getBoundingClientRect().right), "
        "0)"
    )
    assert browser.run("innerWidth") == width and 0 < right <= width
    assert browser.run("document.documentElement.scrollWidth") <= width
    broken = browser.run(
        "Promise.all([...document.images].map(picture => { picture.loading = 'eager'; return "
        "picture.decode().then(() => picture.naturalWidth ? null : picture.src, () => "
        "picture.src); })).then(found => found.filter(Boolean))"
    )
    assert broken == [] and browser.run("document.images.length") >= 14
    assert browser.errors == []
    assert {request.split(":")[0] for request in browser.requests} <= {"file", "data", "about"}


def test_there_is_a_row_for_each_form_with_its_formula(browser, url):
    browser.open(url)
    rows = browser.run(
        "[...document.querySelectorAll('tr.form')].map(row => [row.closest('tbody').id, "
        "row.dataset.form, row.dataset.verdict])"
    )
    assert sorted(map(tuple, rows)) == sorted(
        (row.claim, row.form, row.verdict) for row in ledger()
    )
    areas = browser.run(
        "[...document.querySelectorAll('tr.form')].map(row => "
        "[...row.querySelectorAll('math')].map(part => part.getBoundingClientRect()).reduce((sum, "
        "box) => sum + box.width * box.height, 0))"
    )
    assert min(areas) > 100


def test_the_counts_filter_the_table(browser, url):
    browser.open(url)
    everything = browser.run(SHOWN)
    assert everything == browser.run(f"{CLAIMS}.map(item => item.id)")
    browser.run("document.querySelector('label[for=show-printed-refuted]').click()")
    refuted = {row.claim for row in ledger() if (row.form, row.verdict) == ("printed", "refuted")}
    assert 0 < len(refuted) < len(everything) and set(browser.run(SHOWN)) == refuted
    browser.run("document.getElementById('show-all').click()")
    assert browser.run(SHOWN) == everything


def test_the_search_filters_the_table(browser, url):
    browser.open(url)
    browser.run("find.value = 'discount NEEDED'; find.dispatchEvent(new Event('input'))")
    found = browser.run(SHOWN)
    assert (
        "yakovlev2023_assumption_discount_range" in found
        and "wang2021_naive_upper_bound" not in found
    )


def test_links_lead_to_claims_even_past_a_filter(browser, url):
    name = next(row.claim for row in ledger() if (row.form, row.verdict) == ("printed", "holds"))
    browser.open(f"{url}#{name}")
    top = f"document.getElementById('{name}').getBoundingClientRect().top"
    assert -5 < browser.run(top) < 400
    browser.run(
        "document.querySelector('label[for=show-printed-refuted]').click(); location.hash = "
        "'statements'"
    )
    assert name not in browser.run(SHOWN)
    browser.run(
        "new Promise(done => { addEventListener('hashchange', () => setTimeout(done)); "
        f"location.hash = '{name}'; }})"
    )
    assert name in browser.run(SHOWN) and -5 < browser.run(top) < 400


def test_dark_is_dark_and_light_is_light(browser, url):
    brightness = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
    browser.open(url, scheme="dark")
    dark = browser.run(brightness)
    browser.open(url, scheme="light")
    assert dark < 50 < 200 < browser.run(brightness)
