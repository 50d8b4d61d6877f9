"""A static mirror: a tree of files served by nginx, in the way TUNA's configuration does it."""

import os
import signal
import socket
import subprocess
from collections import Counter
from urllib.parse import unquote

from lib.wait import PATIENCE_S

CONFIG = """
daemon off;
worker_processes 1;
{user}
pid {prefix}/nginx.pid;
error_log {prefix}/error.log;
events {{ worker_connections 512; }}
http {{
    log_format told '$request_method $request_uri $status "$http_range" "$http_user_agent"';
    access_log {prefix}/access.log told;
    client_body_temp_path {prefix}/body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    default_type application/octet-stream;
    types {{ text/html html; {json_type} v1_json; }}
    map $http_accept $page {{
        default index.html;
        "~application/vnd\\.pypi\\.simple\\.v1\\+json" {json_index};
    }}
    server {{
        listen 127.0.0.1:{port};
        root {root};
        index $page;
        absolute_redirect off;
        add_header Vary Accept;
        sendfile on;
    }}
}}
"""


class Nginx:
    """Serves tree.write() of a folder. json_type: some mirrors send JSON as application/octet-stream."""

    def __init__(self, folder, tree, json_type="application/vnd.pypi.simple.v1+json"):
        self.tree = tree
        self.folder = folder
        root = folder / "www"
        root.mkdir(parents=True)
        tree.write(root)
        # The socket is ours, so no port is free for a moment only; nginx takes it over as in its own upgrade.
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen(512)
        self.port = listening.getsockname()[1]
        json_index = "index.v1_json" if tree.has_json else "index.html"
        user = "user root;" if os.getuid() == 0 else ""
        config = CONFIG.format(
            prefix=folder, root=root, port=self.port, user=user, json_type=json_type, json_index=json_index
        )
        (folder / "nginx.conf").write_text(config)
        self.process = subprocess.Popen(
            ["/usr/sbin/nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"],
            pass_fds=[listening.fileno()],
            env={"NGINX": f"{listening.fileno()};"},
            stderr=subprocess.DEVNULL,
        )
        listening.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def index(self):
        return self.url + self.tree.index

    def log(self):
        """The requests so far as (method, target, status)."""
        try:
            lines = (self.folder / "access.log").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [tuple(line.split(" ", 3)[:3]) for line in lines]

    def counts(self):
        """How often each path was asked for by GET."""
        return Counter(unquote(target) for method, target, _ in self.log() if method == "GET")

    def stop(self):
        """From now on nobody listens on the port."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE_S)
