"""The real Request Tracker (Debian's request-tracker5 with rt5-db-sqlite and rt5-standalone), with a database of its own."""

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SERVER = Path("/usr/share/request-tracker5/libexec/rt-server")
SETUP = "rt-setup-database-5"
OURS = Path(__file__).parents[1] / "deploy" / "request-tracker"

CONFIG = """
Set($rtname, 'doorstep.test');
Set($Organization, 'doorstep.test');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{folder}/rtdb');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($MailCommand, 'testfile');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'error');
Set($MasonDataDir, '{folder}/mason');
Set($WebSessionClass, 'Apache::Session::File');
Set($DoorstepURL, '{gateway}');
Set($DoorstepSecret, '{secret}');
1;
"""

PEOPLE = """
our @Queues = ({ Name => 'hub-ops' }, { Name => 'duty-manager' });
our @Users = ({ Name => 'ann', RealName => 'Ann', Password => 'ann-password', Privileged => 1 },
              { Name => 'doorstep', Password => 'doorstep-password', Privileged => 1 });
our @ACL = map { { UserId => $_, Right => 'SuperUser' } } ('ann', 'doorstep');
our @Final = (sub {
    my $user = RT::User->new(RT->SystemUser);
    $user->Load('doorstep');
    my $token = RT::AuthToken->new(RT::CurrentUser->new($user));
    my ($ok, $said, $text) = $token->Create(Owner => $user->id, Description => 'doorstep');
    open my $file, '>', "$ENV{DOORSTEP_FOLDER}/token" or die;
    print $file $text;
    close $file;
});
1;
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A Request Tracker that runs. `token` is that of its user `doorstep`; `ann` (password `ann-password`) works there."""

    url: str
    token: str


def need_request_tracker() -> None:
    """Skips the test where Request Tracker is not installed."""
    if not SERVER.exists() or shutil.which(SETUP) is None:
        pytest.skip("Request Tracker is not installed: apt-get install request-tracker5 rt5-db-sqlite rt5-standalone")


@contextmanager
def request_tracker(folder: Path, port: int, gateway: str = "http://127.0.0.1:9", secret: str = "") -> Iterator[Running]:
    """Request Tracker on a port, with our field and our scrip, for as long as the block runs."""
    config, people = folder / "RT_SiteConfig.pm", folder / "people.initialdata"
    config.write_text(CONFIG.format(folder=folder, port=port, gateway=gateway, secret=secret))
    people.write_text(PEOPLE)
    for name in ("conf.d", "mason"):
        (folder / name).mkdir()
    environment = {
        **os.environ,
        "RT_SITE_CONFIG": str(config),
        "RT_SITE_CONFIG_DIR": str(folder / "conf.d"),
        "DOORSTEP_FOLDER": str(folder),
    }
    _set_up(environment, "init", "--dba", "root", "--dba-password", "none", "--force")
    for data in (OURS / "doorstep.initialdata", OURS / "tell-doorstep.initialdata", people):
        _set_up(environment, "insert", "--datafile", str(data), "--skip-create")
    command = [str(SERVER), "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url)
        yield Running(url, (folder / "token").read_text())
    finally:
        process.terminate()
        process.wait(10)


def _set_up(environment: dict[str, str], action: str, *more: str) -> None:
    command = [SETUP, "--action", action, *more]
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _wait_for(url: str) -> None:
    for _ in range(150):
        try:
            urllib.request.urlopen(f"{url}/REST/2.0/rt", timeout=5)
        except urllib.error.HTTPError:
            return  # it asks for credentials: it is there
        except OSError:
            time.sleep(0.2)  # asked again until it answers, 150 times at most
    pytest.fail("Request Tracker does not answer")
