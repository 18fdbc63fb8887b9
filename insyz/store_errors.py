"""What can go wrong with the portal's database, named for who can mend it.

StoreError
├── StoreUnavailableError     nobody: another try may succeed
├── StoreMisconfiguredError   whoever runs this: a wrong address, a missing table or right
├── ReportNotFoundError       the caller: the portal has no such report
└── NotSendableError          the report's author: its state forbids it
    └── AlreadyDoneError      nobody: INSYZ has it
"""


class StoreError(Exception):
    """Base of the family; never raised itself."""


class StoreUnavailableError(StoreError):
    """The database cannot be reached, went away, or was too slow; another try may succeed.

    Whether a change was made is not known: all changes may be repeated.
    """


class StoreMisconfiguredError(StoreError):
    """A person must act; the text names what is wrong."""


class ReportNotFoundError(StoreError):
    """The portal has no such report."""


class NotSendableError(StoreError):
    """The report's `state` does not allow to send it."""

    def __init__(self, id_zp: int, state: str) -> None:
        self.id_zp = id_zp
        self.state = state
        super().__init__(self._text())

    def _text(self) -> str:
        return f"report {self.id_zp} is in state {self.state}, it cannot be sent"


class AlreadyDoneError(NotSendableError):
    """INSYZ has the report: it is `submitted` or `approved`."""

    def _text(self) -> str:
        return (
            f"report {self.id_zp} is {self.state} already; to send it once more on purpose, "
            "use --resend"
        )
