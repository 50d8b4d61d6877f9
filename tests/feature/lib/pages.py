"""Reads our HTML pages back, strictly."""

from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit

from lib.tree import HTML_TYPE, JSON_TYPE

V1_HTML_TYPE = "application/vnd.pypi.simple.v1+html"
PIP_ACCEPT = f"{JSON_TYPE}, {V1_HTML_TYPE}; q=0.1, {HTML_TYPE}; q=0.01"


class Page(HTMLParser):
    """links: (attributes, text) of every <a>; meta: name -> list of contents."""

    def __init__(self, text):
        super().__init__()
        self.links = []
        self.meta = {}
        self._link = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "a":
            self._link = (attributes, [])
        elif tag == "meta" and "name" in attributes:
            self.meta.setdefault(attributes["name"], []).append(attributes.get("content"))

    def handle_data(self, data):
        if self._link:
            self._link[1].append(data)

    def handle_endtag(self, tag):
        if tag == "a" and self._link:
            self.links.append((self._link[0], "".join(self._link[1]).strip()))
            self._link = None

    def link(self, filename):
        """The attributes of the one link with this text."""
        found = [attributes for attributes, text in self.links if text == filename]
        assert len(found) == 1, f"{filename} is there {len(found)} times: {[text for _, text in self.links]}"
        return found[0]


def html_page(yizhan, project):
    response = yizhan.get(f"/simple/{project}/", {"Accept": HTML_TYPE})
    assert response.status == 200, response.body[:300]
    return Page(response.text)


def file_of(page, filename):
    """The entry of one file in a JSON page."""
    found = [entry for entry in page["files"] if entry["filename"] == filename]
    assert len(found) == 1, f"{filename} is there {len(found)} times: {[e['filename'] for e in page['files']]}"
    return found[0]


def target_of(project, url):
    """The request target that a link of the project's page means, without the fragment."""
    parts = urlsplit(urljoin(f"http://mirror.test/simple/{project}/", url))
    assert parts.netloc == "mirror.test" and not parts.query, f"the link leaves the mirror: {url}"
    return parts.path


def same_path(one, other):
    return unquote(one) == unquote(other)
