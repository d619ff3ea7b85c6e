"""Secrets that slipped into the tree or its history, by the rules of the package detect-secrets.

What it takes for one and is none stands in ``secrets.toml`` beside this file, with the reason.
"""

import argparse
import fnmatch
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from detect_secrets.core.scan import scan_line
from detect_secrets.settings import transient_settings

from scripts.prepare.environment import ROOT

KNOWN: Final = Path(__file__).with_name("secrets.toml")
_RULES: Final = {
    "plugins_used": [
        {"name": f"{name}Detector"}
        for name in (
            "AWSKey Artifactory AzureStorageKey BasicAuth Cloudant DiscordBotToken GitHubToken GitLabToken IbmCloudIam "
            "JwtToken Keyword Mailchimp Npm OpenAI PrivateKey PypiToken SendGrid Slack SquareOAuth Stripe "
            "TelegramBotToken TwilioKey"
        ).split()
    ]
}
"""Without those that go by entropy: a lock file is nothing but hashes, a manifest likewise."""
_OWN: Final = re.compile(r"hearth_[A-Za-z0-9_-]{40,}|HEARTHSIDE-PRIVATE")
"""Tokens of ours: see edge.api.web.logins."""
_HINT: Final = re.compile(
    r"(?i)(?:api_?key|auth|token|secret|passw|pwd|private|credential|contrasena|db_?pass|account.?key)[^\s]{0,40}\s*[:=(]"
    r"|://[^/\s:@]+:[^/\s@]+@|-----BEGIN|AKIA|ASIA|gh[pousr]_|glpat|xox[abprs]|hooks\.slack|eyJ|npm_|//.+/:_auth|pypi-|SG\.|sk-|sk_live"
    r"|sq0|AC[0-9a-f]{32}|SK[0-9a-f]{32}|\d{8,10}:[\w-]{35}|AccountKey|hearth_|HEARTHSIDE-PRIVATE"
)
"""What any of the rules looks for has, and few other lines: the rules take a tenth of a millisecond each."""
_LARGEST: Final = 2_000_000
"""Bytes of a file that is looked at: larger ones are models and pictures."""
_LONGEST: Final = 2_000
"""Characters of a line: longer ones are data."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something that looks like a secret."""

    file: str
    line: int
    """From 1; of a commit, within what it added to the file."""
    kind: str
    text: str
    """The line, for whoever decides; never printed whole."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.kind}: {self.text.strip()[:24]}…"


@dataclass(frozen=True, slots=True)
class Excuse:
    """Why something is none."""

    file: str
    """A pattern of paths: fnmatch."""
    line: str
    """A regular expression that the line has."""
    why: str


def excuses(file: Path = KNOWN) -> Sequence[Excuse]:
    """All of them. Raises ValueError for one without its reason."""
    rows = tomllib.loads(file.read_text("utf-8"))["excuse"]
    for row in rows:
        if not row.get("why", "").strip():
            raise ValueError(f"{file.name}: {row} has no reason")
    return [Excuse(**row) for row in rows]


def looked_through(lines: Iterable[tuple[str, int, str]]) -> Iterator[Found]:
    """Of (file, number, line), what looks like a secret."""
    with transient_settings(_RULES):
        for file, number, line in lines:
            if len(line) > _LONGEST or _HINT.search(line) is None:
                continue
            if _OWN.search(line):
                yield Found(file, number, "Token of Hearthside", line)
            for secret in scan_line(line):
                yield Found(file, number, secret.type, line)


def unexcused(found: Iterable[Found], known: Sequence[Excuse]) -> tuple[list[Found], list[Excuse]]:
    """What nobody has a reason for, and the reasons that nothing needs."""
    left: list[Found] = []
    used: set[Excuse] = set()
    for one in found:
        fits = [each for each in known if fnmatch.fnmatch(one.file, each.file) and re.search(each.line, one.text)]
        used.update(fits)
        if not fits:
            left.append(one)
    return left, [each for each in known if each not in used]


def tree() -> Iterator[tuple[str, int, str]]:
    """All lines of the files that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in sorted(filter(None, listed.decode().split("\0"))):
        path = ROOT / name
        if not path.is_file() or path.is_symlink() or path.stat().st_size > _LARGEST:
            continue
        content = path.read_bytes()
        if b"\0" not in content[:4096]:
            lines = content.decode("utf-8", "replace").splitlines()
            yield from ((name, number, line) for number, line in enumerate(lines, 1))


def history() -> Iterator[tuple[str, int, str]]:
    """All lines that any commit ever added."""
    command = ["git", "log", "--all", "-p", "--unified=0", "--no-color", "--no-ext-diff", "--format=commit %h"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as log:
        assert log.stdout is not None
        commit, file, number = "", "", 0
        for raw in log.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            if line.startswith("commit "):
                commit = line.removeprefix("commit ")
            elif line.startswith("+++ "):
                file, number = line.removeprefix("+++ ").removeprefix("b/"), 0
            elif line.startswith("+"):
                number += 1
                yield f"{file}@{commit}", number, line[1:]


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code: 1 when there is something that nobody has a reason for."""
    parser = argparse.ArgumentParser("scripts/secrets", description="Look for secrets in the tree.")
    parser.add_argument("--history", action="store_true", help="also in all that was ever committed (minutes)")
    asked = parser.parse_args(arguments)
    known = excuses()
    left, needless = unexcused(looked_through(tree()), known)
    if asked.history:
        of_files = [Excuse(f"{each.file}@*", each.line, each.why) for each in known]
        left += unexcused(looked_through(history()), of_files)[0]
    for one in left:
        print(one)
    for excuse in needless:
        print(f"nothing needs the excuse for {excuse.file}: {excuse.line}")
    print(f"{len(left)} found, {len(known)} reasons")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
