"""pip's own resolver in this process: real commands, finder and resolver of pip, thousands of times a minute. Pages and
metadata come from memory, and nothing is downloaded or built in the end. It is told another machine by its own options
--platform and --python-version; what these leave out, the values of markers, is replaced."""

import io
import logging
import os
from contextlib import contextmanager
from unittest import mock
from urllib.parse import unquote

from pip._internal.cli.cmdoptions import make_target_python
from pip._internal.commands import create_command
from pip._internal.exceptions import PipError
from pip._internal.operations.build.build_tracker import get_build_tracker
from pip._internal.operations.prepare import RequirementPreparer
from pip._internal.utils.temp_dir import TempDirectory, global_tempdir_manager
from pip._vendor.packaging import markers
from pip._vendor.requests.adapters import BaseAdapter
from pip._vendor.requests.models import Response
from pip._vendor.resolvelib import ResolutionTooDeep
from pip._vendor.urllib3 import HTTPResponse

HOST = "https://universe.test"
NO_ANSWER = "no answer"


class Memory(BaseAdapter):
    """Serves {URL: (content type, bytes)}."""

    def __init__(self, answers):
        super().__init__()
        self.answers = answers

    def send(self, request, **_):
        found = self.answers.get(unquote(request.url))
        content_type, body = found or ("text/plain", b"")
        response = Response()
        response.status_code = 200 if found else 404
        response.reason = "OK" if found else "Not Found"
        response.headers["Content-Type"] = content_type
        response.encoding = "utf-8"
        response.request = request
        response.url = request.url
        response.connection = self
        response.raw = HTTPResponse(
            io.BytesIO(body), dict(response.headers), response.status_code, preload_content=False
        )
        return response

    def close(self):
        pass


@contextmanager
def on_machine(environment):
    """pip's markers say these values, and the end of a resolution downloads nothing."""
    quiet = mock.patch.object(RequirementPreparer, "prepare_linked_requirements_more", lambda *_args, **_more: None)
    with mock.patch.object(markers, "default_environment", lambda: dict(environment)), quiet:
        yield


def arguments(question, target):
    options = ["--dry-run", "--ignore-installed", "--no-cache-dir", "--isolated", "--disable-pip-version-check", "-qqq"]
    options += ["--index-url", HOST + "/simple/", "--target", "/nonexistent", "--implementation", "cp"]
    options += ["--python-version", question["python"]]
    for platform in target.platforms:
        options += ["--platform", platform]
    if not question["sdists"]:
        options += ["--only-binary", ":all:"]
    # ":all:" takes back what was said before it.
    for option in sorted(["only_binary", "no_binary"], key=lambda option: ":all:" not in question.get(option, [])):
        if question.get(option):
            options += ["--" + option.replace("_", "-"), ",".join(question[option])]
    if question["prereleases"]:
        options.append("--pre")
    return options


def resolve_with(command, options, args, answers):
    session = command.get_default_session(options)
    session.mount(HOST, Memory(answers))
    finder = command._build_package_finder(options, session, make_target_python(options))
    folder = TempDirectory(kind="install", globally_managed=True)
    tracker = command.enter_context(get_build_tracker())
    wanted = command.get_requirements(args, options, finder, session)
    preparer = command.make_requirement_preparer(folder, options, tracker, session, finder, use_user_site=False)
    resolver = command.make_resolver(
        preparer=preparer,
        finder=finder,
        options=options,
        ignore_installed=True,
        force_reinstall=False,
        upgrade_strategy="to-satisfy-only",
        py_version_info=options.python_version,
    )
    return resolver.resolve(wanted, check_supported_wheels=False)


def memory_of(question):
    """What Memory serves of a question of tests/tools/resolver.c."""
    answers = {}
    for project, page in question["pages"].items():
        answers[f"{HOST}/simple/{project}/"] = ("text/html", page.encode())
    for filename, text in question["metadata"].items():
        answers[f"{HOST}/files/{filename}.metadata"] = ("text/plain", text.encode())
    return answers


def ask_pip(question, target, constraints_file, answers=None):
    """{filename} that pip would install, or NO_ANSWER. answers: what Memory serves, if not of the question."""
    answers = answers or memory_of(question)
    constraints_file.write_text("".join(f"{line}\n" for line in question["constraints"]))
    command = create_command("install", isolated=True)
    options, args = command.parse_args(
        [*arguments(question, target), "-c", str(constraints_file), *question["requirements"]]
    )
    logging.disable(logging.CRITICAL)
    try:
        with command.main_context(), global_tempdir_manager(), on_machine(target.environment(question["python"])):
            found = resolve_with(command, options, args, answers)
            return {os.path.basename(item.link.path) for item in found.requirements.values()}
    except (PipError, ResolutionTooDeep, RecursionError):  # the last: old ones walk in circles that were given up
        return NO_ANSWER
    finally:
        logging.disable(logging.NOTSET)
