"""A plugin of pytest: a test fails when a credential stands in what was logged while it ran, whatever it is about."""

from collections.abc import Generator

import pytest

from gateway.sandbox import accounts

MARKER = "SECRET-"
"""What every credential in ``tests/settings.toml`` begins with."""

CREDENTIALS = frozenset(
    {
        accounts.EIGHT_BY_EIGHT_KEY,
        accounts.WEBHOOK_SECRET,
        accounts.WEBEX_TOKEN,
        accounts.WEBEX_TOKEN_WITHOUT_SCOPE,
        accounts.WEBEX_CLIENT_SECRET,
        accounts.WEBEX_REFRESH_TOKEN,
        accounts.CLOUDLX_CLIENT_SECRET,
        accounts.CLOUDLX_TOKEN,
        accounts.CALLGEAR_KEY,
        accounts.CALLGEAR_AGENT_KEY,
        accounts.CALLGEAR_LOGIN,
        accounts.CALLGEAR_PASSWORD,
    }
)
"""Every credential with which a source of the sandbox is asked: each is a canary."""


def leaked(text: str) -> list[str]:
    """The credentials that stand in a text."""
    return sorted(secret for secret in (*CREDENTIALS, MARKER) if secret in text)


def told_of_leaks(report: pytest.TestReport) -> None:
    """Make a test fail that has logged a credential."""
    if found := leaked(report.caplog):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} has logged {', '.join(found)}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Look at what every test has logged."""
    report = yield
    told_of_leaks(report)
    return report
