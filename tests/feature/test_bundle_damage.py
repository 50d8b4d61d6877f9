"""A bundle with one wrong bit, anywhere: refused, and the store is what it was."""

import pytest
from lib.admin import ask
from lib.bundles import export, load, refused, snapshot
from lib.extent import times
from lib.packages import make_wheel
from lib.tree import Tree

PLACES = times(30, soak=100, slow=20)


def filled(make_yizhan, make_upstream, size):
    dists = [make_wheel("app", "1.0", requires=["dep"]), make_wheel("dep", "1.0", size=size), make_wheel("own", "1.0")]
    yizhan = make_yizhan(make_upstream(Tree.tuna(dists)))
    ask(yizhan, "prefetch", "pypi:app", "pypi:own", "--python", "3.11", "--platform", "linux_x86_64")
    return yizhan


@pytest.mark.parametrize(
    ("by", "name", "size", "options"),
    [
        ("server", "all.tar", 20000, []),
        ("alone", "all.tar", 20000, []),
        ("alone", "all.tar.zst", 20000, []),
        ("server", "all.tar", 5 << 19, ["--split", "1M"]),
    ],
)
def test_bundle_damage_of_one_bit_refused(make_yizhan, make_upstream, tmp_path, by, name, size, options, chance):
    """The store holds some of it already, and nothing of that changes either."""
    source = filled(make_yizhan, make_upstream, size)
    some = export(source, tmp_path / "some.tar", "pypi:own")
    whole = export(source, tmp_path / name, "--all", *options)
    pieces = sorted(tmp_path.glob(whole.name + "*"))
    assert len(pieces) == (3 if options else 1)
    lens = [piece.stat().st_size for piece in pieces]
    target = make_yizhan(server={"offline": "yes"}, pypi={}, start=by == "server")
    load(target, some)
    before = snapshot(target)
    for _ in range(PLACES):
        piece = chance.choices(pieces, lens)[0]
        right = piece.read_bytes()
        wrong = bytearray(right)
        wrong[chance.randrange(len(wrong))] ^= 1 << chance.randrange(8)
        piece.write_bytes(wrong)
        refused(target, whole)
        piece.write_bytes(right)
    assert snapshot(target) == before
    assert list((target.store / "tmp").iterdir()) == []
    load(target, whole)
    assert ask(target, "verify", "--rate", "0").summary["faults"] == 0
