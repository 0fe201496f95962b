"""Leads a store of an older version to this version's tables, step by step; imported only where there is one."""

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from gateway.errors import SettingsInvalid

MIGRATIONS = Path(__file__).with_name("migrations")
_ONE_AT_A_TIME = threading.Lock()  # alembic keeps what it works on in its modules


def upgrade(connection: Connection) -> None:
    """Take the steps that are missing, in the connection's transaction.

    Raises:
        SettingsInvalid: it has taken one that is not known here.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        with _ONE_AT_A_TIME:
            command.upgrade(config, "head")
    except CommandError as error:
        msg = (
            "state.database_url: this store was made by a later version of the gateway: run that one, or name another."
        )
        raise SettingsInvalid(msg) from error
