#!/usr/bin/env python3
"""The web page of the frontend in headless Chromium, with all that it does checked over HTTP too:
python3 page_test.py PATH_TO_MARCOT_HTTPD PATH_TO_MARCOT FOLDER_FOR_SCREENSHOTS.

MARCOT_NO_BROWSER: skips it, on a machine that is to have no browser."""

import hashlib
import json
import os
import sys
import unittest
import urllib.parse

from httpd_fixture import LIBRARY, MIB, SECRET, HttpdTest, Programs, crc64

if __name__ == "__main__" and os.environ.get("MARCOT_NO_BROWSER"):
    sys.exit(77)

try:
    from selenium import webdriver
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select, WebDriverWait
except ImportError:
    sys.exit(
        "page_test needs the packages chromium, chromium-driver and python3-selenium; tools/test installs them. "
        "Set MARCOT_NO_BROWSER to do without this test."
    )

SCREENSHOTS = ""
PATIENCE = 30  # seconds until a condition counts as failed
NO_BIN = "no-bin"
ODD_NAME = "100% #1 & it's {a} +b=c;[d] ~é.txt"
# What would be a script if it were HTML. The first is no legal name, the second is.
TAG_NAME = "<img src=x onerror=alert(1)>"
ENTITY_NAME = "&lt;img src=x onerror=alert(1)&gt;"


def start_browser(folder):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in (
        "--headless=new",
        "--window-size=1200,900",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--lang=en-US",
        "--user-data-dir=" + os.path.join(folder, "profile"),
    ):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.add_experimental_option("prefs", {"download.default_directory": os.path.join(folder, "downloads")})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


