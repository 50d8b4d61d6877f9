"""Images in a scripted upstream: manifests and blobs at the paths of a registry."""

import hashlib
import json

from lib.upstream import Answer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(media_type, data, **more):
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data), **more}


class Image:
    """One manifest; layers are bytes."""

    def __init__(self, name, layers, config=b"{}"):
        self.name = name
        self.blobs = [config, *layers]
        self.body = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": descriptor(CONFIG, config),
                "layers": [descriptor(LAYER, layer) for layer in layers],
            }
        ).encode()
        self.media_type = MANIFEST
        self.digest = digest_of(self.body)

    def publish(self, upstream, *tags):
        for reference in (*tags, self.digest):
            upstream.on(
                f"/v2/{self.name}/manifests/{reference}",
                Answer(
                    body=self.body, content_type=self.media_type, headers=(("Docker-Content-Digest", self.digest),)
                ),
            )
        for blob in self.blobs:
            upstream.on(f"/v2/{self.name}/blobs/{digest_of(blob)}", Answer(body=blob))
        return self

    def pull(self, yizhan, tag):
        """As a client does: the tag, the manifest, its blobs."""
        path = f"/v2/docker.io/{self.name}"
        for reference in (tag, self.digest):
            response = yizhan.get(f"{path}/manifests/{reference}")
            assert (response.status, response.body) == (200, self.body)
        for blob in self.blobs:
            response = yizhan.get(f"{path}/blobs/{digest_of(blob)}")
            assert (response.status, response.body) == (200, blob)
        yizhan.wait_idle()
