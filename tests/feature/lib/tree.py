"""A mirror as a tree of files: the index, the package files, their metadata and the legacy JSON API.

Tree(...) knows the two shapes that users meet:
    TUNA's     JSON and HTML, relative links, .metadata, sizes and upload times
    Aliyun's   HTML only, relative links, sha256, no .metadata, everything below /pypi
"""

import html
import json
import os
from dataclasses import dataclass
from urllib.parse import quote, unquote

from lib.packages import normalize

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "text/html"
FILE_TYPE = "application/octet-stream"


@dataclass
class TreeFile:
    body: bytes
    content_type: str


class Tree:
    """The dists of several projects as one mirror. `said` maps a normalised project name to further members of its
    JSON page (project-status, tracks, ...)."""

    def __init__(self, dists, prefix="", has_json=True, has_metadata=True, hashes="sha256", flat=False, said=None):
        self.dists = list(dists)
        self.prefix = prefix
        self.has_json = has_json
        self.has_metadata = has_metadata
        self.hashes = hashes  # "sha256", "md5" or "" for none
        self.flat = flat  # files are in <prefix>/files/, not in the official layout
        self.said = said or {}

    @classmethod
    def tuna(cls, dists, **options):
        return cls(dists, **options)

    @classmethod
    def aliyun(cls, dists, **options):
        return cls(dists, prefix="/pypi", has_json=False, has_metadata=False, **options)

    @property
    def projects(self):
        names = {}
        for dist in self.dists:
            names.setdefault(dist.project, dist.name)
        return names

    def dists_of(self, project):
        return [dist for dist in self.dists if dist.project == project]

    # ---- where things are ----

    @property
    def index(self):
        return f"{self.prefix}/simple/"

    def page_path(self, project):
        return f"{self.index}{normalize(project)}/"

    def file_path(self, dist):
        if self.flat:
            return f"{self.prefix}/files/{quote(dist.filename, safe='+!')}"
        return f"{self.prefix}/packages/{dist.official_path}"

    def metadata_path(self, dist):
        return self.file_path(dist) + ".metadata"

    def json_path(self, project, version=None):
        return f"{self.prefix}/pypi/{project}/" + (f"{version}/json" if version else "json")

    # ---- what stands there ----

    def _hashes(self, dist):
        return {"sha256": {"sha256": dist.sha256}, "md5": {"md5": dist.md5}, "": {}}[self.hashes]

    def _link(self, dist):
        return "../.." + self.file_path(dist)[len(self.prefix) :]

    def _json_entry(self, dist):
        entry = {"filename": dist.filename, "url": self._link(dist), "hashes": self._hashes(dist)}
        entry.update({"size": len(dist.data), "upload-time": dist.upload_time, "yanked": dist.yanked or False})
        if dist.requires_python:
            entry["requires-python"] = dist.requires_python
        if dist.provenance:
            entry["provenance"] = dist.provenance
        if dist.metadata and self.has_metadata:
            entry["core-metadata"] = entry["data-dist-info-metadata"] = {"sha256": dist.metadata_sha256}
        entry.update(dist.extra)
        return entry

    def json_page(self, project):
        dists = self.dists_of(project)
        page = {
            "meta": {"api-version": "1.1", "_last-serial": 1},
            "name": project,
            "versions": sorted({dist.version for dist in dists}),
            "files": [self._json_entry(dist) for dist in dists],
        }
        page.update(self.said.get(project, {}))
        return json.dumps(page).encode()

    def _html_link(self, dist):
        fragment = "".join(f"#{name}={value}" for name, value in self._hashes(dist).items())
        attributes = [("href", self._link(dist) + fragment)]
        if dist.requires_python:
            attributes.append(("data-requires-python", dist.requires_python))
        if dist.yanked:
            attributes.append(("data-yanked", "" if dist.yanked is True else dist.yanked))
        if dist.metadata and self.has_metadata:
            attributes.append(("data-dist-info-metadata", f"sha256={dist.metadata_sha256}"))
            attributes.append(("data-core-metadata", f"sha256={dist.metadata_sha256}"))
        written = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes)
        return f"    <a {written} >{html.escape(dist.filename)}</a><br />\n"

    def html_page(self, project):
        links = "".join(self._html_link(dist) for dist in self.dists_of(project))
        return (
            '<!DOCTYPE html>\n<html>\n  <head>\n    <meta name="pypi:repository-version" content="1.1">\n'
            f"    <title>Links for {project}</title>\n  </head>\n  <body>\n    <h1>Links for {project}</h1>\n"
            f"{links}</body>\n</html>\n<!--SERIAL 1-->"
        ).encode()

    def json_root(self):
        projects = [{"name": name} for name in self.projects.values()]
        return json.dumps({"meta": {"api-version": "1.1"}, "projects": projects}).encode()

    def html_root(self):
        links = "".join(f'    <a href="{key}/">{name}</a>\n' for key, name in self.projects.items())
        return f"<!DOCTYPE html>\n<html>\n  <body>\n{links}  </body>\n</html>\n".encode()

    def json_api(self, project, files_url, version=None):
        """The legacy JSON API; files_url stands for the official file host's /packages/."""

        def entry(dist):
            return {
                "filename": dist.filename,
                "url": files_url + dist.official_path,
                "digests": {"sha256": dist.sha256, "md5": dist.md5},
                "size": len(dist.data),
                "yanked": bool(dist.yanked),
            }

        dists = self.dists_of(project)
        shown = version or dists[-1].version
        releases = {}
        for dist in dists:
            releases.setdefault(dist.version, []).append(entry(dist))
        answer = {"info": {"name": dists[0].name, "version": shown, "summary": "a test package"}}
        answer["urls"] = releases[shown]
        if not version:
            answer["releases"] = releases
        return json.dumps(answer).encode()

    def files(self):
        """Every path with its body, but for the pages, which are negotiated."""
        found = {}
        for dist in self.dists:
            found[self.file_path(dist)] = TreeFile(dist.data, FILE_TYPE)
            if dist.metadata and self.has_metadata:
                found[self.metadata_path(dist)] = TreeFile(dist.metadata, FILE_TYPE)
        return found

    def pages(self):
        """Every page's path with (HTML, JSON or None)."""
        found = {self.index: (self.html_root(), self.json_root() if self.has_json else None)}
        for project in self.projects:
            written = self.json_page(project) if self.has_json else None
            found[self.page_path(project)] = (self.html_page(project), written)
        return found

    def write(self, folder):
        """Writes all of it as a static web site with index.html and index.v1_json."""
        for path, file in self.files().items():
            target = folder / unquote(path.lstrip("/"))
            os.makedirs(target.parent, exist_ok=True)
            target.write_bytes(file.body)
        for path, (as_html, as_json) in self.pages().items():
            target = folder / path.lstrip("/")
            os.makedirs(target, exist_ok=True)
            (target / "index.html").write_bytes(as_html)
            if as_json:
                (target / "index.v1_json").write_bytes(as_json)