class PageTest(HttpdTest):
    """The recycle bin is on, but for the space no-bin."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        query = {"library_secret": SECRET, "space_id": NO_BIN}
        cls.server.request("POST", f"/api/v1/space/{LIBRARY}?" + urllib.parse.urlencode(query))
        cls.change_settings(("-", "library.recycle-bin", "on"), (NO_BIN, "recycle-bin", "off"))
        cls.local = os.path.join(cls.dir, "local")
        cls.browser = start_browser(cls.dir)
        cls.url = f"http://127.0.0.1:{cls.server.port}/"

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()
        super().tearDownClass()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            name = os.path.join(SCREENSHOTS, f"page_test-{self._testMethodName}.png")
            self.browser.save_screenshot(name)
            print("screenshot:", name)

    def tearDown(self):
        """No script failed. That the server refused something is logged as well; tests ask for it."""
        for line in self.browser.get_log("browser"):
            refused = line["source"] == "network" and "/api/v1/" in line["message"] and "status of 4" in line["message"]
            if line["level"] == "SEVERE" and not refused:
                self.fail(line["message"])

    # ---- looking

    def wait(self, condition, what):
        """Until it is true; what it is then. What it looks at may be replaced meanwhile."""
        waiting = WebDriverWait(self.browser, PATIENCE, 0.02, [StaleElementReferenceException])
        return waiting.until(lambda _: condition(), what)

    def element(self, css):
        return self.browser.find_element(By.CSS_SELECTOR, css)

    def script(self, text, *arguments):
        return self.browser.execute_script("return " + text, *arguments)

    def text(self, css):
        return self.script("document.querySelector(arguments[0]).textContent", css)

    def shown(self, column="name"):
        """The cells of a column, from the top."""
        return self.script("[...document.querySelectorAll(`#rows td.${arguments[0]}`)].map((cell) => cell.textContent)", column)

    def await_names(self, *names):
        self.wait(lambda: self.shown() == list(names), f"{names} in the list")

    def await_said(self, text):
        self.wait(lambda: self.text("#status") == text, f"`{text}`, not `{self.text('#status')}`")

    def await_place(self, text):
        self.wait(lambda: self.text("#place") == text, f"`{text}`, not `{self.text('#place')}`")

    def await_error(self, code, part=""):
        self.wait(lambda: self.element("#error").is_displayed() and self.text("#error-code") == code, f"the error {code}")
        self.assertIn(part, self.text("#error-message"))
        self.element("#error-close").click()
        self.assertFalse(self.element("#error").is_displayed())

    def size_cell(self, name):
        return self.shown("size")[self.shown().index(name)]

    # ---- doing

    def open(self, path="", view="files", space=None):
        """As one who has signed in."""
        self.browser.get(self.url)
        session = json.dumps({"library": LIBRARY, "token": self.token, "issued": False})
        self.script("sessionStorage.setItem('marcot-session', arguments[0])", session)
        where = "/".join(urllib.parse.quote(part) for part in [view, space or self.space, *path.split("/")] if part)
        self.browser.get("about:blank")
        self.browser.get(f"{self.url}#{where}")
        self.wait(lambda: self.text("#status") or self.element("#error").is_displayed(), "the list")

    def click(self, css):
        def clicked():
            button = self.element(css)
            if not button.is_displayed() or not button.is_enabled():
                return False
            self.script("arguments[0].scrollIntoView({block: 'center'})", button)  # from under what sticks
            button.click()
            return True

        self.wait(clicked, f"{css} to be enabled")

    def select(self, *names):
        """These and no others."""
        for box in self.browser.find_elements(By.CSS_SELECTOR, "#rows input"):
            if box.is_selected() != (box.get_attribute("aria-label").removeprefix("Select ") in names):
                box.click()

    def answer(self, choice, **fields):
        """Fills the dialog in and chooses. The next one may be there at once."""
        self.wait(lambda: self.element("#dialog").get_attribute("open"), "a dialog")
        form = self.element("#dialog form")
        for name, value in fields.items():
            field = form.find_element(By.NAME, name)
            if value is True:
                field.click()
            else:
                field.clear()
                field.send_keys(value)
        title = self.text("#dialog-title")
        form.find_element(By.XPATH, f".//button[normalize-space()='{choice}']").click()
        return title

    def write(self, name, data):
        path = os.path.join(self.local, self.space, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def choose(self, *paths):
        self.element("#files").send_keys("\n".join(paths))

    def drop(self, *paths):
        place = self.element("main").rect
        at = {"x": place["x"] + 50, "y": place["y"] + 100}
        data = {"items": [], "files": list(paths), "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.browser.execute_cdp_cmd("Input.dispatchDragEvent", {"type": kind, **at, "data": data})

    def downloaded(self, name):
        path = os.path.join(self.dir, "downloads", name)
        self.wait(lambda: os.path.exists(path), f"{name} to be downloaded")
        with open(path, "rb") as file:
            return file.read()


class SessionTest(PageTest):
    def sign_in(self, key, kind="secret", library=LIBRARY):
        self.wait(lambda: self.element("#sign-in").is_displayed(), "the form")
        self.element(f"[name=kind][value={kind}]").click()
        for name, value in (("library", library), ("key", key)):
            field = self.element(f"[name={name}]")
            field.clear()
            field.send_keys(value)
        self.element("[name=key]").send_keys(Keys.ENTER)

    def stored(self):
        return json.loads(self.script("sessionStorage.getItem('marcot-session')") or "null")

    def start(self):
        self.browser.get(self.url)
        self.script("sessionStorage.clear()")
        self.browser.get("about:blank")
        self.browser.get(self.url)

    def test_secret(self):
        self.mkdir("here")
        self.start()
        self.sign_in("wrong")
        self.await_error("WrongLibraryIdOrSecret")
        self.sign_in(SECRET, library="another")
        self.await_error("WrongLibraryIdOrSecret")
        self.assertIsNone(self.stored())
        self.sign_in(SECRET)
        self.await_place("-")
        self.await_said("0 items.")
        self.assertEqual(self.element("[name=key]").get_attribute("value"), "")
        token = self.stored()["token"]
        self.expect(200, self.directory("GET", "here", "info", token=token))

        Select(self.element("#space")).select_by_visible_text(self.space)
        self.await_place(self.space)
        self.await_names("here")
        self.browser.refresh()
        self.await_place(self.space)
        for secret in (token, SECRET):
            self.assertNotIn(secret, self.browser.current_url)
            self.assertNotIn(secret, self.browser.page_source)

        self.click("#sign-out")
        self.wait(lambda: self.element("#sign-in").is_displayed(), "the form")
        self.wait(lambda: self.directory("GET", "here", "info", token=token).status == 403, "the end of the token")
        self.assertIsNone(self.stored())
        self.assertFalse(self.element("#app").is_displayed())

    def test_token(self):
        self.mkdir("here")
        self.start()
        self.sign_in("no token", "token")
        self.await_error("InvalidAccessToken")
        token = self.issue("read_only", space_id=self.space)
        self.sign_in(token, "token")
        self.await_place(self.space)
        self.await_names("here")
        self.assertEqual([one.text for one in Select(self.element("#space")).options], [self.space])
        self.click("#new-folder")
        self.answer("Make", name="refused")
        self.await_error("NoPermission", "create_directory")
        self.click("#sign-out")
        self.wait(lambda: self.element("#sign-in").is_displayed(), "the form")
        self.expect(200, self.directory("GET", "here", "info", token=token))  # it was not the page's own

    def test_session_that_ends(self):
        self.open()
        self.expect(204, self.server.request("DELETE", f"/api/v1/token/{LIBRARY}/{self.token}"))
        self.click("#to-bin")
        self.await_error("InvalidAccessToken")
        self.assertTrue(self.element("#sign-in").is_displayed())


class FolderTest(PageTest):
    def test_make_and_walk(self):
        self.open()
        self.click("#new-folder")
        self.answer("Make", name="a")
        self.await_said("Made “a”.")
        self.await_names("a")
        self.click("#new-folder")
        self.answer("Make", name="a")
        self.assertEqual(self.answer("Keep both"), "“a” is taken")
        self.await_names("a", "a (1)")
        self.click("#new-folder")
        self.answer("Make", name="a/b")  # missing parents are made
        self.wait(lambda: self.names("a") == ["b"], "a/b")

        self.click("#rows a")
        self.await_place(f"{self.space} / a")
        self.await_names("b")
        self.click("#rows a")
        self.await_place(f"{self.space} / a / b")
        self.wait(lambda: self.element("#empty").is_displayed(), "that it is empty")
        self.browser.back()
        self.await_names("b")
        self.click("#place a")
        self.await_names("a", "a (1)")
        self.open("a/none")
        self.await_error("PathNotFound", "a/none")

    def test_pages_and_order(self):
        for number in range(150):
            self.mkdir(f"d{number:03}")
        self.upload("f1", b"1")
        self.upload("f3", b"333")
        self.upload("f2", b"22")
        self.open()
        self.wait(lambda: len(self.shown()) == 100, "a page")
        self.assertEqual(self.text("#status"), "100 items so far.")
        self.click("#more")
        names = [f"d{number:03}" for number in range(150)] + ["f1", "f2", "f3"]
        self.await_names(*names)
        self.assertFalse(self.element("#more").is_displayed())
        self.assertEqual(self.script("document.activeElement.ariaLabel"), "Select d100")

        self.click("th.size button")
        self.wait(lambda: self.element("th.size").get_attribute("aria-sort") == "ascending", "the order")
        self.click("th.size button")
        self.wait(lambda: self.element("th.size").get_attribute("aria-sort") == "descending", "the order")
        self.click("#more")
        self.wait(lambda: self.shown()[-3:] == ["f3", "f2", "f1"], "the order")
        self.assertIsNone(self.element("th.name").get_attribute("aria-sort"))
        self.click("#all")
        self.assertEqual(self.script("document.querySelectorAll('#rows :checked').length"), 153)

    def test_sizes_and_quota(self):
        self.mkdir("a/b")
        self.upload("a/b/f", b"x" * 1500)
        self.upload("a/g", b"x" * 700)
        self.open()
        self.wait(lambda: self.size_cell("a") == "2.2 kB", "the size of a directory")
        self.assertEqual(self.text("#usage-text"), "2.2 kB used")
        self.assertFalse(self.element("#quota").is_displayed())
        body = {"spaces": [self.space], "capacity": "3000", "removeWhenExceed": False, "removeAfterDays": 0}
        self.expect(201, self.api("POST", f"quota/{LIBRARY}", body=body))
        self.choose(self.write("large", b"x" * 900))
        self.await_error("QuotaLimitReached")
        self.wait(lambda: self.text("#usage-text") == "2.2 kB of 3.0 kB used", "the quota")
        self.assertEqual(self.element("#quota").get_attribute("value"), "2200")
        self.select("a")
        self.click("#copy")
        self.answer("Copy", name="copy")
        self.await_error("QuotaLimitReached")
        self.choose(self.write("small", b"x" * 800))
        self.await_names("a", "small")
        self.assertEqual(self.names(), ["a", "small"])
        self.wait(lambda: self.text("#usage-text") == "3.0 kB of 3.0 kB used", "the usage")

    def test_keyboard(self):
        self.mkdir("a")
        self.open()
        keys = self.browser.switch_to.active_element
        self.script("document.getElementById('new-folder').focus()")
        self.browser.switch_to.active_element.send_keys(Keys.ENTER)
        self.wait(lambda: self.script("document.activeElement.name") == "name", "the focus in the dialog")
        self.browser.switch_to.active_element.send_keys(Keys.ESCAPE)
        self.wait(lambda: self.script("document.activeElement.id") == "new-folder", "the focus back")
        self.browser.switch_to.active_element.send_keys(Keys.ENTER)
        self.wait(lambda: self.script("document.activeElement.name") == "name", "the focus in the dialog")
        self.browser.switch_to.active_element.send_keys("b", Keys.ENTER)
        self.await_names("a", "b")
        self.script("document.querySelector('#rows input').focus()")
        keys = self.browser.switch_to.active_element
        keys.send_keys(Keys.SPACE)
        self.assertTrue(self.element("#delete").is_enabled())
        keys.send_keys(Keys.TAB)
        self.browser.switch_to.active_element.send_keys(Keys.ENTER)
        self.await_place(f"{self.space} / a")
        self.wait(lambda: self.script("document.activeElement.id") == "place", "the focus at the new place")
        unnamed = self.script(
            "[...document.querySelectorAll('button, input, select, a, meter, table, dialog')].filter((one) => "
            "!one.textContent.trim() && !one.ariaLabel && !one.labels?.length && "
            "!one.getAttribute('aria-labelledby')).map((one) => one.outerHTML)"
        )
        self.assertEqual(unnamed, [])


class UploadTest(PageTest):
    def crc_of(self, path):
        return self.directory("GET", path, "info").json["crc64"]

    def test_files(self):
        contents = {"empty.bin": b"", "large.bin": os.urandom(3 * MIB + 1), ODD_NAME: b"odd"}
        self.mkdir("a/b")
        self.open("a/b")
        self.choose(*[self.write(name, data) for name, data in contents.items()])
        self.await_said("Uploaded 3 files.")
        self.await_names(ODD_NAME, "empty.bin", "large.bin")
        self.assertEqual(self.size_cell("large.bin"), "3.1 MB")
        for name, data in contents.items():
            self.assertEqual(self.fetch(f"a/b/{name}"), data)
            self.assertEqual(self.crc_of(f"a/b/{name}"), crc64(data))
        self.click("#rows tr:nth-child(3) button.link")
        self.assertEqual(self.downloaded("large.bin"), contents["large.bin"])
        self.select("empty.bin")
        self.click("#download")
        self.assertEqual(self.downloaded("empty.bin"), b"")
        self.select(ODD_NAME, "empty.bin")
        self.assertFalse(self.element("#download").is_enabled())  # one at a time
        self.select(ODD_NAME)
        self.click("#download")
        self.assertEqual(self.downloaded(ODD_NAME), b"odd")

    def test_parts(self):
        data = os.urandom(33 * MIB + 5)
        self.open()
        self.choose(self.write("parts.bin", data))
        self.await_said("Uploaded 1 file.")
        self.assertEqual(hashlib.sha256(self.fetch("parts.bin")).digest(), hashlib.sha256(data).digest())
        self.assertIn("multipart", "".join(self.server.lines()))

    def test_names_are_text(self):
        self.open()
        self.choose(self.write(TAG_NAME, b"1"), self.write(ENTITY_NAME, b"2"))
        self.await_error("IllegalFileName", TAG_NAME)
        self.await_names(ENTITY_NAME)
        self.assertEqual(self.fetch(ENTITY_NAME), b"2")
        self.click("#new-folder")
        self.answer("Make", name=TAG_NAME)
        self.await_error("IllegalFileName", TAG_NAME)
        self.select(ENTITY_NAME)
        self.click("#rename")
        self.assertEqual(self.answer("Rename", name=TAG_NAME), f"Rename “{ENTITY_NAME}”")
        self.await_error("IllegalFileName", TAG_NAME)
        self.element("#words").send_keys(TAG_NAME, Keys.ENTER)
        self.await_place(f"“{TAG_NAME}” in {self.space}")
        self.assertEqual(self.script("document.images.length"), 0)

    def test_folder(self):
        self.write("tree/top.txt", b"top")
        self.write("tree/x/y/deep.txt", b"deep")
        self.open()
        self.element("#folder").send_keys(os.path.join(self.local, self.space, "tree"))
        self.await_said("Uploaded 2 files.")
        self.await_names("tree")
        self.assertEqual((self.fetch("tree/top.txt"), self.fetch("tree/x/y/deep.txt")), (b"top", b"deep"))
        self.wait(lambda: self.size_cell("tree") == "7 B", "the size")

    def test_drop(self):
        self.mkdir("into/tree")
        tree = os.path.dirname(self.write("tree/f", b"f"))
        os.makedirs(os.path.join(tree, "hollow"))
        self.open("into")
        self.drop(tree, self.write("single", b"s"))
        self.await_said("Uploaded 2 files.")
        self.await_names("tree", "single")
        self.assertEqual((self.names("into"), self.names("into/tree")), (["tree", "single"], ["hollow", "f"]))
        self.open(view="bin")
        self.drop(tree)  # which it does not take, nor does the browser open it
        self.assertEqual(self.names(), ["into"])
        self.assertEqual(len(self.browser.window_handles), 1)
        self.assertEqual(self.text("#place"), f"Recycle bin of {self.space}")

    def test_buttons_open_choosers(self):
        self.open()
        for chooser in ("files", "folder"):
            self.script(
                "document.getElementById(arguments[0]).addEventListener('click', "
                "(event) => { event.preventDefault(); window.chooser = arguments[0]; })",
                chooser,
            )
            self.click(f"#upload-{chooser}")
            self.assertEqual(self.script("window.chooser"), chooser)

    def test_conflicts(self):
        self.upload("f.txt", b"old")
        self.mkdir("d")
        new = self.write("f.txt", b"new")
        self.open()
        self.choose(new)
        self.assertEqual(self.answer("Cancel"), "“f.txt” is taken")
        self.choose(new)
        self.answer("Keep both")
        self.await_names("d", "f (1).txt", "f.txt")
        self.assertEqual((self.fetch("f.txt"), self.fetch("f (1).txt")), (b"old", b"new"))
        self.choose(new)
        self.answer("Overwrite")
        self.await_said("Uploaded 1 file.")
        self.wait(lambda: self.fetch("f.txt") == b"new", "the new bytes")
        # A directory is never overwritten; the dialog comes again.
        self.choose(self.write("d", b"file"))
        self.answer("Overwrite")
        self.answer("Keep both")
        self.await_names("d", "d (1)", "f (1).txt", "f.txt")
        # One answer for all.
        self.choose(self.write("f.txt", b"third"), self.write("f (1).txt", b"third"), self.write("g", b"g"))
        self.answer("Overwrite", all=True)
        self.await_said("Uploaded 3 files.")
        self.assertEqual([self.fetch(name) for name in ("f.txt", "f (1).txt", "g")], [b"third", b"third", b"g"])

    def test_cancel(self):
        self.open()
        self.browser.execute_cdp_cmd("Network.enable", {})
        slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000}
        self.browser.execute_cdp_cmd("Network.emulateNetworkConditions", slow)
        try:
            self.choose(self.write("slow.bin", b"x" * 8 * MIB))
            self.wait(lambda: float(self.script("document.querySelector('#uploads progress')?.value ?? 0")) > 0, "progress")
            self.assertEqual(self.text("#uploads span"), "slow.bin (1 of 1)")
            self.click("#uploads button")
            self.wait(lambda: self.script("document.getElementById('uploads').children.length") == 0, "the end")
        finally:
            self.browser.execute_cdp_cmd("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
        self.assertEqual(self.names(), [])
        self.assertFalse(self.element("#error").is_displayed())
        self.wait(lambda: any(" DELETE /api/v1/file/" in line and "?upload" in line for line in self.server.lines()), "the abort")

    def test_contents_cannot_act_as_the_page(self):
        html = b"<title>quiet</title><script>document.title = 'acts as ' + origin</script>"
        self.upload("evil.html", html)
        self.upload("evil.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>document.title="acts"</script></svg>')
        self.upload("good.pdf", b"%PDF-1.4")
        for name, policy in (("evil.html", "sandbox"), ("evil.svg", "sandbox"), ("good.pdf", None)):
            answer = self.expect(200, self.server.request("GET", self.url_of(name)))
            self.assertEqual(answer.headers.get("content-security-policy"), policy)
        self.browser.get(self.url + self.url_of("evil.html").lstrip("/"))
        self.assertEqual(self.browser.title, "quiet")
        self.browser.get_log("browser")  # that the script was blocked


class ChangeTest(PageTest):
    def test_rename(self):
        self.mkdir("d")
        self.upload("f.txt", b"f")
        self.upload("g.txt", b"g")
        self.open()
        self.assertFalse(self.element("#rename").is_enabled())
        self.select("d")
        self.click("#rename")
        self.answer("Rename", name=ODD_NAME)
        self.await_said(f"Renamed “d” to “{ODD_NAME}”.")
        self.await_names(ODD_NAME, "f.txt", "g.txt")
        self.select("f.txt", "g.txt")
        self.assertFalse(self.element("#rename").is_enabled())
        self.select("f.txt")
        self.click("#rename")
        self.answer("Rename", name="g.txt")
        self.answer("Overwrite")
        self.await_names(ODD_NAME, "g.txt")
        self.assertEqual(self.names(), [ODD_NAME, "g.txt"])
        self.assertEqual(self.fetch("g.txt"), b"f")

    def test_copy(self):
        self.mkdir("to/sub")
        self.mkdir("from/in")
        self.upload("from/in/f", b"f")
        self.upload("x.txt", b"x")
        self.open()
        self.select("from")
        self.click("#copy")
        self.answer("Copy", folder="to/new", name="copy")  # a missing parent is made
        self.await_said("Copied “from” to “to/new”.")
        self.assertEqual(self.fetch("to/new/copy/in/f"), b"f")
        self.select("from")
        self.click("#copy")
        self.answer("Copy")
        self.answer("Keep both")
        self.await_names("from", "from (1)", "to", "x.txt")
        self.select("from", "x.txt")
        self.click("#copy")
        self.assertEqual(self.answer("Copy", folder="/to/sub/"), "Copy 2 items")
        self.await_said("Copied 2 items to “to/sub”.")
        self.assertEqual(self.names("to/sub"), ["from", "x.txt"])
        self.select("from", "x.txt")
        self.click("#copy")
        self.answer("Copy", folder="to/sub")
        self.answer("Keep both", all=True)
        self.await_said("Copied 2 items to “to/sub”.")
        self.assertEqual(self.names("to/sub"), ["from", "from (1)", "x (1).txt", "x.txt"])
        self.select("x.txt")
        self.click("#copy")
        self.answer("Copy", folder="nowhere")
        self.await_error("DirectoryNotFound", "nowhere")

    def test_suggested_folders(self):
        for path in ("alpha/one", "alpha/two", "beta"):
            self.mkdir(path)
        self.open()
        self.select("beta")
        self.click("#move")
        options = "[...document.querySelectorAll('#directories option')].map((one) => one.value)"
        self.wait(lambda: self.script(options) == ["alpha", "beta"], "all folders")
        self.element("[name=folder]").send_keys("alpha/t")
        self.wait(lambda: self.script(options) == ["alpha/two"], "the one")
        self.answer("Cancel")

    def test_move(self):
        self.mkdir("d/in")
        self.mkdir("to")
        self.upload("f", b"f")
        self.upload("to/f", b"other")
        self.open()
        self.select("d", "f")
        self.click("#move")
        self.answer("Move", folder="to")
        self.answer("Overwrite")
        self.await_said("Moved 2 items to “to”.")
        self.await_names("to")
        self.assertEqual((self.names(), self.names("to"), self.fetch("to/f")), (["to"], ["d", "f"], b"f"))
        self.select("to")
        self.click("#move")
        self.answer("Move", folder="to/d")
        self.await_error("SourceDirectoryIsParentOfDestination")
        self.open("to")
        self.select("d")
        self.click("#move")
        self.answer("Move", folder="")
        self.await_names("f")
        self.assertEqual(self.names(), ["d", "to"])

    def test_search(self):
        for path in ("a/needle 1.txt", "a/b/needle 2.txt", "c/needle 3.txt", "c/other.txt"):
            parent = os.path.dirname(path)
            self.directory("PUT", parent)  # or it is there
            self.upload(path, b"n" * len(path))
        self.open("a")
        self.element("#words").send_keys("needle", Keys.ENTER)
        self.await_place(f"“needle” in {self.space}")
        self.wait(lambda: sorted(self.shown()) == [f"needle {n}.txt" for n in (1, 2, 3)], "what is found")
        self.assertEqual(sorted(self.shown("where")), ["a", "a/b", "c"])
        self.click("th.size button")
        self.await_names("needle 1.txt", "needle 3.txt", "needle 2.txt")
        self.browser.back()
        self.await_place(f"{self.space} / a")
        self.element("#below").click()
        self.click("#search button")
        self.await_place(f"“needle” in {self.space} / a")
        self.wait(lambda: sorted(self.shown()) == ["needle 1.txt", "needle 2.txt"], "what is found below")
        self.select("needle 2.txt")
        self.click("#rename")
        self.answer("Rename", name="needle 4.txt")
        self.wait(lambda: sorted(self.shown()) == ["needle 1.txt", "needle 4.txt"], "the new name")
        self.assertEqual(self.names("a/b"), ["needle 4.txt"])
        self.element("#words").clear()
        self.element("#words").send_keys("nothing like it", Keys.ENTER)
        self.await_said("0 items.")


class BinTest(PageTest):
    def binned(self):
        answer = self.api("GET", f"recycled/{LIBRARY}/{self.space}", "by-marker")
        return sorted(item["name"] for item in self.expect(200, answer).json["contents"])

    def test_delete_and_restore(self):
        self.mkdir("d/in")
        self.upload("d/in/f", b"12345")
        self.upload("f", b"f")
        self.open()
        self.select("d")
        self.click("#delete")
        self.assertEqual(self.answer("Cancel"), "Delete “d”?")
        self.assertEqual(self.names(), ["d", "f"])
        self.click("#delete")  # it is still selected
        self.answer("Move to the recycle bin")
        self.await_said("Moved “d” to the recycle bin.")
        self.await_names("f")
        self.assertEqual((self.names(), self.binned()), (["f"], ["d"]))
        self.click("#to-bin")
        self.await_names("d")
        self.assertEqual((self.shown("size"), self.shown("where")), (["5 B"], ["(top)"]))
        self.assertEqual(self.shown("remainingTime"), ["30 days"])
        self.select("d")
        self.click("#restore")
        self.await_said("Restored “d”.")
        self.wait(lambda: self.shown() == [], "an empty bin")
        self.assertEqual((self.fetch("d/in/f"), self.binned()), (b"12345", []))

    def test_restore_of_what_is_taken(self):
        for data in (b"1", b"2"):
            self.upload("f.txt", data)
            self.expect(200, self.file("DELETE", "f.txt"))
        self.upload("f.txt", b"3")
        self.open(view="bin")
        self.click("#all")
        self.click("#restore")
        self.answer("Keep both", all=True)
        self.await_said("Restored 2 items.")
        self.assertEqual(self.names(), ["f (1).txt", "f (2).txt", "f.txt"])

    def test_restore_without_its_folder(self):
        self.mkdir("d")
        self.upload("d/f", b"f")
        self.expect(200, self.file("DELETE", "d/f"))
        self.expect(204, self.directory("DELETE", "d", "permanent"))
        self.open(view="bin")
        self.select("f")
        self.click("#restore")
        self.assertEqual(self.answer("Restore"), "Restore “f” to the top folder?")
        self.await_said("Restored “f”.")
        self.assertEqual(self.fetch("f"), b"f")

    def test_for_good(self):
        for name in ("a", "b", "c", "d"):
            self.upload(name)
        self.open()
        self.select("a")
        self.click("#delete")
        self.answer("Delete for good")
        self.await_said("Deleted “a” for good.")
        self.select("b", "c", "d")
        self.click("#delete")
        self.answer("Move to the recycle bin")
        self.await_said("Moved 3 items to the recycle bin.")
        self.assertEqual((self.names(), self.binned()), ([], ["b", "c", "d"]))
        self.click("#to-bin")
        self.wait(lambda: sorted(self.shown()) == ["b", "c", "d"], "the bin")
        self.select("b")
        self.click("#purge")
        self.answer("Delete for good")
        self.await_said("Deleted “b” for good.")
        self.assertEqual(self.binned(), ["c", "d"])
        self.click("#empty-bin")
        self.answer("Empty the bin")
        self.await_said("The recycle bin is empty.")
        self.assertEqual(self.binned(), [])

    def test_without_a_bin(self):
        self.space = NO_BIN
        self.upload("f")
        self.open()
        self.select("f")
        self.click("#delete")
        self.wait(lambda: self.element("#dialog").get_attribute("open"), "the dialog")
        buttons = [one.text for one in self.browser.find_elements(By.CSS_SELECTOR, "#dialog button")]
        self.assertEqual(buttons, ["Delete for good", "Cancel"])
        self.answer("Delete for good")
        self.await_said("Deleted “f” for good.")
        self.assertEqual(self.names(), [])
        self.click("#to-bin")
        self.await_error("RecycleBinNotEnabled")


if __name__ == "__main__":
    SCREENSHOTS = sys.argv.pop()
    Programs.marcot = sys.argv.pop()
    Programs.httpd = sys.argv.pop()
    # The driver reads the names of files that are uploaded in the locale's encoding.
    os.environ["LC_ALL"] = "C.UTF-8"
    unittest.main(verbosity=1)
