"""Sentences for the portal's user: what happened, what happens next, whether to do something."""

from workflows.contract import Phase, Status

_BY_PHASE = {
    Phase.PREPARING: "Hlášení jsme převzali a připravujeme je k odeslání do systému INSYZ. "
    "Nemusíte nic dělat.",
    Phase.SENDING: "Hlášení odesíláme do systému INSYZ. Nemusíte nic dělat.",
    Phase.TAKEN: "Hlášení bylo úspěšně přijato systémem INSYZ.",
    Phase.STOPPED: "Odesílání hlášení přerušil správce. Až je pustí znovu, hlášení se neztratí "
    "ani neodešle dvakrát. Nemusíte nic dělat.",
}

_BY_ERROR = {
    "InvalidReportError": "Systém INSYZ hlášení v této podobě nepřijal. Opravte je prosím a "
    "odešlete znovu. Důvod: {reason}",
    "AuthenticationError": "Hlášení se nepodařilo odeslat, protože INSYZ odmítl přihlášení "
    "portálu. Na hlášení není nic špatně, správce je po opravě odešle znovu.",
    "InsyzUnavailable": "Systém INSYZ je nedostupný a hlášení se nepodařilo odeslat. "
    "Zkuste je prosím odeslat později.",
    "OutcomeUnknownError": "Není jisté, zda systém INSYZ hlášení přijal. Neodesílejte je prosím "
    "znovu, správce to ověří.",
}

_FAILED = "Hlášení se nepodařilo odeslat. Obraťte se prosím na správce portálu."


def message_for(status: Status) -> str:
    """The Czech sentence for `status`."""
    if status.phase is not Phase.FAILED:
        return _BY_PHASE[status.phase]
    if status.error is None:
        return _FAILED
    return _BY_ERROR.get(status.error.type, _FAILED).format(reason=status.error.message)
