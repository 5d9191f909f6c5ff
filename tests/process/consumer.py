"""A workload that reads its key where it is published, uses it, and minds every refusal."""

from __future__ import annotations

import json
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from rotator.simulators.aws.shapes import Credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotator.simulators.aws.clients import SimulatedClients
    from tests.process.installation import Installation


class Consumer:
    """Works for one user of an installation."""

    def __init__(self, site: Installation, clients: SimulatedClients, user: str) -> None:
        self.refused: list[str] = []
        self.used: list[str] = []
        self._site = site
        self._clients = clients
        self._user = user
        self._over = threading.Event()

    def work(self) -> None:
        """Use the published key once."""
        current = self._site.secret(self._user).labelled("AWSCURRENT")
        content = json.loads((current and current.value) or "{}")
        key = Credentials(
            access_key_id=content["AccessKeyId"], secret_access_key=content["SecretAccessKey"]
        )
        try:
            with closing(self._clients.sts(key)) as sts:
                sts.get_caller_identity()
            self.used.append(key.access_key_id)
        except ClientError:
            self.refused.append(key.access_key_id)

    @contextmanager
    def working(self) -> Iterator[Consumer]:
        """Use it twice a second, for the length of the ``with``."""
        thread = threading.Thread(target=self._go_on)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()

    def _go_on(self) -> None:
        while not self._over.wait(0.4):
            self.work()
