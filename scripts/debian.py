# SPDX-License-Identifier: Apache-2.0
"""
debian - packages of another architecture or release, fetched by apt with a private configuration:
nothing is installed, no architecture is added to the machine. Mirrors are those of this machine's
apt, so that none is written down here.
"""
import os
import re
import subprocess

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Failure(Exception):
    """One line for the user."""


def run(*argv, **kwargs):
    try:
        return subprocess.run(argv, check=True, stdout=subprocess.PIPE, **kwargs).stdout
    except FileNotFoundError:
        raise Failure(f"{argv[0]} is not installed") from None
    except subprocess.CalledProcessError as e:
        raise Failure(f"{' '.join(map(str, argv))}: exit {e.returncode}") from None


def sources():
    """(URI, suite, label) of what this machine's apt gets from Debian, its own release first."""
    fields = "$(REPO_URI)|$(RELEASE)|$(LABEL)|$(ORIGIN)"
    found = []
    for line in run("apt-get", "indextargets", "--format", fields, "Created-By: Packages",
                    text=True).splitlines():
        *source, origin = line.split("|")
        if origin == "Debian" and source not in found:
            found.append(source)
    return found


def connection():
    """How this machine's apt reaches its mirrors, proxies and clocks that are off included."""
    return "".join(line + "\n" for line in run("apt-config", "dump", text=True).splitlines()
                   if re.match(r"Acquire::(https?::|Check-)", line))


class Archive:
    """Debian's packages of one architecture; what apt keeps of them is under work."""

    def __init__(self, work, deb_arch, suite=None):
        """suite None: this machine's own releases and updates; else that one, e.g. "trixie"."""
        lines = [f"deb [signed-by={KEYRING}] {uri} {suite or theirs} main\n"
                 for uri, theirs, label in sources() if suite is None or label == "Debian"]
        if not lines:
            raise Failure("apt knows no Debian archive here (apt-get update first)")
        self.work = work
        for name in ("lists/partial", "cache/archives/partial", "etc"):
            (work / name).mkdir(parents=True, exist_ok=True)
        (work / "status").write_text("")
        listed = lines[:1] if suite else lines
        (work / "etc" / "sources.list").write_text("".join(listed))
        config = work / "etc" / "apt.conf"
        config.write_text(f"""
APT::Architecture "{deb_arch}";
APT::Architectures {{ "{deb_arch}"; }};
APT::Sandbox::User "root";
Dir::Etc "{work}/etc";
Dir::Etc::SourceList "{work}/etc/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Parts "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "{work}";
Dir::State::lists "{work}/lists";
Dir::State::status "{work}/status";
Dir::Cache "{work}/cache";
Acquire::Languages "none";
Acquire::Retries "3";
{connection()}""")
        self.env = dict(os.environ, APT_CONFIG=str(config), LC_ALL="C")
        run("apt-get", "-q", "update", env=self.env)

    def depends(self, package):
        """The names of what it depends on."""
        text = run("apt-cache", "depends", package, env=self.env, text=True)
        return [line.split()[1] for line in text.splitlines() if "Depends: " in line]

    def fetch(self, package):
        """Fetch one package; return its file."""
        if not list(self.work.glob(f"{package}_*.deb")):
            run("apt-get", "-q", "download", package, env=self.env, cwd=self.work)
        return max(self.work.glob(f"{package}_*.deb"), key=lambda p: p.stat().st_mtime)

    def fetch_all(self, *packages):
        """Fetch packages and what they depend on; return all their files."""
        archives = self.work / "cache" / "archives"
        for old in archives.glob("*.deb"):
            old.unlink()
        run("apt-get", "-q", "-y", "--no-install-recommends", "--download-only", "install",
            *packages, env=self.env)
        return sorted(archives.glob("*.deb"))


def unpack(deb, into):
    run("dpkg", "-x", deb, into)
