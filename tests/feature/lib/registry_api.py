"""What tests say again and again about the registry API."""

import json
import re

import pytest

from lib import client

LIBRARY = "library/hello"


def error_code(response, status):
    """The code of an error document of this status; its shape is checked."""
    assert response.status == status, f"{response.status} instead of {status}: {response.body[:300]}"
    assert response.media_type == "application/json"
    assert response.header("Docker-Distribution-Api-Version") == "registry/2.0"
    errors = response.json()["errors"]
    assert len(errors) == 1 and isinstance(errors[0]["message"], str) and errors[0]["message"]
    assert set(errors[0]) <= {"code", "message", "detail"}
    return errors[0]["code"]


def error_message(response):
    return response.json()["errors"][0]["message"]


def manifest_requests(registry):
    """What an upstream was asked about manifests: [(method, tag or digest)]."""
    return [(request.method, request.path.rpartition("/")[2]) for request in registry.asked_kind("manifests")]


def follow_pages(yizhan, target, member):
    """All pages of a list, by their Link headers."""
    found = []
    for _ in range(100):
        response = yizhan.get(target)
        assert response.status == 200, f"{target}: {response.status} {response.body[:300]}"
        page = response.json()[member]
        found.append(page)
        link = response.header("Link")
        if link is None:
            return found
        told = re.fullmatch(r'<([^>]+)>; rel="next"', link)
        assert told, f"not a link to a next page: {link}"
        target = told[1]
        assert target.startswith("/v2/"), f"clients behind a proxy need a relative link, not {target}"
    pytest.fail(f"the pages of {target} do not end")


def pull_all(yizhan, repository, reference, headers=()):
    """All that a client fetches of an image: {digest: bytes}. Every answer must be whole."""
    found = {}

    def take(kind, name):
        response = client.fetch(yizhan.port, f"/v2/{repository}/{kind}/{name}", headers=headers)
        assert response.status == 200, f"{kind}/{name}: {response.status} {response.body[:300]}"
        assert response.complete, f"{kind}/{name} was cut after {len(response.body)} bytes"
        found[response.header("Docker-Content-Digest")] = response.body
        return response.body

    def take_manifest(name):
        document = json.loads(take("manifests", name))
        for child in document.get("manifests", []):
            take_manifest(child["digest"])
        for blob in [*filter(None, [document.get("config")]), *document.get("layers", [])]:
            take("blobs", blob["digest"])

    take_manifest(reference)
    return found


def content_of_image(image):
    """The same from the image itself."""
    manifests = {one.digest: one.manifest.body for one in image.all_images()}
    return {**manifests, **{blob.digest: blob.body for blob in image.all_blobs()}}
