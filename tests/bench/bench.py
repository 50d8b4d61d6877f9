#!/usr/bin/python3
"""Measures yizhan against its peers and prints a Markdown table.

    bench.py build/yizhan                          every row
    bench.py build/yizhan --only hot_page,cold_file
    bench.py build/yizhan --only images            a part: packages or images
    bench.py build/yizhan --rounds 1 --seconds 1   a quick look whether the bench itself works

Peers run on the same upstream in the same run, taking turns. A figure is the median of the rounds. Exit status: 0 when
everything was measured, whatever the figures are; 1 when something could not be measured; 2 for bad usage.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import rows_cold
import rows_hot
import rows_images
import rows_keep
import rows_memory
import rows_prefetch
from lab import BenchError, Lab, raise_descriptor_limit

HERE = Path(__file__).resolve().parent
PARTS = {
    "packages": (rows_hot.hot_page, rows_hot.hot_metadata, rows_hot.hot_file, rows_cold.cold_file,
                 rows_cold.cold_crowd, rows_cold.cold_page, rows_memory.memory_idle, rows_memory.memory_readers,
                 rows_memory.memory_connections, rows_hot.index_million,
                 rows_keep.evict_hot),
    "lists": (rows_prefetch.prefetch_files, rows_prefetch.resolution, rows_prefetch.bundles),
    "images": (rows_images.image_tag, rows_images.image_digest, rows_images.image_layer, rows_images.image_cold,
               rows_images.image_crowd, rows_images.image_pull, rows_images.image_memory),
}
ROWS = {row.__name__: row for rows in PARTS.values() for row in rows}
TOOLS = ("nginx", "wrk", "curl", "cc", "aria2c", "wget")


def names_of(only):
    """The rows that --only names, each by itself or as a part."""
    for name in only.split(","):
        yield from (row.__name__ for row in PARTS[name]) if name in PARTS else (name,)


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="the yizhan to measure")
    parser.add_argument("--only", default=",".join(PARTS),
                        help=f"parts or rows, by comma: {', '.join([*PARTS, *ROWS])}")
    parser.add_argument("--rounds", type=int, default=5, help="how often each side is measured (default 5)")
    parser.add_argument("--seconds", type=int, default=3, help="how long one round of requests lasts (default 3)")
    parser.add_argument("--work", help="folder on the disk to be measured; default: beside the binary")
    parser.add_argument("--json", help="file for the figures with all samples")
    arguments = parser.parse_args()
    arguments.rows = list(names_of(arguments.only))
    unknown = [row for row in arguments.rows if row not in ROWS]
    if unknown:
        parser.error(f"no row is called {', '.join(unknown)}; there are {', '.join([*PARTS, *ROWS])}")
    if arguments.rounds < 1 or arguments.seconds < 1:
        parser.error("rounds and seconds begin at 1")
    if not os.access(arguments.binary, os.X_OK):
        parser.error(f"{arguments.binary} is no program; build it with make")
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        parser.error(f"install {', '.join(missing)} first")
    return arguments


# ---- machine ----

def first_line(*command):
    out = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    return out.splitlines()[0].strip() if out else "?"


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def machine(binary, folder):
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "memory": f"{memory:.0f} GiB",
        "kernel": platform.release(),
        "file system": first_line("stat", "-f", "-c", "%T", str(folder)),
        "versions": [first_line(binary, "version"), first_line("nginx", "-v"),
                     first_line("curl", "--version").partition(" (")[0],
                     first_line("wrk", "-v").partition(" Copyright")[0],
                     *(first_line(program, "--version") for program in ("docker-registry", "dockerd")
                       if shutil.which(program))],
    }


# ---- results ----

def bound_text(line):
    if not line.bound:
        return "–"
    sign, bound = line.bound
    text = f"{'≥' if sign == '>=' else '≤'} "
    if line.relation == "ratio":
        return f"{text}{bound:g} ×"
    if line.relation == "difference":
        return f"{text}+{bound:g} {line.ours.unit}"
    return f"{text}{bound:g} {line.ours.unit}"


def value_text(line):
    if line.relation == "absolute" or not line.peer:
        return "–"
    if line.relation == "difference":
        return f"{line.value:+.1f} {line.ours.unit}"
    return f"{line.value:.2f} ×"


def print_row(lines):
    for line in lines:
        met = {True: "yes", False: "**no**", None: "–"}[line.met]
        peer = f"{line.peer_name}: {line.peer.text()}" if line.peer else "–"
        print(f"| {line.work} | {line.ours.text()} | {peer} | {value_text(line)} | {bound_text(line)} | {met} |",
              flush=True)


def print_head(facts, arguments):
    print(f"{facts['date']}, {facts['cpu']}, {facts['cores']} cores, {facts['memory']}, Linux {facts['kernel']}, "
          f"{facts['file system']}; {'; '.join(facts['versions'])}. Medians of {arguments.rounds} rounds by turns; "
          "memory: one run, RSS of yizhan and PSS of all processes of nginx.\n")
    print("| work | yizhan | peer | yizhan against peer | must reach | reached |")
    print("| --- | ---: | ---: | ---: | ---: | --- |", flush=True)


def print_notes(results):
    for line in results:
        if line.note:
            against = f", against {line.peer_name}" if line.peer else ""
            print(f"\n- {line.work}{against}: {line.note}", end="")
    print()


def as_data(facts, results):
    def series(one):
        return one and {"unit": one.unit, "median": one.median, "samples": one.samples}

    return {"machine": facts, "results": [
        {"row": line.row, "work": line.work, "yizhan": series(line.ours), "peer_name": line.peer_name,
         "peer": series(line.peer), "relation": line.relation, "value": line.value, "bound": line.bound,
         "reached": line.met, "note": line.note} for line in results]}


# ---- run ----

def run_row(name, folder, arguments):
    with Lab(folder / name, arguments.binary, folder / "drain") as lab:
        lines = ROWS[name](lab, arguments.rounds, arguments.seconds)
    shutil.rmtree(folder / name)
    return lines


def main():
    arguments = read_arguments()
    results = []
    failed = False
    try:
        raise_descriptor_limit()
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    parent = arguments.work or Path(arguments.binary).resolve().parent
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=parent))
    subprocess.run(["cc", "-O2", "-std=gnu11", "-D_GNU_SOURCE", "-o", str(folder / "drain"), str(HERE / "drain.c")],
                   check=True)
    facts = machine(arguments.binary, folder)
    print_head(facts, arguments)
    for name in arguments.rows:
        try:
            lines = run_row(name, folder, arguments)
        except (BenchError, OSError, subprocess.CalledProcessError) as error:
            print(f"bench: {name} could not be measured: {error}; what is left lies in {folder / name}",
                  file=sys.stderr)
            failed = True
            continue
        print_row(lines)
        results += lines
    print_notes(results)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(as_data(facts, results), indent=1) + "\n")
    if not failed:
        shutil.rmtree(folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
