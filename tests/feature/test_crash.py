"""kill -9 during fills and commits: after each restart the store is whole and pip succeeds."""

import hashlib
import threading

import pytest
from lib.client import Background, Exchange
from lib.crash import CRASHES
from lib.extent import times
from lib.packages import make_wheel
from lib.tree import Tree
from lib.wait import wait_event

SIZES = [1 << 10, 40 << 10, 200 << 10, 1 << 20]
PIP_EVERY = times(1, soak=10)  # kills; else a soak would be nothing but pip


class Loader:
    """Clients that download until the server dies; `after` bytes into it, or when they have all, `reached` is set."""

    def __init__(self, port, targets, after):
        self.reached = threading.Event()
        self._left = after
        self._lock = threading.Lock()
        self._downloading = len(targets)
        self._clients = [Background(self._download, port, target) for target in targets]

    def _download(self, port, target):
        try:
            with Exchange(port, target) as exchange:
                response = exchange.head()
                while response.length is not None and (left := response.length - len(response.body)):
                    data = exchange.read(min(left, 16384))  # exactly so many: more would wait for the next answer
                    if not data:
                        return
                    with self._lock:
                        self._left -= len(data)
                        if self._left <= 0:
                            self.reached.set()
        except (ConnectionError, ValueError):
            pass
        finally:
            with self._lock:
                self._downloading -= 1
                if not self._downloading:
                    self.reached.set()

    def finish(self):
        for client in self._clients:
            client.result()


class Verifier:
    """Checks the whole store; a file is hashed once."""

    def __init__(self, yizhan):
        self.yizhan = yizhan
        self.hashed = set()

    def check(self):
        """Every row has its file, every file its name and its row, nothing is half done."""
        rows = self.yizhan.blob_rows()
        files = {path.parent.name + path.name: path for path in self.yizhan.blob_files()}
        assert rows == {digest: path.stat().st_size for digest, path in files.items()}
        for digest in files.keys() - self.hashed:
            assert hashlib.sha256(files[digest].read_bytes()).hexdigest() == digest
            self.hashed.add(digest)
        assert list((self.yizhan.store / "tmp").iterdir()) == []
        for (digest,) in self.yizhan.index_rows("SELECT DISTINCT hex(digest) FROM entry WHERE digest IS NOT NULL"):
            assert digest.lower() in rows, "an entry names a blob that is not there"
        return rows


def crash(yizhan, group, chance):
    """Kills the server at a random moment of fetching and committing the group."""
    targets = [f"/simple/{dist.project}/" for dist in group] + [dist.path for dist in group]
    loader = Loader(yizhan.port, targets, chance.randrange(sum(SIZES)))
    wait_event(loader.reached, "so many bytes have come")
    # What has come whole is being committed now: a moment of chance is before, in or after that.
    threading.Event().wait(chance.random() * 0.02)
    yizhan.kill9()
    loader.finish()


@pytest.mark.parametrize("life", range(times(1, soak=20)))
def test_crash_kills_leave_the_store_whole(make_yizhan, make_upstream, pip_factory, tmp_path, chance, life):
    """In a soak a thousand kills, of twenty stores."""
    groups = [
        [make_wheel(f"crash{turn}x{number}", "1.0", size=size) for number, size in enumerate(SIZES)]
        for turn in range(CRASHES)
    ]
    yizhan = make_yizhan(make_upstream(Tree.tuna([dist for group in groups for dist in group])))
    venv = pip_factory.make()
    verifier = Verifier(yizhan)
    for turn, group in enumerate(groups):
        crash(yizhan, group, chance)
        yizhan.start()
        verifier.check()
        if turn % PIP_EVERY:
            continue
        target = tmp_path / f"turn{turn}"
        again = chance.choice(group)
        venv.pip("download", "--no-deps", "-d", target, again.project, index=yizhan.index)
        assert (target / again.filename).read_bytes() == again.data


def test_crash_while_rebuilding_the_index(make_yizhan, upstream, wheel, big_wheel):
    """Killed right after a start that rebuilds: the next start does it again."""
    yizhan = make_yizhan(upstream)
    for dist in (wheel, big_wheel):
        yizhan.get(dist.path)
    yizhan.wait_idle()
    yizhan.stop()
    for _ in range(3):
        for path in yizhan.store.glob("index.db*"):
            path.unlink()
        yizhan.start()
        yizhan.kill9()
    yizhan.start()
    assert {wheel.sha256, big_wheel.sha256} <= set(yizhan.blob_rows())
    upstream.stop()
    assert yizhan.get(big_wheel.path).status in (200, 503)
